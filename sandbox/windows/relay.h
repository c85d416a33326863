/* Between the user's console and the command's own one (ConPTY). */
#ifndef HOLDFAST_WINDOWS_RELAY_H
#define HOLDFAST_WINDOWS_RELAY_H

#include "sandbox/windows/child.h"

/* The user's console, while what is typed and drawn belongs to the command. */
struct win_screen {
    HANDLE input, output;
    DWORD input_mode, output_mode;
};
void win_screen_take(struct win_screen *screen, HANDLE input, HANDLE output);
void win_screen_give_back(const struct win_screen *screen);
/* 80 x 24 when it is none. */
void win_screen_size(HANDLE output, unsigned *columns, unsigned *rows);

struct win_relay {
    struct win_console console;
    struct win_screen screen;
    HANDLE threads[2];
    unsigned columns, rows;
};

/* Is one of the three a console? */
bool win_relay_is_needed(const HANDLE handles[3]);

/* Makes the console, starts the command in it, passes bytes both ways. */
int win_relay_start(struct win_relay *relay, struct win_child *child, HANDLE token,
                    const struct nt_spawn *spawn, const wchar_t *desktop, const HANDLE handles[3],
                    struct error *err);
/* The command's console becomes as large as the user's, if that was changed. To be asked every
 * WIN_RELAY_LOOK_MS. */
void win_relay_fit(struct win_relay *relay);
enum {
    WIN_RELAY_LOOK_MS = 250
};
/* Sends what is still on its way to the screen and puts the user's console back as it was. */
void win_relay_done(struct win_relay *relay);

#endif

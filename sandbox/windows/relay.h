/* Between the user's console and the command's own one (ConPTY). */
#ifndef HOLDFAST_WINDOWS_RELAY_H
#define HOLDFAST_WINDOWS_RELAY_H

#include "sandbox/windows/child.h"

struct win_relay {
    struct win_console console;
    HANDLE input, output; /* the user's console */
    DWORD input_mode, output_mode;
    HANDLE threads[2];
};

/* Is one of the three a console? */
bool win_relay_is_needed(const HANDLE handles[3]);

/* Makes the console, starts the command in it, passes bytes both ways. */
int win_relay_start(struct win_relay *relay, struct win_child *child, HANDLE token,
                    const struct nt_spawn *spawn, const wchar_t *desktop, const HANDLE handles[3],
                    struct error *err);
/* Sends what is still on its way to the screen and puts the user's console back as it was. */
void win_relay_done(struct win_relay *relay);

#endif

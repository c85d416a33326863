/*
 * One process in a job, on a desktop of its own, with three handles and no
 * more. Used by the launcher (unelevated) and by the runner (elevated).
 */
#ifndef HOLDFAST_WINDOWS_CHILD_H
#define HOLDFAST_WINDOWS_CHILD_H

#include "sandbox/nt/spawn.h"
#include "sandbox/windows/win.h"

struct win_child {
    HANDLE process;
    HANDLE job; /* closing it ends everything in it */
    DWORD pid;
};

/*
 * Starts the command with this token (NULL: our own) and these handles as 0, 1, 2; NULL among them is a
 * closed one: nothing to read, and writing fails. desktop: its path;
 * NULL: ours. *child is the caller's, to be ended by win_child_done.
 * ERR_NOT_FOUND: no such program.
 */
int win_child_start(struct win_child *child, HANDLE token, const struct nt_spawn *spawn,
                    const wchar_t *desktop, const HANDLE handles[3], struct error *err);

/* A console of its own (ConPTY) instead of handles: what is written to *input is typed, *output is
 * the screen. NULL console: this Windows has none. */
struct win_console {
    void *console; /* HPCON */
    HANDLE input, output;
};
int win_console_new(struct win_console *console, unsigned columns, unsigned rows,
                    struct error *err);
void win_console_done(struct win_console *console);
void win_console_resize(const struct win_console *console, unsigned columns, unsigned rows);
int win_child_start_in(struct win_child *child, HANDLE token, const struct nt_spawn *spawn,
                       const wchar_t *desktop, const struct win_console *console,
                       struct error *err);

/* Are we in a job that lets nobody leave? What has UI limits cannot be nested in it ("Nested Jobs"). */
bool win_is_in_closed_job(void);

/* Waits until the process ends or the time is up (0: for ever). 1: ended, *status is its exit code;
 * 0: time is up. */
int win_child_wait(const struct win_child *child, DWORD timeout_ms, DWORD *status);

/* Asks it to end, as Ctrl+Break does. A console program may take it as it likes. */
void win_child_interrupt(const struct win_child *child);

/* Ends everything in the job and waits for it; what is measured can still be asked. -1: something may
 * still be alive. */
int win_child_end(const struct win_child *child, struct error *err);
/* The same without waiting. */
void win_child_end_at_once(const struct win_child *child);

/* The same, and closes. */
void win_child_done(struct win_child *child);

#endif

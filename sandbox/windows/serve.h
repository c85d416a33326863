/*
 * A session of the library: standard input is its pipe (nt/frame.h, library
 * and launcher), over which one command after another is asked for. Both
 * modes serve the same way; each brings what starts a command.
 *
 * What a command finds of the one before: the workspace, the private TEMP,
 * the account's own profile and registry. No process, no window, no name
 * taken in a desktop's atom table of a job.
 */
#ifndef HOLDFAST_WINDOWS_SERVE_H
#define HOLDFAST_WINDOWS_SERVE_H

#include "sandbox/windows/prepare.h"

struct win_order {
    const struct nt_spawn *spawn;
    HANDLE handles[3]; /* NULL: closed */
    DWORD timeout_ms;  /* 0: none */
    HANDLE gone;       /* set when nobody waits for the command any more */
};

struct win_server {
    /* Runs one command and waits for it. 0: *status as `run` would exit; -1: why not, *status is 125,
     * 126 or 127. */
    int (*run)(void *context, const struct win_order *order, int *status, struct error *err);
    /* Nothing can be run any more. */
    bool (*is_over)(void *context);
    void *context;
};

/* Before anything is made: is there somebody to serve? */
int win_serve_check(struct error *err);

/* Until the library closes its end. -1: no session has begun, and nobody was told why. */
int win_serve(const struct plan *plan, const struct run_request *request,
              struct win_prepared *prepared, const struct win_server *server, struct error *err);

#endif

/*
 * From a plan to everything that must be so before the command starts: the
 * descriptors, the names, the private TEMP, the stand-ins; and for each
 * command what its own process needs.
 */
#ifndef HOLDFAST_WINDOWS_PREPARE_H
#define HOLDFAST_WINDOWS_PREPARE_H

#include "sandbox/nt/spawn.h"
#include "sandbox/run.h"
#include "sandbox/windows/guard.h"

struct win_prepared {
    struct win_guards guards;
    char *run_directory; /* removed by win_prepared_done; NULL: none */
    char *desktop;       /* SDDL */
    char *account;       /* NULL: the user's own */
    bool has_network_check;
    bool has_runner_per_command; /* else one for all of a session */
    bool has_desktop_per_command;
    struct nt_change_report report;
};

/* Names are guarded from now on. */
int win_prepare(const struct plan *plan, struct win_prepared *prepared, struct error *err);
void win_prepared_done(struct win_prepared *prepared);

/* Between two commands of a session nothing runs, and names need not be guarded from anybody: the user
 * may make or replace them. Before the next command everything is looked at again, entries put back
 * that are gone. ERR_OS or ERR_NOT_FOUND: a protected name has come or gone since the plan was made. */
void win_prepared_rest(struct win_prepared *prepared);
int win_prepare_again(const struct plan *plan, struct win_prepared *prepared, struct error *err);

/* One command. *spawn is the caller's, to be ended by nt_spawn_done. */
int win_prepare_spawn(const struct plan *plan, const struct win_prepared *prepared,
                      const struct run_request *request, struct nt_spawn *spawn, struct error *err);

#endif

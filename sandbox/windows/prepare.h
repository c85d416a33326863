/*
 * From a plan to everything that must be so before the command starts: the
 * descriptors, the names, the private TEMP, the stand-ins, the environment;
 * and as one struct what the command's own process needs.
 */
#ifndef HOLDFAST_WINDOWS_PREPARE_H
#define HOLDFAST_WINDOWS_PREPARE_H

#include "sandbox/nt/spawn.h"
#include "sandbox/run.h"
#include "sandbox/windows/guard.h"

struct win_prepared {
    struct win_guards guards;
    struct nt_spawn spawn;
    char *run_directory; /* removed by win_prepared_done; NULL: none */
    char *desktop;       /* SDDL */
    char *account;       /* NULL: the user's own */
    bool has_network_check;
    struct nt_change_report report;
};

int win_prepare(const struct plan *plan, const struct run_request *request,
                struct win_prepared *prepared, struct error *err);
void win_prepared_done(struct win_prepared *prepared);

#endif

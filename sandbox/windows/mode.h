/* What the two Windows modes do alike around a run: prepare, one command or a session, clean up. */
#ifndef HOLDFAST_WINDOWS_MODE_H
#define HOLDFAST_WINDOWS_MODE_H

#include "sandbox/windows/prepare.h"

struct win_mode {
    int (*probe)(struct error *err);
    /* One command; *outcome has its status. */
    int (*run)(const struct win_prepared *prepared, struct nt_spawn *spawn,
               const struct run_request *request, struct run_outcome *outcome, struct error *err);
    /* The commands of a session of the library; spawn is like each of them. */
    int (*serve)(const struct plan *plan, const struct run_request *request,
                 struct win_prepared *prepared, const struct nt_spawn *spawn, struct error *err);
    bool needs_account; /* the plan must name one */
};

int win_mode_run(const struct win_mode *mode, const struct plan *plan,
                 const struct run_request *request, struct run_outcome *outcome, struct error *err);

/* Times and memory of all that was in the job. */
void win_mode_measure(HANDLE job, struct run_outcome *outcome);

#endif

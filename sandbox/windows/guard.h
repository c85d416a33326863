/*
 * Protected names for the time of a run. What exists is held open without
 * sharing deletion; what does not is taken by a hidden file that Windows
 * deletes with its last handle, also when this process is killed.
 *
 * Two runs in one workspace share the taking handle: the second finds in the
 * state folder who has it and duplicates it, so that the name stays taken
 * until the last of them ends.
 */
#ifndef HOLDFAST_WINDOWS_GUARD_H
#define HOLDFAST_WINDOWS_GUARD_H

#include "sandbox/plan.h"
#include "sandbox/windows/state.h"

enum {
    WIN_GUARDS_MAX = 512
};

struct win_guards {
    HANDLE handles[WIN_GUARDS_MAX];
    size_t count;
};

/* All STEP_HOLD_NAME and STEP_TAKE_NAME of the plan, and the state's own folder. state must be locked. */
int win_guards_take(struct win_guards *guards, const struct plan *plan, struct win_state *state,
                    struct error *err);
void win_guards_release(struct win_guards *guards);

#endif

/*
 * What the command's own process does to itself between its creation and
 * execve: session, limits, capabilities, no_new_privs, Landlock, filter.
 * It may share its memory with its parent (vfork), so: no allocation, no
 * streams, _exit only.
 */
#ifndef HOLDFAST_SANDBOX_LINUX_CONFINE_H
#define HOLDFAST_SANDBOX_LINUX_CONFINE_H

#include <linux/filter.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>

#include "base/error.h"
#include "sandbox/filter.h"
#include "sandbox/plan.h"
#include "sandbox/run.h"

enum ruleset_state {
    RULESET_IS_MADE, /* or there is none */
    RULESET_IS_AWAITED,
    RULESET_HAS_FAILED /* the parent knows why */
};

/* Everything computed beforehand, so that nothing is left to do but system calls. */
struct confinement {
    const struct plan *plan;
    const struct run_request *request;
    bool starts_session;
    bool closes_descriptors;
    bool drops_capabilities;
    bool gains_nothing; /* no_new_privs */
    bool has_listener;  /* the filter hands calls over */
    /* Landlock; -1: none, or the parent is in it already. It may be made while the command's process
     * installs its filter; then both share their descriptors until then. */
    volatile int ruleset;
    volatile uint32_t ruleset_state; /* enum ruleset_state; a futex */
    bool shares_descriptors;
    struct sock_fprog filter;
    struct rlimit file_limit; /* RLIMIT_NOFILE as it was, when the parent raised it */
    sigset_t signals;         /* the mask the command starts with */

    /* out */
    volatile int listener;   /* of the filter */
    volatile int exec_error; /* errno of execve, 0 while it has not failed */
    struct error error;      /* what failed before it; code ERR_NONE: nothing */

    struct filter_program program; /* large and mostly unused: last */
};

/* Fills the confinement from the plan; borrows plan and request. */
int confinement_init(struct confinement *confinement, const struct plan *plan,
                     const struct run_request *request, struct error *err);

/* Confines the calling process and executes the command. Never returns. */
_Noreturn void confinement_enter(struct confinement *confinement);

/* The same in two parts: all that does not depend on the request, and the rest. -1: error is set. */
int confinement_prepare(struct confinement *confinement);
_Noreturn void confinement_finish(struct confinement *confinement);

/* For another command with the same plan. */
void confinement_again(struct confinement *confinement, const struct run_request *request);

/* Puts exec_error into words and an exit status: 126 or 127. */
int confinement_exec_status(const struct confinement *confinement, struct error *err);

/* Keeps only the capabilities of the mask, permitted and effective; 0 also sets
 * securebits, so that root gets none back. */
int capabilities_keep(uint64_t mask, struct error *err);

#endif

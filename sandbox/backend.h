/*
 * The modes, as one table. A mode belongs to a platform; its plan can be
 * printed on any (explain --for), it can be carried out only at home.
 */
#ifndef HOLDFAST_SANDBOX_BACKEND_H
#define HOLDFAST_SANDBOX_BACKEND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "sandbox/plan.h"
#include "sandbox/policy.h"
#include "sandbox/run.h"

struct sandbox_backend {
    const char *name;     /* "linux-namespace" */
    const char *platform; /* "linux", "wsl", "windows" */
    const char *summary;  /* the mechanism, for people */
    enum path_style style;

    /* Plans for a machine like this one, without asking it. On every platform. */
    int (*explain)(const struct policy *policy, struct plan *plan, struct error *err);

    /* The rest is NULL where the mode is not at home. */

    /* 0: works here; -1: why not, with a hint. Tries it, so it may take milliseconds. */
    int (*probe)(struct error *err);
    /* The plan for this machine and this moment. */
    int (*plan)(const struct policy *policy, const struct policy_place *place, struct plan *plan,
                struct error *err);
    /* Runs the command and waits for it. -1: outcome->status says how to exit (125, 126, 127). */
    int (*run)(const struct plan *plan, const struct run_request *request,
               struct run_outcome *outcome, struct error *err);
};

/* All modes of all platforms, in the order in which `auto` prefers those at home. */
extern const struct sandbox_backend *const sandbox_backends[];
extern const size_t sandbox_backend_count;

/* NULL: ERR_USAGE naming the modes there are. */
const struct sandbox_backend *backend_find(const char *name, struct error *err);

bool backend_is_home(const struct sandbox_backend *backend);

/* What `auto` means here: the first mode at home that works. *why_not is filled with the reason
 * against the mode it would rather have taken (code ERR_NONE: there is none). NULL: none works. */
const struct sandbox_backend *backend_choose(struct error *why_not, struct error *err);

#endif

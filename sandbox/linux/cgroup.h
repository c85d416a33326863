/*
 * Control groups, version 2: limits of a whole run, where the machine lets us
 * make a group. Only a policy with limits.processes or limits.memory_bytes
 * asks; any other costs nothing.
 *
 *     D        a group that is ours to make groups in: where we are, or above it (cgroup_facts.c)
 *     |- holdfast-PID-NONCE      limits; the command and all it starts, nothing else
 *     `- ...                     launcher, init (supervisor), watcher: where they were
 *
 * The watcher, a process of the launcher's outside every sandbox, waits for
 * the launcher's end, kills what is in the group and removes it: so nothing is
 * left even when the launcher dies of SIGKILL. If both are killed, the group
 * is empty, and the next run in D removes it.
 */
#ifndef HOLDFAST_SANDBOX_LINUX_CGROUP_H
#define HOLDFAST_SANDBOX_LINUX_CGROUP_H

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "sandbox/facts.h"
#include "sandbox/plan.h"
#include "sandbox/policy.h"
#include "sandbox/run.h"

/* Fills facts->cgroup if the policy has limits that a control group could keep. None is no error. */
int cgroup_collect(const struct policy *policy, struct facts *facts, struct error *err);

/* Shortens path, a group at or below mount, to the innermost one that will do for the controllers of
 * wanted (enum plan_cgroup), and says which of them it has yet to hand on. Returns NULL, or why none will:
 * static. */
const char *cgroup_search(const char *mount, char *path, uint64_t wanted, uint64_t *to_enable);

/* Makes the group of the plan, with its limits, and the watcher. Nothing when the plan has none. One at a
 * time in a process. */
int cgroup_begin(const struct plan *plan, struct error *err);

/* Absolute; NULL when there is none. */
const char *cgroup_path(void);

/* Kills what is still in the group, notes in the outcome which limits were hit, removes the group and
 * ends the watcher. Does nothing the second time. */
int cgroup_end(struct run_outcome *outcome, struct error *err);

/* Moves the calling process, which has one thread, into the group. */
int cgroup_enter(const char *path, struct error *err);

/* clone(2) with the child born in the group of cgroup_path(): no mount has to be writable for that.
 * child_tid is for CLONE_CHILD_CLEARTID. -1: errno. */
pid_t cgroup_clone(int (*function)(void *), char *stack, size_t size, int flags, void *argument,
                   int *child_tid);

/* Runs run() in the plan's group, or without one. */
int cgroup_run(int (*run)(const struct plan *, const struct run_request *, struct run_outcome *,
                          struct error *),
               const struct plan *plan, const struct run_request *request,
               struct run_outcome *outcome, struct error *err);

#endif

/* The plans of the Linux modes. Pure; see namespace_plan.c and landlock_plan.c for the pictures. */
#ifndef HOLDFAST_SANDBOX_LINUX_PLANS_H
#define HOLDFAST_SANDBOX_LINUX_PLANS_H

#include "sandbox/facts.h"
#include "sandbox/plan.h"
#include "sandbox/policy.h"

/* Both fail with ERR_UNSUPPORTED or ERR_REFUSED and a hint when the mode cannot give what the policy
 * asks and it is not a documented gap. *plan must be empty; on failure it is empty again. */
int namespace_plan(const struct policy *policy, const struct facts *facts, struct plan *plan,
                   struct error *err);
int landlock_plan(const struct policy *policy, const struct facts *facts, struct plan *plan,
                  struct error *err);

/* Shared by the two (linux_plan.c). */

/* Every Landlock file right that this ABI knows. */
uint64_t landlock_rights(int abi);

/* One STEP_FILTER for each group of the set. */
void linux_plan_filter(struct plan *plan, uint32_t groups);

/* Refuses what neither mode carries out. */
int linux_plan_check(const struct policy *policy, const struct facts *facts, const char *mode,
                     struct error *err);

/* Are processes and memory of this run limited by a control group of its own? If not, by what a
 * process has: RLIMIT_NPROC or the supervisor that counts, RLIMIT_AS. */
bool linux_plan_has_cgroup(const struct policy *policy, const struct facts *facts);

/* Session, limits, descriptors, capabilities, no_new_privs: what the command's own process does. */
void linux_plan_command(struct plan *plan, const struct policy *policy, const struct facts *facts);

/* The device nodes that are let in, where they exist. The first LINUX_WRITTEN_DEVICES of them are also
 * written to. */
enum {
    LINUX_DEVICES = 6,
    LINUX_WRITTEN_DEVICES = 4
};
extern const char *const linux_plan_devices[LINUX_DEVICES];

/* A Landlock rule for what of access is handled. */
void linux_plan_rule(struct plan *plan, const char *path, uint64_t access, uint64_t handled,
                     const char *why);

/* The scopes and TCP rights this ABI has and the policy wants. */
void linux_plan_landlock_rest(struct plan *plan, const struct policy *policy, int abi);

#endif

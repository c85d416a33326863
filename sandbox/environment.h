/* The command's environment, from the caller's and the policy. Pure. */
#ifndef HOLDFAST_SANDBOX_ENVIRONMENT_H
#define HOLDFAST_SANDBOX_ENVIRONMENT_H

#include "base/error.h"
#include "sandbox/policy.h"

/*
 * A NULL-terminated array: what the policy keeps of `from`, then what it sets, then
 * HOLDFAST_SANDBOX=mode. With a private tmp the caller's TMPDIR, TMP and TEMP are left out unless
 * the policy names them: they would lead outside. The strings belong to from, policy and mode_text
 * ("HOLDFAST_SANDBOX=linux-namespace"); the caller frees the array alone. NULL: ERR_MEMORY.
 */
char **environment_build(const struct policy *policy, char *const *from, const char *mode_text,
                         struct error *err);

#endif

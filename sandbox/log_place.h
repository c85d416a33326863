/* Where the log of a run may lie. */
#ifndef HOLDFAST_SANDBOX_LOG_PLACE_H
#define HOLDFAST_SANDBOX_LOG_PLACE_H

#include "base/error.h"
#include "sandbox/policy.h"

/* Refuses a file, or a link on the way to it, in a writable root: the command could change what the log says, or
 * put a link there that leads the launcher, which is not confined, to any other file. */
int log_place_check(const char *file, const struct policy *policy, struct error *err);

#endif

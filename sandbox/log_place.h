/* Where the log of a run may lie. */
#ifndef HOLDFAST_SANDBOX_LOG_PLACE_H
#define HOLDFAST_SANDBOX_LOG_PLACE_H

#include "base/error.h"
#include "sandbox/path.h"
#include "sandbox/policy.h"
#include "sandbox/text_list.h"

/* Refuses a file, or a link on the way to it, in a writable root: the command could change what the log says, or
 * put a link there that leads the launcher, which is not confined, to any other file. */
int log_place_check(const char *file, const struct policy *policy, struct error *err);

/* What each platform's check is made of. The writable roots, as the policy has them and as real says
 * (caller frees; NULL: not there, what is to be complained about later). */
int log_place_roots(const struct policy *policy, char *(*real)(const char *path),
                    struct text_list *roots, struct error *err);
int log_place_outside(enum path_style style, const struct text_list *roots, const char *path,
                      struct error *err);

#endif

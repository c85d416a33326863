/* What the library's files share (sandbox/sandbox.h is what they are together). */
#ifndef HOLDFAST_SANDBOX_API_H
#define HOLDFAST_SANDBOX_API_H

#include "sandbox/policy.h"
#include "sandbox/text_list.h"

struct sandbox_policy {
    struct policy policy;
    char *mode;              /* NULL: auto */
    struct api_ready *ready; /* sandboxes that are set up ahead; NULL: none are */
};

/* What sandbox_keep_ready started: ends all of it, or only what nobody uses (the policy has changed).
 * One per platform; NULL is fine. */
void api_ready_free(struct api_ready *ready);
void api_ready_drop(struct api_ready *ready);

/* What sandbox_set_launcher was told; NULL: nothing. */
extern const char *api_launcher_path;

/* That, else the program beside the calling one, else its name for PATH. One per platform. Caller
 * frees. */
char *api_find_launcher(struct error *err);

/* launcher SUBCOMMAND OPTION...; what flags cannot say (keep, drop, fewer protected names) is refused
 * by api_check_expressible before. */
int api_build_line(const struct sandbox_policy *policy, const char *subcommand,
                   struct text_list *line, struct error *err);
int api_check_expressible(const struct policy *policy, struct error *err);

#endif

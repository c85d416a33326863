#include "sandbox/log_place.h"

/* TODO(a machine to try it on): links of a workspace lead Windows's launcher, too. */
int log_place_check(const char *file, const struct policy *policy, struct error *err)
{
    (void)file;
    (void)policy;
    (void)err;
    return 0;
}

/* Nothing is set up ahead on Windows yet: a session is what makes many commands cheap there. */
#include "sandbox/api.h"
#include "sandbox/sandbox.h"

int sandbox_keep_ready(struct sandbox_policy *policy, unsigned count, struct error *err)
{
    (void)policy;
    if (count == 0)
        return 0;
    (void)error_set(err, ERR_UNSUPPORTED, "sandboxes cannot be set up ahead on Windows");
    return error_hint(err, "use a session for many commands");
}

void api_ready_free(struct api_ready *ready)
{
    (void)ready;
}

void api_ready_drop(struct api_ready *ready)
{
    (void)ready;
}

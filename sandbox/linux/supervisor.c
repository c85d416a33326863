/* The loop; see supervisor.h. */
#include "sandbox/linux/supervisor.h"

int supervisor_serve(const struct supervisor_config *config, pid_t command, int *wait_status,
                     struct error *err)
{
    (void)config;
    (void)command;
    (void)wait_status;
    return error_set(err, ERR_UNSUPPORTED, "this build has no supervisor");
}

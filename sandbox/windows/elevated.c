#include "sandbox/windows/backend.h"
int windows_elevated_run(const struct plan *plan, const struct run_request *request,
                         struct run_outcome *outcome, struct error *err)
{
    (void)plan; (void)request; (void)outcome;
    return error_set(err, ERR_UNSUPPORTED, "not yet");
}

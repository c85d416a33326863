#include "sandbox/windows/mode.h"

#include "sandbox/sandbox.h"
#include "sandbox/windows/serve.h"

static int check_plan(const struct win_mode *mode, const struct win_prepared *prepared,
                      struct error *err)
{
    if (prepared->desktop != NULL && (!mode->needs_account || prepared->account != NULL))
        return 0;
    return error_set(err, ERR_INVALID, "plan: no account, or no desktop");
}

static int run_prepared(const struct win_mode *mode, const struct plan *plan,
                        const struct run_request *request, struct win_prepared *prepared,
                        struct run_outcome *outcome, struct error *err)
{
    struct nt_spawn spawn;
    int result;

    if (check_plan(mode, prepared, err) < 0 ||
        win_prepare_spawn(plan, prepared, request, &spawn, err) < 0)
        return -1;
    result = request->serves ? mode->serve(plan, request, prepared, &spawn, err)
                             : mode->run(prepared, &spawn, request, outcome, err);
    nt_spawn_done(&spawn);
    return result;
}

int win_mode_run(const struct win_mode *mode, const struct plan *plan,
                 const struct run_request *request, struct run_outcome *outcome, struct error *err)
{
    struct win_prepared prepared;
    int result;

    outcome->status = SANDBOX_EXIT_REFUSED;
    if (request->serves && win_serve_check(err) < 0)
        return -1;
    if (mode->probe(err) < 0 || win_prepare(plan, &prepared, err) < 0)
        return -1;
    result = run_prepared(mode, plan, request, &prepared, outcome, err);
    win_prepared_done(&prepared);
    if (result == 0 && request->serves)
        outcome->status = 0;
    return result;
}

void win_mode_measure(HANDLE job, struct run_outcome *outcome)
{
    JOBOBJECT_BASIC_ACCOUNTING_INFORMATION times;
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION memory;

    if (QueryInformationJobObject(job, JobObjectBasicAccountingInformation, &times, sizeof times,
                                  NULL)) {
        outcome->user_us = (uint64_t)times.TotalUserTime.QuadPart / 10;
        outcome->system_us = (uint64_t)times.TotalKernelTime.QuadPart / 10;
    }
    if (QueryInformationJobObject(job, JobObjectExtendedLimitInformation, &memory, sizeof memory,
                                  NULL))
        outcome->memory_bytes = memory.PeakProcessMemoryUsed;
}

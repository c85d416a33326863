/* windows-unelevated: the command is our own child, with a filtered token of our own. */
#include <stdio.h>
#include <string.h>

#include "sandbox/sandbox.h"
#include "sandbox/windows/backend.h"
#include "sandbox/windows/child.h"
#include "sandbox/windows/prepare.h"
#include "sandbox/windows/relay.h"
#include "sandbox/windows/token.h"
#include "sandbox/windows_hints.h"

static void measure(const struct win_child *child, struct run_outcome *outcome)
{
    JOBOBJECT_BASIC_ACCOUNTING_INFORMATION times;
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION memory;

    if (QueryInformationJobObject(child->job, JobObjectBasicAccountingInformation, &times,
                                  sizeof times, NULL)) {
        outcome->user_us = (uint64_t)times.TotalUserTime.QuadPart / 10;
        outcome->system_us = (uint64_t)times.TotalKernelTime.QuadPart / 10;
    }
    if (QueryInformationJobObject(child->job, JobObjectExtendedLimitInformation, &memory,
                                  sizeof memory, NULL))
        outcome->memory_bytes = memory.PeakProcessMemoryUsed;
}

static void finish(struct win_child *child, const struct run_request *request,
                   struct run_outcome *outcome)
{
    DWORD status = 1;

    outcome->has_timed_out = win_child_wait(child, request->timeout_s * 1000, &status) == 0;
    outcome->status = outcome->has_timed_out ? SANDBOX_EXIT_TIMEOUT : (int)status;
    measure(child, outcome);
    win_child_done(child);
}

static int run_with_token(HANDLE token, const struct nt_spawn *spawn, const wchar_t *desktop,
                          const struct run_request *request, struct run_outcome *outcome,
                          struct error *err)
{
    HANDLE handles[3] = {GetStdHandle(STD_INPUT_HANDLE), GetStdHandle(STD_OUTPUT_HANDLE),
                         GetStdHandle(STD_ERROR_HANDLE)};
    struct win_child child;
    struct win_relay relay;

    /* In the user's own console the command could type into what runs there next. */
    if (win_relay_is_needed(handles)) {
        if (win_relay_start(&relay, &child, token, spawn, desktop, handles, err) < 0)
            return -1;
        finish(&child, request, outcome);
        win_relay_done(&relay);
        return 0;
    }
    if (win_child_start(&child, token, spawn, desktop, handles, err) < 0)
        return -1;
    finish(&child, request, outcome);
    return 0;
}

static int run_prepared(const struct win_prepared *prepared, const struct run_request *request,
                        struct run_outcome *outcome, struct error *err)
{
    AUTO_HANDLE HANDLE own = win_token_own(err);
    AUTO_HANDLE HANDLE token = NULL;
    struct nt_sid logon;
    wchar_t name[WIN_DESKTOP_PATH];
    HDESK desktop;
    int result;

    if (own == NULL || win_token_logon(own, &logon, err) < 0)
        return -1;
    token = win_token_restrict(own, &prepared->spawn, &logon, err);
    if (token == NULL)
        return -1;
    desktop = win_desktop_new(prepared->desktop, &logon, name, err);
    if (desktop == NULL)
        return -1;
    result = run_with_token(token, &prepared->spawn, name, request, outcome, err);
    (void)CloseDesktop(desktop);
    if (result < 0)
        outcome->status = windows_status_of(err);
    return result;
}

int windows_unelevated_run(const struct plan *plan, const struct run_request *request,
                           struct run_outcome *outcome, struct error *err)
{
    struct win_prepared prepared;
    int result;

    outcome->status = SANDBOX_EXIT_REFUSED;
    if (windows_unelevated_probe(err) < 0)
        return -1;
    if (win_prepare(plan, request, &prepared, err) < 0)
        return -1;
    result = run_prepared(&prepared, request, outcome, err);
    win_prepared_done(&prepared);
    return result;
}

/* windows-elevated: the command is the runner's child, in an account of its own. */
#include <string.h>

#include "sandbox/sandbox.h"
#include "sandbox/windows/backend.h"
#include "sandbox/windows/prepare.h"
#include "sandbox/windows/relay.h"
#include "sandbox/windows/session.h"
#include "sandbox/windows/setup.h"
#include "sandbox/windows_hints.h"
#include "sandbox/windows_plans.h"

/* Ctrl+C is for the command: once asks it to end, twice ends it. */
static HANDLE interrupt;

static BOOL WINAPI take_control(DWORD type)
{
    if (type != CTRL_C_EVENT && type != CTRL_BREAK_EVENT)
        return FALSE;
    return SetEvent(interrupt);
}

static int find_account(const char *name, enum windows_account *account, struct nt_sid *sid,
                        struct error *err)
{
    struct windows_facts facts = {.is_set_up = false};

    win_setup_read(&facts);
    for (int i = 0; facts.is_set_up && i < WINDOWS_ACCOUNT_COUNT; i++) {
        if (strcmp(windows_account_names[i], name) != 0)
            continue;
        *account = (enum windows_account)i;
        *sid = facts.accounts[i];
        return 0;
    }
    return error_set(err, ERR_UNSUPPORTED, "the account %s is gone since the plan was made", name);
}

static void measure(const struct win_session *session, struct run_outcome *outcome)
{
    JOBOBJECT_BASIC_ACCOUNTING_INFORMATION times;
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION memory;

    if (QueryInformationJobObject(session->job, JobObjectBasicAccountingInformation, &times,
                                  sizeof times, NULL)) {
        outcome->user_us = (uint64_t)times.TotalUserTime.QuadPart / 10;
        outcome->system_us = (uint64_t)times.TotalKernelTime.QuadPart / 10;
    }
    if (QueryInformationJobObject(session->job, JobObjectExtendedLimitInformation, &memory,
                                  sizeof memory, NULL))
        outcome->memory_bytes = memory.PeakProcessMemoryUsed;
}

static HANDLE standard(DWORD which)
{
    HANDLE handle = GetStdHandle(which);

    return handle != INVALID_HANDLE_VALUE ? handle : NULL;
}

static int run_command(struct win_session *session, struct nt_spawn *spawn,
                       const struct run_request *request, struct run_outcome *outcome,
                       struct error *err)
{
    struct win_session_command command = {
        .spawn = spawn,
        .handles = {standard(STD_INPUT_HANDLE), standard(STD_OUTPUT_HANDLE),
                    standard(STD_ERROR_HANDLE)},
        .timeout_ms = request->timeout_s * 1000,
        .interrupt = interrupt,
    };
    struct win_screen screen = {0};
    DWORD status = 1;
    int result;

    spawn->has_terminal = win_relay_is_needed(command.handles);
    if (spawn->has_terminal) {
        win_screen_size(command.handles[1], &spawn->columns, &spawn->rows);
        win_screen_take(&screen, command.handles[0], command.handles[1]);
    }
    result = win_session_run(session, &command, &status, &outcome->has_timed_out, err);
    if (spawn->has_terminal)
        win_screen_give_back(&screen);
    if (result == 0)
        outcome->status = outcome->has_timed_out ? SANDBOX_EXIT_TIMEOUT : (int)status;
    else
        outcome->status = windows_status_of(err);
    measure(session, outcome);
    return result;
}

static int run_in_session(const struct win_prepared *prepared, const struct run_request *request,
                          struct run_outcome *outcome, struct error *err)
{
    struct win_session_start start = {.account = prepared->account, .desktop = prepared->desktop};
    struct win_session session;
    enum windows_account account = WINDOWS_OFFLINE;
    AUTO_FREE char *runner = NULL;
    int result = 0;

    if (find_account(prepared->account, &account, &start.sid, err) < 0)
        return -1;
    runner = win_setup_runner(err);
    start.runner = runner;
    if (runner == NULL || win_session_open(&session, &start, err) < 0)
        return -1;
    if (prepared->has_network_check)
        result = win_session_verify(&session, &prepared->spawn, account == WINDOWS_LOCAL, err);
    if (result == 0) {
        struct nt_spawn spawn = prepared->spawn; /* borrows */

        result = run_command(&session, &spawn, request, outcome, err);
    }
    win_session_close(&session);
    return result;
}

int windows_elevated_run(const struct plan *plan, const struct run_request *request,
                         struct run_outcome *outcome, struct error *err)
{
    struct win_prepared prepared;
    int result = -1;

    outcome->status = SANDBOX_EXIT_REFUSED;
    if (windows_elevated_probe(err) < 0)
        return -1;
    interrupt = CreateEventW(NULL, FALSE, FALSE, NULL);
    if (interrupt == NULL || !SetConsoleCtrlHandler(take_control, TRUE))
        return win_fail_last(err, "SetConsoleCtrlHandler", "");
    if (win_prepare(plan, request, &prepared, err) == 0) {
        if (prepared.account == NULL || prepared.desktop == NULL)
            (void)error_set(err, ERR_INVALID, "plan: no account, or no desktop");
        else
            result = run_in_session(&prepared, request, outcome, err);
        win_prepared_done(&prepared);
    }
    (void)SetConsoleCtrlHandler(take_control, FALSE);
    win_close(&interrupt);
    return result;
}

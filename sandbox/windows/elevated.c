/* windows-elevated: the command is the runner's child, in an account of its own. */
#include <string.h>

#include "sandbox/sandbox.h"
#include "sandbox/windows/backend.h"
#include "sandbox/windows/mode.h"
#include "sandbox/windows/relay.h"
#include "sandbox/windows/serve.h"
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

static HANDLE standard(DWORD which)
{
    HANDLE handle = GetStdHandle(which);

    return handle != INVALID_HANDLE_VALUE ? handle : NULL;
}

/* A runner in the plan's account, whose network was tried. like: a command of it, for the token. */
static int open_session(struct win_session *session, const struct win_prepared *prepared,
                        const struct nt_spawn *like, struct error *err)
{
    struct win_session_start start = {.account = prepared->account, .desktop = prepared->desktop};
    enum windows_account account = WINDOWS_OFFLINE;
    AUTO_FREE char *runner = NULL;

    if (find_account(prepared->account, &account, &start.sid, err) < 0)
        return -1;
    runner = win_setup_runner(err);
    start.runner = runner;
    if (runner == NULL || win_session_open(session, &start, err) < 0)
        return -1;
    if (!prepared->has_network_check ||
        win_session_verify(session, like, account == WINDOWS_LOCAL, err) == 0)
        return 0;
    win_session_close(session);
    return -1;
}

/* One command of `run` ----------------------------------------------------------------------------- */

static int run_command(struct win_session *session, struct nt_spawn *spawn,
                       const struct run_request *request, struct run_outcome *outcome,
                       struct error *err)
{
    struct win_session_command command = {
        .spawn = spawn,
        .handles = {standard(STD_INPUT_HANDLE), standard(STD_OUTPUT_HANDLE),
                    standard(STD_ERROR_HANDLE)},
        .timeout_ms = win_ms(request->timeout_s),
        .interrupt = interrupt,
    };
    struct win_screen screen = {0};
    struct win_session_end end = {.status = 1};
    int result;

    spawn->has_terminal = win_relay_is_needed(command.handles);
    if (spawn->has_terminal) {
        win_screen_size(command.handles[1], &spawn->columns, &spawn->rows);
        win_screen_take(&screen, command.handles[0], command.handles[1]);
    }
    result = win_session_run(session, &command, &end, err);
    outcome->has_timed_out = end.has_timed_out;
    if (spawn->has_terminal)
        win_screen_give_back(&screen);
    if (result == 0)
        outcome->status = end.has_timed_out ? SANDBOX_EXIT_TIMEOUT : (int)end.status;
    else
        outcome->status = windows_status_of(err);
    outcome->user_us = end.user_us;
    outcome->system_us = end.system_us;
    outcome->memory_bytes = end.memory_bytes;
    return result;
}

static int run_prepared(const struct win_prepared *prepared, struct nt_spawn *spawn,
                        const struct run_request *request, struct run_outcome *outcome,
                        struct error *err)
{
    struct win_session session;
    int result;

    interrupt = CreateEventW(NULL, FALSE, FALSE, NULL);
    if (interrupt == NULL || !SetConsoleCtrlHandler(take_control, TRUE))
        return win_fail_last(err, "SetConsoleCtrlHandler", "");
    result = open_session(&session, prepared, spawn, err);
    if (result == 0) {
        result = run_command(&session, spawn, request, outcome, err);
        win_session_close(&session);
    }
    (void)SetConsoleCtrlHandler(take_control, FALSE);
    win_close(&interrupt);
    return result;
}

/* Commands of a session of the library ------------------------------------------------------------- */

struct serving {
    const struct win_prepared *prepared;
    struct win_session session;
    bool is_open;
};

static void serving_done(struct serving *serving)
{
    if (serving->is_open)
        win_session_close(&serving->session);
    serving->is_open = false;
}

/* As published each command has a logon, a desktop and a proof of its own. */
static int serving_renew(struct serving *serving, const struct nt_spawn *like, struct error *err)
{
    if (serving->is_open && !serving->prepared->has_runner_per_command)
        return 0;
    serving_done(serving);
    if (open_session(&serving->session, serving->prepared, like, err) < 0)
        return -1;
    serving->is_open = true;
    return 0;
}

static int serve_command(void *context, const struct win_order *order, int *status,
                         struct error *err)
{
    struct serving *serving = context;
    const struct win_session_command command = {
        .spawn = order->spawn,
        .handles = {order->handles[0], order->handles[1], order->handles[2]},
        .timeout_ms = order->timeout_ms,
        .interrupt = order->gone,
        .is_given_up = true,
    };
    struct win_session_end end = {.status = 1};

    *status = SANDBOX_EXIT_REFUSED;
    if (serving_renew(serving, order->spawn, err) < 0)
        return -1;
    if (win_session_run(&serving->session, &command, &end, err) < 0) {
        *status = windows_status_of(err);
        return -1;
    }
    *status = end.has_timed_out ? SANDBOX_EXIT_TIMEOUT : (int)end.status;
    if (serving->prepared->has_runner_per_command)
        serving_done(serving);
    return 0;
}

static bool is_over(void *context)
{
    struct serving *serving = context;

    return !serving->prepared->has_runner_per_command && serving->session.is_over;
}

static int serve(const struct plan *plan, const struct run_request *request,
                 struct win_prepared *prepared, const struct nt_spawn *spawn, struct error *err)
{
    struct serving serving = {.prepared = prepared};
    const struct win_server server = {
        .run = serve_command, .is_over = is_over, .context = &serving};
    int result = 0;

    /* What cannot be is said before the first command; as published it may yet fail at any. */
    if (!prepared->has_runner_per_command)
        result = serving_renew(&serving, spawn, err);
    if (result == 0)
        result = win_serve(plan, request, prepared, &server, err);
    serving_done(&serving);
    return result;
}

int windows_elevated_run(const struct plan *plan, const struct run_request *request,
                         struct run_outcome *outcome, struct error *err)
{
    static const struct win_mode mode = {.probe = windows_elevated_probe,
                                         .run = run_prepared,
                                         .serve = serve,
                                         .needs_account = true};

    return win_mode_run(&mode, plan, request, outcome, err);
}

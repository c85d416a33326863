#include "sandbox/windows/setup_verify.h"

#include <stdio.h>
#include <string.h>

#include "sandbox/windows/listener.h"
#include "sandbox/windows/logon.h"
#include "sandbox/windows/ping.h"
#include "sandbox/windows/settings.h"
#include "sandbox/windows/setup.h"
#include "sandbox/windows_plans.h"
#include "sandbox/windows_verify.h"

enum {
    FIRST_START_MS = 120000
};

char *win_setup_program_data(struct error *err)
{
    AUTO_FREE char *folder = win_state_machine_folder(err);
    char *end = folder != NULL ? strrchr(folder, '\\') : NULL;

    if (end == NULL)
        return NULL;
    *end = '\0';
    return TAKE(folder);
}

/* Trying as an account -------------------------------------------------------------------------------- */

static int wait_for(const PROCESS_INFORMATION *made, uint32_t *code, struct error *err)
{
    DWORD status = 0;
    int result = 0;

    if (ResumeThread(made->hThread) == (DWORD)-1)
        result = win_fail_last(err, "ResumeThread", "runner");
    else if (WaitForSingleObject(made->hProcess, FIRST_START_MS) != WAIT_OBJECT_0)
        result = error_set(err, ERR_TIMEOUT, "the runner did not try within %d s",
                           FIRST_START_MS / 1000);
    else if (!GetExitCodeProcess(made->hProcess, &status))
        result = win_fail_last(err, "GetExitCodeProcess", "runner");
    if (result < 0)
        (void)TerminateProcess(made->hProcess, 1);
    *code = status;
    return result;
}

static int try_once(const char *account, const struct windows_attempt *attempt, unsigned port,
                    uint32_t *code, struct error *err)
{
    AUTO_FREE char *runner = win_setup_runner(err);
    AUTO_FREE wchar_t *image = runner != NULL ? win_wide(runner, err) : NULL;
    wchar_t *password = image != NULL ? win_secret_read(account, err) : NULL;
    wchar_t line[256];
    struct win_logon logon = {
        .account = account, .password = password, .image = image, .line = line};
    PROCESS_INFORMATION made = {0};
    int result = -1;

    if (password == NULL)
        return -1;
    (void)swprintf(line, 256, L"holdfast-sandbox-runner --try-connect %hs %u", attempt->host, port);
    if (win_logon_start(&logon, &made, err) == 0) {
        result = wait_for(&made, code, err);
        (void)CloseHandle(made.hThread);
        (void)CloseHandle(made.hProcess);
    }
    win_secret_free(password);
    return result;
}

static int try_as(const char *account, struct windows_attempt *attempt, unsigned port,
                  struct buffer *said, struct error *err)
{
    if (try_once(account, attempt, port, &attempt->code, err) == 0)
        return 0;
    if (err->os_code != ERROR_LOGON_FAILURE && err->os_code != ERROR_PASSWORD_EXPIRED &&
        err->os_code != ERROR_PASSWORD_MUST_CHANGE)
        return -1;
    if (win_account_renew(account, err) < 0)
        return -1;
    buffer_printf(said, "new password for %s: the kept one was refused\n", account);
    return try_once(account, attempt, port, &attempt->code, err);
}

/* What must be so ------------------------------------------------------------------------------------- */

static int try_listener(const char *account, bool is_v6, struct windows_attempt *attempt,
                        struct buffer *said, struct error *err)
{
    struct win_listener listener;
    int result;

    attempt->host = is_v6 ? "::1" : "127.0.0.1";
    if (win_listener_open(&listener, is_v6, err) < 0) {
        attempt->code = WSAEAFNOSUPPORT;
        return is_v6 ? 0 : -1;
    }
    result = try_as(account, attempt, listener.port, said, err);
    if (win_listener_was_reached(&listener))
        attempt->code = 0;
    win_listener_close(&listener);
    return result;
}

static int verify_offline(struct buffer *said, struct error *err)
{
    const char *account = windows_account_names[WINDOWS_OFFLINE];
    struct windows_attempt here[2];

    if (try_listener(account, false, &here[0], said, err) < 0 ||
        try_listener(account, true, &here[1], said, err) < 0 ||
        windows_verify_blocked(here, 2, err) < 0)
        return error_wrap(err, "%s", account);
    buffer_printf(said, "%s is cut off (10013)\n", account);
    return 0;
}

/* A machine that is on no network proves nothing now; each run with network: loopback tries again. */
static int verify_local(struct buffer *said, struct error *err)
{
    const char *account = windows_account_names[WINDOWS_LOCAL];
    struct windows_attempt away[] = {{.host = "192.0.2.1"}, {.host = "2001:db8::1"}};

    if (try_as(account, &away[0], 9, said, err) < 0 || try_as(account, &away[1], 9, said, err) < 0)
        return error_wrap(err, "%s", account);
    if (windows_verify_blocked(away, 2, err) == 0) {
        buffer_printf(said, "%s is cut off from other machines (10013)\n", account);
        return 0;
    }
    if (err->code != ERR_UNSUPPORTED)
        return error_wrap(err, "%s", account);
    buffer_printf(said, "%s: not tried, this machine is on no network; each run will\n", account);
    return 0;
}

static int connect_ourselves(bool is_v6, struct error *err)
{
    const char *host = is_v6 ? "::1" : "127.0.0.1";
    struct win_listener listener;
    int code;

    if (win_listener_open(&listener, is_v6, err) < 0)
        return is_v6 ? 0 : -1; /* a machine may lack IPv6 */
    code = win_connect_try(host, listener.port);
    win_listener_close(&listener);
    if (code == 0)
        return 0;
    (void)error_set(err, ERR_REFUSED,
                    "a connection of this program itself to %s failed with %d: a rule caught the "
                    "wrong ones",
                    host, code);
    return error_hint(err, "set up with --no-strict-rules, and tell us");
}

struct win_answers win_setup_ask(void)
{
    return (struct win_answers){.v4 = win_ping_self(false), .v6 = win_ping_self(true)};
}

/* The strict rules let through who can be named. What answers an echo request is the network stack: should
 * Windows have no name for it, the machine would fall silent, neighbour discovery of IPv6 included. */
static int verify_answers(const struct win_answers *before, struct error *err)
{
    struct win_answers now = win_setup_ask();

    if ((now.v4 || !before->v4) && (now.v6 || !before->v6))
        return 0;
    (void)error_set(err, ERR_REFUSED,
                    "the machine no longer answers an echo request to %s: a rule caught the wrong "
                    "ones",
                    before->v4 && !now.v4 ? "127.0.0.1" : "::1");
    return error_hint(err, "set up with --no-strict-rules, and tell us");
}

int win_setup_verify(const struct win_answers *before, struct buffer *said, struct error *err)
{
    if (verify_offline(said, err) < 0 || verify_local(said, err) < 0 ||
        connect_ourselves(false, err) < 0 || connect_ourselves(true, err) < 0 ||
        verify_answers(before, err) < 0)
        return -1;
    buffer_printf(said, "everybody else is not\n");
    return 0;
}

/*
 * What windows-elevated and windows-unelevated need of a Windows machine,
 * looked at one by one, so that a failure later has a cause now. Errors are
 * explained by the one table (windows_hints.h).
 */
#include "sandbox/doctor.h"

#include "sandbox/windows/win.h"

#include <lm.h>
#include <winsvc.h>

#include <stdio.h>
#include <string.h>

#include "base/os.h"
#include "sandbox/nt/envblock.h"
#include "sandbox/windows/backend.h"
#include "sandbox/windows/child.h"
#include "sandbox/windows/program.h"
#include "sandbox/windows/setup.h"
#include "sandbox/windows/token.h"
#include "sandbox/windows_hints.h"
#include "sandbox/windows_plans.h"

static void explain(struct buffer *out, const char *what, uint32_t code)
{
    const struct windows_error *row = windows_error_find(code);

    if (row == NULL)
        buffer_printf(out, "%s: error %u\n", what, (unsigned)code);
    else
        buffer_printf(out, "%s: error %u (%s): %s\n  do: %s\n", what, (unsigned)code, row->name,
                      row->cause, row->hint);
}

/* Machine -------------------------------------------------------------------------------------------- */

static void look_at_domain(struct buffer *out)
{
    wchar_t *name = NULL;
    NETSETUP_JOIN_STATUS status = NetSetupUnknownStatus;

    if (NetGetJoinInformation(NULL, &name, &status) != NERR_Success)
        return;
    (void)NetApiBufferFree(name);
    if (status == NetSetupDomainName)
        buffer_printf(out, "domain: joined; its policies may take local logon from the sandbox's "
                           "accounts (error 1385)\n");
}

static void look_at_service(struct buffer *out, SC_HANDLE manager, const wchar_t *name,
                            const char *shown)
{
    SC_HANDLE service = OpenServiceW(manager, name, SERVICE_QUERY_CONFIG);
    union {
        QUERY_SERVICE_CONFIGW config;
        BYTE room[8192];
    } answer;
    DWORD size;

    if (service == NULL) {
        explain(out, shown, GetLastError());
        return;
    }
    if (!QueryServiceConfigW(service, &answer.config, sizeof answer, &size))
        explain(out, shown, GetLastError());
    else if (answer.config.dwStartType == SERVICE_DISABLED)
        explain(out, shown, ERROR_SERVICE_DISABLED);
    (void)CloseServiceHandle(service);
}

static void look_at_services(struct buffer *out)
{
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);

    if (manager == NULL) {
        explain(out, "services", GetLastError());
        return;
    }
    look_at_service(out, manager, L"seclogon", "secondary logon service");
    look_at_service(out, manager, L"BFE", "filtering engine (BFE)");
    look_at_service(out, manager, L"mpssvc", "firewall (mpssvc)");
    (void)CloseServiceHandle(manager);
}

/* Accounts ------------------------------------------------------------------------------------------- */

static void look_at_account(struct buffer *out, const char *name)
{
    static const struct {
        DWORD flag;
        uint32_t code;
    } states[] = {{UF_ACCOUNTDISABLE, ERROR_ACCOUNT_DISABLED},
                  {UF_LOCKOUT, ERROR_ACCOUNT_LOCKED_OUT},
                  {UF_PASSWORD_EXPIRED, ERROR_PASSWORD_EXPIRED}};
    struct error err;
    AUTO_FREE wchar_t *wide = win_wide(name, &err);
    USER_INFO_1 *info = NULL;
    NET_API_STATUS status = wide != NULL ? NetUserGetInfo(NULL, wide, 1, (BYTE **)&info) : 0;
    wchar_t *secret;

    if (wide == NULL)
        return;
    if (status != NERR_Success) {
        explain(out, name, status);
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
        if ((info->usri1_flags & states[i].flag) != 0)
            explain(out, name, states[i].code);
    }
    (void)NetApiBufferFree(info);
    secret = win_secret_read(name, &err);
    if (secret == NULL)
        buffer_printf(out, "%s: %s\n  do: %s\n", name, err.message, err.hint);
    win_secret_free(secret);
}

static void look_at_accounts(struct buffer *out)
{
    struct windows_facts facts = {.is_set_up = false};

    win_setup_read(&facts);
    for (int i = 0; facts.is_set_up && i < WINDOWS_ACCOUNT_COUNT; i++)
        look_at_account(out, windows_account_names[i]);
}

/* Here ------------------------------------------------------------------------------------------------- */

/* The plan's own refusals: share, volume without ACLs, NULL DACL, places that cannot be roots. */
static int plan_here(struct error *err)
{
    AUTO_FREE char *here = os_absolute_path(".", err);
    struct policy_place place = {.style = PATH_WINDOWS};
    struct policy policy;
    struct plan plan = PLAN_EMPTY;
    int result;

    if (here == NULL || policy_init(&policy, err) < 0)
        return -1;
    result = policy_set_workspace(&policy, here, err);
    if (result == 0)
        result = windows_plan_unelevated(&policy, &place, &plan, err);
    plan_done(&plan);
    policy_done(&policy);
    return result;
}

static void look_at_job(struct buffer *out)
{
    if (win_is_in_closed_job())
        buffer_printf(out,
                      "this shell is in a job that lets nobody leave: commands may be refused\n"
                      "  do: start it elsewhere; CI agents, dotnet run and Start-Process -Wait "
                      "make such jobs\n");
}

static void look_at_workspace(struct buffer *out)
{
    struct error err = {0};

    if (plan_here(&err) < 0)
        buffer_printf(out, "this directory cannot be the workspace: %s\n  do: %s\n", err.message,
                      err.hint);
}

static void look_at_aliases(struct buffer *out)
{
    static const char *const names[] = {"python", "python3", "pwsh", "bash", "node", "wt"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct error ignored;
        AUTO_FREE char *path = win_find_program(names[i], _environ, "", &ignored);

        if (path != NULL && win_is_alias(path)) {
            buffer_printf(out, "%s: ", path);
            explain(out, "in PATH", ERROR_CANT_ACCESS_FILE);
        }
    }
}

void doctor_look(struct buffer *out)
{
    struct error err;
    AUTO_HANDLE HANDLE token = win_token_own(&err);

    if (win_is_wine())
        buffer_printf(out, "this is Wine: no Windows mode can hold anything here\n");
    if (token != NULL && win_token_is_elevated(token))
        buffer_printf(out, "this shell is an administrator's: the sandboxes filter that out, but "
                           "an ordinary one is safer\n");
    look_at_domain(out);
    look_at_services(out);
    look_at_accounts(out);
    look_at_job(out);
    look_at_workspace(out);
    look_at_aliases(out);
}

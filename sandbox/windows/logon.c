#include "sandbox/windows/logon.h"

#include "sandbox/windows_hints.h"

enum {
    TRIES = 5
};

static BOOL start_once(const struct win_logon *logon, const wchar_t *account, const wchar_t *cwd,
                       PROCESS_INFORMATION *made)
{
    STARTUPINFOW info = {.cb = sizeof info, .lpDesktop = (wchar_t *)(uintptr_t)logon->desktop};

    /* "." is this machine, in a domain too. The profile: without it HKEY_CURRENT_USER is somebody
     * else's, and Schannel finds no keys (codex issue 32088). */
    return CreateProcessWithLogonW(
        account, L".", logon->password, LOGON_WITH_PROFILE, logon->image, logon->line,
        CREATE_SUSPENDED | CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP | CREATE_UNICODE_ENVIRONMENT,
        NULL, cwd, &info, made);
}

int win_logon_start(const struct win_logon *logon, PROCESS_INFORMATION *made, struct error *err)
{
    AUTO_FREE wchar_t *account = win_wide(logon->account, err);
    wchar_t system[MAX_PATH];

    if (account == NULL)
        return -1;
    if (GetSystemDirectoryW(system, MAX_PATH) == 0)
        return win_fail_last(err, "GetSystemDirectory", "");
    for (unsigned i = 1;; i++) {
        DWORD code;

        if (start_once(logon, account, system, made))
            return 0;
        code = GetLastError();
        if (i == TRIES || !windows_error_passes(code))
            return win_fail(err, code, "CreateProcessWithLogon", logon->account);
        Sleep(100 * i);
    }
}

/* Starts the program as ourselves, in place of the account, if the password is the one that the
 * stand-in for the account was given. */
#include "sandbox/windows/logon.h"

#include <stdio.h>

#include "sandbox/windows/standin/store.h"

/* How often: a session must do it once. */
static int count(struct error *err)
{
    AUTO_FREE char *so_far = NULL;
    char text[16];

    if (store_get(STORE_COUNT, "logon", &so_far, err) < 0)
        return -1;
    (void)snprintf(text, sizeof text, "%lu", (so_far != NULL ? strtoul(so_far, NULL, 10) : 0) + 1);
    return store_set(STORE_COUNT, "logon", text, err);
}

int win_logon_start(const struct win_logon *logon, PROCESS_INFORMATION *made, struct error *err)
{
    STARTUPINFOW info = {.cb = sizeof info, .lpDesktop = (wchar_t *)(uintptr_t)logon->desktop};
    AUTO_FREE char *password = win_narrow(logon->password, err);
    AUTO_FREE wchar_t *account = password != NULL ? win_wide(logon->account, err) : NULL;

    if (account == NULL || count(err) < 0)
        return -1;
    if (!store_is(STORE_PASSWORD, logon->account, password))
        return win_fail(err, ERROR_LOGON_FAILURE, "CreateProcessWithLogon", logon->account);
    /* What Windows would take from the account's own environment. */
    if (!SetEnvironmentVariableW(L"USERNAME", account))
        return win_fail_last(err, "SetEnvironmentVariable", "USERNAME");
    if (!CreateProcessW(logon->image, logon->line, NULL, NULL, FALSE,
                        CREATE_SUSPENDED | CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP, NULL, NULL,
                        &info, made))
        return win_fail_last(err, "CreateProcess", logon->account);
    return 0;
}

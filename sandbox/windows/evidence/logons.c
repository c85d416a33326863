/* Which kinds of logon the sandbox's accounts really have. */
#include "sandbox/windows/evidence/evidence.h"

#include <stdio.h>

#include "sandbox/windows/setup.h"
#include "sandbox/windows_plans.h"

/* The secondary logon service logs on interactively: that alone is needed. */
static const struct {
    DWORD type;
    const char *name;
    DWORD wanted; /* ERROR_LOGON_TYPE_NOT_GRANTED, or success */
} kinds[] = {
    {LOGON32_LOGON_INTERACTIVE, "interactive", ERROR_SUCCESS},
    {LOGON32_LOGON_NETWORK, "network", ERROR_LOGON_TYPE_NOT_GRANTED},
    {LOGON32_LOGON_BATCH, "batch", ERROR_LOGON_TYPE_NOT_GRANTED},
    {LOGON32_LOGON_SERVICE, "service", ERROR_LOGON_TYPE_NOT_GRANTED},
};

static DWORD try_logon(const wchar_t *account, const wchar_t *password, DWORD type)
{
    HANDLE token = NULL;

    if (!LogonUserW(account, L".", password, type, LOGON32_PROVIDER_DEFAULT, &token))
        return GetLastError();
    (void)CloseHandle(token);
    return ERROR_SUCCESS;
}

static int try_account(const char *name, struct text_list *found, struct error *err)
{
    AUTO_FREE wchar_t *account = win_wide(name, err);
    wchar_t *password = account != NULL ? win_secret_read(name, err) : NULL;
    int result = password != NULL ? 0 : -1;

    for (size_t i = 0; result == 0 && i < ARRAY_SIZE(kinds); i++) {
        DWORD code = try_logon(account, password, kinds[i].type);
        AUTO_BUFFER struct buffer line = BUFFER_EMPTY;

        if (code == kinds[i].wanted)
            continue;
        buffer_printf(&line, "%s: %s logon: error %lu, not %lu", name, kinds[i].name,
                      (unsigned long)code, (unsigned long)kinds[i].wanted);
        result = text_list_take(found, buffer_take(&line), err);
    }
    win_secret_free(password);
    return result;
}

int evidence_find_logons(struct text_list *found, struct error *err)
{
    for (int i = 0; i < WINDOWS_ACCOUNT_COUNT; i++) {
        if (try_account(windows_account_names[i], found, err) < 0)
            return -1;
    }
    return 0;
}

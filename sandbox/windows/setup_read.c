/* Reading what set-up wrote. */
#include "sandbox/windows/setup.h"

#include <stdlib.h>

#include "sandbox/windows/state.h"
#include "sandbox/windows_plans.h"

static bool read_sid_value(HKEY key, const wchar_t *name, struct nt_sid *sid)
{
    wchar_t text[NT_SID_TEXT_MAX] = L"";
    DWORD size = sizeof text - sizeof text[0];
    struct error ignored;
    AUTO_FREE char *narrow = NULL;

    if (RegGetValueW(key, NULL, name, RRF_RT_REG_SZ, NULL, text, &size) != ERROR_SUCCESS)
        return false;
    narrow = win_narrow(text, &ignored);
    return narrow != NULL && nt_sid_parse(narrow, sid, &ignored) == 0;
}

void win_setup_read(struct windows_facts *facts)
{
    struct windows_facts found = {.is_set_up = false};
    HKEY key;

    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, WIN_SETUP_KEY, 0, KEY_READ | KEY_WOW64_64KEY, &key) !=
        ERROR_SUCCESS)
        return;
    found.is_set_up = read_sid_value(key, L"Group", &found.group) &&
                      read_sid_value(key, L"Offline", &found.accounts[WINDOWS_OFFLINE]) &&
                      read_sid_value(key, L"Local", &found.accounts[WINDOWS_LOCAL]) &&
                      read_sid_value(key, L"Online", &found.accounts[WINDOWS_ONLINE]);
    (void)RegCloseKey(key);
    if (!found.is_set_up)
        return;
    facts->is_set_up = true;
    facts->group = found.group;
    for (int i = 0; i < WINDOWS_ACCOUNT_COUNT; i++)
        facts->accounts[i] = found.accounts[i];
}

char *win_setup_runner(struct error *err)
{
    AUTO_FREE char *folder = win_state_machine_folder(err);
    AUTO_FREE char *bin = folder != NULL ? windows_path_join(folder, "bin") : NULL;
    char *path = bin != NULL ? windows_path_join(bin, WINDOWS_RUNNER) : NULL;

    if (path == NULL)
        (void)error_memory(err, "runner");
    return path;
}

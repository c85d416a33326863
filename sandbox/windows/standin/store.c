#include "sandbox/windows/standin/store.h"

#include <stdio.h>
#include <string.h>

#define STORE_KEY L"Software\\HoldfastStandin\\"

static HKEY open_kind(const char *kind, struct error *err)
{
    wchar_t path[128];
    HKEY key;
    LSTATUS status;

    (void)swprintf(path, 128, STORE_KEY L"%hs", kind);
    status = RegCreateKeyExW(HKEY_CURRENT_USER, path, 0, NULL, 0, KEY_READ | KEY_WRITE, NULL, &key,
                             NULL);
    if (status == ERROR_SUCCESS)
        return key;
    (void)win_fail(err, (DWORD)status, "RegCreateKeyEx", kind);
    return NULL;
}

int store_get(const char *kind, const char *name, char **value, struct error *err)
{
    HKEY key = open_kind(kind, err);
    AUTO_FREE wchar_t *wide = key != NULL ? win_wide(name, err) : NULL;
    wchar_t text[2048];
    DWORD size = sizeof text;
    LSTATUS status;

    *value = NULL;
    if (wide == NULL)
        return -1;
    status = RegGetValueW(key, NULL, wide, RRF_RT_REG_SZ, NULL, text, &size);
    (void)RegCloseKey(key);
    if (status == ERROR_FILE_NOT_FOUND)
        return 0;
    if (status != ERROR_SUCCESS)
        return win_fail(err, (DWORD)status, "RegGetValue", name);
    *value = win_narrow(text, err);
    return *value != NULL ? 0 : -1;
}

/* A failure that a test asked for happens once. */
static int fail_if_told(const char *kind, const char *name, struct error *err)
{
    AUTO_FREE char *code = NULL;

    if (strcmp(kind, STORE_FAIL) == 0 || store_get(STORE_FAIL, kind, &code, err) < 0 ||
        code == NULL)
        return 0;
    (void)store_set(STORE_FAIL, kind, NULL, err);
    return win_fail(err, (DWORD)strtoul(code, NULL, 10), "stand-in", name);
}

int store_set(const char *kind, const char *name, const char *value, struct error *err)
{
    HKEY key;
    AUTO_FREE wchar_t *wide = win_wide(name, err);
    AUTO_FREE wchar_t *text = wide != NULL && value != NULL ? win_wide(value, err) : NULL;
    LSTATUS status;

    if (wide == NULL || (value != NULL && text == NULL) || fail_if_told(kind, name, err) < 0)
        return -1;
    key = open_kind(kind, err);
    if (key == NULL)
        return -1;
    status = value == NULL ? RegDeleteValueW(key, wide)
                           : RegSetValueExW(key, wide, 0, REG_SZ, (const BYTE *)text,
                                            (DWORD)((wcslen(text) + 1) * sizeof *text));
    (void)RegCloseKey(key);
    if (status == ERROR_SUCCESS || (value == NULL && status == ERROR_FILE_NOT_FOUND))
        return 0;
    return win_fail(err, (DWORD)status, "RegSetValueEx", name);
}

bool store_is(const char *kind, const char *name, const char *value)
{
    struct error ignored;
    AUTO_FREE char *found = NULL;

    return store_get(kind, name, &found, &ignored) == 0 && found != NULL &&
           strcmp(found, value) == 0;
}

/* Values below HKEY_LOCAL_MACHINE, in the 64-bit view. */
#include "sandbox/windows/settings.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

struct place {
    wchar_t *key;
    wchar_t *value;
};

static void place_done(struct place *place)
{
    free(place->key);
    free(place->value);
}

static int find_place(const char *name, struct place *place, struct error *err)
{
    char key[512];
    const char *value;

    *place = (struct place){0};
    if (win_split(name, key, &value, err) < 0)
        return -1;
    if (strncmp(key, "HKLM\\", 5) != 0)
        return error_set(err, ERR_INVALID, "registry: \"%s\" is not below HKLM", key);
    place->key = win_wide(key + 5, err);
    place->value = place->key != NULL ? win_wide(value, err) : NULL;
    if (place->value != NULL)
        return 0;
    place_done(place);
    return -1;
}

static int format_value(DWORD type, const BYTE *bytes, DWORD size, char **value, struct error *err)
{
    AUTO_BUFFER struct buffer out = BUFFER_EMPTY;
    AUTO_FREE char *text = NULL;
    DWORD number = 0;

    if (type == REG_DWORD && size == sizeof number) {
        memcpy(&number, bytes, sizeof number);
        buffer_printf(&out, "%lu", (unsigned long)number);
    } else if (type == REG_SZ) {
        size_t units = size / sizeof(wchar_t);

        while (units > 0 && ((const wchar_t *)(const void *)bytes)[units - 1] == L'\0')
            units--;
        text = win_narrow_counted((const wchar_t *)(const void *)bytes, units, err);
        if (text == NULL)
            return -1;
        buffer_printf(&out, "sz:%s", text);
    } else {
        buffer_printf(&out, "type %lu, %lu bytes", (unsigned long)type, (unsigned long)size);
    }
    *value = buffer_take(&out);
    return *value != NULL ? 0 : error_memory(err, "registry");
}

static int read_value(const struct place *place, char **value, struct error *err)
{
    BYTE bytes[2048];
    DWORD size = sizeof bytes;
    DWORD type = 0;
    HKEY key;
    LSTATUS status =
        RegOpenKeyExW(HKEY_LOCAL_MACHINE, place->key, 0, KEY_QUERY_VALUE | KEY_WOW64_64KEY, &key);

    if (status == ERROR_FILE_NOT_FOUND || status == ERROR_PATH_NOT_FOUND)
        return 0;
    if (status != ERROR_SUCCESS)
        return win_fail(err, (DWORD)status, "RegOpenKeyEx", "");
    status = RegQueryValueExW(key, place->value, NULL, &type, bytes, &size);
    (void)RegCloseKey(key);
    if (status == ERROR_FILE_NOT_FOUND)
        return 0;
    if (status != ERROR_SUCCESS)
        return win_fail(err, (DWORD)status, "RegQueryValueEx", "");
    return format_value(type, bytes, size, value, err);
}

int win_registry_get(const char *name, char **value, struct error *err)
{
    struct place place;
    int result;

    *value = NULL;
    if (find_place(name, &place, err) < 0)
        return -1;
    result = read_value(&place, value, err);
    place_done(&place);
    return result < 0 ? error_wrap(err, "%s", name) : 0;
}

static int write_value(const struct place *place, const char *value, struct error *err)
{
    AUTO_FREE wchar_t *text = strncmp(value, "sz:", 3) == 0 ? win_wide(value + 3, err) : NULL;
    uint64_t number = 0;
    DWORD dword;
    HKEY key;
    LSTATUS status;

    if (text == NULL && !text_parse_u64(value, UINT32_MAX, &number))
        return error_set(err, ERR_INVALID, "registry: \"%s\" is no value", value);
    dword = (DWORD)number;
    status = RegCreateKeyExW(HKEY_LOCAL_MACHINE, place->key, 0, NULL, 0,
                             KEY_SET_VALUE | KEY_WOW64_64KEY, NULL, &key, NULL);
    if (status != ERROR_SUCCESS)
        return win_fail(err, (DWORD)status, "RegCreateKeyEx", "");
    status = text != NULL ? RegSetValueExW(key, place->value, 0, REG_SZ, (const BYTE *)text,
                                           (DWORD)((wcslen(text) + 1) * sizeof *text))
                          : RegSetValueExW(key, place->value, 0, REG_DWORD, (const BYTE *)&dword,
                                           sizeof dword);
    if (status == ERROR_SUCCESS)
        status = RegFlushKey(key);
    (void)RegCloseKey(key);
    return status == ERROR_SUCCESS ? 0 : win_fail(err, (DWORD)status, "RegSetValueEx", "");
}

/* Keys that became empty go too, up to the first that is not: an empty key means nothing. */
static void remove_empty_keys(wchar_t *path)
{
    for (;;) {
        DWORD keys = 0;
        DWORD values = 0;
        HKEY key;
        wchar_t *end = wcsrchr(path, L'\\');

        if (end == NULL || RegOpenKeyExW(HKEY_LOCAL_MACHINE, path, 0, KEY_READ | KEY_WOW64_64KEY,
                                         &key) != ERROR_SUCCESS)
            return;
        if (RegQueryInfoKeyW(key, NULL, NULL, NULL, &keys, NULL, NULL, &values, NULL, NULL, NULL,
                             NULL) != ERROR_SUCCESS)
            keys = 1;
        (void)RegCloseKey(key);
        if (keys > 0 || values > 0 ||
            RegDeleteKeyExW(HKEY_LOCAL_MACHINE, path, KEY_WOW64_64KEY, 0) != ERROR_SUCCESS)
            return;
        *end = L'\0';
    }
}

static int remove_value(struct place *place, struct error *err)
{
    HKEY key;
    LSTATUS status =
        RegOpenKeyExW(HKEY_LOCAL_MACHINE, place->key, 0, KEY_SET_VALUE | KEY_WOW64_64KEY, &key);

    if (status != ERROR_SUCCESS)
        return win_fail(err, (DWORD)status, "RegOpenKeyEx", "");
    status = RegDeleteValueW(key, place->value);
    (void)RegCloseKey(key);
    if (status != ERROR_SUCCESS)
        return win_fail(err, (DWORD)status, "RegDeleteValue", "");
    remove_empty_keys(place->key);
    return 0;
}

int win_registry_set(const char *name, const char *value, struct error *err)
{
    struct place place;
    int result;

    if (find_place(name, &place, err) < 0)
        return -1;
    result = value != NULL ? write_value(&place, value, err) : remove_value(&place, err);
    place_done(&place);
    return result < 0 ? error_wrap(err, "%s", name) : 0;
}

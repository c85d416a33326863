#include "sandbox/windows/win.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/nt/own.h"
#include "sandbox/nt/utf16.h"
#include "sandbox/windows_hints.h"

/* In English, whatever the language of the machine: errors end up in logs and issues. */
static void describe(DWORD code, char *text, size_t size)
{
    wchar_t wide[256];
    DWORD length = FormatMessageW(
        FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS | FORMAT_MESSAGE_MAX_WIDTH_MASK,
        NULL, code, MAKELANGID(LANG_ENGLISH, SUBLANG_ENGLISH_US), wide, 256, NULL);
    const char *name = windows_error_name(code);
    struct error ignored;
    AUTO_FREE char *narrow = NULL;

    while (length > 0 && (wide[length - 1] == ' ' || wide[length - 1] == '.'))
        length--;
    narrow = length > 0 ? win_narrow_counted(wide, length, &ignored) : NULL;
    (void)snprintf(text, size, "%s", narrow != NULL ? narrow : name != NULL ? name : "error");
}

int win_fail(struct error *err, DWORD code, const char *call, const char *object)
{
    char text[256];
    const char *hint = windows_hint(code);

    describe(code, text, sizeof text);
    (void)error_set(err, ERR_OS, "%s%s%.160s: %s (%lu)", call, object[0] != '\0' ? " " : "", object,
                    text, (unsigned long)code);
    err->os_code = (int)code;
    if (code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND)
        err->code = ERR_NOT_FOUND;
    if (hint != NULL)
        (void)error_hint(err, "%s", hint);
    return -1;
}

int win_fail_last(struct error *err, const char *call, const char *object)
{
    return win_fail(err, GetLastError(), call, object);
}

wchar_t *win_wide(const char *text, struct error *err)
{
    uint16_t *wide = nt_utf16_from_utf8(text, strlen(text), NULL, err);

    _Static_assert(sizeof(wchar_t) == sizeof(uint16_t), "Windows' wide characters are UTF-16");
    if (wide == NULL)
        (void)error_wrap(err, "%.80s", text);
    return (wchar_t *)wide;
}

char *win_narrow_counted(const wchar_t *text, size_t units, struct error *err)
{
    return nt_utf8_from_utf16((const uint16_t *)text, units, err);
}

char *win_narrow(const wchar_t *text, struct error *err)
{
    return win_narrow_counted(text, wcslen(text), err);
}

wchar_t *win_long_path(const char *path, struct error *err)
{
    size_t size = strlen(path) + 8;
    AUTO_FREE char *prefixed = NULL;

    if (strncmp(path, "\\\\", 2) == 0 || path[1] != ':')
        return win_wide(path, err); /* a share, a device, or prefixed already */
    prefixed = malloc(size);
    if (prefixed == NULL) {
        (void)error_memory(err, path);
        return NULL;
    }
    (void)snprintf(prefixed, size, "\\\\?\\%s", path);
    return win_wide(prefixed, err);
}

PSID win_sid(const struct nt_sid *sid, struct win_sid *storage)
{
    nt_sid_write(sid, storage->bytes);
    return storage->bytes;
}

int win_read_sid(PSID sid, struct nt_sid *out, struct error *err)
{
    if (!IsValidSid(sid))
        return error_set(err, ERR_CORRUPT, "Windows gave a SID that is none");
    return nt_sid_read(sid, GetLengthSid(sid), out, err);
}

PSECURITY_DESCRIPTOR win_descriptor(const char *sddl, struct error *err)
{
    AUTO_SD struct nt_sd sd = NT_SD_EMPTY;
    uint8_t *bytes;

    if (nt_sddl_parse(sddl, NULL, &sd, err) < 0)
        return NULL;
    bytes = malloc(nt_sd_size(&sd));
    if (bytes == NULL) {
        (void)error_memory(err, "descriptor");
        return NULL;
    }
    if (nt_sd_write(&sd, bytes, err) < 0) {
        free(bytes);
        return NULL;
    }
    return bytes;
}

HANDLE win_thread_start(LPTHREAD_START_ROUTINE run, void *argument, struct error *err)
{
    AUTO_FREE void *descriptor = win_descriptor(NT_OWN_EYES_ONLY, err);
    SECURITY_ATTRIBUTES attributes = {.nLength = sizeof attributes,
                                      .lpSecurityDescriptor = descriptor};
    HANDLE thread;

    if (descriptor == NULL)
        return NULL;
    thread = CreateThread(&attributes, 0, run, argument, 0, NULL);
    if (thread == NULL)
        (void)win_fail_last(err, "CreateThread", "");
    return thread;
}

bool win_is_wine(void)
{
    HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");

    return ntdll != NULL && GetProcAddress(ntdll, "wine_get_version") != NULL;
}

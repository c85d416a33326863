/*
 * What the model must assume of Windows' own objects, read where it is true:
 * who may open the devices, directories and stations that every process
 * needs, and what jobs and tokens this program itself has. Nothing is tried;
 * with it a prediction that was wrong can be made again, without the machine.
 */
#include "sandbox/windows/evidence/evidence.h"

#include <winternl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "sandbox/windows/station.h"
#include "sandbox/windows/token.h"

/* ntifs.h, wdm.h; not in winternl.h of MinGW-w64. */
typedef NTSTATUS(NTAPI *open_directory)(HANDLE *directory, ACCESS_MASK access,
                                        OBJECT_ATTRIBUTES *attributes);

static void add_text(struct buffer *out, const char *name, const char *value)
{
    buffer_printf(out, "\"%s\": \"", name);
    text_escape_json(out, value, strlen(value));
    buffer_add_byte(out, '"');
}

/* In full: two letters would hide which SIDs of the machine are meant. Caller frees; NULL: err is full. */
static char *describe_handle(HANDLE handle, bool is_user_object, struct error *err)
{
    SECURITY_INFORMATION what =
        OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;
    _Alignas(8) uint8_t bytes[4096];
    AUTO_SD struct nt_sd sd = NT_SD_EMPTY;
    DWORD size = sizeof bytes;

    if (!(is_user_object ? GetUserObjectSecurity(handle, &what, bytes, size, &size)
                         : GetKernelObjectSecurity(handle, what, bytes, size, &size))) {
        (void)win_fail_last(err, "GetKernelObjectSecurity", "");
        return NULL;
    }
    return nt_sd_read(bytes, size, &sd, err) == 0 ? nt_sddl_format(&sd, err) : NULL;
}

static void add_handle(struct buffer *out, const char *name, HANDLE handle, bool is_user_object)
{
    struct error err = {0};
    AUTO_FREE char *sddl = describe_handle(handle, is_user_object, &err);

    buffer_add_text(out, ", ");
    add_text(out, name, sddl != NULL ? sddl : err.message);
}

/* By its name in the object manager: a device, or a directory. */
static void add_named(struct buffer *out, const char *name, const wchar_t *path, bool is_directory)
{
    open_directory open = WIN_FUNCTION(open_directory, L"ntdll.dll", "NtOpenDirectoryObject");
    UNICODE_STRING text = {.Buffer = (wchar_t *)(uintptr_t)path,
                           .Length = (USHORT)(wcslen(path) * sizeof *path),
                           .MaximumLength = (USHORT)(wcslen(path) * sizeof *path)};
    OBJECT_ATTRIBUTES attributes = {
        .Length = sizeof attributes, .ObjectName = &text, .Attributes = OBJ_CASE_INSENSITIVE};
    IO_STATUS_BLOCK io;
    AUTO_HANDLE HANDLE handle = NULL;
    NTSTATUS status = (NTSTATUS)0xc0000002; /* STATUS_NOT_IMPLEMENTED */

    if (!is_directory)
        status = NtOpenFile(&handle, READ_CONTROL | SYNCHRONIZE, &attributes, &io,
                            FILE_SHARE_READ | FILE_SHARE_WRITE, 0x20); /* synchronous */
    else if (open != NULL)
        status = open(&handle, READ_CONTROL, &attributes);
    if (status >= 0) {
        add_handle(out, name, handle, false);
        return;
    }
    handle = NULL;
    buffer_printf(out, ", \"%s\": \"not opened: 0x%08lx\"", name, (unsigned long)status);
}

static void add_session_directory(struct buffer *out)
{
    DWORD session = 0;
    wchar_t path[64];

    (void)ProcessIdToSessionId(GetCurrentProcessId(), &session);
    buffer_printf(out, ", \"session\": %lu", (unsigned long)session);
    if (session == 0)
        (void)swprintf(path, ARRAY_SIZE(path), L"\\BaseNamedObjects");
    else
        (void)swprintf(path, ARRAY_SIZE(path), L"\\Sessions\\%lu\\BaseNamedObjects",
                       (unsigned long)session);
    add_named(out, "named_objects", path, true);
}

/* The innermost of the jobs around us decides whether a command can leave them. */
static void add_job(struct buffer *out)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
    JOBOBJECT_BASIC_UI_RESTRICTIONS ui = {0};
    BOOL is_in_one = FALSE;

    (void)IsProcessInJob(GetCurrentProcess(), NULL, &is_in_one);
    buffer_printf(out, ", \"in_a_job\": %s", is_in_one ? "true" : "false");
    if (is_in_one && QueryInformationJobObject(NULL, JobObjectExtendedLimitInformation, &limits,
                                               sizeof limits, NULL))
        buffer_printf(out, ", \"job_limits\": \"0x%lx\"",
                      (unsigned long)limits.BasicLimitInformation.LimitFlags);
    if (is_in_one &&
        QueryInformationJobObject(NULL, JobObjectBasicUIRestrictions, &ui, sizeof ui, NULL))
        buffer_printf(out, ", \"job_ui\": \"0x%lx\"", (unsigned long)ui.UIRestrictionsClass);
}

/* Only what may differ between machines; no name, no SID of a person's. */
static void add_default_dacl(struct buffer *out)
{
    struct error ignored;
    AUTO_HANDLE HANDLE own = win_token_own(&ignored);
    AUTO_FREE TOKEN_DEFAULT_DACL *dacl =
        own != NULL ? win_token_query(own, TokenDefaultDacl, &ignored) : NULL;

    if (dacl != NULL && dacl->DefaultDacl != NULL)
        buffer_printf(out, ", \"default_entries\": %u", (unsigned)dacl->DefaultDacl->AceCount);
}

void evidence_describe_objects(struct buffer *out)
{
    static const struct {
        const char *name;
        const wchar_t *path;
    } devices[] = {
        {"null_device", L"\\Device\\Null"},         {"console_device", L"\\Device\\ConDrv"},
        {"socket_device", L"\\Device\\Afd"},        {"crypto_device", L"\\Device\\KsecDD"},
        {"pipe_device", L"\\Device\\NamedPipe"},    {"pipe_root", L"\\Device\\NamedPipe\\"},
        {"mailslot_device", L"\\Device\\Mailslot"},
    };
    wchar_t desktop[256];
    struct error err = {0};

    if (win_station_desktop(desktop, ARRAY_SIZE(desktop), &err) == 0) {
        AUTO_FREE char *narrow = win_narrow(desktop, &err);

        buffer_add_text(out, ", ");
        add_text(out, "desktop_name", narrow != NULL ? narrow : "");
    }
    add_handle(out, "window_station", GetProcessWindowStation(), true);
    add_handle(out, "desktop", GetThreadDesktop(GetCurrentThreadId()), true);
    add_session_directory(out);
    for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
        add_named(out, devices[i].name, devices[i].path, false);
    add_job(out);
    add_default_dacl(out);
}

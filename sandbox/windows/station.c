#include "sandbox/windows/station.h"

#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/os.h"

enum {
    /* All desktops share 48 MB ("CreateDesktop"), of which each would take 20 by default: with this many
     * runs go on side by side. For menus, hooks and windows only, of which a command has few. */
    DESKTOP_HEAP_KB = 3072,
    /* READ_CONTROL, WINSTA_ENUMDESKTOPS, WINSTA_READATTRIBUTES, WINSTA_ACCESSGLOBALATOMS,
     * WINSTA_ENUMERATE ("Window Station Security and Access Rights"). */
    STATION_RIGHTS = 0x20123,
};

int win_station_name(wchar_t *name, size_t units, struct error *err)
{
    HWINSTA station = GetProcessWindowStation();

    if (station == NULL)
        return win_fail_last(err, "GetProcessWindowStation", "");
    if (!GetUserObjectInformationW(station, UOI_NAME, name, (DWORD)(units * sizeof *name), NULL))
        return win_fail_last(err, "GetUserObjectInformation", "window station");
    return 0;
}

int win_station_desktop(wchar_t *path, size_t units, struct error *err)
{
    HDESK desktop = GetThreadDesktop(GetCurrentThreadId());
    wchar_t station[128];
    wchar_t name[128];

    if (desktop == NULL)
        return win_fail_last(err, "GetThreadDesktop", "");
    if (!GetUserObjectInformationW(desktop, UOI_NAME, name, sizeof name, NULL))
        return win_fail_last(err, "GetUserObjectInformation", "desktop");
    if (win_station_name(station, ARRAY_SIZE(station), err) < 0)
        return -1;
    if (swprintf(path, units, L"%ls\\%ls", station, name) < 0)
        return error_set(err, ERR_INVALID, "desktop: too long a name");
    return 0;
}

static int read_station(HWINSTA station, struct nt_sd *sd, struct error *err)
{
    SECURITY_INFORMATION what = DACL_SECURITY_INFORMATION;
    AUTO_FREE uint8_t *bytes = NULL;
    DWORD size = 0;

    (void)GetUserObjectSecurity(station, &what, NULL, 0, &size);
    bytes = malloc(size > 0 ? size : 1);
    if (bytes == NULL)
        return error_memory(err, "window station");
    if (size == 0 || !GetUserObjectSecurity(station, &what, bytes, size, &size))
        return win_fail_last(err, "GetUserObjectSecurity", "window station");
    return nt_sd_read(bytes, size, sd, err);
}

static int write_station(HWINSTA station, const struct nt_sd *sd, struct error *err)
{
    SECURITY_INFORMATION what = DACL_SECURITY_INFORMATION;
    AUTO_FREE uint8_t *bytes = malloc(nt_sd_size(sd));

    if (bytes == NULL)
        return error_memory(err, "window station");
    if (nt_sd_write(sd, bytes, err) < 0)
        return -1;
    return SetUserObjectSecurity(station, &what, bytes)
               ? 0
               : win_fail_last(err, "SetUserObjectSecurity", "window station");
}

static bool is_of(const struct nt_ace *ace, const struct nt_sid *account)
{
    return !ace->is_opaque && nt_sid_equal(&ace->sid, account);
}

/* Is the entry among them, or any at all (wanted NULL)? */
static bool has_entry(const struct nt_sd *sd, const struct nt_sid *account,
                      const struct nt_ace *wanted)
{
    for (size_t i = 0; i < sd->dacl.count; i++) {
        const struct nt_ace *ace = &sd->dacl.aces[i];

        if (wanted != NULL ? nt_ace_equal(ace, wanted) : is_of(ace, account))
            return true;
    }
    return false;
}

int win_station_allow(const struct nt_sid *account, struct error *err)
{
    struct nt_ace ace = nt_ace_make(NT_ACE_ALLOW, 0, STATION_RIGHTS, account);
    HWINSTA station = GetProcessWindowStation();
    AUTO_SD struct nt_sd sd = NT_SD_EMPTY;

    if (win_may_pretend())
        return 0; /* the stand-in's account is the user's own */
    if (station == NULL)
        return win_fail_last(err, "GetProcessWindowStation", "");
    if (read_station(station, &sd, err) < 0)
        return -1;
    if (nt_sd_is_open(&sd) || has_entry(&sd, account, &ace))
        return 0;
    return nt_acl_add(&sd.dacl, &ace, err) < 0 ? -1 : write_station(station, &sd, err);
}

int win_station_forget(const struct nt_sid *account, struct error *err)
{
    HWINSTA station = GetProcessWindowStation();
    AUTO_SD struct nt_sd sd = NT_SD_EMPTY;

    if (win_may_pretend())
        return 0;
    if (station == NULL)
        return win_fail_last(err, "GetProcessWindowStation", "");
    if (read_station(station, &sd, err) < 0)
        return -1;
    if (nt_sd_is_open(&sd) || !has_entry(&sd, account, NULL))
        return 0;
    for (size_t i = sd.dacl.count; i > 0; i--) {
        if (is_of(&sd.dacl.aces[i - 1], account))
            nt_acl_remove(&sd.dacl, i - 1);
    }
    return write_station(station, &sd, err);
}

/* Desktop ------------------------------------------------------------------------------------------ */

typedef HDESK(WINAPI *desktop_function)(const wchar_t *name, const wchar_t *device, DEVMODEW *mode,
                                        DWORD flags, ACCESS_MASK access,
                                        SECURITY_ATTRIBUTES *attributes, ULONG heap_kb, void *none);

/* Wine has no function with a size for the heap. */
static HDESK create_desktop(const wchar_t *name, SECURITY_ATTRIBUTES *attributes, struct error *err)
{
    desktop_function create = WIN_FUNCTION(desktop_function, L"user32.dll", "CreateDesktopExW");
    HDESK desktop =
        create != NULL ? create(name, NULL, NULL, 0, GENERIC_ALL, attributes, DESKTOP_HEAP_KB, NULL)
                       : CreateDesktopW(name, NULL, NULL, 0, GENERIC_ALL, attributes);

    if (desktop == NULL)
        (void)win_fail_last(err, "CreateDesktop", "");
    return desktop;
}

HDESK win_desktop_new(const char *sddl, const struct nt_sid *logon, wchar_t path[WIN_DESKTOP_PATH],
                      struct error *err)
{
    AUTO_BUFFER struct buffer text = BUFFER_EMPTY;
    const char *word = strstr(sddl, ";logon)");
    AUTO_FREE void *descriptor = NULL;
    SECURITY_ATTRIBUTES attributes = {.nLength = sizeof attributes};
    uint64_t random[2];
    char sid[NT_SID_TEXT_MAX] = "S-1-0-0";
    wchar_t station[WIN_DESKTOP_PATH / 2];
    wchar_t name[WIN_DESKTOP_PATH / 2];

    if (logon != NULL)
        nt_sid_format(logon, sid);
    if (word != NULL)
        buffer_printf(&text, "%.*s%s%s", (int)(word - sddl + 1), sddl, sid,
                      word + strlen(";logon"));
    else
        buffer_add_text(&text, sddl);
    descriptor = win_descriptor(buffer_text(&text), err);
    if (descriptor == NULL || os_random(random, sizeof random, err) < 0 ||
        win_station_name(station, ARRAY_SIZE(station), err) < 0)
        return NULL;
    attributes.lpSecurityDescriptor = descriptor;
    (void)swprintf(name, ARRAY_SIZE(name), L"holdfast-%016llx%016llx",
                   (unsigned long long)random[0], (unsigned long long)random[1]);
    (void)swprintf(path, WIN_DESKTOP_PATH, L"%ls\\%ls", station, name);
    return create_desktop(name, &attributes, err);
}

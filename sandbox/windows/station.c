#include "sandbox/windows/station.h"

#include <stdio.h>

enum {
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

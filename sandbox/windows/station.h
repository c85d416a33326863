/* The window station and a desktop of it: a process of another account cannot start on a desktop whose
 * station it may not open, and the secondary logon service opens it only for the one it chooses itself. */
#ifndef HOLDFAST_WINDOWS_STATION_H
#define HOLDFAST_WINDOWS_STATION_H

#include "sandbox/windows/win.h"

/* The name of ours: WinSta0 for who is signed in, another for a service. */
int win_station_name(wchar_t *name, size_t units, struct error *err);

/* "WinSta0\\..." of the desktop that this thread is on. A process in another token is told it by name:
 * without, Windows takes the caller's only where that is the interactive station's, and makes an
 * invisible one elsewhere (Microsoft's article 165194). */
int win_station_desktop(wchar_t *path, size_t units, struct error *err);

enum {
    WIN_DESKTOP_PATH = 256
};

/* A desktop of this window station, with this DACL ("logon" is filled in). path: "WinSta0\\...", where
 * a process can be started. It lives as long as the handle. NULL: err is full. */
HDESK win_desktop_new(const char *sddl, const struct nt_sid *logon, wchar_t path[WIN_DESKTOP_PATH],
                      struct error *err);

/* Lets the account in, once: for as long as the user is signed in, because another run of theirs may
 * need it when this one ends. No clipboard, no hooks, no other desktops. */
int win_station_allow(const struct nt_sid *account, struct error *err);
/* Takes all its entries out again. */
int win_station_forget(const struct nt_sid *account, struct error *err);

#endif

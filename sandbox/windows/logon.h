/* Starting a program in another account. In a file of its own because Wine pretends it, and the tests
 * put a stand-in in its place (standin/). */
#ifndef HOLDFAST_WINDOWS_LOGON_H
#define HOLDFAST_WINDOWS_LOGON_H

#include "sandbox/windows/win.h"

struct win_logon {
    const char *account;     /* of this machine */
    const wchar_t *password; /* borrowed */
    const wchar_t *image;
    wchar_t *line; /* CreateProcessWithLogonW writes into it */
    const wchar_t
        *desktop; /* "WinSta0\\..."; NULL: the service chooses, and opens it to the account */
};

/* The process is suspended and has its account's own environment and profile. */
int win_logon_start(const struct win_logon *logon, PROCESS_INFORMATION *made, struct error *err);

#endif

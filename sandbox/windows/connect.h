/*
 * The proof that an account is cut off: a connection is really tried as that
 * account, and only one answer counts. Refused by a filter is WSAEACCES
 * (10013, "Windows Sockets Error Codes"); a time-out, an unreachable network
 * or a refusal by the other side prove nothing.
 */
#ifndef HOLDFAST_WINDOWS_CONNECT_H
#define HOLDFAST_WINDOWS_CONNECT_H

#include "sandbox/windows/win.h"

enum {
    WIN_CONNECT_BLOCKED = 10013,
    WIN_CONNECT_WAIT_MS = 5000,
};

/* 0: connected; else the error of Windows Sockets, WSAETIMEDOUT after WIN_CONNECT_WAIT_MS. host: a
 * numeric address. */
int win_connect_try(const char *host, unsigned port);

#endif

/*
 * What connection attempts prove. Each was made as an account that should be
 * cut off; 10013 (WSAEACCES) is what a filter answers ("Windows Sockets
 * Error Codes"). Pure.
 */
#ifndef HOLDFAST_SANDBOX_WINDOWS_VERIFY_H
#define HOLDFAST_SANDBOX_WINDOWS_VERIFY_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct windows_attempt {
    const char *host;
    uint32_t code; /* 0: connected; else the error of Windows Sockets */
};

/* 0: at least one attempt was refused by a filter, and each other one never left the machine because
 * there is no way. -1 otherwise: ERR_REFUSED when one got through, ERR_UNSUPPORTED when nothing was
 * proved. A time-out is no block: the packets may have left. */
int windows_verify_blocked(const struct windows_attempt *attempts, size_t count, struct error *err);

#endif

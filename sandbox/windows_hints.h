/* The Windows errors that users of such sandboxes met: what they mean here, and what people can do. One
 * table for messages, `doctor` and the exit status. Pure. */
#ifndef HOLDFAST_SANDBOX_WINDOWS_HINTS_H
#define HOLDFAST_SANDBOX_WINDOWS_HINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct windows_error {
    uint32_t code;     /* of GetLastError(), or of a Net function */
    const char *name;  /* in winerror.h, without "ERROR_" */
    const char *cause; /* what it means in this sandbox */
    const char *hint;  /* what to do; at most 115 bytes, so that it fits an error */
};

extern const struct windows_error windows_errors[];
extern const size_t windows_error_count;

/* NULL: not in the table. */
const struct windows_error *windows_error_find(uint32_t code);

/* A remedy for an error code; NULL: none is known. Static. */
const char *windows_hint(uint32_t code);
/* NULL: not in the table. Static. */
const char *windows_error_name(uint32_t code);

/* An error that goes away when the same logon is tried again a moment later. */
bool windows_error_passes(uint32_t code);

/* How `run` exits after this failure: 127 not found, 126 it is there and is no program that can be
 * started, 125 anything else. */
int windows_status_of(const struct error *err);

#endif

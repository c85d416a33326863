/* What people can do about the Windows errors that users of such sandboxes met. Pure. */
#ifndef HOLDFAST_SANDBOX_WINDOWS_HINTS_H
#define HOLDFAST_SANDBOX_WINDOWS_HINTS_H

#include <stdint.h>

/* A remedy for an error code of GetLastError(); NULL: none is known. Static. */
const char *windows_hint(uint32_t code);

/* The name in winerror.h, without "ERROR_"; NULL: not in the table. Static. */
const char *windows_error_name(uint32_t code);

#endif

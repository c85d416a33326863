/*
 * UTF-8 inside, UTF-16 at the border (STYLE section 4). Strict both ways:
 * what is not valid is refused, not replaced, because these texts are names
 * of files and accounts.
 */
#ifndef HOLDFAST_SANDBOX_NT_UTF16_H
#define HOLDFAST_SANDBOX_NT_UTF16_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* NUL-terminated beyond *units, which may be NULL. NULL: ERR_INVALID or ERR_MEMORY. Caller frees. */
uint16_t *nt_utf16_from_utf8(const char *text, size_t size, size_t *units, struct error *err);

/* NUL-terminated. An embedded NUL or a lone surrogate is ERR_INVALID. Caller frees. */
char *nt_utf8_from_utf16(const uint16_t *text, size_t units, struct error *err);

/* For lists of what is there: NTFS keeps any units as a name. What is no text becomes U+FFFD, and nothing is
 * opened by such a name unless it is really called so. Caller frees. */
#define NT_NO_TEXT "\xef\xbf\xbd"
char *nt_utf8_listed(const uint16_t *text, size_t units, struct error *err);

#endif

/*
 * Security identifiers ([MS-DTYP] 2.4.2). A SID is a value here: copy it,
 * compare it, keep it in arrays; it owns nothing.
 */
#ifndef HOLDFAST_SANDBOX_NT_SID_H
#define HOLDFAST_SANDBOX_NT_SID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
    NT_SID_SUBS_MAX = 15,
    NT_SID_BYTES_MAX = 8 + 4 * NT_SID_SUBS_MAX,
    NT_SID_TEXT_MAX = 4 + 14 + 11 * NT_SID_SUBS_MAX + 1, /* "S-1-" 0x%012x 15 x "-4294967295" */
};

struct nt_sid {
    uint64_t authority; /* 48 bits */
    uint32_t sub[NT_SID_SUBS_MAX];
    uint8_t count;
};

/* NT_SID(5, 32, 544) is S-1-5-32-544. */
#define NT_SID(authority_, ...)                                       \
    {                                                                 \
        .authority = (authority_), .sub = {__VA_ARGS__},              \
        .count = sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t) \
    }

/* The SIDs that the rules in this folder speak of ([MS-DTYP] 2.4.2.4). */
extern const struct nt_sid NT_EVERYONE;            /* S-1-1-0 */
extern const struct nt_sid NT_CREATOR_OWNER;       /* S-1-3-0 */
extern const struct nt_sid NT_CREATOR_GROUP;       /* S-1-3-1 */
extern const struct nt_sid NT_OWNER_RIGHTS;        /* S-1-3-4 */
extern const struct nt_sid NT_LOCAL;               /* S-1-2-0 */
extern const struct nt_sid NT_CONSOLE_LOGON;       /* S-1-2-1 */
extern const struct nt_sid NT_INTERACTIVE;         /* S-1-5-4 */
extern const struct nt_sid NT_AUTHENTICATED_USERS; /* S-1-5-11 */
extern const struct nt_sid NT_RESTRICTED_CODE;     /* S-1-5-12 */
extern const struct nt_sid NT_SYSTEM;              /* S-1-5-18 */
extern const struct nt_sid NT_WRITE_RESTRICTED;    /* S-1-5-33 */
extern const struct nt_sid NT_ADMINISTRATORS;      /* S-1-5-32-544 */
extern const struct nt_sid NT_USERS;               /* S-1-5-32-545 */
extern const struct nt_sid NT_ALL_PACKAGES;        /* S-1-15-2-1 */
extern const struct nt_sid NT_RESTRICTED_PACKAGES; /* S-1-15-2-2 */

bool nt_sid_equal(const struct nt_sid *a, const struct nt_sid *b);
/* Order by authority, then parts: for sorting, it has no meaning of its own. */
int nt_sid_compare(const struct nt_sid *a, const struct nt_sid *b);
/* S-1-5-5-x-y: a logon session. */
bool nt_sid_is_logon(const struct nt_sid *sid);
/* S-1-16-n; the level in *level. */
bool nt_sid_is_integrity(const struct nt_sid *sid, uint32_t *level);
struct nt_sid nt_sid_integrity(uint32_t level);

/* Binary form: 8 + 4n bytes. */
size_t nt_sid_size(const struct nt_sid *sid);
void nt_sid_write(const struct nt_sid *sid, uint8_t *out);
/* Reads one SID from the start of bytes; *sid untouched on failure. */
int nt_sid_read(const uint8_t *bytes, size_t size, struct nt_sid *sid, struct error *err);

/* "S-1-5-32-544". An authority above 32 bits is written as twelve hex digits ([MS-DTYP] 2.4.2.1). */
void nt_sid_format(const struct nt_sid *sid, char text[NT_SID_TEXT_MAX]);
int nt_sid_parse(const char *text, struct nt_sid *sid, struct error *err);
/* The same at the start of a longer text; *length says how much was the SID. */
int nt_sid_parse_start(const char *text, struct nt_sid *sid, size_t *length, struct error *err);

/* The two-letter names of SDDL ([MS-DTYP] 2.5.1.1). domain: for names that are relative to the
 * machine or domain ("LA", "DU"); NULL: these are refused. */
int nt_sid_from_alias(const char alias[2], const struct nt_sid *domain, struct nt_sid *sid,
                      struct error *err);
/* "BA" for S-1-5-32-544; NULL when it has none that every machine understands the same way. */
const char *nt_sid_alias(const struct nt_sid *sid);

#endif

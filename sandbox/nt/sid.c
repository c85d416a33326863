/* SIDs: binary and text forms, both ways. Names of accounts are the machine's business, not ours. */
#include "sandbox/nt/sid.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "sandbox/nt/bytes.h"

const struct nt_sid NT_EVERYONE = NT_SID(1, 0);
const struct nt_sid NT_CREATOR_OWNER = NT_SID(3, 0);
const struct nt_sid NT_CREATOR_GROUP = NT_SID(3, 1);
const struct nt_sid NT_OWNER_RIGHTS = NT_SID(3, 4);
const struct nt_sid NT_LOCAL = NT_SID(2, 0);
const struct nt_sid NT_CONSOLE_LOGON = NT_SID(2, 1);
const struct nt_sid NT_INTERACTIVE = NT_SID(5, 4);
const struct nt_sid NT_AUTHENTICATED_USERS = NT_SID(5, 11);
const struct nt_sid NT_RESTRICTED_CODE = NT_SID(5, 12);
const struct nt_sid NT_SYSTEM = NT_SID(5, 18);
const struct nt_sid NT_WRITE_RESTRICTED = NT_SID(5, 33);
const struct nt_sid NT_ADMINISTRATORS = NT_SID(5, 32, 544);
const struct nt_sid NT_USERS = NT_SID(5, 32, 545);
const struct nt_sid NT_ALL_PACKAGES = NT_SID(15, 2, 1);
const struct nt_sid NT_RESTRICTED_PACKAGES = NT_SID(15, 2, 2);

int nt_sid_compare(const struct nt_sid *a, const struct nt_sid *b)
{
    if (a->authority != b->authority)
        return a->authority < b->authority ? -1 : 1;
    for (size_t i = 0; i < a->count && i < b->count; i++) {
        if (a->sub[i] != b->sub[i])
            return a->sub[i] < b->sub[i] ? -1 : 1;
    }
    return (a->count > b->count) - (a->count < b->count);
}

bool nt_sid_equal(const struct nt_sid *a, const struct nt_sid *b)
{
    return nt_sid_compare(a, b) == 0;
}

bool nt_sid_is_logon(const struct nt_sid *sid)
{
    return sid->authority == 5 && sid->count == 3 && sid->sub[0] == 5;
}

bool nt_sid_is_integrity(const struct nt_sid *sid, uint32_t *level)
{
    if (sid->authority != 16 || sid->count != 1)
        return false;
    *level = sid->sub[0];
    return true;
}

struct nt_sid nt_sid_integrity(uint32_t level)
{
    return (struct nt_sid){.authority = 16, .sub = {level}, .count = 1};
}

/* Binary: revision, count, six bytes of authority (big-endian), the parts (little-endian). */

size_t nt_sid_size(const struct nt_sid *sid)
{
    return 8 + 4 * (size_t)sid->count;
}

void nt_sid_write(const struct nt_sid *sid, uint8_t *out)
{
    out[0] = 1;
    out[1] = sid->count;
    for (int i = 0; i < 6; i++)
        out[2 + i] = (uint8_t)(sid->authority >> (40 - 8 * i) & 0xff);
    for (size_t i = 0; i < sid->count; i++)
        nt_put32(out + 8 + 4 * i, sid->sub[i]);
}

int nt_sid_read(const uint8_t *bytes, size_t size, struct nt_sid *sid, struct error *err)
{
    struct nt_sid found = {0};

    if (size < 8 || bytes[0] != 1 || bytes[1] > NT_SID_SUBS_MAX || size < 8 + 4 * (size_t)bytes[1])
        return error_set(err, ERR_CORRUPT, "SID: %zu bytes are not one", size);
    found.count = bytes[1];
    for (int i = 0; i < 6; i++)
        found.authority = found.authority << 8 | bytes[2 + i];
    for (size_t i = 0; i < found.count; i++)
        found.sub[i] = nt_get32(bytes + 8 + 4 * i);
    *sid = found;
    return 0;
}

/* Text ------------------------------------------------------------------------------------ */

void nt_sid_format(const struct nt_sid *sid, char text[NT_SID_TEXT_MAX])
{
    int used;

    if (sid->authority > 0xffffffff)
        used = snprintf(text, NT_SID_TEXT_MAX, "S-1-0x%012" PRIx64, sid->authority);
    else
        used = snprintf(text, NT_SID_TEXT_MAX, "S-1-%" PRIu64, sid->authority);
    for (size_t i = 0; i < sid->count; i++)
        used += snprintf(text + used, NT_SID_TEXT_MAX - (size_t)used, "-%" PRIu32, sid->sub[i]);
}

static int digit_value(char c, int base)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (base == 16 && c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (base == 16 && c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* The number at text, of at most width digits; how many characters it took, 0 if there is none or it is
 * above max. */
static size_t read_number(const char *text, int base, size_t width, uint64_t max, uint64_t *value)
{
    uint64_t number = 0;
    size_t used = 0;

    for (int digit; used < width && (digit = digit_value(text[used], base)) >= 0; used++) {
        if (number > (max - (uint64_t)digit) / (uint64_t)base)
            return 0;
        number = number * (uint64_t)base + (uint64_t)digit;
    }
    *value = number;
    return used;
}

static size_t read_authority(const char *text, uint64_t *value)
{
    size_t used;

    if (text[0] != '0' || (text[1] != 'x' && text[1] != 'X'))
        return read_number(text, 10, SIZE_MAX, 0xffffffffffff, value);
    /* [MS-DTYP] 2.4.2.1: twelve digits; in SDDL a "D:" may follow that looks like a thirteenth */
    used = read_number(text + 2, 16, 12, 0xffffffffffff, value);
    return used == 0 ? 0 : used + 2;
}

int nt_sid_parse_start(const char *text, struct nt_sid *sid, size_t *length, struct error *err)
{
    struct nt_sid found = {0};
    size_t at = 4;
    size_t used;

    if (strncmp(text, "S-1-", 4) != 0 && strncmp(text, "s-1-", 4) != 0)
        return error_set(err, ERR_INVALID, "SID: \"%.40s\" does not begin with S-1-", text);
    used = read_authority(text + at, &found.authority);
    if (used == 0)
        return error_set(err, ERR_INVALID, "SID: \"%.40s\": no authority", text);
    at += used;
    while (text[at] == '-') {
        uint64_t part = 0;

        used = read_number(text + at + 1, 10, SIZE_MAX, UINT32_MAX, &part);
        if (used == 0 || found.count == NT_SID_SUBS_MAX)
            return error_set(err, ERR_INVALID, "SID: \"%.190s\": part %u is not one", text,
                             found.count + 1u);
        found.sub[found.count++] = (uint32_t)part;
        at += 1 + used;
    }
    *sid = found;
    *length = at;
    return 0;
}

int nt_sid_parse(const char *text, struct nt_sid *sid, struct error *err)
{
    struct nt_sid found;
    size_t length = 0;

    if (nt_sid_parse_start(text, &found, &length, err) < 0)
        return -1;
    if (text[length] != '\0')
        return error_set(err, ERR_INVALID, "SID: \"%.190s\": something follows it", text);
    *sid = found;
    return 0;
}

/* Two-letter names -------------------------------------------------------------------------- */

struct alias {
    char name[3];
    bool is_relative; /* sub[0] is the last part below the machine's or domain's SID */
    struct nt_sid sid;
};

/* [MS-DTYP] 2.5.1.1 and the SID strings page of the Win32 documentation. */
static const struct alias aliases[] = {
    {"WD", false, NT_SID(1, 0)},
    {"CO", false, NT_SID(3, 0)},
    {"CG", false, NT_SID(3, 1)},
    {"OW", false, NT_SID(3, 4)},
    {"NU", false, NT_SID(5, 2)},
    {"IU", false, NT_SID(5, 4)},
    {"SU", false, NT_SID(5, 6)},
    {"AN", false, NT_SID(5, 7)},
    {"ED", false, NT_SID(5, 9)},
    {"PS", false, NT_SID(5, 10)},
    {"AU", false, NT_SID(5, 11)},
    {"RC", false, NT_SID(5, 12)},
    {"SY", false, NT_SID(5, 18)},
    {"LS", false, NT_SID(5, 19)},
    {"NS", false, NT_SID(5, 20)},
    {"WR", false, NT_SID(5, 33)},
    {"BA", false, NT_SID(5, 32, 544)},
    {"BU", false, NT_SID(5, 32, 545)},
    {"BG", false, NT_SID(5, 32, 546)},
    {"PU", false, NT_SID(5, 32, 547)},
    {"AO", false, NT_SID(5, 32, 548)},
    {"SO", false, NT_SID(5, 32, 549)},
    {"PO", false, NT_SID(5, 32, 550)},
    {"BO", false, NT_SID(5, 32, 551)},
    {"RE", false, NT_SID(5, 32, 552)},
    {"RU", false, NT_SID(5, 32, 554)},
    {"RD", false, NT_SID(5, 32, 555)},
    {"NO", false, NT_SID(5, 32, 556)},
    {"MU", false, NT_SID(5, 32, 558)},
    {"LU", false, NT_SID(5, 32, 559)},
    {"IS", false, NT_SID(5, 32, 568)},
    {"CY", false, NT_SID(5, 32, 569)},
    {"ER", false, NT_SID(5, 32, 573)},
    {"CD", false, NT_SID(5, 32, 574)},
    {"RA", false, NT_SID(5, 32, 575)},
    {"ES", false, NT_SID(5, 32, 576)},
    {"MS", false, NT_SID(5, 32, 577)},
    {"HA", false, NT_SID(5, 32, 578)},
    {"AA", false, NT_SID(5, 32, 579)},
    {"RM", false, NT_SID(5, 32, 580)},
    {"AC", false, NT_SID(15, 2, 1)},
    {"LW", false, NT_SID(16, 0x1000)},
    {"ME", false, NT_SID(16, 0x2000)},
    {"MP", false, NT_SID(16, 0x2100)},
    {"HI", false, NT_SID(16, 0x3000)},
    {"SI", false, NT_SID(16, 0x4000)},
    {"AS", false, NT_SID(18, 1)},
    {"SS", false, NT_SID(18, 2)},
    {"UD", false, NT_SID(5, 84, 0, 0, 0, 0, 0)},
    {"RO", true, NT_SID(5, 498)},
    {"LA", true, NT_SID(5, 500)},
    {"LG", true, NT_SID(5, 501)},
    {"DA", true, NT_SID(5, 512)},
    {"DU", true, NT_SID(5, 513)},
    {"DG", true, NT_SID(5, 514)},
    {"DC", true, NT_SID(5, 515)},
    {"DD", true, NT_SID(5, 516)},
    {"CA", true, NT_SID(5, 517)},
    {"SA", true, NT_SID(5, 518)},
    {"EA", true, NT_SID(5, 519)},
    {"PA", true, NT_SID(5, 520)},
    {"CN", true, NT_SID(5, 522)},
    {"AP", true, NT_SID(5, 525)},
    {"KA", true, NT_SID(5, 526)},
    {"EK", true, NT_SID(5, 527)},
    {"RS", true, NT_SID(5, 553)},
};

static int below_domain(const struct alias *alias, const struct nt_sid *domain, struct nt_sid *sid,
                        struct error *err)
{
    if (domain == NULL || domain->count >= NT_SID_SUBS_MAX)
        return error_set(err, ERR_UNSUPPORTED, "SDDL: \"%s\" needs a domain, and there is none",
                         alias->name);
    *sid = *domain;
    sid->sub[sid->count++] = alias->sid.sub[0];
    return 0;
}

int nt_sid_from_alias(const char alias[2], const struct nt_sid *domain, struct nt_sid *sid,
                      struct error *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(aliases); i++) {
        if (aliases[i].name[0] != alias[0] || aliases[i].name[1] != alias[1])
            continue;
        if (aliases[i].is_relative)
            return below_domain(&aliases[i], domain, sid, err);
        *sid = aliases[i].sid;
        return 0;
    }
    return error_set(err, ERR_INVALID, "SDDL: \"%.2s\" names nobody", alias);
}

const char *nt_sid_alias(const struct nt_sid *sid)
{
    for (size_t i = 0; i < ARRAY_SIZE(aliases); i++) {
        if (!aliases[i].is_relative && nt_sid_equal(&aliases[i].sid, sid))
            return aliases[i].name;
    }
    return NULL;
}

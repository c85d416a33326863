#include "base/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "sandbox/nt/nt.h"
#include "sandbox/nt/sid.h"

/* [MS-DTYP] 2.4.2.1: the authority is decimal up to 32 bits, twelve hex digits above. */
static const char *const texts[] = {
    "S-1-0-0",
    "S-1-5-18",
    "S-1-5-32-544",
    "S-1-5-21-3623811015-3361044348-30300820-1013",
    "S-1-4294967295-1",
    "S-1-0x000100000000-7",
    "S-1-0xffffffffffff-4294967295",
    "S-1-15-2-1-2-3-4-5-6-7-8-9-10-11-12-13-14",
};

Test(sid, text_and_binary_come_back_unchanged)
{
    struct error err = {0};

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        uint8_t bytes[NT_SID_BYTES_MAX];
        char text[NT_SID_TEXT_MAX];
        struct nt_sid sid;
        struct nt_sid again;

        cr_assert_eq(nt_sid_parse(texts[i], &sid, &err), 0, "%s", err.message);
        nt_sid_write(&sid, bytes);
        cr_assert_eq(nt_sid_read(bytes, nt_sid_size(&sid), &again, &err), 0, "%s", err.message);
        cr_assert(nt_sid_equal(&sid, &again), "%s", texts[i]);
        nt_sid_format(&again, text);
        cr_assert_str_eq(text, texts[i]);
    }
}

Test(sid, binary_form_is_the_documented_one)
{
    /* S-1-5-32-544: revision, two parts, authority big-endian, parts little-endian. */
    static const uint8_t wanted[] = {1, 2, 0, 0, 0, 0, 0, 5, 0x20, 0, 0, 0, 0x20, 2, 0, 0};
    uint8_t bytes[NT_SID_BYTES_MAX];

    nt_sid_write(&NT_ADMINISTRATORS, bytes);
    cr_assert_eq(nt_sid_size(&NT_ADMINISTRATORS), sizeof wanted);
    cr_assert_eq(memcmp(bytes, wanted, sizeof wanted), 0);
}

Test(sid, longest_text_fits_its_buffer)
{
    struct nt_sid sid = {.authority = 0xffffffffffff, .count = NT_SID_SUBS_MAX};
    char text[NT_SID_TEXT_MAX];

    memset(sid.sub, 0xff, sizeof sid.sub);
    nt_sid_format(&sid, text);
    cr_assert_eq(strlen(text), NT_SID_TEXT_MAX - 1u);
}

Test(sid, malformed_text_is_refused)
{
    static const char *const bad[] = {
        "",
        "S-1",
        "S-2-5-18",
        "S-1-",
        "S-1-5-",
        "S-1-5-x",
        "S-1-5-4294967296",
        "S-1-281474976710656-1",
        "S-1-5-18 ",
        "S-1-5--18",
        "S-1-0x-1",
        "S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15-16",
    };
    struct error err = {0};

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct nt_sid sid = {.authority = 99};

        cr_assert_eq(nt_sid_parse(bad[i], &sid, &err), -1, "accepted \"%s\"", bad[i]);
        cr_assert_eq(sid.authority, 99, "output touched by \"%s\"", bad[i]);
    }
}

Test(sid, truncated_binary_is_refused)
{
    uint8_t bytes[NT_SID_BYTES_MAX];
    struct nt_sid sid;
    struct error err = {0};

    nt_sid_write(&NT_ADMINISTRATORS, bytes);
    for (size_t size = 0; size < nt_sid_size(&NT_ADMINISTRATORS); size++)
        cr_assert_eq(nt_sid_read(bytes, size, &sid, &err), -1, "%zu bytes accepted", size);
    bytes[1] = 16;
    cr_assert_eq(nt_sid_read(bytes, sizeof bytes, &sid, &err), -1, "sixteen parts accepted");
    bytes[1] = 2;
    bytes[0] = 2;
    cr_assert_eq(nt_sid_read(bytes, sizeof bytes, &sid, &err), -1, "revision 2 accepted");
}

Test(sid, aliases_name_what_the_documentation_says)
{
    struct nt_sid domain = NT_SID(5, 21, 1, 2, 3);
    struct nt_sid admin = NT_SID(5, 21, 1, 2, 3, 500);
    struct nt_sid sid;
    struct error err = {0};

    cr_assert_eq(nt_sid_from_alias("BA", NULL, &sid, &err), 0);
    cr_assert(nt_sid_equal(&sid, &NT_ADMINISTRATORS));
    cr_assert_eq(nt_sid_from_alias("LA", &domain, &sid, &err), 0);
    cr_assert(nt_sid_equal(&sid, &admin));
    cr_assert_eq(nt_sid_from_alias("LA", NULL, &sid, &err), -1, "no domain, no LA");
    cr_assert_eq(nt_sid_from_alias("ZZ", NULL, &sid, &err), -1);
    cr_assert_str_eq(nt_sid_alias(&NT_OWNER_RIGHTS), "OW");
    cr_assert_null(nt_sid_alias(&domain));
}

Test(sid, logon_and_integrity_sids_are_told_apart)
{
    struct nt_sid logon = NT_SID(5, 5, 0, 110260);
    struct nt_sid service = NT_SID(5, 5, 0);
    struct nt_sid low = nt_sid_integrity(NT_INTEGRITY_LOW);
    uint32_t level = 0;

    cr_assert(nt_sid_is_logon(&logon));
    cr_assert(!nt_sid_is_logon(&service));
    cr_assert(!nt_sid_is_logon(&NT_ADMINISTRATORS));
    cr_assert(nt_sid_is_integrity(&low, &level));
    cr_assert_eq(level, NT_INTEGRITY_LOW);
    cr_assert(!nt_sid_is_integrity(&NT_SYSTEM, &level));
}

Test(sid, order_is_total)
{
    struct nt_sid shorter = NT_SID(5, 32);
    struct nt_sid longer = NT_SID(5, 32, 1);

    cr_assert(nt_sid_compare(&shorter, &longer) < 0);
    cr_assert(nt_sid_compare(&longer, &shorter) > 0);
    cr_assert(nt_sid_compare(&NT_EVERYONE, &longer) < 0);
    cr_assert_eq(nt_sid_compare(&longer, &longer), 0);
}

#include "base/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "sandbox/nt/bytes.h"
#include "sandbox/nt/sd.h"

static void parse(const char *text, struct nt_sd *sd)
{
    struct error err = {0};

    cr_assert_eq(nt_sddl_parse(text, NULL, sd, &err), 0, "%s", err.message);
}

static uint8_t *encode(const struct nt_sd *sd, size_t *size)
{
    uint8_t *bytes = malloc(nt_sd_size(sd));
    struct error err = {0};

    cr_assert_not_null(bytes);
    cr_assert_eq(nt_sd_write(sd, bytes, &err), 0, "%s", err.message);
    *size = nt_sd_size(sd);
    return bytes;
}

/* In the form the writer chooses, so that text -> text is the identity. */
static const char *const descriptors[] = {
    "",
    "O:BA",
    "O:SYG:SYD:",
    "D:NO_ACCESS_CONTROL",
    "O:S-1-0x003a16000000D:AI(A;;FA;;;WD)", /* the D is no digit of the authority */
    "O:BAG:SYD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)",
    "O:SYG:SYD:PAI(A;;FA;;;SY)(A;;FA;;;BA)(A;;0x1200a9;;;BU)(A;;0x1200a9;;;AC)",
    ("O:S-1-5-21-1-2-3-1001G:S-1-5-21-1-2-3-513D:AI(D;;0xd0156;;;S-1-5-21-9-8-7-6)"
     "(A;OICI;0x1301bf;;;S-1-5-21-9-8-7-6)(A;OICIID;FA;;;SY)(A;OICIIOID;GA;;;CO)"),
    "D:ARAI(A;NP;FR;;;WD)S:(ML;;NW;;;LW)",
    "D:(A;;GRGW;;;OW)S:AI(ML;OICI;NWNRNX;;;ME)(AU;SAFA;FA;;;WD)(AU;IDFA;SD;;;AN)",
    "D:(A;;0x0;;;WD)(A;;0x1;;;BG)(A;;0x2000000;;;IU)(A;;RCSDWDWO;;;BU)(A;;GAGRGWGX;;;BU)",
    "O:S-1-0x000100000000-7D:(A;;KA;;;SY)(A;;KR;;;WR)(A;;KW;;;RC)",
};

Test(sd, sddl_comes_back_unchanged)
{
    for (size_t i = 0; i < ARRAY_SIZE(descriptors); i++) {
        AUTO_SD struct nt_sd sd = NT_SD_EMPTY;
        struct error err = {0};
        AUTO_FREE char *text = NULL;

        parse(descriptors[i], &sd);
        text = nt_sddl_format(&sd, &err);
        cr_assert_not_null(text, "%s", err.message);
        cr_assert_str_eq(text, descriptors[i]);
    }
}

Test(sd, binary_comes_back_unchanged)
{
    for (size_t i = 0; i < ARRAY_SIZE(descriptors); i++) {
        AUTO_SD struct nt_sd sd = NT_SD_EMPTY;
        AUTO_SD struct nt_sd again = NT_SD_EMPTY;
        AUTO_FREE uint8_t *bytes = NULL;
        AUTO_FREE uint8_t *second = NULL;
        size_t size = 0;
        size_t second_size = 0;
        struct error err = {0};

        parse(descriptors[i], &sd);
        bytes = encode(&sd, &size);
        cr_assert_eq(nt_sd_read(bytes, size, &again, &err), 0, "%s", err.message);
        cr_assert(nt_sd_equal(&sd, &again), "%s", descriptors[i]);
        second = encode(&again, &second_size);
        cr_assert_eq(second_size, size);
        cr_assert_eq(memcmp(bytes, second, size), 0);
    }
}

Test(sd, every_truncation_and_every_flipped_length_is_survived)
{
    AUTO_SD struct nt_sd sd = NT_SD_EMPTY;
    AUTO_FREE uint8_t *bytes = NULL;
    size_t size = 0;
    struct error err = {0};

    parse(descriptors[6], &sd);
    bytes = encode(&sd, &size);
    for (size_t cut = 0; cut < size; cut++) {
        AUTO_FREE uint8_t *part = malloc(cut + 1);
        AUTO_SD struct nt_sd out = NT_SD_EMPTY;

        cr_assert_not_null(part);
        memcpy(part, bytes, cut);
        cr_assert_eq(nt_sd_read(part, cut, &out, &err), -1, "%zu of %zu bytes accepted", cut, size);
    }
    for (size_t at = 0; at < size; at++) {
        for (unsigned value = 0; value < 256; value += 15) {
            AUTO_SD struct nt_sd out = NT_SD_EMPTY;
            uint8_t kept = bytes[at];

            bytes[at] = (uint8_t)value;
            if (nt_sd_read(bytes, size, &out, &err) == 0)
                cr_assert(nt_sd_size(&out) <= size + 0xffff);
            bytes[at] = kept;
        }
    }
}

Test(sd, absent_null_and_empty_dacl_are_three_things)
{
    AUTO_SD struct nt_sd absent = NT_SD_EMPTY;
    AUTO_SD struct nt_sd null = NT_SD_EMPTY;
    AUTO_SD struct nt_sd empty = NT_SD_EMPTY;

    parse("O:SY", &absent);
    parse("O:SYD:NO_ACCESS_CONTROL", &null);
    parse("O:SYD:", &empty);
    cr_assert(nt_sd_is_open(&absent));
    cr_assert(nt_sd_is_open(&null));
    cr_assert(!nt_sd_is_open(&empty));
    cr_assert(!nt_sd_equal(&absent, &null));
    cr_assert(!nt_sd_equal(&null, &empty));
}

/* The example of the Win32 page "Security Descriptor String Format". */
Test(sd, documented_example_is_read)
{
    AUTO_SD struct nt_sd sd = NT_SD_EMPTY;
    struct nt_sid domain = NT_SID(5, 21, 397955417, 626881126, 188441444);
    struct nt_sid domain_admins = NT_SID(5, 21, 397955417, 626881126, 188441444, 512);
    struct nt_sid account_operators = NT_SID(5, 32, 548);
    struct nt_sid nobody = NT_SID(0, 0);
    struct error err = {0};

    cr_assert_eq(nt_sddl_parse("O:AOG:DAD:(A;;RPWPCCDCLCSWRCWDWOGA;;;S-1-0-0)", &domain, &sd, &err),
                 0, "%s", err.message);
    cr_assert(nt_sid_equal(&sd.owner, &account_operators));
    cr_assert(nt_sid_equal(&sd.group, &domain_admins));
    cr_assert_eq(sd.dacl.count, 1);
    cr_assert_eq(sd.dacl.aces[0].mask, 0x100e003fu, "the page prints 0x100e003f");
    cr_assert(nt_sid_equal(&sd.dacl.aces[0].sid, &nobody));
}

Test(sd, masks_may_be_hex_octal_or_decimal)
{
    AUTO_SD struct nt_sd sd = NT_SD_EMPTY;

    parse("D:(A;;0x1F01FF;;;WD)(A;;0777;;;WD)(A;;1179785;;;WD)(A;;KX;;;WD)", &sd);
    cr_assert_eq(sd.dacl.aces[0].mask, NT_FILE_ALL);
    cr_assert_eq(sd.dacl.aces[1].mask, 0x1ffu);
    cr_assert_eq(sd.dacl.aces[2].mask, NT_FILE_GENERIC_READ);
    cr_assert_eq(sd.dacl.aces[3].mask, 0x20019u);
}

Test(sd, malformed_sddl_is_refused)
{
    static const char *const bad[] = {
        "X:",
        "O",
        "O:",
        "O:B",
        "O:ZZ",
        "O:BAO:BA",
        "O:S-1-5-",
        "D:(",
        "D:(A",
        "D:(A;;FA;;;WD",
        "D:(A;;FA;;WD)",
        "D:(A;;FA;;;)",
        "D:(A;OX;FA;;;WD)",
        "D:(A;;FQ;;;WD)",
        "D:(A;;0x;;;WD)",
        "D:(A;;0x1ffffffff;;;WD)",
        "D:(A;;09;;;WD)",
        "D:(A;;FA;;;WD)junk",
        "D:NO_ACCESS_CONTROL(A;;FA;;;WD)",
        "D:(OA;;CR;ab721a53-1e2f-11d0-9819-00aa0040529b;;WD)",
        "D:(XA;;FX;;;S-1-1-0;(@User.Title==\"VP\"))",
        "D:(A;;FA;;;LA)",
        "D:(OA;;CR;;;WD)",
        "D:(OD;;CR;;;WD)",
        "D:(XA;;FX;;;WD)",
        "D:(XD;;FX;;;WD)",
        "D:(ZA;;FX;;;WD)",
        "S:(RA;;;;;WD)",
        "S:(SP;;;;;WD)",
        "S:(TL;;;;;WD)",
    };

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        AUTO_SD struct nt_sd sd = NT_SD_EMPTY;
        struct error err = {0};

        cr_assert_eq(nt_sddl_parse(bad[i], NULL, &sd, &err), -1, "accepted \"%s\"", bad[i]);
        cr_assert(err.message[0] != '\0');
        cr_assert(!sd.has_owner && !sd.has_dacl, "output touched by \"%s\"", bad[i]);
    }
}

Test(acl, unknown_ace_keeps_its_bytes)
{
    /* An ACL of one object ACE (type 5) with a body of 8 bytes that mean nothing here. */
    static const uint8_t bytes[] = {4, 0, 20, 0, 1, 0, 0, 0, 5, 3, 12, 0, 1, 2, 3, 4, 5, 6, 7, 8};
    AUTO_ACL struct nt_acl acl = NT_ACL_EMPTY;
    uint8_t out[sizeof bytes];
    struct error err = {0};

    cr_assert_eq(nt_acl_read(bytes, sizeof bytes, &acl, &err), 0, "%s", err.message);
    cr_assert(acl.aces[0].is_opaque);
    cr_assert_eq(nt_acl_size(&acl), sizeof bytes);
    cr_assert_eq(nt_acl_write(&acl, out, &err), 0);
    cr_assert_eq(memcmp(out, bytes, sizeof bytes), 0);
}

Test(acl, conditional_ace_keeps_its_condition)
{
    uint8_t bytes[8 + 4 + 4 + 12 + 8] = {2, 0, 36, 0, 1, 0, 0, 0, 9, 0, 28, 0};
    AUTO_ACL struct nt_acl acl = NT_ACL_EMPTY;
    uint8_t out[sizeof bytes];
    struct error err = {0};

    nt_put32(bytes + 12, NT_FILE_ALL);
    nt_sid_write(&NT_EVERYONE, bytes + 16);
    memcpy(bytes + 28, "artx\1\2\3\4", 8);
    cr_assert_eq(nt_acl_read(bytes, sizeof bytes, &acl, &err), 0, "%s", err.message);
    cr_assert(!acl.aces[0].is_opaque);
    cr_assert_eq(acl.aces[0].tail_size, 8);
    cr_assert(nt_sid_equal(&acl.aces[0].sid, &NT_EVERYONE));
    cr_assert_eq(nt_acl_write(&acl, out, &err), 0);
    cr_assert_eq(memcmp(out, bytes, sizeof bytes), 0);
}

Test(acl, more_than_64_kib_is_refused)
{
    AUTO_ACL struct nt_acl acl = NT_ACL_EMPTY;
    struct nt_ace ace = nt_ace_make(NT_ACE_ALLOW, 0, 1, &NT_EVERYONE);
    AUTO_FREE uint8_t *out = malloc(8 + 4000 * 20);
    struct error err = {0};

    cr_assert_not_null(out);
    for (int i = 0; i < 4000; i++)
        cr_assert_eq(nt_acl_add(&acl, &ace, &err), 0);
    cr_assert_eq(nt_acl_write(&acl, out, &err), -1);
    cr_assert_eq(err.code, ERR_UNSUPPORTED);
}

Test(acl, canonical_order_is_recognised)
{
    AUTO_SD struct nt_sd good = NT_SD_EMPTY;
    AUTO_SD struct nt_sd bad = NT_SD_EMPTY;
    AUTO_SD struct nt_sd inherited_first = NT_SD_EMPTY;

    parse("D:(D;;FW;;;WD)(A;;FR;;;WD)(D;ID;FA;;;BU)(A;ID;FA;;;BU)(D;ID;FA;;;BG)", &good);
    parse("D:(A;;FR;;;WD)(D;;FW;;;WD)", &bad);
    parse("D:(A;ID;FR;;;WD)(A;;FW;;;WD)", &inherited_first);
    cr_assert(nt_acl_is_canonical(&good.dacl));
    cr_assert(!nt_acl_is_canonical(&bad.dacl));
    cr_assert(!nt_acl_is_canonical(&inherited_first.dacl));
}

Test(acl, entries_are_inserted_copied_and_removed)
{
    AUTO_ACL struct nt_acl acl = NT_ACL_EMPTY;
    AUTO_ACL struct nt_acl copy = NT_ACL_EMPTY;
    struct nt_ace a = nt_ace_make(NT_ACE_ALLOW, 0, 1, &NT_EVERYONE);
    struct nt_ace b = nt_ace_make(NT_ACE_DENY, NT_INHERIT_ALL, 2, &NT_USERS);
    struct error err = {0};

    cr_assert_eq(nt_acl_add(&acl, &a, &err), 0);
    cr_assert_eq(nt_acl_insert(&acl, 0, &b, &err), 0);
    cr_assert(nt_ace_equal(&acl.aces[0], &b) && nt_ace_equal(&acl.aces[1], &a));
    cr_assert_eq(nt_acl_copy(&copy, &acl, &err), 0);
    cr_assert(nt_acl_equal(&copy, &acl));
    nt_acl_remove(&acl, 0);
    cr_assert_eq(acl.count, 1);
    cr_assert(nt_ace_equal(&acl.aces[0], &a));
    cr_assert(!nt_acl_equal(&copy, &acl));
}

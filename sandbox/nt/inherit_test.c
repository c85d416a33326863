#include "base/test.h"

#include "base/auto.h"
#include "sandbox/nt/inherit.h"

#define OWNER "S-1-5-21-1-2-3-1001"
#define GROUP "S-1-5-21-1-2-3-513"

static void parse(const char *text, struct nt_sd *sd)
{
    struct error err = {0};

    cr_assert_eq(nt_sddl_parse(text, NULL, sd, &err), 0, "%s", err.message);
}

static void expect_child(const char *parent_text, bool is_container, const char *wanted)
{
    AUTO_SD struct nt_sd parent = NT_SD_EMPTY;
    AUTO_SD struct nt_sd child = NT_SD_EMPTY;
    AUTO_TOKEN struct nt_token token = NT_TOKEN_EMPTY;
    AUTO_SD struct nt_sd fallback = NT_SD_EMPTY;
    struct error err = {0};
    AUTO_FREE char *text = NULL;

    parse(parent_text, &parent);
    parse("D:(A;;GA;;;SY)(A;;GA;;;" OWNER ")", &fallback);
    cr_assert_eq(nt_sid_parse(OWNER, &token.user, &err), 0);
    cr_assert_eq(nt_sid_parse(GROUP, &token.primary_group, &err), 0);
    cr_assert_eq(nt_acl_copy(&token.default_dacl, &fallback.dacl, &err), 0);
    cr_assert_eq(
        nt_inherit_create(&parent, NULL, &token, is_container, &NT_FILE_MAPPING, &child, &err), 0,
        "%s", err.message);
    text = nt_sddl_format(&child, &err);
    cr_assert_not_null(text, "%s", err.message);
    cr_assert_str_eq(text, wanted);
}

#define MADE_BY "O:" OWNER "G:" GROUP

/* The rows of the table on the Win32 page "ACE Inheritance Rules". */
Test(inherit, flags_decide_who_gets_an_entry)
{
    expect_child("D:AI(A;OI;FR;;;WD)", false, MADE_BY "D:AI(A;ID;FR;;;WD)");
    expect_child("D:AI(A;OI;FR;;;WD)", true, MADE_BY "D:AI(A;OIIOID;FR;;;WD)");
    expect_child("D:AI(A;CI;FR;;;WD)(A;OI;FX;;;WD)", false, MADE_BY "D:AI(A;ID;FX;;;WD)");
    expect_child("D:AI(A;CI;FR;;;WD)", true, MADE_BY "D:AI(A;CIID;FR;;;WD)");
    expect_child("D:AI(A;OICI;FR;;;WD)", true, MADE_BY "D:AI(A;OICIID;FR;;;WD)");
    expect_child("D:AI(A;OICIIO;FR;;;WD)", true, MADE_BY "D:AI(A;OICIID;FR;;;WD)");
    expect_child("D:AI(A;OICINP;FR;;;WD)", true, MADE_BY "D:AI(A;ID;FR;;;WD)");
    expect_child("D:AI(A;OINP;FR;;;WD)(A;CI;FX;;;WD)", true, MADE_BY "D:AI(A;CIID;FX;;;WD)");
    expect_child("D:AI(D;OICI;FW;;;BG)(A;OICIID;FR;;;WD)", false,
                 MADE_BY "D:AI(D;ID;FW;;;BG)(A;ID;FR;;;WD)");
}

Test(inherit, without_inheritable_entries_the_default_dacl_is_used)
{
    expect_child("D:AI(A;;FA;;;WD)", false, MADE_BY "D:AI(A;;FA;;;SY)(A;;FA;;;" OWNER ")");
}

Test(inherit, a_parent_that_keeps_no_track_gives_unmarked_entries)
{
    expect_child("D:(A;OICI;FR;;;WD)", true, MADE_BY "D:(A;OICI;FR;;;WD)");
}

/* [MS-DTYP] 2.5.3.4: CREATOR OWNER splits into the owner here and itself below. */
Test(inherit, creator_owner_becomes_the_owner_and_stays_below)
{
    expect_child("D:AI(A;OICIIO;FA;;;CO)", false, MADE_BY "D:AI(A;ID;FA;;;" OWNER ")");
    expect_child("D:AI(A;OICIIO;FA;;;CO)", true,
                 MADE_BY "D:AI(A;ID;FA;;;" OWNER ")(A;OICIIOID;FA;;;CO)");
    expect_child("D:AI(A;OICIIO;FR;;;CG)", false, MADE_BY "D:AI(A;ID;FR;;;" GROUP ")");
}

Test(inherit, generic_rights_are_mapped_where_they_take_effect)
{
    expect_child("D:AI(A;OICI;GA;;;WD)", false, MADE_BY "D:AI(A;ID;FA;;;WD)");
    expect_child("D:AI(A;OICI;GA;;;WD)", true, MADE_BY "D:AI(A;ID;FA;;;WD)(A;OICIIOID;GA;;;WD)");
    expect_child("D:AI(A;OI;GR;;;WD)", true, MADE_BY "D:AI(A;OIIOID;GR;;;WD)");
}

/* What every new directory below C:\ gets (SDDL of a stock C:\ as widely printed). */
Test(inherit, stock_drive_root_makes_directories_writable_for_authenticated_users)
{
    expect_child("D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)"
                 "(A;OICIIO;SDGXGWGR;;;AU)(A;;LC;;;AU)",
                 true,
                 MADE_BY "D:AI(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)(A;OICIID;0x1200a9;;;BU)"
                         "(A;ID;0x1301bf;;;AU)(A;OICIIOID;GRGWGXSD;;;AU)");
}

Test(inherit, a_low_token_marks_what_it_creates)
{
    AUTO_SD struct nt_sd parent = NT_SD_EMPTY;
    AUTO_SD struct nt_sd child = NT_SD_EMPTY;
    AUTO_TOKEN struct nt_token token = NT_TOKEN_EMPTY;
    struct error err = {0};

    parse("D:AI(A;OICI;FA;;;WD)", &parent);
    token.integrity = NT_INTEGRITY_LOW;
    cr_assert_eq(nt_inherit_create(&parent, NULL, &token, false, &NT_FILE_MAPPING, &child, &err),
                 0);
    cr_assert_eq(child.sacl.count, 1);
    cr_assert_eq(child.sacl.aces[0].type, NT_ACE_MANDATORY_LABEL);
}

Test(inherit, a_given_dacl_is_taken_as_it_stands)
{
    AUTO_SD struct nt_sd parent = NT_SD_EMPTY;
    AUTO_SD struct nt_sd given = NT_SD_EMPTY;
    AUTO_SD struct nt_sd child = NT_SD_EMPTY;
    AUTO_TOKEN struct nt_token token = NT_TOKEN_EMPTY;
    struct error err = {0};

    parse("D:AI(D;OICI;FW;;;WD)", &parent);
    parse("D:P(A;;GA;;;WD)", &given);
    cr_assert_eq(nt_inherit_create(&parent, &given, &token, false, &NT_FILE_MAPPING, &child, &err),
                 0);
    cr_assert_eq(child.dacl.count, 1);
    cr_assert_eq(child.dacl.aces[0].mask, NT_FILE_ALL);
    cr_assert((child.control & NT_SD_DACL_PROTECTED) != 0);
}

static void expect_refreshed(const char *parent_text, const char *before, const char *wanted)
{
    AUTO_SD struct nt_sd parent = NT_SD_EMPTY;
    AUTO_SD struct nt_sd child = NT_SD_EMPTY;
    struct error err = {0};
    AUTO_FREE char *text = NULL;

    parse(parent_text, &parent);
    parse(before, &child);
    cr_assert_eq(nt_inherit_refresh(&parent, false, &NT_FILE_MAPPING, &child, &err), 0);
    text = nt_sddl_format(&child, &err);
    cr_assert_str_eq(text, wanted);
}

/* "Automatic Propagation of Inheritable ACEs". */
Test(inherit, refresh_replaces_inherited_entries_and_keeps_own_ones)
{
    expect_refreshed("D:AI(A;OICI;FA;;;BA)", "O:SYD:AI(A;;FR;;;WD)(A;ID;FW;;;BU)",
                     "O:SYD:AI(A;;FR;;;WD)(A;ID;FA;;;BA)");
    expect_refreshed("D:AI(A;OICI;FA;;;BA)", "O:SYD:PAI(A;ID;FW;;;BU)", "O:SYD:PAI(A;ID;FW;;;BU)");
    expect_refreshed("D:AI(A;OICI;FA;;;BA)", "O:SYD:NO_ACCESS_CONTROL", "O:SYD:NO_ACCESS_CONTROL");
}

/*
 * Cases written by hand from public documentation; each names where it is
 * from. "S" stands for the synthetic SID of a root, as in the plans.
 */
#include "base/test.h"

#include <string.h>

#include "base/auto.h"
#include "sandbox/nt/access.h"

#define USER    "S-1-5-21-1-2-3-1001"
#define OTHER   "S-1-5-21-1-2-3-1002"
#define ROOT    "S-1-5-21-9-9-9-9"
#define WRITE   NT_FILE_WRITE_DATA
#define READ    NT_FILE_READ_DATA
#define NO_BITS 0u

enum kind {
    PLAIN,
    RESTRICTED,
    WRITE_RESTRICTED
};

struct person {
    enum kind kind;
    const char *groups;      /* aliases or SIDs, separated by blanks; "-" in front: deny-only */
    const char *restricting; /* the same */
    bool is_user_deny_only;
    uint32_t privileges;
    uint32_t integrity; /* 0: medium */
};

static void each_sid(const char *list, struct nt_token *token, bool is_restricting)
{
    struct error err = {0};

    while (list != NULL && *list != '\0') {
        bool denies = *list == '-';
        char word[NT_SID_TEXT_MAX];
        size_t length;
        struct nt_sid sid;

        list += denies ? 1 : 0;
        length = strcspn(list, " ");
        memcpy(word, list, length);
        word[length] = '\0';
        list += length + (list[length] == ' ' ? 1 : 0);
        if (length == 2)
            cr_assert_eq(nt_sid_from_alias(word, NULL, &sid, &err), 0, "%s", err.message);
        else
            cr_assert_eq(nt_sid_parse(word, &sid, &err), 0, "%s", err.message);
        if (is_restricting)
            cr_assert_eq(nt_token_add_restricting(token, &sid, &err), 0);
        else
            cr_assert_eq(
                nt_token_add_group(token, &sid, denies ? NT_GROUP_DENY_ONLY : NT_GROUP_USUAL, &err),
                0);
    }
}

static struct nt_access try_with(const struct person *person, const char *sddl, uint32_t desired,
                                 uint32_t extra)
{
    AUTO_TOKEN struct nt_token token = NT_TOKEN_EMPTY;
    AUTO_SD struct nt_sd sd = NT_SD_EMPTY;
    struct error err = {0};
    struct nt_access_check check = {.sd = &sd,
                                    .token = &token,
                                    .desired = desired,
                                    .mapping = &NT_FILE_MAPPING,
                                    .extra_write_bits = extra};

    cr_assert_eq(nt_sid_parse(USER, &token.user, &err), 0);
    cr_assert_eq(nt_sddl_parse(sddl, NULL, &sd, &err), 0, "%s", err.message);
    each_sid(person->groups, &token, false);
    each_sid(person->restricting, &token, true);
    token.is_restricted = person->kind != PLAIN;
    token.is_write_restricted = person->kind == WRITE_RESTRICTED;
    token.is_user_deny_only = person->is_user_deny_only;
    token.privileges = person->privileges;
    token.integrity = person->integrity == 0 ? NT_INTEGRITY_MEDIUM : person->integrity;
    return nt_access_check(&check);
}

static bool may(const struct person *person, const char *sddl, uint32_t desired)
{
    return try_with(person, sddl, desired, 0).is_allowed;
}

static const struct person plain = {.groups = "WD AU BU"};
/* The unelevated child: reads as the user, writes only where the root's SID is allowed. */
static const struct person child = {
    .kind = WRITE_RESTRICTED, .groups = "WD AU BU", .restricting = ROOT};

/* "DACLs and ACEs" of the Win32 documentation: no DACL lets everybody, an empty one nobody. */
Test(access, null_dacl_lets_everybody_and_empty_dacl_nobody)
{
    cr_assert(may(&plain, "O:SYD:NO_ACCESS_CONTROL", NT_FILE_ALL));
    cr_assert(may(&plain, "O:SY", NT_FILE_ALL));
    cr_assert(!may(&plain, "O:SYD:", READ));
    cr_assert(may(&child, "O:SYD:NO_ACCESS_CONTROL", NT_FILE_ALL),
              "a NULL DACL also lets a restricted token");
}

/* "How AccessCheck Works" of the Win32 documentation: thread A is denied by entry 1, thread B gets
 * write from entry 2 and read and execute from entry 3. */
Test(access, order_of_entries_decides)
{
    static const char sddl[] = "O:SYD:(D;;FRFWFX;;;BG)(A;;FW;;;BU)(A;;FRFX;;;WD)";
    static const struct person guest = {.groups = "WD BG BU"};

    cr_assert(may(&plain, sddl, NT_FILE_GENERIC_READ | NT_FILE_GENERIC_WRITE));
    cr_assert(!may(&guest, sddl, READ));
    cr_assert(may(&guest, "O:SYD:(A;;FR;;;WD)(D;;FR;;;BG)", READ),
              "an allow that comes first is not taken back");
    cr_assert(!may(&plain, "O:SYD:(A;;FR;;;WD)", READ | WRITE), "all bits or none");
}

Test(access, generic_rights_mean_the_mapping)
{
    cr_assert(may(&plain, "O:SYD:(A;;FR;;;WD)", NT_GENERIC_READ));
    cr_assert(!may(&plain, "O:SYD:(A;;FR;;;WD)", NT_GENERIC_WRITE));
    cr_assert_eq(try_with(&plain, "O:SYD:(A;;FA;;;WD)", NT_GENERIC_ALL, 0).granted, NT_FILE_ALL);
}

/* [MS-DTYP] 2.5.3.2: the owner has READ_CONTROL and WRITE_DAC without any entry. */
Test(access, owner_may_read_and_change_the_dacl)
{
    cr_assert(may(&plain, "O:" USER "D:", NT_READ_CONTROL | NT_WRITE_DAC));
    cr_assert(may(&plain, "O:" USER "D:(D;;FA;;;WD)", NT_WRITE_DAC), "even against a deny entry");
    cr_assert(!may(&plain, "O:" USER "D:", NT_WRITE_OWNER));
    cr_assert(!may(&plain, "O:" OTHER "D:", NT_READ_CONTROL));
    cr_assert(may(&plain, "O:BUD:", NT_WRITE_DAC), "a group may own");
}

/* [MS-DTYP] 2.4.2.4 OWNER_RIGHTS: with such an entry the owner has what it says, no more. */
Test(access, owner_rights_entry_replaces_what_the_owner_has)
{
    cr_assert(!may(&plain, "O:" USER "D:(A;;RC;;;OW)", NT_WRITE_DAC));
    cr_assert(may(&plain, "O:" USER "D:(A;;RC;;;OW)", NT_READ_CONTROL));
    cr_assert(!may(&plain, "O:" OTHER "D:(A;;FA;;;OW)", READ), "it speaks of the owner only");
    cr_assert(!may(&plain, "O:" USER "D:(D;;WD;;;OW)(A;;FA;;;WD)", NT_WRITE_DAC));
    cr_assert(may(&plain, "O:" USER "D:(A;OICIIO;RC;;;OW)", NT_WRITE_DAC),
              "an inherit-only entry is not for this object");
}

/* "SID Attributes in an Access Token": a deny-only SID matches deny entries and nothing else. */
Test(access, deny_only_group_denies_and_never_allows)
{
    static const struct person filtered = {.groups = "WD -BA"};

    cr_assert(!may(&filtered, "O:SYD:(A;;FA;;;BA)", READ));
    cr_assert(!may(&filtered, "O:SYD:(D;;FR;;;BA)(A;;FA;;;WD)", READ));
    cr_assert(!may(&filtered, "O:BAD:", NT_READ_CONTROL), "nor does it own");
}

Test(access, deny_only_user_denies_and_never_allows)
{
    static const struct person nobody = {.groups = "WD", .is_user_deny_only = true};

    cr_assert(!may(&nobody, "O:" USER "D:(A;;FA;;;" USER ")", READ));
    cr_assert(!may(&nobody, "O:SYD:(D;;FR;;;" USER ")(A;;FA;;;WD)", READ));
    cr_assert(may(&nobody, "O:SYD:(A;;FA;;;WD)", READ));
}

/* Windows Security Internals, "Restricted Tokens": both passes must grant. */
Test(access, restricted_token_needs_both_lists)
{
    static const struct person jailed = {
        .kind = RESTRICTED, .groups = "WD BU", .restricting = ROOT " WD"};

    cr_assert(!may(&jailed, "O:SYD:(A;;FA;;;" USER ")", READ), "only pass 1");
    cr_assert(!may(&jailed, "O:SYD:(A;;FA;;;" ROOT ")", READ), "only pass 2");
    cr_assert(may(&jailed, "O:SYD:(A;;FA;;;" USER ")(A;;FA;;;" ROOT ")", NT_FILE_ALL));
    cr_assert(may(&jailed, "O:SYD:(A;;FA;;;WD)", NT_FILE_ALL), "Everyone is in both");
    cr_assert(!may(&jailed, "O:SYD:(D;;FR;;;" ROOT ")(A;;FA;;;WD)", READ),
              "a deny entry for a restricting SID denies");
}

/* The same, listing 7-19: implicit owner rights need the owner in both lists. */
Test(access, owner_of_restricted_token_must_be_in_both_lists)
{
    static const struct person with_user = {
        .kind = WRITE_RESTRICTED, .groups = "WD", .restricting = ROOT " " USER};

    cr_assert(!may(&child, "O:" USER "D:(A;;FA;;;" USER ")", NT_WRITE_DAC));
    cr_assert(may(&with_user, "O:" USER "D:", NT_WRITE_DAC));
}

/* CreateRestrictedToken, WRITE_RESTRICTED: "restricting SIDs only when evaluating write access". */
Test(access, write_restricted_token_reads_as_the_user)
{
    cr_assert(may(&child, "O:SYD:(A;;FA;;;" USER ")", NT_FILE_GENERIC_READ));
    cr_assert(may(&child, "O:SYD:(A;;FA;;;" USER ")(D;;FA;;;" ROOT ")", READ),
              "a deny entry for a restricting SID is not about reads");
    cr_assert(!may(&child, "O:SYD:(A;;FA;;;" USER ")", WRITE));
    cr_assert(!may(&child, "O:SYD:(A;;FA;;;" USER ")(A;;FW;;;" ROOT ")", READ | WRITE),
              "one write bit, and pass 2 decides the read bits too");
    cr_assert(may(&child, "O:SYD:(A;;FA;;;" USER ")(A;;FRFW;;;" ROOT ")", READ | WRITE));
    cr_assert(!may(&child, "O:SYD:(A;;FA;;;" ROOT ")", WRITE), "the user must have the right too");
    cr_assert(!may(&child, "O:SYD:(A;;FA;;;WD)", WRITE), "Everyone is not in the second list");
}

/* A write-restricted token without any restricting SID cannot write at all
 * (googleprojectzero/sandbox-attacksurface-analysis-tools, pull request 20). */
Test(access, write_restricted_token_with_empty_list_writes_nowhere)
{
    static const struct person frozen = {.kind = WRITE_RESTRICTED, .groups = "WD"};

    cr_assert(!may(&frozen, "O:SYD:(A;;FA;;;WD)", WRITE));
    cr_assert(may(&frozen, "O:SYD:(A;;FA;;;WD)", READ));
}

/* NtObjectManager, Test-NtAccessMask -WriteRestricted: the write bits of the type and the standard
 * rights DELETE, WRITE_DAC, WRITE_OWNER; FILE_DELETE_CHILD is not one of them. */
Test(access, delete_child_is_not_a_write_by_the_published_rule)
{
    static const char owned[] = "O:SYD:(A;;FA;;;" USER ")";

    cr_assert_eq(nt_write_bits(&NT_FILE_MAPPING), 0x010d0116u);
    cr_assert(!may(&child, owned, NT_DELETE));
    cr_assert(!may(&child, owned, NT_WRITE_DAC));
    cr_assert(!may(&child, owned, NT_WRITE_OWNER));
    cr_assert(!may(&child, owned, NT_FILE_WRITE_ATTRIBUTES));
    cr_assert(may(&child, owned, NT_FILE_DELETE_CHILD), "the hole of codex issue 32915");
    cr_assert(!try_with(&child, owned, NT_FILE_DELETE_CHILD, NT_FILE_DELETE_CHILD).is_allowed,
              "closed if Windows did count it");
}

/* [MS-DTYP] 2.5.3.3. */
Test(access, label_stops_writing_up)
{
    static const struct person low = {.groups = "WD", .integrity = NT_INTEGRITY_LOW};
    static const char open[] = "O:SYD:(A;;FA;;;WD)";

    cr_assert(!may(&low, open, WRITE), "an object without a label is medium");
    cr_assert(!may(&low, open, NT_FILE_DELETE_CHILD), "not in generic read or execute");
    cr_assert(!may(&low, open, NT_DELETE));
    cr_assert(may(&low, open, NT_FILE_GENERIC_READ | NT_FILE_GENERIC_EXECUTE));
    cr_assert(may(&low, "O:SYD:(A;;FA;;;WD)S:(ML;;NW;;;LW)", NT_FILE_ALL));
    cr_assert(!may(&low, "O:SYD:(A;;FA;;;WD)S:(ML;;NRNWNX;;;ME)", READ));
    cr_assert(may(&low, "O:SYD:(A;;FA;;;WD)S:(ML;OICIIO;NRNW;;;HI)", READ));
    cr_assert(!may(&plain, "O:SYD:(A;;FA;;;WD)S:(ML;;NW;;;HI)", WRITE));
}

Test(access, privileges_give_what_no_entry_gives)
{
    static const struct person admin = {
        .groups = "WD", .privileges = NT_PRIVILEGE_SECURITY | NT_PRIVILEGE_TAKE_OWNERSHIP};

    cr_assert(may(&admin, "O:SYD:", NT_SYSTEM_SECURITY));
    cr_assert(may(&admin, "O:SYD:", NT_WRITE_OWNER));
    cr_assert(!may(&admin, "O:SYD:", NT_WRITE_DAC));
    /* [MS-DTYP] 2.5.3.2: the privileges are looked at where the access asked for holds their bit. */
    cr_assert_eq(try_with(&admin, "O:SYD:(A;;FR;;;WD)", NT_MAXIMUM_ALLOWED, 0).granted,
                 NT_FILE_GENERIC_READ);
    cr_assert_eq(
        try_with(&admin, "O:SYD:(A;;FR;;;WD)", NT_MAXIMUM_ALLOWED | NT_WRITE_OWNER, 0).granted,
        NT_FILE_GENERIC_READ | NT_WRITE_OWNER);
    cr_assert(!may(&plain, "O:SYD:(A;;0x11f01ff;;;WD)", NT_SYSTEM_SECURITY), "no entry grants it");
    cr_assert(!may(&plain, "O:SYD:NO_ACCESS_CONTROL", NT_SYSTEM_SECURITY));
}

Test(access, maximum_allowed_is_what_each_bit_alone_would_get)
{
    static const char sddl[] = "O:" USER "D:(D;;0x2;;;BU)(A;;FA;;;" USER ")(A;;FRFW;;;" ROOT ")";
    struct nt_access access = try_with(&child, sddl, NT_MAXIMUM_ALLOWED, 0);

    cr_assert(access.is_allowed);
    for (uint32_t bit = 1; bit <= NT_SYNCHRONIZE; bit <<= 1) {
        if ((bit & NT_FILE_ALL) == 0)
            continue;
        cr_assert_eq(may(&child, sddl, bit), (access.granted & bit) != 0, "bit 0x%x",
                     (unsigned)bit);
    }
    cr_assert(!try_with(&plain, "O:SYD:", NT_MAXIMUM_ALLOWED, 0).is_allowed);
    cr_assert_eq(try_with(&plain, "O:SYD:NO_ACCESS_CONTROL", NT_MAXIMUM_ALLOWED, 0).granted,
                 NT_FILE_ALL);
    cr_assert(!try_with(&plain, "O:SYD:(A;;FR;;;WD)", NT_MAXIMUM_ALLOWED | WRITE, 0).is_allowed,
              "bits named beside it are still needed");
}

Test(access, nothing_desired_is_nothing_granted)
{
    cr_assert(!may(&plain, "O:SYD:NO_ACCESS_CONTROL", NO_BITS));
}

Test(access, inherit_only_entries_are_for_others)
{
    cr_assert(!may(&plain, "O:SYD:(A;OICIIO;FA;;;WD)", READ));
    cr_assert(may(&plain, "O:SYD:(D;OICIIO;FA;;;WD)(A;;FA;;;WD)", READ));
}

Test(access, an_entry_that_is_not_modelled_is_said)
{
    AUTO_SD struct nt_sd sd = NT_SD_EMPTY;
    AUTO_TOKEN struct nt_token token = NT_TOKEN_EMPTY;
    struct nt_ace allow = nt_ace_make(NT_ACE_ALLOW_CALLBACK, 0, NT_FILE_ALL, &NT_EVERYONE);
    struct nt_ace deny = nt_ace_make(NT_ACE_DENY_CALLBACK, 0, WRITE, &NT_EVERYONE);
    struct nt_ace open = nt_ace_make(NT_ACE_ALLOW, 0, NT_FILE_ALL, &NT_EVERYONE);
    struct nt_access_check check = {
        .sd = &sd, .token = &token, .desired = READ, .mapping = &NT_FILE_MAPPING};
    struct error err = {0};

    sd.has_dacl = true;
    cr_assert_eq(nt_token_add_group(&token, &NT_EVERYONE, NT_GROUP_USUAL, &err), 0);
    cr_assert_eq(nt_acl_add(&sd.dacl, &allow, &err), 0);
    cr_assert(!nt_access_check(&check).is_allowed, "an unknown condition grants nothing");
    cr_assert(nt_access_check(&check).has_unmodelled);
    cr_assert_eq(nt_acl_add(&sd.dacl, &deny, &err), 0);
    cr_assert_eq(nt_acl_add(&sd.dacl, &open, &err), 0);
    cr_assert(nt_access_check(&check).is_allowed);
    check.desired = WRITE;
    cr_assert(!nt_access_check(&check).is_allowed, "an unknown condition denies");
}

Test(token, disabling_a_sid_is_for_good_and_copies_keep_it)
{
    AUTO_TOKEN struct nt_token token = NT_TOKEN_EMPTY;
    AUTO_TOKEN struct nt_token copy = NT_TOKEN_EMPTY;
    struct error err = {0};

    cr_assert_eq(nt_token_add_group(&token, &NT_ADMINISTRATORS, NT_GROUP_USUAL, &err), 0);
    cr_assert_eq(nt_token_add_restricting(&token, &NT_USERS, &err), 0);
    cr_assert(nt_token_has(&token, &NT_ADMINISTRATORS, NT_FOR_ALLOW));
    nt_token_disable(&token, &NT_ADMINISTRATORS);
    cr_assert_eq(nt_token_copy(&copy, &token, &err), 0);
    cr_assert(!nt_token_has(&copy, &NT_ADMINISTRATORS, NT_FOR_ALLOW));
    cr_assert(nt_token_has(&copy, &NT_ADMINISTRATORS, NT_FOR_DENY));
    cr_assert(copy.is_restricted && nt_token_has(&copy, &NT_USERS, NT_FOR_RESTRICTED));
}

/* Inside the tests of applying and undoing: a tree on a pretended machine, and a plan for it. */
#ifndef HOLDFAST_SANDBOX_NT_CHANGE_TEST_H
#define HOLDFAST_SANDBOX_NT_CHANGE_TEST_H

#include "base/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "sandbox/nt/change.h"
#include "sandbox/nt/tree_machine.h"

#define USER "S-1-5-21-1-2-3-1001"
static const struct nt_sid root_sid = NT_SID(0, 11, 12, 13, 14);
static const struct nt_sid marker = NT_SID(0, 21, 22, 23, 24);
static const struct nt_sid our_sids[] = {NT_SID(0, 11, 12, 13, 14), NT_SID(0, 21, 22, 23, 24)};
static const struct nt_ours ours = {.sids = our_sids, .count = 2};

struct scene {
    struct nt_tree *tree;
    struct nt_token user;
    struct nt_tree_machine machine;
};

static inline void add(struct scene *s, const char *path, bool is_directory, const char *sddl)
{
    struct error err = {0};

    cr_assert_not_null(nt_tree_add(s->tree, path, is_directory, &s->user, sddl, &err), "%s: %s",
                       path, err.message);
}

static inline void open_scene(struct scene *s)
{
    struct error err = {0};

    *s = (struct scene){0};
    s->user = NT_TOKEN_EMPTY;
    s->user.privileges = NT_PRIVILEGE_CHANGE_NOTIFY;
    cr_assert_eq(nt_sid_parse(USER, &s->user.user, &err), 0);
    s->user.primary_group = NT_USERS;
    s->tree = nt_tree_new("O:SYG:SYD:PAI(A;OICI;FA;;;SY)(A;OICI;0x1200a9;;;BU)", &err);
    cr_assert_not_null(s->tree);
    add(s, "home", true, "O:" USER "G:BUD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;" USER ")");
    add(s, "home\\outside", false, NULL);
    add(s, "home\\proj", true, NULL);
    add(s, "home\\proj\\.git", true, NULL);
    add(s, "home\\proj\\.git\\config", false, NULL);
    add(s, "home\\proj\\.git\\hooks", true, NULL);
    add(s, "home\\proj\\.git\\hooks\\pre-commit", false, NULL);
    add(s, "home\\proj\\src", true, NULL);
    add(s, "home\\proj\\src\\main.c", false, NULL);
    add(s, "home\\proj\\own", false, "O:" USER "G:BUD:AI(A;;FR;;;WD)(A;ID;FA;;;" USER ")");
    add(s, "home\\proj\\closed", false, "O:" USER "G:BUD:PAI(A;;FA;;;" USER ")");
    nt_tree_machine_init(&s->machine, s->tree);
}

static inline void close_scene(struct scene *s)
{
    nt_tree_machine_done(&s->machine);
    nt_tree_free(s->tree);
    nt_token_done(&s->user);
}

/* The wishes of a plan: a root, its protected name, and a few settings. */
struct plan {
    struct nt_wish wishes[2];
    struct nt_setting settings[3];
    struct nt_changes changes;
};

static inline void add_ace(struct nt_wish *wish, enum nt_ace_type type, uint8_t flags,
                           uint32_t mask, const struct nt_sid *sid)
{
    struct nt_ace ace = nt_ace_make(type, flags, mask, sid);
    struct error err = {0};

    cr_assert_eq(nt_acl_add(&wish->aces, &ace, &err), 0);
}

static inline void open_plan(struct plan *plan)
{
    *plan = (struct plan){
        .wishes = {{.path = "C:\\home\\proj\\.git", .aces = NT_ACL_EMPTY, .is_protected = true},
                   {.path = "C:\\home\\proj", .aces = NT_ACL_EMPTY}},
        .settings = {{NT_KIND_GROUP, "HoldfastSandbox", "made by holdfast", false},
                     {NT_KIND_ACCOUNT, "HoldfastOffline", "made by holdfast", false},
                     {NT_KIND_RIGHT, "HoldfastSandbox\tSeDenyNetworkLogonRight", "1", false}}};
    add_ace(&plan->wishes[0], NT_ACE_DENY, NT_INHERIT_ALL, 0xd0156, &marker);
    add_ace(&plan->wishes[1], NT_ACE_ALLOW, 0, 0x1201bf, &root_sid);
    add_ace(&plan->wishes[1], NT_ACE_ALLOW, NT_INHERIT_ALL | NT_INHERIT_ONLY, 0x1301bf, &root_sid);
    plan->changes = (struct nt_changes){
        .settings = plan->settings, .setting_count = 3, .wishes = {plan->wishes, 2, ours}};
}

static inline void close_plan(struct plan *plan)
{
    nt_acl_done(&plan->wishes[0].aces);
    nt_acl_done(&plan->wishes[1].aces);
}

static inline size_t journal_records(const struct scene *s)
{
    struct nt_journal journal = {0};
    struct error err = {0};
    size_t count;

    cr_assert_eq(nt_journal_read((const uint8_t *)s->machine.journal.data, s->machine.journal.size,
                                 &journal, &err),
                 0, "%s", err.message);
    count = journal.count;
    nt_journal_done(&journal);
    return count;
}

static inline struct nt_change_report apply(struct scene *s, const struct plan *plan, int wanted)
{
    struct nt_change_report report = {0};
    struct error err = {0};

    cr_assert_eq(nt_apply(&s->machine.machine, &plan->changes, journal_records(s), &report, &err),
                 wanted, "%s", err.message);
    return report;
}

/* What a fresh process does first: undo what was not committed, then cut the journal. */
static inline struct nt_change_report undo(struct scene *s, bool is_teardown, int wanted)
{
    struct nt_change_report report = {0};
    struct nt_journal journal = {0};
    struct error err = {0};

    cr_assert_eq(nt_journal_read((const uint8_t *)s->machine.journal.data, s->machine.journal.size,
                                 &journal, &err),
                 0, "%s", err.message);
    cr_assert_eq(nt_undo(&s->machine.machine, &journal, is_teardown ? 0 : journal.committed, &ours,
                         &report, &err),
                 wanted, "%s", err.message);
    if (wanted == 0)
        s->machine.journal.size = is_teardown ? 0 : journal.committed_size;
    nt_journal_done(&journal);
    return report;
}

static inline char *dump(const struct scene *s)
{
    struct error err = {0};
    char *text = nt_tree_machine_dump(&s->machine, &err);

    cr_assert_not_null(text, "%s", err.message);
    return text;
}

static inline char *sddl_of(const struct scene *s, const char *path)
{
    struct error err = {0};

    return nt_sddl_format(&nt_tree_find(s->tree, path)->object->sd, &err);
}

#endif

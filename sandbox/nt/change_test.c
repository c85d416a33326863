/*
 * Applying, crashing, undoing: on a pretended machine, with the power failing
 * after every single effect.
 */
#include "sandbox/nt/change_test.h"

Test(change, first_time_writes_each_object_once_and_second_time_nothing)
{
    struct scene s;
    struct plan plan;
    struct nt_change_report report;
    struct error err = {0};

    open_scene(&s);
    open_plan(&plan);
    cr_assert_eq(nt_apply_needed(&s.machine.machine, &plan.changes, &err), 1);
    report = apply(&s, &plan, 0);
    cr_assert_eq(report.records, 6u, "three settings, two objects, a commit: %zu", report.records);
    for (struct nt_entry *at = s.tree->root; at != NULL; at = nt_tree_next(s.tree->root, at))
        cr_assert(at->object->sd_writes <= 1, "%s written %u times", at->name,
                  at->object->sd_writes);
    cr_assert_eq(s.tree->sd_writes, 8u, "proj and all below but the closed file: %u",
                 s.tree->sd_writes);
    cr_assert_eq(report.walk.protected_dacls, 1u);
    cr_assert_eq(nt_apply_needed(&s.machine.machine, &plan.changes, &err), 0);
    s.machine.effects = 0;
    s.machine.looks = 0;
    report = apply(&s, &plan, 0);
    cr_assert_eq(report.records, 0u);
    cr_assert_eq(s.machine.effects, 0u);
    cr_assert(s.machine.looks <= 4u, "%zu looks", s.machine.looks);
    close_plan(&plan);
    close_scene(&s);
}

Test(change, entries_stand_where_the_kernel_would_put_them)
{
    struct scene s;
    struct plan plan;
    AUTO_FREE char *root = NULL;
    AUTO_FREE char *git = NULL;
    AUTO_FREE char *config = NULL;
    AUTO_FREE char *closed = NULL;
    AUTO_FREE char *made = NULL;
    struct error err = {0};

    open_scene(&s);
    open_plan(&plan);
    (void)apply(&s, &plan, 0);
    root = sddl_of(&s, "home\\proj");
    git = sddl_of(&s, "home\\proj\\.git");
    config = sddl_of(&s, "home\\proj\\.git\\config");
    closed = sddl_of(&s, "home\\proj\\closed");
    cr_assert_str_eq(root, "O:" USER "G:BUD:AI(A;;0x1201bf;;;S-1-0-11-12-13-14)"
                           "(A;OICIIO;0x1301bf;;;S-1-0-11-12-13-14)"
                           "(A;OICIID;FA;;;SY)(A;OICIID;FA;;;" USER ")");
    cr_assert_str_eq(git, "O:" USER "G:BUD:AI(D;OICI;0xd0156;;;S-1-0-21-22-23-24)"
                          "(A;OICIID;0x1301bf;;;S-1-0-11-12-13-14)"
                          "(A;OICIID;FA;;;SY)(A;OICIID;FA;;;" USER ")");
    cr_assert_str_eq(config, "O:" USER "G:BUD:AI(D;ID;0xd0156;;;S-1-0-21-22-23-24)"
                             "(A;ID;0x1301bf;;;S-1-0-11-12-13-14)"
                             "(A;ID;FA;;;SY)(A;ID;FA;;;" USER ")");
    cr_assert_str_eq(closed, "O:" USER "G:BUD:PAI(A;;FA;;;" USER ")");
    add(&s, "home\\proj\\.git\\new", false, NULL);
    made = sddl_of(&s, "home\\proj\\.git\\new");
    cr_assert_str_eq(made, config, "what the kernel makes is what the walk makes");
    cr_assert_eq(nt_apply_needed(&s.machine.machine, &plan.changes, &err), 0);
    close_plan(&plan);
    close_scene(&s);
}

Test(change, teardown_restores_every_descriptor_exactly)
{
    struct scene s;
    struct plan plan;
    AUTO_FREE char *before = NULL;
    AUTO_FREE char *after = NULL;
    struct nt_change_report report;

    open_scene(&s);
    open_plan(&plan);
    before = dump(&s);
    (void)apply(&s, &plan, 0);
    report = undo(&s, true, 0);
    after = dump(&s);
    cr_assert_str_eq(after, before);
    cr_assert_eq(report.left.count, 0u);
    nt_change_report_done(&report);
    close_plan(&plan);
    close_scene(&s);
}

/* Cuts the set-up at every effect; what a fresh process finds must become the state before, and a
 * second try must reach the completed state. */
Test(change, a_setup_cut_anywhere_is_undone_or_complete)
{
    AUTO_FREE char *before = NULL;
    AUTO_FREE char *completed = NULL;
    size_t effects;

    {
        struct scene s;
        struct plan plan;

        open_scene(&s);
        open_plan(&plan);
        before = dump(&s);
        (void)apply(&s, &plan, 0);
        completed = dump(&s);
        effects = s.machine.effects;
        close_plan(&plan);
        close_scene(&s);
    }
    cr_assert(effects > 15u, "%zu effects", effects);
    for (size_t cut = 0; cut < effects; cut++) {
        struct scene s;
        struct plan plan;
        AUTO_FREE char *recovered = NULL;
        AUTO_FREE char *again = NULL;

        open_scene(&s);
        open_plan(&plan);
        s.machine.effects_left = cut;
        (void)apply(&s, &plan, -1);
        s.machine.effects_left = SIZE_MAX;
        (void)undo(&s, false, 0);
        recovered = dump(&s);
        cr_assert_str_eq(recovered, before, "cut after %zu of %zu", cut, effects);
        (void)apply(&s, &plan, 0);
        again = dump(&s);
        cr_assert_str_eq(again, completed, "second try after a cut at %zu", cut);
        close_plan(&plan);
        close_scene(&s);
    }
}

/* The same for a teardown that is itself cut, again and again, until it gets through. */
Test(change, a_teardown_cut_anywhere_is_finished_by_the_next)
{
    for (size_t step = 0; step < 20; step++) {
        struct scene s;
        struct plan plan;
        AUTO_FREE char *before = NULL;
        AUTO_FREE char *after = NULL;

        open_scene(&s);
        open_plan(&plan);
        before = dump(&s);
        (void)apply(&s, &plan, 0);
        for (size_t cut = step; cut < 40; cut += step + 1) {
            s.machine.effects_left = cut < 30 ? cut : SIZE_MAX;
            s.machine.effects = 0;
            {
                struct nt_journal journal = {0};
                struct nt_change_report report = {0};
                struct error err = {0};

                cr_assert_eq(nt_journal_read((const uint8_t *)s.machine.journal.data,
                                             s.machine.journal.size, &journal, &err),
                             0);
                (void)nt_undo(&s.machine.machine, &journal, 0, &ours, &report, &err);
                nt_change_report_done(&report);
                nt_journal_done(&journal);
            }
        }
        s.machine.effects_left = SIZE_MAX;
        (void)undo(&s, true, 0);
        after = dump(&s);
        cr_assert_str_eq(after, before, "step %zu", step);
        close_plan(&plan);
        close_scene(&s);
    }
}

/* A recovery that is cut is recovered from. */
Test(change, a_recovery_cut_anywhere_is_recovered_from)
{
    for (size_t cut = 3; cut < 16; cut++) {
        for (size_t second = 0; second < cut; second++) {
            struct scene s;
            struct plan plan;
            struct nt_journal journal = {0};
            struct nt_change_report report = {0};
            struct error err = {0};
            AUTO_FREE char *before = NULL;
            AUTO_FREE char *after = NULL;

            open_scene(&s);
            open_plan(&plan);
            before = dump(&s);
            s.machine.effects_left = cut;
            (void)apply(&s, &plan, -1);
            s.machine.effects_left = second;
            cr_assert_eq(nt_journal_read((const uint8_t *)s.machine.journal.data,
                                         s.machine.journal.size, &journal, &err),
                         0);
            (void)nt_undo(&s.machine.machine, &journal, journal.committed, &ours, &report, &err);
            nt_change_report_done(&report);
            nt_journal_done(&journal);
            s.machine.effects_left = SIZE_MAX;
            (void)undo(&s, false, 0);
            after = dump(&s);
            cr_assert_str_eq(after, before, "cut at %zu, recovery cut at %zu", cut, second);
            close_plan(&plan);
            close_scene(&s);
        }
    }
}

Test(change, what_others_changed_since_is_kept)
{
    struct scene s;
    struct plan plan;
    struct nt_actor user = {.token = &s.user};
    AUTO_FREE char *git = NULL;
    AUTO_FREE char *main_c = NULL;
    struct nt_change_report report;

    open_scene(&s);
    open_plan(&plan);
    (void)apply(&s, &plan, 0);
    /* The user adds an entry of their own to a named object and to a file. */
    cr_assert_eq(nt_try_set_dacl(s.tree, &user, "home\\proj\\.git",
                                 "D:AI(D;OICI;0xd0156;;;S-1-0-21-22-23-24)(A;;FR;;;WD)"
                                 "(A;OICIID;0x1301bf;;;S-1-0-11-12-13-14)(A;OICIID;FA;;;" USER ")"),
                 NT_DONE);
    cr_assert_eq(nt_try_set_dacl(s.tree, &user, "home\\proj\\src\\main.c",
                                 "D:AI(A;;FR;;;AU)(A;ID;0x1301bf;;;S-1-0-11-12-13-14)"),
                 NT_DONE);
    /* ... and the group has got another comment. */
    cr_assert_eq(s.machine.machine.ops->set(&s.machine.machine, NT_KIND_GROUP, "HoldfastSandbox",
                                            "theirs", &(struct error){0}),
                 0);
    report = undo(&s, true, 0);
    git = sddl_of(&s, "home\\proj\\.git");
    main_c = sddl_of(&s, "home\\proj\\src\\main.c");
    cr_assert_str_eq(git, "O:" USER "G:BUD:AI(A;;FR;;;WD)(A;OICIID;FA;;;" USER ")");
    cr_assert_str_eq(main_c, "O:" USER "G:BUD:AI(A;;FR;;;AU)");
    cr_assert_eq(report.left.count, 1u, "the group is reported");
    cr_assert_not_null(strstr(report.left.items[0], "HoldfastSandbox"));
    nt_change_report_done(&report);
    close_plan(&plan);
    close_scene(&s);
}

/* A setting and an object changed by two set-ups, one after the other: back to what was there first. */
Test(change, what_was_changed_twice_goes_back_all_the_way)
{
    struct scene s;
    struct plan plan;
    AUTO_FREE char *before = NULL;
    AUTO_FREE char *after = NULL;

    open_scene(&s);
    cr_assert_eq(s.machine.machine.ops->set(&s.machine.machine, NT_KIND_REGISTRY, "HKLM\\x", "0",
                                            &(struct error){0}),
                 0);
    open_plan(&plan);
    plan.settings[2] = (struct nt_setting){NT_KIND_REGISTRY, "HKLM\\x", "1", false};
    before = dump(&s);
    (void)apply(&s, &plan, 0);
    plan.settings[2].value = "2";
    add_ace(&plan.wishes[1], NT_ACE_DENY, 0, NT_FILE_DELETE_CHILD, &marker);
    (void)apply(&s, &plan, 0);
    cr_assert_eq(journal_records(&s), 9u, "%zu", journal_records(&s));
    (void)undo(&s, true, 0);
    after = dump(&s);
    cr_assert_str_eq(after, before);
    close_plan(&plan);
    close_scene(&s);
}

Test(change, a_file_that_is_gone_is_reported_and_the_rest_undone)
{
    struct scene s;
    struct plan plan;
    struct nt_actor user = {.token = &s.user};
    struct nt_change_report report;
    AUTO_FREE char *root = NULL;

    open_scene(&s);
    open_plan(&plan);
    (void)apply(&s, &plan, 0);
    cr_assert_eq(nt_try_rename(s.tree, &user, "home\\proj\\.git", "home\\elsewhere"), NT_DONE);
    report = undo(&s, true, 0);
    cr_assert_eq(report.left.count, 1u);
    root = sddl_of(&s, "home\\proj");
    cr_assert_null(strstr(root, "S-1-0-11"));
    nt_change_report_done(&report);
    close_plan(&plan);
    close_scene(&s);
}

/* A name planted in a root must not carry our entries to a file outside it. */
Test(change, hard_links_junctions_hives_and_ssh_are_left_alone)
{
    struct scene s;
    struct plan plan;
    struct nt_actor user = {.token = &s.user};
    struct nt_change_report report;
    AUTO_FREE char *outside = NULL;

    open_scene(&s);
    open_plan(&plan);
    cr_assert_eq(nt_try_link(s.tree, &user, "home\\outside", "home\\proj\\innocent"), NT_DONE);
    add(&s, "home\\proj\\junction", true, NULL);
    add(&s, "home\\proj\\junction\\target", false, NULL);
    nt_tree_find(s.tree, "home\\proj\\junction")->object->is_reparse = true;
    add(&s, "home\\proj\\.ssh", true, NULL);
    add(&s, "home\\proj\\.ssh\\id", false, NULL);
    add(&s, "home\\proj\\NTUSER.DAT.LOG1", false, NULL);
    report = apply(&s, &plan, 0);
    outside = sddl_of(&s, "home\\outside");
    cr_assert_null(strstr(outside, "S-1-0-"), "%s", outside);
    cr_assert_eq(report.walk.hard_links, 1u);
    cr_assert_eq(report.walk.links, 1u);
    cr_assert_eq(report.walk.untouchable, 2u);
    for (struct nt_entry *at = s.tree->root; at != NULL; at = nt_tree_next(s.tree->root, at)) {
        if (strcmp(at->name, "target") == 0 || strcmp(at->name, "id") == 0 ||
            strcmp(at->name, "NTUSER.DAT.LOG1") == 0)
            cr_assert_eq(at->object->sd_writes, 0u, "%s", at->name);
    }
    close_plan(&plan);
    close_scene(&s);
}

Test(change, null_dacls_are_never_rewritten)
{
    struct scene s;
    struct plan plan;
    struct nt_change_report report = {0};
    struct error err = {0};

    open_scene(&s);
    open_plan(&plan);
    add(&s, "home\\proj\\open", true, "O:" USER "G:BUD:NO_ACCESS_CONTROL");
    (void)apply(&s, &plan, 0);
    cr_assert(nt_sd_is_open(&nt_tree_find(s.tree, "home\\proj\\open")->object->sd));
    close_plan(&plan);
    close_scene(&s);

    open_scene(&s);
    open_plan(&plan);
    add(&s, "home\\proj\\.git\\open", true, "O:" USER "G:BUD:NO_ACCESS_CONTROL");
    cr_assert_eq(nt_apply(&s.machine.machine, &plan.changes, 0, &report, &err), -1,
                 "it cannot be protected, so nothing may start");
    cr_assert_eq(err.code, ERR_REFUSED);
    close_plan(&plan);
    close_scene(&s);
}

Test(change, a_protected_name_that_appears_later_costs_its_own_tree_only)
{
    struct scene s;
    struct plan plan;
    struct nt_actor user = {.token = &s.user};
    unsigned before;

    open_scene(&s);
    open_plan(&plan);
    cr_assert_eq(nt_try_rename(s.tree, &user, "home\\proj\\.git", "home\\gone"), NT_DONE);
    (void)apply(&s, &plan, 0);
    add(&s, "home\\proj\\.git", true, NULL);
    add(&s, "home\\proj\\.git\\HEAD", false, NULL);
    before = s.tree->sd_writes;
    (void)apply(&s, &plan, 0);
    cr_assert_eq(s.tree->sd_writes - before, 2u);
    close_plan(&plan);
    close_scene(&s);
}

Test(change, thirty_runs_leave_as_many_entries_as_one)
{
    struct scene s;
    struct plan plan;
    AUTO_FREE char *once = NULL;
    AUTO_FREE char *often = NULL;

    open_scene(&s);
    open_plan(&plan);
    (void)apply(&s, &plan, 0);
    once = dump(&s);
    for (int i = 0; i < 30; i++)
        (void)apply(&s, &plan, 0);
    often = dump(&s);
    cr_assert_str_eq(often, once);
    close_plan(&plan);
    close_scene(&s);
}

/* The entry that denies the user deleting through a directory: told by its neighbour, and only there. */
Test(change, the_users_denial_is_ours_beside_an_entry_of_ours_and_nowhere_else)
{
    struct nt_sid user;
    struct nt_ours ours_too = ours;
    struct nt_ace denial;
    struct nt_ace marked = nt_ace_make(NT_ACE_DENY, NT_INHERIT_ALL, 0xd0156, &marker);
    struct error err = {0};
    struct nt_ace twin;
    bool has_changed = false;
    AUTO_SD struct nt_sd sd = NT_SD_EMPTY;
    AUTO_ACL struct nt_acl none = NT_ACL_EMPTY;
    AUTO_ACL struct nt_acl both = NT_ACL_EMPTY;
    AUTO_ACL struct nt_acl alone = NT_ACL_EMPTY;
    AUTO_FREE char *text = NULL;

    cr_assert_eq(nt_sid_parse(USER, &user, &err), 0);
    ours_too.user = &user;
    denial = nt_ace_make(NT_ACE_DENY, NT_CONTAINER_INHERIT, NT_FILE_DELETE_CHILD, &user);
    twin = nt_ace_make(NT_ACE_DENY, 0, NT_FILE_DELETE_CHILD | NT_DELETE, &user);
    cr_assert_eq(nt_acl_add(&both, &marked, &err), 0);
    cr_assert_eq(nt_acl_add(&both, &denial, &err), 0);
    cr_assert_eq(nt_acl_add(&alone, &denial, &err), 0);
    cr_assert(nt_is_ours(&both, &denial, &ours_too));
    cr_assert(!nt_is_ours(&both, &denial, &ours), "nobody may be denied anything");
    cr_assert(!nt_is_ours(&both, &twin, &ours_too), "another right: the user's own wish");
    cr_assert(!nt_is_ours(&alone, &denial, &ours_too));
    /* what could not be told again is not put */
    cr_assert_eq(nt_sddl_parse("O:" USER "G:BUD:(A;;FA;;;" USER ")", NULL, &sd, &err), 0);
    cr_assert_eq(nt_stamp_put(&sd, &ours_too, &alone, &none, &has_changed, &err), -1);
    cr_assert_eq(nt_stamp_put(&sd, &ours, &both, &none, &has_changed, &err), -1);
    /* put twice it is there once; taken away, nothing else has moved */
    cr_assert_eq(nt_stamp_put(&sd, &ours_too, &both, &none, &has_changed, &err), 0);
    cr_assert(has_changed && sd.dacl.count == 3);
    cr_assert_eq(nt_stamp_put(&sd, &ours_too, &both, &none, &has_changed, &err), 0);
    cr_assert(!has_changed);
    cr_assert_eq(nt_stamp_put(&sd, &ours_too, &none, &none, &has_changed, &err), 0);
    text = nt_sddl_format(&sd, &err);
    cr_assert_str_eq(text, "O:" USER "G:BUD:(A;;FA;;;" USER ")");
}

static struct nt_machine_ops short_ops;
static int (*long_open)(struct nt_machine *machine, const char *path, void **node,
                        struct error *err);

/* NTFS finds a file by its short name, too; directories list the long one. */
static int short_open(struct nt_machine *machine, const char *path, void **node, struct error *err)
{
    return long_open(machine,
                     strcmp(path, "C:\\home\\proj\\GIT~1") == 0 ? "C:\\home\\proj\\.git" : path,
                     node, err);
}

/* The walk does not know the object by that name: it would take the protection away and commit. */
Test(change, a_wish_that_the_walk_does_not_know_by_its_name_is_refused_and_undone)
{
    struct scene s;
    struct plan plan;
    struct nt_change_report report = {0};
    struct error err = {0};
    AUTO_FREE char *before = NULL;
    AUTO_FREE char *after = NULL;

    open_scene(&s);
    open_plan(&plan);
    plan.wishes[0].path = "C:\\home\\proj\\GIT~1";
    long_open = s.machine.machine.ops->open_path;
    short_ops = *s.machine.machine.ops;
    short_ops.open_path = short_open;
    s.machine.machine.ops = &short_ops;
    before = dump(&s);
    cr_assert_eq(nt_apply(&s.machine.machine, &plan.changes, 0, &report, &err), -1);
    cr_assert_eq(err.code, ERR_REFUSED, "%s", err.message);
    cr_assert_not_null(strstr(err.message, "GIT~1"), "%s", err.message);
    (void)undo(&s, false, 0);
    after = dump(&s);
    cr_assert_str_eq(after, before);
    nt_change_report_done(&report);
    close_plan(&plan);
    close_scene(&s);
}

/* What is made in a root inherits from it, whatever its name: teardown takes that off a .ssh, too, and
 * OpenSSH is content again. What never had an entry is not written. */
Test(change, keys_and_hives_that_were_made_in_a_root_lose_what_they_inherited)
{
    struct scene s;
    struct plan plan;
    AUTO_FREE char *key = NULL;
    AUTO_FREE char *directory = NULL;
    AUTO_FREE char *config = NULL;

    open_scene(&s);
    open_plan(&plan);
    add(&s, "home\\proj\\NTUSER.DAT", false, NULL);
    add(&s, "home\\proj\\src\\.ssh", true, NULL);
    (void)apply(&s, &plan, 0);
    add(&s, "home\\proj\\.ssh", true, NULL);
    add(&s, "home\\proj\\.ssh\\id", false, NULL);
    add(&s, "home\\proj\\src\\.ssh\\config", false, NULL);
    key = sddl_of(&s, "home\\proj\\.ssh\\id");
    cr_assert_not_null(strstr(key, "S-1-0-11"), "the file system gave it");
    (void)undo(&s, true, 0);
    free(key);
    key = sddl_of(&s, "home\\proj\\.ssh\\id");
    directory = sddl_of(&s, "home\\proj\\.ssh");
    config = sddl_of(&s, "home\\proj\\src\\.ssh\\config");
    cr_assert_null(strstr(key, "S-1-0-"), "%s", key);
    cr_assert_null(strstr(directory, "S-1-0-"), "%s", directory);
    cr_assert_null(strstr(config, "S-1-0-"), "%s", config);
    cr_assert_eq(nt_tree_find(s.tree, "home\\proj\\NTUSER.DAT")->object->sd_writes, 0u);
    cr_assert_eq(nt_tree_find(s.tree, "home\\proj\\src\\.ssh")->object->sd_writes, 0u);
    close_plan(&plan);
    close_scene(&s);
}

/* A denial of somebody's is a denial also when it has a condition or is about a type of object: nothing
 * of ours that allows comes before it. */
Test(change, our_allows_stand_behind_the_denials_of_others_of_every_kind)
{
    static const enum nt_ace_type kinds[] = {NT_ACE_DENY, NT_ACE_DENY_CALLBACK, NT_ACE_DENY_OBJECT,
                                             NT_ACE_DENY_CALLBACK_OBJECT};

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        struct nt_ace theirs = nt_ace_make(kinds[i], 0, NT_FILE_WRITE_DATA, &NT_EVERYONE);
        struct nt_ace allow = nt_ace_make(NT_ACE_ALLOW, 0, 0x1201bf, &root_sid);
        struct nt_ace deny = nt_ace_make(NT_ACE_DENY, 0, 0xd0156, &marker);
        AUTO_SD struct nt_sd sd = NT_SD_EMPTY;
        AUTO_ACL struct nt_acl wanted = NT_ACL_EMPTY;
        AUTO_ACL struct nt_acl none = NT_ACL_EMPTY;
        struct error err = {0};
        bool has_changed = false;

        theirs.is_opaque =
            kinds[i] == NT_ACE_DENY_OBJECT || kinds[i] == NT_ACE_DENY_CALLBACK_OBJECT;
        cr_assert_eq(nt_sddl_parse("D:(A;;FA;;;WD)", NULL, &sd, &err), 0);
        cr_assert_eq(nt_acl_insert(&sd.dacl, 0, &theirs, &err), 0);
        cr_assert_eq(nt_acl_add(&wanted, &deny, &err), 0);
        cr_assert_eq(nt_acl_add(&wanted, &allow, &err), 0);
        cr_assert_eq(nt_stamp_put(&sd, &ours, &wanted, &none, &has_changed, &err), 0);
        cr_assert_eq(sd.dacl.count, 4u);
        cr_assert(nt_ace_equal(&sd.dacl.aces[0], &deny), "kind %d", kinds[i]);
        cr_assert(nt_ace_equal(&sd.dacl.aces[1], &theirs), "kind %d", kinds[i]);
        cr_assert(nt_ace_equal(&sd.dacl.aces[2], &allow), "kind %d", kinds[i]);
        cr_assert_eq(nt_stamp_put(&sd, &ours, &wanted, &none, &has_changed, &err), 0);
        cr_assert(!has_changed, "kind %d", kinds[i]);
    }
}

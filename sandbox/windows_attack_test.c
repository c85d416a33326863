/*
 * The plans of both Windows modes, carried out on a pretended machine and
 * attacked. What is asserted here is what the model predicts; nothing here
 * ran on Windows.
 */
#include "base/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "sandbox/nt/audit.h"
#include "sandbox/windows_model_test.h"

/* The two readings of one open question: does deleting through the parent count as a write? */
enum {
    PUBLISHED = 0,
    WISHED = NT_FILE_DELETE_CHILD
};

static const uint32_t write_bits[] = {
    NT_FILE_WRITE_DATA, NT_FILE_APPEND_DATA, NT_FILE_WRITE_EA, NT_FILE_WRITE_ATTRIBUTES,
    NT_DELETE,          NT_WRITE_DAC,        NT_WRITE_OWNER,   NT_FILE_DELETE_CHILD};

static uint32_t may_do(struct model *model, const char *path, uint32_t extra)
{
    struct nt_actor actor = model_command(model, extra);
    bool is_directory = model_find(model, path)->object->is_directory;
    uint32_t granted = 0;

    for (size_t i = 0; i < ARRAY_SIZE(write_bits); i++) {
        if (write_bits[i] == NT_FILE_DELETE_CHILD && !is_directory)
            continue; /* means nothing on a file */
        if (nt_try_open(model->tree, &actor, path, write_bits[i]) == NT_DONE)
            granted |= write_bits[i];
    }
    return granted;
}

/* Calls check for every path of the machine. */
static void each_path(struct model *model, uint32_t extra,
                      void (*check)(struct model *model, const char *path, uint32_t extra))
{
    for (struct nt_entry *at = model->tree->root; at != NULL;
         at = nt_tree_next(model->tree->root, at)) {
        AUTO_FREE char *path = nt_tree_path(at);

        cr_assert_not_null(path);
        check(model, path, extra);
    }
}

static bool is_named_by_audit(struct model *model, const char *path)
{
    const struct nt_entry *entry = model_find(model, path);
    enum nt_audience audience;
    uint32_t rights;

    return nt_audit_sd(&entry->object->sd, &audience, &rights) && audience <= NT_AUDIENCE_EVERYONE;
}

/* Outside the roots nothing is writable: only a NULL DACL is beyond any token. */
static void check_outside(struct model *model, const char *path, uint32_t extra)
{
    uint32_t may = model_is_in_root(model, path) ? 0 : may_do(model, path, extra);

    if (strcmp(path, "open") == 0)
        cr_assert(is_named_by_audit(model, path));
    else
        cr_assert_eq(may, 0u, "%s: 0x%x", path, (unsigned)may);
}

static void check_protected(struct model *model, const char *path, uint32_t extra)
{
    uint32_t may = model_is_protected(model, path) ? may_do(model, path, extra) : 0;

    cr_assert_eq(may, 0u, "%s: 0x%x", path, (unsigned)may);
}

static void check_useful(struct model *model, const char *path, uint32_t extra)
{
    uint32_t wanted = NT_FILE_GENERIC_READ | NT_FILE_GENERIC_WRITE | NT_DELETE;
    struct nt_actor actor = model_command(model, extra);

    if (!model_is_in_root(model, path) || model_is_protected(model, path))
        return;
    if (strcmp(path, "Users\\u\\proj") == 0 || strcmp(path, "src\\second") == 0)
        wanted &= ~NT_DELETE;
    cr_assert_eq(nt_try_open(model->tree, &actor, path, wanted), NT_DONE, "%s", path);
    if ((wanted & NT_DELETE) == 0)
        cr_assert_eq(nt_try_open(model->tree, &actor, path, NT_DELETE), NT_REFUSED,
                     "a root itself stays");
}

Test(windows_attack, elevated_writes_nothing_outside_and_nothing_protected)
{
    for (int second = 0; second < 2; second++) {
        struct model model;

        model_open(&model, MODEL_ELEVATED, WINDOWS_DEFAULT, second == 1);
        model_apply(&model, MODEL_ELEVATED, WINDOWS_DEFAULT);
        each_path(&model, PUBLISHED, check_protected);
        each_path(&model, PUBLISHED, check_useful);
        each_path(&model, WISHED, check_outside);
        model_close(&model);
    }
}

/* Under the published reading, only deleting is left, and only where Everyone has full control. */
static void check_outside_published(struct model *model, const char *path, uint32_t extra)
{
    uint32_t may = model_is_in_root(model, path) ? 0 : may_do(model, path, extra);

    if (strcmp(path, "open") == 0 || path_is_within(PATH_WINDOWS, path, "drop"))
        cr_assert_eq(may & ~(uint32_t)(NT_DELETE | NT_FILE_DELETE_CHILD),
                     strcmp(path, "open") == 0 ? may & 0xc0116u : 0u, "%s: 0x%x", path,
                     (unsigned)may);
    else
        cr_assert_eq(may, 0u, "%s: 0x%x", path, (unsigned)may);
}

Test(windows_attack, elevated_deletes_outside_only_where_everyone_may)
{
    struct model model;

    model_open(&model, MODEL_ELEVATED, WINDOWS_DEFAULT, false);
    model_apply(&model, MODEL_ELEVATED, WINDOWS_DEFAULT);
    each_path(&model, PUBLISHED, check_outside_published);
    model_close(&model);
}

Test(windows_attack, unelevated_writes_nothing_outside_if_deleting_through_the_parent_is_a_write)
{
    struct model model;

    model_open(&model, MODEL_UNELEVATED, WINDOWS_DEFAULT, true);
    model_apply(&model, MODEL_UNELEVATED, WINDOWS_DEFAULT);
    each_path(&model, WISHED, check_outside);
    each_path(&model, WISHED, check_protected);
    each_path(&model, WISHED, check_useful);
    model_close(&model);
}

/* The documented gap "delete-child": by the published rule it is no write, and files outside the roots
 * can be deleted. */
static void check_delete_only(struct model *model, const char *path, uint32_t extra)
{
    uint32_t may = model_is_in_root(model, path) ? 0 : may_do(model, path, extra);

    if (strcmp(path, "open") != 0)
        cr_assert_eq(may & ~(uint32_t)(NT_DELETE | NT_FILE_DELETE_CHILD), 0u, "%s: 0x%x", path,
                     (unsigned)may);
}

Test(windows_attack, unelevated_gap_is_deleting_and_nothing_else)
{
    struct model model;
    struct nt_actor actor;

    model_open(&model, MODEL_UNELEVATED, WINDOWS_DEFAULT, false);
    model_apply(&model, MODEL_UNELEVATED, WINDOWS_DEFAULT);
    each_path(&model, PUBLISHED, check_delete_only);
    each_path(&model, PUBLISHED, check_protected);
    actor = model_command(&model, PUBLISHED);
    cr_assert_eq(nt_try_delete(model.tree, &actor, "Users\\u\\notes.txt"), NT_DONE,
                 "the gap is there");
    cr_assert_eq(nt_try_rename(model.tree, &actor, "Users\\u\\proj\\.git", "Users\\u\\proj\\x"),
                 NT_SHARING, "held names cannot be moved away");
    cr_assert_eq(nt_try_rename(model.tree, &actor, "Users\\u\\proj\\src", "Users\\u\\proj\\.codex"),
                 NT_SHARING, "taken names cannot be replaced");
    model_close(&model);
}

/* Sequences -------------------------------------------------------------------------------------- */

enum act {
    ACT_WRITE,
    ACT_MAKE_FILE,
    ACT_MAKE_DIRECTORY,
    ACT_DELETE,
    ACT_DACL,
    ACT_RENAME,
    ACT_LINK,

    ACT_COUNT
};

static const char *const arena[] = {
    "Users\\u\\proj",
    "Users\\u\\proj\\src",
    "Users\\u\\proj\\src\\main.c",
    "Users\\u\\proj\\.git",
    "Users\\u\\proj\\.git\\config",
    "Users\\u\\proj\\.codex",
    "Users\\u\\proj\\.codex\\x",
    "Users\\u\\proj\\new",
};

static void act(struct model *model, const struct nt_actor *actor, enum act what, const char *from,
                const char *to)
{
    switch (what) {
    case ACT_WRITE:
        (void)nt_try_write(model->tree, actor, from);
        break;
    case ACT_MAKE_FILE:
    case ACT_MAKE_DIRECTORY:
        (void)nt_try_create(model->tree, actor, from, what == ACT_MAKE_DIRECTORY);
        break;
    case ACT_DELETE:
        (void)nt_try_delete(model->tree, actor, from);
        break;
    case ACT_DACL:
        (void)nt_try_set_dacl(model->tree, actor, from, "D:(A;;FA;;;WD)");
        break;
    case ACT_RENAME:
        (void)nt_try_rename(model->tree, actor, from, to);
        break;
    case ACT_LINK:
        (void)nt_try_link(model->tree, actor, from, to);
        break;
    case ACT_COUNT:
        break;
    }
}

/* The protected things: which object stands there, its content and descriptor. */
struct seen {
    struct nt_object *git, *config, *hook, *codex, *agents;
    unsigned content;
    unsigned writes;
};

static struct nt_object *object_at(struct model *model, const char *path)
{
    struct nt_entry *entry = model_find(model, path);

    return entry != NULL ? entry->object : NULL;
}

static struct seen see(struct model *model)
{
    struct seen seen = {.git = object_at(model, "Users\\u\\proj\\.git"),
                        .config = object_at(model, "Users\\u\\proj\\.git\\config"),
                        .hook = object_at(model, "Users\\u\\proj\\.git\\hooks\\pre-commit"),
                        .codex = object_at(model, "Users\\u\\proj\\.codex"),
                        .agents = object_at(model, "Users\\u\\proj\\.agents")};
    const struct nt_object *all[] = {seen.git, seen.config, seen.hook, seen.codex, seen.agents};

    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        seen.content += all[i] != NULL ? all[i]->content : 1000;
        seen.writes += all[i] != NULL ? all[i]->sd_writes : 1000;
    }
    return seen;
}

/* Tries every pair of acts, each on a fresh machine. */
static void try_all_pairs(enum model_mode mode, uint32_t extra)
{
    const unsigned moves = ACT_COUNT * ARRAY_SIZE(arena);

    for (unsigned i = 0; i < moves; i++) {
        for (unsigned k = 0; k < ARRAY_SIZE(arena); k++) {
            enum act first = (enum act)(i / ARRAY_SIZE(arena));
            const char *from = arena[i % ARRAY_SIZE(arena)];
            struct model model;
            struct nt_actor actor;
            struct seen before;
            struct seen after;

            if (first < ACT_RENAME && k > 0)
                break; /* it has no second name */
            model_open(&model, mode, WINDOWS_DEFAULT, false);
            model_apply(&model, mode, WINDOWS_DEFAULT);
            before = see(&model);
            actor = model_command(&model, extra);
            act(&model, &actor, first, from, arena[k]);
            /* Whatever the first one changed, every single act after it. */
            for (unsigned m = 0; m < moves; m++)
                act(&model, &actor, (enum act)(m / ARRAY_SIZE(arena)), arena[m % ARRAY_SIZE(arena)],
                    arena[(m + k) % ARRAY_SIZE(arena)]);
            after = see(&model);
            cr_assert_eq(memcmp(&before, &after, sizeof before), 0, "act %d on %s and %s", first,
                         from, arena[k]);
            model_close(&model);
        }
    }
}

Test(windows_attack, no_sequence_touches_what_is_protected_elevated)
{
    try_all_pairs(MODEL_ELEVATED, PUBLISHED);
}

Test(windows_attack, no_sequence_touches_what_is_protected_unelevated)
{
    try_all_pairs(MODEL_UNELEVATED, WISHED);
    try_all_pairs(MODEL_UNELEVATED, PUBLISHED);
}

/* A worktree: the git directory lies deeper in the root, and its way there must not be moved away. */
Test(windows_attack, a_nested_git_directory_and_the_way_to_it_stay)
{
    for (int mode = MODEL_UNELEVATED; mode <= MODEL_ELEVATED; mode++) {
        struct windows_name nested = {"C:\\Users\\u\\proj\\main\\.git", true, true, true};
        struct model model;
        struct nt_actor actor;
        struct error err = {0};
        uint32_t extra = mode == MODEL_ELEVATED ? PUBLISHED : WISHED;

        model_open(&model, (enum model_mode)mode, WINDOWS_DEFAULT, false);
        model_add(&model, "Users\\u\\proj\\main", true, NULL);
        model_add(&model, "Users\\u\\proj\\main\\.git", true, NULL);
        model_add(&model, "Users\\u\\proj\\main\\.git\\config", false, NULL);
        cr_assert_eq(windows_facts_add_name(&model.facts, &nested, &err), 0);
        cr_assert_eq(text_list_add(&model.facts.between, "C:\\Users\\u\\proj\\main", &err), 0);
        model_apply(&model, (enum model_mode)mode, WINDOWS_DEFAULT);
        /* without the handles that hold it: the entries alone must do */
        model_find(&model, "Users\\u\\proj\\main\\.git")->object->held = 0;
        actor = model_command(&model, extra);
        cr_assert_eq(
            nt_try_rename(model.tree, &actor, "Users\\u\\proj\\main", "Users\\u\\proj\\away"),
            NT_REFUSED);
        cr_assert_eq(nt_try_rename(model.tree, &actor, "Users\\u\\proj\\main\\.git",
                                   "Users\\u\\proj\\main\\x"),
                     NT_REFUSED);
        cr_assert_eq(nt_try_delete(model.tree, &actor, "Users\\u\\proj\\main\\.git\\config"),
                     NT_REFUSED);
        cr_assert_eq(nt_try_create(model.tree, &actor, "Users\\u\\proj\\main\\new", false),
                     NT_DONE);
        model_close(&model);
    }
}

/* Where Users have full control of everything, FILE_DELETE_CHILD included. */
Test(windows_attack, full_control_of_users_does_not_defeat_the_elevated_protection)
{
    static const struct nt_sid root_sid = NT_SID(0, 11, 11, 11, 3);
    struct windows_name git = {"C:\\full\\.git", true, true, true};
    struct model model;
    struct nt_actor actor;
    struct error err = {0};

    model_open(&model, MODEL_ELEVATED, WINDOWS_DEFAULT, false);
    model_add(&model, "full", true, "O:BAG:SYD:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;BU)");
    model_add(&model, "full\\.git", true, NULL);
    model_add(&model, "full\\.git\\config", false, NULL);
    cr_assert_eq(windows_facts_add_root(&model.facts, "C:\\full", &root_sid, &err), 0);
    cr_assert_eq(windows_facts_add_name(&model.facts, &git, &err), 0);
    model_apply(&model, MODEL_ELEVATED, WINDOWS_DEFAULT);
    model_find(&model, "full\\.git")->object->held = 0;
    actor = model_command(&model, PUBLISHED);
    cr_assert_eq(nt_try_delete(model.tree, &actor, "full\\.git\\config"), NT_REFUSED);
    cr_assert_eq(nt_try_rename(model.tree, &actor, "full\\.git", "full\\x"), NT_REFUSED);
    cr_assert_eq(nt_try_create(model.tree, &actor, "full\\new", false), NT_DONE);
    model_close(&model);
}

/* MAXIMUM_ALLOWED gives what asking for each right alone gives, and never more. */
Test(windows_attack, asking_for_all_there_is_gains_nothing)
{
    static const uint32_t readings[] = {PUBLISHED, WISHED};

    for (int mode = MODEL_UNELEVATED; mode <= MODEL_ELEVATED; mode++) {
        for (size_t r = 0; r < ARRAY_SIZE(readings); r++) {
            struct model model;
            struct nt_actor actor;

            model_open(&model, (enum model_mode)mode, WINDOWS_DEFAULT, true);
            model_apply(&model, (enum model_mode)mode, WINDOWS_DEFAULT);
            actor = model_command(&model, readings[r]);
            for (struct nt_entry *at = model.tree->root; at != NULL;
                 at = nt_tree_next(model.tree->root, at)) {
                AUTO_FREE char *path = nt_tree_path(at);
                uint32_t granted = nt_try_maximum(model.tree, &actor, path);

                if (!at->object->is_directory)
                    granted &= ~NT_FILE_DELETE_CHILD; /* means nothing on a file */

                if (model_is_protected(&model, path))
                    cr_assert_eq(granted & (uint32_t)WINDOWS_DENY_WRITE, 0u, "%s: 0x%x", path,
                                 (unsigned)granted);
                for (size_t i = 0; i < ARRAY_SIZE(write_bits); i++)
                    cr_assert((granted & write_bits[i]) == 0 ||
                                  nt_try_open(model.tree, &actor, path, write_bits[i]) == NT_DONE,
                              "%s: 0x%x", path, (unsigned)write_bits[i]);
            }
            model_close(&model);
        }
    }
}

/* The command of one workspace against what another's set-up left behind. */
Test(windows_attack, two_workspaces_cannot_write_each_other)
{
    for (int mode = MODEL_UNELEVATED; mode <= MODEL_ELEVATED; mode++) {
        struct model model;
        struct nt_token with_both;
        struct error err = {0};
        struct nt_actor actor;

        model_open(&model, (enum model_mode)mode, WINDOWS_DEFAULT, true);
        model_apply(&model, (enum model_mode)mode, WINDOWS_DEFAULT);
        with_both = model.command;
        /* The same command, but only the workspace is in its policy. */
        for (size_t i = 0; i < with_both.restricting_count; i++) {
            if (nt_sid_equal(&with_both.restricting[i], &model.facts.roots[1].sid))
                with_both.restricting[i] = (struct nt_sid)NT_SID(0, 99, 99, 99, 99);
        }
        actor = (struct nt_actor){.token = &with_both, .extra_write_bits = WISHED};
        cr_assert_eq(nt_try_write(model.tree, &actor, "src\\second\\file"), NT_REFUSED);
        cr_assert_eq(nt_try_create(model.tree, &actor, "src\\second\\new", false), NT_REFUSED);
        cr_assert_eq(nt_try_delete(model.tree, &actor, "src\\second\\file"), NT_REFUSED);
        cr_assert_eq(nt_try_write(model.tree, &actor, "Users\\u\\proj\\src\\main.c"), NT_DONE);
        (void)err;
        model_close(&model);
    }
}

Test(windows_attack, what_authenticated_users_may_write_is_out_of_reach)
{
    for (int mode = MODEL_UNELEVATED; mode <= MODEL_ELEVATED; mode++) {
        struct model model;
        struct nt_actor actor;
        struct nt_actor other;

        model_open(&model, (enum model_mode)mode, WINDOWS_DEFAULT, false);
        model_apply(&model, (enum model_mode)mode, WINDOWS_DEFAULT);
        actor = model_command(&model, PUBLISHED);
        other = (struct nt_actor){.token = &model.other};
        cr_assert_eq(nt_try_create(model.tree, &actor, "ProgramData\\planted", false), NT_REFUSED);
        cr_assert_eq(nt_try_write(model.tree, &actor, "src\\third\\file"), NT_REFUSED);
        cr_assert_eq(nt_try_write(model.tree, &other, "src\\third\\file"), NT_DONE,
                     "any account of the machine may");
        model_close(&model);
    }
}

/* A directory below a protected name with an entry of its own that lets everybody, or the user, delete
 * through it: such an entry stands before all that is inherited. One of them takes no part in inheritance. */
Test(windows_attack, entries_of_their_own_do_not_open_protected_directories_for_deleting)
{
    static const char *const paths[] = {"Users\\u\\proj\\.git\\own", "Users\\u\\proj\\.git\\closed",
                                        "Users\\u\\proj\\.git\\closed\\below",
                                        "Users\\u\\proj\\.git\\closed\\below\\own"};
    static const char *const sddls[] = {
        "O:" MODEL_USER "G:BUD:AI(A;OICI;FA;;;WD)(A;OICIID;FA;;;" MODEL_USER ")",
        "O:" MODEL_USER "G:BUD:PAI(A;OICI;FA;;;WD)(A;OICI;FA;;;" MODEL_USER ")", NULL,
        "O:" MODEL_USER "G:BUD:AI(A;OICI;FA;;;WD)(A;OICIID;FA;;;" MODEL_USER ")"};

    for (int mode = MODEL_UNELEVATED; mode <= MODEL_ELEVATED; mode++) {
        struct nt_change_report report = {0};
        struct nt_journal journal = {0};
        struct error err = {0};
        struct model model;
        struct nt_actor actor;
        struct nt_actor user;
        struct nt_ours ours;
        AUTO_FREE char *before = NULL;

        model_open(&model, (enum model_mode)mode, WINDOWS_DEFAULT, false);
        for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
            AUTO_FREE char *file = windows_path_join(paths[i], "file");

            model_add(&model, paths[i], true, sddls[i]);
            model_add(&model, file, false, NULL);
        }
        before = nt_tree_machine_dump(&model.machine, &err);
        model_apply(&model, (enum model_mode)mode, WINDOWS_DEFAULT);
        actor = model_command(&model, PUBLISHED);
        user = (struct nt_actor){.token = &model.user};
        for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
            AUTO_FREE char *file = windows_path_join(paths[i], "file");

            cr_assert_eq(nt_try_delete(model.tree, &actor, file), NT_REFUSED, "mode %d: %s", mode,
                         file);
            cr_assert_eq(nt_try_open(model.tree, &user, file, NT_DELETE), NT_DONE, "%s", file);
        }
        /* Teardown knows which of it is ours. */
        ours = (struct nt_ours){
            .sids = model.sids, .count = model.sid_count, .user = &model.facts.user};
        for (size_t i = 0; i < model.facts.name_count; i++) {
            if (!model.facts.names[i].exists) /* what held the name for the run */
                (void)nt_try_delete(model.tree, &user, model.facts.names[i].path + 3);
        }
        cr_assert_eq(nt_journal_read((const uint8_t *)model.machine.journal.data,
                                     model.machine.journal.size, &journal, &err),
                     0);
        cr_assert_eq(nt_undo(&model.machine.machine, &journal, 0, &ours, &report, &err), 0);
        for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
            AUTO_FREE char *sddl = nt_sddl_format(&model_find(&model, paths[i])->object->sd, &err);

            cr_assert_not_null(strstr(before, sddl), "%s: %s", paths[i], sddl);
        }
        nt_journal_done(&journal);
        nt_change_report_done(&report);
        model_close(&model);
    }
}

/* The published design --------------------------------------------------------------------------- */

Test(windows_attack, as_published_opens_what_everyone_may_write)
{
    for (int mode = MODEL_UNELEVATED; mode <= MODEL_ELEVATED; mode++) {
        struct model model;
        struct nt_actor actor;

        model_open(&model, (enum model_mode)mode, WINDOWS_AS_PUBLISHED, false);
        model_apply(&model, (enum model_mode)mode, WINDOWS_AS_PUBLISHED);
        actor = model_command(&model, WISHED);
        cr_assert_eq(nt_try_write(model.tree, &actor, "drop\\file"), NT_DONE, "mode %d", mode);
        cr_assert_eq(nt_try_create(model.tree, &actor, "drop\\planted", false), NT_DONE);
        cr_assert_eq(nt_try_write(model.tree, &actor, "Users\\u\\proj\\.git\\hooks\\pre-commit"),
                     NT_DONE, "an entry of its own for Everyone comes before the inherited deny");
        cr_assert_eq(nt_try_write(model.tree, &actor, "Users\\u\\notes.txt"), NT_REFUSED);
        cr_assert_eq(nt_try_create(model.tree, &actor, "Users\\u\\proj\\.codex", true), NT_DONE,
                     "missing names are not guarded");
        model_close(&model);
    }
}

Test(windows_attack, as_published_trusts_the_users_logon_session)
{
    struct model published;
    struct model standard;

    model_open(&published, MODEL_ELEVATED, WINDOWS_AS_PUBLISHED, false);
    model_open(&standard, MODEL_ELEVATED, WINDOWS_DEFAULT, false);
    model_apply(&published, MODEL_ELEVATED, WINDOWS_AS_PUBLISHED);
    model_apply(&standard, MODEL_ELEVATED, WINDOWS_DEFAULT);
    cr_assert(nt_token_has(&published.command, &published.logon, NT_FOR_ALLOW));
    cr_assert(!nt_token_has(&standard.command, &standard.logon, NT_FOR_ALLOW));
    model_close(&published);
    model_close(&standard);
}

/* Reading -------------------------------------------------------------------------------------------- */

Test(windows_attack, elevated_reads_its_roots_and_the_system_and_no_profile)
{
    struct model model;
    struct nt_actor actor;

    model_open(&model, MODEL_ELEVATED, WINDOWS_DEFAULT, false);
    model_apply(&model, MODEL_ELEVATED, WINDOWS_DEFAULT);
    actor = model_command(&model, PUBLISHED);
    cr_assert_eq(nt_try_open(model.tree, &actor, "Users\\u\\.ssh\\id", NT_FILE_READ_DATA),
                 NT_REFUSED);
    cr_assert_eq(nt_try_open(model.tree, &actor, "Users\\u\\notes.txt", NT_FILE_READ_DATA),
                 NT_REFUSED);
    cr_assert_eq(
        nt_try_open(model.tree, &actor, "Users\\u\\proj\\.git\\config", NT_FILE_GENERIC_READ),
        NT_DONE);
    cr_assert_eq(
        nt_try_open(model.tree, &actor, "Windows\\System32\\cmd.exe", NT_FILE_GENERIC_EXECUTE),
        NT_DONE);
    model_close(&model);
}

Test(windows_attack, elevated_hides_what_the_policy_hides)
{
    struct model model;
    struct nt_actor actor;
    struct nt_actor user;
    struct error err = {0};

    model_open(&model, MODEL_ELEVATED, WINDOWS_DEFAULT, false);
    model_add(&model, "src\\third\\secret", true, NULL);
    model_add(&model, "src\\third\\secret\\key", false, NULL);
    cr_assert_eq(windows_facts_add_hidden(&model.facts, "C:\\src\\third\\secret", true, &err), 0);
    model_apply(&model, MODEL_ELEVATED, WINDOWS_DEFAULT);
    actor = model_command(&model, PUBLISHED);
    user = (struct nt_actor){.token = &model.user};
    cr_assert_eq(nt_try_open(model.tree, &actor, "src\\third\\secret\\key", NT_FILE_READ_DATA),
                 NT_REFUSED);
    cr_assert_eq(nt_try_open(model.tree, &actor, "src\\third\\file", NT_FILE_READ_DATA), NT_DONE);
    cr_assert_eq(nt_try_open(model.tree, &user, "src\\third\\secret\\key", NT_FILE_READ_DATA),
                 NT_DONE);
    model_close(&model);
}

/* The documented gap "moved-files": a rename keeps the descriptor, so that what the command made can still
 * be written after the user has moved it below a protected name. */
Test(windows_attack, moved_files_gap_is_there)
{
    for (int mode = MODEL_UNELEVATED; mode <= MODEL_ELEVATED; mode++) {
        struct model model;
        struct nt_actor actor;
        struct nt_actor user;

        model_open(&model, (enum model_mode)mode, WINDOWS_DEFAULT, false);
        model_apply(&model, (enum model_mode)mode, WINDOWS_DEFAULT);
        actor = model_command(&model, WISHED);
        user = (struct nt_actor){.token = &model.user};
        cr_assert_eq(nt_try_create(model.tree, &actor, "Users\\u\\proj\\hook", false), NT_DONE);
        cr_assert_eq(nt_try_rename(model.tree, &user, "Users\\u\\proj\\hook",
                                   "Users\\u\\proj\\.git\\hooks\\moved"),
                     NT_DONE);
        cr_assert_eq(nt_try_write(model.tree, &actor, "Users\\u\\proj\\.git\\hooks\\moved"),
                     NT_DONE);
        cr_assert_eq(nt_try_create(model.tree, &user, "Users\\u\\proj\\.git\\hooks\\copied", false),
                     NT_DONE);
        cr_assert_eq(nt_try_write(model.tree, &actor, "Users\\u\\proj\\.git\\hooks\\copied"),
                     NT_REFUSED, "a copy gets what the directory hands down");
        model_close(&model);
    }
}

/* Audit ------------------------------------------------------------------------------------------- */

Test(windows_attack, audit_names_every_place_that_everyone_may_write)
{
    struct model model;
    struct nt_audit audit = {.depth = 8, .looks_max = 1000, .per_directory = 1000};
    struct error err = {0};
    size_t everyone = 0;

    model_open(&model, MODEL_UNELEVATED, WINDOWS_DEFAULT, false);
    cr_assert_eq(nt_audit_place(&model.machine.machine, "C:\\", &audit, &err), 0);
    for (size_t i = 0; i < audit.count; i++)
        everyone += audit.findings[i].audience <= NT_AUDIENCE_EVERYONE ? 1 : 0;
    cr_assert_eq(everyone, 4u, "drop, drop\\file, open, pre-commit: %zu", everyone);
    cr_assert(!audit.was_stopped && audit.cut == 0);
    nt_audit_done(&audit);
    audit = (struct nt_audit){.depth = 8, .looks_max = 5, .per_directory = 2};
    cr_assert_eq(nt_audit_place(&model.machine.machine, "C:\\", &audit, &err), 0);
    cr_assert(audit.was_stopped, "the budget is part of the answer");
    cr_assert(audit.cut > 0);
    nt_audit_done(&audit);
    model_close(&model);
}

/* Whether a condition is met nobody here can tell: it counts as writable, unless it is for others only. */
Test(windows_attack, audit_names_what_may_be_written_under_a_condition)
{
    struct nt_ace under = nt_ace_make(NT_ACE_ALLOW_CALLBACK, 0, NT_FILE_ALL, &NT_EVERYONE);
    enum nt_audience audience = NT_AUDIENCE_USERS;
    uint32_t rights = 0;
    struct error err = {0};
    AUTO_SD struct nt_sd sd = NT_SD_EMPTY;

    cr_assert_eq(nt_sddl_parse("O:SYG:SYD:(A;;FR;;;WD)", NULL, &sd, &err), 0);
    cr_assert(!nt_audit_sd(&sd, &audience, &rights));
    cr_assert_eq(nt_acl_add(&sd.dacl, &under, &err), 0);
    cr_assert(nt_audit_sd(&sd, &audience, &rights));
    cr_assert_eq(audience, NT_AUDIENCE_EVERYONE);
    cr_assert((rights & NT_FILE_WRITE_DATA) != 0);
    sd.dacl.aces[1].flags = NT_INHERIT_ALL | NT_INHERIT_ONLY;
    cr_assert(!nt_audit_sd(&sd, &audience, &rights));
}

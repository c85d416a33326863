/*
 * Every route to everything: each act on every path of the pretended machine
 * (rename and link: on every pair of paths), and after each one that works, a
 * sweep of further acts over the whole machine. What changed where it may
 * not is collected by name. For the plans of this project there must be
 * nothing; for the published design the list is the predicted difference.
 * Predictions: nothing here ran on Windows.
 */
#include "base/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "sandbox/nt/audit.h"
#include "sandbox/windows_model_test.h"

/* The two readings of one open question: does deleting through the parent count as a write? */
enum {
    PUBLISHED = 0,
    WISHED = NT_FILE_DELETE_CHILD
};

/* Names that are not there when the attack begins. */
static const char *const new_names[] = {
    "new",
    "Windows\\new",
    "Users\\u\\new",
    "Users\\u\\proj\\new",
    "Users\\u\\proj\\src\\new",
    "Users\\u\\proj\\.git\\new",
    "Users\\u\\proj\\.git\\hooks\\new",
    "Users\\u\\proj\\.codex",
    "Users\\u\\proj\\.codex\\new",
    "Users\\u\\proj\\.agents",
    "src\\second\\new",
    "src\\second\\.git",
    "src\\second\\.git\\new",
    "src\\second\\.codex\\new",
    "src\\third\\new",
};

struct attack {
    struct model model;
    int mode;
    int variant;
    uint32_t extra;
    bool is_alone;             /* the second root is another workspace's, not in the policy */
    struct text_list paths;    /* all there are, and the new names */
    struct text_list open;     /* what Everyone may write, by the audit; not counted */
    struct text_list violated; /* what changed */
    char *before;
    size_t acts, done;
};

static bool is_below_any(const char *path, const struct text_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (path_is_within(PATH_WINDOWS, path, list->items[i]))
            return true;
    }
    return false;
}

/* Outside the roots, or protected; and not what Everyone may write anyway. */
static bool is_guarded(const struct attack *attack, const char *path)
{
    const struct windows_facts *facts = &attack->model.facts;
    bool is_inside = false;

    for (size_t i = 0; i < facts->name_count; i++) {
        if (path_is_within(PATH_WINDOWS, path, facts->names[i].path + 3))
            return true;
    }
    for (size_t i = 0; i < (attack->is_alone ? 1 : facts->root_count); i++) {
        /* a root itself must stay where it is: only what is below it is the command's */
        is_inside = is_inside || (path_is_within(PATH_WINDOWS, path, facts->roots[i].path + 3) &&
                                  strlen(path) > strlen(facts->roots[i].path + 3));
    }
    return !is_inside && !is_below_any(path, &attack->open);
}

/* "path, kind, descriptor, content" of everything guarded; how many links it has does not matter. */
static char *see(struct attack *attack)
{
    AUTO_BUFFER struct buffer out = BUFFER_EMPTY;
    struct nt_tree *tree = attack->model.tree;
    struct error err = {0};

    buffer_add_byte(&out, '\n');
    for (struct nt_entry *at = tree->root; at != NULL; at = nt_tree_next(tree->root, at)) {
        AUTO_FREE char *path = nt_tree_path(at);
        AUTO_FREE char *sddl = nt_sddl_format(&at->object->sd, &err);

        cr_assert(path != NULL && sddl != NULL);
        if (is_guarded(attack, path))
            buffer_printf(&out, "%s\t%d\t%s\t%u\n", path, at->object->is_directory, sddl,
                          at->object->is_directory ? 0 : at->object->content);
    }
    cr_assert(!buffer_failed(&out));
    return buffer_take(&out);
}

/* Lines that the other does not have, each as "- path" or "+ path"; what lies below one of them is its
 * consequence. */
static void note_missing(struct attack *attack, char sign, const char *lines, const char *in)
{
    struct text_list here = {0};
    struct error err = {0};

    for (const char *at = lines + 1; *at != '\0';) {
        size_t length = strcspn(at, "\n");
        AUTO_FREE char *line = text_copy(at - 1, length + 2);
        AUTO_FREE char *path = text_copy(at, strcspn(at, "\t"));
        AUTO_BUFFER struct buffer found = BUFFER_EMPTY;

        cr_assert(line != NULL && path != NULL);
        at += length + 1;
        if (strstr(in, line) != NULL || is_below_any(path, &here))
            continue;
        cr_assert_eq(text_list_add(&here, path, &err), 0);
        buffer_printf(&found, "%c %s", sign, path);
        if (!text_list_has(&attack->violated, buffer_text(&found)))
            cr_assert_eq(text_list_add(&attack->violated, buffer_text(&found), &err), 0);
    }
    text_list_done(&here);
}

/* The machine ------------------------------------------------------------------------------------- */

static void find_open(struct attack *attack)
{
    struct nt_tree *tree = attack->model.tree;
    struct error err = {0};

    for (struct nt_entry *at = tree->root; at != NULL; at = nt_tree_next(tree->root, at)) {
        AUTO_FREE char *path = nt_tree_path(at);
        enum nt_audience audience;
        uint32_t rights;

        if (!nt_audit_sd(&at->object->sd, &audience, &rights) || audience > NT_AUDIENCE_EVERYONE)
            continue;
        /* Where deleting through the parent counts as a write, only a NULL DACL is beyond any token. */
        if (attack->extra == PUBLISHED || nt_sd_is_open(&at->object->sd))
            cr_assert_eq(text_list_add(&attack->open, path, &err), 0);
    }
}

static void find_paths(struct attack *attack)
{
    struct nt_tree *tree = attack->model.tree;
    struct error err = {0};

    for (struct nt_entry *at = tree->root; at != NULL; at = nt_tree_next(tree->root, at)) {
        AUTO_FREE char *path = nt_tree_path(at);

        cr_assert_eq(text_list_add(&attack->paths, path, &err), 0);
    }
    for (size_t i = 0; i < ARRAY_SIZE(new_names); i++)
        cr_assert_eq(text_list_add(&attack->paths, new_names[i], &err), 0);
}

/* Its SID is not in the token, and nobody holds its names. */
static void leave_second_root(struct model *model)
{
    for (size_t i = 0; i < model->command.restricting_count; i++) {
        if (nt_sid_equal(&model->command.restricting[i], &model->facts.roots[1].sid))
            model->command.restricting[i] = (struct nt_sid)NT_SID(0, 99, 99, 99, 99);
    }
    for (size_t i = 0; i < model->facts.name_count; i++) {
        struct nt_entry *entry = model_find(model, model->facts.names[i].path + 3);

        if (entry != NULL && path_is_within(PATH_WINDOWS, model->facts.names[i].path + 3, "src"))
            entry->object->held = 0;
    }
}

static void open_machine(struct attack *attack)
{
    model_open(&attack->model, (enum model_mode)attack->mode, WINDOWS_DEFAULT, true);
    model_apply(&attack->model, (enum model_mode)attack->mode,
                (enum windows_variant)attack->variant);
    if (attack->is_alone)
        leave_second_root(&attack->model);
}

static void open_attack(struct attack *attack, int mode, int variant, uint32_t extra, bool is_alone)
{
    *attack =
        (struct attack){.mode = mode, .variant = variant, .extra = extra, .is_alone = is_alone};
    open_machine(attack);
    find_open(attack);
    find_paths(attack);
    attack->before = see(attack);
}

static void close_attack(struct attack *attack)
{
    model_close(&attack->model);
    text_list_done(&attack->paths);
    text_list_done(&attack->open);
    text_list_done(&attack->violated);
    free(attack->before);
}

/* Acts -------------------------------------------------------------------------------------------- */

enum act {
    ACT_WRITE,
    ACT_MAKE_FILE,
    ACT_MAKE_DIRECTORY,
    ACT_DELETE,
    ACT_DACL,

    ACT_SINGLE,
    ACT_RENAME = ACT_SINGLE,
    ACT_LINK,

    ACT_COUNT
};

static enum nt_outcome act(struct attack *attack, enum act what, const char *from, const char *to)
{
    struct nt_actor actor = model_command(&attack->model, attack->extra);
    struct nt_tree *tree = attack->model.tree;

    attack->acts++;
    switch (what) {
    case ACT_WRITE:
        return nt_try_write(tree, &actor, from);
    case ACT_MAKE_FILE:
    case ACT_MAKE_DIRECTORY:
        return nt_try_create(tree, &actor, from, what == ACT_MAKE_DIRECTORY);
    case ACT_DELETE:
        return nt_try_delete(tree, &actor, from);
    case ACT_DACL:
        return nt_try_set_dacl(tree, &actor, from, "D:(A;;FA;;;WD)");
    case ACT_RENAME:
        return nt_try_rename(tree, &actor, from, to);
    case ACT_LINK:
        return nt_try_link(tree, &actor, from, to);
    case ACT_COUNT:
        break;
    }
    return NT_IMPOSSIBLE;
}

/* With whatever the first act gained. Deleting comes last: it would end the rest. */
static void sweep(struct attack *attack)
{
    static const enum act order[] = {ACT_DACL, ACT_WRITE, ACT_MAKE_FILE, ACT_MAKE_DIRECTORY};

    for (size_t k = 0; k < ARRAY_SIZE(order); k++) {
        for (size_t i = 0; i < attack->paths.count; i++)
            (void)act(attack, order[k], attack->paths.items[i], NULL);
    }
    for (size_t i = 0; i < attack->paths.count; i++) {
        for (size_t k = 0; k < ARRAY_SIZE(new_names); k += 3)
            (void)act(attack, ACT_LINK, attack->paths.items[i], new_names[k]);
    }
    for (size_t i = attack->paths.count; i > 0; i--)
        (void)act(attack, ACT_DELETE, attack->paths.items[i - 1], NULL);
    for (size_t i = 0; i < attack->paths.count; i++) {
        for (size_t k = 0; k < ARRAY_SIZE(new_names); k += 3)
            (void)act(attack, ACT_RENAME, attack->paths.items[i], new_names[k]);
    }
}

static void compare(struct attack *attack)
{
    AUTO_FREE char *after = see(attack);

    if (strcmp(attack->before, after) == 0)
        return;
    note_missing(attack, '-', attack->before, after);
    note_missing(attack, '+', after, attack->before);
}

/* is_deep: with a sweep after each act that worked. An act that is refused changes nothing, so the
 * machine is made anew only after one that is not. */
static void try_everything(struct attack *attack, bool is_deep)
{
    for (int what = 0; what < ACT_COUNT; what++) {
        for (size_t i = 0; i < attack->paths.count; i++) {
            for (size_t k = 0; k < (what < ACT_SINGLE ? 1 : attack->paths.count); k++) {
                if (act(attack, (enum act)what, attack->paths.items[i], attack->paths.items[k]) !=
                    NT_DONE)
                    continue;
                attack->done++;
                if (is_deep)
                    sweep(attack);
                compare(attack);
                model_close(&attack->model);
                open_machine(attack);
            }
        }
    }
    compare(attack);
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The violated paths, sorted, one per line. */
static char *list_of(struct attack *attack)
{
    AUTO_BUFFER struct buffer out = BUFFER_EMPTY;
    struct text_list *list = &attack->violated;

    if (list->count > 1)
        qsort(list->items, list->count, sizeof *list->items, compare_text);
    buffer_add(&out, "", 0);
    for (size_t i = 0; i < list->count; i++)
        buffer_printf(&out, "%s\n", list->items[i]);
    return buffer_take(&out);
}

static void expect(int mode, int variant, uint32_t extra, bool is_deep, const char *wanted)
{
    struct attack attack;
    AUTO_FREE char *found = NULL;

    open_attack(&attack, mode, variant, extra, false);
    try_everything(&attack, is_deep);
    found = list_of(&attack);
    cr_assert_str_eq(found, wanted, "mode %d, variant %d, reading 0x%x:\n%s", mode, variant,
                     (unsigned)extra, found);
    cr_assert(attack.acts > 4000 && attack.done > 50, "%zu acts, %zu done", attack.acts,
              attack.done);
    close_attack(&attack);
}

Test(windows_routes, elevated_holds_every_route_under_both_readings)
{
    expect(MODEL_ELEVATED, WINDOWS_DEFAULT, WISHED, true, "");
    expect(MODEL_ELEVATED, WINDOWS_DEFAULT, PUBLISHED, true, "");
}

Test(windows_routes, unelevated_holds_every_route_if_deleting_through_the_parent_is_a_write)
{
    expect(MODEL_UNELEVATED, WINDOWS_DEFAULT, WISHED, true, "");
}

/* The documented gap "delete-child": outside the roots things go, nothing is changed and nothing new stands
 * anywhere. In the roots nothing protected goes. */
Test(windows_routes, unelevated_gap_is_what_the_user_may_delete_outside_through_its_parent)
{
    expect(MODEL_UNELEVATED, WINDOWS_DEFAULT, PUBLISHED, false,
           "- Users\\u\\.ssh\n"
           "- Users\\u\\.ssh\\id\n"
           "- Users\\u\\notes.txt\n");
    expect(MODEL_UNELEVATED, WINDOWS_DEFAULT, PUBLISHED, true,
           "- Users\\u\\.ssh\n"
           "- Users\\u\\notes.txt\n");
}

/* The predicted difference: the published design, by the same acts. The roots can be moved away with all
 * that is protected in them; missing names can be made; an entry of a file's own for Everyone comes
 * before the inherited denial; what Everyone may write is written. */
#define PUBLISHED_BOTH   \
    "- Users\\u\\proj\n" \
    "- Users\\u\\proj\\.git\\hooks\\pre-commit\n"

Test(windows_routes, as_published_can_be_written_where_everyone_may_and_moved_and_filled)
{
    for (int mode = MODEL_UNELEVATED; mode <= MODEL_ELEVATED; mode++)
        expect(mode, WINDOWS_AS_PUBLISHED, WISHED, false,
               "+ Users\\u\\proj\\.agents\n"
               "+ Users\\u\\proj\\.codex\n"
               "+ Users\\u\\proj\\.git\\hooks\\pre-commit\n"
               "+ drop\n"
               "+ drop\\file\n"
               "+ src\\second\\.git\n" PUBLISHED_BOTH "- drop\n"
               "- drop\\file\n"
               "- src\\second\n");
    expect(MODEL_ELEVATED, WINDOWS_AS_PUBLISHED, PUBLISHED, false,
           "+ Users\\u\\proj\\.agents\n"
           "+ Users\\u\\proj\\.codex\n"
           "+ Users\\u\\proj\\.git\\hooks\\pre-commit\n"
           "+ src\\second\\.git\n" PUBLISHED_BOTH "- src\\second\n");
}

/* A command whose policy has the first root only, on a machine where the second was set up too. */
Test(windows_routes, a_command_has_no_route_into_another_workspace)
{
    for (int mode = MODEL_UNELEVATED; mode <= MODEL_ELEVATED; mode++) {
        struct attack attack;
        AUTO_FREE char *found = NULL;

        open_attack(&attack, mode, WINDOWS_DEFAULT, WISHED, true);
        try_everything(&attack, true);
        found = list_of(&attack);
        cr_assert_str_eq(found, "", "mode %d:\n%s", mode, found);
        cr_assert(attack.done > 20, "%zu acts done", attack.done);
        close_attack(&attack);
    }
}

/* The host ---------------------------------------------------------------------------------------- */

/* What git does in its directory, as the user, while a command runs in the sandbox. */
static void use_git(struct model *model, const char *root, enum nt_outcome *outcomes, size_t count)
{
    static const struct {
        char what; /* write, make, directory, delete, rename */
        const char *from, *to;
    } steps[] = {
        {'m', ".git\\index.lock", NULL},
        {'w', ".git\\index.lock", NULL},
        {'r', ".git\\index.lock", ".git\\index"},
        {'m', ".git\\index.lock", NULL},
        {'r', ".git\\index.lock", ".git\\index"},
        {'w', ".git\\config", NULL},
        {'m', ".git\\config.lock", NULL},
        {'r', ".git\\config.lock", ".git\\config"},
        {'d', ".git\\objects", NULL},
        {'d', ".git\\objects\\ab", NULL},
        {'m', ".git\\objects\\ab\\tmp_obj", NULL},
        {'r', ".git\\objects\\ab\\tmp_obj", ".git\\objects\\ab\\cd"},
        {'w', ".git\\hooks\\pre-commit", NULL},
        {'x', ".git\\hooks\\pre-commit", NULL},
        {'x', ".git\\hooks", NULL},
        {'x', ".git\\objects\\ab\\cd", NULL},
        {'m', "src\\new.c", NULL},
        {'x', "src\\main.c", NULL},
        {'r', "src", "lib"},
        {'m', ".gitignore", NULL},
    };
    struct nt_actor user = {.token = &model->user};

    cr_assert_eq(count, ARRAY_SIZE(steps));
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        AUTO_FREE char *from = windows_path_join(root, steps[i].from);
        AUTO_FREE char *to = windows_path_join(root, steps[i].to != NULL ? steps[i].to : "");

        if (steps[i].what == 'm' || steps[i].what == 'd')
            outcomes[i] = nt_try_create(model->tree, &user, from, steps[i].what == 'd');
        else if (steps[i].what == 'w')
            outcomes[i] = nt_try_write(model->tree, &user, from);
        else if (steps[i].what == 'x')
            outcomes[i] = nt_try_delete(model->tree, &user, from);
        else
            outcomes[i] = nt_try_rename(model->tree, &user, from, to);
        cr_assert_eq(outcomes[i], NT_DONE, "%c %s: %d", steps[i].what, steps[i].from, outcomes[i]);
    }
}

Test(windows_routes, host_git_works_as_if_nothing_were_there)
{
    for (int mode = MODEL_UNELEVATED; mode <= MODEL_ELEVATED; mode++) {
        enum nt_outcome outcomes[20];
        struct model model;

        model_open(&model, (enum model_mode)mode, WINDOWS_DEFAULT, false);
        model_apply(&model, (enum model_mode)mode, WINDOWS_DEFAULT);
        use_git(&model, "Users\\u\\proj", outcomes, ARRAY_SIZE(outcomes));
        model_close(&model);
    }
}

/* ... and with what the command made: the user reads, changes and removes it. */
Test(windows_routes, what_the_command_makes_is_the_users_too)
{
    static const char *const roots[] = {"Users\\u\\proj", "src\\second"};

    for (int mode = MODEL_UNELEVATED; mode <= MODEL_ELEVATED; mode++) {
        for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
            AUTO_FREE char *directory = windows_path_join(roots[i], "made");
            AUTO_FREE char *file = windows_path_join(directory, "file");
            struct nt_actor user;
            struct nt_actor command;
            struct model model;

            model_open(&model, (enum model_mode)mode, WINDOWS_DEFAULT, true);
            model_apply(&model, (enum model_mode)mode, WINDOWS_DEFAULT);
            command = model_command(&model, WISHED);
            user = (struct nt_actor){.token = &model.user};
            cr_assert_eq(nt_try_create(model.tree, &command, directory, true), NT_DONE);
            cr_assert_eq(nt_try_create(model.tree, &command, file, false), NT_DONE);
            cr_assert_eq(nt_try_open(model.tree, &user, file, NT_FILE_GENERIC_READ), NT_DONE);
            cr_assert_eq(nt_try_write(model.tree, &user, file), NT_DONE);
            cr_assert_eq(nt_try_delete(model.tree, &user, file), NT_DONE);
            cr_assert_eq(nt_try_delete(model.tree, &user, directory), NT_DONE);
            model_close(&model);
        }
    }
}

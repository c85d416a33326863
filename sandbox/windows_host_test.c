/*
 * What the plans of the Windows modes leave to the people of the host, on a
 * pretended machine: their rights, what they can do, and everything outside
 * the roots.
 */
#include "base/test.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "sandbox/windows_model_test.h"

static uint32_t rights_of(const struct nt_token *token, const struct nt_entry *entry)
{
    struct nt_access_check check = {.sd = &entry->object->sd,
                                    .token = token,
                                    .desired = NT_MAXIMUM_ALLOWED,
                                    .mapping = &NT_FILE_MAPPING};

    return nt_access_check(&check).granted;
}

/* Unelevated, in protected directories only: see what_the_user_could_do_before_can_be_done_after. */
static uint32_t taken_from_user(struct model *model, int mode, const char *path)
{
    bool is_directory = model_find(model, path)->object->is_directory;

    return mode == MODEL_UNELEVATED && is_directory && model_is_protected(model, path)
               ? NT_FILE_DELETE_CHILD
               : 0;
}

Test(windows_host, everybody_on_the_host_keeps_exactly_their_rights)
{
    for (int mode = MODEL_UNELEVATED; mode <= MODEL_ELEVATED; mode++) {
        struct model before;
        struct model after;
        struct nt_entry *a;
        struct nt_entry *b;

        model_open(&before, (enum model_mode)mode, WINDOWS_DEFAULT, true);
        model_open(&after, (enum model_mode)mode, WINDOWS_DEFAULT, true);
        model_apply(&after, (enum model_mode)mode, WINDOWS_DEFAULT);
        for (a = before.tree->root; a != NULL; a = nt_tree_next(before.tree->root, a)) {
            AUTO_FREE char *path = nt_tree_path(a);

            b = model_find(&after, path);
            cr_assert_not_null(b, "%s", path);
            cr_assert_eq(rights_of(&before.user, a) & ~taken_from_user(&before, mode, path),
                         rights_of(&before.user, b), "%s", path);
            cr_assert_eq(rights_of(&before.other, a), rights_of(&before.other, b), "%s", path);
            cr_assert_eq(rights_of(&before.administrator, a), rights_of(&before.administrator, b),
                         "%s", path);
        }
        model_close(&before);
        model_close(&after);
    }
}

/* w write, x delete, a set DACL, r rename, l link: on a fresh machine, where the plan was carried out or not. */
static enum nt_outcome user_tries(enum model_mode mode, bool is_applied, char what,
                                  const char *from, const char *to)
{
    enum nt_outcome outcome = NT_IMPOSSIBLE;
    struct model model;
    struct nt_actor user;

    model_open(&model, mode, WINDOWS_DEFAULT, true);
    if (is_applied)
        model_apply(&model, mode, WINDOWS_DEFAULT);
    for (struct nt_entry *at = model.tree->root; at != NULL;
         at = nt_tree_next(model.tree->root, at))
        at->object->held = 0; /* what holds for the time of a run only is not the question here */
    user = (struct nt_actor){.token = &model.user};
    switch (what) {
    case 'w':
        outcome = nt_try_write(model.tree, &user, from);
        break;
    case 'x':
        outcome = nt_try_delete(model.tree, &user, from);
        break;
    case 'a':
        outcome = nt_try_set_dacl(model.tree, &user, from, "D:(A;;FA;;;WD)");
        break;
    case 'r':
        outcome = nt_try_rename(model.tree, &user, from, to);
        break;
    case 'l':
        outcome = nt_try_link(model.tree, &user, from, to);
        break;
    default:
        break;
    }
    model_close(&model);
    return outcome;
}

/* Every act of the user on everything in the roots, before and after: also deleting in a protected
 * directory, for each file there grants it itself. */
Test(windows_host, what_the_user_could_do_before_can_be_done_after)
{
    static const char acts[] = {'w', 'x', 'a', 'r', 'l'};
    size_t deleted = 0;
    struct model names;

    model_open(&names, MODEL_UNELEVATED, WINDOWS_DEFAULT, true);
    for (struct nt_entry *at = names.tree->root; at != NULL;
         at = nt_tree_next(names.tree->root, at)) {
        AUTO_FREE char *path = nt_tree_path(at);
        AUTO_FREE char *to = windows_path_join(path, "..moved");

        (void)snprintf(strrchr(to, '\\'), 9, "..moved"); /* beside it */
        for (size_t i = 0; model_is_in_root(&names, path) && i < ARRAY_SIZE(acts); i++) {
            enum nt_outcome before = user_tries(MODEL_UNELEVATED, false, acts[i], path, to);

            cr_assert_eq(user_tries(MODEL_UNELEVATED, true, acts[i], path, to), before, "%c %s",
                         acts[i], path);
            deleted += acts[i] == 'x' && before == NT_DONE ? 1 : 0;
        }
    }
    cr_assert(deleted >= 5, "%zu", deleted);
    model_close(&names);
}

Test(windows_host, only_roots_and_protected_names_are_written)
{
    for (int mode = MODEL_UNELEVATED; mode <= MODEL_ELEVATED; mode++) {
        struct model model;

        model_open(&model, (enum model_mode)mode, WINDOWS_DEFAULT, true);
        model_apply(&model, (enum model_mode)mode, WINDOWS_DEFAULT);
        for (struct nt_entry *at = model.tree->root; at != NULL;
             at = nt_tree_next(model.tree->root, at)) {
            AUTO_FREE char *path = nt_tree_path(at);

            cr_assert(at->object->sd_writes == 0 || model_is_in_root(&model, path),
                      "%s was written", path);
            cr_assert(at->object->sd_writes <= 1, "%s was written twice", path);
        }
        model_close(&model);
    }
}

/* The documented gap "host-delete-child", and where it is not: with windows-elevated the user loses nothing. */
Test(windows_host, the_one_thing_that_the_user_loses_is_named)
{
    static const char path[] = "Users\\u\\proj\\.git\\kept";

    for (int mode = MODEL_UNELEVATED; mode <= MODEL_ELEVATED; mode++) {
        struct model model;
        struct nt_actor user;
        bool is_named = false;

        model_open(&model, (enum model_mode)mode, WINDOWS_DEFAULT, false);
        model_add(&model, path, false, "O:BAG:BAD:PAI(A;;FR;;;" MODEL_USER ")");
        user = (struct nt_actor){.token = &model.user};
        cr_assert_eq(nt_try_open(model.tree, &user, path, NT_DELETE), NT_DONE,
                     "through the directory");
        model_apply(&model, (enum model_mode)mode, WINDOWS_DEFAULT);
        for (size_t i = 0; i < model.plan.gap_count; i++)
            is_named = is_named || strcmp(model.plan.gaps[i].id, "host-delete-child") == 0;
        cr_assert_eq(nt_try_open(model.tree, &user, path, NT_DELETE),
                     mode == MODEL_UNELEVATED ? NT_REFUSED : NT_DONE, "mode %d", mode);
        cr_assert_eq(is_named, mode == MODEL_UNELEVATED);
        model_close(&model);
    }
}

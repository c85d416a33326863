/*
 * The plans of both Windows modes, set-up included, on a machine whose power
 * fails after every single effect. A fresh process then finds the journal and
 * recovers. The oracle is always another machine that was never cut: equal
 * dumps are equal volumes (names, descriptors, contents) and equal settings.
 */
#include "base/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "sandbox/windows_site_test.h"

static void read_journal(const struct site *site, struct nt_journal *journal)
{
    const struct buffer *bytes = &site->model.machine.journal;
    struct error err = {0};

    *journal = (struct nt_journal){0};
    must(nt_journal_read((const uint8_t *)bytes->data, bytes->size, journal, &err), &err);
}

/* wishes: of the first root only, or all. The power fails after so many effects. */
static int apply_part(struct site *site, size_t wish_count, size_t effects)
{
    struct nt_changes changes = site->changes;
    struct nt_change_report report = {0};
    struct nt_journal journal;
    struct error err = {0};
    int result;

    changes.wishes.count = wish_count;
    site->model.machine.effects_left = effects;
    read_journal(site, &journal);
    result = nt_apply(&site->model.machine.machine, &changes, journal.count, &report, &err);
    site->model.machine.effects_left = SIZE_MAX;
    nt_journal_done(&journal);
    nt_change_report_done(&report);
    return result;
}

static int apply(struct site *site, size_t effects)
{
    return apply_part(site, site->changes.wishes.count, effects);
}

/* Undoes what was not committed, or all; a process that gets through then cuts the journal. */
static int undo(struct site *site, bool is_teardown, size_t effects)
{
    struct nt_change_report report = {0};
    struct nt_ours ours = ours_of(site);
    struct nt_journal journal;
    struct error err = {0};
    int result;

    site->model.machine.effects_left = effects;
    read_journal(site, &journal);
    result = nt_undo(&site->model.machine.machine, &journal, is_teardown ? 0 : journal.committed,
                     &ours, &report, &err);
    site->model.machine.effects_left = SIZE_MAX;
    if (result == 0)
        site->model.machine.journal.size = is_teardown ? 0 : journal.committed_size;
    nt_journal_done(&journal);
    nt_change_report_done(&report);
    return result;
}

static char *dump(const struct site *site)
{
    struct error err = {0};
    char *text = nt_tree_machine_dump(&site->model.machine, &err);

    cr_assert_not_null(text, "%s", err.message);
    return text;
}

/* What people do meanwhile ------------------------------------------------------------------------- */

/* icacls PATH /grant Everyone:R; after the explicit denials, where Windows puts it. */
static void grant(struct site *site, const char *path)
{
    struct nt_entry *entry = model_find(&site->model, path);
    struct nt_ace ace = nt_ace_make(NT_ACE_ALLOW, 0, NT_FILE_GENERIC_READ, &NT_EVERYONE);
    struct error err = {0};
    size_t at = 0;

    cr_assert_not_null(entry, "%s", path);
    while (at < entry->object->sd.dacl.count &&
           entry->object->sd.dacl.aces[at].type == NT_ACE_DENY &&
           (entry->object->sd.dacl.aces[at].flags & NT_INHERITED) == 0)
        at++;
    must(nt_acl_insert(&entry->object->sd.dacl, at, &ace, &err), &err);
}

/* Somebody else's administrator gives every third setting another value: one that is there, and one that
 * is not there yet or no more. */
static void administrators_work(struct site *site)
{
    struct nt_machine *machine = &site->model.machine.machine;
    struct error err = {0};

    for (size_t i = 0; i < site->changes.setting_count; i += 3) {
        const struct nt_setting *setting = &site->settings[i];

        must(machine->ops->set(machine, setting->kind, setting->name, "theirs", &err), &err);
    }
}

static void people_work(struct site *site)
{
    struct model *model = &site->model;
    struct nt_actor user = {.token = &model->user};

    administrators_work(site);
    grant(site, "Users\\u\\proj");
    grant(site, "Users\\u\\proj\\.git");
    grant(site, "Users\\u\\proj\\.git\\config");
    grant(site, "src\\second\\file");
    model_add(model, "Users\\u\\proj\\new.c", false, NULL);
    model_add(model, "Users\\u\\proj\\.git\\index", false, NULL);
    model_add(model, "Users\\u\\proj\\.ssh", true, NULL);
    model_add(model, "Users\\u\\proj\\.ssh\\config", false, NULL);
    model_add(model, "src\\second\\.codex\\more", true, NULL);
    model_add(model, "src\\second\\.codex\\more\\own", false,
              "O:" MODEL_USER "G:BUD:P(A;;FA;;;" MODEL_USER ")");
    cr_assert_eq(nt_try_delete(model->tree, &user, "Users\\u\\proj\\src\\main.c"), NT_DONE);
    cr_assert_eq(nt_try_write(model->tree, &user, "Users\\u\\proj\\.git\\hooks\\pre-commit"),
                 NT_DONE);
    cr_assert_eq(nt_try_rename(model->tree, &user, "Users\\u\\proj\\.git\\config",
                               "Users\\u\\proj\\.git\\config.old"),
                 NT_DONE);
}

/* The machines that are never cut. */
struct known {
    char *before;        /* nothing done */
    char *completed;     /* set up */
    char *before_worked; /* people worked, nothing else was done */
    size_t setup_effects;
    size_t teardown_effects;
};

static void find_known(struct known *known, int mode, int variant)
{
    struct site site;

    open_site(&site, mode, variant);
    known->before = dump(&site);
    cr_assert_eq(apply(&site, SIZE_MAX), 0);
    known->completed = dump(&site);
    known->setup_effects = site.model.machine.effects;
    cr_assert_eq(undo(&site, true, SIZE_MAX), 0);
    known->teardown_effects = site.model.machine.effects - known->setup_effects;
    close_site(&site);
    open_site(&site, mode, variant);
    people_work(&site);
    known->before_worked = dump(&site);
    close_site(&site);
    cr_assert(known->setup_effects > 15 && known->teardown_effects > 10, "%zu and %zu effects",
              known->setup_effects, known->teardown_effects);
}

static void known_done(struct known *known)
{
    free(known->before);
    free(known->completed);
    free(known->before_worked);
}

static void expect(const struct site *site, const char *wanted, const char *what, int mode,
                   int variant, size_t cut)
{
    AUTO_FREE char *found = dump(site);

    cr_assert_str_eq(found, wanted, "%s: mode %d, variant %d, cut after %zu", what, mode, variant,
                     cut);
}

/* Calls check for both modes, both variants and every cut of what lasts `effects`. */
static void each_cut(bool of_teardown,
                     void (*check)(const struct known *known, int mode, int variant, size_t cut))
{
    for (int mode = MODEL_UNELEVATED; mode <= MODEL_ELEVATED; mode++) {
        for (int variant = WINDOWS_DEFAULT; variant <= WINDOWS_AS_PUBLISHED; variant++) {
            struct known known;

            find_known(&known, mode, variant);
            for (size_t cut = 0; cut < (of_teardown ? known.teardown_effects : known.setup_effects);
                 cut++)
                check(&known, mode, variant, cut);
            known_done(&known);
        }
    }
}

/* Set-up ------------------------------------------------------------------------------------------- */

static void check_setup(const struct known *known, int mode, int variant, size_t cut)
{
    struct site site;

    open_site(&site, mode, variant);
    cr_assert_eq(apply(&site, cut), -1);
    cr_assert_eq(undo(&site, false, SIZE_MAX), 0);
    expect(&site, known->before, "recovered", mode, variant, cut);
    cr_assert_eq(apply(&site, SIZE_MAX), 0);
    expect(&site, known->completed, "tried again", mode, variant, cut);
    cr_assert_eq(undo(&site, true, SIZE_MAX), 0);
    expect(&site, known->before, "torn down", mode, variant, cut);
    close_site(&site);
}

Test(windows_crash, a_setup_cut_anywhere_is_undone_and_can_be_tried_again)
{
    each_cut(false, check_setup);
}

static void check_setup_worked(const struct known *known, int mode, int variant, size_t cut)
{
    struct site site;

    open_site(&site, mode, variant);
    cr_assert_eq(apply(&site, cut), -1);
    people_work(&site);
    cr_assert_eq(undo(&site, false, SIZE_MAX), 0);
    expect(&site, known->before_worked, "recovered", mode, variant, cut);
    close_site(&site);
}

Test(windows_crash, what_people_did_after_the_cut_is_all_that_recovery_leaves)
{
    each_cut(false, check_setup_worked);
}

/* The recovery is cut as well, at every fifth effect of it; then people work, or do not. */
static void check_recovery(const struct known *known, int mode, int variant, size_t cut)
{
    for (size_t second = cut % 5; second < cut; second += 5) {
        for (int works = 0; works < 2; works++) {
            struct site site;

            open_site(&site, mode, variant);
            cr_assert_eq(apply(&site, cut), -1);
            (void)undo(&site, false, second);
            if (works == 1)
                people_work(&site);
            cr_assert_eq(undo(&site, false, SIZE_MAX), 0);
            expect(&site, works == 1 ? known->before_worked : known->before, "recovered at last",
                   mode, variant, cut);
            close_site(&site);
        }
    }
}

Test(windows_crash, a_recovery_that_is_cut_is_recovered_from)
{
    each_cut(false, check_recovery);
}

/* One workspace is set up and committed; the set-up of a second is cut. */
static void check_second(const struct known *known, int mode, int variant, size_t cut)
{
    struct site site;
    AUTO_FREE char *committed = NULL;

    open_site(&site, mode, variant);
    cr_assert_eq(apply_part(&site, 1, SIZE_MAX), 0);
    committed = dump(&site);
    if (apply(&site, cut) == 0) { /* it needs fewer effects than the whole */
        close_site(&site);
        return;
    }
    cr_assert_eq(undo(&site, false, SIZE_MAX), 0);
    expect(&site, committed, "what was committed", mode, variant, cut);
    cr_assert_eq(apply(&site, SIZE_MAX), 0);
    expect(&site, known->completed, "the rest", mode, variant, cut);
    cr_assert_eq(undo(&site, true, SIZE_MAX), 0);
    expect(&site, known->before, "torn down", mode, variant, cut);
    close_site(&site);
}

Test(windows_crash, what_was_committed_before_stays)
{
    each_cut(false, check_second);
}

/* Teardown ------------------------------------------------------------------------------------------ */

static void check_teardown(const struct known *known, int mode, int variant, size_t cut)
{
    struct site site;

    open_site(&site, mode, variant);
    cr_assert_eq(apply(&site, SIZE_MAX), 0);
    cr_assert_eq(undo(&site, true, cut), -1);
    cr_assert_eq(undo(&site, true, SIZE_MAX), 0);
    expect(&site, known->before, "torn down by the next", mode, variant, cut);
    close_site(&site);
}

Test(windows_crash, a_teardown_cut_anywhere_is_finished_by_the_next)
{
    each_cut(true, check_teardown);
}

static void check_change_of_mind(const struct known *known, int mode, int variant, size_t cut)
{
    struct site site;

    open_site(&site, mode, variant);
    cr_assert_eq(apply(&site, SIZE_MAX), 0);
    cr_assert_eq(undo(&site, true, cut), -1);
    cr_assert_eq(apply(&site, SIZE_MAX), 0);
    expect(&site, known->completed, "set up again", mode, variant, cut);
    cr_assert_eq(undo(&site, true, SIZE_MAX), 0);
    expect(&site, known->before, "torn down", mode, variant, cut);
    close_site(&site);
}

Test(windows_crash, after_a_cut_teardown_a_setup_completes_it_again)
{
    each_cut(true, check_change_of_mind);
}

static void check_teardown_worked(const struct known *known, int mode, int variant, size_t cut)
{
    for (int late = 0; late < 2; late++) {
        struct site site;

        open_site(&site, mode, variant);
        cr_assert_eq(apply(&site, SIZE_MAX), 0);
        if (!late)
            people_work(&site);
        (void)undo(&site, true, cut);
        if (late)
            people_work(&site);
        cr_assert_eq(undo(&site, true, SIZE_MAX), 0);
        expect(&site, known->before_worked, late ? "worked after the cut" : "worked before", mode,
               variant, cut);
        close_site(&site);
    }
}

Test(windows_crash, what_people_did_is_all_that_a_teardown_leaves)
{
    each_cut(true, check_teardown_worked);
}

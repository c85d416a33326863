/* What the plans of the Windows modes cost, counted on the pretended machine: writes, journal, looks
 * and entries. Never timed. */
#include "base/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "sandbox/windows_model_test.h"

enum {
    WORKSPACES = 30,
    RUNS = 100,
    FILES_PER_DIRECTORY = 50,
};

static void must(int result, const struct error *err)
{
    cr_assert_eq(result, 0, "%s", err->message);
}

static void add_path(struct model *model, bool is_directory, const char *format, int a, int b,
                     int c)
{
    AUTO_BUFFER struct buffer path = BUFFER_EMPTY;

    buffer_printf(&path, format, a, b, c);
    model_add(model, buffer_text(&path), is_directory, NULL);
}

/* src\wN with a git directory and so many files below it. Returns how many objects that are. */
static size_t add_workspace(struct model *model, int n, int files)
{
    int directories = (files + FILES_PER_DIRECTORY - 1) / FILES_PER_DIRECTORY;

    add_path(model, true, "src\\w%d", n, 0, 0);
    add_path(model, true, "src\\w%d\\.git", n, 0, 0);
    for (int d = 0; d < directories; d++) {
        add_path(model, true, "src\\w%d\\d%d", n, d, 0);
        for (int f = 0; f < FILES_PER_DIRECTORY && d * FILES_PER_DIRECTORY + f < files; f++)
            add_path(model, false, "src\\w%d\\d%d\\f%d", n, d, f);
    }
    return (size_t)(2 + directories + files);
}

static struct nt_sid sid_of(int n)
{
    struct nt_sid sid = NT_SID(0, 3, 3, 3, 0);

    sid.sub[3] = (uint32_t)n + 1;
    return sid;
}

static void add_to_facts(struct windows_facts *facts, int n)
{
    char root[32];
    char git[40];
    struct windows_name name = {git, true, true, true};
    struct nt_sid sid = sid_of(n);
    struct error err = {0};

    (void)snprintf(root, sizeof root, "C:\\src\\w%d", n);
    (void)snprintf(git, sizeof git, "C:\\src\\w%d\\.git", n);
    must(windows_facts_add_root(facts, root, &sid, &err), &err);
    must(windows_facts_add_name(facts, &name, &err), &err);
}

/* What a command does before it starts, in a policy with the workspaces first to last. Returns how many
 * objects its walks saw. */
static size_t run(struct model *model, int mode, int first, int last)
{
    struct windows_facts facts = model->facts;
    struct nt_changes changes = {0};
    struct nt_change_report report = {0};
    struct nt_journal journal = {0};
    struct plan plan = PLAN_EMPTY;
    struct error err = {0};
    struct nt_ours ours;
    AUTO_FREE struct nt_sid *sids = NULL;
    size_t sid_count = 0;
    size_t seen;

    facts.roots = NULL;
    facts.names = NULL;
    facts.root_count = facts.name_count = 0;
    for (int n = first; n <= last; n++)
        add_to_facts(&facts, n);
    sids = windows_our_sids(&facts, &sid_count, &err);
    ours = (struct nt_ours){.sids = sids, .count = sid_count, .user = &facts.user};
    must((mode == MODEL_ELEVATED ? windows_elevated_plan : windows_unelevated_plan)(
             &model->policy, &facts, WINDOWS_DEFAULT, &plan, &err),
         &err);
    must(windows_plan_wishes(&plan, WINDOWS_NOW, &ours, &changes.wishes, &err), &err);
    must(nt_journal_read((const uint8_t *)model->machine.journal.data, model->machine.journal.size,
                         &journal, &err),
         &err);
    must(nt_apply(&model->machine.machine, &changes, journal.count, &report, &err), &err);
    seen = report.walk.seen;
    nt_change_report_done(&report);
    nt_journal_done(&journal);
    nt_wishes_done(&changes.wishes);
    plan_done(&plan);
    for (size_t i = 0; i < facts.root_count; i++)
        free(facts.roots[i].path);
    for (size_t i = 0; i < facts.name_count; i++)
        free(facts.names[i].path);
    free(facts.roots);
    free(facts.names);
    return seen;
}

static void clear_counts(struct model *model)
{
    for (struct nt_entry *at = model->tree->root; at != NULL;
         at = nt_tree_next(model->tree->root, at))
        at->object->sd_writes = 0;
    model->tree->sd_writes = 0;
    model->machine.looks = 0;
    model->machine.effects = 0;
}

static void expect_once(struct model *model)
{
    for (struct nt_entry *at = model->tree->root; at != NULL;
         at = nt_tree_next(model->tree->root, at))
        cr_assert(at->object->sd_writes <= 1, "%s was written %u times", at->name,
                  at->object->sd_writes);
}

static size_t count_entries(struct nt_tree *tree, size_t *most)
{
    size_t count = 0;

    *most = 0;
    for (struct nt_entry *at = tree->root; at != NULL; at = nt_tree_next(tree->root, at)) {
        count += at->object->sd.dacl.count;
        *most = at->object->sd.dacl.count > *most ? at->object->sd.dacl.count : *most;
    }
    return count;
}

Test(windows_cost, first_time_writes_each_object_once_and_second_time_none_however_many)
{
    static const int sizes[] = {10, 100, 3000};

    for (int mode = MODEL_UNELEVATED; mode <= MODEL_ELEVATED; mode++) {
        size_t looks[ARRAY_SIZE(sizes)];

        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
            struct model model;
            size_t objects;
            size_t journal;

            model_open(&model, (enum model_mode)mode, WINDOWS_DEFAULT, false);
            objects = add_workspace(&model, 0, sizes[i]);
            clear_counts(&model);
            cr_assert_eq(run(&model, mode, 0, 0), objects, "walked once");
            expect_once(&model);
            cr_assert_eq(model.tree->sd_writes, objects, "%u writes, %zu objects",
                         model.tree->sd_writes, objects);
            journal = model.machine.journal.size;
            clear_counts(&model);
            cr_assert_eq(run(&model, mode, 0, 0), 0u, "nothing walked");
            cr_assert_eq(model.machine.effects, 0u, "nothing written, nothing journalled");
            cr_assert_eq(model.machine.journal.size, journal);
            looks[i] = model.machine.looks;
            model_close(&model);
        }
        cr_assert_eq(looks[0], looks[1], "%zu, %zu", looks[0], looks[1]);
        cr_assert_eq(looks[0], looks[2], "%zu, %zu", looks[0], looks[2]);
        cr_assert(looks[0] <= 4, "the root, its name, and what is above each: %zu", looks[0]);
    }
}

/* What was journalled does not grow with the files either: only named objects have records. */
Test(windows_cost, the_journal_is_as_large_for_ten_files_as_for_a_thousand)
{
    size_t sizes[2];

    for (int i = 0; i < 2; i++) {
        struct model model;

        model_open(&model, MODEL_ELEVATED, WINDOWS_DEFAULT, false);
        (void)add_workspace(&model, 0, i == 0 ? 10 : 1000);
        (void)run(&model, MODEL_ELEVATED, 0, 0);
        sizes[i] = model.machine.journal.size;
        model_close(&model);
    }
    cr_assert_eq(sizes[0], sizes[1]);
}

Test(windows_cost, a_root_that_is_added_costs_that_root_only)
{
    for (int mode = MODEL_UNELEVATED; mode <= MODEL_ELEVATED; mode++) {
        struct model model;
        size_t objects;

        model_open(&model, (enum model_mode)mode, WINDOWS_DEFAULT, false);
        (void)add_workspace(&model, 0, 200);
        objects = add_workspace(&model, 1, 70);
        (void)run(&model, mode, 0, 0);
        clear_counts(&model);
        (void)run(&model, mode, 0, 1);
        expect_once(&model);
        cr_assert_eq(model.tree->sd_writes, objects, "%u writes", model.tree->sd_writes);
        clear_counts(&model);
        (void)run(&model, mode, 1, 1);
        (void)run(&model, mode, 0, 0);
        cr_assert_eq(model.machine.effects, 0u, "fewer roots cost nothing");
        model_close(&model);
    }
}

/* Thirty workspaces, a hundred runs each, alone and together. */
Test(windows_cost, entries_and_writes_do_not_grow_with_runs)
{
    for (int mode = MODEL_UNELEVATED; mode <= MODEL_ELEVATED; mode++) {
        struct model model;
        size_t stock_most;
        size_t most;
        size_t stock;
        size_t entries;
        size_t objects = 0;

        model_open(&model, (enum model_mode)mode, WINDOWS_DEFAULT, false);
        for (int n = 0; n < WORKSPACES; n++)
            objects += add_workspace(&model, n, 3);
        stock = count_entries(model.tree, &stock_most);
        for (int n = 0; n < WORKSPACES; n++)
            (void)run(&model, mode, n, n);
        entries = count_entries(model.tree, &most);
        cr_assert_eq(model.tree->sd_writes, objects, "%u writes", model.tree->sd_writes);
        cr_assert(most <= stock_most + 7, "%zu entries on one object, %zu before", most,
                  stock_most);
        cr_assert(entries <= stock + 7 * objects, "%zu entries, %zu before", entries, stock);
        clear_counts(&model);
        for (int i = 1; i < RUNS; i++) {
            for (int n = 0; n < WORKSPACES; n++)
                (void)run(&model, mode, n, i % 10 == 0 && n > 0 ? WORKSPACES - 1 : n);
        }
        cr_assert_eq(model.machine.effects, 0u, "%zu effects", model.machine.effects);
        cr_assert_eq(count_entries(model.tree, &most), entries);
        model_close(&model);
    }
}

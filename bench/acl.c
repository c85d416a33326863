/*
 * What a Windows sandbox pays for access-control lists, on what this platform
 * has: strategies that bring a tree of files to a wish, once more with nothing
 * changed, with one root changed, and back (bench/policy_*_main.c); and the
 * rules that are built anew for each command. How many descriptors were
 * written is a result of its own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "bench/told.h"

enum {
    ROOTS = 10,
    FILES = 1000,
    BLOCKS = 10,
    DEAR_BLOCKS = 3,
    DEAR_FILES = 10000,
    MANY = 1000000, /* at most, of roots, files and names */
    DEEP = 500
};

/* The tree of a plan: roots, each `depth` directories long, with its share of files at the end and the
 * protected names at its top. */
struct plan {
    const char *benchmark;
    const char *const *strategies;
    const char *parameter;
    const char *value;
    uint64_t roots, files, names, depth;
};

static const char *const tree_strategies[] = {"rewrite", "compare", "record", "inherit", NULL};
static const char *const rule_strategies[] = {"landlock", "mounts", NULL};
static const char *const count_names[] = {"system_calls", "descriptors_read", "descriptors_written",
                                          NULL};

static int plant_root(struct context *context, const char *strategy, const struct plan *plan,
                      uint64_t number, struct error *err)
{
    uint64_t share = plan->files / plan->roots + (number < plan->files % plan->roots);
    char name[4096];
    AUTO_FREE char *root = NULL;

    (void)snprintf(name, sizeof name, "acl-%.40s/r%llu", strategy, (unsigned long long)number);
    root = place_make_directory(&context->place, name, err);
    for (uint64_t i = 0; root != NULL && i < plan->names; i++) {
        char kept[128];
        AUTO_FREE char *made = NULL;

        (void)snprintf(kept, sizeof kept, "%.80s/.kept%llu", name, (unsigned long long)i);
        made = place_make_directory(&context->place, kept, err);
        if (made == NULL)
            return -1;
    }
    for (uint64_t i = 1; root != NULL && i < plan->depth; i++) {
        free(root);
        (void)strncat(name, "/d", sizeof name - strlen(name) - 1);
        root = place_make_directory(&context->place, name, err);
    }
    return root == NULL ? -1 : place_make_files(&context->place, root, (size_t)share, err);
}

/* A tree of its own for each strategy, since each leaves its own state between runs. */
static char *plant_tree(struct context *context, const char *strategy, const struct plan *plan,
                        struct error *err)
{
    char name[80];
    AUTO_FREE char *tree = NULL;

    (void)snprintf(name, sizeof name, "acl-%.40s", strategy);
    tree = place_make_directory(&context->place, name, err);
    for (uint64_t i = 0; tree != NULL && i < plan->roots; i++) {
        if (plant_root(context, strategy, plan, i, err) < 0)
            return NULL;
    }
    return TAKE(tree);
}

static int define(struct context *context, const char *strategy, const char *tree,
                  const struct plan *plan, struct error *err)
{
    AUTO_FREE char *program = context_program(context, "bench-policy", err);
    char roots[24];
    char names[24];
    char depth[24];
    const char *argv[] = {program, strategy, tree, roots, names, depth, NULL};
    const struct stopwatch_command command = {.argv = argv,
                                              .output = STOPWATCH_PIPE,
                                              .errors = STOPWATCH_ERRORS_OUTPUT,
                                              .timeout_ms = 120000};

    (void)snprintf(roots, sizeof roots, "%llu", (unsigned long long)plan->roots);
    (void)snprintf(names, sizeof names, "%llu", (unsigned long long)plan->names);
    (void)snprintf(depth, sizeof depth, "%llu", (unsigned long long)plan->depth);
    return program == NULL ? -1 : stopwatch_define(context->stopwatch, &command, err);
}

/* One strategy, alone. true: it works here. A file system without ACLs, or a kernel without
 * Landlock or user namespaces, makes it skipped with its own words. */
static bool works(struct context *context, const char *benchmark, const char *strategy, int command,
                  struct error *err)
{
    struct stopwatch_sample sample;
    AUTO_FREE char *output = NULL;
    size_t size;

    if (stopwatch_capture(context->stopwatch, command, &sample, &output, &size, err) < 0)
        return false;
    if (sample.exit_status == 0)
        return true;
    output[strcspn(output, "\n")] = '\0';
    (void)bench_report_add_skipped(context->report, benchmark, strategy, output, err);
    return false;
}

/* The strategy's tree is at the end of `trees` then. Rules leave nothing on one: they share it. */
static int plant(struct context *context, const char *strategy, const struct plan *plan,
                 struct words *trees, struct error *err)
{
    AUTO_FREE char *tree = NULL;

    if (plan->strategies == rule_strategies && trees->count > 0)
        return 0;
    tree = plant_tree(context, strategy, plan, err);
    return tree == NULL ? -1 : words_add(trees, tree, err);
}

/* An arm of the group for each strategy that works here. */
static int add_arms(struct context *context, const struct plan *plan, struct told_group *group,
                    struct words *trees, struct error *err)
{
    for (size_t i = 0; plan->strategies[i] != NULL; i++) {
        const char *strategy = plan->strategies[i];
        int command;

        if (plant(context, strategy, plan, trees, err) < 0)
            return -1;
        command = define(context, strategy, trees->items[trees->count - 1], plan, err);
        if (command < 0)
            return -1;
        err->code = ERR_NONE;
        if (works(context, plan->benchmark, strategy, command, err))
            group->arms[group->arm_count++] = (struct told_arm){
                .name = strategy,
                .reference = i > 0 ? plan->strategies[0] : NULL,
                .command = command,
            };
        else if (err->code != ERR_NONE)
            return -1;
    }
    return 0;
}

static int run_plan(struct context *context, const struct plan *plan, struct error *err)
{
    struct told_arm arms[ARRAY_SIZE(tree_strategies)];
    struct told_group group = {
        .benchmark = plan->benchmark,
        .parameter = plan->parameter,
        .value = plan->value,
        .count_names = count_names,
        .arms = arms,
        .blocks = plan->files >= DEAR_FILES ? DEAR_BLOCKS : BLOCKS,
    };
    AUTO_WORDS struct words trees = WORDS_EMPTY;
    struct error ignored;
    int failed;

    console_set_title(context->console, "%s: planting %s", plan->benchmark, plan->value);
    console_step(context->console);
    failed = add_arms(context, plan, &group, &trees, err);
    if (failed == 0 && group.arm_count > 0)
        failed = told_run(context, &group, err);
    for (size_t i = 0; i < trees.count; i++)
        (void)place_remove(trees.items[i], &ignored);
    return failed;
}

static int run_values(struct context *context, struct plan *plan, const char *const *usual,
                      size_t count, uint64_t *number, uint64_t most, struct error *err)
{
    AUTO_WORDS struct words values =
        context_values(context, plan->parameter, usual, count, count - 1, err);

    if (values.count == 0)
        return -1;
    for (size_t i = 0; i < values.count; i++) {
        plan->value = values.items[i];
        if (!text_parse_u64(plan->value, most, number) || *number == 0)
            return error_set(err, ERR_USAGE, "%s: %s: not a number from 1 to %llu", plan->parameter,
                             plan->value, (unsigned long long)most);
        if (run_plan(context, plan, err) < 0)
            return -1;
    }
    return 0;
}

/* A strategy's tree with one of its measures varied. */
struct variation {
    struct plan plan;
    const char *usual[5];
    size_t count;
    uint64_t most;
};

static int run_variation(struct context *context, const struct variation *variation,
                         struct error *err)
{
    struct plan plan = variation->plan;
    uint64_t *varied = strcmp(plan.parameter, "roots") == 0   ? &plan.roots
                       : strcmp(plan.parameter, "files") == 0 ? &plan.files
                       : strcmp(plan.parameter, "names") == 0 ? &plan.names
                                                              : &plan.depth;

    return run_values(context, &plan, variation->usual, variation->count, varied, variation->most,
                      err);
}

int bench_acl(struct context *context, struct error *err)
{
    static const struct variation variations[] = {
        {{"acl", tree_strategies, "files", NULL, ROOTS, 0, 0, 1}, {"10", "1000", "10000"}, 3, MANY},
        {{"acl", tree_strategies, "roots", NULL, 0, FILES, 0, 1},
         {"1", "10", "100", "1000"},
         4,
         MANY},
        {{"acl", tree_strategies, "names", NULL, ROOTS, FILES, 0, 1}, {"1", "10", "100"}, 3, MANY},
        {{"acl", tree_strategies, "depth", NULL, ROOTS, FILES, 0, 0}, {"1", "8", "64"}, 3, DEEP},
        {{"rules", rule_strategies, "roots", NULL, 0, 0, 0, 1},
         {"1", "10", "100", "1000"},
         4,
         MANY},
        {{"rules", rule_strategies, "names", NULL, ROOTS, FILES, 0, 1},
         {"1", "10", "100"},
         3,
         MANY},
        {{"rules", rule_strategies, "files", NULL, ROOTS, 0, 1, 1},
         {"10", "1000", "10000"},
         3,
         MANY},
        {{"rules", rule_strategies, "depth", NULL, ROOTS, 0, 0, 0}, {"1", "8", "64"}, 3, DEEP},
    };

    for (size_t i = 0; i < ARRAY_SIZE(variations); i++) {
        if (run_variation(context, &variations[i], err) < 0)
            return -1;
    }
    return 0;
}

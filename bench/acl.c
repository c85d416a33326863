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
    DEAR_FILES = 10000
};

static const char *const tree_strategies[] = {"rewrite", "compare", "record", "inherit", NULL};
static const char *const rule_strategies[] = {"landlock", "mounts", NULL};
static const char *const count_names[] = {"system_calls", "descriptors_read", "descriptors_written",
                                          NULL};

/* A tree of its own for each strategy, since each leaves its own state between runs. */
static char *plant_tree(struct context *context, const char *strategy, uint64_t roots,
                        uint64_t files, struct error *err)
{
    char name[80];
    AUTO_FREE char *tree = NULL;

    (void)snprintf(name, sizeof name, "acl-%.40s", strategy);
    tree = place_make_directory(&context->place, name, err);
    for (uint64_t i = 0; tree != NULL && i < roots; i++) {
        uint64_t share = files / roots + (i < files % roots);
        AUTO_FREE char *root = NULL;

        (void)snprintf(name, sizeof name, "acl-%.40s/r%llu", strategy, (unsigned long long)i);
        root = place_make_directory(&context->place, name, err);
        if (root == NULL || place_make_files(&context->place, root, (size_t)share, err) < 0)
            return NULL;
    }
    return TAKE(tree);
}

static int define(struct context *context, const char *strategy, const char *tree, uint64_t roots,
                  struct error *err)
{
    AUTO_FREE char *program = context_program(context, "bench-policy", err);
    char roots_text[24];
    const char *argv[] = {program, strategy, tree, roots_text, NULL};
    const struct stopwatch_command command = {.argv = argv,
                                              .output = STOPWATCH_PIPE,
                                              .errors = STOPWATCH_ERRORS_OUTPUT,
                                              .timeout_ms = 120000};

    (void)snprintf(roots_text, sizeof roots_text, "%llu", (unsigned long long)roots);
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

struct plan {
    const char *benchmark;
    const char *const *strategies;
    const char *parameter;
    const char *value;
    uint64_t roots, files;
};

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
    int failed = 0;

    console_set_title(context->console, "%s: planting %s", plan->benchmark, plan->value);
    console_step(context->console);
    for (size_t i = 0; plan->strategies[i] != NULL && failed == 0; i++) {
        const char *strategy = plan->strategies[i];
        AUTO_FREE char *tree = plant_tree(context, strategy, plan->roots, plan->files, err);
        int command;

        if (tree == NULL || words_add(&trees, tree, err) < 0) {
            failed = -1;
            break;
        }
        command = define(context, strategy, tree, plan->roots, err);
        err->code = ERR_NONE;
        if (command >= 0 && works(context, plan->benchmark, strategy, command, err))
            arms[group.arm_count++] = (struct told_arm){
                .name = strategy,
                .reference = i > 0 ? plan->strategies[0] : NULL,
                .command = command,
            };
        else
            failed = err->code != ERR_NONE ? -1 : 0;
    }
    if (failed == 0 && group.arm_count > 0)
        failed = told_run(context, &group, err);
    for (size_t i = 0; i < trees.count; i++)
        (void)place_remove(trees.items[i], &ignored);
    return failed;
}

static int run_values(struct context *context, struct plan *plan, const char *const *usual,
                      size_t count, uint64_t *number, struct error *err)
{
    AUTO_WORDS struct words values =
        context_values(context, plan->parameter, usual, count, count - 1, err);

    if (values.count == 0)
        return -1;
    for (size_t i = 0; i < values.count; i++) {
        plan->value = values.items[i];
        if (!text_parse_u64(plan->value, 1000000, number) || *number == 0)
            return error_set(err, ERR_USAGE, "%s: %s: not a number from 1 to 1000000",
                             plan->parameter, plan->value);
        if (run_plan(context, plan, err) < 0)
            return -1;
    }
    return 0;
}

int bench_acl(struct context *context, struct error *err)
{
    static const char *const files[] = {"10", "1000", "10000"};
    static const char *const roots[] = {"1", "10", "100", "1000"};
    struct plan by_files = {
        .benchmark = "acl", .strategies = tree_strategies, .parameter = "files", .roots = ROOTS};
    struct plan by_roots = {
        .benchmark = "acl", .strategies = tree_strategies, .parameter = "roots", .files = FILES};
    struct plan rules = {.benchmark = "rules", .strategies = rule_strategies, .parameter = "roots"};

    if (run_values(context, &by_files, files, ARRAY_SIZE(files), &by_files.files, err) < 0 ||
        run_values(context, &by_roots, roots, ARRAY_SIZE(roots), &by_roots.roots, err) < 0)
        return -1;
    return run_values(context, &rules, roots, ARRAY_SIZE(roots), &rules.roots, err);
}

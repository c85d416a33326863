/* What it costs to start something. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "bench/builtin.h"
#include "bench/programs.h"

/* A target: a program that is there, or is skipped. {noop} and {stamp} are our own. */
static const struct target {
    const char *name;
    const char *argv[5];
    double seconds;
    size_t max_runs;
    bool has_policies; /* measured with the least policy too */
} targets[] = {
    {"noop", {"{noop}"}, 2, 1200, false},
    {"true", {"/bin/true"}, 3, 1200, true},
    {"sh", {"/bin/sh", "-c", ":"}, 1.5, 400, false},
    {"git", {"git", "status"}, 1.5, 200, false},
    {"python", {"python3", "-c", "pass"}, 2, 100, false},
    {"node", {"node", "-e", "0"}, 3, 60, false},
};

/* Names in a table of static text: "spawn.true". */
static const char *row_name(const char *benchmark, const char *target)
{
    static char names[16][64];
    static size_t next;
    char *name = names[next++ % ARRAY_SIZE(names)];

    (void)snprintf(name, sizeof names[0], "%s.%s", benchmark, target);
    return name;
}

/* The system's own first: a version manager's stand-in in PATH would be measured itself. */
static char *find_program(const char *name, struct error *err)
{
    char *found = programs_search(name, "/usr/bin:/bin:/usr/local/bin", err);

    return found != NULL ? found : programs_search(name, NULL, err);
}

/* The target's argv with absolute paths. false: its program is not here. */
static bool resolve(struct context *context, const struct target *target, struct words *argv,
                    struct error *err)
{
    struct error missing;
    AUTO_FREE char *program = strcmp(target->argv[0], "{noop}") == 0
                                  ? context_program(context, "bench-noop", &missing)
                                  : find_program(target->argv[0], &missing);

    if (program == NULL || words_add(argv, program, err) < 0)
        return false;
    return words_add_all(argv, target->argv + 1, err) == 0;
}

static int run_target(struct context *context, const struct target *target, bool is_ours_only,
                      const char *benchmark, struct error *err)
{
    AUTO_WORDS struct words argv = WORDS_EMPTY;
    AUTO_FREE struct group_arm *arms = NULL;
    struct bench_group group = {
        .rows = {{row_name(benchmark, target->name), METRIC_WALL}},
        .row_count = 1,
        .seconds = target->seconds,
        .max_runs = target->max_runs,
        .min_runs = 6,
        .timeout_ms = 60000,
    };

    if (!resolve(context, target, &argv, err))
        return 0;
    if (group_make_arms(context, is_ours_only, &arms, &group.arm_count, err) < 0)
        return -1;
    group.arms = arms;
    group.command = (const char *const *)argv.items;
    return group_run(context, &group, err);
}

/* /bin/true under both policies in one schedule: the workspace alone, and the one that the other
 * sandboxes are measured with as well (subjects.h). */
static int run_policies(struct context *context, const struct target *target, struct error *err)
{
    static const char *const usual[] = {"plain", "full"};
    static const struct subject_wish plain = {.is_plain = true};
    AUTO_WORDS struct words argv = WORDS_EMPTY;
    AUTO_WORDS struct words policies =
        context_values(context, "policy", usual, ARRAY_SIZE(usual), ARRAY_SIZE(usual), err);
    AUTO_FREE struct group_arm *once = NULL;
    AUTO_FREE struct group_arm *arms = NULL;
    struct bench_group group = {
        .parameter = "policy",
        .rows = {{row_name("spawn", target->name), METRIC_WALL}},
        .row_count = 1,
        .seconds = target->seconds,
        .max_runs = target->max_runs,
        .min_runs = 6,
        .timeout_ms = 60000,
    };
    size_t count = 0;

    if (policies.count == 0 || group_make_arms(context, true, &once, &count, err) < 0)
        return -1;
    if (!resolve(context, target, &argv, err))
        return 0;
    arms = calloc(policies.count * count, sizeof *arms);
    if (arms == NULL)
        return error_memory(err, "arms");
    for (size_t i = 0; i < policies.count * count; i++) {
        const char *policy = policies.items[i % policies.count];

        if (strcmp(policy, "plain") != 0 && strcmp(policy, "full") != 0)
            return error_set(err, ERR_USAGE, "policy: %s: not plain or full", policy);
        arms[i] = once[i / policies.count];
        arms[i].value = policy;
        arms[i].wish = strcmp(policy, "plain") == 0 ? &plain : NULL;
    }
    group.command = (const char *const *)argv.items;
    group.arms = arms;
    group.arm_count = policies.count * count;
    return group_run(context, &group, err);
}

/* Start to first instruction, and from there to the end. */
static int run_stamp(struct context *context, struct error *err)
{
    AUTO_FREE char *stamp = context_program(context, "bench-stamp", err);
    const char *argv[] = {stamp, NULL};
    AUTO_FREE struct group_arm *arms = NULL;
    struct bench_group group = {
        .command = argv,
        .output = STOPWATCH_STAMP,
        .rows = {{"spawn.first", METRIC_FIRST}, {"teardown.plain", METRIC_LAST}},
        .row_count = 2,
        .seconds = 1.5,
        .max_runs = 600,
        .min_runs = 6,
        .timeout_ms = 60000,
    };

    if (stamp == NULL || group_make_arms(context, false, &arms, &group.arm_count, err) < 0)
        return -1;
    group.arms = arms;
    return group_run(context, &group, err);
}

/* From a process that holds little, and from one of 200 MB: who copies its memory pays for it. */
static int run_parents(struct context *context, struct error *err)
{
    static const char *const sizes[] = {"0", "200"};
    AUTO_FREE char *noop = context_program(context, "bench-noop", err);
    const char *argv[] = {noop, NULL};
    AUTO_FREE struct group_arm *usual = NULL;
    AUTO_FREE struct group_arm *arms = NULL;
    struct bench_group group = {
        .command = argv,
        .parameter = "parent_mb",
        .rows = {{"spawn.parent", METRIC_WALL}},
        .row_count = 1,
        .seconds = 0.5,
        .max_runs = 60, /* each change of size writes 200 MB */
        .min_runs = 6,
        .timeout_ms = 60000,
    };
    size_t count = 0;

    if (noop == NULL || group_make_arms(context, true, &usual, &count, err) < 0)
        return -1;
    arms = calloc(2 * count, sizeof *arms);
    if (arms == NULL)
        return error_memory(err, "arms");
    for (size_t i = 0; i < 2 * count; i++) {
        arms[i] = usual[i / 2];
        arms[i].value = sizes[i % 2];
        arms[i].ballast = i % 2 == 1 ? (uint64_t)200 << 20 : 0;
    }
    group.arms = arms;
    group.arm_count = 2 * count;
    return group_run(context, &group, err);
}

static bool is_in(const struct words *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->items[i], name) == 0)
            return true;
    }
    return false;
}

int bench_spawn(struct context *context, struct error *err)
{
    static const char *const usual[] = {"noop", "true", "sh", "git", "python", "node"};
    AUTO_WORDS struct words names = WORDS_EMPTY;
    bool has_peers = false;

    for (size_t i = 1; i < context->subjects.count; i++)
        has_peers |= !context->subjects.items[i].is_ours;
    names = context_values(context, "target", usual, ARRAY_SIZE(usual), ARRAY_SIZE(usual), err);
    for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
        int failed;

        if (!is_in(&names, targets[i].name))
            continue;
        /* Some peers leave the kernel busy after they end: our modes are measured without them
         * first, then all together. */
        failed = targets[i].has_policies ? run_policies(context, &targets[i], err)
                                         : run_target(context, &targets[i], true, "spawn", err);
        if (failed < 0 ||
            (has_peers && run_target(context, &targets[i], false, "spawn-all", err) < 0))
            return -1;
    }
    if (!is_in(&names, "noop"))
        return 0;
    return run_stamp(context, err) < 0 ? -1 : run_parents(context, err);
}

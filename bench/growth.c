/*
 * How the cost of putting a policy into effect grows: with the number of
 * writable roots, of protected names, of files in the workspace, and with its
 * depth. The target does nothing, so all that grows is the policy's. Beside
 * the times stands what was asked of the kernel, counted by tracing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/os.h"
#include "base/text.h"
#include "bench/builtin.h"
#include "bench/trace.h"

enum {
    TRACES = 5,
    TRACE_DEAR_NS = 1000000000
};

/* What was planted for one value. */
struct soil {
    char *directory; /* removed after the value */
    struct words writable, protect, protect_names;
    struct words workspace; /* one word */
};

/* A kind of growth: what to plant for a value, and the policy that goes with it. */
struct growth {
    const char *benchmark;
    const char *parameter;
    const char *usual[6];
    size_t count, quick_count;
    int (*plant)(struct context *context, uint64_t value, struct soil *soil, struct error *err);
};

static void soil_done(struct soil *soil)
{
    struct error ignored;

    if (soil->directory != NULL)
        (void)place_remove(soil->directory, &ignored);
    free(soil->directory);
    words_done(&soil->writable);
    words_done(&soil->protect);
    words_done(&soil->protect_names);
    words_done(&soil->workspace);
    *soil = (struct soil){0};
}

/* NAME in the place; the soil removes it. */
static int plant_directory(struct context *context, struct soil *soil, const char *name,
                           struct error *err)
{
    soil->directory = place_make_directory(&context->place, name, err);
    return soil->directory != NULL ? 0 : -1;
}

/* A directory below the soil's; its path at the end of list. */
static int plant_below(struct context *context, const struct soil *soil, struct words *list,
                       const char *name, struct error *err)
{
    const char *below = strrchr(soil->directory, '/') + 1;
    char relative[4096];
    AUTO_FREE char *path = NULL;

    (void)snprintf(relative, sizeof relative, "%.1000s/%.3000s", below, name);
    path = place_make_directory(&context->place, relative, err);
    return path == NULL ? -1 : words_add(list, path, err);
}

static int plant_roots(struct context *context, uint64_t value, struct soil *soil,
                       struct error *err)
{
    if (plant_directory(context, soil, "roots", err) < 0)
        return -1;
    for (uint64_t i = 0; i < value; i++) {
        char name[32];

        (void)snprintf(name, sizeof name, "r%llu", (unsigned long long)i);
        if (plant_below(context, soil, &soil->writable, name, err) < 0)
            return -1;
    }
    return 0;
}

/* A workspace with a .git that is protected. */
static int plant_workspace(struct context *context, struct soil *soil, const char *name,
                           struct error *err)
{
    char git[64];

    (void)snprintf(git, sizeof git, "%.40s/.git", name);
    if (plant_below(context, soil, &soil->workspace, name, err) < 0)
        return -1;
    return plant_below(context, soil, &soil->protect, git, err);
}

static int plant_files(struct context *context, uint64_t value, struct soil *soil,
                       struct error *err)
{
    if (plant_directory(context, soil, "files", err) < 0 ||
        plant_workspace(context, soil, "ws", err) < 0)
        return -1;
    return place_make_files(&context->place, soil->workspace.items[0], (size_t)value, err);
}

static int plant_names(struct context *context, uint64_t value, struct soil *soil,
                       struct error *err)
{
    if (plant_directory(context, soil, "names", err) < 0 ||
        plant_workspace(context, soil, "ws", err) < 0)
        return -1;
    for (uint64_t i = 1; i < value; i++) {
        char name[64];

        (void)snprintf(name, sizeof name, "ws/.kept%llu", (unsigned long long)i);
        if (plant_below(context, soil, &soil->protect, name, err) < 0 ||
            words_add(&soil->protect_names, name + 3, err) < 0)
            return -1;
    }
    return 0;
}

static int plant_depth(struct context *context, uint64_t value, struct soil *soil,
                       struct error *err)
{
    char name[4096] = "d";
    AUTO_WORDS struct words above = WORDS_EMPTY;

    if (value > 500)
        return error_set(err, ERR_USAGE, "depth: at most 500");
    if (plant_directory(context, soil, "depth", err) < 0)
        return -1;
    for (uint64_t i = 1; i < value; i++) {
        if (plant_below(context, soil, &above, name, err) < 0)
            return -1;
        (void)strncat(name, "/d", sizeof name - strlen(name) - 1);
    }
    if (plant_below(context, soil, &soil->workspace, name, err) < 0)
        return -1;
    (void)strncat(name, "/.git", sizeof name - strlen(name) - 1);
    return plant_below(context, soil, &soil->protect, name, err);
}

static const struct growth growths[] = {
    {"policy.roots", "roots", {"1", "10", "100", "1000"}, 4, 3, plant_roots},
    {"policy.names", "names", {"1", "10", "100"}, 3, 2, plant_names},
    {"policy.files", "files", {"10", "100", "1000", "10000", "100000"}, 5, 3, plant_files},
    {"policy.depth", "depth", {"1", "8", "64"}, 3, 2, plant_depth},
};

/* ---- counting ---- */

static int set_counts(struct bench_row *row, const struct trace_counts *counts, struct error *err)
{
    if (bench_row_set_count(row, "system_calls", counts->calls, err) < 0 ||
        bench_row_set_count(row, "mounts", counts->mounts, err) < 0 ||
        bench_row_set_count(row, "landlock_rules", counts->rules, err) < 0 ||
        bench_row_set_count(row, "objects", counts->objects, err) < 0)
        return -1;
    return bench_row_set_count(row, "processes", counts->processes, err);
}

/* The least of a few traces: waiting and signals add a call now and then. Without tracing there are
 * no counts, and nothing else is lost. */
static int count_row(struct context *context, struct bench_row *row,
                     const struct bench_group *group, const struct group_arm *arm,
                     struct error *err)
{
    const struct stopwatch_identity runs_as = place_runs_as(&context->place);
    AUTO_WORDS struct words argv = WORDS_EMPTY;
    AUTO_WORDS struct words env = WORDS_EMPTY;
    struct trace_counts least = {.calls = INT64_MAX};
    uint64_t start = os_now_ns();

    if (subject_expand(arm->subject, &context->place, arm->wish, group->command, &argv, &env, err) <
        0)
        return -1;
    for (int i = 0; i < TRACES && (i == 0 || os_now_ns() - start < TRACE_DEAR_NS); i++) {
        struct trace_counts counts;
        struct error untraceable;

        if (trace_command((const char *const *)argv.items, (const char *const *)env.items,
                          context->place.ws, &runs_as, &counts, &untraceable) < 0 ||
            counts.exit_status != 0)
            return 0;
        if (counts.calls < least.calls)
            least = counts;
    }
    return set_counts(row, &least, err);
}

static int count_rows(struct context *context, const struct bench_group *group, size_t first_row,
                      struct error *err)
{
    for (size_t i = 0; i < group->arm_count; i++) {
        const struct group_arm *arm = &group->arms[i];
        size_t at = first_row;

        while (at < context->report->row_count &&
               (context->report->rows[at].is_control ||
                strcmp(context->report->rows[at].subject, arm->subject->name) != 0))
            at++;
        if (arm->is_control || at == context->report->row_count)
            continue;
        console_set_title(context->console, "%s: counting %s", group->rows[0].benchmark,
                          arm->subject->name);
        console_step(context->console);
        if (count_row(context, &context->report->rows[at], group, arm, err) < 0)
            return -1;
    }
    return 0;
}

/* ---- measuring ---- */

static const char *const *list_or_null(const struct words *words)
{
    return words->count > 0 ? (const char *const *)words->items : NULL;
}

static int measure_value(struct context *context, const struct growth *growth, const char *text,
                         struct error *err)
{
    struct soil soil __attribute__((cleanup(soil_done))) = {0};
    AUTO_FREE char *noop = context_program(context, "bench-noop", err);
    const char *command[] = {noop, NULL};
    AUTO_FREE struct group_arm *arms = NULL;
    size_t first_row = context->report->row_count;
    struct subject_wish wish;
    struct bench_group group = {
        .command = command,
        .parameter = growth->parameter,
        .rows = {{growth->benchmark, METRIC_WALL}},
        .row_count = 1,
        .seconds = 0.6,
        .max_runs = 160,
        .min_runs = 6,
        .timeout_ms = 60000,
    };
    uint64_t value;

    if (!text_parse_u64(text, 1000000, &value) || value == 0)
        return error_set(err, ERR_USAGE, "%s: %s: not a number from 1 to 1000000",
                         growth->parameter, text);
    console_set_title(context->console, "%s: planting %s", growth->benchmark, text);
    console_step(context->console);
    if (noop == NULL || growth->plant(context, value, &soil, err) < 0 ||
        group_make_arms(context, false, &arms, &group.arm_count, err) < 0)
        return -1;
    wish = (struct subject_wish){
        .workspace = soil.workspace.count > 0 ? soil.workspace.items[0] : NULL,
        .writable = list_or_null(&soil.writable),
        .protect = list_or_null(&soil.protect),
        .protect_names = list_or_null(&soil.protect_names),
    };
    for (size_t i = 0; i < group.arm_count; i++) {
        arms[i].wish = &wish;
        arms[i].value = text;
    }
    group.arms = arms;
    if (group_run(context, &group, err) < 0)
        return -1;
    return count_rows(context, &group, first_row, err);
}

static int measure_growth(struct context *context, const struct growth *growth, struct error *err)
{
    AUTO_WORDS struct words values = context_values(context, growth->parameter, growth->usual,
                                                    growth->count, growth->quick_count, err);

    if (values.count == 0)
        return -1;
    for (size_t i = 0; i < values.count; i++) {
        if (measure_value(context, growth, values.items[i], err) < 0)
            return -1;
    }
    return 0;
}

int bench_growth(struct context *context, struct error *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(growths); i++) {
        if (measure_growth(context, &growths[i], err) < 0)
            return -1;
    }
    return 0;
}

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "bench/builtin.h"

char *context_program(const struct context *context, const char *name, struct error *err)
{
    return fixture_program(&context->place.fixture, name, err);
}

uint64_t context_next_seed(struct context *context)
{
    struct stats_rng rng;

    stats_rng_init(&rng, context->seed++);
    return stats_rng_next(&rng);
}

struct words context_values(const struct context *context, const char *name,
                            const char *const *usual, size_t usual_count, size_t quick_count,
                            struct error *err)
{
    const struct scan *scan = &context->settings->scan;
    struct words values = WORDS_EMPTY;
    size_t count = context->settings->is_quick ? quick_count : usual_count;

    for (size_t i = 0; i < scan->names.count; i++) {
        if (strcmp(scan->names.items[i], name) == 0) {
            if (words_add_all(&values, (const char *const *)scan->values[i].items, err) < 0)
                words_done(&values);
            return values;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (words_add(&values, usual[i], err) < 0) {
            words_done(&values);
            break;
        }
    }
    return values;
}

int group_make_arms(struct context *context, bool is_ours_only, struct group_arm **arms,
                    size_t *count, struct error *err)
{
    const struct subjects *subjects = &context->subjects;
    struct group_arm *made = calloc(subjects->count + 1, sizeof *made);
    size_t used = 0;

    if (made == NULL)
        return error_memory(err, "arms");
    for (size_t i = 0; i < subjects->count; i++) {
        const struct subject *subject = &subjects->items[i];

        if (is_ours_only && i > 0 && !subject->is_ours)
            continue;
        made[used++] = (struct group_arm){.subject = subject,
                                          .reference = i > 0 ? subjects->items[0].name : NULL};
    }
    if (context->settings->has_control)
        made[used++] = (struct group_arm){.subject = &subjects->items[0],
                                          .reference = subjects->items[0].name,
                                          .name = "none (again)",
                                          .is_control = true};
    *arms = made;
    *count = used;
    return 0;
}

static struct bench_row *add_row(struct context *context, const struct bench_group *group,
                                 const struct group_arm *arm, const char *benchmark,
                                 struct error *err)
{
    const char *subject = arm->name != NULL ? arm->name : arm->subject->name;
    char command[256];
    struct bench_row *row;

    (void)snprintf(command, sizeof command, "%s%s%s%s%s %s", benchmark,
                   arm->value != NULL ? " " : "", arm->value != NULL ? group->parameter : "",
                   arm->value != NULL ? "=" : "", arm->value != NULL ? arm->value : "", subject);
    row = bench_report_add_row(context->report, command, benchmark, subject, arm->reference, err);
    if (row == NULL)
        return NULL;
    row->is_control = arm->is_control;
    if (arm->value != NULL && bench_row_set_parameter(row, group->parameter, arm->value, err) < 0)
        return NULL;
    return row;
}

static double metric_of(const struct stopwatch_sample *sample, enum metric metric)
{
    switch (metric) {
    case METRIC_WALL:
        return (double)sample->wall_ns / 1e9;
    case METRIC_FIRST:
        return sample->stamp_ns > 0 ? (double)sample->stamp_ns / 1e9 : 0;
    case METRIC_LAST:
        return sample->stamp_ns > 0 ? (double)(sample->wall_ns - sample->stamp_ns) / 1e9 : 0;
    }
    return 0;
}

static int fill_row(struct context *context, const struct bench_group *group,
                    const struct group_arm *arm, const struct group_row *wish,
                    const struct experiment_arm *measured, struct error *err)
{
    struct bench_row *row = add_row(context, group, arm, wish->benchmark, err);
    struct bench_run *runs = row != NULL ? bench_row_add_runs(row, measured->count, err) : NULL;
    size_t left_behind = 0;

    if (runs == NULL)
        return -1;
    for (size_t i = 0; i < measured->count; i++) {
        runs[i] = bench_run_of(&measured->samples[i], 0);
        runs[i].wall_s = metric_of(&measured->samples[i], wish->metric);
        left_behind += (measured->samples[i].flags & STOPWATCH_LEFTOVER) != 0;
    }
    if (wish->metric == METRIC_LAST &&
        bench_row_set_count(row, "runs_that_left_processes", (int64_t)left_behind, err) < 0)
        return -1;
    if (left_behind > 0)
        return bench_row_set_note(row, err, "left a process behind in %zu of %zu runs", left_behind,
                                  measured->count);
    return 0;
}

/* ---- measuring ---- */

/* A run that takes longer than this is not made only to warm up. */
static const double dear_s = 0.2;

/* A group's arms that can run, in the experiment's terms. */
struct measurement {
    double longest_s; /* of the trial runs */
    struct experiment experiment;
    struct experiment_arm *arms;
    const struct group_arm **of; /* the group's arm that each belongs to */
    size_t count;
};

static void measurement_done(struct measurement *measurement)
{
    experiment_done(&measurement->experiment);
    free(measurement->arms);
    free(measurement->of);
}

static int define_arm(struct context *context, const struct bench_group *group,
                      const struct group_arm *arm, struct experiment_arm *out, struct error *err)
{
    const struct stopwatch_command base = {
        .output = group->output,
        .timeout_ms =
            context->settings->timeout_ms > 0 ? context->settings->timeout_ms : group->timeout_ms,
        .is_tidy = true,
    };

    *out = (struct experiment_arm){.name = arm->name != NULL ? arm->name : arm->subject->name,
                                   .prepare = -1,
                                   .conclude = -1,
                                   .ballast = arm->ballast};
    out->command = subject_define(arm->subject, &context->place, arm->wish, group->command, &base,
                                  context->stopwatch, err);
    if (out->command >= 0 && arm->before != NULL) {
        struct stopwatch_command quiet = base;

        quiet.output = STOPWATCH_NULL;
        out->prepare = subject_define(arm->subject, &context->place, arm->before, group->command,
                                      &quiet, context->stopwatch, err);
        if (out->prepare < 0)
            return -1;
    }
    return out->command < 0 ? -1 : 0;
}

/* Why a target failed in a sandbox: once more, and what it says then. */
static void find_reason(struct context *context, const struct bench_group *group,
                        const struct group_arm *arm, struct error *problem)
{
    const struct stopwatch_command base = {.output = STOPWATCH_PIPE,
                                           .errors = STOPWATCH_ERRORS_OUTPUT,
                                           .timeout_ms = group->timeout_ms,
                                           .is_tidy = true};
    struct stopwatch_sample sample = {0};
    AUTO_FREE char *output = NULL;
    struct error ignored;
    size_t size;
    int number = subject_define(arm->subject, &context->place, arm->wish, group->command, &base,
                                context->stopwatch, &ignored);

    (void)error_set(problem, ERR_INVALID, "the target failed in it");
    if (number >= 0 &&
        stopwatch_capture(context->stopwatch, number, &sample, &output, &size, &ignored) == 0 &&
        size > 0)
        (void)error_set(problem, ERR_INVALID, "the target failed in it: %.*s",
                        (int)strcspn(output, "\n"), output);
}

/* A run to see that it works, and unless it takes long another to see how long it takes warm. */
static bool try_arm(struct context *context, const struct bench_group *group,
                    const struct group_arm *arm, const struct experiment_arm *made, double *once_s,
                    struct error *problem)
{
    struct wire_run run = {.command = (uint32_t)made->command, .is_warmup = 1};
    struct stopwatch_sample sample;

    for (int i = 0; i < 2 && (i == 0 || *once_s < dear_s); i++) {
        if (stopwatch_run(context->stopwatch, &run, 1, &sample, problem) < 0)
            return false;
        *once_s = (double)sample.wall_ns / 1e9;
        if ((sample.flags & STOPWATCH_TIMED_OUT) != 0) {
            (void)error_set(problem, ERR_INVALID, "took longer than %u s",
                            group->timeout_ms / 1000);
            return false;
        }
        if (sample.exit_status != 0) {
            find_reason(context, group, arm, problem);
            return false;
        }
    }
    return true;
}

static size_t runs_for(const struct context *context, const struct bench_group *group,
                       double once_s)
{
    const struct bench_settings *settings = context->settings;
    double seconds = settings->is_quick ? group->seconds / 2 : group->seconds;
    size_t most = settings->is_quick ? group->max_runs / 2 : group->max_runs;
    size_t runs = once_s > 0 ? (size_t)(seconds / once_s) : most;

    if (settings->runs > 0)
        return settings->runs + settings->runs % 2;
    if (settings->max_runs > 0 && most > settings->max_runs)
        most = settings->max_runs;
    if (runs > most)
        runs = most;
    if (runs < group->min_runs)
        runs = group->min_runs;
    return runs + runs % 2;
}

/* Adds the arm if it runs; otherwise the report says why not. */
static int add_arm(struct context *context, const struct bench_group *group,
                   const struct group_arm *arm, struct measurement *measurement, struct error *err)
{
    struct experiment_arm *made = &measurement->arms[measurement->count];
    struct error problem = {0};
    double once_s = 0;

    if (arm->subject->reason != NULL)
        return 0; /* the report has it already */
    if (define_arm(context, group, arm, made, &problem) == 0 &&
        try_arm(context, group, arm, made, &once_s, &problem)) {
        made->limit = runs_for(context, group, once_s);
        if (once_s > measurement->longest_s)
            measurement->longest_s = once_s;
        measurement->of[measurement->count++] = arm;
        return 0;
    }
    if (problem.code != ERR_INTERRUPTED && problem.code != ERR_PROTOCOL)
        return bench_report_add_skipped(context->report, group->rows[0].benchmark,
                                        arm->subject->name, problem.message, err);
    *err = problem;
    return -1;
}

static int measurement_init(struct measurement *measurement, struct context *context,
                            const struct bench_group *group, struct error *err)
{
    *measurement = (struct measurement){
        .arms = calloc(group->arm_count + 1, sizeof *measurement->arms),
        .of = calloc(group->arm_count + 1, sizeof *measurement->of),
    };
    if (measurement->arms == NULL || measurement->of == NULL)
        return error_memory(err, "arms");
    for (size_t i = 0; i < group->arm_count; i++) {
        if (add_arm(context, group, &group->arms[i], measurement, err) < 0)
            return -1;
    }
    experiment_init(&measurement->experiment, context->stopwatch, measurement->arms,
                    measurement->count, context_next_seed(context));
    measurement->experiment.progress = console_progress;
    measurement->experiment.context = context->console;
    return 0;
}

/* ---- when it is enough ---- */

enum {
    SETTLE_RUNS = 64 /* before the bounds are looked at for the first time; then at each doubling */
};

/* How far from a ratio its 95 % bounds may be for more runs to be spared. */
static const double settled = 0.005;
static const double settled_quick = 0.01;

static size_t find_reference(const struct measurement *measurement, const struct group_arm *arm)
{
    size_t i = 0;

    while (i < measurement->count &&
           (measurement->of[i]->is_control || measurement->of[i]->value != arm->value ||
            strcmp(measurement->of[i]->subject->name, arm->reference) != 0))
        i++;
    return i;
}

static double *copy_times(const struct experiment_arm *arm, size_t count)
{
    double *times = calloc(count + 1, sizeof *times);

    for (size_t i = 0; times != NULL && i < count; i++)
        times[i] = (double)arm->samples[i].wall_ns / 1e9;
    return times;
}

/* Whether the bounds of an arm's ratio are close. An arm that has had all its runs changes no more. */
static int judge_arm(const struct measurement *measurement, size_t arm, double within,
                     bool *is_settled, struct error *err)
{
    const struct group_arm *wish = measurement->of[arm];
    size_t other = wish->reference != NULL ? find_reference(measurement, wish) : measurement->count;
    size_t count = measurement->arms[arm].count;
    AUTO_FREE double *mine = NULL;
    AUTO_FREE double *theirs = NULL;
    struct stats_ratio ratio;
    struct error too_few;

    *is_settled = true;
    if (other == measurement->count || count < measurement->arms[other].count)
        return 0;
    mine = copy_times(&measurement->arms[arm], count);
    theirs = copy_times(&measurement->arms[other], count);
    if (mine == NULL || theirs == NULL)
        return error_memory(err, "times");
    *is_settled = stats_ratio(&(struct stats_arms){theirs, mine, count / 2, 2}, &stats_report_how,
                              &ratio, &too_few) == 0 &&
                  ratio.high - ratio.low <= 2 * within * ratio.ratio;
    return 0;
}

static int judge_all(const struct measurement *measurement, double within, bool *is_settled,
                     struct error *err)
{
    *is_settled = true;
    for (size_t i = 0; i < measurement->count && *is_settled; i++) {
        if (judge_arm(measurement, i, within, is_settled, err) < 0)
            return -1;
    }
    return 0;
}

/* At most so many runs of each arm; fewer when all ratios are known well enough. To stop by the width
 * of an interval favours no side of it. */
static int run_until_settled(struct context *context, struct measurement *measurement, size_t most,
                             struct error *err)
{
    struct experiment *experiment = &measurement->experiment;
    double within = context->settings->is_quick ? settled_quick : settled;
    bool is_settled = false;
    size_t done = 0;

    experiment->planned = most;
    for (size_t next = SETTLE_RUNS; done < most && !is_settled; next *= 2) {
        size_t until = next < most && context->settings->runs == 0 ? next : most;

        if (experiment_run(experiment, until - done, err) < 0)
            return -1;
        done = until;
        if (done < most && judge_all(measurement, within, &is_settled, err) < 0)
            return -1;
    }
    return 0;
}

static int measure(struct context *context, struct measurement *measurement, struct error *err)
{
    const struct bench_settings *settings = context->settings;
    size_t most = 0;
    size_t warmup = settings->has_warmup              ? settings->warmup
                    : measurement->longest_s < dear_s ? 2
                                                      : 0;

    for (size_t i = 0; i < measurement->count; i++) {
        if (measurement->arms[i].limit > most)
            most = measurement->arms[i].limit;
    }
    if (measurement->count == 0)
        return 0;
    if (warmup > 0 && experiment_warm_up(&measurement->experiment, warmup, err) < 0)
        return -1;
    return run_until_settled(context, measurement, most, err);
}

int group_run(struct context *context, const struct bench_group *group, struct error *err)
{
    struct measurement measurement __attribute__((cleanup(measurement_done))) = {0};
    int failed;

    console_set_title(context->console, "%s", group->rows[0].benchmark);
    if (measurement_init(&measurement, context, group, err) < 0)
        return -1;
    failed = measure(context, &measurement, err);
    context->report->is_interrupted |= failed < 0 && err->code == ERR_INTERRUPTED;
    for (size_t row = 0; row < group->row_count; row++) {
        for (size_t i = 0; i < measurement.count; i++) {
            struct error *where = err;
            struct error ignored;

            if (failed < 0)
                where = &ignored; /* what is known is kept; the first error is told */
            if (measurement.arms[i].count > 0 &&
                fill_row(context, group, measurement.of[i], &group->rows[row], &measurement.arms[i],
                         where) < 0)
                failed = -1;
        }
    }
    return failed;
}

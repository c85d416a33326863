/*
 * --against DIR: the modes of another build (DIR/bin/holdfast-sandbox) beside
 * those of this one, in the same blocks. For each mode a benchmark
 * "against.MODE": the other build is the subject "baseline" and the reference,
 * and is measured once more as the A/A arm; `holdfast gate --bench` judges it.
 * What is slower is asked again on fresh runs before anybody is told.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "bench/builtin.h"

enum {
    RUNS = 512,
    RUNS_QUICK = 128
};

static const char baseline_name[] = "baseline";

/* The subject again, with the programs of the other build. Borrows all but `programs`. */
static struct subject of_other_build(const struct subject *subject, char *programs)
{
    struct subject other = *subject;

    other.programs = programs;
    return other;
}

static const struct bench_row *row_of(const struct bench_report *report, const char *benchmark,
                                      const char *subject)
{
    for (size_t i = report->row_count; i > 0; i--) {
        const struct bench_row *row = &report->rows[i - 1];

        if (strcmp(row->benchmark, benchmark) == 0 && strcmp(row->subject, subject) == 0)
            return row;
    }
    return NULL;
}

static int judge(const struct bench_report *report, const char *benchmark, const char *subject,
                 const struct stats_how *how, enum stats_verdict *verdict, struct error *err)
{
    const struct bench_row *mine = row_of(report, benchmark, subject);
    const struct bench_row *theirs = row_of(report, benchmark, baseline_name);
    AUTO_FREE double *candidate = mine != NULL ? bench_row_times(mine, err) : NULL;
    AUTO_FREE double *reference = theirs != NULL ? bench_row_times(theirs, err) : NULL;
    struct stats_ratio ratio;
    struct stats_arms arms = {reference, candidate, mine != NULL ? mine->run_count / 2 : 0, 2};

    if (candidate == NULL || reference == NULL)
        return error_set(err, ERR_INVALID, "%s: not measured", benchmark);
    if (stats_ratio(&arms, how, &ratio, err) < 0)
        return -1;
    *verdict = stats_judge(&ratio, stats_delta(0));
    return 0;
}

static int measure(struct context *context, const struct subject *subject,
                   const struct subject *other, const char *benchmark, struct error *err)
{
    const char *command[] = {"/bin/true", NULL};
    struct group_arm arms[] = {
        {.subject = other, .name = baseline_name},
        {.subject = subject, .reference = baseline_name},
        {.subject = other,
         .name = "baseline (again)",
         .reference = baseline_name,
         .is_control = true},
    };
    size_t runs = context->settings->is_quick ? RUNS_QUICK * 8 : RUNS;
    const struct bench_group group = {
        .command = command,
        .rows = {{benchmark, METRIC_WALL}},
        .row_count = 1,
        .arms = arms,
        .arm_count = ARRAY_SIZE(arms),
        .seconds = 600, /* the number of runs decides */
        .max_runs = runs,
        .min_runs = 2,
        .timeout_ms = 60000,
    };

    return group_run(context, &group, err);
}

static int compare(struct context *context, const struct subject *subject, char *programs,
                   struct error *err)
{
    const struct subject other = of_other_build(subject, programs);
    char benchmark[128];
    enum stats_verdict verdict = STATS_SAME;

    (void)snprintf(benchmark, sizeof benchmark, "against.%.100s", subject->name);
    if (measure(context, subject, &other, benchmark, err) < 0 ||
        judge(context->report, benchmark, subject->name, &stats_gate_how, &verdict, err) < 0)
        return -1;
    if (verdict != STATS_SLOWER)
        return 0;
    (void)snprintf(benchmark, sizeof benchmark, "against-again.%.100s", subject->name);
    if (measure(context, subject, &other, benchmark, err) < 0 ||
        judge(context->report, benchmark, subject->name, &stats_report_how, &verdict, err) < 0)
        return -1;
    context->report->is_slower |= verdict == STATS_SLOWER;
    return 0;
}

int bench_against(struct context *context, struct error *err)
{
    AUTO_FREE char *build = realpath(context->settings->against, NULL);
    AUTO_WORDS struct words programs = WORDS_EMPTY;
    size_t compared = 0;

    if (build == NULL)
        return error_os(err, errno, "--against %s", context->settings->against);
    if (words_add_format(&programs, err, "%s/bin", build) < 0)
        return -1;
    for (size_t i = 0; i < context->subjects.count; i++) {
        const struct subject *subject = &context->subjects.items[i];

        if (!subject->is_ours || subject->reason != NULL)
            continue;
        if (compare(context, subject, programs.items[0], err) < 0)
            return error_wrap(err, "--against %s", context->settings->against);
        compared++;
    }
    if (compared == 0)
        return error_set(err, ERR_INVALID, "--against: no mode of this project runs here");
    return 0;
}

#include "bench/life.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/os.h"
#include "bench/left.h"
#include "bench/trace.h"

enum {
    TRACES = 5,
    TRACE_DEAR_NS = 1000000000
};

/* What was counted of a subject, the least of a few traces: waiting and signals add a call now and
 * then. */
struct touch {
    struct trace_counts apply, reapply, change;
    struct left_counts left;
};

static const char target[] = "bench-stamp";

/* ---- times ---- */

static int measure_acts(struct context *context, const struct life *life,
                        const struct group_row *rows, size_t row_count,
                        const struct subject_wish *before, const struct subject_wish *wish,
                        struct error *err)
{
    AUTO_FREE char *stamp = context_program(context, target, err);
    const char *command[] = {stamp, NULL};
    AUTO_FREE struct group_arm *arms = NULL;
    struct bench_group group = {
        .command = command,
        .output = STOPWATCH_STAMP,
        .parameter = life->parameter,
        .row_count = row_count,
        .seconds = before == NULL ? 0.6 : 0.3,
        .max_runs = 160,
        .min_runs = before == NULL ? 6 : 2, /* each has a second run before it */
        .timeout_ms = 60000,
    };

    if (stamp == NULL || group_make_arms(context, false, &arms, &group.arm_count, err) < 0)
        return -1;
    for (size_t i = 0; i < group.arm_count; i++) {
        arms[i].wish = wish;
        arms[i].before = before;
        arms[i].value = life->value;
    }
    memcpy(group.rows, rows, row_count * sizeof *rows);
    group.arms = arms;
    return group_run(context, &group, err);
}

/* ---- counts ---- */

static int trace_wish(struct context *context, const struct life *life,
                      const struct subject *subject, const struct subject_wish *wish,
                      struct trace_counts *least, struct error *err)
{
    const struct stopwatch_identity runs_as = place_runs_as(&context->place);
    AUTO_FREE char *stamp = context_program(context, target, err);
    const char *command[] = {stamp, NULL};
    AUTO_WORDS struct words argv = WORDS_EMPTY;
    AUTO_WORDS struct words env = WORDS_EMPTY;
    struct trace_counts counts;

    if (stamp == NULL ||
        subject_expand(subject, &context->place, wish, command, &argv, &env, err) < 0)
        return -1;
    if (trace_command((const char *const *)argv.items, (const char *const *)env.items,
                      wish->workspace != NULL ? wish->workspace : context->place.ws, &runs_as,
                      target, &counts, err) < 0)
        return -1;
    if (counts.exit_status != 0)
        return error_set(err, ERR_INVALID, "%s: status %d while traced (%s)", subject->name,
                         counts.exit_status, life->value);
    if (least->all.calls == 0 || counts.all.calls < least->all.calls)
        *least = counts;
    return 0;
}

/* change comes after a run of the wish, apply after one of another policy, reapply after the same. */
static int trace_acts(struct context *context, const struct life *life,
                      const struct subject *subject, struct touch *touch, struct error *err)
{
    uint64_t start = os_now_ns();

    for (int i = 0; i < TRACES && (i == 0 || os_now_ns() - start < TRACE_DEAR_NS); i++) {
        if (trace_wish(context, life, subject, life->wish, &touch->apply, err) < 0 ||
            trace_wish(context, life, subject, life->wish, &touch->reapply, err) < 0 ||
            trace_wish(context, life, subject, life->changed, &touch->change, err) < 0)
            return -1;
    }
    return 0;
}

static int count_touch(struct context *context, const struct life *life,
                       const struct subject *subject, struct touch *touch, struct error *err)
{
    struct left_snapshot before = {0};
    int failed = left_look(&before, life->soil, err);

    if (failed == 0)
        failed = trace_acts(context, life, subject, touch, err);
    if (failed == 0)
        failed = left_count(&before, &touch->left, err);
    left_done(&before);
    return failed;
}

/* ---- rows ---- */

static struct bench_row *find_row(struct context *context, size_t first, const char *benchmark,
                                  const char *subject)
{
    for (size_t i = first; i < context->report->row_count; i++) {
        struct bench_row *row = &context->report->rows[i];

        if (!row->is_control && strcmp(row->benchmark, benchmark) == 0 &&
            strcmp(row->subject, subject) == 0)
            return row;
    }
    return NULL;
}

static int set_tally(struct context *context, size_t first, const char *benchmark,
                     const char *subject, const struct trace_tally *tally, struct error *err)
{
    struct bench_row *row = find_row(context, first, benchmark, subject);

    if (row == NULL)
        return 0;
    if (bench_row_set_count(row, "system_calls", tally->calls, err) < 0 ||
        bench_row_set_count(row, "mounts", tally->mounts, err) < 0 ||
        bench_row_set_count(row, "landlock_rules", tally->rules, err) < 0 ||
        bench_row_set_count(row, "objects", tally->objects, err) < 0)
        return -1;
    return bench_row_set_count(row, "processes", tally->processes, err);
}

static int set_left(struct context *context, size_t first, const char *benchmark,
                    const char *subject, const struct left_counts *left, struct error *err)
{
    struct bench_row *row = find_row(context, first, benchmark, subject);

    if (row == NULL)
        return 0;
    if (bench_row_set_count(row, "objects_left", left->objects_left, err) < 0 ||
        bench_row_set_count(row, "objects_written", left->objects_written, err) < 0)
        return -1;
    return bench_row_set_count(row, "mounts_left", left->mounts_left, err);
}

/* The names of a life's rows. */
struct names {
    char apply[96], reapply[96], change[96], undo[96];
};

static struct names name_rows(const struct life *life)
{
    struct names names;

    (void)snprintf(names.apply, sizeof names.apply, "%.60s.apply", life->benchmark);
    (void)snprintf(names.reapply, sizeof names.reapply, "%.60s.reapply", life->benchmark);
    (void)snprintf(names.change, sizeof names.change, "%.60s.change", life->benchmark);
    (void)snprintf(names.undo, sizeof names.undo, "%.60s.undo", life->benchmark);
    return names;
}

static int count_subject(struct context *context, const struct life *life,
                         const struct names *names, size_t first, const struct subject *subject,
                         struct error *err)
{
    struct touch touch = {0};
    struct error problem = {0};
    const char *name = subject->name;

    console_set_title(context->console, "%s: counting %s", life->benchmark, name);
    console_step(context->console);
    /* Without tracing there are no counts, and nothing else is lost. */
    if (count_touch(context, life, subject, &touch, &problem) < 0)
        return bench_report_add_skipped(context->report, life->benchmark, name, problem.message,
                                        err);
    if (set_tally(context, first, life->benchmark, name, &touch.apply.all, err) < 0 ||
        set_tally(context, first, names->apply, name, &touch.apply.parts[TRACE_BEFORE], err) < 0 ||
        set_tally(context, first, names->reapply, name, &touch.reapply.parts[TRACE_BEFORE], err) <
            0 ||
        set_tally(context, first, names->change, name, &touch.change.parts[TRACE_BEFORE], err) <
            0 ||
        set_tally(context, first, names->undo, name, &touch.apply.parts[TRACE_AFTER], err) < 0)
        return -1;
    return set_left(context, first, names->undo, name, &touch.left, err);
}

int life_measure(struct context *context, const struct life *life, struct error *err)
{
    const size_t first = context->report->row_count;
    const struct names names = name_rows(life);
    const struct group_row whole[] = {
        {life->benchmark, METRIC_WALL}, {names.apply, METRIC_FIRST}, {names.undo, METRIC_LAST}};
    const struct group_row again = {names.reapply, METRIC_FIRST};
    const struct group_row change = {names.change, METRIC_FIRST};

    if (measure_acts(context, life, whole, ARRAY_SIZE(whole), NULL, life->wish, err) < 0 ||
        measure_acts(context, life, &again, 1, life->wish, life->wish, err) < 0 ||
        measure_acts(context, life, &change, 1, life->wish, life->changed, err) < 0)
        return -1;
    for (size_t i = 0; i < context->subjects.count; i++) {
        const struct subject *subject = &context->subjects.items[i];

        if (find_row(context, first, life->benchmark, subject->name) != NULL &&
            count_subject(context, life, &names, first, subject, err) < 0)
            return -1;
    }
    return 0;
}

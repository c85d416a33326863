/*
 * Several sandboxes at once: one batch starts `width` of them and a new one
 * whenever one ends. Two rows for each width: "spawn.parallel" is the time per
 * start in a batch (its inverse is the throughput), "spawn.latency" the median
 * time from start to exit in it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "bench/builtin.h"

enum {
    STARTS_PER_PLACE = 4, /* a batch has so many starts for each run at once ... */
    STARTS_MIN = 16,      /* ... and at least so many */
    BATCH_BLOCKS = 5,     /* blocks of two batches for each subject */
    DEAR_BLOCKS = 2,      /* the same, of subjects that take long */
};

/* Subjects of which one start takes longer than this are measured less often. */
static const double dear_s = 0.02;

struct batch_arm {
    const struct subject *subject;
    bool is_control;
    int command;
};

static size_t starts_of(const struct batch_arm *arm, size_t width)
{
    size_t starts = width * STARTS_PER_PLACE;

    if (arm->subject->once_s > dear_s)
        starts = 2 * width;
    return starts > STARTS_MIN ? starts : STARTS_MIN;
}

/* From the first start to the last end. */
static double span_s(const struct stopwatch_sample *samples, size_t count)
{
    uint64_t first = samples[0].start_ns;
    uint64_t last = 0;

    for (size_t i = 0; i < count; i++) {
        if (samples[i].start_ns + samples[i].wall_ns > last)
            last = samples[i].start_ns + samples[i].wall_ns;
    }
    return (double)(last - first) / 1e9;
}

/* A batch as one run of a row; a start that failed makes the whole batch fail. */
static struct bench_run batch_run(const struct stopwatch_sample *samples, size_t count)
{
    struct bench_run run = bench_run_of(&samples[0], 0);

    for (size_t i = 1; i < count; i++) {
        run.user_s += (double)samples[i].user_ns / 1e9;
        run.system_s += (double)samples[i].system_ns / 1e9;
        run.flags |= samples[i].flags;
        if (samples[i].exit_status != 0)
            run.exit_code = samples[i].exit_status;
        if (run.memory_bytes < (int64_t)samples[i].memory_bytes)
            run.memory_bytes = (int64_t)samples[i].memory_bytes;
    }
    return run;
}

static int measure_batch(struct context *context, struct batch_arm *arm, size_t width,
                         struct bench_run out[2], struct error *err)
{
    size_t count = starts_of(arm, width);
    AUTO_FREE struct stopwatch_sample *samples = calloc(count, sizeof *samples);
    AUTO_FREE double *latencies = calloc(count, sizeof *latencies);

    if (samples == NULL || latencies == NULL)
        return error_memory(err, "a batch");
    if (stopwatch_run_parallel(context->stopwatch, arm->command, count, width, samples, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        latencies[i] = (double)samples[i].wall_ns / 1e9;
    stats_sort(latencies, count);
    out[0] = out[1] = batch_run(samples, count);
    out[0].wall_s = span_s(samples, count) / (double)count;
    out[1].wall_s = stats_quantile(latencies, count, 0.5);
    return 0;
}

static int add_row(struct context *context, const struct batch_arm *arm, const char *benchmark,
                   const char *width, const struct bench_run *runs, size_t count, struct error *err)
{
    const char *name = arm->is_control ? "none (again)" : arm->subject->name;
    const char *reference = context->subjects.items[0].name;
    AUTO_WORDS struct words command = WORDS_EMPTY;
    struct bench_row *row;
    struct bench_run *to;

    if (words_add_format(&command, err, "%s parallel=%s %s", benchmark, width, name) < 0)
        return -1;
    row = bench_report_add_row(
        context->report, command.items[0], benchmark, name,
        arm->is_control || arm->subject != &context->subjects.items[0] ? reference : NULL, err);
    if (row == NULL || bench_row_set_parameter(row, "parallel", width, err) < 0)
        return -1;
    row->is_control = arm->is_control;
    to = bench_row_add_runs(row, count, err);
    if (to == NULL)
        return -1;
    memcpy(to, runs, count * sizeof *runs);
    return 0;
}

static int run_width(struct context *context, struct batch_arm *arms, size_t arm_count,
                     const char *width_text, struct error *err)
{
    enum {
        RUNS = 2 * BATCH_BLOCKS
    };
    size_t stride = RUNS;
    AUTO_FREE struct bench_run *rates = calloc(arm_count * stride, sizeof *rates);
    AUTO_FREE struct bench_run *latencies = calloc(arm_count * stride, sizeof *latencies);
    AUTO_FREE size_t *counts = calloc(arm_count, sizeof *counts);
    AUTO_FREE size_t *order = calloc(2 * arm_count, sizeof *order);
    struct stats_rng rng;
    uint64_t width = 0;

    if (!text_parse_u64(width_text, STOPWATCH_WIDTH_MAX, &width) || width == 0)
        return error_set(err, ERR_USAGE, "parallel: %s: not a number from 1 to %d", width_text,
                         STOPWATCH_WIDTH_MAX);
    if (rates == NULL || latencies == NULL || counts == NULL || order == NULL)
        return error_memory(err, "batches");
    stats_rng_init(&rng, context_next_seed(context));
    for (size_t block = 0; block < (context->settings->is_quick ? DEAR_BLOCKS : BATCH_BLOCKS);
         block++) {
        schedule_block(&rng, arm_count, order);
        for (size_t i = 0; i < 2 * arm_count; i++) {
            struct batch_arm *arm = &arms[order[i]];
            struct bench_run out[2];

            if (block >= DEAR_BLOCKS && arm->subject->once_s > dear_s)
                continue;
            if (measure_batch(context, arm, (size_t)width, out, err) < 0)
                return -1;
            rates[order[i] * stride + counts[order[i]]] = out[0];
            latencies[order[i] * stride + counts[order[i]]++] = out[1];
        }
    }
    for (size_t i = 0; i < arm_count; i++) {
        if (add_row(context, &arms[i], "spawn.parallel", width_text, rates + i * stride, counts[i],
                    err) < 0)
            return -1;
    }
    for (size_t i = 0; i < arm_count; i++) {
        if (add_row(context, &arms[i], "spawn.latency", width_text, latencies + i * stride,
                    counts[i], err) < 0)
            return -1;
    }
    return 0;
}

static int define_arms(struct context *context, struct batch_arm *arms, size_t *count,
                       struct error *err)
{
    AUTO_FREE char *noop = context_program(context, "bench-noop", err);
    const char *command[] = {noop, NULL};
    const struct stopwatch_command base = {.timeout_ms = 120000, .is_tidy = true};
    const struct subjects *subjects = &context->subjects;

    if (noop == NULL)
        return -1;
    *count = 0;
    for (size_t i = 0; i <= subjects->count; i++) {
        bool is_control = i == subjects->count;
        const struct subject *subject = &subjects->items[is_control ? 0 : i];
        struct batch_arm *arm = &arms[*count];

        if (subject->reason != NULL || (is_control && !context->settings->has_control))
            continue;
        *arm = (struct batch_arm){.subject = subject, .is_control = is_control};
        arm->command =
            subject_define(subject, &context->place, NULL, command, &base, context->stopwatch, err);
        if (arm->command < 0)
            return -1;
        (*count)++;
    }
    return 0;
}

int bench_parallel(struct context *context, struct error *err)
{
    static const char *const usual[] = {"1", "2", "4", "8", "16", "32", "64"};
    AUTO_WORDS struct words widths =
        context_values(context, "parallel", usual, ARRAY_SIZE(usual), 4, err);
    AUTO_FREE struct batch_arm *arms = calloc(context->subjects.count + 1, sizeof *arms);
    size_t count = 0;

    if (widths.count == 0)
        return -1;
    if (arms == NULL)
        return error_memory(err, "subjects");
    if (define_arms(context, arms, &count, err) < 0)
        return -1;
    for (size_t i = 0; i < widths.count; i++) {
        console_set_title(context->console, "spawn.parallel %s", widths.items[i]);
        console_step(context->console);
        if (run_width(context, arms, count, widths.items[i], err) < 0)
            return -1;
    }
    return 0;
}

#include "bench/report.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buffer.h"

enum {
    BLOCKS_TO_JUDGE = 16 /* resampling fewer says too little about how far apart they can be */
};

const char bench_of_commands[] = "command";

void bench_report_init(struct bench_report *report)
{
    *report = (struct bench_report){.host = {.load_before = -1, .load_after = -1}, .is_fit = true};
}

static void row_done(struct bench_row *row)
{
    free(row->command);
    free(row->benchmark);
    free(row->subject);
    free(row->reference);
    free(row->note);
    free(row->runs);
    for (size_t i = 0; i < row->parameter_count; i++) {
        free(row->parameters[i].name);
        free(row->parameters[i].value);
    }
    free(row->parameters);
    for (size_t i = 0; i < row->count_count; i++)
        free(row->counts[i].name);
    free(row->counts);
}

void bench_report_done(struct bench_report *report)
{
    for (size_t i = 0; i < report->row_count; i++)
        row_done(&report->rows[i]);
    free(report->rows);
    for (size_t i = 0; i < report->skipped_count; i++) {
        free(report->skipped[i].benchmark);
        free(report->skipped[i].subject);
        free(report->skipped[i].reason);
    }
    free(report->skipped);
    for (size_t i = 0; i < report->took_count; i++)
        free(report->took[i].benchmark);
    free(report->took);
    free(report->host.os);
    free(report->host.kernel);
    free(report->host.arch);
    free(report->host.cpu);
    free(report->host.machine);
    free(report->host.clock);
    free(report->host.governor);
    free(report->identity);
    free(report->started);
    free(report->finished);
    bench_report_init(report);
}

/* One more element at the end of *list, zeroed. NULL when out of memory. */
static void *grow(void *list_slot, size_t count, size_t more, size_t size)
{
    void **list = list_slot;
    char *grown = realloc(*list, (count + more) * size);

    if (grown == NULL)
        return NULL;
    memset(grown + count * size, 0, more * size);
    *list = grown;
    return grown + count * size;
}

struct bench_row *bench_report_add_row(struct bench_report *report, const char *command,
                                       const char *benchmark, const char *subject,
                                       const char *reference, struct error *err)
{
    struct bench_row *row = grow(&report->rows, report->row_count, 1, sizeof *row);

    if (row == NULL) {
        (void)error_memory(err, "a row of the report");
        return NULL;
    }
    row->command = strdup(command);
    row->benchmark = strdup(benchmark);
    row->subject = strdup(subject);
    row->reference = reference != NULL ? strdup(reference) : NULL;
    row->per_block = 2;
    if (row->command == NULL || row->benchmark == NULL || row->subject == NULL ||
        (reference != NULL && row->reference == NULL)) {
        row_done(row);
        (void)error_memory(err, "a row of the report");
        return NULL;
    }
    report->row_count++;
    return row;
}

int bench_report_add_skipped(struct bench_report *report, const char *benchmark,
                             const char *subject, const char *reason, struct error *err)
{
    struct bench_skipped *skipped =
        grow(&report->skipped, report->skipped_count, 1, sizeof *skipped);

    if (skipped == NULL)
        return error_memory(err, "what was skipped");
    report->skipped_count++;
    skipped->benchmark = benchmark != NULL ? strdup(benchmark) : NULL;
    skipped->subject = strdup(subject);
    skipped->reason = strdup(reason);
    if (skipped->subject == NULL || skipped->reason == NULL ||
        (benchmark != NULL && skipped->benchmark == NULL))
        return error_memory(err, "what was skipped");
    return 0;
}

int bench_report_add_took(struct bench_report *report, const char *benchmark, double seconds,
                          struct error *err)
{
    AUTO_FREE char *copy = strdup(benchmark);
    struct bench_took *took = grow(&report->took, report->took_count, 1, sizeof *took);

    if (copy == NULL || took == NULL)
        return error_memory(err, "how long a benchmark took");
    *took = (struct bench_took){TAKE(copy), seconds};
    report->took_count++;
    return 0;
}

int bench_row_set_parameter(struct bench_row *row, const char *name, const char *value,
                            struct error *err)
{
    AUTO_FREE char *name_copy = strdup(name);
    AUTO_FREE char *value_copy = strdup(value);
    struct bench_parameter *parameter =
        grow(&row->parameters, row->parameter_count, 1, sizeof *parameter);

    if (name_copy == NULL || value_copy == NULL || parameter == NULL)
        return error_memory(err, "a parameter");
    *parameter = (struct bench_parameter){TAKE(name_copy), TAKE(value_copy)};
    row->parameter_count++;
    return 0;
}

int bench_row_set_count(struct bench_row *row, const char *name, int64_t value, struct error *err)
{
    AUTO_FREE char *copy = strdup(name);
    struct bench_row_count *count = grow(&row->counts, row->count_count, 1, sizeof *count);

    if (copy == NULL || count == NULL)
        return error_memory(err, "a count");
    *count = (struct bench_row_count){TAKE(copy), value};
    row->count_count++;
    return 0;
}

int bench_row_set_note(struct bench_row *row, struct error *err, const char *format, ...)
{
    char text[600];
    char *copy;
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    copy = strdup(text);
    if (copy == NULL)
        return error_memory(err, "a note");
    free(row->note);
    row->note = copy;
    return 0;
}

struct bench_run *bench_row_add_runs(struct bench_row *row, size_t count, struct error *err)
{
    struct bench_run *runs = grow(&row->runs, row->run_count, count, sizeof *runs);

    if (runs == NULL) {
        (void)error_memory(err, "runs");
        return NULL;
    }
    row->run_count += count;
    return runs;
}

struct bench_run bench_run_of(const struct stopwatch_sample *sample, double shell_s)
{
    double wall_s = (double)sample->wall_ns / 1e9 - shell_s;

    return (struct bench_run){
        .wall_s = wall_s > 0 ? wall_s : 0,
        .user_s = (double)sample->user_ns / 1e9,
        .system_s = (double)sample->system_ns / 1e9,
        .memory_bytes = (int64_t)sample->memory_bytes,
        .exit_code = sample->exit_status,
        .flags = sample->flags,
    };
}

static bool has_same_parameters(const struct bench_row *a, const struct bench_row *b)
{
    if (strcmp(a->benchmark, bench_of_commands) == 0)
        return true;
    if (a->parameter_count != b->parameter_count)
        return false;
    for (size_t i = 0; i < a->parameter_count; i++) {
        if (strcmp(a->parameters[i].name, b->parameters[i].name) != 0 ||
            strcmp(a->parameters[i].value, b->parameters[i].value) != 0)
            return false;
    }
    return true;
}

const struct bench_row *bench_report_find(const struct bench_report *report,
                                          const struct bench_row *like, const char *subject)
{
    for (size_t i = 0; i < report->row_count; i++) {
        const struct bench_row *row = &report->rows[i];

        if (strcmp(row->benchmark, like->benchmark) == 0 && strcmp(row->subject, subject) == 0 &&
            has_same_parameters(row, like))
            return row;
    }
    return NULL;
}

double *bench_row_times(const struct bench_row *row, struct error *err)
{
    double *times = malloc((row->run_count + 1) * sizeof *times);

    if (times == NULL) {
        (void)error_memory(err, "times");
        return NULL;
    }
    for (size_t i = 0; i < row->run_count; i++)
        times[i] = row->runs[i].wall_s;
    return times;
}

/* Times for a ratio: NAN where a run says nothing. A non-zero exit that is the same in all runs was
 * asked for (-i); one that differs is a failure. */
static double *comparable_times(const struct bench_row *row, struct error *err)
{
    double *times = bench_row_times(row, err);

    for (size_t i = 0; times != NULL && i < row->run_count; i++) {
        if ((row->runs[i].flags & STOPWATCH_TIMED_OUT) != 0 ||
            row->runs[i].exit_code != row->runs[0].exit_code)
            times[i] = NAN;
    }
    return times;
}

/* The runs that two rows have in common: those of the first blocks. */
static struct stats_arms common_arms(const struct bench_row *row, const double *mine,
                                     const struct bench_row *reference, const double *theirs)
{
    size_t runs = row->run_count < reference->run_count ? row->run_count : reference->run_count;

    return (struct stats_arms){theirs, mine, runs / row->per_block, row->per_block};
}

static int finish_ratio(struct bench_row *row, const struct bench_row *reference, struct error *err)
{
    AUTO_FREE double *mine = comparable_times(row, err);
    AUTO_FREE double *theirs = comparable_times(reference, err);
    struct error unimportant = {0};
    struct stats_arms arms = common_arms(row, mine, reference, theirs);

    if (mine == NULL || theirs == NULL)
        return -1;
    if (row->per_block != reference->per_block)
        return error_set(err, ERR_INVALID, "%s and its reference were not run in the same blocks",
                         row->command);
    /* Too few complete blocks: there is no ratio, and that is all. */
    row->has_ratio = stats_ratio(&arms, &stats_report_how, &row->ratio, &unimportant) == 0;
    if (row->has_ratio)
        row->verdict = stats_judge(&row->ratio, stats_delta(0));
    return unimportant.code == ERR_MEMORY ? error_memory(err, "ratio") : 0;
}

static int finish_row(struct bench_row *row, struct error *err)
{
    AUTO_FREE double *times = bench_row_times(row, err);

    if (times == NULL || stats_summarize(times, row->run_count, &row->wall, err) < 0)
        return -1;
    row->user_mean_s = 0;
    row->system_mean_s = 0;
    for (size_t i = 0; i < row->run_count; i++) {
        row->user_mean_s += row->runs[i].user_s / (double)row->run_count;
        row->system_mean_s += row->runs[i].system_s / (double)row->run_count;
    }
    return 0;
}

/* The A/A arm is judged as a gate would: with the one-sided 99 % bounds. */
static int finish_control(struct bench_report *report, const struct bench_row *row,
                          const struct bench_row *reference, struct error *err)
{
    AUTO_FREE double *mine = comparable_times(row, err);
    AUTO_FREE double *theirs = comparable_times(reference, err);
    struct stats_arms arms = common_arms(row, mine, reference, theirs);
    struct stats_ratio ratio;
    struct error unimportant = {0};
    enum stats_verdict verdict;

    if (mine == NULL || theirs == NULL)
        return -1;
    report->has_control = true;
    report->control_count++;
    if (arms.blocks < BLOCKS_TO_JUDGE ||
        stats_ratio(&arms, &stats_gate_how, &ratio, &unimportant) < 0) {
        report->noisy_count++;
        return 0;
    }
    verdict = stats_judge(&ratio, stats_delta(0));
    report->noisy_count += verdict == STATS_INCONCLUSIVE;
    if (verdict == STATS_SLOWER || verdict == STATS_FASTER)
        report->is_fit = false;
    return 0;
}

int bench_report_finish(struct bench_report *report, struct error *err)
{
    report->is_fit = true;
    report->has_control = false;
    report->control_count = 0;
    report->noisy_count = 0;
    for (size_t i = 0; i < report->row_count; i++) {
        if (finish_row(&report->rows[i], err) < 0)
            return -1;
    }
    for (size_t i = 0; i < report->row_count; i++) {
        struct bench_row *row = &report->rows[i];
        const struct bench_row *reference =
            row->reference != NULL ? bench_report_find(report, row, row->reference) : NULL;

        if (reference == NULL || row->run_count == 0 || reference->run_count == 0)
            continue;
        if (finish_ratio(row, reference, err) < 0)
            return -1;
        if (row->is_control && finish_control(report, row, reference, err) < 0)
            return -1;
    }
    return 0;
}

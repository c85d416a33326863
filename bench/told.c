#include "bench/told.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

static int parse_line(const char *text, size_t size, struct told_line *line, struct error *err)
{
    char copy[160];
    char *rest = copy;
    char *word;

    (void)snprintf(copy, sizeof copy, "%.*s", (int)size, text);
    *line = (struct told_line){0};
    word = strsep(&rest, " ");
    (void)snprintf(line->name, sizeof line->name, "%s", word);
    word = strsep(&rest, " ");
    if (line->name[0] == '\0' || word == NULL)
        return error_set(err, ERR_INVALID, "not an act and its time: %.*s", (int)size, text);
    for (size_t field = 0; word != NULL; field++, word = strsep(&rest, " ")) {
        char *end = NULL;
        double number = strtod(word, &end);

        if (end == word || *end != '\0' || !isfinite(number) || number < 0 ||
            field > TOLD_COUNTS_MAX)
            return error_set(err, ERR_INVALID, "not a number: %.*s", (int)size, text);
        if (field == 0)
            line->time_s = number / 1e9;
        else
            line->counts[line->count_count++] = (int64_t)number;
    }
    return 0;
}

int told_parse(const char *output, struct told_line *lines, size_t *line_count, struct error *err)
{
    size_t count = 0;

    while (*output != '\0') {
        size_t size = strcspn(output, "\n");

        if (count == TOLD_LINES_MAX)
            return error_set(err, ERR_INVALID, "more than %d lines", TOLD_LINES_MAX);
        if (size > 0 && parse_line(output, size, &lines[count++], err) < 0)
            return -1;
        output += size + (output[size] == '\n');
    }
    if (count == 0)
        return error_set(err, ERR_INVALID, "nothing was told");
    *line_count = count;
    return 0;
}

/* What one arm told, run after run: lines[run * TOLD_LINES_MAX + line]. */
struct told {
    struct told_line *lines;
    struct stopwatch_sample *samples;
    size_t line_count;
    size_t run_count;
};

static void told_done(struct told *told, size_t count)
{
    for (size_t i = 0; told != NULL && i < count; i++) {
        free(told[i].lines);
        free(told[i].samples);
    }
    free(told);
}

/* What a failed command said last is what went wrong. Changes the text. */
static const char *last_line(char *text)
{
    size_t size = strlen(text);
    char *end;

    while (size > 0 && text[size - 1] == '\n')
        text[--size] = '\0';
    end = strrchr(text, '\n');
    return end != NULL ? end + 1 : text;
}

static int make_run(struct context *context, const struct told_arm *arm, struct told *told,
                    bool is_warmup, struct error *err)
{
    struct stopwatch_sample *sample = &told->samples[told->run_count];
    AUTO_FREE char *output = NULL;
    size_t size = 0;
    size_t count = 0;

    if (stopwatch_capture(context->stopwatch, arm->command, sample, &output, &size, err) < 0)
        return -1;
    if (sample->exit_status != 0)
        return error_set(err, ERR_INVALID, "%s: status %d: %.200s", arm->name, sample->exit_status,
                         last_line(output));
    if (told_parse(output, told->lines + told->run_count * TOLD_LINES_MAX, &count, err) < 0)
        return error_wrap(err, "%s", arm->name);
    if (told->line_count != 0 && told->line_count != count)
        return error_set(err, ERR_INVALID, "%s: told %zu lines, then %zu", arm->name,
                         told->line_count, count);
    told->line_count = count;
    told->run_count += !is_warmup;
    return 0;
}

static int make_runs(struct context *context, const struct told_group *group, struct told *told,
                     struct error *err)
{
    AUTO_FREE size_t *order = calloc(2 * group->arm_count, sizeof *order);
    struct stats_rng rng;

    if (order == NULL)
        return error_memory(err, "a schedule");
    stats_rng_init(&rng, context_next_seed(context));
    for (size_t block = 0; block < group->blocks; block++) {
        schedule_block(&rng, group->arm_count, order);
        for (size_t i = 0; i < 2 * group->arm_count; i++) {
            if (make_run(context, &group->arms[order[i]], &told[order[i]], false, err) < 0)
                return -1;
        }
        console_set_title(context->console, "%s%s%s, block %zu of %zu", group->benchmark,
                          group->value != NULL ? " " : "", group->value != NULL ? group->value : "",
                          block + 1, group->blocks);
        console_step(context->console);
    }
    return 0;
}

static struct bench_row *add_row(struct context *context, const struct told_group *group,
                                 const struct told_arm *arm, const char *line, struct error *err)
{
    char benchmark[96];
    char command[256];
    struct bench_row *row;

    (void)snprintf(benchmark, sizeof benchmark, "%.60s.%s", group->benchmark, line);
    (void)snprintf(command, sizeof command, "%s%s%s%s%s %s", benchmark,
                   group->value != NULL ? " " : "", group->value != NULL ? group->parameter : "",
                   group->value != NULL ? "=" : "", group->value != NULL ? group->value : "",
                   arm->name);
    row = bench_report_add_row(context->report, command, benchmark, arm->name, arm->reference, err);
    if (row == NULL)
        return NULL;
    row->is_control = arm->is_control;
    if (group->value != NULL &&
        bench_row_set_parameter(row, group->parameter, group->value, err) < 0)
        return NULL;
    return row;
}

static int fill_row(struct context *context, const struct told_group *group,
                    const struct told_arm *arm, const struct told *told, size_t line,
                    struct error *err)
{
    const struct told_line *last = &told->lines[(told->run_count - 1) * TOLD_LINES_MAX + line];
    struct bench_row *row = add_row(context, group, arm, last->name, err);
    struct bench_run *runs = row != NULL ? bench_row_add_runs(row, told->run_count, err) : NULL;

    if (runs == NULL)
        return -1;
    for (size_t i = 0; i < told->run_count; i++) {
        runs[i] = bench_run_of(&told->samples[i], 0);
        runs[i].wall_s = told->lines[i * TOLD_LINES_MAX + line].time_s;
    }
    for (size_t i = 0;
         i < last->count_count && group->count_names != NULL && group->count_names[i] != NULL;
         i++) {
        if (bench_row_set_count(row, group->count_names[i], last->counts[i], err) < 0)
            return -1;
    }
    return 0;
}

/* Runs each arm once. What fails is skipped with what it said; the others go on. */
static int keep_working(struct context *context, const struct told_group *group,
                        struct told_arm *working, size_t *count, struct error *err)
{
    struct stopwatch_sample sample;
    struct told_line lines[TOLD_LINES_MAX];

    for (size_t i = 0; i < group->arm_count; i++) {
        struct told one = {.lines = lines, .samples = &sample};
        struct error problem = {0};

        if (make_run(context, &group->arms[i], &one, true, &problem) == 0) {
            working[(*count)++] = group->arms[i];
        } else if (problem.code != ERR_INVALID) {
            *err = problem;
            return -1;
        } else if (bench_report_add_skipped(context->report, group->benchmark, group->arms[i].name,
                                            problem.message, err) < 0) {
            return -1;
        }
    }
    return 0;
}

static int run_working(struct context *context, const struct told_group *group, struct error *err)
{
    size_t runs = 2 * group->blocks;
    struct told *told = calloc(group->arm_count + 1, sizeof *told);
    int failed = told == NULL ? error_memory(err, group->benchmark) : 0;

    for (size_t i = 0; i < group->arm_count && failed == 0; i++) {
        told[i].lines = calloc(TOLD_LINES_MAX * (runs + 1), sizeof *told[i].lines);
        told[i].samples = calloc(runs + 1, sizeof *told[i].samples);
        if (told[i].lines == NULL || told[i].samples == NULL)
            failed = error_memory(err, group->benchmark);
    }
    if (failed == 0)
        failed = make_runs(context, group, told, err);
    for (size_t i = 0; i < group->arm_count && failed == 0; i++) {
        for (size_t line = 0; line < told[i].line_count && failed == 0; line++)
            failed = fill_row(context, group, &group->arms[i], &told[i], line, err);
    }
    told_done(told, group->arm_count);
    return failed;
}

int told_run(struct context *context, const struct told_group *group, struct error *err)
{
    AUTO_FREE struct told_arm *working = calloc(group->arm_count + 1, sizeof *working);
    struct told_group kept = *group;

    if (working == NULL)
        return error_memory(err, group->benchmark);
    kept.arms = working;
    kept.arm_count = 0;
    if (keep_working(context, group, working, &kept.arm_count, err) < 0)
        return -1;
    return run_working(context, &kept, err);
}

#include "results/trend.h"

#include <dirent.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/buffer.h"
#include "results/diff.h"
#include "results/index.h"
#include "results/tally.h"

enum {
    BATCH = 4, /* folders read at once */
    LEAST_IN_PART = 4,
    PERMUTATIONS = 400
};

/* Change points --------------------------------------------------------------------------------- */

/* The largest |difference of means| over all splits, weighed by the sizes (the t statistic without
 * its scale, which is the same for all permutations). */
static double best_split(const double *values, size_t count, size_t *split)
{
    double total = 0;
    double left = 0;
    double best = -1;

    for (size_t i = 0; i < count; i++)
        total += values[i];
    for (size_t i = 1; i < count; i++) {
        double n = (double)i;
        double m = (double)(count - i);
        double score;

        left += values[i - 1];
        if (i < LEAST_IN_PART || count - i < LEAST_IN_PART)
            continue;
        score = fabs(left / n - (total - left) / m) * sqrt(n * m / (n + m));
        if (score > best) {
            best = score;
            *split = i;
        }
    }
    return best;
}

static bool is_significant(const double *values, size_t count, double score, struct stats_rng *rng,
                           double *shuffled, size_t *order)
{
    unsigned as_good = 0;

    for (unsigned i = 0; i < PERMUTATIONS; i++) {
        size_t ignored = 0;

        for (size_t k = 0; k < count; k++)
            order[k] = k;
        stats_rng_shuffle(rng, order, count);
        for (size_t k = 0; k < count; k++)
            shuffled[k] = values[order[k]];
        as_good += best_split(shuffled, count, &ignored) >= score;
    }
    return as_good < PERMUTATIONS / 100;
}

static void segment(const double *values, size_t from, size_t to, bool *is_change,
                    struct stats_rng *rng, double *shuffled, size_t *order)
{
    size_t split = 0;
    double score;

    if (to - from < 2 * LEAST_IN_PART)
        return;
    score = best_split(values + from, to - from, &split);
    if (score <= 0 || !is_significant(values + from, to - from, score, rng, shuffled, order))
        return;
    is_change[from + split] = true;
    segment(values, from, from + split, is_change, rng, shuffled, order);
    segment(values, from + split, to, is_change, rng, shuffled, order);
}

int trend_changes(const double *values, size_t count, bool *is_change, struct error *err)
{
    AUTO_FREE double *shuffled = calloc(count + 1, sizeof *shuffled);
    AUTO_FREE size_t *order = calloc(count + 1, sizeof *order);
    struct stats_rng rng;

    if (shuffled == NULL || order == NULL)
        return error_memory(err, "a trend");
    memset(is_change, 0, count * sizeof *is_change);
    stats_rng_init(&rng, 1);
    segment(values, 0, count, is_change, &rng, shuffled, order);
    return 0;
}

/* Reading the history ------------------------------------------------------------------------- */

void trend_done(struct trend *trend)
{
    for (size_t i = 0; i < trend->line_count; i++) {
        struct trend_line *line = &trend->lines[i];

        for (size_t k = 0; k < line->count; k++) {
            for (size_t n = 0; n < line->points[k].name_count; n++)
                free(line->points[k].names[n]);
            free(line->points[k].folder);
        }
        free(line->points);
        free(line->sandbox);
        free(line->identity);
    }
    for (size_t i = 0; i < trend->cost_count; i++) {
        struct trend_cost *cost = &trend->costs[i];

        for (size_t k = 0; k < cost->count; k++)
            free(cost->points[k].folder);
        free(cost->points);
        free(cost->is_change);
        free(cost->benchmark);
        free(cost->subject);
        free(cost->parameters);
    }
    for (size_t i = 0; i < trend->folder_count; i++)
        free(trend->folders[i]);
    for (size_t i = 0; i < trend->unreadable_count; i++)
        free(trend->unreadable[i]);
    free(trend->lines);
    free(trend->costs);
    free(trend->folders);
    free(trend->unreadable);
    *trend = (struct trend){0};
}

/* One more element of `size` at the end of *array, zeroed; NULL: out of memory. */
static void *append(void *array, size_t *count, size_t size)
{
    void **slot = array;
    char *grown = realloc(*slot, (*count + 1) * size);

    if (grown == NULL)
        return NULL;
    *slot = grown;
    memset(grown + *count * size, 0, size);
    return grown + (*count)++ * size;
}

static int append_text(char ***array, size_t *count, const char *text, struct error *err)
{
    char *copy = strdup(text);
    char **slot = copy != NULL ? append(array, count, sizeof **array) : NULL;

    if (slot == NULL) {
        free(copy);
        return error_memory(err, "a trend");
    }
    *slot = copy;
    return 0;
}

static struct trend_line *line_of(struct trend *trend, const struct result_sandbox *sandbox)
{
    struct trend_line *line;

    for (size_t i = 0; i < trend->line_count; i++) {
        if (strcmp(trend->lines[i].sandbox, sandbox->name) == 0 &&
            strcmp(trend->lines[i].identity, sandbox->identity) == 0)
            return &trend->lines[i];
    }
    line = append(&trend->lines, &trend->line_count, sizeof *line);
    if (line == NULL)
        return NULL;
    line->sandbox = strdup(sandbox->name);
    line->identity = strdup(sandbox->identity);
    return line->sandbox != NULL && line->identity != NULL ? line : NULL;
}

static void count_cases(struct trend_point *point, const struct result_run *run,
                        const struct side *side)
{
    struct tally all = {0};

    for (size_t i = 0; i < run->case_count; i++) {
        const struct result_case *row = &run->cases[i];

        if (!side_has(side, row))
            continue;
        tally_add(&all, row);
        point->escapes += row->verdict == VERDICT_ESCAPED && !row->is_information;
    }
    point->overblocks = all.verdicts[VERDICT_OVERBLOCKED];
    point->invalid = all.verdicts[VERDICT_INVALID];
    point->good = tally_good(&all);
    point->applicable = tally_applicable(&all);
}

/* The part of a diff of whole runs that belongs to one sandbox. */
static void name_changes(struct trend_point *point, const struct diff *diff,
                         const struct side *side)
{
    for (size_t i = 0; i < diff->count; i++) {
        const struct change *change = &diff->changes[i];
        const struct result_case *row = change->after != NULL ? change->after : change->before;
        AUTO_BUFFER struct buffer name = BUFFER_EMPTY;

        if (!side_has(side, row))
            continue;
        point->changed++;
        if (point->name_count == TREND_NAMES_MAX)
            continue;
        buffer_printf(&name, "%.80s: %s \u2192 %s", row->id,
                      change->before != NULL ? verdict_name(change->before->verdict) : "new",
                      change->after != NULL ? verdict_name(change->after->verdict) : "gone");
        point->names[point->name_count] = buffer_take(&name);
        point->name_count += point->names[point->name_count] != NULL;
    }
}

/* diff: from the run before, NULL when this is the first. */
static int add_points(struct trend *trend, const char *folder, const struct result_run *run,
                      const struct result_run *before, const struct diff *diff, struct error *err)
{
    for (size_t i = 0; i < run->sandbox_count; i++) {
        const struct result_sandbox *sandbox = &run->sandboxes[i];
        const struct side side = {run, sandbox->name, sandbox->identity};
        struct trend_line *line;
        struct trend_point *point;

        if (sandbox->reason != NULL)
            continue;
        line = line_of(trend, sandbox);
        point = line != NULL ? append(&line->points, &line->count, sizeof *point) : NULL;
        if (point == NULL || (point->folder = strdup(folder)) == NULL)
            return error_memory(err, "a trend");
        count_cases(point, run, &side);
        if (diff != NULL &&
            result_run_find_sandbox(before, sandbox->name, sandbox->identity) != NULL)
            name_changes(point, diff, &side);
    }
    return 0;
}

static int add_run(struct trend *trend, const char *folder, const struct result_run *run,
                   const struct result_run *before, struct error *err)
{
    const struct side side_before = {before, NULL, NULL};
    const struct side side_now = {run, NULL, NULL};
    struct diff diff;
    int status;

    if (before == NULL)
        return add_points(trend, folder, run, NULL, NULL, err);
    if (diff_init(&diff, &side_before, &side_now, err) < 0)
        return -1;
    status = add_points(trend, folder, run, before, &diff, err);
    diff_done(&diff);
    return status;
}

static struct trend_cost *cost_of(struct trend *trend, const struct bench_result *result)
{
    struct trend_cost *cost;

    for (size_t i = 0; i < trend->cost_count; i++) {
        cost = &trend->costs[i];
        if (strcmp(cost->benchmark, result->benchmark) == 0 &&
            strcmp(cost->subject, result->subject) == 0 &&
            strcmp(cost->parameters, result->parameters) == 0)
            return cost;
    }
    cost = append(&trend->costs, &trend->cost_count, sizeof *cost);
    if (cost == NULL)
        return NULL;
    cost->benchmark = strdup(result->benchmark);
    cost->subject = strdup(result->subject);
    cost->parameters = strdup(result->parameters);
    return cost->benchmark != NULL && cost->subject != NULL && cost->parameters != NULL ? cost
                                                                                        : NULL;
}

static int add_bench(struct trend *trend, const char *folder, const struct bench_file *file,
                     struct error *err)
{
    for (size_t i = 0; i < file->result_count; i++) {
        const struct bench_result *result = &file->results[i];
        struct trend_cost *cost;
        struct trend_cost_point *point;

        if (!result->has_ratio || result->is_control)
            continue;
        cost = cost_of(trend, result);
        point = cost != NULL ? append(&cost->points, &cost->count, sizeof *point) : NULL;
        if (point == NULL || (point->folder = strdup(folder)) == NULL)
            return error_memory(err, "a trend");
        point->ratio = result->ratio;
    }
    return 0;
}

static bool exists(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0;
}

/* A folder that cannot be read is named in the report; it does not stop it. */
static int leave_out(struct trend *trend, const char *folder, const struct error *why,
                     struct error *err)
{
    AUTO_BUFFER struct buffer text = BUFFER_EMPTY;

    buffer_printf(&text, "%s: %s", folder, why->message);
    return append_text(&trend->unreadable, &trend->unreadable_count, buffer_text(&text), err);
}

/* What one folder has; the problem is set where a file cannot be read. */
struct published {
    const char *directory, *folder;
    struct result_run run;
    struct bench_file bench;
    bool has_run, has_bench, has_problem;
    struct error problem;
};

static void *read_folder(void *argument)
{
    struct published *one = argument;
    AUTO_BUFFER struct buffer run_path = BUFFER_EMPTY;
    AUTO_BUFFER struct buffer bench_path = BUFFER_EMPTY;

    buffer_printf(&run_path, "%s/%s/conformance.json", one->directory, one->folder);
    buffer_printf(&bench_path, "%s/%s/bench.json", one->directory, one->folder);
    if (buffer_failed(&run_path) || buffer_failed(&bench_path)) {
        (void)error_memory(&one->problem, one->folder);
        one->has_problem = true;
        return NULL;
    }
    if (exists(buffer_text(&run_path))) {
        one->has_run = result_run_read(&one->run, buffer_text(&run_path), &one->problem) == 0;
        one->has_problem = !one->has_run;
    }
    if (!one->has_problem && exists(buffer_text(&bench_path))) {
        one->has_bench = bench_file_read(&one->bench, buffer_text(&bench_path), &one->problem) == 0;
        one->has_problem = !one->has_bench;
    }
    return NULL;
}

/* Takes the run into *before. */
static int add_folder(struct trend *trend, struct published *one, struct result_run *before,
                      struct error *err)
{
    int status = 0;

    if (one->has_run) {
        status =
            add_run(trend, one->folder, &one->run, before->case_count > 0 ? before : NULL, err);
        result_run_done(before);
        *before = one->run;
        one->run = (struct result_run){0};
    }
    if (status == 0 && one->has_bench)
        status = add_bench(trend, one->folder, &one->bench, err);
    if (status == 0 && one->has_problem)
        status = leave_out(trend, one->folder, &one->problem, err);
    return status;
}

/* Reading JSON is nearly all of the time: a few folders are read at once, and added in order. Where
 * no thread can be had, the reading is done here. */
static int read_batch(struct trend *trend, struct published *batch, size_t count,
                      struct result_run *before, struct error *err)
{
    pthread_t threads[BATCH] = {0};
    bool is_running[BATCH] = {false};
    int status = 0;

    for (size_t i = 0; i + 1 < count; i++)
        is_running[i] = pthread_create(&threads[i], NULL, read_folder, &batch[i]) == 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_running[i])
            (void)read_folder(&batch[i]);
    }
    for (size_t i = 0; i < count; i++) {
        if (is_running[i])
            (void)pthread_join(threads[i], NULL);
    }
    for (size_t i = 0; i < count; i++) {
        if (status == 0)
            status = add_folder(trend, &batch[i], before, err);
        result_run_done(&batch[i].run);
        bench_file_done(&batch[i].bench);
    }
    return status;
}

static int read_folders(struct trend *trend, const char *directory, struct error *err)
{
    struct result_run before = {0};
    int status = 0;

    for (size_t at = 0; at < trend->folder_count && status == 0;) {
        struct published batch[BATCH];
        size_t count = 0;

        for (; count < BATCH && at < trend->folder_count; count++, at++)
            batch[count] = (struct published){.directory = directory, .folder = trend->folders[at]};
        status = read_batch(trend, batch, count, &before, err);
    }
    result_run_done(&before);
    return status;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Folders of runs begin with their date, so that their names sort by time. */
static int list_folders(struct trend *trend, const char *directory, struct error *err)
{
    DIR *stream = opendir(directory);
    struct dirent *entry;
    int status = 0;

    if (stream == NULL)
        return error_set(err, ERR_NOT_FOUND, "%s: no such directory of published runs", directory);
    while (status == 0 && (entry = readdir(stream)) != NULL) {
        if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9')
            status = append_text(&trend->folders, &trend->folder_count, entry->d_name, err);
    }
    (void)closedir(stream);
    if (status == 0 && trend->folder_count > 0)
        qsort(trend->folders, trend->folder_count, sizeof *trend->folders, compare_names);
    return status;
}

static int find_changes(struct trend *trend, struct error *err)
{
    for (size_t i = 0; i < trend->cost_count; i++) {
        struct trend_cost *cost = &trend->costs[i];
        AUTO_FREE double *values = calloc(cost->count + 1, sizeof *values);

        cost->is_change = calloc(cost->count + 1, sizeof *cost->is_change);
        if (values == NULL || cost->is_change == NULL)
            return error_memory(err, "a trend");
        for (size_t k = 0; k < cost->count; k++)
            values[k] = log(cost->points[k].ratio.ratio);
        if (trend_changes(values, cost->count, cost->is_change, err) < 0)
            return -1;
    }
    return 0;
}

int trend_read(struct trend *trend, const char *directory, struct error *err)
{
    int status;

    *trend = (struct trend){0};
    status = list_folders(trend, directory, err);
    if (status == 0)
        status = read_folders(trend, directory, err);
    if (status == 0)
        status = find_changes(trend, err);
    if (status < 0)
        trend_done(trend);
    return status;
}

/* hyperfine's export: what it has, in its order, under its names; ours under x_holdfast. */
#include "bench/report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "base/version.h"
#include "results/document.h"

static const char schema[] = "holdfast.bench/1";

/* json_object_set_new() that also takes the value when it fails, and remembers. */
static void put(json_t *object, const char *key, json_t *value, bool *has_failed)
{
    if (json_object_set_new(object, key, value) < 0)
        *has_failed = true;
}

static void append(json_t *array, json_t *value, bool *has_failed)
{
    if (json_array_append_new(array, value) < 0)
        *has_failed = true;
}

static json_t *integer_or_null(int64_t value)
{
    return value >= 0 ? json_integer(value) : json_null();
}

/* ---- writing ---- */

static json_t *parameters_to_json(const struct bench_row *row, bool *has_failed)
{
    json_t *object = json_object();

    for (size_t i = 0; i < row->parameter_count; i++)
        put(object, row->parameters[i].name, document_text(row->parameters[i].value), has_failed);
    return object;
}

static void put_runs(json_t *object, const struct bench_row *row, bool *has_failed)
{
    json_t *times = json_array();
    json_t *memory = json_array();
    json_t *codes = json_array();

    for (size_t i = 0; i < row->run_count; i++) {
        append(times, document_real(row->runs[i].wall_s), has_failed);
        append(memory, integer_or_null(row->runs[i].memory_bytes), has_failed);
        append(codes, integer_or_null(row->runs[i].exit_code), has_failed);
    }
    put(object, "times", times, has_failed);
    put(object, "memory_usage_byte", memory, has_failed);
    put(object, "exit_codes", codes, has_failed);
}

static void put_cpu_times(json_t *extras, const struct bench_row *row, bool *has_failed)
{
    json_t *user = json_array();
    json_t *system = json_array();

    for (size_t i = 0; i < row->run_count; i++) {
        append(user, document_real(row->runs[i].user_s), has_failed);
        append(system, document_real(row->runs[i].system_s), has_failed);
    }
    put(extras, "user_times", user, has_failed);
    put(extras, "system_times", system, has_failed);
}

static json_t *ratio_to_json(const struct bench_row *row, bool *has_failed)
{
    json_t *object;

    if (!row->has_ratio)
        return json_null();
    object = json_object();
    put(object, "ratio", document_real(row->ratio.ratio), has_failed);
    put(object, "low", document_real(row->ratio.low), has_failed);
    put(object, "high", document_real(row->ratio.high), has_failed);
    put(object, "confidence", document_real(stats_report_how.confidence), has_failed);
    put(object, "quantile", document_real(stats_report_how.quantile), has_failed);
    put(object, "blocks", json_integer((json_int_t)row->ratio.blocks), has_failed);
    return object;
}

static size_t count_flag(const struct bench_row *row, unsigned flag)
{
    size_t count = 0;

    for (size_t i = 0; i < row->run_count; i++)
        count += (row->runs[i].flags & flag) != 0;
    return count;
}

static void put_counts(json_t *extras, const struct bench_row *row, bool *has_failed)
{
    json_t *counts;

    if (row->count_count == 0)
        return;
    counts = json_object();
    for (size_t i = 0; i < row->count_count; i++)
        put(counts, row->counts[i].name, json_integer(row->counts[i].value), has_failed);
    put(extras, "counts", counts, has_failed);
}

static json_t *extras_to_json(const struct bench_row *row, bool *has_failed)
{
    json_t *extras = json_object();

    put(extras, "benchmark", document_text(row->benchmark), has_failed);
    put(extras, "subject", document_text(row->subject), has_failed);
    if (row->reference != NULL)
        put(extras, "reference", document_text(row->reference), has_failed);
    if (row->is_control)
        put(extras, "is_control", json_true(), has_failed);
    put(extras, "per_block", json_integer(row->per_block), has_failed);
    put(extras, "p10", document_real(row->wall.p10), has_failed);
    put(extras, "p90", document_real(row->wall.p90), has_failed);
    put(extras, "ratio", ratio_to_json(row, has_failed), has_failed);
    put(extras, "verdict",
        row->has_ratio ? json_string(stats_verdict_name(row->verdict)) : json_null(), has_failed);
    put_counts(extras, row, has_failed);
    put(extras, "outliers", json_integer((json_int_t)row->wall.outlier_count), has_failed);
    put(extras, "has_slow_first", json_boolean(row->wall.has_slow_first), has_failed);
    put(extras, "timed_out", json_integer((json_int_t)count_flag(row, STOPWATCH_TIMED_OUT)),
        has_failed);
    put(extras, "left_behind", json_integer((json_int_t)count_flag(row, STOPWATCH_LEFTOVER)),
        has_failed);
    if (row->shell_s > 0)
        put(extras, "shell", document_real(row->shell_s), has_failed);
    if (row->note != NULL)
        put(extras, "note", document_text(row->note), has_failed);
    put_cpu_times(extras, row, has_failed);
    return extras;
}

static json_t *row_to_json(const struct bench_row *row, bool *has_failed)
{
    json_t *object = json_object();

    put(object, "command", document_text(row->command), has_failed);
    put(object, "mean", document_real(row->wall.mean), has_failed);
    put(object, "stddev", document_real(row->wall.stddev), has_failed);
    put(object, "median", document_real(row->wall.median), has_failed);
    put(object, "user", document_real(row->user_mean_s), has_failed);
    put(object, "system", document_real(row->system_mean_s), has_failed);
    put(object, "min", document_real(row->wall.min), has_failed);
    put(object, "max", document_real(row->wall.max), has_failed);
    put_runs(object, row, has_failed);
    if (row->parameter_count > 0)
        put(object, "parameters", parameters_to_json(row, has_failed), has_failed);
    put(object, "x_holdfast", extras_to_json(row, has_failed), has_failed);
    return object;
}

static json_t *host_to_json(const struct bench_host *host, bool *has_failed)
{
    json_t *object = json_object();

    put(object, "os", document_text(host->os != NULL ? host->os : ""), has_failed);
    put(object, "kernel", document_text(host->kernel), has_failed);
    put(object, "arch", document_text(host->arch), has_failed);
    put(object, "cpu", document_text(host->cpu), has_failed);
    put(object, "machine", document_text(host->machine), has_failed);
    put(object, "cpus", json_integer(host->cpus), has_failed);
    put(object, "memory_bytes", json_integer((json_int_t)host->memory_bytes), has_failed);
    put(object, "landlock_abi", json_integer(host->landlock_abi), has_failed);
    put(object, "clock", document_text(host->clock), has_failed);
    put(object, "governor", document_text(host->governor), has_failed);
    put(object, "load_before", document_real(host->load_before), has_failed);
    put(object, "load_after", document_real(host->load_after), has_failed);
    put(object, "steal_ms", json_integer((json_int_t)host->steal_ms), has_failed);
    put(object, "holdfast", json_string(HOLDFAST_VERSION), has_failed);
    return object;
}

static json_t *skipped_to_json(const struct bench_report *report, bool *has_failed)
{
    json_t *array = json_array();

    for (size_t i = 0; i < report->skipped_count; i++) {
        const struct bench_skipped *skipped = &report->skipped[i];
        json_t *object = json_object();

        if (skipped->benchmark != NULL)
            put(object, "benchmark", document_text(skipped->benchmark), has_failed);
        put(object, "subject", document_text(skipped->subject), has_failed);
        put(object, "reason", document_text(skipped->reason), has_failed);
        append(array, object, has_failed);
    }
    return array;
}

static void put_took(json_t *extras, const struct bench_report *report, bool *has_failed)
{
    json_t *took = json_object();

    for (size_t i = 0; i < report->took_count; i++)
        put(took, report->took[i].benchmark, document_real(report->took[i].seconds), has_failed);
    put(extras, "took", took, has_failed);
}

static json_t *top_extras_to_json(const struct bench_report *report, bool *has_failed)
{
    json_t *extras = json_object();
    char seed[24];

    (void)snprintf(seed, sizeof seed, "%" PRIu64, report->seed);
    put(extras, "schema", json_string(schema), has_failed);
    put(extras, "host", host_to_json(&report->host, has_failed), has_failed);
    put(extras, "seed", json_string(seed), has_failed);
    put(extras, "order", json_string(schedule_order_name(report->order)), has_failed);
    put(extras, "identity", document_text(report->identity), has_failed);
    put(extras, "launcher", json_string("posix_spawn from bench-stopwatch"), has_failed);
    put(extras, "started", document_text(report->started != NULL ? report->started : ""),
        has_failed);
    put(extras, "finished", document_text(report->finished != NULL ? report->finished : ""),
        has_failed);
    if (report->has_control) {
        put(extras, "fit", json_boolean(report->is_fit), has_failed);
        put(extras, "too_noisy", json_integer((json_int_t)report->noisy_count), has_failed);
    }
    put(extras, "skipped", skipped_to_json(report, has_failed), has_failed);
    put_took(extras, report, has_failed);
    if (report->is_interrupted)
        put(extras, "interrupted", json_true(), has_failed);
    return extras;
}

static json_t *rows_to_json(const struct bench_report *report, bool is_aside, bool *has_failed)
{
    json_t *array = json_array();

    for (size_t i = 0; i < report->row_count; i++) {
        if (report->rows[i].is_aside == is_aside)
            append(array, row_to_json(&report->rows[i], has_failed), has_failed);
    }
    return array;
}

static json_t *report_to_json(const struct bench_report *report)
{
    json_t *root = json_object();
    json_t *extras;
    bool has_failed = false;

    put(root, "results", rows_to_json(report, false, &has_failed), &has_failed);
    extras = top_extras_to_json(report, &has_failed);
    put(extras, "controls", rows_to_json(report, true, &has_failed), &has_failed);
    put(root, "x_holdfast", extras, &has_failed);
    if (has_failed)
        document_free(&root);
    return root;
}

int bench_report_write(const struct bench_report *report, const char *path, struct error *err)
{
    AUTO_JSON json_t *root = report_to_json(report);

    if (root == NULL)
        return error_memory(err, path);
    if (strcmp(path, "-") == 0)
        return document_print(root, err);
    return document_write(root, path, err);
}

int bench_report_print(const struct bench_report *report, struct error *err)
{
    return bench_report_write(report, "-", err);
}

/* ---- for github-action-benchmark ---- */

static json_t *action_entry(const struct bench_row *row, bool *has_failed)
{
    json_t *object = json_object();
    char text[128];

    put(object, "name", document_text(row->command), has_failed);
    put(object, "unit", json_string("ms"), has_failed);
    put(object, "value", document_real(row->wall.p10 * 1e3), has_failed);
    (void)snprintf(text, sizeof text, "p10 of %zu runs", row->run_count);
    put(object, "range", json_string(text), has_failed);
    (void)snprintf(text, sizeof text, "median %.6g ms, p90 %.6g ms", row->wall.median * 1e3,
                   row->wall.p90 * 1e3);
    put(object, "extra", json_string(text), has_failed);
    return object;
}

int bench_report_write_action(const struct bench_report *report, const char *path,
                              struct error *err)
{
    AUTO_JSON json_t *root = json_array();
    bool has_failed = root == NULL;

    for (size_t i = 0; i < report->row_count; i++) {
        const struct bench_row *row = &report->rows[i];

        if (row->run_count > 0 && !row->is_control)
            append(root, action_entry(row, &has_failed), &has_failed);
    }
    if (has_failed)
        return error_memory(err, path);
    if (strcmp(path, "-") == 0)
        return document_print(root, err);
    return document_write(root, path, err);
}

/* ---- reading ---- */

/* Element i as a number; NAN for null. */
static int real_at(const json_t *array, size_t i, double *value, struct error *err)
{
    const json_t *element = json_array_get(array, i);

    if (!json_is_number(element) && !json_is_null(element))
        return error_set(err, ERR_CORRUPT, "element %zu is not a number", i);
    *value = json_is_null(element) ? NAN : json_number_value(element);
    return 0;
}

/* An optional array with an element per run. *array is NULL if it is absent. */
static int get_per_run(const json_t *object, const char *key, size_t count, const json_t **array,
                       struct error *err)
{
    const json_t *found = object != NULL ? json_object_get(object, key) : NULL;

    *array = found;
    if (found == NULL)
        return 0;
    if (!json_is_array(found) || json_array_size(found) != count)
        return error_set(err, ERR_CORRUPT, "%s: not an array of %zu elements", key, count);
    return 0;
}

static int64_t integer_at(const json_t *array, size_t i)
{
    const json_t *element = array != NULL ? json_array_get(array, i) : NULL;

    return json_is_integer(element) ? json_integer_value(element) : -1;
}

static int read_runs(struct bench_row *row, const json_t *object, const json_t *extras,
                     struct error *err)
{
    const json_t *times;
    const json_t *memory;
    const json_t *codes;
    const json_t *user;
    const json_t *system;
    size_t count;
    struct bench_run *runs;

    if (document_get_array(object, "times", &times, err) < 0)
        return -1;
    count = json_array_size(times);
    runs = bench_row_add_runs(row, count, err);
    if (runs == NULL || get_per_run(object, "memory_usage_byte", count, &memory, err) < 0 ||
        get_per_run(object, "exit_codes", count, &codes, err) < 0 ||
        get_per_run(extras, "user_times", count, &user, err) < 0 ||
        get_per_run(extras, "system_times", count, &system, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        runs[i].memory_bytes = integer_at(memory, i);
        runs[i].exit_code = (int)integer_at(codes, i);
        if (real_at(times, i, &runs[i].wall_s, err) < 0 ||
            (user != NULL && real_at(user, i, &runs[i].user_s, err) < 0) ||
            (system != NULL && real_at(system, i, &runs[i].system_s, err) < 0))
            return error_wrap(err, "times");
    }
    return 0;
}

static int read_parameters(struct bench_row *row, const json_t *object, struct error *err)
{
    json_t *parameters = json_object_get(object, "parameters");
    const char *name;
    json_t *value;

    json_object_foreach(parameters, name, value)
    {
        if (!json_is_string(value))
            return error_set(err, ERR_CORRUPT, "parameters: %s: not text", name);
        if (bench_row_set_parameter(row, name, json_string_value(value), err) < 0)
            return -1;
    }
    return 0;
}

static int read_counts(struct bench_row *row, const json_t *extras, struct error *err)
{
    json_t *counts = json_object_get(extras, "counts");
    const char *name;
    json_t *value;

    json_object_foreach(counts, name, value)
    {
        if (!json_is_integer(value))
            return error_set(err, ERR_CORRUPT, "counts: %s: not an integer", name);
        if (bench_row_set_count(row, name, json_integer_value(value), err) < 0)
            return -1;
    }
    return 0;
}

static const char *text_or(const json_t *object, const char *key, const char *otherwise)
{
    const char *text = object != NULL ? json_string_value(json_object_get(object, key)) : NULL;

    return text != NULL ? text : otherwise;
}

static int read_extras(struct bench_row *row, const json_t *extras, struct error *err)
{
    uint64_t per_block = row->per_block;
    const char *note = text_or(extras, "note", NULL);

    if (extras == NULL)
        return 0;
    if (json_object_get(extras, "per_block") != NULL &&
        document_get_u64(extras, "per_block", 1000000, &per_block, err) < 0)
        return -1;
    if (per_block == 0)
        return error_set(err, ERR_CORRUPT, "per_block: is 0");
    row->per_block = (unsigned)per_block;
    if (document_get_bool(extras, "is_control", &row->is_control, err) < 0)
        return -1;
    if (note != NULL && bench_row_set_note(row, err, "%s", note) < 0)
        return -1;
    return read_counts(row, extras, err);
}

/* hyperfine gives only the means; they stand for each run then. */
static int read_means(struct bench_row *row, const json_t *object, const json_t *extras,
                      struct error *err)
{
    double user = 0;
    double system = 0;

    if (extras != NULL && json_object_get(extras, "user_times") != NULL)
        return 0;
    if (document_get_real(object, "user", &user, err) < 0 ||
        document_get_real(object, "system", &system, err) < 0)
        return -1;
    for (size_t i = 0; i < row->run_count; i++) {
        row->runs[i].user_s = user;
        row->runs[i].system_s = system;
    }
    return 0;
}

static int read_row(struct bench_report *report, const json_t *object, struct error *err)
{
    const json_t *extras = json_object_get(object, "x_holdfast");
    const char *command;
    struct bench_row *row;

    if (document_get_word(object, "command", &command, err) < 0)
        return -1;
    row = bench_report_add_row(report, command, text_or(extras, "benchmark", "command"),
                               text_or(extras, "subject", command),
                               text_or(extras, "reference", NULL), err);
    if (row == NULL || read_extras(row, extras, err) < 0 ||
        read_runs(row, object, extras, err) < 0 || read_means(row, object, extras, err) < 0)
        return -1;
    return read_parameters(row, object, err);
}

static int copy_text(char **slot, const char *text, struct error *err)
{
    if (text == NULL)
        return 0;
    *slot = strdup(text);
    return *slot != NULL ? 0 : error_memory(err, "text of the report");
}

static int read_top(struct bench_report *report, const json_t *root, struct error *err)
{
    const json_t *extras = json_object_get(root, "x_holdfast");
    const json_t *host = json_object_get(extras, "host");
    const char *found = text_or(extras, "schema", schema);

    if (strcmp(found, schema) != 0)
        return error_set(err, ERR_CORRUPT, "schema %s is not %s", found, schema);
    if (!text_parse_u64(text_or(extras, "seed", "0"), UINT64_MAX, &report->seed))
        return error_set(err, ERR_CORRUPT, "seed: not a number");
    if (strcmp(text_or(extras, "order", "interleaved"), "blocked") == 0)
        report->order = SCHEDULE_BLOCKED;
    if (copy_text(&report->identity, text_or(extras, "identity", NULL), err) < 0 ||
        copy_text(&report->started, text_or(extras, "started", NULL), err) < 0 ||
        copy_text(&report->finished, text_or(extras, "finished", NULL), err) < 0 ||
        copy_text(&report->host.os, text_or(host, "os", NULL), err) < 0 ||
        copy_text(&report->host.kernel, text_or(host, "kernel", NULL), err) < 0 ||
        copy_text(&report->host.cpu, text_or(host, "cpu", NULL), err) < 0 ||
        copy_text(&report->host.machine, text_or(host, "machine", NULL), err) < 0)
        return -1;
    report->host.cpus = (unsigned)json_integer_value(json_object_get(host, "cpus"));
    return 0;
}

int bench_report_read(struct bench_report *report, const char *path, struct error *err)
{
    AUTO_JSON json_t *root = document_read(path, err);
    const json_t *results;

    if (root == NULL)
        return -1;
    if (document_get_array(root, "results", &results, err) < 0 || read_top(report, root, err) < 0)
        return error_wrap(err, "%s", path);
    for (size_t i = 0; i < json_array_size(results); i++) {
        if (read_row(report, json_array_get(results, i), err) < 0)
            return error_wrap(err, "%s: result %zu", path, i + 1);
    }
    return bench_report_finish(report, err);
}

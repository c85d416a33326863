#include "results/bench_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buffer.h"
#include "results/document.h"
#include "results/fields.h"
#include "results/input.h"

static void done_result(struct bench_result *result)
{
    free(result->command);
    free(result->benchmark);
    free(result->subject);
    free(result->reference);
    free(result->parameters);
    free(result->times);
    for (size_t i = 0; i < result->count_count; i++)
        free(result->counts[i].name);
    free(result->counts);
    *result = (struct bench_result){0};
}

void bench_file_done(struct bench_file *file)
{
    for (size_t i = 0; i < file->result_count; i++)
        done_result(&file->results[i]);
    free(file->results);
    free(file->started);
    free(file->finished);
    free(file->fit);
    for (size_t i = 0; i < file->skipped_count; i++)
        free(file->skipped[i]);
    free(file->skipped);
    fields_free(&file->host, host_fields);
    *file = (struct bench_file){0};
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* {"files": "10", "roots": "100"} -> "files=10 roots=100": one text by which results are told
 * apart, whatever order the file has them in. */
static int read_parameters(struct bench_result *result, const json_t *object, struct error *err)
{
    const json_t *parameters = json_object_get(object, "parameters");
    AUTO_BUFFER struct buffer text = BUFFER_EMPTY;
    AUTO_FREE const char **keys = NULL;
    size_t count = 0;
    const char *key;
    json_t *value;

    if (parameters != NULL && !json_is_object(parameters))
        return error_set(err, ERR_CORRUPT, "parameters: not an object");
    keys = calloc(json_object_size(parameters) + 1, sizeof *keys);
    if (keys == NULL)
        return error_memory(err, "parameters");
    json_object_foreach((json_t *)parameters, key, value)
    {
        if (!json_is_string(value))
            return error_set(err, ERR_CORRUPT, "parameters: %s: not a string", key);
        keys[count++] = key;
    }
    qsort(keys, count, sizeof *keys, compare_keys);
    for (size_t i = 0; i < count; i++)
        buffer_printf(&text, "%s%s=%s", i > 0 ? " " : "", keys[i],
                      json_string_value(json_object_get(parameters, keys[i])));
    result->parameters = buffer_take(&text);
    return result->parameters == NULL ? error_memory(err, "parameters") : 0;
}

static int read_times(struct bench_result *result, const json_t *object, struct error *err)
{
    const json_t *times;

    if (document_get_array(object, "times", &times, err) < 0)
        return -1;
    result->times = calloc(json_array_size(times) + 1, sizeof *result->times);
    if (result->times == NULL)
        return error_memory(err, "times");
    for (size_t i = 0; i < json_array_size(times); i++) {
        const json_t *time = json_array_get(times, i);

        if (!json_is_number(time) && !json_is_null(time))
            return error_set(err, ERR_CORRUPT, "times[%zu]: not a number", i);
        if (json_is_number(time) && json_number_value(time) < 0)
            return error_set(err, ERR_CORRUPT, "times[%zu]: below zero", i);
        result->times[i] = json_is_number(time) ? json_number_value(time) : (double)NAN;
    }
    result->time_count = json_array_size(times);
    return 0;
}

static int summarize(struct bench_result *result, struct error *err)
{
    AUTO_FREE double *good = calloc(result->time_count + 1, sizeof *good);
    size_t count = 0;

    if (good == NULL)
        return error_memory(err, "times");
    for (size_t i = 0; i < result->time_count; i++) {
        if (isfinite(result->times[i]))
            good[count++] = result->times[i];
    }
    return stats_summarize(good, count, &result->summary, err);
}

static int read_ratio(struct bench_result *result, const json_t *extras, struct error *err)
{
    const json_t *ratio = json_object_get(extras, "ratio");

    if (ratio == NULL || json_is_null(ratio))
        return 0;
    if (document_get_object(extras, "ratio", &ratio, err) < 0 ||
        document_get_real(ratio, "ratio", &result->ratio.ratio, err) < 0 ||
        document_get_real(ratio, "low", &result->ratio.low, err) < 0 ||
        document_get_real(ratio, "high", &result->ratio.high, err) < 0)
        return error_wrap(err, "ratio");
    if (!(result->ratio.low > 0 && result->ratio.low <= result->ratio.high))
        return error_set(err, ERR_CORRUPT, "ratio: low is not in 0 .. high");
    result->has_ratio = true;
    return 0;
}

static int read_counts(struct bench_result *result, const json_t *extras, struct error *err)
{
    const json_t *counts = json_object_get(extras, "counts");
    const char *key;
    json_t *value;

    if (counts == NULL || json_is_null(counts))
        return 0;
    if (!json_is_object(counts))
        return error_set(err, ERR_CORRUPT, "counts: not an object");
    result->counts = calloc(json_object_size(counts) + 1, sizeof *result->counts);
    if (result->counts == NULL)
        return error_memory(err, "counts");
    json_object_foreach((json_t *)counts, key, value)
    {
        char *name;

        if (!json_is_integer(value))
            return error_set(err, ERR_CORRUPT, "counts: %s: not a whole number", key);
        name = strdup(key);
        if (name == NULL)
            return error_memory(err, "counts");
        result->counts[result->count_count++] =
            (struct bench_count){name, json_integer_value(value)};
    }
    return 0;
}

static int read_extras(struct bench_result *result, const json_t *object, struct error *err)
{
    const json_t *extras;
    uint64_t per_block = 1;

    if (document_get_object(object, "x_holdfast", &extras, err) < 0)
        return -1;
    if (json_object_get(extras, "per_block") != NULL &&
        document_get_u64(extras, "per_block", 1000000, &per_block, err) < 0)
        return -1;
    result->per_block = per_block > 0 ? (size_t)per_block : 1;
    if (document_get_text(extras, "benchmark", true, &result->benchmark, err) < 0 ||
        document_get_text(extras, "subject", true, &result->subject, err) < 0 ||
        document_get_text(extras, "reference", false, &result->reference, err) < 0 ||
        document_get_bool(extras, "is_control", &result->is_control, err) < 0 ||
        read_ratio(result, extras, err) < 0)
        return -1;
    return read_counts(result, extras, err);
}

static int read_result(struct bench_result *result, const json_t *object, bool is_ours,
                       struct error *err)
{
    if (!json_is_object(object))
        return error_set(err, ERR_CORRUPT, "not an object");
    if (document_get_text(object, "command", true, &result->command, err) < 0 ||
        read_parameters(result, object, err) < 0 || read_times(result, object, err) < 0 ||
        summarize(result, err) < 0)
        return -1;
    if (is_ours && json_object_get(object, "x_holdfast") != NULL)
        return read_extras(result, object, err);
    result->per_block = 1;
    result->benchmark = strdup(result->command);
    result->subject = strdup("");
    return result->benchmark == NULL || result->subject == NULL ? error_memory(err, "a result") : 0;
}

static int read_results(struct bench_file *file, const json_t *root, struct error *err)
{
    const json_t *results;

    if (document_get_array(root, "results", &results, err) < 0)
        return -1;
    file->results = calloc(json_array_size(results) + 1, sizeof *file->results);
    if (file->results == NULL)
        return error_memory(err, "results");
    for (size_t i = 0; i < json_array_size(results); i++) {
        file->result_count = i + 1;
        if (read_result(&file->results[i], json_array_get(results, i), file->is_ours, err) < 0)
            return error_wrap(err, "results[%zu]", i);
    }
    return 0;
}

static int read_host(struct result_host *host, const json_t *extras, struct error *err)
{
    const json_t *object;

    if (document_get_object(extras, "host", &object, err) < 0)
        return -1;
    for (const struct text_field *field = host_fields; field->key != NULL; field++) {
        if (document_get_text(object, field->key, field->is_required, field_slot(host, field),
                              err) < 0)
            return error_wrap(err, "host");
    }
    return 0;
}

static int read_skipped(struct bench_file *file, const json_t *extras, struct error *err)
{
    const json_t *array = json_object_get(extras, "skipped");
    size_t count = json_array_size(array);

    if (array != NULL && !json_is_array(array))
        return error_set(err, ERR_CORRUPT, "skipped: not an array");
    file->skipped = calloc(count + 1, sizeof *file->skipped);
    if (file->skipped == NULL)
        return error_memory(err, "skipped");
    for (size_t i = 0; i < count; i++) {
        const json_t *object = json_array_get(array, i);
        AUTO_FREE char *benchmark = NULL;
        AUTO_FREE char *subject = NULL;
        AUTO_FREE char *reason = NULL;
        AUTO_BUFFER struct buffer text = BUFFER_EMPTY;

        if (document_get_text(object, "benchmark", false, &benchmark, err) < 0 ||
            document_get_text(object, "subject", true, &subject, err) < 0 ||
            document_get_text(object, "reason", true, &reason, err) < 0)
            return error_wrap(err, "skipped[%zu]", i);
        buffer_printf(&text, "%s%s%s: %s", benchmark != NULL ? benchmark : "",
                      benchmark != NULL ? ", " : "", subject, reason);
        file->skipped[i] = buffer_take(&text);
        if (file->skipped[i] == NULL)
            return error_memory(err, "skipped");
        file->skipped_count++;
    }
    return 0;
}

static int read_noise(struct bench_file *file, const json_t *extras, struct error *err)
{
    uint64_t too_noisy = 0;

    if (json_object_get(extras, "too_noisy") != NULL &&
        document_get_u64(extras, "too_noisy", 1000000, &too_noisy, err) < 0)
        return -1;
    file->too_noisy = (size_t)too_noisy;
    return 0;
}

static int read_top(struct bench_file *file, const json_t *root, struct error *err)
{
    const json_t *extras = json_object_get(root, "x_holdfast");
    const char *schema = document_schema(extras);
    bool is_fit = false;

    if (extras == NULL)
        return 0;
    if (schema == NULL || strcmp(schema, "holdfast.bench/1") != 0)
        return error_set(err, ERR_CORRUPT, "schema: %s, not holdfast.bench/1",
                         schema == NULL ? "none" : schema);
    file->is_ours = true;
    if (read_host(&file->host, extras, err) < 0 ||
        document_get_text(extras, "started", false, &file->started, err) < 0 ||
        document_get_text(extras, "finished", false, &file->finished, err) < 0 ||
        document_get_bool(extras, "fit", &is_fit, err) < 0 || read_noise(file, extras, err) < 0 ||
        read_skipped(file, extras, err) < 0)
        return -1;
    if (json_object_get(extras, "fit") == NULL)
        return 0;
    file->fit = strdup(is_fit ? "yes" : "no");
    return file->fit == NULL ? error_memory(err, "fit") : 0;
}

/* Ratios the writer did not give, where the times are there to make them. */
static int make_ratios(struct bench_file *file, struct error *err)
{
    for (size_t i = 0; i < file->result_count; i++) {
        struct bench_result *result = &file->results[i];
        const struct bench_result *reference = bench_reference_of(file, result);
        struct error none;

        if (result->has_ratio || reference == NULL)
            continue;
        if (bench_ratio(reference, result, &stats_report_how, &result->ratio, &none) == 0)
            result->has_ratio = true;
        else if (none.code == ERR_MEMORY)
            return error_memory(err, "ratios");
    }
    return 0;
}

int bench_file_from_json(struct bench_file *file, const json_t *root, const char *path,
                         struct error *err)
{
    *file = (struct bench_file){0};
    if (read_top(file, root, err) < 0 || read_results(file, root, err) < 0 ||
        make_ratios(file, err) < 0) {
        bench_file_done(file);
        return error_wrap(err, "%s", path);
    }
    return 0;
}

int bench_file_read(struct bench_file *file, const char *path, struct error *err)
{
    AUTO_JSON json_t *root = document_read(path, err);

    *file = (struct bench_file){0};
    return root == NULL ? -1 : bench_file_from_json(file, root, path, err);
}

const struct bench_result *bench_file_find(const struct bench_file *file, const char *benchmark,
                                           const char *subject, const char *parameters)
{
    for (size_t i = 0; i < file->result_count; i++) {
        const struct bench_result *result = &file->results[i];

        if (strcmp(result->benchmark, benchmark) == 0 && strcmp(result->subject, subject) == 0 &&
            strcmp(result->parameters, parameters) == 0)
            return result;
    }
    return NULL;
}

const struct bench_result *bench_reference_of(const struct bench_file *file,
                                              const struct bench_result *result)
{
    if (result->reference == NULL || strcmp(result->reference, result->subject) == 0)
        return NULL;
    return bench_file_find(file, result->benchmark, result->reference, result->parameters);
}

int bench_ratio(const struct bench_result *reference, const struct bench_result *candidate,
                const struct stats_how *how, struct stats_ratio *ratio, struct error *err)
{
    size_t per_block = reference->per_block == candidate->per_block ? reference->per_block : 1;
    size_t fewest = reference->time_count < candidate->time_count ? reference->time_count
                                                                  : candidate->time_count;
    const struct stats_arms arms = {.reference = reference->times,
                                    .candidate = candidate->times,
                                    .blocks = fewest / per_block,
                                    .per_block = per_block};

    return stats_ratio(&arms, how, ratio, err);
}

/* "holdfast.bench-baseline/1" (bench-baseline.schema.json): what the gate remembers of benchmarks. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "results/document.h"
#include "results/gate.h"

static const char schema_name[] = "holdfast.bench-baseline/1";

/* A floor is a 99th percentile: a few hundred values say as much as all. The oldest go. */
enum {
    NOISE_MAX = 600
};

static void free_accepted(struct bench_accepted *accepted)
{
    free(accepted->benchmark);
    free(accepted->subject);
    free(accepted->parameters);
    free(accepted->reason);
    free(accepted->link);
    free(accepted->expires);
}

void bench_baseline_done(struct bench_baseline *baseline)
{
    for (size_t i = 0; i < baseline->noise_count; i++) {
        free(baseline->noise[i].benchmark);
        free(baseline->noise[i].ratios);
    }
    for (size_t i = 0; i < baseline->accepted_count; i++)
        free_accepted(&baseline->accepted[i]);
    free(baseline->noise);
    free(baseline->accepted);
    *baseline = (struct bench_baseline){0};
}

static struct bench_noise *find_or_add(struct bench_baseline *baseline, const char *benchmark)
{
    struct bench_noise *grown;
    char *copy;

    for (size_t i = 0; i < baseline->noise_count; i++) {
        if (strcmp(baseline->noise[i].benchmark, benchmark) == 0)
            return &baseline->noise[i];
    }
    copy = strdup(benchmark);
    grown = realloc(baseline->noise, (baseline->noise_count + 1) * sizeof *grown);
    if (grown != NULL)
        baseline->noise = grown;
    if (grown == NULL || copy == NULL) {
        free(copy);
        return NULL;
    }
    grown[baseline->noise_count] = (struct bench_noise){.benchmark = copy};
    return &grown[baseline->noise_count++];
}

static int add_ratio(struct bench_noise *noise, double ratio, struct error *err)
{
    double *grown;

    if (noise->count == NOISE_MAX) {
        memmove(noise->ratios, noise->ratios + 1, (NOISE_MAX - 1) * sizeof *noise->ratios);
        noise->ratios[NOISE_MAX - 1] = ratio;
        return 0;
    }
    grown = realloc(noise->ratios, (noise->count + 1) * sizeof *grown);
    if (grown == NULL)
        return error_memory(err, "noise");
    grown[noise->count++] = ratio;
    noise->ratios = grown;
    return 0;
}

int bench_baseline_learn(struct bench_baseline *baseline, const struct bench_file *file,
                         const char *reference, struct error *err)
{
    for (size_t i = 0; i < file->result_count; i++) {
        const struct bench_result *result = &file->results[i];
        struct bench_noise *noise;

        if (result->reference == NULL || strcmp(result->reference, reference) != 0 ||
            bench_is_repeat(result))
            continue;
        noise = find_or_add(baseline, result->benchmark);
        if (noise == NULL)
            return error_memory(err, "noise");
        if (result->is_control && result->has_ratio &&
            add_ratio(noise, result->ratio.ratio, err) < 0)
            return -1;
    }
    return 0;
}

/* Reading and writing -------------------------------------------------------------------------- */

static int read_noise(struct bench_baseline *baseline, const json_t *root, struct error *err)
{
    const json_t *object;
    const char *benchmark;
    json_t *ratios;

    if (document_get_object(root, "noise", &object, err) < 0)
        return -1;
    json_object_foreach((json_t *)object, benchmark, ratios)
    {
        struct bench_noise *noise = find_or_add(baseline, benchmark);

        if (noise == NULL)
            return error_memory(err, "noise");
        if (!json_is_array(ratios))
            return error_set(err, ERR_CORRUPT, "noise: %s: not an array", benchmark);
        for (size_t i = 0; i < json_array_size(ratios); i++) {
            double ratio = json_number_value(json_array_get(ratios, i));

            if (!(ratio > 0))
                return error_set(err, ERR_CORRUPT, "noise: %s: not a ratio", benchmark);
            if (add_ratio(noise, ratio, err) < 0)
                return -1;
        }
    }
    return 0;
}

static int read_accepted_members(struct bench_accepted *accepted, const json_t *object,
                                 struct error *err)
{
    static const char *const keys[] = {"benchmark", "subject", "parameters", "ratio_max",
                                       "reason",    "link",    "expires",    NULL};

    if (!json_is_object(object))
        return error_set(err, ERR_CORRUPT, "not an object");
    if (document_only_keys(object, keys, err) < 0 ||
        document_get_text(object, "benchmark", true, &accepted->benchmark, err) < 0 ||
        document_get_text(object, "subject", true, &accepted->subject, err) < 0 ||
        document_get_text(object, "parameters", true, &accepted->parameters, err) < 0 ||
        document_get_real(object, "ratio_max", &accepted->ratio_max, err) < 0 ||
        document_get_text(object, "reason", true, &accepted->reason, err) < 0 ||
        document_get_text(object, "link", true, &accepted->link, err) < 0 ||
        document_get_text(object, "expires", true, &accepted->expires, err) < 0)
        return -1;
    if (*accepted->expires != '\0' && !result_is_date(accepted->expires))
        return error_set(err, ERR_CORRUPT, "expires: not a date such as 2027-03-31");
    return 0;
}

static int read_accepted(struct bench_baseline *baseline, const json_t *root, struct error *err)
{
    const json_t *array;

    if (document_get_array(root, "accepted", &array, err) < 0)
        return -1;
    baseline->accepted = calloc(json_array_size(array) + 1, sizeof *baseline->accepted);
    if (baseline->accepted == NULL)
        return error_memory(err, "accepted");
    for (size_t i = 0; i < json_array_size(array); i++) {
        baseline->accepted_count = i + 1;
        if (read_accepted_members(&baseline->accepted[i], json_array_get(array, i), err) < 0)
            return error_wrap(err, "accepted[%zu]", i);
    }
    return 0;
}

static int read_all(struct bench_baseline *baseline, const json_t *root, struct error *err)
{
    static const char *const keys[] = {"schema", "noise", "accepted", NULL};
    const char *schema = document_schema(root);

    if (schema == NULL || strcmp(schema, schema_name) != 0)
        return error_set(err, ERR_CORRUPT, "schema: %s, not %s", schema == NULL ? "none" : schema,
                         schema_name);
    if (document_only_keys(root, keys, err) < 0 || read_noise(baseline, root, err) < 0)
        return -1;
    return read_accepted(baseline, root, err);
}

int bench_baseline_read(struct bench_baseline *baseline, const char *path, struct error *err)
{
    AUTO_JSON json_t *root = document_read(path, err);

    *baseline = (struct bench_baseline){0};
    if (root == NULL)
        return -1;
    if (read_all(baseline, root, err) < 0) {
        bench_baseline_done(baseline);
        return error_wrap(err, "%s", path);
    }
    return 0;
}

static json_t *noise_json(const struct bench_baseline *baseline)
{
    json_t *object = json_object();
    int failed = 0;

    for (size_t i = 0; i < baseline->noise_count; i++) {
        json_t *ratios = json_array();

        for (size_t k = 0; k < baseline->noise[i].count; k++)
            failed |= json_array_append_new(ratios, document_real(baseline->noise[i].ratios[k]));
        failed |= json_object_set_new(object, baseline->noise[i].benchmark, ratios);
    }
    if (failed)
        document_free(&object);
    return object;
}

static json_t *accepted_json(const struct bench_baseline *baseline)
{
    json_t *array = json_array();
    int failed = 0;

    for (size_t i = 0; i < baseline->accepted_count; i++) {
        const struct bench_accepted *accepted = &baseline->accepted[i];

        failed |= json_array_append_new(
            array, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "benchmark",
                             document_text(accepted->benchmark), "subject",
                             document_text(accepted->subject), "parameters",
                             document_text(accepted->parameters), "ratio_max",
                             document_real(accepted->ratio_max), "reason",
                             document_text(accepted->reason), "link", document_text(accepted->link),
                             "expires", document_text(accepted->expires)));
    }
    if (failed)
        document_free(&array);
    return array;
}

int bench_baseline_write(const struct bench_baseline *baseline, const char *path, struct error *err)
{
    AUTO_JSON json_t *root = json_pack("{s:s, s:o, s:o}", "schema", schema_name, "noise",
                                       noise_json(baseline), "accepted", accepted_json(baseline));

    return root == NULL ? error_memory(err, path) : document_write(root, path, err);
}

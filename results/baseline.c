#include "results/baseline.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "results/document.h"
#include "results/index.h"
#include "results/input.h"

static const char schema_name[] = "holdfast.baseline/1";

static void free_gap(struct baseline_gap *gap)
{
    free(gap->id);
    free(gap->sandbox);
    free(gap->identity);
    free(gap->reason);
    free(gap->link);
    free(gap->expires);
    *gap = (struct baseline_gap){0};
}

void baseline_done(struct baseline *baseline)
{
    for (size_t i = 0; i < baseline->gap_count; i++)
        free_gap(&baseline->gaps[i]);
    free(baseline->gaps);
    free(baseline->path);
    result_run_done(&baseline->run);
    *baseline = (struct baseline){0};
}

const struct baseline_gap *baseline_find_gap(const struct baseline *baseline,
                                             const struct result_case *row)
{
    for (size_t i = 0; i < baseline->gap_count; i++) {
        const struct baseline_gap *gap = &baseline->gaps[i];

        if (gap->verdict == row->verdict && strcmp(gap->id, row->id) == 0 &&
            strcmp(gap->sandbox, row->sandbox) == 0 && strcmp(gap->identity, row->identity) == 0)
            return gap;
    }
    return NULL;
}

static char *copy_text(const char *text)
{
    return strdup(text != NULL ? text : "");
}

/* Takes nothing; all texts of `from` are copied. */
static int add_gap(struct baseline *baseline, const struct baseline_gap *from, struct error *err)
{
    struct baseline_gap copy = {.verdict = from->verdict,
                                .id = copy_text(from->id),
                                .sandbox = copy_text(from->sandbox),
                                .identity = copy_text(from->identity),
                                .reason = copy_text(from->reason),
                                .link = copy_text(from->link),
                                .expires = copy_text(from->expires)};
    struct baseline_gap *grown =
        realloc(baseline->gaps, (baseline->gap_count + 1) * sizeof *baseline->gaps);

    if (grown != NULL)
        baseline->gaps = grown;
    if (grown == NULL || copy.id == NULL || copy.sandbox == NULL || copy.identity == NULL ||
        copy.reason == NULL || copy.link == NULL || copy.expires == NULL) {
        free_gap(&copy);
        return error_memory(err, "an accepted gap");
    }
    baseline->gaps[baseline->gap_count++] = copy;
    return 0;
}

/* From a run ---------------------------------------------------------------------------------- */

static const char *first_text(const char *a, const char *b, const char *c)
{
    if (a != NULL && *a != '\0')
        return a;
    return b != NULL && *b != '\0' ? b : c;
}

static int add_gap_of(struct baseline *baseline, const struct result_case *row,
                      const struct baseline *old, const struct gap_words *words, struct error *err)
{
    const struct gap_words given = words != NULL ? *words : (struct gap_words){0};
    const struct baseline_gap *kept = old != NULL ? baseline_find_gap(old, row) : NULL;
    /* What the run's expectations document counts; a regression's evidence is not a reason. */
    bool is_documented = row->status == STATUS_KNOWN_GAP;
    const struct baseline_gap gap = {
        .id = row->id,
        .sandbox = row->sandbox,
        .identity = row->identity,
        .verdict = row->verdict,
        .reason = (char *)first_text(kept != NULL ? kept->reason : NULL,
                                     is_documented ? row->reason : NULL, given.reason),
        .link = (char *)first_text(kept != NULL ? kept->link : NULL,
                                   is_documented ? row->source : NULL, given.link),
        .expires = (char *)first_text(kept != NULL ? kept->expires : NULL,
                                      is_documented ? row->expires : NULL, given.expires)};

    return add_gap(baseline, &gap, err);
}

/* Without words only what the run's own expectations document is a gap. */
static bool is_gap(const struct result_case *row, const struct gap_words *words)
{
    if (row->is_information ||
        (row->verdict != VERDICT_ESCAPED && row->verdict != VERDICT_OVERBLOCKED))
        return false;
    return words != NULL ? row->status != STATUS_OK : row->status == STATUS_KNOWN_GAP;
}

static int copy_facts(struct result_run *to, const struct result_run *from, struct error *err)
{
    to->catalogue_version = copy_text(from->catalogue_version);
    to->catalogue_sha256 = copy_text(from->catalogue_sha256);
    to->host.os = copy_text(from->host.os);
    to->host.kernel = copy_text(from->host.kernel);
    to->host.arch = copy_text(from->host.arch);
    to->host.holdfast = copy_text(from->host.holdfast);
    to->finished = copy_text(from->finished);
    if (to->catalogue_version == NULL || to->catalogue_sha256 == NULL || to->host.os == NULL ||
        to->host.kernel == NULL || to->host.arch == NULL || to->host.holdfast == NULL ||
        to->finished == NULL)
        return error_memory(err, "a baseline");
    return 0;
}

static int fill_from_run(struct baseline *baseline, const struct result_run *run,
                         const struct baseline *old, const struct gap_words *words,
                         struct error *err)
{
    if (copy_facts(&baseline->run, run, err) < 0)
        return -1;
    for (size_t i = 0; i < run->sandbox_count; i++) {
        const struct result_sandbox *from = &run->sandboxes[i];
        const struct result_sandbox sandbox = {
            .name = from->name, .identity = from->identity, .version = from->version};

        if (from->reason == NULL && result_run_add_sandbox(&baseline->run, &sandbox, err) == NULL)
            return -1;
    }
    for (size_t i = 0; i < run->case_count; i++) {
        const struct result_case *from = &run->cases[i];
        const struct result_case row = {.id = from->id,
                                        .sandbox = from->sandbox,
                                        .identity = from->identity,
                                        .verdict = from->verdict,
                                        .expected = from->verdict};

        if (result_run_add_case(&baseline->run, &row, err) == NULL ||
            (is_gap(from, words) && add_gap_of(baseline, from, old, words, err) < 0))
            return -1;
    }
    return 0;
}

int baseline_from_run(struct baseline *baseline, const struct result_run *run,
                      const struct baseline *old, const struct gap_words *words, struct error *err)
{
    struct baseline made = {.new_skips = old != NULL ? old->new_skips : 0};

    if (fill_from_run(&made, run, old, words, err) < 0) {
        baseline_done(&made);
        return -1;
    }
    *baseline = made;
    return 0;
}

/* Writing ------------------------------------------------------------------------------------- */

static json_t *facts_json(const struct result_run *run)
{
    return json_pack("{s:o, s:o, s:o, s:o}", "os", document_text(run->host.os), "kernel",
                     document_text(run->host.kernel), "arch", document_text(run->host.arch),
                     "holdfast", document_text(run->host.holdfast));
}

static json_t *sandbox_json(const struct case_index *index, const struct result_sandbox *sandbox)
{
    json_t *cases = json_object();
    int failed = 0;

    for (size_t i = 0; i < index->count; i++) {
        const struct result_case *row = index->rows[i];

        if (strcmp(row->sandbox, sandbox->name) == 0 &&
            strcmp(row->identity, sandbox->identity) == 0)
            failed |= json_object_set_new(cases, row->id, json_string(verdict_name(row->verdict)));
    }
    if (failed)
        document_free(&cases);
    return json_pack("{s:o, s:o, s:o, s:o}", "name", document_text(sandbox->name), "identity",
                     document_text(sandbox->identity), "version", document_text(sandbox->version),
                     "cases", cases);
}

static json_t *gap_json(const struct baseline_gap *gap)
{
    return json_pack("{s:o, s:o, s:o, s:s, s:o, s:o, s:o}", "case", document_text(gap->id),
                     "sandbox", document_text(gap->sandbox), "identity",
                     document_text(gap->identity), "verdict", verdict_name(gap->verdict), "reason",
                     document_text(gap->reason != NULL ? gap->reason : ""), "link",
                     document_text(gap->link != NULL ? gap->link : ""), "expires",
                     document_text(gap->expires != NULL ? gap->expires : ""));
}

static json_t *baseline_json(const struct baseline *baseline, struct error *err)
{
    json_t *sandboxes = json_array();
    json_t *gaps = json_array();
    struct case_index index = {0};
    int failed = case_index_init_for_people(&index, &baseline->run, err);

    for (size_t i = 0; i < baseline->run.sandbox_count; i++)
        failed |=
            json_array_append_new(sandboxes, sandbox_json(&index, &baseline->run.sandboxes[i]));
    for (size_t i = 0; i < baseline->gap_count; i++)
        failed |= json_array_append_new(gaps, gap_json(&baseline->gaps[i]));
    case_index_done(&index);
    if (failed)
        document_free(&gaps);
    return json_pack(
        "{s:s, s:o, s:o, s:o, s:I, s:o, s:o}", "schema", schema_name, "catalogue",
        json_pack("{s:o, s:o}", "version", document_text(baseline->run.catalogue_version), "sha256",
                  document_text(baseline->run.catalogue_sha256)),
        "host", facts_json(&baseline->run), "recorded", document_text(baseline->run.finished),
        "new_skips", (json_int_t)baseline->new_skips, "sandboxes", sandboxes, "gaps", gaps);
}

int baseline_write(const struct baseline *baseline, const char *path, struct error *err)
{
    AUTO_JSON json_t *root = baseline_json(baseline, err);

    return root == NULL ? error_memory(err, path) : document_write(root, path, err);
}

/* Reading ------------------------------------------------------------------------------------- */

static int read_cases(struct baseline *baseline, const struct result_sandbox *sandbox,
                      const json_t *object, struct error *err)
{
    const json_t *cases;
    const char *id;
    json_t *value;

    if (document_get_object(object, "cases", &cases, err) < 0)
        return -1;
    json_object_foreach((json_t *)cases, id, value)
    {
        struct result_case row = {
            .id = (char *)id, .sandbox = sandbox->name, .identity = sandbox->identity};

        if (!json_is_string(value) ||
            verdict_parse(json_string_value(value), &row.verdict, err) < 0)
            return error_set(err, ERR_CORRUPT, "cases: %s: not a verdict", id);
        row.expected = row.verdict;
        if (result_run_add_case(&baseline->run, &row, err) == NULL)
            return -1;
    }
    return 0;
}

static int read_sandbox(struct baseline *baseline, const json_t *object, struct error *err)
{
    static const char *const keys[] = {"name", "identity", "version", "cases", NULL};
    AUTO_FREE char *name = NULL;
    AUTO_FREE char *identity = NULL;
    AUTO_FREE char *version = NULL;
    struct result_sandbox sandbox = {0};

    if (document_only_keys(object, keys, err) < 0 ||
        document_get_text(object, "name", true, &name, err) < 0 ||
        document_get_text(object, "identity", true, &identity, err) < 0 ||
        document_get_text(object, "version", false, &version, err) < 0)
        return -1;
    if (result_run_find_sandbox(&baseline->run, name, identity) != NULL)
        return error_set(err, ERR_CORRUPT, "%s as %s is given twice", name, identity);
    sandbox = (struct result_sandbox){.name = name, .identity = identity, .version = version};
    if (result_run_add_sandbox(&baseline->run, &sandbox, err) == NULL)
        return -1;
    return read_cases(baseline, &sandbox, object, err);
}

static int read_gap_members(struct baseline_gap *gap, const json_t *object, struct error *err)
{
    static const char *const keys[] = {"case",   "sandbox", "identity", "verdict",
                                       "reason", "link",    "expires",  NULL};
    const char *verdict;

    if (document_only_keys(object, keys, err) < 0 ||
        document_get_text(object, "case", true, &gap->id, err) < 0 ||
        document_get_text(object, "sandbox", true, &gap->sandbox, err) < 0 ||
        document_get_text(object, "identity", true, &gap->identity, err) < 0 ||
        document_get_text(object, "reason", false, &gap->reason, err) < 0 ||
        document_get_text(object, "link", false, &gap->link, err) < 0 ||
        document_get_text(object, "expires", false, &gap->expires, err) < 0 ||
        document_get_word(object, "verdict", &verdict, err) < 0)
        return -1;
    if (verdict_parse(verdict, &gap->verdict, err) < 0 ||
        (gap->verdict != VERDICT_ESCAPED && gap->verdict != VERDICT_OVERBLOCKED))
        return error_set(err, ERR_CORRUPT, "verdict: neither escaped nor overblocked");
    if (gap->expires != NULL && *gap->expires != '\0' && !result_is_date(gap->expires))
        return error_set(err, ERR_CORRUPT, "expires: %s: not a date such as 2027-03-31",
                         gap->expires);
    return 0;
}

static int read_gap(struct baseline *baseline, const json_t *object, struct error *err)
{
    struct baseline_gap gap = {0};
    int status = read_gap_members(&gap, object, err);

    if (status == 0)
        status = add_gap(baseline, &gap, err);
    free_gap(&gap);
    return status;
}

static int read_array(struct baseline *baseline, const json_t *root, const char *key,
                      int (*read)(struct baseline *, const json_t *, struct error *),
                      struct error *err)
{
    const json_t *array;

    if (document_get_array(root, key, &array, err) < 0)
        return -1;
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *element = json_array_get(array, i);

        if (!json_is_object(element))
            return error_set(err, ERR_CORRUPT, "%s[%zu]: not an object", key, i);
        if (read(baseline, element, err) < 0)
            return error_wrap(err, "%s[%zu]", key, i);
    }
    return 0;
}

static int read_facts(struct baseline *baseline, const json_t *root, struct error *err)
{
    struct result_run *run = &baseline->run;
    const json_t *catalogue;
    const json_t *host;

    if (document_get_object(root, "catalogue", &catalogue, err) < 0 ||
        document_get_object(root, "host", &host, err) < 0 ||
        document_get_text(catalogue, "version", true, &run->catalogue_version, err) < 0 ||
        document_get_text(catalogue, "sha256", true, &run->catalogue_sha256, err) < 0 ||
        document_get_text(host, "os", true, &run->host.os, err) < 0 ||
        document_get_text(host, "kernel", false, &run->host.kernel, err) < 0 ||
        document_get_text(host, "arch", false, &run->host.arch, err) < 0 ||
        document_get_text(host, "holdfast", true, &run->host.holdfast, err) < 0 ||
        document_get_text(root, "recorded", true, &run->finished, err) < 0)
        return -1;
    return document_get_u64(root, "new_skips", 1000000, &baseline->new_skips, err);
}

static int read_baseline(struct baseline *baseline, const json_t *root, struct error *err)
{
    static const char *const keys[] = {"schema",    "catalogue", "host", "recorded",
                                       "new_skips", "sandboxes", "gaps", NULL};

    if (document_only_keys(root, keys, err) < 0 || read_facts(baseline, root, err) < 0 ||
        read_array(baseline, root, "sandboxes", read_sandbox, err) < 0)
        return -1;
    return read_array(baseline, root, "gaps", read_gap, err);
}

static int read_run(struct baseline *baseline, const json_t *root, const char *path,
                    struct error *err)
{
    struct result_run run;
    int status = result_run_from_json(&run, root, path, err);

    if (status < 0)
        return -1;
    status = baseline_from_run(baseline, &run, NULL, NULL, err);
    baseline->is_run = true;
    result_run_done(&run);
    return status;
}

int baseline_read(struct baseline *baseline, const char *path, struct error *err)
{
    AUTO_JSON json_t *root = document_read(path, err);
    const char *schema = document_schema(root);
    int status;

    *baseline = (struct baseline){0};
    if (root == NULL)
        return -1;
    if (schema != NULL && strcmp(schema, schema_name) == 0)
        status = read_baseline(baseline, root, err) < 0 ? error_wrap(err, "%s", path) : 0;
    else
        status = read_run(baseline, root, path, err);
    if (status == 0 && (baseline->path = strdup(path)) == NULL)
        status = error_memory(err, path);
    if (status < 0)
        baseline_done(baseline);
    return status;
}

/* "holdfast.conformance/1": results/conformance.schema.json describes it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "results/document.h"
#include "results/fields.h"
#include "results/index.h"
#include "results/input.h"
#include "results/model.h"

static const char schema_name[] = "holdfast.conformance/1";

/* Writing ------------------------------------------------------------------------------------ */

/* jansson's setters take a NULL value for a failure, so failures are added up and asked once. */
static int put_fields(json_t *object, const void *base, const struct text_field *field)
{
    int failed = 0;

    for (; field->key != NULL; field++) {
        if (field_text(base, field) != NULL)
            failed |=
                json_object_set_new(object, field->key, document_text(field_text(base, field)));
    }
    return failed;
}

static json_t *case_to_json(const struct result_case *from)
{
    json_t *object = json_object();
    int failed = json_object_set_new(object, "id", document_text(from->id));

    /* Readers see the verdict first; put_fields leaves a key where it is. */
    failed |= json_object_set_new(object, "sandbox", document_text(from->sandbox));
    failed |= json_object_set_new(object, "identity", document_text(from->identity));
    failed |= json_object_set_new(object, "verdict", json_string(verdict_name(from->verdict)));
    failed |= json_object_set_new(object, "expected", json_string(verdict_name(from->expected)));
    failed |= json_object_set_new(object, "status", json_string(status_name(from->status)));
    failed |=
        json_object_set_new(object, "duration_ms", json_integer((json_int_t)from->duration_ms));
    if (from->is_information)
        failed |= json_object_set_new(object, "informational", json_true());
    failed |= put_fields(object, from, case_fields);
    if (failed)
        document_free(&object);
    return object;
}

static json_t *host_to_json(const struct result_host *host)
{
    json_t *object = json_object();
    int failed = put_fields(object, host, host_fields);

    failed |= json_object_set_new(object, "cpus", json_integer(host->cpus));
    failed |=
        json_object_set_new(object, "memory_bytes", json_integer((json_int_t)host->memory_bytes));
    failed |= json_object_set_new(object, "landlock_abi", json_integer(host->landlock_abi));
    if (failed)
        document_free(&object);
    return object;
}

static json_t *sandbox_to_json(const struct result_sandbox *from)
{
    json_t *object = json_object();
    int failed = put_fields(object, from, sandbox_fields);

    if (from->has_host)
        failed |= json_object_set_new(object, "host", host_to_json(&from->host));
    if (failed)
        document_free(&object);
    return object;
}

static json_t *catalogue_to_json(const struct result_run *run)
{
    return json_pack("{s:o, s:o, s:I, s:I}", "version", document_text(run->catalogue_version),
                     "sha256", document_text(run->catalogue_sha256), "planned",
                     (json_int_t)run->planned, "executed", (json_int_t)run->executed);
}

static json_t *sandboxes_to_json(const struct result_run *run)
{
    json_t *array = json_array();
    int failed = 0;

    for (size_t i = 0; i < run->sandbox_count; i++)
        failed |= json_array_append_new(array, sandbox_to_json(&run->sandboxes[i]));
    if (failed)
        document_free(&array);
    return array;
}

static json_t *cases_to_json(const struct result_run *run)
{
    json_t *array = json_array();
    struct case_index index = {0};
    struct error ignored;
    int failed = case_index_init_for_people(&index, run, &ignored);

    for (size_t i = 0; i < index.count; i++)
        failed |= json_array_append_new(array, case_to_json(index.rows[i]));
    case_index_done(&index);
    if (failed)
        document_free(&array);
    return array;
}

static json_t *run_to_json(const struct result_run *run)
{
    json_t *root = json_object();
    char seed[24];
    int failed = json_object_set_new(root, "schema", json_string(schema_name));

    (void)snprintf(seed, sizeof seed, "%llu", (unsigned long long)run->seed);
    failed |= json_object_set_new(root, "catalogue", catalogue_to_json(run));
    failed |= json_object_set_new(root, "host", host_to_json(&run->host));
    failed |= json_object_set_new(root, "seed", json_string(seed));
    if (run->shard_count > 0)
        failed |= json_object_set_new(root, "shard",
                                      json_pack("{s:I, s:I}", "index", (json_int_t)run->shard_index,
                                                "count", (json_int_t)run->shard_count));
    if (run->is_interrupted)
        failed |= json_object_set_new(root, "interrupted", json_true());
    failed |= put_fields(root, run, run_fields);
    failed |= json_object_set_new(root, "sandboxes", sandboxes_to_json(run));
    failed |= json_object_set_new(root, "cases", cases_to_json(run));
    if (failed)
        document_free(&root);
    return root;
}

int result_run_write(const struct result_run *run, const char *path, struct error *err)
{
    AUTO_JSON json_t *root = run_to_json(run);

    if (root == NULL)
        return error_memory(err, path);
    return document_write(root, path, err);
}

/* Reading ------------------------------------------------------------------------------------ */

static int get_fields(void *base, const json_t *object, const struct text_field *field,
                      struct error *err)
{
    for (; field->key != NULL; field++) {
        if (document_get_text(object, field->key, field->is_required, field_slot(base, field),
                              err) < 0)
            return -1;
    }
    return 0;
}

static int get_verdict(const json_t *object, const char *key, enum verdict *verdict,
                       struct error *err)
{
    const char *name;

    if (document_get_word(object, key, &name, err) < 0)
        return -1;
    if (verdict_parse(name, verdict, err) < 0) {
        err->code = ERR_CORRUPT;
        return error_wrap(err, "%s", key);
    }
    return 0;
}

static int get_status(const json_t *object, enum status *status, struct error *err)
{
    const char *name;

    if (document_get_word(object, "status", &name, err) < 0)
        return -1;
    if (status_parse(name, status, err) < 0) {
        err->code = ERR_CORRUPT;
        return error_wrap(err, "status");
    }
    return 0;
}

static bool is_observed(enum verdict verdict)
{
    return verdict == VERDICT_HELD || verdict == VERDICT_WORKS || verdict == VERDICT_ESCAPED ||
           verdict == VERDICT_OVERBLOCKED;
}

/* Whether a judge could have written the pair. An expired gap is a regression although the verdict
 * is the expected one. */
static bool is_consistent(const struct result_case *row)
{
    /* Where nothing could be expected nothing can be as expected. */
    if (is_observed(row->verdict) &&
        (row->status == STATUS_UNVERIFIED || row->expected == VERDICT_UNVERIFIABLE))
        return row->status == STATUS_UNVERIFIED && row->expected == VERDICT_UNVERIFIABLE;
    switch (row->verdict) {
    case VERDICT_HELD:
    case VERDICT_WORKS:
        return row->status == STATUS_OK || row->status == STATUS_FIXED_GAP;
    case VERDICT_ESCAPED:
    case VERDICT_OVERBLOCKED:
        return row->status == STATUS_KNOWN_GAP || row->status == STATUS_REGRESSION;
    case VERDICT_INVALID:
        return row->status == STATUS_INVALID;
    case VERDICT_SKIPPED:
        return row->status == STATUS_SKIPPED;
    case VERDICT_UNVERIFIABLE:
        return row->status == STATUS_UNVERIFIABLE;
    }
    return false;
}

static bool is_severity(const char *text)
{
    static const char *const names[] = {"critical", "high", "medium", "low", "info"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (strcmp(text, names[i]) == 0)
            return true;
    }
    return false;
}

static int check_names(const char *name, const char *identity, struct error *err)
{
    if (*name == '\0')
        return error_set(err, ERR_CORRUPT, "the name is empty");
    if (strcmp(identity, "root") != 0 && strcmp(identity, "user") != 0)
        return error_set(err, ERR_CORRUPT, "identity: neither root nor user");
    return 0;
}

static int check_case(const struct result_case *row, struct error *err)
{
    enum verdict ignored;

    if (check_names(row->id, row->identity, err) < 0)
        return -1;
    if (row->severity != NULL && !is_severity(row->severity))
        return error_set(err, ERR_CORRUPT, "severity: not one of critical .. info");
    if (!is_consistent(row))
        return error_set(err, ERR_CORRUPT, "status: %s cannot be beside verdict %s",
                         status_name(row->status), verdict_name(row->verdict));
    if (row->expires != NULL && !result_is_date(row->expires))
        return error_set(err, ERR_CORRUPT, "expires: not a date such as 2027-03-31");
    if (row->predicted == NULL)
        return 0;
    if (row->verdict != VERDICT_UNVERIFIABLE)
        return error_set(err, ERR_CORRUPT, "predicted: only beside verdict unverifiable");
    if (verdict_parse(row->predicted, &ignored, err) < 0)
        return error_set(err, ERR_CORRUPT, "predicted: not a verdict");
    return 0;
}

static int read_case_members(struct result_case *row, const json_t *object, struct error *err)
{
    static const char *const keys[] = {
        "id",        "sandbox",     "identity",      "verdict", "expected",  "status",  "control",
        "twin",      "oracle",      "evidence",      "reason",  "source",    "expires", "severity",
        "technique", "duration_ms", "informational", "claim",   "predicted", NULL};

    if (!json_is_object(object))
        return error_set(err, ERR_CORRUPT, "not an object");
    if (document_only_keys(object, keys, err) < 0 ||
        get_fields(row, object, case_fields, err) < 0 ||
        get_verdict(object, "verdict", &row->verdict, err) < 0 ||
        get_verdict(object, "expected", &row->expected, err) < 0 ||
        get_status(object, &row->status, err) < 0 ||
        document_get_u64(object, "duration_ms", INT64_MAX, &row->duration_ms, err) < 0 ||
        document_get_bool(object, "informational", &row->is_information, err) < 0)
        return -1;
    return check_case(row, err);
}

static int read_case(struct result_run *run, const json_t *object, struct error *err)
{
    struct result_case row = {0};
    int status = read_case_members(&row, object, err);

    if (status == 0 && result_run_add_case(run, &row, err) == NULL)
        status = -1;
    fields_free(&row, case_fields);
    return status;
}

static int read_host(struct result_host *host, const json_t *root, struct error *err)
{
    static const char *const keys[] = {
        "os",           "kernel",       "arch",     "cpu",   "machine", "cpus",
        "memory_bytes", "landlock_abi", "holdfast", "build", NULL};
    const json_t *object;
    uint64_t cpus;
    uint64_t abi;

    if (document_get_object(root, "host", &object, err) < 0)
        return -1;
    if (document_only_keys(object, keys, err) < 0 ||
        get_fields(host, object, host_fields, err) < 0 ||
        document_get_u64(object, "cpus", 1000000, &cpus, err) < 0 ||
        document_get_u64(object, "memory_bytes", INT64_MAX, &host->memory_bytes, err) < 0 ||
        document_get_u64(object, "landlock_abi", 1000, &abi, err) < 0)
        return error_wrap(err, "host");
    host->cpus = (unsigned)cpus;
    host->landlock_abi = (int)abi;
    return 0;
}

static int read_sandbox_members(struct result_sandbox *row, const json_t *object, struct error *err)
{
    static const char *const keys[] = {"name",   "version", "mode", "identity",
                                       "reason", "host",    NULL};

    if (!json_is_object(object))
        return error_set(err, ERR_CORRUPT, "not an object");
    if (document_only_keys(object, keys, err) < 0 ||
        get_fields(row, object, sandbox_fields, err) < 0)
        return -1;
    row->has_host = json_object_get(object, "host") != NULL;
    if (row->has_host && read_host(&row->host, object, err) < 0)
        return -1;
    return check_names(row->name, row->identity, err);
}

static int read_sandbox(struct result_run *run, const json_t *object, struct error *err)
{
    struct result_sandbox row = {0};
    int status = read_sandbox_members(&row, object, err);

    if (status == 0 && result_run_find_sandbox(run, row.name, row.identity) != NULL)
        status = error_set(err, ERR_CORRUPT, "%s as %s is given twice", row.name, row.identity);
    else if (status == 0 && result_run_add_sandbox(run, &row, err) == NULL)
        status = -1;
    fields_free(&row, sandbox_fields);
    fields_free(&row.host, host_fields);
    return status;
}

typedef int (*read_element)(struct result_run *run, const json_t *object, struct error *err);

static int read_array(struct result_run *run, const json_t *root, const char *key,
                      read_element read, struct error *err)
{
    const json_t *array;

    if (document_get_array(root, key, &array, err) < 0)
        return -1;
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (read(run, json_array_get(array, i), err) < 0)
            return error_wrap(err, "%s[%zu]", key, i);
    }
    return 0;
}

static int read_catalogue(struct result_run *run, const json_t *root, struct error *err)
{
    static const char *const keys[] = {"version", "sha256", "planned", "executed", NULL};
    const json_t *object;
    uint64_t planned;
    uint64_t executed;

    if (document_get_object(root, "catalogue", &object, err) < 0)
        return -1;
    if (document_only_keys(object, keys, err) < 0 ||
        document_get_text(object, "version", true, &run->catalogue_version, err) < 0 ||
        document_get_text(object, "sha256", true, &run->catalogue_sha256, err) < 0 ||
        document_get_u64(object, "planned", 100000000, &planned, err) < 0 ||
        document_get_u64(object, "executed", 100000000, &executed, err) < 0)
        return error_wrap(err, "catalogue");
    run->planned = (size_t)planned;
    run->executed = (size_t)executed;
    return 0;
}

static int read_shard(struct result_run *run, const json_t *root, struct error *err)
{
    static const char *const keys[] = {"index", "count", NULL};
    const json_t *object;
    uint64_t index;
    uint64_t count;

    if (json_object_get(root, "shard") == NULL)
        return 0;
    if (document_get_object(root, "shard", &object, err) < 0)
        return -1;
    if (document_only_keys(object, keys, err) < 0 ||
        document_get_u64(object, "index", 100000, &index, err) < 0 ||
        document_get_u64(object, "count", 100000, &count, err) < 0)
        return error_wrap(err, "shard");
    if (index == 0 || index > count)
        return error_set(err, ERR_CORRUPT, "shard: %llu of %llu", (unsigned long long)index,
                         (unsigned long long)count);
    run->shard_index = (unsigned)index;
    run->shard_count = (unsigned)count;
    return 0;
}

static int read_seed(struct result_run *run, const json_t *root, struct error *err)
{
    const char *text;

    if (document_get_word(root, "seed", &text, err) < 0)
        return -1;
    if (!text_parse_u64(text, UINT64_MAX, &run->seed))
        return error_set(err, ERR_CORRUPT, "seed: not the text of a number below 2^64");
    return 0;
}

/* What the parts promise each other. */
static int check_cases(const struct case_index *index, const struct result_run *run,
                       struct error *err)
{
    for (size_t i = 0; i < index->count; i++) {
        const struct result_case *row = index->rows[i];
        const struct result_sandbox *sandbox =
            result_run_find_sandbox(run, row->sandbox, row->identity);

        if (sandbox == NULL || sandbox->reason != NULL)
            return error_set(err, ERR_CORRUPT, "case %s: %s as %s %s", row->id, row->sandbox,
                             row->identity,
                             sandbox == NULL ? "is not among the sandboxes" : "could not run");
        if (i > 0 && case_order(index->rows[i - 1], row) == 0)
            return error_set(err, ERR_CORRUPT, "case %s of %s as %s is given twice", row->id,
                             row->sandbox, row->identity);
    }
    return 0;
}

static int check_run(const struct result_run *run, struct error *err)
{
    struct case_index index = {0};
    int status;

    if (run->executed != run->case_count)
        return error_set(err, ERR_CORRUPT, "catalogue: executed says %zu, but there are %zu cases",
                         run->executed, run->case_count);
    if (run->executed != run->planned && !run->is_interrupted)
        return error_set(err, ERR_CORRUPT, "catalogue: %zu cases planned, but %zu executed",
                         run->planned, run->executed);
    if (case_index_init(&index, run, err) < 0)
        return -1;
    status = check_cases(&index, run, err);
    case_index_done(&index);
    return status;
}

static int read_root(struct result_run *run, const json_t *root, struct error *err)
{
    static const char *const keys[] = {"schema",    "catalogue", "host",     "seed",
                                       "shard",     "started",   "finished", "interrupted",
                                       "sandboxes", "cases",     NULL};
    const char *schema = document_schema(root);

    if (schema == NULL || strcmp(schema, schema_name) != 0) {
        (void)error_set(err, ERR_CORRUPT, "schema: %s, not %s", schema == NULL ? "none" : schema,
                        schema_name);
        return error_hint(err, "a newer holdfast may have written it; update this one");
    }
    if (document_only_keys(root, keys, err) < 0 || read_catalogue(run, root, err) < 0 ||
        read_host(&run->host, root, err) < 0 || read_seed(run, root, err) < 0 ||
        read_shard(run, root, err) < 0 ||
        document_get_bool(root, "interrupted", &run->is_interrupted, err) < 0 ||
        get_fields(run, root, run_fields, err) < 0 ||
        read_array(run, root, "sandboxes", read_sandbox, err) < 0 ||
        read_array(run, root, "cases", read_case, err) < 0)
        return -1;
    return check_run(run, err);
}

int result_run_from_json(struct result_run *run, const json_t *root, const char *path,
                         struct error *err)
{
    result_run_init(run);
    if (read_root(run, root, err) < 0) {
        result_run_done(run);
        return error_wrap(err, "%s", path);
    }
    return 0;
}

int result_run_read(struct result_run *run, const char *path, struct error *err)
{
    AUTO_JSON json_t *root = document_read(path, err);

    result_run_init(run);
    return root == NULL ? -1 : result_run_from_json(run, root, path, err);
}

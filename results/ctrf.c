/*
 * CTRF: known gaps are "other", not passed and not failed; so are unverifiable
 * cases. raw status and evidence stand in each test.
 */
#include <stdio.h>
#include <time.h>

#include "results/document.h"
#include "results/formats.h"
#include "results/index.h"
#include "results/tally.h"
#include "results/writer.h"

enum {
    TEXT_MAX = 4096
};

static const char *ctrf_status(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return "passed";
    case STATUS_FIXED_GAP:
    case STATUS_REGRESSION:
    case STATUS_INVALID:
    case STATUS_UNVERIFIED:
        return "failed";
    case STATUS_SKIPPED:
        return "skipped";
    case STATUS_KNOWN_GAP:
    case STATUS_UNVERIFIABLE:
        return "other";
    }
    return "other";
}

/* Optional members are left out when there is nothing to say. */
static int put_text(json_t *object, const char *key, const char *text)
{
    if (text == NULL || *text == '\0')
        return 0;
    return json_object_set_new(object, key, visible_text(text, TEXT_MAX));
}

static json_t *extra_json(const struct result_case *row)
{
    json_t *extra = json_pack("{s:s, s:s, s:s}", "verdict", verdict_name(row->verdict), "expected",
                              verdict_name(row->expected), "status", status_name(row->status));
    int failed = put_text(extra, "severity", row->severity);

    failed |= put_text(extra, "claim", row->claim);
    failed |= put_text(extra, "technique", row->technique);
    failed |= put_text(extra, "control", row->control);
    failed |= put_text(extra, "twin", row->twin);
    failed |= put_text(extra, "oracle", row->oracle);
    failed |= put_text(extra, "source", row->source);
    failed |= put_text(extra, "expires", row->expires);
    failed |= put_text(extra, "predicted", row->predicted);
    if (failed)
        document_free(&extra);
    return extra;
}

static json_t *test_json(const struct result_case *row)
{
    char title[256];
    char area[AREA_NAME_MAX];
    json_t *test = json_object();
    int failed = json_object_set_new(test, "name", visible_text(row->id, TEXT_MAX));

    sandbox_title(row->sandbox, row->identity, title, sizeof title);
    area_of(row->id, area);
    failed |= json_object_set_new(test, "status", json_string(ctrf_status(row->status)));
    failed |= json_object_set_new(test, "duration", json_integer((json_int_t)row->duration_ms));
    failed |= json_object_set_new(
        test, "suite",
        json_pack("[o, o]", visible_text(title, TEXT_MAX), visible_text(area, TEXT_MAX)));
    failed |= json_object_set_new(test, "rawStatus", json_string(status_name(row->status)));
    failed |= json_object_set_new(test, "type", json_string("conformance"));
    failed |= put_text(test, "message", row->reason);
    failed |= put_text(test, "trace", row->status == STATUS_OK ? NULL : row->evidence);
    failed |= json_object_set_new(test, "extra", extra_json(row));
    if (failed)
        document_free(&test);
    return test;
}

/* Milliseconds since 1970; 0 for a time that is not "YYYY-MM-DDThh:mm:ss...". */
static json_int_t milliseconds(const char *moment)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int y, month, d, h, m, s;
    int leaps;
    json_int_t days;

    if (moment == NULL ||
        sscanf(moment, "%4d-%2d-%2dT%2d:%2d:%2d", &y, &month, &d, &h, &m, &s) != 6)
        return 0;
    if (y < 1970 || y > 9999 || month < 1 || month > 12)
        return 0;
    /* Leap days before this day, counted from year 0; 477 of them before 1970. */
    y -= month <= 2;
    leaps = y / 4 - y / 100 + y / 400 - 477;
    y += month <= 2;
    days = (json_int_t)(y - 1970) * 365 + leaps + before[month - 1] + d - 1;
    return (((days * 24 + h) * 60 + m) * 60 + s) * 1000;
}

static json_t *summary_json(const struct result_run *run)
{
    struct tally all = {0};

    for (size_t i = 0; i < run->case_count; i++)
        tally_add_any(&all, &run->cases[i]);
    return json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "tests", (json_int_t)all.total, "passed",
        (json_int_t)all.statuses[STATUS_OK], "failed", (json_int_t)tally_bad(&all), "skipped",
        (json_int_t)all.statuses[STATUS_SKIPPED], "pending", (json_int_t)0, "other",
        (json_int_t)(all.statuses[STATUS_KNOWN_GAP] + all.statuses[STATUS_UNVERIFIABLE]), "start",
        milliseconds(run->started), "stop", milliseconds(run->finished));
}

static json_t *environment_json(const struct result_run *run)
{
    json_t *extra = json_object();
    json_t *environment = json_object();
    int failed = put_text(environment, "osPlatform", run->host.os);

    failed |= put_text(environment, "osVersion", run->host.kernel);
    failed |= put_text(environment, "commit", run->host.build);
    failed |= put_text(extra, "arch", run->host.arch);
    failed |= put_text(extra, "catalogue", run->catalogue_sha256);
    failed |= json_object_set_new(environment, "extra", extra);
    if (failed)
        document_free(&environment);
    return environment;
}

static json_t *tests_json(const struct result_run *run, struct error *err)
{
    json_t *tests = json_array();
    struct case_index index = {0};
    int failed = case_index_init_for_people(&index, run, err);

    for (size_t i = 0; i < index.count; i++)
        failed |= json_array_append_new(tests, test_json(index.rows[i]));
    case_index_done(&index);
    if (failed)
        document_free(&tests);
    return tests;
}

int result_write_ctrf(const struct result_run *run, const char *path, struct error *err)
{
    AUTO_JSON json_t *root =
        json_pack("{s:s, s:s, s:{s:{s:s, s:o}, s:o, s:o, s:o}}", "reportFormat", "CTRF",
                  "specVersion", "0.0.0", "results", "tool", "name", "holdfast", "version",
                  visible_text(run->host.holdfast, TEXT_MAX), "summary", summary_json(run), "tests",
                  tests_json(run, err), "environment", environment_json(run));

    return root == NULL ? error_memory(err, path) : document_write(root, path, err);
}

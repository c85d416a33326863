/* `holdfast conformance`: settings -> suite -> result -> files, tables, exit status. */
#include "conformance/conformance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/os.h"
#include "base/text.h"
#include "conformance/catalogue.h"
#include "conformance/data.h"
#include "conformance/host.h"
#include "conformance/matrix.h"
#include "conformance/skips.h"
#include "conformance/suite.h"
#include "results/commands.h"
#include "results/document.h"

/* DESIGN, "Commands". */
enum {
    EXIT_AS_EXPECTED = 0,
    EXIT_UNEXPECTED = 1,
    EXIT_ENVIRONMENT = 2,
    EXIT_NOTHING_PROVEN = 3
};

static int describe(struct result_run *result, const struct settings *settings, struct error *err)
{
    char digest[65];

    catalogue_digest(digest);
    result->catalogue_version = strdup(CATALOGUE_VERSION);
    result->catalogue_sha256 = strdup(digest);
    result->started = host_time();
    result->seed = settings->seed;
    result->shard_index = settings->shard_index;
    result->shard_count = settings->shard_count;
    if (result->catalogue_version == NULL || result->catalogue_sha256 == NULL ||
        result->started == NULL)
        return error_memory(err, "the result");
    return host_describe(&result->host, err);
}

/* report.html, made from the JSON file like any other report. */
static int write_page(const char *directory, struct error *err)
{
    char path[4096];
    const char *const paths[] = {path};

    (void)snprintf(path, sizeof path, "%.4000s/conformance.json", directory);
    return results_report(paths, 1, NULL, directory, err);
}

static int write_files(const struct result_run *result, const char *directory, struct error *err)
{
    static const struct {
        const char *name;
        int (*write)(const struct result_run *run, const char *path, struct error *err);
    } files[] = {{"conformance.json", result_run_write},
                 {"conformance.junit.xml", result_write_junit},
                 {"conformance.tap", result_write_tap},
                 {"summary.md", result_write_summary}};

    if (os_make_directories(directory, err) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        char path[4096];

        (void)snprintf(path, sizeof path, "%.4000s/%s", directory, files[i].name);
        if (files[i].write(result, path, err) < 0)
            return -1;
    }
    return write_page(directory, err);
}

/* The JSON writer writes files; this one is read back and printed. */
static int print_json(const struct result_run *result, const char *scratch, struct error *err)
{
    char path[4096];
    AUTO_JSON json_t *root = NULL;

    (void)snprintf(path, sizeof path, "%.4000s/conformance.json", scratch);
    if (result_run_write(result, path, err) < 0)
        return -1;
    root = document_read(path, err);
    return root == NULL ? -1 : document_print(root, err);
}

/* Skips that the list does not allow; each is said once on stderr. -1: the list cannot be read. */
static int count_unknown_skips(const struct result_run *result, const struct settings *settings,
                               size_t *count, struct error *err)
{
    AUTO_FREE char *found =
        settings->skips == NULL ? data_find("expectations/skips.json", err) : NULL;
    const char *path = settings->skips != NULL ? settings->skips : found;
    struct skip_list list;

    if (path == NULL || skip_list_read(&list, path, err) < 0)
        return -1;
    for (size_t i = 0; i < result->case_count; i++) {
        const struct result_case *row = &result->cases[i];
        char reason[600];

        if (row->verdict != VERDICT_SKIPPED || skip_list_allows(&list, row))
            continue;
        (*count)++;
        text_escape_terminal_into(reason, sizeof reason, row->reason != NULL ? row->reason : "");
        (void)fprintf(stderr, "holdfast: a skip that no list allows: %s (%s, %s): %s\n", row->id,
                      row->sandbox, row->identity, reason);
    }
    skip_list_done(&list);
    return 0;
}

static int exit_status(const struct result_run *result, const struct settings *settings,
                       size_t unknown_skips)
{
    size_t unexpected = 0;
    size_t invalid = 0;
    bool is_runnable = false;

    for (size_t i = 0; i < result->sandbox_count; i++)
        is_runnable = is_runnable || result->sandboxes[i].reason == NULL;
    for (size_t i = 0; i < result->case_count; i++) {
        unexpected += result->cases[i].status == STATUS_REGRESSION ||
                      result->cases[i].status == STATUS_FIXED_GAP ||
                      result->cases[i].status == STATUS_UNVERIFIED;
        invalid += result->cases[i].status == STATUS_INVALID;
    }
    if (unexpected > 0)
        return EXIT_UNEXPECTED;
    if (!is_runnable || result->is_interrupted)
        return EXIT_ENVIRONMENT;
    if (settings->is_strict && (invalid > 0 || unknown_skips > 0))
        return EXIT_NOTHING_PROVEN;
    return EXIT_AS_EXPECTED;
}

static int publish(struct suite *suite, const struct settings *settings, struct result_run *result,
                   struct error *err)
{
    result->finished = host_time();
    if (suite_report(suite, result, err) < 0)
        return -1;
    if (settings->out != NULL && write_files(result, settings->out, err) < 0)
        return -1;
    if (settings->is_json)
        return print_json(result, suite->harness.fixture.path, err);
    matrix_print(stdout, result);
    return 0;
}

/* The exit status, or -1. */
static int conclude(const struct suite *suite, const struct settings *settings,
                    const struct result_run *result, struct error *err)
{
    size_t unknown_skips = 0;
    int status;

    if (settings->is_strict && count_unknown_skips(result, settings, &unknown_skips, err) < 0)
        return -1;
    status = exit_status(result, settings, unknown_skips);
    if (suite->task_count == 0 && settings->patterns.count > 0 && !suite->is_interrupted &&
        status == EXIT_AS_EXPECTED)
        return error_set(err, ERR_USAGE, "--cases matches no case that runs on this platform");
    return status;
}

static int run_all(const struct settings *settings, struct error *err)
{
    struct result_run result;
    struct suite suite;
    int status = EXIT_ENVIRONMENT;

    result_run_init(&result);
    if (describe(&result, settings, err) < 0 || suite_open(&suite, settings, err) < 0) {
        result_run_done(&result);
        return -1;
    }
    if (suite_run(&suite, err) < 0 || publish(&suite, settings, &result, err) < 0)
        status = -1;
    else
        status = conclude(&suite, settings, &result, err);
    suite_close(&suite);
    result_run_done(&result);
    return status;
}

int conformance_main(int argc, char **argv)
{
    struct settings settings;
    struct error err;
    int status = settings_parse(&settings, argc, argv, &err);

    if (status > 0)
        return EXIT_AS_EXPECTED;
    if (status == 0) {
        if (catalogue_check(&err) < 0)
            status = error_wrap(&err, "the catalogue");
        else
            status = run_all(&settings, &err);
        settings_done(&settings);
    }
    if (status < 0) {
        error_print(stderr, "holdfast conformance", &err);
        return EXIT_ENVIRONMENT;
    }
    return status;
}

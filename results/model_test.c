#include "results/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/os.h"
#include "base/test.h"

#define HOSTILE "<script>alert(1)</script>\x1b[31m\xe2\x80\xae \xff \"'&|`::error::\n# x"

static struct error failure;

static char *temporary(const char *name)
{
    char *path = malloc(256);

    (void)snprintf(path, 256, "%s/results-test-%ld-%s", TEST_BINARY_DIR, (long)getpid(), name);
    return path;
}

static void fill(struct result_run *run)
{
    const struct result_sandbox box = {.name = "linux-namespace",
                                       .version = "0.1.0",
                                       .mode = "linux-namespace",
                                       .identity = "user"};
    const struct result_sandbox absent = {
        .name = "firejail", .identity = "root", .reason = "not installed"};
    const struct result_case held = {.id = "fs.chmod",
                                     .sandbox = "linux-namespace",
                                     .identity = "user",
                                     .verdict = VERDICT_HELD,
                                     .expected = VERDICT_HELD,
                                     .status = STATUS_OK,
                                     .evidence = HOSTILE,
                                     .severity = "high",
                                     .duration_ms = 12};
    const struct result_case gap = {.id = "ipc.keyring",
                                    .sandbox = "linux-namespace",
                                    .identity = "user",
                                    .verdict = VERDICT_ESCAPED,
                                    .expected = VERDICT_ESCAPED,
                                    .status = STATUS_KNOWN_GAP,
                                    .evidence = HOSTILE,
                                    .reason = HOSTILE,
                                    .expires = "2028-02-29",
                                    .severity = "low"};
    const struct result_case bad = {.id = "net.tcp4",
                                    .sandbox = "linux-namespace",
                                    .identity = "user",
                                    .verdict = VERDICT_ESCAPED,
                                    .expected = VERDICT_HELD,
                                    .status = STATUS_REGRESSION,
                                    .evidence = HOSTILE,
                                    .severity = "critical"};

    result_run_init(run);
    run->catalogue_version = strdup("1");
    run->catalogue_sha256 = strdup("00ff");
    run->host.os = strdup("Debian");
    run->host.holdfast = strdup("0.1.0");
    run->started = strdup("2026-11-21T00:00:00Z");
    run->finished = strdup("2026-11-21T00:00:09Z");
    run->seed = UINT64_MAX;
    cr_assert_not_null(result_run_add_sandbox(run, &box, &failure));
    cr_assert_not_null(result_run_add_sandbox(run, &absent, &failure));
    cr_assert_not_null(result_run_add_case(run, &held, &failure));
    cr_assert_not_null(result_run_add_case(run, &gap, &failure));
    cr_assert_not_null(result_run_add_case(run, &bad, &failure));
    run->planned = run->executed = 3;
}

/* Caller frees. */
static char *file_text(const char *path)
{
    char *bytes = NULL;
    size_t size = 0;

    cr_assert_eq(os_read_file(path, 1 << 24, &bytes, &size, &failure), 0, "%s", failure.message);
    (void)unlink(path);
    return bytes;
}

Test(model, every_name_parses_to_itself)
{
    for (int i = 0; i < VERDICT_COUNT; i++) {
        enum verdict verdict = i == 0 ? VERDICT_INVALID : VERDICT_HELD;

        cr_assert_eq(verdict_parse(verdict_name((enum verdict)i), &verdict, &failure), 0);
        cr_assert_eq((int)verdict, i);
    }
    for (int i = 0; i < STATUS_COUNT; i++) {
        enum status status = i == 0 ? STATUS_INVALID : STATUS_OK;

        cr_assert_eq(status_parse(status_name((enum status)i), &status, &failure), 0);
        cr_assert_eq((int)status, i);
    }
}

Test(model, dates_are_days_that_exist)
{
    cr_assert(result_is_date("2028-02-29"));
    cr_assert(result_is_date("2000-02-29"));
    cr_assert(!result_is_date("2027-02-29"));
    cr_assert(!result_is_date("2100-02-29"));
    cr_assert(!result_is_date("2027-13-01"));
    cr_assert(!result_is_date("2027-04-31"));
    cr_assert(!result_is_date("2027-4-30"));
    cr_assert(!result_is_date("soon"));
    cr_assert(!result_is_date("2027-01-01x"));
}

Test(model, what_is_written_reads_back_the_same)
{
    AUTO_FREE char *first = temporary("first.json");
    AUTO_FREE char *second = temporary("second.json");
    AUTO_FREE char *first_text = NULL;
    AUTO_FREE char *second_text = NULL;
    struct result_run run;
    struct result_run again;

    fill(&run);
    cr_assert_eq(result_run_write(&run, first, &failure), 0, "%s", failure.message);
    cr_assert_eq(result_run_read(&again, first, &failure), 0, "%s", failure.message);
    cr_assert_eq(result_run_write(&again, second, &failure), 0, "%s", failure.message);
    cr_assert_eq(again.case_count, run.case_count);
    cr_assert_eq(again.seed, UINT64_MAX);
    cr_assert_str_eq(again.sandboxes[1].reason, "not installed");
    cr_assert_null(again.cases[0].reason);
    first_text = file_text(first);
    second_text = file_text(second);
    cr_assert_str_eq(first_text, second_text);
    result_run_done(&run);
    result_run_done(&again);
}

Test(model, written_json_is_plain_ascii)
{
    AUTO_FREE char *path = temporary("ascii.json");
    AUTO_FREE char *text = NULL;
    struct result_run run;

    fill(&run);
    cr_assert_eq(result_run_write(&run, path, &failure), 0, "%s", failure.message);
    result_run_done(&run);
    text = file_text(path);
    for (const char *c = text; *c != '\0'; c++)
        cr_assert((*c >= 0x20 && *c < 0x7f) || *c == '\n', "byte %d", *c);
}

/* Replaces the first `from` in a good file by `to`; reading it must fail and say `complaint`. */
static void expect_refusal(const char *from, const char *to, const char *complaint)
{
    AUTO_FREE char *path = temporary("broken.json");
    AUTO_FREE char *text = NULL;
    AUTO_FREE char *changed = NULL;
    struct result_run run;
    char *place;

    fill(&run);
    cr_assert_eq(result_run_write(&run, path, &failure), 0, "%s", failure.message);
    result_run_done(&run);
    text = file_text(path);
    place = strstr(text, from);
    cr_assert_not_null(place, "%s", from);
    changed = calloc(1, strlen(text) + strlen(to) + 1);
    memcpy(changed, text, (size_t)(place - text));
    strcat(changed, to);
    strcat(changed, place + strlen(from));
    cr_assert_eq(os_replace_file(path, changed, strlen(changed), &failure), 0);
    cr_assert_eq(result_run_read(&run, path, &failure), -1, "accepted: %s", to);
    (void)unlink(path);
    cr_assert_eq(failure.code, ERR_CORRUPT, "%s", failure.message);
    cr_assert_not_null(strstr(failure.message, complaint), "%s", failure.message);
    cr_assert_not_null(strstr(failure.message, "broken.json"), "%s", failure.message);
    cr_assert_eq(run.case_count, 0);
}

Test(model, refuses_files_that_are_not_whole)
{
    expect_refusal("holdfast.conformance/1", "holdfast.conformance/9", "schema");
    expect_refusal("18446744073709551615", "18446744073709551616", "seed");
    expect_refusal("\"planned\": 3", "\"planned\": 4", "4 cases planned, but 3");
    expect_refusal("\"executed\": 3", "\"executed\": 2", "executed says 2");
    expect_refusal("\"planned\": 3", "\"planned\": 3, \"planned\": 3", "duplicate");
    expect_refusal("\"planned\": 3", "\"planned\": -3", "planned");
    expect_refusal("\"planned\": 3", "\"planned\": \"3\"", "planned");
    expect_refusal("\"cpus\": 0", "\"cpuz\": 0", "cpuz");
    expect_refusal("\"cases\": [", "\"cases\": [7,", "cases[0]: not an object");
}

Test(model, refuses_cases_that_contradict_themselves)
{
    expect_refusal("\"verdict\": \"held\"", "\"verdict\": \"escaped\"", "cases[0]: status");
    expect_refusal("\"verdict\": \"held\"", "\"verdict\": \"hold\"", "verdict");
    expect_refusal("\"status\": \"regression\"", "\"status\": \"ok\"", "cases[1]: status");
    expect_refusal("\"id\": \"fs.chmod\"", "\"id\": \"net.tcp4\"", "given twice");
    expect_refusal("\"name\": \"linux-namespace\"", "\"name\": \"other\"", "not among");
    expect_refusal("\"severity\": \"high\"", "\"severity\": \"severe\"", "severity");
    expect_refusal("\"expires\": \"2028-02-29\"", "\"expires\": \"2027-02-29\"", "expires");
    expect_refusal("\"identity\": \"root\"", "\"identity\": \"admin\"", "identity");
    expect_refusal("\"severity\": \"high\"", "\"predicted\": \"held\"", "predicted");
}

/* No format may carry what could act in its reader. */
static void expect_inert(const char *text)
{
    cr_assert_null(strstr(text, "<script"), "markup in: %s", text);
    cr_assert_null(strchr(text, 0x1b), "an escape byte");
    cr_assert_null(strstr(text, "\xe2\x80\xae"), "a bidi control");
    cr_assert_null(strchr(text, '\xff'), "a byte that is not UTF-8");
    cr_assert_null(strstr(text, "\n::error"), "a workflow command");
}

Test(model, junit_is_inert_and_counts)
{
    AUTO_FREE char *path = temporary("junit.xml");
    AUTO_FREE char *text = NULL;
    struct result_run run;

    fill(&run);
    cr_assert_eq(result_write_junit(&run, path, &failure), 0, "%s", failure.message);
    result_run_done(&run);
    text = file_text(path);
    expect_inert(text);
    cr_assert_not_null(strstr(text, "tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\" time"));
    cr_assert_not_null(strstr(text, "name=\"firejail (root)\" tests=\"0\""));
}

Test(model, tap_is_inert_and_marks_gaps)
{
    AUTO_FREE char *path = temporary("tap");
    AUTO_FREE char *text = NULL;
    struct result_run run;

    fill(&run);
    cr_assert_eq(result_write_tap(&run, path, &failure), 0, "%s", failure.message);
    result_run_done(&run);
    text = file_text(path);
    cr_assert_null(strchr(text, 0x1b));
    cr_assert_not_null(strstr(text, "TAP version 14\n1..3\n# not runnable"));
    cr_assert_not_null(strstr(text, "\nok 1 - linux-namespace (user) fs.chmod\n"));
    cr_assert_not_null(strstr(text, "\nnot ok 3 - linux-namespace (user) ipc.keyring # todo "));
    cr_assert_not_null(strstr(text, "\nnot ok 2 - linux-namespace (user) net.tcp4\n"));
    cr_assert_null(strstr(text, "\n# x"), "a line that the child made");
}

Test(model, summary_is_inert_and_leads_with_the_verdict)
{
    AUTO_FREE char *path = temporary("summary.md");
    AUTO_FREE char *text = NULL;
    struct result_run run;

    fill(&run);
    cr_assert_eq(result_write_summary(&run, path, &failure), 0, "%s", failure.message);
    result_run_done(&run);
    text = file_text(path);
    expect_inert(text);
    cr_assert_not_null(strstr(text, "**1 cases are not as expected.**"), "%s", text);
    cr_assert_not_null(strstr(text, "not runnable here: not installed"));
}

Test(model, summary_stays_below_one_mebibyte)
{
    AUTO_FREE char *path = temporary("large.md");
    AUTO_FREE char *text = NULL;
    AUTO_FREE char *line = malloc((1 << 20) + 1);
    struct result_case row = {.sandbox = "linux-namespace",
                              .identity = "user",
                              .verdict = VERDICT_ESCAPED,
                              .expected = VERDICT_HELD,
                              .status = STATUS_REGRESSION};
    struct result_run run;

    memset(line, '|', 1 << 20);
    line[1 << 20] = '\0';
    fill(&run);
    for (int i = 0; i < 2000; i++) {
        char id[32];

        (void)snprintf(id, sizeof id, "fs.case-%d", i);
        row.id = id;
        row.evidence = i == 7 ? line : line + (1 << 20) - 500;
        cr_assert_not_null(result_run_add_case(&run, &row, &failure));
    }
    cr_assert_eq(result_write_summary(&run, path, &failure), 0, "%s", failure.message);
    result_run_done(&run);
    text = file_text(path);
    cr_assert(strlen(text) < 1 << 20, "%zu bytes", strlen(text));
    cr_assert_not_null(strstr(text, "more are left out here"));
}

/*
 * JUnit XML as Jenkins, GitLab and GitHub's reporters read it. A test suite is
 * a sandbox under an identity. JUnit has no word for an expected failure:
 * known gaps are <skipped type="known-gap">, as pytest does with xfail, so
 * that no reader counts them as passed.
 */
#include <string.h>

#include "base/text.h"
#include "results/index.h"
#include "results/model.h"
#include "results/tally.h"
#include "results/writer.h"

enum {
    TEXT_MAX = 4096
};

static void attribute(struct buffer *out, const char *name, const char *value)
{
    buffer_printf(out, " %s=\"", name);
    write_text(out, value, TEXT_MAX, text_escape_xml);
    buffer_add_byte(out, '"');
}

/* The element that says why the case did not simply pass; NULL: it did. */
static const char *element_of(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return NULL;
    case STATUS_FIXED_GAP:
    case STATUS_REGRESSION:
    case STATUS_UNVERIFIED:
        return "failure";
    case STATUS_INVALID:
        return "error";
    case STATUS_KNOWN_GAP:
    case STATUS_SKIPPED:
    case STATUS_UNVERIFIABLE:
        return "skipped";
    }
    return NULL;
}

static void add_detail(struct buffer *out, const char *label, const char *text)
{
    if (text == NULL || *text == '\0')
        return;
    buffer_printf(out, "%s: ", label);
    write_text(out, text, TEXT_MAX, text_escape_xml);
    buffer_add_byte(out, '\n');
}

static void add_details(struct buffer *out, const struct result_case *row)
{
    buffer_printf(out, "verdict: %s, expected: %s\n", verdict_name(row->verdict),
                  verdict_name(row->expected));
    add_detail(out, "claim", row->claim);
    add_detail(out, "technique", row->technique);
    add_detail(out, "severity", row->severity);
    add_detail(out, "control", row->control);
    add_detail(out, "twin", row->twin);
    add_detail(out, "oracle", row->oracle);
    add_detail(out, "evidence", row->evidence);
    add_detail(out, "reason", row->reason);
    add_detail(out, "source", row->source);
    add_detail(out, "expires", row->expires);
    add_detail(out, "predicted", row->predicted);
}

static void add_case(struct buffer *out, const struct result_case *row)
{
    const char *element = element_of(row->status);
    const char *type =
        case_grade(row) == GRADE_INFORMATION ? "information" : status_name(row->status);
    char area[AREA_NAME_MAX];

    area_of(row->id, area);
    buffer_add_text(out, "  <testcase");
    attribute(out, "name", row->id);
    buffer_add_text(out, " classname=\"holdfast.");
    write_text(out, row->sandbox, TEXT_MAX, text_escape_xml);
    buffer_add_byte(out, '.');
    write_text(out, row->identity, TEXT_MAX, text_escape_xml);
    buffer_add_byte(out, '.');
    write_text(out, area, TEXT_MAX, text_escape_xml);
    buffer_printf(out, "\" time=\"%llu.%03llu\"", (unsigned long long)row->duration_ms / 1000,
                  (unsigned long long)row->duration_ms % 1000);
    if (element == NULL) {
        buffer_add_text(out, "/>\n");
        return;
    }
    buffer_printf(out, ">\n   <%s", element);
    attribute(out, "type", type);
    buffer_printf(out, " message=\"%s: ", type);
    write_text(out, case_words(row), TEXT_MAX, text_escape_xml);
    buffer_add_text(out, "\">");
    add_details(out, row);
    buffer_printf(out, "</%s>\n  </testcase>\n", element);
}

static void add_property(struct buffer *out, const char *name, const char *value)
{
    if (value == NULL || *value == '\0')
        return;
    buffer_add_text(out, "   <property");
    attribute(out, "name", name);
    attribute(out, "value", value);
    buffer_add_text(out, "/>\n");
}

static void add_properties(struct buffer *out, const struct result_run *run,
                           const struct result_sandbox *sandbox)
{
    buffer_add_text(out, "  <properties>\n");
    add_property(out, "sandbox.version", sandbox->version);
    add_property(out, "sandbox.mode", sandbox->mode);
    add_property(out, "sandbox.not-runnable", sandbox->reason);
    add_property(out, "catalogue.version", run->catalogue_version);
    add_property(out, "catalogue.sha256", run->catalogue_sha256);
    add_property(out, "host.os", run->host.os);
    add_property(out, "host.kernel", run->host.kernel);
    add_property(out, "holdfast", run->host.holdfast);
    buffer_add_text(out, "  </properties>\n");
}

static void add_counts(struct buffer *out, const struct tally *tally)
{
    buffer_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\"", tally->total,
                  tally_unexpected(tally), tally->statuses[STATUS_INVALID]);
}

static bool belongs_to(const struct result_case *row, const struct result_sandbox *sandbox)
{
    return strcmp(row->sandbox, sandbox->name) == 0 &&
           strcmp(row->identity, sandbox->identity) == 0;
}

static void add_suite(struct buffer *out, const struct result_run *run,
                      const struct case_index *index, const struct result_sandbox *sandbox)
{
    struct tally tally = {0};
    uint64_t milliseconds = 0;
    char title[256];

    for (size_t i = 0; i < run->case_count; i++) {
        if (!belongs_to(index->rows[i], sandbox))
            continue;
        tally_add_any(&tally, index->rows[i]);
        milliseconds += index->rows[i]->duration_ms;
    }
    sandbox_title(sandbox->name, sandbox->identity, title, sizeof title);
    buffer_add_text(out, " <testsuite");
    attribute(out, "name", title);
    add_counts(out, &tally);
    buffer_printf(out, " skipped=\"%zu\"",
                  tally.statuses[STATUS_SKIPPED] + tally.statuses[STATUS_KNOWN_GAP] +
                      tally.statuses[STATUS_UNVERIFIABLE]);
    buffer_printf(out, " time=\"%llu.%03llu\"", (unsigned long long)milliseconds / 1000,
                  (unsigned long long)milliseconds % 1000);
    attribute(out, "timestamp", run->started);
    buffer_add_text(out, ">\n");
    add_properties(out, run, sandbox);
    for (size_t i = 0; i < run->case_count; i++) {
        if (belongs_to(index->rows[i], sandbox))
            add_case(out, index->rows[i]);
    }
    buffer_add_text(out, " </testsuite>\n");
}

int result_write_junit(const struct result_run *run, const char *path, struct error *err)
{
    AUTO_BUFFER struct buffer out = BUFFER_EMPTY;
    struct case_index index = {0};
    struct tally tally = {0};

    if (case_index_init_for_people(&index, run, err) < 0)
        return -1;
    for (size_t i = 0; i < run->case_count; i++)
        tally_add_any(&tally, &run->cases[i]);
    buffer_add_text(&out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                          "<testsuites name=\"holdfast conformance\"");
    add_counts(&out, &tally);
    buffer_add_text(&out, ">\n");
    for (size_t i = 0; i < run->sandbox_count; i++)
        add_suite(&out, run, &index, &run->sandboxes[i]);
    case_index_done(&index);
    buffer_add_text(&out, "</testsuites>\n");
    return write_file(&out, path, err);
}

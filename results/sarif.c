/*
 * SARIF for code scanning: an alert per case that escapes in a sandbox. Gaps
 * that the expectations document are suppressed with their reason, so that
 * they can be seen but do not alarm. A conformance case has no line in the
 * scanned code; its place is the catalogue, where it is described.
 *
 * GitHub takes at most 25 000 results of a file and shows 5 000.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "results/document.h"
#include "results/formats.h"
#include "results/index.h"
#include "results/tally.h"
#include "results/writer.h"

enum {
    TEXT_MAX = 2048,
    RESULTS_MAX = 5000
};

static const char catalogue_uri[] = "conformance/CATALOGUE.md";

/* Message strings have links in brackets and arguments in braces (SARIF 2.1.0, 3.11). */
static void escape_message(struct buffer *out, const char *bytes, size_t size)
{
    AUTO_BUFFER struct buffer visible = BUFFER_EMPTY;

    text_escape_terminal(&visible, bytes, size);
    if (buffer_failed(&visible))
        out->has_failed = true;
    for (size_t i = 0; i < visible.size; i++) {
        char byte = visible.data[i];

        if (byte == '\\' || byte == '[' || byte == ']')
            buffer_add_byte(out, '\\');
        if (byte == '{' || byte == '}')
            buffer_add_byte(out, byte);
        buffer_add_byte(out, byte);
    }
}

static json_t *message_json(const char *lead, const char *text)
{
    AUTO_BUFFER struct buffer message = BUFFER_EMPTY;

    buffer_add_text(&message, lead);
    write_text(&message, text, TEXT_MAX, escape_message);
    /* Validators ask for whole sentences. */
    if (message.size > 0 && message.data[message.size - 1] != '.')
        buffer_add_byte(&message, '.');
    if (buffer_failed(&message))
        return NULL;
    return json_pack("{s:o}", "text", json_stringn(buffer_text(&message), message.size));
}

/* What GitHub sorts alerts by: a CVSS-like number as text. */
static const char *security_severity(const char *severity)
{
    switch (severity_rank(severity)) {
    case 4:
        return "9.5";
    case 3:
        return "8.0";
    case 2:
        return "5.5";
    case 1:
        return "3.0";
    default:
        return "1.0";
    }
}

static const char *level_of(const struct result_case *row)
{
    if (row->status == STATUS_KNOWN_GAP)
        return "note";
    return severity_rank(row->severity) >= 3 ? "error" : "warning";
}

static json_t *rule_json(const struct result_case *row)
{
    char area[AREA_NAME_MAX];

    area_of(row->id, area);
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:{s:s, s:s, s:[s, s, o]}}", "id", visible_text(row->id, TEXT_MAX),
        "shortDescription", message_json("", row->claim != NULL ? row->claim : row->id),
        "fullDescription",
        message_json("Tried by: ", row->technique != NULL ? row->technique : "?"), "help",
        message_json("What should hold: ", row->claim != NULL ? row->claim : row->id), "properties",
        "security-severity", security_severity(row->severity), "precision", "very-high", "tags",
        "security", "sandbox", visible_text(area, TEXT_MAX));
}

static json_t *location_json(void)
{
    return json_pack("[{s:{s:{s:s, s:s}, s:{s:i}}}]", "physicalLocation", "artifactLocation", "uri",
                     catalogue_uri, "uriBaseId", "%SRCROOT%", "region", "startLine", 1);
}

static json_t *result_json(const struct result_case *row, size_t rule)
{
    AUTO_BUFFER struct buffer lead = BUFFER_EMPTY;
    AUTO_BUFFER struct buffer print = BUFFER_EMPTY;
    json_t *result;

    write_text(&lead, row->sandbox, TEXT_MAX, escape_message);
    buffer_add_text(&lead, " (");
    write_text(&lead, row->identity, TEXT_MAX, escape_message);
    buffer_add_text(&lead, ") lets it through: ");
    buffer_printf(&print, "%s/%s/%s", row->sandbox, row->identity, row->id);
    result =
        json_pack("{s:o, s:I, s:s, s:o, s:o, s:{s:o}}", "ruleId", visible_text(row->id, TEXT_MAX),
                  "ruleIndex", (json_int_t)rule, "level", level_of(row), "message",
                  message_json(buffer_text(&lead),
                               row->evidence != NULL ? row->evidence : "no evidence given"),
                  "locations", location_json(), "partialFingerprints", "holdfastCase/v1",
                  visible_text(buffer_text(&print), TEXT_MAX));
    if (row->status == STATUS_KNOWN_GAP &&
        json_object_set_new(result, "suppressions",
                            json_pack("[{s:s, s:s, s:o}]", "kind", "external", "status", "accepted",
                                      "justification",
                                      visible_text(row->reason != NULL ? row->reason : "documented",
                                                   TEXT_MAX))) < 0)
        document_free(&result);
    return result;
}

static int compare_ids(const void *a, const void *b)
{
    const struct result_case *x = *(const struct result_case *const *)a;
    const struct result_case *y = *(const struct result_case *const *)b;
    int order = strcmp(x->id, y->id);

    if (order == 0)
        order = (int)x->status - (int)y->status;
    return order != 0 ? order : case_order(x, y);
}

struct findings {
    json_t *rules;
    json_t *results;
    int failed;
};

/* Rows come sorted by id, so that a rule is new when the id is. */
static void add_finding(struct findings *findings, const struct result_case *row,
                        const struct result_case *before)
{
    if (before == NULL || strcmp(before->id, row->id) != 0)
        findings->failed |= json_array_append_new(findings->rules, rule_json(row));
    findings->failed |= json_array_append_new(
        findings->results, result_json(row, json_array_size(findings->rules) - 1));
}

static int collect(struct findings *findings, const struct result_run *run, struct error *err)
{
    const struct result_case **rows = malloc((run->case_count + 1) * sizeof(*rows));
    size_t count = 0;

    if (rows == NULL)
        return error_memory(err, "SARIF");
    for (size_t i = 0; i < run->case_count; i++) {
        if (run->cases[i].verdict == VERDICT_ESCAPED && !run->cases[i].is_information)
            rows[count++] = &run->cases[i];
    }
    qsort(rows, count, sizeof(*rows), compare_ids);
    for (size_t i = 0; i < count && i < RESULTS_MAX; i++)
        add_finding(findings, rows[i], i > 0 ? rows[i - 1] : NULL);
    free(rows);
    return findings->failed ? error_memory(err, "SARIF") : 0;
}

int result_write_sarif(const struct result_run *run, const char *path, struct error *err)
{
    struct findings findings = {.rules = json_array(), .results = json_array()};
    json_t *root;
    int status;

    if (collect(&findings, run, err) < 0) {
        json_decref(findings.rules);
        json_decref(findings.results);
        return -1;
    }
    root = json_pack("{s:s, s:s, s:[{s:{s:{s:s, s:s, s:o, s:o}}, s:s, s:{s:{s:{s:s}}}, s:o}]}",
                     "$schema", "https://json.schemastore.org/sarif-2.1.0.json", "version", "2.1.0",
                     "runs", "tool", "driver", "name", "holdfast", "organization", "Holdfast",
                     "version", visible_text(run->host.holdfast, TEXT_MAX), "rules", findings.rules,
                     "columnKind", "unicodeCodePoints", "originalUriBaseIds", "%SRCROOT%",
                     "description", "text", "The root of the repository.", "results",
                     findings.results);
    status = root == NULL ? error_memory(err, path) : document_write(root, path, err);
    document_free(&root);
    return status;
}

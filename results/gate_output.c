#include "results/gate_output.h"

#include <string.h>

#include "base/text.h"
#include "results/document.h"
#include "results/writer.h"

enum {
    MESSAGE_MAX = 1000,
    PAGE_MAX = 900 * 1024
};

const char *gate_verdict(const struct gate *gate)
{
    if (gate->levels[GATE_FAIL] > 0)
        return "fail";
    return gate->levels[GATE_INCONCLUSIVE] > 0 ? "inconclusive" : "pass";
}

static void add(struct buffer *out, const struct compare_style *style, const char *text)
{
    write_text(out, text, MESSAGE_MAX,
               style->is_markdown ? text_escape_markdown : text_escape_terminal);
}

static void add_subject(struct buffer *out, const struct compare_style *style,
                        const struct finding *finding)
{
    add(out, style, finding->id != NULL ? finding->id : "");
    if (finding->sandbox != NULL) {
        buffer_add_text(out, finding->id != NULL ? ", " : "");
        add(out, style, finding->sandbox);
    }
    if (finding->identity != NULL) {
        buffer_add_text(out, " (");
        add(out, style, finding->identity);
        buffer_add_byte(out, ')');
    }
}

static const char *level_mark(enum gate_level level)
{
    switch (level) {
    case GATE_FAIL:
        return "\u2717";
    case GATE_INCONCLUSIVE:
        return "?";
    case GATE_NOTE:
        return "\u00b7";
    }
    return "";
}

static const char *level_color(enum gate_level level)
{
    switch (level) {
    case GATE_FAIL:
        return "31";
    case GATE_INCONCLUSIVE:
        return "33";
    case GATE_NOTE:
        return "2";
    }
    return "0";
}

static void add_finding(struct buffer *out, const struct compare_style *style,
                        const struct finding *finding)
{
    if (style->is_markdown) {
        buffer_printf(out, "| %s %s | %s | ", level_mark(finding->level),
                      gate_level_name(finding->level), gate_rule_name(finding->rule));
        add_subject(out, style, finding);
        buffer_add_text(out, " | ");
        add(out, style, finding->message);
        buffer_add_text(out, " |\n");
        return;
    }
    if (style->has_color)
        buffer_printf(out, "\x1b[%sm", level_color(finding->level));
    buffer_printf(out, "%s %-15s", level_mark(finding->level), gate_rule_name(finding->rule));
    if (style->has_color)
        buffer_add_text(out, "\x1b[0m");
    buffer_add_byte(out, ' ');
    add_subject(out, style, finding);
    buffer_add_text(out, finding->id != NULL || finding->sandbox != NULL ? ": " : "");
    add(out, style, finding->message);
    buffer_add_byte(out, '\n');
}

void gate_write(struct buffer *out, const struct compare_style *style, const struct gate *gate)
{
    if (style->is_markdown)
        buffer_printf(out, "## Gate: %s\n\n", gate_verdict(gate));
    if (style->is_markdown && gate->count > 0)
        buffer_add_text(out, "| | rule | what | why |\n|---|---|---|---|\n");
    for (size_t i = 0; i < gate->count; i++) {
        if (out->size > PAGE_MAX) {
            buffer_printf(out, "\n%zu more are left out here; --json has them.\n", gate->count - i);
            break;
        }
        add_finding(out, style, &gate->findings[i]);
    }
    buffer_printf(out,
                  style->is_markdown ? "\n%zu judged: %zu failed, %zu inconclusive, %zu notes\n"
                                     : "gate: %zu judged, %zu failed, %zu inconclusive, "
                                       "%zu notes: ",
                  gate->judged, gate->levels[GATE_FAIL], gate->levels[GATE_INCONCLUSIVE],
                  gate->levels[GATE_NOTE]);
    if (!style->is_markdown)
        buffer_printf(out, "%s\n", gate_verdict(gate));
}

static json_t *finding_json(const struct finding *finding)
{
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "level", gate_level_name(finding->level),
                     "rule", gate_rule_name(finding->rule), "id", document_text(finding->id),
                     "sandbox", document_text(finding->sandbox), "identity",
                     document_text(finding->identity), "message", document_text(finding->message));
}

json_t *gate_to_json(const struct gate *gate)
{
    json_t *findings = json_array();
    int failed = 0;

    for (size_t i = 0; i < gate->count; i++)
        failed |= json_array_append_new(findings, finding_json(&gate->findings[i]));
    if (failed)
        document_free(&findings);
    return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:o}", "schema", "holdfast.gate/1", "verdict",
                     gate_verdict(gate), "judged", (json_int_t)gate->judged, "failed",
                     (json_int_t)gate->levels[GATE_FAIL], "inconclusive",
                     (json_int_t)gate->levels[GATE_INCONCLUSIVE], "notes",
                     (json_int_t)gate->levels[GATE_NOTE], "findings", findings);
}

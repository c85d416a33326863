/*
 * TAP version 14. Known gaps are "todo" tests (not ok, and not a failure of the
 * run); a fixed gap is a failure and so has no directive. Each test that is
 * not simply ok has a YAML block with the evidence.
 */
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "results/index.h"
#include "results/model.h"
#include "results/tally.h"
#include "results/writer.h"

enum {
    TEXT_MAX = 4096
};

/* '#' starts a directive and '\' escapes; control bytes cannot start a new line any more. */
static void add_escaped(struct buffer *out, const char *bytes, size_t size)
{
    AUTO_BUFFER struct buffer visible = BUFFER_EMPTY;

    text_escape_terminal(&visible, bytes, size);
    if (buffer_failed(&visible))
        out->has_failed = true;
    for (size_t i = 0; i < visible.size; i++) {
        if (visible.data[i] == '#' || visible.data[i] == '\\')
            buffer_add_byte(out, '\\');
        buffer_add_byte(out, visible.data[i]);
    }
}

static void add_directive(struct buffer *out, const struct result_case *row)
{
    if (case_grade(row) == GRADE_INFORMATION)
        buffer_add_text(out, " # SKIP information: ");
    else if (row->status == STATUS_KNOWN_GAP)
        buffer_add_text(out, " # todo known gap: ");
    else if (row->status == STATUS_SKIPPED)
        buffer_add_text(out, " # SKIP ");
    else if (row->status == STATUS_UNVERIFIABLE)
        buffer_add_text(out, " # SKIP unverifiable: ");
    else
        return;
    write_text(out, row->reason != NULL ? row->reason : "no reason given", TEXT_MAX, add_escaped);
}

static void add_member(struct buffer *out, const char *key, const char *value)
{
    if (value == NULL || *value == '\0')
        return;
    buffer_printf(out, "    %s: ", key);
    write_quoted(out, value, TEXT_MAX);
    buffer_add_byte(out, '\n');
}

static void add_block(struct buffer *out, const struct result_case *row)
{
    buffer_add_text(out, "  ---\n");
    add_member(out, "verdict", verdict_name(row->verdict));
    add_member(out, "expected", verdict_name(row->expected));
    add_member(out, "status", status_name(row->status));
    add_member(out, "severity", row->severity);
    add_member(out, "claim", row->claim);
    add_member(out, "technique", row->technique);
    add_member(out, "control", row->control);
    add_member(out, "twin", row->twin);
    add_member(out, "oracle", row->oracle);
    add_member(out, "evidence", row->evidence);
    add_member(out, "reason", row->reason);
    add_member(out, "source", row->source);
    add_member(out, "expires", row->expires);
    add_member(out, "predicted", row->predicted);
    buffer_printf(out, "    duration_ms: %llu\n  ...\n", (unsigned long long)row->duration_ms);
}

static bool is_ok(const struct result_case *row)
{
    return row->status == STATUS_OK || row->status == STATUS_SKIPPED ||
           row->status == STATUS_UNVERIFIABLE || case_grade(row) == GRADE_INFORMATION;
}

static void add_case(struct buffer *out, const struct result_case *row, size_t number)
{
    buffer_printf(out, "%s %zu - ", is_ok(row) ? "ok" : "not ok", number);
    write_text(out, row->sandbox, TEXT_MAX, add_escaped);
    buffer_add_text(out, " (");
    write_text(out, row->identity, TEXT_MAX, add_escaped);
    buffer_add_text(out, ") ");
    write_text(out, row->id, TEXT_MAX, add_escaped);
    add_directive(out, row);
    buffer_add_byte(out, '\n');
    if (row->status != STATUS_OK)
        add_block(out, row);
}

int result_write_tap(const struct result_run *run, const char *path, struct error *err)
{
    AUTO_BUFFER struct buffer out = BUFFER_EMPTY;
    struct case_index index = {0};

    if (case_index_init_for_people(&index, run, err) < 0)
        return -1;
    buffer_printf(&out, "TAP version 14\n1..%zu\n", run->planned);
    for (size_t i = 0; i < run->sandbox_count; i++) {
        const struct result_sandbox *sandbox = &run->sandboxes[i];

        if (sandbox->reason == NULL)
            continue;
        buffer_add_text(&out, "# not runnable here: ");
        write_text(&out, sandbox->name, TEXT_MAX, add_escaped);
        buffer_add_text(&out, ": ");
        write_text(&out, sandbox->reason, TEXT_MAX, add_escaped);
        buffer_add_byte(&out, '\n');
    }
    for (size_t i = 0; i < index.count; i++)
        add_case(&out, index.rows[i], i + 1);
    case_index_done(&index);
    if (run->is_interrupted)
        buffer_add_text(&out, "Bail out! interrupted\n");
    return write_file(&out, path, err);
}

#include "conformance/matrix.h"

#include <string.h>

#include "base/auto.h"
#include "base/buffer.h"
#include "base/text.h"

enum {
    AREAS_MAX = 32,
    NAME_WIDTH = 24,
    CELL_WIDTH = 8,
    EVIDENCE_MAX = 400
};

struct areas {
    char names[AREAS_MAX][32];
    size_t count;
};

static void area_of(const struct result_case *row, char area[32])
{
    const size_t length = strcspn(row->id, ".");

    (void)snprintf(area, 32, "%.*s", (int)(length < 31 ? length : 31), row->id);
}

static void collect_areas(const struct result_run *run, struct areas *areas)
{
    areas->count = 0;
    for (size_t i = 0; i < run->case_count; i++) {
        char area[32];
        size_t at = 0;

        area_of(&run->cases[i], area);
        while (at < areas->count && strcmp(areas->names[at], area) != 0)
            at++;
        if (at == areas->count && areas->count < AREAS_MAX)
            memcpy(areas->names[areas->count++], area, sizeof area);
    }
}

static bool belongs_to(const struct result_case *row, const struct result_sandbox *sandbox)
{
    return strcmp(row->sandbox, sandbox->name) == 0 &&
           strcmp(row->identity, sandbox->identity) == 0;
}

static bool is_unexpected(const struct result_case *row)
{
    return row->status == STATUS_REGRESSION || row->status == STATUS_FIXED_GAP ||
           row->status == STATUS_UNVERIFIED;
}

/* "12/14": held or works, of those with a proof; "!": something unexpected; "?": something invalid. */
static void print_cell(FILE *stream, const struct result_run *run,
                       const struct result_sandbox *sandbox, const char *area)
{
    unsigned good = 0;
    unsigned proven = 0;
    unsigned invalid = 0;
    unsigned unexpected = 0;
    char cell[32];

    for (size_t i = 0; i < run->case_count; i++) {
        const struct result_case *row = &run->cases[i];
        char its[32];

        area_of(row, its);
        if (!belongs_to(row, sandbox) || strcmp(its, area) != 0)
            continue;
        good += row->verdict == VERDICT_HELD || row->verdict == VERDICT_WORKS;
        proven += row->verdict <= VERDICT_OVERBLOCKED;
        invalid += row->verdict == VERDICT_INVALID;
        unexpected += is_unexpected(row);
    }
    if (proven + invalid == 0)
        (void)snprintf(cell, sizeof cell, "-");
    else
        (void)snprintf(cell, sizeof cell, "%u/%u%s%s", good, proven, unexpected > 0 ? "!" : "",
                       invalid > 0 ? "?" : "");
    (void)fprintf(stream, " %*s", CELL_WIDTH, cell);
}

/* Escaped; cut to limit bytes of the original. */
static void print_safe(FILE *stream, const char *text, size_t limit)
{
    AUTO_BUFFER struct buffer out = BUFFER_EMPTY;
    const size_t size = strlen(text);

    text_escape_terminal(&out, text, size < limit ? size : limit);
    (void)fprintf(stream, "%s%s", buffer_text(&out), size > limit ? "..." : "");
}

static void print_name(FILE *stream, const struct result_sandbox *sandbox)
{
    char name[200];
    char safe[200];

    (void)snprintf(name, sizeof name, "%.120s %.20s", sandbox->name, sandbox->identity);
    text_escape_terminal_into(safe, sizeof safe, name);
    (void)fprintf(stream, "%-*s", NAME_WIDTH, safe);
}

static void print_table(FILE *stream, const struct result_run *run, const struct areas *areas)
{
    (void)fprintf(stream, "%-*s", NAME_WIDTH, "held or works / proven");
    for (size_t a = 0; a < areas->count; a++)
        (void)fprintf(stream, " %*s", CELL_WIDTH, areas->names[a]);
    (void)fputc('\n', stream);
    for (size_t i = 0; i < run->sandbox_count; i++) {
        const struct result_sandbox *sandbox = &run->sandboxes[i];

        print_name(stream, sandbox);
        if (sandbox->reason != NULL) {
            (void)fprintf(stream, " not runnable: ");
            print_safe(stream, sandbox->reason, EVIDENCE_MAX);
        } else {
            for (size_t a = 0; a < areas->count; a++)
                print_cell(stream, run, sandbox, areas->names[a]);
        }
        (void)fputc('\n', stream);
    }
}

static void print_detail(FILE *stream, const char *label, const char *text)
{
    if (text == NULL || text[0] == '\0')
        return;
    (void)fprintf(stream, "    %-9s", label);
    print_safe(stream, text, EVIDENCE_MAX);
    (void)fputc('\n', stream);
}

static void print_case(FILE *stream, const struct result_case *row)
{
    (void)fprintf(stream, "%-10s %-11s %s (%s, %s%s%s)\n", status_name(row->status),
                  verdict_name(row->verdict), row->id, row->sandbox, row->identity,
                  row->severity != NULL ? ", " : "", row->severity != NULL ? row->severity : "");
    print_detail(stream, "claim", row->claim);
    print_detail(stream, "evidence", row->evidence);
    print_detail(stream, "reason", row->reason);
    if (row->status == STATUS_INVALID || row->status == STATUS_REGRESSION ||
        row->status == STATUS_UNVERIFIED)
        print_detail(stream, "control", row->control);
    if (row->status == STATUS_INVALID || row->verdict == VERDICT_OVERBLOCKED)
        print_detail(stream, "inside", row->twin);
}

static size_t print_cases(FILE *stream, const struct result_run *run, enum status status)
{
    size_t count = 0;

    for (size_t i = 0; i < run->case_count; i++) {
        if (run->cases[i].status != status)
            continue;
        if (count++ == 0)
            (void)fputc('\n', stream);
        print_case(stream, &run->cases[i]);
    }
    return count;
}

static void print_totals(FILE *stream, const struct result_run *run)
{
    size_t counts[STATUS_COUNT] = {0};

    for (size_t i = 0; i < run->case_count; i++)
        counts[run->cases[i].status]++;
    (void)fprintf(stream, "\n%zu of %zu planned cases have a verdict:", run->executed,
                  run->planned);
    for (int i = 0; i < STATUS_COUNT; i++) {
        if (counts[i] > 0)
            (void)fprintf(stream, " %zu %s", counts[i], status_name((enum status)i));
    }
    (void)fprintf(stream, "%s\n", run->is_interrupted ? " (interrupted)" : "");
}

/* Skips are many and alike: one line for each reason. */
static void print_skips(FILE *stream, const struct result_run *run)
{
    for (size_t i = 0; i < run->case_count; i++) {
        const struct result_case *row = &run->cases[i];
        size_t count = 0;
        bool is_first = true;

        for (size_t j = 0; j < run->case_count && row->status == STATUS_SKIPPED; j++) {
            const struct result_case *other = &run->cases[j];

            if (other->status != STATUS_SKIPPED || other->reason == NULL || row->reason == NULL ||
                strcmp(other->reason, row->reason) != 0)
                continue;
            is_first = is_first && (j >= i);
            count++;
        }
        if (row->status != STATUS_SKIPPED || !is_first || row->reason == NULL)
            continue;
        (void)fprintf(stream, "skipped    %4zu  ", count);
        print_safe(stream, row->reason, EVIDENCE_MAX);
        (void)fprintf(stream, " (%s%s)\n", row->id, count > 1 ? ", ..." : "");
    }
}

void matrix_print(FILE *stream, const struct result_run *run)
{
    struct areas areas;

    collect_areas(run, &areas);
    print_table(stream, run, &areas);
    (void)print_cases(stream, run, STATUS_REGRESSION);
    (void)print_cases(stream, run, STATUS_FIXED_GAP);
    (void)print_cases(stream, run, STATUS_UNVERIFIED);
    (void)print_cases(stream, run, STATUS_INVALID);
    (void)print_cases(stream, run, STATUS_KNOWN_GAP);
    (void)fputc('\n', stream);
    print_skips(stream, run);
    print_totals(stream, run);
}

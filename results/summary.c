/*
 * summary.md: a run on one page, for a terminal pager, a pull request and
 * GitHub's step summary, which refuses more than 1 MiB. The verdict comes
 * first, then the matrix, then every case that needs a person, then the rest
 * folded away.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "results/model.h"
#include "results/tally.h"
#include "results/writer.h"

/* One row is at most about 20 KiB, so the last one cannot pass the limit of 1 MiB. */
enum {
    PAGE_MAX = 900 * 1024,
    CELL_MAX = 400
};

static void add_cell(struct buffer *out, const char *text)
{
    write_text(out, text, CELL_MAX, text_escape_markdown);
}

static void add_title(struct buffer *out, const struct result_sandbox *sandbox)
{
    add_cell(out, sandbox->name);
    buffer_add_text(out, " (");
    add_cell(out, sandbox->identity);
    buffer_add_byte(out, ')');
}

static void add_score(struct buffer *out, const struct tally *tally)
{
    if (tally->total == 0)
        buffer_add_text(out, " - |");
    else
        buffer_printf(out, " %s %zu of %zu |", grade_symbol(tally_grade(tally)), tally_good(tally),
                      tally_applicable(tally));
}

static void add_headline(struct buffer *out, const struct result_run *run,
                         const struct matrix *matrix, size_t column)
{
    const struct result_sandbox *sandbox = &run->sandboxes[column];
    struct tally all = matrix->contained[column];

    for (int i = 0; i < STATUS_COUNT; i++)
        all.statuses[i] += matrix->works[column].statuses[i];
    buffer_add_text(out, "| ");
    add_title(out, sandbox);
    buffer_add_text(out, " |");
    if (sandbox->reason != NULL) {
        buffer_add_text(out, " not runnable here: ");
        add_cell(out, sandbox->reason);
        buffer_add_text(out, " | | | | | | |\n");
        return;
    }
    add_score(out, &matrix->contained[column]);
    add_score(out, &matrix->works[column]);
    buffer_printf(out, " %zu | %zu | %zu | %zu | %zu |\n",
                  all.statuses[STATUS_REGRESSION] + all.statuses[STATUS_UNVERIFIED],
                  all.statuses[STATUS_KNOWN_GAP], all.statuses[STATUS_FIXED_GAP],
                  all.statuses[STATUS_INVALID],
                  all.statuses[STATUS_SKIPPED] + all.statuses[STATUS_UNVERIFIABLE]);
}

static void add_headlines(struct buffer *out, const struct result_run *run,
                          const struct matrix *matrix)
{
    buffer_add_text(out,
                    "| sandbox | contains | useful work | unexpected | known gaps | fixed gaps "
                    "| invalid | not run |\n|---|---|---|---|---|---|---|---|\n");
    for (size_t column = 0; column < matrix->column_count; column++)
        add_headline(out, run, matrix, column);
}

static void add_matrix(struct buffer *out, const struct result_run *run,
                       const struct matrix *matrix)
{
    buffer_add_text(out, "\n## Areas\n\n| area |");
    for (size_t column = 0; column < matrix->column_count; column++) {
        buffer_add_byte(out, ' ');
        add_title(out, &run->sandboxes[column]);
        buffer_add_text(out, " |");
    }
    buffer_add_text(out, "\n|---|");
    for (size_t column = 0; column < matrix->column_count; column++)
        buffer_add_text(out, "---|");
    for (size_t area = 0; area < matrix->area_count; area++) {
        const char *title = area_title(matrix->areas[area]);

        buffer_add_text(out, "\n| ");
        add_cell(out, matrix->areas[area]);
        buffer_printf(out, "%s%s |", title != NULL ? ": " : "", title != NULL ? title : "");
        for (size_t column = 0; column < matrix->column_count; column++)
            add_score(out, matrix_cell(matrix, area, column));
    }
    buffer_add_text(out, "\n\n\u2713 as it should be, \u2717 unexpected, \u2248 documented gap, "
                         "! proves nothing, ? cannot be verified here, \u2013 not run. "
                         "Numbers: held or works, of those that ran.\n");
}

/* Most severe first, then as case ids go. */
static int compare_urgency(const void *a, const void *b)
{
    const struct result_case *x = *(const struct result_case *const *)a;
    const struct result_case *y = *(const struct result_case *const *)b;
    int rank_x = severity_rank(x->severity);
    int rank_y = severity_rank(y->severity);

    if (rank_x != rank_y)
        return rank_x > rank_y ? -1 : 1;
    if (strcmp(x->id, y->id) != 0)
        return strcmp(x->id, y->id);
    if (strcmp(x->sandbox, y->sandbox) != 0)
        return strcmp(x->sandbox, y->sandbox);
    return strcmp(x->identity, y->identity);
}

static void add_row(struct buffer *out, const struct result_case *row)
{
    buffer_printf(out, "| %s %s", grade_symbol(case_grade(row)), verdict_name(row->verdict));
    if (row->predicted != NULL) {
        buffer_add_text(out, ", predicted: ");
        add_cell(out, row->predicted);
    }
    buffer_add_text(out, " | ");
    add_cell(out, row->id);
    buffer_add_text(out, " | ");
    add_cell(out, row->sandbox);
    buffer_add_text(out, " (");
    add_cell(out, row->identity);
    buffer_printf(out, ") | %s | ", row->severity != NULL ? row->severity : "");
    add_cell(out, row->technique);
    buffer_add_text(out, " | ");
    if (row->status == STATUS_FIXED_GAP)
        buffer_add_text(out, "documented as a gap, but it is none any more: update the "
                             "expectations. ");
    if (row->reason != NULL && *row->reason != '\0') {
        add_cell(out, row->reason);
        buffer_add_text(out, row->reason[strlen(row->reason) - 1] == '.' ? " " : ". ");
    }
    add_cell(out, row->evidence);
    buffer_add_text(out, " |\n");
}

static bool is_any(enum grade grade, const enum grade *wanted, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (wanted[i] == grade)
            return true;
    }
    return false;
}

/* A table of the cases whose grade is one of `wanted`; nothing if there is none. */
static int add_section(struct buffer *out, const struct result_run *run, const char *heading,
                       bool is_folded, const enum grade *wanted, size_t wanted_count,
                       struct error *err)
{
    const struct result_case **rows = malloc((run->case_count + 1) * sizeof(*rows));
    size_t count = 0;
    size_t shown = 0;

    if (rows == NULL)
        return error_memory(err, "a summary");
    for (size_t i = 0; i < run->case_count; i++) {
        if (is_any(case_grade(&run->cases[i]), wanted, wanted_count))
            rows[count++] = &run->cases[i];
    }
    qsort(rows, count, sizeof(*rows), compare_urgency);
    if (count > 0) {
        buffer_printf(out,
                      is_folded ? "\n<details><summary>%s: %zu</summary>\n\n" : "\n## %s: %zu\n\n",
                      heading, count);
        buffer_add_text(out, "| verdict | case | sandbox | severity | technique | evidence |\n"
                             "|---|---|---|---|---|---|\n");
    }
    while (shown < count && out->size < PAGE_MAX)
        add_row(out, rows[shown++]);
    if (shown < count)
        buffer_printf(out, "\n%zu more are left out here; they are in conformance.json.\n",
                      count - shown);
    if (count > 0 && is_folded)
        buffer_add_text(out, "\n</details>\n");
    free(rows);
    return 0;
}

static void add_facts(struct buffer *out, const struct result_run *run)
{
    const struct result_host *host = &run->host;
    char digest[13]; /* enough to tell two catalogues apart */

    buffer_add_text(out, "\n<sub>holdfast ");
    add_cell(out, host->holdfast);
    buffer_add_text(out, ", catalogue ");
    add_cell(out, run->catalogue_version);
    buffer_add_text(out, " (");
    (void)snprintf(digest, sizeof digest, "%.12s",
                   run->catalogue_sha256 != NULL ? run->catalogue_sha256 : "");
    add_cell(out, digest);
    buffer_add_text(out, "); ");
    add_cell(out, host->os);
    buffer_add_text(out, ", kernel ");
    add_cell(out, host->kernel);
    buffer_add_byte(out, ' ');
    add_cell(out, host->arch);
    buffer_printf(out, ", Landlock ABI %d, %u processors, seed %llu; started ", host->landlock_abi,
                  host->cpus, (unsigned long long)run->seed);
    add_cell(out, run->started);
    buffer_add_text(out, "</sub>\n");
}

static void add_verdict(struct buffer *out, const struct result_run *run)
{
    struct tally all = {0};

    for (size_t i = 0; i < run->case_count; i++)
        tally_add(&all, &run->cases[i]);
    buffer_add_text(out, "# Holdfast conformance\n\n");
    if (run->is_interrupted)
        buffer_printf(out, "**Interrupted: %zu of %zu cases were judged.** ", run->executed,
                      run->planned);
    if (tally_unexpected(&all) > 0)
        buffer_printf(out, "**%zu cases are not as expected.**\n\n", tally_unexpected(&all));
    else if (all.statuses[STATUS_INVALID] > 0)
        buffer_printf(out, "**%zu cases prove nothing.**\n\n", all.statuses[STATUS_INVALID]);
    else if (all.verdicts[VERDICT_HELD] + all.verdicts[VERDICT_WORKS] == 0)
        buffer_add_text(out, "**Nothing was proven.**\n\n");
    else
        buffer_add_text(out, all.verdicts[VERDICT_UNVERIFIABLE] > 0
                                 ? "Every case that could be observed is as expected.\n\n"
                                 : "Every case is as expected.\n\n");
}

static int add_sections(struct buffer *out, const struct result_run *run, struct error *err)
{
    static const enum grade urgent[] = {GRADE_BAD};
    static const enum grade invalid[] = {GRADE_INVALID};
    static const enum grade gaps[] = {GRADE_GAP};
    static const enum grade information[] = {GRADE_INFORMATION};
    static const enum grade absent[] = {GRADE_NONE, GRADE_UNKNOWN};

    if (add_section(out, run, "Not as expected", false, urgent, 1, err) < 0 ||
        add_section(out, run, "Invalid: these prove nothing", false, invalid, 1, err) < 0 ||
        add_section(out, run, "Known gaps", true, gaps, 1, err) < 0 ||
        add_section(out, run, "Information, in no score", true, information, 1, err) < 0)
        return -1;
    return add_section(out, run, "Skipped or unverifiable", true, absent, 2, err);
}

int result_write_summary(const struct result_run *run, const char *path, struct error *err)
{
    AUTO_BUFFER struct buffer out = BUFFER_EMPTY;
    struct matrix matrix;

    if (matrix_init(&matrix, run, err) < 0)
        return -1;
    add_verdict(&out, run);
    add_headlines(&out, run, &matrix);
    add_matrix(&out, run, &matrix);
    matrix_done(&matrix);
    if (add_sections(&out, run, err) < 0)
        return -1;
    add_facts(&out, run);
    return write_file(&out, path, err);
}

/*
 * Benchmarks side by side. Two files were measured at different times, so
 * that their ratio has the machine's drift in it: it is shown and said so, and
 * nothing gates on it. In one file, subjects that ran interleaved have a ratio
 * that can be believed.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "results/compare.h"
#include "results/writer.h"

enum {
    WORDS_MAX = 200,
    CELL_MAX = 160
};

void format_seconds(double seconds, char *out, size_t out_size)
{
    if (!isfinite(seconds))
        (void)snprintf(out, out_size, "-");
    else if (seconds < 1e-3)
        (void)snprintf(out, out_size, "%.1f \u00b5s", seconds * 1e6);
    else if (seconds < 1)
        (void)snprintf(out, out_size, "%.2f ms", seconds * 1e3);
    else
        (void)snprintf(out, out_size, "%.2f s", seconds);
}

static void add_pair_row(struct bench_diff *diff, const struct bench_result *before,
                         const struct bench_result *after)
{
    struct bench_row *row = &diff->rows[diff->count++];
    struct error ignored;

    *row = (struct bench_row){.before = before, .after = after};
    if (before != NULL && after != NULL)
        row->has_ratio = bench_ratio(before, after, &stats_report_how, &row->ratio, &ignored) == 0;
}

static void collect_two(struct bench_diff *diff, const struct bench_file *a,
                        const struct bench_file *b)
{
    for (size_t i = 0; i < a->result_count; i++) {
        const struct bench_result *from = &a->results[i];

        add_pair_row(diff, from,
                     bench_file_find(b, from->benchmark, from->subject, from->parameters));
    }
    for (size_t i = 0; i < b->result_count; i++) {
        const struct bench_result *from = &b->results[i];

        if (bench_file_find(a, from->benchmark, from->subject, from->parameters) == NULL)
            add_pair_row(diff, NULL, from);
    }
}

static void collect_one(struct bench_diff *diff, const struct bench_file *file)
{
    for (size_t i = 0; i < file->result_count; i++) {
        const struct bench_result *from = &file->results[i];
        struct bench_row *row = &diff->rows[diff->count++];

        *row = (struct bench_row){.before = bench_reference_of(file, from),
                                  .after = from,
                                  .has_ratio = from->has_ratio,
                                  .is_interleaved = from->has_ratio,
                                  .ratio = from->ratio};
    }
}

int bench_diff_init(struct bench_diff *diff, const struct bench_file *a, const struct bench_file *b,
                    struct error *err)
{
    *diff = (struct bench_diff){0};
    diff->rows = calloc(a->result_count + b->result_count + 1, sizeof *diff->rows);
    if (diff->rows == NULL)
        return error_memory(err, "a comparison");
    if (a == b)
        collect_one(diff, a);
    else
        collect_two(diff, a, b);
    return 0;
}

void bench_diff_done(struct bench_diff *diff)
{
    free(diff->rows);
    *diff = (struct bench_diff){0};
}

static void add(struct buffer *out, const struct compare_style *style, const char *text)
{
    write_text(out, text, WORDS_MAX,
               style->is_markdown ? text_escape_markdown : text_escape_terminal);
}

static void format_ratio(const struct bench_row *row, char *out, size_t out_size)
{
    if (row->has_ratio)
        (void)snprintf(out, out_size, "%.3f [%.3f, %.3f]", row->ratio.ratio, row->ratio.low,
                       row->ratio.high);
    else if (row->before == NULL)
        (void)snprintf(out, out_size, "-");
    else
        (void)snprintf(out, out_size, row->after == NULL ? "gone" : "too few runs");
}

/* Cells of a row; the first two come from a file. */
enum {
    CELLS = 5
};

static void fill_cells(const struct bench_row *row, char cells[CELLS][CELL_MAX])
{
    const struct bench_result *named = row->after != NULL ? row->after : row->before;

    (void)snprintf(cells[0], CELL_MAX, "%.60s%s%.60s", named->benchmark,
                   *named->parameters != '\0' ? " " : "", named->parameters);
    (void)snprintf(cells[1], CELL_MAX, "%.60s", named->subject);
    format_seconds(row->before != NULL ? row->before->summary.p10 : NAN, cells[2], CELL_MAX);
    format_seconds(row->after != NULL ? row->after->summary.p10 : NAN, cells[3], CELL_MAX);
    format_ratio(row, cells[4], CELL_MAX);
}

/* Characters, not bytes: a micro sign is two of these. */
static size_t width_of(const char *text)
{
    size_t width = 0;

    for (; *text != '\0'; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static void add_padded(struct buffer *out, const struct compare_style *style, const char *text,
                       size_t width)
{
    size_t used = width_of(text);

    add(out, style, text);
    if (style->is_markdown) {
        buffer_add_byte(out, ' ');
        return;
    }
    while (used++ < width + 2)
        buffer_add_byte(out, ' ');
}

static void add_rows(struct buffer *out, const struct compare_style *style,
                     const struct bench_diff *diff)
{
    size_t widths[CELLS] = {0};
    char cells[CELLS][CELL_MAX];

    for (size_t i = 0; i < diff->count && !style->is_markdown; i++) {
        fill_cells(&diff->rows[i], cells);
        for (size_t k = 0; k < CELLS - 1; k++) {
            if (width_of(cells[k]) > widths[k])
                widths[k] = width_of(cells[k]);
        }
    }
    for (size_t i = 0; i < diff->count; i++) {
        fill_cells(&diff->rows[i], cells);
        for (size_t k = 0; k < CELLS; k++) {
            buffer_add_text(out, style->is_markdown ? "| " : k == 0 ? "  " : "");
            if (k == CELLS - 1)
                add(out, style, cells[k]);
            else
                add_padded(out, style, cells[k], widths[k]);
        }
        buffer_add_text(out, style->is_markdown ? " |\n" : "\n");
    }
}

void compare_write_bench(struct buffer *out, const struct compare_style *style,
                         const struct pair *pair, const struct bench_diff *diff)
{
    bool is_one = pair->a == pair->b;

    if (style->is_markdown)
        buffer_add_text(out, "## Benchmarks\n\n");
    buffer_add_text(out, is_one ? "Each subject against its reference, interleaved in one run; "
                                : "B against A, measured at different times: the machine's drift "
                                  "is in these ratios; ");
    buffer_add_text(out, "p10 of each, ratio with its 95 % interval.\n\n");
    if (style->is_markdown)
        buffer_printf(out, "| benchmark | subject | %s | %s | ratio |\n|---|---|---|---|---|\n",
                      is_one ? "p10 of the reference" : "p10 in A", is_one ? "p10" : "p10 in B");
    add_rows(out, style, diff);
}

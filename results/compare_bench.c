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
    WORDS_MAX = 200
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

static void add_row(struct buffer *out, const struct compare_style *style,
                    const struct bench_row *row)
{
    const struct bench_result *named = row->after != NULL ? row->after : row->before;
    char before[32];
    char after[32];
    char ratio[64];

    format_seconds(row->before != NULL ? row->before->summary.p10 : NAN, before, sizeof before);
    format_seconds(row->after != NULL ? row->after->summary.p10 : NAN, after, sizeof after);
    format_ratio(row, ratio, sizeof ratio);
    buffer_add_text(out, style->is_markdown ? "| " : "  ");
    add(out, style, named->benchmark);
    if (*named->parameters != '\0') {
        buffer_add_byte(out, ' ');
        add(out, style, named->parameters);
    }
    buffer_add_text(out, style->is_markdown ? " | " : "  ");
    add(out, style, named->subject);
    buffer_printf(out, style->is_markdown ? " | %s | %s | %s |\n" : "  %s -> %s  %s\n", before,
                  after, ratio);
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
                      is_one ? "reference" : "A", is_one ? "subject" : "B");
    for (size_t i = 0; i < diff->count; i++)
        add_row(out, style, &diff->rows[i]);
}

/* What protection costs: each benchmark against its reference, and cost against escapes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "results/chart.h"
#include "results/compare.h"
#include "results/page.h"
#include "results/writer.h"

enum {
    NAME_MAX_BYTES = 200,
    RAW_MAX = 60,
    OPEN_MAX = 12,
    ROW_HEIGHT = 27
};

static void put(struct buffer *out, const char *html)
{
    buffer_add_text(out, html);
}

/* Cost against escapes ------------------------------------------------------------------------- */

/* One point per mode: as an ordinary user where that was run. */
static bool is_point(const struct page *page, const struct column *column)
{
    if (column->cost == NULL || tally_applicable(&column->contained) == 0)
        return false;
    if (strcmp(column->sandbox->identity, "user") == 0)
        return true;
    for (size_t i = 0; i < page->column_count; i++) {
        const struct column *other = &page->columns[i];

        if (other != column && other->run == column->run &&
            strcmp(other->sandbox->name, column->sandbox->name) == 0 &&
            strcmp(other->sandbox->identity, "user") == 0 &&
            tally_applicable(&other->contained) > 0)
            return false;
    }
    return true;
}

static size_t kind_of(const struct column *column)
{
    return column->sandbox->mode != NULL ? 0 : 1; /* ours, or somebody else's */
}

static void draw_points(struct chart *chart, const struct page *page)
{
    struct chart_labels labels = {.capacity = page->column_count * 4};

    labels.boxes = calloc(labels.capacity + 1, sizeof *labels.boxes);
    if (labels.boxes == NULL) {
        chart->out->has_failed = true;
        return;
    }
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < page->column_count; i++) {
            const struct column *column = &page->columns[i];
            double x, y;

            if (!is_point(page, column))
                continue;
            x = scale_at(&chart->x, column->cost->ratio.ratio);
            y = scale_at(&chart->y, (double)page_escapes(page, column));
            if (pass == 0) {
                chart_interval(chart, kind_of(column), scale_at(&chart->x, column->cost->ratio.low),
                               y, scale_at(&chart->x, column->cost->ratio.high), y);
                chart_mark(chart, kind_of(column), x, y);
                chart_keep_free(&labels, scale_at(&chart->x, column->cost->ratio.low), y - 2,
                                scale_at(&chart->x, column->cost->ratio.high) -
                                    scale_at(&chart->x, column->cost->ratio.low),
                                4);
                chart_keep_free(&labels, x - 7, y - 7, 14, 14);
            } else {
                chart_label(chart, &labels, x, y, column->sandbox->name);
            }
        }
    }
    free(labels.boxes);
}

static void draw_tradeoff(struct buffer *out, const struct page *page, enum chart_size size)
{
    const struct chart_margins margins = {44, 24, 34, 44};
    struct extent x = {0};
    struct extent y = {0};
    struct chart chart;

    extent_add(&x, 1, true);
    for (size_t i = 0; i < page->column_count; i++) {
        if (!is_point(page, &page->columns[i]))
            continue;
        extent_add(&x, page->columns[i].cost->ratio.low, true);
        extent_add(&x, page->columns[i].cost->ratio.high, true);
        extent_add(&y, (double)page_escapes(page, &page->columns[i]), false);
    }
    chart_begin(&chart, out, size, size == CHART_LARGE ? 400 : 320, &margins,
                "Start-up cost against escapes",
                "One mark per mode. To the left is cheaper, further down fewer escapes got "
                "through. The numbers are in the table below.");
    chart.x = scale_of(&x, false, 4);
    chart.y = scale_of(&y, true, 1e9);
    chart_axis_x(&chart,
                 size == CHART_LARGE ? "start-up time, times that of no sandbox (95 % interval)"
                                     : "start-up time, times bare",
                 format_times);
    chart_axis_y(&chart, "escapes that got through", format_plain);
    draw_points(&chart, page);
    chart_end(&chart);
}

static void add_tradeoff_table(struct buffer *out, const struct page *page)
{
    put(out,
        "<details><summary>The numbers</summary><div class=\"scroll\" tabindex=\"0\" "
        "role=\"region\" aria-label=\"Start-up cost and escapes\"><table class=\"plain\"><thead>"
        "<tr><th scope=\"col\">Mode</th><th scope=\"col\" class=\"num\">Escapes</th><th "
        "scope=\"col\" class=\"num\">of</th><th scope=\"col\" class=\"num\">Cost</th><th "
        "scope=\"col\" class=\"num\">95 % interval</th></tr></thead><tbody>");
    for (size_t i = 0; i < page->column_count; i++) {
        const struct column *column = &page->columns[i];

        if (!is_point(page, column))
            continue;
        put(out, "<tr><th scope=\"row\">");
        html_column_name(out, page, column);
        buffer_printf(out,
                      "</th><td class=\"num\">%zu</td><td class=\"num\">%zu</td><td "
                      "class=\"num\">%.3f</td><td class=\"num\">%.3f \u2013 %.3f</td></tr>",
                      page_escapes(page, column), tally_applicable(&column->contained),
                      column->cost->ratio.ratio, column->cost->ratio.low, column->cost->ratio.high);
    }
    put(out, "</tbody></table></div></details>");
}

void page_tradeoff(struct buffer *out, const struct page *page)
{
    size_t points = 0;

    for (size_t i = 0; i < page->column_count; i++)
        points += is_point(page, &page->columns[i]);
    if (points == 0)
        return;
    put(out, "<section id=\"tradeoff\" aria-labelledby=\"h-tradeoff\"><h2 id=\"h-tradeoff\">Cost "
             "against protection</h2><p class=\"soft\">The lower left corner is where one wants to "
             "be: cheap to start, and nothing gets out. Circles are Holdfast's modes, diamonds "
             "other sandboxes under the same policy.</p><div class=\"chart\">");
    draw_tradeoff(out, page, CHART_LARGE);
    draw_tradeoff(out, page, CHART_NARROW);
    put(out, "</div>");
    add_tradeoff_table(out, page);
    put(out, "</section>\n");
}

/* Benchmarks against their reference -------------------------------------------------------------- */

struct group {
    const struct bench_file *file;
    const struct bench_result *rows[32]; /* sorted by ratio */
    size_t count;
};

static int compare_ratios(const void *a, const void *b)
{
    const struct bench_result *x = *(const struct bench_result *const *)a;
    const struct bench_result *y = *(const struct bench_result *const *)b;

    if (x->ratio.ratio != y->ratio.ratio)
        return x->ratio.ratio < y->ratio.ratio ? -1 : 1;
    return strcmp(x->subject, y->subject);
}

static bool is_same_group(const struct bench_result *a, const struct bench_result *b)
{
    return strcmp(a->benchmark, b->benchmark) == 0 && strcmp(a->parameters, b->parameters) == 0;
}

/* The group that begins with result `at`; false if an earlier result has begun it. */
static bool collect_group(struct group *group, const struct bench_file *file, size_t at)
{
    *group = (struct group){.file = file};
    for (size_t i = 0; i < file->result_count; i++) {
        const struct bench_result *result = &file->results[i];

        if (!result->has_ratio || !is_same_group(result, &file->results[at]))
            continue;
        if (i < at)
            return false;
        if (group->count < sizeof group->rows / sizeof group->rows[0])
            group->rows[group->count++] = result;
    }
    qsort(group->rows, group->count, sizeof group->rows[0], compare_ratios);
    return group->count > 0;
}

static size_t kind_of_result(const struct page *page, const struct bench_result *result)
{
    if (result->is_control)
        return 6;
    for (size_t i = 0; i < page->column_count; i++) {
        if (strcmp(page->columns[i].sandbox->name, result->subject) == 0)
            return kind_of(&page->columns[i]);
    }
    /* Not in the matrix: our modes are named after their system. */
    return strncmp(result->subject, "linux-", 6) == 0 || strncmp(result->subject, "wsl-", 4) == 0 ||
                   strncmp(result->subject, "windows-", 8) == 0
               ? 0
               : 1;
}

/* Single runs as a faint strip, so that the spread can be seen. */
static void draw_raw(struct chart *chart, const struct group *group,
                     const struct bench_result *result, double y)
{
    const struct bench_result *reference = bench_reference_of(group->file, result);
    size_t step = result->time_count / RAW_MAX + 1;

    if (reference == NULL || !(reference->summary.p10 > 0))
        return;
    buffer_add_text(chart->out, "<path class=\"raw\" d=\"");
    for (size_t i = 0; i < result->time_count; i += step) {
        double x = scale_at(&chart->x, result->times[i] / reference->summary.p10);

        if (isfinite(x) && x >= chart->left && x <= chart->right)
            buffer_printf(chart->out, "M%.1f %.1fh1v8h-1z", x, y - 4);
    }
    buffer_add_text(chart->out, "\"/>");
}

static void draw_row(struct chart *chart, const struct page *page, const struct group *group,
                     size_t at)
{
    const struct bench_result *result = group->rows[at];
    size_t kind = kind_of_result(page, result);
    double y = chart->top + ROW_HEIGHT * ((double)at + 0.5);
    char words[64];
    char ratio[16], low[16], high[16];

    draw_raw(chart, group, result, y);
    chart_interval(chart, kind, scale_at(&chart->x, result->ratio.low), y,
                   scale_at(&chart->x, result->ratio.high), y);
    chart_mark(chart, kind, scale_at(&chart->x, result->ratio.ratio), y);
    chart_text_within(chart, chart->left - 8, y + 4, chart->left - 8, result->subject);
    format_three(result->ratio.ratio, ratio, sizeof ratio);
    format_three(result->ratio.low, low, sizeof low);
    format_three(result->ratio.high, high, sizeof high);
    (void)snprintf(words, sizeof words, "%s [%s, %s]", ratio, low, high);
    if (chart->size == CHART_WIDE)
        chart_text(chart, chart->width, y + 4, "end", "soft", words);
}

static double room_for_names(const struct group *group, double most)
{
    double room = 100;

    for (size_t i = 0; i < group->count; i++) {
        double width = chart_text_width(group->rows[i]->subject) + 16;

        if (width > room)
            room = width;
    }
    return room < most ? room : most;
}

static void draw_group(struct buffer *out, const struct page *page, const struct group *group,
                       enum chart_size size)
{
    const struct chart_margins wide = {room_for_names(group, 180), 138, 8, 44};
    const struct chart_margins narrow = {room_for_names(group, 128), 14, 8, 44};
    struct extent extent = {0};
    struct chart chart;
    double one;

    extent_add(&extent, 1, true);
    for (size_t i = 0; i < group->count; i++) {
        extent_add(&extent, group->rows[i]->ratio.low, true);
        extent_add(&extent, group->rows[i]->ratio.high, true);
    }
    chart_begin(&chart, out, size, (double)group->count * ROW_HEIGHT + 52,
                size == CHART_WIDE ? &wide : &narrow, group->rows[0]->benchmark,
                "One row per sandbox: the ratio of tenth percentiles against the reference with "
                "its 95 percent interval, and single runs as a strip. The numbers are in the table "
                "below.");
    chart.x = scale_of(&extent, false, 4);
    chart_axis_x(&chart, size == CHART_WIDE ? "times the reference" : "times reference",
                 format_times);
    one = scale_at(&chart.x, 1);
    buffer_printf(out, "<line class=\"one\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>", one,
                  chart.top, one, chart.bottom);
    for (size_t i = 0; i < group->count; i++)
        draw_row(&chart, page, group, i);
    chart_end(&chart);
}

static void add_group_row(struct buffer *out, const struct bench_result *result)
{
    char p10[32];
    char median[32];
    char p90[32];

    format_seconds(result->summary.p10, p10, sizeof p10);
    format_seconds(result->summary.median, median, sizeof median);
    format_seconds(result->summary.p90, p90, sizeof p90);
    put(out, "<tr><th scope=\"row\">");
    html_text(out, result->subject, NAME_MAX_BYTES);
    buffer_printf(out, "%s</th>", result->is_control ? " <span class=\"soft\">(A/A)</span>" : "");
    if (result->has_ratio)
        buffer_printf(out, "<td class=\"num\">%.3f</td><td class=\"num\">%.3f \u2013 %.3f</td>",
                      result->ratio.ratio, result->ratio.low, result->ratio.high);
    else
        put(out, "<td class=\"num\">reference</td><td></td>");
    buffer_printf(out,
                  "<td class=\"num\">%s</td><td class=\"num\">%s</td><td class=\"num\">%s</td><td "
                  "class=\"num\">%zu</td></tr>",
                  p10, median, p90, result->time_count);
}

static void add_group_table(struct buffer *out, const struct group *group)
{
    const struct bench_result *reference = bench_reference_of(group->file, group->rows[0]);

    put(out, "<details><summary>The numbers</summary><div class=\"scroll\" tabindex=\"0\" "
             "role=\"region\" aria-label=\"");
    html_text(out, group->rows[0]->benchmark, NAME_MAX_BYTES);
    put(out, "\"><table class=\"plain\"><thead><tr><th scope=\"col\">Subject</th><th scope=\"col\" "
             "class=\"num\">Ratio</th><th scope=\"col\" class=\"num\">95 % interval</th><th "
             "scope=\"col\" class=\"num\">p10</th><th scope=\"col\" class=\"num\">median</th><th "
             "scope=\"col\" class=\"num\">p90</th><th scope=\"col\" class=\"num\">runs</th></tr>"
             "</thead><tbody>");
    if (reference != NULL)
        add_group_row(out, reference);
    for (size_t i = 0; i < group->count; i++)
        add_group_row(out, group->rows[i]);
    put(out, "</tbody></table></div></details>");
}

static void add_group(struct buffer *out, const struct page *page, const struct group *group)
{
    put(out, "<div><h3>");
    html_text(out, group->rows[0]->benchmark, NAME_MAX_BYTES);
    if (*group->rows[0]->parameters != '\0') {
        put(out, " <span class=\"soft\">");
        html_text(out, group->rows[0]->parameters, NAME_MAX_BYTES);
        put(out, "</span>");
    }
    if (group->rows[0]->reference != NULL) {
        put(out, " <span class=\"soft small\">against ");
        html_text(out, group->rows[0]->reference, NAME_MAX_BYTES);
        put(out, "</span>");
    }
    put(out, "</h3><div class=\"chart\">");
    draw_group(out, page, group, CHART_WIDE);
    draw_group(out, page, group, CHART_NARROW);
    put(out, "</div>");
    add_group_table(out, group);
    put(out, "</div>\n");
}

/* Charts of one benchmark for several parameters are below their growth in interest: they are folded
 * where there are many. */
static size_t count_groups(const struct page *page)
{
    size_t count = 0;

    for (size_t i = 0; i < page->input_count; i++) {
        const struct bench_file *file = &page->inputs[i].bench;
        struct group group;

        for (size_t k = 0; k < file->result_count; k++)
            count += file->results[k].has_ratio && collect_group(&group, file, k);
    }
    return count;
}

static bool is_first_with_parameters(const struct bench_file *file, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (file->results[i].has_ratio && *file->results[i].parameters != '\0' &&
            strcmp(file->results[i].benchmark, file->results[at].benchmark) == 0)
            return false;
    }
    return *file->results[at].parameters != '\0';
}

/* All groups without parameters (NULL), or those of one benchmark with them. */
static size_t add_groups(struct buffer *out, const struct page *page, const struct bench_file *file,
                         const char *benchmark)
{
    size_t count = 0;

    for (size_t i = 0; i < file->result_count; i++) {
        const struct bench_result *result = &file->results[i];
        struct group group;

        if (!result->has_ratio || (*result->parameters == '\0') != (benchmark == NULL) ||
            (benchmark != NULL && strcmp(benchmark, result->benchmark) != 0) ||
            !collect_group(&group, file, i))
            continue;
        if (count++ == 0)
            put(out, "<div class=\"charts\">\n");
        add_group(out, page, &group);
    }
    if (count > 0)
        put(out, "</div>\n");
    return count;
}

static void add_with_parameters(struct buffer *out, const struct page *page,
                                const struct bench_file *file, bool is_open)
{
    for (size_t i = 0; i < file->result_count; i++) {
        const struct bench_result *result = &file->results[i];

        if (!result->has_ratio || !is_first_with_parameters(file, i))
            continue;
        buffer_printf(out, "<details class=\"more\"%s><summary>", is_open ? " open" : "");
        html_text(out, result->benchmark, NAME_MAX_BYTES);
        put(out, ", for each parameter</summary>");
        (void)add_groups(out, page, file, result->benchmark);
        put(out, "</details>\n");
    }
}

static void add_skipped(struct buffer *out, const struct bench_file *file)
{
    if (file->skipped_count == 0)
        return;
    buffer_printf(out, "<details class=\"more\"><summary>%zu not measured</summary><ul>",
                  file->skipped_count);
    for (size_t i = 0; i < file->skipped_count; i++) {
        put(out, "<li class=\"text\">");
        html_text(out, file->skipped[i], 2 * NAME_MAX_BYTES);
        put(out, "</li>");
    }
    put(out, "</ul></details>\n");
}

void page_cost(struct buffer *out, const struct page *page)
{
    size_t groups = count_groups(page);

    if (groups == 0)
        return;
    put(out,
        "<section id=\"cost\" aria-labelledby=\"h-cost\"><h2 id=\"h-cost\">Benchmarks against "
        "their reference</h2><p class=\"soft\">Runs of one chart were interleaved. The mark is "
        "the ratio of tenth percentiles, the bar its 95 % interval, the faint strip single "
        "runs. A grey mark is the reference measured against itself: it should sit on the "
        "dashed line.</p>");
    for (size_t i = 0; i < page->input_count; i++) {
        (void)add_groups(out, page, &page->inputs[i].bench, NULL);
        add_with_parameters(out, page, &page->inputs[i].bench, groups <= OPEN_MAX);
        add_skipped(out, &page->inputs[i].bench);
    }
    put(out, "</section>\n");
}

/* Benchmarks over a parameter: how cost grows with roots, files or parallel sandboxes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "results/chart.h"
#include "results/compare.h"
#include "results/page.h"

enum {
    NAME_MAX_BYTES = 200,
    POINTS_MAX = 24,
    SERIES_MAX = 12,
    TICKS_MAX = 7, /* with more values the axis chooses its own */
    CHARTS_MAX = 24,
    TEXT_MAX = 128
};

static void put(struct buffer *out, const char *html)
{
    buffer_add_text(out, html);
}

/* "files=10 roots=100" looked at from one of its names. */
struct view {
    char name[TEXT_MAX];   /* "roots" */
    double value;          /* 100 */
    char others[TEXT_MAX]; /* "files=10" */
};

/* The nth name of the parameters; false: there is none, or its value is not a number above 0. */
static bool view_of(const char *parameters, size_t n, struct view *view)
{
    const char *at = parameters;
    size_t index = 0;
    bool is_number = false;

    *view = (struct view){0};
    while (*at != '\0') {
        size_t length = strcspn(at, " ");
        size_t used = strlen(view->others);
        const char *equals = memchr(at, '=', length);

        if (index++ == n && equals != NULL && (size_t)(equals - at) < TEXT_MAX) {
            char *end;

            memcpy(view->name, at, (size_t)(equals - at));
            view->value = strtod(equals + 1, &end);
            is_number = end == at + length && view->value > 0 && isfinite(view->value);
        } else if (used + length + 2 < TEXT_MAX) {
            (void)snprintf(view->others + used, TEXT_MAX - used, "%s%.*s", used > 0 ? " " : "",
                           (int)length, at);
        }
        at += length;
        at += strspn(at, " ");
    }
    return is_number;
}

struct growth_point {
    double value;
    const struct bench_result *result;
    struct stats_ratio p10; /* with its interval, in seconds */
};

struct growth_series {
    const char *subject;
    struct growth_point points[POINTS_MAX]; /* by value */
    size_t count;
};

struct growth {
    const char *benchmark;
    struct view view;
    struct growth_series series[SERIES_MAX];
    size_t count;
};

/* The p10 of one arm with its interval: the ratio to an arm of ones. */
static bool bound_p10(const struct bench_result *result, struct stats_ratio *p10)
{
    AUTO_FREE double *ones = malloc((result->time_count + 1) * sizeof *ones);
    struct stats_arms arms = {.candidate = result->times,
                              .reference = ones,
                              .blocks = result->time_count / result->per_block,
                              .per_block = result->per_block};
    struct error ignored;

    if (ones == NULL)
        return false;
    for (size_t i = 0; i < result->time_count; i++)
        ones[i] = 1;
    return stats_ratio(&arms, &stats_report_how, p10, &ignored) == 0;
}

static int compare_points(const void *a, const void *b)
{
    double x = ((const struct growth_point *)a)->value;
    double y = ((const struct growth_point *)b)->value;

    return x < y ? -1 : x > y;
}

static struct growth_series *series_of(struct growth *growth, const char *subject)
{
    for (size_t i = 0; i < growth->count; i++) {
        if (strcmp(growth->series[i].subject, subject) == 0)
            return &growth->series[i];
    }
    if (growth->count == SERIES_MAX)
        return NULL;
    growth->series[growth->count] = (struct growth_series){.subject = subject};
    return &growth->series[growth->count++];
}

static bool belongs(const struct growth *growth, const struct bench_result *result,
                    struct view *view)
{
    if (strcmp(result->benchmark, growth->benchmark) != 0 || result->is_control)
        return false;
    for (size_t n = 0; n < 8; n++) {
        if (view_of(result->parameters, n, view) && strcmp(view->name, growth->view.name) == 0 &&
            strcmp(view->others, growth->view.others) == 0)
            return true;
    }
    return false;
}

static void add_point(struct growth *growth, const struct bench_result *result, double value)
{
    struct growth_series *series = series_of(growth, result->subject);
    struct growth_point point = {.value = value, .result = result};

    if (series != NULL && series->count < POINTS_MAX && bound_p10(result, &point.p10))
        series->points[series->count++] = point;
}

/* All series of the chart that result `at` begins when looked at from its nth parameter. false:
 * an earlier result has begun it, or nothing grows in it. */
static bool collect(struct growth *growth, const struct bench_file *file, size_t at, size_t n)
{
    bool grows = false;

    *growth = (struct growth){.benchmark = file->results[at].benchmark};
    if (!view_of(file->results[at].parameters, n, &growth->view))
        return false;
    for (size_t i = 0; i < at; i++) {
        struct view view;

        if (belongs(growth, &file->results[i], &view))
            return false;
    }
    for (size_t i = at; i < file->result_count; i++) {
        struct view view;

        if (belongs(growth, &file->results[i], &view))
            add_point(growth, &file->results[i], view.value);
    }
    for (size_t i = 0; i < growth->count; i++) {
        qsort(growth->series[i].points, growth->series[i].count, sizeof(struct growth_point),
              compare_points);
        grows |= growth->series[i].count >= 3;
    }
    return grows;
}

static void format_time_tick(double value, char *out, size_t out_size)
{
    if (value < 1e-3)
        (void)snprintf(out, out_size, "%.4g \u00b5s", value * 1e6);
    else if (value < 1)
        (void)snprintf(out, out_size, "%.4g ms", value * 1e3);
    else
        (void)snprintf(out, out_size, "%.4g s", value);
}

static void draw_series(struct chart *chart, const struct growth_series *series, size_t kind,
                        struct chart_labels *labels)
{
    double x[POINTS_MAX];
    double y[POINTS_MAX];

    for (size_t i = 0; i < series->count; i++) {
        x[i] = scale_at(&chart->x, series->points[i].value);
        y[i] = scale_at(&chart->y, series->points[i].p10.ratio);
        chart_interval(chart, kind, x[i], scale_at(&chart->y, series->points[i].p10.low), x[i],
                       scale_at(&chart->y, series->points[i].p10.high));
    }
    chart_line(chart, kind, x, y, series->count);
    for (size_t i = 0; i < series->count; i++) {
        chart_mark(chart, kind, x[i], y[i]);
        chart_keep_free(labels, x[i] - 6, y[i] - 6, 12, 12);
    }
}

static void draw_labels(struct chart *chart, const struct growth *growth,
                        struct chart_labels *labels)
{
    for (size_t i = 0; i < growth->count; i++) {
        const struct growth_series *series = &growth->series[i];
        const struct growth_point *last = &series->points[series->count - 1];

        if (series->count > 0)
            chart_label(chart, labels, scale_at(&chart->x, last->value),
                        scale_at(&chart->y, last->p10.ratio), series->subject);
    }
}

/* The values that were measured, ascending; 0: too many to write all. */
static size_t list_values(const struct growth *growth, double *values)
{
    size_t count = 0;

    for (size_t i = 0; i < growth->count; i++) {
        for (size_t k = 0; k < growth->series[i].count; k++) {
            double value = growth->series[i].points[k].value;
            size_t at = 0;

            while (at < count && values[at] < value)
                at++;
            if (at < count && values[at] <= value)
                continue;
            if (count == TICKS_MAX)
                return 0;
            memmove(values + at + 1, values + at, (count - at) * sizeof *values);
            values[at] = value;
            count++;
        }
    }
    return count;
}

static void draw_all(struct chart *chart, const struct page *page, const struct growth *growth,
                     struct chart_labels *labels)
{
    const char *names[SERIES_MAX];
    size_t kinds[SERIES_MAX];

    for (size_t i = 0; i < growth->count; i++)
        names[i] = growth->series[i].subject;
    page_kinds(page, names, growth->count, kinds);
    for (size_t i = 0; i < growth->count; i++)
        draw_series(chart, &growth->series[i], kinds[i], labels);
    draw_labels(chart, growth, labels);
}

static void draw_growth(struct buffer *out, const struct page *page, const struct growth *growth,
                        enum chart_size size)
{
    const struct chart_margins margins = {62, size == CHART_WIDE ? 122 : 20, 34, 44};
    struct chart_box boxes[SERIES_MAX * (POINTS_MAX + 1)];
    struct chart_labels labels = {.boxes = boxes,
                                  .capacity = SERIES_MAX * (POINTS_MAX + 1),
                                  .prefers_right = size == CHART_WIDE};
    struct extent x = {0};
    struct extent y = {0};
    struct chart chart;
    double values[TICKS_MAX];
    size_t value_count = list_values(growth, values);

    for (size_t i = 0; i < growth->count; i++) {
        for (size_t k = 0; k < growth->series[i].count; k++) {
            extent_add(&x, growth->series[i].points[k].value, true);
            extent_add(&y, growth->series[i].points[k].p10.low, true);
            extent_add(&y, growth->series[i].points[k].p10.high, true);
        }
    }
    chart_begin(&chart, out, size, 300, &margins, growth->benchmark,
                "One line per sandbox: the tenth percentile of run times with its 95 percent "
                "interval over the parameter. The numbers are in the table below.");
    chart.x = scale_of(&x, false, 8);
    chart.y = scale_of(&y, false, 8);
    if (value_count > 0)
        chart_axis_x_at(&chart, growth->view.name, format_plain, values, value_count);
    else
        chart_axis_x(&chart, growth->view.name, format_plain);
    chart_axis_y(&chart, "tenth percentile of run times", format_time_tick);
    draw_all(&chart, page, growth, &labels);
    chart_end(&chart);
}

static void add_table(struct buffer *out, const struct growth *growth)
{
    put(out, "<details><summary>The numbers</summary><div class=\"scroll\" tabindex=\"0\" "
             "role=\"region\" aria-label=\"");
    html_text(out, growth->benchmark, NAME_MAX_BYTES);
    put(out, "\"><table class=\"plain\"><thead><tr><th scope=\"col\">Subject</th><th scope=\"col\" "
             "class=\"num\">");
    html_text(out, growth->view.name, NAME_MAX_BYTES);
    put(out, "</th><th scope=\"col\" class=\"num\">p10</th><th scope=\"col\" class=\"num\">95 % "
             "interval</th><th scope=\"col\" class=\"num\">runs</th></tr></thead><tbody>");
    for (size_t i = 0; i < growth->count; i++) {
        for (size_t k = 0; k < growth->series[i].count; k++) {
            const struct growth_point *point = &growth->series[i].points[k];
            char p10[32], low[32], high[32];

            format_seconds(point->p10.ratio, p10, sizeof p10);
            format_seconds(point->p10.low, low, sizeof low);
            format_seconds(point->p10.high, high, sizeof high);
            put(out, "<tr><th scope=\"row\">");
            html_text(out, growth->series[i].subject, NAME_MAX_BYTES);
            buffer_printf(out,
                          "</th><td class=\"num\">%.6g</td><td class=\"num\">%s</td><td "
                          "class=\"num\">%s \u2013 %s</td><td class=\"num\">%zu</td></tr>",
                          point->value, p10, low, high, point->result->time_count);
        }
    }
    put(out, "</tbody></table></div></details>");
}

static void add_growth(struct buffer *out, const struct page *page, const struct growth *growth)
{
    put(out, "<div><h3>");
    html_text(out, growth->benchmark, NAME_MAX_BYTES);
    put(out, " <span class=\"soft\">by ");
    html_text(out, growth->view.name, NAME_MAX_BYTES);
    if (growth->view.others[0] != '\0') {
        put(out, ", ");
        html_text(out, growth->view.others, NAME_MAX_BYTES);
    }
    put(out, "</span></h3><div class=\"chart\">");
    draw_growth(out, page, growth, CHART_WIDE);
    draw_growth(out, page, growth, CHART_NARROW);
    put(out, "</div>");
    add_table(out, growth);
    put(out, "</div>\n");
}

static size_t add_file(struct buffer *out, const struct page *page, const struct bench_file *file,
                       size_t charts)
{
    for (size_t at = 0; at < file->result_count; at++) {
        for (size_t n = 0; n < 8; n++) {
            struct growth growth;

            if (charts == CHARTS_MAX || !collect(&growth, file, at, n))
                continue;
            if (charts++ == 0)
                put(out, "<section id=\"growth\" aria-labelledby=\"h-growth\"><h2 "
                         "id=\"h-growth\">How cost grows</h2><p class=\"soft\">Tenth percentile of "
                         "run times with its 95 % interval; both axes are logarithmic where the "
                         "range asks for it.</p><div class=\"charts\">\n");
            add_growth(out, page, &growth);
        }
    }
    return charts;
}

void page_growth(struct buffer *out, const struct page *page)
{
    size_t charts = 0;

    for (size_t i = 0; i < page->input_count; i++)
        charts = add_file(out, page, &page->inputs[i].bench, charts);
    if (charts > 0)
        put(out, "</div></section>\n");
}

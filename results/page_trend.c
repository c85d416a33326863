/* Published runs over time. Advisory: nothing gates on it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "results/chart.h"
#include "results/page.h"

enum {
    NAME_MAX_BYTES = 200,
    LINES_MAX = 12,
    LABELS_MAX = 64,
    CHANGES_MAX = 60
};

static void put(struct buffer *out, const char *html)
{
    buffer_add_text(out, html);
}

static size_t place_of(const struct trend *trend, const char *folder)
{
    size_t at = 0;

    while (at < trend->folder_count && strcmp(trend->folders[at], folder) != 0)
        at++;
    return at;
}

/* The axis counts runs; its ends are named by their dates. */
static void add_time_axis(struct chart *chart, const struct trend *trend)
{
    const char *first = trend->folders[0];
    const char *last = trend->folders[trend->folder_count - 1];
    char text[11];

    chart->x = (struct scale){.low = 0,
                              .high = trend->folder_count > 1 ? (double)trend->folder_count - 1 : 1,
                              .from = chart->left,
                              .to = chart->right};
    (void)snprintf(text, sizeof text, "%.10s", first);
    chart_text(chart, chart->left, chart->bottom + 18, "start", "soft", text);
    (void)snprintf(text, sizeof text, "%.10s", last);
    if (trend->folder_count > 1)
        chart_text(chart, chart->right, chart->bottom + 18, "end", "soft", text);
}

/* A hollow ring where a new level begins. */
static void add_ring(struct chart *chart, double x, double y)
{
    buffer_printf(chart->out, "<circle class=\"change\" cx=\"%.1f\" cy=\"%.1f\" r=\"5.5\"/>", x, y);
}

static bool is_shown(const struct trend_line *line)
{
    return line->count > 0;
}

struct escapes_chart {
    struct chart chart;
    struct chart_labels labels;
    struct chart_box boxes[LABELS_MAX];
};

static void draw_line(struct escapes_chart *e, const struct trend *trend,
                      const struct trend_line *line, size_t kind)
{
    AUTO_FREE double *x = calloc(line->count + 1, sizeof *x);
    AUTO_FREE double *y = calloc(line->count + 1, sizeof *y);

    if (x == NULL || y == NULL) {
        e->chart.out->has_failed = true;
        return;
    }
    for (size_t i = 0; i < line->count; i++) {
        x[i] = scale_at(&e->chart.x, (double)place_of(trend, line->points[i].folder));
        y[i] = scale_at(&e->chart.y, (double)line->points[i].escapes);
    }
    chart_line(&e->chart, kind, x, y, line->count);
    for (size_t i = 1; i < line->count; i++) {
        if (line->points[i].escapes != line->points[i - 1].escapes)
            add_ring(&e->chart, x[i], y[i]);
    }
    chart_mark(&e->chart, kind, x[line->count - 1], y[line->count - 1]);
}

static void label_line(struct escapes_chart *e, const struct trend *trend,
                       const struct trend_line *line)
{
    const struct trend_point *last = &line->points[line->count - 1];

    chart_label(&e->chart, &e->labels, scale_at(&e->chart.x, (double)place_of(trend, last->folder)),
                scale_at(&e->chart.y, (double)last->escapes), line->sandbox);
}

static void draw_escapes(struct buffer *out, const struct page *page, const char *identity,
                         enum chart_size size)
{
    const struct trend *trend = page->trend;
    const struct chart_margins margins = {40, size == CHART_WIDE ? 120 : 14, 34, 30};
    struct escapes_chart e = {.labels = {.capacity = LABELS_MAX, .prefers_right = true}};
    struct extent extent = {0};
    const struct trend_line *lines[LINES_MAX];
    const char *names[LINES_MAX];
    size_t kinds[LINES_MAX];
    size_t count = 0;

    e.labels.boxes = e.boxes;
    for (size_t i = 0; i < trend->line_count; i++) {
        for (size_t k = 0; k < trend->lines[i].count; k++) {
            if (strcmp(trend->lines[i].identity, identity) == 0)
                extent_add(&extent, (double)trend->lines[i].points[k].escapes, false);
        }
    }
    chart_begin(&e.chart, out, size, 280, &margins, "Escapes over time",
                "One line per sandbox: how many escapes got through in each published run. Rings "
                "mark a changed number; the list below names the cases.");
    e.chart.y = scale_of(&extent, true, 1e9);
    chart_axis_y(&e.chart, "escapes that got through", format_plain);
    add_time_axis(&e.chart, trend);
    for (size_t i = 0; i < trend->line_count && count < LINES_MAX; i++) {
        if (is_shown(&trend->lines[i]) && strcmp(trend->lines[i].identity, identity) == 0) {
            names[count] = trend->lines[i].sandbox;
            lines[count++] = &trend->lines[i];
        }
    }
    page_kinds(page, names, count, kinds);
    for (size_t i = 0; i < count; i++)
        draw_line(&e, trend, lines[i], kinds[i]);
    for (size_t i = 0; i < count; i++)
        label_line(&e, trend, lines[i]);
    chart_end(&e.chart);
}

static bool has_identity(const struct trend *trend, const char *identity)
{
    for (size_t i = 0; i < trend->line_count; i++) {
        if (strcmp(trend->lines[i].identity, identity) == 0 && trend->lines[i].count > 0)
            return true;
    }
    return false;
}

/* Benchmarks ------------------------------------------------------------------------------------ */

static void draw_cost(struct chart *chart, const struct trend *trend, const struct trend_cost *cost,
                      size_t kind)
{
    AUTO_FREE double *x = calloc(cost->count + 1, sizeof *x);
    AUTO_FREE double *y = calloc(cost->count + 1, sizeof *y);

    if (x == NULL || y == NULL) {
        chart->out->has_failed = true;
        return;
    }
    for (size_t i = 0; i < cost->count; i++) {
        x[i] = scale_at(&chart->x, (double)place_of(trend, cost->points[i].folder));
        y[i] = scale_at(&chart->y, cost->points[i].ratio.ratio);
        chart_interval(chart, kind, x[i], scale_at(&chart->y, cost->points[i].ratio.low), x[i],
                       scale_at(&chart->y, cost->points[i].ratio.high));
    }
    chart_line(chart, kind, x, y, cost->count);
    for (size_t i = 0; i < cost->count; i++) {
        if (cost->is_change[i])
            add_ring(chart, x[i], y[i]);
    }
    chart_mark(chart, kind, x[cost->count - 1], y[cost->count - 1]);
}

static bool is_of(const struct trend_cost *cost, const struct trend_cost *first)
{
    return strcmp(cost->benchmark, first->benchmark) == 0 &&
           strcmp(cost->parameters, first->parameters) == 0 && cost->count > 0;
}

static void draw_costs(struct buffer *out, const struct page *page, const struct trend_cost *first,
                       enum chart_size size)
{
    const struct trend *trend = page->trend;
    const struct chart_margins margins = {48, size == CHART_WIDE ? 120 : 14, 34, 30};
    struct chart_box boxes[LABELS_MAX];
    struct chart_labels labels = {
        .boxes = boxes, .capacity = LABELS_MAX, .prefers_right = size == CHART_WIDE};
    struct extent extent = {0};
    struct chart chart;
    const struct trend_cost *costs[LINES_MAX];
    const char *names[LINES_MAX];
    size_t kinds[LINES_MAX];
    size_t count = 0;

    for (size_t i = 0; i < trend->cost_count; i++) {
        for (size_t k = 0; k < trend->costs[i].count && is_of(&trend->costs[i], first); k++) {
            extent_add(&extent, trend->costs[i].points[k].ratio.low, true);
            extent_add(&extent, trend->costs[i].points[k].ratio.high, true);
        }
    }
    chart_begin(
        &chart, out, size, 280, &margins, first->benchmark,
        "One line per sandbox: the ratio against the reference of the same day, with its 95 "
        "percent interval. Rings mark where a test guesses that a new level began.");
    chart.y = scale_of(&extent, false, 4);
    chart_axis_y(&chart, "times the reference of the day", format_times);
    add_time_axis(&chart, trend);
    for (size_t i = 0; i < trend->cost_count && count < LINES_MAX; i++) {
        if (is_of(&trend->costs[i], first)) {
            names[count] = trend->costs[i].subject;
            costs[count++] = &trend->costs[i];
        }
    }
    page_kinds(page, names, count, kinds);
    for (size_t i = 0; i < count; i++)
        draw_cost(&chart, trend, costs[i], kinds[i]);
    for (size_t i = 0; i < count; i++) {
        const struct trend_cost_point *last = &costs[i]->points[costs[i]->count - 1];

        chart_label(&chart, &labels, scale_at(&chart.x, (double)place_of(trend, last->folder)),
                    scale_at(&chart.y, last->ratio.ratio), costs[i]->subject);
    }
    chart_end(&chart);
}

static bool is_first_of(const struct trend *trend, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (is_of(&trend->costs[i], &trend->costs[at]))
            return false;
    }
    return trend->costs[at].count > 1;
}

static void add_costs(struct buffer *out, const struct page *page)
{
    const struct trend *trend = page->trend;
    size_t charts = 0;

    for (size_t i = 0; i < trend->cost_count && charts < 6; i++) {
        if (!is_first_of(trend, i))
            continue;
        charts++;
        put(out, "<div><h3>");
        html_text(out, trend->costs[i].benchmark, NAME_MAX_BYTES);
        put(out, " <span class=\"soft\">");
        html_text(out, trend->costs[i].parameters, NAME_MAX_BYTES);
        put(out, "</span></h3><div class=\"chart\">");
        draw_costs(out, page, &trend->costs[i], CHART_WIDE);
        draw_costs(out, page, &trend->costs[i], CHART_NARROW);
        put(out, "</div></div>\n");
    }
}

/* The list of changes ----------------------------------------------------------------------------- */

static void add_change(struct buffer *out, const struct trend_line *line,
                       const struct trend_point *point, const struct trend_point *before)
{
    put(out, "<tr><td>");
    html_text(out, point->folder, NAME_MAX_BYTES);
    put(out, "</td><th scope=\"row\">");
    html_text(out, line->sandbox, NAME_MAX_BYTES);
    put(out, " (");
    html_text(out, line->identity, NAME_MAX_BYTES);
    buffer_printf(out, ")</th><td class=\"num\">%zu \u2192 %zu</td><td>", before->escapes,
                  point->escapes);
    for (size_t i = 0; i < point->name_count; i++) {
        put(out, i > 0 ? ", " : "");
        html_text(out, point->names[i], NAME_MAX_BYTES);
    }
    if (point->changed > point->name_count)
        buffer_printf(out, " and %zu more", point->changed - point->name_count);
    put(out, "</td></tr>\n");
}

static void add_changes(struct buffer *out, const struct trend *trend)
{
    size_t shown = 0;

    /* Newest first: that is what one comes for. */
    for (size_t day = trend->folder_count; day-- > 0 && shown < CHANGES_MAX;) {
        for (size_t i = 0; i < trend->line_count; i++) {
            const struct trend_line *line = &trend->lines[i];

            for (size_t k = 1; k < line->count; k++) {
                if (strcmp(line->points[k].folder, trend->folders[day]) != 0 ||
                    line->points[k].changed == 0)
                    continue;
                if (shown++ == 0)
                    put(out,
                        "<h3>What changed when</h3><div class=\"scroll\" tabindex=\"0\" "
                        "role=\"region\" aria-label=\"What changed when\"><table "
                        "class=\"plain\"><thead><tr><th scope=\"col\">Run</th><th "
                        "scope=\"col\">Mode</th><th scope=\"col\" class=\"num\">Escapes</th><th "
                        "scope=\"col\">Cases</th></tr></thead><tbody>\n");
                add_change(out, line, &line->points[k], &line->points[k - 1]);
            }
        }
    }
    put(out, shown > 0 ? "</tbody></table></div>\n" : "<p>No verdict has changed.</p>\n");
}

void page_trend(struct buffer *out, const struct page *page)
{
    static const char *const identities[] = {"user", "root"};
    const struct trend *trend = page->trend;

    if (trend == NULL || trend->folder_count == 0)
        return;
    buffer_printf(
        out,
        "<section id=\"trend\" aria-labelledby=\"h-trend\"><h2 id=\"h-trend\">Published "
        "runs over time</h2><p class=\"soft\">%zu runs. Advisory: they come from different "
        "days, so that nothing is judged by them. A changed number of escapes is a fact; "
        "a new level of a benchmark is the guess of a permutation test at 1 %%.</p>",
        trend->folder_count);
    for (size_t i = 0; i < trend->unreadable_count; i++) {
        put(out, "<p class=\"note\">Left out: ");
        html_text(out, trend->unreadable[i], 2 * NAME_MAX_BYTES);
        put(out, "</p>");
    }
    put(out, "<div class=\"charts\">\n");
    for (size_t i = 0; i < ARRAY_SIZE(identities); i++) {
        if (!has_identity(trend, identities[i]))
            continue;
        buffer_printf(out, "<div><h3>Escapes, as %s</h3><div class=\"chart\">", identities[i]);
        draw_escapes(out, page, identities[i], CHART_WIDE);
        draw_escapes(out, page, identities[i], CHART_NARROW);
        put(out, "</div></div>\n");
    }
    add_costs(out, page);
    put(out, "</div>\n");
    add_changes(out, trend);
    put(out, "</section>\n");
}

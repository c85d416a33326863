/* The first thing a reader sees: one row per mode, its two scores, its cost, and its areas. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "results/page.h"
#include "results/writer.h"

enum {
    NAME_MAX_BYTES = 200,
    BAR_WIDTH = 120
};

static void put(struct buffer *out, const char *html)
{
    buffer_add_text(out, html);
}

struct segment {
    const char *fill;  /* class */
    const char *hatch; /* id of a pattern over it; NULL: none */
    size_t count;
};

/* To scale; the words beside it say the same. */
static void add_bar(struct buffer *out, const struct segment *segments, size_t count, size_t total)
{
    double x = 0;

    buffer_printf(out,
                  "<svg class=\"bar\" viewBox=\"0 0 %d 9\" preserveAspectRatio=\"none\" "
                  "aria-hidden=\"true\"><rect class=\"f-track\" width=\"%d\" height=\"9\"/>",
                  BAR_WIDTH, BAR_WIDTH);
    for (size_t i = 0; i < count && total > 0; i++) {
        double width = (double)segments[i].count / (double)total * BAR_WIDTH;

        if (segments[i].count == 0)
            continue;
        if (width < 2)
            width = 2; /* one escape in four hundred must not be invisible */
        if (x + width > BAR_WIDTH)
            x = BAR_WIDTH - width;
        buffer_printf(out, "<rect class=\"%s\" x=\"%.1f\" width=\"%.1f\" height=\"9\"/>",
                      segments[i].fill, x, width);
        if (segments[i].hatch != NULL)
            buffer_printf(out, "<rect fill=\"url(#%s)\" x=\"%.1f\" width=\"%.1f\" height=\"9\"/>",
                          segments[i].hatch, x, width);
        x += width;
    }
    put(out, "</svg>");
}

static void add_tally_bar(struct buffer *out, const struct tally *tally)
{
    const struct segment segments[] = {
        {"f-good", NULL, tally_good(tally)},
        {"f-gap", "hatch-gap", tally->statuses[STATUS_KNOWN_GAP]},
        {"f-bad", "hatch-bad", tally->statuses[STATUS_REGRESSION]},
        {"f-invalid", "hatch-gap", tally->statuses[STATUS_INVALID]},
    };

    add_bar(out, segments, 4, tally_applicable(tally));
}

static size_t count_predicted(const struct column *column, bool is_work)
{
    const size_t *verdicts = column->predicted.verdicts;

    return is_work ? verdicts[VERDICT_WORKS] + verdicts[VERDICT_OVERBLOCKED]
                   : verdicts[VERDICT_HELD] + verdicts[VERDICT_ESCAPED];
}

static void add_predicted_bar(struct buffer *out, const struct column *column, bool is_work)
{
    const struct tally *all = &column->predicted;
    enum verdict good = is_work ? VERDICT_WORKS : VERDICT_HELD;
    enum verdict bad = is_work ? VERDICT_OVERBLOCKED : VERDICT_ESCAPED;
    size_t total = count_predicted(column, is_work);
    const struct segment segments[] = {{"f-track", "hatch-gap", all->verdicts[good]},
                                       {"f-gap", "hatch-bad", all->verdicts[bad]}};

    buffer_printf(out, "<b>%zu</b> of %zu <span class=\"small soft\">predicted</span>",
                  all->verdicts[good], total);
    add_bar(out, segments, 2, total);
}

static void add_score(struct buffer *out, const struct column *column, const struct tally *tally,
                      bool is_work)
{
    buffer_printf(out, "<td role=\"cell\" class=\"score\" data-label=\"%s\">",
                  is_work ? "Useful work" : "Contains");
    if (tally_applicable(tally) > 0) {
        buffer_printf(out, "<b>%zu</b> of %zu", tally_good(tally), tally_applicable(tally));
        add_tally_bar(out, tally);
    } else if (count_predicted(column, is_work) > 0) {
        add_predicted_bar(out, column, is_work);
    } else {
        put(out, "<span class=\"soft\">not run</span>");
    }
    put(out, "</td>");
}

static void add_cost(struct buffer *out, const struct page *page, const struct column *column)
{
    if (page->cost_benchmark == NULL)
        return;
    put(out, "<td role=\"cell\" class=\"cost\" data-label=\"Start-up cost\">");
    if (column->cost != NULL)
        buffer_printf(out,
                      "<b>%.2f</b> \u00d7<br><span class=\"small soft\">%.2f \u2013 %.2f</span>",
                      column->cost->ratio.ratio, column->cost->ratio.low, column->cost->ratio.high);
    else
        put(out, "<span class=\"soft\">not measured</span>");
    put(out, "</td>");
}

static struct tally tally_area(const struct page *page, size_t column, const char *area)
{
    struct tally tally = {0};

    for (size_t i = 0; i < page->case_count; i++) {
        if (strcmp(page->cases[i].area, area) == 0 && page->cases[i].seen[column] != NULL)
            tally_add(&tally, page->cases[i].seen[column]);
    }
    return tally;
}

static void add_count(struct buffer *out, size_t count, const char *one, const char *many)
{
    if (count > 0)
        buffer_printf(out, ", %zu %s", count, count == 1 ? one : many);
}

/* What the cell says, as a sentence. */
static void add_cell_title(struct buffer *out, const char *area, const struct tally *tally)
{
    html_text(out, area, NAME_MAX_BYTES);
    buffer_printf(out, ": %zu of %zu held", tally_good(tally), tally_applicable(tally));
    add_count(out, tally->statuses[STATUS_REGRESSION], "unexpected", "unexpected");
    add_count(out, tally->statuses[STATUS_FIXED_GAP], "gap that is none any more",
              "gaps that are none any more");
    add_count(out, tally->statuses[STATUS_UNVERIFIED], "without an expectation yet",
              "without an expectation yet");
    add_count(out, tally->statuses[STATUS_INVALID], "invalid", "invalid");
    add_count(out, tally->statuses[STATUS_KNOWN_GAP], "documented gap", "documented gaps");
    add_count(out, tally->statuses[STATUS_SKIPPED], "skipped", "skipped");
    add_count(out, tally->statuses[STATUS_UNVERIFIABLE], "unverifiable", "unverifiable");
}

static void add_area_cell(struct buffer *out, const char *area, const struct tally *tally)
{
    enum grade grade = tally_grade(tally);

    put(out, "<td role=\"cell\" class=\"area\" data-label=\"");
    html_text(out, area, NAME_MAX_BYTES);
    put(out, "\">");
    if (tally->total == 0) {
        put(out,
            "<span class=\"cell c-none\">\u00b7<span class=\"vh\"> no cases</span></span></td>");
        return;
    }
    buffer_printf(out, "<a class=\"cell c-%s\" href=\"#area-", grade_name(grade));
    html_text(out, area, NAME_MAX_BYTES);
    put(out, "\" title=\"");
    add_cell_title(out, area, tally);
    buffer_printf(out, "\"><b aria-hidden=\"true\">%s</b>", grade_symbol(grade));
    if (tally_applicable(tally) > 0)
        buffer_printf(out, "%zu/%zu", tally_good(tally), tally_applicable(tally));
    else
        buffer_printf(out, "%zu", tally->total);
    put(out, "<span class=\"vh\"> ");
    add_cell_title(out, area, tally);
    put(out, "</span></a></td>");
}

/* One line: what a person has to know about this mode. */
static void add_state(struct buffer *out, const struct column *column)
{
    const struct tally *c = &column->contained;
    const struct tally *w = &column->works;
    size_t gaps = c->statuses[STATUS_KNOWN_GAP] + w->statuses[STATUS_KNOWN_GAP];
    size_t fixed = c->statuses[STATUS_FIXED_GAP] + w->statuses[STATUS_FIXED_GAP];
    size_t invalid = c->statuses[STATUS_INVALID] + w->statuses[STATUS_INVALID];
    size_t unverified = c->statuses[STATUS_UNVERIFIED] + w->statuses[STATUS_UNVERIFIED];
    bool is_bad = tally_unexpected(c) + tally_unexpected(w) > 0;

    if (column->sandbox->reason != NULL) {
        put(out, "not runnable here: ");
        html_text(out, column->sandbox->reason, NAME_MAX_BYTES);
        return;
    }
    if (tally_applicable(c) + tally_applicable(w) == 0) {
        put(out, column->predicted.total > 0 ? "predicted by a model, never observed"
                                             : "nothing was run");
        return;
    }
    if (is_bad) {
        buffer_printf(out, "<span class=\"g g-bad\">unexpected: %zu escaped, %zu over-blocked",
                      c->statuses[STATUS_REGRESSION], w->statuses[STATUS_REGRESSION]);
        add_count(out, fixed, "gap closed but still listed", "gaps closed but still listed");
        add_count(out, unverified, "without an expectation yet", "without an expectation yet");
        put(out, "</span>");
    } else {
        put(out, "as expected");
    }
    add_count(out, gaps, "documented gap", "documented gaps");
    if (invalid > 0)
        buffer_printf(out, ", <span class=\"g g-invalid\">%zu prove nothing</span>", invalid);
}

static void add_row(struct buffer *out, const struct page *page, size_t at,
                    const char (*areas)[AREA_NAME_MAX], size_t area_count)
{
    const struct column *column = &page->columns[at];

    put(out, "<tr role=\"row\" id=\"");
    html_column_id(out, page, column);
    put(out, "\"><th role=\"rowheader\" scope=\"row\">");
    html_column_name(out, page, column);
    put(out, "<span class=\"who\">");
    add_state(out, column);
    if (column->sandbox->version != NULL && column->sandbox->mode == NULL) {
        put(out, "; ");
        html_text(out, column->sandbox->version, 80);
    }
    put(out, "</span></th>");
    if (column->sandbox->reason != NULL) {
        buffer_printf(
            out,
            "<td role=\"cell\" class=\"soft wideonly\" colspan=\"%zu\">\u2013 not run</td></tr>",
            area_count + 2 + (page->cost_benchmark != NULL));
        return;
    }
    add_score(out, column, &column->contained, false);
    add_score(out, column, &column->works, true);
    add_cost(out, page, column);
    for (size_t i = 0; i < area_count; i++) {
        struct tally tally = tally_area(page, at, areas[i]);

        add_area_cell(out, areas[i], &tally);
    }
    put(out, "</tr>\n");
}

/* Useful work has a column of its own. */
static size_t list_areas(const struct page *page, char (*areas)[AREA_NAME_MAX], size_t most)
{
    size_t count = 0;

    for (size_t i = 0; i < page->case_count && count < most; i++) {
        if (strcmp(page->cases[i].area, "mw") != 0 &&
            (count == 0 || strcmp(areas[count - 1], page->cases[i].area) != 0))
            memcpy(areas[count++], page->cases[i].area, AREA_NAME_MAX);
    }
    return count;
}

static void add_head(struct buffer *out, const struct page *page,
                     const char (*areas)[AREA_NAME_MAX], size_t area_count)
{
    put(out, "<thead role=\"rowgroup\"><tr role=\"row\"><th role=\"columnheader\" "
             "scope=\"col\">Mode</th>"
             "<th role=\"columnheader\" scope=\"col\">Contains</th>"
             "<th role=\"columnheader\" scope=\"col\">Useful work</th>");
    if (page->cost_benchmark != NULL)
        put(out, "<th role=\"columnheader\" scope=\"col\">Start-up cost</th>");
    for (size_t i = 0; i < area_count; i++) {
        const char *title = area_title(areas[i]);

        put(out, "<th role=\"columnheader\" scope=\"col\" class=\"area\">");
        buffer_printf(out, title != NULL ? "<abbr title=\"%s\">" : "<abbr>", title);
        html_text(out, areas[i], NAME_MAX_BYTES);
        put(out, "</abbr></th>");
    }
    put(out, "</tr></thead>\n");
}

static void add_legend(struct buffer *out, const char (*areas)[AREA_NAME_MAX], size_t area_count)
{
    static const struct {
        enum grade grade;
        const char *meaning;
    } grades[] = {
        {GRADE_GOOD, "everything that ran held"},
        {GRADE_GAP, "documented gaps only"},
        {GRADE_BAD, "not as expected"},
        {GRADE_INVALID, "proves nothing"},
        {GRADE_UNKNOWN, "cannot be observed here"},
        {GRADE_INFORMATION, "information, in no score"},
        {GRADE_NONE, "not run"},
    };

    put(out, "<ul class=\"legend\">");
    for (size_t i = 0; i < sizeof grades / sizeof grades[0]; i++)
        buffer_printf(out, "<li><span class=\"g g-%s\">%s</span> %s</li>",
                      grade_name(grades[i].grade), grade_symbol(grades[i].grade),
                      grades[i].meaning);
    put(out, "</ul><ul class=\"legend\">");
    for (size_t i = 0; i < area_count; i++) {
        const char *title = area_title(areas[i]);

        put(out, "<li><b>");
        html_text(out, areas[i], NAME_MAX_BYTES);
        buffer_printf(out, "</b> %s</li>", title != NULL ? title : "");
    }
    put(out, "</ul>");
}

enum {
    AREAS_MAX = 64
};

void page_modes(struct buffer *out, const struct page *page)
{
    char areas[AREAS_MAX][AREA_NAME_MAX];
    const char(*names)[AREA_NAME_MAX] = (const char(*)[AREA_NAME_MAX])areas;
    size_t area_count;

    if (page->column_count == 0)
        return;
    area_count = list_areas(page, areas, AREAS_MAX);
    put(out, "<section id=\"modes\" aria-labelledby=\"h-modes\"><h2 id=\"h-modes\">What each mode "
             "holds, and what stays possible in it</h2>"
             "<p class=\"soft\">Escapes tried and useful commands run. A sandbox that refuses "
             "everything would score full marks in the first column and none in the second.");
    if (page->cost_benchmark != NULL) {
        put(out, " Cost: ");
        html_text(out, page->cost_benchmark, NAME_MAX_BYTES);
        put(out, ", tenth percentile against no sandbox, with the 95 % interval.");
    }
    put(out,
        "</p><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Table of modes\">"
        "<table class=\"matrix\" role=\"table\">");
    add_head(out, page, names, area_count);
    put(out, "<tbody role=\"rowgroup\">\n");
    for (size_t i = 0; i < page->column_count; i++)
        add_row(out, page, i, names, area_count);
    put(out, "</tbody></table></div>");
    add_legend(out, names, area_count);
    put(out, "</section>\n");
}

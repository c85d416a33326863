/* What needs a person, and behind it every case with its technique, evidence and source. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "results/page.h"
#include "results/writer.h"

enum {
    LINE_MAX_BYTES = 600,
    ATTENTION_MAX = 200
};

static void put(struct buffer *out, const char *html)
{
    buffer_add_text(out, html);
}

static void add_severity(struct buffer *out, const struct result_case *row)
{
    if (row->severity != NULL)
        buffer_printf(out, "<span class=\"sev sev-%s\">%s</span>", row->severity, row->severity);
}

/* What needs a person -------------------------------------------------------------------------- */

struct urgent {
    const struct result_case *row;
    size_t column;
};

static bool is_urgent(const struct result_case *row)
{
    enum grade grade = case_grade(row);

    return grade == GRADE_BAD || grade == GRADE_INVALID;
}

/* Escapes before what proves nothing, severe before mild. */
static int compare_urgent(const void *a, const void *b)
{
    const struct result_case *x = ((const struct urgent *)a)->row;
    const struct result_case *y = ((const struct urgent *)b)->row;
    int order = (int)(x->status == STATUS_INVALID) - (int)(y->status == STATUS_INVALID);

    if (order == 0)
        order = severity_rank(y->severity) - severity_rank(x->severity);
    if (order == 0)
        order = strcmp(x->id, y->id);
    if (order == 0)
        order = ((const struct urgent *)a)->column < ((const struct urgent *)b)->column ? -1 : 1;
    return order;
}

static size_t collect_urgent(const struct page *page, struct urgent *list)
{
    size_t count = 0;

    for (size_t i = 0; i < page->case_count; i++) {
        for (size_t k = 0; k < page->column_count; k++) {
            const struct result_case *row = page->cases[i].seen[k];

            if (row == NULL || !is_urgent(row))
                continue;
            if (list != NULL)
                list[count] = (struct urgent){row, k};
            count++;
        }
    }
    return count;
}

static void add_urgent(struct buffer *out, const struct page *page, const struct urgent *urgent)
{
    const struct result_case *row = urgent->row;

    put(out, "<tr><td>");
    html_verdict(out, row);
    put(out, "</td><th scope=\"row\"><a class=\"id\" href=\"#");
    html_case_id(out, row->id);
    put(out, "\">");
    html_text(out, row->id, LINE_MAX_BYTES);
    put(out, "</a><br>");
    add_severity(out, row);
    put(out, "</th><td>");
    html_column_name(out, page, &page->columns[urgent->column]);
    put(out, "</td><td><span class=\"text\">");
    if (row->status == STATUS_FIXED_GAP)
        put(out, "documented as a gap, but it is none any more: update the expectations. ");
    html_text(out, row->evidence != NULL && *row->evidence != '\0' ? row->evidence : row->reason,
              LINE_MAX_BYTES);
    put(out, "</span></td></tr>\n");
}

void page_attention(struct buffer *out, const struct page *page)
{
    size_t count = collect_urgent(page, NULL);
    struct urgent *list;

    if (count == 0)
        return;
    list = calloc(count, sizeof *list);
    if (list == NULL) {
        out->has_failed = true;
        return;
    }
    (void)collect_urgent(page, list);
    qsort(list, count, sizeof *list, compare_urgent);
    buffer_printf(
        out,
        "<section id=\"attention\" aria-labelledby=\"h-attention\"><h2 "
        "id=\"h-attention\">Not as expected</h2><p class=\"soft\">%zu results need a "
        "person: escapes and blocks that no expectation knows, gaps that are none any "
        "more, and cases that prove nothing.</p>"
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
        "aria-label=\"Table of what is not as expected\"><table class=\"plain urgent\"><thead><tr>"
        "<th scope=\"col\">Verdict</th><th scope=\"col\">Case</th><th "
        "scope=\"col\">Mode</th><th scope=\"col\">What was seen</th></tr></thead><tbody>\n",
        count);
    for (size_t i = 0; i < count && i < ATTENTION_MAX; i++)
        add_urgent(out, page, &list[i]);
    put(out, "</tbody></table></div>");
    if (count > ATTENTION_MAX)
        buffer_printf(out, "<p>%zu more are among the cases below.</p>", count - ATTENTION_MAX);
    put(out, "</section>\n");
    free(list);
}

/* All cases ------------------------------------------------------------------------------------ */

/* Class names that the filters ask for. */
static void add_classes(struct buffer *out, const struct page *page, const struct page_case *one)
{
    const struct result_case *last = NULL;
    bool has_bad = false, has_gap = false, has_none = false, differs = false;

    for (size_t i = 0; i < page->column_count; i++) {
        const struct result_case *row = one->seen[i];

        if (row == NULL)
            continue;
        has_bad |= is_urgent(row);
        has_gap |= row->status == STATUS_KNOWN_GAP && !row->is_information;
        has_none |= row->status == STATUS_SKIPPED || row->status == STATUS_UNVERIFIABLE;
        differs |= last != NULL && last->verdict != row->verdict;
        last = row;
    }
    put(out, "case");
    put(out, has_bad ? " h-bad" : "");
    put(out, has_gap ? " h-gap" : "");
    put(out, has_none ? " h-none" : "");
    put(out, differs ? " h-differ" : "");
}

/* A symbol per mode for the eye; the same as words for the ear. */
static void add_marks(struct buffer *out, const struct page *page, const struct page_case *one)
{
    struct tally tally = {0};

    put(out, "<span class=\"marks\" aria-hidden=\"true\">");
    for (size_t i = 0; i < page->column_count; i++) {
        const struct result_case *row = one->seen[i];
        enum grade grade = row != NULL ? case_grade(row) : GRADE_NONE;

        if (page->columns[i].sandbox->reason != NULL)
            continue;
        buffer_printf(out, "<span class=\"g g-%s\">%s</span>", grade_name(grade),
                      row != NULL ? grade_symbol(grade) : "\u00b7");
        if (row != NULL)
            tally_add(&tally, row);
    }
    put(out, "</span><span class=\"vh\">");
    for (int i = 0; i < VERDICT_COUNT; i++) {
        if (tally.verdicts[i] > 0)
            buffer_printf(out, " %s in %zu", verdict_name((enum verdict)i), tally.verdicts[i]);
    }
    put(out, "</span>");
}

static void add_term(struct buffer *out, const char *term, const char *text)
{
    if (text == NULL || *text == '\0')
        return;
    buffer_printf(out, "<dt>%s</dt><dd class=\"text\">", term);
    html_text(out, text, LINE_MAX_BYTES);
    put(out, "</dd>");
}

static void add_words(struct buffer *out, const struct page *page, const char *label,
                      const char *text)
{
    if (text == NULL || *text == '\0')
        return;
    buffer_printf(out, "<div><span class=\"soft\">%s</span> <span class=\"text\">", label);
    html_text(out, text, page->text_max);
    put(out, "</span></div>");
}

static bool is_gap(const struct result_case *row)
{
    return row->status == STATUS_KNOWN_GAP || row->status == STATUS_FIXED_GAP;
}

/* The case's own source: a row of a documented gap has the gap's. */
static const char *find_source(const struct page *page, const struct page_case *one)
{
    for (size_t i = 0; i < page->column_count; i++) {
        if (one->seen[i] != NULL && !is_gap(one->seen[i]) && one->seen[i]->source != NULL)
            return one->seen[i]->source;
    }
    return NULL;
}

/* What is the same in all modes is said once. NULL: it is not, or nobody said it. */
struct common {
    const char *control;
    const char *twin;
};

static bool is_same(const char *a, const char *b)
{
    return b == NULL || (a != NULL && strcmp(a, b) == 0);
}

static struct common find_common(const struct page *page, const struct page_case *one)
{
    struct common common = {one->first->control, one->first->twin};

    for (size_t i = 0; i < page->column_count; i++) {
        const struct result_case *row = one->seen[i];

        if (row != NULL && !is_same(common.control, row->control))
            common.control = NULL;
        if (row != NULL && !is_same(common.twin, row->twin))
            common.twin = NULL;
    }
    return common;
}

static void add_seen(struct buffer *out, const struct page *page, const struct column *column,
                     const struct result_case *row, const struct common *common)
{
    put(out, "<tr><th scope=\"row\">");
    html_column_name(out, page, column);
    put(out, "</th><td>");
    html_verdict(out, row);
    if (!row->is_information &&
        (row->status == STATUS_KNOWN_GAP || row->status == STATUS_FIXED_GAP ||
         row->status == STATUS_REGRESSION || row->status == STATUS_UNVERIFIED))
        buffer_printf(out, "<br><span class=\"small soft\">expected: %s</span>",
                      verdict_name(row->expected));
    if (row->is_information)
        put(out, "<br><span class=\"small soft\">information, in no score</span>");
    put(out, "</td><td>");
    if (row->evidence == NULL && row->status == STATUS_OK)
        put(out, is_must_work(row->id)
                     ? "<div>it worked</div>"
                     : "<div>nothing: what looks from outside stayed silent</div>");
    add_words(out, page, "", row->evidence);
    add_words(out, page, "Why:", row->reason);
    if (is_gap(row))
        add_words(out, page, "Read:", row->source);
    add_words(out, page, "Look again by:", row->expires);
    if (common->control == NULL)
        add_words(out, page, "Control:", row->control);
    if (common->twin == NULL)
        add_words(out, page, "Twin:", row->twin);
    buffer_printf(out, "</td><td class=\"num small soft\">%llu ms</td></tr>\n",
                  (unsigned long long)row->duration_ms);
}

static void add_body(struct buffer *out, const struct page *page, const struct page_case *one)
{
    const struct common common = find_common(page, one);

    put(out, "<div class=\"body\"><dl>");
    add_term(out, "Technique", one->first->technique);
    add_term(out, "Decided by", one->first->oracle);
    add_term(out, "Source", find_source(page, one));
    add_term(out, "Control", common.control);
    add_term(out, "Twin", common.twin);
    put(out, "</dl><table class=\"plain seen\"><thead><tr><th scope=\"col\">Mode</th><th "
             "scope=\"col\">Verdict</th><th scope=\"col\">What was seen</th><th scope=\"col\" "
             "class=\"num\">Time</th></tr></thead><tbody>");
    for (size_t i = 0; i < page->column_count; i++) {
        if (one->seen[i] != NULL)
            add_seen(out, page, &page->columns[i], one->seen[i], &common);
    }
    put(out, "</tbody></table></div>");
}

static void add_case(struct buffer *out, const struct page *page, const struct page_case *one)
{
    put(out, "<details class=\"");
    add_classes(out, page, one);
    put(out, "\" id=\"");
    html_case_id(out, one->id);
    put(out, "\"><summary><span><span class=\"id\">");
    html_text(out, one->id, LINE_MAX_BYTES);
    put(out, "</span> ");
    add_severity(out, one->first);
    put(out, "</span><span class=\"claim\">");
    html_text(out, one->first->claim, LINE_MAX_BYTES);
    put(out, "</span>");
    add_marks(out, page, one);
    put(out, "</summary>");
    add_body(out, page, one);
    put(out, "</details>\n");
}

static void add_area_heading(struct buffer *out, const char *area, size_t count)
{
    const char *title = area_title(area);

    put(out, "<details id=\"area-");
    html_text(out, area, LINE_MAX_BYTES);
    put(out, "\"><summary>");
    html_text(out, area, LINE_MAX_BYTES);
    buffer_printf(out, "%s%s <span class=\"small soft\">%zu cases</span></summary>\n",
                  title != NULL ? ": " : "", title != NULL ? title : "", count);
}

static size_t count_area(const struct page *page, size_t from)
{
    size_t to = from;

    while (to < page->case_count && strcmp(page->cases[to].area, page->cases[from].area) == 0)
        to++;
    return to - from;
}

static void add_key(struct buffer *out, const struct page *page)
{
    size_t shown = 0;

    put(out, "<p class=\"small soft\">Marks stand for the modes in this order: ");
    for (size_t i = 0; i < page->column_count; i++) {
        if (page->columns[i].sandbox->reason != NULL)
            continue;
        put(out, shown++ > 0 ? ", " : "");
        html_column_name(out, page, &page->columns[i]);
    }
    put(out, ".</p>");
}

static void add_filter(struct buffer *out)
{
    static const struct {
        const char *id;
        const char *label;
    } choices[] = {
        {"f-all", "All"},
        {"f-bad", "Not as expected"},
        {"f-gap", "Documented gaps"},
        {"f-differ", "Differ between modes"},
        {"f-none", "Not run or observed somewhere"},
    };

    put(out, "<fieldset class=\"filter\"><legend>Show</legend>");
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++)
        buffer_printf(out, "<label><input type=\"radio\" name=\"f\" id=\"%s\"%s>%s</label>",
                      choices[i].id, i == 0 ? " checked" : "", choices[i].label);
    put(out, "</fieldset>");
}

void page_all_cases(struct buffer *out, const struct page *page)
{
    size_t rest = 0;

    if (page->case_count == 0)
        return;
    put(out,
        "<section id=\"cases\" aria-labelledby=\"h-cases\"><h2 id=\"h-cases\">Every case, with "
        "what was seen</h2><p class=\"soft\">Open an area, then a case: how it is tried, who "
        "looked from outside, and what they saw in each mode.</p>");
    add_filter(out);
    add_key(out, page);
    put(out, "<div class=\"areas\">");
    for (size_t i = 0; i < page->case_count; i++) {
        if (rest == 0) {
            rest = count_area(page, i);
            add_area_heading(out, page->cases[i].area, rest);
        }
        add_case(out, page, &page->cases[i]);
        if (--rest == 0)
            put(out, "</details>\n");
    }
    put(out, "</div></section>\n");
}

/*
 * Modes held against each other: a triangle of how far they are apart, and
 * behind each number the cases. With two runs, also what changed from the
 * first to the second.
 */
#include <string.h>

#include "base/text.h"
#include "results/compare.h"
#include "results/page.h"

/* Pairs beyond this are left to `holdfast compare`: the page would only grow. */
enum {
    PAIRS_MAX = 120,
    ROWS_MAX = 150,
    LINE_MAX_BYTES = 300
};

static void put(struct buffer *out, const char *html)
{
    buffer_add_text(out, html);
}

static bool can_compare(const struct page *page, size_t a, size_t b)
{
    const struct column *x = &page->columns[a];
    const struct column *y = &page->columns[b];

    /* What was only predicted has no verdicts to compare. */
    return x->run == y->run && tally_applicable(&x->contained) + tally_applicable(&x->works) > 0 &&
           tally_applicable(&y->contained) + tally_applicable(&y->works) > 0 &&
           (strcmp(x->sandbox->identity, y->sandbox->identity) == 0 ||
            strcmp(x->sandbox->name, y->sandbox->name) == 0);
}

static struct side side_of(const struct column *column)
{
    return (struct side){column->run, column->sandbox->name, column->sandbox->identity};
}

static void add_verdict(struct buffer *out, const struct result_case *row)
{
    if (row == NULL)
        put(out, "<span class=\"soft\">not there</span>");
    else
        html_verdict(out, row);
}

static void add_change(struct buffer *out, const struct change *change, bool has_mode)
{
    const struct result_case *row = change->after != NULL ? change->after : change->before;

    buffer_printf(out, "<tr><td>%s</td><th scope=\"row\"><a class=\"id\" href=\"#",
                  change_kind_name(change->kind));
    html_case_id(out, row->id);
    put(out, "\">");
    html_text(out, row->id, LINE_MAX_BYTES);
    buffer_printf(out, "</a></th><td class=\"sev\">%s</td><td>",
                  row->severity != NULL ? row->severity : "");
    if (has_mode) {
        html_text(out, row->sandbox, LINE_MAX_BYTES);
        put(out, " (");
        html_text(out, row->identity, LINE_MAX_BYTES);
        put(out, ")</td><td>");
    }
    add_verdict(out, change->before);
    put(out, "</td><td>");
    add_verdict(out, change->after);
    put(out, "</td></tr>");
}

/* name and columns are HTML. */
static void add_changes(struct buffer *out, const struct diff *diff, const char *name,
                        const char *columns, bool has_mode)
{
    put(out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
    put(out, name);
    put(out, "\"><table class=\"plain\"><thead><tr><th scope=\"col\">Change</th><th "
             "scope=\"col\">Case</th><th scope=\"col\">Severity</th>");
    put(out, columns);
    put(out, "</tr></thead><tbody>");
    for (size_t i = 0; i < diff->count && i < ROWS_MAX; i++)
        add_change(out, &diff->changes[i], has_mode);
    put(out, "</tbody></table></div>");
    if (diff->count > ROWS_MAX)
        buffer_printf(out, "<p>%zu more: <code>holdfast compare</code> lists them all.</p>",
                      diff->count - ROWS_MAX);
}

static void add_kinds(struct buffer *out, const struct diff *diff)
{
    size_t parts = 0;

    buffer_printf(out, "%zu differ, %zu are the same", diff->count, diff->unchanged);
    for (int kind = 0; kind < CHANGE_KINDS; kind++) {
        if (diff->kinds[kind] > 0)
            buffer_printf(out, "%s %zu %s", parts++ == 0 ? ":" : ",", diff->kinds[kind],
                          change_kind_name((enum change_kind)kind));
    }
}

/* One pair ------------------------------------------------------------------------------------ */

static int add_pair(struct buffer *out, const struct page *page, size_t a, size_t b,
                    struct error *err)
{
    const struct side side_a = side_of(&page->columns[a]);
    const struct side side_b = side_of(&page->columns[b]);
    struct diff diff;

    if (diff_init(&diff, &side_a, &side_b, err) < 0)
        return -1;
    buffer_printf(out, "<details class=\"pair\" id=\"d%zu-%zu\"><summary>", a, b);
    html_column_name(out, page, &page->columns[a]);
    put(out, " \u2192 ");
    html_column_name(out, page, &page->columns[b]);
    put(out, "<span class=\"soft small\"> ");
    add_kinds(out, &diff);
    put(out, "</span></summary>");
    if (diff.count > 0) {
        AUTO_BUFFER struct buffer columns = BUFFER_EMPTY;
        AUTO_BUFFER struct buffer name = BUFFER_EMPTY;

        html_column_name(&name, page, &page->columns[a]);
        put(&name, " against ");
        html_column_name(&name, page, &page->columns[b]);
        put(&columns, "<th scope=\"col\">");
        html_column_name(&columns, page, &page->columns[a]);
        put(&columns, "</th><th scope=\"col\">");
        html_column_name(&columns, page, &page->columns[b]);
        put(&columns, "</th>");
        add_changes(out, &diff, buffer_text(&name), buffer_text(&columns), false);
    } else {
        put(out, "<p>No verdict differs.</p>");
    }
    put(out, "</details>\n");
    diff_done(&diff);
    return 0;
}

static size_t count_apart(const struct page *page, size_t a, size_t b)
{
    size_t count = 0;

    for (size_t i = 0; i < page->case_count; i++) {
        const struct result_case *x = page->cases[i].seen[a];
        const struct result_case *y = page->cases[i].seen[b];

        count += (x == NULL) != (y == NULL) || (x != NULL && x->verdict != y->verdict);
    }
    return count;
}

static bool is_compared(const struct page *page, size_t column, const char *identity)
{
    if (strcmp(page->columns[column].sandbox->identity, identity) != 0)
        return false;
    for (size_t i = 0; i < page->column_count; i++) {
        if (i != column && can_compare(page, column, i))
            return true;
    }
    return false;
}

static void add_link(struct buffer *out, const struct page *page, size_t a, size_t b)
{
    buffer_printf(out, "<td><a href=\"#d%zu-%zu\" title=\"", a, b);
    html_column_name(out, page, &page->columns[a]);
    put(out, " against ");
    html_column_name(out, page, &page->columns[b]);
    buffer_printf(out, "\">%zu</a></td>", count_apart(page, a, b));
}

/* The same mode under the other identity; column_count: there is none. */
static size_t find_twin(const struct page *page, size_t a)
{
    size_t b = 0;

    while (b < page->column_count &&
           (b == a || !can_compare(page, a, b) ||
            strcmp(page->columns[a].sandbox->name, page->columns[b].sandbox->name) != 0))
        b++;
    return b;
}

/* The columns begin after `first`: nothing stands before the first mode. */
static void add_triangle_row(struct buffer *out, const struct page *page, size_t a, size_t first,
                             const char *identity)
{
    size_t twin = find_twin(page, a);

    put(out, "<tr><th scope=\"row\">");
    html_column_name(out, page, &page->columns[a]);
    put(out, "</th>");
    for (size_t b = first + 1; b < page->column_count; b++) {
        if (!is_compared(page, b, identity))
            continue;
        if (b > a && can_compare(page, a, b))
            add_link(out, page, a, b);
        else
            put(out, "<td></td>");
    }
    if (twin < page->column_count)
        add_link(out, page, a < twin ? a : twin, a < twin ? twin : a);
    else
        put(out, "<td></td>");
    put(out, "</tr>\n");
}

static void add_triangle(struct buffer *out, const struct page *page, const char *identity)
{
    size_t first = 0;

    while (first < page->column_count && !is_compared(page, first, identity))
        first++;
    if (first == page->column_count)
        return;
    buffer_printf(out,
                  "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Differences "
                  "as %s\"><table class=\"far\"><caption>In how many cases two modes differ, as "
                  "%s</caption><thead><tr><td></td>",
                  identity, identity);
    for (size_t b = first + 1; b < page->column_count; b++) {
        if (!is_compared(page, b, identity))
            continue;
        put(out, "<th scope=\"col\"><span>");
        html_text(out, page->columns[b].sandbox->name, LINE_MAX_BYTES);
        put(out, "</span></th>");
    }
    buffer_printf(out, "<th scope=\"col\"><span>itself as %s</span></th></tr></thead><tbody>",
                  strcmp(identity, "user") == 0 ? "root" : "user");
    for (size_t a = 0; a < page->column_count; a++) {
        if (is_compared(page, a, identity))
            add_triangle_row(out, page, a, first, identity);
    }
    put(out, "</tbody></table></div>");
}

int page_diff(struct buffer *out, const struct page *page, struct error *err)
{
    size_t pairs = 0;

    for (size_t a = 0; a < page->column_count; a++) {
        for (size_t b = a + 1; b < page->column_count; b++)
            pairs += can_compare(page, a, b);
    }
    if (pairs == 0)
        return 0;
    put(out,
        "<section id=\"differences\" aria-labelledby=\"h-diff\"><h2 id=\"h-diff\">Two modes "
        "against each other</h2><p class=\"soft\">Modes under the same identity, and each mode "
        "as root against itself as a user. Choose a number to see the cases.</p><div "
        "class=\"charts\">");
    add_triangle(out, page, "user");
    add_triangle(out, page, "root");
    put(out, "</div><details class=\"pairs\"><summary>All pairs</summary>\n");
    pairs = 0;
    for (size_t a = 0; a < page->column_count; a++) {
        for (size_t b = a + 1; b < page->column_count; b++) {
            if (can_compare(page, a, b) && pairs++ < PAIRS_MAX &&
                add_pair(out, page, a, b, err) < 0)
                return -1;
        }
    }
    if (pairs > PAIRS_MAX)
        buffer_printf(out, "<p>%zu more pairs: <code>holdfast compare FILE@A FILE@B</code>.</p>",
                      pairs - PAIRS_MAX);
    put(out, "</details></section>\n");
    return 0;
}

/* Two runs ------------------------------------------------------------------------------------- */

static const struct input *nth_run(const struct page *page, size_t n)
{
    for (size_t i = 0; i < page->input_count; i++) {
        if (page->inputs[i].kind == INPUT_CONFORMANCE && n-- == 0)
            return &page->inputs[i];
    }
    return NULL;
}

/* Runs of different sandboxes have nothing to compare; they stand side by side in the matrix. */
static bool share_a_sandbox(const struct input *a, const struct input *b)
{
    for (size_t i = 0; i < a->run.sandbox_count; i++) {
        for (size_t k = 0; k < b->run.sandbox_count; k++) {
            if (strcmp(a->run.sandboxes[i].name, b->run.sandboxes[k].name) == 0)
                return true;
        }
    }
    return false;
}

int page_runs_diff(struct buffer *out, const struct page *page, struct error *err)
{
    const struct input *a = nth_run(page, 0);
    const struct input *b = nth_run(page, 1);
    const char *cautions[COMPARE_CAUTIONS];
    struct pair pair = {.a = a, .b = b};
    struct diff diff;
    size_t count;

    if (b == NULL || !share_a_sandbox(a, b))
        return 0;
    pair.side_a = input_side(a);
    pair.side_b = input_side(b);
    if (diff_init(&diff, &pair.side_a, &pair.side_b, err) < 0)
        return -1;
    put(out, "<section id=\"changes\" aria-labelledby=\"h-changes\"><h2 id=\"h-changes\">From the "
             "first run to the second</h2><p>");
    html_text(out, a->run.started, LINE_MAX_BYTES);
    put(out, " \u2192 ");
    html_text(out, b->run.started, LINE_MAX_BYTES);
    put(out, ": ");
    add_kinds(out, &diff);
    put(out, ".</p>");
    count = compare_cautions(&pair, cautions);
    for (size_t i = 0; i < count; i++)
        buffer_printf(out, "<p class=\"note\">Caution: %s.</p>", cautions[i]);
    if (diff.count > 0)
        add_changes(
            out, &diff, "Changed cases",
            "<th scope=\"col\">Mode</th><th scope=\"col\">First</th><th scope=\"col\">Second</th>",
            true);
    put(out, "</section>\n");
    diff_done(&diff);
    return 0;
}

#include "base/test.h"

#include <string.h>

#include "bench/plot.h"

static void add(struct bench_report *report, const char *subject, const char *value, double base)
{
    struct error err;
    struct bench_row *row = bench_report_add_row(report, "c", "policy.roots", subject, NULL, &err);
    struct bench_run *runs = bench_row_add_runs(row, 4, &err);

    for (int i = 0; i < 4; i++)
        runs[i].wall_s = base * (1 + 0.1 * i);
    cr_assert_eq(bench_row_set_parameter(row, "roots", value, &err), 0);
}

static size_t count(const char *text, const char *word)
{
    size_t found = 0;

    for (; (text = strstr(text, word)) != NULL; text++)
        found++;
    return found;
}

Test(plot, a_growth_has_a_line_per_subject_and_hostile_names_are_inert)
{
    struct bench_report report;
    AUTO_BUFFER struct buffer svg = BUFFER_EMPTY;
    struct error err = {0};

    bench_report_init(&report);
    add(&report, "none", "1", 0.001);
    add(&report, "none", "1000", 0.001);
    add(&report, "<script>", "1", 0.01);
    add(&report, "<script>", "1000", 2);
    cr_assert_eq(bench_report_finish(&report, &err), 0);
    cr_assert(plot_growth(&svg, &report, "policy.roots"));
    cr_assert_eq(count(buffer_text(&svg), "<polyline"), 2);
    cr_assert_eq(count(buffer_text(&svg), "<circle"), 4);
    cr_assert_eq(count(buffer_text(&svg), ">1000</text>"), 1, "values stand below the axis");
    cr_assert_eq(count(buffer_text(&svg), "<script>"), 0);
    cr_assert_eq(count(buffer_text(&svg), "nan"), 0);
    bench_report_done(&report);
}

Test(plot, what_does_not_grow_has_no_chart)
{
    struct bench_report report;
    AUTO_BUFFER struct buffer svg = BUFFER_EMPTY;
    struct error err = {0};

    bench_report_init(&report);
    add(&report, "none", "1", 0.001);
    cr_assert_eq(bench_report_finish(&report, &err), 0);
    cr_assert(!plot_growth(&svg, &report, "policy.roots"));
    cr_assert(!plot_growth(&svg, &report, "another"));
    cr_assert_eq(svg.size, 0);
    bench_report_done(&report);
}

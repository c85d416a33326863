#include "base/test.h"

#include <math.h>
#include <string.h>

#include "base/auto.h"
#include "base/buffer.h"
#include "bench/export.h"

static void add(struct bench_report *report, const char *command, const char *reference,
                double base, const char *parameter)
{
    struct error err;
    struct bench_row *row =
        bench_report_add_row(report, command, "command", command, reference, &err);
    struct bench_run *runs;

    cr_assert_not_null(row);
    runs = bench_row_add_runs(row, 4, &err);
    cr_assert_not_null(runs);
    for (int i = 0; i < 4; i++)
        runs[i].wall_s = base * (i % 2 == 0 ? 0.9 : 1.1);
    cr_assert_eq(bench_row_set_parameter(row, "n", parameter, &err), 0);
}

static void fill(struct bench_report *report)
{
    struct error err = {0};

    bench_report_init(report);
    add(report, "slow|er", NULL, 0.2, "7");
    add(report, "quick", NULL, 0.1, "7");
    cr_assert_eq(bench_report_finish(report, &err), 0, "%s", err.message);
}

static void expect(enum export_format format, enum unit unit, const char *wanted)
{
    struct bench_report report;
    AUTO_BUFFER struct buffer text = BUFFER_EMPTY;

    fill(&report);
    export_table(&text, &report, NULL, format, unit);
    cr_assert_str_eq(buffer_text(&text), wanted, "got:\n%s", buffer_text(&text));
    bench_report_done(&report);
}

Test(export, markdown_has_hyperfines_columns_first)
{
    expect(
        EXPORT_MARKDOWN, UNIT_AUTO,
        "| Command | Mean [ms] | Min [ms] | Max [ms] | Relative | p10 [ms] | Ratio (p10) |\n"
        "|:---|---:|---:|---:|---:|---:|---:|\n"
        "| slow&#124;er | 200.0 \xc2\xb1 23.1 | 180.0 | 220.0 | 2.00 \xc2\xb1 0.33 | 180.0 | - |\n"
        "| quick | 100.0 \xc2\xb1 11.5 | 90.0 | 110.0 | 1.00 | 90.0 | - |\n");
}

Test(export, asciidoc_and_orgmode_keep_bars_out_of_the_table)
{
    struct bench_report report;
    AUTO_BUFFER struct buffer asciidoc = BUFFER_EMPTY;
    AUTO_BUFFER struct buffer orgmode = BUFFER_EMPTY;

    fill(&report);
    export_table(&asciidoc, &report, NULL, EXPORT_ASCIIDOC, UNIT_SECOND);
    export_table(&orgmode, &report, NULL, EXPORT_ORGMODE, UNIT_SECOND);
    cr_assert_not_null(strstr(buffer_text(&asciidoc), "| `slow\\|er` \n| 0.200 \xc2\xb1 0.023 \n"));
    cr_assert_not_null(strstr(buffer_text(&orgmode), "| =slow\\|er=  |  0.200 \xc2\xb1 0.023 |"));
    bench_report_done(&report);
}

Test(export, csv_is_in_seconds_with_parameters)
{
    struct bench_report report;
    AUTO_BUFFER struct buffer text = BUFFER_EMPTY;

    fill(&report);
    export_table(&text, &report, NULL, EXPORT_CSV, UNIT_MICROSECOND);
    cr_assert_eq(strncmp(buffer_text(&text),
                         "command,mean,stddev,median,user,system,min,max,parameter_n\n", 59),
                 0, "%s", buffer_text(&text));
    cr_assert_not_null(strstr(buffer_text(&text), "\"quick\",0.1"), "%s", buffer_text(&text));
    cr_assert_not_null(strstr(buffer_text(&text), ",\"7\"\n"));
    bench_report_done(&report);
}

Test(export, sorts_by_mean)
{
    struct bench_report report;
    size_t order[2];

    fill(&report);
    export_sort_by_mean(&report, order);
    cr_assert(order[0] == 1 && order[1] == 0);
    bench_report_done(&report);
}

Test(units, numbers_fit_their_unit)
{
    char text[32];

    unit_format(text, sizeof text, 0.000612, UNIT_AUTO);
    cr_assert_str_eq(text, "612.0 \xc2\xb5s");
    unit_format(text, sizeof text, 0.0061234, UNIT_AUTO);
    cr_assert_str_eq(text, "6.123 ms");
    unit_format(text, sizeof text, 61.234, UNIT_AUTO);
    cr_assert_str_eq(text, "61.23 s");
    unit_format(text, sizeof text, NAN, UNIT_AUTO);
    cr_assert_str_eq(text, "-");
    unit_format(text, sizeof text, 0.5, UNIT_SECOND);
    cr_assert_str_eq(text, "0.500 s");
    unit_format_bytes(text, sizeof text, 12345678);
    cr_assert_str_eq(text, "12.3 MB");
}

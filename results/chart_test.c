#include "base/test.h"

#include <string.h>

#include "results/chart.h"

static void expect_three(double value, const char *text)
{
    char out[32];

    format_three(value, out, sizeof out);
    cr_assert_str_eq(out, text, "%g is %s, not %s", value, out, text);
}

Test(chart, writes_ratios_as_people_read_them)
{
    expect_three(0, "0.00");
    expect_three(0.0023, "0.0023");
    expect_three(0.12, "0.12");
    expect_three(1.306, "1.31");
    expect_three(13.06, "13.1");
    expect_three(131.4, "131");
    expect_three(10821, "10.8k");
    expect_three(1e-12, "0.000000");
}

Test(chart, ticks_have_no_exponents)
{
    char out[32];

    format_plain(100000, out, sizeof out);
    cr_assert_str_eq(out, "100k", "is %s", out);
    format_times(0.5, out, sizeof out);
    cr_assert_str_eq(out, "0.5\u00d7", "is %s", out);
}

Test(chart, cuts_long_names_between_characters)
{
    AUTO_BUFFER struct buffer out = BUFFER_EMPTY;
    struct chart chart = {.out = &out};

    chart_text_within(&chart, 100, 0, 40, "\u00e9\u00e9\u00e9\u00e9\u00e9");
    cr_assert_not_null(strstr(buffer_text(&out), ">\u00e9\u00e9\u2026<"), "is %s",
                       buffer_text(&out));
    chart_text_within(&chart, 100, 0, 400, "short");
    cr_assert_not_null(strstr(buffer_text(&out), ">short<"), "is %s", buffer_text(&out));
}

#include "base/test.h"

#include <math.h>

#include "base/auto.h"
#include "bench/told.h"

Test(told, lines_are_acts_with_times_and_counts)
{
    struct told_line lines[TOLD_LINES_MAX];
    size_t count = 0;
    struct error err = {0};

    cr_assert_eq(told_parse("open 2612.5\napply 1000 400 0 120\n", lines, &count, &err), 0, "%s",
                 err.message);
    cr_assert_eq(count, 2);
    cr_assert_str_eq(lines[0].name, "open");
    cr_assert(fabs(lines[0].time_s - 2612.5e-9) < 1e-15);
    cr_assert_eq(lines[0].count_count, 0);
    cr_assert_eq(lines[1].count_count, 3);
    cr_assert_eq(lines[1].counts[2], 120);
}

Test(told, anything_else_is_refused)
{
    static const char *const wrong[] = {
        "",
        "\n",
        "open\n",
        "open fast\n",
        "open 1 2 3 4 5 6\n",
        "open -1\n",
        "open 1 x\n",
        "open 1\nsh: error\n",
        "open nan\n",
        " 1\n",
    };
    struct told_line lines[TOLD_LINES_MAX];
    size_t count = 0;

    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct error err = {0};

        cr_assert_eq(told_parse(wrong[i], lines, &count, &err), -1, "row %zu was accepted", i);
        cr_assert_eq(err.code, ERR_INVALID);
    }
}

#include "base/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "bench/scan.h"

/* The values of a range, joined by blanks; "!" when it is refused. */
static const char *range(const char *min, const char *max, const char *step)
{
    static char joined[512];
    struct scan scan;
    struct error err = {0};

    scan_init(&scan);
    joined[0] = '\0';
    if (scan_add_range(&scan, "n", min, max, step, &err) < 0) {
        scan_done(&scan);
        return err.code == ERR_USAGE ? "!" : "?";
    }
    for (size_t i = 0; i < scan_count(&scan); i++) {
        strcat(joined, scan_value(&scan, i, 0));
        strcat(joined, " ");
    }
    scan_done(&scan);
    return joined;
}

Test(scan, ranges_step_exactly)
{
    cr_assert_str_eq(range("1", "4", NULL), "1 2 3 4 ");
    cr_assert_str_eq(range("0.3", "0.7", "0.2"), "0.3 0.5 0.7 ");
    cr_assert_str_eq(range("-0.1", "0.1", "0.1"), "-0.1 0.0 0.1 ");
    cr_assert_str_eq(range("5", "5", NULL), "5 ");
    cr_assert_str_eq(range("1", "6", "2"), "1 3 5 ");
}

Test(scan, ranges_that_lead_nowhere_are_refused)
{
    cr_assert_str_eq(range("2", "1", NULL), "!");
    cr_assert_str_eq(range("1", "2", "0"), "!");
    cr_assert_str_eq(range("1", "2", "-1"), "!");
    cr_assert_str_eq(range("a", "2", NULL), "!");
    cr_assert_str_eq(range("1", "2", "1e-3"), "!");
    cr_assert_str_eq(range("0", "1000000", NULL), "!");
    cr_assert_str_eq(range("1", "99999999999999999999", NULL), "!");
}

Test(scan, lists_make_every_combination)
{
    struct scan scan;
    struct error err = {0};
    const char *wanted[] = {"x 1 {c}", "y 1 {c}", "x 2 {c}", "y 2 {c}"};

    scan_init(&scan);
    cr_assert_eq(scan_add_list(&scan, "a", "x,y", &err), 0);
    cr_assert_eq(scan_add_list(&scan, "b", "1,2", &err), 0);
    cr_assert_eq(scan_count(&scan), 4);
    for (size_t i = 0; i < 4; i++) {
        AUTO_FREE char *text = scan_substitute(&scan, i, "{a} {b} {c}", &err);

        cr_assert_str_eq(text, wanted[i], "an unknown name stays as it is");
    }
    scan_done(&scan);
}

Test(scan, a_name_twice_or_none_is_refused)
{
    struct scan scan;
    struct error err = {0};

    scan_init(&scan);
    cr_assert_eq(scan_count(&scan), 1, "without parameters there is one combination");
    cr_assert_eq(scan_add_list(&scan, "a", "1", &err), 0);
    cr_assert_eq(scan_add_list(&scan, "a", "2", &err), -1);
    cr_assert_eq(err.code, ERR_USAGE);
    cr_assert_eq(scan_add_list(&scan, "", "2", &err), -1);
    scan_done(&scan);
}

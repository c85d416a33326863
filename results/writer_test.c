#include "results/writer.h"

#include <string.h>

#include "base/test.h"
#include "base/text.h"
#include "results/chart.h"

static void expect_cut(const char *text, size_t most, const char *wanted)
{
    AUTO_BUFFER struct buffer out = BUFFER_EMPTY;

    write_text(&out, text, most, text_escape_terminal);
    cr_assert_str_eq(buffer_text(&out), wanted);
}

Test(writer, cuts_between_characters)
{
    expect_cut("abc", 3, "abc");
    expect_cut("abcd", 3, "abc (1 more bytes left out)");
    expect_cut("ab\xc3\xa9", 3, "ab (2 more bytes left out)");
    expect_cut("ab\xe2\x82\xac", 4, "ab (3 more bytes left out)");
    expect_cut("\xf0\x9f\x98\x80", 3, " (4 more bytes left out)");
    expect_cut("\x80\x80\x80\x80\x80\x80", 5, "\\x80\\x80\\x80\\x80\\x80 (1 more bytes left out)");
    expect_cut(NULL, 3, "");
    expect_cut("", 0, "");
}

Test(writer, quotes_any_bytes_as_plain_ascii)
{
    AUTO_BUFFER struct buffer out = BUFFER_EMPTY;

    write_quoted(&out, "a\"\\\n\x1b\xff\xe2\x80\xae\xf0\x9f\x98\x80\xc3\xa9", 100);
    cr_assert_str_eq(buffer_text(&out),
                     "\"a\\\"\\\\\\\\n\\\\x1b\\\\xff\\\\u{202e}\\ud83d\\ude00\\u00e9\"");
}

Test(chart, scales_have_round_ends_and_keep_their_data)
{
    struct extent extent = {0};
    struct scale scale;

    extent_add(&extent, 3, false);
    extent_add(&extent, 97, false);
    scale = scale_of(&extent, true, 1e9);
    cr_assert_eq(scale.low, 0);
    cr_assert_eq(scale.high, 100);
    scale.from = 10;
    scale.to = 110;
    cr_assert_eq(scale_at(&scale, 50), 60);
    extent_add(&extent, 0.5, true);
    extent_add(&extent, -1, true); /* cannot be on a logarithmic axis */
    scale = scale_of(&extent, false, 4);
    cr_assert(scale.is_log && scale.low < 0.5 && scale.low > 0 && scale.high > 97);
}

Test(chart, one_value_or_none_is_no_division_by_zero)
{
    struct extent none = {0};
    struct extent one = {0};
    struct scale scale = scale_of(&none, true, 4);

    cr_assert(scale.high > scale.low);
    extent_add(&one, 0, false);
    scale = scale_of(&one, true, 4);
    cr_assert(scale.high > scale.low);
    one = (struct extent){0};
    extent_add(&one, 7, true);
    scale = scale_of(&one, false, 4);
    cr_assert(scale.high > scale.low);
}

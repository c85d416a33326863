#include "base/test.h"

#include <string.h>

#include "base/text.h"

static void expect(void (*escape)(struct buffer *, const char *, size_t), const char *in,
                   size_t size, const char *out)
{
    AUTO_BUFFER struct buffer made = BUFFER_EMPTY;

    escape(&made, in, size);
    cr_assert_str_eq(buffer_text(&made), out, "got %s, wanted %s", buffer_text(&made), out);
}

Test(text, terminal_escapes_show_control_bidi_and_bad_bytes)
{
    expect(text_escape_terminal, "a\x1b[31m\n\xff\xe2\x80\xae\xc2\x9b", 13,
           "a\\x1b[31m\\n\\xff\\u{202e}\\x9b");
    expect(text_escape_terminal, "gr\xc3\xbc\xc3\x9f", 6, "gr\xc3\xbc\xc3\x9f");
}

Test(text, terminal_into_never_overflows)
{
    char place[8];

    text_escape_terminal_into(place, sizeof place, "ab\x1b\x1b\x1b");
    cr_assert_str_eq(place, "ab\\x1b");
    text_escape_terminal_into(place, 1, "ab");
    cr_assert_str_eq(place, "");
}

Test(text, json_escapes_quotes_controls_and_bad_bytes)
{
    expect(text_escape_json, "\"\\\n\x01\xc0\xaf</script>", 15,
           "\\\"\\\\\\u000a\\u0001\\ufffd\\ufffd</script>");
}

Test(text, xml_has_no_forbidden_character)
{
    expect(text_escape_xml, "<a b='\"&\">\x01\x1b\n", 13,
           "&lt;a b=&#39;&quot;&amp;&quot;&gt;\xef\xbf\xbd\xef\xbf\xbd&#10;");
}

Test(text, html_is_inert)
{
    expect(text_escape_html, "<script>\x1b\xe2\x80\xae", 12, "&lt;script&gt;\\x1b\\u{202e}");
}

Test(text, markdown_is_inert)
{
    expect(text_escape_markdown, "|`x`<b>::set", 12, "&#124;&#96;x&#96;&#60;b&#62;&#58;&#58;set");
    expect(text_escape_markdown, "\n", 1, "&#92;n");
    expect(text_escape_markdown, "linux-landlock 1.5", 18, "linux-landlock 1.5");
    expect(text_escape_markdown, "- a--b -->", 10, "&#45; a-&#45;b &#45;&#45;&#62;");
    expect(text_escape_markdown, "www.x Www.y", 11, "www&#46;x Www&#46;y");
}

Test(text, csv_defuses_formulas)
{
    expect(text_escape_csv, "=1+\"2\"", 6, "\"'=1+\"\"2\"\"\"");
    expect(text_escape_csv, "", 0, "\"\"");
}

Test(text, utf8_refuses_overlong_surrogates_and_truncation)
{
    cr_assert(text_is_utf8("\xf0\x9f\x98\x80", 4));
    cr_assert(!text_is_utf8("\xc0\x80", 2), "overlong NUL");
    cr_assert(!text_is_utf8("\xe0\x80\xaf", 3), "overlong slash");
    cr_assert(!text_is_utf8("\xed\xa0\x80", 3), "surrogate");
    cr_assert(!text_is_utf8("\xf4\x90\x80\x80", 4), "above U+10FFFF");
    cr_assert(!text_is_utf8("\xe2\x82", 2), "truncated");
}

Test(text, numbers_are_decimal_and_bounded)
{
    uint64_t value = 7;

    cr_assert(text_parse_u64("0", 10, &value) && value == 0);
    cr_assert(text_parse_u64("18446744073709551615", UINT64_MAX, &value) && value == UINT64_MAX);
    cr_assert(!text_parse_u64("18446744073709551616", UINT64_MAX, &value));
    cr_assert(!text_parse_u64("11", 10, &value));
    cr_assert(!text_parse_u64("", 10, &value));
    cr_assert(!text_parse_u64("-1", 10, &value));
    cr_assert(!text_parse_u64("1 ", 10, &value));
}

Test(text, patterns_match_the_whole_text)
{
    cr_assert(text_matches("fs.*", "fs.chmod"));
    cr_assert(text_matches("*", ""));
    cr_assert(text_matches("f?.*mod", "fs.chmod"));
    cr_assert(!text_matches("fs", "fs.chmod"));
    cr_assert(!text_matches("*.x", "fs.chmod"));
    cr_assert(text_matches("*a*a*a*b", "aaaaaaaaaaaaaaaaaaaab"));
}

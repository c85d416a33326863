#include "sandbox/json.h"

#include <string.h>

#include "base/test.h"

static struct json_value *read_text(const char *text, struct error *err)
{
    return json_read(text, strlen(text), err);
}

static void accepts(const char *text)
{
    struct error err = {0};
    struct json_value *value = read_text(text, &err);

    cr_assert_not_null(value, "%s: %s", text, err.message);
    json_free(value);
}

static void refuses(const char *text, const char *because)
{
    struct error err = {0};
    struct json_value *value = read_text(text, &err);

    cr_assert_null(value, "accepted: %s", text);
    cr_assert_eq(err.code, ERR_INVALID, "%s", text);
    cr_assert(strstr(err.message, because) != NULL, "%s: says \"%s\"", text, err.message);
}

Test(json, reads_every_kind_of_value)
{
    struct error err = {0};
    struct json_value *v = read_text(
        " {\"a\": [1, -2.5e+3, true, false, null], \"b\": {\"c\": \"x\\u00e9\\n\\ud83d\\ude00\"}} ",
        &err);
    struct json_value *a;

    cr_assert_not_null(v, "%s", err.message);
    a = v->first;
    cr_assert_str_eq(a->key, "a");
    cr_assert_eq(a->first->whole, 1);
    cr_assert(a->first->is_whole, "1 is whole");
    cr_assert(!a->first->next->is_whole, "-2.5e+3 is not");
    cr_assert(a->first->next->next->is_true, "true");
    cr_assert_eq(a->first->next->next->next->next->type, JSON_NULL);
    cr_assert_str_eq(a->next->first->text, "x\xc3\xa9\n\xf0\x9f\x98\x80");
    json_free(v);
}

Test(json, refuses_what_can_be_read_in_two_ways)
{
    refuses("{\"a\": 1, \"a\": 2}", "twice");
    refuses("{\"a\": 1, \"\\u0061\": 2}", "twice");
    refuses("1 2", "after the end");
    refuses("{} x", "after the end");
    refuses("\"a\\u0000b\"", "\\u0000");
    refuses("\"\xff\"", "UTF-8");
    refuses("\"\xc0\xaf\"", "UTF-8");
    refuses("\"\xed\xa0\x80\"", "UTF-8");
    refuses("\"\\ud800\"", "surrogate");
    refuses("\"\\udc00\"", "surrogate");
    refuses("\"\\ud800\\u0041\"", "surrogate");
}

Test(json, refuses_what_is_not_json)
{
    refuses("", "not a value");
    refuses("   ", "not a value");
    refuses("{", "key");
    refuses("{\"a\"", "':'");
    refuses("{\"a\": 1,}", "key");
    refuses("[1,]", "not a value");
    refuses("[1 2]", "','");
    refuses("{a: 1}", "key");
    refuses("'a'", "not a value");
    refuses("\"a", "does not end");
    refuses("\"a\nb\"", "control");
    refuses("\"\\x\"", "escape");
    refuses("\"\\u12\"", "hexadecimal");
    refuses("01", "after the end");
    refuses("1.", "point");
    refuses(".5", "not a value");
    refuses("1e", "exponent");
    refuses("+1", "not a value");
    refuses("-", "not a value");
    refuses("NaN", "not a value");
    refuses("tru", "not a value");
    refuses("// x\n1", "not a value");
    refuses("\xef\xbb\xbf{}", "not a value");
}

Test(json, accepts_what_is)
{
    accepts("0");
    accepts("-0.0E-5");
    accepts("18446744073709551615");
    accepts("18446744073709551616");
    accepts("[]");
    accepts("\t\r\n{ }");
    accepts("[[[]]]");
    accepts("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"");
}

Test(json, knows_which_numbers_fit)
{
    struct error err = {0};
    struct json_value *v = read_text("[18446744073709551615, 18446744073709551616, 007]", &err);

    cr_assert_null(v, "007 is no JSON");
    v = read_text("[18446744073709551615, 18446744073709551616]", &err);
    cr_assert_not_null(v);
    cr_assert(v->first->is_whole && v->first->whole == UINT64_MAX, "the largest fits");
    cr_assert(!v->first->next->is_whole, "one more does not");
    json_free(v);
}

Test(json, bounds_the_depth)
{
    char deep[2 * (JSON_DEPTH_MAX + 1) + 1];

    memset(deep, '[', JSON_DEPTH_MAX + 1);
    memset(deep + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
    deep[sizeof deep - 1] = '\0';
    refuses(deep, "deeply");
    deep[sizeof deep - 2] = '\0';
    accepts(deep + 1);
}

Test(json, bounds_the_size)
{
    struct error err = {0};
    char *large = malloc(JSON_SIZE_MAX + 1);

    cr_assert_not_null(large);
    memset(large, ' ', JSON_SIZE_MAX + 1);
    large[0] = '1';
    cr_assert_null(json_read(large, JSON_SIZE_MAX + 1, &err));
    cr_assert(strstr(err.message, "larger") != NULL, "%s", err.message);
    free(large);
}

Test(json, tells_where_it_went_wrong)
{
    struct error err = {0};

    cr_assert_null(read_text("{\n  \"a\": 1,\n  \"b\": x\n}", &err));
    cr_assert(strstr(err.message, "line 3, column 8") != NULL, "%s", err.message);
}

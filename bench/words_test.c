#include "base/test.h"

#include <string.h>

#include "base/auto.h"
#include "bench/words.h"

/* The words of a line, joined by bars; "!" and the code when it is refused. */
static const char *split(const char *line)
{
    static char joined[256];
    AUTO_WORDS struct words words = WORDS_EMPTY;
    struct error err = {0};

    joined[0] = '\0';
    if (words_split(line, &words, &err) < 0)
        return err.code == ERR_USAGE ? "!usage" : "!";
    for (size_t i = 0; i < words.count; i++) {
        if (i > 0)
            strcat(joined, "|");
        strcat(joined, words.items[i]);
    }
    return words.items[words.count] == NULL ? joined : "not terminated";
}

Test(words, are_cut_as_a_shell_cuts_them)
{
    cr_assert_str_eq(split("grep -i todo"), "grep|-i|todo");
    cr_assert_str_eq(split("  a\t b \n"), "a|b");
    cr_assert_str_eq(split("a 'b  c' \"d e\""), "a|b  c|d e");
    cr_assert_str_eq(split("a'b'\"c\"d"), "abcd");
    cr_assert_str_eq(split("a '' \"\""), "a||");
    cr_assert_str_eq(split("a\\ b 'c\\d' \"e\\f\\\"g\\$h\""), "a b|c\\d|e\\f\"g$h");
    cr_assert_str_eq(split("echo $HOME *"), "echo|$HOME|*");
    cr_assert_str_eq(split("a \\\nb"), "a|b");
    cr_assert_str_eq(split("a\\"), "a\\");
}

Test(words, open_quotes_and_nothing_are_refused)
{
    cr_assert_str_eq(split("a 'b"), "!usage");
    cr_assert_str_eq(split("a \"b"), "!usage");
    cr_assert_str_eq(split("   "), "!usage");
    cr_assert_str_eq(split(""), "!usage");
}

Test(words, commas_separate_also_nothing)
{
    AUTO_WORDS struct words words = WORDS_EMPTY;
    struct error err;

    cr_assert_eq(words_split_commas("a,,b c,", &words, &err), 0);
    cr_assert_eq(words.count, 4);
    cr_assert_str_eq(words.items[1], "");
    cr_assert_str_eq(words.items[2], "b c");
}

Test(words, a_backslash_keeps_a_comma)
{
    AUTO_WORDS struct words words = WORDS_EMPTY;
    struct error err = {0};

    cr_assert_eq(words_split_commas("a\\,b,c\\d,\\,", &words, &err), 0);
    cr_assert_eq(words.count, 3);
    cr_assert_str_eq(words.items[0], "a,b");
    cr_assert_str_eq(words.items[1], "c\\d");
    cr_assert_str_eq(words.items[2], ",");
}

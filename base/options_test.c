#include "base/test.h"

#include <string.h>

#include "base/options.h"

struct settings {
    char words[200];
};

static int note(void *into, const char *value, struct error *err)
{
    struct settings *settings = into;

    if (value != NULL && strcmp(value, "bad") == 0)
        return error_set(err, ERR_USAGE, "%s: not good", value);
    (void)strncat(settings->words, value != NULL ? value : "flag", 50);
    (void)strncat(settings->words, ";", 2);
    return 0;
}

static const struct option_row rows[] = {
    {.name = "dir", .letter = 'd', .value = "DIR", .help = "a folder", .apply = note},
    {.name = "strict", .help = "a flag", .apply = note},
    {.name = "scan", .letter = 'P', .value = "VAR MIN MAX", .more_words = 2, .apply = note},
    {.name = "ignore", .letter = 'i', .value = "WHAT", .is_value_optional = true, .apply = note},
    {0},
};
static const struct option_table table = {"prog", "[OPTION]...", "Does it.", NULL, rows};

static int parse(int argc, const char **argv, struct settings *settings, int *first,
                 struct error *err)
{
    memset(settings, 0, sizeof *settings);
    return options_parse(&table, argc, (char **)argv, settings, first, err);
}

Test(options, keeps_order_and_stops_at_the_command)
{
    const char *argv[] = {"prog", "-d", "a", "--strict", "--dir=b", "--", "cmd", "-d", "c", NULL};
    struct settings settings;
    struct error err;
    int first = 0;

    cr_assert_eq(parse(9, argv, &settings, &first, &err), OPTIONS_PARSED);
    cr_assert_str_eq(settings.words, "a;flag;b;");
    cr_assert_eq(first, 6);
}

Test(options, names_the_unknown_option)
{
    const char *argv[] = {"prog", "--wrong", NULL};
    struct settings settings;
    struct error err;
    int first = 0;

    cr_assert_eq(parse(2, argv, &settings, &first, &err), -1);
    cr_assert_eq(err.code, ERR_USAGE);
    cr_assert_not_null(strstr(err.message, "--wrong"), "%s", err.message);
    cr_assert_not_null(strstr(err.hint, "prog --help"), "%s", err.hint);
}

Test(options, names_the_option_with_a_bad_or_missing_value)
{
    const char *bad[] = {"prog", "--dir", "bad", NULL};
    const char *missing[] = {"prog", "--dir", NULL};
    struct settings settings;
    struct error err;
    int first = 0;

    cr_assert_eq(parse(3, bad, &settings, &first, &err), -1);
    cr_assert_str_eq(err.message, "--dir: bad: not good");
    cr_assert_eq(parse(2, missing, &settings, &first, &err), -1);
    cr_assert_not_null(strstr(err.message, "needs a value"), "%s", err.message);
}

Test(options, a_value_may_be_several_words_among_operands)
{
    const char *argv[] = {"prog",   "a", "-P", "n", "1", "-2", "b",
                          "--scan", "m", "3",  "4", "c", NULL};
    const char *few[] = {"prog", "-P", "n", "1", NULL};
    struct settings settings = {""};
    struct error err;
    int first = 0;

    cr_assert_eq(options_parse_mixed(&table, 12, (char **)argv, &settings, &first, &err),
                 OPTIONS_PARSED);
    cr_assert_str_eq(settings.words, "n\x1f"
                                     "1\x1f-2;m\x1f"
                                     "3\x1f"
                                     "4;");
    cr_assert_eq(first, 9);
    cr_assert_str_eq(argv[9], "a");
    cr_assert_str_eq(argv[10], "b");
    cr_assert_str_eq(argv[11], "c");
    cr_assert_eq(parse(4, few, &settings, &first, &err), -1);
    cr_assert_str_eq(err.message, "--scan: needs 3 values");
}

Test(options, an_optional_value_is_never_the_next_word)
{
    const char *argv[] = {"prog", "-i", "--ignore", "--ignore=7", "cmd", NULL};
    struct settings settings;
    struct error err;
    int first = 0;

    cr_assert_eq(parse(5, argv, &settings, &first, &err), OPTIONS_PARSED);
    cr_assert_str_eq(settings.words, "flag;flag;7;");
    cr_assert_str_eq(argv[first], "cmd");
}

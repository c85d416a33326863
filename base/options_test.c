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

#include "base/test.h"

#include <string.h>

#include "base/auto.h"
#include "base/options.h"
#include "bench/settings.h"

static bool is_benchmark(const char *name)
{
    return strcmp(name, "spawn") == 0 || strcmp(name, "memory") == 0;
}

/* argv ends with NULL; its order is changed. */
static int parse(struct bench_settings *settings, const char **argv, struct error *err)
{
    int argc = 0;

    while (argv[argc] != NULL)
        argc++;
    bench_settings_init(settings);
    *err = (struct error){0};
    return bench_settings_parse(settings, argc, (char **)argv, is_benchmark, err);
}

Test(settings, hyperfines_options_are_understood)
{
    const char *argv[] = {"bench", "-N",       "-w",   "3",      "-r",      "20", "a {n}",
                          "-L",    "n",        "1,2",  "-u",     "second",  "b",  "-n",
                          "first", "-p",       "sync", "--sort", "command", "-i", "--export-json",
                          "f",     "--output", "pipe", NULL};
    struct bench_settings settings;
    struct error err;

    cr_assert_eq(parse(&settings, argv, &err), OPTIONS_PARSED, "%s", err.message);
    cr_assert_null(settings.shell);
    cr_assert_eq(settings.warmup, 3);
    cr_assert_eq(settings.runs, 20);
    cr_assert_eq(settings.commands.count, 2);
    cr_assert_str_eq(settings.commands.items[0], "a {n}");
    cr_assert_str_eq(settings.commands.items[1], "b");
    cr_assert_eq(scan_count(&settings.scan), 2);
    cr_assert_eq(settings.unit, UNIT_SECOND);
    cr_assert_str_eq(settings.names.items[0], "first");
    cr_assert_str_eq(settings.prepare.items[0], "sync");
    cr_assert_eq(settings.sort, SORT_COMMAND);
    cr_assert(settings.accepts_failure);
    cr_assert_eq(settings.export_count, 1);
    cr_assert_eq(settings.exports[0].kind, EXPORTS_REPORT);
    cr_assert_str_eq(settings.outputs.items[0], "pipe");
    bench_settings_done(&settings);
}

Test(settings, a_range_takes_its_step_wherever_it_stands)
{
    const char *argv[] = {"bench", "-P", "d", "0.1", "0.3", "-D", "0.1", "sleep {d}", NULL};
    struct bench_settings settings;
    struct error err;

    cr_assert_eq(parse(&settings, argv, &err), OPTIONS_PARSED, "%s", err.message);
    cr_assert_eq(scan_count(&settings.scan), 3);
    cr_assert_str_eq(scan_value(&settings.scan, 2, 0), "0.3");
    bench_settings_done(&settings);
}

Test(settings, benchmarks_are_known_by_name_and_only_before_the_dashes)
{
    const char *argv[] = {"bench", "spawn", "ls -l", "--", "spawn", "memory", NULL};
    struct bench_settings settings;
    struct error err;

    cr_assert_eq(parse(&settings, argv, &err), OPTIONS_PARSED, "%s", err.message);
    cr_assert_eq(settings.benchmarks.count, 1);
    cr_assert_str_eq(settings.benchmarks.items[0], "spawn");
    cr_assert_eq(settings.commands.count, 3);
    cr_assert_str_eq(settings.commands.items[0], "ls -l");
    cr_assert_str_eq(settings.commands.items[1], "spawn");
    bench_settings_done(&settings);
}

Test(settings, exit_codes_may_be_named)
{
    const char *argv[] = {"bench", "--ignore-failure=3,4", "x", NULL};
    struct bench_settings settings;
    struct error err;

    cr_assert_eq(parse(&settings, argv, &err), OPTIONS_PARSED, "%s", err.message);
    cr_assert(settings.accepts_failure);
    cr_assert_eq(settings.accepted_count, 2);
    cr_assert_eq(settings.accepted_codes[1], 4);
    bench_settings_done(&settings);
}

Test(settings, the_default_minimum_gives_way_to_a_maximum)
{
    const char *argv[] = {"bench", "-M", "4", "x", NULL};
    struct bench_settings settings;
    struct error err;

    cr_assert_eq(parse(&settings, argv, &err), OPTIONS_PARSED, "%s", err.message);
    cr_assert_eq(settings.min_runs, 4);
    bench_settings_done(&settings);
}

Test(settings, contradictions_and_nonsense_are_refused)
{
    static const char *const wrong[][8] = {
        {"bench", "-r", "0", "x"},
        {"bench", "-r", "5", "-m", "3", "x"},
        {"bench", "-M", "3", "-m", "5", "x"},
        {"bench", "-w", "many", "x"},
        {"bench", "--timeout", "-1", "x"},
        {"bench", "-u", "hour", "x"},
        {"bench", "--style", "loud", "x"},
        {"bench", "--seed", "x", "x"},
        {"bench", "-n", "one", "-n", "two", "x"},
        {"bench", "-p", "a", "-p", "b", "x"},
        {"bench", "-D", "2", "x"},
        {"bench", "-P", "n", "5", "1", "x"},
        {"bench", "-L", "n", "1", "-L", "n", "2"},
        {"bench", "--reference-name", "r", "x"},
        {"bench", "--ignore-failure=256", "x"},
        {"bench", "--identity", "nobody", "x"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        const char *argv[9] = {NULL};
        struct bench_settings settings;
        struct error err;

        memcpy(argv, wrong[i], sizeof wrong[i]);
        cr_assert_eq(parse(&settings, argv, &err), -1, "row %zu was accepted", i);
        cr_assert_eq(err.code, ERR_USAGE, "row %zu: %s", i, err.message);
        bench_settings_done(&settings);
    }
}

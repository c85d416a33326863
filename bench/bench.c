#include "bench/bench.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/options.h"
#include "bench/builtin.h"
#include "bench/commands.h"
#include "bench/facts.h"
#include "bench/files.h"
#include "bench/plot.h"

enum {
    EXIT_MEASURED = 0,
    EXIT_SLOWER = 1,
    EXIT_ERROR = 2,
    EXIT_UNFIT = 3
};

static int write_export(const struct bench_settings *settings, const struct bench_report *report,
                        const struct settings_export *wish, const size_t *order, struct error *err)
{
    switch (wish->kind) {
    case EXPORTS_REPORT:
        return bench_report_write(report, wish->path, err);
    case EXPORTS_ACTION:
        return bench_report_write_action(report, wish->path, err);
    case EXPORTS_TABLE:
        return export_write(report, order, wish->format, settings->unit, wish->path, err);
    }
    return -1;
}

static int write_exports(const struct bench_settings *settings, const struct bench_report *report,
                         struct error *err)
{
    AUTO_FREE size_t *order = calloc(report->row_count + 1, sizeof *order);

    if (order == NULL)
        return error_memory(err, "exports");
    for (size_t i = 0; i < report->row_count; i++)
        order[i] = i;
    if (settings->sort == SORT_MEAN_TIME)
        export_sort_by_mean(report, order);
    for (size_t i = 0; i < settings->export_count; i++) {
        if (write_export(settings, report, &settings->exports[i], order, err) < 0)
            return -1;
    }
    if (settings->plots != NULL && plot_write_all(report, settings->plots, err) < 0)
        return -1;
    return settings->prints_json ? bench_report_print(report, err) : 0;
}

static void show(const struct bench_settings *settings, struct console *console,
                 const struct bench_report *report, const struct bench_report *baseline)
{
    size_t number = 0;

    for (size_t i = 0; i < report->row_count; i++) {
        const struct bench_row *row = &report->rows[i];

        if (strcmp(row->benchmark, bench_of_commands) == 0 && !row->is_aside)
            console_show_row(console, ++number, row, row->shell_s > 0);
    }
    if (number > 0)
        console_show_summary(console, report, settings->sort);
    if (settings->benchmarks.count > 0 || settings->against != NULL)
        console_show_table(console, report);
    if (report->is_slower && !console->is_silent)
        (void)printf("Slower than --against, and again on fresh runs.\n");
    if (settings->baseline != NULL)
        console_show_baseline(console, report, baseline);
    console_show_fitness(console, report);
}

static int measure_all(const struct bench_settings *settings, struct console *console,
                       struct bench_report *report, struct error *err)
{
    if (settings->commands.count > 0 && bench_commands_run(settings, console, report, err) < 0)
        return -1;
    if (settings->benchmarks.count > 0 || settings->against != NULL)
        return builtins_run(settings, console, report, err);
    return 0;
}

/* What was measured before an error is shown and written too. */
static int measure(const struct bench_settings *settings, struct bench_report *report,
                   const struct bench_report *baseline, struct error *err)
{
    struct console console;
    struct error later = {0};
    int failed;

    console_init(&console, settings);
    report->seed = settings->seed;
    if (bench_facts_begin(report, err) < 0)
        return -1;
    failed = measure_all(settings, &console, report, err);
    console_clear(&console);
    if (bench_facts_end(report, &later) < 0 || bench_report_finish(report, &later) < 0 ||
        (show(settings, &console, report, baseline), write_exports(settings, report, &later)) < 0) {
        if (failed == 0)
            *err = later;
        failed = -1;
    }
    return failed;
}

/* The baseline is read first: a wrong file shall not cost an hour. */
static int measure_beside(const struct bench_settings *settings, struct bench_report *report,
                          struct error *err)
{
    struct bench_report baseline;
    int failed = 0;

    bench_report_init(&baseline);
    if (settings->baseline != NULL)
        failed = bench_report_read(&baseline, settings->baseline, err);
    if (failed == 0)
        failed = measure(settings, report, &baseline, err);
    bench_report_done(&baseline);
    return failed;
}

static int run(struct bench_settings *settings, struct bench_report *report, struct error *err)
{
    if (settings->is_list)
        return builtins_list(settings, err);
    if (settings->benchmarks.count + settings->commands.count == 0 && settings->against == NULL) {
        (void)error_set(err, ERR_USAGE, "nothing to measure: name a benchmark or a command");
        return error_hint(err, "see holdfast bench --help, or --list");
    }
    if (!settings->has_order && (settings->setup != NULL || settings->cleanup != NULL))
        settings->order = SCHEDULE_BLOCKED;
    return bench_files_check(settings, err) < 0 ? -1 : measure_beside(settings, report, err);
}

/* The first Ctrl-C ends the run under way (the stopwatch gets it too) and what was measured is
 * written; the second, by the default action, ends everything. */
static void on_interrupt(int signal_number)
{
    (void)signal(signal_number, SIG_DFL);
}

int bench_main(int argc, char **argv)
{
    struct bench_settings settings;
    struct bench_report report;
    struct error err = {0};
    int status = EXIT_MEASURED;
    int parsed;

    (void)signal(SIGINT, on_interrupt);
    bench_settings_init(&settings);
    bench_report_init(&report);
    parsed = bench_settings_parse(&settings, argc, argv, builtin_is_name, &err);
    if (parsed < 0 || (parsed == OPTIONS_PARSED && run(&settings, &report, &err) < 0)) {
        error_print(stderr, "holdfast bench", &err);
        status = EXIT_ERROR;
    } else if (report.is_slower) {
        status = EXIT_SLOWER;
    } else if (settings.is_strict && report.has_control && !report.is_fit) {
        status = EXIT_UNFIT;
    }
    bench_report_done(&report);
    bench_settings_done(&settings);
    return status;
}

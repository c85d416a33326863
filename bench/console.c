#include "bench/console.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/os.h"
#include "base/text.h"
#include "bench/units.h"

enum {
    REDRAW_NS = 100000000
};

static const char bold[] = "\x1b[1m";
static const char green[] = "\x1b[32m";
static const char yellow[] = "\x1b[33m";

void console_init(struct console *console, const struct bench_settings *settings)
{
    bool is_terminal = os_is_terminal(STDOUT_FILENO);
    bool may_color = getenv("NO_COLOR") == NULL && is_terminal;

    *console = (struct console){
        .has_color = settings->style == STYLE_FULL || settings->style == STYLE_COLOR ||
                     (settings->style == STYLE_AUTO && may_color),
        .is_live = settings->style == STYLE_FULL || settings->style == STYLE_NOCOLOR ||
                   (settings->style == STYLE_AUTO && os_is_terminal(STDERR_FILENO)),
        .is_silent = settings->style == STYLE_NONE || settings->prints_json,
        .unit = settings->unit,
    };
    /* An export to stdout shall be the only thing there. */
    for (size_t i = 0; i < settings->export_count; i++) {
        if (strcmp(settings->exports[i].path, "-") == 0)
            console->is_silent = true;
    }
}

/* The style if there is colour. */
static const char *on(const struct console *console, const char *style)
{
    return console->has_color ? style : "";
}

static const char *off(const struct console *console)
{
    return console->has_color ? "\x1b[0m" : "";
}

void console_set_title(struct console *console, const char *format, ...)
{
    char text[160];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    text_escape_terminal_into(console->title, sizeof console->title, text);
}

void console_begin_parts(struct console *console, size_t parts, double weight)
{
    console->parts = parts;
    console->part = 0;
    console->weight_all = weight;
    console->weight_over = console->weight_now = 0;
    console->begun_ns = os_now_ns();
}

void console_next_part(struct console *console, double weight)
{
    console->part++;
    console->weight_over += console->weight_now;
    console->weight_now = weight;
}

/* "[3/9, about 4 min left] ": once a part is over the others can be told from it. */
static void show_part(const struct console *console)
{
    double elapsed_s = (double)(os_now_ns() - console->begun_ns) / 1e9;
    double left_s;

    if (console->parts < 2)
        return;
    (void)fprintf(stderr, "[%zu/%zu", console->part, console->parts);
    if (console->weight_over > 0) {
        /* The present part counts as half done. */
        left_s =
            elapsed_s * console->weight_all / (console->weight_over + console->weight_now / 2) -
            elapsed_s;
        if (left_s < 90)
            (void)fprintf(stderr, ", about %.0f s left", left_s);
        else
            (void)fprintf(stderr, ", about %.0f min left", left_s / 60);
    }
    (void)fputs("] ", stderr);
}

/* The live line, cut to the terminal. */
static void show_line(struct console *console, const char *text)
{
    size_t columns = (size_t)os_terminal_columns(STDERR_FILENO);
    size_t room = columns > 30 ? columns - 30 : 1; /* show_part() writes less than 30 */

    (void)fputs("\r\x1b[K", stderr);
    show_part(console);
    (void)fprintf(stderr, "%.*s", (int)(console->parts > 1 ? room : columns - 1), text);
    (void)fflush(stderr);
    console->is_line_open = true;
}

void console_step(struct console *console)
{
    if (console->is_live)
        show_line(console, console->title);
}

void console_clear(struct console *console)
{
    if (console->is_line_open)
        (void)fputs("\r\x1b[K", stderr);
    console->is_line_open = false;
}

/* Runs made so far, and those to come, over all arms. */
static double share_done(const struct experiment *experiment, double *latest_s)
{
    size_t done = 0;

    *latest_s = NAN;
    for (size_t i = 0; i < experiment->arm_count; i++) {
        const struct experiment_arm *arm = &experiment->arms[i];

        done += arm->count;
        if (arm->count > 0)
            *latest_s = (double)arm->samples[arm->count - 1].wall_ns / 1e9;
    }
    if (experiment->planned == 0)
        return 0;
    return (double)done / (double)(experiment->planned * experiment->arm_count);
}

void console_progress(void *context, const struct experiment *experiment)
{
    struct console *console = context;
    uint64_t now = os_now_ns();
    double elapsed_s = (double)(now - experiment->started_ns) / 1e9;
    double latest_s;
    double share = share_done(experiment, &latest_s);
    char latest[32];
    char line[256];

    if (!console->is_live || now - console->shown_ns < REDRAW_NS)
        return;
    console->shown_ns = now;
    unit_format(latest, sizeof latest, latest_s, console->unit);
    if (experiment->is_warming_up || share <= 0)
        (void)snprintf(line, sizeof line, "%s: warming up", console->title);
    else
        (void)snprintf(line, sizeof line, "%3.0f %% %s: %s, %.0f s left", 100 * share,
                       console->title, latest, elapsed_s * (1 - share) / share);
    show_line(console, line);
}

/* ---- one row ---- */

static void warn(struct console *console, const char *format, ...) HOLDFAST_PRINTF(2, 3);

static void warn(struct console *console, const char *format, ...)
{
    va_list arguments;

    if (console->is_silent)
        return;
    (void)fflush(stdout);
    (void)fprintf(stderr, "  %sWarning%s: ", on(console, yellow), off(console));
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stderr);
}

static size_t count_runs(const struct bench_row *row, unsigned flag)
{
    size_t count = 0;

    for (size_t i = 0; i < row->run_count; i++)
        count += flag != 0 ? (row->runs[i].flags & flag) != 0 : row->runs[i].exit_code != 0;
    return count;
}

static void show_warnings(struct console *console, const struct bench_row *row, bool has_shell)
{
    size_t failures = count_runs(row, 0);
    size_t timeouts = count_runs(row, STOPWATCH_TIMED_OUT);

    if (has_shell && row->wall.min < 0.005)
        warn(console, "took less than 5 ms: the start of the shell cannot be taken off so"
                      " exactly; -N runs without a shell");
    if (failures > 0)
        warn(console, "ignored %zu non-zero exit statuses", failures);
    if (timeouts > 0)
        warn(console, "%zu runs took longer than their timeout and were killed", timeouts);
    if (row->wall.has_slow_first)
        warn(console, "the first run stands out, as when caches are cold;"
                      " --warmup fills them, --prepare can empty them");
    else if (row->wall.outlier_count > row->run_count / 20)
        warn(console, "%zu of %zu runs are outliers; the p10 does not mind them",
             row->wall.outlier_count, row->run_count);
}

static int64_t peak_memory(const struct bench_row *row)
{
    int64_t peak = -1;

    for (size_t i = 0; i < row->run_count; i++)
        peak = row->runs[i].memory_bytes > peak ? row->runs[i].memory_bytes : peak;
    return peak;
}

static void show_times(const struct console *console, const struct bench_row *row, enum unit unit)
{
    char mean[32], spread[32], user[32], system[32], min[32], max[32];

    unit_format(mean, sizeof mean, row->wall.mean, unit);
    unit_format(spread, sizeof spread, row->wall.stddev, unit);
    unit_format(user, sizeof user, row->user_mean_s, unit);
    unit_format(system, sizeof system, row->system_mean_s, unit);
    unit_format(min, sizeof min, row->wall.min, unit);
    unit_format(max, sizeof max, row->wall.max, unit);
    (void)printf("  Time (%smean%s \xc2\xb1 \xcf\x83):     %s%12s%s \xc2\xb1 %10s    [User: %s, "
                 "System: %s]\n",
                 on(console, green), off(console), on(console, green), mean, off(console), spread,
                 user, system);
    (void)printf("  Range (min \xe2\x80\xa6 max):   %12s \xe2\x80\xa6 %10s    %zu runs\n", min, max,
                 row->run_count);
}

void console_show_row(struct console *console, size_t number, const struct bench_row *row,
                      bool has_shell)
{
    char p10[32], median[32], p90[32], memory[32];
    /* One unit in a paragraph. */
    enum unit unit = console->unit != UNIT_AUTO ? console->unit : unit_choose(row->wall.mean);
    AUTO_BUFFER struct buffer command = BUFFER_EMPTY;

    console_clear(console);
    if (console->is_silent)
        return;
    text_escape_terminal(&command, row->command, strlen(row->command));
    (void)printf("%sBenchmark %zu%s: %s\n", on(console, bold), number, off(console),
                 buffer_text(&command));
    show_times(console, row, unit);
    unit_format(p10, sizeof p10, row->wall.p10, unit);
    unit_format(median, sizeof median, row->wall.median, unit);
    unit_format(p90, sizeof p90, row->wall.p90, unit);
    unit_format_bytes(memory, sizeof memory, (double)peak_memory(row));
    (void)printf("  p10, median, p90:    %12s, %s, %s    [Memory: %s]\n", p10, median, p90, memory);
    show_warnings(console, row, has_shell);
    (void)printf("\n");
}

/* ---- summary ---- */

void console_show_fitness(struct console *console, const struct bench_report *report)
{
    if (console->is_silent || !report->has_control)
        return;
    if (report->is_fit && report->noisy_count == 0)
        (void)printf("The machine was fit to judge: no A/A arm (%zu) shows a difference.\n",
                     report->control_count);
    else if (report->is_fit)
        (void)printf(
            "No A/A arm shows a difference, but %zu of %zu were too noisy to say: differences "
            "below their intervals cannot be judged.\n",
            report->noisy_count, report->control_count);
    else
        (void)printf("%sThe machine was not fit to judge%s: the same command measured twice "
                     "differed. Repeat when it is quieter.\n",
                     on(console, yellow), off(console));
}

/* "1.59 times [1.55, 1.62] faster than X": the interval as it is seen from the quicker side. */
static void show_comparison(const struct console *console, const struct bench_row *row)
{
    bool is_slower = row->ratio.ratio >= 1;
    double factor = is_slower ? row->ratio.ratio : 1 / row->ratio.ratio;
    double low = is_slower ? row->ratio.low : 1 / row->ratio.high;
    double high = is_slower ? row->ratio.high : 1 / row->ratio.low;
    AUTO_BUFFER struct buffer command = BUFFER_EMPTY;

    text_escape_terminal(&command, row->command, strlen(row->command));
    (void)printf("  %s%8.2f%s times [%.2f, %.2f] %s than %s%s\n", on(console, bold), factor,
                 off(console), low, high, is_slower ? "faster" : "slower", buffer_text(&command),
                 row->verdict == STATS_SAME           ? " (no difference shown)"
                 : row->verdict == STATS_INCONCLUSIVE ? " (too noisy to say)"
                                                      : "");
}

static const struct bench_row *find_reference(const struct bench_report *report)
{
    for (size_t i = 0; i < report->row_count; i++) {
        const struct bench_row *row = &report->rows[i];

        if (row->reference != NULL && !row->is_control)
            return bench_report_find(report, row, row->reference);
    }
    return NULL;
}

void console_show_summary(struct console *console, const struct bench_report *report,
                          enum settings_sort sort)
{
    const struct bench_row *reference = find_reference(report);
    AUTO_FREE size_t *order = calloc(report->row_count + 1, sizeof *order);
    AUTO_BUFFER struct buffer command = BUFFER_EMPTY;

    console_clear(console);
    if (console->is_silent || reference == NULL || order == NULL)
        return;
    for (size_t i = 0; i < report->row_count; i++)
        order[i] = i;
    if (sort != SORT_COMMAND)
        export_sort_by_mean(report, order);
    text_escape_terminal(&command, reference->command, strlen(reference->command));
    (void)printf("%sSummary%s (p10 against p10, 95 %% interval, %s, seed %llu)\n",
                 on(console, bold), off(console), schedule_order_name(report->order),
                 (unsigned long long)report->seed);
    (void)printf("  %s ran\n", buffer_text(&command));
    for (size_t i = 0; i < report->row_count; i++) {
        const struct bench_row *row = &report->rows[order[i]];

        if (row->has_ratio && !row->is_control)
            show_comparison(console, row);
    }
    if (report->order == SCHEDULE_BLOCKED)
        (void)printf("  One command after the other: what the machine did meanwhile is part of "
                     "these figures.\n");
}

void console_show_baseline(struct console *console, const struct bench_report *report,
                           const struct bench_report *baseline)
{
    if (console->is_silent)
        return;
    (void)printf("%sAgainst the saved run%s of %s (p10 against p10; advisory: another hour is no "
                 "reference)\n",
                 on(console, bold), off(console),
                 baseline->started != NULL ? baseline->started : "an unknown day");
    for (size_t i = 0; i < report->row_count; i++) {
        const struct bench_row *row = &report->rows[i];
        const struct bench_row *old = bench_report_find(baseline, row, row->subject);
        char command[100];

        if (old == NULL || row->is_control || !(old->wall.p10 > 0))
            continue;
        text_escape_terminal_into(command, sizeof command, row->command);
        (void)printf("  %-60s %8.3f\n", command, row->wall.p10 / old->wall.p10);
    }
}

static void show_parameters(const struct bench_row *row, char *out, size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; i < row->parameter_count && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s=%s", i > 0 ? " " : "",
                                 row->parameters[i].name, row->parameters[i].value);
}

static void show_table_row(const struct console *console, const struct bench_row *row)
{
    char what[128], p10[32], median[32], p90[32], ratio[64] = "";
    char label[64], subject[64], parameters[64];

    show_parameters(row, parameters, sizeof parameters);
    text_escape_terminal_into(label, sizeof label, row->benchmark);
    text_escape_terminal_into(subject, sizeof subject, row->subject);
    (void)snprintf(what, sizeof what, "%s %s", label, parameters);
    unit_format(p10, sizeof p10, row->wall.p10, console->unit);
    unit_format(median, sizeof median, row->wall.median, console->unit);
    unit_format(p90, sizeof p90, row->wall.p90, console->unit);
    if (row->has_ratio)
        (void)snprintf(ratio, sizeof ratio, "%8.3f [%.3f, %.3f]", row->ratio.ratio, row->ratio.low,
                       row->ratio.high);
    (void)printf("%-34s %-22s %11s %11s %11s  %s\n", what, subject, p10, median, p90, ratio);
}

static void show_skipped(const struct bench_skipped *skipped)
{
    char benchmark[64], subject[64], reason[200];

    text_escape_terminal_into(benchmark, sizeof benchmark,
                              skipped->benchmark != NULL ? skipped->benchmark : "");
    text_escape_terminal_into(subject, sizeof subject, skipped->subject);
    text_escape_terminal_into(reason, sizeof reason, skipped->reason);
    (void)printf("not measured: %s%s%s: %s\n", benchmark, benchmark[0] != '\0' ? " " : "", subject,
                 reason);
}

static void show_took(const struct bench_report *report)
{
    double all = 0;

    (void)printf("took:");
    for (size_t i = 0; i < report->took_count; i++) {
        (void)printf(" %s %.0f s,", report->took[i].benchmark, report->took[i].seconds);
        all += report->took[i].seconds;
    }
    (void)printf(" together %.0f s\n", all);
}

void console_show_table(struct console *console, const struct bench_report *report)
{
    console_clear(console);
    if (console->is_silent || report->row_count + report->skipped_count == 0)
        return;
    (void)printf("%s%-34s %-22s %11s %11s %11s  %s%s\n", on(console, bold), "benchmark", "subject",
                 "p10", "median", "p90", "p10 / reference [95 %]", off(console));
    for (size_t i = 0; i < report->row_count; i++)
        show_table_row(console, &report->rows[i]);
    for (size_t i = 0; i < report->skipped_count; i++)
        show_skipped(&report->skipped[i]);
    if (report->took_count > 1)
        show_took(report);
}

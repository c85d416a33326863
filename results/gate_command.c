#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/auto.h"
#include "base/options.h"
#include "base/os.h"
#include "base/text.h"
#include "results/commands.h"
#include "results/document.h"
#include "results/gate.h"
#include "results/gate_output.h"

/* Gaps are looked at again after half a year unless somebody says otherwise. */
enum {
    DAYS_ACCEPTED = 180
};

struct settings {
    const char *baseline, *current, *repeat, *reference;
    char today[11];
    char expires[11]; /* default of new acceptances */
    struct gap_words words;
    bool is_bench, is_update, is_strict, is_json;
    struct compare_style style;
};

static int set_baseline(void *settings, const char *value, struct error *err)
{
    (void)err;
    ((struct settings *)settings)->baseline = value;
    return 0;
}

static int set_current(void *settings, const char *value, struct error *err)
{
    (void)err;
    ((struct settings *)settings)->current = value;
    return 0;
}

static int set_repeat(void *settings, const char *value, struct error *err)
{
    (void)err;
    ((struct settings *)settings)->repeat = value;
    return 0;
}

static int set_reference(void *settings, const char *value, struct error *err)
{
    (void)err;
    ((struct settings *)settings)->reference = value;
    return 0;
}

static int set_bench(void *settings, const char *value, struct error *err)
{
    (void)value;
    (void)err;
    ((struct settings *)settings)->is_bench = true;
    return 0;
}

static int set_update(void *settings, const char *value, struct error *err)
{
    (void)value;
    (void)err;
    ((struct settings *)settings)->is_update = true;
    return 0;
}

static int set_strict(void *settings, const char *value, struct error *err)
{
    (void)value;
    (void)err;
    ((struct settings *)settings)->is_strict = true;
    return 0;
}

static int set_json(void *settings, const char *value, struct error *err)
{
    (void)value;
    (void)err;
    ((struct settings *)settings)->is_json = true;
    return 0;
}

static int set_markdown(void *settings, const char *value, struct error *err)
{
    (void)value;
    (void)err;
    ((struct settings *)settings)->style.is_markdown = true;
    return 0;
}

static int set_reason(void *settings, const char *value, struct error *err)
{
    (void)err;
    ((struct settings *)settings)->words.reason = value;
    return 0;
}

static int set_link(void *settings, const char *value, struct error *err)
{
    (void)err;
    ((struct settings *)settings)->words.link = value;
    return 0;
}

static int set_date(char *to, const char *value, struct error *err)
{
    if (!result_is_date(value))
        return error_set(err, ERR_USAGE, "%s: not a date such as 2027-03-31", value);
    memcpy(to, value, 11);
    return 0;
}

static int set_expires(void *settings, const char *value, struct error *err)
{
    return set_date(((struct settings *)settings)->expires, value, err);
}

static int set_today(void *settings, const char *value, struct error *err)
{
    return set_date(((struct settings *)settings)->today, value, err);
}

static const struct option_row rows[] = {
    {.name = "baseline", .value = "FILE", .help = "what was agreed on", .apply = set_baseline},
    {.name = "current",
     .value = "FILE",
     .help = "the run to judge (default results/local/conformance.json, or bench.json)",
     .apply = set_current},
    {.name = "bench", .help = "judge benchmarks instead of cases", .apply = set_bench},
    {.name = "repeat",
     .value = "FILE",
     .help = "fresh runs of the same job, without which no benchmark fails",
     .apply = set_repeat},
    {.name = "reference",
     .value = "NAME",
     .help = "the subject that is the baseline build (default: baseline)",
     .apply = set_reference},
    {.name = "strict", .help = "exit 3 when the verdict is inconclusive", .apply = set_strict},
    {.name = "update",
     .help = "write the baseline from the current run and show what changes",
     .apply = set_update},
    {.name = "reason",
     .value = "TEXT",
     .help = "with --update: why new gaps are accepted",
     .apply = set_reason},
    {.name = "link",
     .value = "URL",
     .help = "with --update: where one can read about them",
     .apply = set_link},
    {.name = "expires",
     .value = "DATE",
     .help = "with --update: until when (default: in 180 days)",
     .apply = set_expires},
    {.name = "today", .value = "DATE", .help = "judge as if on that day", .apply = set_today},
    {.name = "json", .help = "print the findings as JSON", .apply = set_json},
    {.name = "markdown", .help = "print them as Markdown", .apply = set_markdown},
    {0},
};

static const struct option_table table = {
    .program = "holdfast gate",
    .synopsis = "--baseline FILE [OPTION]...",
    .summary =
        "Judges a run against what was agreed on. It fails on a case that held and now escapes\n"
        "or is invalid, worked and is now over-blocked, on a vanished case or sandbox, on more\n"
        "skips than allowed, on a gap that is fixed but still listed, on an accepted gap without\n"
        "reason, link or expiry date, or past it. With --bench: on a benchmark that ran\n"
        "interleaved with the baseline build and is slower, twice.",
    .epilogue = "Exit status: 0 passed; 1 failed; 2 usage, or a file that cannot be read;\n"
                "3 inconclusive, under --strict.\n\n"
                "  holdfast gate --baseline results/baselines/debian-12.json\n"
                "  holdfast gate --baseline results/baselines/debian-12.json --update",
    .rows = rows,
};

static bool exists(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0;
}

static int print_gate(const struct settings *settings, const struct gate *gate, struct error *err)
{
    AUTO_BUFFER struct buffer out = BUFFER_EMPTY;

    if (settings->is_json) {
        AUTO_JSON json_t *root = gate_to_json(gate);

        return root == NULL ? error_memory(err, "output") : document_print(root, err);
    }
    gate_write(&out, &settings->style, gate);
    if (buffer_failed(&out))
        return error_memory(err, "output");
    return fputs(buffer_text(&out), stdout) >= 0 ? 0 : error_set(err, ERR_OS, "write the findings");
}

static int exit_status(const struct settings *settings, const struct gate *gate)
{
    if (gate->levels[GATE_FAIL] > 0)
        return 1;
    return gate->levels[GATE_INCONCLUSIVE] > 0 && settings->is_strict ? 3 : 0;
}

/* Each of the four jobs returns the exit status, or -1 with an error. ------------------------- */

static int judge_run(const struct settings *settings, struct error *err)
{
    struct baseline baseline = {0};
    struct result_run run = {0};
    struct gate gate = {0};
    int status = -1;

    if (baseline_read(&baseline, settings->baseline, err) == 0 &&
        result_run_read(&run, settings->current, err) == 0 &&
        gate_judge_run(&gate, &baseline, &run, settings->today, err) == 0 &&
        print_gate(settings, &gate, err) == 0)
        status = exit_status(settings, &gate);
    gate_done(&gate);
    result_run_done(&run);
    baseline_done(&baseline);
    return status;
}

static void say_gaps(const struct baseline *a, const struct baseline *b, const char *sign,
                     struct buffer *out)
{
    for (size_t i = 0; i < a->gap_count; i++) {
        const struct baseline_gap *gap = &a->gaps[i];
        const struct result_case row = {.id = gap->id,
                                        .sandbox = gap->sandbox,
                                        .identity = gap->identity,
                                        .verdict = gap->verdict};
        bool lacks = *gap->reason == '\0' || *gap->link == '\0' || *gap->expires == '\0';

        if (baseline_find_gap(b, &row) == NULL)
            buffer_printf(out, "%s gap %s, %s (%s), until %s%s\n", sign, gap->id, gap->sandbox,
                          gap->identity, *gap->expires != '\0' ? gap->expires : "?",
                          lacks && *sign == '+' ? ": write its reason and link, or the gate fails"
                                                : "");
    }
}

/* Names in both files may be hostile, so that all of it goes through one escaper line by line. */
static int show_update(const struct settings *settings, const struct baseline *old,
                       const struct baseline *new, struct error *err)
{
    AUTO_BUFFER struct buffer gaps = BUFFER_EMPTY;
    AUTO_BUFFER struct buffer out = BUFFER_EMPTY;
    const struct input input_old = {.path = (char *)settings->baseline};
    const struct input input_new = {.path = (char *)settings->current};
    const struct pair pair = {
        &input_old, &input_new, {&old->run, NULL, NULL}, {&new->run, NULL, NULL}};
    struct diff diff;

    if (diff_init(&diff, &pair.side_a, &pair.side_b, err) < 0)
        return -1;
    compare_write_runs(&out, &settings->style, &pair, &diff);
    diff_done(&diff);
    say_gaps(old, new, "-", &gaps);
    say_gaps(new, old, "+", &gaps);
    for (const char *line = buffer_text(&gaps); *line != '\0';) {
        size_t length = strcspn(line, "\n");

        text_escape_terminal(&out, line, length);
        buffer_add_byte(&out, '\n');
        line += length + (line[length] == '\n');
    }
    if (buffer_failed(&gaps) || buffer_failed(&out))
        return error_memory(err, "output");
    return fputs(buffer_text(&out), stdout) >= 0 ? 0 : error_set(err, ERR_OS, "write the changes");
}

static int update_run(const struct settings *settings, struct error *err)
{
    struct baseline old = {0};
    struct baseline new = {0};
    struct result_run run = {0};
    int status = -1;

    if ((!exists(settings->baseline) || baseline_read(&old, settings->baseline, err) == 0) &&
        result_run_read(&run, settings->current, err) == 0 &&
        baseline_from_run(&new, &run, &old, &settings->words, err) == 0 &&
        show_update(settings, &old, &new, err) == 0)
        status = run.is_interrupted || run.shard_count > 1
                     ? error_set(err, ERR_INVALID,
                                 "%s: not a whole run; no baseline can be made "
                                 "of it",
                                 settings->current)
                     : baseline_write(&new, settings->baseline, err);
    result_run_done(&run);
    baseline_done(&old);
    baseline_done(&new);
    return status;
}

static int judge_bench(const struct settings *settings, struct error *err)
{
    struct bench_baseline baseline = {0};
    struct bench_file current = {0};
    struct bench_file repeat = {0};
    struct gate gate = {0};
    const struct bench_evidence evidence = {&baseline, &current,
                                            settings->repeat != NULL ? &repeat : NULL,
                                            settings->reference, settings->today};
    int status = -1;

    if ((settings->baseline == NULL ||
         bench_baseline_read(&baseline, settings->baseline, err) == 0) &&
        bench_file_read(&current, settings->current, err) == 0 &&
        (settings->repeat == NULL || bench_file_read(&repeat, settings->repeat, err) == 0) &&
        gate_judge_bench(&gate, &evidence, err) == 0 && print_gate(settings, &gate, err) == 0)
        status = exit_status(settings, &gate);
    gate_done(&gate);
    bench_file_done(&current);
    bench_file_done(&repeat);
    bench_baseline_done(&baseline);
    return status;
}

static void say_noise(const struct bench_baseline *baseline)
{
    for (size_t i = 0; i < baseline->noise_count; i++) {
        const struct bench_noise *noise = &baseline->noise[i];
        char name[200];

        text_escape_terminal_into(name, sizeof name, noise->benchmark);
        (void)printf("%s: noise floor %.2f %% from %zu A/A ratios\n", name,
                     100 * stats_noise_floor(noise->ratios, noise->count), noise->count);
    }
}

static int update_bench(const struct settings *settings, struct error *err)
{
    struct bench_baseline baseline = {0};
    struct bench_file current = {0};
    int status = -1;

    if ((!exists(settings->baseline) ||
         bench_baseline_read(&baseline, settings->baseline, err) == 0) &&
        bench_file_read(&current, settings->current, err) == 0 &&
        bench_baseline_learn(&baseline, &current, settings->reference, err) == 0)
        status = bench_baseline_write(&baseline, settings->baseline, err);
    if (status == 0)
        say_noise(&baseline);
    bench_file_done(&current);
    bench_baseline_done(&baseline);
    return status;
}

static int run_job(const struct settings *settings, struct error *err)
{
    if (settings->is_bench)
        return settings->is_update ? update_bench(settings, err) : judge_bench(settings, err);
    return settings->is_update ? update_run(settings, err) : judge_run(settings, err);
}

static void format_date(time_t when, char out[11])
{
    const struct tm *parts = gmtime(&when);

    if (parts == NULL || strftime(out, 11, "%Y-%m-%d", parts) == 0)
        memcpy(out, "1970-01-01", 11);
}

static int check_usage(const struct settings *settings, const char *operand, struct error *err)
{
    if (operand != NULL)
        (void)error_set(err, ERR_USAGE, "%s: gate takes options only", operand);
    else if (settings->baseline == NULL && (!settings->is_bench || settings->is_update))
        (void)error_set(err, ERR_USAGE, "--baseline FILE is needed");
    else if (settings->repeat != NULL && !settings->is_bench)
        (void)error_set(err, ERR_USAGE, "--repeat is for --bench");
    else
        return 0;
    return error_hint(err, "see holdfast gate --help");
}

int results_gate_main(int argc, char **argv)
{
    struct settings settings = {
        .reference = "baseline",
        .style = {.has_color = os_is_terminal(1) && getenv("NO_COLOR") == NULL}};
    struct error err;
    int first = 0;
    int parsed;
    int status;

    format_date(time(NULL), settings.today);
    format_date(time(NULL) + DAYS_ACCEPTED * 86400L, settings.expires);
    parsed = options_parse_mixed(&table, argc, argv, &settings, &first, &err);
    if (parsed == OPTIONS_ANSWERED)
        return 0;
    if (parsed == OPTIONS_PARSED)
        parsed = check_usage(&settings, first < argc ? argv[first] : NULL, &err);
    if (settings.current == NULL)
        settings.current =
            settings.is_bench ? "results/local/bench.json" : "results/local/conformance.json";
    settings.words.expires = settings.expires;
    status = parsed < 0 ? -1 : run_job(&settings, &err);
    if (status < 0) {
        error_print(stderr, "holdfast gate", &err);
        return 2;
    }
    return status;
}

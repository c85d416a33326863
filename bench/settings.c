#include "bench/settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/options.h"
#include "base/os.h"
#include "base/text.h"

void bench_settings_init(struct bench_settings *settings)
{
    *settings = (struct bench_settings){
        .min_runs = 10,
        .seconds = 3,
        .shell = "sh",
        .has_control = true,
        .order = SCHEDULE_INTERLEAVED,
    };
    scan_init(&settings->scan);
}

void bench_settings_done(struct bench_settings *settings)
{
    words_done(&settings->benchmarks);
    words_done(&settings->commands);
    words_done(&settings->prepare);
    words_done(&settings->conclude);
    words_done(&settings->names);
    words_done(&settings->outputs);
    words_done(&settings->modes);
    words_done(&settings->adapters);
    words_done(&settings->ranges);
    scan_done(&settings->scan);
}

/* ---- values ---- */

static int parse_count(const char *value, uint64_t min, size_t *count, struct error *err)
{
    uint64_t number;

    if (!text_parse_u64(value, 10000000, &number) || number < min)
        return error_set(err, ERR_USAGE, "%s: not a number from %llu to 10000000", value,
                         (unsigned long long)min);
    *count = (size_t)number;
    return 0;
}

static int parse_seconds(const char *value, double *seconds, struct error *err)
{
    char *end = NULL;
    double number = strtod(value, &end);

    if (end == value || *end != '\0' || !(number > 0) || !(number <= 86400))
        return error_set(err, ERR_USAGE, "%s: not a number of seconds above 0", value);
    *seconds = number;
    return 0;
}

/* ---- one function per option ---- */

#define SETTER(name)   static int set_##name(void *into, const char *value, struct error *err)
#define USES(settings) struct bench_settings *settings = into

SETTER(warmup)
{
    USES(settings);

    settings->has_warmup = true;
    return parse_count(value, 0, &settings->warmup, err);
}

SETTER(runs)
{
    USES(settings);

    return parse_count(value, 1, &settings->runs, err);
}

SETTER(min_runs)
{
    USES(settings);

    return parse_count(value, 1, &settings->min_runs, err);
}

SETTER(max_runs)
{
    USES(settings);

    return parse_count(value, 1, &settings->max_runs, err);
}

SETTER(seconds)
{
    USES(settings);

    return parse_seconds(value, &settings->seconds, err);
}

SETTER(timeout)
{
    USES(settings);
    double seconds = 0;

    if (parse_seconds(value, &seconds, err) < 0)
        return -1;
    settings->timeout_ms = (unsigned)(seconds * 1000 + 0.5);
    return 0;
}

/* Options that only note one text. */
#define TEXT_SETTER(name)       \
    SETTER(name)                \
    {                           \
        USES(settings);         \
        (void)err;              \
        settings->name = value; \
        return 0;               \
    }

TEXT_SETTER(setup)
TEXT_SETTER(cleanup)
TEXT_SETTER(reference)
TEXT_SETTER(reference_name)
TEXT_SETTER(scan_step)
TEXT_SETTER(against)
TEXT_SETTER(plots)
TEXT_SETTER(baseline)

/* Options that may come several times. */
#define LIST_SETTER(name, list)                        \
    SETTER(name)                                       \
    {                                                  \
        USES(settings);                                \
        return words_add(&settings->list, value, err); \
    }

LIST_SETTER(prepare, prepare)
LIST_SETTER(conclude, conclude)
LIST_SETTER(command_name, names)
LIST_SETTER(mode, modes)
LIST_SETTER(adapter, adapters)
LIST_SETTER(range, ranges)

#define FLAG_SETTER(name, member, state) \
    SETTER(name)                         \
    {                                    \
        USES(settings);                  \
        (void)err;                       \
        (void)value;                     \
        settings->member = state;        \
        return 0;                        \
    }

FLAG_SETTER(no_shell, shell, NULL)
FLAG_SETTER(show_output, shows_output, true)
FLAG_SETTER(quick, is_quick, true)
FLAG_SETTER(list, is_list, true)
FLAG_SETTER(no_control, has_control, false)
FLAG_SETTER(json, prints_json, true)
FLAG_SETTER(strict, is_strict, true)

SETTER(shell)
{
    USES(settings);

    (void)err;
    settings->shell = strcmp(value, "none") == 0      ? NULL
                      : strcmp(value, "default") == 0 ? "sh"
                                                      : value;
    return 0;
}

SETTER(parameter_list)
{
    USES(settings);
    AUTO_WORDS struct words parts = WORDS_EMPTY;
    const char *end = strchr(value, OPTION_WORD_END);

    if (words_add_sized(&parts, value, (size_t)(end - value), err) < 0)
        return -1;
    return scan_add_list(&settings->scan, parts.items[0], end + 1, err);
}

static int add_code(struct bench_settings *settings, const char *text, struct error *err)
{
    uint64_t code;

    if (!text_parse_u64(text, 255, &code))
        return error_set(err, ERR_USAGE, "%s: not an exit status", text);
    if (settings->accepted_count == SETTINGS_CODES_MAX)
        return error_set(err, ERR_USAGE, "more than %d exit codes", SETTINGS_CODES_MAX);
    settings->accepted_codes[settings->accepted_count++] = (int)code;
    return 0;
}

SETTER(ignore_failure)
{
    USES(settings);
    AUTO_WORDS struct words codes = WORDS_EMPTY;

    settings->accepts_failure = true;
    settings->accepted_count = 0;
    if (value == NULL || strcmp(value, "all-non-zero") == 0)
        return 0;
    if (words_split_commas(value, &codes, err) < 0)
        return -1;
    for (size_t i = 0; i < codes.count; i++) {
        if (add_code(settings, codes.items[i], err) < 0)
            return -1;
    }
    return 0;
}

/* Options whose value is one of a few words. */
static int parse_choice(const char *value, const char *const *choices, int *chosen,
                        struct error *err)
{
    char known[200] = "";

    for (int i = 0; choices[i] != NULL; i++) {
        if (strcmp(value, choices[i]) == 0) {
            *chosen = i;
            return 0;
        }
        (void)snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s",
                       i > 0 ? ", " : "", choices[i]);
    }
    return error_set(err, ERR_USAGE, "%s: not one of %s", value, known);
}

SETTER(style)
{
    static const char *const choices[] = {"auto",  "basic", "full", "nocolor",
                                          "color", "none",  NULL};
    USES(settings);
    int chosen = 0;

    if (parse_choice(value, choices, &chosen, err) < 0)
        return -1;
    settings->style = (enum settings_style)chosen;
    return 0;
}

SETTER(sort)
{
    static const char *const choices[] = {"auto", "command", "mean-time", NULL};
    USES(settings);
    int chosen = 0;

    if (parse_choice(value, choices, &chosen, err) < 0)
        return -1;
    settings->sort = (enum settings_sort)chosen;
    return 0;
}

SETTER(order)
{
    static const char *const choices[] = {"interleaved", "blocked", NULL};
    USES(settings);
    int chosen = 0;

    if (parse_choice(value, choices, &chosen, err) < 0)
        return -1;
    settings->has_order = true;
    settings->order = (enum schedule_order)chosen;
    return 0;
}

SETTER(identity)
{
    static const char *const choices[] = {"root", "user", NULL};
    USES(settings);
    int chosen = 0;

    settings->identity = value;
    return parse_choice(value, choices, &chosen, err);
}

SETTER(time_unit)
{
    USES(settings);

    return unit_parse(value, &settings->unit, err);
}

SETTER(seed)
{
    USES(settings);

    settings->has_seed = true;
    if (!text_parse_u64(value, UINT64_MAX, &settings->seed))
        return error_set(err, ERR_USAGE, "%s: not a number", value);
    return 0;
}

SETTER(output)
{
    USES(settings);

    return words_add(&settings->outputs, value, err);
}

SETTER(input)
{
    USES(settings);

    (void)err;
    settings->input = strcmp(value, "null") == 0 ? NULL : value;
    return 0;
}

static int add_export(struct bench_settings *settings, enum settings_export_kind kind,
                      enum export_format format, const char *path, struct error *err)
{
    if (settings->export_count == SETTINGS_EXPORTS_MAX)
        return error_set(err, ERR_USAGE, "more than %d exports", SETTINGS_EXPORTS_MAX);
    settings->exports[settings->export_count++] =
        (struct settings_export){.kind = kind, .format = format, .path = path};
    return 0;
}

#define EXPORT_SETTER(name, kind, format)                      \
    SETTER(export_##name)                                      \
    {                                                          \
        USES(settings);                                        \
        return add_export(settings, kind, format, value, err); \
    }

EXPORT_SETTER(json, EXPORTS_REPORT, EXPORT_CSV)
EXPORT_SETTER(action, EXPORTS_ACTION, EXPORT_CSV)
EXPORT_SETTER(csv, EXPORTS_TABLE, EXPORT_CSV)
EXPORT_SETTER(markdown, EXPORTS_TABLE, EXPORT_MARKDOWN)
EXPORT_SETTER(asciidoc, EXPORTS_TABLE, EXPORT_ASCIIDOC)
EXPORT_SETTER(orgmode, EXPORTS_TABLE, EXPORT_ORGMODE)

/* ---- the table ---- */

/* clang-format off */
static const struct option_row rows[] = {
    {.name = "warmup", .letter = 'w', .value = "NUM", .help = "runs of each command that do not count, before the others", .apply = set_warmup},
    {.name = "runs", .letter = 'r', .value = "NUM", .help = "exactly so many runs of each command", .apply = set_runs},
    {.name = "min-runs", .letter = 'm', .value = "NUM", .help = "at least so many (default: 10)", .apply = set_min_runs},
    {.name = "max-runs", .letter = 'M', .value = "NUM", .help = "at most so many", .apply = set_max_runs},
    {.name = "min-benchmarking-time", .value = "SECONDS", .help = "time for each command when no number is given (default: 3)", .apply = set_seconds},
    {.name = "timeout", .value = "SECONDS", .help = "kill a run that takes longer", .apply = set_timeout},
    {.name = "setup", .letter = 's', .value = "CMD", .help = "once before the runs of each command", .apply = set_setup},
    {.name = "prepare", .letter = 'p', .value = "CMD", .help = "before each run; once, or once per command", .apply = set_prepare},
    {.name = "conclude", .letter = 'C', .value = "CMD", .help = "after each run; once, or once per command", .apply = set_conclude},
    {.name = "cleanup", .letter = 'c', .value = "CMD", .help = "once after the runs of each command", .apply = set_cleanup},
    {.name = "reference", .value = "CMD", .help = "a command that the others are compared with", .apply = set_reference},
    {.name = "reference-name", .value = "NAME", .help = "what to call it", .apply = set_reference_name},
    {.name = "parameter-scan", .letter = 'P', .value = "VAR MIN MAX", .more_words = 2, .help = "a run for each number; {VAR} in commands", .apply = set_range},
    {.name = "parameter-step-size", .letter = 'D', .value = "DELTA", .help = "step of -P (default: 1)", .apply = set_scan_step},
    {.name = "parameter-list", .letter = 'L', .value = "VAR VALUES", .more_words = 1, .help = "a run for each value of a comma-separated list; \\, is a comma", .apply = set_parameter_list},
    {.name = "shell", .letter = 'S', .value = "SHELL", .help = "shell that runs the commands, none, or default (sh)", .apply = set_shell},
    {.name = "no-shell", .letter = 'N', .help = "no shell: the command line is cut into words", .apply = set_no_shell},
    {.name = "ignore-failure", .letter = 'i', .value = "CODES", .is_value_optional = true, .help = "accept runs that fail: any status, or these", .apply = set_ignore_failure},
    {.name = "output", .value = "WHERE", .help = "null (default), pipe, inherit or a file; once, or once per command", .apply = set_output},
    {.name = "show-output", .help = "show what the commands print, errors too", .apply = set_show_output},
    {.name = "input", .value = "WHERE", .help = "null (default) or a file", .apply = set_input},
    {.name = "command-name", .letter = 'n', .value = "NAME", .help = "what to call a command; in order of the commands", .apply = set_command_name},
    {.name = "mode", .value = "MODE", .help = "measure this mode of the sandbox; may be repeated", .apply = set_mode},
    {.name = "adapter", .value = "FILE", .help = "measure this sandbox: a shipped adapter's name or a file; may be repeated", .apply = set_adapter},
    {.name = "identity", .value = "WHO", .help = "run as root or user (an ordinary user, when started as root)", .apply = set_identity},
    {.name = "against", .value = "DIR", .help = "also measure the modes of another build (its build/ folder) and judge this one by it", .apply = set_against},
    {.name = "quick", .help = "fewer runs and parameters", .apply = set_quick},
    {.name = "list", .help = "name the built-in benchmarks and what can be measured here", .apply = set_list},
    {.name = "order", .value = "ORDER", .help = "interleaved (default), or blocked: one command after the other", .apply = set_order},
    {.name = "no-control", .help = "leave out the A/A arm that tells whether the machine was fit", .apply = set_no_control},
    {.name = "seed", .value = "N", .help = "repeat the order of an earlier run", .apply = set_seed},
    {.name = "style", .value = "TYPE", .help = "auto, basic, full, nocolor, color or none", .apply = set_style},
    {.name = "sort", .value = "METHOD", .help = "auto, command or mean-time", .apply = set_sort},
    {.name = "time-unit", .letter = 'u', .value = "UNIT", .help = "microsecond, millisecond or second", .apply = set_time_unit},
    {.name = "export-json", .value = "FILE", .help = "all runs and statistics, as hyperfine writes them and more; - is stdout", .apply = set_export_json},
    {.name = "export-action", .value = "FILE", .help = "p10s as JSON for github-action-benchmark (its tool customSmallerIsBetter)", .apply = set_export_action},
    {.name = "export-csv", .value = "FILE", .help = "statistics as CSV, in seconds", .apply = set_export_csv},
    {.name = "export-markdown", .value = "FILE", .help = "a Markdown table", .apply = set_export_markdown},
    {.name = "export-asciidoc", .value = "FILE", .help = "an AsciiDoc table", .apply = set_export_asciidoc},
    {.name = "export-orgmode", .value = "FILE", .help = "an Emacs org-mode table", .apply = set_export_orgmode},
    {.name = "plots", .value = "DIR", .help = "growth charts as SVG, one for each parameter", .apply = set_plots},
    {.name = "baseline", .value = "FILE", .help = "compare with a saved JSON; advisory, since another hour is no reference", .apply = set_baseline},
    {.name = "json", .help = "the report as JSON on stdout, nothing else", .apply = set_json},
    {.name = "strict", .help = "exit 3 when the machine was not fit to judge", .apply = set_strict},
    {0},
};
/* clang-format on */

static const struct option_table table = {
    .program = "holdfast bench",
    .synopsis = "[BENCHMARK...] [OPTION]... [--] [COMMAND...]",
    .summary =
        "Measures what a sandbox costs, or any commands, interleaved run by run, so that small\n"
        "differences can be believed. Options are hyperfine's where hyperfine has them.",
    .epilogue =
        "Benchmarks: spawn api parallel policy-setup steady teardown memory leak calibrate\n"
        "(--list says more).\n"
        "A subject is a mode (--mode), an adapter (--adapter), or none: by default all that run "
        "here.\n\n"
        "Exit status: 0 measured; 1 slower than --against; 2 usage or a command failed;\n"
        "3 the machine was not fit to judge (with --strict).\n\n"
        "Examples:\n"
        "  holdfast bench spawn --mode linux-namespace --adapter bwrap\n"
        "  holdfast bench policy-setup -L roots 1,10,100 --plots results/local\n"
        "  holdfast bench -N -w 3 'grep -r todo .' 'rg todo' --export-markdown todo.md",
    .rows = rows,
};

/* ---- after all options are known ---- */

static int add_ranges(struct bench_settings *settings, struct error *err)
{
    for (size_t i = 0; i < settings->ranges.count; i++) {
        char *name = settings->ranges.items[i];
        char *min = strchr(name, OPTION_WORD_END);
        char *max = strchr(min + 1, OPTION_WORD_END);

        *min++ = '\0';
        *max++ = '\0';
        if (scan_add_range(&settings->scan, name, min, max, settings->scan_step, err) < 0)
            return error_wrap(err, "--parameter-scan");
    }
    if (settings->scan_step != NULL && settings->ranges.count == 0)
        return error_set(err, ERR_USAGE, "--parameter-step-size: needs --parameter-scan");
    return 0;
}

static int check_per_command(const struct bench_settings *settings, const char *option,
                             const struct words *list, struct error *err)
{
    if (list->count <= 1 || list->count == settings->commands.count)
        return 0;
    (void)error_set(err, ERR_USAGE, "--%s: given %zu times for %zu command%s", option, list->count,
                    settings->commands.count, settings->commands.count == 1 ? "" : "s");
    return error_hint(err, "give it once for all commands, or once for each");
}

static int check_commands(const struct bench_settings *settings, struct error *err)
{
    static const char blank[] = " \t\n";

    for (size_t i = 0; i < settings->commands.count; i++) {
        const char *command = settings->commands.items[i];

        if (command[strspn(command, blank)] == '\0')
            return error_set(err, ERR_USAGE, "command %zu of %zu is empty", i + 1,
                             settings->commands.count);
    }
    if (settings->reference != NULL &&
        settings->reference[strspn(settings->reference, blank)] == '\0')
        return error_set(err, ERR_USAGE, "--reference: the command is empty");
    return 0;
}

static int check(const struct bench_settings *settings, struct error *err)
{
    if (settings->runs > 0 && (settings->max_runs > 0 || settings->min_runs != 10))
        return error_set(err, ERR_USAGE, "--runs cannot be used with --min-runs or --max-runs");
    if (settings->max_runs > 0 && settings->max_runs < settings->min_runs &&
        settings->min_runs != 10)
        return error_set(err, ERR_USAGE, "--max-runs is below --min-runs");
    if (settings->names.count > settings->commands.count * scan_count(&settings->scan))
        return error_set(err, ERR_USAGE, "--command-name: more names than commands");
    if (settings->reference_name != NULL && settings->reference == NULL)
        return error_set(err, ERR_USAGE, "--reference-name: needs --reference");
    if (check_commands(settings, err) < 0 ||
        check_per_command(settings, "prepare", &settings->prepare, err) < 0 ||
        check_per_command(settings, "conclude", &settings->conclude, err) < 0 ||
        check_per_command(settings, "output", &settings->outputs, err) < 0)
        return -1;
    return 0;
}

/* Operands that stood behind "--", which getopt has taken out. */
static size_t count_after_dashes(int argc, char *const *argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0)
            return (size_t)(argc - i - 1);
    }
    return 0;
}

static int sort_operands(struct bench_settings *settings, char *const *operands, size_t count,
                         size_t after_dashes, bool (*is_benchmark)(const char *name),
                         struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        bool is_name = count - i > after_dashes && is_benchmark(operands[i]);
        struct words *list = is_name ? &settings->benchmarks : &settings->commands;

        if (words_add(list, operands[i], err) < 0)
            return -1;
    }
    return 0;
}

int bench_settings_parse(struct bench_settings *settings, int argc, char **argv,
                         bool (*is_benchmark)(const char *name), struct error *err)
{
    size_t after_dashes = count_after_dashes(argc, argv);
    int first = argc;
    int result = options_parse_mixed(&table, argc, argv, settings, &first, err);

    if (result != OPTIONS_PARSED)
        return result;
    if (sort_operands(settings, argv + first, (size_t)(argc - first), after_dashes, is_benchmark,
                      err) < 0 ||
        add_ranges(settings, err) < 0 || check(settings, err) < 0)
        return -1;
    if (settings->max_runs > 0 && settings->min_runs > settings->max_runs)
        settings->min_runs = settings->max_runs; /* the default gives way */
    if (!settings->has_seed && os_random(&settings->seed, sizeof settings->seed, err) < 0)
        return -1;
    if (!settings->has_seed)
        settings->seed &= 0xffffffffu; /* short enough to be typed again */
    return OPTIONS_PARSED;
}

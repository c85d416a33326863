#include "bench/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

enum {
    SHELL_RUNS = 50
};

/* One command with one combination of parameters. */
struct instance {
    size_t combination;
    bool is_reference;
    char *command; /* with parameters filled in */
    char *name;    /* what it is called */
    char *prepare, *conclude, *setup, *cleanup;
    const char *output; /* borrowed; NULL: null */
};

/* Everything that lives while commands are measured. */
struct session {
    const struct bench_settings *settings;
    struct console *console;
    struct stopwatch *stopwatch;
    struct instance *instances;
    size_t count;
    /* What the shell itself takes; taken off each run. */
    double shell_s, shell_user_s, shell_system_s;
};

static void session_done(struct session *session)
{
    for (size_t i = 0; i < session->count; i++) {
        struct instance *instance = &session->instances[i];

        free(instance->command);
        free(instance->name);
        free(instance->prepare);
        free(instance->conclude);
        free(instance->setup);
        free(instance->cleanup);
    }
    free(session->instances);
    stopwatch_free(session->stopwatch);
}

/* ---- what is to be run ---- */

/* The entry for command `index` of a list that holds none, one for all, or one for each. */
static const char *entry_of(const struct words *list, size_t index)
{
    if (list->count == 0)
        return NULL;
    return list->items[list->count == 1 ? 0 : index];
}

/* NULL stays NULL. */
static int substitute(const struct session *session, size_t combination, const char *text,
                      char **out, struct error *err)
{
    if (text == NULL)
        return 0;
    *out = scan_substitute(&session->settings->scan, combination, text, err);
    return *out != NULL ? 0 : -1;
}

/* -n names the commands in order; with parameters once more for each combination, if there are so
 * many names. */
static const char *name_of(const struct bench_settings *settings, size_t combination, size_t index)
{
    size_t position = combination * settings->commands.count + index;

    if (settings->names.count <= settings->commands.count)
        position = index;
    if (position < settings->names.count)
        return settings->names.items[position];
    return settings->commands.items[index];
}

static int add_instance(struct session *session, size_t combination, size_t index,
                        struct error *err)
{
    const struct bench_settings *settings = session->settings;
    struct instance *instance = &session->instances[session->count++];

    *instance = (struct instance){.combination = combination,
                                  .output = entry_of(&settings->outputs, index)};
    if (substitute(session, combination, settings->commands.items[index], &instance->command, err) <
            0 ||
        substitute(session, combination, name_of(settings, combination, index), &instance->name,
                   err) < 0 ||
        substitute(session, combination, entry_of(&settings->prepare, index), &instance->prepare,
                   err) < 0 ||
        substitute(session, combination, entry_of(&settings->conclude, index), &instance->conclude,
                   err) < 0 ||
        substitute(session, combination, settings->setup, &instance->setup, err) < 0 ||
        substitute(session, combination, settings->cleanup, &instance->cleanup, err) < 0)
        return -1;
    return 0;
}

static int add_reference(struct session *session, struct error *err)
{
    const struct bench_settings *settings = session->settings;
    struct instance *instance = &session->instances[session->count++];

    *instance =
        (struct instance){.is_reference = true,
                          .command = strdup(settings->reference),
                          .name = strdup(settings->reference_name != NULL ? settings->reference_name
                                                                          : settings->reference),
                          .output = entry_of(&settings->outputs, 0)};
    if (instance->command == NULL || instance->name == NULL)
        return error_memory(err, "commands");
    return 0;
}

static int add_instances(struct session *session, struct error *err)
{
    const struct bench_settings *settings = session->settings;
    size_t combinations = scan_count(&settings->scan);

    session->instances =
        calloc(combinations * settings->commands.count + 1, sizeof *session->instances);
    if (session->instances == NULL)
        return error_memory(err, "commands");
    if (settings->reference != NULL && add_reference(session, err) < 0)
        return -1;
    for (size_t combination = 0; combination < combinations; combination++) {
        for (size_t index = 0; index < settings->commands.count; index++) {
            if (add_instance(session, combination, index, err) < 0)
                return -1;
        }
    }
    return 0;
}

/* ---- how it is run ---- */

/* The argv of a command line: by the shell, or cut into words. */
static int make_argv(const struct bench_settings *settings, const char *line, struct words *argv,
                     struct error *err)
{
    if (settings->shell == NULL)
        return words_split(line, argv, err);
    if (words_split(settings->shell, argv, err) < 0 || words_add(argv, "-c", err) < 0)
        return error_wrap(err, "--shell");
    return words_add(argv, line, err);
}

static enum stopwatch_output output_kind(const struct bench_settings *settings, const char *where)
{
    if (settings->shows_output || (where != NULL && strcmp(where, "inherit") == 0))
        return STOPWATCH_INHERIT;
    if (where == NULL || strcmp(where, "null") == 0)
        return STOPWATCH_NULL;
    return strcmp(where, "pipe") == 0 ? STOPWATCH_PIPE : STOPWATCH_FILE;
}

static int define(const struct session *session, const char *line, const char *where,
                  struct error *err)
{
    const struct bench_settings *settings = session->settings;
    AUTO_WORDS struct words argv = WORDS_EMPTY;
    struct stopwatch_command command = {
        .input = settings->input,
        .output = output_kind(settings, where),
        .output_path = where,
        .errors = settings->shows_output ? STOPWATCH_ERRORS_INHERIT : STOPWATCH_ERRORS_NULL,
        .timeout_ms = settings->timeout_ms,
    };

    if (make_argv(settings, line, &argv, err) < 0)
        return -1;
    command.argv = (const char *const *)argv.items;
    return stopwatch_define(session->stopwatch, &command, err);
}

/* -1 for NULL; -2 on failure. */
static int define_optional(const struct session *session, const char *line, struct error *err)
{
    int number;

    if (line == NULL)
        return -1;
    number = define(session, line, NULL, err);
    return number >= 0 ? number : -2;
}

static bool accepts_failure(const struct bench_settings *settings)
{
    /* With a list of codes the check is ours, after the runs (check_codes). */
    return settings->accepts_failure;
}

static int define_arm(const struct session *session, const struct instance *instance,
                      struct experiment_arm *arm, struct error *err)
{
    *arm = (struct experiment_arm){.name = instance->name,
                                   .accepts_failure = accepts_failure(session->settings)};
    arm->command = define(session, instance->command, instance->output, err);
    arm->prepare = define_optional(session, instance->prepare, err);
    arm->conclude = arm->prepare > -2 ? define_optional(session, instance->conclude, err) : -2;
    if (arm->command >= 0 && arm->prepare > -2 && arm->conclude > -2)
        return 0;
    if (err->code == ERR_NOT_FOUND && session->settings->shell == NULL)
        (void)error_hint(err, "without a shell the first word must be a program");
    return error_wrap(err, "%s", instance->command);
}

/* --setup and --cleanup: once, not timed. */
static int run_once(const struct session *session, const char *line, const char *option,
                    struct error *err)
{
    struct wire_run run = {0};
    struct stopwatch_sample sample;
    int number;

    if (line == NULL)
        return 0;
    number = define(session, line, NULL, err);
    if (number < 0)
        return error_wrap(err, "--%s", option);
    run.command = (uint32_t)number;
    if (stopwatch_run(session->stopwatch, &run, 1, &sample, err) < 0)
        return error_wrap(err, "--%s", option);
    if (sample.exit_status == 0)
        return 0;
    (void)error_set(err, ERR_INVALID, "--%s: ended with status %d", option, sample.exit_status);
    return error_hint(err, "append ' || true' to the command if that is fine");
}

/* What the shell itself takes: the median of runs of nothing. A mean would be drawn up by a single
 * burst, and every figure down. CPU time comes in such coarse steps that only a mean says anything. */
static int measure_shell(struct session *session, struct error *err)
{
    struct experiment experiment;
    struct experiment_arm arm = {.name = "the shell", .prepare = -1, .conclude = -1};
    double times[SHELL_RUNS];
    struct stats_summary summary;
    int failed = -1;

    if (session->settings->shell == NULL)
        return 0;
    console_set_title(session->console, "the shell by itself");
    arm.command = define(session, "", NULL, err);
    if (arm.command < 0)
        return error_wrap(err, "--shell");
    experiment_init(&experiment, session->stopwatch, &arm, 1, session->settings->seed);
    if (experiment_run(&experiment, SHELL_RUNS, err) == 0) {
        for (size_t i = 0; i < SHELL_RUNS; i++) {
            times[i] = (double)arm.samples[i].wall_ns / 1e9;
            session->shell_user_s += (double)arm.samples[i].user_ns / 1e9 / SHELL_RUNS;
            session->shell_system_s += (double)arm.samples[i].system_ns / 1e9 / SHELL_RUNS;
        }
        failed = stats_summarize(times, SHELL_RUNS, &summary, err);
        session->shell_s = summary.median;
    }
    experiment_done(&experiment);
    return failed;
}

/* ---- results ---- */

static int check_codes(const struct bench_settings *settings, const struct bench_row *row,
                       struct error *err)
{
    for (size_t i = 0; settings->accepted_count > 0 && i < row->run_count; i++) {
        bool is_accepted = row->runs[i].exit_code == 0;

        for (size_t code = 0; code < settings->accepted_count; code++)
            is_accepted |= row->runs[i].exit_code == settings->accepted_codes[code];
        if (!is_accepted)
            return error_set(err, ERR_INVALID, "%s: ended with status %d", row->command,
                             row->runs[i].exit_code);
    }
    return 0;
}

static double less(double seconds, double shell_s)
{
    return seconds > shell_s ? seconds - shell_s : 0;
}

static int add_row(struct session *session, struct bench_report *report,
                   const struct experiment_arm *arm, const struct instance *instance,
                   bool is_control, struct error *err)
{
    struct bench_row *row =
        bench_report_add_row(report, instance->name, bench_of_commands, instance->name, NULL, err);
    struct bench_run *runs = row != NULL ? bench_row_add_runs(row, arm->count, err) : NULL;

    if (runs == NULL)
        return -1;
    for (size_t i = 0; i < arm->count; i++) {
        runs[i] = bench_run_of(&arm->samples[i], session->shell_s);
        runs[i].user_s = less(runs[i].user_s, session->shell_user_s);
        runs[i].system_s = less(runs[i].system_s, session->shell_system_s);
    }
    row->shell_s = session->shell_s;
    row->is_control = is_control;
    row->is_aside = is_control;
    if (!instance->is_reference &&
        scan_set_parameters(&session->settings->scan, instance->combination, row, err) < 0)
        return -1;
    return check_codes(session->settings, row, err);
}

/* ---- the measurement ---- */

static int measure_arms(struct session *session, struct experiment *experiment, struct error *err)
{
    const struct bench_settings *settings = session->settings;
    struct experiment_budget budget = {settings->seconds, settings->min_runs, settings->max_runs};

    experiment->progress = console_progress;
    experiment->context = session->console;
    if (settings->warmup > 0 && experiment_warm_up(experiment, settings->warmup, err) < 0)
        return -1;
    if (settings->runs > 0)
        return experiment_run(experiment, settings->runs, err);
    return experiment_run_budget(experiment, &budget, err);
}

/* Instances [first, first + count) in one schedule; set up before, cleaned up after. */
static int measure(struct session *session, struct bench_report *report, size_t first, size_t count,
                   struct error *err)
{
    const struct bench_settings *settings = session->settings;
    bool has_control =
        count > 1 && settings->has_control && settings->order == SCHEDULE_INTERLEAVED;
    AUTO_FREE struct experiment_arm *arms = calloc(count + 1, sizeof *arms);
    struct experiment experiment;
    struct error cleanup_error = {0};
    size_t set_up = 0;
    int failed = 0;

    if (arms == NULL)
        return error_memory(err, "commands");
    for (size_t i = 0; i < count + has_control && failed == 0; i++)
        failed =
            define_arm(session, &session->instances[first + (i < count ? i : 0)], &arms[i], err);
    for (; set_up < count && failed == 0; set_up++)
        failed = run_once(session, session->instances[first + set_up].setup, "setup", err);
    experiment_init(&experiment, session->stopwatch, arms, count + has_control, settings->seed);
    if (failed == 0) {
        failed = measure_arms(session, &experiment, err);
        report->is_interrupted |= failed < 0 && err->code == ERR_INTERRUPTED;
    }
    for (size_t i = 0; i < set_up; i++) {
        if (run_once(session, session->instances[first + i].cleanup, "cleanup", &cleanup_error) <
                0 &&
            failed == 0) {
            *err = cleanup_error;
            failed = -1;
        }
    }
    for (size_t i = 0; i < count + has_control && (failed == 0 || report->is_interrupted); i++) {
        bool is_control = i == count;

        if (arms[i].count > 0 &&
            add_row(session, report, &arms[i], &session->instances[first + (is_control ? 0 : i)],
                    is_control, err) < 0)
            failed = -1;
    }
    experiment_done(&experiment);
    return failed;
}

/* The others are compared with --reference, or with the quickest. */
static int choose_reference(const struct bench_settings *settings, struct bench_report *report,
                            size_t first, struct error *err)
{
    struct bench_row *reference = &report->rows[first];

    if (bench_report_finish(report, err) < 0)
        return -1;
    for (size_t i = first; i < report->row_count && settings->reference == NULL; i++) {
        struct bench_row *row = &report->rows[i];

        if (!row->is_control && row->wall.p10 < reference->wall.p10)
            reference = row;
    }
    for (size_t i = first; i < report->row_count; i++) {
        struct bench_row *row = &report->rows[i];
        /* The A/A arm repeats the first command, whoever is the quickest. */
        const struct bench_row *other = row->is_control ? &report->rows[first] : reference;

        if (row == reference || row->run_count != other->run_count)
            continue;
        row->reference = strdup(other->subject);
        if (row->reference == NULL)
            return error_memory(err, "the reference");
    }
    return 0;
}

static int run_session(struct session *session, struct bench_report *report, struct error *err)
{
    const struct bench_settings *settings = session->settings;

    if (add_instances(session, err) < 0 || measure_shell(session, err) < 0)
        return -1;
    if (settings->order == SCHEDULE_INTERLEAVED) {
        console_set_title(session->console, "%zu command%s", session->count,
                          session->count == 1 ? "" : "s");
        return measure(session, report, 0, session->count, err);
    }
    for (size_t i = 0; i < session->count; i++) {
        console_set_title(session->console, "%s", session->instances[i].name);
        if (measure(session, report, i, 1, err) < 0)
            return -1;
    }
    return 0;
}

int bench_commands_run(const struct bench_settings *settings, struct console *console,
                       struct bench_report *report, struct error *err)
{
    struct session session
        __attribute__((cleanup(session_done))) = {.settings = settings, .console = console};
    size_t first = report->row_count;
    struct error ignored;
    int failed;

    session.stopwatch = stopwatch_start(NULL, err);
    if (session.stopwatch == NULL)
        return -1;
    report->order = settings->order;
    failed = run_session(&session, report, err);
    if (report->row_count > first &&
        choose_reference(settings, report, first, failed < 0 ? &ignored : err) < 0)
        failed = -1;
    return failed;
}

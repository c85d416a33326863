/* holdfast-sandbox run */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "sandbox/commands.h"
#include "sandbox/environment.h"
#include "sandbox/event_log.h"
#include "sandbox/log_place.h"
#include "sandbox/report.h"
#include "sandbox/sandbox.h"
#include "sandbox/terminal.h"

extern char **environ;

static int set_cwd(void *settings, const char *value, struct error *err)
{
    (void)err;
    ((struct sandbox_settings *)settings)->cwd = value;
    return 0;
}

static int set_log(void *settings, const char *value, struct error *err)
{
    (void)err;
    ((struct sandbox_settings *)settings)->log = value;
    return 0;
}

static int set_report(void *settings, const char *value, struct error *err)
{
    uint64_t number;

    if (!text_parse_u64(value, INT32_MAX, &number) || number < 3 || report_prepare((int)number) < 0)
        return error_set(err, ERR_USAGE, "\"%s\" is not an open descriptor above 2", value);
    ((struct sandbox_settings *)settings)->report = (int)number;
    return 0;
}

static int set_tty(void *settings, const char *value, struct error *err)
{
    (void)value;
    (void)err;
    ((struct sandbox_settings *)settings)->has_tty = true;
    return 0;
}

static int set_terminal(void *settings, const char *value, struct error *err)
{
    (void)value;
    (void)err;
    ((struct sandbox_settings *)settings)->has_terminal = true;
    return 0;
}

static const struct option_row own_rows[] = {
    {.name = "cwd",
     .letter = 'C',
     .value = "DIR",
     .apply = set_cwd,
     .help = "start the command there (default: where you are)"},
    {.name = "log",
     .value = "FILE",
     .apply = set_log,
     .help = "append what happens as JSON, one line each"},
    {.name = "tty",
     .letter = 'T',
     .apply = set_tty,
     .help = "give the command a terminal of its own, relayed to yours"},
    {.name = "terminal",
     .apply = set_terminal,
     .help = "for the library: standard input is a terminal, make it the command's own"},
    {.name = "report",
     .value = "FD",
     .apply = set_report,
     .help = "for the library: say there, in binary, why nothing ran"},
};

static int parse(int argc, char **argv, struct sandbox_settings *settings, int *first,
                 struct error *err)
{
    struct option_row rows[SANDBOX_POLICY_ROW_COUNT + ARRAY_SIZE(own_rows) + 1] = {0};
    const struct option_table table = {
        .program = "holdfast-sandbox run",
        .synopsis = "[OPTION]... -- COMMAND [ARG]...",
        .summary = "Runs a command in a sandbox: it can write to the workspace and nowhere else,\n"
                   "reach no network, and leave nothing running.",
        .epilogue =
            "Exit status: the command's own; 128+n if signal n ended it; 124 time is up;\n"
            "125 the sandbox could not be set up and nothing ran; 126 the command cannot be\n"
            "executed; 127 it was not found.",
        .rows = rows,
    };

    memcpy(rows, sandbox_policy_rows, sizeof sandbox_policy_rows);
    memcpy(rows + SANDBOX_POLICY_ROW_COUNT, own_rows, sizeof own_rows);
    return options_parse(&table, argc, argv, settings, first, err);
}

/* --- one run in one mode --------------------------------------------------------------------- */

struct started {
    const struct sandbox_settings *settings;
    const struct policy_place *place;
    char *const *argv;
    const char *cwd;
    void (*edit)(struct plan *plan);
    FILE *log;
    struct run_refusals *refusals; /* NULL: no log */
};

static int run_in(const struct sandbox_backend *backend, const struct started *started,
                  struct run_outcome *outcome, struct error *err)
{
    const struct policy *policy = &started->settings->policy;
    struct run_request request = {.argv = started->argv,
                                  .cwd = started->cwd,
                                  .timeout_s = (uint32_t)policy->limits.timeout_s,
                                  .refusals = started->refusals,
                                  .has_terminal = started->settings->has_terminal,
                                  .serves = started->settings->serves};
    struct plan plan = PLAN_EMPTY;
    char mode_text[64];
    AUTO_FREE char **environment = NULL;
    int result;

    *outcome = (struct run_outcome){.status = SANDBOX_EXIT_REFUSED};
    plan.wants_digest = started->settings->serves;
    (void)snprintf(mode_text, sizeof mode_text, "HOLDFAST_SANDBOX=%s", backend->name);
    environment = environment_build(policy, environ, mode_text, err);
    if (environment == NULL || backend->plan(policy, started->place, &plan, err) < 0)
        return -1;
    if (started->edit != NULL)
        started->edit(&plan);
    request.envp = environment;
    result = event_log_start(started->log, &plan, &request, err);
    if (result == 0)
        result = backend->run(&plan, &request, outcome, err);
    plan_done(&plan);
    return result;
}

static void say_fallback(const char *wanted, const char *taken, const struct error *why)
{
    char reason[512];

    text_escape_terminal_into(reason, sizeof reason, why->message);
    (void)fprintf(stderr,
                  "holdfast-sandbox: %s does not work here (%s); using %s, which is weaker\n",
                  wanted, reason, taken);
}

/*
 * auto: simply tries the best mode. Only when its set-up failed is it asked whether it works here at
 * all; if it does, the failure is about this run and stands.
 */
static int run_auto(const struct started *started, struct run_outcome *outcome, struct error *err)
{
    const struct sandbox_backend *first = NULL;
    const struct sandbox_backend *next;
    struct error why_not;
    struct error nobody;

    for (size_t i = 0; first == NULL && i < sandbox_backend_count; i++) {
        if (backend_is_home(sandbox_backends[i]))
            first = sandbox_backends[i];
    }
    if (first == NULL)
        return error_set(err, ERR_UNSUPPORTED, "no mode is at home on this platform");
    if (run_in(first, started, outcome, err) == 0)
        return 0;
    if (outcome->status != SANDBOX_EXIT_REFUSED ||
        (err->code != ERR_OS && err->code != ERR_UNSUPPORTED))
        return -1;
    next = backend_choose(&why_not, &nobody);
    if (next == NULL || next == first)
        return -1;
    say_fallback(first->name, next->name, &why_not);
    return run_in(next, started, outcome, err);
}

static int run_parsed(struct sandbox_settings *settings, char *const *argv,
                      void (*edit)(struct plan *plan), struct run_outcome *outcome,
                      struct error *err)
{
    const struct sandbox_backend *backend = NULL;
    struct policy_place place;
    AUTO_FREE char *here = NULL;
    AUTO_FILE FILE *log = NULL;
    AUTO_FREE struct run_refusals *refusals = NULL;
    struct error log_error;
    int result;
    struct started started = {
        .settings = settings, .place = &place, .argv = argv, .cwd = settings->cwd, .edit = edit};

    if (strcmp(settings->mode, "auto") != 0) {
        backend = backend_find(settings->mode, err);
        if (backend == NULL)
            return -1;
        if (!backend_is_home(backend)) {
            (void)error_set(err, ERR_UNSUPPORTED, "%s cannot run on this platform", backend->name);
            return error_hint(err, "holdfast-sandbox modes says which can");
        }
    }
    if (sandbox_settings_check(settings,
                               backend != NULL ? backend->style : sandbox_backends[0]->style,
                               &place, err) < 0)
        return -1;
    if (started.cwd == NULL) {
        started.cwd = here = sandbox_current_directory(err);
        if (here == NULL)
            return -1;
    }
    if (!path_is_absolute(place.style, started.cwd)) {
        (void)error_set(err, ERR_INVALID, "cwd: \"%s\" is not an absolute path", started.cwd);
        return error_hint(err, "give the whole path, from the top");
    }
    if (settings->log != NULL) {
        if (log_place_check(settings->log, &settings->policy, err) < 0)
            return -1;
        started.log = log = event_log_open(settings->log, err);
        if (log == NULL)
            return -1;
        started.refusals = refusals = calloc(1, sizeof *refusals);
        if (refusals == NULL)
            return error_memory(err, "log");
    }
    result = backend != NULL ? run_in(backend, &started, outcome, err)
                             : run_auto(&started, outcome, err);
    if (event_log_between(log, refusals, outcome, &log_error) < 0 ||
        event_log_end(log, outcome, result < 0 ? err : NULL, &log_error) < 0)
        error_print(stderr, "holdfast-sandbox", &log_error);
    return result;
}

/* In the launcher's process as run_parsed; in the relay's only the status is left to be handed on. */
static int run_in_terminal(struct sandbox_settings *settings, char *const *argv,
                           void (*edit)(struct plan *plan), struct run_outcome *outcome,
                           struct error *err)
{
    int side = terminal_split(settings->report, &outcome->status, err);

    if (side < 0)
        return -1;
    if (side == TERMINAL_RELAY)
        return 0;
    settings->has_terminal = true;
    return run_parsed(settings, argv, edit, outcome, err);
}

int command_run_edited(int argc, char **argv, void (*edit)(struct plan *plan))
{
    struct sandbox_settings settings;
    struct run_outcome outcome = {.status = SANDBOX_EXIT_REFUSED};
    struct error err = {0};
    int first = 0;
    int parsed;
    int result = -1;

    if (sandbox_settings_init(&settings, &err) < 0)
        return command_fail(&err, SANDBOX_EXIT_REFUSED);
    parsed = parse(argc, argv, &settings, &first, &err);
    if (parsed == OPTIONS_ANSWERED) {
        outcome.status = 0;
        result = 0;
    } else if (parsed == OPTIONS_PARSED && first >= argc) {
        (void)error_set(&err, ERR_USAGE, "no command was given");
        (void)error_hint(&err, "holdfast-sandbox run [OPTION]... -- COMMAND [ARG]...");
    } else if (parsed == OPTIONS_PARSED) {
        result = settings.has_tty ? run_in_terminal(&settings, argv + first, edit, &outcome, &err)
                                  : run_parsed(&settings, argv + first, edit, &outcome, &err);
    }
    if (result < 0 && settings.report >= 0)
        report_error(settings.report, &err);
    else if (result < 0)
        (void)command_fail(&err, outcome.status);
    else if (settings.report >= 0)
        report_done(settings.report);
    sandbox_settings_done(&settings);
    return outcome.status;
}

int command_run(int argc, char **argv)
{
    return command_run_edited(argc, argv, NULL);
}

/* The same as run, up to the point where a command would be started. */
int command_session(int argc, char **argv)
{
    static char *const nothing[] = {(char *)(uintptr_t) "session", NULL};
    struct sandbox_settings settings;
    struct run_outcome outcome = {.status = SANDBOX_EXIT_REFUSED};
    struct error err = {0};
    int first = 0;
    int parsed;
    int result = -1;

    if (sandbox_settings_init(&settings, &err) < 0)
        return command_fail(&err, SANDBOX_EXIT_REFUSED);
    settings.serves = true;
    parsed = parse(argc, argv, &settings, &first, &err);
    if (parsed == OPTIONS_PARSED)
        result = run_parsed(&settings, nothing, NULL, &outcome, &err);
    if (result < 0 && parsed != OPTIONS_ANSWERED)
        report_session_error(&err);
    sandbox_settings_done(&settings);
    return outcome.status;
}

/* holdfast-sandbox explain: prints the plan, as JSON or as text, and does nothing. */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "sandbox/commands.h"
#include "sandbox/sandbox.h"

struct explain_settings {
    struct sandbox_settings sandbox; /* first: the policy's rows know only this */
    bool wants_text;
};

static int set_for(void *settings, const char *value, struct error *err)
{
    (void)err;
    ((struct explain_settings *)settings)->sandbox.mode = value;
    return 0;
}

static int set_text(void *settings, const char *value, struct error *err)
{
    (void)value;
    (void)err;
    ((struct explain_settings *)settings)->wants_text = true;
    return 0;
}

static int set_json(void *settings, const char *value, struct error *err)
{
    (void)value;
    (void)err;
    ((struct explain_settings *)settings)->wants_text = false;
    return 0;
}

static const struct option_row own_rows[] = {
    {.name = "for",
     .value = "MODE",
     .apply = set_for,
     .help = "the plan of this mode; of a mode of another platform as for a machine of its kind"},
    {.name = "json", .apply = set_json, .help = "as JSON (default)"},
    {.name = "text", .apply = set_text, .help = "as text, one line per step"},
};

static int parse(int argc, char **argv, struct explain_settings *settings, int *first,
                 struct error *err)
{
    struct option_row rows[SANDBOX_POLICY_ROW_COUNT + ARRAY_SIZE(own_rows) + 1] = {0};
    const struct option_table table = {
        .program = "holdfast-sandbox explain",
        .synopsis = "[OPTION]...",
        .summary = "Prints, step by step, what `run` with the same options would do, and what the\n"
                   "mode cannot do for this policy. Does nothing.",
        .epilogue = "Exit status: 0; 125 the mode refuses this policy.",
        .rows = rows,
    };

    memcpy(rows, sandbox_policy_rows, sizeof sandbox_policy_rows);
    memcpy(rows + SANDBOX_POLICY_ROW_COUNT, own_rows, sizeof own_rows);
    return options_parse(&table, argc, argv, settings, first, err);
}

static const struct sandbox_backend *find_backend(const char *mode, struct error *err)
{
    struct error why_not;

    if (strcmp(mode, "auto") == 0)
        return backend_choose(&why_not, err);
    return backend_find(mode, err);
}

static int print_plan(struct explain_settings *explain, struct error *err)
{
    struct sandbox_settings *settings = &explain->sandbox;
    const struct sandbox_backend *backend = find_backend(settings->mode, err);
    struct plan plan = PLAN_EMPTY;
    AUTO_BUFFER struct buffer text = BUFFER_EMPTY;
    struct policy_place place;
    int result;

    if (backend == NULL || sandbox_settings_check(settings, backend->style, &place, err) < 0)
        return -1;
    result = backend_is_home(backend) ? backend->plan(&settings->policy, &place, &plan, err)
                                      : backend->explain(&settings->policy, &plan, err);
    if (result < 0)
        return -1;
    (explain->wants_text ? plan_print_text : plan_print_json)(&text, &plan);
    plan_done(&plan);
    if (buffer_failed(&text))
        return error_memory(err, "plan");
    (void)fputs(buffer_text(&text), stdout);
    return 0;
}

int command_explain(int argc, char **argv)
{
    struct explain_settings settings = {0};
    struct error err = {0};
    int first = 0;
    int result;

    if (sandbox_settings_init(&settings.sandbox, &err) < 0)
        return command_fail(&err, SANDBOX_EXIT_REFUSED);
    result = parse(argc, argv, &settings, &first, &err);
    /* `explain ... -- COMMAND` is accepted: `run` can be replaced by `explain` in a command line */
    if (result == OPTIONS_PARSED)
        result = print_plan(&settings, &err);
    sandbox_settings_done(&settings.sandbox);
    return result < 0 ? command_fail(&err, SANDBOX_EXIT_REFUSED) : 0;
}

/* holdfast-sandbox modes, doctor: what this machine supports, why not, and what to do. */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "sandbox/commands.h"
#include "sandbox/doctor.h"
#include "sandbox/sandbox.h"
#include "sandbox/windows_hints.h"

struct modes_settings {
    bool is_json;
};

static int set_json(void *settings, const char *value, struct error *err)
{
    (void)value;
    (void)err;
    ((struct modes_settings *)settings)->is_json = true;
    return 0;
}

static const struct option_row rows[] = {
    {.name = "json", .apply = set_json, .help = "print JSON"},
    {0},
};

static void add_json_text(struct buffer *out, const char *key, const char *text)
{
    buffer_printf(out, ", \"%s\": \"", key);
    text_escape_json(out, text, strlen(text));
    buffer_add_byte(out, '"');
}

static void print_mode_json(struct buffer *out, const struct sandbox_backend *backend, bool works,
                            const struct error *why_not)
{
    buffer_printf(out, "    {\"name\": \"%s\", \"platform\": \"%s\", \"works\": %s", backend->name,
                  backend->platform, works ? "true" : "false");
    add_json_text(out, "summary", backend->summary);
    if (!works) {
        add_json_text(out, "reason", why_not->message);
        add_json_text(out, "hint", why_not->hint);
    }
    buffer_add_byte(out, '}');
}

static void print_mode_text(struct buffer *out, const struct sandbox_backend *backend, bool works,
                            const struct error *why_not)
{
    buffer_printf(out, "%-32s %s  %s\n", backend->name, works ? "works" : "no   ",
                  backend->summary);
    if (works)
        return;
    buffer_add_text(out, "                                        ");
    text_escape_terminal(out, why_not->message, strlen(why_not->message));
    buffer_add_byte(out, '\n');
    if (why_not->hint[0] != '\0') {
        buffer_add_text(out, "                                        hint: ");
        text_escape_terminal(out, why_not->hint, strlen(why_not->hint));
        buffer_add_byte(out, '\n');
    }
}

static bool works_here(const struct sandbox_backend *backend, struct error *why_not)
{
    if (backend_is_home(backend))
        return backend->probe(why_not) == 0;
    (void)error_set(why_not, ERR_UNSUPPORTED, "belongs to %s", backend->platform);
    return false;
}

static void describe_modes(struct buffer *out, bool is_json)
{
    const char *chosen = NULL;

    if (is_json)
        buffer_add_text(out, "{\n  \"modes\": [\n");
    for (size_t i = 0; i < sandbox_backend_count; i++) {
        struct error why_not = {0};
        bool works = works_here(sandbox_backends[i], &why_not);

        if (works && chosen == NULL)
            chosen = sandbox_backends[i]->name;
        if (!is_json) {
            print_mode_text(out, sandbox_backends[i], works, &why_not);
            continue;
        }
        print_mode_json(out, sandbox_backends[i], works, &why_not);
        buffer_add_text(out, i + 1 < sandbox_backend_count ? ",\n" : "\n");
    }
    if (is_json)
        buffer_printf(out, "  ],\n  \"auto\": %s%s%s\n}\n", chosen != NULL ? "\"" : "",
                      chosen != NULL ? chosen : "null", chosen != NULL ? "\"" : "");
    else
        buffer_printf(out, "auto: %s\n", chosen != NULL ? chosen : "none works here");
}

int command_modes(int argc, char **argv)
{
    static const struct option_table table = {
        .program = "holdfast-sandbox modes",
        .synopsis = "[--json]",
        .summary = "Says which modes work on this machine, and why the others do not.",
        .rows = rows,
    };
    AUTO_BUFFER struct buffer out = BUFFER_EMPTY;
    struct modes_settings settings = {0};
    struct error err = {0};
    int first;
    int parsed = options_parse(&table, argc, argv, &settings, &first, &err);

    if (parsed < 0)
        return command_fail(&err, SANDBOX_EXIT_REFUSED);
    if (parsed == OPTIONS_ANSWERED)
        return 0;
    describe_modes(&out, settings.is_json);
    if (buffer_failed(&out)) {
        (void)error_memory(&err, "modes");
        return command_fail(&err, SANDBOX_EXIT_REFUSED);
    }
    (void)fputs(buffer_text(&out), stdout);
    return 0;
}

/* doctor CODE...: what a Windows error means here. On every platform: logs travel. */
static int explain_codes(int count, char **words)
{
    for (int i = 0; i < count; i++) {
        const struct windows_error *row;
        struct error err;
        uint64_t code;

        if (!text_parse_u64(words[i], UINT32_MAX, &code)) {
            (void)error_set(&err, ERR_USAGE, "\"%s\" is no error number", words[i]);
            return command_fail(&err, SANDBOX_EXIT_REFUSED);
        }
        row = windows_error_find((uint32_t)code);
        if (row == NULL)
            (void)printf("Windows error %s: not one that is known to stop these sandboxes\n",
                         words[i]);
        else
            (void)printf("Windows error %s (%s)\n  means: %s\n  do: %s\n", words[i], row->name,
                         row->cause, row->hint);
    }
    return 0;
}

static int look_around(void)
{
    AUTO_BUFFER struct buffer out = BUFFER_EMPTY;
    struct error why_not;
    struct error err = {0};
    const struct sandbox_backend *chosen = backend_choose(&why_not, &err);

    if (chosen != NULL)
        (void)printf("use --mode %s (what auto takes here)\n", chosen->name);
    if (chosen != NULL && why_not.code != ERR_NONE)
        error_print(stdout, "better mode missing", &why_not);
    doctor_look(&out);
    (void)fputs(buffer_text(&out), stdout);
    return chosen != NULL ? 0 : command_fail(&err, SANDBOX_EXIT_REFUSED);
}

int command_doctor(int argc, char **argv)
{
    static const struct option_row none[] = {{0}};
    static const struct option_table table = {
        .program = "holdfast-sandbox doctor",
        .synopsis = "[WINDOWS-ERROR]...",
        .summary =
            "Says which mode to choose here and what to fix; or what Windows errors mean in\n"
            "these sandboxes.",
        .rows = none,
    };
    struct error err = {0};
    int first = 0;
    int parsed = options_parse(&table, argc, argv, NULL, &first, &err);

    if (parsed < 0)
        return command_fail(&err, SANDBOX_EXIT_REFUSED);
    if (parsed == OPTIONS_ANSWERED)
        return 0;
    return first < argc ? explain_codes(argc - first, argv + first) : look_around();
}

/*
 * holdfast-sandbox-setup install | remove | recover | status | read | read-stop
 *
 * Started by an ordinary user it asks once, by the UAC prompt, to be started
 * again as an administrator; from an administrator's shell it asks nobody.
 * Its manifest says asInvoker: Windows would else take the word "setup" for
 * an installer and ask at every start.
 */
#include <stdio.h>
#include <string.h>

#include "base/options.h"
#include "base/version.h"
#include "sandbox/windows/ask.h"
#include "sandbox/windows/reading.h"
#include "sandbox/windows/setup_steps.h"
#include "sandbox/windows/state.h"
#include "sandbox/windows/token.h"

enum {
    EXIT_LEFT = 3 /* remove: something could not be undone; the report says what */
};

struct settings {
    const char *user; /* SID */
    const char *request;
    bool is_published;
    bool has_no_strict_rules;
};

static int set_user(void *settings, const char *value, struct error *err)
{
    struct nt_sid sid;

    if (nt_sid_parse(value, &sid, err) < 0)
        return error_wrap(err, "--user");
    ((struct settings *)settings)->user = value;
    return 0;
}

static int set_request(void *settings, const char *value, struct error *err)
{
    (void)err;
    ((struct settings *)settings)->request = value;
    return 0;
}

static int set_published(void *settings, const char *value, struct error *err)
{
    (void)value;
    (void)err;
    ((struct settings *)settings)->is_published = true;
    return 0;
}

static int set_no_strict(void *settings, const char *value, struct error *err)
{
    (void)value;
    (void)err;
    ((struct settings *)settings)->has_no_strict_rules = true;
    return 0;
}

static const struct option_row rows[] = {
    {.name = "user",
     .value = "SID",
     .apply = set_user,
     .help = "who may run commands in the accounts (default: who asks)"},
    {.name = "no-strict-rules",
     .apply = set_no_strict,
     .help = "leave out the filters that also catch weakened tokens"},
    {.name = "as-published",
     .apply = set_published,
     .help = "the design that others published, holes included, to compare with"},
    {.name = "request",
     .value = "TEXT",
     .apply = set_request,
     .help = "what the program asks of itself across the UAC prompt"},
    {0},
};

static const struct option_table table = {
    .program = "holdfast-sandbox-setup",
    .synopsis = "[OPTION]... install|remove|recover|status|read|read-stop",
    .summary =
        "Makes the accounts, rights and network filters that the mode windows-elevated needs,\n"
        "or removes them. Unverified on real Windows.",
    .epilogue =
        "read lets the accounts read the folders of tools in your own profile that PATH leads "
        "to; a run\nstarts it in the background. read-stop stops it, until the next read. "
        "Neither needs an\nadministrator.\n\n"
        "Exit status: 0 done; 1 failed, and undone what was begun; 2 not understood;\n"
        "3 removed but for what the report lists.",
    .rows = rows,
};

static int fail(const struct error *err, int status)
{
    error_print(stderr, "holdfast-sandbox-setup", err);
    return status;
}

/* With the rights to do it ----------------------------------------------------------------------------- */

static int do_request(const struct nt_setup_payload *request, struct buffer *report)
{
    struct error err = {0};
    size_t left = 0;
    int result = -1;

    switch (request->action) {
    case NT_SETUP_INSTALL:
        result = win_setup_install(request, report, &err);
        break;
    case NT_SETUP_REMOVE:
        result = win_setup_remove(request, report, &left, &err);
        break;
    case NT_SETUP_RECOVER:
        result = win_setup_recover(report, &err);
        break;
    }
    if (result < 0) {
        buffer_printf(report, "failed: %s\n", err.message);
        if (err.hint[0] != '\0')
            buffer_printf(report, "hint: %s\n", err.hint);
        return 1;
    }
    return left > 0 ? EXIT_LEFT : 0;
}

/* Started across the prompt: what is said goes back through a pipe of the asker's. */
static int serve_request(const char *text)
{
    AUTO_BUFFER struct buffer report = BUFFER_EMPTY;
    struct nt_setup_payload request = {.user = NULL};
    struct error err = {0};
    int status;

    if (nt_setup_payload_decode(text, &request, &err) < 0)
        return fail(&err, 2);
    status = do_request(&request, &report);
    if (win_ask_answer(request.report, buffer_text(&report), &err) < 0)
        (void)fail(&err, status);
    nt_setup_payload_done(&request);
    return status;
}

/* Without ------------------------------------------------------------------------------------------------ */

static int run_here(const struct nt_setup_payload *request)
{
    AUTO_BUFFER struct buffer report = BUFFER_EMPTY;
    int status = do_request(request, &report);

    (void)fputs(buffer_text(&report), status == 0 || status == EXIT_LEFT ? stdout : stderr);
    return status;
}

static int ask_for_it(struct nt_setup_payload *request)
{
    AUTO_BUFFER struct buffer report = BUFFER_EMPTY;
    struct error err = {0};
    int status = 1;

    if (win_ask_elevated(request, &report, &status, &err) < 0)
        return fail(&err, 1);
    (void)fputs(buffer_text(&report), status == 0 || status == EXIT_LEFT ? stdout : stderr);
    return status;
}

static int start(enum nt_setup_action action, const struct settings *settings)
{
    struct error err = {0};
    AUTO_HANDLE HANDLE token = win_token_own(&err);
    AUTO_TOKEN struct nt_token own = NT_TOKEN_EMPTY;
    char sid[NT_SID_TEXT_MAX];
    char nothing[] = "";
    struct nt_setup_payload request = {.action = action,
                                       .user = sid,
                                       .state = nothing,
                                       .report = nothing,
                                       .is_published = settings->is_published,
                                       .has_no_strict_rules = settings->has_no_strict_rules};

    if (token == NULL || win_token_read(token, &own, &err) < 0)
        return fail(&err, 1);
    nt_sid_format(&own.user, sid);
    if (settings->user != NULL)
        (void)snprintf(sid, sizeof sid, "%s", settings->user);
    return win_token_is_elevated(token) ? run_here(&request) : ask_for_it(&request);
}

static int show_status(void)
{
    AUTO_BUFFER struct buffer report = BUFFER_EMPTY;

    win_setup_status(&report);
    (void)fputs(buffer_text(&report), stdout);
    return 0;
}

/* For the user's own folders; asks nobody. */
static int read_tools(const char *word)
{
    AUTO_BUFFER struct buffer report = BUFFER_EMPTY;
    struct error err = {0};
    AUTO_FREE char *folder = win_state_user_folder(&err);
    int result = -1;

    if (folder != NULL && win_is_wine() && !win_may_pretend())
        (void)error_set(&err, ERR_UNSUPPORTED, "this is Wine: entries are only pretended");
    else if (folder != NULL && strcmp(word, "read-stop") == 0)
        result = win_reading_stop(folder, NULL, &err);
    else if (folder != NULL)
        result = win_reading_work(strcmp(word, "read") == 0, &report, &err);
    (void)fputs(buffer_text(&report), stdout);
    return result < 0 ? fail(&err, 1) : 0;
}

int main(int argc, char **argv)
{
    struct settings settings = {.user = NULL};
    struct error err = {0};
    int first = 0;
    int parsed = options_parse_mixed(&table, argc, argv, &settings, &first, &err);
    const char *word;

    if (parsed < 0)
        return fail(&err, 2);
    if (parsed == OPTIONS_ANSWERED)
        return 0;
    if (settings.request != NULL)
        return serve_request(settings.request);
    word = first < argc ? argv[first] : "";
    if (strcmp(word, "install") == 0)
        return start(NT_SETUP_INSTALL, &settings);
    if (strcmp(word, "remove") == 0)
        return start(NT_SETUP_REMOVE, &settings);
    if (strcmp(word, "recover") == 0)
        return start(NT_SETUP_RECOVER, &settings);
    if (strcmp(word, "status") == 0)
        return show_status();
    if (strcmp(word, "read") == 0 || strcmp(word, "read-background") == 0 ||
        strcmp(word, "read-stop") == 0)
        return read_tools(word);
    options_print_help(stderr, &table);
    return 2;
}

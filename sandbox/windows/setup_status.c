/* What set-up has done, as far as an ordinary user may see it. */
#include <stdio.h>
#include <string.h>

#include "sandbox/windows/settings.h"
#include "sandbox/windows/setup.h"
#include "sandbox/windows/setup_steps.h"
#include "sandbox/windows_plans.h"

static void say_account(struct buffer *report, const char *name, const struct nt_sid *recorded)
{
    AUTO_FREE char *value = NULL;
    struct nt_sid sid;
    struct error err;
    wchar_t *secret;

    if (win_account_get(name, &value, &err) < 0 || value == NULL ||
        win_account_sid(name, &sid, &err) < 0) {
        buffer_printf(report, "%s: gone or not to be seen; run setup again\n", name);
        return;
    }
    if (!nt_sid_equal(&sid, recorded)) {
        buffer_printf(report, "%s: another account has that name now; run setup again\n", name);
        return;
    }
    secret = win_secret_read(name, &err);
    buffer_printf(report, "%s: there; password: %s\n", name, secret != NULL ? "kept" : err.message);
    win_secret_free(secret);
}

static void say_runner(struct buffer *report)
{
    struct error err;
    AUTO_FREE char *path = win_setup_runner(&err);
    AUTO_FREE char *there = NULL;
    AUTO_FREE char *ours = win_file_value(WINDOWS_RUNNER, &err);

    if (path == NULL || win_file_get(path, &there, &err) < 0 || there == NULL)
        buffer_printf(report, "runner: missing; run setup again\n");
    else if (ours != NULL && strcmp(ours, there) != 0)
        buffer_printf(report, "runner: of another version than this program; run setup again\n");
    else
        buffer_printf(report, "runner: there\n");
}

void win_setup_status(struct buffer *report)
{
    struct windows_facts facts = {.is_set_up = false};

    win_setup_read(&facts);
    if (!facts.is_set_up) {
        buffer_printf(report, "windows-elevated: not set up\n");
        return;
    }
    buffer_printf(report, "windows-elevated: set up (unverified on real Windows)\n");
    for (int i = 0; i < WINDOWS_ACCOUNT_COUNT; i++)
        say_account(report, windows_account_names[i], &facts.accounts[i]);
    say_runner(report);
    buffer_printf(report, "filters: only administrators may list them; every run that needs them "
                          "tries a connection first\n");
}

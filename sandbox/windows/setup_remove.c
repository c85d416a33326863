/* Backwards through the journal, past what cannot be undone. */
#include <stdio.h>
#include <string.h>

#include "sandbox/windows/place.h"
#include "sandbox/windows/settings.h"
#include "sandbox/windows/setup.h"
#include "sandbox/windows/setup_steps.h"
#include "sandbox/windows/setup_verify.h"
#include "sandbox/windows/station.h"
#include "sandbox/windows/state.h"
#include "sandbox/windows_plans.h"

static void say_left(struct buffer *said, const struct text_list *left)
{
    for (size_t i = 0; i < left->count; i++)
        buffer_printf(said, "left: %s\n", left->items[i]);
}

/* Entries on the window station last until the user signs out; an administrator's own is all that can
 * be reached from here. */
static void forget_station(const struct windows_facts *facts, struct buffer *said)
{
    struct error err;

    for (int i = 0; facts->is_set_up && i < WINDOWS_ACCOUNT_COUNT; i++) {
        if (win_station_forget(&facts->accounts[i], &err) < 0)
            buffer_printf(said, "left: window station: %s\n", err.message);
    }
}

static void remove_folder(struct buffer *said, size_t *left)
{
    struct error err;
    AUTO_FREE char *folder = win_state_machine_folder(&err);

    if (folder != NULL && win_remove_tree(folder, &err) == 0)
        return;
    (*left)++;
    buffer_printf(said, "left: %s\n", err.message);
}

bool win_setup_is_nothing(void)
{
    struct error ignored;
    AUTO_FREE char *folder = win_state_machine_folder(&ignored);
    AUTO_FREE wchar_t *wide = folder != NULL ? win_long_path(folder, &ignored) : NULL;

    return wide != NULL && GetFileAttributesW(wide) == INVALID_FILE_ATTRIBUTES &&
           (GetLastError() == ERROR_FILE_NOT_FOUND || GetLastError() == ERROR_PATH_NOT_FOUND);
}

static int undo_all(struct win_state *state, struct buffer *said, size_t *left, struct error *err)
{
    struct nt_ours nobody = {.sids = NULL};
    struct nt_change_report report = {.goes_on = true};
    int result = win_state_undo_all(state, &nobody, &report, err);

    if (result == 0) {
        buffer_printf(said, "%zu changes undone\n", report.changed);
        say_left(said, &report.left);
        *left = report.left.count;
    }
    nt_change_report_done(&report);
    return result;
}

int win_setup_remove(const struct nt_setup_payload *request, struct buffer *report, size_t *left,
                     struct error *err)
{
    struct windows_facts facts = {.is_set_up = false};
    struct win_state state;
    struct nt_sid user;
    int result;

    *left = 0;
    if (win_setup_is_nothing()) {
        buffer_printf(report, "nothing is set up\n");
        return 0;
    }
    if (nt_sid_parse(request->user, &user, err) < 0)
        return -1;
    win_setup_settings_for(&user);
    win_setup_read(&facts);
    if (win_setup_open_state(&state, &user, err) < 0)
        return -1;
    forget_station(&facts, report);
    result = undo_all(&state, report, left, err);
    win_state_close(&state);
    /* The journal is the only way to try again: it stays while something of it is left. */
    if (result == 0 && *left == 0)
        remove_folder(report, left);
    return result;
}

int win_setup_recover(struct buffer *report, struct error *err)
{
    struct nt_ours nobody = {.sids = NULL};
    struct nt_change_report undone = {.goes_on = false};
    struct win_state state;
    int result;

    if (win_setup_is_nothing()) {
        buffer_printf(report, "nothing is set up\n");
        return 0;
    }
    if (win_setup_open_state(&state, &NT_ADMINISTRATORS, err) < 0)
        return -1;
    result = win_state_recover(&state, &nobody, &undone, err);
    if (result == 0)
        buffer_printf(report, "%zu changes undone\n", undone.changed);
    nt_change_report_done(&undone);
    win_state_close(&state);
    return result;
}

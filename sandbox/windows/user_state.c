#include "sandbox/windows/user_state.h"

#include <stdio.h>
#include <string.h>

#include "base/os.h"
#include "base/text.h"
#include "sandbox/windows/place.h"
#include "sandbox/windows/reading.h"
#include "sandbox/windows/setup.h"
#include "sandbox/windows/token.h"

enum {
    LOCK_TIMEOUT_MS = 300000
};

/* Nobody but the owner may do anything with it, and the owner has no FILE_DELETE_CHILD: a command in
 * the unelevated sandbox could use that right to delete the journal. */
int win_user_state_open(struct win_state *state, struct error *err)
{
    AUTO_FREE char *folder = win_state_user_folder(err);
    AUTO_HANDLE HANDLE token = folder != NULL ? win_token_own(err) : NULL;
    AUTO_TOKEN struct nt_token own = NT_TOKEN_EMPTY;
    char user[NT_SID_TEXT_MAX];
    char sddl[NT_SID_TEXT_MAX * 2 + 128];

    if (token == NULL || win_token_read(token, &own, err) < 0)
        return -1;
    nt_sid_format(&own.user, user);
    (void)snprintf(sddl, sizeof sddl, "D:P(A;OICI;FA;;;SY)(A;OICI;0x1301bf;;;%s)(A;;WDWO;;;%s)",
                   user, user);
    return win_state_open(state, folder, sddl, NULL, LOCK_TIMEOUT_MS, err);
}

/* The journal's own besides: a set-up that was removed first took the group's name with it. */
static struct nt_sid *our_sids(const struct win_state *state, size_t *count, struct error *err)
{
    struct windows_facts machine = {.is_set_up = false};
    size_t found = 0;
    struct nt_sid *sids = nt_journal_sids(&state->journal, &found, err);
    struct nt_sid *grown;
    struct nt_sid *all;

    win_setup_read(&machine);
    if (sids == NULL)
        return NULL;
    grown = realloc(sids, (found + 1) * sizeof *sids);
    if (grown == NULL) {
        free(sids);
        (void)error_memory(err, "SIDs");
        return NULL;
    }
    if (machine.is_set_up)
        grown[found++] = machine.group;
    all = win_state_ours(state, grown, found, count, err);
    free(grown);
    return all;
}

int win_user_ours(const struct win_state *state, struct win_ours *ours, struct error *err)
{
    AUTO_HANDLE HANDLE token = win_token_own(err);
    AUTO_TOKEN struct nt_token own = NT_TOKEN_EMPTY;

    *ours = (struct win_ours){.sids = NULL};
    if (token == NULL || win_token_read(token, &own, err) < 0)
        return -1;
    ours->user = own.user;
    ours->sids = our_sids(state, &ours->ours.count, err);
    ours->ours.sids = ours->sids;
    ours->ours.user = &ours->user;
    return ours->sids != NULL ? 0 : -1;
}

void win_user_ours_done(struct win_ours *ours)
{
    free(ours->sids);
    *ours = (struct win_ours){.sids = NULL};
}

static bool is_there(const char *path)
{
    struct error ignored;
    AUTO_FREE wchar_t *wide = win_long_path(path, &ignored);

    return wide != NULL && GetFileAttributesW(wide) != INVALID_FILE_ATTRIBUTES;
}

/* Teardown ------------------------------------------------------------------------------------------- */

static int undo_everything(struct win_state *state, struct buffer *report, size_t *left,
                           struct error *err)
{
    struct nt_change_report done = {.goes_on = true};
    struct win_ours ours;
    int result;

    if (win_user_ours(state, &ours, err) < 0)
        return -1;
    result = win_state_undo_all(state, &ours.ours, &done, err);
    win_user_ours_done(&ours);
    if (result == 0) {
        buffer_printf(report, "%zu descriptors put back, %zu below them\n", done.changed,
                      done.walk.written);
        for (size_t i = 0; i < done.left.count; i++) {
            buffer_add_text(report, "left: ");
            text_escape_terminal(report, done.left.items[i], strlen(done.left.items[i]));
            buffer_add_byte(report, '\n');
        }
        *left = done.failed;
    }
    nt_change_report_done(&done);
    return result;
}

int win_user_teardown(struct buffer *report, size_t *left, struct error *err)
{
    AUTO_FREE char *folder = win_state_user_folder(err);
    AUTO_HANDLE HANDLE reader = NULL;
    struct win_state state;
    int result;

    *left = 0;
    if (folder == NULL)
        return -1;
    if (!is_there(folder)) {
        buffer_printf(report, "no run has left anything\n");
        return 0;
    }
    /* Who still puts entries would put them behind our back. */
    if (win_reading_stop(folder, &reader, err) < 0)
        return -1;
    if (win_user_state_open(&state, err) < 0)
        return -1;
    result = undo_everything(&state, report, left, err);
    win_state_close(&state);
    win_reading_resume(folder);
    if (result < 0 || *left > 0)
        return result;
    (void)CloseHandle(win_take(&reader));
    return win_remove_tree(folder, err);
}

/* Status --------------------------------------------------------------------------------------------- */

static int say_journal(const char *folder, struct buffer *report, struct error *err)
{
    struct win_state state = {.folder = (char *)(uintptr_t)folder};
    size_t objects = 0;

    if (win_state_read_sids(&state, &state.sids, err) < 0)
        return -1;
    if (win_state_reload(&state, err) == 0) {
        for (size_t i = 0; i < state.journal.count; i++)
            objects += state.journal.records[i].type == NT_RECORD_CHANGE ? 1 : 0;
        buffer_printf(report, "%zu roots known; %zu changes in the journal%s\n", state.sids.count,
                      objects,
                      state.journal.committed < state.journal.count
                          ? ", the last ones cut off: the next run or teardown undoes them"
                          : "");
    }
    nt_journal_done(&state.journal);
    free(state.journal_bytes);
    windows_sids_done(&state.sids);
    return 0;
}

int win_user_status(struct buffer *report, struct error *err)
{
    AUTO_FREE char *folder = win_state_user_folder(err);

    if (folder == NULL)
        return -1;
    if (!is_there(folder)) {
        buffer_printf(report, "no run has left anything\n");
        return 0;
    }
    buffer_printf(report, "state: %s\n", folder);
    if (say_journal(folder, report, err) < 0)
        return -1;
    win_reading_status(folder, report);
    return 0;
}

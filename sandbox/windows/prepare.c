#include "sandbox/windows/prepare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "base/text.h"
#include "sandbox/nt/audit.h"
#include "sandbox/nt/envblock.h"
#include "sandbox/windows/facts.h"
#include "sandbox/windows/place.h"
#include "sandbox/windows/user_state.h"
#include "sandbox/windows_plans.h"

/* State ---------------------------------------------------------------------------------------------- */

/* A root's SID is kept from its first use on; the plan may have made it up a moment ago. */
static int keep_root(struct win_state *state, const struct step *step, struct error *err)
{
    struct windows_root ignored = {0};
    AUTO_FREE char *resolved = NULL;
    AUTO_FREE char *identity = NULL;
    const struct windows_known_root *known;
    struct nt_sid sid;

    if (nt_sid_parse(step->text, &sid, err) < 0 ||
        win_resolve(step->path, &resolved, &identity, &ignored, err) < 0)
        return -1;
    known = windows_sids_find(&state->sids, resolved, identity);
    if (known != NULL && nt_sid_equal(&known->sid, &sid))
        return 0;
    if (known != NULL || strcmp(resolved, step->path) != 0) {
        (void)error_set(err, ERR_REFUSED, "%s: changed since the plan was made", step->path);
        return error_hint(err, "run it again");
    }
    if (windows_sids_add(&state->sids, resolved, identity, &sid, err) < 0)
        return -1;
    return win_state_save_sids(state, err);
}

/* The marker of a first plan was made up, too. */
static int keep_marker(struct win_state *state, const struct plan *plan, struct error *err)
{
    for (size_t i = 0; !state->sids.has_marker && i < plan->step_count; i++) {
        const struct step *step = &plan->steps[i];

        if (step->kind != STEP_TOKEN_RESTRICT || strstr(step->why, "protected") == NULL)
            continue;
        if (nt_sid_parse(step->text, &state->sids.marker, err) < 0)
            return -1;
        state->sids.has_marker = true;
        return win_state_save_sids(state, err);
    }
    return 0;
}

static int apply_ours(struct win_state *state, const struct plan *plan, const struct nt_ours *ours,
                      struct win_prepared *prepared, struct error *err)
{
    struct nt_changes changes = {.wishes.ours = *ours};
    int result;

    if (win_state_recover(state, ours, &prepared->report, err) < 0 ||
        windows_plan_wishes(plan, WINDOWS_NOW, ours, &changes.wishes, err) < 0)
        return -1;
    result =
        nt_apply(&state->machine.machine, &changes, state->journal.count, &prepared->report, err);
    if (result < 0) {
        struct nt_change_report undone = {0};
        struct error ignored;

        /* What was begun is taken back at once; if that fails too, the next run tries again. */
        if (win_state_reload(state, &ignored) == 0)
            (void)win_state_recover(state, ours, &undone, &ignored);
        nt_change_report_done(&undone);
    }
    nt_wishes_done(&changes.wishes);
    return result;
}

static int apply_entries(struct win_state *state, const struct plan *plan,
                         struct win_prepared *prepared, struct error *err)
{
    struct win_ours ours;
    int result;

    if (win_user_ours(state, &ours, err) < 0)
        return -1;
    result = apply_ours(state, plan, &ours.ours, prepared, err);
    win_user_ours_done(&ours);
    return result;
}

static int settle_descriptors(const struct plan *plan, struct win_prepared *prepared,
                              struct error *err)
{
    struct win_state state;
    int result = 0;

    if (win_user_state_open(&state, err) < 0)
        return -1;
    result = keep_marker(&state, plan, err);
    for (size_t i = 0; result == 0 && i < plan->step_count; i++) {
        if (plan->steps[i].kind == STEP_ROOT)
            result = keep_root(&state, &plan->steps[i], err);
    }
    if (result == 0)
        result = apply_entries(&state, plan, prepared, err);
    if (result == 0)
        result = win_guards_take(&prepared->guards, plan, &state, err);
    win_state_close(&state);
    return result;
}

/* The run's own directory ---------------------------------------------------------------------------- */

/* Is there no such process, one that has ended and is still known to somebody, or one that is younger,
 * so that its number was given out again? */
static bool is_maker_gone(DWORD pid, const FILETIME *made)
{
    AUTO_HANDLE HANDLE process =
        OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE, FALSE, pid);
    FILETIME started;
    FILETIME ignored[3];

    if (process == NULL)
        return GetLastError() == ERROR_INVALID_PARAMETER;
    if (WaitForSingleObject(process, 0) == WAIT_OBJECT_0)
        return true;
    return GetProcessTimes(process, &started, &ignored[0], &ignored[1], &ignored[2]) &&
           CompareFileTime(&started, made) > 0;
}

/* What runs that were killed left behind: "pid-random" of processes that are gone. */
static void remove_if_stale(const char *parent, const WIN32_FIND_DATAW *found)
{
    DWORD pid = wcstoul(found->cFileName, NULL, 10);
    struct error ignored;
    AUTO_FREE char *narrow = NULL;
    AUTO_FREE char *path = NULL;

    if (pid == 0 || !is_maker_gone(pid, &found->ftCreationTime))
        return;
    narrow = win_narrow(found->cFileName, &ignored);
    path = narrow != NULL ? windows_path_join(parent, narrow) : NULL;
    if (path != NULL)
        (void)win_remove_tree(path, &ignored);
}

static void remove_stale(const char *parent)
{
    struct error ignored;
    AUTO_FREE char *pattern = windows_path_join(parent, "*");
    AUTO_FREE wchar_t *wide = pattern != NULL ? win_long_path(pattern, &ignored) : NULL;
    WIN32_FIND_DATAW found;
    HANDLE search = wide != NULL ? FindFirstFileW(wide, &found) : INVALID_HANDLE_VALUE;

    if (search == INVALID_HANDLE_VALUE)
        return;
    do
        remove_if_stale(parent, &found);
    while (FindNextFileW(search, &found));
    (void)FindClose(search);
}

static int make_directory(const char *path, const char *sddl, struct error *err)
{
    AUTO_FREE wchar_t *wide = win_long_path(path, err);
    AUTO_FREE void *descriptor = wide != NULL ? win_descriptor(sddl, err) : NULL;
    SECURITY_ATTRIBUTES attributes = {.nLength = sizeof attributes,
                                      .lpSecurityDescriptor = descriptor};

    if (descriptor == NULL)
        return -1;
    return CreateDirectoryW(wide, &attributes) ? 0 : win_fail_last(err, "CreateDirectory", path);
}

static int make_run_directory(const struct step *step, struct win_prepared *prepared,
                              struct error *err)
{
    uint64_t random;
    AUTO_BUFFER struct buffer path = BUFFER_EMPTY;

    if (os_make_directories(step->path, err) < 0 || os_random(&random, sizeof random, err) < 0)
        return -1;
    remove_stale(step->path);
    buffer_printf(&path, "%s\\%lu-%016llx", step->path, (unsigned long)GetCurrentProcessId(),
                  (unsigned long long)random);
    if (buffer_failed(&path))
        return error_memory(err, "private TEMP");
    if (make_directory(path.data, step->text, err) < 0)
        return -1;
    prepared->run_directory = buffer_take(&path);
    return 0;
}

static int write_stubs(const char *folder, struct error *err)
{
    if (os_make_directories(folder, err) < 0)
        return -1;
    for (size_t i = 0; i < nt_stub_count; i++) {
        AUTO_FREE char *path = windows_path_join(folder, nt_stubs[i].name);
        AUTO_FREE char *now = NULL;
        struct error ignored;
        size_t size = 0;

        if (path == NULL)
            return error_memory(err, "stubs");
        if (os_read_file(path, 4096, &now, &size, &ignored) == 0 &&
            strcmp(now, nt_stubs[i].content) == 0)
            continue;
        if (os_replace_file(path, nt_stubs[i].content, strlen(nt_stubs[i].content), err) < 0)
            return -1;
    }
    return 0;
}

/* The steps -------------------------------------------------------------------------------------------- */

static int replace_text(char **slot, const char *text, struct error *err)
{
    free(*slot);
    *slot = text_copy(text, strlen(text));
    return *slot != NULL ? 0 : error_memory(err, "plan");
}

/* Once for all commands; what concerns each of them is in prepare_spawn.c. */
static int take_step(const struct step *step, struct win_prepared *prepared, struct error *err)
{
    switch (step->kind) {
    case STEP_DESKTOP:
        prepared->has_desktop_per_command = (step->bits & PLAN_DESKTOP_PER_COMMAND) != 0;
        return replace_text(&prepared->desktop, step->text, err);
    case STEP_ACCOUNT:
        prepared->has_runner_per_command = (step->bits & PLAN_ACCOUNT_RUNNER_PER_COMMAND) != 0;
        return replace_text(&prepared->account, step->text, err);
    case STEP_VERIFY:
        prepared->has_network_check = true;
        return 0;
    case STEP_STUBS:
        return write_stubs(step->path, err);
    case STEP_RUN_DIRECTORY:
        return make_run_directory(step, prepared, err);
    default:
        return 0;
    }
}

/* The user is told when the workspace itself stands open to others. */
static void warn_if_open(const struct plan *plan)
{
    const struct step *root = plan_find(plan, STEP_ROOT);
    struct nt_audit audit = {.depth = 0, .looks_max = 1, .per_directory = 1};
    struct win_machine looker;
    struct error ignored;

    if (root == NULL)
        return;
    win_machine_init(&looker, NULL, NULL);
    if (nt_audit_place(&looker.machine, root->path, &audit, &ignored) == 0 && audit.count > 0) {
        char path[1024];

        text_escape_terminal_into(path, sizeof path, root->path);
        (void)fprintf(stderr, "holdfast-sandbox: warning: %s can be written by %s\n", path,
                      nt_audience_name(audit.findings[0].audience));
    }
    nt_audit_done(&audit);
}

int win_prepare(const struct plan *plan, struct win_prepared *prepared, struct error *err)
{
    int result;

    *prepared = (struct win_prepared){.account = NULL};
    warn_if_open(plan);
    result = settle_descriptors(plan, prepared, err);
    for (size_t i = 0; result == 0 && i < plan->step_count; i++) {
        result = take_step(&plan->steps[i], prepared, err);
        if (result < 0)
            (void)error_wrap(err, "%s", plan_step_name(plan->steps[i].kind));
    }
    if (result < 0)
        win_prepared_done(prepared);
    return result;
}

int win_prepare_again(const struct plan *plan, struct win_prepared *prepared, struct error *err)
{
    nt_change_report_done(&prepared->report);
    prepared->report = (struct nt_change_report){0};
    return settle_descriptors(plan, prepared, err);
}

void win_prepared_rest(struct win_prepared *prepared)
{
    win_guards_release(&prepared->guards);
}

void win_prepared_done(struct win_prepared *prepared)
{
    struct error ignored;

    win_guards_release(&prepared->guards);
    if (prepared->run_directory != NULL)
        (void)win_remove_tree(prepared->run_directory, &ignored);
    nt_change_report_done(&prepared->report);
    free(prepared->run_directory);
    free(prepared->desktop);
    free(prepared->account);
    *prepared = (struct win_prepared){.account = NULL};
}

#include "sandbox/windows/reading.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "base/text.h"
#include "sandbox/windows/facts.h"
#include "sandbox/windows/machine.h"
#include "sandbox/windows/user_state.h"
#include "sandbox/windows_plans.h"
#include "sandbox/windows_reading.h"

enum {
    SAVE_MS = 500,
    POLL_MS = 100,
    STOP_MS = 60000
};

/* Files ------------------------------------------------------------------------------------------- */

static void read_record(const char *folder, struct windows_reading *reading)
{
    AUTO_FREE char *path = windows_path_join(folder, "reading");
    AUTO_FREE char *bytes = NULL;
    struct error ignored;
    size_t size = 0;

    *reading = (struct windows_reading){.count = 0};
    if (path != NULL && os_read_file(path, WINDOWS_READING_BYTES_MAX, &bytes, &size, &ignored) == 0)
        windows_reading_read(bytes, size, reading);
}

static int save_record(const char *folder, const struct windows_reading *reading, struct error *err)
{
    AUTO_FREE char *path = windows_path_join(folder, "reading");
    AUTO_BUFFER struct buffer text = BUFFER_EMPTY;

    windows_reading_write(reading, &text);
    if (path == NULL || buffer_failed(&text))
        return error_memory(err, "reading");
    return os_replace_file(path, text.data, text.size, err);
}

static bool is_stopped(const char *folder)
{
    AUTO_FREE char *path = windows_path_join(folder, "reading.stop");
    struct error ignored;
    AUTO_FREE wchar_t *wide = path != NULL ? win_long_path(path, &ignored) : NULL;

    return wide == NULL || GetFileAttributesW(wide) != INVALID_FILE_ATTRIBUTES;
}

/* NULL and err ERR_TIMEOUT: somebody else has it. */
static HANDLE take_lock(const char *folder, struct error *err)
{
    AUTO_FREE char *path = windows_path_join(folder, "reading.lock");
    AUTO_FREE wchar_t *wide = path != NULL ? win_long_path(path, err) : NULL;
    AUTO_HANDLE HANDLE lock = NULL;
    OVERLAPPED whole = {0};

    if (wide == NULL) {
        (void)error_memory(err, "reading");
        return NULL;
    }
    lock = CreateFileW(wide, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                       OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    if (lock == INVALID_HANDLE_VALUE) {
        (void)win_fail_last(err, "CreateFile", path);
        return NULL;
    }
    if (LockFileEx(lock, LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &whole))
        return win_take(&lock);
    (void)win_fail_last(err, "LockFileEx", path);
    if (err->os_code == ERROR_LOCK_VIOLATION || err->os_code == ERROR_IO_PENDING)
        err->code = ERR_TIMEOUT;
    return NULL;
}

static bool is_somebody_at_it(const char *folder)
{
    struct error err = {0};
    AUTO_HANDLE HANDLE lock = take_lock(folder, &err);

    return lock == NULL && err.code == ERR_TIMEOUT;
}

/* Stopping ---------------------------------------------------------------------------------------- */

int win_reading_stop(const char *folder, HANDLE *lock, struct error *err)
{
    AUTO_FREE char *path = windows_path_join(folder, "reading.stop");
    ULONGLONG until = GetTickCount64() + STOP_MS;

    if (path == NULL)
        return error_memory(err, "reading");
    if (os_replace_file(path, "", 0, err) < 0)
        return -1;
    while (lock != NULL) {
        *lock = take_lock(folder, err);
        if (*lock != NULL)
            return 0;
        if (err->code != ERR_TIMEOUT)
            return -1;
        if (GetTickCount64() >= until)
            return error_set(err, ERR_TIMEOUT, "the process that lets tools be read does not end");
        Sleep(POLL_MS);
    }
    return 0;
}

void win_reading_resume(const char *folder)
{
    AUTO_FREE char *path = windows_path_join(folder, "reading.stop");
    struct error ignored;
    AUTO_FREE wchar_t *wide = path != NULL ? win_long_path(path, &ignored) : NULL;

    if (wide != NULL)
        (void)DeleteFileW(wide);
}

void win_reading_status(const char *folder, struct buffer *report)
{
    struct windows_reading reading;

    read_record(folder, &reading);
    windows_reading_describe(&reading, report);
    if (reading.count > 0 && is_stopped(folder))
        buffer_printf(report, "  stopped; holdfast-sandbox-setup read goes on\n");
    else if (reading.count > 0 && is_somebody_at_it(folder))
        buffer_printf(report, "  a process is at it\n");
    windows_reading_done(&reading);
}

/* The worker -------------------------------------------------------------------------------------- */

struct work {
    const char *folder;
    struct windows_reading reading;
    ULONGLONG next_save;
    bool was_stopped;
};

static bool goes_on(void *own)
{
    struct work *work = own;
    ULONGLONG now = GetTickCount64();
    struct error ignored;

    if (now < work->next_save)
        return true;
    work->next_save = now + SAVE_MS;
    (void)save_record(work->folder, &work->reading, &ignored); /* progress, for people */
    work->was_stopped = is_stopped(work->folder);
    return !work->was_stopped;
}

/* The folders themselves, journalled; then what is in force, for the walks. */
static int put(struct win_state *state, const struct nt_ours *ours, const struct plan *plan,
               struct work *work, struct nt_wishes *in_force, struct error *err)
{
    struct nt_change_report report = {0};
    struct nt_wishes wishes = {0};
    int result = -1;

    if (win_state_recover(state, ours, &report, err) == 0 &&
        windows_plan_wishes(plan, WINDOWS_LATER, ours, &wishes, err) == 0 &&
        nt_wishes_from_journal(&state->journal, state->journal.count, ours, in_force, err) == 0)
        result = windows_reading_put(&state->machine.machine, &wishes, in_force,
                                     state->journal.count, &work->reading, &report, err);
    nt_wishes_done(in_force);
    nt_wishes_done(&wishes);
    nt_change_report_done(&report);
    if (result < 0 || save_record(work->folder, &work->reading, err) < 0 ||
        win_state_reload(state, err) < 0)
        return -1;
    return nt_wishes_from_journal(&state->journal, state->journal.count, ours, in_force, err);
}

static int put_and_walk(struct win_state *state, const struct nt_ours *ours,
                        const struct plan *plan, struct work *work, struct error *err)
{
    const struct windows_reading_walk walk = {goes_on, work};
    struct nt_wishes in_force = {0};
    struct error ignored;
    HANDLE lock;
    int result = put(state, ours, plan, work, &in_force, err);

    /* Runs need not wait for the walk: it writes nothing that they journal. */
    lock = win_take(&state->lock);
    win_close(&lock);
    if (result == 0)
        result =
            windows_reading_work(&state->machine.machine, &in_force, &work->reading, &walk, err);
    nt_wishes_done(&in_force);
    if (save_record(work->folder, &work->reading, result == 0 ? err : &ignored) < 0)
        result = -1;
    return result;
}

static int work_on(const struct plan *plan, struct work *work, struct error *err)
{
    struct win_state state;
    struct win_ours ours;
    int result = -1;

    if (win_user_state_open(&state, err) < 0)
        return -1;
    if (win_user_ours(&state, &ours, err) == 0)
        result = put_and_walk(&state, &ours.ours, plan, work, err);
    win_user_ours_done(&ours);
    win_state_close(&state);
    return result;
}

static int work_with_lock(const char *folder, struct buffer *report, struct error *err)
{
    struct windows_facts facts;
    struct plan plan = PLAN_EMPTY;
    struct work work = {.folder = folder};
    int result;

    if (win_facts_reading(&facts, err) < 0)
        return -1;
    result = windows_reading_plan(&facts, &plan, err);
    windows_facts_done(&facts);
    if (result < 0)
        return -1;
    read_record(folder, &work.reading);
    result = work_on(&plan, &work, err);
    windows_reading_describe(&work.reading, report);
    if (result < 0 && work.was_stopped) {
        buffer_printf(report, "stopped\n");
        result = 0;
    } else if (result == 0 && work.reading.count == 0) {
        buffer_printf(report, "no folder of tools needs it\n");
    }
    windows_reading_done(&work.reading);
    plan_done(&plan);
    return result;
}

int win_reading_work(bool resumes, struct buffer *report, struct error *err)
{
    AUTO_FREE char *folder = win_state_user_folder(err);
    AUTO_HANDLE HANDLE lock = NULL;
    struct win_state state;

    if (folder == NULL || win_user_state_open(&state, err) < 0) /* makes the folder */
        return -1;
    win_state_close(&state);
    lock = take_lock(folder, err);
    if (lock == NULL && err->code == ERR_TIMEOUT) {
        buffer_printf(report, "another process is at it\n");
        return 0;
    }
    if (lock == NULL)
        return -1;
    if (resumes)
        win_reading_resume(folder);
    if (is_stopped(folder)) {
        buffer_printf(report, "stopped\n");
        return 0;
    }
    return work_with_lock(folder, report, err);
}

/* The run ------------------------------------------------------------------------------------------ */

static int is_due(const struct plan *plan, const char *folder, const char *program,
                  struct error *err)
{
    const struct nt_ours nobody = {.sids = NULL};
    struct windows_reading reading;
    struct nt_wishes wishes = {0};
    struct win_machine looker;
    int due;

    win_machine_init(&looker, NULL, NULL);
    if (windows_plan_wishes(plan, WINDOWS_LATER, &nobody, &wishes, err) < 0)
        return -1;
    read_record(folder, &reading);
    due = windows_reading_is_due(&looker.machine, &wishes, &reading, program, err);
    windows_reading_done(&reading);
    nt_wishes_done(&wishes);
    return due;
}

static HANDLE start_worker(struct error *err)
{
    AUTO_FREE char *self = os_self_path(err);
    char *end = self != NULL ? strrchr(self, '\\') : NULL;
    AUTO_FREE char *program = NULL;
    AUTO_FREE wchar_t *image = NULL;
    wchar_t line[] = L"holdfast-sandbox-setup read-background";
    STARTUPINFOW info = {.cb = sizeof info};
    PROCESS_INFORMATION made;
    const DWORD flags = CREATE_NO_WINDOW | BELOW_NORMAL_PRIORITY_CLASS;

    if (end == NULL)
        return NULL;
    *end = '\0';
    program = windows_path_join(self, "holdfast-sandbox-setup.exe");
    image = program != NULL ? win_wide(program, err) : NULL;
    if (image == NULL)
        return NULL;
    /* Out of a job that ends with the caller, if it lets go; else the next run takes it up again. */
    if (!CreateProcessW(image, line, NULL, NULL, FALSE, flags | CREATE_BREAKAWAY_FROM_JOB, NULL,
                        NULL, &info, &made) &&
        !CreateProcessW(image, line, NULL, NULL, FALSE, flags, NULL, NULL, &info, &made)) {
        (void)win_fail_last(err, "CreateProcess", program);
        return NULL;
    }
    (void)CloseHandle(made.hThread);
    return made.hProcess;
}

static void wait_for(const struct plan *plan, const char *folder, const char *program,
                     HANDLE worker)
{
    struct error ignored;
    char shown[1024];

    text_escape_terminal_into(shown, sizeof shown, program);
    (void)fprintf(stderr,
                  "holdfast-sandbox: waiting until the sandbox's account may read the folder of %s "
                  "(once)\n",
                  shown);
    while (is_due(plan, folder, program, &ignored) == 1) {
        if (WaitForSingleObject(worker, POLL_MS) != WAIT_TIMEOUT && !is_somebody_at_it(folder))
            break;
        Sleep(POLL_MS);
    }
}

static void warn(const struct error *err)
{
    (void)fprintf(stderr, "holdfast-sandbox: warning: tools in the profile may be unreadable: %s\n",
                  err->message);
}

void win_reading_start(const struct plan *plan, const char *program)
{
    struct error err = {0};
    AUTO_FREE char *folder = win_state_user_folder(&err);
    AUTO_HANDLE HANDLE worker = NULL;
    int due = folder != NULL ? is_due(plan, folder, NULL, &err) : -1;

    if (due == 0 || (due > 0 && is_stopped(folder)))
        return;
    worker = due > 0 ? start_worker(&err) : NULL;
    if (worker == NULL)
        warn(&err);
    else if (program != NULL && is_due(plan, folder, program, &err) == 1)
        wait_for(plan, folder, program, worker);
}

#include "sandbox/windows/state.h"

#include <shlobj.h>

#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "sandbox/windows_facts.h"

enum {
    JOURNAL_MAX = NT_JOURNAL_BYTES_MAX
};

static char *known_folder(const GUID *id, const char *name, struct error *err)
{
    wchar_t *wide = NULL;
    HRESULT result = SHGetKnownFolderPath(id, KF_FLAG_DONT_VERIFY, NULL, &wide);
    AUTO_FREE char *folder = NULL;
    char *path;

    if (FAILED(result)) {
        (void)error_set(err, ERR_OS, "SHGetKnownFolderPath: 0x%08lx", (unsigned long)result);
        return NULL;
    }
    folder = win_narrow(wide, err);
    CoTaskMemFree(wide);
    if (folder == NULL)
        return NULL;
    path = windows_path_join(folder, name);
    if (path == NULL)
        (void)error_memory(err, "folder");
    return path;
}

char *win_state_user_folder(struct error *err)
{
    const wchar_t *given = _wgetenv(L"HOLDFAST_STATE"); /* for tests: a folder of their own */

    if (given != NULL && given[0] != L'\0')
        return win_narrow(given, err);
    return known_folder(&FOLDERID_LocalAppData, "Holdfast", err);
}

char *win_state_machine_folder(struct error *err)
{
    return known_folder(&FOLDERID_ProgramData, "Holdfast", err);
}

char *win_state_path(const struct win_state *state, const char *name, struct error *err)
{
    char *path = windows_path_join(state->folder, name);

    if (path == NULL)
        (void)error_memory(err, name);
    return path;
}

static int make_folder(const char *folder, const char *sddl, struct error *err)
{
    AUTO_FREE wchar_t *wide = win_long_path(folder, err);
    AUTO_FREE void *descriptor = NULL;
    SECURITY_ATTRIBUTES attributes = {.nLength = sizeof attributes};

    if (wide == NULL)
        return -1;
    if (sddl != NULL) {
        descriptor = win_descriptor(sddl, err);
        if (descriptor == NULL)
            return -1;
        attributes.lpSecurityDescriptor = descriptor;
    }
    if (CreateDirectoryW(wide, sddl != NULL ? &attributes : NULL) ||
        GetLastError() == ERROR_ALREADY_EXISTS)
        return 0;
    return win_fail_last(err, "CreateDirectory", folder);
}

/* One process at a time changes descriptors. A file, because names of mutexes can be taken by anybody
 * in the session. */
static int take_lock(struct win_state *state, unsigned timeout_ms, struct error *err)
{
    AUTO_FREE char *path = win_state_path(state, "lock", err);
    AUTO_FREE wchar_t *wide = path != NULL ? win_long_path(path, err) : NULL;
    ULONGLONG until = GetTickCount64() + timeout_ms;
    OVERLAPPED whole = {0};

    if (wide == NULL)
        return -1;
    state->lock =
        CreateFileW(wide, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                    OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    if (state->lock == INVALID_HANDLE_VALUE)
        return win_fail_last(err, "CreateFile", path);
    while (!LockFileEx(state->lock, LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0,
                       &whole)) {
        if (GetLastError() != ERROR_LOCK_VIOLATION && GetLastError() != ERROR_IO_PENDING)
            return win_fail_last(err, "LockFileEx", path);
        if (GetTickCount64() >= until) {
            (void)error_set(err, ERR_TIMEOUT, "%s: another run has held it for %u ms", path,
                            timeout_ms);
            return error_hint(err, "its first set-up of a large tree may take minutes; try again");
        }
        Sleep(10);
    }
    return 0;
}

static int read_optional(const char *path, size_t max, char **bytes, size_t *size,
                         struct error *err)
{
    *bytes = NULL;
    *size = 0;
    if (os_read_file(path, max, bytes, size, err) == 0 || err->os_code == ERROR_FILE_NOT_FOUND ||
        err->os_code == ERROR_PATH_NOT_FOUND)
        return 0;
    return -1;
}

int win_state_read_sids(const struct win_state *state, struct windows_sids *sids, struct error *err)
{
    AUTO_FREE char *path = win_state_path(state, "sids", err);
    AUTO_FREE char *bytes = NULL;
    size_t size = 0;

    if (path == NULL || read_optional(path, WINDOWS_SIDS_BYTES_MAX, &bytes, &size, err) < 0)
        return -1;
    return windows_sids_read(bytes != NULL ? bytes : "", size, sids, err);
}

int win_state_reload(struct win_state *state, struct error *err)
{
    AUTO_FREE char *path = win_state_path(state, "journal", err);

    nt_journal_done(&state->journal);
    free(state->journal_bytes);
    state->journal_bytes = NULL;
    if (path == NULL ||
        read_optional(path, JOURNAL_MAX, &state->journal_bytes, &state->journal_size, err) < 0)
        return -1;
    return nt_journal_read((const uint8_t *)state->journal_bytes, state->journal_size,
                           &state->journal, err);
}

static int open_journal(struct win_state *state, struct error *err)
{
    AUTO_FREE char *path = win_state_path(state, "journal", err);
    AUTO_FREE wchar_t *wide = path != NULL ? win_long_path(path, err) : NULL;

    if (wide == NULL)
        return -1;
    state->journal_file = CreateFileW(
        wide, FILE_APPEND_DATA | SYNCHRONIZE,
        FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_ALWAYS,
        FILE_ATTRIBUTE_NORMAL | FILE_FLAG_WRITE_THROUGH | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    if (state->journal_file == INVALID_HANDLE_VALUE)
        return win_fail_last(err, "CreateFile", path);
    state->machine.journal = state->journal_file;
    return 0;
}

/* Replaces the journal by its first size bytes. */
static int cut_journal(struct win_state *state, size_t size, struct error *err)
{
    AUTO_FREE char *path = win_state_path(state, "journal", err);

    if (path == NULL)
        return -1;
    (void)CloseHandle(state->journal_file);
    state->journal_file = NULL;
    if (os_replace_file(path, state->journal_bytes != NULL ? state->journal_bytes : "", size, err) <
            0 ||
        open_journal(state, err) < 0)
        return -1;
    return win_state_reload(state, err);
}

int win_state_open(struct win_state *state, const char *folder, const char *sddl,
                   const struct win_setting *settings, unsigned timeout_ms, struct error *err)
{
    *state = (struct win_state){.folder = _strdup(folder)};
    win_machine_init(&state->machine, NULL, settings);
    if (state->folder == NULL)
        return error_memory(err, folder);
    if (make_folder(folder, sddl, err) == 0 && take_lock(state, timeout_ms, err) == 0 &&
        win_state_read_sids(state, &state->sids, err) == 0 && win_state_reload(state, err) == 0 &&
        open_journal(state, err) == 0)
        return 0;
    win_state_close(state);
    return error_wrap(err, "state");
}

void win_state_close(struct win_state *state)
{
    nt_journal_done(&state->journal);
    free(state->journal_bytes);
    windows_sids_done(&state->sids);
    win_close(&state->journal_file);
    win_close(&state->lock); /* and with it the lock */
    free(state->folder);
    *state = (struct win_state){0};
}

struct nt_sid *win_state_ours(const struct win_state *state, const struct nt_sid *more,
                              size_t more_count, size_t *count, struct error *err)
{
    struct nt_sid *sids = malloc((state->sids.count + 1 + more_count) * sizeof *sids);
    size_t used = 0;

    if (sids == NULL) {
        (void)error_memory(err, "SIDs");
        return NULL;
    }
    if (state->sids.has_marker)
        sids[used++] = state->sids.marker;
    for (size_t i = 0; i < state->sids.count; i++)
        sids[used++] = state->sids.roots[i].sid;
    for (size_t i = 0; i < more_count; i++)
        sids[used++] = more[i];
    *count = used;
    return sids;
}

int win_state_recover(struct win_state *state, const struct nt_ours *ours,
                      struct nt_change_report *report, struct error *err)
{
    if (state->journal.committed == state->journal.count &&
        state->journal.valid_size == state->journal_size)
        return 0;
    if (nt_undo(&state->machine.machine, &state->journal, state->journal.committed, ours, report,
                err) < 0)
        return error_wrap(err, "undo what was cut off");
    return cut_journal(state, state->journal.committed_size, err);
}

int win_state_undo_all(struct win_state *state, const struct nt_ours *ours,
                       struct nt_change_report *report, struct error *err)
{
    if (nt_undo(&state->machine.machine, &state->journal, 0, ours, report, err) < 0)
        return error_wrap(err, "undo");
    return report->failed == 0 ? cut_journal(state, 0, err) : 0;
}

int win_state_save_sids(const struct win_state *state, struct error *err)
{
    AUTO_FREE char *path = win_state_path(state, "sids", err);
    AUTO_BUFFER struct buffer text = BUFFER_EMPTY;

    windows_sids_write(&state->sids, &text);
    if (path == NULL || buffer_failed(&text))
        return error_memory(err, "SIDs");
    return os_replace_file(path, text.data, text.size, err);
}

int win_state_marker(struct win_state *state, struct error *err)
{
    uint8_t random[WINDOWS_SID_RANDOM];

    if (state->sids.has_marker)
        return 0;
    if (os_random(random, sizeof random, err) < 0)
        return -1;
    state->sids.marker = windows_sid_from_random(random);
    state->sids.has_marker = true;
    return win_state_save_sids(state, err);
}

#include "sandbox/windows/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "base/text.h"
#include "sandbox/path.h"

enum {
    LIST_MAX = 1 << 20
};

static int keep(struct win_guards *guards, HANDLE handle, struct error *err)
{
    if (guards->count == WIN_GUARDS_MAX) {
        (void)CloseHandle(handle);
        return error_set(err, ERR_UNSUPPORTED, "more than %d protected names", WIN_GUARDS_MAX);
    }
    guards->handles[guards->count++] = handle;
    return 0;
}

void win_guards_release(struct win_guards *guards)
{
    while (guards->count > 0)
        (void)CloseHandle(guards->handles[--guards->count]);
}

/* Reading data is asked for because sharing is not looked at for handles that read attributes only. */
static int hold(struct win_guards *guards, const char *path, struct error *err)
{
    AUTO_FREE wchar_t *wide = win_long_path(path, err);
    HANDLE handle = INVALID_HANDLE_VALUE;

    if (wide == NULL)
        return -1;
    /* Somebody may have it open for deletion just now: a virus scanner, the user's git. */
    for (int attempt = 0; attempt < 100; attempt++) {
        handle = CreateFileW(wide, FILE_READ_DATA | SYNCHRONIZE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                             NULL, OPEN_EXISTING,
                             FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
        if (handle != INVALID_HANDLE_VALUE || GetLastError() != ERROR_SHARING_VIOLATION)
            break;
        Sleep(10);
    }
    if (handle == INVALID_HANDLE_VALUE)
        return win_fail_last(err, "hold", path);
    return keep(guards, handle, err);
}

/* The list of who has taken what: "pid TAB handle TAB path" lines ---------------------------------- */

static char *read_list(const struct win_state *state, struct error *err)
{
    AUTO_FREE char *path = win_state_path(state, "guards", err);
    struct error ignored;
    char *bytes = NULL;
    size_t size;

    if (path == NULL)
        return NULL;
    if (os_read_file(path, LIST_MAX, &bytes, &size, &ignored) < 0)
        bytes = text_copy("", 0);
    if (bytes == NULL)
        (void)error_memory(err, "guards");
    return bytes;
}

static bool is_same_path(HANDLE handle, const char *path)
{
    wchar_t wide[32768];
    struct error ignored;
    DWORD length = GetFinalPathNameByHandleW(handle, wide, 32768, FILE_NAME_NORMALIZED);
    AUTO_FREE char *found = NULL;
    const char *plain;

    if (length == 0 || length >= 32768)
        return false;
    found = win_narrow(wide, &ignored);
    if (found == NULL)
        return false;
    plain = strncmp(found, "\\\\?\\", 4) == 0 ? found + 4 : found;
    return path_is_within(PATH_WINDOWS, plain, path) && path_is_within(PATH_WINDOWS, path, plain);
}

/* A handle of our own to the same open file, if that process lives and still has it. */
static HANDLE share_handle(DWORD pid, uintptr_t value, const char *path)
{
    AUTO_HANDLE HANDLE process = OpenProcess(PROCESS_DUP_HANDLE, FALSE, pid);
    AUTO_HANDLE HANDLE copy = NULL;

    if (process == NULL || !DuplicateHandle(process, (HANDLE)value, GetCurrentProcess(), &copy, 0,
                                            FALSE, DUPLICATE_SAME_ACCESS))
        return NULL;
    return is_same_path(copy, path) ? win_take(&copy) : NULL;
}

static HANDLE find_shared(const char *list, const char *path)
{
    while (*list != '\0') {
        size_t length = strcspn(list, "\n");
        char line[4096];
        char *rest = NULL;
        unsigned long pid;
        unsigned long long value;

        if (length < sizeof line) {
            memcpy(line, list, length);
            line[length] = '\0';
            pid = strtoul(line, &rest, 10);
            value = *rest == '\t' ? strtoull(rest + 1, &rest, 16) : 0;
            if (value != 0 && *rest == '\t' && strcmp(rest + 1, path) == 0) {
                HANDLE shared = share_handle(pid, (uintptr_t)value, path);

                if (shared != NULL)
                    return shared;
            }
        }
        list += length + (list[length] == '\n' ? 1 : 0);
    }
    return NULL;
}

static bool is_alive(const char *line)
{
    AUTO_HANDLE HANDLE process = OpenProcess(SYNCHRONIZE, FALSE, (DWORD)strtoul(line, NULL, 10));

    return process != NULL && WaitForSingleObject(process, 0) == WAIT_TIMEOUT;
}

/* Adds a line, without those of processes that are gone. */
static int add_line(const struct win_state *state, const char *list, HANDLE handle,
                    const char *path, struct error *err)
{
    AUTO_FREE char *file = win_state_path(state, "guards", err);
    AUTO_BUFFER struct buffer text = BUFFER_EMPTY;

    if (file == NULL)
        return -1;
    while (*list != '\0') {
        size_t length = strcspn(list, "\n") + 1;

        if (list[length - 1] == '\n' && is_alive(list))
            buffer_add(&text, list, length);
        list += strcspn(list, "\n") + (strchr(list, '\n') != NULL ? 1 : 0);
    }
    buffer_printf(&text, "%lu\t%llx\t%s\n", (unsigned long)GetCurrentProcessId(),
                  (unsigned long long)(uintptr_t)handle, path);
    if (buffer_failed(&text))
        return error_memory(err, "guards");
    return os_replace_file(file, text.data, text.size, err);
}

static HANDLE create_taken(const char *path, struct error *err)
{
    AUTO_FREE wchar_t *wide = win_long_path(path, err);
    AUTO_FREE void *descriptor = wide != NULL ? win_descriptor("D:P(A;;FA;;;SY)", err) : NULL;
    SECURITY_ATTRIBUTES attributes = {.nLength = sizeof attributes,
                                      .lpSecurityDescriptor = descriptor};
    HANDLE handle;

    if (descriptor == NULL)
        return NULL;
    handle =
        CreateFileW(wide, DELETE | FILE_READ_ATTRIBUTES | SYNCHRONIZE, 0, &attributes, CREATE_NEW,
                    FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_TEMPORARY | FILE_FLAG_DELETE_ON_CLOSE |
                        FILE_FLAG_OPEN_REPARSE_POINT,
                    NULL);
    if (handle != INVALID_HANDLE_VALUE)
        return handle;
    (void)win_fail_last(err, "take", path);
    if (err->os_code == ERROR_FILE_EXISTS || err->os_code == ERROR_ALREADY_EXISTS)
        (void)error_hint(err, "it was made just now; run again and it will be protected");
    return NULL;
}

static int take(struct win_guards *guards, const char *path, struct win_state *state,
                struct error *err)
{
    AUTO_FREE char *list = read_list(state, err);
    HANDLE handle;

    if (list == NULL)
        return -1;
    handle = find_shared(list, path);
    if (handle == NULL) {
        handle = create_taken(path, err);
        if (handle == NULL)
            return -1;
    }
    if (keep(guards, handle, err) < 0)
        return -1;
    return add_line(state, list, handle, path, err);
}

int win_guards_take(struct win_guards *guards, const struct plan *plan, struct win_state *state,
                    struct error *err)
{
    *guards = (struct win_guards){.count = 0};
    /* The user's FILE_DELETE_CHILD on its parent may let a command of the unelevated sandbox rename it:
     * then nobody would find the journal. */
    if (hold(guards, state->folder, err) < 0)
        return -1;
    for (size_t i = 0; i < plan->step_count; i++) {
        const struct step *step = &plan->steps[i];
        int result = 0;

        if (step->kind == STEP_HOLD_NAME)
            result = hold(guards, step->path, err);
        else if (step->kind == STEP_TAKE_NAME)
            result = take(guards, step->path, state, err);
        if (result < 0) {
            win_guards_release(guards);
            return -1;
        }
    }
    return 0;
}

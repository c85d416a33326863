/* Starting the launcher, and single commands. */
#include "sandbox/windows/api.h"

#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "sandbox/api.h"
#include "sandbox/nt/quote.h"
#include "sandbox/sandbox.h"
#include "sandbox/windows_facts.h"

char *api_find_launcher(struct error *err)
{
    AUTO_FREE char *self = NULL;
    AUTO_FREE char *beside = NULL;
    AUTO_FREE wchar_t *wide = NULL;
    char *slash;

    if (api_launcher_path != NULL)
        return _strdup(api_launcher_path);
    self = os_self_path(err);
    slash = self != NULL ? strrchr(self, '\\') : NULL;
    if (slash != NULL) {
        *slash = '\0';
        beside = windows_path_join(self, "holdfast-sandbox.exe");
        wide = beside != NULL ? win_wide(beside, err) : NULL;
    }
    if (wide != NULL && GetFileAttributesW(wide) != INVALID_FILE_ATTRIBUTES)
        return TAKE(beside);
    return _strdup("holdfast-sandbox.exe");
}

/* Handles -------------------------------------------------------------------------------------------- */

int api_handle(int descriptor, HANDLE *handle, struct error *err)
{
    intptr_t found;

    *handle = NULL;
    if (descriptor == -1)
        return 0;
    found = _get_osfhandle(descriptor);
    if (found == -1 || found == -2)
        return error_set(err, ERR_INVALID, "descriptor %d is not open", descriptor);
    *handle = (HANDLE)found;
    return 0;
}

bool api_is_console(HANDLE handle)
{
    DWORD mode;

    return handle != NULL && GetConsoleMode(handle, &mode);
}

static HANDLE copy_to_inherit(HANDLE handle, struct error *err)
{
    HANDLE copy = NULL;

    if (!DuplicateHandle(GetCurrentProcess(), handle, GetCurrentProcess(), &copy, 0, TRUE,
                         DUPLICATE_SAME_ACCESS))
        (void)win_fail_last(err, "DuplicateHandle", "for the launcher");
    return copy;
}

/* Starting ------------------------------------------------------------------------------------------- */

struct start {
    STARTUPINFOEXW info;
    HANDLE list[4];
    DWORD count;
    DWORD copies; /* of the list, to be closed again: the first ones */
    DWORD flags;
};

static int add_standard(struct start *start, const struct api_handles *handles, struct error *err)
{
    STARTUPINFOW *info = &start->info.StartupInfo;
    HANDLE *slots[] = {&info->hStdInput, &info->hStdOutput, &info->hStdError};

    info->cb = sizeof start->info;
    info->dwFlags = STARTF_USESTDHANDLES;
    for (size_t i = 0; i < 3; i++) {
        HANDLE copy;

        if (handles->standard[i] == NULL)
            continue;
        copy = copy_to_inherit(handles->standard[i], err);
        if (copy == NULL)
            return -1;
        *slots[i] = copy;
        start->list[start->count++] = copy;
        start->copies = start->count;
    }
    if (handles->extra != NULL)
        start->list[start->count++] = handles->extra;
    return 0;
}

static int create(const struct text_list *line, struct start *start, HANDLE *process,
                  struct error *err)
{
    AUTO_FREE char *quoted = nt_quote(line->items, err);
    AUTO_FREE wchar_t *wide = quoted != NULL ? win_wide(quoted, err) : NULL;
    /* Without a console of ours Windows would show one of the launcher's. */
    const DWORD window = GetConsoleCP() != 0 ? 0 : CREATE_NO_WINDOW;
    PROCESS_INFORMATION made = {0};

    if (wide == NULL)
        return -1;
    if (!CreateProcessW(NULL, wide, NULL, NULL, start->count > 0,
                        EXTENDED_STARTUPINFO_PRESENT | start->flags | window, NULL, NULL,
                        &start->info.StartupInfo, &made)) {
        (void)win_fail_last(err, "CreateProcess", line->items[0]);
        return error_hint(err, "install holdfast-sandbox, or call sandbox_set_launcher");
    }
    (void)CloseHandle(made.hThread);
    *process = made.hProcess;
    return 0;
}

static int create_with_list(const struct text_list *line, struct start *start, HANDLE *process,
                            struct error *err)
{
    SIZE_T size = 0;
    AUTO_FREE void *attributes = NULL;
    int result;

    (void)InitializeProcThreadAttributeList(NULL, 1, 0, &size);
    attributes = malloc(size > 0 ? size : 1);
    if (attributes == NULL)
        return error_memory(err, "launcher");
    start->info.lpAttributeList = attributes;
    if (!InitializeProcThreadAttributeList(start->info.lpAttributeList, 1, 0, &size))
        return win_fail_last(err, "InitializeProcThreadAttributeList", "");
    if (start->count > 0 && !UpdateProcThreadAttribute(
                                start->info.lpAttributeList, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST,
                                start->list, start->count * sizeof(HANDLE), NULL, NULL))
        result = win_fail_last(err, "UpdateProcThreadAttribute", "");
    else
        result = create(line, start, process, err);
    DeleteProcThreadAttributeList(start->info.lpAttributeList);
    return result;
}

int api_start(const struct text_list *line, const struct api_handles *handles, HANDLE *process,
              struct error *err)
{
    struct start start = {.flags = handles->flags};
    int result = add_standard(&start, handles, err);

    if (result == 0)
        result = create_with_list(line, &start, process, err);
    for (DWORD i = 0; i < start.copies; i++)
        (void)CloseHandle(start.list[i]);
    return result;
}

/* One command ---------------------------------------------------------------------------------------- */

static int add_command(struct text_list *line, const struct sandbox_policy *policy,
                       const struct sandbox_command *command, HANDLE report, struct error *err)
{
    char number[32];
    const char *words[] = {"--report", number, "--cwd",
                           command->cwd != NULL ? command->cwd : policy->policy.workspace, "--"};

    (void)snprintf(number, sizeof number, "%llu", (unsigned long long)(uintptr_t)report);
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (text_list_add(line, words[i], err) < 0)
            return -1;
    }
    for (size_t i = 0; command->argv[i] != NULL; i++) {
        if (text_list_add(line, command->argv[i], err) < 0)
            return -1;
    }
    return 0;
}

/* NULL-terminates the list for use as argv; its strings stay its own. */
static int end_line(struct text_list *line, struct error *err)
{
    if (text_list_add(line, "", err) < 0)
        return -1;
    free(line->items[line->count - 1]);
    line->items[--line->count] = NULL;
    return 0;
}

static int check(const struct sandbox_policy *policy, const struct sandbox_command *command,
                 struct error *err)
{
    if (command->argv == NULL || command->argv[0] == NULL)
        return error_set(err, ERR_INVALID, "no command was given");
    if (!command->has_terminal)
        return api_check_expressible(&policy->policy, err);
    (void)error_set(err, ERR_UNSUPPORTED, "has_terminal: Windows has no terminal to hand over");
    return error_hint(err, "leave it out: a console among the descriptors is relayed");
}

int sandbox_spawn(const struct sandbox_policy *policy, const struct sandbox_command *command,
                  struct sandbox_child *child, struct error *err)
{
    struct text_list line = {0};
    struct api_handles handles = {.extra = NULL};
    AUTO_HANDLE HANDLE ours = NULL;
    AUTO_HANDLE HANDLE theirs = NULL;
    HANDLE process = NULL;
    int result = check(policy, command, err);

    for (size_t i = 0; result == 0 && i < 3; i++)
        result = api_handle(command->descriptors[i], &handles.standard[i], err);
    if (result == 0 && (!CreatePipe(&ours, &theirs, NULL, 0) ||
                        !SetHandleInformation(theirs, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT)))
        result = win_fail_last(err, "CreatePipe", "report");
    handles.extra = theirs;
    if (result == 0 && (api_build_line(policy, "run", &line, err) < 0 ||
                        add_command(&line, policy, command, theirs, err) < 0 ||
                        end_line(&line, err) < 0 || api_start(&line, &handles, &process, err) < 0))
        result = -1;
    text_list_done(&line);
    if (result < 0)
        return -1;
    child->pid = (pid_t)(intptr_t)process;
    child->report = (int)(intptr_t)win_take(&ours);
    child->spare = NULL;
    return 0;
}

/* All of it, or nothing: who writes it may be ended at any moment. The launcher has ended, so it is
 * there or never will be. */
static bool read_report(HANDLE report, struct error *told)
{
    DWORD there = 0;
    DWORD got = 0;

    if (!PeekNamedPipe(report, NULL, 0, NULL, &there, NULL) || there < sizeof *told ||
        !ReadFile(report, told, sizeof *told, &got, NULL) || got != sizeof *told)
        return false;
    told->message[sizeof told->message - 1] = '\0';
    told->hint[sizeof told->hint - 1] = '\0';
    return true;
}

int sandbox_wait(struct sandbox_child *child, int *status, struct error *err)
{
    AUTO_HANDLE HANDLE process = (HANDLE)(intptr_t)child->pid;
    AUTO_HANDLE HANDLE report = (HANDLE)(intptr_t)child->report;
    struct error told;
    DWORD code = 1;

    child->pid = 0;
    child->report = -1;
    *status = SANDBOX_EXIT_REFUSED;
    if (WaitForSingleObject(process, INFINITE) != WAIT_OBJECT_0 ||
        !GetExitCodeProcess(process, &code))
        return win_fail_last(err, "GetExitCodeProcess", "launcher");
    if (!read_report(report, &told))
        return error_set(err, ERR_INTERRUPTED,
                         "the launcher was ended (%lu); what it ran was ended with it",
                         (unsigned long)code);
    *status = (int)code;
    if (told.code == ERR_NONE)
        return 0;
    *err = told;
    return -1;
}

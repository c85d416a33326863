#include "sandbox/windows/child.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/nt/envblock.h"
#include "sandbox/nt/quote.h"
#include "sandbox/plan.h"
#include "sandbox/sandbox.h"
#include "sandbox/windows/program.h"

enum {
    EMPTY_MS =
        20000, /* on a loaded machine a killed tree was seen to take more than five seconds */
};

/* Job --------------------------------------------------------------------------------------------- */

static int limit_job(HANDLE job, const struct nt_spawn *spawn, struct error *err)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
    DWORD *flags = &limits.BasicLimitInformation.LimitFlags;

    if ((spawn->job_flags & PLAN_JOB_KILL_ON_CLOSE) != 0)
        *flags |= JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    if ((spawn->job_flags & PLAN_JOB_NO_BREAKAWAY) == 0)
        *flags |= JOB_OBJECT_LIMIT_BREAKAWAY_OK;
    if ((spawn->job_flags & PLAN_JOB_DIE_ON_EXCEPTION) != 0)
        *flags |= JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION;
    if (spawn->processes > 0) {
        *flags |= JOB_OBJECT_LIMIT_ACTIVE_PROCESS;
        limits.BasicLimitInformation.ActiveProcessLimit = spawn->processes;
    }
    if (spawn->memory_bytes > 0) {
        *flags |= JOB_OBJECT_LIMIT_JOB_MEMORY;
        limits.JobMemoryLimit = (SIZE_T)spawn->memory_bytes;
    }
    if (!SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits))
        return win_fail_last(err, "SetInformationJobObject", "limits");
    return 0;
}

static int limit_ui(HANDLE job, const struct nt_spawn *spawn, struct error *err)
{
    JOBOBJECT_BASIC_UI_RESTRICTIONS ui = {
        .UIRestrictionsClass = JOB_OBJECT_UILIMIT_DESKTOP | JOB_OBJECT_UILIMIT_DISPLAYSETTINGS |
                               JOB_OBJECT_UILIMIT_EXITWINDOWS | JOB_OBJECT_UILIMIT_GLOBALATOMS |
                               JOB_OBJECT_UILIMIT_HANDLES | JOB_OBJECT_UILIMIT_READCLIPBOARD |
                               JOB_OBJECT_UILIMIT_SYSTEMPARAMETERS |
                               JOB_OBJECT_UILIMIT_WRITECLIPBOARD};

    if ((spawn->job_flags & PLAN_JOB_UI) == 0)
        return 0;
    if (!SetInformationJobObject(job, JobObjectBasicUIRestrictions, &ui, sizeof ui))
        return win_fail_last(err, "SetInformationJobObject", "UI restrictions");
    return 0;
}

static HANDLE make_job(const struct nt_spawn *spawn, struct error *err)
{
    AUTO_HANDLE HANDLE job = CreateJobObjectW(NULL, NULL);

    if (job == NULL) {
        (void)win_fail_last(err, "CreateJobObject", "");
        return NULL;
    }
    if (limit_job(job, spawn, err) < 0 || limit_ui(job, spawn, err) < 0)
        return NULL;
    return win_take(&job);
}

/* Program -------------------------------------------------------------------------------------------- */

/* A batch file is run by cmd.exe, whose rules its arguments must survive. */
static char *make_line(const char *program, const struct nt_spawn *spawn, char **image,
                       struct error *err)
{
    AUTO_FREE char **argv = calloc(spawn->argv.count + 1, sizeof *argv);
    const char *system;
    AUTO_BUFFER struct buffer interpreter = BUFFER_EMPTY;

    if (argv == NULL) {
        (void)error_memory(err, "command line");
        return NULL;
    }
    for (size_t i = 0; i < spawn->argv.count; i++)
        argv[i] = spawn->argv.items[i];
    if (!nt_is_batch(program)) {
        *image = _strdup(program);
        return nt_quote(argv, err);
    }
    system = getenv("SystemRoot");
    buffer_printf(&interpreter, "%s\\System32\\cmd.exe", system != NULL ? system : "C:\\Windows");
    *image = buffer_take(&interpreter);
    if (*image == NULL) {
        (void)error_memory(err, "command line");
        return NULL;
    }
    return nt_quote_batch(*image, program, argv + 1, err);
}

/* Attributes ----------------------------------------------------------------------------------------- */

struct start {
    STARTUPINFOEXW info;
    LPPROC_THREAD_ATTRIBUTE_LIST attributes;
    HANDLE inherited[3];
    DWORD inherited_count;
    HANDLE job;
    bool has_ui_limits; /* the job has */
};

static void start_done(struct start *start)
{
    if (start->attributes != NULL)
        DeleteProcThreadAttributeList(start->attributes);
    free(start->attributes);
}

static int set_attribute(struct start *start, DWORD_PTR which, void *value, size_t size,
                         struct error *err)
{
    if (!UpdateProcThreadAttribute(start->attributes, 0, which, value, size, NULL, NULL))
        return win_fail_last(err, "UpdateProcThreadAttribute", "");
    return 0;
}

static int start_init(struct start *start, HANDLE job, struct error *err)
{
    SIZE_T size = 0;

    *start = (struct start){.job = job};
    (void)InitializeProcThreadAttributeList(NULL, 3, 0, &size);
    start->attributes = malloc(size);
    if (start->attributes == NULL)
        return error_memory(err, "process attributes");
    if (!InitializeProcThreadAttributeList(start->attributes, 3, 0, &size)) {
        free(start->attributes);
        start->attributes = NULL;
        return win_fail_last(err, "InitializeProcThreadAttributeList", "");
    }
    start->info.StartupInfo.cb = sizeof start->info;
    /* Also where none is set: else a console program gets copies of ours, on the list or not. */
    start->info.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
    start->info.lpAttributeList = start->attributes;
    return set_attribute(start, PROC_THREAD_ATTRIBUTE_JOB_LIST, &start->job, sizeof start->job,
                         err);
}

/* For a closed one: a pipe whose other end is. Without any handle a console program might get those of
 * its hidden console, and wait there for keys that nobody can press. */
static HANDLE dead_end(bool is_input, struct error *err)
{
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};
    HANDLE reading = NULL;
    HANDLE writing = NULL;

    if (!CreatePipe(&reading, &writing, &inherited, 0)) {
        (void)win_fail_last(err, "CreatePipe", "standard handle");
        return NULL;
    }
    (void)CloseHandle(is_input ? writing : reading);
    return is_input ? reading : writing;
}

/* Copies that may be inherited; the originals stay private to us. */
static int inherit(struct start *start, const HANDLE handles[3], struct error *err)
{
    STARTUPINFOW *info = &start->info.StartupInfo;
    HANDLE *slots[] = {&info->hStdInput, &info->hStdOutput, &info->hStdError};

    for (size_t i = 0; i < 3; i++) {
        HANDLE copy = NULL;

        if (handles[i] == NULL || handles[i] == INVALID_HANDLE_VALUE) {
            copy = dead_end(i == 0, err);
            if (copy == NULL)
                return -1;
        } else if (!DuplicateHandle(GetCurrentProcess(), handles[i], GetCurrentProcess(), &copy, 0,
                                    TRUE, DUPLICATE_SAME_ACCESS)) {
            return win_fail_last(err, "DuplicateHandle", "standard handle");
        }
        *slots[i] = copy;
        start->inherited[start->inherited_count++] = copy;
    }
    if (start->inherited_count == 0)
        return 0;
    return set_attribute(start, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, start->inherited,
                         start->inherited_count * sizeof(HANDLE), err);
}

static void close_inherited(struct start *start)
{
    for (DWORD i = 0; i < start->inherited_count; i++)
        (void)CloseHandle(start->inherited[i]);
}

/* What CreateProcess needs as text. */
struct texts {
    wchar_t *image, *line, *cwd, *desktop;
    uint16_t *environment;
};

static void texts_done(struct texts *texts)
{
    free(texts->image);
    free(texts->line);
    free(texts->cwd);
    free(texts->desktop);
    free(texts->environment);
}

static char **as_array(const struct text_list *list, struct error *err)
{
    char **array = calloc(list->count + 1, sizeof *array);

    if (array == NULL) {
        (void)error_memory(err, "environment");
        return NULL;
    }
    for (size_t i = 0; i < list->count; i++)
        array[i] = list->items[i];
    return array;
}

/* CreateProcess fails in several ways with one, depending on the token. */
static int refuse_alias(const char *program, struct error *err)
{
    return win_is_alias(program) ? win_fail(err, ERROR_CANT_ACCESS_FILE, "CreateProcess", program)
                                 : 0;
}

static int texts_init(struct texts *texts, const struct nt_spawn *spawn, const wchar_t *desktop,
                      struct error *err)
{
    AUTO_FREE char **env = as_array(&spawn->env, err);
    AUTO_FREE char *program =
        env != NULL ? win_find_program(spawn->argv.items[0], env, spawn->cwd, err) : NULL;
    AUTO_FREE char *image = NULL;
    AUTO_FREE char *line = program != NULL && refuse_alias(program, err) == 0
                               ? make_line(program, spawn, &image, err)
                               : NULL;
    size_t units = 0;

    *texts = (struct texts){0};
    if (line == NULL || image == NULL)
        return -1;
    texts->image = win_wide(image, err);
    texts->line = texts->image != NULL ? win_wide(line, err) : NULL;
    texts->cwd = texts->line != NULL ? win_wide(spawn->cwd, err) : NULL;
    texts->environment = texts->cwd != NULL ? nt_envblock(env, &units, err) : NULL;
    if (texts->environment == NULL) {
        texts_done(texts);
        return -1;
    }
    if (desktop != NULL) {
        texts->desktop = _wcsdup(desktop);
        if (texts->desktop == NULL) {
            texts_done(texts);
            return error_memory(err, "desktop");
        }
    }
    return 0;
}

/* Inheriting without a list would mean everything that can be inherited. */
static BOOL create_once(HANDLE token, struct start *start, const struct texts *texts, DWORD flags,
                        PROCESS_INFORMATION *made)
{
    const wchar_t *cwd = texts->cwd[0] != 0 ? texts->cwd : NULL;
    BOOL inherits = start->inherited_count > 0;

    if (token != NULL)
        return CreateProcessAsUserW(token, texts->image, texts->line, NULL, NULL, inherits, flags,
                                    texts->environment, cwd, &start->info.StartupInfo, made);
    return CreateProcessW(texts->image, texts->line, NULL, NULL, inherits, flags,
                          texts->environment, cwd, &start->info.StartupInfo, made);
}

static bool are_we_in_a_job(void)
{
    BOOL is_in_one = FALSE;

    return IsProcessInJob(GetCurrentProcess(), NULL, &is_in_one) && is_in_one;
}

bool win_is_in_closed_job(void)
{
    const DWORD lets_go = JOB_OBJECT_LIMIT_BREAKAWAY_OK | JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK;
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};

    return are_we_in_a_job() &&
           QueryInformationJobObject(NULL, JobObjectExtendedLimitInformation, &limits,
                                     sizeof limits, NULL) &&
           (limits.BasicLimitInformation.LimitFlags & lets_go) == 0;
}

/* Not by CreateProcess' name: the command is not to blame (windows_status_of). */
static int fail_closed_job(DWORD code, const char *name, struct error *err)
{
    (void)error_set(
        err, ERR_REFUSED,
        "%s was not started (%lu): this process is in a job that lets nobody leave, and "
        "the command's own job cannot be nested in it",
        name, (unsigned long)code);
    err->os_code = (int)code;
    return error_hint(err, "start holdfast-sandbox outside of that job; CI agents, dotnet run and "
                           "Start-Process -Wait make such ones");
}

/* Nobody documents what a job that does not nest answers when it is given as an attribute. */
static bool may_be_nesting(DWORD code)
{
    return code == ERROR_ACCESS_DENIED || code == ERROR_NOT_SUPPORTED ||
           code == ERROR_INVALID_PARAMETER;
}

static int create(struct win_child *child, HANDLE token, struct start *start, struct texts *texts,
                  bool has_console, const char *name, struct error *err)
{
    /* A group of its own is for win_child_interrupt; in a pseudoconsole it would switch off Ctrl+C for the
     * command and all below it ("Process Creation Flags"). */
    const DWORD flags = EXTENDED_STARTUPINFO_PRESENT | CREATE_UNICODE_ENVIRONMENT |
                        (has_console ? 0 : CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP);
    PROCESS_INFORMATION made = {0};
    DWORD code = ERROR_SUCCESS;

    /* No dialog that nobody sees may hold the command up: it has this from us ("SetErrorMode"). */
    (void)SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
    /* That Ctrl+C is ignored would be inherited, and whoever started us in a group of our own, as the
     * secondary logon service does, made it so for us ("SetConsoleCtrlHandler"). */
    if (has_console && !SetConsoleCtrlHandler(NULL, FALSE))
        return win_fail_last(err, "SetConsoleCtrlHandler", name);
    start->info.StartupInfo.lpDesktop = texts->desktop;
    if (!create_once(token, start, texts, flags, &made))
        code = GetLastError();
    /* A job with UI limits does not nest ("Nested Jobs"), and the runner is in the secondary logon
     * service's job: then the command leaves the jobs around us. Its own still ends it with us. */
    if (code != ERROR_SUCCESS && may_be_nesting(code) && start->has_ui_limits &&
        are_we_in_a_job() &&
        create_once(token, start, texts, flags | CREATE_BREAKAWAY_FROM_JOB, &made))
        code = ERROR_SUCCESS;
    if (may_be_nesting(code) && start->has_ui_limits && win_is_in_closed_job())
        return fail_closed_job(code, name, err);
    if (code != ERROR_SUCCESS)
        return win_fail(err, code, token != NULL ? "CreateProcessAsUser" : "CreateProcess", name);
    (void)CloseHandle(made.hThread);
    child->process = made.hProcess;
    child->pid = made.dwProcessId;
    return 0;
}

static int start_with(struct win_child *child, HANDLE token, const struct nt_spawn *spawn,
                      const wchar_t *desktop, const HANDLE handles[3],
                      const struct win_console *console, struct error *err)
{
    AUTO_HANDLE HANDLE job = make_job(spawn, err);
    struct texts texts;
    struct start start;
    int result;

    if (job == NULL || texts_init(&texts, spawn, desktop, err) < 0)
        return -1;
    result = start_init(&start, job, err);
    start.has_ui_limits = (spawn->job_flags & PLAN_JOB_UI) != 0;
    if (result == 0 && handles != NULL)
        result = inherit(&start, handles, err);
    if (result == 0 && console != NULL)
        result = set_attribute(&start, PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE, console->console,
                               sizeof console->console, err);
    *child = (struct win_child){0};
    if (result == 0)
        result = create(child, token, &start, &texts, console != NULL, spawn->argv.items[0], err);
    close_inherited(&start);
    start_done(&start);
    texts_done(&texts);
    if (result == 0)
        child->job = win_take(&job);
    return result;
}

int win_child_start(struct win_child *child, HANDLE token, const struct nt_spawn *spawn,
                    const wchar_t *desktop, const HANDLE handles[3], struct error *err)
{
    return start_with(child, token, spawn, desktop, handles, NULL, err);
}

int win_child_start_in(struct win_child *child, HANDLE token, const struct nt_spawn *spawn,
                       const wchar_t *desktop, const struct win_console *console, struct error *err)
{
    return start_with(child, token, spawn, desktop, NULL, console, err);
}

int win_child_wait(const struct win_child *child, DWORD timeout_ms, DWORD *status)
{
    if (WaitForSingleObject(child->process, timeout_ms == 0 ? INFINITE : timeout_ms) !=
        WAIT_OBJECT_0)
        return 0;
    if (!GetExitCodeProcess(child->process, status))
        *status = SANDBOX_EXIT_REFUSED; /* not known: it must not pass for the command's own */
    return 1;
}

/* A job is empty when its last process is; that takes a moment after it was told to die. */
static bool wait_until_empty(HANDLE job)
{
    JOBOBJECT_BASIC_ACCOUNTING_INFORMATION count;
    ULONGLONG until = GetTickCount64() + EMPTY_MS;

    while (QueryInformationJobObject(job, JobObjectBasicAccountingInformation, &count, sizeof count,
                                     NULL)) {
        if (count.ActiveProcesses == 0)
            return true;
        if (GetTickCount64() >= until)
            break;
        Sleep(2);
    }
    return false;
}

static BOOL WINAPI ignore_control(DWORD type)
{
    (void)type;
    return TRUE;
}

/* An event goes to a process group on the sender's own console ("GenerateConsoleCtrlEvent"), and the
 * command has one of its own: so ours is changed for a moment. */
void win_child_interrupt(const struct win_child *child)
{
    (void)SetConsoleCtrlHandler(ignore_control, TRUE);
    (void)FreeConsole();
    if (AttachConsole(child->pid))
        (void)GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, child->pid);
    (void)FreeConsole();
}

void win_child_end_at_once(const struct win_child *child)
{
    if (child->job != NULL)
        (void)TerminateJobObject(child->job, 1);
}

int win_child_end(const struct win_child *child, struct error *err)
{
    if (child->job == NULL)
        return 0;
    if (!TerminateJobObject(child->job, 1))
        return win_fail_last(err, "TerminateJobObject", "the command's");
    if (wait_until_empty(child->job))
        return 0;
    return error_set(err, ERR_TIMEOUT, "what the command started did not end within %d s",
                     EMPTY_MS / 1000);
}

void win_child_done(struct win_child *child)
{
    struct error ignored;

    (void)win_child_end(child, &ignored);
    win_close(&child->process);
    win_close(&child->job);
    *child = (struct win_child){0};
}

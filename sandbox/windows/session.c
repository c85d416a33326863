/* Opening and closing. What is said meanwhile is in session_run.c. */
#include "sandbox/windows/session.h"

#include <stdio.h>
#include <string.h>

#include "base/os.h"
#include "sandbox/nt/bytes.h"
#include "sandbox/nt/fields.h"
#include "sandbox/nt/own.h"
#include "sandbox/windows/child.h"
#include "sandbox/windows/logon.h"
#include "sandbox/windows/setup.h"
#include "sandbox/windows/station.h"

enum {
    /* The first logon of an account makes its profile: more than ten seconds on a cold machine
     * (research/windows-peers.md, 6). */
    START_MS = 120000,
    PIPE_BYTES = 64 << 10,
};

struct opening {
    const struct win_session_start *start;
    uint8_t nonce[NT_NONCE_SIZE];
    char *nonce_text;
    wchar_t pipe_name[80];
    HANDLE pipe;
};

static int make_pipe(struct opening *opening, struct error *err)
{
    char sid[NT_SID_TEXT_MAX];
    char sddl[NT_SID_TEXT_MAX + 32];
    uint64_t random[2];
    AUTO_FREE void *descriptor = NULL;
    SECURITY_ATTRIBUTES attributes = {.nLength = sizeof attributes};

    nt_sid_format(&opening->start->sid, sid);
    (void)snprintf(sddl, sizeof sddl, "D:P(A;;0x%x;;;%s)", NT_PIPE_BOTH_WAYS, sid);
    descriptor = win_descriptor(sddl, err);
    if (descriptor == NULL || os_random(random, sizeof random, err) < 0)
        return -1;
    attributes.lpSecurityDescriptor = descriptor;
    (void)swprintf(opening->pipe_name, 80, L"\\\\.\\pipe\\holdfast-%016llx%016llx",
                   (unsigned long long)random[0], (unsigned long long)random[1]);
    opening->pipe = CreateNamedPipeW(
        opening->pipe_name,
        PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
        PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS, 1, PIPE_BYTES,
        PIPE_BYTES, 0, &attributes);
    if (opening->pipe != INVALID_HANDLE_VALUE)
        return 0;
    opening->pipe = NULL;
    return win_fail_last(err, "CreateNamedPipe", "");
}

static HANDLE make_job(struct error *err)
{
    /* The runner may start a command outside of it (child.c); the command's own job lets nobody go. */
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {.BasicLimitInformation.LimitFlags =
                                                       JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE |
                                                       JOB_OBJECT_LIMIT_BREAKAWAY_OK |
                                                       JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION};
    AUTO_HANDLE HANDLE job = CreateJobObjectW(NULL, NULL);

    if (job == NULL ||
        !SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits)) {
        (void)win_fail_last(err, "CreateJobObject", "runner");
        return NULL;
    }
    return win_take(&job);
}

/* The runner ----------------------------------------------------------------------------------------- */

static int start_runner(const struct opening *opening, const wchar_t *desktop,
                        PROCESS_INFORMATION *made, struct error *err)
{
    const struct win_session_start *start = opening->start;
    wchar_t *password = win_secret_read(start->account, err);
    AUTO_FREE wchar_t *image = password != NULL ? win_wide(start->runner, err) : NULL;
    AUTO_FREE wchar_t *nonce = image != NULL ? win_wide(opening->nonce_text, err) : NULL;
    wchar_t line[1024];
    struct win_logon logon = {.account = start->account,
                              .password = password,
                              .image = image,
                              .line = line,
                              .desktop = desktop};
    int result = -1;

    if (nonce != NULL) {
        (void)swprintf(line, 1024, L"holdfast-sandbox-runner --pipe %ls %ls", opening->pipe_name,
                       nonce);
        result = win_logon_start(&logon, made, err);
    }
    win_secret_free(password);
    return result;
}

/* In the job before it runs, so that nothing of it can be outside. */
static int release_runner(struct win_session *session, const PROCESS_INFORMATION *made,
                          struct error *err)
{
    if (!AssignProcessToJobObject(session->job, made->hProcess)) {
        (void)win_fail_last(err, "AssignProcessToJobObject", "runner");
        (void)TerminateProcess(made->hProcess, 1);
        return -1;
    }
    if (ResumeThread(made->hThread) == (DWORD)-1)
        return win_fail_last(err, "ResumeThread", "runner");
    return 0;
}

static int runner_died(HANDLE process, struct error *err)
{
    DWORD status = 0;

    (void)GetExitCodeProcess(process, &status);
    (void)error_set(err, ERR_OS, "the runner ended with status %lu before it spoke",
                    (unsigned long)status);
    return error_hint(err, "holdfast-sandbox doctor looks at what it needs");
}

static int wait_for_client(HANDLE pipe, HANDLE process, struct error *err)
{
    AUTO_HANDLE HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    OVERLAPPED connecting = {.hEvent = event};
    HANDLE either[2] = {event, process};
    DWORD woken;
    DWORD ignored;

    if (event == NULL)
        return win_fail_last(err, "CreateEvent", "pipe");
    if (ConnectNamedPipe(pipe, &connecting) || GetLastError() == ERROR_PIPE_CONNECTED)
        return 0;
    if (GetLastError() != ERROR_IO_PENDING)
        return win_fail_last(err, "ConnectNamedPipe", "");
    woken = WaitForMultipleObjects(2, either, FALSE, START_MS);
    if (woken == WAIT_OBJECT_0)
        return GetOverlappedResult(pipe, &connecting, &ignored, FALSE)
                   ? 0
                   : win_fail_last(err, "ConnectNamedPipe", "");
    (void)CancelIoEx(pipe, &connecting);
    (void)GetOverlappedResult(pipe, &connecting, &ignored, TRUE);
    if (woken == WAIT_OBJECT_0 + 1)
        return runner_died(process, err);
    return error_set(err, ERR_TIMEOUT, "the runner did not speak within %d s", START_MS / 1000);
}

/* Others in that account may be faster, or know the name: only the process we started counts. */
static int check_client(HANDLE pipe, DWORD pid, struct error *err)
{
    ULONG client = 0;

    if (!GetNamedPipeClientProcessId(pipe, &client))
        return win_fail_last(err, "GetNamedPipeClientProcessId", "");
    if (client != pid)
        return error_set(err, ERR_PROTOCOL, "another process (%lu) took the runner's pipe",
                         (unsigned long)client);
    return 0;
}

static int check_hello(struct win_session *session, const struct opening *opening,
                       struct error *err)
{
    struct nt_frame frame;
    enum win_came came;

    if (win_channel_next(&session->channel, START_MS, session->process, &came, &frame, err) < 0)
        return -1;
    if (came == WIN_CAME_ELSE)
        return runner_died(session->process, err);
    if (came == WIN_CAME_TIME)
        return error_set(err, ERR_TIMEOUT, "the runner did not greet within %d s", START_MS / 1000);
    if (nt_get32(frame.payload) != NT_PROTOCOL_VERSION) {
        (void)error_set(err, ERR_PROTOCOL, "the runner is of another version");
        return error_hint(err, "run holdfast-sandbox setup again, as an administrator");
    }
    if (memcmp(frame.payload + 4, opening->nonce, NT_NONCE_SIZE) != 0)
        return error_set(err, ERR_PROTOCOL, "the runner does not know what it was told");
    return 0;
}

static int open_with(struct win_session *session, struct opening *opening, struct error *err)
{
    PROCESS_INFORMATION made = {0};
    wchar_t desktop[WIN_DESKTOP_PATH];

    if (os_random(opening->nonce, sizeof opening->nonce, err) < 0)
        return -1;
    opening->nonce_text = nt_base64(opening->nonce, sizeof opening->nonce, err);
    session->job = opening->nonce_text != NULL ? make_job(err) : NULL;
    if (session->job == NULL || make_pipe(opening, err) < 0 ||
        win_station_allow(&opening->start->sid, err) < 0)
        return -1;
    session->desktop = win_desktop_new(opening->start->desktop, NULL, desktop, err);
    if (session->desktop == NULL || start_runner(opening, desktop, &made, err) < 0)
        return -1;
    session->process = made.hProcess;
    if (release_runner(session, &made, err) < 0 ||
        wait_for_client(opening->pipe, made.hProcess, err) < 0 ||
        check_client(opening->pipe, made.dwProcessId, err) < 0) {
        (void)CloseHandle(made.hThread);
        return -1;
    }
    (void)CloseHandle(made.hThread);
    if (win_channel_init(&session->channel, win_take(&opening->pipe), NT_SIDE_BROKER, err) < 0)
        return -1;
    return check_hello(session, opening, err);
}

int win_session_open(struct win_session *session, const struct win_session_start *start,
                     struct error *err)
{
    struct opening opening = {.start = start};
    int result;

    *session = (struct win_session){.runner = _strdup(start->runner)};
    if (session->runner == NULL)
        return error_memory(err, "runner");
    result = open_with(session, &opening, err);
    win_close(&opening.pipe);
    free(opening.nonce_text);
    if (result < 0) {
        (void)error_wrap(err, "session");
        win_session_close(session);
    }
    return result;
}

void win_session_close(struct win_session *session)
{
    struct error ignored;

    if (session->channel.pipe != NULL && !session->is_over &&
        win_channel_send_within(&session->channel, 2000, NT_FRAME_QUIT, NULL, 0, &ignored) == 0)
        (void)WaitForSingleObject(session->process, 5000);
    if (session->job != NULL)
        (void)TerminateJobObject(session->job, 1);
    win_channel_done(&session->channel);
    win_close(&session->job);
    win_close(&session->process);
    if (session->desktop != NULL)
        (void)CloseDesktop(session->desktop);
    free(session->runner);
    *session = (struct win_session){0};
}

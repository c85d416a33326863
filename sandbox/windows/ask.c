#include "sandbox/windows/ask.h"

#include <objbase.h>
#include <shellapi.h>

#include <stdio.h>
#include <string.h>

#include "base/os.h"
#include "sandbox/nt/own.h"
#include "sandbox/windows/token.h"

#define PIPE_PREFIX "\\\\.\\pipe\\holdfast-setup-"

/* The asker ------------------------------------------------------------------------------------------ */

static int name_pipe(char name[96], struct error *err)
{
    uint64_t random[2];

    if (os_random(random, sizeof random, err) < 0)
        return -1;
    (void)snprintf(name, 96, PIPE_PREFIX "%016llx%016llx", (unsigned long long)random[0],
                   (unsigned long long)random[1]);
    return 0;
}

/* Whoever consents may be another administrator than the asker. */
static void *describe_pipe(struct error *err)
{
    char sddl[64];

    (void)snprintf(sddl, sizeof sddl, "D:P(A;;0x%x;;;BA)(A;;GA;;;SY)", NT_PIPE_WRITE);
    return win_descriptor(sddl, err);
}

static HANDLE make_pipe(const char *name, struct error *err)
{
    AUTO_FREE wchar_t *wide = win_wide(name, err);
    AUTO_FREE void *descriptor = wide != NULL ? describe_pipe(err) : NULL;
    SECURITY_ATTRIBUTES attributes = {.nLength = sizeof attributes,
                                      .lpSecurityDescriptor = descriptor};
    HANDLE pipe;

    if (descriptor == NULL)
        return NULL;
    pipe = CreateNamedPipeW(
        wide, PIPE_ACCESS_INBOUND | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
        PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS, 1, 65536,
        65536, 0, &attributes);
    if (pipe != INVALID_HANDLE_VALUE)
        return pipe;
    (void)win_fail_last(err, "CreateNamedPipe", "");
    return NULL;
}

static HANDLE start_elevated(const char *payload, struct error *err)
{
    AUTO_FREE char *self = os_self_path(err);
    AUTO_FREE wchar_t *image = self != NULL ? win_wide(self, err) : NULL;
    AUTO_FREE wchar_t *text = image != NULL ? win_wide(payload, err) : NULL;
    AUTO_FREE wchar_t *line = text != NULL ? calloc(wcslen(text) + 16, sizeof *line) : NULL;
    SHELLEXECUTEINFOW info = {.cbSize = sizeof info,
                              .fMask = SEE_MASK_NOCLOSEPROCESS | SEE_MASK_NOASYNC,
                              .lpVerb = L"runas",
                              .lpFile = image,
                              .nShow = SW_HIDE};

    if (line == NULL)
        return NULL;
    (void)swprintf(line, wcslen(text) + 16, L"--request %ls", text);
    info.lpParameters = line;
    /* What it starts things with may need it; it does without where it can ("ShellExecuteEx"). */
    (void)CoInitializeEx(NULL, COINIT_APARTMENTTHREADED | COINIT_DISABLE_OLE1DDE);
    if (ShellExecuteExW(&info) && info.hProcess != NULL)
        return info.hProcess;
    (void)win_fail_last(err, "ShellExecuteEx", "runas");
    if (err->os_code == ERROR_CANCELLED) {
        err->code = ERR_INTERRUPTED;
        (void)error_hint(err, "nothing was changed; setup needs an administrator's consent once");
    }
    return NULL;
}

/* Waits for an operation, or until the process is gone. false: it is gone. */
static bool finish(HANDLE pipe, OVERLAPPED *operation, HANDLE process, DWORD *got)
{
    HANDLE either[2] = {operation->hEvent, process};

    if (WaitForMultipleObjects(2, either, FALSE, INFINITE) != WAIT_OBJECT_0)
        (void)CancelIoEx(pipe, operation);
    return GetOverlappedResult(pipe, operation, got, TRUE) != FALSE;
}

static void read_report(HANDLE pipe, HANDLE process, HANDLE event, struct buffer *report)
{
    OVERLAPPED operation = {.hEvent = event};
    char bytes[4096];
    DWORD got = 0;

    if (!ConnectNamedPipe(pipe, &operation) && GetLastError() != ERROR_PIPE_CONNECTED &&
        (GetLastError() != ERROR_IO_PENDING || !finish(pipe, &operation, process, &got)))
        return;
    for (;;) {
        operation = (OVERLAPPED){.hEvent = event};
        (void)ResetEvent(event);
        if (!ReadFile(pipe, bytes, sizeof bytes, NULL, &operation) &&
            GetLastError() != ERROR_IO_PENDING)
            return;
        if (!GetOverlappedResult(pipe, &operation, &got, TRUE) || got == 0)
            return; /* the other end is closed, at the latest when its process is gone */
        buffer_add(report, bytes, got);
    }
}

int win_ask_elevated(struct nt_setup_payload *request, struct buffer *report, int *status,
                     struct error *err)
{
    char name[96];
    AUTO_HANDLE HANDLE pipe = name_pipe(name, err) == 0 ? make_pipe(name, err) : NULL;
    AUTO_HANDLE HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    AUTO_HANDLE HANDLE process = NULL;
    AUTO_FREE char *payload = NULL;
    DWORD code = 1;

    if (pipe == NULL || event == NULL)
        return pipe == NULL ? -1 : win_fail_last(err, "CreateEvent", "");
    request->report = name;
    payload = nt_setup_payload_encode(request, err);
    process = payload != NULL ? start_elevated(payload, err) : NULL;
    if (process == NULL)
        return -1;
    read_report(pipe, process, event, report);
    if (WaitForSingleObject(process, INFINITE) != WAIT_OBJECT_0 ||
        !GetExitCodeProcess(process, &code))
        return win_fail_last(err, "GetExitCodeProcess", "setup");
    *status = (int)code;
    return 0;
}

/* The elevated one ----------------------------------------------------------------------------------- */

static bool is_pipe_of_ours(const char *name)
{
    size_t prefix = strlen(PIPE_PREFIX);

    return strncmp(name, PIPE_PREFIX, prefix) == 0 && strlen(name) == prefix + 32 &&
           strspn(name + prefix, "0123456789abcdef") == 32;
}

int win_ask_answer(const char *pipe, const char *report, struct error *err)
{
    AUTO_FREE wchar_t *wide = NULL;
    AUTO_HANDLE HANDLE end = NULL;
    size_t size = strlen(report);

    if (!is_pipe_of_ours(pipe))
        return error_set(err, ERR_REFUSED, "request: the report may only go to a pipe of ours");
    wide = win_wide(pipe, err);
    if (wide == NULL)
        return -1;
    end = CreateFileW(wide, NT_PIPE_WRITE, 0, NULL, OPEN_EXISTING,
                      SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS, NULL);
    if (end == INVALID_HANDLE_VALUE)
        return win_fail_last(err, "CreateFile", "report");
    for (size_t at = 0; at < size;) {
        DWORD put = 0;

        if (!WriteFile(end, report + at, (DWORD)(size - at), &put, NULL))
            return win_fail_last(err, "WriteFile", "report");
        at += put;
    }
    return 0;
}

/* A launcher that the library started: over the pipe that it was given. */
#include "sandbox/report.h"

#include <limits.h>
#include <stdint.h>

#include "sandbox/nt/frame.h"
#include "sandbox/nt/spawn.h"
#include "sandbox/windows/win.h"

enum {
    WAIT_MS = 5000,
};

static HANDLE handle_of(int fd)
{
    return (HANDLE)(intptr_t)fd;
}

/* A handle that was inherited, by its number. */
int report_prepare(int fd)
{
    if (GetFileType(handle_of(fd)) != FILE_TYPE_PIPE)
        return -1;
    return SetHandleInformation(handle_of(fd), HANDLE_FLAG_INHERIT, 0) ? 0 : -1;
}

void report_error(int fd, const struct error *err)
{
    DWORD put = 0;

    (void)WriteFile(handle_of(fd), err, sizeof *err, &put, NULL);
}

/* An exit status alone could come from whoever ended this process. */
void report_done(int fd)
{
    const struct error nothing = {0};

    report_error(fd, &nothing);
}

static void write_overlapped(HANDLE pipe, const struct buffer *bytes)
{
    AUTO_HANDLE HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    OVERLAPPED writing = {.hEvent = event};
    DWORD put = 0;

    if (event == NULL || (!WriteFile(pipe, bytes->data, (DWORD)bytes->size, NULL, &writing) &&
                          GetLastError() != ERROR_IO_PENDING))
        return;
    if (WaitForSingleObject(event, WAIT_MS) != WAIT_OBJECT_0)
        (void)CancelIoEx(pipe, &writing);
    (void)GetOverlappedResult(pipe, &writing, &put, TRUE);
}

/* Before OPENED; later win_serve answers, and standard input is no longer there. */
void report_session_error(const struct error *err)
{
    AUTO_BUFFER struct buffer payload = BUFFER_EMPTY;
    AUTO_BUFFER struct buffer bytes = BUFFER_EMPTY;
    HANDLE pipe = GetStdHandle(STD_INPUT_HANDLE);

    if (pipe == NULL || pipe == INVALID_HANDLE_VALUE || GetFileType(pipe) != FILE_TYPE_PIPE) {
        error_print(stderr, "holdfast-sandbox", err);
        return;
    }
    nt_error_encode(err, &payload);
    if (!buffer_failed(&payload))
        nt_frame_put(&bytes, NT_FRAME_REFUSED, payload.data, payload.size);
    if (!buffer_failed(&bytes))
        write_overlapped(pipe, &bytes);
}

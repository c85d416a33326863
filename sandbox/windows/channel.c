/* Overlapped, because a synchronous handle would not be written while somebody waits to read it. */
#include "sandbox/windows/channel.h"

#include "sandbox/nt/bytes.h"

int win_channel_init(struct win_channel *channel, HANDLE pipe, enum nt_side side, struct error *err)
{
    *channel = (struct win_channel){.pipe = pipe};
    InitializeCriticalSection(&channel->state);
    InitializeCriticalSection(&channel->sending);
    nt_frame_reader_init(&channel->reader, side);
    channel->read_event = CreateEventW(NULL, TRUE, FALSE, NULL);
    channel->write_event = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (channel->read_event != NULL && channel->write_event != NULL)
        return 0;
    (void)win_fail_last(err, "CreateEvent", "pipe");
    win_channel_done(channel);
    return -1;
}

void win_channel_done(struct win_channel *channel)
{
    DWORD ignored;

    if (channel->pipe == NULL)
        return;
    /* The buffer of a read that is under way must not be freed before Windows is done with it. */
    if (channel->is_reading) {
        (void)CancelIoEx(channel->pipe, &channel->reading);
        (void)GetOverlappedResult(channel->pipe, &channel->reading, &ignored, TRUE);
    }
    win_close(&channel->pipe);
    win_close(&channel->read_event);
    win_close(&channel->write_event);
    nt_frame_reader_done(&channel->reader);
    buffer_done(&channel->payload);
    DeleteCriticalSection(&channel->state);
    DeleteCriticalSection(&channel->sending);
    channel->pipe = NULL;
}

/* Reading ------------------------------------------------------------------------------------------ */

static int broken(DWORD code, struct error *err)
{
    (void)win_fail(err, code, "ReadFile", "pipe");
    err->code = ERR_INTERRUPTED;
    return error_wrap(err, "the other side is gone");
}

static int start_reading(struct win_channel *channel, struct error *err)
{
    if (channel->is_reading)
        return 0;
    channel->reading = (OVERLAPPED){.hEvent = channel->read_event};
    (void)ResetEvent(channel->read_event);
    if (!ReadFile(channel->pipe, channel->bytes, sizeof channel->bytes, NULL, &channel->reading) &&
        GetLastError() != ERROR_IO_PENDING)
        return broken(GetLastError(), err);
    channel->is_reading = true;
    return 0;
}

int win_channel_watch(struct win_channel *channel, HANDLE *event, struct error *err)
{
    *event = channel->read_event;
    return start_reading(channel, err);
}

static int take_bytes(struct win_channel *channel, struct error *err)
{
    DWORD got = 0;
    int result;

    channel->is_reading = false;
    if (!GetOverlappedResult(channel->pipe, &channel->reading, &got, FALSE))
        return broken(GetLastError(), err);
    EnterCriticalSection(&channel->state);
    result = nt_frame_feed(&channel->reader, channel->bytes, got, err);
    LeaveCriticalSection(&channel->state);
    return result;
}

/* The payload is copied: senders' turns move the reader's state, and nothing may point into it. */
static int next_buffered(struct win_channel *channel, struct nt_frame *frame, struct error *err)
{
    struct nt_frame found;
    int result;

    buffer_clear(&channel->payload);
    EnterCriticalSection(&channel->state);
    result = nt_frame_next(&channel->reader, &found, err);
    if (result == 1)
        buffer_add(&channel->payload, found.payload, found.size);
    LeaveCriticalSection(&channel->state);
    if (result != 1)
        return result;
    if (buffer_failed(&channel->payload))
        return error_memory(err, "pipe");
    *frame =
        (struct nt_frame){found.type, (const uint8_t *)buffer_text(&channel->payload), found.size};
    return 1;
}

int win_channel_next(struct win_channel *channel, DWORD timeout_ms, HANDLE other,
                     enum win_came *came, struct nt_frame *frame, struct error *err)
{
    ULONGLONG until = GetTickCount64() + timeout_ms;

    for (;;) {
        HANDLE events[2] = {channel->read_event, other};
        ULONGLONG now = GetTickCount64();
        int result = next_buffered(channel, frame, err);
        DWORD woken;

        *came = WIN_CAME_FRAME;
        if (result != 0)
            return result < 0 ? -1 : 0;
        if (start_reading(channel, err) < 0)
            return -1;
        woken = WaitForMultipleObjects(other != NULL ? 2 : 1, events, FALSE,
                                       timeout_ms == INFINITE ? INFINITE
                                       : now >= until         ? 0
                                                              : (DWORD)(until - now));
        if (woken == WAIT_TIMEOUT || woken == WAIT_OBJECT_0 + 1) {
            *came = woken == WAIT_TIMEOUT ? WIN_CAME_TIME : WIN_CAME_ELSE;
            return 0;
        }
        if (woken != WAIT_OBJECT_0)
            return win_fail_last(err, "WaitForMultipleObjects", "pipe");
        if (take_bytes(channel, err) < 0)
            return -1;
    }
}

/* Sending ------------------------------------------------------------------------------------------ */

static int write_some(struct win_channel *channel, const char *bytes, size_t size, DWORD wait_ms,
                      DWORD *put, struct error *err)
{
    OVERLAPPED writing = {.hEvent = channel->write_event};

    (void)ResetEvent(channel->write_event);
    if (!WriteFile(channel->pipe, bytes, (DWORD)size, NULL, &writing) &&
        GetLastError() != ERROR_IO_PENDING)
        return win_fail_last(err, "WriteFile", "pipe");
    if (WaitForSingleObject(channel->write_event, wait_ms) == WAIT_TIMEOUT) {
        (void)CancelIoEx(channel->pipe, &writing);
        (void)GetOverlappedResult(channel->pipe, &writing, put, TRUE);
        return error_set(err, ERR_TIMEOUT, "pipe: the other side does not read");
    }
    if (!GetOverlappedResult(channel->pipe, &writing, put, TRUE))
        return win_fail_last(err, "WriteFile", "pipe");
    return 0;
}

static int write_all(struct win_channel *channel, const struct buffer *bytes, DWORD wait_ms,
                     struct error *err)
{
    for (size_t at = 0; at < bytes->size;) {
        DWORD put = 0;

        if (write_some(channel, bytes->data + at, bytes->size - at, wait_ms, &put, err) < 0)
            return -1;
        at += put;
    }
    return 0;
}

/* A thread that sends input may hold it for as long as the command does not read. */
static bool enter_within(CRITICAL_SECTION *section, DWORD wait_ms)
{
    ULONGLONG until = GetTickCount64() + wait_ms;

    if (wait_ms == INFINITE) {
        EnterCriticalSection(section);
        return true;
    }
    while (!TryEnterCriticalSection(section)) {
        if (GetTickCount64() >= until)
            return false;
        Sleep(2);
    }
    return true;
}

int win_channel_send_within(struct win_channel *channel, DWORD wait_ms, enum nt_frame_type type,
                            const void *payload, size_t size, struct error *err)
{
    AUTO_BUFFER struct buffer bytes = BUFFER_EMPTY;
    int result;

    nt_frame_put(&bytes, type, payload, size);
    if (buffer_failed(&bytes))
        return error_memory(err, "pipe");
    if (!enter_within(&channel->sending, wait_ms))
        return error_set(err, ERR_TIMEOUT, "pipe: the other side does not read");
    EnterCriticalSection(&channel->state);
    result = nt_frame_sent(&channel->reader, type, err);
    LeaveCriticalSection(&channel->state);
    if (result == 0)
        result = write_all(channel, &bytes, wait_ms, err);
    LeaveCriticalSection(&channel->sending);
    return result;
}

int win_channel_send(struct win_channel *channel, enum nt_frame_type type, const void *payload,
                     size_t size, struct error *err)
{
    return win_channel_send_within(channel, INFINITE, type, payload, size, err);
}

int win_channel_send_number(struct win_channel *channel, enum nt_frame_type type, uint32_t value,
                            struct error *err)
{
    uint8_t bytes[4];

    nt_put32(bytes, value);
    return win_channel_send(channel, type, bytes, sizeof bytes, err);
}

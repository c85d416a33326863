/* The pipe between broker and runner, over real pipes: what Wine does with them is what Windows does. */
#include "base/test.h"

#include "sandbox/windows/channel.h"

#include <stdio.h>
#include <string.h>

#include "sandbox/nt/bytes.h"

struct pair {
    struct win_channel broker;
    struct win_channel runner;
    HANDLE raw; /* the runner's end, when nobody speaks frames there */
};

static void open_pair(struct pair *pair, bool is_raw)
{
    static unsigned number;
    wchar_t name[80];
    HANDLE server;
    HANDLE client;
    struct error err = {0};

    *pair = (struct pair){.raw = NULL};
    (void)swprintf(name, 80, L"\\\\.\\pipe\\holdfast-test-%lu-%u", GetCurrentProcessId(), number++);
    server =
        CreateNamedPipeW(name, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED,
                         PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT, 1, 4096, 4096, 0, NULL);
    cr_assert(server != INVALID_HANDLE_VALUE);
    client = CreateFileW(name, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
                         FILE_FLAG_OVERLAPPED, NULL);
    cr_assert(client != INVALID_HANDLE_VALUE);
    cr_assert_eq(win_channel_init(&pair->broker, server, NT_SIDE_BROKER, &err), 0);
    if (is_raw)
        pair->raw = client;
    else
        cr_assert_eq(win_channel_init(&pair->runner, client, NT_SIDE_RUNNER, &err), 0);
}

static void close_pair(struct pair *pair)
{
    win_close(&pair->raw);
    win_channel_done(&pair->runner);
    win_channel_done(&pair->broker);
}

static void write_raw(struct pair *pair, const void *bytes, DWORD size)
{
    OVERLAPPED writing = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
    DWORD put = 0;

    (void)WriteFile(pair->raw, bytes, size, NULL, &writing);
    cr_assert(GetOverlappedResult(pair->raw, &writing, &put, TRUE));
    cr_assert_eq(put, size);
    (void)CloseHandle(writing.hEvent);
}

static int next(struct win_channel *channel, DWORD wait_ms, enum win_came *came,
                struct nt_frame *frame, struct error *err)
{
    *err = (struct error){0};
    return win_channel_next(channel, wait_ms, NULL, came, frame, err);
}

Test(win_channel, frames_larger_than_the_pipe_arrive_whole_while_both_talk)
{
    static uint8_t bytes[200000];
    uint8_t hello[4 + NT_NONCE_SIZE] = {NT_PROTOCOL_VERSION};
    struct pair pair;
    struct nt_frame frame;
    enum win_came came;
    struct error err = {0};

    open_pair(&pair, false);
    memset(bytes, 'x', sizeof bytes);
    cr_assert_eq(win_channel_send(&pair.runner, NT_FRAME_HELLO, hello, sizeof hello, &err), 0);
    cr_assert_eq(next(&pair.broker, 5000, &came, &frame, &err), 0, "%s", err.message);
    cr_assert_eq(came, WIN_CAME_FRAME);
    cr_assert_eq(frame.size, sizeof hello);
    pair.broker.reader.state = pair.runner.reader.state = NT_TALK_RUNNING;
    /* More than the pipe holds: nobody reads, so it cannot be sent. */
    cr_assert_eq(
        win_channel_send_within(&pair.broker, 200, NT_FRAME_INPUT, bytes, sizeof bytes, &err), -1);
    cr_assert_eq(err.code, ERR_TIMEOUT);
    close_pair(&pair);
}

Test(win_channel, silence_is_told_from_the_end)
{
    struct pair pair;
    struct nt_frame frame;
    enum win_came came;
    struct error err;

    open_pair(&pair, true);
    cr_assert_eq(next(&pair.broker, 50, &came, &frame, &err), 0);
    cr_assert_eq(came, WIN_CAME_TIME);
    win_close(&pair.raw);
    pair.raw = NULL;
    cr_assert_eq(next(&pair.broker, 5000, &came, &frame, &err), -1);
    cr_assert_eq(err.code, ERR_INTERRUPTED, "%s", err.message);
    close_pair(&pair);
}

Test(win_channel, a_runner_that_was_taken_over_ends_the_session)
{
    static const uint8_t huge[] = {0xff, 0xff, 0xff, 0x7f, NT_FRAME_OUTPUT, 'x'};
    static const uint8_t early[] = {2, 0, 0, 0, NT_FRAME_OUTPUT, 'x'};
    static const uint8_t mirrored[] = {1, 0, 0, 0, NT_FRAME_QUIT};
    static const struct {
        const uint8_t *bytes;
        DWORD size;
        enum nt_conversation state;
    } attacks[] = {{huge, sizeof huge, NT_TALK_RUNNING},
                   {early, sizeof early, NT_TALK_NEW},
                   {mirrored, sizeof mirrored, NT_TALK_IDLE}};

    for (size_t i = 0; i < ARRAY_SIZE(attacks); i++) {
        struct pair pair;
        struct nt_frame frame;
        enum win_came came;
        struct error err;

        open_pair(&pair, true);
        pair.broker.reader.state = attacks[i].state;
        write_raw(&pair, attacks[i].bytes, attacks[i].size);
        cr_assert_eq(next(&pair.broker, 5000, &came, &frame, &err), -1, "attack %zu", i);
        cr_assert_eq(err.code, ERR_PROTOCOL, "%s", err.message);
        close_pair(&pair);
    }
}

Test(win_channel, another_event_wakes_who_waits)
{
    HANDLE event = CreateEventW(NULL, FALSE, TRUE, NULL);
    struct pair pair;
    struct nt_frame frame;
    enum win_came came;
    struct error err = {0};

    open_pair(&pair, true);
    cr_assert_eq(win_channel_next(&pair.broker, 5000, event, &came, &frame, &err), 0);
    cr_assert_eq(came, WIN_CAME_ELSE);
    close_pair(&pair);
    (void)CloseHandle(event);
}

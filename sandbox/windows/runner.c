#include "sandbox/windows/runner.h"

#include <string.h>

#include "sandbox/nt/bytes.h"
#include "sandbox/nt/envblock.h"
#include "sandbox/nt/fields.h"
#include "sandbox/nt/own.h"
#include "sandbox/sandbox.h"
#include "sandbox/windows/channel.h"
#include "sandbox/windows/child.h"
#include "sandbox/windows/feed.h"
#include "sandbox/windows/harden.h"
#include "sandbox/windows/mode.h"
#include "sandbox/windows/station.h"
#include "sandbox/windows/token.h"

enum {
    INPUT_KEPT = 64 << 20,
};

struct output {
    struct runner *runner;
    HANDLE pipe; /* the reading end */
    HANDLE thread;
    enum nt_frame_type type;
};

struct runner {
    struct win_channel channel;
    HANDLE token; /* our own */
    HANDLE made; /* the commands', as long as they ask for the same: making one each time is said to
                   * leak logon sessions (research/windows-peers.md, 0.6) */
    struct buffer made_for;
    struct nt_sid logon;
    bool has_logon;
    wchar_t desktop[WIN_DESKTOP_PATH]; /* the one that the broker made, by name */

    /* The command, if there is one. */
    struct win_child child;
    struct win_console console;
    bool has_console;
    struct win_feed feed;
    struct output outputs[2];
    HANDLE watcher;
    uint32_t timeout_ms;
    CRITICAL_SECTION console_lock; /* resizing against closing */
};

/* Threads -------------------------------------------------------------------------------------------- */

static DWORD WINAPI pass_output(void *argument)
{
    struct output *output = argument;
    char bytes[16 << 10];
    struct error ignored;
    DWORD got = 0;

    while (ReadFile(output->pipe, bytes, sizeof bytes, &got, NULL) && got > 0) {
        if (win_channel_send(&output->runner->channel, output->type, bytes, got, &ignored) < 0)
            break;
    }
    return 0;
}

static void finish_outputs(struct runner *runner)
{
    for (size_t i = 0; i < 2; i++) {
        struct output *output = &runner->outputs[i];

        if (output->thread != NULL)
            (void)WaitForSingleObject(output->thread, INFINITE);
        win_close(&output->thread);
        win_close(&output->pipe);
        *output = (struct output){0};
    }
}

/* Flushes the screen and ends its output. */
static void close_screen(struct runner *runner)
{
    struct win_console closing = {0};

    EnterCriticalSection(&runner->console_lock);
    closing.console = runner->console.console;
    runner->console.console = NULL;
    LeaveCriticalSection(&runner->console_lock);
    win_console_done(&closing);
}

/* What the job counted is asked for here: it may be outside of every job that the broker has. */
static void send_exit(struct runner *runner, DWORD status)
{
    struct run_outcome used = {0};
    uint8_t bytes[NT_EXIT_SIZE];
    struct error ignored;

    win_mode_measure(runner->child.job, &used);
    nt_put32(bytes, status);
    nt_put64(bytes + 4, used.user_us);
    nt_put64(bytes + 12, used.system_us);
    nt_put64(bytes + 20, used.memory_bytes);
    (void)win_channel_send(&runner->channel, NT_FRAME_EXIT, bytes, sizeof bytes, &ignored);
}

/* Everything that the command started ends before its outputs do: else they might never. Where
 * something does not end, the next command would meet it: the runner ends instead. */
static DWORD WINAPI watch(void *argument)
{
    struct runner *runner = argument;
    struct error ignored;
    DWORD status = 1;

    if (win_child_wait(&runner->child, runner->timeout_ms, &status) == 0)
        status = 124; /* the broker's own clock normally comes first */
    if (win_child_end(&runner->child, &ignored) < 0)
        ExitProcess(SANDBOX_EXIT_REFUSED);
    close_screen(runner);
    finish_outputs(runner);
    send_exit(runner, status);
    return 0;
}

/* One command ---------------------------------------------------------------------------------------- */

static void command_done(struct runner *runner)
{
    if (runner->watcher != NULL)
        (void)WaitForSingleObject(runner->watcher, INFINITE);
    win_close(&runner->watcher);
    runner->watcher = NULL;
    win_child_done(&runner->child);
    win_feed_done(&runner->feed);
    finish_outputs(runner);
    if (runner->has_console)
        win_console_done(&runner->console);
    runner->has_console = false;
}

static void add_output(struct runner *runner, size_t index, HANDLE pipe, enum nt_frame_type type)
{
    runner->outputs[index] = (struct output){.runner = runner, .pipe = pipe, .type = type};
}

static int start_threads(struct runner *runner, struct error *err)
{
    for (size_t i = 0; i < 2; i++) {
        struct output *output = &runner->outputs[i];

        if (output->pipe == NULL)
            continue;
        output->thread = win_thread_start(pass_output, output, err);
        if (output->thread == NULL)
            return -1;
    }
    runner->watcher = win_thread_start(watch, runner, err);
    return runner->watcher != NULL ? 0 : -1;
}

static int start_with_pipes(struct runner *runner, HANDLE token, const struct nt_spawn *spawn,
                            struct error *err)
{
    AUTO_HANDLE HANDLE input = NULL;
    AUTO_HANDLE HANDLE output = NULL;
    AUTO_HANDLE HANDLE error_output = NULL;
    HANDLE ours[3] = {NULL, NULL, NULL};
    HANDLE theirs[3] = {NULL, NULL, NULL};

    if (!CreatePipe(&input, &ours[0], NULL, 0) || !CreatePipe(&ours[1], &output, NULL, 0) ||
        !CreatePipe(&ours[2], &error_output, NULL, 0)) {
        (void)win_fail_last(err, "CreatePipe", "");
    } else {
        const HANDLE all[3] = {input, output, error_output};

        for (size_t i = 0; i < 3; i++)
            theirs[i] = (spawn->closed & 1u << i) == 0 ? all[i] : NULL;
        if (win_child_start(&runner->child, token, spawn, runner->desktop, theirs, err) == 0 &&
            win_feed_init(&runner->feed, win_take(&ours[0]), INPUT_KEPT, err) == 0) {
            add_output(runner, 0, win_take(&ours[1]), NT_FRAME_OUTPUT);
            add_output(runner, 1, win_take(&ours[2]), NT_FRAME_ERROR_OUTPUT);
            return 0;
        }
    }
    for (size_t i = 0; i < 3; i++)
        win_close(&ours[i]);
    return -1;
}

static int start_with_console(struct runner *runner, HANDLE token, const struct nt_spawn *spawn,
                              struct error *err)
{
    if (win_console_new(&runner->console, spawn->columns, spawn->rows, err) < 0)
        return -1;
    runner->has_console = true;
    if (win_child_start_in(&runner->child, token, spawn, runner->desktop, &runner->console, err) <
            0 ||
        win_feed_init(&runner->feed, win_take(&runner->console.input), INPUT_KEPT, err) < 0)
        return -1;
    add_output(runner, 0, win_take(&runner->console.output), NT_FRAME_OUTPUT);
    return 0;
}

/* The token that this command asks for: the last one's, if it is the same. NULL: err is full. */
static HANDLE find_token(struct runner *runner, const struct nt_spawn *spawn, struct error *err)
{
    AUTO_BUFFER struct buffer wanted = BUFFER_EMPTY;

    nt_put_number(&wanted, spawn->token_flags);
    nt_put_list(&wanted, &spawn->disable);
    nt_put_list(&wanted, &spawn->restrict_to);
    nt_put_list(&wanted, &spawn->default_aces);
    if (buffer_failed(&wanted)) {
        (void)error_memory(err, "token");
        return NULL;
    }
    if (runner->made != NULL && wanted.size == runner->made_for.size &&
        memcmp(wanted.data, runner->made_for.data, wanted.size) == 0)
        return runner->made;
    win_close(&runner->made);
    runner->made =
        win_token_restrict(runner->token, spawn, runner->has_logon ? &runner->logon : NULL, err);
    buffer_done(&runner->made_for);
    runner->made_for = wanted;
    wanted = BUFFER_EMPTY;
    return runner->made;
}

static int start_command(struct runner *runner, struct nt_spawn *spawn, struct error *err)
{
    HANDLE token;

    if (nt_env_adopt(&spawn->env, _environ, err) < 0)
        return -1;
    token = find_token(runner, spawn, err);
    if (token == NULL)
        return error_wrap(err, "runner: token");
    runner->timeout_ms = spawn->timeout_s < UINT32_MAX / 1000 ? spawn->timeout_s * 1000 : 0;
    return spawn->has_terminal ? start_with_console(runner, token, spawn, err)
                               : start_with_pipes(runner, token, spawn, err);
}

static int send_error(struct runner *runner, const struct error *failure, struct error *err)
{
    AUTO_BUFFER struct buffer payload = BUFFER_EMPTY;

    nt_error_encode(failure, &payload);
    if (buffer_failed(&payload))
        return error_memory(err, "error report");
    return win_channel_send(&runner->channel, NT_FRAME_ERROR, payload.data, payload.size, err);
}

/* -1: the conversation is over; a command that cannot be started is an answer. */
static int spawn(struct runner *runner, const struct nt_frame *frame, struct error *err)
{
    struct nt_spawn request;
    struct error failure;
    int result;

    command_done(runner);
    if (nt_spawn_decode(frame->payload, frame->size, &request, err) < 0)
        return -1;
    result = start_command(runner, &request, &failure);
    nt_spawn_done(&request);
    if (result < 0) {
        command_done(runner);
        return send_error(runner, &failure, err);
    }
    /* No output may overtake it: it waits in the pipes meanwhile. */
    if (win_channel_send_number(&runner->channel, NT_FRAME_READY, runner->child.pid, err) < 0)
        return -1;
    return start_threads(runner, err);
}

static void resize(struct runner *runner, const struct nt_frame *frame)
{
    EnterCriticalSection(&runner->console_lock);
    win_console_resize(&runner->console, nt_get32(frame->payload), nt_get32(frame->payload + 4));
    LeaveCriticalSection(&runner->console_lock);
}

static void stop(struct runner *runner, const struct nt_frame *frame)
{
    bool at_once = nt_get32(frame->payload) != 0;

    if (runner->watcher == NULL)
        return;
    if (!at_once && runner->has_console)
        win_feed_add(&runner->feed, "\x03", 1); /* what the console makes Ctrl+C of */
    else if (!at_once)
        win_child_interrupt(&runner->child);
    else
        (void)TerminateJobObject(runner->child.job, 1);
}

/* The conversation ----------------------------------------------------------------------------------- */

/* 1: go on, 0: QUIT. */
static int answer(struct runner *runner, const struct nt_frame *frame, struct error *err)
{
    switch (frame->type) {
    case NT_FRAME_SPAWN:
        return spawn(runner, frame, err) < 0 ? -1 : 1;
    case NT_FRAME_INPUT:
        if (runner->feed.thread != NULL)
            win_feed_add(&runner->feed, frame->payload, frame->size);
        return 1;
    case NT_FRAME_INPUT_END:
        if (runner->feed.thread != NULL)
            win_feed_end(&runner->feed);
        return 1;
    case NT_FRAME_RESIZE:
        resize(runner, frame);
        return 1;
    case NT_FRAME_STOP:
        stop(runner, frame);
        return 1;
    case NT_FRAME_QUIT:
        return 0;
    case NT_FRAME_HELLO:
    case NT_FRAME_READY:
    case NT_FRAME_OUTPUT:
    case NT_FRAME_ERROR_OUTPUT:
    case NT_FRAME_EXIT:
    case NT_FRAME_ERROR:
    case NT_FRAME_OPENED:
    case NT_FRAME_REFUSED:
    case NT_FRAME_ENDED:
    case NT_FRAME_COMMAND:
        break; /* the reader lets none of these through */
    }
    return error_set(err, ERR_PROTOCOL, "frame %u is not for a runner", (unsigned)frame->type);
}

static int greet(struct runner *runner, const char *nonce, struct error *err)
{
    uint8_t hello[4 + NT_NONCE_SIZE];
    AUTO_FREE uint8_t *bytes = NULL;
    size_t size = 0;

    if (nt_unbase64(nonce, &bytes, &size, err) < 0 || size != NT_NONCE_SIZE)
        return error_set(err, ERR_USAGE, "the nonce is none");
    nt_put32(hello, NT_PROTOCOL_VERSION);
    memcpy(hello + 4, bytes, NT_NONCE_SIZE);
    return win_channel_send(&runner->channel, NT_FRAME_HELLO, hello, sizeof hello, err);
}

static int talk(struct runner *runner, const char *nonce, struct error *err)
{
    int result = greet(runner, nonce, err) < 0 ? -1 : 1;

    while (result == 1) {
        struct nt_frame frame;
        enum win_came came;

        result = win_channel_next(&runner->channel, INFINITE, NULL, &came, &frame, err) < 0
                     ? -1
                     : answer(runner, &frame, err);
    }
    win_child_end_at_once(&runner->child);
    command_done(runner);
    return result;
}

int win_runner_serve(const wchar_t *pipe, const char *nonce, struct error *err)
{
    static struct runner runner; /* its threads outlive no frame of this function's callers */
    struct error ignored;
    HANDLE end;
    int result;

    runner.token = win_token_own(err);
    if (runner.token == NULL || win_station_desktop(runner.desktop, WIN_DESKTOP_PATH, err) < 0 ||
        win_harden_process(err) < 0)
        return -1;
    InitializeCriticalSection(&runner.console_lock);
    runner.has_logon = win_token_logon(runner.token, &runner.logon, &ignored) == 0;
    /* Anonymous: a server that is not the broker learns nothing of us. */
    end = CreateFileW(pipe, NT_PIPE_BOTH_WAYS, 0, NULL, OPEN_EXISTING,
                      FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS, NULL);
    if (end == INVALID_HANDLE_VALUE)
        return win_fail_last(err, "CreateFile", "the broker's pipe");
    if (win_channel_init(&runner.channel, end, NT_SIDE_RUNNER, err) < 0)
        return -1;
    result = talk(&runner, nonce, err);
    win_channel_done(&runner.channel);
    win_close(&runner.token);
    win_close(&runner.made);
    buffer_done(&runner.made_for);
    return result;
}

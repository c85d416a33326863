/* One command of a session. */
#include <stdio.h>
#include <string.h>

#include "sandbox/nt/bytes.h"
#include "sandbox/windows/feed.h"
#include "sandbox/windows/listener.h"
#include "sandbox/windows/relay.h"
#include "sandbox/windows/session.h"
#include "sandbox/windows_verify.h"

enum {
    READY_MS = 60000, /* virus scanners look at a program when it first starts */
    STOP_MS = 5000,   /* between asking a command to end and ending it */
    LOOK_MS = 250,    /* how often the size of the screen is looked at */
    OUTPUT_KEPT = 1 << 20,
};

/* What is typed ---------------------------------------------------------------------------------------- */

struct input {
    struct win_session *session;
    HANDLE source;
    HANDLE thread;
    CRITICAL_SECTION lock;
    bool is_over; /* the command has ended: nothing may be sent */
};

static bool send_input(struct input *input, enum nt_frame_type type, const void *bytes, size_t size)
{
    struct error ignored;
    bool sent;

    EnterCriticalSection(&input->lock);
    sent = !input->is_over &&
           win_channel_send(&input->session->channel, type, bytes, size, &ignored) == 0;
    LeaveCriticalSection(&input->lock);
    return sent;
}

static DWORD WINAPI pass_input(void *argument)
{
    struct input *input = argument;
    char bytes[16 << 10];
    DWORD got = 0;

    while (ReadFile(input->source, bytes, sizeof bytes, &got, NULL) && got > 0) {
        if (!send_input(input, NT_FRAME_INPUT, bytes, got))
            return 0;
    }
    (void)send_input(input, NT_FRAME_INPUT_END, NULL, 0);
    return 0;
}

static int input_start(struct input *input, struct win_session *session, HANDLE source,
                       struct error *err)
{
    *input = (struct input){.session = session, .source = source};
    if (source == NULL)
        return win_channel_send(&session->channel, NT_FRAME_INPUT_END, NULL, 0, err);
    InitializeCriticalSection(&input->lock);
    input->thread = win_thread_start(pass_input, input, err);
    if (input->thread != NULL)
        return 0;
    DeleteCriticalSection(&input->lock);
    return -1;
}

/* A read that waits is called off; again and again, because it may have been about to begin. */
static void input_done(struct input *input)
{
    if (input->thread == NULL)
        return;
    EnterCriticalSection(&input->lock);
    input->is_over = true;
    LeaveCriticalSection(&input->lock);
    do
        (void)CancelSynchronousIo(input->thread);
    while (WaitForSingleObject(input->thread, 10) == WAIT_TIMEOUT);
    win_close(&input->thread);
    DeleteCriticalSection(&input->lock);
}

/* What comes back --------------------------------------------------------------------------------------- */

struct running {
    struct win_session *session;
    const struct win_session_command *command;
    struct win_feed outputs[2]; /* who reads them may not do so for a while, and time goes on */
    ULONGLONG deadline;         /* 0: none */
    ULONGLONG gives_up;         /* after STOP: when waiting ends; 0: nothing was stopped */
    unsigned stops;             /* how often the user asked */
    unsigned columns, rows;
    struct win_session_end end;
};

static int outputs_init(struct running *running, struct error *err)
{
    for (size_t i = 0; i < 2; i++) {
        HANDLE from = running->command->handles[i + 1];
        HANDLE copy = NULL;

        if (from == NULL)
            continue;
        if (!DuplicateHandle(GetCurrentProcess(), from, GetCurrentProcess(), &copy, 0, FALSE,
                             DUPLICATE_SAME_ACCESS))
            return win_fail_last(err, "DuplicateHandle", "output");
        if (win_feed_init(&running->outputs[i], copy, OUTPUT_KEPT, err) < 0)
            return -1;
    }
    return 0;
}

static void outputs_give_up(struct running *running)
{
    for (size_t i = 0; i < 2; i++)
        win_feed_give_up(&running->outputs[i]);
}

static void outputs_done(struct running *running)
{
    for (size_t i = 0; i < 2; i++)
        win_feed_done(&running->outputs[i]);
}

/* Nobody reads any more: the command must not wait for ever, so it goes on unheard. */
static void write_output(struct win_feed *to, const struct nt_frame *frame)
{
    if (to->thread != NULL)
        win_feed_add(to, frame->payload, frame->size);
}

/* Set when the outputs can take more; NULL: they can. */
static HANDLE full_output(struct running *running)
{
    for (size_t i = 0; i < 2; i++) {
        if (running->outputs[i].thread != NULL && win_feed_is_full(&running->outputs[i]))
            return running->outputs[i].room;
    }
    return NULL;
}

/* 1: the command is over. */
static int take_frame(struct running *running, const struct nt_frame *frame)
{
    if (frame->type == NT_FRAME_EXIT) {
        running->end.status = nt_get32(frame->payload);
        running->end.user_us = nt_get64(frame->payload + 4);
        running->end.system_us = nt_get64(frame->payload + 12);
        running->end.memory_bytes = nt_get64(frame->payload + 20);
        return 1;
    }
    if (frame->type == NT_FRAME_OUTPUT)
        write_output(&running->outputs[0], frame);
    else if (frame->type == NT_FRAME_ERROR_OUTPUT)
        write_output(&running->outputs[1], frame);
    return 0;
}

static int stop(struct running *running, bool at_once, struct error *err)
{
    uint8_t bytes[4];

    nt_put32(bytes, at_once ? 1 : 0);
    if (at_once || running->gives_up == 0)
        running->gives_up = GetTickCount64() + STOP_MS;
    return win_channel_send_within(&running->session->channel, 2000, NT_FRAME_STOP, bytes,
                                   sizeof bytes, err);
}

static DWORD time_to_wait(const struct running *running)
{
    ULONGLONG now = GetTickCount64();
    ULONGLONG until = running->gives_up != 0 ? running->gives_up : running->deadline;
    DWORD wait = running->command->spawn->has_terminal ? LOOK_MS : INFINITE;

    if (until != 0 && (until <= now || until - now < wait))
        wait = until <= now ? 0 : (DWORD)(until - now);
    return wait;
}

static int pass_size(struct running *running, struct error *err)
{
    uint8_t bytes[8];
    unsigned columns;
    unsigned rows;

    win_screen_size(running->command->handles[1], &columns, &rows);
    if (columns == running->columns && rows == running->rows)
        return 0;
    running->columns = columns;
    running->rows = rows;
    nt_put32(bytes, columns);
    nt_put32(bytes + 4, rows);
    return win_channel_send_within(&running->session->channel, 2000, NT_FRAME_RESIZE, bytes,
                                   sizeof bytes, err);
}

/* Time is up for something: the command, or what was to follow on STOP. 1: give up. */
static int take_time(struct running *running, struct error *err)
{
    ULONGLONG now = GetTickCount64();

    if (running->gives_up != 0 && now >= running->gives_up) {
        if (running->stops == 1 && !running->end.has_timed_out) {
            running->stops = 2;
            return stop(running, true, err);
        }
        return 1;
    }
    if (running->deadline != 0 && now >= running->deadline && !running->end.has_timed_out) {
        running->end.has_timed_out = true;
        if (full_output(running) != NULL)
            outputs_give_up(running); /* else what is on its way would keep the end behind it */
        return stop(running, true, err);
    }
    return running->command->spawn->has_terminal ? pass_size(running, err) : 0;
}

static int take_interrupt(struct running *running, struct error *err)
{
    if (running->command->is_given_up)
        return error_set(err, ERR_INTERRUPTED, "the caller is gone");
    return stop(running, ++running->stops > 1, err);
}

/* Waits until an output has room or is through (WIN_CAME_FRAME), or for the time or the caller. */
static int wait_for(struct running *running, HANDLE output, enum win_came *came, struct error *err)
{
    HANDLE events[3] = {output, running->session->process, running->command->interrupt};
    DWORD woken =
        WaitForMultipleObjects(events[2] != NULL ? 3 : 2, events, FALSE, time_to_wait(running));

    switch (woken) {
    case WAIT_OBJECT_0:
        *came = WIN_CAME_FRAME;
        return 0;
    case WAIT_OBJECT_0 + 1:
        return error_set(err, ERR_INTERRUPTED, "the runner is gone");
    case WAIT_OBJECT_0 + 2:
        *came = WIN_CAME_ELSE;
        return 0;
    case WAIT_TIMEOUT:
        *came = WIN_CAME_TIME;
        return 0;
    default:
        return win_fail_last(err, "WaitForMultipleObjects", "output");
    }
}

/* By name, so that who asked need not know of a pipe. */
static int is_gone(struct error *err)
{
    if (err->code == ERR_INTERRUPTED)
        (void)error_set(err, ERR_INTERRUPTED, "the runner is gone, and the command with it");
    return -1;
}

/* The next frame, when there is room for what it may bring. 1: the command is over. */
static int follow_once(struct running *running, enum win_came *came, struct error *err)
{
    HANDLE full = full_output(running);
    struct nt_frame frame;

    if (full != NULL)
        return wait_for(running, full, came, err);
    if (win_channel_next(&running->session->channel, time_to_wait(running),
                         running->command->interrupt, came, &frame, err) < 0)
        return is_gone(err);
    return *came == WIN_CAME_FRAME ? take_frame(running, &frame) : 0;
}

static int follow(struct running *running, struct error *err)
{
    int result = 0;

    while (result == 0) {
        enum win_came came;
        int over = follow_once(running, &came, err);

        if (over != 0)
            return over < 0 ? -1 : 0;
        if (came == WIN_CAME_TIME)
            result = take_time(running, err);
        if (came == WIN_CAME_ELSE)
            result = take_interrupt(running, err);
    }
    if (result < 0)
        return -1;
    return error_set(err, ERR_TIMEOUT, "the runner did not end the command within %d s",
                     STOP_MS / 1000);
}

/* The command is over; what it wrote must arrive before its status does. Its time goes on meanwhile, as
 * if it were still writing. */
static int flush_one(struct running *running, struct win_feed *output, struct error *err)
{
    for (;;) {
        ULONGLONG now = GetTickCount64();
        enum win_came came;

        if (wait_for(running, output->thread, &came, err) < 0)
            return -1;
        if (came == WIN_CAME_FRAME)
            return 0;
        if (came == WIN_CAME_ELSE && running->command->is_given_up)
            return take_interrupt(running, err);
        if (came == WIN_CAME_TIME && running->deadline != 0 && now >= running->deadline)
            running->end.has_timed_out = true;
        if (came == WIN_CAME_ELSE || running->end.has_timed_out ||
            (running->gives_up != 0 && now >= running->gives_up)) {
            outputs_give_up(running);
            return 0;
        }
    }
}

static int flush(struct running *running, struct error *err)
{
    for (size_t i = 0; i < 2; i++) {
        if (running->outputs[i].thread == NULL)
            continue;
        win_feed_end(&running->outputs[i]);
        if (flush_one(running, &running->outputs[i], err) < 0)
            return -1;
    }
    return 0;
}

/* Asking -------------------------------------------------------------------------------------------------- */

static int ask(struct win_session *session, const struct nt_spawn *spawn, struct error *err)
{
    AUTO_BUFFER struct buffer payload = BUFFER_EMPTY;

    nt_spawn_encode(spawn, &payload);
    if (buffer_failed(&payload))
        return error_memory(err, "spawn request");
    if (payload.size > NT_SPAWN_PAYLOAD_MAX) {
        (void)error_set(err, ERR_INVALID, "command and environment take %zu bytes", payload.size);
        return error_hint(err, "use shorter arguments or fewer variables");
    }
    return win_channel_send_within(&session->channel, READY_MS, NT_FRAME_SPAWN, payload.data,
                                   payload.size, err);
}

/* 0: it runs. The session is over unless the answer was an error of the command's own. */
static int wait_until_ready(struct win_session *session, struct error *err)
{
    struct nt_frame frame;
    enum win_came came;
    struct error said;

    session->is_over = true;
    if (win_channel_next(&session->channel, READY_MS, session->process, &came, &frame, err) < 0)
        return -1;
    if (came != WIN_CAME_FRAME)
        return error_set(err, ERR_TIMEOUT, "the runner %s",
                         came == WIN_CAME_TIME ? "did not answer" : "is gone");
    if (frame.type == NT_FRAME_READY) {
        session->is_over = false;
        return 0;
    }
    if (nt_error_decode(frame.payload, frame.size, &said, err) < 0)
        return -1;
    session->is_over = false;
    *err = said;
    return -1;
}

int win_session_run(struct win_session *session, const struct win_session_command *command,
                    struct win_session_end *end, struct error *err)
{
    struct running running = {.session = session,
                              .command = command,
                              .columns = command->spawn->columns,
                              .rows = command->spawn->rows};
    struct input input = {.thread = NULL};
    int result;

    if (session->is_over)
        return error_set(err, ERR_INTERRUPTED, "the session is over");
    if (ask(session, command->spawn, err) < 0 || wait_until_ready(session, err) < 0)
        return -1;
    if (command->timeout_ms > 0)
        running.deadline = GetTickCount64() + command->timeout_ms;
    result = outputs_init(&running, err);
    if (result == 0)
        result = input_start(&input, session, command->handles[0], err);
    if (result == 0)
        result = follow(&running, err);
    if (result == 0)
        result = flush(&running, err);
    if (result < 0) {
        session->is_over = true;
        (void)TerminateJobObject(session->job, 1); /* also frees who waits for its pipe */
        outputs_give_up(&running);
    }
    input_done(&input);
    outputs_done(&running);
    *end = running.end;
    /* That nothing of it is left is what counts; that it took force is no failure of the run. */
    return running.end.has_timed_out ? 0 : result;
}

/* Proof ------------------------------------------------------------------------------------------------------ */

/* As a command of the session, with the very token that the user's command will have. */
static int try_as_command(struct win_session *session, const struct nt_spawn *like,
                          struct windows_attempt *attempt, unsigned port, struct error *err)
{
    struct nt_spawn spawn = *like; /* borrows all but argv */
    struct win_session_command command = {.spawn = &spawn, .timeout_ms = READY_MS};
    char number[16];
    struct win_session_end end = {.status = 1};
    int result = -1;

    (void)snprintf(number, sizeof number, "%u", port);
    spawn.argv = (struct text_list){0};
    spawn.has_terminal = false;
    spawn.timeout_s = 0;
    if (text_list_add(&spawn.argv, session->runner, err) == 0 &&
        text_list_add(&spawn.argv, "--try-connect", err) == 0 &&
        text_list_add(&spawn.argv, attempt->host, err) == 0 &&
        text_list_add(&spawn.argv, number, err) == 0)
        result = win_session_run(session, &command, &end, err);
    text_list_done(&spawn.argv);
    attempt->code = end.status;
    return result;
}

static int try_listener(struct win_session *session, const struct nt_spawn *like, bool is_v6,
                        struct windows_attempt *attempt, struct error *err)
{
    struct win_listener listener;
    int result;

    attempt->host = is_v6 ? "::1" : "127.0.0.1";
    if (win_listener_open(&listener, is_v6, err) < 0) {
        attempt->code = WSAEAFNOSUPPORT;
        return is_v6 ? 0 : -1; /* a machine may lack IPv6 */
    }
    result = try_as_command(session, like, attempt, listener.port, err);
    if (win_listener_was_reached(&listener))
        attempt->code = 0; /* whatever was said */
    win_listener_close(&listener);
    return result;
}

int win_session_verify(struct win_session *session, const struct nt_spawn *like, bool is_local,
                       struct error *err)
{
    /* RFC 5737 and RFC 3849: addresses that nobody has. */
    struct windows_attempt away[] = {{.host = "192.0.2.1"}, {.host = "2001:db8::1"}};
    struct windows_attempt here[2];

    if (is_local) {
        if (try_as_command(session, like, &away[0], 9, err) < 0 ||
            try_as_command(session, like, &away[1], 9, err) < 0)
            return error_wrap(err, "verify");
        return windows_verify_blocked(away, 2, err);
    }
    if (try_listener(session, like, false, &here[0], err) < 0 ||
        try_listener(session, like, true, &here[1], err) < 0)
        return error_wrap(err, "verify");
    return windows_verify_blocked(here, 2, err);
}

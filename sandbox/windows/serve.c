#include "sandbox/windows/serve.h"

#include <stdlib.h>
#include <string.h>

#include "sandbox/nt/request.h"
#include "sandbox/sandbox.h"
#include "sandbox/windows/channel.h"

enum {
    SEND_MS = 30000, /* the library reads at once, unless its program is stopped */
};

struct serving {
    const struct plan *plan;
    const struct run_request *request;
    struct win_prepared *prepared;
    const struct win_server *server;
    struct win_channel channel;
};

static int say_opened(struct serving *serving, struct error *err)
{
    AUTO_BUFFER struct buffer payload = BUFFER_EMPTY;

    nt_opened_encode(serving->plan->mode, &payload);
    if (buffer_failed(&payload))
        return error_memory(err, "session");
    return win_channel_send_within(&serving->channel, SEND_MS, NT_FRAME_OPENED, payload.data,
                                   payload.size, err);
}

static int say_ended(struct serving *serving, const struct nt_answer *answer, struct error *err)
{
    AUTO_BUFFER struct buffer payload = BUFFER_EMPTY;

    nt_answer_encode(answer, &payload);
    if (buffer_failed(&payload))
        return error_memory(err, "session");
    return win_channel_send_within(&serving->channel, SEND_MS, NT_FRAME_ENDED, payload.data,
                                   payload.size, err);
}

/* One command ---------------------------------------------------------------------------------------- */

/* The library put them into this process. What is none is not handed on. */
static int take_handles(const struct nt_request *asked, HANDLE handles[3], struct error *err)
{
    for (size_t i = 0; i < 3; i++)
        handles[i] = (HANDLE)(uintptr_t)asked->handles[i];
    for (size_t i = 0; i < 3; i++) {
        DWORD type = handles[i] != NULL ? GetFileType(handles[i]) : FILE_TYPE_PIPE;

        if (type != FILE_TYPE_PIPE && type != FILE_TYPE_DISK && type != FILE_TYPE_CHAR)
            return error_set(err, ERR_PROTOCOL, "request: handle %zu is no file or pipe", i);
    }
    return 0;
}

static int run_spawn(struct serving *serving, const HANDLE handles[3], struct nt_spawn *spawn,
                     struct nt_answer *answer, struct error *err)
{
    struct win_order order = {
        .spawn = spawn,
        .handles = {handles[0], handles[1], handles[2]},
        .timeout_ms = win_ms(serving->request->timeout_s),
    };

    for (unsigned i = 0; i < 3; i++)
        spawn->closed |= handles[i] == NULL ? 1u << i : 0;
    /* Nothing may be said while a command runs: what comes then is the end. */
    if (win_channel_watch(&serving->channel, &order.gone, err) < 0)
        return -1;
    return serving->server->run(serving->server->context, &order, &answer->status, err);
}

static int run_asked(struct serving *serving, const struct nt_request *asked,
                     const HANDLE handles[3], struct nt_answer *answer, struct error *err)
{
    struct run_request request = *serving->request;
    struct nt_spawn spawn;
    int result;

    request.serves = false;
    request.cwd = asked->cwd[0] != '\0' ? asked->cwd : serving->request->cwd;
    request.argv = asked->argv.items;
    request.envp = asked->env.items;
    if (win_prepare_spawn(serving->plan, serving->prepared, &request, &spawn, err) < 0)
        return -1;
    result = run_spawn(serving, handles, &spawn, answer, err);
    nt_spawn_done(&spawn);
    return result;
}

static int end_list(struct text_list *list, struct error *err)
{
    if (text_list_add(list, "", err) < 0)
        return -1;
    free(list->items[list->count - 1]);
    list->items[--list->count] = NULL;
    return 0;
}

static void serve_request(struct serving *serving, struct nt_request *asked,
                          struct nt_answer *answer)
{
    struct error *err = &answer->error;
    HANDLE handles[3];
    int result = take_handles(asked, handles, err);

    if (result == 0 && (end_list(&asked->argv, err) < 0 || end_list(&asked->env, err) < 0 ||
                        win_prepare_again(serving->plan, serving->prepared, err) < 0 ||
                        run_asked(serving, asked, handles, answer, err) < 0))
        result = -1;
    win_prepared_rest(serving->prepared);
    for (size_t i = 0; i < 3; i++)
        win_close(&handles[i]);
    if (result == 0)
        answer->error = (struct error){0};
}

/* 1: go on; 0: the library is gone, or broke the rules; -1: nothing can be said any more. */
static int serve_one(struct serving *serving)
{
    struct nt_answer answer = {.status = SANDBOX_EXIT_REFUSED};
    struct nt_request asked = {0};
    struct nt_frame frame;
    struct error err;
    enum win_came came;

    if (win_channel_next(&serving->channel, INFINITE, NULL, &came, &frame, &err) < 0)
        return 0;
    if (nt_request_decode(frame.payload, frame.size, &asked, &err) < 0)
        return 0;
    answer.id = asked.id;
    serve_request(serving, &asked, &answer);
    nt_request_done(&asked);
    if (say_ended(serving, &answer, &err) < 0)
        return -1;
    return serving->server->is_over(serving->server->context) ? 0 : 1;
}

/* The session --------------------------------------------------------------------------------------- */

/* Keys of the console that the caller has are the caller's. */
static BOOL WINAPI ignore_control(DWORD type)
{
    (void)type;
    return TRUE;
}

int win_serve_check(struct error *err)
{
    HANDLE pipe = GetStdHandle(STD_INPUT_HANDLE);

    if (pipe != NULL && pipe != INVALID_HANDLE_VALUE && GetFileType(pipe) == FILE_TYPE_PIPE)
        return 0;
    (void)error_set(err, ERR_USAGE, "standard input is no session's pipe");
    return error_hint(err, "session is started by the library; use run");
}

static int open_channel(struct serving *serving, struct error *err)
{
    HANDLE pipe = GetStdHandle(STD_INPUT_HANDLE);

    if (win_serve_check(err) < 0)
        return -1;
    if (!SetConsoleCtrlHandler(ignore_control, TRUE))
        return win_fail_last(err, "SetConsoleCtrlHandler", "");
    if (!SetStdHandle(STD_INPUT_HANDLE, NULL)) /* nobody else shall find it there */
        return win_fail_last(err, "SetStdHandle", "");
    if (win_channel_init(&serving->channel, pipe, NT_SIDE_LAUNCHER, err) == 0)
        return 0;
    return -1;
}

int win_serve(const struct plan *plan, const struct run_request *request,
              struct win_prepared *prepared, const struct win_server *server, struct error *err)
{
    struct serving *serving = calloc(1, sizeof *serving);
    int result;

    if (serving == NULL)
        return error_memory(err, "session");
    *serving =
        (struct serving){.plan = plan, .request = request, .prepared = prepared, .server = server};
    win_prepared_rest(prepared);
    result = open_channel(serving, err);
    if (result == 0) {
        struct error ignored;

        /* From here on the library hears it from the pipe, or from its end. */
        if (say_opened(serving, &ignored) == 0) {
            while (serve_one(serving) == 1) {
            }
        }
        win_channel_done(&serving->channel);
    }
    free(serving);
    return result;
}

/* Sessions: the launcher's standard input is a pipe (nt/frame.h); handles are put into its process. */
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "sandbox/api.h"
#include "sandbox/environment.h"
#include "sandbox/nt/own.h"
#include "sandbox/nt/request.h"
#include "sandbox/nt/spawn.h"
#include "sandbox/sandbox.h"
#include "sandbox/windows/api.h"
#include "sandbox/windows/channel.h"
#include "sandbox/windows/token.h"

enum {
    SEND_MS = 30000,  /* the launcher reads at once */
    ENDING_MS = 2000, /* from its last breath to its end */
    CLOSE_MS = 60000, /* it waits for what it killed, and removes the private TEMP */
};

struct sandbox_session {
    struct win_channel channel;
    HANDLE launcher;
    HANDLE came;    /* an event: the answer is there */
    char mode[128]; /* "HOLDFAST_SANDBOX=windows-elevated" */
    uint32_t id;    /* of the last command */
    bool is_busy;
    bool is_over;
    const struct sandbox_policy *policy; /* borrowed */
};

static int gone(struct sandbox_session *session, const struct error *why, struct error *err)
{
    session->is_over = true;
    return error_set(err, ERR_INTERRUPTED, "the session is gone%s%s",
                     why != NULL && why->code == ERR_PROTOCOL ? ": " : "",
                     why != NULL && why->code == ERR_PROTOCOL ? why->message : "");
}

/* The pipe ------------------------------------------------------------------------------------------- */

/* Nobody but this user opens it, and only we do: it has one instance and one client. */
static HANDLE make_server(wchar_t name[80], struct error *err)
{
    AUTO_HANDLE HANDLE own = win_token_own(err);
    AUTO_TOKEN struct nt_token facts = NT_TOKEN_EMPTY;
    AUTO_FREE void *descriptor = NULL;
    SECURITY_ATTRIBUTES attributes = {.nLength = sizeof attributes};
    char sid[NT_SID_TEXT_MAX];
    char sddl[NT_SID_TEXT_MAX + 32];
    uint64_t random[2];
    HANDLE server;

    if (own == NULL || win_token_read(own, &facts, err) < 0 ||
        os_random(random, sizeof random, err) < 0)
        return NULL;
    nt_sid_format(&facts.user, sid);
    (void)snprintf(sddl, sizeof sddl, "D:P(A;;0x%x;;;%s)", NT_PIPE_BOTH_WAYS, sid);
    descriptor = win_descriptor(sddl, err);
    if (descriptor == NULL)
        return NULL;
    attributes.lpSecurityDescriptor = descriptor;
    (void)swprintf(name, 80, L"\\\\.\\pipe\\holdfast-%016llx%016llx", (unsigned long long)random[0],
                   (unsigned long long)random[1]);
    server = CreateNamedPipeW(
        name, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
        PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS, 1, 65536,
        65536, 0, &attributes);
    if (server != INVALID_HANDLE_VALUE)
        return server;
    (void)win_fail_last(err, "CreateNamedPipe", "session");
    return NULL;
}

static int make_pipe(HANDLE *server, HANDLE *client, struct error *err)
{
    AUTO_HANDLE HANDLE made = NULL;
    wchar_t name[80];
    HANDLE end;
    ULONG pid = 0;

    made = make_server(name, err);
    if (made == NULL)
        return -1;
    end = CreateFileW(name, NT_PIPE_BOTH_WAYS, 0, NULL, OPEN_EXISTING,
                      FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS, NULL);
    if (end == INVALID_HANDLE_VALUE)
        return win_fail_last(err, "CreateFile", "session's pipe");
    *client = end;
    if (!GetNamedPipeClientProcessId(made, &pid) || pid != GetCurrentProcessId())
        return error_set(err, ERR_REFUSED, "another process took the session's pipe");
    *server = win_take(&made);
    return 0;
}

/* Opening -------------------------------------------------------------------------------------------- */

static int start_launcher(struct sandbox_session *session, HANDLE client, struct error *err)
{
    AUTO_HANDLE HANDLE nothing = CreateFileW(
        L"NUL", GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
    HANDLE errors = GetStdHandle(STD_ERROR_HANDLE);
    const struct api_handles handles = {
        .standard = {client, nothing != INVALID_HANDLE_VALUE ? nothing : NULL,
                     errors != INVALID_HANDLE_VALUE ? errors : NULL},
        .flags = CREATE_NEW_PROCESS_GROUP};
    struct text_list line = {0};
    int result = -1;

    if (api_build_line(session->policy, "session", &line, err) == 0 &&
        text_list_add(&line, "--cwd", err) == 0 &&
        text_list_add(&line, session->policy->policy.workspace, err) == 0 &&
        text_list_add(&line, "", err) == 0) {
        free(line.items[--line.count]);
        line.items[line.count] = NULL;
        result = api_start(&line, &handles, &session->launcher, err);
    }
    text_list_done(&line);
    return result;
}

static int ended_early(const struct sandbox_session *session, struct error *err)
{
    DWORD code = 0;

    (void)GetExitCodeProcess(session->launcher, &code);
    return error_set(err, ERR_INTERRUPTED, "the launcher ended with status %lu before it spoke",
                     (unsigned long)code);
}

static int take_opened(struct sandbox_session *session, const struct nt_frame *frame,
                       struct error *err)
{
    struct error told;
    AUTO_FREE char *mode = NULL;

    if (frame->type == NT_FRAME_REFUSED) {
        if (nt_error_decode(frame->payload, frame->size, &told, err) == 0)
            *err = told;
        return -1;
    }
    mode = nt_opened_decode(frame->payload, frame->size, err);
    if (mode == NULL)
        return -1;
    (void)snprintf(session->mode, sizeof session->mode, "HOLDFAST_SANDBOX=%s", mode);
    return 0;
}

static int open_with(struct sandbox_session *session, struct error *err)
{
    AUTO_HANDLE HANDLE client = NULL;
    AUTO_HANDLE HANDLE server = NULL;
    struct nt_frame frame;
    enum win_came came;

    if (make_pipe(&server, &client, err) < 0 || start_launcher(session, client, err) < 0)
        return -1;
    win_close(&client); /* the launcher has the only one: when it ends, the pipe does */
    client = NULL;
    if (win_channel_init(&session->channel, win_take(&server), NT_SIDE_LIBRARY, err) < 0 ||
        win_channel_next(&session->channel, INFINITE, session->launcher, &came, &frame, err) < 0)
        return -1;
    return came == WIN_CAME_FRAME ? take_opened(session, &frame, err) : ended_early(session, err);
}

struct sandbox_session *sandbox_session_open(const struct sandbox_policy *policy, struct error *err)
{
    struct sandbox_session *session;

    if (api_check_expressible(&policy->policy, err) < 0)
        return NULL;
    session = calloc(1, sizeof *session);
    if (session == NULL) {
        (void)error_memory(err, "session");
        return NULL;
    }
    session->policy = policy;
    if (open_with(session, err) == 0 &&
        win_channel_watch(&session->channel, &session->came, err) == 0)
        return session;
    sandbox_session_close(session);
    return NULL;
}

/* A command ------------------------------------------------------------------------------------------ */

/* The caller's variables as UTF-8, without the drives' directories ("=C:"). */
static int take_variables(struct text_list *list, struct error *err)
{
    wchar_t *all = GetEnvironmentStringsW();
    int result = 0;

    if (all == NULL)
        return win_fail_last(err, "GetEnvironmentStrings", "");
    for (const wchar_t *at = all; result == 0 && *at != L'\0'; at += wcslen(at) + 1) {
        if (*at != L'=')
            result = text_list_take(list, win_narrow(at, err), err);
    }
    (void)FreeEnvironmentStringsW(all);
    return result == 0 ? text_list_take(list, _strdup(""), err) : -1;
}

static int add_environment(const struct sandbox_session *session, struct nt_request *request,
                           struct error *err)
{
    struct text_list own = {0};
    AUTO_FREE char **made = NULL;
    int result = take_variables(&own, err);

    if (result == 0) {
        free(own.items[--own.count]);
        own.items[own.count] = NULL;
        made = environment_build(&session->policy->policy, own.items, session->mode, err);
        result = made != NULL ? 0 : -1;
    }
    for (size_t i = 0; result == 0 && made[i] != NULL; i++)
        result = text_list_add(&request->env, made[i], err);
    text_list_done(&own);
    return result;
}

static int put_handle(struct sandbox_session *session, int descriptor, uint64_t *value,
                      struct error *err)
{
    HANDLE ours = NULL;
    HANDLE theirs = NULL;

    if (api_handle(descriptor, &ours, err) < 0)
        return -1;
    if (ours == NULL)
        return 0;
    if (api_is_console(ours)) {
        (void)error_set(err, ERR_UNSUPPORTED, "descriptor %d is a console", descriptor);
        return error_hint(err, "give a session pipes or files: a command with your console could "
                               "type into it");
    }
    if (!DuplicateHandle(GetCurrentProcess(), ours, session->launcher, &theirs, 0, FALSE,
                         DUPLICATE_SAME_ACCESS)) {
        DWORD code = GetLastError();

        /* Nothing can be put into a process that is just ending: then that is what there is to say. */
        return WaitForSingleObject(session->launcher, ENDING_MS) == WAIT_OBJECT_0
                   ? gone(session, NULL, err)
                   : win_fail(err, code, "DuplicateHandle", "into the session");
    }
    *value = (uint64_t)(uintptr_t)theirs;
    return 0;
}

/* What was put over there and was not asked with. */
static void take_back(struct sandbox_session *session, const struct nt_request *request)
{
    for (size_t i = 0; i < 3; i++) {
        if (request->handles[i] != 0)
            (void)DuplicateHandle(session->launcher, (HANDLE)(uintptr_t)request->handles[i], NULL,
                                  NULL, 0, FALSE, DUPLICATE_CLOSE_SOURCE);
    }
}

static int make_request(struct sandbox_session *session, const struct sandbox_command *command,
                        struct nt_request *request, struct error *err)
{
    request->cwd = _strdup(command->cwd != NULL ? command->cwd : "");
    if (request->cwd == NULL)
        return error_memory(err, "request");
    for (size_t i = 0; command->argv[i] != NULL; i++) {
        if (text_list_add(&request->argv, command->argv[i], err) < 0)
            return -1;
    }
    if (add_environment(session, request, err) < 0)
        return -1;
    for (size_t i = 0; i < 3; i++) {
        if (put_handle(session, command->descriptors[i], &request->handles[i], err) < 0)
            return -1;
    }
    return 0;
}

static int send_request(struct sandbox_session *session, const struct nt_request *request,
                        struct error *err)
{
    AUTO_BUFFER struct buffer payload = BUFFER_EMPTY;
    struct error why;

    nt_request_encode(request, &payload);
    if (buffer_failed(&payload))
        return error_memory(err, "request");
    if (payload.size > NT_REQUEST_PAYLOAD_MAX)
        return error_set(err, ERR_INVALID, "arguments and environment are too large for a session");
    if (win_channel_send_within(&session->channel, SEND_MS, NT_FRAME_COMMAND, payload.data,
                                payload.size, &why) < 0)
        return gone(session, &why, err);
    return 0;
}

static int check(const struct sandbox_session *session, const struct sandbox_command *command,
                 struct error *err)
{
    if (session->is_busy)
        return error_set(err, ERR_INVALID, "the session's command has not been waited for");
    if (command->argv == NULL || command->argv[0] == NULL)
        return error_set(err, ERR_INVALID, "no command was given");
    if (!command->has_terminal)
        return 0;
    (void)error_set(err, ERR_UNSUPPORTED, "has_terminal: Windows has no terminal to hand over");
    return error_hint(err, "leave it out, and give pipes");
}

int sandbox_session_spawn(struct sandbox_session *session, const struct sandbox_command *command,
                          struct error *err)
{
    struct nt_request request = {.id = session->id + 1};
    int result = check(session, command, err);

    if (result < 0)
        return -1;
    if (session->is_over)
        return gone(session, NULL, err);
    result = make_request(session, command, &request, err);
    if (result == 0)
        result = send_request(session, &request, err);
    if (result < 0)
        take_back(session, &request);
    nt_request_done(&request);
    if (result < 0)
        return -1;
    session->id++;
    session->is_busy = true;
    return 0;
}

int sandbox_session_wait(struct sandbox_session *session, int *status, struct error *err)
{
    struct nt_answer answer;
    struct nt_frame frame;
    struct error why;
    enum win_came came;

    if (!session->is_busy)
        return error_set(err, ERR_INVALID, "the session has no command to wait for");
    session->is_busy = false;
    *status = SANDBOX_EXIT_REFUSED;
    if (win_channel_next(&session->channel, INFINITE, session->launcher, &came, &frame, &why) < 0)
        return gone(session, &why, err);
    if (came != WIN_CAME_FRAME || nt_answer_decode(frame.payload, frame.size, &answer, &why) < 0 ||
        answer.id != session->id)
        return gone(session, NULL, err);
    /* It may have ended after that; the answer stands. */
    session->is_over = win_channel_watch(&session->channel, &session->came, &why) < 0;
    *status = answer.status;
    if (answer.error.code == ERR_NONE)
        return 0;
    *err = answer.error;
    return -1;
}

/* Windows' handles have 32 bits that count ("Interprocess Communication Between 32-bit and 64-bit
 * Applications"). */
int sandbox_session_descriptor(const struct sandbox_session *session)
{
    return (int)(intptr_t)session->came;
}

/* The launcher ends when its pipe does, and with it everything inside. */
void sandbox_session_close(struct sandbox_session *session)
{
    if (session == NULL)
        return;
    win_channel_done(&session->channel);
    if (session->launcher != NULL) {
        if (WaitForSingleObject(session->launcher, CLOSE_MS) != WAIT_OBJECT_0)
            (void)TerminateProcess(session->launcher, SANDBOX_EXIT_REFUSED);
        (void)CloseHandle(session->launcher);
    }
    free(session);
}

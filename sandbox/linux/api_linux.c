/*
 * The library's side: starts the launcher (posix_spawn shares the caller's
 * memory until execve, so its size does not matter) and speaks to sessions.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/os.h"
#include "base/text.h"
#include "sandbox/api.h"
#include "sandbox/environment.h"
#include "sandbox/linux/api_linux.h"
#include "sandbox/linux/session.h"
#include "sandbox/policy.h"
#include "sandbox/sandbox.h"

extern char **environ;

char *api_find_launcher(struct error *err)
{
    AUTO_FREE char *self = NULL;
    AUTO_FREE char *beside = NULL;
    char *slash;

    if (api_launcher_path != NULL)
        return strdup(api_launcher_path);
    self = os_self_path(err);
    slash = self != NULL ? strrchr(self, '/') : NULL;
    if (slash != NULL) {
        *slash = '\0';
        beside = path_join(self, "holdfast-sandbox");
    }
    if (beside != NULL && access(beside, X_OK) == 0)
        return TAKE(beside);
    return strdup("holdfast-sandbox");
}

/* NULL-terminates the list for use as argv; its strings stay its own. */
static int end_line(struct text_list *line, struct error *err)
{
    if (text_list_add(line, "", err) < 0)
        return -1;
    free(line->items[line->count - 1]);
    line->items[--line->count] = NULL;
    return 0;
}

static int start(struct text_list *line, const int *descriptors, size_t count, char *const *envp,
                 pid_t *pid, struct error *err)
{
    posix_spawn_file_actions_t actions;
    int result;

    if (end_line(line, err) < 0)
        return -1;
    result = posix_spawn_file_actions_init(&actions);
    if (result != 0)
        return error_os(err, result, "prepare the launcher");
    for (size_t i = 0; result == 0 && i < count; i++)
        result = descriptors[i] >= 0
                     ? posix_spawn_file_actions_adddup2(&actions, descriptors[i], (int)i)
                     : posix_spawn_file_actions_addclose(&actions, (int)i);
    if (result == 0)
        result = posix_spawnp(pid, line->items[0], &actions, NULL, line->items, envp);
    (void)posix_spawn_file_actions_destroy(&actions);
    if (result != 0) {
        (void)error_os(err, result, "start %s", line->items[0]);
        return error_hint(err, "install holdfast-sandbox, or call sandbox_set_launcher");
    }
    return 0;
}

/* Descriptors are put in place one by one: none of ours may be a number that is overwritten before. */
static int lift(int fd, struct error *err)
{
    int high = fcntl(fd, F_DUPFD_CLOEXEC, 10);

    if (high < 0)
        return error_os(err, errno, "duplicate descriptor %d", fd);
    return high;
}

static int lift_all(const int *from, size_t count, int *to, struct error *err)
{
    for (size_t i = 0; i < count; i++)
        to[i] = -1;
    for (size_t i = 0; i < count; i++) {
        if (from[i] == -1)
            continue; /* closed, and shall be */
        to[i] = lift(from[i], err);
        if (to[i] < 0)
            return -1;
    }
    return 0;
}

static void close_all(const int *descriptors, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (descriptors[i] >= 0)
            (void)close(descriptors[i]);
    }
}

/* --- one command ----------------------------------------------------------------------------------- */

static int add_command(struct text_list *line, const struct sandbox_policy *policy,
                       const struct sandbox_command *command, struct error *err)
{
    const char *words[] = {"--report", "3", "--cwd",
                           command->cwd != NULL ? command->cwd : policy->policy.workspace, "--"};

    if (command->has_terminal && text_list_add(line, "--terminal", err) < 0)
        return -1;

    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (text_list_add(line, words[i], err) < 0)
            return -1;
    }
    for (size_t i = 0; command->argv[i] != NULL; i++) {
        if (text_list_add(line, command->argv[i], err) < 0)
            return -1;
    }
    return 0;
}

int sandbox_spawn(const struct sandbox_policy *policy, const struct sandbox_command *command,
                  struct sandbox_child *child, struct error *err)
{
    struct text_list line = {0};
    int ends[2] = {-1, -1};
    int lifted[4] = {-1, -1, -1, -1};
    int wanted[4];
    int result = -1;

    if (command->argv == NULL || command->argv[0] == NULL)
        return error_set(err, ERR_INVALID, "no command was given");
    if (api_check_expressible(&policy->policy, err) < 0)
        return -1;
    child->spare = NULL;
    if (policy->ready != NULL && api_ready_spawn(policy, command, child))
        return 0;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_os(err, errno, "pipe");
    memcpy(wanted, command->descriptors, sizeof command->descriptors);
    wanted[3] = ends[1];
    if (api_build_line(policy, "run", &line, err) == 0 &&
        add_command(&line, policy, command, err) == 0 && lift_all(wanted, 4, lifted, err) == 0 &&
        start(&line, lifted, 4, environ, &child->pid, err) == 0) {
        child->report = TAKE_FD(ends[0]);
        result = 0;
    }
    close_all(lifted, 4);
    close_all(ends, 2);
    text_list_done(&line);
    return result;
}

int api_describe(int wait_status)
{
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

int sandbox_wait(struct sandbox_child *child, int *status, struct error *err)
{
    struct error told;
    int wait_status;
    ssize_t size;

    if (child->spare != NULL)
        return api_ready_wait(child, status, err);
    while (waitpid(child->pid, &wait_status, 0) < 0) {
        if (errno != EINTR)
            return error_os(err, errno, "wait for the sandbox");
    }
    *status = api_describe(wait_status);
    /* The launcher is the only writer and it has ended: there is a report now or never. */
    size = read(child->report, &told, sizeof told);
    (void)close(child->report);
    child->report = -1;
    if (size != (ssize_t)sizeof told)
        return 0;
    *err = told;
    return -1;
}

/* --- sessions --------------------------------------------------------------------------------------- */

static int receive_reply(struct sandbox_session *session, struct session_reply *reply,
                         struct error *err)
{
    ssize_t size;

    do
        size = recv(session->socket, reply, sizeof *reply, 0);
    while (size < 0 && errno == EINTR);
    if (size < 0)
        return error_os(err, errno, "listen to the session");
    if (size != (ssize_t)sizeof *reply)
        return error_set(err, ERR_PROTOCOL, "the session is gone");
    reply->error.message[sizeof reply->error.message - 1] = '\0';
    reply->error.hint[sizeof reply->error.hint - 1] = '\0';
    if (reply->error.code == ERR_NONE)
        return 0;
    *err = reply->error;
    return -1;
}

static int start_server(struct sandbox_session *session, int other_end, struct error *err)
{
    AUTO_CLOSE int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    const int wanted[3] = {other_end, nothing, STDERR_FILENO};
    struct text_list line = {0};
    int lifted[3] = {-1, -1, -1};
    int result = -1;

    if (api_build_line(session->policy, "session", &line, err) == 0 &&
        text_list_add(&line, "--cwd", err) == 0 &&
        text_list_add(&line, session->policy->policy.workspace, err) == 0 &&
        lift_all(wanted, 3, lifted, err) == 0)
        result = start(&line, lifted, 3, environ, &session->launcher, err);
    close_all(lifted, 3);
    text_list_done(&line);
    return result;
}

struct sandbox_session *api_session_begin(const struct sandbox_policy *policy, struct error *err)
{
    struct sandbox_session *session = calloc(1, sizeof *session);
    int ends[2];
    int result;

    if (session == NULL || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
        free(session);
        (void)error_os(err, errno, "session");
        return NULL;
    }
    session->policy = policy;
    session->socket = ends[0];
    session->launcher = -1;
    result = start_server(session, ends[1], err);
    (void)close(ends[1]);
    if (result == 0)
        return session;
    sandbox_session_close(session);
    return NULL;
}

int api_session_await(struct sandbox_session *session, char digest[65], struct error *err)
{
    struct session_reply ready;

    if (receive_reply(session, &ready, err) < 0)
        return -1;
    memcpy(digest, ready.digest, sizeof ready.digest);
    digest[sizeof ready.digest - 1] = '\0';
    return 0;
}

struct sandbox_session *sandbox_session_open(const struct sandbox_policy *policy, struct error *err)
{
    struct sandbox_session *session = api_session_begin(policy, err);
    char digest[65];

    if (session == NULL || api_session_await(session, digest, err) == 0)
        return session;
    sandbox_session_close(session);
    return NULL;
}

static void add_text(struct buffer *message, const char *text)
{
    buffer_add(message, text, strlen(text) + 1);
}

static int write_request(const struct sandbox_policy *policy, const struct sandbox_command *command,
                         struct buffer *message, struct error *err)
{
    struct session_request header = {0};
    AUTO_FREE char **envp =
        environment_build(&policy->policy, environ, "HOLDFAST_SANDBOX=linux-namespace", err);

    if (envp == NULL)
        return -1;
    while (command->argv[header.argument_count] != NULL)
        header.argument_count++;
    while (envp[header.variable_count] != NULL)
        header.variable_count++;
    header.flags = command->has_terminal ? SESSION_HAS_TERMINAL : 0;
    for (unsigned i = 0; i < 3; i++)
        header.flags |= command->descriptors[i] == -1 ? (uint32_t)SESSION_CLOSED << i : 0;
    buffer_add(message, &header, sizeof header);
    add_text(message, command->cwd != NULL ? command->cwd : policy->policy.workspace);
    for (size_t i = 0; i < header.argument_count; i++)
        add_text(message, command->argv[i]);
    for (size_t i = 0; i < header.variable_count; i++)
        add_text(message, envp[i]);
    if (buffer_failed(message))
        return error_memory(err, "request");
    if (message->size <= SESSION_MESSAGE_MAX &&
        header.argument_count + header.variable_count < SESSION_TEXT_MAX)
        return 0;
    return error_set(err, ERR_INVALID, "arguments and environment are too large for a session");
}

static int send_request(int socket, const struct buffer *message, const int *descriptors,
                        struct error *err)
{
    struct iovec part = {.iov_base = message->data, .iov_len = message->size};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(3 * sizeof(int))];
    } control = {0};
    struct msghdr header = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = &control,
                            .msg_controllen = sizeof control};

    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(3 * sizeof(int));
    memcpy(CMSG_DATA(&control.header), descriptors, 3 * sizeof(int));
    while (sendmsg(socket, &header, MSG_NOSIGNAL) < 0) {
        if (errno != EINTR)
            return error_os(err, errno, "ask the session");
    }
    return 0;
}

int sandbox_session_spawn(struct sandbox_session *session, const struct sandbox_command *command,
                          struct error *err)
{
    AUTO_BUFFER struct buffer message = BUFFER_EMPTY;
    int sent[3];

    if (session->is_busy)
        return error_set(err, ERR_INVALID, "the session's command has not been waited for");
    if (command->argv == NULL || command->argv[0] == NULL)
        return error_set(err, ERR_INVALID, "no command was given");
    if (write_request(session->policy, command, &message, err) < 0)
        return -1;
    for (int i = 0; i < 3; i++) /* three always go over; the flags say which are stand-ins */
        sent[i] = command->descriptors[i] != -1 ? command->descriptors[i] : session->socket;
    if (send_request(session->socket, &message, sent, err) < 0)
        return -1;
    session->is_busy = true;
    return 0;
}

int sandbox_session_wait(struct sandbox_session *session, int *status, struct error *err)
{
    struct session_reply reply = {.status = SANDBOX_EXIT_REFUSED};
    int result;

    if (!session->is_busy)
        return error_set(err, ERR_INVALID, "the session has no command to wait for");
    session->is_busy = false;
    result = receive_reply(session, &reply, err);
    *status = reply.status;
    return result;
}

int sandbox_session_descriptor(const struct sandbox_session *session)
{
    return session->socket;
}

/* The server ends when its end of the socket hears so, and with it everything inside. Shut down first:
 * a child that the caller forked may hold the descriptor, too. */
pid_t api_session_abandon(struct sandbox_session *session)
{
    pid_t launcher = session->launcher;

    (void)shutdown(session->socket, SHUT_RDWR);
    (void)close(session->socket);
    free(session);
    return launcher;
}

void sandbox_session_close(struct sandbox_session *session)
{
    pid_t launcher;

    if (session == NULL)
        return;
    launcher = api_session_abandon(session);
    while (launcher > 0 && waitpid(launcher, NULL, 0) < 0 && errno == EINTR)
        ;
}

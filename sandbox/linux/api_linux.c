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
#include "sandbox/environment.h"
#include "sandbox/linux/session.h"
#include "sandbox/policy.h"
#include "sandbox/sandbox.h"

extern char **environ;

struct sandbox_policy {
    struct policy policy;
    char *mode; /* NULL: auto */
};

struct sandbox_session {
    pid_t launcher;
    int socket;
    bool is_busy;
    const struct sandbox_policy *policy; /* borrowed */
};

static const char *launcher_path;

void sandbox_set_launcher(const char *path)
{
    launcher_path = path;
}

/* The told one, else the one beside the calling program, else "holdfast-sandbox" for PATH. Caller
 * frees. */
static char *find_launcher(struct error *err)
{
    AUTO_FREE char *self = NULL;
    AUTO_FREE char *beside = NULL;
    char *slash;

    if (launcher_path != NULL)
        return strdup(launcher_path);
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

/* --- policies ------------------------------------------------------------------------------------ */

struct sandbox_policy *sandbox_policy_new(struct error *err)
{
    struct sandbox_policy *policy = calloc(1, sizeof *policy);

    if (policy == NULL) {
        (void)error_memory(err, "policy");
        return NULL;
    }
    if (policy_init(&policy->policy, err) < 0) {
        free(policy);
        return NULL;
    }
    return policy;
}

void sandbox_policy_free(struct sandbox_policy *policy)
{
    if (policy == NULL)
        return;
    policy_done(&policy->policy);
    free(policy->mode);
    free(policy);
}

struct sandbox_policy *sandbox_policy_read(const char *json, size_t size, struct error *err)
{
    struct sandbox_policy *policy = sandbox_policy_new(err);

    if (policy != NULL && policy_read_json(&policy->policy, json, size, err) < 0) {
        sandbox_policy_free(policy);
        return NULL;
    }
    return policy;
}

static int set_number(uint64_t *number, const char *key, const char *value, struct error *err)
{
    if (text_parse_u64(value, INT64_MAX, number))
        return 0;
    return error_set(err, ERR_INVALID, "%s: \"%s\" is not a number", key, value);
}

static int set_mode(struct sandbox_policy *policy, const char *value, struct error *err)
{
    char *copy = strdup(value);

    if (copy == NULL)
        return error_memory(err, "mode");
    free(policy->mode);
    policy->mode = copy;
    return 0;
}

int sandbox_policy_set(struct sandbox_policy *policy, const char *key, const char *value,
                       struct error *err)
{
    struct policy *p = &policy->policy;

    if (strcmp(key, "workspace") == 0)
        return policy_set_workspace(p, value, err);
    if (strcmp(key, "writable") == 0)
        return text_list_add(&p->writable, value, err);
    if (strcmp(key, "protect") == 0)
        return policy_add_protect(p, value, err);
    if (strcmp(key, "deny_read") == 0)
        return text_list_add(&p->deny_read, value, err);
    if (strcmp(key, "network") == 0)
        return policy_set_network(p, value, err);
    if (strcmp(key, "tmp") == 0)
        return policy_set_tmp(p, value, err);
    if (strcmp(key, "git") == 0)
        return policy_set_git(p, value, err);
    if (strcmp(key, "env") == 0)
        return policy_add_env(p, value, err);
    if (strcmp(key, "timeout_s") == 0)
        return set_number(&p->limits.timeout_s, key, value, err);
    if (strcmp(key, "processes") == 0)
        return set_number(&p->limits.processes, key, value, err);
    if (strcmp(key, "memory_bytes") == 0)
        return set_number(&p->limits.memory_bytes, key, value, err);
    if (strcmp(key, "mode") == 0)
        return set_mode(policy, value, err);
    (void)error_set(err, ERR_INVALID, "unknown key \"%s\"", key);
    return error_hint(err, "see sandbox/sandbox.h");
}

/* --- the launcher's command line ------------------------------------------------------------------- */

static void add_option(struct text_list *line, const char *name, const char *value,
                       struct error *err, bool *has_failed)
{
    if (text_list_add(line, name, err) < 0 || text_list_add(line, value, err) < 0)
        *has_failed = true;
}

static void add_number(struct text_list *line, const char *name, uint64_t value, struct error *err,
                       bool *has_failed)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    if (value > 0)
        add_option(line, name, text, err, has_failed);
}

static void add_list(struct text_list *line, const char *name, const struct text_list *list,
                     struct error *err, bool *has_failed)
{
    for (size_t i = 0; i < list->count; i++)
        add_option(line, name, list->items[i], err, has_failed);
}

/* launcher SUBCOMMAND OPTION...; what flags cannot say (keep, drop, fewer protected names) is refused
 * by check_expressible before. */
static int build_line(const struct sandbox_policy *policy, const char *subcommand,
                      struct text_list *line, struct error *err)
{
    const struct policy *p = &policy->policy;
    bool has_failed = false;

    if (p->workspace == NULL) {
        (void)error_set(err, ERR_INVALID, "workspace: missing");
        return error_hint(err, "sandbox_policy_set(policy, \"workspace\", ...)");
    }
    if (text_list_take(line, find_launcher(err), err) < 0 ||
        text_list_add(line, subcommand, err) < 0)
        return -1;
    add_option(line, "--mode", policy->mode != NULL ? policy->mode : "auto", err, &has_failed);
    add_option(line, "--workspace", p->workspace, err, &has_failed);
    add_list(line, "--writable", &p->writable, err, &has_failed);
    add_list(line, "--protect", &p->protect, err, &has_failed);
    add_list(line, "--deny-read", &p->deny_read, err, &has_failed);
    add_option(line, "--network", policy_network_name(p->network), err, &has_failed);
    add_option(line, "--tmp", policy_tmp_name(p->tmp), err, &has_failed);
    add_option(line, "--git", policy_git_name(p->git), err, &has_failed);
    add_list(line, "--env", &p->env.pass, err, &has_failed);
    add_list(line, "--env", &p->env.set, err, &has_failed);
    add_number(line, "--timeout", p->limits.timeout_s, err, &has_failed);
    add_number(line, "--processes", p->limits.processes, err, &has_failed);
    add_number(line, "--memory", p->limits.memory_bytes, err, &has_failed);
    return has_failed ? -1 : 0;
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

static int check_expressible(const struct policy *policy, struct error *err)
{
    if (policy->env.keep.count == 0 && policy->env.drop.count == 0)
        return 0;
    return error_set(err, ERR_UNSUPPORTED, "env.keep and env.drop are not known to sandbox_spawn");
}

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
    if (check_expressible(&policy->policy, err) < 0)
        return -1;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_os(err, errno, "pipe");
    memcpy(wanted, command->descriptors, sizeof command->descriptors);
    wanted[3] = ends[1];
    if (build_line(policy, "run", &line, err) == 0 &&
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

static int describe(int wait_status)
{
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

int sandbox_wait(struct sandbox_child *child, int *status, struct error *err)
{
    struct error told;
    int wait_status;
    ssize_t size;

    while (waitpid(child->pid, &wait_status, 0) < 0) {
        if (errno != EINTR)
            return error_os(err, errno, "wait for the sandbox");
    }
    *status = describe(wait_status);
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

    if (build_line(session->policy, "session", &line, err) == 0 &&
        text_list_add(&line, "--cwd", err) == 0 &&
        text_list_add(&line, session->policy->policy.workspace, err) == 0 &&
        lift_all(wanted, 3, lifted, err) == 0)
        result = start(&line, lifted, 3, environ, &session->launcher, err);
    close_all(lifted, 3);
    text_list_done(&line);
    return result;
}

struct sandbox_session *sandbox_session_open(const struct sandbox_policy *policy, struct error *err)
{
    struct sandbox_session *session = calloc(1, sizeof *session);
    struct session_reply ready;
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
    if (result == 0 && receive_reply(session, &ready, err) == 0)
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

/* The server ends when its socket is closed, and with it everything inside. */
void sandbox_session_close(struct sandbox_session *session)
{
    if (session == NULL)
        return;
    (void)close(session->socket);
    if (session->launcher > 0) {
        while (waitpid(session->launcher, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    free(session);
}

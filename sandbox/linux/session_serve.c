/*
 * The server of a session: init of a sandbox that was set up once.
 *
 *     init, pid 1            receives a request, sets the command off, answers
 *       command              confined as by `run`, its own filter and listener; its process is made,
 *                            and confined, while the session waits for the request
 *       attendant            answers the filter; only for a command that asks something
 *
 * When a command has ended, everything it started is killed and reaped before
 * the answer goes out. The private /tmp and /dev/shm stay: a session is one
 * sandbox with many commands. A command can kill its own attendant; that ends
 * the command, and is answered as 125.
 *
 * The attendant shares init's memory. As in namespace_apply.c errno is shared with
 * it, so init makes only calls that do not fail while there is one.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/linux/apply.h"
#include "sandbox/linux/kernel.h"
#include "sandbox/linux/namespace_box.h"
#include "sandbox/linux/session.h"
#include "sandbox/linux/supervisor.h"

enum {
    ATTENDANT_STACK = 256 * 1024,
    LOOK_MS = 200,
};

static char message[SESSION_MESSAGE_MAX];
static char *texts[SESSION_TEXT_MAX + 2];
static volatile sig_atomic_t time_is_up;

struct order { /* one received request */
    int descriptors[3];
    uint32_t flags; /* enum session_flag */
    struct run_request request;
};

static int client = -1;
static sigset_t let_through; /* the mask with which init waits */
static int nothing = -1;     /* /dev/null, in 0, 1, 2 between commands */
static struct error attendant_error;
static struct supervisor_maps maps;
static char *attendant_stack;

/* --- receiving --------------------------------------------------------------------------------- */

static void close_descriptors(struct order *order)
{
    for (int i = 0; i < 3; i++) {
        if (order->descriptors[i] >= 0)
            (void)close(order->descriptors[i]);
        order->descriptors[i] = -1;
    }
}

static void take_descriptors(struct msghdr *header, struct order *order)
{
    struct cmsghdr *control = CMSG_FIRSTHDR(header);

    if (control != NULL && control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_RIGHTS &&
        control->cmsg_len == CMSG_LEN(sizeof order->descriptors))
        memcpy(order->descriptors, CMSG_DATA(control), sizeof order->descriptors);
}

/* Splits the texts behind the header. Everything must be there, and nothing else. */
static int read_texts(size_t size, struct order *order, struct error *err)
{
    struct session_request header;
    size_t at = sizeof header;
    size_t wanted;
    size_t count = 0;
    char *directory = message + sizeof header;

    memcpy(&header, message, sizeof header);
    wanted = (size_t)header.argument_count + header.variable_count + 1;
    if (header.argument_count == 0 || header.argument_count > SESSION_TEXT_MAX ||
        header.variable_count > SESSION_TEXT_MAX || wanted > SESSION_TEXT_MAX)
        return error_set(err, ERR_PROTOCOL, "a request with an impossible number of texts");
    for (size_t i = 0; i < wanted; i++) {
        const char *end = at < size ? memchr(message + at, '\0', size - at) : NULL;

        if (end == NULL)
            return error_set(err, ERR_PROTOCOL, "a request that is cut off");
        if (i > 0)
            texts[count++] = message + at;
        if (i == header.argument_count)
            texts[count++] = NULL;
        at = (size_t)(end - message) + 1;
    }
    texts[count] = NULL;
    if (at != size)
        return error_set(err, ERR_PROTOCOL, "a request with something behind it");
    order->flags = header.flags;
    order->request.has_terminal = (header.flags & SESSION_HAS_TERMINAL) != 0;
    order->request.argv = texts;
    order->request.envp = texts + header.argument_count + 1;
    order->request.cwd = directory[0] != '\0' ? directory : NULL;
    return 0;
}

/* Signals are let through only here and while a command runs: so none is lost between the two. */
static void wait_for_request(void)
{
    struct pollfd polled = {.fd = client, .events = POLLIN};

    while (ppoll(&polled, 1, NULL, &let_through) < 0 && errno == EINTR)
        ;
}

/* 1: a request; 0: the client is gone; -1: *err, and the session goes on. */
static int receive(struct order *order, struct error *err)
{
    struct iovec part = {.iov_base = message, .iov_len = sizeof message};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof order->descriptors)];
    } control = {0};
    struct msghdr header = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = &control,
                            .msg_controllen = sizeof control};
    ssize_t size;

    wait_for_request();
    do
        size = recvmsg(client, &header, MSG_CMSG_CLOEXEC);
    while (size < 0 && errno == EINTR);
    if (size <= 0)
        return 0;
    take_descriptors(&header, order);
    if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 || order->descriptors[0] < 0 ||
        (size_t)size <= sizeof(struct session_request))
        return error_set(err, ERR_PROTOCOL, "a request without its parts");
    return read_texts((size_t)size, order, err) < 0 ? -1 : 1;
}

static int answer(const struct session_reply *reply)
{
    ssize_t size;

    do
        size = send(client, reply, sizeof *reply, MSG_NOSIGNAL);
    while (size < 0 && errno == EINTR);
    return size == (ssize_t)sizeof *reply ? 0 : -1;
}

/* --- the command -------------------------------------------------------------------------------- */

static int take_over_stdio(const struct order *order, struct error *err)
{
    for (int i = 0; i < 3; i++) {
        if (dup2(order != NULL ? order->descriptors[i] : nothing, i) < 0)
            return error_os(err, errno, "hand over descriptor %d", i);
        if (order != NULL && (order->flags & (uint32_t)SESSION_CLOSED << i) != 0)
            (void)close(i);
    }
    return 0;
}

/* Sets the prepared process off, with init's own descriptors 0, 1, 2 lent to it. */
static int release_command(struct box *box, struct order *order, struct error *err)
{
    int result = -1;

    if (take_over_stdio(order, err) == 0 && launch_check_stdio(box->plan, err) == 0)
        result = box_release_command(box, &order->request, err);
    close_descriptors(order);
    return take_over_stdio(NULL, err) < 0 ? -1 : result;
}

/* --- the attendant ------------------------------------------------------------------------------ */

static int attendant_main(void *argument)
{
    struct box *box = argument;
    int wait_status;

    /* the command is init's child: this ends when init says so */
    (void)box_attend(box, -1, &wait_status, &attendant_error);
    _exit(0);
}

/* Shares init's memory: a copy would cost as much as starting a command. */
static pid_t start_attendant(struct box *box)
{
    return clone(attendant_main, attendant_stack + ATTENDANT_STACK, CLONE_VM | SIGCHLD, box);
}

/* --- one command -------------------------------------------------------------------------------- */

/* From the kernel, that is. A command can send init this signal too. */
static void end_of_time(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    if (info->si_code <= 0) /* SI_USER, SI_TKILL, ... */
        return;
    time_is_up = 1;
    (void)kill(-1, SIGKILL);
}

enum end {
    END_COMMAND,
    END_ATTENDANT, /* before the command: nobody answers it any more */
    END_CLIENT
};

static int open_process(pid_t pid)
{
    return (int)syscall(CALL_PIDFD_OPEN, pid, 0);
}

/* One that asked to be traced by its parent stops where nobody sets it going again; no pidfd tells. */
static void let_go_if_traced(pid_t command)
{
    siginfo_t info = {0};

    if (waitid(P_PID, (id_t)command, &info, WSTOPPED | WNOHANG) == 0 && info.si_pid == command &&
        info.si_code == CLD_TRAPPED)
        /* as wait4 has it */
        (void)supervisor_let_go(command, (info.si_status & 0xff) << 8 | 0x7f);
}

/* Until one of them has ended. The attendant is started when there is something for it to answer. */
static enum end wait_for(struct box *box, pid_t command)
{
    enum {
        COMMAND,
        CLIENT,
        LISTENER,
        ATTENDANT,
        COUNT
    };
    struct pollfd polled[COUNT] = {
        [COMMAND] = {.fd = open_process(command), .events = POLLIN},
        [CLIENT] = {.fd = client, .events = POLLRDHUP},
        [LISTENER] = {.fd = box->confinement.listener, .events = POLLIN},
        [ATTENDANT] = {.fd = -1, .events = POLLIN},
    };
    enum end end = END_ATTENDANT;

    while (polled[COMMAND].fd >= 0) {
        const struct timespec patience = {.tv_nsec = LOOK_MS * 1000000L};

        /* EINTR: a signal was passed on, or the time is up and everything is killed */
        if (ppoll(polled, COUNT, &patience, &let_through) <= 0) {
            let_go_if_traced(command);
            continue;
        }
        if (polled[COMMAND].revents != 0) {
            end = END_COMMAND;
            break;
        }
        if ((polled[CLIENT].revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0) {
            end = END_CLIENT;
            break;
        }
        if (polled[ATTENDANT].revents != 0)
            break;
        if ((polled[LISTENER].revents & POLLIN) != 0) {
            polled[ATTENDANT].fd = open_process(start_attendant(box));
            if (polled[ATTENDANT].fd < 0)
                break;
        }
        if (polled[LISTENER].revents != 0)
            polled[LISTENER].fd = -1; /* attended, or no process uses the filter any more */
    }
    for (size_t i = 0; i < COUNT; i++) {
        if (i != CLIENT && i != LISTENER && polled[i].fd >= 0)
            (void)close(polled[i].fd);
    }
    return end;
}

/* The command's wait status, or -1. */
static int kill_everything(pid_t command)
{
    int found = -1;

    (void)kill(-1, SIGKILL);
    for (;;) {
        int status = 0;
        pid_t ended = waitpid(-1, &status, __WALL);

        if (ended == command && ended > 0)
            found = status;
        if (ended < 0 && errno != EINTR)
            return found;
    }
}

/* Makes the process of the next command while nobody waits for it. Nothing of the last command's is
 * left, and no process that could use what is put back: an attendant may have been killed at any
 * moment. */
static pid_t prepare_next(struct box *box, struct error *err)
{
    supervisor_unmap(&maps);
    box_stack_again(box);
    launch_stack_again(attendant_stack, ATTENDANT_STACK);
    confinement_again(&box->confinement, NULL);
    attendant_error.code = ERR_NONE;
    time_is_up = 0;
    return box_prepare_command(box, err);
}

static void conclude(const struct box *box, enum end end, int wait_status,
                     struct session_reply *reply)
{
    struct rusage usage = {0};
    struct run_outcome outcome = {0};

    if (time_is_up != 0) {
        *reply = (struct session_reply){.status = 124, .signal = SIGKILL};
        return;
    }
    if (end == END_COMMAND && wait_status >= 0 && box->confinement.exec_error == 0) {
        launch_describe(wait_status, &usage, &outcome);
        *reply = (struct session_reply){.status = outcome.status, .signal = outcome.signal};
        return;
    }
    *reply = (struct session_reply){.status = 125};
    if (box->confinement.exec_error != 0)
        reply->status = confinement_exec_status(&box->confinement, &reply->error);
    else if (attendant_error.code != ERR_NONE)
        reply->error = attendant_error;
    else
        (void)error_set(&reply->error, ERR_OS, "the command's attendant was killed");
}

/* False: nobody is there any more to be answered. The command's process is used up. */
static bool run_one(struct box *box, pid_t command, struct order *order,
                    struct session_reply *reply)
{
    enum end end = END_COMMAND;

    launch_relay_to(command);
    if (release_command(box, order, &reply->error) < 0) {
        (void)kill_everything(-1);
    } else {
        (void)alarm(order->request.timeout_s);
        end = wait_for(box, command);
        (void)alarm(0);
        conclude(box, end, kill_everything(command), reply);
    }
    launch_relay_to(0);
    if (box->confinement.listener >= 0)
        (void)close(box->confinement.listener);
    return end != END_CLIENT;
}

static int prepare(struct box *box, struct error *err)
{
    struct sigaction action = {.sa_sigaction = end_of_time, .sa_flags = SA_SIGINFO};
    sigset_t set;

    attendant_stack = launch_stack(ATTENDANT_STACK, err);
    if (attendant_stack == NULL)
        return -1;
    client = fcntl(0, F_DUPFD_CLOEXEC, 3);
    nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (client < 0 || nothing < 0)
        return error_os(err, errno, "the session's descriptors");
    if (take_over_stdio(NULL, err) < 0)
        return -1;
    box->maps = &maps;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGALRM);
    if (launch_relay_for(client, &let_through, err) < 0)
        return -1;
    if (sigaction(SIGALRM, &action, NULL) < 0 || sigprocmask(SIG_UNBLOCK, &set, NULL) < 0)
        return error_os(err, errno, "handle the end of time");
    /* CAP_SETPCAP as well: the commands of root set their securebits */
    return capabilities_keep(BOX_SUPERVISOR_CAPABILITIES | (uint64_t)1 << 8, err);
}

int session_serve(struct box *box, struct error *err)
{
    const uint32_t timeout_s = box->request->timeout_s;
    struct session_reply ready = {0};
    int received;

    memcpy(ready.digest, box->plan->digest, sizeof ready.digest);
    if (prepare(box, err) < 0 || answer(&ready) < 0)
        return -1;
    for (;;) {
        struct order order = {.descriptors = {-1, -1, -1}, .request = {.timeout_s = timeout_s}};
        struct session_reply reply;
        struct error why_none;
        pid_t command = prepare_next(box, &why_none);

        for (;;) {
            reply = (struct session_reply){.status = 125};
            received = receive(&order, &reply.error);
            if (received >= 0)
                break;
            /* not understood: the process is there for the next one */
            close_descriptors(&order);
            if (answer(&reply) < 0)
                return 0;
        }
        if (received == 0)
            return 0;
        if (command < 0) {
            close_descriptors(&order);
            reply.error = why_none;
        } else if (!run_one(box, command, &order, &reply)) {
            return 0;
        }
        if (answer(&reply) < 0)
            return 0;
    }
}

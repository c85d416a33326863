/*
 * The server of a session: init of a sandbox that was set up once.
 *
 *     init, pid 1            receives a request, answers it
 *       attendant            one per command: supervises it, ends with it
 *         command            confined as by `run`, its own filter and listener
 *
 * When a command has ended, everything it started is killed and reaped before
 * the answer goes out. The private /tmp and /dev/shm stay: a session is one
 * sandbox with many commands. Nothing here allocates (arena_linux.c). A command
 * can kill its own attendant; that ends the command, and is answered as 125.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/linux/apply.h"
#include "sandbox/linux/kernel.h"
#include "sandbox/linux/namespace_box.h"
#include "sandbox/linux/session.h"

enum {
    SOCKET = 0,
    CALL_PIDFD_OPEN = 434
};

static char message[SESSION_MESSAGE_MAX];
static char *texts[SESSION_TEXT_MAX + 2];
static volatile sig_atomic_t time_is_up;

struct order { /* one received request */
    int descriptors[3];
    struct run_request request;
};

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
    order->request.argv = texts;
    order->request.envp = texts + header.argument_count + 1;
    order->request.cwd = directory[0] != '\0' ? directory : NULL;
    return 0;
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

    do
        size = recvmsg(SOCKET, &header, MSG_CMSG_CLOEXEC);
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
        size = send(SOCKET, reply, sizeof *reply, MSG_NOSIGNAL);
    while (size < 0 && errno == EINTR);
    return size == (ssize_t)sizeof *reply ? 0 : -1;
}

/* --- the attendant ------------------------------------------------------------------------------ */

static int take_over_stdio(const struct box *box, const struct order *order, struct error *err)
{
    for (int i = 0; i < 3; i++) {
        if (dup2(order->descriptors[i], i) < 0)
            return error_os(err, errno, "hand over descriptor %d", i);
    }
    if (kernel_close_range(3 + (unsigned)mounts_kept(box->plan), ~0u, 0) < 0)
        return error_os(err, errno, "close descriptors");
    return launch_check_stdio(box->plan, err);
}

static int attend(struct box *box, const struct order *order, struct session_reply *reply)
{
    struct error *err = &reply->error;
    struct rusage usage = {0};
    struct run_outcome outcome = {0};
    int wait_status = 0;
    pid_t command;

    box->request = &order->request;
    box->confinement.request = &order->request;
    if (take_over_stdio(box, order, err) < 0 || box_change_directory(&order->request, err) < 0)
        return -1;
    command = box_start_command(box, err);
    if (command < 0)
        return -1;
    if (box->confinement.exec_error != 0) {
        reply->status = confinement_exec_status(&box->confinement, err);
        return -1;
    }
    if (box_attend(box, command, &wait_status, err) < 0)
        return -1;
    launch_describe(wait_status, &usage, &outcome);
    reply->status = outcome.status;
    reply->signal = outcome.signal;
    return 0;
}

/* --- one command -------------------------------------------------------------------------------- */

static void end_of_time(int number)
{
    (void)number;
    time_is_up = 1;
    (void)kill(-1, SIGKILL);
}

/* Until the attendant has ended, or the client is gone: then false. */
static bool wait_for(pid_t attendant)
{
    int handle = (int)syscall(CALL_PIDFD_OPEN, attendant, 0);
    struct pollfd polled[2] = {{.fd = handle, .events = POLLIN},
                               {.fd = SOCKET, .events = POLLRDHUP}};
    bool is_alone = false;

    while (handle >= 0 && polled[0].revents == 0 && !is_alone) {
        (void)poll(polled, 2, -1);
        is_alone = (polled[1].revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
    }
    if (handle >= 0)
        (void)close(handle);
    return !is_alone;
}

static void kill_everything(void)
{
    (void)kill(-1, SIGKILL);
    while (waitpid(-1, NULL, __WALL) > 0 || errno == EINTR)
        ;
}

static bool run_one(struct box *box, struct order *order, struct session_reply *shared)
{
    bool is_attended;
    pid_t attendant;

    memset(shared, 0, sizeof *shared);
    shared->status = 125;
    (void)error_set(&shared->error, ERR_OS, "the command's attendant was killed");
    time_is_up = 0;
    attendant = fork();
    if (attendant == 0) {
        struct session_reply reply = {.status = 125};

        (void)attend(box, order, &reply);
        *shared = reply;
        _exit(0);
    }
    close_descriptors(order);
    if (attendant < 0) {
        (void)error_os(&shared->error, errno, "start the command's attendant");
        return true;
    }
    (void)alarm(order->request.timeout_s);
    is_attended = wait_for(attendant);
    (void)alarm(0);
    kill_everything();
    if (time_is_up != 0)
        *shared = (struct session_reply){.status = 124, .signal = SIGKILL};
    return is_attended;
}

static int prepare(struct session_reply **shared, struct error *err)
{
    struct sigaction action = {.sa_handler = end_of_time};
    sigset_t set;

    *shared =
        mmap(NULL, sizeof **shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (*shared == MAP_FAILED)
        return error_os(err, errno, "shared memory");
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGALRM);
    if (sigaction(SIGALRM, &action, NULL) < 0 || sigprocmask(SIG_UNBLOCK, &set, NULL) < 0)
        return error_os(err, errno, "handle the end of time");
    /* CAP_SETPCAP as well: the commands of root set their securebits */
    return capabilities_keep(BOX_SUPERVISOR_CAPABILITIES | (uint64_t)1 << 8, err);
}

int session_serve(struct box *box, struct error *err)
{
    const uint32_t timeout_s = box->request->timeout_s;
    struct session_reply ready = {0};
    struct session_reply *shared;
    int received;

    if (prepare(&shared, err) < 0 || answer(&ready) < 0)
        return -1;
    for (;;) {
        struct order order = {.descriptors = {-1, -1, -1}, .request = {.timeout_s = timeout_s}};
        struct session_reply refusal = {.status = 125};

        received = receive(&order, &refusal.error);
        if (received == 0)
            return 0;
        if (received < 0) {
            close_descriptors(&order);
            if (answer(&refusal) < 0)
                return 0;
            continue;
        }
        if (!run_one(box, &order, shared) || answer(shared) < 0)
            return 0;
    }
}

/*
 * The loop: wait for a notification or the end of a child, answer the one, reap
 * the other. See supervisor.h for what it is for.
 */
#include "sandbox/linux/near.h"
#include "sandbox/linux/supervisor_internal.h"

#include <linux/audit.h>
#include <string.h>
#include <time.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "base/auto.h"

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS      _IOW('!', 4, uint64_t) /* Linux 6.6 */
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP 1
#endif

#if defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#else
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#endif

#define WAKE          64  /* supervisor_worker.c */
#define TEND_MS       100 /* how often running workers are looked after */
#define REAP_EVERY    64  /* notifications; under load ppoll never reports a signal */
#define SIGNAL_BIT(n) (UINT64_C(1) << ((n)-1))

/* ---- answering ------------------------------------------------------------------------------- */

void request_send(struct request *request, long result)
{
    struct seccomp_notif_resp response = {.id = request->notification.id};

    if (request->reply == REPLY_CONTINUE)
        response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    else if (result < 0)
        response.error = (int32_t)result;
    else
        response.val = result;
    /* The only failure is that the caller has died meanwhile. */
    (void)sys_ioctl(request->supervisor->config->listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

/*
 * With SECCOMP_ADDFD_FLAG_SEND the caller goes on while we still hold the file:
 * were it to write, close and execute it at once, execve would say ETXTBSY (8 of
 * 10 times here). So what can be executed takes one more round: handed over,
 * closed here, answered. The rest can be executed only after a chmod, which is
 * handed over too (answer_barrier) and so comes after our close; but not after
 * that of a worker.
 */
long request_send_fd(struct request *request, int fd, uint64_t flags, bool is_executable)
{
    bool is_last_round = !is_executable && request->reply != REPLY_LATER;
    struct seccomp_notif_addfd add = {
        .id = request->notification.id,
        .flags = is_last_round ? SECCOMP_ADDFD_FLAG_SEND : 0,
        .srcfd = (uint32_t)fd,
        .newfd_flags = (uint32_t)flags,
    };
    long result;

    do {
        result = sys_ioctl(request->supervisor->config->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
    } while (result == -EINTR && request_is_valid(request));
    if (result == -ENOENT || (result >= 0 && is_last_round))
        request->reply = REPLY_SENT;
    if (result >= 0)
        request_close_owned(request);
    return result;
}

/* Makes a file executable: by the time it is our turn every file handed out before is closed here.
 * Nothing was judged, so nothing can be changed behind a judgement. */
static long answer_barrier(struct request *request, const struct call_shape *shape)
{
    (void)shape;
    request->reply = REPLY_CONTINUE;
    return 0;
}

/* umask(2) has no memory that could change: it is only noted that it happened. */
static long answer_umask(struct request *request, const struct call_shape *shape)
{
    (void)shape;
    umask_note_call(request);
    request->reply = REPLY_CONTINUE;
    return 0;
}

static const struct call_shape own_shapes[] = {
    {.number = SYS_umask, .answer = answer_umask},
#ifdef SYS_chmod
    {.number = SYS_chmod, .answer = answer_barrier},
#endif
    {.number = SYS_fchmod, .answer = answer_barrier},
    {.number = SYS_fchmodat, .answer = answer_barrier},
    {.number = SYS_FCHMODAT2, .answer = answer_barrier},
};

static const struct call_shape *find_in(const struct call_shape *shapes, size_t count, int number)
{
    for (size_t i = 0; i < count; i++) {
        if (shapes[i].number == number)
            return &shapes[i];
    }
    return NULL;
}

static const struct call_shape *find_shape(int number)
{
    const struct call_shape *found = find_in(open_shapes, open_shape_count, number);

    if (found == NULL)
        found = find_in(create_shapes, create_shape_count, number);
    if (found == NULL)
        found = find_in(socket_shapes, socket_shape_count, number);
    if (found == NULL)
        found = find_in(fork_shapes, fork_shape_count, number);
    return found != NULL ? found : find_in(own_shapes, ARRAY_SIZE(own_shapes), number);
}

/* ---- the log --------------------------------------------------------------------------------- */

/* NUL bytes, which abstract names have, are shown as '@', as ss(8) does. */
void request_note(struct request *request, const char *what, const char *object, size_t length)
{
    size_t room = sizeof request->refused_object - 1;

    if (request->supervisor->config->refusals == NULL)
        return;
    request->refused = what;
    if (length > room)
        length = room;
    for (size_t i = 0; i < length; i++)
        request->refused_object[i] = object[i] != '\0' ? object[i] : '@';
    request->refused_object[length] = '\0';
}

void request_note_place(struct request *request, const char *what, const struct place *place)
{
    char *path = request->text;
    long size;

    if (request->supervisor->config->refusals == NULL)
        return;
    size = guard_path(request, place->directory, path);
    if (size < 0)
        size = 0;
    path[size++] = '/';
    memcpy(path + size, place->name, place->length < NAME_MAX ? place->length : NAME_MAX);
    request_note(request, what, path,
                 (size_t)size + (place->length < NAME_MAX ? place->length : NAME_MAX));
}

/* In memory shared with the launcher, which reads it when everything here has ended. */
static void keep_note(const struct request *request)
{
    struct run_refusals *refusals = request->supervisor->config->refusals;
    struct timespec now = {0};
    struct run_refusal *row;

    if (refusals->count < ARRAY_SIZE(refusals->rows)) {
        row = &refusals->rows[refusals->count];
        (void)sys_call(SYS_clock_gettime, CLOCK_REALTIME, SYS_PTR(&now), 0, 0, 0, 0);
        row->time_s = now.tv_sec;
        row->what = request->refused;
        memcpy(row->object, request->refused_object, sizeof row->object);
    }
    refusals->count++;
}

static void answer(struct request *request)
{
    const struct seccomp_data *data = &request->notification.data;
    const struct call_shape *shape = data->arch == NATIVE_ARCH ? find_shape(data->nr) : NULL;
    long result = -ENOSYS;

    request->reply = REPLY_RESULT;
    request->refused = NULL;
    if (shape != NULL)
        result = shape->answer(request, shape);
    if (request->refused != NULL && result < 0 && request->reply == REPLY_RESULT)
        keep_note(request);
    if (request->reply == REPLY_LATER)
        return;
    if (request->reply != REPLY_SENT)
        request_send(request, result);
    request_close_owned(request);
}

/* ---- waiting --------------------------------------------------------------------------------- */

/* Only there to interrupt: an ignored signal would not. */
static void on_signal(int number)
{
    (void)number;
}

/* Everything is blocked but while it waits; then what the caller had, and SIGCHLD. */
static int prepare_signals(uint64_t *waiting, struct error *err)
{
    struct sigaction action = {.sa_handler = on_signal};
    uint64_t all = ~UINT64_C(0);
    uint64_t before = 0;
    long result;

    if (sigaction(SIGCHLD, &action, NULL) < 0 || sigaction(WAKE, &action, NULL) < 0)
        return error_os(err, errno, "supervisor: sigaction");
    result = sys_call(SYS_rt_sigprocmask, SIG_SETMASK, SYS_PTR(&all), SYS_PTR(&before), sizeof all,
                      0, 0);
    if (result < 0)
        return error_os(err, (int)-result, "supervisor: rt_sigprocmask");
    *waiting = (before & ~SIGNAL_BIT(SIGCHLD)) | SIGNAL_BIT(WAKE);
    return 0;
}

static int failed(struct error *err, long result, const char *what)
{
    return error_os(err, (int)-result, "supervisor: %s", what);
}

/* What the first notification needs. Nothing of it is done for a command that makes none. */
static int begin(struct supervisor *supervisor, struct error *err)
{
    struct stat status;
    long result;

    supervisor->slash = (int)sys_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    supervisor->proc = (int)sys_openat(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    if (supervisor->slash < 0 || supervisor->proc < 0)
        return failed(err, supervisor->slash < 0 ? supervisor->slash : supervisor->proc, "open /");
    result = sys_fstat(supervisor->proc, &status);
    if (result < 0)
        return failed(err, result, "fstat /proc");
    if (sys_fs_type(supervisor->proc) != PROC_MAGIC)
        return error_set(err, ERR_UNSUPPORTED, "supervisor: /proc is not a proc file system");
    supervisor->proc_device = status.st_dev;
    supervisor->self = (pid_t)sys_call(SYS_getpid, 0, 0, 0, 0, 0, 0);
    supervisor->own_umask = supervisor->config->umask;
    (void)sys_call(SYS_umask, (long)supervisor->own_umask, 0, 0, 0, 0, 0);
    /* A hint where the kernel has it: the caller runs on our processor at once. */
    (void)sys_call(SYS_ioctl, supervisor->config->listener, (long)SECCOMP_IOCTL_NOTIF_SET_FLAGS,
                   SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP, 0, 0, 0);
    supervisor->current = worker_free_slot(supervisor);
    return supervisor->current == NULL ? error_memory(err, "the supervisor's first request") : 0;
}

static int serve_one(struct supervisor *supervisor, struct error *err)
{
    struct request *request;
    long result;

    if (supervisor->current == NULL && begin(supervisor, err) < 0)
        return -1;
    request = supervisor->current;
    memset(request->room, 0, sizeof request->room);
    result =
        sys_ioctl(supervisor->config->listener, SECCOMP_IOCTL_NOTIF_RECV, &request->notification);
    if (result == -EINTR || result == -ENOENT) /* the caller died or took a signal first */
        return 0;
    if (result < 0)
        return failed(err, result, "receive a notification");
    answer(request);
    return 0;
}

/* PTRACE_TRACEME makes the parent the tracer, and wait4 report each stop as it does an end. */
bool supervisor_let_go(pid_t pid, int wait_status)
{
    int number = WSTOPSIG(wait_status);

    if (!WIFSTOPPED(wait_status))
        return false;
    /* execve stops with SIGTRAP, which would end a process that nobody traces */
    (void)sys_call(SYS_ptrace, PTRACE_DETACH, pid, 0, number == SIGTRAP ? 0 : number, 0, 0);
    return true;
}

/* True when `command` has ended. Reaps whatever else has. */
static bool reap(pid_t command, int *wait_status)
{
    for (;;) {
        int status = 0;
        long ended = sys_call(SYS_wait4, -1, SYS_PTR(&status), WNOHANG | __WALL, 0, 0, 0);

        if (ended > 0 && supervisor_let_go((pid_t)ended, status))
            continue;
        if (ended == command && ended > 0) {
            *wait_status = status;
            return true;
        }
        if (ended <= 0)
            return false;
    }
}

struct loop {
    struct supervisor supervisor;
    struct pollfd listener;
    uint64_t waiting; /* blocked signals while it waits */
    unsigned until_reap;
    bool is_near; /* on the command's processor, until there is work or some time has gone by */
};

/* Waits for something to do. A notification: 1; perhaps an ended child: 0. */
static int wait_for_work(struct loop *loop, struct error *err)
{
    struct timespec patience = {.tv_nsec = (loop->is_near ? NEAR_MS : TEND_MS) * 1000000L};
    bool is_tending = loop->supervisor.current != NULL && worker_tend(&loop->supervisor);
    long ready;

    loop->listener.revents = 0;
    ready = sys_call(SYS_ppoll, SYS_PTR(&loop->listener), 1,
                     is_tending || loop->is_near ? SYS_PTR(&patience) : 0, SYS_PTR(&loop->waiting),
                     sizeof loop->waiting, 0);
    if (ready < 0 && ready != -EINTR)
        return failed(err, ready, "ppoll");
    if (loop->is_near && (ready == 0 || (loop->listener.revents & POLLIN) != 0)) {
        loop->is_near = false;
        if (near_end(err) < 0)
            return -1;
    }
    if (ready > 0 && (loop->listener.revents & POLLNVAL) != 0)
        return failed(err, -EBADF, "the listener");
    if (ready > 0 && (loop->listener.revents & POLLIN) != 0)
        return 1;
    if (ready > 0) /* POLLHUP: no process uses the filter any more */
        loop->listener.fd = -1;
    return 0;
}

static int check_names(const struct supervisor_config *config, struct error *err)
{
    for (size_t i = 0; i < config->name_count; i++) {
        const char *name = config->names[i];
        const char *rest = strncmp(name, "**/", 3) == 0 ? name + 3 : name;

        if (*rest == '\0' || *rest == '/' || rest[strlen(rest) - 1] == '/' ||
            (rest != name && strchr(rest, '/') != NULL))
            return error_set(err, ERR_INVALID, "supervisor: cannot protect the name '%s'", name);
    }
    return 0;
}

int supervisor_serve(const struct supervisor_config *config, pid_t command, int *wait_status,
                     struct error *err)
{
    struct loop loop = {
        .supervisor = {.config = config, .proc = -1, .slash = -1},
        .listener = {.fd = config->listener, .events = POLLIN},
        .is_near = near_is_on(),
    };

    if (check_names(config, err) < 0 || prepare_signals(&loop.waiting, err) < 0)
        return -1;
    for (;;) {
        int work;

        if (loop.until_reap == 0 && reap(command, wait_status))
            return 0;
        work = wait_for_work(&loop, err);
        if (work < 0 || (work > 0 && serve_one(&loop.supervisor, err) < 0))
            return -1;
        loop.until_reap = work > 0 ? (loop.until_reap + 1) % REAP_EVERY : 0;
    }
}

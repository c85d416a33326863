/*
 * bind(2) and connect(2), done by us on the caller's own socket.
 *
 * All address families pass here, not only unix: the filter sees a descriptor,
 * not what it is, and what it is may change until the call happens.
 *
 * bind keeps the address as it was given, because getsockname(2) shows it, so
 * its path is resolved by the kernel, as us. What that could reach in our own
 * /proc entries is no more than what the caller reaches (supervisor.h says which
 * descriptors we may hold); where we hold writable git directories, a process
 * without them does it. The last component, which alone decides about protected
 * names, is never followed.
 *
 * Differences that stay: SO_PEERCRED of an accepted connection names our pid;
 * getsockname shows an abstract name that is not the one asked for.
 */
#include "sandbox/linux/supervisor_internal.h"

#include <sched.h>
#include <string.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/auto.h"

#define ADDRESS_MAX 128 /* struct sockaddr_storage; the kernel takes no more */
#define BIND_STACK  32768
#define PATH_OFFSET offsetof(struct sockaddr_un, sun_path)

/* The three arguments that bind and connect have in common. */
struct socket_call {
    int fd;     /* the caller's socket, ours too now */
    int domain; /* AF_... */
    unsigned size;
    union {
        struct sockaddr any;
        struct sockaddr_un unix_address;
        char bytes[ADDRESS_MAX + 1]; /* always followed by a NUL */
    } address;
};

static long socket_option(int fd, int option)
{
    int value = 0;
    uint32_t size = sizeof value;
    long result =
        sys_call(SYS_getsockopt, fd, SOL_SOCKET, option, SYS_PTR(&value), SYS_PTR(&size), 0);

    return result < 0 ? result : value;
}

static long read_call(struct request *request, struct socket_call *call)
{
    int size = (int)request_argument(request, 2);
    long result;

    memset(call, 0, sizeof *call);
    if (size < 0 || size > ADDRESS_MAX)
        return -EINVAL;
    call->size = (unsigned)size;
    result = request_read(request, request_argument(request, 1), call->address.bytes, (size_t)size);
    if (result >= 0)
        result = request_take_fd(request, (int)request_argument(request, 0));
    if (result < 0)
        return result;
    call->fd = (int)result;
    result = socket_option(call->fd, SO_DOMAIN);
    call->domain = (int)result;
    return result < 0 ? result : 0;
}

static bool is_unix(const struct socket_call *call)
{
    return call->domain == AF_UNIX && call->size >= PATH_OFFSET &&
           call->address.any.sa_family == AF_UNIX;
}

/* A name in the file system rather than an abstract one or none. */
static bool has_path(const struct socket_call *call)
{
    return is_unix(call) && call->size > PATH_OFFSET &&
           call->address.unix_address.sun_path[0] != '\0';
}

static bool is_abstract(const struct socket_call *call)
{
    return is_unix(call) && call->size > PATH_OFFSET &&
           call->size <= sizeof call->address.unix_address &&
           call->address.unix_address.sun_path[0] == '\0';
}

static struct abstract_name abstract_of(const struct socket_call *call)
{
    struct abstract_name name = {.size = call->size - PATH_OFFSET};

    memcpy(name.bytes, call->address.unix_address.sun_path, name.size);
    return name;
}

static void set_abstract(struct socket_call *call, const struct abstract_name *name)
{
    memcpy(call->address.unix_address.sun_path, name->bytes, name->size);
    call->size = (unsigned)(PATH_OFFSET + name->size);
}

static long do_bind(const struct socket_call *call)
{
    return sys_call(SYS_bind, call->fd, SYS_PTR(&call->address), call->size, 0, 0, 0);
}

struct bind_job {
    const struct supervisor_config *config;
    const struct socket_call *call;
    int base;
    long result;
};

static int bind_without_gits(void *argument)
{
    struct bind_job *job = argument;

    for (size_t i = 0; i < job->config->git_count; i++)
        (void)sys_close(job->config->gits[i].writable);
    job->result = sys_call(SYS_fchdir, job->base, 0, 0, 0, 0, 0);
    if (job->result == 0)
        job->result = do_bind(job->call);
    (void)sys_call(SYS_exit_group, 0, 0, 0, 0, 0, 0);
    return 0;
}

/*
 * bind("/proc/self/fd/3/hooks/x") would be made in a git directory that only we may write to. In the
 * process that does it "self" has no such descriptor, and our own entries are closed to it: the memory
 * that it shares with us is not dumpable, and our privilege has been dropped. A thread would not do,
 * its /proc/self is ours. The caller can kill it, and then has no socket.
 */
static long bind_elsewhere(struct request *request, const struct socket_call *call, int base)
{
    _Alignas(16) char stack[BIND_STACK];
    struct bind_job job = {
        .config = request->supervisor->config, .call = call, .base = base, .result = -EAGAIN};
    pid_t child = clone(bind_without_gits, stack + sizeof stack, CLONE_VM | CLONE_VFORK, &job);

    if (child < 0)
        return -EAGAIN;
    while (sys_call(SYS_wait4, child, 0, __WALL, 0, 0, 0) == -EINTR)
        ;
    return job.result;
}

static long bind_here(struct request *request, const struct socket_call *call, int base)
{
    long result = sys_call(SYS_fchdir, base, 0, 0, 0, 0, 0);

    if (result == 0)
        result = do_bind(call);
    (void)sys_call(SYS_fchdir, request->supervisor->slash, 0, 0, 0, 0, 0);
    return result;
}

/* With the caller's working directory and umask, and none of our privilege. */
static long bind_path(struct request *request, const struct socket_call *call, int *base)
{
    long result = request_base(request, AT_FDCWD, "");

    *base = (int)result;
    if (result >= 0)
        result = request_use_umask(request);
    if (result == 0 && !request_is_valid(request))
        return -EINTR;
    if (result < 0)
        return result;
    result = proc_drop_privilege();
    if (result == 0)
        result = request->supervisor->config->git_count > 0 ? bind_elsewhere(request, call, *base)
                                                            : bind_here(request, call, *base);
    proc_take_privilege();
    return result;
}

static long bind_unix(struct request *request, struct socket_call *call)
{
    const struct supervisor_config *config = request->supervisor->config;
    const char *name = call->address.bytes + PATH_OFFSET;
    struct abstract_name asked = {.size = 0};
    int base = -1;
    long result;

    if (has_path(call) && guard_matches_text(config, name)) {
        request_note(request, "name", name, strlen(name));
        return -EROFS;
    }
    if (config->guards_sockets && !unix_has_room(request))
        return -ENOMEM;
    unix_note_time(request);
    if (config->guards_sockets && is_abstract(call)) {
        struct abstract_name real;

        asked = abstract_of(call);
        result = unix_disguise(request, &asked, &real);
        if (result < 0)
            return result;
        set_abstract(call, &real);
    }
    result = has_path(call) ? bind_path(request, call, &base) : do_bind(call);
    if (result < 0 || !config->guards_sockets)
        return result;
    if (has_path(call))
        memcpy(request->path[0], name, strlen(name) + 1);
    unix_remember(request, call->fd, has_path(call) ? request->path[0] : NULL,
                  name[0] == '/' ? request->supervisor->slash : base, &asked);
    return result;
}

static long answer_bind(struct request *request, const struct call_shape *shape)
{
    struct socket_call call;
    long result = read_call(request, &call);

    (void)shape;
    if (result == 0 && !request_is_valid(request))
        return -EINTR;
    if (result < 0)
        return result;
    return is_unix(&call) ? bind_unix(request, &call) : do_bind(&call);
}

static long connect_job(struct request *request)
{
    return sys_call(SYS_connect, request->job_fd, SYS_PTR(request->job_address),
                    request->job_address_size, 0, 0, 0);
}

/* Only what cannot wait is done by the loop itself. */
static long start_connect(struct request *request, const struct socket_call *call)
{
    long flags = sys_fcntl(call->fd, F_GETFL, 0);
    long type = socket_option(call->fd, SO_TYPE);

    if (flags < 0 || type < 0)
        return flags < 0 ? flags : type;
    request->job_fd = call->fd;
    request->job_address_size = call->size;
    memcpy(request->job_address, &call->address, call->size);
    if ((flags & O_NONBLOCK) != 0 || type == SOCK_DGRAM || type == SOCK_RAW)
        return connect_job(request);
    return worker_hand_over(request, connect_job);
}

/* Puts the inode that was judged in the place of the path. */
static long judge_path(struct request *request, struct socket_call *call)
{
    char *path = request->path[0];
    struct stat status;
    long object;

    if (call->size > sizeof call->address.unix_address)
        return -EINVAL;
    memcpy(path, call->address.unix_address.sun_path, sizeof call->address.bytes - PATH_OFFSET);
    object = request_base(request, AT_FDCWD, path);
    if (object >= 0)
        object = resolve_object(request, (int)object, path);
    if (object < 0)
        return object;
    if (sys_fstat((int)object, &status) < 0 || !S_ISSOCK(status.st_mode))
        return -ECONNREFUSED;
    if (!unix_is_inside(request, (int)object)) {
        request_note(request, "connect", call->address.unix_address.sun_path,
                     strnlen(call->address.unix_address.sun_path,
                             sizeof call->address.unix_address.sun_path));
        return -EACCES;
    }
    format_path(call->address.unix_address.sun_path, "/proc/self/fd/", object, "");
    call->size = (unsigned)(PATH_OFFSET + strlen(call->address.unix_address.sun_path) + 1);
    return 0;
}

/* As if the name did not exist: to the caller it does not. */
static long judge_abstract(struct request *request, struct socket_call *call)
{
    const char *name = call->address.bytes + PATH_OFFSET;
    struct abstract_name real;

    if (is_abstract(call)) {
        const struct abstract_name asked = abstract_of(call);

        if (unix_reveal(request, &asked, &real)) {
            set_abstract(call, &real);
            return 0;
        }
    }
    request_note(request, "connect", name, call->size - PATH_OFFSET);
    return -ECONNREFUSED;
}

static long answer_connect(struct request *request, const struct call_shape *shape)
{
    struct socket_call call;
    long result = read_call(request, &call);

    (void)shape;
    if (result == 0 && has_path(&call))
        result = judge_path(request, &call);
    else if (result == 0 && is_unix(&call) && call.size > PATH_OFFSET)
        result = judge_abstract(request, &call);
    if (result == 0 && !request_is_valid(request))
        return -EINTR;
    return result < 0 ? result : start_connect(request, &call);
}

const struct call_shape socket_shapes[] = {
    {.number = SYS_bind, .answer = answer_bind},
    {.number = SYS_connect, .answer = answer_connect},
};

const size_t socket_shape_count = ARRAY_SIZE(socket_shapes);

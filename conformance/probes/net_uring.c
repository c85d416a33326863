/*
 * Rows of area net: io_uring, where the kernel acts on requests in shared
 * memory and no filter of system calls sees a socket(2) or connect(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probe.h"
#include "conformance/probes/host.h"
#include "conformance/probes/net_tools.h"
#include "conformance/probes/ring.h"

static int ring_socket(struct ring *ring, int family, int type)
{
    struct io_uring_sqe operation = {.opcode = IORING_OP_SOCKET, .fd = family};

    operation.off = (unsigned)type;
    return ring_do(ring, &operation);
}

static int ring_connect(struct ring *ring, int fd, const void *address, socklen_t size)
{
    struct io_uring_sqe operation = {.opcode = IORING_OP_CONNECT, .fd = fd};

    operation.addr = (uintptr_t)address;
    operation.off = size;
    return ring_do(ring, &operation);
}

static int ring_send(struct ring *ring, int fd, const char *message)
{
    struct io_uring_sqe operation = {.opcode = IORING_OP_SEND, .fd = fd};

    operation.addr = (uintptr_t)message;
    operation.len = (unsigned)strlen(message);
    operation.msg_flags = MSG_NOSIGNAL;
    return ring_do(ring, &operation);
}

static int ring_say(const struct attempt *a, struct ring *ring, int family, int type,
                    const void *address, socklen_t size, const char *way)
{
    const int fd = ring_socket(ring, family, type);
    AUTO_CLOSE int owned = fd >= 0 ? fd : -1;
    int result;

    if (fd < 0)
        return -fd;
    result = ring_connect(ring, owned, address, size);
    if (result >= 0)
        result = ring_send(ring, owned, message_of(a, way));
    return result < 0 ? -result : 0;
}

static int ring_write_file(struct ring *ring, const char *path, const char *text)
{
    struct io_uring_sqe open_it = {.opcode = IORING_OP_OPENAT, .fd = AT_FDCWD};
    struct io_uring_sqe write_it = {.opcode = IORING_OP_WRITE};
    int result;

    open_it.addr = (uintptr_t)path;
    open_it.open_flags = O_WRONLY;
    result = ring_do(ring, &open_it);
    if (result < 0)
        return -result;
    AUTO_CLOSE int fd = result;
    write_it.fd = fd;
    write_it.addr = (uintptr_t)text;
    write_it.len = (unsigned)strlen(text);
    result = ring_do(ring, &write_it);
    return result < 0 ? -result : 0;
}

static int try_ring(const struct attempt *a, struct ring *ring)
{
    const struct sockaddr_in tcp = loopback4(a->tcp4), udp = loopback4(a->udp4);
    struct sockaddr_un local;
    const socklen_t size = unix_path(&local, a->unix_stream);
    int outcome = ring_say(a, ring, AF_INET, SOCK_STREAM, &tcp, sizeof tcp, "io_uring TCP");

    outcome = outcome_join(
        outcome, ring_say(a, ring, AF_INET, SOCK_DGRAM, &udp, sizeof udp, "io_uring UDP"));
    outcome = outcome_join(outcome,
                           ring_say(a, ring, AF_UNIX, SOCK_STREAM, &local, size, "io_uring unix"));
    return outcome_join(outcome,
                        ring_write_file(ring, path_in(a->outside, "canary.txt"), a->nonce));
}

static int io_uring(const struct attempt *a)
{
    struct io_uring_params params;
    struct ring ring;
    AUTO_CLOSE int fd = ring_create(&params);
    const int mapped = fd < 0 ? errno : ring_map(&ring, fd, &params);

    return mapped != 0 ? mapped : try_ring(a, &ring);
}

static int require_ring(struct scene *scene, struct error *err)
{
    struct io_uring_params params;
    AUTO_CLOSE int fd = ring_create(&params);

    (void)scene;
    if (fd < 0)
        return error_set(err, ERR_UNSUPPORTED, "no io_uring here: %s", strerror(errno));
    return 0;
}

/* The layout of the rings is told by io_uring_setup only; the caller's goes into a file. */
static int leak_ring(struct scene *scene, struct error *err)
{
    struct io_uring_params params;
    AUTO_CLOSE int fd = ring_create(&params);
    char path[512];
    AUTO_CLOSE int layout = -1;

    if (fd < 0)
        return error_set(err, ERR_UNSUPPORTED, "no io_uring here: %s", strerror(errno));
    (void)snprintf(path, sizeof path, "%s/ring", scene->ws);
    if (host_plant(scene, path, "", 0644, err) < 0)
        return -1;
    layout = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (layout < 0 || write(layout, &params, sizeof params) != sizeof params)
        return error_os(err, errno, "write %s", path);
    return host_inherit(scene, TAKE_FD(fd), err);
}

static bool is_ring(int fd)
{
    char link[64], target[64];
    ssize_t size;

    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    size = readlink(link, target, sizeof target - 1);
    return size > 0 && memmem(target, (size_t)size, "io_uring", 8) != NULL;
}

static int io_uring_inherited(const struct attempt *a)
{
    struct io_uring_params params;
    struct ring ring;
    AUTO_CLOSE int layout = open(path_in(a->ws, "ring"), O_RDONLY | O_CLOEXEC);

    if (layout < 0 || read(layout, &params, sizeof params) != sizeof params)
        return ATTEMPT_UNABLE;
    for (int fd = 3; fd < 64; fd++) {
        const int mapped = is_ring(fd) ? ring_map(&ring, fd, &params) : ENOENT;

        if (mapped == 0)
            return try_ring(a, &ring);
    }
    return EBADF;
}

static const struct probe rows[] = {
    {
        .id = "net.io-uring",
        .claim = "io_uring does not do what the system calls may not",
        .technique = "IORING_OP_SOCKET, CONNECT and SEND over TCP, UDP and a unix socket; "
                     "IORING_OP_OPENAT and WRITE of a file outside",
        .source = "io_uring_enter(2); phylum-dev/birdcage#32; celln#30",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_LISTENER | ORACLE_CANARY,
        .attempt = io_uring,
        .prepare = require_ring,
    },
    {
        .id = "net.io-uring-inherited",
        .claim = "a ring that the caller left open does not reach the command",
        .technique = "the caller leaks an io_uring as descriptor 3; the same operations through it",
        .source = "io_uring_setup(2); CVE-2024-21626 for the class; own",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_LISTENER | ORACLE_CANARY,
        .attempt = io_uring_inherited,
        .prepare = leak_ring,
    },
};

PROBE_FAMILY(family_net_uring, rows);

/*
 * Rows of area fs: files outside reached without their path from here. Roots
 * of processes in /proc, descriptors that were inherited or passed, handles.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probe.h"
#include "conformance/probes/host.h"
#include "conformance/probes/tools.h"

enum {
    FIRST_INHERITED = 3,
    LAST_INHERITED = 256
};

/* Roots in /proc -------------------------------------------------------------------------------- */

static int write_below(const struct attempt *a, const char *root)
{
    const char *canary = path_in(root, path_in(a->outside, "canary.txt"));
    int outcome = try_write(canary, a->nonce);

    return outcome_join(outcome,
                        try_create(path_in(root, path_in(a->outside, "new-by-proc")), a->nonce));
}

static int write_self_root(const struct attempt *a)
{
    char task[64];
    int outcome = write_below(a, "/proc/self/root");

    (void)snprintf(task, sizeof task, "/proc/self/task/%ld/root", syscall(SYS_gettid));
    outcome = outcome_join(outcome, write_below(a, "/proc/thread-self/root"));
    outcome = outcome_join(outcome, write_below(a, task));
    return outcome_join(outcome, try_write("/proc/self/cwd/../outside/canary.txt", a->nonce));
}

/* The victim, our parent, and the first process of what we see. */
static int write_victim_root(const struct attempt *a)
{
    const pid_t others[] = {a->victim, getppid(), 1};
    char path[PATH_MAX];
    int outcome = ATTEMPT_UNABLE;

    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        if (others[i] <= 0)
            continue;
        (void)snprintf(path, sizeof path, "/proc/%d/root", (int)others[i]);
        outcome = outcome_join(outcome, write_below(a, path));
        /* The victim stands in S/outside. */
        (void)snprintf(path, sizeof path, "/proc/%d/cwd/canary.txt", (int)others[i]);
        outcome = outcome_join(outcome, try_write(path, a->nonce));
    }
    return outcome;
}

/* Inherited descriptors -------------------------------------------------------------------------- */

/* Only what was inherited for this case is touched: a sandbox may have descriptors of its own. It
 * is known by device and inode, which are left in the workspace, for the path of a canary may show
 * something else inside, or nothing. */
#define INHERITED_LIST "inherited.txt"

static int inherit_canary(struct scene *scene, const char *name, int flags, struct error *err)
{
    const int fd = open(path_in(scene->outside, name), flags | O_CLOEXEC);
    AUTO_FILE FILE *list = fopen(path_in(scene->ws, INHERITED_LIST), "ae");
    struct stat status;

    if (fd < 0 || fstat(fd, &status) < 0)
        return error_os(err, errno, "open %s to be inherited", name);
    if (list == NULL ||
        fprintf(list, "%ju %ju\n", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino) < 0) {
        (void)close(fd);
        return error_os(err, errno, "note what is inherited");
    }
    return host_inherit(scene, fd, err);
}

static int prepare_read_only(struct scene *scene, struct error *err)
{
    if (inherit_canary(scene, "canary.txt", O_RDONLY, err) < 0)
        return -1;
    return inherit_canary(scene, "dir/inner.txt", O_PATH, err);
}

static int prepare_read_write(struct scene *scene, struct error *err)
{
    if (inherit_canary(scene, "canary.txt", O_RDWR, err) < 0)
        return -1;
    return inherit_canary(scene, "dir/inner.txt", O_WRONLY | O_APPEND, err);
}

static int prepare_directories(struct scene *scene, struct error *err)
{
    if (inherit_canary(scene, ".", O_RDONLY | O_DIRECTORY, err) < 0)
        return -1;
    return inherit_canary(scene, "dir", O_PATH | O_DIRECTORY, err);
}

static bool is_inherited(const struct attempt *a, int fd)
{
    AUTO_FILE FILE *list = NULL;
    uintmax_t device, inode;
    struct stat status;

    if (fstat(fd, &status) < 0)
        return false;
    list = fopen(path_in(a->ws, INHERITED_LIST), "re");
    while (list != NULL && fscanf(list, "%ju %ju", &device, &inode) == 2) {
        if (status.st_dev == device && status.st_ino == inode)
            return true;
    }
    return false;
}

static int reopen_read_write(const struct attempt *a)
{
    int outcome = ATTEMPT_UNABLE;
    char proc[64];

    for (int fd = FIRST_INHERITED; fd < LAST_INHERITED; fd++) {
        if (!is_inherited(a, fd))
            continue;
        (void)snprintf(proc, sizeof proc, "/proc/self/fd/%d", fd);
        outcome = outcome_join(outcome, try_write(proc, a->nonce));
        (void)snprintf(proc, sizeof proc, "/dev/fd/%d", fd);
        outcome = outcome_join(outcome, try_write(proc, a->nonce));
        outcome = outcome_join(outcome, outcome_of(fchmod(fd, 0600)));
    }
    return outcome == ATTEMPT_UNABLE ? EBADF : outcome;
}

static int write_inherited(const struct attempt *a)
{
    int outcome = ATTEMPT_UNABLE;

    for (int fd = FIRST_INHERITED; fd < LAST_INHERITED; fd++) {
        if (!is_inherited(a, fd))
            continue;
        outcome = outcome_join(outcome, outcome_of(write(fd, a->nonce, strlen(a->nonce))));
        outcome = outcome_join(outcome, outcome_of(ftruncate(fd, 1)));
    }
    return outcome == ATTEMPT_UNABLE ? EBADF : outcome;
}

static int write_at(int directory, const char *name, const char *text)
{
    AUTO_CLOSE int fd = openat(directory, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

    return fd < 0 ? errno : write_at_start(fd, text);
}

static int write_below_inherited(const struct attempt *a)
{
    int outcome = ATTEMPT_UNABLE;

    for (int fd = FIRST_INHERITED; fd < LAST_INHERITED; fd++) {
        if (!is_inherited(a, fd))
            continue;
        outcome = outcome_join(outcome, write_at(fd, "canary.txt", a->nonce));
        outcome = outcome_join(outcome, write_at(fd, "../canary.txt", a->nonce));
        outcome = outcome_join(outcome, write_at(fd, "inner.txt", a->nonce));
        if (fchdir(fd) < 0)
            continue;
        outcome = outcome_join(outcome, try_create("new-by-fchdir", a->nonce));
        (void)chdir("/");
    }
    return outcome == ATTEMPT_UNABLE ? EBADF : outcome;
}

/* fs.scm-rights ----------------------------------------------------------------------------------
 * One process opens for reading, which is allowed; the other, in a user namespace of its own where
 * there is one, gets the descriptor and opens it again for writing. */

static int send_descriptor(int socket_fd, int fd)
{
    char byte = 'x';
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec io = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &io,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    return outcome_of(sendmsg(socket_fd, &message, 0));
}

static int receive_descriptor(int socket_fd)
{
    char byte;
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec io = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &io,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    const struct cmsghdr *header;
    int fd;

    if (recvmsg(socket_fd, &message, MSG_CMSG_CLOEXEC) < 0)
        return -1;
    header = CMSG_FIRSTHDR(&message);
    if (header == NULL || header->cmsg_type != SCM_RIGHTS)
        return -1;
    memcpy(&fd, CMSG_DATA(header), sizeof fd);
    return fd;
}

static int passing_ends[2];

static int receive_and_write(const struct attempt *a)
{
    char proc[64];
    AUTO_CLOSE int fd = receive_descriptor(passing_ends[1]);

    if (fd < 0)
        return EBADF;
    (void)snprintf(proc, sizeof proc, "/proc/self/fd/%d", fd);
    return try_write(proc, a->nonce);
}

static int pass_descriptor(const struct attempt *a)
{
    AUTO_CLOSE int fd = open(path_in(a->outside, "canary.txt"), O_RDONLY | O_CLOEXEC);
    int outcome;

    if (fd < 0)
        return errno;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, passing_ends) < 0)
        return errno;
    outcome = send_descriptor(passing_ends[0], fd);
    if (outcome == 0)
        outcome = in_child(receive_and_write, a);
    if (outcome != 0 && send_descriptor(passing_ends[0], fd) == 0)
        outcome = outcome_join(outcome, in_new_namespaces(0, receive_and_write, a));
    (void)close(passing_ends[0]);
    (void)close(passing_ends[1]);
    return outcome;
}

/* fs.handle-at ----------------------------------------------------------------------------------- */

static int open_by_handle(const struct attempt *a)
{
    union {
        struct file_handle handle;
        char bytes[sizeof(struct file_handle) + MAX_HANDLE_SZ];
    } place = {.handle = {.handle_bytes = MAX_HANDLE_SZ}};
    AUTO_CLOSE int mount = open(a->ws, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int mount_id;

    if (mount < 0)
        return errno;
    if (name_to_handle_at(AT_FDCWD, path_in(a->outside, "canary.txt"), &place.handle, &mount_id,
                          0) < 0)
        return errno;
    AUTO_CLOSE int fd = open_by_handle_at(mount, &place.handle, O_WRONLY | O_CLOEXEC);

    return fd < 0 ? errno : write_at_start(fd, a->nonce);
}

static int handle_at(const struct attempt *a)
{
    int outcome = open_by_handle(a);

    /* The call asks for CAP_DAC_READ_SEARCH in the first user namespace, newer kernels in the one
     * that owns the mount; one of our own should never do. */
    return outcome_join(outcome, in_new_namespaces(0, open_by_handle, a));
}

static const struct probe rows[] = {
    {
        .id = "fs.proc-self-root",
        .claim = "a path through /proc/self leads to the same rights",
        .technique = "writes and creates below /proc/self/root, /proc/thread-self/root, "
                     "/proc/self/task/TID/root and /proc/self/cwd/..",
        .source = "Ona report 2026-03; proc(5), /proc/pid/root",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CANARY,
        .attempt = write_self_root,
    },
    {
        .id = "fs.proc-victim-root",
        .claim = "no other process lends its view of the file system",
        .technique =
            "writes through /proc/PID/root and /proc/PID/cwd of the victim, the parent and "
            "pid 1",
        .source = "kilo#11596; proc(5), ptrace(2) access mode checking",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CANARY,
        .attempt = write_victim_root,
    },
    {
        .id = "fs.proc-fd-reopen",
        .claim = "an inherited read-only descriptor cannot be opened again for writing",
        .technique = "opens inherited O_RDONLY and O_PATH descriptors of canaries through "
                     "/proc/self/fd for writing, and fchmod",
        .source = "CVE-2019-5736, CVE-2016-9962; proc(5), /proc/pid/fd",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CANARY,
        .attempt = reopen_read_write,
        .prepare = prepare_read_only,
    },
    {
        .id = "fs.fd-inherited-rw",
        .claim = "descriptors that the caller leaked do not reach the command",
        .technique = "writes and truncates canaries through inherited O_RDWR and O_APPEND "
                     "descriptors",
        .source = "CVE-2024-21626; execve(2), close-on-exec",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY,
        .attempt = write_inherited,
        .prepare = prepare_read_write,
    },
    {
        .id = "fs.dirfd-inherited",
        .claim = "a directory that the caller leaked gives no way in",
        .technique = "openat below inherited O_DIRECTORY and O_PATH descriptors of S/outside, and "
                     "fchdir into them",
        .source = "CVE-2024-21626, CVE-2019-10064",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CANARY,
        .attempt = write_below_inherited,
        .prepare = prepare_directories,
    },
    {
        .id = "fs.scm-rights",
        .claim = "passing a descriptor between confined processes widens nothing",
        .technique = "one process sends a read-only descriptor of a canary to another, which opens "
                     "it again for writing, also in a user namespace",
        .source = "own; unix(7), SCM_RIGHTS",
        .severity = SEVERITY_LOW,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CANARY,
        .attempt = pass_descriptor,
    },
    {
        .id = "fs.handle-at",
        .claim = "file handles open nothing outside",
        .technique = "name_to_handle_at of a canary, open_by_handle_at for writing on the "
                     "workspace's mount, also in a user namespace",
        .source = "open_by_handle_at(2); the \"shocker\" escape, SandboxEscapeBench "
                  "DAC_READ_SEARCH",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CANARY,
        .needs = "root",
        .attempt = handle_at,
    },
};

PROBE_FAMILY(family_fs_fd, rows);

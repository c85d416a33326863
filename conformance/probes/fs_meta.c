/*
 * Rows of area fs: what a file is besides its bytes. Mode, owner, times,
 * attributes, flags, locks, and marks that outlive the run.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probe.h"
#include "conformance/probes/host.h"
#include "conformance/probes/tools.h"

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

/* Opens for reading, which policies allow. */
static int open_canary(const struct attempt *a, int flags)
{
    return open(path_in(a->outside, "canary.txt"), flags | O_CLOEXEC);
}

/* fs.chmod, fs.chown, fs.utimes ------------------------------------------------------------------ */

static int change_mode(const struct attempt *a)
{
    const char *canary = path_in(a->outside, "canary.txt");
    AUTO_CLOSE int fd = open_canary(a, O_RDONLY);
    AUTO_CLOSE int path = open_canary(a, O_PATH);
    int outcome = outcome_of(chmod(canary, 0640));

    outcome = outcome_join(outcome, outcome_of(chmod(path_in(a->outside, "dir"), 0777)));
    outcome = outcome_join(outcome, outcome_of(fchmod(fd, 0666)));
    outcome = outcome_join(outcome, outcome_of(syscall(SYS_fchmodat, AT_FDCWD, canary, 0604)));
    outcome = outcome_join(outcome, outcome_of(syscall(SYS_fchmodat2, AT_FDCWD, canary, 0606, 0)));
    return outcome_join(outcome, outcome_of(syscall(SYS_fchmodat2, path, "", 0602, AT_EMPTY_PATH)));
}

/* To another group where we are in one or are root; to our own otherwise, which still sets ctime. */
static int change_owner(const struct attempt *a)
{
    const char *canary = path_in(a->outside, "canary.txt");
    AUTO_CLOSE int fd = open_canary(a, O_RDONLY);
    AUTO_CLOSE int path = open_canary(a, O_PATH);
    gid_t groups[64];
    const int count = getgroups(64, groups);
    const gid_t group = geteuid() == 0 ? 65534 : count > 0 ? groups[count - 1] : getegid();
    int outcome = outcome_of(chown(canary, (uid_t)-1, group));

    outcome = outcome_join(outcome, outcome_of(lchown(canary, (uid_t)-1, group)));
    outcome = outcome_join(outcome, outcome_of(fchown(fd, (uid_t)-1, group)));
    return outcome_join(outcome, outcome_of(fchownat(path, "", (uid_t)-1, group, AT_EMPTY_PATH)));
}

static int change_times(const struct attempt *a)
{
    const struct timespec then[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    const char *canary = path_in(a->outside, "canary.txt");
    AUTO_CLOSE int fd = open_canary(a, O_RDONLY);
    AUTO_CLOSE int path = open_canary(a, O_PATH);
    char proc[64];
    int outcome = outcome_of(utimensat(AT_FDCWD, canary, then, 0));

    outcome =
        outcome_join(outcome, outcome_of(utimensat(AT_FDCWD, path_in(a->outside, "dir"), NULL, 0)));
    outcome = outcome_join(outcome, outcome_of(futimens(fd, then)));
    (void)snprintf(proc, sizeof proc, "/proc/self/fd/%d", path);
    outcome = outcome_join(outcome, outcome_of(utimensat(AT_FDCWD, proc, then, 0)));
    return outcome_join(outcome, outcome_of(utimensat(path, "", then, AT_EMPTY_PATH)));
}

/* fs.setxattr ------------------------------------------------------------------------------------ */

static int prepare_xattr(struct scene *scene, struct error *err)
{
    if (setxattr(path_in(scene->outside, "canary.txt"), "user.planted", "1", 1, 0) == 0)
        return 0;
    if (errno == ENOTSUP)
        return error_set(err, ERR_UNSUPPORTED, "the scene's file system has no user.* attributes");
    return error_os(err, errno, "plant an extended attribute");
}

/* acl(5): version 2, then user::rw- group::rw- mask::rw- other::rw- and a named user. */
static const unsigned char access_acl[] = {
    2, 0,    0,    0,    0x01, 0,    6,    0, 0xff, 0xff, 0xff, 0xff, 0x02, 0,    6,
    0, 0x39, 0x30, 0,    0,    0x04, 0,    6, 0,    0xff, 0xff, 0xff, 0xff, 0x10, 0,
    6, 0,    0xff, 0xff, 0xff, 0xff, 0x20, 0, 6,    0,    0xff, 0xff, 0xff, 0xff};

static int change_xattr(const struct attempt *a)
{
    const char *canary = path_in(a->outside, "canary.txt");
    AUTO_CLOSE int fd = open_canary(a, O_RDONLY);
    int outcome = outcome_of(setxattr(canary, "user.new", a->nonce, strlen(a->nonce), 0));

    outcome = outcome_join(
        outcome, outcome_of(lsetxattr(canary, "user.new-2", a->nonce, strlen(a->nonce), 0)));
    outcome = outcome_join(outcome,
                           outcome_of(fsetxattr(fd, "user.new-3", a->nonce, strlen(a->nonce), 0)));
    outcome = outcome_join(outcome, outcome_of(removexattr(canary, "user.planted")));
    return outcome_join(outcome, outcome_of(setxattr(canary, "system.posix_acl_access", access_acl,
                                                     sizeof access_acl, 0)));
}

/* fs.ioctl-flags --------------------------------------------------------------------------------- */

static int prepare_flags(struct scene *scene, struct error *err)
{
    AUTO_CLOSE int fd = open(path_in(scene->outside, "canary.txt"), O_RDONLY | O_CLOEXEC);
    int flags;

    if (fd < 0)
        return error_os(err, errno, "open the canary");
    if (try_ioctl(fd, FS_IOC_GETFLAGS, &flags) != 0)
        return error_set(err, ERR_UNSUPPORTED, "the scene's file system has no inode flags");
    return 0;
}

/* No-dump only: an immutable file could not be removed by an ordinary user afterwards. */
static int change_flags(const struct attempt *a)
{
    AUTO_CLOSE int fd = open_canary(a, O_RDONLY);
    struct fsxattr extended;
    int flags = 0, outcome;

    if (fd < 0)
        return errno;
    outcome = try_ioctl(fd, FS_IOC_GETFLAGS, &flags);
    if (outcome != 0)
        return outcome;
    flags |= FS_NODUMP_FL | FS_NOATIME_FL;
    outcome = try_ioctl(fd, FS_IOC_SETFLAGS, &flags);
    if (try_ioctl(fd, FS_IOC_FSGETXATTR, &extended) != 0)
        return outcome;
    extended.fsx_xflags ^= FS_XFLAG_NOATIME;
    return outcome_join(outcome, try_ioctl(fd, FS_IOC_FSSETXATTR, &extended));
}

/* fs.reflink-dedupe ------------------------------------------------------------------------------- */

enum {
    CLONE_BYTES = 64 * 1024
};

/* FICLONE takes a descriptor where others take a pointer. */
static const void *clone_source(int fd)
{
    return (const void *)(intptr_t)fd;
}

static int prepare_reflink(struct scene *scene, struct error *err)
{
    const char *source = path_in(scene->outside, "reflink-source");
    const char *target = path_in(scene->outside, "reflink-target");

    if (host_plant(scene, source, "source\n", 0644, err) < 0 ||
        host_plant(scene, target, "target\n", 0644, err) < 0)
        return -1;
    AUTO_CLOSE int from = open(source, O_RDONLY | O_CLOEXEC);
    AUTO_CLOSE int to = open(target, O_RDWR | O_CLOEXEC);

    if (from < 0 || to < 0)
        return error_os(err, errno, "open files to clone");
    if (try_ioctl(to, FICLONE, clone_source(from)) != 0)
        return error_set(err, ERR_UNSUPPORTED,
                         "the scene's file system has no reflinks (btrfs and xfs have)");
    return 0;
}

static int clone_over(const struct attempt *a)
{
    const char *mine = path_in(a->ws, "mine.txt");
    union {
        struct file_dedupe_range range;
        char bytes[sizeof(struct file_dedupe_range) + sizeof(struct file_dedupe_range_info)];
    } dedupe = {.range = {.src_length = 4096, .dest_count = 1}};
    int outcome;

    (void)try_put(mine, a->nonce);
    AUTO_CLOSE int from = open(mine, O_RDWR | O_CLOEXEC);
    AUTO_CLOSE int writable = open_canary(a, O_WRONLY);
    AUTO_CLOSE int readable = open_canary(a, O_RDONLY);

    /* Whole blocks: a shorter source cannot be cloned into the middle of a longer file. */
    if (from < 0 || ftruncate(from, CLONE_BYTES) < 0)
        return errno;
    outcome = writable < 0 ? EACCES : try_ioctl(writable, FICLONE, clone_source(from));
    outcome = outcome_join(outcome, try_ioctl(readable, FICLONE, clone_source(from)));
    dedupe.range.info[0].dest_fd = readable;
    return outcome_join(outcome, try_ioctl(from, FIDEDUPERANGE, &dedupe.range));
}

/* fs.flock-outside -------------------------------------------------------------------------------
 * Another program of the user tries the lock all the time, as a package manager would. */

enum {
    LOCK_STEP_MS = 5,
    LOCK_STEPS = HOST_LIFE_MS / LOCK_STEP_MS
};

static void try_lock(const struct scene *scene, int to_harness)
{
    AUTO_CLOSE int fd = open(path_in(scene->outside, "canary.txt"), O_RDONLY | O_CLOEXEC);
    char message[128];

    for (int i = 0; fd >= 0 && i < LOCK_STEPS; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
            (void)snprintf(message, sizeof message, "%s the lock was held by the command",
                           scene->nonce);
            (void)!write(to_harness, message, strlen(message));
            host_tick_last(scene);
            return;
        }
        (void)flock(fd, LOCK_UN);
        host_tick(scene);
        sleep_ms(LOCK_STEP_MS);
    }
}

static int prepare_lock(struct scene *scene, struct error *err)
{
    return host_fork(scene, try_lock, "a program that wants the lock", err);
}

/* The kernel gives a lock to whoever comes first; for a while we ask again. */
static int hold_lock(const struct attempt *a)
{
    const struct flock shared = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    AUTO_CLOSE int fd = open_canary(a, O_RDONLY);
    const long since = ticks_now(a);
    int outcome = EWOULDBLOCK;

    if (fd < 0)
        return errno;
    for (int i = 0; i < 100 && outcome == EWOULDBLOCK; i++) {
        outcome = outcome_of(flock(fd, LOCK_EX | LOCK_NB));
        if (outcome != 0)
            sleep_ms(1);
    }
    (void)fcntl(fd, F_OFD_SETLK, &shared);
    (void)fcntl(fd, F_SETLEASE, F_RDLCK);
    return outcome != 0 ? outcome : await_ticks(a, since, TICKS_SEEN);
}

/* fs.special-mode -------------------------------------------------------------------------------- */

static int make_special(const struct attempt *a)
{
    static const mode_t modes[] = {04755, 02755, 06755};
    const char *program = path_in(a->ws, "special");
    int outcome = ATTEMPT_UNABLE;

    (void)try_plant_program(a, program, "special");
    for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
        outcome = outcome_join(outcome, outcome_of(chmod(program, modes[i])));
    /* A file can also be born with the bits (open(2), mode). */
    AUTO_CLOSE int fd =
        open(path_in(a->ws, "special-born"), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 04755);
    outcome = outcome_join(outcome, fd < 0 ? errno : 0);
    outcome =
        outcome_join(outcome, outcome_of(syscall(SYS_fchmodat2, AT_FDCWD, program, 04755, 0)));
    return outcome_join(outcome,
                        outcome_of(mknod(path_in(a->ws, "special-node"), S_IFREG | 04755, 0)));
}

static int observe_special(const struct scene *scene, struct observation *seen, struct error *err)
{
    static const char *const names[] = {"special", "special-born", "special-node"};
    struct stat status;

    (void)err;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (lstat(path_in(scene->ws, names[i]), &status) == 0 && S_ISREG(status.st_mode) &&
            (status.st_mode & 06000) != 0)
            observation_fire(seen, "ws/%s has mode %04o and owner %u", names[i],
                             (unsigned)(status.st_mode & 07777), (unsigned)status.st_uid);
    }
    return 0;
}

/* fs.fanotify-inotify ---------------------------------------------------------------------------- */

enum {
    WATCH_STEPS = 50,
    WATCH_STEP_MS = 10
};

/* The user makes files whose names tell something. */
static void make_names(const struct scene *scene, int to_harness)
{
    char path[PATH_MAX];

    (void)to_harness;
    for (int i = 0; i < HOST_LIFE_MS / WATCH_STEP_MS; i++) {
        (void)snprintf(path, sizeof path, "%s/watched/%s", scene->root, scene->token);
        (void)try_put(path, "x");
        (void)unlink(path);
        sleep_ms(WATCH_STEP_MS);
    }
}

static int prepare_watched(struct scene *scene, struct error *err)
{
    if (host_make_directory(scene, path_in(scene->root, "watched"), 0755, err) < 0)
        return -1;
    return host_fork(scene, make_names, "host user", err);
}

static int watch_outside(const struct attempt *a)
{
    union {
        struct inotify_event event;
        char bytes[4096];
    } events;
    AUTO_CLOSE int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

    if (fd < 0)
        return errno;
    if (inotify_add_watch(fd, path_in(a->root, "watched"), IN_ALL_EVENTS) < 0)
        return errno;
    for (int i = 0; i < WATCH_STEPS; i++) {
        ssize_t size = read(fd, &events, sizeof events);

        if (size > (ssize_t)sizeof(struct inotify_event)) {
            leak(a, &events, (size_t)size);
            return 0;
        }
        sleep_ms(WATCH_STEP_MS);
    }
    return EAGAIN;
}

static const struct probe rows[] = {
    {
        .id = "fs.chmod",
        .claim = "the mode of an outside file cannot be changed",
        .technique = "chmod, fchmod on a read-only descriptor, fchmodat, and fchmodat2 with "
                     "AT_EMPTY_PATH on an O_PATH descriptor",
        .source = "chmod(2), fchmodat2(2); Documentation/userspace-api/landlock.rst, limits",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CANARY,
        .attempt = change_mode,
    },
    {
        .id = "fs.chown",
        .claim = "owner and group of an outside file cannot be changed",
        .technique = "chown, lchown, fchown and fchownat with AT_EMPTY_PATH to another group",
        .source = "chown(2); Documentation/userspace-api/landlock.rst, limits",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CANARY,
        .attempt = change_owner,
    },
    {
        .id = "fs.utimes",
        .claim = "the times of an outside file cannot be set",
        .technique = "utimensat by path, on a directory, on descriptors and through /proc/self/fd",
        .source = "utimensat(2); Documentation/userspace-api/landlock.rst, limits",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CANARY,
        .attempt = change_times,
    },
    {
        .id = "fs.setxattr",
        .claim = "extended attributes and ACLs of an outside file cannot be changed",
        .technique = "setxattr, lsetxattr, fsetxattr and removexattr of user.*, and a POSIX ACL",
        .source = "xattr(7), acl(5); Documentation/userspace-api/landlock.rst, limits",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CANARY,
        .needs = "xattr",
        .attempt = change_xattr,
        .prepare = prepare_xattr,
    },
    {
        .id = "fs.ioctl-flags",
        .claim = "inode flags of an outside file cannot be changed",
        .technique = "FS_IOC_SETFLAGS and FS_IOC_FSSETXATTR through a read-only descriptor",
        .source = "ioctl_iflags(2); landlock(7), IOCTL_DEV is about devices only",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CANARY,
        .attempt = change_flags,
        .prepare = prepare_flags,
    },
    {
        .id = "fs.reflink-dedupe",
        .claim = "cloning and deduplication write nothing outside",
        .technique = "FICLONE and FIDEDUPERANGE with a canary as destination",
        .source = "ioctl_ficlone(2), ioctl_fideduperange(2)",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CANARY,
        .attempt = clone_over,
        .prepare = prepare_reflink,
    },
    {
        .id = "fs.flock-outside",
        .claim = "the command cannot lock out the user's programs",
        .technique = "flock of a canary that is open for reading only, while a program of the host "
                     "tries to get it",
        .source = "own, measured; flock(2), F_OFD_SETLK and F_SETLEASE in fcntl(2)",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CUSTOM,
        .attempt = hold_lock,
        .prepare = prepare_lock,
        .observe = host_observe,
        .finish = host_finish,
    },
    {
        .id = "fs.special-mode",
        .claim = "no set-user-id or set-group-id program is left in the workspace",
        .technique = "chmod, fchmodat2, open and mknod with mode 04755, 02755 and 06755",
        .source = "chmod(2); CVE-2024-32462 class",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CUSTOM,
        .attempt = make_special,
        .observe = observe_special,
    },
    {
        .id = "fs.fanotify-inotify",
        .claim = "whether outside directories can be watched is reported",
        .technique = "inotify on an outside directory in which the user makes telling names",
        .source = "inotify(7); Documentation/userspace-api/landlock.rst, limits",
        .severity = SEVERITY_INFO,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_LEAK,
        .flags = CASE_INFORMATIONAL,
        .attempt = watch_outside,
        .prepare = prepare_watched,
        .finish = host_finish,
    },
};

PROBE_FAMILY(family_fs_meta, rows);

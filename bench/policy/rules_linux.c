/* Rules that live in the kernel as long as the process: built anew for each command. */
#include "bench/policy/strategy.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/auto.h"

static void root_path(const struct job *job, unsigned root, char *path, size_t size)
{
    (void)snprintf(path, size, "%.4000s/r%u", job->directory, root);
}

/* ---- Landlock (landlock(7)) ---- */

static int add_rule(struct job *job, int ruleset, unsigned root)
{
    char path[4096];
    struct landlock_path_beneath_attr rule = {.allowed_access = LANDLOCK_ACCESS_FS_WRITE_FILE |
                                                                LANDLOCK_ACCESS_FS_MAKE_REG};
    AUTO_CLOSE int fd = -1;

    root_path(job, root, path, sizeof path);
    fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    rule.parent_fd = fd;
    job->tally.calls += 3; /* open, add_rule, close */
    job->tally.written++;
    return (int)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

static int apply_landlock(struct job *job)
{
    const struct landlock_ruleset_attr attributes = {
        .handled_access_fs = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG};
    AUTO_CLOSE int ruleset =
        (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);

    for (unsigned root = 0; ruleset >= 0 && root < job->roots; root++) {
        if (add_rule(job, ruleset, root) < 0)
            return -1;
    }
    job->tally.calls += 4; /* create, prctl, restrict, close */
    if (ruleset < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -1;
    return (int)syscall(SYS_landlock_restrict_self, ruleset, 0);
}

/* ---- mounts ---- */

static int write_map(const char *path, const char *text)
{
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

    return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -1;
}

/* An own user and mount namespace, where mounting is allowed. */
static int enter_namespace(struct job *job)
{
    char map[64];
    unsigned long uid = geteuid();
    unsigned long gid = getegid();

    job->tally.calls += 12;
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 || write_map("/proc/self/setgroups", "deny") < 0)
        return -1;
    (void)snprintf(map, sizeof map, "%lu %lu 1", uid, uid);
    if (write_map("/proc/self/uid_map", map) < 0)
        return -1;
    (void)snprintf(map, sizeof map, "%lu %lu 1", gid, gid);
    return write_map("/proc/self/gid_map", map);
}

/* The root as a mount of its own, on its own place: it stays writable when the rest does not. */
static int mount_root(struct job *job, unsigned root)
{
    char path[4096];
    AUTO_CLOSE int tree = -1;

    root_path(job, root, path, sizeof path);
    job->tally.calls += 3;
    job->tally.written++;
    tree = (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (tree < 0)
        return -1;
    return (int)syscall(SYS_move_mount, tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH);
}

static int apply_mounts(struct job *job)
{
    struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};

    /* A namespace can be entered once: a second apply is one more set of mounts in it. */
    if (job->tally.calls == 0 && enter_namespace(job) < 0)
        return -1;
    for (unsigned root = 0; root < job->roots; root++) {
        if (mount_root(job, root) < 0)
            return -1;
    }
    job->tally.calls++;
    (void)syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, &read_only, sizeof read_only);
    return 0;
}

const struct strategy rules_landlock = {"landlock", apply_landlock, NULL};
const struct strategy rules_mounts = {"mounts", apply_mounts, NULL};

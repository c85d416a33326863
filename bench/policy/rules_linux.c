/* Rules that live in the kernel as long as the process: built anew for each command, so that applying
 * again costs what applying did, and undoing is the end of the process. */
#include "bench/policy/strategy.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/auto.h"

static void root_path(const struct job *job, unsigned root, char *path, size_t size)
{
    int length = snprintf(path, size, "%.2000s/r%u", job->directory, root);

    for (unsigned i = 1; i < job->depth && (size_t)length + 3 < size; i++)
        length += snprintf(path + length, size - (size_t)length, "/d");
}

/* ---- Landlock (landlock(7)) ---- */

/* Nothing of `access` below directory/name but through other rules. */
static int add_rule(struct job *job, int ruleset, int directory, const char *name, uint64_t access)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = access};
    AUTO_CLOSE int fd = openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

    job->tally.calls += 3; /* open, add_rule, close */
    job->tally.written++;
    if (fd < 0)
        return -1;
    rule.parent_fd = fd;
    return (int)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

/* getdents64 by hand, so that its calls are counted too. */
struct entry {
    uint64_t inode;
    int64_t offset;
    uint16_t size;
    uint8_t type;
    char name[];
};

/* Landlock only grants: that a name in a root is protected means a rule for each of its neighbours. */
static int add_neighbours(struct job *job, int ruleset, const char *root, uint64_t access)
{
    AUTO_CLOSE int fd = openat(AT_FDCWD, root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _Alignas(struct entry) char bytes[8192];
    long got;

    job->tally.calls += 3; /* open, the last getdents, close */
    job->tally.looked++;
    while ((got = syscall(SYS_getdents64, fd, bytes, sizeof bytes)) > 0) {
        job->tally.calls++;
        for (long at = 0; at < got;) {
            const struct entry *entry = (const void *)(bytes + at);

            at += entry->size;
            if (strcmp(entry->name, ".") != 0 && strcmp(entry->name, "..") != 0 &&
                strncmp(entry->name, STRATEGY_KEPT, sizeof STRATEGY_KEPT - 1) != 0 &&
                add_rule(job, ruleset, fd, entry->name, access) < 0)
                return -1;
        }
    }
    return got < 0 ? -1 : 0;
}

static int add_root(struct job *job, int ruleset, unsigned root)
{
    static const uint64_t all = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG;
    uint64_t access = root < job->changed ? (uint64_t)LANDLOCK_ACCESS_FS_WRITE_FILE : all;
    char path[4096];

    root_path(job, root, path, sizeof path);
    return job->names > 0 ? add_neighbours(job, ruleset, path, access)
                          : add_rule(job, ruleset, AT_FDCWD, path, access);
}

static int apply_landlock(struct job *job)
{
    const struct landlock_ruleset_attr attributes = {
        .handled_access_fs = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG};
    AUTO_CLOSE int ruleset =
        (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);

    for (unsigned root = 0; ruleset >= 0 && root < job->roots; root++) {
        if (add_root(job, ruleset, root) < 0)
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

/* A directory as a mount of its own, on its own place. */
static int mount_directory(struct job *job, const char *path, bool is_read_only)
{
    struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};
    AUTO_CLOSE int tree =
        (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

    job->tally.calls += 3 + is_read_only;
    job->tally.written++;
    if (tree < 0 || (is_read_only && syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &read_only,
                                             sizeof read_only) < 0))
        return -1;
    return (int)syscall(SYS_move_mount, tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH);
}

/* The root stays writable when the rest does not, and its protected names are read-only on top. */
static int mount_root(struct job *job, unsigned root)
{
    char path[4096];
    char kept[4200];

    root_path(job, root, path, sizeof path);
    if (mount_directory(job, path, root < job->changed) < 0)
        return -1;
    for (unsigned name = 0; name < job->names; name++) {
        (void)snprintf(kept, sizeof kept, "%s/" STRATEGY_KEPT "%u", path, name);
        if (mount_directory(job, kept, true) < 0)
            return -1;
    }
    return 0;
}

static int apply_mounts(struct job *job)
{
    struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};

    if (enter_namespace(job) < 0)
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

#include "sandbox/linux/facts_collect.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "sandbox/linux/kernel.h"

char *descriptor_path(int fd, struct error *err)
{
    char link[32];
    char path[4096];
    ssize_t size;
    char *copy;

    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    size = readlink(link, path, sizeof path);
    if (size < 0 || (size_t)size >= sizeof path) {
        (void)error_os(err, size < 0 ? errno : ENAMETOOLONG,
                       "resolve a path through /proc/self/fd");
        (void)error_hint(err, "/proc must be mounted");
        return NULL;
    }
    copy = strndup(path, (size_t)size);
    if (copy == NULL)
        (void)error_memory(err, "path");
    return copy;
}

/* --- roots ------------------------------------------------------------------------------------- */

static int open_root(const char *key, const char *path, struct error *err)
{
    int fd = open(path, O_PATH | O_CLOEXEC);
    struct stat status;

    if (fd < 0) {
        (void)error_os(err, errno, "%s: \"%s\"", key, path);
        if (err->os_code == ENOENT)
            err->code = ERR_NOT_FOUND;
        return error_hint(err, "create the directory first; a missing root is never made");
    }
    if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode))
        return fd;
    (void)close(fd);
    (void)error_set(err, ERR_INVALID, "%s: \"%s\" is not a directory", key, path);
    return error_hint(err, "a root is a directory");
}

static int collect_root(const struct policy *policy, const struct policy_place *place,
                        const char *key, const char *path, struct facts *facts, struct error *err)
{
    AUTO_CLOSE int fd = open_root(key, path, err);
    AUTO_FREE char *real = NULL;

    if (fd < 0)
        return -1;
    real = descriptor_path(fd, err);
    if (real == NULL)
        return error_wrap(err, "%s", key);
    if (policy_check_root(place, key, real, err) < 0)
        return -1;
    if (text_list_has(&facts->roots, real))
        return 0;
    if (protected_collect(policy, fd, real, facts, err) < 0)
        return -1;
    return text_list_take(&facts->roots, TAKE(real), err);
}

/* Is this path inside one of the first `count` paths of the list? */
static bool is_within_any(const struct text_list *list, size_t count, const char *path)
{
    for (size_t i = 0; i < count; i++) {
        if (path_is_within(PATH_POSIX, path, list->items[i]))
            return true;
    }
    return false;
}

static int check_root_not_protected(const struct facts *facts, const char *protected,
                                    struct error *err)
{
    for (size_t i = 0; i < facts->roots.count; i++) {
        if (!path_is_within(PATH_POSIX, facts->roots.items[i], protected))
            continue;
        (void)error_set(err, ERR_REFUSED, "writable: \"%s\" lies inside the protected \"%s\"",
                        facts->roots.items[i], protected);
        return error_hint(err, "leave that root out, or the name out of \"protect\"");
    }
    return 0;
}

/* What lies outside every root is read-only already; what lies inside another protected thing is
 * covered by it. Shorter paths come first here: names of roots are added before what they lead to. */
static int reduce_protected(struct facts *facts, struct error *err)
{
    size_t kept = 0;

    for (size_t i = 0; i < facts->protect.count; i++) {
        char *path = facts->protect.items[i];

        if (check_root_not_protected(facts, path, err) < 0) {
            facts->protect.count -= i - kept; /* keep the list whole for its release */
            memmove(&facts->protect.items[kept], &facts->protect.items[i],
                    (facts->protect.count - kept) * sizeof path);
            return -1;
        }
        if (is_within_any(&facts->roots, facts->roots.count, path) &&
            !is_within_any(&facts->protect, kept, path))
            facts->protect.items[kept++] = path;
        else
            free(path);
    }
    facts->protect.count = kept;
    return 0;
}

/* --- what deny_read hides -------------------------------------------------------------------------- */

static int collect_hidden(const char *path, struct facts *facts, struct error *err)
{
    AUTO_CLOSE int fd = open(path, O_PATH | O_CLOEXEC);
    AUTO_FREE char *real = NULL;
    struct stat status;

    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return 0; /* nothing to hide */
    if (fd < 0 && errno == EACCES)
        return 0; /* out of reach of the command as well: it has no more rights than we */
    if (fd < 0 || fstat(fd, &status) < 0)
        return error_os(err, errno, "deny_read: \"%s\"", path);
    real = descriptor_path(fd, err);
    if (real == NULL)
        return -1;
    if (path_is_top(PATH_POSIX, real))
        return error_set(err, ERR_REFUSED, "deny_read: \"%s\" is the top of the file system", path);
    return facts_add_hidden(facts, real, S_ISDIR(status.st_mode), err);
}

static bool is_raw_device(const char *path, const char *name)
{
    static const char *const memory[] = {"mem", "kmem", "port"};
    struct stat status;

    if (lstat(path, &status) < 0)
        return false;
    if (S_ISBLK(status.st_mode))
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(memory); i++) {
        if (strcmp(name, memory[i]) == 0)
            return true;
    }
    return false;
}

/* Root owns the disks also without a capability, and a disk holds every file of the machine: without
 * a mount namespace they are hidden like a denied path. */
static int hide_raw_devices(struct facts *facts, struct error *err)
{
    DIR *stream = opendir("/dev");
    struct dirent *entry;
    int result = 0;

    if (stream == NULL)
        return error_os(err, errno, "list /dev");
    while (result == 0 && (entry = readdir(stream)) != NULL) {
        AUTO_FREE char *path = path_join("/dev", entry->d_name);

        if (path == NULL)
            result = error_memory(err, "/dev");
        else if (is_raw_device(path, entry->d_name))
            result = facts_add_hidden(facts, path, false, err);
    }
    (void)closedir(stream);
    return result;
}

static int check_roots_visible(const struct facts *facts, struct error *err)
{
    for (size_t i = 0; i < facts->hidden_count; i++) {
        for (size_t k = 0; k < facts->roots.count; k++) {
            if (strcmp(facts->hidden[i].path, facts->roots.items[k]) != 0)
                continue;
            (void)error_set(err, ERR_REFUSED, "deny_read: \"%s\" is a writable root",
                            facts->hidden[i].path);
            return error_hint(err, "a directory cannot be both writable and hidden");
        }
    }
    return 0;
}

/* --- linux-landlock: what may be read beside what is hidden ------------------------------------------ */

static bool leads_to_hidden(const struct facts *facts, const char *path)
{
    for (size_t i = 0; i < facts->hidden_count; i++) {
        if (path_is_within(PATH_POSIX, facts->hidden[i].path, path))
            return true;
    }
    return false;
}

static bool is_hidden(const struct facts *facts, const char *path)
{
    for (size_t i = 0; i < facts->hidden_count; i++) {
        if (strcmp(facts->hidden[i].path, path) == 0)
            return true;
    }
    return false;
}

static int add_siblings(const char *directory, struct facts *facts, struct error *err);

static int add_sibling(const char *directory, const char *name, struct facts *facts,
                       struct error *err)
{
    AUTO_FREE char *path = path_join(directory, name);
    struct stat status;

    if (path == NULL)
        return error_memory(err, directory);
    if (is_hidden(facts, path))
        return 0;
    if (leads_to_hidden(facts, path))
        return add_siblings(path, facts, err);
    /* a link is judged by what it leads to, which has a rule of its own or none */
    if (lstat(path, &status) < 0 || S_ISLNK(status.st_mode))
        return 0;
    return text_list_take(&facts->siblings, TAKE(path), err);
}

static int add_siblings(const char *directory, struct facts *facts, struct error *err)
{
    DIR *stream = opendir(directory);
    struct dirent *entry;
    int result = 0;

    if (stream == NULL && errno == EACCES) {
        /* What cannot be listed cannot be allowed name by name: all beside it would be closed. */
        (void)error_set(err, ERR_REFUSED, "deny_read: %s, above a denied path, cannot be listed",
                        directory);
        return error_hint(err,
                          "linux-landlock allows what lies beside it by name; use linux-namespace");
    }
    if (stream == NULL)
        return error_os(err, errno, "list %s", directory);
    while (result == 0 && (entry = readdir(stream)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            result = add_sibling(directory, entry->d_name, facts, err);
    }
    (void)closedir(stream);
    return result;
}

/* --- the machine ------------------------------------------------------------------------------------- */

/* A bad address is looked at after the flags: EFAULT says that the flags are known. */
static bool has_notify(void)
{
    long result = syscall(SYS_seccomp, KERNEL_SECCOMP_SET_FILTER,
                          KERNEL_SECCOMP_NEW_LISTENER | KERNEL_SECCOMP_WAIT_KILLABLE, NULL);

    return result < 0 && errno == EFAULT;
}

static int collect_devices(struct facts *facts, struct error *err)
{
    static const char *const devices[] = {"/dev/null",   "/dev/zero",    "/dev/full",
                                          "/dev/random", "/dev/urandom", "/dev/tty"};
    struct stat status;

    for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
        if (lstat(devices[i], &status) == 0 && S_ISCHR(status.st_mode) &&
            text_list_add(&facts->devices, devices[i], err) < 0)
            return -1;
    }
    facts->has_ptys = access("/dev/pts/ptmx", F_OK) == 0 && access("/dev/ptmx", F_OK) == 0;
    facts->has_dev_shm = access("/dev/shm", F_OK) == 0;
    return 0;
}

static int collect(const struct policy *policy, const struct policy_place *place,
                   bool wants_siblings, struct facts *facts, struct error *err)
{
    facts->uid = getuid();
    facts->gid = getgid();
    facts->landlock_abi = kernel_landlock_abi();
    facts->has_notify = has_notify();
    if (collect_devices(facts, err) < 0)
        return -1;
    if (collect_root(policy, place, "workspace", policy->workspace, facts, err) < 0)
        return -1;
    for (size_t i = 0; i < policy->writable.count; i++) {
        if (collect_root(policy, place, "writable", policy->writable.items[i], facts, err) < 0)
            return -1;
    }
    for (size_t i = 0; i < policy->deny_read.count; i++) {
        if (collect_hidden(policy->deny_read.items[i], facts, err) < 0)
            return -1;
    }
    if (check_roots_visible(facts, err) < 0 || reduce_protected(facts, err) < 0)
        return -1;
    if (wants_siblings && facts->uid == 0 && hide_raw_devices(facts, err) < 0)
        return -1;
    if (wants_siblings && facts->hidden_count > 0)
        return add_siblings("/", facts, err);
    return 0;
}

int facts_collect(const struct policy *policy, const struct policy_place *place,
                  bool wants_siblings, struct facts *facts, struct error *err)
{
    *facts = (struct facts){0};
    if (collect(policy, place, wants_siblings, facts, err) == 0)
        return 0;
    facts_done(facts);
    return -1;
}

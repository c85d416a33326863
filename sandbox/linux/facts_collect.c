#include "sandbox/linux/facts_collect.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "sandbox/linux/cgroup.h"
#include "sandbox/linux/kernel.h"

/* Most paths are short: a small buffer stays on the page of the stack that is in use anyway. */
char *descriptor_path(int fd, struct error *err)
{
    char link[32];
    char path[512];
    size_t room = sizeof path;
    AUTO_FREE char *large = NULL;
    char *at = path;
    ssize_t size;
    char *copy;

    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    size = readlink(link, at, room);
    if (size >= 0 && (size_t)size == room) {
        room = 8192;
        at = large = malloc(room);
        size = large != NULL ? readlink(link, at, room) : 0;
    }
    if (size < 0 || (size_t)size >= room) {
        (void)error_os(err, size < 0 ? errno : ENAMETOOLONG,
                       "resolve a path through /proc/self/fd");
        (void)error_hint(err, "/proc must be mounted");
        return NULL;
    }
    copy = at != NULL ? strndup(at, (size_t)size) : NULL;
    if (copy == NULL)
        (void)error_memory(err, "path");
    return copy;
}

/* Where no link is on the way and nothing climbs, the name is resolved already: asking /proc for it
 * would cost ten times as much. */
int open_resolved(const char *path, int flags, char **real, struct error *err)
{
    AUTO_CLOSE int fd = -1;
    char *name = NULL;

    if (!path_climbs(PATH_POSIX, path))
        fd = kernel_open_plain(AT_FDCWD, path, O_PATH | flags);
    if (fd >= 0) {
        name = strdup(path);
        if (name == NULL)
            return error_memory(err, path);
    } else {
        fd = openat(AT_FDCWD, path, O_PATH | O_CLOEXEC | flags);
        if (fd < 0)
            return error_os(err, errno, "\"%s\"", path);
        name = descriptor_path(fd, err);
        if (name == NULL)
            return -1;
    }
    *real = name;
    return TAKE_FD(fd);
}

/* --- roots ------------------------------------------------------------------------------------- */

static int complain_about_root(const char *key, struct error *err)
{
    int os_code = err->os_code;

    (void)error_wrap(err, "%s", key);
    if (os_code == ENOENT)
        err->code = ERR_NOT_FOUND;
    if (os_code == ENOTDIR)
        return error_hint(err, "a root is a directory");
    return error_hint(err, "create the directory first; a missing root is never made");
}

/* A name inside a root that leads out of it is a link that an earlier command could have put there:
 * following it would grant what nobody declared (CVE-2026-34078). */
static int check_leads_not_out(const struct facts *facts, const char *key, const char *path,
                               const char *real, struct error *err)
{
    int around = path_set_nearest(&facts->root_set, path);
    const char *root = around != PATH_SET_NONE ? facts->roots.items[around] : NULL;

    if (root == NULL || path_is_within(PATH_POSIX, real, root))
        return 0;
    (void)error_set(err, ERR_REFUSED, "%s: \"%s\" leads out of the root \"%s\" through a link", key,
                    path, root);
    return error_hint(err, "if that is meant, declare the directory itself: its real path");
}

static int collect_root(const struct policy *policy, const struct policy_place *place,
                        const char *key, const char *path, struct facts *facts, struct error *err)
{
    AUTO_FREE char *real = NULL;
    AUTO_CLOSE int fd = open_resolved(path, O_DIRECTORY, &real, err);

    if (fd < 0)
        return complain_about_root(key, err);
    if (policy_check_root(place, key, real, err) < 0 ||
        check_leads_not_out(facts, key, path, real, err) < 0)
        return -1;
    if (path_set_has(&facts->root_set, real))
        return 0;
    if (protected_collect(policy, fd, real, facts, err) < 0 ||
        path_set_add(&facts->root_set, real, (int)facts->roots.count, err) < 0)
        return -1;
    return text_list_take(&facts->roots, TAKE(real), err);
}

static int check_roots_not_protected(const struct facts *facts, struct error *err)
{
    for (size_t i = 0; i < facts->roots.count; i++) {
        int around = path_set_nearest(&facts->protect_set, facts->roots.items[i]);

        if (around == PATH_SET_NONE)
            continue;
        /* declared so that commits can be made there: read-only all the same */
        if (text_list_has(&facts->gits, facts->roots.items[i]))
            continue;
        (void)error_set(err, ERR_REFUSED, "writable: \"%s\" lies inside the protected \"%s\"",
                        facts->roots.items[i], facts->protect.items[around]);
        return error_hint(err, "leave that root out, or the name out of \"protect\"");
    }
    return 0;
}

/* What lies outside every root is read-only already; what lies inside another protected thing is
 * covered by it. Shorter paths come first here: names of roots are added before what they lead to. */
static int reduce_protected(struct facts *facts, struct error *err)
{
    struct path_set kept_set = {0};
    size_t kept = 0;
    int result = 0;

    for (size_t i = 0; i < facts->protect.count; i++) {
        char *path = facts->protect.items[i];
        bool is_needed = path_set_nearest(&facts->root_set, path) != PATH_SET_NONE &&
                         path_set_nearest(&kept_set, path) == PATH_SET_NONE;

        if (is_needed && path_set_add(&kept_set, path, 0, err) < 0)
            result = -1;
        if (is_needed)
            facts->protect.items[kept++] = path;
        else
            free(path);
    }
    facts->protect.count = kept;
    path_set_done(&facts->protect_set); /* it has texts that are gone now */
    path_set_done(&kept_set);
    return result;
}

/* --- what deny_read hides -------------------------------------------------------------------------- */

static int collect_hidden(const char *path, struct facts *facts, struct error *err)
{
    AUTO_FREE char *real = NULL;
    AUTO_CLOSE int fd = open_resolved(path, 0, &real, err);
    struct stat status;

    /* missing: nothing to hide. Out of reach: so it is for the command, with no more rights. */
    if (fd < 0 && (err->os_code == ENOENT || err->os_code == ENOTDIR || err->os_code == EACCES))
        return 0;
    if (fd < 0)
        return error_wrap(err, "deny_read");
    if (fstat(fd, &status) < 0)
        return error_os(err, errno, "deny_read: \"%s\"", path);
    if (path_is_top(PATH_POSIX, real))
        return error_set(err, ERR_REFUSED, "deny_read: \"%s\" is the top of the file system", path);
    return facts_add_hidden(facts, real, S_ISDIR(status.st_mode), err);
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

/* Root owns the disks also without a capability, and a disk holds every file of the machine. Without a
 * mount namespace /dev is left out; its few harmless nodes have rules of their own. */
static bool is_left_out(const struct facts *facts, const char *path)
{
    return facts->uid == 0 && strcmp(path, "/dev") == 0;
}

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
    return is_left_out(facts, path);
}

static int add_siblings(const char *directory, struct facts *facts, struct error *err);

/* Most file systems say in the listing what is a link; where they do not, the file is asked. */
static bool is_link(const char *path, const struct dirent *entry)
{
    struct stat status;

    if (entry->d_type != DT_UNKNOWN)
        return entry->d_type == DT_LNK;
    return lstat(path, &status) < 0 || S_ISLNK(status.st_mode);
}

static int add_sibling(const char *directory, const struct dirent *entry, struct facts *facts,
                       struct error *err)
{
    AUTO_FREE char *path = path_join(directory, entry->d_name);

    if (path == NULL)
        return error_memory(err, directory);
    if (is_hidden(facts, path))
        return 0;
    if (leads_to_hidden(facts, path))
        return add_siblings(path, facts, err);
    /* a link is judged by what it leads to, which has a rule of its own or none */
    if (is_link(path, entry))
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
            result = add_sibling(directory, entry, facts, err);
    }
    (void)closedir(stream);
    return result;
}

/* --- the machine ------------------------------------------------------------------------------------- */

/* A bad address is looked at after the flags: EFAULT says that the flags are known. */
bool facts_have_notify(void)
{
    long result = syscall(SYS_seccomp, KERNEL_SECCOMP_SET_FILTER,
                          KERNEL_SECCOMP_NEW_LISTENER | KERNEL_SECCOMP_WAIT_KILLABLE, NULL);

    return result < 0 && errno == EFAULT;
}

static int collect(const struct policy *policy, const struct policy_place *place,
                   bool wants_siblings, struct facts *facts, struct error *err)
{
    struct rlimit cores;

    facts->uid = getuid();
    facts->gid = getgid();
    facts->landlock_abi = kernel_landlock_abi();
    facts->has_notify = facts_have_notify();
    facts->has_mqueue = access("/dev/mqueue", F_OK) == 0;
    facts->has_keys = access("/proc/keys", F_OK) == 0;
    facts->core_is_zero = getrlimit(RLIMIT_CORE, &cores) == 0 && cores.rlim_max == 0;
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
    if (cgroup_collect(policy, facts, err) < 0 || check_roots_visible(facts, err) < 0 ||
        gits_check(facts, err) < 0 || check_roots_not_protected(facts, err) < 0 ||
        reduce_protected(facts, err) < 0)
        return -1;
    if (wants_siblings && (facts->hidden_count > 0 || facts->uid == 0))
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

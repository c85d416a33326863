#include "conformance/oracles/snapshot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/auto.h"

enum {
    READ_MAX = 1024 * 1024, /* of one file; ctime shows changes beyond */
    LIST_MAX = 16 * 1024,
    VALUE_MAX = 16 * 1024
};

void snapshot_done(struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->count; i++)
        free(snapshot->entries[i].path);
    free(snapshot->entries);
    *snapshot = SNAPSHOT_EMPTY;
}

/* FNV-1a. Not against forgery, which would show in ctime, but to see a difference cheaply. */
static uint64_t digest(uint64_t hash, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ at[i]) * 0x100000001b3u;
    return hash;
}

static const uint64_t digest_start = 0xcbf29ce484222325u;

static uint64_t digest_content(int fd)
{
    static char bytes[64 * 1024];
    uint64_t hash = digest_start;
    size_t total = 0;
    ssize_t size;

    while (total < READ_MAX && (size = read(fd, bytes, sizeof bytes)) > 0) {
        hash = digest(hash, bytes, (size_t)size);
        total += (size_t)size;
    }
    return hash;
}

/* A sum, because the order in which a file system lists names means nothing. */
static uint64_t digest_attributes(int fd)
{
    static char names[LIST_MAX];
    static char value[VALUE_MAX];
    uint64_t sum = 0;
    ssize_t size = flistxattr(fd, names, sizeof names);

    for (ssize_t at = 0; at < size; at += (ssize_t)strlen(names + at) + 1) {
        ssize_t length = fgetxattr(fd, names + at, value, sizeof value);
        uint64_t one = digest(digest_start, names + at, strlen(names + at));

        sum += digest(one, value, length > 0 ? (size_t)length : 0) | 1;
    }
    return sum;
}

static uint64_t read_flags(int fd)
{
    struct fsxattr more = {0};
    unsigned flags = 0;

    (void)ioctl(fd, FS_IOC_GETFLAGS, &flags);
    (void)ioctl(fd, FS_IOC_FSGETXATTR, &more);
    return (uint64_t)flags << 32 ^ (uint64_t)more.fsx_projid;
}

/* ioctl_iflags(2): extents and inline data are the file system's choice, not somebody's act. */
static const uint64_t flags_of_storage = ((uint64_t)0x00080000 | 0x10000000 | 0x00001000) << 32;

static struct snapshot_entry *add_entry(struct snapshot *snapshot, const char *label,
                                        const struct stat *status, struct error *err)
{
    struct snapshot_entry *entry;
    char *path;

    if (snapshot->count % 64 == 0) {
        struct snapshot_entry *grown =
            realloc(snapshot->entries, (snapshot->count + 64) * sizeof *grown);

        if (grown == NULL) {
            (void)error_memory(err, "a snapshot");
            return NULL;
        }
        snapshot->entries = grown;
    }
    path = strdup(label);
    if (path == NULL) {
        (void)error_memory(err, "a snapshot");
        return NULL;
    }
    entry = &snapshot->entries[snapshot->count++];
    *entry = (struct snapshot_entry){.path = path,
                                     .mode = status->st_mode,
                                     .uid = status->st_uid,
                                     .gid = status->st_gid,
                                     .device = status->st_dev,
                                     .inode = status->st_ino,
                                     .links = status->st_nlink,
                                     .size = status->st_size,
                                     .mtime = status->st_mtim,
                                     .ctime = status->st_ctim,
                                     .is_readable = true};
    return entry;
}

static int add_at(struct snapshot *snapshot, int directory, const char *name, const char *label,
                  unsigned depth, struct error *err);

static int add_below(struct snapshot *snapshot, int fd, const char *label, unsigned depth,
                     struct error *err)
{
    DIR *stream;
    const struct dirent *item;
    int result = 0;
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

    stream = copy < 0 ? NULL : fdopendir(copy);
    if (stream == NULL) {
        if (copy >= 0)
            (void)close(copy);
        return error_os(err, errno, "read %s", label);
    }
    while (result == 0 && !snapshot->is_cut && (item = readdir(stream)) != NULL) {
        char below[PATH_MAX];

        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0 ||
            (snapshot->passed_over != NULL && strstr(item->d_name, snapshot->passed_over) != NULL))
            continue;
        if (depth >= SNAPSHOT_DEPTH_MAX || snapshot->count >= SNAPSHOT_ENTRIES_MAX ||
            snprintf(below, sizeof below, "%s/%s", label, item->d_name) >= (int)sizeof below) {
            snapshot->is_cut = true;
            break;
        }
        result = add_at(snapshot, dirfd(stream), item->d_name, below, depth + 1, err);
    }
    (void)closedir(stream);
    return result;
}

static void look_into_link(struct snapshot_entry *entry, int directory, const char *name)
{
    char target[PATH_MAX];
    ssize_t size = readlinkat(directory, name, target, sizeof target);

    entry->content = digest(digest_start, target, size > 0 ? (size_t)size : 0);
}

/* Opens what is a regular file or a directory; -1 for others, which could block or act. What was
 * looked at and what was opened must be the same: the tree may be changing under us. */
static int open_entry(int directory, const char *name, const struct stat *status)
{
    const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    struct stat opened;
    int fd;

    errno = 0;
    if (!S_ISREG(status->st_mode) && !S_ISDIR(status->st_mode))
        return -1;
    fd = openat(directory, name, flags);
    if (fd >= 0 && (fstat(fd, &opened) < 0 || opened.st_ino != status->st_ino ||
                    opened.st_dev != status->st_dev)) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static int add_at(struct snapshot *snapshot, int directory, const char *name, const char *label,
                  unsigned depth, struct error *err)
{
    struct snapshot_entry *entry;
    struct stat status;

    if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT || errno == ENOTDIR ? 0 : error_os(err, errno, "stat %s", label);
    entry = add_entry(snapshot, label, &status, err);
    if (entry == NULL)
        return -1;
    if (S_ISLNK(status.st_mode)) {
        look_into_link(entry, directory, name);
        return 0;
    }
    AUTO_CLOSE int fd = open_entry(directory, name, &status);
    if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM))
        return error_os(err, errno, "open %s", label); /* our own want, and no change of it */
    entry->is_readable = fd >= 0;
    if (fd < 0)
        return 0;
    entry->attributes = digest_attributes(fd);
    entry->flags = read_flags(fd) & ~flags_of_storage;
    if (S_ISREG(status.st_mode))
        entry->content = digest_content(fd);
    else if (add_below(snapshot, fd, label, depth, err) < 0)
        return -1;
    return 0;
}

int snapshot_add_tree(struct snapshot *snapshot, const char *path, const char *label,
                      struct error *err)
{
    return add_at(snapshot, AT_FDCWD, path, label, 0, err);
}

int snapshot_add_names(struct snapshot *snapshot, const char *path, const char *label,
                       struct error *err)
{
    DIR *stream = opendir(path);
    const struct dirent *item;
    int result = 0;

    if (stream == NULL)
        return errno == ENOENT ? 0 : error_os(err, errno, "read %s", path);
    while (result == 0 && (item = readdir(stream)) != NULL) {
        struct snapshot_entry *entry;
        struct stat status;
        char below[PATH_MAX];

        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0 ||
            fstatat(dirfd(stream), item->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        if (snapshot->count >= SNAPSHOT_ENTRIES_MAX) {
            snapshot->is_cut = true;
            break;
        }
        (void)snprintf(below, sizeof below, "%s%s%s", label, label[0] != '\0' ? "/" : "",
                       item->d_name);
        entry = add_entry(snapshot, below, &status, err);
        result = entry == NULL ? -1 : 0;
        if (entry != NULL)
            entry->is_shallow = true;
    }
    (void)closedir(stream);
    return result;
}

struct timespec snapshot_latest(const struct snapshot *snapshot)
{
    struct timespec latest = {0};

    for (size_t i = 0; i < snapshot->count; i++) {
        const struct timespec *time = &snapshot->entries[i].ctime;

        if (time->tv_sec > latest.tv_sec ||
            (time->tv_sec == latest.tv_sec && time->tv_nsec > latest.tv_nsec))
            latest = *time;
    }
    return latest;
}

/*
 * POSIX ACLs: the nearest thing Linux has to what a Windows sandbox writes.
 * "rewrite" is SetNamedSecurityInfo, which carries a changed entry to every
 * object below; the others are what can be done instead.
 */
#include "bench/policy/strategy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/auto.h"

/* linux/posix_acl_xattr.h; acl(5) */
enum {
    ACL_VERSION = 2,
    TAG_USER_OBJ = 1,
    TAG_USER = 2,
    TAG_GROUP_OBJ = 4,
    TAG_MASK = 0x10,
    TAG_OTHER = 0x20,
    NO_ID = -1,
    OTHER_USER = 64999, /* the user that the wish is about; needs no account */
    DEPTH_MAX = 600,
};

struct acl {
    uint32_t version;
    struct {
        uint16_t tag;
        uint16_t permissions;
        uint32_t id;
    } entries[5];
};

static const char access_name[] = "system.posix_acl_access";
static const char default_name[] = "system.posix_acl_default";

enum how {
    HOW_REWRITE,
    HOW_COMPARE,
    HOW_UNDO
};

/* The descriptor that the wish gives to an object: rwx for the other user, or r-x once changed. */
static struct acl wanted(bool is_changed)
{
    uint16_t granted = is_changed ? 5 : 7;

    return (struct acl){ACL_VERSION,
                        {{TAG_USER_OBJ, 7, (uint32_t)NO_ID},
                         {TAG_USER, granted, OTHER_USER},
                         {TAG_GROUP_OBJ, 0, (uint32_t)NO_ID},
                         {TAG_MASK, granted, (uint32_t)NO_ID},
                         {TAG_OTHER, 0, (uint32_t)NO_ID}}};
}

/* What is protected may be read only, whatever the root's wish. */
static struct acl wanted_kept(void)
{
    return wanted(true);
}

static bool is_kept(const char *name)
{
    return strncmp(name, STRATEGY_KEPT, sizeof STRATEGY_KEPT - 1) == 0;
}

static int write_acl(struct job *job, int fd, const char *name, const struct acl *acl)
{
    job->tally.calls++;
    job->tally.written++;
    return fsetxattr(fd, name, acl, sizeof *acl, 0);
}

static bool has_acl(struct job *job, int fd, const char *name, const struct acl *acl)
{
    struct acl found;

    job->tally.calls++;
    job->tally.looked++;
    return fgetxattr(fd, name, &found, sizeof found) == (ssize_t)sizeof found &&
           memcmp(&found, acl, sizeof found) == 0;
}

static int remove_acl(struct job *job, int fd, const char *name)
{
    job->tally.calls++;
    job->tally.written++;
    return fremovexattr(fd, name) < 0 && errno != ENODATA ? -1 : 0;
}

static int bring(struct job *job, int fd, const struct acl *acl, enum how how)
{
    if (how == HOW_UNDO)
        return remove_acl(job, fd, access_name);
    if (how == HOW_COMPARE && has_acl(job, fd, access_name, acl))
        return 0;
    return write_acl(job, fd, access_name, acl);
}

/* getdents64 by hand, so that its calls are counted too. */
struct entry {
    uint64_t inode;
    int64_t offset;
    uint16_t size;
    uint8_t type;
    char name[];
};

static int bring_below(struct job *job, int directory, const struct acl *acl, enum how how,
                       unsigned depth);

static int bring_entry(struct job *job, int directory, const struct entry *entry,
                       const struct acl *acl, enum how how, unsigned depth)
{
    bool is_folder = entry->type == DT_DIR;
    const struct acl kept = wanted_kept();
    const struct acl *own = depth == 0 && is_kept(entry->name) ? &kept : acl;
    AUTO_CLOSE int fd = -1;

    if (strcmp(entry->name, ".") == 0 || strcmp(entry->name, "..") == 0)
        return 0;
    job->tally.calls += 2; /* openat, close */
    fd = openat(directory, entry->name,
                O_RDONLY | O_NOFOLLOW | O_CLOEXEC | (is_folder ? O_DIRECTORY : 0));
    if (fd < 0 || bring(job, fd, own, how) < 0)
        return -1;
    return is_folder ? bring_below(job, fd, own, how, depth + 1) : 0;
}

static int bring_below(struct job *job, int directory, const struct acl *acl, enum how how,
                       unsigned depth)
{
    _Alignas(struct entry) char bytes[8192];

    if (depth > DEPTH_MAX) {
        errno = ELOOP;
        return -1;
    }
    for (;;) {
        long got = syscall(SYS_getdents64, directory, bytes, sizeof bytes);

        job->tally.calls++;
        if (got <= 0)
            return (int)got;
        for (long at = 0; at < got;) {
            const struct entry *entry = (const void *)(bytes + at);

            if (bring_entry(job, directory, entry, acl, how, depth) < 0)
                return -1;
            at += entry->size;
        }
    }
}

static int open_root(struct job *job, unsigned root)
{
    char path[4096];

    job->tally.calls += 2;
    (void)snprintf(path, sizeof path, "%.4000s/r%u", job->directory, root);
    return openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int bring_root(struct job *job, unsigned root, enum how how)
{
    const struct acl acl = wanted(root < job->changed);
    AUTO_CLOSE int fd = open_root(job, root);

    if (fd < 0 || bring(job, fd, &acl, how) < 0)
        return -1;
    return bring_below(job, fd, &acl, how, 0);
}

static int bring_all(struct job *job, enum how how)
{
    for (unsigned root = 0; root < job->roots; root++) {
        if (bring_root(job, root, how) < 0)
            return -1;
    }
    return 0;
}

static int apply_rewrite(struct job *job)
{
    return bring_all(job, HOW_REWRITE);
}

static int apply_compare(struct job *job)
{
    return bring_all(job, HOW_COMPARE);
}

static int undo_all(struct job *job)
{
    return bring_all(job, HOW_UNDO);
}

/* ---- with a record ---- */

static int open_record(struct job *job)
{
    char path[4096];

    job->tally.calls += 2;
    (void)snprintf(path, sizeof path, "%.4000s/record", job->directory);
    return openat(AT_FDCWD, path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
}

/* A root whose recorded wish is the present one, and which still has it, is not looked into. */
static bool is_recorded(struct job *job, int record, unsigned root)
{
    const struct acl acl = wanted(root < job->changed);
    struct acl found = {0};
    AUTO_CLOSE int fd = -1;

    job->tally.calls++;
    if (pread(record, &found, sizeof found, (off_t)(root * sizeof found)) !=
            (ssize_t)sizeof found ||
        memcmp(&found, &acl, sizeof acl) != 0)
        return false;
    fd = open_root(job, root);
    return fd >= 0 && has_acl(job, fd, access_name, &acl);
}

static int apply_record(struct job *job)
{
    AUTO_CLOSE int record = open_record(job);

    for (unsigned root = 0; record >= 0 && root < job->roots; root++) {
        const struct acl acl = wanted(root < job->changed);

        if (is_recorded(job, record, root))
            continue;
        if (bring_root(job, root, HOW_COMPARE) < 0)
            return -1;
        job->tally.calls++;
        if (pwrite(record, &acl, sizeof acl, (off_t)(root * sizeof acl)) < 0)
            return -1;
    }
    return record < 0 ? -1 : 0;
}

static int undo_record(struct job *job)
{
    AUTO_CLOSE int record = open_record(job);

    job->tally.calls++;
    if (record < 0 || ftruncate(record, 0) < 0)
        return -1;
    return undo_all(job);
}

/* ---- the roots only ---- */

/* Both descriptors of a directory: its own, and the one that what is created in it gets. */
static int bring_both(struct job *job, int fd, const struct acl *acl)
{
    if (has_acl(job, fd, access_name, acl) && has_acl(job, fd, default_name, acl))
        return 0;
    return write_acl(job, fd, access_name, acl) < 0 ? -1 : write_acl(job, fd, default_name, acl);
}

static int remove_both(struct job *job, int fd)
{
    return remove_acl(job, fd, access_name) < 0 ? -1 : remove_acl(job, fd, default_name);
}

static int open_kept(struct job *job, int root, unsigned name)
{
    char text[32];

    job->tally.calls += 2;
    (void)snprintf(text, sizeof text, STRATEGY_KEPT "%u", name);
    return openat(root, text, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int inherit_root(struct job *job, unsigned root, bool is_undo)
{
    const struct acl acl = wanted(root < job->changed);
    const struct acl kept = wanted_kept();
    AUTO_CLOSE int fd = open_root(job, root);

    if (fd < 0 || (is_undo ? remove_both(job, fd) : bring_both(job, fd, &acl)) < 0)
        return -1;
    for (unsigned name = 0; name < job->names; name++) {
        AUTO_CLOSE int below = open_kept(job, fd, name);

        if (below < 0 || (is_undo ? remove_both(job, below) : bring_both(job, below, &kept)) < 0)
            return -1;
    }
    return 0;
}

static int inherit_all(struct job *job, bool is_undo)
{
    for (unsigned root = 0; root < job->roots; root++) {
        if (inherit_root(job, root, is_undo) < 0)
            return -1;
    }
    return 0;
}

static int apply_inherit(struct job *job)
{
    return inherit_all(job, false);
}

static int undo_inherit(struct job *job)
{
    return inherit_all(job, true);
}

const struct strategy acl_rewrite = {"rewrite", apply_rewrite, undo_all};
const struct strategy acl_compare = {"compare", apply_compare, undo_all};
const struct strategy acl_record = {"record", apply_record, undo_record};
const struct strategy acl_inherit = {"inherit", apply_inherit, undo_inherit};

/*
 * git: commit. The command sees its git directory read-only, like every
 * protected name. What a commit makes is made here, by name, through a mount
 * of the directory that the command cannot reach:
 *
 *     packed-refs ORIG_HEAD MERGE_MSG ...      and NAME.lock of each
 *     HEAD index                               only moved here from a lock, after a look at it
 *     objects/ refs/ logs/ reftable/           files and directories below
 *     objects/info/alternates http-alternates  not
 *     hooks/ config config.worktree info/ modules/ worktrees/ commondir ...   not: not in the list
 *
 * Only regular files and directories: a link in a git directory would lead git
 * outside to write somewhere else (COMMIT_EDITMSG, logs/HEAD and index are
 * opened along links). Left out on purpose: rebase-merge and sequencer, whose
 * lists may name commands; MERGE_RR and rr-cache, by which git writes to any
 * path they name; gc.log, which is shown as it is. Directories are made and
 * removed, never moved.
 *
 * So nothing depends on mounts over single files, which the machine could drop
 * by replacing the file (git config does), and what git learns to read in the
 * future is refused until somebody adds it.
 */
#include "sandbox/linux/supervisor_internal.h"

#include <string.h>
#include <sys/mman.h>

#include "base/auto.h"
#include "sandbox/linux/git_index.h"

enum {
    CHECKED_SIZE_MAX = 1 << 30
};

static const char *const data_directories[] = {"objects", "refs", "logs", "reftable"};

/* Each also with ".lock" behind it. */
static const char *const data_files[] = {
    "AUTO_MERGE",  "CHERRY_PICK_HEAD", "COMMIT_EDITMSG", "MERGE_AUTOSTASH", "MERGE_HEAD",
    "MERGE_MODE",  "MERGE_MSG",        "ORIG_HEAD",      "REVERT_HEAD",     "SQUASH_MSG",
    "TAG_EDITMSG", "gc.pid",           "packed-refs",    "packed-refs.new"};

/* Whose locks are written, and which are only ever replaced, after a look: git_index.h says why. */
static const char *const checked_files[] = {"HEAD", "index"};

/* index.stash.123, next-index-123.lock */
static const char *const data_prefixes[] = {"index.stash.", "next-index-"};

static bool is_text(const char *name, size_t length, const char *text)
{
    return strlen(text) == length && strncmp(name, text, length) == 0;
}

static bool is_in(const char *const *names, size_t count, const char *name, size_t length)
{
    for (size_t i = 0; i < count; i++) {
        if (is_text(name, length, names[i]))
            return true;
    }
    return false;
}

static bool is_checked_file(const char *name, size_t length)
{
    return is_in(checked_files, ARRAY_SIZE(checked_files), name, length);
}

static bool is_data_file(const char *name, size_t length)
{
    static const char lock[] = ".lock";
    size_t tail = sizeof lock - 1;
    bool is_lock = length > tail && strncmp(name + length - tail, lock, tail) == 0;

    for (size_t i = 0; i < ARRAY_SIZE(data_prefixes); i++) {
        if (strncmp(name, data_prefixes[i], strlen(data_prefixes[i])) == 0)
            return true;
    }
    if (is_lock)
        length -= tail;
    return (is_lock && is_checked_file(name, length)) ||
           is_in(data_files, ARRAY_SIZE(data_files), name, length);
}

/* Where other object stores are named: git outside would read them. */
static bool is_alternate(const char *inside, const char *name, size_t length)
{
    return strcasecmp(inside, "objects/info") == 0 &&
           (name_is_same(name, length, "alternates", 10) ||
            name_is_same(name, length, "http-alternates", 15));
}

static bool is_data_directory(const char *name, size_t length)
{
    return is_in(data_directories, ARRAY_SIZE(data_directories), name, length);
}

/* At the top nothing goes that makes the directory a repository: HEAD, objects, refs. */
static bool allows_at_top(const char *name, size_t length, enum git_use use)
{
    switch (use) {
    case GIT_USE_MKDIR:
        return is_data_directory(name, length);
    case GIT_USE_RMDIR:
        return false;
    case GIT_USE_FILE:
    case GIT_USE_FROM:
    case GIT_USE_UNLINK:
        return is_data_file(name, length);
    case GIT_USE_TO:
        return is_data_file(name, length) || is_checked_file(name, length);
    }
    return false;
}

bool git_allows(const char *inside, const char *name, size_t length, enum git_use use)
{
    if (inside[0] == '\0')
        return allows_at_top(name, length, use);
    return is_data_directory(inside, strcspn(inside, "/")) && !is_alternate(inside, name, length);
}

/* gitrepository-layout(5): what the main work tree has for itself lies beside what all share. */
bool git_allows_shared(const char *inside, const char *name, size_t length)
{
    static const char *const shared[] = {"packed-refs", "packed-refs.lock", "packed-refs.new",
                                         "gc.pid", "gc.pid.lock"};

    if (inside[0] == '\0')
        return is_in(shared, ARRAY_SIZE(shared), name, length) || is_data_directory(name, length);
    return strcmp(inside, "logs") != 0 ||
           (!is_text(name, length, "HEAD") && !is_text(name, length, "HEAD.lock"));
}

/* The git directory that `path` is in; the innermost, for a worktree's lies in the common one. */
static const struct supervisor_git *find_git(const struct supervisor_config *config,
                                             const char *path, const char **inside)
{
    const struct supervisor_git *found = NULL;

    for (size_t i = 0; i < config->git_count; i++) {
        const struct supervisor_git *git = &config->gits[i];
        const char *rest = guard_below(git->path, path);

        if (rest == NULL || (found != NULL && strlen(git->path) < strlen(found->path)))
            continue;
        found = git;
        *inside = rest + (*rest == '/');
    }
    return found;
}

static bool is_same(int left, int right)
{
    struct stat a;
    struct stat b;

    return sys_fstat(left, &a) == 0 && sys_fstat(right, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

/* What is moved or linked: no directory, with what not in it, and no link. */
static bool is_regular(int directory, const char *name)
{
    struct stat status;

    return sys_lstatat(directory, name, &status) == 0 && S_ISREG(status.st_mode);
}

bool git_enter(struct request *request, struct place *place, enum git_use use)
{
    const struct supervisor_config *config = request->supervisor->config;
    const struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                                 .resolve =
                                     RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH | RESOLVE_NO_XDEV};
    const char *inside = NULL;
    const struct supervisor_git *git;
    long fd;

    if (config->git_count == 0 || guard_path(request, place->directory, request->text) < 0)
        return false;
    git = find_git(config, request->text, &inside);
    if (git == NULL || !git_allows(inside, place->name, place->length, use) ||
        (git->is_shared && !git_allows_shared(inside, place->name, place->length)))
        return false;
    fd = request_own(request, sys_openat2(git->writable, inside[0] != '\0' ? inside : ".", &how));
    if (fd < 0 || !is_same((int)fd, place->directory) ||
        (use == GIT_USE_FROM && !is_regular((int)fd, place->name)))
        return false;
    place->directory = (int)fd;
    request->git_hash_size = inside[0] == '\0' ? git->hash_size : 0;
    return true;
}

/* --- HEAD and index -------------------------------------------------------------------------------- */

/* All of a file, in memory of its own (munmap); -EFBIG beyond what an index can be. */
static long read_whole(int fd, const struct stat *status, unsigned char **bytes)
{
    const size_t size = (size_t)status->st_size;
    size_t got = 0;
    long memory;

    if (size > CHECKED_SIZE_MAX)
        return -EFBIG;
    memory = sys_call(SYS_mmap, 0, (long)size + 1, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory < 0 && memory > -4096)
        return memory;
    *bytes = (unsigned char *)(uintptr_t)memory;
    while (got < size) {
        long part = sys_read(fd, *bytes + got, size - got);

        if (part <= 0)
            return part < 0 ? part : -EIO; /* shorter by now: its writer is not done, or at play */
        got += (size_t)part;
    }
    return 0;
}

static long write_whole(int fd, const unsigned char *bytes, size_t size)
{
    while (size > 0) {
        long part = sys_call(SYS_write, fd, SYS_PTR(bytes), (long)size, 0, 0, 0);

        if (part <= 0)
            return part < 0 ? part : -EIO;
        bytes += part;
        size -= (size_t)part;
    }
    return 0;
}

/* The same bytes in a file that nobody else has open, with the same mode and time: git compares the
 * times of the index and of what is in it. */
static long make_again(const struct place *old, const struct stat *status,
                       const unsigned char *bytes)
{
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, status->st_mtim};
    long fd;
    long result = sys_call(SYS_unlinkat, old->directory, SYS_PTR(old->name), 0, 0, 0, 0);

    if (result < 0)
        return result;
    fd = sys_openat(old->directory, old->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                    0600);
    if (fd < 0)
        return fd;
    result = write_whole((int)fd, bytes, (size_t)status->st_size);
    if (result == 0)
        result = sys_call(SYS_fchmod, fd, (long)(status->st_mode & 0777), 0, 0, 0, 0);
    if (result == 0)
        result = sys_call(SYS_utimensat, fd, 0, SYS_PTR(times), 0, 0, 0);
    (void)sys_close((int)fd);
    return result;
}

static bool is_safe(const struct request *request, const struct place *new,
                    const unsigned char *bytes, size_t size)
{
    if (is_text(new->name, new->length, "HEAD"))
        return git_head_is_safe((const char *)bytes, size);
    return git_index_is_safe(bytes, size, request->git_hash_size);
}

static long check_and_make_again(struct request *request, const struct place *old,
                                 const struct place *new)
{
    const struct open_how how = {.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
                                 .resolve = RESOLVE_NO_SYMLINKS};
    long fd = request_own(request, sys_openat2(old->directory, old->name, &how));
    unsigned char *bytes = NULL;
    struct stat status;
    long result = fd < 0 ? fd : sys_fstat((int)fd, &status);

    if (result < 0)
        return result;
    if (!S_ISREG(status.st_mode))
        return -EROFS;
    result = read_whole((int)fd, &status, &bytes);
    if (result == 0 && !is_safe(request, new, bytes, (size_t)status.st_size))
        result = -EROFS;
    if (result == 0)
        result = make_again(old, &status, bytes);
    if (bytes != NULL)
        (void)sys_call(SYS_munmap, SYS_PTR(bytes), status.st_size + 1, 0, 0, 0, 0);
    return result;
}

long git_rename(struct request *request, const struct place *old, const struct place *new,
                unsigned flags)
{
    /* below the top these are names like any other: refs/remotes/origin/HEAD, a branch "index" */
    if (request->git_hash_size > 0 && is_checked_file(new->name, new->length)) {
        long result = check_and_make_again(request, old, new);

        if (result < 0)
            return result;
    }
    return sys_call(SYS_renameat2, old->directory, SYS_PTR(old->name), new->directory,
                    SYS_PTR(new->name), flags, 0);
}

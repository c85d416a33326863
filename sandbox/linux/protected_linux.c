/*
 * Finds what must stay read-only inside a root: the protected names that
 * exist, and for .git also what it leads to:
 *
 *     root/.git            a directory: protected as it is
 *     root/.git            a file "gitdir: G": the file, G, and what G/commondir names
 *     root/.git            a link: the link itself (mounted on itself), and what it leads to
 *     root/.git/worktrees/NAME/gitdir   names the .git file of a linked worktree
 *     root/.gitmodules     "path = P": P/.git of a submodule
 *
 * What lies outside the writable roots is read-only anyway and is left out by
 * the mounts: a protect step on it would only cost. The files read here may
 * have been written by an earlier command in the sandbox: they can only add
 * protection, and only to what is there.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "sandbox/gitfile.h"
#include "sandbox/linux/facts_collect.h"
#include "sandbox/linux/kernel.h"

enum {
    POINTER_SIZE_MAX = 4096,
    MODULES_SIZE_MAX = 256 * 1024,
    PROTECT_MAX = 4096
};

ssize_t read_small(int dir, const char *name, char *text, size_t size)
{
    AUTO_CLOSE int fd =
        openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat status;
    ssize_t got;

    if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
        return -1;
    got = read(fd, text, size - 1);
    text[got > 0 ? got : 0] = '\0';
    return got;
}

static int add(struct facts *facts, const char *path, struct error *err)
{
    if (path_set_has(&facts->protect_set, path))
        return 0;
    if (facts->protect.count >= PROTECT_MAX)
        return error_set(err, ERR_REFUSED, "more than %d things to protect", PROTECT_MAX);
    if (text_list_add(&facts->protect, path, err) < 0)
        return -1;
    return path_set_add(&facts->protect_set, facts->protect.items[facts->protect.count - 1],
                        (int)facts->protect.count - 1, err);
}

/* Adds what dir/path is, with every link resolved. Missing: nothing is added, and false. */
static int add_resolved(int dir, const char *path, struct facts *facts, bool *exists,
                        struct error *err)
{
    AUTO_CLOSE int fd = openat(dir, path, O_PATH | O_CLOEXEC);
    AUTO_FREE char *real = NULL;

    *exists = fd >= 0;
    if (fd < 0)
        return 0;
    real = descriptor_path(fd, err);
    if (real == NULL || add(facts, real, err) < 0)
        return -1;
    return 0;
}

static int read_common(int fd, struct facts *facts, struct error *err)
{
    char text[POINTER_SIZE_MAX];
    char path[POINTER_SIZE_MAX];
    bool exists;

    if (read_small(fd, "commondir", text, sizeof text) <= 0 ||
        !gitfile_parse_line(text, path, sizeof path))
        return 0;
    return add_resolved(fd, path, facts, &exists, err);
}

/* gitdir/commondir, when there is one, names the repository this one shares. */
static int add_common(int dir, const char *gitdir, struct facts *facts, struct error *err)
{
    AUTO_CLOSE int fd = openat(dir, gitdir, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || faccessat(fd, "commondir", F_OK, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    return read_common(fd, facts, err);
}

static int add_git_file(int root, const char *root_path, const char *name, struct facts *facts,
                        struct error *err)
{
    char text[POINTER_SIZE_MAX];
    char gitdir[POINTER_SIZE_MAX];
    bool exists = false;

    if (read_small(root, name, text, sizeof text) <= 0 ||
        !gitfile_parse_pointer(text, gitdir, sizeof gitdir))
        return 0; /* not a pointer: a file like any other */
    if (add_resolved(root, gitdir, facts, &exists, err) < 0)
        return -1;
    if (!exists) {
        (void)error_set(err, ERR_REFUSED, "%s/%s points to %.100s, which does not exist", root_path,
                        name, gitdir);
        return error_hint(err, "repair the repository or remove the file; it could come to exist");
    }
    return add_common(root, gitdir, facts, err);
}

/* --- worktrees and submodules ----------------------------------------------------------------------- */

/* .git/worktrees/NAME/gitdir holds the path of the worktree's own .git file. */
static int add_worktree(int worktrees, const char *name, struct facts *facts, struct error *err)
{
    AUTO_CLOSE int fd = openat(worktrees, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    char text[POINTER_SIZE_MAX];
    char path[POINTER_SIZE_MAX];
    bool exists;

    if (fd < 0 || read_small(fd, "gitdir", text, sizeof text) <= 0 ||
        !gitfile_parse_line(text, path, sizeof path))
        return 0;
    return add_resolved(fd, path, facts, &exists, err);
}

static int add_worktrees(int root, const char *name, struct facts *facts, struct error *err)
{
    char path[300];
    DIR *stream = NULL;
    struct dirent *entry;
    int result = 0;
    int fd;

    (void)snprintf(path, sizeof path, "%s/worktrees", name);
    fd = openat(root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return 0;
    stream = fdopendir(fd);
    if (stream == NULL) {
        (void)close(fd);
        return error_memory(err, "worktrees");
    }
    while (result == 0 && (entry = readdir(stream)) != NULL) {
        if (entry->d_name[0] != '.')
            result = add_worktree(fd, entry->d_name, facts, err);
    }
    (void)closedir(stream);
    return result;
}

/* The paths come from a file that the sandbox can write: no link in them is followed, so they cannot
 * be used to make something else read-only. */
static int add_submodule(int root, const char *path, struct facts *facts, struct error *err)
{
    AUTO_CLOSE int fd = kernel_open_plain(root, path, O_PATH | O_NOFOLLOW);
    AUTO_FREE char *real = NULL;

    if (fd < 0)
        return 0;
    real = descriptor_path(fd, err);
    return real == NULL ? -1 : add(facts, real, err);
}

static int add_submodules(int root, struct facts *facts, struct error *err)
{
    AUTO_FREE char *text = NULL;
    char path[POINTER_SIZE_MAX];
    const char *at;
    ssize_t size;

    if (faccessat(root, ".gitmodules", F_OK, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    text = malloc(MODULES_SIZE_MAX);
    if (text == NULL)
        return error_memory(err, ".gitmodules");
    size = read_small(root, ".gitmodules", text, MODULES_SIZE_MAX);
    if (size == MODULES_SIZE_MAX - 1)
        return error_set(err, ERR_REFUSED, ".gitmodules is larger than %d bytes", MODULES_SIZE_MAX);
    at = size > 0 ? text : "";
    while (gitfile_next_module(&at, path, sizeof path - 6)) {
        (void)strcat(path, "/.git");
        if (add_submodule(root, path, facts, err) < 0)
            return -1;
    }
    return 0;
}

/* A .git that is a directory, or a link to one. */
static int add_git_directory(int root, const char *name, struct facts *facts, struct error *err)
{
    if (add_worktrees(root, name, facts, err) < 0)
        return -1;
    return add_common(root, name, facts, err);
}

/* --- names ------------------------------------------------------------------------------------------ */

static int add_name(int root, const char *root_path, const char *name, struct facts *facts,
                    struct error *err)
{
    AUTO_FREE char *path = NULL;
    struct stat status;
    bool exists;

    if (fstatat(root, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
        if (errno != ENOENT)
            return error_os(err, errno, "look for %s in %s", name, root_path);
        facts->has_absent_names = true;
        return 0;
    }
    path = path_join(root_path, name);
    if (path == NULL)
        return error_memory(err, name);
    if (add(facts, path, err) < 0)
        return -1;
    if (S_ISLNK(status.st_mode)) {
        if (add_resolved(root, name, facts, &exists, err) < 0)
            return -1;
        if (!exists) {
            (void)error_set(err, ERR_REFUSED, "%s is a link to nothing, which could come to exist",
                            path);
            return error_hint(err, "remove the link");
        }
    }
    if (strcmp(name, ".git") != 0)
        return 0;
    if (S_ISREG(status.st_mode) ? add_git_file(root, root_path, name, facts, err) < 0
                                : add_git_directory(root, name, facts, err) < 0)
        return -1;
    return add_submodules(root, facts, err);
}

int protected_collect(const struct policy *policy, int fd, const char *root, struct facts *facts,
                      struct error *err)
{
    for (size_t i = 0; i < policy->protect.count; i++) {
        const char *name = policy->protect.items[i];

        if (add_name(fd, root, name, facts, err) < 0)
            return -1;
        if (policy->git == GIT_COMMIT && strcmp(name, ".git") == 0 &&
            gits_collect(fd, facts, err) < 0)
            return -1;
    }
    return 0;
}

/*
 * git: commit. Which git directories a root's .git leads to:
 *
 *     root/.git                     a directory, or a link to one
 *     root/.git                     a file "gitdir: G": G, and C, which G/commondir names
 *     root/.git/modules/NAME        of a submodule: what root/SUB/.git points to
 *
 * The pointer may have come with the project, so what it names gets nothing on
 * its word alone: G and C lie in a root, or G/gitdir names this very .git back
 * and G is one of C's worktrees. Only the user's own git writes that.
 */
#include <fcntl.h>
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
    CONFIG_SIZE_MAX = 256 * 1024
};

/* Which hash a repository uses is in its configuration, which only the user's own git writes. */
static int add_hash(int common, const char *path, struct facts *facts, struct error *err)
{
    AUTO_FREE char *text = malloc(CONFIG_SIZE_MAX);
    ssize_t size;
    size_t hash_size;

    if (text == NULL)
        return error_memory(err, "configuration");
    size = read_small(common, "config", text, CONFIG_SIZE_MAX);
    hash_size = size == CONFIG_SIZE_MAX - 1 ? 0 : gitfile_hash_size(size > 0 ? text : "");
    if (hash_size == 32)
        return text_list_add(&facts->sha256_gits, path, err);
    if (hash_size == 20)
        return 0;
    (void)error_set(err, ERR_UNSUPPORTED,
                    "git: extensions.objectFormat of %.200s is neither sha1 nor sha256", path);
    return error_hint(err, "leave \"git\" at read, and commit outside");
}

static int add(const char *path, bool is_proven, struct facts *facts, struct error *err)
{
    if (!is_proven && text_list_add(&facts->unproven_gits, path, err) < 0)
        return -1;
    return text_list_has(&facts->gits, path) ? 0 : text_list_add(&facts->gits, path, err);
}

static int add_own(const char *path, bool is_proven, struct facts *facts, struct error *err)
{
    if (text_list_add(&facts->own_gits, path, err) < 0)
        return -1;
    return add(path, is_proven, facts, err);
}

/* The path in a small file of dir that holds one; false: there is none. */
static bool read_path(int dir, const char *name, char *path, size_t size)
{
    char text[POINTER_SIZE_MAX];

    return read_small(dir, name, text, sizeof text) > 0 && gitfile_parse_line(text, path, size);
}

static bool names_back(int gitdir, const struct stat *dot_git)
{
    char path[POINTER_SIZE_MAX];
    struct stat status;

    return read_path(gitdir, "gitdir", path, sizeof path) &&
           fstatat(gitdir, path, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
           status.st_dev == dot_git->st_dev && status.st_ino == dot_git->st_ino;
}

/* Is `inner` NAME of outer/below/NAME? */
static bool is_one_of(const char *inner, const char *outer, const char *below)
{
    AUTO_FREE char *directory = path_join(outer, below);

    return directory != NULL && strcmp(inner, directory) != 0 &&
           path_is_within(PATH_POSIX, inner, directory);
}

/* A git directory and, when it shares one, the common one. */
static int add_pair(int gitdir, const struct stat *dot_git, struct facts *facts, struct error *err)
{
    AUTO_FREE char *own = descriptor_path(gitdir, err);
    AUTO_FREE char *common = NULL;
    AUTO_CLOSE int shared = -1;
    char path[POINTER_SIZE_MAX];
    bool is_proven = false;

    if (own == NULL)
        return -1;
    if (read_path(gitdir, "commondir", path, sizeof path))
        shared = openat(gitdir, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (add_hash(shared >= 0 ? shared : gitdir, own, facts, err) < 0)
        return -1;
    if (shared < 0)
        return add_own(own, false, facts, err);
    common = descriptor_path(shared, err);
    if (common == NULL)
        return -1;
    is_proven = names_back(gitdir, dot_git) && is_one_of(own, common, "worktrees");
    if (add(common, is_proven, facts, err) < 0)
        return -1;
    return add_own(own, is_proven, facts, err);
}

/* --- submodules ------------------------------------------------------------------------------------- */

static int add_submodule(int root, const char *path, const char *git, struct facts *facts,
                         struct error *err)
{
    AUTO_CLOSE int directory = kernel_open_plain(root, path, O_PATH | O_DIRECTORY | O_NOFOLLOW);
    AUTO_CLOSE int module = -1;
    AUTO_FREE char *real = NULL;
    char text[POINTER_SIZE_MAX];
    char pointer[POINTER_SIZE_MAX];

    if (directory < 0 || read_small(directory, ".git", text, sizeof text) <= 0 ||
        !gitfile_parse_pointer(text, pointer, sizeof pointer))
        return 0;
    module = openat(directory, pointer, O_PATH | O_DIRECTORY | O_CLOEXEC);
    real = module >= 0 ? descriptor_path(module, err) : NULL;
    if (real == NULL)
        return module >= 0 ? -1 : 0;
    /* the pointer is an ordinary file of the workspace: it counts only where git itself puts modules */
    if (!is_one_of(real, git, "modules"))
        return 0;
    return add_hash(module, real, facts, err) < 0 ? -1 : add_own(real, true, facts, err);
}

static int add_submodules(int root, const char *git, struct facts *facts, struct error *err)
{
    enum {
        SIZE = 64 * 1024
    };
    AUTO_FREE char *text = malloc(SIZE);
    char path[POINTER_SIZE_MAX];
    const char *at = text;

    if (text == NULL)
        return error_memory(err, ".gitmodules");
    if (read_small(root, ".gitmodules", text, SIZE) <= 0)
        return 0;
    while (gitfile_next_module(&at, path, sizeof path)) {
        if (add_submodule(root, path, git, facts, err) < 0)
            return -1;
    }
    return 0;
}

/* --- the whole -------------------------------------------------------------------------------------- */

static int open_gitdir(int root, const struct stat *dot_git)
{
    char text[POINTER_SIZE_MAX];
    char path[POINTER_SIZE_MAX];

    if (!S_ISREG(dot_git->st_mode))
        return openat(root, ".git", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (read_small(root, ".git", text, sizeof text) <= 0 ||
        !gitfile_parse_pointer(text, path, sizeof path))
        return -1;
    return openat(root, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int gits_collect(int fd, struct facts *facts, struct error *err)
{
    const size_t before = facts->gits.count;
    struct stat dot_git;
    AUTO_CLOSE int gitdir = -1;

    if (fstatat(fd, ".git", &dot_git, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    gitdir = open_gitdir(fd, &dot_git);
    if (gitdir < 0)
        return 0; /* no repository: it stays protected, and that is all */
    if (add_pair(gitdir, &dot_git, facts, err) < 0)
        return -1;
    return before < facts->gits.count ? add_submodules(fd, facts->gits.items[before], facts, err)
                                      : 0;
}

int gits_check(const struct facts *facts, struct error *err)
{
    for (size_t i = 0; i < facts->unproven_gits.count; i++) {
        const char *path = facts->unproven_gits.items[i];
        bool is_in_root = false;

        for (size_t k = 0; k < facts->roots.count; k++)
            is_in_root |= path_is_within(PATH_POSIX, path, facts->roots.items[k]);
        if (is_in_root)
            continue;
        (void)error_set(err, ERR_REFUSED,
                        "git: commits would be made in %.200s, which lies in no root and does not "
                        "name the workspace's .git back",
                        path);
        return error_hint(err, "declare that directory writable too: its hooks and configuration "
                               "stay as they are");
    }
    return 0;
}

/*
 * The mount steps of a plan, in place: no second root, no pivot. Every path
 * keeps its name, and nothing has to be copied or made on a disk.
 *
 *   1. clone the device nodes, while they can still be opened
 *   2. make the whole tree nodev, nosuid, private: one call
 *   3. clone what shall stay writable, with those flags, and what is protected
 *   4. make the whole tree read-only: one call
 *   5. put the clones and the private things in place, in the plan's order
 *
 * Targets are opened without following any link; a path that was a directory
 * when the policy was read and is a link now makes the run fail.
 * Sources: mount_setattr(2), open_tree(2), move_mount(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "sandbox/linux/apply.h"
#include "sandbox/linux/kernel.h"
#include "sandbox/path.h"
#include "sandbox/path_set.h"

#define SEALED (KERNEL_MOUNT_NOSUID | KERNEL_MOUNT_NODEV)

/* Descriptors by step, -1: none. They are closed all at once, with one call. */
struct mounting {
    const struct plan *plan;
    int *trees;             /* clones not yet attached, and what must be sealed in the end */
    int *places;            /* where roots belong, as opened before anything was mounted */
    int mask;               /* the empty directory that hides, once it is made */
    struct path_set roots;  /* by step */
    struct path_set covers; /* what has been or will be mounted above a place since it was opened */
};

static bool needs_tree(const struct step *step)
{
    return step->kind == STEP_WRITABLE || step->kind == STEP_PROTECT || step->kind == STEP_DEVICE ||
           step->kind == STEP_GIT_COMMIT;
}

/* --- 1 to 3: clones ------------------------------------------------------------------------------- */

static int seal(int tree, const char *path, uint64_t attributes, struct error *err)
{
    if (kernel_mount_setattr(tree, "", KERNEL_AT_EMPTY_PATH | KERNEL_AT_RECURSIVE, attributes,
                             KERNEL_PRIVATE) < 0)
        return error_os(err, errno, "seal the mount of %s", path);
    return 0;
}

static int open_place(const char *path, struct error *err)
{
    int place = kernel_open_plain(AT_FDCWD, path, O_PATH | O_NOFOLLOW);

    if (place >= 0)
        return place;
    (void)error_os(err, errno, "open %s", path);
    return error_hint(err, "it was there a moment ago; is something changing it?");
}

static int clone_at(int place, const char *path, struct error *err)
{
    int tree =
        kernel_open_tree(place, "", KERNEL_TREE_CLONE | KERNEL_AT_EMPTY_PATH | KERNEL_AT_RECURSIVE);

    if (tree < 0)
        return error_os(err, errno, "clone the mount of %s", path);
    return tree;
}

static int clone_root(struct mounting *m, size_t index, struct error *err)
{
    const char *path = m->plan->steps[index].path;

    m->places[index] = open_place(path, err);
    if (m->places[index] < 0)
        return -1;
    m->trees[index] = clone_at(m->places[index], path, err);
    if (m->trees[index] < 0)
        return -1;
    return path_set_add(&m->roots, path, (int)index, err);
}

/* Stays writable, and is never attached anywhere. */
static int clone_git(struct mounting *m, size_t index, struct error *err)
{
    const char *path = m->plan->steps[index].path;
    AUTO_CLOSE int place = open_place(path, err);

    m->trees[index] = place >= 0 ? clone_at(place, path, err) : -1;
    return m->trees[index] >= 0 ? 0 : -1;
}

/* The step of the root that a protected thing lies directly in, so that it can be named from there;
 * PATH_SET_NONE if it lies deeper. */
static int root_right_above(const struct mounting *m, const char *path)
{
    return path_set_find(&m->roots, path, (size_t)(strrchr(path, '/') - path));
}

static int clone_protected(struct mounting *m, size_t index, struct error *err)
{
    const char *path = m->plan->steps[index].path;
    int root = root_right_above(m, path);

    /* from the place, not from its clone: what is attached nowhere can be cloned since Linux 6.15 */
    if (root != PATH_SET_NONE) {
        m->trees[index] =
            kernel_open_tree(m->places[root], strrchr(path, '/') + 1,
                             KERNEL_TREE_CLONE | KERNEL_AT_RECURSIVE | AT_SYMLINK_NOFOLLOW);
        if (m->trees[index] < 0)
            return error_os(err, errno, "clone the mount of %s", path);
    } else {
        AUTO_CLOSE int place = open_place(path, err);

        m->trees[index] = place >= 0 ? clone_at(place, path, err) : -1;
        if (m->trees[index] < 0)
            return -1;
    }
    return seal(m->trees[index], path, SEALED | KERNEL_MOUNT_RDONLY, err);
}

/* In /dev nothing but root moves, so its paths need no care. */
static int clone_device(struct mounting *m, size_t index, struct error *err)
{
    const char *path = m->plan->steps[index].path;

    m->trees[index] = kernel_open_tree(AT_FDCWD, path, KERNEL_TREE_CLONE | AT_SYMLINK_NOFOLLOW);
    if (m->trees[index] < 0 && errno != ENOENT)
        return error_os(err, errno, "clone the mount of %s", path);
    return 0;
}

static int clone_all(struct mounting *m, enum step_kind kind,
                     int (*clone)(struct mounting *, size_t, struct error *), struct error *err)
{
    for (size_t i = 0; i < m->plan->step_count; i++) {
        if (m->plan->steps[i].kind == kind && clone(m, i, err) < 0)
            return -1;
    }
    return 0;
}

static int change_every_mount(uint64_t attributes, struct error *err)
{
    if (kernel_mount_setattr(AT_FDCWD, "/", KERNEL_AT_RECURSIVE, attributes, KERNEL_PRIVATE) == 0)
        return 0;
    (void)error_os(err, errno, "change the flags of every mount");
    return error_hint(err, "needs Linux 5.12 (mount_setattr)");
}

/* A clone has the flags of its moment. One call for all of them, not one for each of a thousand roots.
 * Protected things come last: they are found from the places of roots. */
static int clone_trees(struct mounting *m, struct error *err)
{
    if (clone_all(m, STEP_DEVICE, clone_device, err) < 0)
        return -1;
    if (plan_find(m->plan, STEP_READ_ONLY_ROOT) != NULL && change_every_mount(SEALED, err) < 0)
        return -1;
    if (clone_all(m, STEP_WRITABLE, clone_root, err) < 0 ||
        clone_all(m, STEP_GIT_COMMIT, clone_git, err) < 0)
        return -1;
    return clone_all(m, STEP_PROTECT, clone_protected, err);
}

/* One descriptor per clone: a thousand roots need more than the usual soft limit. */
static int raise_file_limit(const struct plan *plan, struct rlimit *before, struct error *err)
{
    struct rlimit limits;
    size_t needed = 64;

    before->rlim_cur = before->rlim_max = 0;
    for (size_t i = 0; i < plan->step_count; i++)
        needed += needs_tree(&plan->steps[i]) ? 3 : 0; /* clone, place, guarded root */
    if (needed <= 512)
        return 0;
    if (getrlimit(RLIMIT_NOFILE, &limits) < 0)
        return error_os(err, errno, "read the limit of open files");
    if (limits.rlim_cur >= needed)
        return 0;
    *before = limits;
    limits.rlim_cur = limits.rlim_max;
    if (limits.rlim_max < needed || setrlimit(RLIMIT_NOFILE, &limits) < 0)
        return error_set(err, ERR_UNSUPPORTED, "%zu roots need more open files than the hard limit",
                         needed);
    return 0;
}

/* --- 4, 5: in place ------------------------------------------------------------------------------ */

/* Makes the directories of path that are missing: only possible in what is private by now. */
static int make_way(const char *path, mode_t mode, struct error *err)
{
    AUTO_FREE char *part = strdup(path);

    if (part == NULL)
        return error_memory(err, path);
    for (char *at = part + 1; *at != '\0'; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        if (mkdir(part, mode) < 0 && errno != EEXIST && errno != EROFS)
            return error_os(err, errno, "make the way to %s", path);
        *at = '/';
    }
    if (mkdir(part, mode) < 0 && errno != EEXIST)
        return error_os(err, errno, "make the way to %s", path);
    return 0;
}

static int open_target(const char *path, struct error *err)
{
    int target = kernel_open_plain(AT_FDCWD, path, O_PATH | O_NOFOLLOW);

    if (target < 0)
        return error_os(err, errno, "open %s inside the sandbox", path);
    return target;
}

static int attach_at(int tree, int target, const char *path, struct error *err)
{
    if (kernel_attach(tree, target) < 0)
        return error_os(err, errno, "mount on %s", path);
    return 0;
}

static int attach(int tree, const char *path, struct error *err)
{
    AUTO_CLOSE int target = open_target(path, err);

    return target < 0 ? -1 : attach_at(tree, target, path, err);
}

/* What is mounted above roots besides other roots. */
static int collect_covers(const struct plan *plan, struct path_set *covers, struct error *err)
{
    for (size_t i = 0; i < plan->step_count; i++) {
        const struct step *step = &plan->steps[i];

        if ((step->kind == STEP_HIDE || step->kind == STEP_PRIVATE_TMP) &&
            path_set_add(covers, step->path, 0, err) < 0)
            return -1;
    }
    return 0;
}

/* Was something mounted above this path since its place was opened? A root inside a root is: its place
 * was opened below what the outer one, earlier in the plan, has covered by now. */
static int attach_root(struct mounting *m, size_t index, struct error *err)
{
    const char *path = m->plan->steps[index].path;
    bool is_covered = path_set_nearest(&m->covers, path) != PATH_SET_NONE;
    AUTO_CLOSE int target = -1;

    if (path_set_add(&m->covers, path, 0, err) < 0)
        return -1;
    if (!is_covered)
        return attach_at(m->trees[index], m->places[index], path, err);
    target = kernel_open_plain(AT_FDCWD, path, O_PATH | O_NOFOLLOW);
    if (target < 0 && errno == ENOENT && make_way(path, 0755, err) < 0)
        return -1;
    return attach(m->trees[index], path, err);
}

static int attach_protected(const struct mounting *m, size_t index, struct error *err)
{
    const char *path = m->plan->steps[index].path;
    int root = root_right_above(m, path);

    if (root == PATH_SET_NONE)
        return attach(m->trees[index], path, err);
    if (kernel_attach_name(m->trees[index], m->trees[root], strrchr(path, '/') + 1) < 0)
        return error_os(err, errno, "mount on %s", path);
    return 0;
}

static int attach_device(const struct mounting *m, size_t index, struct error *err)
{
    const char *path = m->plan->steps[index].path;

    if (m->trees[index] >= 0 && kernel_attach_name(m->trees[index], AT_FDCWD, path) < 0)
        return error_os(err, errno, "mount on %s", path);
    return 0;
}

static int mount_private_tmp(const struct step *step, struct error *err)
{
    char options[64] = "mode=1777";

    if (step->bits > 0)
        (void)snprintf(options, sizeof options, "mode=1777,size=%llu",
                       (unsigned long long)step->bits);
    if (mount("tmpfs", step->path, "tmpfs", MS_NOSUID | MS_NODEV, options) < 0 && errno != ENOENT)
        return error_os(err, errno, "mount a private %s", step->path);
    return 0;
}

/* The first hidden directory gets an empty tmpfs of mode 0; the others get clones of it. */
static int hide_directory(struct mounting *m, const char *path, struct error *err)
{
    AUTO_CLOSE int tree = -1;

    if (m->mask < 0) {
        if (mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV | MS_RDONLY, "mode=0,size=4k") < 0)
            return error_os(err, errno, "hide %s", path);
        m->mask = open_target(path, err);
        return m->mask < 0 ? -1 : 0;
    }
    tree = kernel_open_tree(m->mask, "", KERNEL_TREE_CLONE | KERNEL_AT_EMPTY_PATH);
    if (tree < 0)
        return error_os(err, errno, "hide %s", path);
    return attach(tree, path, err);
}

/* /dev/null on a nodev mount cannot be opened by anybody. */
static int hide_file(const char *path, struct error *err)
{
    AUTO_CLOSE int tree =
        kernel_open_tree(AT_FDCWD, "/dev/null", KERNEL_TREE_CLONE | AT_SYMLINK_NOFOLLOW);

    if (tree < 0)
        return error_os(err, errno, "hide %s", path);
    if (seal(tree, path, SEALED | KERNEL_MOUNT_RDONLY, err) < 0)
        return -1;
    return attach(tree, path, err);
}

/* A hidden directory above a root: searchable, so that the root can be reached, and sealed when
 * every root is in place. */
static int hide_above_root(struct mounting *m, size_t index, struct error *err)
{
    const char *path = m->plan->steps[index].path;

    if (mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0111,size=64k") < 0)
        return error_os(err, errno, "hide %s", path);
    m->trees[index] = open_target(path, err);
    if (m->trees[index] < 0)
        return -1;
    for (size_t i = 0; i < m->plan->step_count; i++) {
        const struct step *root = &m->plan->steps[i];

        if (root->kind == STEP_WRITABLE && path_is_within(PATH_POSIX, root->path, path) &&
            make_way(root->path, 0111, err) < 0)
            return -1;
    }
    return 0;
}

static int hide(struct mounting *m, size_t index, struct error *err)
{
    const struct step *step = &m->plan->steps[index];

    if ((step->bits & PLAN_HIDE_WAY) != 0)
        return hide_above_root(m, index, err);
    if ((step->bits & PLAN_HIDE_DIRECTORY) != 0)
        return hide_directory(m, step->path, err);
    return hide_file(step->path, err);
}

/* /dev/ptmx of the machine belongs to its own /dev/pts; where it is a link it leads to ours anyway. */
static int mount_ptys(struct error *err)
{
    AUTO_CLOSE int tree = -1;
    struct stat status;

    if (mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
              "newinstance,ptmxmode=0666,mode=0620") < 0)
        return errno == ENOENT ? 0 : error_os(err, errno, "mount /dev/pts");
    if (lstat("/dev/ptmx", &status) < 0 || !S_ISCHR(status.st_mode))
        return 0;
    tree = kernel_open_tree(AT_FDCWD, "/dev/pts/ptmx", KERNEL_TREE_CLONE | AT_SYMLINK_NOFOLLOW);
    if (tree < 0 || kernel_attach_name(tree, AT_FDCWD, "/dev/ptmx") < 0)
        return error_os(err, errno, "mount /dev/ptmx");
    return 0;
}

static int mount_mqueue(const struct step *step, struct error *err)
{
    if (mount("mqueue", step->path, "mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
        return error_os(err, errno, "mount a new %s", step->path);
    return 0;
}

static int mount_proc(const struct step *step, struct error *err)
{
    unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;

    if (mount("proc", step->path, "proc", flags | (step->bits != 0 ? MS_RDONLY : 0), NULL) == 0)
        return 0;
    (void)error_os(err, errno, "mount a new /proc");
    return error_hint(err, "containers that mask parts of /proc forbid this; use linux-landlock");
}

static int apply_step(struct mounting *m, size_t index, struct error *err)
{
    const struct step *step = &m->plan->steps[index];

    switch (step->kind) {
    case STEP_READ_ONLY_ROOT:
        return change_every_mount(KERNEL_MOUNT_RDONLY, err);
    case STEP_HIDE:
        return hide(m, index, err);
    case STEP_PRIVATE_TMP:
        return mount_private_tmp(step, err);
    case STEP_PTYS:
        return mount_ptys(err);
    case STEP_FRESH_MQUEUE:
        return mount_mqueue(step, err);
    case STEP_FRESH_PROC:
        return mount_proc(step, err);
    case STEP_WRITABLE:
        return attach_root(m, index, err);
    case STEP_PROTECT:
        return attach_protected(m, index, err);
    case STEP_DEVICE:
        return attach_device(m, index, err);
    default:
        return 0; /* not a mount */
    }
}

static int apply_steps(struct mounting *m, struct error *err)
{
    for (size_t i = 0; i < m->plan->step_count; i++) {
        if (apply_step(m, i, err) < 0)
            return error_wrap(err, "step %zu (%s)", i + 1, plan_step_name(m->plan->steps[i].kind));
    }
    for (size_t i = 0; i < m->plan->step_count; i++) {
        if (m->plan->steps[i].kind == STEP_HIDE && m->trees[i] >= 0 &&
            kernel_mount_setattr(m->trees[i], "", KERNEL_AT_EMPTY_PATH, KERNEL_MOUNT_RDONLY, 0) < 0)
            return error_os(err, errno, "seal %s", m->plan->steps[i].path);
    }
    return 0;
}

/* Only inside what is private can directories be missing, or be made. */
int mounts_need_ids(const struct plan *plan, struct error *err)
{
    struct path_set covers = {0};
    int result = collect_covers(plan, &covers, err);

    for (size_t i = 0; result == 0 && i < plan->step_count; i++) {
        if (plan->steps[i].kind == STEP_WRITABLE &&
            path_set_nearest(&covers, plan->steps[i].path) != PATH_SET_NONE)
            result = 1;
    }
    path_set_done(&covers);
    return result;
}

size_t mounts_kept(const struct plan *plan)
{
    size_t count = 0;

    for (size_t i = 0; i < plan->step_count; i++)
        count += plan->steps[i].kind == STEP_GIT_COMMIT;
    return count;
}

/* The clones that are not attached: to the numbers from 3 on, in the plan's order. First out of the way
 * of those numbers, then there; what is overwritten is not needed any more. */
static int keep_clones(const struct mounting *m, int count, struct error *err)
{
    int next = 3;

    for (size_t i = 0; i < m->plan->step_count; i++) {
        if (m->plan->steps[i].kind != STEP_GIT_COMMIT)
            continue;
        m->trees[i] = fcntl(m->trees[i], F_DUPFD_CLOEXEC, 3 + count);
        if (m->trees[i] < 0)
            return error_os(err, errno, "keep the mount of %s", m->plan->steps[i].path);
    }
    for (size_t i = 0; i < m->plan->step_count; i++) {
        if (m->plan->steps[i].kind == STEP_GIT_COMMIT && dup3(m->trees[i], next++, O_CLOEXEC) < 0)
            return error_os(err, errno, "keep the mount of %s", m->plan->steps[i].path);
    }
    return 0;
}

int mounts_apply(const struct plan *plan, struct rlimit *file_limit, struct error *err)
{
    AUTO_FREE int *descriptors = malloc((2 * plan->step_count + 1) * sizeof *descriptors);
    struct mounting m = {.plan = plan, .mask = -1, .trees = descriptors};
    const unsigned kept = (unsigned)mounts_kept(plan);
    int result;

    if (descriptors == NULL)
        return error_memory(err, "mounts");
    m.places = descriptors + plan->step_count;
    for (size_t i = 0; i < 2 * plan->step_count; i++)
        descriptors[i] = -1;
    result = raise_file_limit(plan, file_limit, err) < 0 ||
                     collect_covers(plan, &m.covers, err) < 0 || clone_trees(&m, err) < 0 ||
                     apply_steps(&m, err) < 0
                 ? -1
                 : 0;
    path_set_done(&m.roots);
    path_set_done(&m.covers);
    if (result < 0)
        return -1;
    if (kept > 0 && keep_clones(&m, (int)kept, err) < 0)
        return -1;
    if (plan_find(plan, STEP_CLOSE_DESCRIPTORS) != NULL && kernel_close_range(3 + kept, ~0u, 0) < 0)
        return error_os(err, errno, "close the clones");
    return 0;
}

/* --- standard input, output, error ------------------------------------------------------------- */

static bool must_reopen(int fd, struct stat *status)
{
    int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && (flags & O_ACCMODE) == O_RDONLY && fstat(fd, status) == 0 &&
           S_ISREG(status->st_mode) && status->st_nlink > 0;
}

/* A descriptor of the same file, at the same place in it, through a read-only mount. */
static int reopen_sealed(int fd, const struct stat *before, struct error *err)
{
    char link[32];
    char path[4096];
    struct stat status;
    AUTO_CLOSE int tree = -1;
    AUTO_CLOSE int again = -1;
    ssize_t size;

    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    size = readlink(link, path, sizeof path - 1);
    if (size < 0)
        return error_os(err, errno, "read the name of descriptor %d", fd);
    path[size] = '\0';
    tree = kernel_open_tree(AT_FDCWD, path, KERNEL_TREE_CLONE);
    if (tree < 0 || fstat(tree, &status) < 0 || status.st_ino != before->st_ino ||
        status.st_dev != before->st_dev) {
        (void)error_set(err, ERR_REFUSED, "descriptor %d is a file that cannot be found again", fd);
        return error_hint(err, "hand it over through a pipe: cat FILE | holdfast-sandbox ...");
    }
    if (kernel_mount_setattr(tree, "", KERNEL_AT_EMPTY_PATH, SEALED | KERNEL_MOUNT_RDONLY, 0) < 0)
        return error_os(err, errno, "seal descriptor %d", fd);
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", tree);
    again = open(link, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (again < 0)
        return error_os(err, errno, "open descriptor %d again", fd);
    if (lseek(again, lseek(fd, 0, SEEK_CUR), SEEK_SET) < 0 || dup2(again, fd) < 0)
        return error_os(err, errno, "replace descriptor %d", fd);
    return 0;
}

int mounts_reopen_stdio(struct error *err)
{
    for (int fd = 0; fd <= 2; fd++) {
        struct stat status;

        if (must_reopen(fd, &status) && reopen_sealed(fd, &status, err) < 0)
            return -1;
    }
    return 0;
}

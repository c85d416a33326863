/*
 * The mount steps of a plan, in place: no second root, no pivot. Every path
 * keeps its name, and nothing has to be copied or made on a disk.
 *
 *   1. clone what shall differ from the rest (roots, protected things, device
 *      nodes), while it still has its own flags
 *   2. make the whole tree read-only, nodev, nosuid, private: one call
 *   3. put the clones and the private things in place, in the plan's order
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

#define SEALED (KERNEL_MOUNT_NOSUID | KERNEL_MOUNT_NODEV)

/* Descriptors by step, -1: none. They are closed all at once, with one call. */
struct mounting {
    const struct plan *plan;
    int *trees;  /* clones not yet attached, and what must be sealed in the end */
    int *places; /* where roots belong, as opened before anything was mounted */
    int mask;    /* the empty directory that hides, once it is made */
};

static bool needs_tree(const struct step *step)
{
    return step->kind == STEP_WRITABLE || step->kind == STEP_PROTECT || step->kind == STEP_DEVICE;
}

/* --- 1: clones ------------------------------------------------------------------------------- */

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
    return seal(m->trees[index], path, SEALED, err);
}

/* The clone of the root that a protected thing lies directly in, so that it can be named from there;
 * -1 if it lies deeper. Roots inside roots have no step, so the clone is what will be seen. */
static int root_right_above(const struct mounting *m, const char *path)
{
    size_t length = (size_t)(strrchr(path, '/') - path);

    for (size_t i = 0; i < m->plan->step_count; i++) {
        const struct step *step = &m->plan->steps[i];

        if (step->kind == STEP_WRITABLE && strncmp(step->path, path, length) == 0 &&
            step->path[length] == '\0')
            return m->trees[i];
    }
    return -1;
}

static int clone_protected(struct mounting *m, size_t index, struct error *err)
{
    const char *path = m->plan->steps[index].path;
    int root = root_right_above(m, path);

    if (root >= 0) {
        m->trees[index] =
            kernel_open_tree(root, strrchr(path, '/') + 1,
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

/* Roots first: protected things are found through their clones. */
static int clone_trees(struct mounting *m, struct error *err)
{
    const struct plan *plan = m->plan;

    for (size_t i = 0; i < plan->step_count; i++) {
        if (plan->steps[i].kind == STEP_WRITABLE && clone_root(m, i, err) < 0)
            return -1;
    }
    for (size_t i = 0; i < plan->step_count; i++) {
        if (plan->steps[i].kind == STEP_PROTECT && clone_protected(m, i, err) < 0)
            return -1;
        if (plan->steps[i].kind == STEP_DEVICE && clone_device(m, i, err) < 0)
            return -1;
    }
    return 0;
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

/* --- 3: in place ------------------------------------------------------------------------------ */

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

/* Was something mounted above this path since its place was opened? A root inside a root is: its place
 * was opened below what the outer one has covered by now. */
static bool is_covered(const struct plan *plan, size_t index)
{
    for (size_t i = 0; i < plan->step_count; i++) {
        const struct step *step = &plan->steps[i];

        if ((step->kind == STEP_HIDE || step->kind == STEP_PRIVATE_TMP ||
             (step->kind == STEP_WRITABLE && i < index)) &&
            path_is_within(PATH_POSIX, plan->steps[index].path, step->path))
            return true;
    }
    return false;
}

static int attach_root(const struct mounting *m, size_t index, struct error *err)
{
    const char *path = m->plan->steps[index].path;
    AUTO_CLOSE int target = -1;

    if (!is_covered(m->plan, index))
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

    if (root < 0)
        return attach(m->trees[index], path, err);
    if (kernel_attach_name(m->trees[index], root, strrchr(path, '/') + 1) < 0)
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

static int lock_root(struct error *err)
{
    if (kernel_mount_setattr(AT_FDCWD, "/", KERNEL_AT_RECURSIVE, SEALED | KERNEL_MOUNT_RDONLY,
                             KERNEL_PRIVATE) == 0)
        return 0;
    (void)error_os(err, errno, "make every mount read-only");
    return error_hint(err, "needs Linux 5.12 (mount_setattr)");
}

static int apply_step(struct mounting *m, size_t index, struct error *err)
{
    const struct step *step = &m->plan->steps[index];

    switch (step->kind) {
    case STEP_READ_ONLY_ROOT:
        return lock_root(err);
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
bool mounts_need_ids(const struct plan *plan)
{
    for (size_t i = 0; i < plan->step_count; i++) {
        if (plan->steps[i].kind == STEP_WRITABLE && is_covered(plan, i))
            return true;
    }
    return false;
}

int mounts_apply(const struct plan *plan, struct rlimit *file_limit, struct error *err)
{
    AUTO_FREE int *descriptors = malloc((2 * plan->step_count + 1) * sizeof *descriptors);
    struct mounting m = {.plan = plan, .mask = -1, .trees = descriptors};

    if (descriptors == NULL)
        return error_memory(err, "mounts");
    m.places = descriptors + plan->step_count;
    for (size_t i = 0; i < 2 * plan->step_count; i++)
        descriptors[i] = -1;
    if (raise_file_limit(plan, file_limit, err) < 0 || clone_trees(&m, err) < 0 ||
        apply_steps(&m, err) < 0)
        return -1;
    if (plan_find(plan, STEP_CLOSE_DESCRIPTORS) != NULL && kernel_close_range(3, ~0u, 0) < 0)
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

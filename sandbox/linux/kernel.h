/*
 * Interfaces of Linux newer than the C library's headers. Numbers above 423
 * are the same on every architecture. Sources: include/uapi/linux/{mount,
 * landlock,seccomp,openat2,prctl}.h of Linux 6.18.
 */
#ifndef HOLDFAST_SANDBOX_LINUX_KERNEL_H
#define HOLDFAST_SANDBOX_LINUX_KERNEL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    CALL_OPEN_TREE = 428,
    CALL_MOVE_MOUNT = 429,
    CALL_PIDFD_OPEN = 434,
    CALL_CLONE3 = 435,
    CALL_CLOSE_RANGE = 436,
    CALL_OPENAT2 = 437,
    CALL_MOUNT_SETATTR = 442,
    CALL_LANDLOCK_CREATE_RULESET = 444,
    CALL_LANDLOCK_ADD_RULE = 445,
    CALL_LANDLOCK_RESTRICT_SELF = 446,
};

/* --- mounts ------------------------------------------------------------------------------- */

enum {
    KERNEL_TREE_CLONE = 1,
    KERNEL_TREE_CLOEXEC = 02000000,
    KERNEL_AT_RECURSIVE = 0x8000,
    KERNEL_AT_EMPTY_PATH = 0x1000,
    KERNEL_MOVE_FROM_EMPTY = 4,
    KERNEL_MOVE_TO_EMPTY = 0x40,
    KERNEL_MOUNT_RDONLY = 1,
    KERNEL_MOUNT_NOSUID = 2,
    KERNEL_MOUNT_NODEV = 4,
    KERNEL_PRIVATE = 1 << 18, /* MS_PRIVATE */
};

struct kernel_mount_attr {
    uint64_t set;
    uint64_t clear;
    uint64_t propagation;
    uint64_t user_namespace;
};

static inline int kernel_open_tree(int dir, const char *path, unsigned flags)
{
    return (int)syscall(CALL_OPEN_TREE, dir, path, KERNEL_TREE_CLOEXEC | flags);
}

/* Attaches the tree (a descriptor of open_tree) at the place that target is a descriptor of. */
static inline int kernel_attach(int tree, int target)
{
    return (int)syscall(CALL_MOVE_MOUNT, tree, "", target, "",
                        KERNEL_MOVE_FROM_EMPTY | KERNEL_MOVE_TO_EMPTY);
}

/* The same by name; a link at its end is mounted on, not followed. */
static inline int kernel_attach_name(int tree, int dir, const char *name)
{
    return (int)syscall(CALL_MOVE_MOUNT, tree, "", dir, name, KERNEL_MOVE_FROM_EMPTY);
}

static inline int kernel_mount_setattr(int dir, const char *path, unsigned flags, uint64_t set,
                                       uint64_t propagation)
{
    struct kernel_mount_attr attr = {.set = set, .propagation = propagation};

    return (int)syscall(CALL_MOUNT_SETATTR, dir, path, flags, &attr, sizeof attr);
}

/* --- opening ------------------------------------------------------------------------------ */

struct kernel_open_how {
    uint64_t flags;
    uint64_t mode;
    uint64_t resolve;
};

enum {
    KERNEL_NO_MAGICLINKS = 2,
    KERNEL_NO_SYMLINKS = 4,
    KERNEL_BENEATH = 8
};

/* Without following any link on the way. O_CLOEXEC is added. */
static inline int kernel_open_plain(int dir, const char *path, int flags)
{
    struct kernel_open_how how = {.flags = (uint64_t)(flags | 02000000),
                                  .resolve = KERNEL_NO_SYMLINKS | KERNEL_NO_MAGICLINKS};

    return (int)syscall(CALL_OPENAT2, dir, path, &how, sizeof how);
}

enum {
    KERNEL_CLOSE_UNSHARE = 2,
    KERNEL_CLOSE_CLOEXEC = 4
};

static inline int kernel_close_range(unsigned first, unsigned last, unsigned flags)
{
    return (int)syscall(CALL_CLOSE_RANGE, first, last, flags);
}

/* --- processes ----------------------------------------------------------------------------- */

#define KERNEL_CLONE_INTO_CGROUP ((uint64_t)1 << 33) /* Linux 5.7 */

struct kernel_clone_args {
    uint64_t flags;
    uint64_t pidfd;
    uint64_t child_tid;
    uint64_t parent_tid;
    uint64_t exit_signal;
    uint64_t stack; /* its lowest address */
    uint64_t stack_size;
    uint64_t tls;
    uint64_t set_tid;
    uint64_t set_tid_size;
    uint64_t cgroup; /* a descriptor */
};

/* --- Landlock ------------------------------------------------------------------------------ */

struct kernel_ruleset_attr {
    uint64_t handled_access_fs;
    uint64_t handled_access_net; /* ABI 4 */
    uint64_t scoped;             /* ABI 6 */
};

struct kernel_path_beneath {
    uint64_t allowed_access;
    int32_t parent_fd;
} __attribute__((packed));

enum {
    KERNEL_LANDLOCK_VERSION = 1,
    KERNEL_RULE_PATH_BENEATH = 1,
    KERNEL_NET_TCP = 3
};

/* The ABI, 0 if there is no Landlock. */
static inline int kernel_landlock_abi(void)
{
    long abi = syscall(CALL_LANDLOCK_CREATE_RULESET, NULL, (size_t)0, KERNEL_LANDLOCK_VERSION);

    return abi > 0 ? (int)abi : 0;
}

/* --- seccomp ------------------------------------------------------------------------------- */

enum {
    KERNEL_SECCOMP_SET_FILTER = 1,
    KERNEL_SECCOMP_SPEC_ALLOW = 4,
    KERNEL_SECCOMP_NEW_LISTENER = 8,
    KERNEL_SECCOMP_WAIT_KILLABLE = 32,
};

#endif

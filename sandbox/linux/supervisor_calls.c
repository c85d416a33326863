/*
 * Which calls the filter hands over, as data; see supervisor.h. Rows for calls
 * an architecture does not have are left out (arm64 has only the *at forms).
 */
#include "sandbox/linux/supervisor.h"

#include <fcntl.h>
#include <sys/syscall.h>

#include "base/auto.h"
#include "sandbox/linux/supervisor_sys.h"

#define NAMES      SUPERVISOR_NAMES
#define SOCKETS    SUPERVISOR_SOCKETS
#define GITS       SUPERVISOR_GITS
#define ALWAYS(nr) .number = (nr), .argument = 0, .mask = 0
#define CREATES(n) .argument = (n), .mask = O_CREAT
/* A barrier only, see supervisor.h. */
#define MAKES_EXECUTABLE(n) .guards = NAMES, .argument = (n), .mask = 0111

const struct supervisor_call supervisor_calls[] = {
#ifdef SYS_open
    {.name = "open", .number = SYS_open, .guards = NAMES, CREATES(1)},
    {.name = "creat", .guards = NAMES, ALWAYS(SYS_creat)},
    {.name = "mkdir", .guards = NAMES, ALWAYS(SYS_mkdir)},
    {.name = "mknod", .guards = NAMES, ALWAYS(SYS_mknod)},
    {.name = "symlink", .guards = NAMES, ALWAYS(SYS_symlink)},
    {.name = "link", .guards = NAMES, ALWAYS(SYS_link)},
    {.name = "rename", .guards = NAMES, ALWAYS(SYS_rename)},
    {.name = "unlink", .guards = GITS, ALWAYS(SYS_unlink)},
    {.name = "rmdir", .guards = GITS, ALWAYS(SYS_rmdir)},
#endif
#ifdef SYS_renameat
    {.name = "renameat", .guards = NAMES, ALWAYS(SYS_renameat)},
#endif
    {.name = "openat", .number = SYS_openat, .guards = NAMES, CREATES(2)},
    {.name = "openat2",
     .guards = NAMES,
     ALWAYS(SYS_openat2)}, /* is told ENOSYS, see supervisor.h */
    {.name = "mkdirat", .guards = NAMES, ALWAYS(SYS_mkdirat)},
    {.name = "mknodat", .guards = NAMES, ALWAYS(SYS_mknodat)},
    {.name = "symlinkat", .guards = NAMES, ALWAYS(SYS_symlinkat)},
    {.name = "linkat", .guards = NAMES, ALWAYS(SYS_linkat)},
    {.name = "renameat2", .guards = NAMES, ALWAYS(SYS_renameat2)},
    {.name = "unlinkat", .guards = GITS, ALWAYS(SYS_unlinkat)},
#ifdef SYS_chmod
    {.name = "chmod", .number = SYS_chmod, MAKES_EXECUTABLE(1)},
#endif
    {.name = "fchmod", .number = SYS_fchmod, MAKES_EXECUTABLE(1)},
    {.name = "fchmodat", .number = SYS_fchmodat, MAKES_EXECUTABLE(2)},
    {.name = "fchmodat2", .number = SYS_FCHMODAT2, MAKES_EXECUTABLE(2)},
    {.name = "clone", .guards = SUPERVISOR_FORKS, ALWAYS(SYS_clone)},
#ifdef SYS_fork
    {.name = "fork", .guards = SUPERVISOR_FORKS, ALWAYS(SYS_fork)},
    {.name = "vfork", .guards = SUPERVISOR_FORKS, ALWAYS(SYS_vfork)},
#endif
    {.name = "umask", .guards = NAMES | SOCKETS, ALWAYS(SYS_umask)},
    {.name = "bind", .guards = NAMES | SOCKETS, ALWAYS(SYS_bind)},
    {.name = "connect", .guards = SOCKETS, ALWAYS(SYS_connect)},
};

const size_t supervisor_call_count = ARRAY_SIZE(supervisor_calls);

/* Numbers, not the kernel's headers: those of bcachefs, OCFS2 and Lustre are seldom installed. The
 * whole 0xbc family is bcachefs's own; it has two creating commands and may get a third. */
const struct supervisor_ioctl supervisor_denied_ioctls[] = {
    {"btrfs snapshot", 0xffffffffu, 0x50009401u},    /* BTRFS_IOC_SNAP_CREATE */
    {"btrfs subvolume", 0xffffffffu, 0x5000940eu},   /* BTRFS_IOC_SUBVOL_CREATE */
    {"btrfs snapshot 2", 0xffffffffu, 0x50009417u},  /* BTRFS_IOC_SNAP_CREATE_V2 */
    {"btrfs subvolume 2", 0xffffffffu, 0x50009418u}, /* BTRFS_IOC_SUBVOL_CREATE_V2 */
    {"bcachefs", 0x0000ff00u, 0x0000bc00u},          /* BCH_IOCTL_SUBVOLUME_CREATE, _v2 */
    {"ocfs2 reflink", 0xffffffffu, 0x40186f04u},     /* OCFS2_IOC_REFLINK */
    {"lustre directory", 0x0000ffffu, 0x000066f0u},  /* LL_IOC_LMV_SETSTRIPE */
};

const size_t supervisor_denied_ioctl_count = ARRAY_SIZE(supervisor_denied_ioctls);

/*
 * Which system calls are not just allowed, in the order of their x86-64
 * numbers. The rest is allowed: what a call can reach is decided by mounts,
 * namespaces and Landlock; the filter closes what those cannot see.
 *
 * Sources: arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/
 * unistd.h; the reasons: research/linux-peers-measured.md, 9.
 */
#include "sandbox/filter_calls.h"

#include "base/auto.h"
#include "sandbox/filter.h"

#define NAMES_OR_MODE (FILTER_SETUID_BITS | FILTER_NOTIFY_CREATE)
#define SUPERVISED    (FILTER_NOTIFY_CREATE | FILTER_NOTIFY_CONNECT)
#define NETWORK \
    (FILTER_NO_NETWORK | FILTER_IP_NETWORK | FILTER_NO_UNIX_DATAGRAM | FILTER_NO_UNIX_SOCKET)
#define IOCTL (FILTER_TERMINAL | FILTER_SUBVOLUMES | FILTER_ATTRIBUTES)

/* clang-format off */
const struct filter_call_row filter_calls[] = {
    {"open",              2, NO_CALL, NAMES_OR_MODE, LABEL_CHECK_OPEN},
    {"ioctl",            16,  29, IOCTL, LABEL_CHECK_IOCTL},
    {"shmget",           29, 194, FILTER_SYSV_IPC, LABEL_EPERM},
    {"shmat",            30, 196, FILTER_SYSV_IPC, LABEL_EPERM},
    {"shmctl",           31, 195, FILTER_SYSV_IPC, LABEL_EPERM},
    {"socket",           41, 198, NETWORK, LABEL_CHECK_SOCKET},
    {"connect",          42, 203, FILTER_NOTIFY_CONNECT, LABEL_NOTIFY},
    {"bind",             49, 200, SUPERVISED, LABEL_NOTIFY},
    {"socketpair",       53, 199, NETWORK, LABEL_CHECK_SOCKETPAIR},
    {"clone",            56, 220, FILTER_NAMESPACES, LABEL_CHECK_CLONE},
    {"semget",           64, 190, FILTER_SYSV_IPC, LABEL_EPERM},
    {"semop",            65, 193, FILTER_SYSV_IPC, LABEL_EPERM},
    {"semctl",           66, 191, FILTER_SYSV_IPC, LABEL_EPERM},
    {"msgget",           68, 186, FILTER_SYSV_IPC, LABEL_EPERM},
    {"msgsnd",           69, 189, FILTER_SYSV_IPC, LABEL_EPERM},
    {"msgrcv",           70, 188, FILTER_SYSV_IPC, LABEL_EPERM},
    {"msgctl",           71, 187, FILTER_SYSV_IPC, LABEL_EPERM},
    {"rename",           82, NO_CALL, FILTER_NOTIFY_CREATE, LABEL_NOTIFY},
    {"mkdir",            83, NO_CALL, FILTER_NOTIFY_CREATE, LABEL_NOTIFY},
    {"creat",            85, NO_CALL, NAMES_OR_MODE, LABEL_CHECK_CREAT},
    {"link",             86, NO_CALL, FILTER_NOTIFY_CREATE, LABEL_NOTIFY},
    {"symlink",          88, NO_CALL, FILTER_NOTIFY_CREATE, LABEL_NOTIFY},
    {"chmod",            90, NO_CALL, NAMES_OR_MODE, LABEL_CHECK_MODE_1},
    {"fchmod",           91,  52, NAMES_OR_MODE, LABEL_CHECK_MODE_1},
    {"umask",            95, 166, SUPERVISED, LABEL_NOTIFY},
    {"ptrace",          101, 117, FILTER_FOREIGN_PROCESSES, LABEL_EPERM},
    {"syslog",          103, 116, FILTER_KERNEL, LABEL_EPERM},
    {"mknod",           133, NO_CALL, NAMES_OR_MODE, LABEL_CHECK_CREAT},
    {"uselib",          134, NO_CALL, FILTER_KERNEL, LABEL_EPERM},
    {"setpriority",     141, 140, FILTER_FOREIGN_PROCESSES, LABEL_CHECK_PRIORITY},
    {"sched_setparam",  142, 118, FILTER_FOREIGN_PROCESSES, LABEL_CHECK_SELF},
    {"sched_setscheduler", 144, 119, FILTER_FOREIGN_PROCESSES, LABEL_CHECK_SELF},
    {"vhangup",         153,  58, FILTER_KERNEL, LABEL_EPERM},
    {"modify_ldt",      154, NO_CALL, FILTER_KERNEL, LABEL_EPERM},
    {"pivot_root",      155,  41, FILTER_MOUNTS, LABEL_EPERM},
    {"chroot",          161,  51, FILTER_MOUNTS, LABEL_EPERM},
    {"acct",            163,  89, FILTER_KERNEL, LABEL_EPERM},
    {"settimeofday",    164, 170, FILTER_KERNEL, LABEL_EPERM},
    {"mount",           165,  40, FILTER_MOUNTS, LABEL_EPERM},
    {"umount2",         166,  39, FILTER_MOUNTS, LABEL_EPERM},
    {"swapon",          167, 224, FILTER_KERNEL, LABEL_EPERM},
    {"swapoff",         168, 225, FILTER_KERNEL, LABEL_EPERM},
    {"reboot",          169, 142, FILTER_KERNEL, LABEL_EPERM},
    {"sethostname",     170, 161, FILTER_KERNEL, LABEL_EPERM},
    {"setdomainname",   171, 162, FILTER_KERNEL, LABEL_EPERM},
    {"iopl",            172, NO_CALL, FILTER_KERNEL, LABEL_EPERM},
    {"ioperm",          173, NO_CALL, FILTER_KERNEL, LABEL_EPERM},
    {"create_module",   174, NO_CALL, FILTER_KERNEL, LABEL_EPERM},
    {"init_module",     175, 105, FILTER_KERNEL, LABEL_EPERM},
    {"delete_module",   176, 106, FILTER_KERNEL, LABEL_EPERM},
    {"get_kernel_syms", 177, NO_CALL, FILTER_KERNEL, LABEL_EPERM},
    {"query_module",    178, NO_CALL, FILTER_KERNEL, LABEL_EPERM},
    {"quotactl",        179,  60, FILTER_KERNEL, LABEL_EPERM},
    {"nfsservctl",      180,  42, FILTER_KERNEL, LABEL_EPERM},
    {"sched_setaffinity", 203, 122, FILTER_FOREIGN_PROCESSES, LABEL_CHECK_SELF},
    {"semtimedop",      220, 192, FILTER_SYSV_IPC, LABEL_EPERM},
    {"clock_settime",   227, 112, FILTER_KERNEL, LABEL_EPERM},
    {"mq_open",         240, 180, FILTER_SYSV_IPC, LABEL_EPERM},
    {"mq_unlink",       241, 181, FILTER_SYSV_IPC, LABEL_EPERM},
    {"kexec_load",      246, 104, FILTER_KERNEL, LABEL_EPERM},
    {"add_key",         248, 217, FILTER_KEYRINGS, LABEL_EPERM},
    {"request_key",     249, 218, FILTER_KEYRINGS, LABEL_EPERM},
    {"keyctl",          250, 219, FILTER_KEYRINGS, LABEL_EPERM},
    {"ioprio_set",      251,  30, FILTER_FOREIGN_PROCESSES, LABEL_CHECK_IOPRIO},
    {"migrate_pages",   256, 238, FILTER_INSPECTION, LABEL_EPERM},
    {"openat",          257,  56, NAMES_OR_MODE, LABEL_CHECK_OPENAT},
    {"mkdirat",         258,  34, FILTER_NOTIFY_CREATE, LABEL_NOTIFY},
    {"mknodat",         259,  33, NAMES_OR_MODE, LABEL_CHECK_MKNODAT},
    {"renameat",        264,  38, FILTER_NOTIFY_CREATE, LABEL_NOTIFY},
    {"linkat",          265,  37, FILTER_NOTIFY_CREATE, LABEL_NOTIFY},
    {"symlinkat",       266,  36, FILTER_NOTIFY_CREATE, LABEL_NOTIFY},
    {"fchmodat",        268,  53, NAMES_OR_MODE, LABEL_CHECK_MODE_2},
    {"unshare",         272,  97, FILTER_NAMESPACES, LABEL_CHECK_CLONE},
    {"move_pages",      279, 239, FILTER_INSPECTION, LABEL_EPERM},
    {"perf_event_open", 298, 241, FILTER_INSPECTION, LABEL_EPERM},
    {"fanotify_init",   300, 262, FILTER_INSPECTION, LABEL_EPERM},
    {"prlimit64",       302, 261, FILTER_FOREIGN_PROCESSES, LABEL_CHECK_SELF},
    {"open_by_handle_at", 304, 265, FILTER_INSPECTION, LABEL_EPERM},
    {"setns",           308, 268, FILTER_NAMESPACES, LABEL_EPERM},
    {"process_vm_readv", 310, 270, FILTER_FOREIGN_PROCESSES, LABEL_EPERM},
    {"process_vm_writev", 311, 271, FILTER_FOREIGN_PROCESSES, LABEL_EPERM},
    {"kcmp",            312, 272, FILTER_FOREIGN_PROCESSES, LABEL_EPERM},
    {"finit_module",    313, 273, FILTER_KERNEL, LABEL_EPERM},
    {"sched_setattr",   314, 274, FILTER_FOREIGN_PROCESSES, LABEL_CHECK_SELF},
    {"renameat2",       316, 276, FILTER_NOTIFY_CREATE, LABEL_NOTIFY},
    {"kexec_file_load", 320, 294, FILTER_KERNEL, LABEL_EPERM},
    {"bpf",             321, 280, FILTER_INSPECTION, LABEL_EPERM},
    {"userfaultfd",     323, 282, FILTER_INSPECTION, LABEL_EPERM},
    {"io_uring_setup",  425, 425, FILTER_IO_URING, LABEL_EPERM},
    {"io_uring_enter",  426, 426, FILTER_IO_URING, LABEL_EPERM},
    {"io_uring_register", 427, 427, FILTER_IO_URING, LABEL_EPERM},
    {"open_tree",       428, 428, FILTER_MOUNTS, LABEL_EPERM},
    {"move_mount",      429, 429, FILTER_MOUNTS, LABEL_EPERM},
    {"fsopen",          430, 430, FILTER_MOUNTS, LABEL_EPERM},
    {"fsconfig",        431, 431, FILTER_MOUNTS, LABEL_EPERM},
    {"fsmount",         432, 432, FILTER_MOUNTS, LABEL_EPERM},
    {"fspick",          433, 433, FILTER_MOUNTS, LABEL_EPERM},
    {"clone3",          435, 435, FILTER_NAMESPACES, LABEL_ENOSYS}, /* flags in memory; libc falls back */
    /* all in memory: no filter sees it, and no supervisor can hand back what RESOLVE_* promises */
    {"openat2",         437, 437, NAMES_OR_MODE, LABEL_ENOSYS},
    {"pidfd_getfd",     438, 438, FILTER_INSPECTION, LABEL_EPERM},
    {"process_madvise", 440, 440, FILTER_INSPECTION, LABEL_EPERM},
    {"mount_setattr",   442, 442, FILTER_MOUNTS, LABEL_EPERM},
    {"quotactl_fd",     443, 443, FILTER_KERNEL, LABEL_EPERM},
    {"process_mrelease", 448, 448, FILTER_INSPECTION, LABEL_EPERM},
    {"fchmodat2",       452, 452, NAMES_OR_MODE, LABEL_CHECK_MODE_2},
    {"open_tree_attr",  467, 467, FILTER_MOUNTS, LABEL_EPERM},
    {"file_setattr",    469, 469, FILTER_ATTRIBUTES, LABEL_ENOSYS},
};
/* clang-format on */

const size_t filter_call_count = ARRAY_SIZE(filter_calls);

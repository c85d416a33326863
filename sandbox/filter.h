/*
 * The system-call filter (seccomp, classic BPF) as pure data: a table of
 * calls by group, compiled into a balanced tree whose leaves end in shared
 * returns. Small matters: the kernel checks, compiles and pre-evaluates the
 * program at every start (research/linux-peers-measured.md, 6).
 */
#ifndef HOLDFAST_SANDBOX_FILTER_H
#define HOLDFAST_SANDBOX_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum filter_group {
    FILTER_FOREIGN_ABI = 1 << 0, /* i386 and x32 entry points, calls newer than this table */
    FILTER_MOUNTS = 1 << 1,      /* the mount interfaces, old and new */
    FILTER_NAMESPACES = 1 << 2,  /* new namespaces, setns */
    FILTER_KERNEL = 1 << 3,      /* modules, kexec, clocks, swap, quota, ports, log */
    FILTER_KEYRINGS = 1 << 4,
    FILTER_IO_URING = 1 << 5,          /* does the work of calls that the filter never sees */
    FILTER_INSPECTION = 1 << 6,        /* perf, bpf, userfaultfd, pidfd_getfd, handles, fanotify */
    FILTER_SETUID_BITS = 1 << 7,       /* no set-user-ID or set-group-ID file can be made */
    FILTER_TERMINAL = 1 << 8,          /* typing into a terminal, line disciplines */
    FILTER_SUBVOLUMES = 1 << 9,        /* ioctls that create names past the guard */
    FILTER_NO_NETWORK = 1 << 10,       /* only AF_UNIX */
    FILTER_IP_NETWORK = 1 << 11,       /* only AF_UNIX, TCP and UDP, route netlink */
    FILTER_NO_UNIX_DATAGRAM = 1 << 12, /* they can name a target in every message */
    FILTER_NO_UNIX_SOCKET = 1 << 13,   /* only pairs: where nobody can watch connect() */
    FILTER_NOTIFY_CREATE = 1 << 14,    /* hand calls that make names to the supervisor */
    FILTER_NOTIFY_CONNECT = 1 << 15,   /* hand connect to the supervisor */
    /* where the processes of the machine can be addressed (no pid namespace): */
    FILTER_FOREIGN_PROCESSES = 1 << 16, /* limits, priorities, affinity of others; ptrace */
    FILTER_SYSV_IPC = 1 << 17,          /* SysV and POSIX message queues, memory, semaphores */
    FILTER_ATTRIBUTES = 1 << 18,        /* inode flags of files that can only be read */
    FILTER_NOTIFY_REMOVE = 1 << 19,     /* hand calls that remove names to the supervisor */
    FILTER_NOTIFY_FORK = 1 << 20,       /* hand calls that make processes to the supervisor */
    FILTER_CORE_LIMIT = 1 << 21, /* a core limit of 1, which no core handler gets past, stays 1 */
    FILTER_GROUP_END = 1 << 22
};

/* As linux/filter.h has it. */
struct filter_instruction {
    uint16_t code;
    uint8_t jump_true;
    uint8_t jump_false;
    uint32_t value;
};

enum {
    FILTER_INSTRUCTION_MAX = 512
};

struct filter_program {
    size_t count;
    struct filter_instruction instructions[FILTER_INSTRUCTION_MAX];
};

/* Which numbers the calls have. */
enum filter_arch {
    FILTER_X86_64,
    FILTER_AARCH64
};

/* The program for a set of groups (an OR of enum filter_group). Fails only on a bug in the tables
 * (a jump too far), which the tests would show. */
int filter_compile(enum filter_arch arch, uint32_t groups, struct filter_program *program,
                   struct error *err);

const char *filter_group_name(enum filter_group group);

/* The same data a filter sees, and what this program answers: a SECCOMP_RET_* value. For tests. */
struct filter_call {
    uint32_t number;
    uint32_t arch; /* AUDIT_ARCH_* */
    uint64_t args[6];
};
uint32_t filter_run(const struct filter_program *program, const struct filter_call *call);

/* The kernel's values, needed where no kernel header is. */
#define FILTER_ARCH_X86_64  0xc000003eu
#define FILTER_ARCH_I386    0x40000003u
#define FILTER_ARCH_AARCH64 0xc00000b7u
#define FILTER_ALLOW        0x7fff0000u
#define FILTER_ERRNO        0x00050000u /* | errno */
#define FILTER_NOTIFY       0x7fc00000u
#define FILTER_KILL_PROCESS 0x80000000u

#endif

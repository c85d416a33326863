/* Compiled filters are interpreted against sample calls, for both architectures. */
#include <string.h>

#include "base/test.h"
#include "sandbox/filter.h"
#include "sandbox/filter_calls.h"

enum {
    EPERM_ = 1,
    EACCES_ = 13,
    ENOSYS_ = 38
};

static struct filter_program program;

static void compile(enum filter_arch arch, uint32_t groups)
{
    struct error err = {0};

    cr_assert_eq(filter_compile(arch, groups, &program, &err), 0, "%s", err.message);
}

static uint32_t ask(uint32_t number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3)
{
    struct filter_call call = {
        .number = number, .arch = FILTER_ARCH_X86_64, .args = {a0, a1, a2, a3}};

    return filter_run(&program, &call);
}

static const uint32_t namespace_groups =
    FILTER_FOREIGN_ABI | FILTER_MOUNTS | FILTER_NAMESPACES | FILTER_KERNEL | FILTER_KEYRINGS |
    FILTER_IO_URING | FILTER_INSPECTION | FILTER_SETUID_BITS | FILTER_TERMINAL | FILTER_SUBVOLUMES |
    FILTER_CORE_LIMIT | FILTER_NO_NETWORK | FILTER_NO_UNIX_DATAGRAM | FILTER_NOTIFY_CREATE |
    FILTER_NOTIFY_CONNECT;

static const uint32_t landlock_groups =
    FILTER_FOREIGN_ABI | FILTER_MOUNTS | FILTER_NAMESPACES | FILTER_KERNEL | FILTER_KEYRINGS |
    FILTER_IO_URING | FILTER_INSPECTION | FILTER_SETUID_BITS | FILTER_TERMINAL | FILTER_NO_NETWORK |
    FILTER_CORE_LIMIT | FILTER_NO_UNIX_SOCKET | FILTER_FOREIGN_PROCESSES | FILTER_SYSV_IPC |
    FILTER_ATTRIBUTES;

Test(filter, kills_foreign_architectures)
{
    struct filter_call call = {.number = 1, .arch = FILTER_ARCH_I386};

    compile(FILTER_X86_64, namespace_groups);
    cr_assert_eq(filter_run(&program, &call), FILTER_KILL_PROCESS, "int 0x80");
    call.arch = FILTER_ARCH_AARCH64;
    cr_assert_eq(filter_run(&program, &call), FILTER_KILL_PROCESS);
    compile(FILTER_AARCH64, namespace_groups);
    cr_assert_eq(filter_run(&program, &call), FILTER_ALLOW);
    call.arch = FILTER_ARCH_X86_64;
    cr_assert_eq(filter_run(&program, &call), FILTER_KILL_PROCESS);
}

Test(filter, has_no_x32_calls_and_none_newer_than_the_table)
{
    compile(FILTER_X86_64, namespace_groups);
    cr_assert_eq(ask(0x40000000u | 41, 2, 1, 0, 0), FILTER_ERRNO | ENOSYS_, "x32 socket");
    cr_assert_eq(ask(0x40000000u, 0, 0, 0, 0), FILTER_ERRNO | ENOSYS_, "x32 read");
    cr_assert_eq(ask(FILTER_NEWEST_CALL + 1, 0, 0, 0, 0), FILTER_ERRNO | ENOSYS_);
    cr_assert_eq(ask(FILTER_NEWEST_CALL, 0, 0, 0, 0), FILTER_ALLOW);
    cr_assert_eq(ask(0xffffffffu, 0, 0, 0, 0), FILTER_ERRNO | ENOSYS_);
}

Test(filter, allows_ordinary_calls)
{
    static const uint32_t calls[] = {0,   1,   3,   9,   12,  57,  58,  59,  60,  61,  62,
                                     101, 202, 228, 231, 257, 262, 317, 332, 334, 444, 446};

    compile(FILTER_X86_64, namespace_groups);
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        cr_assert_eq(ask(calls[i], 0, 0, 0, 0), FILTER_ALLOW, "call %u", calls[i]);
}

Test(filter, denies_each_call_of_its_table_and_not_its_neighbours)
{
    bool is_listed[FILTER_NEWEST_CALL + 1] = {false};

    compile(FILTER_X86_64, namespace_groups);
    for (size_t i = 0; i < filter_call_count; i++) {
        const struct filter_call_row *row = &filter_calls[i];

        if ((row->groups & namespace_groups) == 0)
            continue;
        is_listed[row->x86_64] = true;
        if (row->label == LABEL_EPERM)
            cr_assert_eq(ask((uint32_t)row->x86_64, 0, 0, 0, 0), FILTER_ERRNO | EPERM_, "%s",
                         row->name);
        if (row->label == LABEL_NOTIFY)
            cr_assert_eq(ask((uint32_t)row->x86_64, 0, 0, 0, 0), FILTER_NOTIFY, "%s", row->name);
    }
    for (uint32_t number = 0; number <= FILTER_NEWEST_CALL; number++)
        cr_assert(is_listed[number] || ask(number, 0, 0, 0, 0) == FILTER_ALLOW, "call %u", number);
}

Test(filter, table_is_sorted_and_without_repeats)
{
    for (size_t i = 1; i < filter_call_count; i++)
        cr_assert(filter_calls[i - 1].x86_64 < filter_calls[i].x86_64, "%s", filter_calls[i].name);
}

Test(filter, compiles_every_set_of_groups_within_reach_of_a_jump)
{
    uint32_t state = 12345;

    for (int i = 0; i < 4000; i++) {
        state = state * 1664525u + 1013904223u;
        compile(i % 2 == 0 ? FILTER_X86_64 : FILTER_AARCH64, (state >> 8) % FILTER_GROUP_END);
    }
    compile(FILTER_X86_64, FILTER_GROUP_END - 1);
    compile(FILTER_AARCH64, FILTER_GROUP_END - 1);
}

Test(filter, stays_small)
{
    compile(FILTER_X86_64, namespace_groups);
    cr_assert(program.count <= 190, "%zu instructions", program.count);
    compile(FILTER_X86_64, landlock_groups);
    cr_assert(program.count <= 190, "%zu instructions", program.count);
}

Test(filter, leaves_only_local_stream_sockets)
{
    compile(FILTER_X86_64, namespace_groups);
    for (uint32_t family = 0; family < 60; family++)
        cr_assert_eq(ask(41, family, 1, 0, 0), family == 1 ? FILTER_ALLOW : FILTER_ERRNO | EACCES_,
                     "family %u", family);
    cr_assert_eq(ask(41, 1, 5, 0, 0), FILTER_ALLOW, "seqpacket");
    cr_assert_eq(ask(41, 1, 2, 0, 0), FILTER_ERRNO | EACCES_, "datagram");
    cr_assert_eq(ask(41, 1, 3, 0, 0), FILTER_ERRNO | EACCES_, "raw, which is datagram");
    cr_assert_eq(ask(41, 1, 2 | 02000000 | 04000, 0, 0), FILTER_ERRNO | EACCES_, "flags beside it");
    cr_assert_eq(ask(41, 1, 1 | 02000000 | 04000, 0, 0), FILTER_ALLOW);
    cr_assert_eq(ask(41, 0x100000001u, 1, 0, 0), FILTER_ALLOW, "an int: high bits do not count");
    cr_assert_eq(ask(41, 0x100000002u, 1, 0, 0), FILTER_ERRNO | EACCES_);
    cr_assert_eq(ask(53, 1, 1, 0, 0), FILTER_ALLOW, "pair");
    cr_assert_eq(ask(53, 1, 2, 0, 0), FILTER_ERRNO | EACCES_, "datagram pair names targets too");
    cr_assert_eq(ask(53, 30, 1, 0, 0), FILTER_ERRNO | EACCES_, "TIPC pair");
}

Test(filter, leaves_only_pairs_where_nobody_watches_connect)
{
    compile(FILTER_X86_64, landlock_groups);
    cr_assert_eq(ask(41, 1, 1, 0, 0), FILTER_ERRNO | EACCES_);
    cr_assert_eq(ask(41, 2, 1, 0, 0), FILTER_ERRNO | EACCES_);
    cr_assert_eq(ask(53, 1, 1, 0, 0), FILTER_ALLOW);
    cr_assert_eq(ask(53, 1, 2, 0, 0), FILTER_ERRNO | EACCES_);
}

Test(filter, leaves_tcp_and_udp_with_a_network)
{
    compile(FILTER_X86_64, (namespace_groups & ~(uint32_t)FILTER_NO_NETWORK) | FILTER_IP_NETWORK);
    for (uint64_t family = 2; family <= 10; family += 8) {
        cr_assert_eq(ask(41, family, 1, 0, 0), FILTER_ALLOW, "tcp");
        cr_assert_eq(ask(41, family, 1, 6, 0), FILTER_ALLOW, "tcp");
        cr_assert_eq(ask(41, family, 2 | 04000, 17, 0), FILTER_ALLOW, "udp");
        cr_assert_eq(ask(41, family, 3, 1, 0), FILTER_ERRNO | EACCES_, "raw");
        cr_assert_eq(ask(41, family, 3, 255, 0), FILTER_ERRNO | EACCES_, "raw");
        cr_assert_eq(ask(41, family, 2, 1, 0), FILTER_ERRNO | EACCES_, "ping");
        cr_assert_eq(ask(41, family, 1, 262, 0), FILTER_ERRNO | EACCES_, "mptcp");
        cr_assert_eq(ask(41, family, 1, 132, 0), FILTER_ERRNO | EACCES_, "sctp");
        cr_assert_eq(ask(41, family, 5, 132, 0), FILTER_ERRNO | EACCES_, "sctp");
        cr_assert_eq(ask(41, family, 6, 33, 0), FILTER_ERRNO | EACCES_, "dccp");
        cr_assert_eq(ask(41, family, 10, 3, 0), FILTER_ERRNO | EACCES_, "packet");
    }
    cr_assert_eq(ask(41, 16, 3, 0, 0), FILTER_ALLOW, "route netlink");
    cr_assert_eq(ask(41, 16, 3, 9, 0), FILTER_ERRNO | EACCES_, "audit netlink");
    cr_assert_eq(ask(41, 17, 3, 0, 0), FILTER_ERRNO | EACCES_, "packet");
    cr_assert_eq(ask(41, 40, 1, 0, 0), FILTER_ERRNO | EACCES_, "vsock");
    cr_assert_eq(ask(41, 38, 5, 0, 0), FILTER_ERRNO | EACCES_, "alg");
    cr_assert_eq(ask(41, 1, 2, 0, 0), FILTER_ERRNO | EACCES_, "local datagram");
}

Test(filter, lets_nobody_make_set_id_files)
{
    compile(FILTER_X86_64, namespace_groups & ~(uint32_t)FILTER_NOTIFY_CREATE);
    cr_assert_eq(ask(90, 0, 04755, 0, 0), FILTER_ERRNO | EPERM_, "chmod");
    cr_assert_eq(ask(91, 3, 02755, 0, 0), FILTER_ERRNO | EPERM_, "fchmod");
    cr_assert_eq(ask(268, 0, 0, 06755, 0), FILTER_ERRNO | EPERM_, "fchmodat");
    cr_assert_eq(ask(452, 0, 0, 04755, 0), FILTER_ERRNO | EPERM_, "fchmodat2");
    cr_assert_eq(ask(85, 0, 04755, 0, 0), FILTER_ERRNO | EPERM_, "creat");
    cr_assert_eq(ask(133, 0, 0104755, 0, 0), FILTER_ERRNO | EPERM_, "mknod");
    cr_assert_eq(ask(259, 0, 0, 0104755, 0), FILTER_ERRNO | EPERM_, "mknodat");
    cr_assert_eq(ask(2, 0, 0101, 04755, 0), FILTER_ERRNO | EPERM_, "open");
    cr_assert_eq(ask(257, 0, 0, 0101, 04755), FILTER_ERRNO | EPERM_, "openat");
    cr_assert_eq(ask(257, 0, 0, 020200000, 04755), FILTER_ERRNO | EPERM_, "O_TMPFILE");
    cr_assert_eq(ask(437, 0, 0, 0, 0), FILTER_ERRNO | ENOSYS_, "openat2 hides its mode");
    cr_assert_eq(ask(90, 0, 01777, 0, 0), FILTER_ALLOW, "sticky is fine");
    cr_assert_eq(ask(257, 0, 0, 0, 04755), FILTER_ALLOW, "no file is made: the mode is garbage");
    cr_assert_eq(ask(257, 0, 0, 0101, 0644), FILTER_ALLOW);
}

Test(filter, hands_creating_calls_to_the_supervisor)
{
    compile(FILTER_X86_64, namespace_groups);
    cr_assert_eq(ask(257, 0, 0, 0101, 0644), FILTER_NOTIFY, "openat O_CREAT");
    cr_assert_eq(ask(257, 0, 0, 0101, 04755), FILTER_ERRNO | EPERM_, "set-ID is refused first");
    cr_assert_eq(ask(257, 0, 0, 0, 0), FILTER_ALLOW, "openat of what exists costs nothing");
    cr_assert_eq(ask(257, 0, 0, 020200000, 0600), FILTER_ALLOW, "O_TMPFILE has no name yet");
    cr_assert_eq(ask(2, 0, 0100, 0644, 0), FILTER_NOTIFY, "open");
    cr_assert_eq(ask(437, 0, 0, 0, 0), FILTER_ERRNO | ENOSYS_, "openat2");
    cr_assert_eq(ask(85, 0, 0644, 0, 0), FILTER_NOTIFY, "creat");
    cr_assert_eq(ask(133, 0, 0644, 0, 0), FILTER_NOTIFY, "mknod");
    cr_assert_eq(ask(83, 0, 0755, 0, 0), FILTER_NOTIFY, "mkdir");
    cr_assert_eq(ask(316, 0, 0, 0, 0), FILTER_NOTIFY, "renameat2");
    cr_assert_eq(ask(42, 0, 0, 0, 0), FILTER_NOTIFY, "connect");
    compile(FILTER_X86_64, FILTER_NOTIFY_CREATE);
    cr_assert_eq(ask(85, 0, 04755, 0, 0), FILTER_NOTIFY, "creat, without the set-ID group");
    cr_assert_eq(ask(42, 0, 0, 0, 0), FILTER_ALLOW);
}

Test(filter, refuses_new_namespaces_only)
{
    compile(FILTER_X86_64, namespace_groups);
    cr_assert_eq(ask(56, 0x10000000 | 17, 0, 0, 0), FILTER_ERRNO | EPERM_, "clone NEWUSER");
    cr_assert_eq(ask(56, 0x00020000 | 17, 0, 0, 0), FILTER_ERRNO | EPERM_, "clone NEWNS");
    cr_assert_eq(ask(56, 0x3d0f00, 0, 0, 0), FILTER_ALLOW, "a thread");
    cr_assert_eq(ask(272, 0x40000000, 0, 0, 0), FILTER_ERRNO | EPERM_, "unshare NEWNET");
    cr_assert_eq(ask(272, 0x80, 0, 0, 0), FILTER_ERRNO | EPERM_, "unshare NEWTIME");
    cr_assert_eq(ask(272, 0x400, 0, 0, 0), FILTER_ALLOW, "unshare FILES");
    cr_assert_eq(ask(435, 0, 0, 0, 0), FILTER_ERRNO | ENOSYS_, "clone3");
    cr_assert_eq(ask(308, 0, 0, 0, 0), FILTER_ERRNO | EPERM_, "setns");
}

Test(filter, refuses_terminal_and_subvolume_requests)
{
    compile(FILTER_X86_64, namespace_groups);
    cr_assert_eq(ask(16, 0, 0x5412, 0, 0), FILTER_ERRNO | EPERM_, "TIOCSTI");
    cr_assert_eq(ask(16, 0, 0xffffffff00005412u, 0, 0), FILTER_ERRNO | EPERM_, "with high bits");
    cr_assert_eq(ask(16, 0, 0x541c, 0, 0), FILTER_ERRNO | EPERM_, "TIOCLINUX");
    cr_assert_eq(ask(16, 0, 0x5000940e, 0, 0), FILTER_ERRNO | EPERM_, "btrfs subvolume");
    cr_assert_eq(ask(16, 0, 0x4020bc10, 0, 0), FILTER_ERRNO | EPERM_, "bcachefs subvolume");
    cr_assert_eq(ask(16, 0, 0xc01866f0, 0, 0), FILTER_ERRNO | EPERM_, "lustre directory");
    cr_assert_eq(ask(16, 0, 0x5401, 0, 0), FILTER_ALLOW, "TCGETS");
    cr_assert_eq(ask(16, 0, 0x40086602, 0, 0), FILTER_ALLOW, "attributes: mounts decide");
    compile(FILTER_X86_64, landlock_groups);
    cr_assert_eq(ask(16, 0, 0x40086602, 0, 0), FILTER_ERRNO | EPERM_, "no mounts decide there");
    cr_assert_eq(ask(16, 0, 0x5000940e, 0, 0), FILTER_ALLOW);
}

Test(filter, leaves_other_processes_alone_where_they_can_be_seen)
{
    compile(FILTER_X86_64, landlock_groups);
    cr_assert_eq(ask(302, 0, 7, 0, 0), FILTER_ALLOW, "prlimit of oneself");
    cr_assert_eq(ask(302, 4711, 7, 0, 0), FILTER_ERRNO | EPERM_, "prlimit of another");
    cr_assert_eq(ask(141, 0, 0, 5, 0), FILTER_ALLOW, "setpriority of oneself");
    cr_assert_eq(ask(141, 2, 0, 5, 0), FILTER_ERRNO | EPERM_, "of all of the user's processes");
    cr_assert_eq(ask(141, 0, 4711, 5, 0), FILTER_ERRNO | EPERM_);
    cr_assert_eq(ask(251, 3, 0, 5, 0), FILTER_ERRNO | EPERM_, "ioprio of the user");
    cr_assert_eq(ask(251, 1, 0, 5, 0), FILTER_ALLOW);
    cr_assert_eq(ask(101, 16, 1, 0, 0), FILTER_ERRNO | EPERM_, "ptrace");
    cr_assert_eq(ask(30, 1, 0, 0, 0), FILTER_ERRNO | EPERM_, "shmat");
}

static void keeps_core_limit(uint32_t groups)
{
    compile(FILTER_X86_64, groups);
    cr_assert_eq(ask(160, 4, 0x7000, 0, 0), FILTER_ERRNO, "setrlimit of cores is pretended");
    cr_assert_eq(ask(160, 0xffffffff00000004u, 0x7000, 0, 0), FILTER_ERRNO, "with high bits");
    cr_assert_eq(ask(160, 7, 0x7000, 0, 0), FILTER_ALLOW, "of files not");
    cr_assert_eq(ask(302, 0, 4, 0x7000, 0), FILTER_ERRNO, "prlimit");
    cr_assert_eq(ask(302, 0, 4, 0x700000000000u, 0), FILTER_ERRNO, "with an address of high bits");
    cr_assert_eq(ask(302, 0, 4, 0, 0x7000), FILTER_ALLOW, "that only reads");
    cr_assert_eq(ask(302, 0, 7, 0x7000, 0), FILTER_ALLOW, "prlimit of files");
}

Test(filter, keeps_the_core_limit)
{
    keeps_core_limit(namespace_groups);
    keeps_core_limit(landlock_groups);
    cr_assert_eq(ask(302, 4711, 4, 0, 0), FILTER_ERRNO | EPERM_, "of another");
    compile(FILTER_X86_64, namespace_groups & ~(uint32_t)FILTER_CORE_LIMIT);
    cr_assert_eq(ask(160, 4, 0x7000, 0, 0), FILTER_ALLOW, "without the group");
}

Test(filter, does_nothing_without_groups)
{
    compile(FILTER_X86_64, 0);
    cr_assert_eq(ask(165, 0, 0, 0, 0), FILTER_ALLOW);
    cr_assert_eq(ask(0x40000000u | 41, 2, 0, 0, 0), FILTER_ALLOW);
}

Test(filter, names_every_group)
{
    for (uint32_t bit = 1; bit < FILTER_GROUP_END; bit <<= 1)
        cr_assert(strcmp(filter_group_name((enum filter_group)bit), "unknown") != 0, "%x", bit);
}

/*
 * Compiles the table of calls into BPF:
 *
 *     load arch; other than ours -> KILL
 *     load number; above the newest known (x32 too) -> ENOSYS
 *     tree over runs of numbers ---> ALLOW | EPERM | ENOSYS | NOTIFY | a check
 *     the checks of arguments   ---> the same ends
 *     the ends: one shared RET each
 *
 * A tree that halves, with up to LEAF runs in a leaf, was the cheapest shape
 * measured (research/linux-launcher.md, 3).
 */
#include "sandbox/filter.h"

#include <string.h>

#include "base/auto.h"
#include "sandbox/filter_calls.h"

enum {
    LEAF = 5
};

/* Classic BPF, linux/bpf_common.h. */
enum {
    BPF_LOAD = 0x20,     /* BPF_LD | BPF_W | BPF_ABS */
    BPF_AND = 0x54,      /* BPF_ALU | BPF_AND | BPF_K */
    BPF_IF_EQUAL = 0x15, /* BPF_JMP | BPF_JEQ | BPF_K */
    BPF_IF_ABOVE = 0x35, /* BPF_JMP | BPF_JGE | BPF_K */
    BPF_IF_BITS = 0x45,  /* BPF_JMP | BPF_JSET | BPF_K */
    BPF_RETURN = 0x06,   /* BPF_RET | BPF_K */
};

/* struct seccomp_data: number, arch, instruction pointer, six arguments; low words (little endian). */
enum {
    OFFSET_NUMBER = 0,
    OFFSET_ARCH = 4,
    OFFSET_ARGS = 16
};

/* The values of the checks; the same on both architectures. */
enum {
    NEW_NAMESPACES = 0x7e020080, /* CLONE_NEW{NS,CGROUP,UTS,IPC,USER,PID,NET,TIME} */
    MODE_SET_ID = 06000,
    MODE_EXECUTE = 0111,
    OPEN_CREATE = 0100,
    OPEN_TEMPORARY = 020000000, /* __O_TMPFILE */
    FAMILY_UNIX = 1,
    FAMILY_INET = 2,
    FAMILY_INET6 = 10,
    FAMILY_NETLINK = 16,
    TYPE_DATAGRAM_BIT = 2, /* set in DGRAM and RAW, not in STREAM and SEQPACKET */
    TYPE_RAW = 3,
    TYPE_OTHERS = 0xc, /* RDM, SEQPACKET, DCCP, PACKET have one of these */
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
    PRIORITY_USER = 2,
    IOPRIO_USER = 3,
    LIMIT_CORE = 4,
};

static const uint32_t terminal_requests[] = {0x5412 /* TIOCSTI */, 0x541c /* TIOCLINUX */,
                                             0x5423 /* TIOCSETD */};
static const uint32_t subvolume_requests[] = {
    0x50009401 /* BTRFS_IOC_SNAP_CREATE */, 0x5000940e /* BTRFS_IOC_SUBVOL_CREATE */,
    0x50009417 /* ..._SNAP_CREATE_V2 */, 0x50009418 /* ..._SUBVOL_CREATE_V2 */,
    0x40186f04 /* OCFS2_IOC_REFLINK */};
/* Compared under a mask: all of bcachefs's own, and Lustre's directories whatever their size. */
static const struct masked_request {
    uint32_t mask;
    uint32_t value;
} subvolume_families[] = {{0xff00, 0xbc00}, {0xffff, 0x66f0} /* LL_IOC_LMV_SETSTRIPE */};
static const uint32_t attribute_requests[] = {0x40086602 /* FS_IOC_SETFLAGS */,
                                              0x40046602 /* FS_IOC32_SETFLAGS */,
                                              0x401c5820 /* FS_IOC_FSSETXATTR */};

struct jump { /* an instruction whose targets are not known yet */
    uint16_t at;
    uint16_t if_true;
    uint16_t if_false;
};

struct run { /* numbers first..last share a label */
    uint32_t first;
    uint32_t last;
    enum filter_label label;
};

struct compiler {
    struct filter_program *program;
    uint32_t groups;
    struct jump jumps[FILTER_INSTRUCTION_MAX];
    size_t jump_count;
    uint16_t places[FILTER_INSTRUCTION_MAX]; /* of labels */
    uint16_t label_count;
    int loaded; /* offset in the accumulator, -1 unknown */
};

static void emit(struct compiler *c, uint16_t code, uint32_t value)
{
    struct filter_program *program = c->program;

    if (program->count == FILTER_INSTRUCTION_MAX)
        return; /* noticed at the end */
    program->instructions[program->count++] =
        (struct filter_instruction){.code = code, .value = value};
}

static void place(struct compiler *c, unsigned label)
{
    c->places[label] = (uint16_t)c->program->count;
}

static unsigned new_label(struct compiler *c)
{
    return c->label_count < FILTER_INSTRUCTION_MAX - 1 ? c->label_count++ : c->label_count;
}

/* if (accumulator OP value) goto if_true; else goto if_false; LABEL_NEXT falls through. */
static void emit_jump(struct compiler *c, uint16_t code, uint32_t value, unsigned if_true,
                      unsigned if_false)
{
    unsigned next = LABEL_NEXT;

    if (if_true == LABEL_NEXT || if_false == LABEL_NEXT)
        next = new_label(c);
    c->jumps[c->jump_count++] = (struct jump){
        .at = (uint16_t)c->program->count,
        .if_true = (uint16_t)(if_true == LABEL_NEXT ? next : if_true),
        .if_false = (uint16_t)(if_false == LABEL_NEXT ? next : if_false),
    };
    emit(c, code, value);
    if (next != LABEL_NEXT)
        place(c, next);
}

/* There is a jump without a condition in BPF, but its target is counted differently; "above 0 or not"
 * needs no second way of counting. */
static void emit_goto(struct compiler *c, unsigned label)
{
    emit_jump(c, BPF_IF_ABOVE, 0, label, label);
}

static void load(struct compiler *c, int offset)
{
    if (c->loaded == offset)
        return;
    emit(c, BPF_LOAD, (uint32_t)offset);
    c->loaded = offset;
}

static void load_arg(struct compiler *c, int arg)
{
    load(c, OFFSET_ARGS + 8 * arg);
}

static bool has(const struct compiler *c, uint32_t groups)
{
    return (c->groups & groups) != 0;
}

/* Begins a check: jumped to from the tree, nothing but the number is loaded. */
static void begin(struct compiler *c, enum filter_label label)
{
    place(c, label);
    c->loaded = -1;
}

/* --- the tree ----------------------------------------------------------------------------- */

static void emit_run(struct compiler *c, const struct run *run, unsigned otherwise)
{
    if (run->first == run->last) {
        emit_jump(c, BPF_IF_EQUAL, run->first, run->label, otherwise);
        return;
    }
    emit_jump(c, BPF_IF_ABOVE, run->last + 1, otherwise, LABEL_NEXT);
    emit_jump(c, BPF_IF_ABOVE, run->first, run->label, otherwise);
}

static void emit_leaf(struct compiler *c, const struct run *runs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned otherwise = i + 1 < count ? new_label(c) : LABEL_ALLOW;

        emit_run(c, &runs[i], otherwise);
        if (otherwise != LABEL_ALLOW)
            place(c, otherwise);
    }
}

static void emit_tree(struct compiler *c, const struct run *runs, size_t count)
{
    size_t middle = count / 2;
    unsigned right;

    if (count <= LEAF) {
        emit_leaf(c, runs, count);
        return;
    }
    right = new_label(c);
    emit_jump(c, BPF_IF_ABOVE, runs[middle].first, right, LABEL_NEXT);
    emit_tree(c, runs, middle);
    place(c, right);
    emit_tree(c, runs + middle, count - middle);
}

static int number_of(const struct filter_call_row *row, enum filter_arch arch)
{
    return arch == FILTER_X86_64 ? row->x86_64 : row->aarch64;
}

/* The table is in x86-64 order; insertion keeps that free and sorts the other. */
static size_t collect_runs(const struct compiler *c, enum filter_arch arch, struct run *runs)
{
    size_t count = 0;
    size_t merged = 0;

    for (size_t i = 0; i < filter_call_count; i++) {
        const struct filter_call_row *row = &filter_calls[i];
        int number = number_of(row, arch);
        size_t at = count;

        if (!has(c, row->groups) || number == NO_CALL)
            continue;
        while (at > 0 && runs[at - 1].first > (uint32_t)number) {
            runs[at] = runs[at - 1];
            at--;
        }
        runs[at] = (struct run){(uint32_t)number, (uint32_t)number, row->label};
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        if (merged > 0 && runs[merged - 1].label == runs[i].label &&
            runs[merged - 1].last + 1 == runs[i].first)
            runs[merged - 1].last = runs[i].last;
        else
            runs[merged++] = runs[i];
    }
    return merged;
}

/* --- checks of arguments ------------------------------------------------------------------- */

static void emit_clone(struct compiler *c)
{
    begin(c, LABEL_CHECK_CLONE);
    load_arg(c, 0);
    emit_jump(c, BPF_IF_BITS, NEW_NAMESPACES, LABEL_EPERM, LABEL_ALLOW);
    if (!has(c, FILTER_NOTIFY_FORK))
        return; /* place_shortcuts() */
    begin(c, LABEL_CHECK_FORK);
    load_arg(c, 0);
    emit_jump(c, BPF_IF_BITS, NEW_NAMESPACES,
              has(c, FILTER_NAMESPACES) ? LABEL_EPERM : LABEL_NOTIFY, LABEL_NOTIFY);
}

/* A mode with set-ID bits is refused; otherwise on to `then`. */
static void emit_mode(struct compiler *c, int arg, unsigned then)
{
    if (!has(c, FILTER_SETUID_BITS))
        return;
    load_arg(c, arg);
    emit_jump(c, BPF_IF_BITS, MODE_SET_ID, LABEL_EPERM, then);
}

/* A file that becomes executable passes the supervisor, which holds new files open for a moment:
 * sandbox/linux/supervisor.h. */
static void emit_mode_change(struct compiler *c, enum filter_label label, int arg)
{
    begin(c, label);
    emit_mode(c, arg, has(c, FILTER_NOTIFY_CREATE) ? LABEL_NEXT : LABEL_ALLOW);
    if (has(c, FILTER_NOTIFY_CREATE)) {
        load_arg(c, arg);
        emit_jump(c, BPF_IF_BITS, MODE_EXECUTE, LABEL_NOTIFY, LABEL_ALLOW);
    }
}

/* The mode of an open counts only when it makes a file. */
static void emit_open(struct compiler *c, enum filter_label label, int flags, int mode)
{
    begin(c, label);
    if (has(c, FILTER_SETUID_BITS)) {
        load_arg(c, flags);
        emit_jump(c, BPF_IF_BITS, OPEN_CREATE | OPEN_TEMPORARY, LABEL_NEXT, LABEL_ALLOW);
        emit_mode(c, mode, has(c, FILTER_NOTIFY_CREATE) ? LABEL_NEXT : LABEL_ALLOW);
    }
    if (has(c, FILTER_NOTIFY_CREATE)) {
        load_arg(c, flags);
        emit_jump(c, BPF_IF_BITS, OPEN_CREATE, LABEL_NOTIFY, LABEL_ALLOW);
    }
}

/* creat and mknod: always make a name. */
static void emit_make(struct compiler *c, enum filter_label label, int mode)
{
    unsigned then = has(c, FILTER_NOTIFY_CREATE) ? LABEL_NOTIFY : LABEL_ALLOW;

    if (!has(c, FILTER_SETUID_BITS))
        return; /* the tree goes to NOTIFY directly */
    begin(c, label);
    emit_mode(c, mode, then);
}

static void emit_requests(struct compiler *c, uint32_t group, const uint32_t *requests,
                          size_t count)
{
    for (size_t i = 0; has(c, group) && i < count; i++)
        emit_jump(c, BPF_IF_EQUAL, requests[i], LABEL_EPERM, LABEL_NEXT);
}

static void emit_families(struct compiler *c)
{
    for (size_t i = 0; has(c, FILTER_SUBVOLUMES) && i < ARRAY_SIZE(subvolume_families); i++) {
        load_arg(c, 1);
        emit(c, BPF_AND, subvolume_families[i].mask);
        c->loaded = -1;
        emit_jump(c, BPF_IF_EQUAL, subvolume_families[i].value, LABEL_EPERM, LABEL_NEXT);
    }
}

/* Only the low word: the kernel's request is an unsigned int, so higher bits change nothing. */
static void emit_ioctl(struct compiler *c)
{
    begin(c, LABEL_CHECK_IOCTL);
    load_arg(c, 1);
    emit_requests(c, FILTER_TERMINAL, terminal_requests, ARRAY_SIZE(terminal_requests));
    emit_requests(c, FILTER_SUBVOLUMES, subvolume_requests, ARRAY_SIZE(subvolume_requests));
    emit_requests(c, FILTER_ATTRIBUTES, attribute_requests, ARRAY_SIZE(attribute_requests));
    emit_families(c);
    emit_goto(c, LABEL_ALLOW);
}

/* TCP and UDP, by default or by number; no raw sockets, no rarer protocols whose modules the kernel
 * would load. */
static void emit_inet(struct compiler *c)
{
    load_arg(c, 1);
    emit_jump(c, BPF_IF_BITS, TYPE_OTHERS, LABEL_EACCES, LABEL_NEXT);
    emit(c, BPF_AND, TYPE_RAW);
    c->loaded = -1;
    emit_jump(c, BPF_IF_EQUAL, TYPE_RAW, LABEL_EACCES, LABEL_NEXT);
    load_arg(c, 2);
    emit_jump(c, BPF_IF_EQUAL, 0, LABEL_ALLOW, LABEL_NEXT);
    emit_jump(c, BPF_IF_EQUAL, PROTOCOL_TCP, LABEL_ALLOW, LABEL_NEXT);
    emit_jump(c, BPF_IF_EQUAL, PROTOCOL_UDP, LABEL_ALLOW, LABEL_EACCES);
}

static void emit_socket_families(struct compiler *c, unsigned if_unix)
{
    unsigned inet;

    load_arg(c, 0);
    if (!has(c, FILTER_IP_NETWORK)) {
        emit_jump(c, BPF_IF_EQUAL, FAMILY_UNIX, if_unix,
                  has(c, FILTER_NO_NETWORK) ? LABEL_EACCES : LABEL_ALLOW);
        return;
    }
    inet = new_label(c);
    emit_jump(c, BPF_IF_EQUAL, FAMILY_UNIX, if_unix, LABEL_NEXT);
    emit_jump(c, BPF_IF_EQUAL, FAMILY_INET, inet, LABEL_NEXT);
    emit_jump(c, BPF_IF_EQUAL, FAMILY_INET6, inet, LABEL_NEXT);
    emit_jump(c, BPF_IF_EQUAL, FAMILY_NETLINK, LABEL_NEXT, LABEL_EACCES);
    load_arg(c, 2); /* NETLINK_ROUTE is 0 */
    emit_jump(c, BPF_IF_EQUAL, 0, LABEL_ALLOW, LABEL_EACCES);
    place(c, inet);
    c->loaded = -1;
    emit_inet(c);
}

/* Datagram sockets name a target in every message, which no filter can see; pairs do too. */
static void emit_sockets(struct compiler *c)
{
    bool must_stream = has(c, FILTER_NO_UNIX_DATAGRAM | FILTER_NO_UNIX_SOCKET);
    unsigned typed = must_stream ? new_label(c) : (unsigned)LABEL_ALLOW;

    begin(c, LABEL_CHECK_SOCKET);
    emit_socket_families(c, has(c, FILTER_NO_UNIX_SOCKET) ? LABEL_EACCES : typed);
    begin(c, LABEL_CHECK_SOCKETPAIR);
    load_arg(c, 0);
    emit_jump(c, BPF_IF_EQUAL, FAMILY_UNIX, typed,
              has(c, FILTER_NO_NETWORK | FILTER_IP_NETWORK) ? LABEL_EACCES : LABEL_ALLOW);
    if (!must_stream)
        return;
    place(c, typed);
    c->loaded = -1;
    load_arg(c, 1);
    emit_jump(c, BPF_IF_BITS, TYPE_DATAGRAM_BIT, LABEL_EACCES, LABEL_ALLOW);
}

/* Whose limits, priority or affinity: one's own, said as 0. */
static void emit_processes(struct compiler *c)
{
    begin(c, LABEL_CHECK_PRIORITY);
    load_arg(c, 0);
    emit_jump(c, BPF_IF_EQUAL, PRIORITY_USER, LABEL_EPERM, LABEL_NEXT);
    load_arg(c, 1);
    emit_jump(c, BPF_IF_EQUAL, 0, LABEL_ALLOW, LABEL_EPERM);
    begin(c, LABEL_CHECK_IOPRIO);
    load_arg(c, 0);
    emit_jump(c, BPF_IF_EQUAL, IOPRIO_USER, LABEL_EPERM, LABEL_NEXT);
    load_arg(c, 1);
    emit_jump(c, BPF_IF_EQUAL, 0, LABEL_ALLOW, LABEL_EPERM);
    begin(c, LABEL_CHECK_SELF);
    load_arg(c, 0);
    emit_jump(c, BPF_IF_EQUAL, 0, LABEL_ALLOW, LABEL_EPERM);
}

/* The core limit: a wish to change it is forgotten. Refusing it would end programs that only want to be
 * sure that there are no cores (gpg-agent). */
static void emit_limits(struct compiler *c)
{
    begin(c, LABEL_CHECK_SETRLIMIT);
    load_arg(c, 0);
    emit_jump(c, BPF_IF_EQUAL, LIMIT_CORE, LABEL_PRETEND, LABEL_ALLOW);
    begin(c, LABEL_CHECK_PRLIMIT);
    if (has(c, FILTER_FOREIGN_PROCESSES)) {
        load_arg(c, 0);
        emit_jump(c, BPF_IF_EQUAL, 0, LABEL_NEXT, LABEL_EPERM);
    }
    if (!has(c, FILTER_CORE_LIMIT)) {
        emit_goto(c, LABEL_ALLOW);
        return;
    }
    load_arg(c, 1);
    emit_jump(c, BPF_IF_EQUAL, LIMIT_CORE, LABEL_NEXT, LABEL_ALLOW);
    load_arg(c, 2);
    emit_jump(c, BPF_IF_EQUAL, 0, LABEL_NEXT, LABEL_PRETEND);
    load(c, OFFSET_ARGS + 8 * 2 + 4);
    emit_jump(c, BPF_IF_EQUAL, 0, LABEL_ALLOW, LABEL_PRETEND);
}

static void emit_checks(struct compiler *c)
{
    if (has(c, FILTER_NAMESPACES | FILTER_NOTIFY_FORK))
        emit_clone(c);
    if (has(c, FILTER_SETUID_BITS | FILTER_NOTIFY_CREATE)) {
        emit_mode_change(c, LABEL_CHECK_MODE_1, 1);
        emit_mode_change(c, LABEL_CHECK_MODE_2, 2);
        emit_open(c, LABEL_CHECK_OPEN, 1, 2);
        emit_open(c, LABEL_CHECK_OPENAT, 2, 3);
        emit_make(c, LABEL_CHECK_CREAT, 1);
        emit_make(c, LABEL_CHECK_MKNODAT, 2);
    }
    if (has(c, FILTER_TERMINAL | FILTER_SUBVOLUMES | FILTER_ATTRIBUTES))
        emit_ioctl(c);
    if (has(c, FILTER_NO_NETWORK | FILTER_IP_NETWORK | FILTER_NO_UNIX_DATAGRAM |
                   FILTER_NO_UNIX_SOCKET))
        emit_sockets(c);
    if (has(c, FILTER_FOREIGN_PROCESSES))
        emit_processes(c);
    if (has(c, FILTER_FOREIGN_PROCESSES | FILTER_CORE_LIMIT))
        emit_limits(c);
}

static void emit_ends(struct compiler *c)
{
    static const struct {
        enum filter_label label;
        uint32_t value;
    } ends[] = {{LABEL_ALLOW, FILTER_ALLOW},       {LABEL_EPERM, FILTER_ERRNO | 1},
                {LABEL_EACCES, FILTER_ERRNO | 13}, {LABEL_ENOSYS, FILTER_ERRNO | 38},
                {LABEL_NOTIFY, FILTER_NOTIFY},     {LABEL_KILL, FILTER_KILL_PROCESS},
                {LABEL_PRETEND, FILTER_ERRNO}};

    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        place(c, ends[i].label);
        emit(c, BPF_RETURN, ends[i].value);
    }
}

/* Labels that need no instructions of their own. */
static void place_shortcuts(struct compiler *c)
{
    if (!has(c, FILTER_NOTIFY_FORK))
        c->places[LABEL_CHECK_FORK] = c->places[LABEL_CHECK_CLONE];
    if (!has(c, FILTER_SETUID_BITS)) {
        c->places[LABEL_CHECK_CREAT] = c->places[LABEL_NOTIFY];
        c->places[LABEL_CHECK_MKNODAT] = c->places[LABEL_NOTIFY];
    }
}

static int resolve_jumps(struct compiler *c, struct error *err)
{
    for (size_t i = 0; i < c->jump_count; i++) {
        const struct jump *jump = &c->jumps[i];
        struct filter_instruction *instruction = &c->program->instructions[jump->at];
        size_t to_true = (size_t)c->places[jump->if_true] - jump->at - 1u;
        size_t to_false = (size_t)c->places[jump->if_false] - jump->at - 1u;

        if (to_true > 255 || to_false > 255)
            return error_set(err, ERR_INVALID, "filter: a jump is too far (instruction %u)",
                             jump->at);
        instruction->jump_true = (uint8_t)to_true;
        instruction->jump_false = (uint8_t)to_false;
    }
    return 0;
}

int filter_compile(enum filter_arch arch, uint32_t groups, struct filter_program *program,
                   struct error *err)
{
    struct compiler c = {
        .program = program, .groups = groups, .label_count = LABEL_NAMED_END + 1, .loaded = -1};
    struct run runs[160];
    size_t count;

    program->count = 0;
    count = collect_runs(&c, arch, runs);
    if (has(&c, FILTER_FOREIGN_ABI)) {
        load(&c, OFFSET_ARCH);
        emit_jump(&c, BPF_IF_EQUAL,
                  arch == FILTER_X86_64 ? FILTER_ARCH_X86_64 : FILTER_ARCH_AARCH64, LABEL_NEXT,
                  LABEL_KILL);
    }
    load(&c, OFFSET_NUMBER);
    if (has(&c, FILTER_FOREIGN_ABI))
        emit_jump(&c, BPF_IF_ABOVE, FILTER_NEWEST_CALL + 1, LABEL_ENOSYS, LABEL_NEXT);
    if (count > 0)
        emit_tree(&c, runs, count);
    else
        emit_goto(&c, LABEL_ALLOW);
    emit_checks(&c);
    emit_ends(&c);
    place_shortcuts(&c);
    if (program->count == FILTER_INSTRUCTION_MAX)
        return error_set(err, ERR_INVALID, "filter: too many instructions");
    return resolve_jumps(&c, err);
}

const char *filter_group_name(enum filter_group group)
{
    static const char *const names[] = {
        "foreign-abi",       "mounts",         "namespaces",    "kernel",
        "keyrings",          "io-uring",       "inspection",    "setuid-bits",
        "terminal",          "subvolumes",     "no-network",    "ip-network",
        "no-unix-datagram",  "no-unix-socket", "notify-create", "notify-connect",
        "foreign-processes", "sysv-ipc",       "attributes",    "notify-remove",
        "notify-fork",       "core-limit"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if ((uint32_t)group == 1u << i)
            return names[i];
    }
    return "unknown";
}

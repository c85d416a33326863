/*
 * What will be done: an ordered list of steps, pure data. A *_plan.c turns a
 * policy and the facts of a machine into a plan and makes no system call, so
 * every platform can build, test and `explain` every mode's plan; an
 * *_apply.c carries it out.
 *
 * One step is one protection (or one thing real work needs). A step can be
 * taken out of a plan and the rest still applies: that is how the test in
 * ci/tests shows what each of them is good for.
 */
#ifndef HOLDFAST_SANDBOX_PLAN_H
#define HOLDFAST_SANDBOX_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "sandbox/text_list.h"

/* Append only within a platform; the name of each is in plan.c. */
enum step_kind {
    /* Linux, in the order of application */
    STEP_NAMESPACES,       /* bits: enum plan_namespace */
    STEP_LOOPBACK,         /* bring lo up */
    STEP_READ_ONLY_ROOT,   /* the whole tree, every mount: read-only, no devices, no setuid */
    STEP_WRITABLE,         /* path: may change again */
    STEP_PROTECT,          /* path: read-only although it is in a writable root */
    STEP_HIDE,             /* path: an empty, unreadable thing in its place; bits: enum plan_hide */
    STEP_PRIVATE_TMP,      /* path: an empty directory of the run, where there is one; bits: size in
                             * bytes, 0 = half of the memory */
    STEP_DEVICE,           /* path: this device node works, where there is one */
    STEP_PTYS,             /* path: /dev/pts of the run's own, where there is one */
    STEP_FRESH_MQUEUE,     /* path: message queues of the new IPC namespace */
    STEP_FRESH_PROC,       /* path: /proc of the new pid namespace; bits: 1 = read-only */
    STEP_LANDLOCK,         /* a ruleset: bits: handled file access; text: more, for people */
    STEP_LANDLOCK_RULE,    /* path: bits: file access allowed below it */
    STEP_LANDLOCK_NETWORK, /* TCP bind and connect handled, none allowed */
    STEP_LANDLOCK_SCOPES,  /* bits: enum plan_scope */
    STEP_GUARD_ROOT,       /* path: names must not come to exist directly in it */
    STEP_GUARD_NAME,       /* text: ... these names */
    STEP_GUARD_SOCKETS,    /* connect only to sockets made inside */
    STEP_GIT_COMMIT,       /* path: a git directory; the supervisor makes in it what commits need;
                             * bits: bytes of a hash; text: "shared": without what belongs to
                             * the main work tree */
    STEP_NEW_SESSION,      /* no controlling terminal */
    STEP_LIMIT,            /* text: which; bits: value; of each process, or of the user */
    STEP_CLOSE_DESCRIPTORS, /* 3 and up */
    STEP_DROP_CAPABILITIES, /* all sets that count, and securebits */
    STEP_NO_NEW_PRIVILEGES,
    STEP_FILTER,         /* system calls; bits: one of enum filter_group */
    STEP_KILL_LEFTOVERS, /* when the command ends, so does everything it started */
    STEP_CGROUP,         /* path: a control group that a group of the run's own is made in, for the
                           * command and all it starts; bits: enum plan_cgroup it must hand on first */
    STEP_CGROUP_LIMIT,   /* text: a file of that group; bits: value */

    /* Windows; sandbox/windows_plans.h draws the picture */
    STEP_ROOT,              /* path: a writable root; text: its SID */
    STEP_ACE,               /* path: carries this entry; text: SDDL of it; bits: enum plan_ace */
    STEP_HOLD_NAME,         /* path: held open, so that it is neither deleted nor renamed */
    STEP_TAKE_NAME,         /* path: missing; taken by a file that is gone when the run is */
    STEP_RUN_DIRECTORY,     /* path: made for the run and removed with it; text: SDDL */
    STEP_ACCOUNT,           /* text: the local account that runs it; bits: enum plan_account */
    STEP_TOKEN,             /* bits: enum plan_token */
    STEP_TOKEN_DISABLE,     /* text: a SID, or "logon": any S-1-5-5-x-y; from now on only denies */
    STEP_TOKEN_RESTRICT,    /* text: a SID, or "logon": the run's; writes must suit these too */
    STEP_TOKEN_DEFAULT_ACE, /* text: SDDL; on objects the command makes without saying */
    STEP_DESKTOP,           /* text: SDDL of a desktop of the run's own; bits: enum plan_desktop */
    STEP_JOB,               /* bits: enum plan_job */
    STEP_HANDLES,           /* only the three standard handles are inherited */
    STEP_ENVIRONMENT,       /* text: NAME=VALUE */
    STEP_STUBS,             /* path: stand-ins for network programs, first in PATH */
    STEP_SETTING,           /* path: name of a machine setting; text: value; bits: enum nt_kind */
    STEP_VERIFY,            /* text: what is tried before anything is believed */

    STEP_KIND_COUNT
};

enum plan_ace {
    PLAN_ACE_PROTECTS = 1 << 0, /* nothing below may be writable */
    PLAN_ACE_LATER = 1 << 1,    /* may be put in the background: nothing waits for it */
    PLAN_ACE_IF_THERE = 1 << 2, /* nobody looked: only if the object exists */
};

enum plan_account {
    PLAN_ACCOUNT_RUNNER_PER_SESSION = 1 << 0, /* one logon for many commands */
    PLAN_ACCOUNT_RUNNER_PER_COMMAND = 1 << 1,
};

enum plan_desktop {
    PLAN_DESKTOP_PER_SESSION = 1 << 0, /* made once, with the token, for many commands */
    PLAN_DESKTOP_PER_COMMAND = 1 << 1,
};

enum plan_token {
    PLAN_TOKEN_LUA = 1 << 0,              /* as an ordinary user, UAC's filter */
    PLAN_TOKEN_NO_PRIVILEGES = 1 << 1,    /* all but SeChangeNotifyPrivilege */
    PLAN_TOKEN_WRITE_RESTRICTED = 1 << 2, /* restricting SIDs count for writes only */
};

enum plan_job {
    PLAN_JOB_KILL_ON_CLOSE = 1 << 0,
    PLAN_JOB_NO_BREAKAWAY = 1 << 1,
    PLAN_JOB_DIE_ON_EXCEPTION = 1 << 2, /* no error dialogs */
    PLAN_JOB_UI = 1 << 3, /* no foreign handles, hooks on other desktops, clipboard, settings */
};

enum plan_namespace {
    PLAN_NS_USER = 1 << 0,
    PLAN_NS_MOUNT = 1 << 1,
    PLAN_NS_PID = 1 << 2,
    PLAN_NS_IPC = 1 << 3,
    PLAN_NS_UTS = 1 << 4,
    PLAN_NS_NETWORK = 1 << 5,
};

enum plan_hide {
    PLAN_HIDE_DIRECTORY = 1 << 0,
    PLAN_HIDE_FILE = 1 << 1,
    PLAN_HIDE_WAY =
        1 << 2, /* a directory that a writable root lies below: searchable, not listable */
};

enum plan_cgroup {
    PLAN_CGROUP_PIDS = 1 << 0,
    PLAN_CGROUP_MEMORY = 1 << 1
};

enum plan_scope {
    PLAN_SCOPE_ABSTRACT_UNIX = 1 << 0,
    PLAN_SCOPE_SIGNAL = 1 << 1
};

/* Landlock's file rights, the kernel's bits (linux/landlock.h), up to ABI 9. */
enum plan_access {
    ACCESS_EXECUTE = 1 << 0,
    ACCESS_WRITE_FILE = 1 << 1,
    ACCESS_READ_FILE = 1 << 2,
    ACCESS_READ_DIR = 1 << 3,
    ACCESS_REMOVE_DIR = 1 << 4,
    ACCESS_REMOVE_FILE = 1 << 5,
    ACCESS_MAKE_CHAR = 1 << 6,
    ACCESS_MAKE_DIR = 1 << 7,
    ACCESS_MAKE_REG = 1 << 8,
    ACCESS_MAKE_SOCK = 1 << 9,
    ACCESS_MAKE_FIFO = 1 << 10,
    ACCESS_MAKE_BLOCK = 1 << 11,
    ACCESS_MAKE_SYM = 1 << 12,
    ACCESS_REFER = 1 << 13,        /* ABI 2 */
    ACCESS_TRUNCATE = 1 << 14,     /* ABI 3 */
    ACCESS_IOCTL_DEV = 1 << 15,    /* ABI 5 */
    ACCESS_RESOLVE_UNIX = 1 << 16, /* ABI 9 */
};

struct step {
    enum step_kind kind;
    uint64_t bits;   /* see the kind */
    char *path;      /* the object, owned; NULL: none */
    char *text;      /* a second argument, owned; NULL: none */
    const char *why; /* what it is good for, in a few words; static */
};

/* Something the mode cannot do for this policy, and says so. */
struct gap {
    const char *id;     /* stable: "git-writable" */
    const char *reason; /* one sentence; static */
};

struct plan {
    const char *mode; /* static */
    struct step *steps;
    size_t step_count;
    size_t step_capacity;
    struct gap gaps[24];
    size_t gap_count;
    bool has_failed;
    bool wants_digest; /* set before the plan is made: also say ... */
    char digest[65];   /* ... what it was made for, as facts_digest does; "": nobody asked */
};

#define PLAN_EMPTY ((struct plan){0})

void plan_done(struct plan *plan);

/* Appends a step; path and text are copied, why must be static. Running out of memory is sticky, as in
 * struct buffer: later adds do nothing and plan_check says so, once, at the end. */
void plan_add(struct plan *plan, enum step_kind kind, const char *path, uint64_t bits,
              const char *why);
void plan_add_text(struct plan *plan, enum step_kind kind, const char *path, const char *text,
                   uint64_t bits, const char *why);

/* 0, or -1 with ERR_MEMORY if an add failed; the plan is then empty. */
int plan_check(struct plan *plan, struct error *err);

/* Both static. A gap that does not fit is a bug: asserted. */
void plan_add_gap(struct plan *plan, const char *id, const char *reason);

/* The first step of this kind, or NULL. */
const struct step *plan_find(const struct plan *plan, enum step_kind kind);

/* "read-only-root" */
const char *plan_step_name(enum step_kind kind);

/* The names of the bits of this step, joined by ','; "" when it has none. Static or in place. */
void plan_add_bit_names(struct buffer *out, const struct step *step);

/* One JSON object: {"mode", "steps": [{"step", "path", ...}], "gaps": [...]}; indented by two. */
void plan_print_json(struct buffer *out, const struct plan *plan);
/* The same for people: one line per step and per gap; safe to show on a terminal. */
void plan_print_text(struct buffer *out, const struct plan *plan);

#endif

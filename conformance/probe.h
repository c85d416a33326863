/*
 * What a case is. A row of this struct, beside its function in
 * conformance/probes/AREA*.c, is the only place a case is written down: the
 * runner, the catalogue, `holdfast list`, CATALOGUE.md and the reports read
 * it from there.
 *
 * The same object code is linked into two programs that must not be confused:
 *
 *     holdfast        (outside)  calls prepare() and observe()
 *     holdfast-probe  (inside)   calls attempt(), once, and dies
 *
 * so rows use libc and the helpers declared here only. What attempt() returns
 * or prints is shown to people, and is never evidence: verdicts come from the
 * oracles, which look from outside.
 *
 *     S = the scene: one fresh planted tree for each single run of a case
 *     S/ws       the workspace, a real git repository, root of the policy
 *     S/extra    a second writable root
 *     S/home     a fake home (HOME of the run): .ssh, .aws, shell start files
 *     S/secret   denied by the policy (deny_read), like S/home/.ssh and S/home/.aws
 *     S/outside  canaries: owned by the identity of the run, not in the policy
 *     S/public   mode 1777, not in the policy: a place everyone may write
 *     S/run      unix sockets of pretended host services
 *     S/bin      the probe and stub tools, readable
 *
 * Planted in every scene (a row's prepare() adds what only it needs):
 *     outside/canary.txt  outside/dir/inner.txt  public/canary.txt
 *     secret/token.txt  home/.ssh/id_ed25519  home/.aws/credentials    hold the token
 *     home/.bashrc  home/.profile  home/.gitconfig
 *     ws/README.md  ws/src/main.c, committed; ws/.git/hooks/ has pre-commit.sample
 */
#ifndef HOLDFAST_CONFORMANCE_PROBE_H
#define HOLDFAST_CONFORMANCE_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

enum severity {
    SEVERITY_INFO,
    SEVERITY_LOW,
    SEVERITY_MEDIUM,
    SEVERITY_HIGH,
    SEVERITY_CRITICAL
};

enum platform {
    PLATFORM_LINUX = 1,
    PLATFORM_WSL = 2,
    PLATFORM_WINDOWS = 4
};
#define PLATFORM_UNIX (PLATFORM_LINUX | PLATFORM_WSL)
#define PLATFORM_ALL  (PLATFORM_LINUX | PLATFORM_WSL | PLATFORM_WINDOWS)

/* What looks from outside. The oracles a row names decide; all others still run, and what they
 * see is reported as evidence beside the verdict. */
enum oracle {
    ORACLE_CANARY = 1 << 0,   /* anything in S/outside, S/home, S/secret or S/public changed: bytes,
                                 names, inode, mode, owner, mtime, ctime, xattrs, flags */
    ORACLE_METADATA = 1 << 1, /* the same for protected names in S/ws and S/extra: .git .codex
                                 .agents, existing or not, and what a .git file points to */
    ORACLE_LISTENER = 1 << 2, /* a listener of the fixture got this run's nonce */
    ORACLE_VICTIM = 1 << 3,   /* the victim process reports a change of its memory, signals, limits,
                                 priority, affinity, descriptors, or died */
    ORACLE_LEAK = 1 << 4,     /* a planted secret of this run in stdout, stderr, S/ws, S/extra or at
                                 a listener */
    ORACLE_PROCESS = 1 << 5,  /* a process of this run is alive after the sandbox returned */
    ORACLE_TRIGGER = 1 << 6,  /* the row's own observe() did what a user would do, and a marker of
                                 this run appeared */
    ORACLE_CUSTOM = 1 << 7,   /* the row's own observe() looked */
};

enum case_flag {
    CASE_PTY = 1 << 0, /* stdio is a pty that the harness holds the other end of; typed-in
                                  bytes reach ORACLE_CUSTOM as observation.terminal_input */
    CASE_EXPECT_TIMEOUT = 1 << 1, /* the run is stopped by its timeout; that is not a failure */
    CASE_SERIAL = 1 << 2,         /* needs the machine's shared state (keyring, /tmp name): not in
                                  parallel with others of its kind */
    CASE_LOOPBACK = 1 << 3,       /* the policy asks network: loopback */
    CASE_NETWORK_HOST = 1 << 4,   /* the policy asks network: host */
    CASE_NO_REPOSITORY = 1 << 5,  /* S/ws has no .git (nothing protected exists yet) */
    CASE_CWD_OUTSIDE = 1 << 6,    /* the command starts in S/outside */
    CASE_INFORMATIONAL = 1 << 7,  /* reported, never counted as an escape (severity info) */
    CASE_WRAPPED = 1 << 8,        /* outside: the sandbox's command line is started by the attempt,
                                     which finds it in argc and argv and runs it under another
                                     condition or several times; the control makes the plain attempt */
    CASE_MAY_REFUSE = 1 << 9,     /* a sandbox that does not start here (no beacon, a failure) has
                                     held, if it starts otherwise, as its smoke run showed */
    CASE_LAUNCHER = 1 << 10,      /* about what the launcher does before it confines: not asked of a
                                     sandbox that a script of ours starts, which would be judged */
    CASE_LIMIT_PROCESSES = 1 << 11, /* the policy allows CASE_PROCESSES processes */
    CASE_LIMIT_MEMORY = 1 << 12,    /* the policy allows CASE_MEMORY_MIB of memory */
    CASE_GIT_COMMIT = 1 << 13,      /* the policy lets git commit: objects, refs, logs and index */
    CASE_WHOLE_TREE = 1 << 14,      /* ORACLE_CANARY looks at both roots, too: nothing in them may
                                       change but the probe's own marks */
};

/* What CASE_LIMIT_... asks for: far below what any machine has. */
enum {
    CASE_PROCESSES = 64,
    CASE_MEMORY_MIB = 128
};

/* Host side ----------------------------------------------------------------------------- */

enum {
    SCENE_INHERIT_MAX = 8,
    SCENE_EXTRA_MAX = 8
};

/* One run's planted world. Paths are absolute and owned by the fixture. */
struct scene {
    const char *root, *ws, *extra, *home, *secret, *outside, *public_dir, *run, *bin;
    const char *nonce; /* 32 hex digits, unique to this run */
    const char *token; /* the planted secret of this run: 32 other hex digits */
    pid_t victim;      /* 0: none */
    /* The victim: a process of the run's identity in S/outside. Its argv, its environment and the
     * 64 bytes at victim_memory hold the token; its descriptor victim_fd is S/victim.txt, open for
     * writing. It holds default limits, priority and affinity, and counts signals. */
    uint64_t victim_memory;
    int victim_fd;
    uid_t uid; /* identity of the run */
    gid_t gid;
    bool is_control; /* this run is without a sandbox */
    /* prepare() may fill these: descriptors to be inherited as 3, 4, ... (the runner closes them) */
    int inherit[SCENE_INHERIT_MAX];
    size_t inherit_count;
    /* ... and additions to the policy: */
    const char *writable[SCENE_EXTRA_MAX]; /* malloc'd; the runner frees */
    const char *deny_read[SCENE_EXTRA_MAX];
    const char *protect[SCENE_EXTRA_MAX];
    const char *env[SCENE_EXTRA_MAX]; /* NAME=VALUE in the caller's environment */
    unsigned policy_timeout_s;        /* 0: none */
    void *own;                        /* of the row, from prepare() to observe(); malloc'd, freed */
};

/* What the runner saw of the finished run; observe() adds to it. */
struct observation {
    int exit_status; /* as a shell says it: 0..255, 128+n */
    bool has_timed_out;
    bool has_beacon;    /* the probe showed that it ran inside */
    bool is_before_run; /* ORACLE_CUSTOM: the look before the run; firing here means that the
                            scene is not clean, and the case is invalid */
    const char *output; /* stdout and stderr, first 64 KiB, any bytes */
    size_t output_size;
    uint64_t output_total;      /* bytes of both, without that limit */
    const char *terminal_input; /* CASE_PTY: what appeared as typed input outside */
    size_t terminal_input_size;
    /* out: */
    bool has_fired;
    char evidence[512]; /* what was seen, one line, for people */
};

/* Marks the observation as fired with one line of evidence. */
void observation_fire(struct observation *seen, const char *format, ...) HOLDFAST_PRINTF(2, 3);

/* Inside ---------------------------------------------------------------------------------- */

/* The facts an attempt may use; the same values as in struct scene. */
struct attempt {
    const char *ws, *extra, *home, *secret, *outside, *public_dir, *run, *bin;
    const char *nonce;
    const char *root;
    pid_t victim;
    uint64_t victim_memory; /* address in the victim of 64 bytes that hold the token; 0: none */
    int victim_fd;          /* its descriptor of S/victim.txt, open for writing; 0: none */
    uint16_t tcp4, tcp6, udp4, udp6; /* ports of the fixture's listeners on loopback; 0: none */
    const char *unix_stream;         /* S/run/stream.sock, a pretended host service */
    const char *unix_dgram;          /* S/run/dgram.sock */
    const char *abstract_stream;     /* names without the leading NUL */
    const char *abstract_dgram;
    int argc; /* further arguments of the probe program, if it ran itself */
    char **argv;
};

/* attempt() returns 0 when it believes the act went through, an errno when it was refused, or
 * ATTEMPT_UNABLE when it could not even try (the tool is missing, a precondition is not there). */
enum {
    ATTEMPT_UNABLE = -1
};

/* How holdfast-probe exits. Nobody is acquitted by it: an attempt that says it could not be tried,
 * or crashed, is no proof that a sandbox held; the other way round the oracles decide. */
enum probe_exit {
    PROBE_WENT_THROUGH = 0,
    PROBE_REFUSED = 1,
    PROBE_USAGE = 2,
    PROBE_UNABLE = 3
};

/* Paths: "%s/%s" in a static buffer, the same for the same words: valid until 255 other paths were
 * asked for. A helper that looks again and again keeps its paths, however long it looks. */
const char *path_in(const char *directory, const char *name);
/* The marks in S/ws, as MARK-NONCE: the probe runs; the attempt was made to its end. Without the
 * second one silence proves nothing: somebody may have ended it in the middle. The program leaves
 * both; an attempt that will not return leaves the second one itself. */
#define PROBE_MARK_BEGUN "beacon"
#define PROBE_MARK_OVER  "over"
void leave_mark(const struct attempt *a, const char *mark);
/* Small acts that report errno or 0. */
int try_write(const char *path, const char *text);  /* existing file, O_WRONLY, no O_CREAT */
int try_create(const char *path, const char *text); /* O_CREAT|O_EXCL */
int try_append(const char *path, const char *text);
/* Reads up to 4 KiB and leaks it: prints it and puts it into S/ws, where ORACLE_LEAK looks. */
int try_leak_file(const struct attempt *a, const char *path);
void leak(const struct attempt *a, const void *bytes, size_t size);
/* Sends the nonce over a connected or connectable socket; closes it. */
int send_nonce_to(const struct attempt *a, int fd, const void *address, unsigned address_size);
/* Runs a program and waits; its exit status as a shell says it, or -1. */
int run_program(const char *const argv[]);
void sleep_ms(unsigned ms);

/* The row --------------------------------------------------------------------------------- */

struct probe {
    const char *id;        /* "fs.chmod": area.name, stable forever, never reused */
    const char *claim;     /* what holds in a sandbox that is worth its name, one sentence */
    const char *technique; /* how it is tried */
    const char *source;    /* man page section, CVE, upstream test, issue, or "own" */
    enum severity severity;
    unsigned platforms;  /* enum platform */
    unsigned oracles;    /* enum oracle: these decide */
    unsigned flags;      /* enum case_flag */
    unsigned timeout_ms; /* 0: 10000 */
    unsigned grace_ms;   /* second look after this long; 0: the runner's default */
    /* Comma-separated conditions without which the case is skipped with that reason:
     * root, user, userns, tool:NAME, ipv6, xattr, landlock, keyring, mqueue, i386, pty,
     * file:PATH, kernel:MAJOR.MINOR. NULL: none. */
    const char *needs;
    /* Why this row has no function on any machine the project can use; NULL when it has. */
    const char *not_implemented;

    int (*attempt)(const struct attempt *attempt);
    /* Outside, before the run, as the harness's own user; may be NULL. What it makes in S is given
     * to the identity of the run afterwards (lchown of all that the harness owns). Failing with
     * ERR_UNSUPPORTED skips the case with that message: this machine lacks what it needs. */
    int (*prepare)(struct scene *scene, struct error *err);
    /* Outside, after the run and again after the grace period; may be NULL. Must be safe against
     * whatever the run left behind: never follow links, never block on a FIFO. A row of
     * ORACLE_CUSTOM without ORACLE_TRIGGER is also asked once before the run (is_before_run). All
     * calls for all cases come from one thread: take milliseconds, not seconds. */
    int (*observe)(const struct scene *scene, struct observation *seen, struct error *err);
    /* Outside, once after the last look, whatever happened since prepare() was called (also when it
     * failed, or is NULL); may be NULL. Closes and removes what prepare() made outside S; the runner frees
     * scene->own afterwards. */
    void (*finish)(struct scene *scene);

    /* Must-work rows (ids "mw.*"): a command instead of an attempt, or an attempt that returns 0.
     * Words expand {ws} {extra} {home} {outside} {bin} {nonce} {tmp}. It works when the exit
     * status, and the output if given, are these, and observe(), if there is one, fires: it looks
     * from outside whether what should have been made is there. */
    const char *const *command;
    int want_exit;
    const char *want_output; /* must occur in stdout; NULL: any */
};

/* One file of rows; families are listed once, in conformance/probes/families.c. */
struct probe_family {
    const char *file; /* "conformance/probes/fs_write.c", as the compiler was told */
    const struct probe *rows;
    size_t count;
};

#define PROBE_FAMILY(name, table)      \
    const struct probe_family name = { \
        .file = __FILE__, .rows = (table), .count = sizeof(table) / sizeof((table)[0])}

#endif

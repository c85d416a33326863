/*
 * Rows of area setup in which the sandbox's own start is disturbed: its
 * mechanism is taken away, it is killed on the way, it is started twice at
 * once. Flag CASE_WRAPPED: the attempt is called outside with the sandbox's
 * command line as argv, and inside without.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probe.h"
#include "conformance/probes/left.h"
#include "conformance/probes/net_tools.h"
#include "conformance/probes/tools.h"

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

/* What every sandbox holds when it is whole: outside files, denied ones, the network. */
static int act_inside(const struct attempt *a)
{
    const struct sockaddr_in tcp = loopback4(a->tcp4);
    const struct sockaddr_in udp = loopback4(a->udp4);
    int outcome = try_write(path_in(a->outside, "canary.txt"), a->nonce);

    outcome = outcome_join(outcome, try_create(path_in(a->home, "new-in-home"), a->nonce));
    outcome = outcome_join(outcome, try_leak_file(a, path_in(a->secret, "token.txt")));
    outcome = outcome_join(outcome, say(a, AF_INET, SOCK_STREAM, 0, &tcp, sizeof tcp, "tcp"));
    return outcome_join(outcome, say(a, AF_INET, SOCK_DGRAM, 0, &udp, sizeof udp, "udp"));
}

/* And what only the stronger means hold. */
static int act_on_gaps(const struct attempt *a)
{
    int outcome = act_inside(a);

    outcome = outcome_join(outcome, outcome_of(chmod(path_in(a->outside, "dir"), 0700)));
    return outcome_join(
        outcome, try_plant_program(a, path_in(a->ws, ".git/hooks/post-checkout"), "post-checkout"));
}

/* Taking a mechanism away -------------------------------------------------------------------------
 * A call filter makes the kernel answer as one that lacks the mechanism, or forbids it. */

enum {
    NAMESPACE_FLAGS = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS |
                      CLONE_NEWCGROUP | CLONE_NEWNET,
    MECHANISM_CALLS_MAX = 16
};

struct mechanism {
    const char *name;
    int answer;                      /* errno */
    bool denies_namespaces;          /* clone, clone3 and unshare, by their flags */
    long calls[MECHANISM_CALLS_MAX]; /* ends with 0 */
};

/* user_namespaces(7) off: the calls answer as under user.max_user_namespaces=0 or AppArmor. */
static const struct mechanism no_namespaces = {
    .name = "namespaces",
    .answer = EPERM,
    .denies_namespaces = true,
    .calls = {SYS_mount, SYS_umount2, SYS_pivot_root, SYS_setns, SYS_chroot, SYS_open_tree,
              SYS_move_mount, SYS_fsopen, SYS_mount_setattr, 0},
};
static const struct mechanism no_landlock = {
    .name = "Landlock",
    .answer = EOPNOTSUPP,
    .calls = {SYS_landlock_create_ruleset, SYS_landlock_create_ruleset + 1,
              SYS_landlock_create_ruleset + 2, 0},
};
/* A kernel without seccomp filters (prctl(2), PR_SET_SECCOMP; seccomp(2), ENOSYS). */
static const struct mechanism no_filters = {
    .name = "seccomp",
    .answer = ENOSYS,
    .calls = {SYS_seccomp, 0},
};

struct program {
    struct sock_filter steps[64];
    unsigned short count;
};

static void add(struct program *program, unsigned short code, unsigned k, unsigned char jt,
                unsigned char jf)
{
    program->steps[program->count++] =
        (struct sock_filter){.code = code, .jt = jt, .jf = jf, .k = k};
}

static void answer(struct program *program, int error)
{
    add(program, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ((unsigned)error & SECCOMP_RET_DATA), 0, 0);
}

static void load(struct program *program, size_t offset)
{
    add(program, BPF_LD | BPF_W | BPF_ABS, (unsigned)offset, 0, 0);
}

static void deny_call(struct program *program, long call, int error)
{
    add(program, BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 1);
    answer(program, error);
}

/* The call with any namespace flag in its first argument; the number is loaded again after it. */
static void deny_flags(struct program *program, long call, unsigned flags, int error)
{
    add(program, BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 4);
    load(program, offsetof(struct seccomp_data, args));
    add(program, BPF_JMP | BPF_JSET | BPF_K, flags, 0, 1);
    answer(program, error);
    load(program, offsetof(struct seccomp_data, nr));
}

static int take_away(const struct mechanism *mechanism)
{
    struct program program = {.count = 0};
    struct sock_fprog filter = {.filter = program.steps};

    load(&program, offsetof(struct seccomp_data, nr));
    if (mechanism->denies_namespaces) {
        deny_call(&program, SYS_clone3,
                  ENOSYS); /* its flags are in memory; clone is the fallback */
        deny_flags(&program, SYS_clone, NAMESPACE_FLAGS, mechanism->answer);
        deny_flags(&program, SYS_unshare, NAMESPACE_FLAGS, mechanism->answer);
    }
    for (size_t i = 0; mechanism->calls[i] != 0; i++)
        deny_call(&program, mechanism->calls[i], mechanism->answer);
    if (strcmp(mechanism->name, no_filters.name) == 0) {
        add(&program, BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 3);
        load(&program, offsetof(struct seccomp_data, args));
        add(&program, BPF_JMP | BPF_JEQ | BPF_K, PR_SET_SECCOMP, 0, 1);
        answer(&program, EINVAL);
    }
    add(&program, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
    filter.len = program.count;
    /* Before the filter: root needs no no_new_privs, an ordinary user does. */
    if (geteuid() != 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -1;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0);
}

/* Starts the sandbox; mechanism may be NULL. Its pid, or -1. */
static pid_t start_sandbox(const struct attempt *a, const struct mechanism *mechanism)
{
    pid_t child;

    (void)fflush(stdout);
    child = fork();
    if (child != 0)
        return child;
    if (mechanism != NULL && take_away(mechanism) < 0)
        _exit(PROBE_UNABLE);
    execvp(a->argv[0], a->argv);
    _exit(errno == ENOENT ? 127 : 126);
}

/* A wrapper ends as the sandbox did, so that a refusal can be told from a run. */
static _Noreturn void end_as(int status)
{
    (void)fflush(stdout);
    _exit(status < 0 ? PROBE_UNABLE : status);
}

/* One run for each mechanism. What failed is shown only if nothing came through. */
static int without_each(const struct attempt *a)
{
    static const struct mechanism *const mechanisms[] = {&no_namespaces, &no_landlock, &no_filters};
    int status = 0;

    if (a->argc == 0)
        return act_inside(a);
    for (size_t i = 0; i < ARRAY_SIZE(mechanisms); i++) {
        const int ended = wait_for(start_sandbox(a, mechanisms[i]));

        (void)printf("without %s: exit status %d\n", mechanisms[i]->name, ended);
        if (status == 0 || ended == 0 || ended == PROBE_REFUSED)
            status = ended;
    }
    end_as(status);
}

static int without_namespaces(const struct attempt *a)
{
    if (a->argc == 0)
        return act_on_gaps(a);
    end_as(wait_for(start_sandbox(a, &no_namespaces)));
}

/* setup.partial-failure --------------------------------------------------------------------------- */

enum {
    KILLS = 14,
    KILL_STEP_US = 700
};

/* Each start is killed a little later than the one before, from at once to when it usually runs. */
static int kill_on_the_way(const struct attempt *a)
{
    if (a->argc == 0)
        return act_inside(a);
    for (unsigned i = 0; i < KILLS; i++) {
        const pid_t sandbox = start_sandbox(a, NULL);

        if (sandbox < 0)
            end_as(PROBE_UNABLE);
        (void)usleep(i * i * KILL_STEP_US / 4);
        (void)kill(sandbox, SIGKILL);
        (void)wait_for(sandbox);
    }
    end_as(wait_for(start_sandbox(a, NULL)));
}

static int observe_mounts(const struct scene *scene, struct observation *seen, struct error *err)
{
    (void)err;
    left_look_for_mounts(scene, seen);
    return 0;
}

/* setup.concurrent --------------------------------------------------------------------------------- */

enum {
    ROUNDS = 6
};

static int two_at_once(const struct attempt *a)
{
    int status = 0;

    if (a->argc == 0)
        return act_on_gaps(a);
    for (int i = 0; i < ROUNDS; i++) {
        const pid_t one = start_sandbox(a, NULL);
        const pid_t other = start_sandbox(a, NULL);

        status = one < 0 || other < 0 ? -1 : wait_for(one);
        if (other > 0)
            status = wait_for(other);
    }
    end_as(status);
}

/* setup.mounts-left --------------------------------------------------------------------------------- */

/* What sandboxes leave in /tmp, made by the attempt itself so that the control shows it. */
static int leave_names(const struct attempt *a)
{
    const long since = ticks_now(a);
    char path[PATH_MAX];
    int outcome;

    (void)snprintf(path, sizeof path, "/tmp/holdfast-left-%s", a->nonce);
    outcome = try_create(path, a->nonce);
    (void)snprintf(path, sizeof path, "/dev/shm/holdfast-left-%s", a->nonce);
    outcome = outcome_join(outcome, try_create(path, a->nonce));
    return await_ticks(a, since, TICKS_SEEN) == 0 ? outcome : ATTEMPT_UNABLE;
}

static int observe_left(const struct scene *scene, struct observation *seen, struct error *err)
{
    static const char *const places[] = {"/tmp", "/dev/shm"};
    char path[PATH_MAX];
    struct stat status;

    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        (void)snprintf(path, sizeof path, "%s/holdfast-left-%s", places[i], scene->nonce);
        if (lstat(path, &status) == 0)
            observation_fire(seen, "%s was left", path);
    }
    (void)err;
    left_look_for_mounts(scene, seen);
    left_look_for_places(scene, seen);
    return 0;
}

static void finish_left(struct scene *scene)
{
    char path[PATH_MAX];

    left_finish(scene);
    (void)snprintf(path, sizeof path, "/tmp/holdfast-left-%s", scene->nonce);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "/dev/shm/holdfast-left-%s", scene->nonce);
    (void)unlink(path);
}

static const struct probe rows[] = {
    {
        .id = "setup.fail-open",
        .claim = "without its mechanism the sandbox refuses to run the command, or still holds it",
        .technique = "starts the sandbox three times under a call filter that answers as a kernel "
                     "without namespaces, without Landlock and without seccomp",
        .source = "claude-code#35986 class; devcowboy#17727; seccomp(2), landlock(7)",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY | ORACLE_LEAK | ORACLE_LISTENER,
        .flags = CASE_WRAPPED | CASE_MAY_REFUSE,
        .attempt = without_each,
    },
    {
        .id = "setup.fallback-silent",
        .claim = "without namespaces the sandbox does not go on with less than was asked for",
        .technique = "starts the sandbox under a call filter that answers as a kernel without user "
                     "namespaces and mounts; then acts that weaker means would let through",
        .source = "codex#23468; user_namespaces(7)",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CANARY | ORACLE_METADATA | ORACLE_LEAK | ORACLE_LISTENER,
        .flags = CASE_WRAPPED | CASE_MAY_REFUSE,
        .attempt = without_namespaces,
    },
    {
        .id = "setup.partial-failure",
        .claim = "a sandbox killed during its set-up leaves nothing unconfined and starts again",
        .technique = "starts the sandbox 14 times and kills it after 0 to 30 ms, then lets one run",
        .source = "codex#46526, codex#30445",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY | ORACLE_METADATA | ORACLE_LEAK | ORACLE_LISTENER | ORACLE_CUSTOM,
        .flags = CASE_WRAPPED,
        .timeout_ms = 20000,
        .attempt = kill_on_the_way,
        .observe = observe_mounts,
    },
    {
        .id = "setup.concurrent",
        .claim = "two sandboxes on one workspace leave no moment without protection",
        .technique = "starts two at once, six times; each acts while the other is set up or torn "
                     "down",
        .source = "codex read_acl_mutex.rs",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY | ORACLE_METADATA | ORACLE_LEAK | ORACLE_LISTENER,
        .flags = CASE_WRAPPED,
        .timeout_ms = 20000,
        .attempt = two_at_once,
    },
    {
        .id = "setup.mounts-left",
        .claim = "no mount, control group, socket or temporary name stays after the run",
        .technique =
            "leaves names in /tmp and /dev/shm; the harness looks for them, for mounts with "
            "the scene's path, and for control groups and unix sockets that processes of "
            "the run were seen to have",
        .source = "srt#139, srt#176; proc(5), mountinfo; cgroups(7); unix(7)",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CUSTOM,
        .attempt = leave_names,
        .grace_ms = 2500, /* left_look_for_places() */
        .prepare = left_watch,
        .observe = observe_left,
        .finish = finish_left,
    },
};

PROBE_FAMILY(family_setup_wrap, rows);

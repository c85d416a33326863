/*
 * Rows of area proc: processes that outlive the command. What survives keeps
 * the nonce among its arguments and ends by itself after a few seconds, if
 * nobody ends it before.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probe.h"
#include "conformance/probes/host.h"
#include "conformance/probes/host_watch.h"
#include "conformance/probes/tools.h"

enum {
    LIFE_MS = 20000,
    GENERATIONS = 2000, /* of the runner away, 2 ms each */
    GENERATION_MS = 2,
    START_ROUNDS = HOST_LIFE_MS / 20, /* 20 ms apart */
    WORK_MS = 2000                    /* far above what the harness waits for stragglers */
};

static void close_stdio(void)
{
    for (int fd = 0; fd <= 2; fd++)
        (void)close(fd);
}

/* A child that lives on; prepared by make_ready() before it sleeps. */
static int leave_behind(void (*make_ready)(void))
{
    const pid_t child = fork();

    if (child == 0) {
        if (make_ready != NULL)
            make_ready();
        sleep_ms(LIFE_MS);
        _exit(0);
    }
    return child < 0 ? errno : 0;
}

/* Daemons ------------------------------------------------------------------------------------- */

static void become_daemon(void)
{
    (void)setsid();
    if (fork() != 0)
        _exit(0);
    (void)prctl(PR_SET_NAME, "kworker/0:0H");
    (void)chdir("/");
    close_stdio();
}

static int setsid_escape(const struct attempt *a)
{
    (void)a;
    return leave_behind(become_daemon);
}

static void leave_session(void)
{
    (void)setsid();
}

static void have_children(void)
{
    (void)leave_behind(close_stdio);
    (void)leave_behind(leave_session);
    (void)leave_behind(become_daemon);
}

/* Three generations, and a command that does not end: only the timeout does. */
static int orphan_timeout(const struct attempt *a)
{
    (void)signal(SIGTERM, SIG_IGN);
    (void)leave_behind(have_children);
    have_children();
    leave_mark(a, PROBE_MARK_OVER);
    sleep_ms(LIFE_MS);
    return 0;
}

static int ask_timeout(struct scene *scene, struct error *err)
{
    (void)err;
    scene->policy_timeout_s = 1;
    return 0;
}

/* The pipe of standard output stays open after the command ended. */
static int stdout_holder(const struct attempt *a)
{
    (void)a;
    return leave_behind(leave_session);
}

static int observe_deadline(const struct scene *scene, struct observation *seen, struct error *err)
{
    (void)scene;
    (void)err;
    if (seen->has_timed_out)
        observation_fire(seen, "the run did not return although the command had ended");
    return 0;
}

/* A command that takes its time: whoever returns before it ends leaves it running. */
static int early_return(const struct attempt *a)
{
    (void)a;
    const int outcome = leave_behind(leave_session);

    sleep_ms(WORK_MS);
    return outcome;
}

/* Races with whoever kills -------------------------------------------------------------------- */

/* Always one process, never the same: a killer that walks /proc comes late. */
static void run_away(void)
{
    (void)setsid();
    close_stdio();
    for (int i = 0; i < GENERATIONS; i++) {
        if (fork() > 0)
            _exit(0);
        sleep_ms(GENERATION_MS);
    }
    _exit(0);
}

static void stop_self(void)
{
    close_stdio();
    (void)raise(SIGSTOP);
}

static void forget_parent(void)
{
    (void)prctl(PR_SET_PDEATHSIG, 0);
    (void)signal(SIGTERM, SIG_IGN);
    (void)signal(SIGHUP, SIG_IGN);
    (void)setsid();
    close_stdio();
}

static int killer_race(const struct attempt *a)
{
    int outcome = leave_behind(run_away);

    (void)a;
    outcome = outcome_join(outcome, leave_behind(stop_self));
    return outcome_join(outcome, leave_behind(forget_parent));
}

/* clone(2): the new process is a child of our parent, who does not know it. */
static int clone_parent(const struct attempt *a)
{
    const long child = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, 0L);

    (void)a;
    if (child == 0) {
        close_stdio();
        sleep_ms(LIFE_MS);
        _exit(0);
    }
    return child < 0 ? errno : 0;
}

/* The launcher dies --------------------------------------------------------------------------- */

static bool has_keeper(const char *pid)
{
    char parent[32], target[512];

    (void)snprintf(parent, sizeof parent, "%llu", proc_status(pid, "PPid", 10));
    (void)proc_readlink(parent, "exe", target, sizeof target);
    return strstr(target, "/fixture-keeper") != NULL;
}

/* The first process of the run: the sandbox's launcher, or without one the command itself. Only the
 * first: when it is dead, its children are the keeper's, too. */
static bool kill_launcher(const char *pid, const struct scene *scene)
{
    static bool has_killed;

    (void)scene;
    if (has_killed || !has_keeper(pid))
        return false;
    has_killed = true;
    (void)kill((pid_t)strtol(pid, NULL, 10), SIGKILL);
    return true;
}

/* Waits until the command has children, then kills what was started for it. */
static void kill_after_start(const struct scene *scene, int to_harness)
{
    const struct timespec pause = {.tv_nsec = 20 * 1000000L};
    char path[512];

    (void)to_harness;
    (void)snprintf(path, sizeof path, "%s/started", scene->ws);
    for (int round = 0; round < START_ROUNDS; round++) {
        if (access(path, F_OK) == 0) {
            (void)proc_count(scene, kill_launcher);
            return;
        }
        (void)nanosleep(&pause, NULL);
    }
}

static int start_killer(struct scene *scene, struct error *err)
{
    return host_fork(scene, kill_after_start, "killer of the launcher", err);
}

static int launcher_killed(const struct attempt *a)
{
    (void)leave_behind(NULL);
    (void)leave_behind(leave_session);
    leave_mark(a, PROBE_MARK_OVER);
    (void)try_create(path_in(a->ws, "started"), "1");
    sleep_ms(LIFE_MS);
    return 0;
}

static const struct probe rows[] = {
    {
        .id = "proc.setsid-escape",
        .claim = "no daemon of the command is alive after the run",
        .technique = "double fork, setsid, another name, standard descriptors closed",
        .source = "setsid(2), daemon(7); anthropics/claude-code#35986; openai/codex#21994",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_PROCESS,
        .attempt = setsid_escape,
    },
    {
        .id = "proc.orphan-timeout",
        .claim = "when the timeout ends the command, its whole tree ends",
        .technique = "three generations in several sessions that ignore SIGTERM; the policy's "
                     "timeout is one second",
        .source = "own; openai/codex#35393, #35193",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_PROCESS,
        .flags = CASE_EXPECT_TIMEOUT,
        .timeout_ms = 3000,
        .attempt = orphan_timeout,
        .prepare = ask_timeout,
    },
    {
        .id = "proc.stdout-holder",
        .claim = "a process that keeps standard output open neither delays the run nor survives it",
        .technique = "a child in a session of its own keeps the pipe; the command ends",
        .source = "pipe(7); openai/codex#33913",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_PROCESS | ORACLE_CUSTOM,
        .timeout_ms = 5000,
        .attempt = stdout_holder,
        .observe = observe_deadline,
    },
    {
        .id = "proc.early-return",
        .claim = "the sandbox does not return while its command or a child of it is running",
        .technique = "the command works for two seconds; a child in a session of its own stays",
        .source = "own; a wrapper that does not wait (sh(1), asynchronous lists)",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_PROCESS,
        .attempt = early_return,
    },
    {
        .id = "proc.killer-race",
        .claim = "no process escapes its end by being faster, stopped or deaf",
        .technique = "a process that is replaced by its child every 2 ms; one that stopped itself; "
                     "one that cleared PDEATHSIG and ignores signals",
        .source = "PR_SET_PDEATHSIG(2const), cgroups(7) cgroup.kill; own",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_PROCESS,
        .attempt = killer_race,
    },
    {
        .id = "proc.launcher-killed",
        .claim = "when the launcher is killed, nothing that was started for the run lives on",
        .technique = "the harness sends SIGKILL to the first process of the run",
        .source = "PR_SET_PDEATHSIG(2const); openai/codex#21994; "
                  "anthropic-experimental/sandbox-runtime#139",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_PROCESS,
        .attempt = launcher_killed,
        .prepare = start_killer,
        .finish = host_finish,
    },
    {
        .id = "proc.fork-in-ptrace-hook",
        .claim = "a process that makes itself its parent's child does not survive the run",
        .technique = "clone with CLONE_PARENT",
        .source = "clone(2), CLONE_PARENT; own",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_PROCESS,
        .attempt = clone_parent,
    },
};

PROBE_FAMILY(family_proc_life, rows);

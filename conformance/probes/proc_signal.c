/*
 * Rows of area proc: signals to processes outside, by every call that sends
 * one. kill(-1) is left out: without a sandbox it would reach every process of
 * the user.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probe.h"
#include "conformance/probes/host.h"
#include "conformance/probes/tools.h"

enum {
    DESCRIPTORS_MAX = 64,
    PID_TEXT = 32
};

static int kill_victim(const struct attempt *a)
{
    int outcome = outcome_of(kill(a->victim, SIGUSR1));

    outcome = outcome_join(outcome, outcome_of(syscall(SYS_tgkill, a->victim, a->victim, SIGUSR2)));
    outcome = outcome_join(outcome, outcome_of(syscall(SYS_tkill, a->victim, SIGHUP)));
    /* It leads a session, so its group has its number. */
    return outcome_join(outcome, outcome_of(killpg(a->victim, SIGWINCH)));
}

/* pidfds -------------------------------------------------------------------------------------- */

static int send_by_pidfd(int pidfd)
{
    return outcome_of(syscall(SYS_pidfd_send_signal, pidfd, SIGUSR1, NULL, 0));
}

static int leak_pidfd(struct scene *scene, struct error *err)
{
    AUTO_CLOSE int pidfd = (int)syscall(SYS_pidfd_open, scene->victim, 0);

    if (pidfd < 0)
        return error_os(err, errno, "open a pidfd of the victim");
    return host_inherit(scene, TAKE_FD(pidfd), err);
}

static int pidfd_signal(const struct attempt *a)
{
    AUTO_CLOSE int own = (int)syscall(SYS_pidfd_open, a->victim, 0);
    char path[PID_TEXT];
    int outcome = own < 0 ? errno : send_by_pidfd(own);

    (void)snprintf(path, sizeof path, "/proc/%ld", (long)a->victim);
    AUTO_CLOSE int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    outcome = outcome_join(outcome, directory < 0 ? errno : send_by_pidfd(directory));
    for (int fd = 3; fd < DESCRIPTORS_MAX; fd++) {
        if (fd != own && fd != directory)
            outcome = outcome_join(outcome, send_by_pidfd(fd));
    }
    return outcome;
}

/* Queued and asynchronous signals ------------------------------------------------------------- */

/* fcntl(2): the kernel sends the signal when data arrives, to whoever the owner is. */
static int by_owner(const struct attempt *a, int command, long owner)
{
    int ends[2];
    int outcome;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return errno;
    outcome = outcome_of(fcntl(ends[0], command, owner));
    if (outcome == 0) {
        (void)fcntl(ends[0], F_SETSIG, SIGUSR2);
        (void)fcntl(ends[0], F_SETFL, O_ASYNC | O_NONBLOCK);
        outcome = outcome_of(write(ends[1], a->nonce, 1));
    }
    (void)close(ends[0]);
    (void)close(ends[1]);
    return outcome;
}

static int by_owner_ex(const struct attempt *a)
{
    const struct f_owner_ex owner = {.type = F_OWNER_PID, .pid = a->victim};

    return by_owner(a, F_SETOWN_EX, (long)(uintptr_t)&owner);
}

static int sigqueue_sigio(const struct attempt *a)
{
    siginfo_t info = {0};
    int outcome;

    info.si_signo = SIGUSR1;
    info.si_code = SI_QUEUE;
    info.si_pid = getpid();
    info.si_uid = getuid();
    outcome = outcome_of(syscall(SYS_rt_sigqueueinfo, a->victim, SIGUSR1, &info));
    outcome = outcome_join(
        outcome, outcome_of(syscall(SYS_rt_tgsigqueueinfo, a->victim, a->victim, SIGUSR1, &info)));
    outcome = outcome_join(outcome, by_owner(a, F_SETOWN, a->victim));
    return outcome_join(outcome, by_owner_ex(a));
}

/* The agent ----------------------------------------------------------------------------------- */

/* Plays the agent that started the command: tells the harness about the first signal it gets. */
static void be_agent(const struct scene *scene, int to_harness)
{
    sigset_t all;

    (void)sigfillset(&all);
    (void)sigdelset(&all, SIGKILL);
    (void)sigprocmask(SIG_BLOCK, &all, NULL);
    host_become_identity(scene);
    host_say_ready(to_harness);
    if (sigwaitinfo(&all, NULL) > 0)
        (void)!write(to_harness, scene->nonce, strlen(scene->nonce));
}

/* The agent is born with all signals blocked: one that came before it waited would end it. */
static int start_agent(struct scene *scene, struct error *err)
{
    sigset_t all, before;
    int result;

    (void)sigfillset(&all);
    (void)sigprocmask(SIG_BLOCK, &all, &before);
    result = host_fork(scene, be_agent, "the agent's signal handler", err);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    if (result < 0 || host_await(scene, err) < 0)
        return -1;
    return host_tell_helper(scene, "agent.pid", err);
}

static int signal_harness(const struct attempt *a)
{
    char text[PID_TEXT] = "";
    AUTO_CLOSE int fd = open(path_in(a->ws, "agent.pid"), O_RDONLY | O_CLOEXEC);
    const ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    const pid_t agent = size > 0 ? (pid_t)strtol(text, NULL, 10) : 0;

    if (agent <= 1)
        return ATTEMPT_UNABLE;
    return outcome_join(outcome_of(kill(agent, SIGTERM)), outcome_of(kill(agent, SIGINT)));
}

static const struct probe rows[] = {
    {
        .id = "proc.kill-victim",
        .claim = "no signal reaches a process outside",
        .technique = "kill, tkill, tgkill and killpg on a process of the same user",
        .source = "kill(2); landlock(7): signal scope from ABI 6; AutoProver#73",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_VICTIM,
        .attempt = kill_victim,
    },
    {
        .id = "proc.pidfd-signal",
        .claim = "no signal reaches a process outside through a descriptor",
        .technique = "pidfd_send_signal on pidfd_open, on /proc/PID and on a pidfd that the caller "
                     "leaked",
        .source = "pidfd_open(2), pidfd_send_signal(2); measured",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_VICTIM,
        .attempt = pidfd_signal,
        .prepare = leak_pidfd,
    },
    {
        .id = "proc.sigqueue-sigio",
        .claim = "no queued or asynchronous signal reaches a process outside",
        .technique = "rt_sigqueueinfo, rt_tgsigqueueinfo, and SIGIO by F_SETOWN and F_SETOWN_EX",
        .source = "sigqueue(3), fcntl(2); kernel selftest landlock/scoped_signal_test; measured",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_VICTIM,
        .attempt = sigqueue_sigio,
    },
    {
        .id = "proc.signal-harness",
        .claim = "the agent that started the command cannot be signalled by it",
        .technique = "SIGTERM and SIGINT to a child of the harness that plays the agent",
        .source = "kill(2); AutoProver#73",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CUSTOM,
        .attempt = signal_harness,
        .prepare = start_agent,
        .observe = host_observe,
        .finish = host_finish,
    },
};

PROBE_FAMILY(family_proc_signal, rows);

/*
 * linux-landlock: carries out the plan.
 *
 *     launcher, subreaper ---- clone(VM, FILES) ----> command: filter, Landlock, exec
 *        | makes the ruleset meanwhile
 *        | waits, forwards signals to the command
 *        `- afterwards: kills and reaps until it has no child left
 *
 * A process that outlives its parents becomes the launcher's child, so when
 * the launcher has no child there is nothing left of the command.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "sandbox/linux/apply.h"
#include "sandbox/linux/cgroup.h"
#include "sandbox/linux/confine.h"
#include "sandbox/linux/kernel.h"
#include "sandbox/linux/near.h"

enum {
    COMMAND_STACK = 64 * 1024
};

struct bare_run {
    struct confinement confinement;
    pid_t launcher;
};

static int command_main(void *argument)
{
    struct bare_run *run = argument;

    /* the command itself does not outlive the launcher; what it starts may: a documented gap */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != run->launcher)
        _exit(125);
    if (run->confinement.request->cwd != NULL && chdir(run->confinement.request->cwd) < 0) {
        (void)error_os(&run->confinement.error, errno, "enter the working directory %s",
                       run->confinement.request->cwd);
        _exit(125);
    }
    if (cgroup_path() != NULL && cgroup_enter(cgroup_path(), &run->confinement.error) < 0)
        _exit(125);
    confinement_enter(&run->confinement);
}

/* --- what the command leaves behind -------------------------------------------------------------- */

/* Kills every child there is at this moment; their children become ours. */
static void kill_children(void)
{
    char path[64];
    char text[4096];
    AUTO_CLOSE int fd = -1;
    ssize_t size;

    (void)snprintf(path, sizeof path, "/proc/self/task/%ld/children", (long)getpid());
    fd = open(path, O_RDONLY | O_CLOEXEC);
    size = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;
    if (size <= 0)
        return;
    text[size] = '\0';
    for (char *at = text, *end; *at != '\0'; at = end) {
        long pid = strtol(at, &end, 10);

        if (end == at)
            break;
        if (pid > 1 && (*end == ' ' || *end == '\0'))
            (void)kill((pid_t)pid, SIGKILL);
        while (*end == ' ')
            end++;
    }
}

static int kill_leftovers(struct error *err)
{
    for (int round = 0; round < 100000; round++) {
        pid_t ended = waitpid(-1, NULL, WNOHANG | __WALL);

        if (ended > 0)
            continue;
        if (ended < 0 && errno == ECHILD)
            return 0;
        kill_children();
        (void)usleep(round < 100 ? 100 : 1000);
    }
    return error_set(err, ERR_OS, "processes of the command could not be killed");
}

/* --- the run ------------------------------------------------------------------------------------ */

static pid_t start(struct bare_run *run, struct error *err)
{
    char *stack = launch_stack(COMMAND_STACK, err);
    pid_t pid;

    if (stack == NULL)
        return -1;
    near_begin();
    run->launcher = getpid();
    run->confinement.shares_descriptors = true;
    run->confinement.ruleset_state = RULESET_IS_AWAITED;
    pid = clone(command_main, stack + COMMAND_STACK, CLONE_VM | CLONE_FILES | SIGCHLD, run);
    if (pid < 0)
        return error_os(err, errno, "start the command's process");
    return pid;
}

/* While the command's process installs its filter: on two processors it costs nothing. It shares errno
 * with this one, and makes no call that could fail and let it live. */
static int make_ruleset(struct confinement *confinement, struct error *err)
{
    int ruleset = landlock_ruleset(confinement->plan, err);

    confinement->ruleset = ruleset;
    confinement->ruleset_state = ruleset == -1 ? RULESET_HAS_FAILED : RULESET_IS_MADE;
    (void)syscall(SYS_futex, &confinement->ruleset_state, FUTEX_WAKE, 1, NULL, NULL, 0);
    return ruleset == -1 ? -1 : 0;
}

static int prepare(const struct plan *plan, const struct run_request *request,
                   struct confinement *confinement, struct error *err)
{
    if (launch_check_stdio(plan, err) < 0)
        return -1;
    if (request->serves)
        return error_set(err, ERR_UNSUPPORTED, "linux-landlock has no sessions");
    if (plan_find(plan, STEP_KILL_LEFTOVERS) != NULL &&
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
        return error_os(err, errno, "become a subreaper");
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return error_os(err, errno, "become not dumpable");
    if (confinement_init(confinement, plan, request, err) < 0)
        return -1;
    return launch_block_signals(&confinement->signals, err);
}

int landlock_run(const struct plan *plan, const struct run_request *request,
                 struct run_outcome *outcome, struct error *err)
{
    static struct bare_run run;
    struct launch_target target = {.is_group = true, .timeout_s = request->timeout_s};
    struct rusage usage = {0};
    int status = 0;

    *outcome = (struct run_outcome){.status = 125};
    if (prepare(plan, request, &run.confinement, err) < 0)
        return -1;
    target.pid = start(&run, err);
    if (target.pid < 0)
        return -1;
    if (make_ruleset(&run.confinement, err) < 0) {
        (void)waitpid(target.pid, NULL, 0);
        return -1;
    }
    if (launch_wait(&target, &status, &usage, &outcome->has_timed_out, err) < 0)
        return -1;
    if (run.confinement.error.code != ERR_NONE) {
        *err = run.confinement.error;
        return -1;
    }
    if (run.confinement.exec_error != 0) {
        outcome->status = confinement_exec_status(&run.confinement, err);
        return -1;
    }
    /* with its watcher, which is a child of ours and no leftover */
    if (cgroup_end(outcome, err) < 0)
        return -1;
    if (plan_find(plan, STEP_KILL_LEFTOVERS) != NULL && kill_leftovers(err) < 0)
        return -1;
    launch_describe(status, &usage, outcome);
    if (outcome->has_timed_out)
        outcome->status = 124;
    return 0;
}

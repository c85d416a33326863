/* Does a mode work on this machine? Tried in a child, with the smallest plan that has its parts. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "sandbox/linux/apply.h"
#include "sandbox/linux/kernel.h"
#include "sandbox/linux_plans.h"

/* Runs the plan with a command that does not exist: everything before execve must work. */
static int try_plan(int (*run)(const struct plan *, const struct run_request *,
                               struct run_outcome *, struct error *),
                    const struct plan *plan, struct error *err)
{
    static char *const argv[] = {(char *)(uintptr_t) "/nonexistent/holdfast", NULL};
    static char *const envp[] = {NULL};
    struct run_request request = {.argv = argv, .envp = envp};
    struct run_outcome outcome;

    if (run(plan, &request, &outcome, err) < 0 && outcome.status == 127)
        return 0;
    return -1;
}

static int try_in_child(int (*run)(const struct plan *, const struct run_request *,
                                   struct run_outcome *, struct error *),
                        const struct plan *plan, struct error *err)
{
    struct error told;
    int ends[2];
    pid_t child;
    ssize_t size;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_os(err, errno, "pipe");
    child = fork();
    if (child == 0) {
        told = (struct error){0};
        /* the run closes what is above 2; the answer goes through a standard descriptor */
        if (dup2(ends[1], STDOUT_FILENO) < 0)
            _exit(1);
        if (try_plan(run, plan, &told) == 0)
            told = (struct error){0};
        _exit(write(STDOUT_FILENO, &told, sizeof told) == (ssize_t)sizeof told ? 0 : 1);
    }
    (void)close(ends[1]);
    size = child > 0 ? read(ends[0], &told, sizeof told) : -1;
    (void)close(ends[0]);
    if (child > 0)
        (void)waitpid(child, NULL, 0);
    if (size != (ssize_t)sizeof told)
        return error_set(err, ERR_OS, "the try did not answer");
    if (told.code == ERR_NONE)
        return 0;
    *err = told;
    return -1;
}

static void add_command_steps(struct plan *plan)
{
    plan_add(plan, STEP_DROP_CAPABILITIES, NULL, 0, "try");
    plan_add(plan, STEP_NO_NEW_PRIVILEGES, NULL, 0, "try");
    plan_add(plan, STEP_CLOSE_DESCRIPTORS, NULL, 0, "try");
    plan_add(plan, STEP_FILTER, NULL, FILTER_FOREIGN_ABI, "try");
}

int namespace_probe(struct error *err)
{
    struct plan plan = PLAN_EMPTY;
    int result;

    plan.mode = "linux-namespace";
    plan_add(&plan, STEP_NAMESPACES, NULL,
             PLAN_NS_USER | PLAN_NS_MOUNT | PLAN_NS_PID | PLAN_NS_IPC | PLAN_NS_UTS, "try");
    plan_add(&plan, STEP_READ_ONLY_ROOT, "/", 0, "try");
    plan_add(&plan, STEP_FRESH_PROC, "/proc", 1, "try");
    add_command_steps(&plan);
    result = plan_check(&plan, err);
    if (result == 0)
        result = try_in_child(namespace_run, &plan, err);
    plan_done(&plan);
    return result;
}

int landlock_probe(struct error *err)
{
    struct plan plan = PLAN_EMPTY;
    int result;

    if (kernel_landlock_abi() < 1) {
        (void)error_set(err, ERR_UNSUPPORTED, "this kernel has no Landlock");
        return error_hint(err, "needs Linux 5.13 and landlock in the kernel's lsm= list");
    }
    plan.mode = "linux-landlock";
    plan_add(&plan, STEP_LANDLOCK, NULL, ACCESS_WRITE_FILE, "try");
    add_command_steps(&plan);
    result = plan_check(&plan, err);
    if (result == 0)
        result = try_in_child(landlock_run, &plan, err);
    plan_done(&plan);
    return result;
}

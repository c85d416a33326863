/*
 * linux-namespace: carries out the plan.
 *
 *     launcher ---- clone(VM, new namespaces) ----> init, pid 1
 *        |                                            |- maps, mounts, Landlock
 *        |                                            |- clone(VM, VFORK) --> command: confine, exec
 *        | waits, forwards signals                    |- supervises, reaps
 *        `<------- status in shared memory ---------- ends: the kernel kills what is left
 *
 * The three share memory until the command executes, so nothing has to be
 * copied: that saves 60 us here. The kernel clears `alive` when the launcher's
 * memory ends (set_tid_address), before it sends the parent-death signal; init
 * asks for that signal first and looks at `alive` afterwards, so a launcher
 * killed at any moment is noticed by one or the other. With the signal alone,
 * whole sandboxes survived (research/linux-launcher.md, 4).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "sandbox/linux/apply.h"
#include "sandbox/linux/cgroup.h"
#include "sandbox/linux/confine.h"
#include "sandbox/linux/kernel.h"
#include "sandbox/linux/namespace_box.h"
#include "sandbox/linux/near.h"
#include "sandbox/linux/supervisor.h"
#include "sandbox/linux/supervisor_sys.h"

/* Untouched pages cost nothing. Not static: that would spread the program's data over more pages. */
enum {
    INIT_STACK = 256 * 1024,
    COMMAND_STACK = 64 * 1024
};

/* --- ids ---------------------------------------------------------------------------------------- */

static int write_proc(int directory, const char *name, const char *text, struct error *err)
{
    AUTO_CLOSE int fd = openat(directory, name, O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        return error_os(err, errno, "write %s of the new user namespace", name);
    return 0;
}

/* The caller's own ids and no others: files keep their owners' names, and nobody else's id exists. */
static int write_maps(pid_t init, struct error *err)
{
    AUTO_CLOSE int directory = -1;
    char text[64];

    (void)snprintf(text, sizeof text, "/proc/%d", init);
    directory = openat(AT_FDCWD, text, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) {
        (void)error_os(err, errno, "open %s", text);
        return error_hint(err, "/proc must be mounted, for the pid namespace we are in");
    }
    if (write_proc(directory, "setgroups", "deny", err) < 0)
        return error_hint(err, "/proc must be mounted, for the pid namespace we are in");
    (void)snprintf(text, sizeof text, "%u %u 1", getuid(), getuid());
    if (write_proc(directory, "uid_map", text, err) < 0)
        return error_hint(err, "user namespaces may be restricted here (AppArmor, sysctl); see "
                               "holdfast-sandbox doctor");
    (void)snprintf(text, sizeof text, "%u %u 1", getgid(), getgid());
    return write_proc(directory, "gid_map", text, err);
}

/* The launcher's part, while init already mounts: on two processors it costs nothing. */
static void map_ids(struct box *box, pid_t init)
{
    box->ids = write_maps(init, &box->ids_error) == 0 ? IDS_MAPPED : IDS_FAILED;
    (void)syscall(SYS_futex, &box->ids, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* Init's part: before it makes a file or starts the command. */
static int wait_for_ids(struct box *box, struct error *err)
{
    while (box->ids == IDS_PENDING)
        (void)syscall(SYS_futex, &box->ids, FUTEX_WAIT, IDS_PENDING, NULL, NULL, 0);
    if (box->ids == IDS_MAPPED)
        return 0;
    *err = box->ids_error;
    return -1;
}

/* --- init -------------------------------------------------------------------------------------- */

static int bring_up_loopback(struct error *err)
{
    AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq request = {.ifr_name = "lo"};

    if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0)
        return error_os(err, errno, "look at the loopback device");
    request.ifr_flags = (short)(request.ifr_flags | IFF_UP);
    if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
        return error_os(err, errno, "bring up the loopback device");
    return 0;
}

static int enter_landlock(const struct plan *plan, struct error *err)
{
    AUTO_CLOSE int ruleset = landlock_ruleset(plan, err);

    if (ruleset == -1)
        return -1;
    return ruleset < 0 ? 0 : landlock_enter(ruleset, err);
}

int box_change_directory(const struct run_request *request, struct error *err)
{
    if (request->cwd == NULL || chdir(request->cwd) == 0)
        return 0;
    (void)error_os(err, errno, "enter the working directory %s", request->cwd);
    return error_hint(err, "give --cwd a directory that exists inside the sandbox");
}

static int build_box(struct box *box, struct error *err)
{
    const struct plan *plan = box->plan;
    int needs_ids;

    if (plan_find(plan, STEP_CLOSE_DESCRIPTORS) != NULL && kernel_close_range(3, ~0u, 0) < 0)
        return error_os(err, errno, "close descriptors");
    needs_ids = mounts_need_ids(plan, err);
    if (needs_ids < 0 || (needs_ids > 0 && wait_for_ids(box, err) < 0))
        return -1;
    if (plan_find(plan, STEP_LOOPBACK) != NULL && bring_up_loopback(err) < 0)
        return -1;
    if (plan_find(plan, STEP_READ_ONLY_ROOT) != NULL && mounts_reopen_stdio(err) < 0)
        return -1;
    if (mounts_apply(plan, &box->confinement.file_limit, err) < 0 ||
        box_change_directory(box->request, err) < 0 || enter_landlock(plan, err) < 0 ||
        wait_for_ids(box, err) < 0)
        return -1;
    /* from here on nobody inside can look into init */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return error_os(err, errno, "become not dumpable");
    return 0;
}

static int command_main(void *argument)
{
    struct box *box = argument;

    confinement_enter(&box->confinement);
}

void box_stack_again(const struct box *box)
{
    launch_stack_again(box->stacks, COMMAND_STACK);
}

/* In the run's control group, if it has one. */
static pid_t start_command(struct box *box, int (*function)(void *), int flags)
{
    int *inside = (int *)(uintptr_t)&box->command_is_inside;

    if (cgroup_path() == NULL)
        return clone(function, box->stacks + COMMAND_STACK, flags, box, NULL, NULL, inside);
    return cgroup_clone(function, box->stacks, COMMAND_STACK, flags, box, inside);
}

/* CLONE_FILES hands over the listener: it is a number in the table both share until the command
 * leaves it (close_descriptors in confine.c). */
pid_t box_start_command(struct box *box, struct error *err)
{
    int flags =
        CLONE_VM | CLONE_VFORK | SIGCHLD | (box->confinement.has_listener ? CLONE_FILES : 0);
    pid_t pid = start_command(box, command_main, flags);

    if (pid < 0)
        return error_os(err, errno, "start the command's process");
    if (box->confinement.error.code != ERR_NONE) {
        *err = box->confinement.error;
        return -1;
    }
    return pid;
}

static int prepared_main(void *argument)
{
    struct box *box = argument;
    struct confinement *c = &box->confinement;

    /* init's handlers would send what arrives to this very process, again and again */
    if (launch_default_signals(&c->error) < 0 || confinement_prepare(c) < 0)
        _exit(127);
    while (box->gate == GATE_CLOSED)
        (void)sys_call(SYS_futex, SYS_PTR(&box->gate), FUTEX_WAIT, GATE_CLOSED, 0, 0, 0);
    if (box_change_directory(c->request, &c->error) < 0)
        _exit(127);
    confinement_finish(c);
}

/* The kernel clears command_is_inside when the process leaves our memory, and wakes who waits there. */
pid_t box_prepare_command(struct box *box, struct error *err)
{
    pid_t pid;

    box->gate = GATE_CLOSED;
    box->command_is_inside = 1;
    box->confinement.shares_descriptors = true;
    pid =
        start_command(box, prepared_main, CLONE_VM | CLONE_FILES | CLONE_CHILD_CLEARTID | SIGCHLD);
    if (pid < 0)
        return error_os(err, errno, "prepare the command's process");
    return pid;
}

int box_release_command(struct box *box, const struct run_request *request, struct error *err)
{
    box->confinement.request = request;
    box->gate = GATE_OPEN;
    (void)sys_call(SYS_futex, SYS_PTR(&box->gate), FUTEX_WAKE, 1, 0, 0, 0);
    while (box->command_is_inside != 0)
        (void)sys_call(SYS_futex, SYS_PTR(&box->command_is_inside), FUTEX_WAIT, 1, 0, 0, 0);
    if (box->confinement.error.code == ERR_NONE)
        return 0;
    *err = box->confinement.error;
    return -1;
}

static int wait_plainly(pid_t command, int *wait_status, struct error *err)
{
    int status;

    if (near_is_on() && near_end(err) < 0)
        return -1;
    for (;;) {
        pid_t ended = wait4(-1, &status, 0, NULL);

        if (ended > 0 && supervisor_let_go(ended, status))
            continue;
        if (ended == command) {
            *wait_status = status;
            return 0;
        }
        if (ended < 0 && errno != EINTR)
            return error_os(err, errno, "wait for the command");
    }
}

static int open_roots(const struct plan *plan, int *roots, size_t *count, struct error *err)
{
    *count = 0;
    for (size_t i = 0; i < plan->step_count; i++) {
        const struct step *step = &plan->steps[i];

        if (step->kind != STEP_GUARD_ROOT)
            continue;
        roots[*count] = kernel_open_plain(AT_FDCWD, step->path, O_PATH | O_DIRECTORY);
        if (roots[*count] < 0)
            return error_os(err, errno, "open %s", step->path);
        (*count)++;
    }
    return 0;
}

static size_t collect_names(const struct plan *plan, const char **names)
{
    size_t count = 0;

    for (size_t i = 0; i < plan->step_count; i++) {
        if (plan->steps[i].kind == STEP_GUARD_NAME)
            names[count++] = plan->steps[i].text;
    }
    return count;
}

static size_t collect_gits(const struct plan *plan, struct supervisor_git *gits)
{
    size_t count = 0;

    for (size_t i = 0; i < plan->step_count; i++) {
        if (plan->steps[i].kind == STEP_GIT_COMMIT) {
            gits[count] = (struct supervisor_git){
                .path = plan->steps[i].path,
                .writable = (int)(3 + count),
                .hash_size = (size_t)plan->steps[i].bits,
                .is_shared = plan->steps[i].text != NULL,
            };
            count++;
        }
    }
    return count;
}

static unsigned long process_limit(const struct plan *plan)
{
    for (size_t i = 0; i < plan->step_count; i++) {
        if (plan->steps[i].kind == STEP_LIMIT && strcmp(plan->steps[i].text, "processes") == 0)
            return (unsigned long)plan->steps[i].bits;
    }
    return 0;
}

static int supervise(struct box *box, pid_t command, int *wait_status, struct error *err)
{
    const struct plan *plan = box->plan;
    struct supervisor_config config = {
        .listener = box->confinement.listener,
        .guards_sockets = plan_find(plan, STEP_GUARD_SOCKETS) != NULL,
        .hides_abstract = plan_find(plan, STEP_LOOPBACK) == NULL,
        .umask = box->umask,
        .process_limit = process_limit(plan),
        .maps = box->maps,
        .refusals = box->request->refusals,
    };

    /* once for all commands of a session: a supervisor is killed before it could free anything */
    if (box->roots == NULL)
        box->roots = calloc(plan->step_count, sizeof *box->roots);
    if (box->names == NULL)
        box->names = calloc(plan->step_count, sizeof *box->names);
    if (box->gits == NULL)
        box->gits = calloc(mounts_kept(plan) + 1, sizeof *box->gits);
    if (box->roots == NULL || box->names == NULL || box->gits == NULL)
        return error_memory(err, "supervisor");
    config.root_fds = box->roots;
    config.names = box->names;
    if (open_roots(plan, box->roots, &config.root_count, err) < 0)
        return -1;
    config.name_count = collect_names(plan, box->names);
    config.gits = box->gits;
    config.git_count = collect_gits(plan, box->gits);
    config.guards_names = config.root_count > 0 && config.name_count > 0;
    return supervisor_serve(&config, command, wait_status, err);
}

int box_attend(struct box *box, pid_t command, int *wait_status, struct error *err)
{
    if (capabilities_keep(BOX_SUPERVISOR_CAPABILITIES, err) < 0)
        return -1;
    (void)kernel_close_range(0, 2, 0); /* or the command's pipes would never be closed */
    if (chdir("/") < 0)
        return error_os(err, errno, "leave the working directory");
    return box->confinement.has_listener ? supervise(box, command, wait_status, err)
                                         : wait_plainly(command, wait_status, err);
}

static int run_command(struct box *box, struct error *err)
{
    pid_t command = box_start_command(box, err);
    int status = 0;

    if (command < 0)
        return -1;
    if (box->confinement.exec_error != 0) {
        box->stage = STAGE_EXEC_FAILED;
        return 0;
    }
    box->stage = STAGE_RUNNING;
    if (launch_relay_signals(command, err) < 0 || box_attend(box, command, &status, err) < 0)
        return -1;
    box->wait_status = status;
    box->stage = STAGE_ENDED;
    return 0;
}

static int run_init(struct box *box, struct error *err)
{
    if (build_box(box, err) < 0)
        return -1;
    if (!box->request->serves)
        return run_command(box, err);
    if (session_serve(box, err) < 0)
        return -1;
    box->stage = STAGE_ENDED;
    return 0;
}

static int init_main(void *argument)
{
    struct box *box = argument;

    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || box->alive == 0)
        _exit(1);
    if (run_init(box, &box->error) < 0)
        box->stage = STAGE_FAILED;
    _exit(0);
}

/* --- the launcher ------------------------------------------------------------------------------- */

static int clone_flags(const struct plan *plan)
{
    static const struct {
        uint64_t bit;
        int flag;
    } rows[] = {{PLAN_NS_USER, CLONE_NEWUSER}, {PLAN_NS_MOUNT, CLONE_NEWNS},
                {PLAN_NS_PID, CLONE_NEWPID},   {PLAN_NS_IPC, CLONE_NEWIPC},
                {PLAN_NS_UTS, CLONE_NEWUTS},   {PLAN_NS_NETWORK, CLONE_NEWNET}};
    const struct step *step = plan_find(plan, STEP_NAMESPACES);
    int flags = 0;

    for (size_t i = 0; step != NULL && i < ARRAY_SIZE(rows); i++) {
        if ((step->bits & rows[i].bit) != 0)
            flags |= rows[i].flag;
    }
    return flags;
}

static int explain_clone(int code, struct error *err)
{
    (void)error_os(err, code, "create the namespaces");
    if (code == EPERM || code == ENOSPC || code == EACCES)
        return error_hint(err,
                          "user namespaces are switched off here; see holdfast-sandbox doctor");
    return -1;
}

static int conclude(struct box *box, int init_status, bool has_timed_out, struct rusage *usage,
                    struct run_outcome *outcome, struct error *err)
{
    outcome->has_timed_out = has_timed_out;
    if (has_timed_out && box->stage != STAGE_ENDED) {
        launch_describe(init_status, usage, outcome);
        outcome->status = 124;
        return 0;
    }
    switch (box->stage) {
    case STAGE_ENDED:
        launch_describe(box->wait_status, usage, outcome);
        return 0;
    case STAGE_EXEC_FAILED:
        outcome->status = confinement_exec_status(&box->confinement, err);
        return -1;
    case STAGE_FAILED:
        *err = box->error;
        return -1;
    case STAGE_SETUP:
    case STAGE_RUNNING:
        break;
    }
    return error_set(err, ERR_OS, "the sandbox's init ended by signal %d",
                     WIFSIGNALED(init_status) ? WTERMSIG(init_status) : 0);
}

int namespace_run(const struct plan *plan, const struct run_request *request,
                  struct run_outcome *outcome, struct error *err)
{
    static struct box box; /* large; init must find it whatever the launcher's stack does */
    struct launch_target target = {.timeout_s = request->serves ? 0 : request->timeout_s};
    struct rusage usage = {0};
    bool has_timed_out = false;
    int status = 0;

    *outcome = (struct run_outcome){.status = 125};
    /* a session outlives what its caller does meanwhile: a pipe that it left open would never end */
    if (request->serves && kernel_close_range(3, ~0u, 0) < 0)
        return error_os(err, errno, "close descriptors");
    if (launch_check_stdio(plan, err) < 0 ||
        confinement_init(&box.confinement, plan, request, err) < 0 ||
        launch_block_signals(&box.confinement.signals, err) < 0)
        return -1;
    box.stacks = launch_stack(COMMAND_STACK + INIT_STACK, err);
    if (box.stacks == NULL)
        return -1;
    box.plan = plan;
    box.request = request;
    box.umask = umask(0);
    (void)umask(box.umask);
    box.stage = STAGE_SETUP;
    box.alive = 1;
    box.ids = (clone_flags(plan) & CLONE_NEWUSER) != 0 ? IDS_PENDING : IDS_MAPPED;
    if (!request
             ->serves) /* a session's processes have many hand-overs, and time before the first */
        near_begin();
    (void)syscall(SYS_set_tid_address, &box.alive);
    target.pid = clone(init_main, box.stacks + COMMAND_STACK + INIT_STACK,
                       CLONE_VM | SIGCHLD | clone_flags(plan), &box);
    if (target.pid < 0)
        return explain_clone(errno, err);
    if (box.ids == IDS_PENDING)
        map_ids(&box, target.pid);
    if (launch_wait(&target, &status, &usage, &has_timed_out, err) < 0)
        return -1;
    return conclude(&box, status, has_timed_out, &usage, outcome, err);
}

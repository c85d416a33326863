/* The control group of one run: made before it, removed after it, whatever ends it. cgroup.h has the picture. */
#include "sandbox/linux/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "sandbox/linux/facts_collect.h"
#include "sandbox/linux/kernel.h"

static const char prefix[] = "holdfast-";

static struct {
    int parent; /* D; -1: there is no group */
    int group;  /* locked: it is in use */
    pid_t watcher;
    char name[64];
    char path[4096 + 64];
} current = {.parent = -1, .group = -1};

/* --- files of a group ------------------------------------------------------------------------------ */

static int write_file(int group, const char *name, const char *text)
{
    AUTO_CLOSE int fd = openat(group, name, O_WRONLY | O_CLOEXEC);

    return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -1;
}

/* "key N" of a file with one pair a line; 0 when it is not there. */
static uint64_t read_counter(int group, const char *name, const char *key)
{
    char text[1024];
    const size_t length = strlen(key);

    if (read_small(group, name, text, sizeof text) < 0)
        return 0;
    for (const char *line = text; *line != '\0';
         line += strcspn(line, "\n"), line += *line == '\n') {
        if (strncmp(line, key, length) == 0 && line[length] == ' ')
            return strtoull(line + length + 1, NULL, 10);
    }
    return 0;
}

/* --- removing -------------------------------------------------------------------------------------- */

static void kill_listed(int group)
{
    char text[4096];

    if (read_small(group, "cgroup.procs", text, sizeof text) <= 0)
        return;
    for (char *at = text, *end; *at != '\0'; at = end) {
        long pid = strtol(at, &end, 10);

        if (end == at)
            return;
        if (pid > 1 && *end == '\n')
            (void)kill((pid_t)pid, SIGKILL);
        while (*end == '\n')
            end++;
    }
}

/* 0: it is gone. Linux before 5.14 has no cgroup.kill. */
static int remove_group(int parent, const char *name, unsigned rounds)
{
    AUTO_CLOSE int group = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (group < 0)
        return errno == ENOENT ? 0 : -1;
    for (unsigned round = 0; round < rounds; round++) {
        if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
            return 0;
        if (errno != EBUSY)
            return -1;
        if (write_file(group, "cgroup.kill", "1") < 0)
            kill_listed(group);
        (void)usleep(round < 100 ? 200 : 10000);
    }
    errno = EBUSY;
    return -1;
}

/* The process that made it, if this is the name of one of our groups; 0: it is not. */
static pid_t maker_of(const char *name)
{
    char *end;
    long pid;

    if (strncmp(name, prefix, strlen(prefix)) != 0)
        return 0;
    pid = strtol(name + strlen(prefix), &end, 10);
    return *end == '-' && pid > 1 ? (pid_t)pid : 0;
}

/* Groups of runs whose launcher and watcher were both killed. Empty ones only: rmdir takes no other; and
 * not one that its maker, perhaps in another pid namespace, has just made. */
static void reclaim(int parent)
{
    int fd = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;

    while (stream != NULL && (entry = readdir(stream)) != NULL) {
        pid_t maker = maker_of(entry->d_name);
        AUTO_CLOSE int group = -1;

        if (maker == 0 || kill(maker, 0) == 0 || errno != ESRCH)
            continue;
        group = openat(parent, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (group >= 0 && flock(group, LOCK_EX | LOCK_NB) == 0)
            (void)unlinkat(parent, entry->d_name, AT_REMOVEDIR);
    }
    if (stream != NULL)
        (void)closedir(stream);
    else if (fd >= 0)
        (void)close(fd);
}

/* --- the watcher ----------------------------------------------------------------------------------- */

/* In a session of its own and deaf to signals, so that nothing meant for the launcher meets it. It holds
 * nothing of the caller's open: whoever waits for the end of a pipe does not wait for this. A process, not
 * a pipe's end, is waited for: those get inherited. */
static _Noreturn void watch(int parent, int launcher, const char *name)
{
    struct pollfd ended = {.fd = 1, .events = POLLIN};
    sigset_t all;

    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, NULL);
    (void)setsid();
    (void)prctl(PR_SET_NAME, "holdfast-watch", 0, 0, 0);
    if (parent < 0 || launcher < 0 || chdir("/") < 0 || dup2(parent, 0) < 0 ||
        dup2(launcher, 1) < 0 || kernel_close_range(2, ~0u, 0) < 0)
        _exit(1);
    while (poll(&ended, 1, -1) < 0 && errno == EINTR)
        continue;
    while (remove_group(0, name, 1000) < 0 && errno == EBUSY)
        continue;
    _exit(0);
}

/* Before the group is made: there is no moment at which it exists and nobody would remove it. */
static int start_watcher(struct error *err)
{
    AUTO_CLOSE int launcher = (int)syscall(CALL_PIDFD_OPEN, getpid(), 0);

    if (launcher < 0)
        return error_os(err, errno, "open a descriptor of the launcher");
    current.watcher = fork();
    if (current.watcher == 0) /* 0 and 1 are taken next: neither may be one that is still needed */
        watch(fcntl(current.parent, F_DUPFD_CLOEXEC, 3), fcntl(launcher, F_DUPFD_CLOEXEC, 3),
              current.name);
    if (current.watcher < 0)
        return error_os(err, errno, "start the control group's watcher");
    return 0;
}

static void end_watcher(void)
{
    if (current.watcher > 0) {
        (void)kill(current.watcher, SIGKILL);
        while (waitpid(current.watcher, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    current.watcher = 0;
}

/* --- making ---------------------------------------------------------------------------------------- */

static int enable(uint64_t bits, const char *path, struct error *err)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%s%s", (bits & PLAN_CGROUP_PIDS) != 0 ? "+pids " : "",
                   (bits & PLAN_CGROUP_MEMORY) != 0 ? "+memory" : "");
    if (bits != 0 && write_file(current.parent, "cgroup.subtree_control", text) < 0)
        return error_os(err, errno, "hand %son to groups in %s", text, path);
    return 0;
}

/* Without swap there is nothing to limit, and the file may be missing. */
static bool has_swap(void)
{
    char text[1024];
    const char *end;

    if (read_small(AT_FDCWD, "/proc/swaps", text, sizeof text) <= 0)
        return access("/proc/swaps", F_OK) == 0;
    end = strchr(text, '\n');
    return end != NULL && end[1] != '\0';
}

static int set_limit(const struct step *step, struct error *err)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%" PRIu64, step->bits);
    if (write_file(current.group, step->text, text) == 0)
        return 0;
    if (errno != ENOENT || strcmp(step->text, "memory.swap.max") != 0)
        return error_os(err, errno, "set %s of %s", step->text, current.path);
    if (!has_swap())
        return 0;
    (void)error_os(err, ENOENT, "set %s of %s", step->text, current.path);
    return error_hint(
        err, "swap is not counted here: start Linux with swapaccount=1, or take swap away");
}

static int make_group(const struct plan *plan, struct error *err)
{
    if (mkdirat(current.parent, current.name, 0755) < 0)
        return error_os(err, errno, "make the control group %s", current.path);
    current.group =
        openat(current.parent, current.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (current.group < 0 || flock(current.group, LOCK_EX | LOCK_NB) < 0)
        return error_os(err, errno, "hold the control group %s", current.path);
    for (size_t i = 0; i < plan->step_count; i++) {
        if (plan->steps[i].kind == STEP_CGROUP_LIMIT && set_limit(&plan->steps[i], err) < 0)
            return -1;
    }
    return 0;
}

static int begin(const struct step *step, const struct plan *plan, struct error *err)
{
    uint32_t nonce = 0;

    if (getrandom(&nonce, sizeof nonce, 0) != sizeof nonce)
        return error_os(err, errno, "a name for the control group");
    (void)snprintf(current.name, sizeof current.name, "%s%d-%08" PRIx32, prefix, getpid(), nonce);
    if (snprintf(current.path, sizeof current.path, "%s/%s", step->path, current.name) >=
        (int)sizeof current.path)
        return error_set(err, ERR_INVALID, "the control group's name is too long");
    current.parent = open(step->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (current.parent < 0)
        return error_os(err, errno, "open the control group %s", step->path);
    reclaim(current.parent);
    if (enable(step->bits, step->path, err) < 0 || start_watcher(err) < 0)
        return -1;
    return make_group(plan, err);
}

int cgroup_begin(const struct plan *plan, struct error *err)
{
    const struct step *step = plan_find(plan, STEP_CGROUP);
    struct error ignored;
    struct run_outcome nothing;

    if (step == NULL)
        return 0;
    if (begin(step, plan, err) == 0)
        return 0;
    if (err->hint[0] == '\0')
        (void)error_hint(err, "another process may have changed the control groups; or leave "
                              "limits.processes and memory_bytes out");
    (void)cgroup_end(&nothing, &ignored);
    return -1;
}

const char *cgroup_path(void)
{
    return current.parent >= 0 ? current.path : NULL;
}

int cgroup_end(struct run_outcome *outcome, struct error *err)
{
    int result = 0;

    if (current.parent < 0)
        return 0;
    if (current.group >= 0) {
        outcome->process_refusals = read_counter(current.group, "pids.events", "max");
        outcome->memory_kills = read_counter(current.group, "memory.events", "oom_kill");
    }
    if (remove_group(current.parent, current.name, 3000) < 0)
        result = error_os(err, errno, "remove the control group %s", current.path);
    else
        end_watcher(); /* else it goes on trying */
    if (current.group >= 0)
        (void)close(current.group);
    (void)close(current.parent);
    current.parent = current.group = -1;
    return result;
}

int cgroup_enter(const char *path, struct error *err)
{
    AUTO_CLOSE int group = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (group < 0 || write_file(group, "cgroup.procs", "0") < 0)
        return error_os(err, errno, "enter the control group %s", path);
    return 0;
}

int cgroup_run(int (*run)(const struct plan *, const struct run_request *, struct run_outcome *,
                          struct error *),
               const struct plan *plan, const struct run_request *request,
               struct run_outcome *outcome, struct error *err)
{
    struct error ignored;
    int result;

    *outcome = (struct run_outcome){.status = 125};
    if (cgroup_begin(plan, err) < 0)
        return -1;
    result = run(plan, request, outcome, err);
    if (cgroup_end(outcome, result == 0 ? err : &ignored) < 0 && result == 0) {
        outcome->status = 125;
        result = -1;
    }
    return result;
}

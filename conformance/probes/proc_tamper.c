/*
 * Rows of area proc: what one process may do to another of the same user
 * without touching its memory: its priority, limits and namespaces.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probe.h"
#include "conformance/probes/host.h"
#include "conformance/probes/host_watch.h"
#include "conformance/probes/tools.h"

enum {
    PATH_SIZE = 128,
    IOPRIO_PROCESS = 1,
    IOPRIO_IDLE = 3 << 13, /* class idle (ioprio_set(2)) */
    JOIN_ROUNDS = 100,
    WATCHED_MS = 600 /* how long a process stays as it is, to be seen from outside */
};

/* Priority, limits ---------------------------------------------------------------------------- */

static int lower_limit(pid_t pid)
{
    struct rlimit limit = {0};

    if (syscall(SYS_prlimit64, pid, RLIMIT_NOFILE, NULL, &limit) < 0)
        return errno;
    limit.rlim_cur = limit.rlim_cur > 64 ? 64 : limit.rlim_cur / 2;
    return outcome_of(syscall(SYS_prlimit64, pid, RLIMIT_NOFILE, &limit, NULL));
}

static int change_affinity(pid_t pid)
{
    unsigned long mask[16] = {0};

    if (syscall(SYS_sched_getaffinity, pid, sizeof mask, mask) < 0)
        return errno;
    for (size_t i = 0; i < ARRAY_SIZE(mask); i++) {
        if (mask[i] != 0) {
            mask[i] &= ~mask[i] + 1; /* the first processor alone */
            memset(mask + i + 1, 0, (ARRAY_SIZE(mask) - i - 1) * sizeof mask[0]);
            return outcome_of(syscall(SYS_sched_setaffinity, pid, sizeof mask, mask));
        }
    }
    return EINVAL;
}

static int change_scheduler(pid_t pid)
{
    const struct sched_param none = {0};

    return outcome_of(syscall(SYS_sched_setscheduler, pid, SCHED_BATCH, &none));
}

static int sched_tamper(const struct attempt *a)
{
    int outcome = outcome_of(setpriority(PRIO_PROCESS, (id_t)a->victim, 10));

    outcome = outcome_join(outcome, change_affinity(a->victim));
    outcome = outcome_join(outcome, change_scheduler(a->victim));
    outcome = outcome_join(outcome, lower_limit(a->victim));
    return outcome_join(
        outcome, outcome_of(syscall(SYS_ioprio_set, IOPRIO_PROCESS, a->victim, IOPRIO_IDLE)));
}

static int oom_adj(const struct attempt *a)
{
    char path[PATH_SIZE];
    int outcome;

    (void)snprintf(path, sizeof path, "/proc/%ld/oom_score_adj", (long)a->victim);
    outcome = try_write(path, "900");
    (void)snprintf(path, sizeof path, "/proc/%ld/coredump_filter", (long)a->victim);
    return outcome_join(outcome, try_write(path, "0x7f"));
}

/* Joining namespaces -------------------------------------------------------------------------- */

/* A process of the user in a UTS namespace of its own. Whoever joins it can rename its domain. */
static void live_in_namespace(const struct scene *scene, int to_harness)
{
    const struct timespec pause = {.tv_nsec = 10 * 1000000L};
    struct utsname name;

    host_become_identity(scene);
    if (unshare(CLONE_NEWUTS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWUTS) < 0)
        return;
    host_say_ready(to_harness);
    while (uname(&name) == 0 && strncmp(name.domainname, scene->nonce, 32) != 0)
        (void)nanosleep(&pause, NULL);
    (void)!write(to_harness, scene->nonce, strlen(scene->nonce));
}

static int start_resident(struct scene *scene, struct error *err)
{
    if (host_fork(scene, live_in_namespace, "a process in a namespace of its own", err) < 0 ||
        host_await(scene, err) < 0)
        return -1;
    return host_tell_helper(scene, "resident.pid", err);
}

static long pid_from(const struct attempt *a, const char *name)
{
    char text[32] = "";
    AUTO_CLOSE int fd = open(path_in(a->ws, name), O_RDONLY | O_CLOEXEC);

    return fd < 0 || read(fd, text, sizeof text - 1) <= 0 ? 0 : strtol(text, NULL, 10);
}

static int join(long pid, const char *kind)
{
    char path[PATH_SIZE];

    (void)snprintf(path, sizeof path, "/proc/%ld/ns/%s", pid, kind);
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? errno : outcome_of(setns(fd, 0));
}

static int join_by_pidfd(long pid, int flags)
{
    AUTO_CLOSE int fd = (int)syscall(SYS_pidfd_open, pid, 0);

    return fd < 0 ? errno : outcome_of(setns(fd, flags));
}

static int enter(long pid)
{
    int outcome;

    (void)join(pid, "user");
    outcome = join(pid, "uts");
    if (outcome != 0)
        outcome = join_by_pidfd(pid, CLONE_NEWUSER | CLONE_NEWUTS);
    return outcome != 0 ? join_by_pidfd(pid, CLONE_NEWUTS) : 0;
}

static ino_t own_uts(void)
{
    struct stat status = {0};

    (void)stat("/proc/self/ns/uts", &status);
    return status.st_ino;
}

/* The resident may still be on its way into its namespace, and the name of the host's must not
 * change: so it is entered until it is another one. */
static int join_namespaces(const struct attempt *a)
{
    const long pid = pid_from(a, "resident.pid");
    const ino_t before = own_uts();
    int outcome = EPERM;

    if (pid <= 1)
        return ATTEMPT_UNABLE;
    for (int round = 0; round < JOIN_ROUNDS; round++) {
        outcome = enter(pid);
        if (outcome != 0 && outcome != EINVAL)
            return outcome;
        if (own_uts() != before)
            return outcome_of(setdomainname(a->nonce, strlen(a->nonce)));
        sleep_ms(10);
    }
    return outcome != 0 ? outcome : ETIMEDOUT;
}

/* Only in the resident's namespace may the name change: a child dies with what it joined. */
static int setns_victim(const struct attempt *a)
{
    return in_child(join_namespaces, a);
}

/* Making namespaces --------------------------------------------------------------------------- */

/* A probe whose parent is the probe, too, and lives in another user namespace: it made it. That is
 * seen without a map, which some sandboxes refuse (uid 0 needs CAP_SETFCAP for one) while the
 * namespace and all capabilities in it are there. */
static bool has_made_userns(const char *pid, const struct scene *scene)
{
    char parent[32], own_namespace[PATH_SIZE], parent_namespace[PATH_SIZE];

    (void)scene;
    (void)snprintf(parent, sizeof parent, "%llu", proc_status(pid, "PPid", 10));
    return proc_is_probe(pid) && proc_is_probe(parent) &&
           proc_readlink(pid, "ns/user", own_namespace, sizeof own_namespace) > 0 &&
           proc_readlink(parent, "ns/user", parent_namespace, sizeof parent_namespace) > 0 &&
           strcmp(own_namespace, parent_namespace) != 0;
}

static int watch_namespaces(struct scene *scene, struct error *err)
{
    return host_watch(scene, has_made_userns, 1, "the watcher of /proc/PID/ns/user", err);
}

static int by_unshare(const struct attempt *a)
{
    (void)a;
    if (unshare(CLONE_NEWUSER) < 0)
        return errno;
    sleep_ms(WATCHED_MS);
    return 0;
}

/* A raw clone's or clone3's child shows itself and ends. */
static int wait_for_clone(long child)
{
    if (child < 0)
        return errno;
    if (child == 0) {
        sleep_ms(WATCHED_MS);
        _exit(0);
    }
    return wait_for((pid_t)child) == 0 ? 0 : ECHILD;
}

/* A filter can look at the flags of unshare and clone; clone3's lie in memory. */
static int by_clone3(const struct attempt *a)
{
    struct {
        uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
    } arguments = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};

    (void)a;
    return wait_for_clone(syscall(SYS_clone3, &arguments, sizeof arguments));
}

static int by_clone(const struct attempt *a)
{
    (void)a;
    return wait_for_clone(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, 0L));
}

static int userns_create(const struct attempt *a)
{
    int outcome = in_child(by_unshare, a);

    if (outcome != 0)
        outcome = outcome_join(outcome, in_child(by_clone, a));
    return outcome == 0 ? 0 : outcome_join(outcome, in_child(by_clone3, a));
}

/* Mounts -------------------------------------------------------------------------------------- */

enum {
    FSCONFIG_CREATE = 6,
    MOVE_EMPTY_PATH = 4
};

static int by_new_calls(const char *place)
{
    AUTO_CLOSE int fs = (int)syscall(SYS_fsopen, "tmpfs", 1 /* FSOPEN_CLOEXEC */);
    AUTO_CLOSE int mount = -1;

    if (fs < 0 || syscall(SYS_fsconfig, fs, FSCONFIG_CREATE, NULL, NULL, 0) < 0)
        return errno;
    mount = (int)syscall(SYS_fsmount, fs, 1, 0);
    if (mount < 0)
        return errno;
    return outcome_of(syscall(SYS_move_mount, mount, "", AT_FDCWD, place, MOVE_EMPTY_PATH));
}

static int mount_api(const struct attempt *a)
{
    const char *place = path_in(a->ws, "mounted");

    if (mkdir(place, 0755) < 0)
        return errno;
    return by_new_calls(place);
}

static bool is_mounted(const struct scene *scene)
{
    AUTO_FILE FILE *file = fopen("/proc/self/mountinfo", "re");
    char line[4096], place[512];

    (void)snprintf(place, sizeof place, " %s/mounted ", scene->ws);
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strstr(line, place) != NULL)
            return true;
    }
    return false;
}

static int observe_mounts(const struct scene *scene, struct observation *seen, struct error *err)
{
    (void)err;
    if (is_mounted(scene))
        observation_fire(seen, "a mount of this run is in the host's mount table");
    return 0;
}

static void remove_mounts(struct scene *scene)
{
    char place[512];

    (void)snprintf(place, sizeof place, "%s/mounted", scene->ws);
    for (int i = 0; i < 4 && is_mounted(scene); i++)
        (void)syscall(SYS_umount2, place, 2 /* MNT_DETACH */ | 8 /* UMOUNT_NOFOLLOW */);
}

static const struct probe rows[] = {
    {
        .id = "proc.sched-tamper",
        .claim = "priority, processors, scheduler and limits of a process outside stay",
        .technique = "setpriority, sched_setaffinity, sched_setscheduler, prlimit and ioprio_set "
                     "on a process of the same user",
        .source = "setpriority(2), sched_setaffinity(2), prlimit(2), ioprio_set(2); measured: "
                  "Landlock mediates none",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_VICTIM,
        .attempt = sched_tamper,
    },
    {
        .id = "proc.oom-adj",
        .claim = "no file below /proc/PID of a process outside can be written",
        .technique = "write oom_score_adj and coredump_filter of a process of the same user",
        .source = "proc_pid_oom_score_adj(5), core(5); measured",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_VICTIM,
        .attempt = oom_adj,
    },
    {
        .id = "proc.setns",
        .claim = "no namespace of a process outside can be entered",
        .technique = "setns by /proc/PID/ns and by pidfd into the UTS namespace of a process of "
                     "the same user, then setdomainname",
        .source = "setns(2); CVE-2022-31214 for the class",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CUSTOM,
        .needs = "userns",
        .attempt = setns_victim,
        .prepare = start_resident,
        .observe = host_observe,
        .finish = host_finish,
    },
    {
        .id = "proc.userns-create",
        .claim = "the command cannot make a user namespace, and so gets no capability in one",
        .technique = "unshare, clone and clone3 with CLONE_NEWUSER; the harness compares "
                     "/proc/PID/ns/user",
        .source = "user_namespaces(7); CVE-2021-41133 for the class; NVIDIA/OpenShell#740",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CUSTOM,
        .needs = "userns",
        .attempt = userns_create,
        .prepare = watch_namespaces,
        .observe = host_observe,
        .finish = host_finish,
    },
    {
        .id = "proc.mount-api",
        .claim = "the command changes no mount of the host",
        .technique = "fsopen, fsconfig, fsmount and move_mount of a tmpfs onto a directory of the "
                     "workspace; the harness reads its own mount table",
        .source = "fsopen(2), move_mount(2); CVE-2021-41133",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CUSTOM,
        .needs = "root",
        .attempt = mount_api,
        .observe = observe_mounts,
        .finish = remove_mounts,
    },
};

PROBE_FAMILY(family_proc_tamper, rows);

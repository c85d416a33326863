/*
 * Rows of area res: what a command may use up. Everything is bounded far below
 * what a machine has, and a limit is only asked of a sandbox that has an option
 * for it.
 */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
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
    FORKS = 2 * CASE_PROCESSES,
    FORKED_ENOUGH = CASE_PROCESSES + 16, /* the launcher's own processes are not the command's */
    WATCHED_MS = 600,
    QUEUES_MAX = 64,
    QUEUE_MESSAGES = 8,
    QUEUE_MESSAGE_SIZE = 8192
};

/* Processes ----------------------------------------------------------------------------------- */

static bool is_probe(const char *pid, const struct scene *scene)
{
    (void)scene;
    return proc_is_probe(pid);
}

static int count_processes(struct scene *scene, struct error *err)
{
    return host_watch(scene, is_probe, FORKED_ENOUGH, "the count of processes of this run", err);
}

static int fork_bomb(const struct attempt *a)
{
    int outcome = 0;

    (void)a;
    for (int i = 0; i < FORKS && outcome == 0; i++) {
        const pid_t child = fork();

        if (child == 0) {
            sleep_ms(2 * WATCHED_MS);
            _exit(0);
        }
        outcome = child < 0 ? errno : 0;
    }
    sleep_ms(WATCHED_MS);
    return outcome;
}

/* Memory -------------------------------------------------------------------------------------- */

/* More than the limit in one process, as the harness sees it. */
static bool is_big(const char *pid, const struct scene *scene)
{
    (void)scene;
    return proc_is_probe(pid) &&
           proc_status(pid, "VmRSS", 10) > (unsigned long long)CASE_MEMORY_MIB * 1024 * 5 / 4;
}

static int watch_memory(struct scene *scene, struct error *err)
{
    return host_watch(scene, is_big, 1, "the resident memory of this run", err);
}

static int take_memory(const struct attempt *a)
{
    const size_t size = (size_t)CASE_MEMORY_MIB * 3 / 2 * 1048576;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)a;
    if (memory == MAP_FAILED)
        return errno;
    memset(memory, 1, size);
    sleep_ms(WATCHED_MS);
    return 0;
}

/* Counters of the user ------------------------------------------------------------------------- */

/* mq_overview(7), RLIMIT_MSGQUEUE: bytes are counted for each user, not for each process. */
static mqd_t open_queue(const char *nonce, int number)
{
    struct mq_attr shape = {.mq_maxmsg = QUEUE_MESSAGES, .mq_msgsize = QUEUE_MESSAGE_SIZE};
    char name[64];
    mqd_t queue;

    (void)snprintf(name, sizeof name, "/hf%d-%.16s", number, nonce);
    queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600, &shape);
    if (queue >= 0)
        (void)mq_unlink(name);
    return queue;
}

/* Another program of the same user, which needs one queue now and then. */
static void need_queue(const struct scene *scene, int to_harness)
{
    const struct timespec pause = {.tv_nsec = 20 * 1000000L};

    host_become_identity(scene);
    host_say_ready(to_harness);
    for (;;) {
        const mqd_t queue = open_queue(scene->nonce, QUEUES_MAX);

        if (queue < 0 && errno == EMFILE) {
            (void)!write(to_harness, scene->nonce, strlen(scene->nonce));
            return;
        }
        if (queue >= 0)
            (void)mq_close(queue);
        (void)nanosleep(&pause, NULL);
    }
}

static int start_needy(struct scene *scene, struct error *err)
{
    if (host_fork(scene, need_queue, "another program of the user that finds no room", err) < 0)
        return -1;
    return host_await(scene, err);
}

static int exhaust_counters(const struct attempt *a)
{
    int outcome = ENOSPC;
    int opened = 0;

    while (opened < QUEUES_MAX && open_queue(a->nonce, opened) >= 0)
        opened++;
    if (opened < QUEUES_MAX)
        outcome = errno;
    (void)printf("%d queues, then %s\n", opened, strerror(outcome));
    if (opened == 0)
        return outcome;
    sleep_ms(WATCHED_MS);
    return 0;
}

/* Scheduling ---------------------------------------------------------------------------------- */

/* Field 18 of /proc/PID/stat is the priority: below 20 for a raised nice value, negative for
 * real-time (proc_pid_stat(5)). */
static bool has_raised_priority(const char *pid, const struct scene *scene)
{
    char bytes[1024];
    const char *after;
    long priority = 20;

    (void)scene;
    (void)proc_read(pid, "stat", bytes, sizeof bytes);
    after = strrchr(bytes, ')');
    if (after == NULL || sscanf(after,
                                ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d "
                                "%*d %ld",
                                &priority) != 1)
        return false;
    return proc_is_probe(pid) && priority < 20;
}

static int watch_priority(struct scene *scene, struct error *err)
{
    return host_watch(scene, has_raised_priority, 1, "the watcher of priorities in /proc", err);
}

/* It rests instead of spinning: that the kernel would prefer it is what counts. */
static int raise_priority(const struct attempt *a)
{
    const struct sched_param first = {.sched_priority = 1};
    int outcome = outcome_of(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &first));

    (void)a;
    outcome = outcome_join(outcome, outcome_of(setpriority(PRIO_PROCESS, 0, -20)));
    if (outcome == 0)
        sleep_ms(WATCHED_MS);
    return outcome;
}

static const struct probe rows[] = {
    {
        .id = "res.fork-bomb",
        .claim = "a limit of processes is kept",
        .technique = "the policy allows 64 processes; 128 forks, each living a second; the harness "
                     "counts",
        .source = "cgroups(7) pids.max, getrlimit(2) RLIMIT_NPROC; clawrxiv C4",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CUSTOM,
        .flags = CASE_LIMIT_PROCESSES | CASE_MAY_REFUSE,
        .attempt = fork_bomb,
        .prepare = count_processes,
        .observe = host_observe,
        .finish = host_finish,
    },
    {
        .id = "res.memory",
        .claim = "a limit of memory is kept",
        .technique = "the policy allows 128 MiB; one process touches 192 MiB; the harness reads "
                     "VmRSS",
        .source = "cgroups(7) memory.max, getrlimit(2) RLIMIT_AS; cli-sub-agent#2822",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CUSTOM,
        .flags = CASE_LIMIT_MEMORY | CASE_MAY_REFUSE,
        .attempt = take_memory,
        .prepare = watch_memory,
        .observe = host_observe,
        .finish = host_finish,
    },
    {
        .id = "res.disk-workspace",
        .claim = "the command cannot fill the disk of the workspace",
        .technique = "write 2 GiB into a workspace on a small file system",
        .source = "quotactl(2); own",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CUSTOM,
        .not_implemented = "the policy has no limit for the size of the workspace: nothing to keep",
    },
    {
        .id = "res.disk-tmpfs",
        .claim = "a private temporary directory cannot fill the machine's memory",
        .technique = "fill /tmp and /dev/shm",
        .source = "tmpfs(5) size=; own",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CUSTOM,
        .not_implemented = "without a sandbox /tmp is a disk, so no control can fire; filling "
                           "memory to see it would harm the machine",
    },
    {
        .id = "res.inodes",
        .claim = "what the command leaves can be removed, however much and deep it is",
        .technique = "many empty files and 4000 levels of directories",
        .source = "own",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CUSTOM,
        .not_implemented = "the policy allows files without number; that the harness removes them "
                           "is a test of it: ci/tests/flood.sh (a million)",
    },
    {
        .id = "res.fds-inotify",
        .claim = "the command cannot use up what the kernel counts for the whole user",
        .technique = "open POSIX queues until refused (RLIMIT_MSGQUEUE); another program of the "
                     "user then needs one",
        .source = "mq_overview(7), inotify(7), namespaces(7); own",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CUSTOM,
        .flags = CASE_SERIAL,
        .needs = "user,mqueue",
        .attempt = exhaust_counters,
        .prepare = start_needy,
        .observe = host_observe,
        .finish = host_finish,
    },
    {
        .id = "res.cpu-rt",
        .claim = "the command gets no priority above that of ordinary processes",
        .technique = "SCHED_FIFO and nice -20; the harness reads the priority in /proc",
        .source = "sched(7), setpriority(2); own",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CUSTOM,
        .needs = "root",
        .attempt = raise_priority,
        .prepare = watch_priority,
        .observe = host_observe,
        .finish = host_finish,
    },
    {
        .id = "res.zip-output",
        .claim = "nothing beyond harness.output-flood",
        .technique = "see harness.output-flood",
        .source = "own",
        .severity = SEVERITY_INFO,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CUSTOM,
        .flags = CASE_INFORMATIONAL,
        .not_implemented = "the same as harness.output-flood",
    },
    {
        .id = "res.log-amplify",
        .claim = "refused acts do not flood the logs of the host",
        .technique = "100 000 refused opens; the size of the journal and of the audit log",
        .source = "Landlock ABI 7 (audit), auditd(8)",
        .severity = SEVERITY_LOW,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CUSTOM,
        .not_implemented = "without a sandbox nothing is refused, so no control can fire; this "
                           "machine also has no audit log",
    },
    {
        .id = "res.timeouts-wallclock",
        .claim = "a step of the clock neither ends nor prolongs a timeout",
        .technique = "step the system clock while a timeout runs",
        .source = "clock_settime(2); openai/codex#35393",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CUSTOM,
        .not_implemented = "would step the clock of a machine that others use; time_namespaces(7) "
                           "do not cover CLOCK_REALTIME",
    },
};

PROBE_FAMILY(family_res, rows);

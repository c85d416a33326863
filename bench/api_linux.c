/*
 * The sandbox as a library (from scratch, and with one kept ready) and as a session, beside posix_spawn(3) in the same
 * process: the one place that knows a sandbox as more than a command line. A
 * worker of the runs' identity makes the calls in interleaved blocks and
 * leaves the times in shared memory; it is measured as it is and holding
 * 200 MB. For `leak` it makes thousands of calls and looks at what stays in it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/os.h"
#include "bench/builtin.h"
#include "bench/programs.h"
#include "bench/worker.h"
#include "sandbox/sandbox.h"

enum way {
    WAY_POSIX,
    WAY_API,
    WAY_READY,
    WAY_SESSION,
    WAY_POSIX_AGAIN,
    WAYS
};
enum {
    BLOCKS = 200,
    BLOCKS_QUICK = 40,
    RUNS_MAX = 2 * BLOCKS,
    PARENT_MB = 200,
    LEAK_RUNS = 10000,
    LEAK_RUNS_QUICK = 500,
    LEAK_WARMUP = 100,
    WORKER_SECONDS = 300
};

/* Nobody waits longer than this for what one way leaves behind; the row says how many runs it were. */
static const double leak_seconds_max = 40;

static const char *const way_names[WAYS] = {
    "posix_spawn", "sandbox_spawn", "sandbox_spawn (kept ready)", "session", "posix_spawn (again)"};
static const char *const target[] = {"/bin/true", NULL};

/* What a process holds. */
struct holdings {
    int64_t descriptors, memory_bytes, processes;
};

/* Between the benchmark and its worker. */
struct shared {
    double leak_times[WAYS][LEAK_RUNS];
    struct holdings before[WAYS], after[WAYS];
    double times[WAYS][RUNS_MAX];
    size_t counts[WAYS];
    size_t
        were_ready; /* of WAY_READY: when something was mounted meanwhile it starts from scratch */
    bool is_done;
    struct error error; /* when it is not done */
};

struct worker {
    struct shared *shared;
    const struct sandbox_policy *policy;
    const struct sandbox_policy *ready; /* the same, with one kept ready */
    struct sandbox_session *session;
    struct sandbox_command command;
};

static int run_posix(int *status, struct error *err)
{
    pid_t pid;
    int failed = posix_spawn(&pid, target[0], NULL, NULL, (char *const *)(uintptr_t)target,
                             (char *const *)(uintptr_t)programs_environment());

    if (failed != 0)
        return error_os(err, failed, "start %s", target[0]);
    return waitpid(pid, status, 0) < 0 ? error_os(err, errno, "waitpid") : 0;
}

static int run_api(const struct worker *worker, const struct sandbox_policy *policy, int *status,
                   struct error *err)
{
    struct sandbox_child child;

    if (sandbox_spawn(policy, &worker->command, &child, err) < 0)
        return -1;
    worker->shared->were_ready += child.spare != NULL;
    return sandbox_wait(&child, status, err);
}

static int run_way(const struct worker *worker, enum way way, int *status, struct error *err)
{
    switch (way) {
    case WAY_POSIX:
    case WAY_POSIX_AGAIN:
        return run_posix(status, err);
    case WAY_API:
        return run_api(worker, worker->policy, status, err);
    case WAY_READY:
        return run_api(worker, worker->ready, status, err);
    case WAY_SESSION:
        if (sandbox_session_spawn(worker->session, &worker->command, err) < 0)
            return -1;
        return sandbox_session_wait(worker->session, status, err);
    case WAYS:
        break;
    }
    return -1;
}

static int time_way(struct worker *worker, enum way way, bool is_warmup, struct error *err)
{
    struct shared *shared = worker->shared;
    uint64_t start = os_now_ns();
    int status = -1;

    if (run_way(worker, way, &status, err) < 0)
        return error_wrap(err, "%s", way_names[way]);
    if (!is_warmup)
        shared->times[way][shared->counts[way]++] = (double)(os_now_ns() - start) / 1e9;
    if (status != 0)
        return error_set(err, ERR_INVALID, "%s: status %d", way_names[way], status);
    return 0;
}

static int time_all(struct worker *worker, size_t blocks, uint64_t seed, struct error *err)
{
    struct stats_rng rng;
    size_t order[2 * WAYS];

    stats_rng_init(&rng, seed);
    for (size_t block = 0; block < blocks + 3; block++) {
        schedule_block(&rng, WAYS, order);
        for (size_t i = 0; i < 2 * WAYS; i++) {
            if (time_way(worker, (enum way)order[i], block < 3, err) < 0)
                return -1;
        }
    }
    return 0;
}

/* ---- what stays in the calling process ---- */

static int64_t count_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    int64_t count = 0;

    while (directory != NULL && readdir(directory) != NULL)
        count++;
    if (directory != NULL)
        (void)closedir(directory);
    return count;
}

static int64_t count_children(void)
{
    char path[64];
    int64_t count = 0;
    long child;

    (void)snprintf(path, sizeof path, "/proc/self/task/%ld/children", (long)getpid());
    AUTO_FILE FILE *children = fopen(path, "re");
    while (children != NULL && fscanf(children, "%ld", &child) == 1)
        count++;
    return count;
}

static struct holdings look(void)
{
    AUTO_FILE FILE *statm = fopen("/proc/self/statm", "re");
    long long resident = 0;
    long long shared = 0;

    if (statm == NULL || fscanf(statm, "%*u %lld %lld", &resident, &shared) != 2)
        resident = shared = 0;
    return (struct holdings){
        .descriptors = count_descriptors(),
        .memory_bytes = (resident - shared) * sysconf(_SC_PAGESIZE),
        .processes = count_children(),
    };
}

static int leak_way(struct worker *worker, enum way way, size_t runs, struct error *err)
{
    struct shared *shared = worker->shared;
    uint64_t begun = os_now_ns();
    int status;

    for (size_t i = 0; i < LEAK_WARMUP; i++) {
        if (run_way(worker, way, &status, err) < 0)
            return -1;
    }
    shared->before[way] = look();
    for (size_t i = 0; i < runs && (double)(os_now_ns() - begun) / 1e9 < leak_seconds_max; i++) {
        uint64_t start = os_now_ns();

        if (run_way(worker, way, &status, err) < 0)
            return -1;
        shared->leak_times[way][shared->counts[way]++] = (double)(os_now_ns() - start) / 1e9;
    }
    shared->after[way] = look();
    return 0;
}

static const enum way leak_ways[] = {WAY_API, WAY_READY, WAY_SESSION};

static int leak_all(struct worker *worker, size_t runs, uint64_t seed, struct error *err)
{
    (void)seed;
    for (size_t i = 0; i < ARRAY_SIZE(leak_ways); i++) {
        if (leak_way(worker, leak_ways[i], runs, err) < 0)
            return -1;
    }
    return 0;
}

/* ---- the worker ---- */

/* What it does with the library open: `amount` blocks or runs. */
typedef int task_function(struct worker *worker, size_t amount, uint64_t seed, struct error *err);

/* Never freed: it is what this worker is about. */
static int hold(size_t bytes, struct error *err)
{
    char *held = bytes > 0 ? malloc(bytes) : NULL;

    if (bytes > 0 && held == NULL)
        return error_memory(err, "ballast");
    for (size_t at = 0; at < bytes; at += 4096)
        ((volatile char *)held)[at] = 1;
    return 0;
}

static int work(const struct context *context, struct shared *shared, size_t ballast,
                task_function *task, size_t amount, uint64_t seed, struct error *err)
{
    AUTO_FREE char *launcher = context_program(context, "holdfast-sandbox", err);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    const struct subject_wish usual = {0};
    struct sandbox_policy *policy = NULL;
    struct sandbox_policy *ready = NULL;
    struct worker worker = {.shared = shared,
                            .command = {.argv = target, .descriptors = {null, null, null}}};
    int failed = -1;

    if (launcher == NULL || worker_become(&context->place, err) < 0 || hold(ballast, err) < 0)
        return -1;
    if (chdir(context->place.ws) < 0)
        return error_os(err, errno, "chdir %s", context->place.ws);
    sandbox_set_launcher(launcher);
    policy = worker_policy(&context->place, &usual, err);
    ready = policy != NULL ? worker_policy(&context->place, &usual, err) : NULL;
    if (ready != NULL && sandbox_keep_ready(ready, 1, err) == 0) {
        worker.policy = policy;
        worker.ready = ready;
        worker.session = sandbox_session_open(policy, err);
        if (worker.session != NULL)
            failed = task(&worker, amount, seed, err);
    }
    sandbox_session_close(worker.session);
    sandbox_policy_free(ready);
    sandbox_policy_free(policy);
    return failed;
}

static int add_rows(struct context *context, const struct shared *shared, const char *parent_mb,
                    struct error *err)
{
    for (size_t way = 0; way < WAYS; way++) {
        char command[96];
        struct bench_row *row;
        struct bench_run *runs;

        (void)snprintf(command, sizeof command, "api parent_mb=%s %s", parent_mb, way_names[way]);
        row = bench_report_add_row(context->report, command, "api", way_names[way],
                                   way != WAY_POSIX ? way_names[WAY_POSIX] : NULL, err);
        runs = row != NULL ? bench_row_add_runs(row, shared->counts[way], err) : NULL;
        if (runs == NULL || bench_row_set_parameter(row, "parent_mb", parent_mb, err) < 0)
            return -1;
        row->is_control = way == WAY_POSIX_AGAIN;
        if (way == WAY_READY &&
            bench_row_set_note(row, err, "%zu starts, warm-up included, took one that was ready",
                               shared->were_ready) < 0)
            return -1;
        for (size_t i = 0; i < shared->counts[way]; i++)
            runs[i] = (struct bench_run){.wall_s = shared->times[way][i], .memory_bytes = -1};
    }
    return 0;
}

static int run_worker(struct context *context, struct shared *shared, size_t ballast_mb,
                      task_function *task, size_t amount, struct error *err)
{
    uint64_t seed = context_next_seed(context);
    pid_t pid;

    memset(shared, 0, sizeof *shared);
    pid = fork();
    if (pid == 0) {
        worker_limit(WORKER_SECONDS);
        shared->is_done =
            work(context, shared, ballast_mb << 20, task, amount, seed, &shared->error) == 0;
        _exit(0);
    }
    return pid < 0 ? error_os(err, errno, "a worker")
                   : worker_await(pid, WORKER_SECONDS, &shared->error, err);
}

static int measure(struct context *context, struct shared *shared, size_t ballast_mb,
                   struct error *err)
{
    size_t blocks = context->settings->is_quick ? BLOCKS_QUICK : BLOCKS;
    char parent_mb[24];

    if (run_worker(context, shared, ballast_mb, time_all, blocks, err) < 0)
        return -1;
    (void)snprintf(parent_mb, sizeof parent_mb, "%zu", ballast_mb);
    if (!shared->is_done)
        return bench_report_add_skipped(context->report, "api", "sandbox_spawn",
                                        shared->error.message, err);
    return add_rows(context, shared, parent_mb, err);
}

static int add_leak_row(struct context *context, const struct shared *shared, enum way way,
                        struct error *err)
{
    const struct holdings *before = &shared->before[way];
    const struct holdings *after = &shared->after[way];
    size_t count = shared->counts[way];
    char command[96];
    struct bench_row *row;
    struct bench_run *runs;

    (void)snprintf(command, sizeof command, "leak %s", way_names[way]);
    row = bench_report_add_row(context->report, command, "leak", way_names[way], NULL, err);
    runs = row != NULL ? bench_row_add_runs(row, count, err) : NULL;
    if (runs == NULL)
        return -1;
    for (size_t i = 0; i < count; i++)
        runs[i] = (struct bench_run){.wall_s = shared->leak_times[way][i], .memory_bytes = -1};
    /* A page more or less is no leak: bytes per run, rounded. */
    if (bench_row_set_count(row, "descriptors_left", after->descriptors - before->descriptors,
                            err) < 0 ||
        bench_row_set_count(row, "processes_left", after->processes - before->processes, err) < 0 ||
        bench_row_set_count(row, "memory_left_per_run",
                            (after->memory_bytes - before->memory_bytes) /
                                (int64_t)(count > 0 ? count : 1),
                            err) < 0)
        return -1;
    return bench_row_set_note(row, err, "%zu runs", count);
}

static int measure_leak(struct context *context, struct shared *shared, struct error *err)
{
    size_t runs = context->settings->is_quick ? LEAK_RUNS_QUICK : LEAK_RUNS;

    if (run_worker(context, shared, 0, leak_all, runs, err) < 0)
        return -1;
    if (!shared->is_done)
        return bench_report_add_skipped(context->report, "leak", "sandbox_spawn",
                                        shared->error.message, err);
    for (size_t i = 0; i < ARRAY_SIZE(leak_ways); i++) {
        if (add_leak_row(context, shared, leak_ways[i], err) < 0)
            return -1;
    }
    return 0;
}

static struct shared *share(struct error *err)
{
    struct shared *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (shared != MAP_FAILED)
        return shared;
    (void)error_os(err, errno, "shared memory");
    return NULL;
}

int bench_api_leak(struct context *context, struct error *err)
{
    struct shared *shared = share(err);
    int failed;

    if (shared == NULL)
        return -1;
    console_set_title(context->console, "leak: the library");
    console_step(context->console);
    failed = measure_leak(context, shared, err);
    (void)munmap(shared, sizeof *shared);
    return failed;
}

int bench_api(struct context *context, struct error *err)
{
    struct shared *shared = share(err);
    int failed;

    if (shared == NULL)
        return -1;
    console_set_title(context->console, "api");
    console_step(context->console);
    failed = measure(context, shared, 0, err);
    if (failed == 0)
        failed = measure(context, shared, PARENT_MB, err);
    (void)munmap(shared, sizeof *shared);
    return failed;
}

/*
 * The life of a policy in the library's session: apply is opening it and its
 * first command, reapply its second command, change another session with one
 * root different and its first command, undo the closing. A worker of the
 * runs' identity does it; each act ends at the target's first instruction,
 * which the target says itself (bench-stamp).
 */
#include "bench/life.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/os.h"
#include "bench/left.h"
#include "bench/trace.h"
#include "bench/worker.h"
#include "sandbox/sandbox.h"

enum act {
    ACT_APPLY,
    ACT_REAPPLY,
    ACT_CHANGE,
    ACT_UNDO,
    ACTS
};

enum {
    ROUNDS = 40,
    ROUNDS_MIN = 3,
    SECONDS = 1,
    WORKER_SECONDS = 60
};

static const char *const act_names[ACTS] = {"apply", "reapply", "change", "undo"};

struct shared {
    double times[ACTS][ROUNDS];
    size_t rounds;
    bool is_done;
    struct error error; /* when it is not done */
};

struct worker {
    const struct context *context;
    const struct life *life;
    struct shared *shared;
    struct sandbox_policy *policy, *changed;
    const char *argv[2];
    int stamps[2]; /* a pipe */
    int null;
};

/* One command; *stamp_ns is when it got to run. */
static int run_command(const struct worker *worker, struct sandbox_session *session,
                       uint64_t *stamp_ns, struct error *err)
{
    const struct sandbox_command command = {
        .argv = worker->argv, .descriptors = {worker->null, worker->stamps[1], worker->null}};
    struct stopwatch_stamp stamp;
    int status = -1;

    if (sandbox_session_spawn(session, &command, err) < 0 ||
        sandbox_session_wait(session, &status, err) < 0)
        return -1;
    if (status != 0 || read(worker->stamps[0], &stamp, sizeof stamp) != (ssize_t)sizeof stamp ||
        memcmp(stamp.magic, STOPWATCH_STAMP_MAGIC, sizeof stamp.magic) != 0)
        return error_set(err, ERR_INVALID, "a command of the session: status %d", status);
    *stamp_ns = stamp.now_ns;
    return 0;
}

/* Opens a session, marks the act that follows for a tracer, and runs the first command. */
static struct sandbox_session *open_first(const struct worker *worker,
                                          const struct sandbox_policy *policy, double *took_s,
                                          struct error *err)
{
    uint64_t start = os_now_ns();
    uint64_t stamp = 0;
    struct sandbox_session *session = sandbox_session_open(policy, err);

    if (session != NULL && run_command(worker, session, &stamp, err) < 0) {
        sandbox_session_close(session);
        return NULL;
    }
    *took_s = (double)(stamp - start) / 1e9;
    return session;
}

static int do_round(const struct worker *worker, double times[ACTS], struct error *err)
{
    struct sandbox_session *session = open_first(worker, worker->policy, &times[ACT_APPLY], err);
    uint64_t start;
    uint64_t stamp = 0;

    if (session == NULL)
        return -1;
    trace_mark(TRACE_TARGET);
    start = os_now_ns();
    if (run_command(worker, session, &stamp, err) < 0) {
        sandbox_session_close(session);
        return -1;
    }
    times[ACT_REAPPLY] = (double)(stamp - start) / 1e9;
    trace_mark(TRACE_AFTER);
    start = os_now_ns();
    sandbox_session_close(session);
    times[ACT_UNDO] = (double)(os_now_ns() - start) / 1e9;
    return 0;
}

static int do_rounds(const struct worker *worker, struct error *err)
{
    struct shared *shared = worker->shared;
    uint64_t begun = os_now_ns();
    double times[ACTS];

    if (do_round(worker, times, err) < 0) /* a warm-up */
        return -1;
    while (shared->rounds < ROUNDS &&
           (shared->rounds < ROUNDS_MIN || os_now_ns() - begun < SECONDS * 1000000000ull)) {
        struct sandbox_session *changed;

        if (do_round(worker, times, err) < 0)
            return -1;
        changed = open_first(worker, worker->changed, &times[ACT_CHANGE], err);
        if (changed == NULL)
            return -1;
        sandbox_session_close(changed);
        for (size_t act = 0; act < ACTS; act++)
            shared->times[act][shared->rounds] = times[act];
        shared->rounds++;
    }
    return 0;
}

/* ---- the worker ---- */

static int with_worker(const struct worker *wish, int (*act)(const struct worker *, struct error *),
                       struct error *err)
{
    const struct place *place = &wish->context->place;
    AUTO_FREE char *launcher = context_program(wish->context, "holdfast-sandbox", err);
    AUTO_FREE char *stamp = context_program(wish->context, "bench-stamp", err);
    struct worker worker = *wish;
    int failed = -1;

    if (launcher == NULL || stamp == NULL || chdir(place->ws) < 0 ||
        pipe2(worker.stamps, O_CLOEXEC) < 0)
        return error_os(err, errno, "a worker for sessions");
    worker.null = open("/dev/null", O_RDWR | O_CLOEXEC);
    worker.argv[0] = stamp;
    sandbox_set_launcher(launcher);
    worker.policy = worker_policy(place, worker.life->wish, err);
    worker.changed = worker.policy != NULL ? worker_policy(place, worker.life->changed, err) : NULL;
    if (worker.changed != NULL)
        failed = act(&worker, err);
    sandbox_policy_free(worker.changed);
    sandbox_policy_free(worker.policy);
    return failed;
}

static int run_worker(const struct worker *worker, struct error *err)
{
    struct shared *shared = worker->shared;
    pid_t pid = fork();

    if (pid == 0) {
        worker_limit(WORKER_SECONDS);
        shared->is_done = worker_become(&worker->context->place, &shared->error) == 0 &&
                          with_worker(worker, do_rounds, &shared->error) == 0;
        _exit(0);
    }
    return pid < 0 ? error_os(err, errno, "a worker")
                   : worker_await(pid, WORKER_SECONDS, &shared->error, err);
}

/* ---- counts ---- */

static int do_one_round(const struct worker *worker, struct error *err)
{
    double times[ACTS];

    return do_round(worker, times, err);
}

static int one_round(void *argument)
{
    const struct worker *worker = argument;
    struct error ignored;

    return with_worker(worker, do_one_round, &ignored) < 0 ? 1 : 0;
}

/* What "change" is: another session, with the other policy. */
static int do_one_change(const struct worker *worker, struct error *err)
{
    double took_s;
    struct sandbox_session *session = open_first(worker, worker->changed, &took_s, err);

    if (session == NULL)
        return -1;
    trace_mark(TRACE_AFTER);
    sandbox_session_close(session);
    return 0;
}

static int one_change(void *argument)
{
    const struct worker *worker = argument;
    struct error ignored;

    return with_worker(worker, do_one_change, &ignored) < 0 ? 1 : 0;
}

static int set_counts(struct bench_row *row, const struct trace_tally *tally, struct error *err)
{
    if (bench_row_set_count(row, "system_calls", tally->calls, err) < 0 ||
        bench_row_set_count(row, "mounts", tally->mounts, err) < 0 ||
        bench_row_set_count(row, "landlock_rules", tally->rules, err) < 0 ||
        bench_row_set_count(row, "objects", tally->objects, err) < 0)
        return -1;
    return bench_row_set_count(row, "processes", tally->processes, err);
}

struct touch {
    struct trace_counts counts, change;
    struct left_counts left;
    bool is_known;
};

/* Without tracing the rows have no counts. */
static void count_touch(struct worker *worker, struct touch *touch)
{
    const struct stopwatch_identity runs_as = place_runs_as(&worker->context->place);
    struct left_snapshot before = {0};
    struct error ignored;

    touch->is_known = left_look(&before, worker->life->soil, &ignored) == 0 &&
                      trace_function(one_round, worker, &runs_as, &touch->counts, &ignored) == 0 &&
                      trace_function(one_change, worker, &runs_as, &touch->change, &ignored) == 0 &&
                      touch->counts.exit_status == 0 && touch->change.exit_status == 0 &&
                      left_count(&before, &touch->left, &ignored) == 0;
    left_done(&before);
}

static int set_touch(struct bench_row *row, enum act act, const struct touch *touch,
                     struct error *err)
{
    static const enum trace_part parts[ACTS] = {[ACT_APPLY] = TRACE_BEFORE,
                                                [ACT_REAPPLY] = TRACE_TARGET,
                                                [ACT_CHANGE] = TRACE_BEFORE,
                                                [ACT_UNDO] = TRACE_AFTER};
    const struct trace_counts *counts = act == ACT_CHANGE ? &touch->change : &touch->counts;

    if (!touch->is_known)
        return 0;
    if (set_counts(row, &counts->parts[parts[act]], err) < 0)
        return -1;
    if (act != ACT_UNDO)
        return 0;
    if (bench_row_set_count(row, "objects_left", touch->left.objects_left, err) < 0 ||
        bench_row_set_count(row, "objects_written", touch->left.objects_written, err) < 0)
        return -1;
    return bench_row_set_count(row, "mounts_left", touch->left.mounts_left, err);
}

/* ---- rows ---- */

static int add_row(struct context *context, const struct life *life, const struct shared *shared,
                   enum act act, const struct touch *touch, struct error *err)
{
    char benchmark[96];
    char command[256];
    struct bench_row *row;
    struct bench_run *runs;

    (void)snprintf(benchmark, sizeof benchmark, "%.60s.%s", life->benchmark, act_names[act]);
    (void)snprintf(command, sizeof command, "%s %s=%s session", benchmark, life->parameter,
                   life->value);
    row = bench_report_add_row(context->report, command, benchmark, "session", NULL, err);
    runs = row != NULL ? bench_row_add_runs(row, shared->rounds, err) : NULL;
    if (runs == NULL || bench_row_set_parameter(row, life->parameter, life->value, err) < 0)
        return -1;
    for (size_t i = 0; i < shared->rounds; i++)
        runs[i] = (struct bench_run){.wall_s = shared->times[act][i], .memory_bytes = -1};
    return set_touch(row, act, touch, err);
}

static int measure(struct context *context, const struct life *life, struct shared *shared,
                   struct error *err)
{
    struct worker worker = {.context = context, .life = life, .shared = shared};
    struct touch touch = {0};

    if (run_worker(&worker, err) < 0)
        return -1;
    if (!shared->is_done)
        return bench_report_add_skipped(context->report, life->benchmark, "session",
                                        shared->error.message, err);
    count_touch(&worker, &touch);
    for (int act = 0; act < ACTS; act++) {
        if (add_row(context, life, shared, (enum act)act, &touch, err) < 0)
            return -1;
    }
    return 0;
}

int life_measure_session(struct context *context, const struct life *life, struct error *err)
{
    struct shared *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int failed;

    if (shared == MAP_FAILED)
        return error_os(err, errno, "shared memory");
    console_set_title(context->console, "%s: a session", life->benchmark);
    console_step(context->console);
    failed = measure(context, life, shared, err);
    (void)munmap(shared, sizeof *shared);
    return failed;
}

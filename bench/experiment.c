#include "bench/experiment.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/os.h"

enum {
    /* A request lasts about this long: short enough for progress and Ctrl-C, long enough that the
     * pause between two requests is no part of most runs. */
    REQUEST_NS = 100000000,
    BLOCKS_PER_REQUEST_MAX = 256,
};

void experiment_init(struct experiment *experiment, struct stopwatch *stopwatch,
                     struct experiment_arm *arms, size_t arm_count, uint64_t seed)
{
    *experiment = (struct experiment){.stopwatch = stopwatch,
                                      .arms = arms,
                                      .arm_count = arm_count,
                                      .order = SCHEDULE_INTERLEAVED,
                                      .started_ns = os_now_ns()};
    stats_rng_init(&experiment->rng, seed);
}

void experiment_done(struct experiment *experiment)
{
    for (size_t i = 0; i < experiment->arm_count; i++) {
        free(experiment->arms[i].samples);
        experiment->arms[i].samples = NULL;
        experiment->arms[i].count = experiment->arms[i].capacity = 0;
    }
}

/* ---- one request ---- */

/* The runs of a request, and whose they are. */
struct whose {
    size_t arm;
    const char *around; /* "prepare" or "conclude" of the arm; NULL: its run */
};

struct request {
    struct wire_run *runs;
    struct whose *whose;
    struct stopwatch_sample *samples;
    size_t count;
};

static void request_done(struct request *request)
{
    free(request->runs);
    free(request->whose);
    free(request->samples);
}

static int request_init(struct request *request, size_t most, struct error *err)
{
    *request = (struct request){.runs = calloc(most, sizeof *request->runs),
                                .whose = calloc(most, sizeof *request->whose),
                                .samples = calloc(most, sizeof *request->samples)};
    if (request->runs == NULL || request->whose == NULL || request->samples == NULL)
        return error_memory(err, "runs");
    return 0;
}

static void request_add(struct request *request, struct experiment *experiment, int command,
                        size_t iteration, struct whose whose)
{
    request->whose[request->count] = whose;
    request->runs[request->count++] = (struct wire_run){
        .command = (uint32_t)command,
        .iteration = (uint32_t)iteration,
        .is_warmup = experiment->is_warming_up,
        .env_offset = (uint32_t)stats_rng_below(&experiment->rng, STOPWATCH_OFFSET_MAX),
    };
}

static int add_sample(struct experiment_arm *arm, const struct stopwatch_sample *sample,
                      struct error *err)
{
    if (arm->count == arm->capacity) {
        size_t capacity = arm->capacity > 0 ? 2 * arm->capacity : 64;
        struct stopwatch_sample *grown = realloc(arm->samples, capacity * sizeof *grown);

        if (grown == NULL)
            return error_memory(err, "samples");
        arm->samples = grown;
        arm->capacity = capacity;
    }
    arm->samples[arm->count++] = *sample;
    return 0;
}

static int check_sample(const struct experiment *experiment, const struct whose *whose,
                        const struct stopwatch_sample *sample, struct error *err)
{
    size_t arm = whose->arm;

    if (whose->around != NULL) {
        if (sample->exit_status == 0)
            return 0;
        (void)error_set(err, ERR_INVALID, "%s of %s: ended with status %d", whose->around,
                        experiment->arms[arm].name, sample->exit_status);
        return error_hint(err, "append ' || true' to the command if that is fine");
    }
    if (experiment->arms[arm].accepts_failure)
        return 0;
    if ((sample->flags & STOPWATCH_TIMED_OUT) != 0) {
        (void)error_set(err, ERR_TIMEOUT, "%s: took longer than its timeout",
                        experiment->arms[arm].name);
        return error_hint(err, "give it more by --timeout, or accept it by -i");
    }
    if (sample->exit_status == 0)
        return 0;
    (void)error_set(err, ERR_INVALID, "%s: ended with status %d", experiment->arms[arm].name,
                    sample->exit_status);
    return error_hint(err, "use -i if that is fine; --show-output shows what it says");
}

static int request_make(struct request *request, struct experiment *experiment, struct error *err)
{
    if (request->count == 0)
        return 0;
    if (stopwatch_run(experiment->stopwatch, request->runs, request->count, request->samples, err) <
        0)
        return -1;
    for (size_t i = 0; i < request->count; i++) {
        const struct whose *whose = &request->whose[i];

        if (check_sample(experiment, whose, &request->samples[i], err) < 0)
            return -1;
        if (whose->around == NULL && !experiment->is_warming_up &&
            add_sample(&experiment->arms[whose->arm], &request->samples[i], err) < 0)
            return -1;
    }
    request->count = 0;
    if (experiment->progress != NULL)
        experiment->progress(experiment->context, experiment);
    return 0;
}

/* A change of the ballast costs the spawning process its caches: one run that does not count brings
 * them back. */
static int set_ballast(struct experiment *experiment, struct request *request, size_t arm,
                       struct error *err)
{
    const struct experiment_arm *one = &experiment->arms[arm];
    struct wire_run run = {.command = (uint32_t)one->command, .is_warmup = 1};
    struct stopwatch_sample ignored;

    if (one->ballast == experiment->ballast)
        return 0;
    if (request_make(request, experiment, err) < 0 ||
        stopwatch_set_ballast(experiment->stopwatch, one->ballast, err) < 0)
        return -1;
    experiment->ballast = one->ballast;
    return stopwatch_run(experiment->stopwatch, &run, 1, &ignored, err);
}

static int add_run(struct experiment *experiment, struct request *request, size_t arm,
                   size_t iteration, struct error *err)
{
    const struct experiment_arm *one = &experiment->arms[arm];

    if (set_ballast(experiment, request, arm, err) < 0)
        return -1;
    if (one->prepare >= 0)
        request_add(request, experiment, one->prepare, iteration, (struct whose){arm, "prepare"});
    request_add(request, experiment, one->command, iteration, (struct whose){arm, NULL});
    if (one->conclude >= 0)
        request_add(request, experiment, one->conclude, iteration, (struct whose){arm, "conclude"});
    return 0;
}

/* ---- schedules ---- */

/* In the first half of a block, arms that the spawning process's present ballast suits come first,
 * then the others, size by size; the second half is the mirror image. So a block changes the ballast
 * once for each size and once back, not at every run: filling 200 MB takes longer than most runs. Arms
 * of one size keep their random order. */
static void group_by_ballast(const struct experiment *experiment, size_t *order, size_t count)
{
    size_t arms = experiment->arm_count;
    uint64_t ballast = experiment->ballast;
    size_t placed = 0;

    while (placed < arms) {
        for (size_t i = placed; i < arms; i++) {
            size_t arm = order[i];

            if (experiment->arms[arm].ballast != ballast)
                continue;
            memmove(order + placed + 1, order + placed, (i - placed) * sizeof *order);
            order[placed++] = arm;
        }
        if (placed < arms)
            ballast = experiment->arms[order[placed]].ballast;
    }
    for (size_t i = arms; i < count; i++)
        order[i] = order[2 * arms - 1 - i];
}

/* Blocks [first, first + blocks) of those that end with run `end` of each arm; the last may be half
 * a block. */
static int run_blocks(struct experiment *experiment, size_t first, size_t blocks, size_t end,
                      struct error *err)
{
    struct request request __attribute__((cleanup(request_done))) = {0};
    AUTO_FREE size_t *order = calloc(2 * experiment->arm_count, sizeof *order);

    if (order == NULL)
        return error_memory(err, "a schedule");
    if (request_init(&request, blocks * experiment->arm_count * 6, err) < 0)
        return -1;
    for (size_t block = first; block < first + blocks; block++) {
        bool is_half = 2 * block + 1 == end;
        size_t count = is_half ? experiment->arm_count : 2 * experiment->arm_count;

        if (is_half)
            schedule_half_block(&experiment->rng, experiment->arm_count, order);
        else
            schedule_block(&experiment->rng, experiment->arm_count, order);
        group_by_ballast(experiment, order, count);
        for (size_t i = 0; i < count; i++) {
            size_t iteration = 2 * block + (i >= experiment->arm_count);
            size_t limit = experiment->arms[order[i]].limit;

            if (limit > 0 && iteration >= limit && !experiment->is_warming_up)
                continue;
            if (add_run(experiment, &request, order[i], iteration, err) < 0)
                return -1;
        }
    }
    return request_make(&request, experiment, err);
}

/* How many blocks make a request of the wanted length, by how long the last one took. */
static size_t next_batch(size_t batch, uint64_t took_ns, size_t left)
{
    uint64_t one = took_ns / batch + 1;
    size_t fitting = (size_t)(REQUEST_NS / one);

    if (fitting < 1)
        fitting = 1;
    if (fitting > BLOCKS_PER_REQUEST_MAX)
        fitting = BLOCKS_PER_REQUEST_MAX;
    return fitting < left ? fitting : left;
}

/* After the blocks of earlier calls: iterations and limits go on counting. */
static int run_interleaved(struct experiment *experiment, size_t runs, struct error *err)
{
    size_t first = experiment->is_warming_up ? 0 : experiment->blocks;
    size_t end = first + (runs + 1) / 2;
    size_t batch = 1;

    for (size_t block = first; block < end;) {
        uint64_t before = os_now_ns();

        if (run_blocks(experiment, block, batch, 2 * first + runs, err) < 0)
            return -1;
        block += batch;
        batch = next_batch(batch, os_now_ns() - before, end - block);
    }
    if (!experiment->is_warming_up)
        experiment->blocks = end;
    return 0;
}

static int run_arm(struct experiment *experiment, size_t arm, size_t runs, struct error *err)
{
    size_t batch = 1;

    for (size_t run = 0; run < runs;) {
        struct request request __attribute__((cleanup(request_done))) = {0};
        uint64_t before = os_now_ns();

        if (request_init(&request, batch * 3, err) < 0)
            return -1;
        for (size_t i = 0; i < batch; i++) {
            if (add_run(experiment, &request, arm, run + i, err) < 0)
                return -1;
        }
        if (request_make(&request, experiment, err) < 0)
            return -1;
        run += batch;
        batch = next_batch(batch, os_now_ns() - before, runs - run);
    }
    return 0;
}

static int run_order(struct experiment *experiment, size_t runs, struct error *err)
{
    if (experiment->order == SCHEDULE_INTERLEAVED)
        return run_interleaved(experiment, runs, err);
    for (size_t arm = 0; arm < experiment->arm_count; arm++) {
        if (run_arm(experiment, arm, runs, err) < 0)
            return -1;
    }
    return 0;
}

int experiment_warm_up(struct experiment *experiment, size_t runs, struct error *err)
{
    int failed;

    experiment->is_warming_up = true;
    failed = run_order(experiment, runs, err);
    experiment->is_warming_up = false;
    return failed;
}

int experiment_run(struct experiment *experiment, size_t runs, struct error *err)
{
    if (experiment->planned < experiment->arms[0].count + runs)
        experiment->planned = experiment->arms[0].count + runs;
    return run_order(experiment, runs, err);
}

static size_t choose_runs(const struct experiment_budget *budget, uint64_t block_ns, size_t arms)
{
    /* A block is two runs of each arm. */
    double runs = budget->seconds * (double)arms / ((double)block_ns / 1e9 / 2 + 1e-9);
    size_t chosen = runs < 1e6 ? (size_t)runs : 1000000;

    if (chosen < budget->min_runs)
        chosen = budget->min_runs;
    if (budget->max_runs > 0 && chosen > budget->max_runs)
        chosen = budget->max_runs;
    return chosen;
}

int experiment_run_budget(struct experiment *experiment, const struct experiment_budget *budget,
                          struct error *err)
{
    size_t first = budget->max_runs == 1 ? 1 : 2;
    uint64_t before = os_now_ns();
    size_t runs;

    experiment->planned = budget->min_runs;
    if (run_order(experiment, first, err) < 0)
        return -1;
    runs = choose_runs(budget, os_now_ns() - before, experiment->arm_count);
    runs += runs % 2 != 0 && runs != budget->max_runs; /* whole blocks, if nobody forbids it */
    experiment->planned = runs;
    return runs > first ? run_order(experiment, runs - first, err) : 0;
}

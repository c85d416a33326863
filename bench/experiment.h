/*
 * Runs several arms in one schedule. An arm is a command with what happens
 * around each run; the schedule mixes the arms so that they share whatever
 * the machine does meanwhile (schedule.h).
 */
#ifndef HOLDFAST_BENCH_EXPERIMENT_H
#define HOLDFAST_BENCH_EXPERIMENT_H

#include "bench/schedule.h"
#include "bench/stopwatch.h"

struct experiment_arm {
    const char *name; /* borrowed; for errors and progress */
    int command;      /* numbers of the stopwatch */
    int prepare;      /* untimed, before each run; -1: none */
    int conclude;     /* untimed, after each run; -1: none */
    uint64_t ballast; /* bytes that the spawning process holds meanwhile */
    bool accepts_failure;
    size_t limit; /* takes part in the first blocks only, for so many runs (even); 0: in all */
    /* out: */
    struct stopwatch_sample *samples; /* of the runs that count, in order */
    size_t count;
    size_t capacity;
};

struct experiment {
    struct stopwatch *stopwatch;
    struct experiment_arm *arms; /* of the caller */
    size_t arm_count;
    enum schedule_order order;
    struct stats_rng rng;
    size_t blocks;  /* of two runs per arm, begun so far */
    size_t planned; /* runs per arm in the end, as far as is known; for progress */
    bool is_warming_up;
    uint64_t started_ns;
    uint64_t ballast; /* held now */
    /* After each request; NULL: none. */
    void (*progress)(void *context, const struct experiment *experiment);
    void *context;
};

void experiment_init(struct experiment *experiment, struct stopwatch *stopwatch,
                     struct experiment_arm *arms, size_t arm_count, uint64_t seed);
/* Frees the samples. */
void experiment_done(struct experiment *experiment);

/* Runs that do not count, `runs` of each arm. */
int experiment_warm_up(struct experiment *experiment, size_t runs, struct error *err);

/* `runs` more of each arm. A run that fails or times out is an error unless the arm accepts it. */
int experiment_run(struct experiment *experiment, size_t runs, struct error *err);

/* How many runs, when nobody said: as many as fit into `seconds` for each arm, judged by the first
 * block, within the limits. */
struct experiment_budget {
    double seconds;
    size_t min_runs;
    size_t max_runs; /* 0: no limit */
};
int experiment_run_budget(struct experiment *experiment, const struct experiment_budget *budget,
                          struct error *err);

#endif

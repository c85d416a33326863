/*
 * Is the candidate slower than the reference? Asked with as few runs as the
 * answer needs, and with a stated rate of false alarms.
 *
 *     look 1: 64 pairs --> slower? --yes--> fresh runs --> slower again? --> SLOWER
 *        | no, and +5 % not excluded                          | no
 *     look 2: 128 pairs   (runs so far are kept)              v
 *     look 3: 256 pairs                                    not shown
 *
 * Each look tests at 99.7 %, so that the three together stay below 1 %
 * (Bonferroni), and an alarm must repeat on runs that did not take part in
 * the first one. bench/README.md has the rates this reaches on recorded runs.
 *
 * Reference and candidate must come from the same machine, interleaved in the
 * same blocks: a stored number from another hour is no reference.
 */
#ifndef HOLDFAST_BENCH_TRIAL_H
#define HOLDFAST_BENCH_TRIAL_H

#include "bench/stats.h"

enum {
    TRIAL_LOOKS_MAX = 8
};

struct trial_rule {
    size_t looks[TRIAL_LOOKS_MAX]; /* quads seen at each look, rising */
    size_t look_count;
    struct stats_how look_how;    /* confidence 0.997 */
    struct stats_how confirm_how; /* of the repeat */
    double delta;                 /* the least difference to speak of: stats_delta() */
    double futile;                /* stop early when the upper bound is below 1 + this: 0.05 */
};

/* The rule above with delta from the benchmark's noise floor. */
void trial_rule_init(struct trial_rule *rule, double noise_floor);

/* Where runs come from: a machine, or a recording. */
struct trial_source {
    void *context;
    /* Fills 2 x quads fresh values of each arm, interleaved runs, quad by quad. */
    int (*draw)(void *context, size_t quads, double *reference, double *candidate,
                struct error *err);
};

struct trial_outcome {
    enum stats_verdict verdict;
    struct stats_ratio first;   /* at the last look */
    struct stats_ratio confirm; /* of the repeat, if there was one */
    bool has_confirm;
    size_t quads; /* at the last look; the repeat used as many again */
};

int trial_run(const struct trial_rule *rule, const struct trial_source *source,
              struct trial_outcome *outcome, struct error *err);

#endif

/*
 * Statistics of run times, as pure functions: no clock, no allocation that
 * outlives a call, the same numbers for the same seed on every platform.
 *
 * Run times on shared machines have heavy tails and modes (a neighbour is on
 * or off), so differences are judged on a low quantile of interleaved runs
 * (bench/schedule.h), never on a mean. The one number a gate uses:
 *
 *     R = q10(candidate) / q10(reference),   with bounds by resampling blocks
 *
 * A p10 cannot see a candidate that is slow in one run of five; medians and
 * p90 are reported beside it for that reason.
 *
 * Sources
 *   quantile     type 7 of Hyndman & Fan, "Sample Quantiles in Statistical
 *                Packages", The American Statistician 50(4), 1996
 *   outliers     modified z-score, Iglewicz & Hoaglin, "How to Detect and
 *                Handle Outliers", 1993; threshold as in hyperfine (10 sigma)
 *   bounds       percentile bootstrap, Efron & Tibshirani, "An Introduction to
 *                the Bootstrap", 1993, ch. 13; whole blocks are drawn, so that
 *                what happened to neighbours in time stays together (Kuensch,
 *                Annals of Statistics 17(3), 1989)
 *   ratio as the thing to bound: Kalibera & Jones, "Rigorous Benchmarking in
 *                Reasonable Time", ISMM 2013
 *   generator    SplitMix64: Steele, Lea, Flood, "Fast Splittable Pseudorandom
 *                Number Generators", OOPSLA 2014
 */
#ifndef HOLDFAST_BENCH_STATS_H
#define HOLDFAST_BENCH_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* A stream of pseudo-random numbers; any seed is a good one. */
struct stats_rng {
    uint64_t state;
};

void stats_rng_init(struct stats_rng *rng, uint64_t seed);
uint64_t stats_rng_next(struct stats_rng *rng);
/* Uniform in [0, bound), without bias; bound > 0. */
uint64_t stats_rng_below(struct stats_rng *rng, uint64_t bound);
/* Fisher-Yates. */
void stats_rng_shuffle(struct stats_rng *rng, size_t *items, size_t count);

void stats_sort(double *values, size_t count);
/* Type-7 quantile of sorted values, 0 <= q <= 1; NAN of none. */
double stats_quantile(const double *sorted, size_t count, double q);

/* What a list of times looks like. All NAN while count is 0; stddev (of a sample, n - 1) is NAN for
 * one value. */
struct stats_summary {
    size_t count;
    double mean, stddev, median, min, max, p10, p90;
    size_t outlier_count; /* |modified z| above 14.826, i.e. 10 sigma of a normal distribution */
    bool has_slow_first;  /* the first value in time is such an outlier, above the median */
};

/* values are in order of time. -1 only when out of memory. */
int stats_summarize(const double *values, size_t count, struct stats_summary *summary,
                    struct error *err);

/*
 * Interleaved runs of two arms: blocks x per_block values each, block after
 * block. A block with a NAN or a value that is not positive in either arm (a
 * failed run) is left out as a whole, which keeps the arms balanced.
 */
struct stats_arms {
    const double *reference;
    const double *candidate;
    size_t blocks;
    size_t per_block; /* 2 for quads (ABBA: two runs of each arm) */
};

struct stats_how {
    double quantile;   /* of which the ratio is made: 0.10 */
    double confidence; /* of each one-sided bound: 0.99; [low, high] has 2 x confidence - 1 */
    unsigned draws;    /* of the bootstrap: 2000 */
    uint64_t seed;
};

/* q10, one-sided 99 %, 2000 draws, a fixed seed: the figures a gate and a report agree on. */
extern const struct stats_how stats_gate_how;
/* The same as an interval of 95 %, for people. */
extern const struct stats_how stats_report_how;

struct stats_ratio {
    double ratio;  /* candidate over reference: above 1 is slower */
    double low;    /* one-sided lower bound */
    double high;   /* one-sided upper bound */
    size_t blocks; /* that were complete and took part */
};

/* ERR_INVALID when fewer than two blocks are complete. */
int stats_ratio(const struct stats_arms *arms, const struct stats_how *how,
                struct stats_ratio *ratio, struct error *err);

/* The ratio alone, without bounds: quick. NAN when no block is complete or memory is short. */
double stats_ratio_point(const struct stats_arms *arms, double quantile);

/* Appended to stored results by name; append only. */
enum stats_verdict {
    STATS_SAME,         /* no difference above delta is shown, and one would have been seen */
    STATS_SLOWER,       /* the lower bound is above 1 + delta */
    STATS_FASTER,       /* the upper bound is below 1 - delta */
    STATS_INCONCLUSIVE, /* the bounds are further apart than 10 %: too noisy to say */
};

const char *stats_verdict_name(enum stats_verdict verdict); /* "slower" */

enum stats_verdict stats_judge(const struct stats_ratio *ratio, double delta);

/* The least difference a gate may speak of: 2 %, or the noise floor if that is higher. */
double stats_delta(double noise_floor);

/* 99th percentile of |R - 1| over earlier A/A ratios of the same benchmark; 0 of none. */
double stats_noise_floor(const double *ratios, size_t count);

#endif

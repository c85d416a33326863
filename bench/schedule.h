/*
 * In which order runs are made. Commands measured one after the other differ
 * by what the machine did meanwhile: in 500 decisions on identical commands,
 * a significance test called 24 % different in blocked order and 2 %
 * interleaved. So every block runs each arm twice, in a random order and then
 * in its mirror image:
 *
 *     two arms, a "quad":   A B B A   or   B A A B, by a throw of the seed
 *     three arms:           C A B B A C
 *
 * The mirror cancels a drift that is linear in time; throwing the coin anew
 * for each block keeps any arm from always having the sheltered inner place
 * (a fixed ABBA makes the low quantiles of A and B differ by itself).
 *
 * Blocked order is hyperfine's and remains for commands whose --setup or
 * --cleanup cannot live side by side.
 */
#ifndef HOLDFAST_BENCH_SCHEDULE_H
#define HOLDFAST_BENCH_SCHEDULE_H

#include <stddef.h>

#include "bench/stats.h"

enum schedule_order {
    SCHEDULE_INTERLEAVED,
    SCHEDULE_BLOCKED,
};

const char *schedule_order_name(enum schedule_order order); /* "interleaved" */

/* One block: order[0 .. 2 x arms) gets arm numbers, each twice. */
void schedule_block(struct stats_rng *rng, size_t arms, size_t *order);

/* Half a block: order[0 .. arms) gets each arm once, for an odd number of runs. */
void schedule_half_block(struct stats_rng *rng, size_t arms, size_t *order);

#endif

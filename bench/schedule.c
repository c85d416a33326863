#include "bench/schedule.h"

const char *schedule_order_name(enum schedule_order order)
{
    switch (order) {
    case SCHEDULE_INTERLEAVED:
        return "interleaved";
    case SCHEDULE_BLOCKED:
        return "blocked";
    }
    return "interleaved";
}

void schedule_half_block(struct stats_rng *rng, size_t arms, size_t *order)
{
    for (size_t i = 0; i < arms; i++)
        order[i] = i;
    stats_rng_shuffle(rng, order, arms);
}

void schedule_block(struct stats_rng *rng, size_t arms, size_t *order)
{
    schedule_half_block(rng, arms, order);
    for (size_t i = 0; i < arms; i++)
        order[2 * arms - 1 - i] = order[i];
}

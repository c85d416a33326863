#include "base/test.h"

#include "bench/schedule.h"

Test(schedule, two_arms_make_abba_and_baab_equally_often)
{
    struct stats_rng rng;
    unsigned inner[2] = {0};
    size_t order[4];

    stats_rng_init(&rng, 3);
    for (int block = 0; block < 1000; block++) {
        schedule_block(&rng, 2, order);
        cr_assert(order[0] == order[3] && order[1] == order[2] && order[0] != order[1]);
        inner[order[1]]++;
    }
    cr_assert(inner[0] > 400 && inner[0] < 600, "A was inside %u times of 1000", inner[0]);
}

Test(schedule, each_arm_runs_twice_and_mirrored)
{
    struct stats_rng rng;
    size_t order[10];
    unsigned first[5] = {0};

    stats_rng_init(&rng, 4);
    for (int block = 0; block < 1000; block++) {
        unsigned runs[5] = {0};

        schedule_block(&rng, 5, order);
        for (size_t i = 0; i < 10; i++) {
            cr_assert(order[i] < 5);
            cr_assert_eq(order[i], order[9 - i], "the second half mirrors the first");
            runs[order[i]]++;
        }
        for (size_t arm = 0; arm < 5; arm++)
            cr_assert_eq(runs[arm], 2);
        first[order[0]]++;
    }
    for (size_t arm = 0; arm < 5; arm++)
        cr_assert(first[arm] > 130, "arm %zu came first %u times of 1000", arm, first[arm]);
}

Test(schedule, the_seed_decides)
{
    struct stats_rng one;
    struct stats_rng two;
    size_t left[8];
    size_t right[8];

    stats_rng_init(&one, 5);
    stats_rng_init(&two, 5);
    for (int block = 0; block < 20; block++) {
        schedule_block(&one, 4, left);
        schedule_block(&two, 4, right);
        for (size_t i = 0; i < 8; i++)
            cr_assert_eq(left[i], right[i]);
    }
}

Test(schedule, one_arm_is_itself)
{
    struct stats_rng rng;
    size_t order[2] = {9, 9};

    stats_rng_init(&rng, 6);
    schedule_block(&rng, 1, order);
    cr_assert(order[0] == 0 && order[1] == 0);
    cr_assert_str_eq(schedule_order_name(SCHEDULE_BLOCKED), "blocked");
}

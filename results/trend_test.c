#include "results/trend.h"

#include "base/test.h"

static struct error failure;

/* A level, and noise that has no trend of its own. */
static double noisy(struct stats_rng *rng, double level)
{
    return level + (double)stats_rng_below(rng, 1000) / 20000;
}

static size_t count_changes(const bool *is_change, size_t count)
{
    size_t found = 0;

    for (size_t i = 0; i < count; i++)
        found += is_change[i];
    return found;
}

Test(trend, marks_where_a_new_level_begins)
{
    double values[40];
    bool is_change[40];
    struct stats_rng rng;

    stats_rng_init(&rng, 3);
    for (size_t i = 0; i < 40; i++)
        values[i] = noisy(&rng, i < 15 ? 1.0 : i < 28 ? 1.3 : 1.1);
    cr_assert_eq(trend_changes(values, 40, is_change, &failure), 0);
    cr_assert(is_change[15], "the first change");
    cr_assert(is_change[28], "the second change");
    cr_assert_eq(count_changes(is_change, 40), 2);
}

Test(trend, sees_no_change_in_noise)
{
    size_t alarms = 0;

    for (uint64_t seed = 1; seed <= 50; seed++) {
        double values[30];
        bool is_change[30];
        struct stats_rng rng;

        stats_rng_init(&rng, seed);
        for (size_t i = 0; i < 30; i++)
            values[i] = noisy(&rng, 1.0);
        cr_assert_eq(trend_changes(values, 30, is_change, &failure), 0);
        alarms += count_changes(is_change, 30) > 0;
    }
    cr_assert(alarms <= 3, "%zu alarms in 50 series without a change, at 1 %%", alarms);
}

Test(trend, few_points_have_no_change)
{
    const double values[] = {1, 1, 1, 9, 9, 9, 9};
    bool is_change[7];

    cr_assert_eq(trend_changes(values, 7, is_change, &failure), 0);
    cr_assert_eq(count_changes(is_change, 7), 0);
    cr_assert_eq(trend_changes(values, 0, is_change, &failure), 0);
}

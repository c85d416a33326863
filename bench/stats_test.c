#include "base/test.h"

#include <math.h>
#include <stdlib.h>

#include "base/auto.h"
#include "bench/stats.h"

/* Asserted as booleans: the text of a failed comparison of doubles says nothing in every reporter. */
#define NEAR(actual, wanted) (fabs((actual) - (wanted)) < 1e-9)

Test(stats, generator_gives_the_published_sequence)
{
    /* Rosetta Code, Pseudo-random numbers/Splitmix64: the first numbers for this seed. */
    struct stats_rng rng;

    stats_rng_init(&rng, 1234567);
    cr_assert_eq(stats_rng_next(&rng), 6457827717110365317u);
    cr_assert_eq(stats_rng_next(&rng), 3203168211198807973u);
    cr_assert_eq(stats_rng_next(&rng), 9817491932198370423u);
}

Test(stats, below_stays_below_and_reaches_everything)
{
    struct stats_rng rng;
    unsigned seen[7] = {0};

    stats_rng_init(&rng, 1);
    for (int i = 0; i < 7000; i++) {
        uint64_t value = stats_rng_below(&rng, 7);

        cr_assert(value < 7);
        seen[value]++;
    }
    for (int i = 0; i < 7; i++)
        cr_assert(seen[i] > 800 && seen[i] < 1200, "value %d came %u times of 7000", i, seen[i]);
}

Test(stats, quantiles_are_type_7)
{
    /* R: quantile(1:10, c(0, .1, .25, .5, .9, 1)) */
    const double values[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};

    cr_assert(NEAR(stats_quantile(values, 10, 0), 1));
    cr_assert(NEAR(stats_quantile(values, 10, 0.10), 1.9));
    cr_assert(NEAR(stats_quantile(values, 10, 0.25), 3.25));
    cr_assert(NEAR(stats_quantile(values, 10, 0.50), 5.5));
    cr_assert(NEAR(stats_quantile(values, 10, 0.90), 9.1));
    cr_assert(NEAR(stats_quantile(values, 10, 1), 10));
    cr_assert(NEAR(stats_quantile(values, 1, 0.3), 1));
    cr_assert(isnan(stats_quantile(values, 0, 0.5)));
}

Test(stats, summary_of_known_values)
{
    const double values[] = {2, 4, 4, 4, 5, 5, 7, 9};
    struct stats_summary summary;
    struct error err;

    cr_assert_eq(stats_summarize(values, 8, &summary, &err), 0);
    cr_assert_eq(summary.count, 8);
    cr_assert(NEAR(summary.mean, 5));
    cr_assert(NEAR(summary.stddev, sqrt(32.0 / 7)), "the stddev of a sample divides by n - 1");
    cr_assert(NEAR(summary.median, 4.5));
    cr_assert(NEAR(summary.min, 2));
    cr_assert(NEAR(summary.max, 9));
    cr_assert_eq(summary.outlier_count, 0);
    cr_assert(!summary.has_slow_first);
}

Test(stats, one_value_has_no_spread)
{
    const double value = 3;
    struct stats_summary summary;
    struct error err;

    cr_assert_eq(stats_summarize(&value, 1, &summary, &err), 0);
    cr_assert(NEAR(summary.mean, 3));
    cr_assert(isnan(summary.stddev));
    cr_assert_eq(summary.outlier_count, 0);
    cr_assert_eq(stats_summarize(&value, 0, &summary, &err), 0);
    cr_assert(isnan(summary.mean));
}

Test(stats, outliers_and_a_slow_first_run_are_named)
{
    const double late[] = {1.0, 1.1, 0.9, 1.0, 1.1, 30.0};
    const double first[] = {30.0, 1.1, 0.9, 1.0, 1.1, 1.0};
    struct stats_summary summary;
    struct error err;

    cr_assert_eq(stats_summarize(late, 6, &summary, &err), 0);
    cr_assert_eq(summary.outlier_count, 1);
    cr_assert(!summary.has_slow_first);
    cr_assert_eq(stats_summarize(first, 6, &summary, &err), 0);
    cr_assert_eq(summary.outlier_count, 1);
    cr_assert(summary.has_slow_first);
}

/* ---- ratios ---- */

enum {
    QUADS = 64,
    RUNS = 2 * QUADS
};

/* A heavy-tailed run time around `base`: bursts hit neighbours in time, as they do in earnest. */
static double noisy(struct stats_rng *rng, double base, bool is_burst)
{
    double jitter = (double)stats_rng_below(rng, 1000) / 1000;
    double tail = stats_rng_below(rng, 10) == 0 ? 3.0 : 0.0;

    return base * (1 + 0.1 * jitter + tail + (is_burst ? 0.8 : 0.0));
}

static void fill(struct stats_rng *rng, double *reference, double *candidate, double factor)
{
    bool is_burst = false;

    for (size_t quad = 0; quad < QUADS; quad++) {
        if (stats_rng_below(rng, 5) == 0)
            is_burst = !is_burst;
        for (size_t i = 0; i < 2; i++) {
            reference[2 * quad + i] = noisy(rng, 1, is_burst);
            candidate[2 * quad + i] = noisy(rng, factor, is_burst);
        }
    }
}

Test(stats, ratio_is_that_of_the_p10_and_scales_out)
{
    double reference[RUNS];
    double candidate[RUNS];
    double scaled[RUNS];
    struct stats_arms arms = {reference, candidate, QUADS, 2};
    struct stats_ratio ratio;
    struct stats_ratio twice;
    struct stats_rng rng;
    struct error err;

    stats_rng_init(&rng, 7);
    fill(&rng, reference, candidate, 1.3);
    cr_assert_eq(stats_ratio(&arms, &stats_gate_how, &ratio, &err), 0);
    cr_assert_eq(ratio.blocks, QUADS);
    cr_assert(ratio.low <= ratio.ratio && ratio.ratio <= ratio.high);
    cr_assert(fabs(ratio.ratio - 1.3) < 0.05, "ratio %.3f", ratio.ratio);
    cr_assert(NEAR(stats_ratio_point(&arms, 0.10), ratio.ratio));
    for (size_t i = 0; i < RUNS; i++)
        scaled[i] = 2 * candidate[i];
    arms.candidate = scaled;
    cr_assert_eq(stats_ratio(&arms, &stats_gate_how, &twice, &err), 0);
    cr_assert(NEAR(twice.ratio, 2 * ratio.ratio));
    cr_assert(NEAR(twice.low, 2 * ratio.low), "the same seed draws the same blocks");
    cr_assert(NEAR(twice.high, 2 * ratio.high));
}

Test(stats, ratio_equals_the_plain_quantiles)
{
    /* 4 blocks of 2: the p10 of 1..8 is 1.7, of 2..16 it is 3.4. */
    const double reference[] = {8, 1, 3, 6, 2, 7, 5, 4};
    const double candidate[] = {16, 2, 6, 12, 4, 14, 10, 8};
    struct stats_arms arms = {reference, candidate, 4, 2};
    struct stats_ratio ratio;
    struct error err;

    cr_assert_eq(stats_ratio(&arms, &stats_gate_how, &ratio, &err), 0);
    cr_assert(NEAR(ratio.ratio, 2));
    cr_assert(NEAR(ratio.low, 2), "every block has the ratio 2, so every draw has");
    cr_assert(NEAR(ratio.high, 2));
}

Test(stats, a_block_with_a_failed_run_is_left_out)
{
    const double reference[] = {1, 1, NAN, 1, 1, 1};
    const double candidate[] = {2, 2, 9, 9, 2, 2};
    struct stats_arms arms = {reference, candidate, 3, 2};
    struct stats_ratio ratio;
    struct error err;

    cr_assert_eq(stats_ratio(&arms, &stats_gate_how, &ratio, &err), 0);
    cr_assert_eq(ratio.blocks, 2);
    cr_assert(NEAR(ratio.high, 2), "the nines do not count");
}

Test(stats, too_few_blocks_are_refused)
{
    const double reference[] = {1, 1};
    const double candidate[] = {2, 2};
    struct stats_arms arms = {reference, candidate, 1, 2};
    struct stats_ratio ratio;
    struct error err;

    cr_assert_eq(stats_ratio(&arms, &stats_gate_how, &ratio, &err), -1);
    cr_assert_eq(err.code, ERR_INVALID);
}

/* The gate's promise in small; bench/README.md has it on recorded runs. */
Test(stats, equal_arms_are_never_slower_and_a_quarter_is_seen)
{
    double reference[RUNS];
    double candidate[RUNS];
    struct stats_arms arms = {reference, candidate, QUADS, 2};
    struct stats_ratio ratio;
    struct stats_rng rng;
    struct error err;
    unsigned alarms = 0;
    unsigned seen = 0;

    stats_rng_init(&rng, 99);
    for (int trial = 0; trial < 100; trial++) {
        fill(&rng, reference, candidate, 1);
        cr_assert_eq(stats_ratio(&arms, &stats_gate_how, &ratio, &err), 0);
        alarms += stats_judge(&ratio, stats_delta(0)) == STATS_SLOWER;
        fill(&rng, reference, candidate, 1.25);
        cr_assert_eq(stats_ratio(&arms, &stats_gate_how, &ratio, &err), 0);
        seen += stats_judge(&ratio, stats_delta(0)) == STATS_SLOWER;
    }
    cr_assert(alarms <= 1, "%u false alarms of 100", alarms);
    cr_assert(seen >= 99, "+25 %% was seen %u times of 100", seen);
}

Test(stats, verdicts_follow_the_bounds)
{
    struct stats_ratio slower = {.ratio = 1.1, .low = 1.03, .high = 1.2};
    struct stats_ratio faster = {.ratio = 0.9, .low = 0.8, .high = 0.97};
    struct stats_ratio same = {.ratio = 1.0, .low = 0.99, .high = 1.01};
    struct stats_ratio wide = {.ratio = 1.0, .low = 0.9, .high = 1.1};

    cr_assert_eq(stats_judge(&slower, 0.02), STATS_SLOWER);
    cr_assert_eq(stats_judge(&slower, 0.03), STATS_INCONCLUSIVE, "1.03 is not above 1.03");
    cr_assert_eq(stats_judge(&faster, 0.02), STATS_FASTER);
    cr_assert_eq(stats_judge(&same, 0.02), STATS_SAME);
    cr_assert_eq(stats_judge(&wide, 0.02), STATS_INCONCLUSIVE);
    cr_assert_str_eq(stats_verdict_name(STATS_INCONCLUSIVE), "inconclusive");
}

Test(stats, the_noise_floor_raises_delta)
{
    double ratios[101];

    for (int i = 0; i <= 100; i++)
        ratios[i] = 1 + (i % 2 == 0 ? 1 : -1) * i / 1000.0;
    cr_assert(NEAR(stats_noise_floor(ratios, 101), 0.099));
    cr_assert(NEAR(stats_noise_floor(ratios, 0), 0));
    cr_assert(NEAR(stats_delta(0.099), 0.099));
    cr_assert(NEAR(stats_delta(0.001), 0.02));
}

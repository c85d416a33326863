#include "bench/stats.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

/* 0.6745 x |x - median| / MAD > 10 x 0.6745 x 1.4826 says the same as this; hyperfine's threshold. */
static const double outlier_threshold = 14.826;

static const double least_delta = 0.02;
static const double widest_half_width = 0.05;

const struct stats_how stats_gate_how = {
    .quantile = 0.10, .confidence = 0.99, .draws = 2000, .seed = 0x686f6c6466617374u};
const struct stats_how stats_report_how = {
    .quantile = 0.10, .confidence = 0.975, .draws = 2000, .seed = 0x686f6c6466617374u};

void stats_rng_init(struct stats_rng *rng, uint64_t seed)
{
    rng->state = seed;
}

uint64_t stats_rng_next(struct stats_rng *rng)
{
    uint64_t z = (rng->state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t stats_rng_below(struct stats_rng *rng, uint64_t bound)
{
    /* Values below 2^64 mod bound would make small results likelier: draw again. */
    uint64_t unfair = (0 - bound) % bound;
    uint64_t value;

    do
        value = stats_rng_next(rng);
    while (value < unfair);
    return value % bound;
}

void stats_rng_shuffle(struct stats_rng *rng, size_t *items, size_t count)
{
    for (size_t left = count; left > 1; left--) {
        size_t chosen = (size_t)stats_rng_below(rng, left);
        size_t kept = items[left - 1];

        items[left - 1] = items[chosen];
        items[chosen] = kept;
    }
}

static int compare_doubles(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return (a > b) - (a < b);
}

void stats_sort(double *values, size_t count)
{
    if (count > 1)
        qsort(values, count, sizeof *values, compare_doubles);
}

double stats_quantile(const double *sorted, size_t count, double q)
{
    double position;
    size_t below;

    if (count == 0)
        return NAN;
    position = (double)(count - 1) * q;
    below = (size_t)position;
    if (below + 1 >= count)
        return sorted[count - 1];
    return sorted[below] + (position - (double)below) * (sorted[below + 1] - sorted[below]);
}

static double *copy_of(const double *values, size_t count)
{
    double *copy = malloc((count > 0 ? count : 1) * sizeof *copy);

    if (copy != NULL && count > 0)
        memcpy(copy, values, count * sizeof *copy);
    return copy;
}

static void summarize_moments(const double *values, size_t count, struct stats_summary *summary)
{
    double sum = 0;
    double squares = 0;

    for (size_t i = 0; i < count; i++)
        sum += values[i];
    summary->mean = sum / (double)count;
    for (size_t i = 0; i < count; i++)
        squares += (values[i] - summary->mean) * (values[i] - summary->mean);
    if (count > 1)
        summary->stddev = sqrt(squares / (double)(count - 1));
}

/* scratch holds the sorted values and is used up. */
static void summarize_outliers(const double *values, size_t count, double *scratch,
                               struct stats_summary *summary)
{
    double deviation;

    for (size_t i = 0; i < count; i++)
        scratch[i] = fabs(scratch[i] - summary->median);
    stats_sort(scratch, count);
    deviation = stats_quantile(scratch, count, 0.5);
    if (!(deviation > 0))
        deviation = 2.2250738585072014e-308; /* as hyperfine does: then any difference stands out */
    for (size_t i = 0; i < count; i++) {
        double score = (values[i] - summary->median) / deviation;

        summary->outlier_count += fabs(score) > outlier_threshold;
        if (i == 0)
            summary->has_slow_first = score > outlier_threshold;
    }
}

int stats_summarize(const double *values, size_t count, struct stats_summary *summary,
                    struct error *err)
{
    AUTO_FREE double *sorted = copy_of(values, count);
    struct stats_summary made = {.count = count,
                                 .mean = NAN,
                                 .stddev = NAN,
                                 .median = NAN,
                                 .min = NAN,
                                 .max = NAN,
                                 .p10 = NAN,
                                 .p90 = NAN};

    if (sorted == NULL)
        return error_memory(err, "summary of run times");
    if (count > 0) {
        stats_sort(sorted, count);
        made.min = sorted[0];
        made.max = sorted[count - 1];
        made.median = stats_quantile(sorted, count, 0.5);
        made.p10 = stats_quantile(sorted, count, 0.1);
        made.p90 = stats_quantile(sorted, count, 0.9);
        summarize_moments(values, count, &made);
        summarize_outliers(values, count, sorted, &made);
    }
    *summary = made;
    return 0;
}

/* One arm, sorted by value, each value with the number of its block: a bootstrap draw is then one
 * walk from the bottom that counts each value as often as its block was drawn. */
struct ranked {
    double value;
    size_t block;
};

static int compare_ranked(const void *left, const void *right)
{
    const struct ranked *a = left;
    const struct ranked *b = right;

    if (a->value != b->value)
        return a->value < b->value ? -1 : 1;
    return (a->block > b->block) - (a->block < b->block);
}

static bool is_complete(const double *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!(values[i] > 0 && values[i] <= DBL_MAX)) /* neither is so of a NAN */
            return false;
    }
    return true;
}

/* The blocks that take part, renumbered from 0; both arms ranked. */
struct sample {
    struct ranked *reference;
    struct ranked *candidate;
    size_t blocks;
    size_t count; /* of values in each arm */
};

static void sample_done(struct sample *sample)
{
    free(sample->reference);
    free(sample->candidate);
}

static void add_block(struct sample *sample, const struct stats_arms *arms, size_t block)
{
    for (size_t i = 0; i < arms->per_block; i++) {
        size_t from = block * arms->per_block + i;

        sample->reference[sample->count] = (struct ranked){arms->reference[from], sample->blocks};
        sample->candidate[sample->count] = (struct ranked){arms->candidate[from], sample->blocks};
        sample->count++;
    }
    sample->blocks++;
}

static int sample_init(struct sample *sample, const struct stats_arms *arms, struct error *err)
{
    size_t most = arms->blocks * arms->per_block;

    *sample = (struct sample){.reference = calloc(most + 1, sizeof *sample->reference),
                              .candidate = calloc(most + 1, sizeof *sample->candidate)};
    if (sample->reference == NULL || sample->candidate == NULL)
        return error_memory(err, "ratio of run times");
    for (size_t block = 0; block < arms->blocks; block++) {
        size_t from = block * arms->per_block;

        if (is_complete(arms->reference + from, arms->per_block) &&
            is_complete(arms->candidate + from, arms->per_block))
            add_block(sample, arms, block);
    }
    qsort(sample->reference, sample->count, sizeof *sample->reference, compare_ranked);
    qsort(sample->candidate, sample->count, sizeof *sample->candidate, compare_ranked);
    return 0;
}

/* Type-7 quantile of the values, each taken times[block] times; they add up to count. */
static double drawn_quantile(const struct ranked *ranked, size_t count, const unsigned *times,
                             double q)
{
    double position = (double)(count - 1) * q;
    size_t below = (size_t)position;
    double fraction = position - (double)below;
    size_t seen = 0;
    size_t i = 0;
    double low;

    while (seen + times[ranked[i].block] <= below)
        seen += times[ranked[i++].block];
    low = ranked[i].value;
    if (fraction <= 0 || seen + times[ranked[i].block] > below + 1)
        return low;
    do
        i++;
    while (times[ranked[i].block] == 0);
    return low + fraction * (ranked[i].value - low);
}

static double drawn_ratio(const struct sample *sample, const unsigned *times, double q)
{
    return drawn_quantile(sample->candidate, sample->count, times, q) /
           drawn_quantile(sample->reference, sample->count, times, q);
}

static void draw_blocks(struct stats_rng *rng, unsigned *times, size_t blocks)
{
    memset(times, 0, blocks * sizeof *times);
    for (size_t i = 0; i < blocks; i++)
        times[stats_rng_below(rng, blocks)]++;
}

static int bound_ratio(const struct sample *sample, const struct stats_how *how,
                       struct stats_ratio *ratio, struct error *err)
{
    AUTO_FREE unsigned *times = calloc(sample->blocks, sizeof *times);
    AUTO_FREE double *drawn = calloc(how->draws, sizeof *drawn);
    struct stats_rng rng;

    if (times == NULL || drawn == NULL)
        return error_memory(err, "bounds of a ratio");
    stats_rng_init(&rng, how->seed);
    for (unsigned draw = 0; draw < how->draws; draw++) {
        draw_blocks(&rng, times, sample->blocks);
        drawn[draw] = drawn_ratio(sample, times, how->quantile);
    }
    stats_sort(drawn, how->draws);
    for (size_t i = 0; i < sample->blocks; i++)
        times[i] = 1;
    ratio->ratio = drawn_ratio(sample, times, how->quantile);
    ratio->low = stats_quantile(drawn, how->draws, 1 - how->confidence);
    ratio->high = stats_quantile(drawn, how->draws, how->confidence);
    ratio->blocks = sample->blocks;
    return 0;
}

int stats_ratio(const struct stats_arms *arms, const struct stats_how *how,
                struct stats_ratio *ratio, struct error *err)
{
    struct sample sample __attribute__((cleanup(sample_done))) = {0};

    if (how->draws == 0 || !(how->quantile >= 0 && how->quantile <= 1) ||
        !(how->confidence > 0.5 && how->confidence < 1))
        return error_set(err, ERR_INVALID, "a ratio needs draws, a quantile and a confidence");
    if (sample_init(&sample, arms, err) < 0)
        return -1;
    if (sample.blocks < 2)
        return error_set(err, ERR_INVALID, "%zu complete blocks are too few for a ratio",
                         sample.blocks);
    return bound_ratio(&sample, how, ratio, err);
}

double stats_ratio_point(const struct stats_arms *arms, double quantile)
{
    struct sample sample __attribute__((cleanup(sample_done))) = {0};
    AUTO_FREE unsigned *times = NULL;
    struct error ignored;

    if (sample_init(&sample, arms, &ignored) < 0 || sample.blocks == 0)
        return NAN;
    times = calloc(sample.blocks, sizeof *times);
    if (times == NULL)
        return NAN;
    for (size_t i = 0; i < sample.blocks; i++)
        times[i] = 1;
    return drawn_ratio(&sample, times, quantile);
}

const char *stats_verdict_name(enum stats_verdict verdict)
{
    switch (verdict) {
    case STATS_SAME:
        return "same";
    case STATS_SLOWER:
        return "slower";
    case STATS_FASTER:
        return "faster";
    case STATS_INCONCLUSIVE:
        return "inconclusive";
    }
    return "inconclusive";
}

enum stats_verdict stats_judge(const struct stats_ratio *ratio, double delta)
{
    if (ratio->low > 1 + delta)
        return STATS_SLOWER;
    if (ratio->high < 1 - delta)
        return STATS_FASTER;
    if (!((ratio->high - ratio->low) / 2 <= widest_half_width))
        return STATS_INCONCLUSIVE;
    return STATS_SAME;
}

double stats_delta(double noise_floor)
{
    return noise_floor > least_delta ? noise_floor : least_delta;
}

double stats_noise_floor(const double *ratios, size_t count)
{
    AUTO_FREE double *distances = copy_of(ratios, count);

    if (distances == NULL || count == 0)
        return 0;
    for (size_t i = 0; i < count; i++)
        distances[i] = fabs(ratios[i] - 1);
    stats_sort(distances, count);
    return stats_quantile(distances, count, 0.99);
}

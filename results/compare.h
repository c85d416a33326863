/*
 * The parts of `holdfast compare`, between its three files.
 */
#ifndef HOLDFAST_RESULTS_COMPARE_H
#define HOLDFAST_RESULTS_COMPARE_H

#include <jansson.h>

#include "base/buffer.h"
#include "results/bench_model.h"
#include "results/diff.h"
#include "results/input.h"

struct compare_style {
    bool is_markdown;
    bool has_color;
};

/* One comparison: A and B with what they are called. */
struct pair {
    const struct input *a, *b;
    struct side side_a, side_b;
};

void compare_write_runs(struct buffer *out, const struct compare_style *style,
                        const struct pair *pair, const struct diff *diff);
json_t *compare_runs_json(const struct pair *pair, const struct diff *diff);

/* Reasons to distrust a comparison, up to COMPARE_CAUTIONS texts; returns how many. */
enum {
    COMPARE_CAUTIONS = 6
};
size_t compare_cautions(const struct pair *pair, const char *cautions[COMPARE_CAUTIONS]);

/* Benchmarks: B against A of two files, or every subject against its reference in one. */
struct bench_row {
    const struct bench_result *before; /* NULL: new */
    const struct bench_result *after;  /* NULL: gone */
    bool has_ratio;
    bool is_interleaved;
    struct stats_ratio ratio; /* 95 % */
};

struct bench_diff {
    struct bench_row *rows;
    size_t count;
};

int bench_diff_init(struct bench_diff *diff, const struct bench_file *a, const struct bench_file *b,
                    struct error *err);
void bench_diff_done(struct bench_diff *diff);
void compare_write_bench(struct buffer *out, const struct compare_style *style,
                         const struct pair *pair, const struct bench_diff *diff);
json_t *compare_bench_json(const struct pair *pair, const struct bench_diff *diff);

/* "12.3 ms" */
void format_seconds(double seconds, char *out, size_t out_size);

#endif

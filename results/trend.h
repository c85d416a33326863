/*
 * Published runs over time: results/published/DATE-NAME/{conformance,bench}.json.
 * Advisory: nothing gates on it. For verdicts every change is a fact and is
 * listed; for benchmarks, which were measured on different days, change points
 * are guesses of a test and are marked as such.
 */
#ifndef HOLDFAST_RESULTS_TREND_H
#define HOLDFAST_RESULTS_TREND_H

#include "results/bench_model.h"
#include "results/model.h"

enum {
    TREND_NAMES_MAX = 6
};

/* One sandbox on one day. */
struct trend_point {
    char *folder; /* "2026-11-20-debian" */
    size_t escapes, overblocks, invalid, good, applicable;
    size_t changed;               /* cases whose verdict is not that of the point before */
    char *names[TREND_NAMES_MAX]; /* of some of them: "fs.chmod: held -> escaped" */
    size_t name_count;
};

struct trend_line {
    char *sandbox, *identity;
    struct trend_point *points;
    size_t count;
};

struct trend_cost_point {
    char *folder;
    struct stats_ratio ratio;
};

struct trend_cost {
    char *benchmark, *subject, *parameters;
    struct trend_cost_point *points;
    size_t count;
    bool *is_change; /* [point]: a new level begins here */
};

struct trend {
    struct trend_line *lines;
    size_t line_count;
    struct trend_cost *costs;
    size_t cost_count;
    char **folders; /* all days in order, also for the axis */
    size_t folder_count;
    char **unreadable; /* folders that were left out, and why */
    size_t unreadable_count;
};

int trend_read(struct trend *trend, const char *directory, struct error *err);
void trend_done(struct trend *trend);

/*
 * Marks where a series changes its level: the split with the largest
 * difference of means is kept when fewer than 1 % of the permutations of a
 * fixed seed do as well, then both parts are looked at again (binary
 * segmentation; Matteson & James, JASA 109, 2014, for the permutation test).
 * A part has at least four points.
 */
int trend_changes(const double *values, size_t count, bool *is_change, struct error *err);

#endif

/*
 * Benchmarks whose target measures itself and prints what it found, a line for
 * each act: "open 2612.5" or "apply 1033 400 0 120". The name becomes part of
 * the row's, the first number (nanoseconds) its time, the others its counts.
 */
#ifndef HOLDFAST_BENCH_TOLD_H
#define HOLDFAST_BENCH_TOLD_H

#include "bench/builtin.h"

enum {
    TOLD_LINES_MAX = 32,
    TOLD_COUNTS_MAX = 4
};

struct told_line {
    char name[32];
    double time_s;
    int64_t counts[TOLD_COUNTS_MAX];
    size_t count_count;
};

/* The lines of an output; -1 (ERR_INVALID) if one is not of that form, or there is none. */
int told_parse(const char *output, struct told_line *lines, size_t *line_count, struct error *err);

/* An arm of such a benchmark. */
struct told_arm {
    const char *name;
    const char *reference; /* NULL: none */
    bool is_control;
    int command; /* of the stopwatch, STOPWATCH_PIPE */
};

struct told_group {
    const char *benchmark; /* rows are called BENCHMARK.LINE */
    const char *parameter; /* NULL: none */
    const char *value;
    const char *const *count_names; /* NULL-terminated; NULL: no counts */
    struct told_arm *arms;
    size_t arm_count;
    size_t blocks;
};

int told_run(struct context *context, const struct told_group *group, struct error *err);

#endif

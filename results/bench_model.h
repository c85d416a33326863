/*
 * Benchmark results as they are read: hyperfine's JSON, with or without our
 * extras (results/bench.schema.json). Times are seconds. bench/ writes it.
 */
#ifndef HOLDFAST_RESULTS_BENCH_MODEL_H
#define HOLDFAST_RESULTS_BENCH_MODEL_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/stats.h"
#include "results/model.h"

struct bench_count {
    char *name; /* "acl_writes" */
    long long value;
};

struct bench_result {
    char *command;
    char *benchmark;  /* "spawn.true"; of a foreign file: the command */
    char *subject;    /* "linux-namespace"; of a foreign file: "" */
    char *reference;  /* what it was interleaved with; NULL: it is the reference, or was alone */
    char *parameters; /* "roots=100 files=10", sorted; "" for none */
    bool is_control;  /* A/A: the reference once more */
    double *times;    /* in run order, block after block; NAN: a run that failed */
    size_t time_count;
    size_t per_block;
    struct stats_summary summary; /* of the runs that did not fail */
    bool has_ratio;
    struct stats_ratio ratio; /* against the reference, for people (95 %) */
    struct bench_count *counts;
    size_t count_count;
};

struct bench_file {
    bool is_ours;
    char *started, *finished; /* NULL in a foreign file */
    struct result_host host;
    char *fit;        /* "yes" or "no": what the A/A arms said; NULL: not said */
    size_t too_noisy; /* A/A arms that could not say */
    char **skipped;   /* "steady.build, linux-landlock: why", or "nsjail: why" for all benchmarks */
    size_t skipped_count;
    struct bench_result *results;
    size_t result_count;
};

/* Ratios that the file does not have are made here from interleaved times. */
int bench_file_read(struct bench_file *file, const char *path, struct error *err);
void bench_file_done(struct bench_file *file);

/* NULL: none. parameters as in the struct. */
const struct bench_result *bench_file_find(const struct bench_file *file, const char *benchmark,
                                           const char *subject, const char *parameters);
/* The reference arm that belongs to a result; NULL: none. */
const struct bench_result *bench_reference_of(const struct bench_file *file,
                                              const struct bench_result *result);
/* Ratio of the p10s of two results; from one file and interleaved, it is one a gate may use. */
int bench_ratio(const struct bench_result *reference, const struct bench_result *candidate,
                const struct stats_how *how, struct stats_ratio *ratio, struct error *err);

#endif

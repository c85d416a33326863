/*
 * The built-in benchmarks, and what they share. Each is one function that
 * appends rows to the report; most are a few groups:
 *
 *     group = one target x some arms, measured in one schedule --> a row per arm and metric
 */
#ifndef HOLDFAST_BENCH_BUILTIN_H
#define HOLDFAST_BENCH_BUILTIN_H

#include "bench/console.h"
#include "bench/experiment.h"
#include "bench/place.h"
#include "bench/subjects.h"

struct context {
    const struct bench_settings *settings;
    struct console *console;
    struct bench_report *report;
    struct place place;
    struct stopwatch *stopwatch;
    struct subjects subjects;
    uint64_t seed; /* of the next group */
};

struct builtin {
    const char *name;
    const char *summary;
    double weight; /* about how long it takes beside the others; for estimates */
    int (*run)(struct context *context, struct error *err);
};

extern const struct builtin builtins[]; /* ends with a NULL name */

bool builtin_is_name(const char *name);

/* Runs those that settings->benchmarks names. What was measured before an error is in the report. */
int builtins_run(const struct bench_settings *settings, struct console *console,
                 struct bench_report *report, struct error *err);

/* For --list. */
int builtins_list(const struct bench_settings *settings, struct error *err);

/* ---- for benchmarks ---- */

/* What of a run becomes the time of a row. */
enum metric {
    METRIC_WALL,  /* start to exit */
    METRIC_FIRST, /* start to the target's first instruction (bench-stamp) */
    METRIC_LAST,  /* from there to exit: teardown, as the target does nothing more */
};

struct group_arm {
    const struct subject *subject;
    const struct subject_wish *wish; /* NULL: the usual policy */
    /* A run with this policy, untimed, before each run; NULL: none. */
    const struct subject_wish *before;
    const char *reference; /* name of the subject it is compared with; NULL: none */
    const char *name;      /* row's subject; NULL: that of the subject */
    const char *value;     /* of the group's parameter; NULL: none */
    bool is_control;
    uint64_t ballast;
};

struct group_row {
    const char *benchmark;
    enum metric metric;
};

struct bench_group {
    const char *const *command; /* the target */
    enum stopwatch_output output;
    const char *parameter; /* name; NULL: none */
    struct group_arm *arms;
    size_t arm_count;
    struct group_row rows[3];
    size_t row_count;
    double seconds;  /* for each arm, about */
    size_t max_runs; /* of each arm, even */
    size_t min_runs; /* also of an arm that takes long */
    unsigned timeout_ms;
};

/* Measures and appends rows; what cannot run is skipped with its reason. */
int group_run(struct context *context, const struct bench_group *group, struct error *err);

/* Arms for all subjects (is_ours_only: modes of this project and none), each compared with "none",
 * and the A/A arm. Caller frees *arms. */
int group_make_arms(struct context *context, bool is_ours_only, struct group_arm **arms,
                    size_t *count, struct error *err);

/* Path of one of our programs in the place. Caller frees. */
char *context_program(const struct context *context, const char *name, struct error *err);

/* A new seed for each group, so that orders differ. */
uint64_t context_next_seed(struct context *context);

/* Values of a parameter: those of -L NAME, else these (quick: the first `quick_count`). */
struct words context_values(const struct context *context, const char *name,
                            const char *const *usual, size_t usual_count, size_t quick_count,
                            struct error *err);

int bench_acl(struct context *context, struct error *err);
int bench_against(struct context *context, struct error *err); /* --against */
int bench_api(struct context *context, struct error *err);
int bench_api_leak(struct context *context, struct error *err); /* a part of `leak` */
int bench_calibrate(struct context *context, struct error *err);
int bench_growth(struct context *context, struct error *err);
int bench_leak(struct context *context, struct error *err);
int bench_memory(struct context *context, struct error *err);
int bench_parallel(struct context *context, struct error *err);
int bench_spawn(struct context *context, struct error *err);
int bench_steady(struct context *context, struct error *err);
int bench_teardown(struct context *context, struct error *err);

#endif

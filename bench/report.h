/*
 * What a benchmark found, as plain data. Its JSON form is hyperfine's export,
 * key for key, so that everything that reads hyperfine's files reads these;
 * what hyperfine does not have stands under x_holdfast (results/bench.schema.json).
 * All times are seconds. Text is owned by the structs.
 */
#ifndef HOLDFAST_BENCH_REPORT_H
#define HOLDFAST_BENCH_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "bench/schedule.h"
#include "bench/stats.h"
#include "bench/stopwatch_wire.h"

struct bench_parameter {
    char *name;
    char *value;
};

struct bench_row_count {
    char *name;
    int64_t value;
};

/* One run. */
struct bench_run {
    double wall_s; /* what is compared: by default start to exit */
    double user_s;
    double system_s;
    int64_t memory_bytes; /* -1: not known */
    int exit_code;        /* -1: not known */
    unsigned flags;       /* enum stopwatch_flag */
};

/* One command, or one benchmark of one subject with one set of parameters. */
struct bench_row {
    char *command;   /* what hyperfine shows: the name given, or the command line */
    char *benchmark; /* "spawn.true", or bench_of_commands */
    char *subject;   /* a mode, an adapter, "none", or the command's name */
    char *reference; /* subject of the same blocks that it is compared with; NULL: none */
    bool is_control; /* the A/A arm: the reference once more */
    bool is_aside;   /* not among the results of the JSON but under x_holdfast.controls: scripts
                        that take exactly the commands given shall find exactly those */
    unsigned per_block;
    struct bench_parameter *parameters;
    size_t parameter_count;
    struct bench_run *runs;
    size_t run_count;
    struct bench_row_count *counts;
    size_t count_count;
    double shell_s; /* start of the shell, already taken off each time; 0: no shell */
    char *note;     /* words for people: why it is not runnable, what stands out; may be NULL */
    /* From bench_report_finish(): */
    struct stats_summary wall;
    double user_mean_s;
    double system_mean_s;
    bool has_ratio;
    struct stats_ratio ratio; /* two-sided 95 % */
    enum stats_verdict verdict;
};

/* The machine and what it was doing. */
struct bench_host {
    char *os, *kernel, *arch, *cpu, *machine; /* machine: "vm", "container", "wsl2", "bare" or "" */
    char *clock;                              /* clock source */
    char *governor;                           /* frequency governor; "" if there is none */
    unsigned cpus;
    uint64_t memory_bytes;
    int landlock_abi;
    double load_before, load_after; /* one-minute averages; -1: not known */
    uint64_t steal_ms;              /* CPU time that the hypervisor gave to others during the run */
};

/* What was not measured, and why. */
struct bench_skipped {
    char *benchmark; /* NULL: the subject does not run here at all */
    char *subject;
    char *reason; /* in its own words: hostile text */
};

struct bench_took {
    char *benchmark;
    double seconds;
};

struct bench_report {
    struct bench_row *rows;
    size_t row_count;
    struct bench_skipped *skipped;
    size_t skipped_count;
    struct bench_host host;
    uint64_t seed;
    enum schedule_order order;
    char *identity;           /* "root", "user" */
    char *started, *finished; /* RFC 3339, UTC */
    bool has_control;         /* there was an A/A arm */
    bool is_fit;              /* none of them raised an alarm: the machine was fit to judge */
    size_t control_count;     /* A/A arms, and those among them whose bounds are too wide to say */
    size_t noisy_count;
    struct bench_took *took; /* how long each built-in benchmark took */
    size_t took_count;
    bool is_interrupted;
    bool is_slower; /* --against: a mode is slower than that of the other build, twice */
};

void bench_report_init(struct bench_report *report);
void bench_report_done(struct bench_report *report);

/* A new row at the end, with copies of the names; the rest is empty. The pointer is valid until the
 * next row is added. reference may be NULL. */
struct bench_row *bench_report_add_row(struct bench_report *report, const char *command,
                                       const char *benchmark, const char *subject,
                                       const char *reference, struct error *err);
int bench_report_add_took(struct bench_report *report, const char *benchmark, double seconds,
                          struct error *err);
int bench_report_add_skipped(struct bench_report *report, const char *benchmark,
                             const char *subject, const char *reason, struct error *err);
int bench_row_set_parameter(struct bench_row *row, const char *name, const char *value,
                            struct error *err);
int bench_row_set_count(struct bench_row *row, const char *name, int64_t value, struct error *err);
int bench_row_set_note(struct bench_row *row, struct error *err, const char *format, ...)
    HOLDFAST_PRINTF(3, 4);
/* Room for `count` more runs, zeroed; NULL when out of memory. */
struct bench_run *bench_row_add_runs(struct bench_row *row, size_t count, struct error *err);

/* A run from a sample: start to exit, less shell_s. */
struct bench_run bench_run_of(const struct stopwatch_sample *sample, double shell_s);

/* The benchmark of the user's own commands: rows with different parameters are compared too. */
extern const char bench_of_commands[]; /* "command" */

/* Same benchmark, same parameters, subject as named. NULL: none. */
const struct bench_row *bench_report_find(const struct bench_report *report,
                                          const struct bench_row *like, const char *subject);

/* Summaries, ratios against each row's reference, and whether the machine was fit. Runs that
 * failed or timed out take no part in ratios, their blocks neither. Where one arm has fewer runs,
 * both had the first blocks in common (experiment.h): the ratio is over those. */
int bench_report_finish(struct bench_report *report, struct error *err);

/* JSON. Writing needs bench_report_finish() before; reading fills runs and calls it itself. Reading takes
 * hyperfine's own files too. */
int bench_report_write(const struct bench_report *report, const char *path, struct error *err);
int bench_report_print(const struct bench_report *report, struct error *err); /* to stdout */
int bench_report_read(struct bench_report *report, const char *path, struct error *err);

/* The JSON that github-action-benchmark reads as customSmallerIsBetter: name, value, unit, range and
 * extra of each row that has runs; the value is the p10 in milliseconds. "-": stdout. */
int bench_report_write_action(const struct bench_report *report, const char *path,
                              struct error *err);

/* For bench_report_read(): the wall time alone of each run, in run order. Caller frees. */
double *bench_row_times(const struct bench_row *row, struct error *err);

#endif

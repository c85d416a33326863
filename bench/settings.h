/* The command line of `holdfast bench`, as data. Text points into argv unless said otherwise. */
#ifndef HOLDFAST_BENCH_SETTINGS_H
#define HOLDFAST_BENCH_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "bench/export.h"
#include "bench/scan.h"
#include "bench/stopwatch_wire.h"
#include "bench/words.h"

enum {
    SETTINGS_EXPORTS_MAX = 16,
    SETTINGS_CODES_MAX = 16
};

enum settings_style {
    STYLE_AUTO,
    STYLE_BASIC,   /* no colour, no live line */
    STYLE_FULL,    /* both, also without a terminal */
    STYLE_NOCOLOR, /* a live line without colour */
    STYLE_COLOR,   /* colour without a live line */
    STYLE_NONE,    /* nothing at all */
};

enum settings_sort {
    SORT_AUTO, /* the summary by speed, tables in order of the commands */
    SORT_COMMAND,
    SORT_MEAN_TIME,
};

enum settings_export_kind {
    EXPORTS_REPORT, /* hyperfine's JSON */
    EXPORTS_ACTION, /* the JSON that github-action-benchmark reads */
    EXPORTS_TABLE,
};

struct settings_export {
    enum settings_export_kind kind;
    enum export_format format; /* of a table */
    const char *path;          /* "-": stdout */
};

struct bench_settings {
    struct words benchmarks; /* names of built-in ones */
    struct words commands;   /* command lines */
    /* how often */
    size_t warmup;
    bool has_warmup;
    size_t runs; /* 0: decided by time */
    size_t min_runs, max_runs;
    double seconds; /* for each command, when nobody says how often */
    unsigned timeout_ms;
    /* around the runs: none, one for all, or one per command */
    const char *setup;
    const char *cleanup;
    struct words prepare;
    struct words conclude;
    struct words names;
    /* what */
    const char *reference;
    const char *reference_name;
    struct scan scan;
    const char *scan_step; /* -D */
    struct words ranges;   /* -P, until all options are known */
    const char *shell;     /* NULL: none */
    bool accepts_failure;
    int accepted_codes[SETTINGS_CODES_MAX]; /* none: any */
    size_t accepted_count;
    bool shows_output;
    struct words outputs;
    const char *input;
    /* built-in benchmarks */
    struct words modes;
    struct words adapters;
    const char *identity;
    const char *against; /* build directory whose programs are the reference */
    bool is_quick;
    bool is_list;
    const char *plots;
    /* order */
    bool has_order;
    enum schedule_order order;
    bool has_control;
    uint64_t seed;
    bool has_seed;
    /* output */
    enum settings_style style;
    enum settings_sort sort;
    enum unit unit;
    bool prints_json;
    bool is_strict;
    const char *baseline;
    struct settings_export exports[SETTINGS_EXPORTS_MAX];
    size_t export_count;
};

void bench_settings_init(struct bench_settings *settings);
void bench_settings_done(struct bench_settings *settings);

/* OPTIONS_PARSED or OPTIONS_ANSWERED (base/options.h); -1: ERR_USAGE with a hint. Words before "--"
 * that are names of built-in benchmarks (is_benchmark says) are benchmarks; other words there and all
 * words after it are commands. */
int bench_settings_parse(struct bench_settings *settings, int argc, char **argv,
                         bool (*is_benchmark)(const char *name), struct error *err);

#endif

/*
 * Parameters that take several values: -L compiler gcc,clang and -P threads 1 8.
 * Several lists make every combination, the first one turning fastest. The
 * text {compiler} in a command is replaced by the value.
 */
#ifndef HOLDFAST_BENCH_SCAN_H
#define HOLDFAST_BENCH_SCAN_H

#include "bench/report.h"
#include "bench/words.h"

struct scan {
    struct words names;
    struct words *values; /* one list per name */
};

void scan_init(struct scan *scan);
void scan_done(struct scan *scan);

/* "a,b,c". ERR_USAGE: no name, or one that is there already. */
int scan_add_list(struct scan *scan, const char *name, const char *values, struct error *err);

/* Decimal numbers from min to max in steps (NULL: 1), exactly: 0.3, 0.5, 0.7. ERR_USAGE: not
 * numbers, no step that leads from min to max, more than 100 000 values. */
int scan_add_range(struct scan *scan, const char *name, const char *min, const char *max,
                   const char *step, struct error *err);

/* How many combinations there are: 1 without parameters. */
size_t scan_count(const struct scan *scan);

/* The value of parameter `name` in one combination. */
const char *scan_value(const struct scan *scan, size_t combination, size_t name);

/* text with each {name} replaced. Caller frees. */
char *scan_substitute(const struct scan *scan, size_t combination, const char *text,
                      struct error *err);

/* The combination as parameters of a row. */
int scan_set_parameters(const struct scan *scan, size_t combination, struct bench_row *row,
                        struct error *err);

#endif

/*
 * The tables that people paste elsewhere, column for column as hyperfine has
 * them, with the p10 and its ratio behind: "Relative" is the quotient of means
 * with errors as hyperfine propagates them, "Ratio" that of the p10s with its
 * 95 % interval.
 */
#ifndef HOLDFAST_BENCH_EXPORT_H
#define HOLDFAST_BENCH_EXPORT_H

#include "base/buffer.h"
#include "bench/report.h"
#include "bench/units.h"

enum export_format {
    EXPORT_CSV, /* always seconds, and a column parameter_NAME for each parameter */
    EXPORT_MARKDOWN,
    EXPORT_ASCIIDOC,
    EXPORT_ORGMODE,
};

/* Rows in the order given, report order if that is NULL. */
void export_table(struct buffer *out, const struct bench_report *report, const size_t *order,
                  enum export_format format, enum unit unit);

/* The same to a file, "-" for stdout. */
int export_write(const struct bench_report *report, const size_t *order, enum export_format format,
                 enum unit unit, const char *path, struct error *err);

/* Quotient of the means of row and of the fastest row, and its error; NAN when it cannot be told. */
struct export_relative {
    double ratio;
    double stddev;
};
struct export_relative export_relative_of(const struct bench_row *row,
                                          const struct bench_row *reference);

/* Rows with runs sorted by mean; `order` has report->row_count elements. */
void export_sort_by_mean(const struct bench_report *report, size_t *order);

#endif

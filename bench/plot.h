/*
 * Growth charts as SVG: one benchmark, its one numeric parameter along the
 * bottom, time upwards, both logarithmic; a line per subject through its p10s
 * and a bar from p10 to p90. Pure: the same report gives the same bytes.
 */
#ifndef HOLDFAST_BENCH_PLOT_H
#define HOLDFAST_BENCH_PLOT_H

#include "base/buffer.h"
#include "bench/report.h"

/* false and nothing added when the benchmark has fewer than two values of one numeric parameter. */
bool plot_growth(struct buffer *out, const struct bench_report *report, const char *benchmark);

/* directory/bench-BENCHMARK.svg for every benchmark that grows. */
int plot_write_all(const struct bench_report *report, const char *directory, struct error *err);

#endif

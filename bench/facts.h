/* What machine a benchmark ran on, and what else that machine was doing. */
#ifndef HOLDFAST_BENCH_FACTS_H
#define HOLDFAST_BENCH_FACTS_H

#include "bench/report.h"

/* Fills report->host and report->started. What cannot be told is "" or -1. */
int facts_begin(struct report *report, struct error *err);

/* Fills load_after, steal_ms and finished. */
int facts_end(struct report *report, struct error *err);

#endif

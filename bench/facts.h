/* What machine a benchmark ran on, and what else that machine was doing. */
#ifndef HOLDFAST_BENCH_FACTS_H
#define HOLDFAST_BENCH_FACTS_H

#include "bench/report.h"

/* Fills report->host and report->started. What cannot be told is "" or -1. */
int bench_facts_begin(struct bench_report *report, struct error *err);

/* Fills load_after, steal_ms and finished. */
int bench_facts_end(struct bench_report *report, struct error *err);

#endif

/* One run, or many at once, timed. */
#ifndef HOLDFAST_BENCH_STOPWATCH_RUN_H
#define HOLDFAST_BENCH_STOPWATCH_RUN_H

#include <stdbool.h>

#include "bench/stopwatch/command.h"

/* Handlers and what every spawn shares. */
int run_set_up(struct error *err);

/* Somebody asked to stop (SIGINT, SIGTERM, the benchmark's death). */
bool run_must_stop(void);

/* What a run prints, to its end. The first bytes are kept, the rest is only drained. */
struct capture {
    size_t size;
    char bytes[STOPWATCH_CAPTURE_MAX];
};

/* capture: NULL unless what a STOPWATCH_PIPE prints is wanted. */
int run_once(struct command *command, const struct wire_run *run, struct stopwatch_sample *sample,
             struct capture *capture, struct error *err);

/* `total` runs, `width` of them at any time; samples in order of their start. */
int run_parallel(const struct command *command, uint32_t total, uint32_t width,
                 struct stopwatch_sample *samples, struct error *err);

#endif

/* A process that makes calls of the library and leaves what it found in shared memory. A call that never
 * comes back shall not hold up the benchmark for ever. */
#ifndef HOLDFAST_BENCH_WORKER_H
#define HOLDFAST_BENCH_WORKER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/* In the worker, first of all: it ends after so many seconds. */
void worker_limit(unsigned seconds);

/* Waits for it. When it did not come to its own end *why says so; -1 only if it cannot be waited for. */
int worker_await(pid_t pid, unsigned seconds, struct error *why, struct error *err);

#endif

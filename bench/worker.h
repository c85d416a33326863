/* A process that makes calls of the library and leaves what it found in shared memory. A call that never
 * comes back shall not hold up the benchmark for ever. */
#ifndef HOLDFAST_BENCH_WORKER_H
#define HOLDFAST_BENCH_WORKER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "bench/subjects.h"
#include "sandbox/sandbox.h"

/* In the worker, first of all: it ends after so many seconds. */
void worker_limit(unsigned seconds);

/* Becomes who the runs are: the library does as its caller may. */
int worker_become(const struct place *place, struct error *err);

/* The policy that subject_expand() makes for command lines, of the library. NULL: *err says why. */
struct sandbox_policy *worker_policy(const struct place *place, const struct subject_wish *wish,
                                     struct error *err);

/* Waits for it. When it did not come to its own end *why says so; -1 only if it cannot be waited for. */
int worker_await(pid_t pid, unsigned seconds, struct error *why, struct error *err);

#endif

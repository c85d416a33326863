/* Counts what a command asks of the kernel: it and all its descendants, by ptrace(2). Slow, and no
 * part of any timing. */
#ifndef HOLDFAST_BENCH_TRACE_H
#define HOLDFAST_BENCH_TRACE_H

#include <stdint.h>

#include "base/error.h"
#include "bench/stopwatch.h"

struct trace_counts {
    int64_t calls;     /* system calls */
    int64_t mounts;    /* calls that make, move, change or remove a mount */
    int64_t rules;     /* Landlock rules */
    int64_t objects;   /* files and directories made or removed, or their mode, owner or attributes
                          written */
    int64_t processes; /* made, the first included */
    int exit_status;   /* as a shell says it */
};

/* ERR_UNSUPPORTED where this platform or its security module has no tracing. */
int trace_command(const char *const *argv, const char *const *env, const char *cwd,
                  const struct stopwatch_identity *identity, struct trace_counts *counts,
                  struct error *err);

#endif

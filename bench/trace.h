/* Counts what a command asks of the kernel: it and all its descendants, by ptrace(2). Slow, and no
 * part of any timing. */
#ifndef HOLDFAST_BENCH_TRACE_H
#define HOLDFAST_BENCH_TRACE_H

#include <stdint.h>

#include "base/error.h"
#include "bench/stopwatch.h"

struct trace_tally {
    int64_t calls;     /* system calls */
    int64_t mounts;    /* calls that make, move, change or remove a mount */
    int64_t rules;     /* Landlock rules */
    int64_t objects;   /* files and directories made or removed, or their mode, owner or attributes
                          written */
    int64_t processes; /* made, the first included */
};

/* Parts of a traced life. Of a command: before its target was executed, the target's life and what goes
 * on beside it, and what comes once the target has ended. Of a function: between its trace_mark()s. */
enum trace_part {
    TRACE_BEFORE,
    TRACE_TARGET,
    TRACE_AFTER,
    TRACE_PARTS
};

struct trace_counts {
    struct trace_tally all;
    struct trace_tally parts[TRACE_PARTS];
    int exit_status; /* as a shell says it */
};

/* ERR_UNSUPPORTED where this platform or its security module has no tracing. target: name of the
 * program's file whose execution parts `before` from the rest; NULL: all is `before`. */
int trace_command(const char *const *argv, const char *const *env, const char *cwd,
                  const struct stopwatch_identity *identity, const char *target,
                  struct trace_counts *counts, struct error *err);

/* The same for a function, which runs in a process of its own; what it returns is the exit status. */
int trace_function(int (*function)(void *argument), void *argument,
                   const struct stopwatch_identity *identity, struct trace_counts *counts,
                   struct error *err);

/* Called by such a function: what follows belongs to this part. */
void trace_mark(enum trace_part part);

#endif

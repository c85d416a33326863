/*
 * Times commands by a small process of its own (stopwatch_linux_main.c says
 * why). Commands are defined once; then any order of runs of them is asked
 * for in one request, so that nothing happens between two runs but the runs.
 *
 *     benchmark --- define, run, run ... ---> bench-stopwatch --- spawn, wait ---> command
 *               <--- samples ----------------
 */
#ifndef HOLDFAST_BENCH_STOPWATCH_H
#define HOLDFAST_BENCH_STOPWATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "bench/stopwatch_wire.h"

struct stopwatch;

/* What is run. All text is borrowed for the call only. */
struct stopwatch_command {
    const char *const *argv; /* NULL-terminated; argv[0] is looked up along PATH */
    const char *const *env;  /* NULL-terminated NAME=VALUE; NULL: that of this process */
    const char *cwd;         /* NULL: unchanged */
    const char *input;       /* file for stdin; NULL: /dev/null */
    const char *output_path; /* STOPWATCH_FILE */
    enum stopwatch_output output;
    enum stopwatch_errors errors;
    uint32_t timeout_ms; /* of each run; 0: none */
    bool is_tidy;        /* flag and kill what a run leaves behind */
};

/* Who runs the commands. */
struct stopwatch_identity {
    bool is_other; /* otherwise this process's own identity */
    uint32_t uid, gid;
};

/* NULL on failure. identity may be NULL. */
struct stopwatch *stopwatch_start(const struct stopwatch_identity *identity, struct error *err);

/* Ends the process; a run under way is killed. Accepts NULL. */
void stopwatch_free(struct stopwatch *stopwatch);

/* The number by which runs name the command, or -1. */
int stopwatch_define(struct stopwatch *stopwatch, const struct stopwatch_command *command,
                     struct error *err);

/* Makes the runs in this order. ERR_INTERRUPTED after Ctrl-C. */
int stopwatch_run(struct stopwatch *stopwatch, const struct wire_run *runs, size_t count,
                  struct stopwatch_sample *samples, struct error *err);

/* `total` runs of one command, `width` at once. */
int stopwatch_run_parallel(struct stopwatch *stopwatch, int command, size_t total, size_t width,
                           struct stopwatch_sample *samples, struct error *err);

/* One run of a STOPWATCH_PIPE command with the first 64 KiB of its output, NUL-terminated. Caller
 * frees *output. */
int stopwatch_capture(struct stopwatch *stopwatch, int command, struct stopwatch_sample *sample,
                      char **output, size_t *size, struct error *err);

/* From now on the process that spawns holds this much memory (0: as little as it can). */
int stopwatch_set_ballast(struct stopwatch *stopwatch, uint64_t bytes, struct error *err);

/* For stopwatch.c: starts the program, connected to two descriptors. One file per platform. */
struct stopwatch_process {
    int to;   /* requests */
    int from; /* replies */
    int64_t pid;
    void *handle; /* Windows */
};
int stopwatch_process_start(struct stopwatch_process *process, const char *program,
                            const struct stopwatch_identity *identity, struct error *err);
void stopwatch_process_end(struct stopwatch_process *process);

#endif

/* A command as the stopwatch keeps it: everything that can be made ready before the clock runs. */
#ifndef HOLDFAST_BENCH_STOPWATCH_COMMAND_H
#define HOLDFAST_BENCH_STOPWATCH_COMMAND_H

#include <spawn.h>
#include <stddef.h>

#include "base/error.h"
#include "bench/stopwatch_wire.h"

/* Own descriptors, out of the way of a child's. */
enum {
    FROM_BENCH = 60,
    TO_BENCH = 61,
    OUTER_STDOUT = 62,
    RUN_PIPE = 63, /* STOPWATCH_PIPE: the write end for the run under way */
};

enum {
    OFFSET_VALUE = sizeof STOPWATCH_OFFSET_NAME
};

struct command {
    struct wire_define define;
    char *strings; /* what argv and env point to, the last two entries of env apart */
    const char *path;
    const char *output;
    char **argv;
    char **env;
    posix_spawn_file_actions_t files;
    int stamp_pipe; /* read end; -1: none */
    uint32_t last_offset;
    char iteration[sizeof STOPWATCH_ITERATION_NAME + 32];
    char offset[OFFSET_VALUE + STOPWATCH_OFFSET_MAX];
};

/* Takes strings (size bytes as wire_define describes). NULL on failure. Lives as long as the
 * process. */
struct command *command_new(const struct wire_define *define, char *strings, size_t size,
                            struct error *err);

/* Sets the two variables of the environment that differ from run to run. */
void command_set_environment(struct command *command, const struct wire_run *run);

#endif

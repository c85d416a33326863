/*
 * What travels between a benchmark (stopwatch.c) and the process that times
 * its runs (stopwatch_linux_main.c, stopwatch_windows_main.c). Both are built
 * together and run on one machine, so the structs travel as they are.
 *
 *     request: wire_header, then `size` bytes      reply: the same
 */
#ifndef HOLDFAST_BENCH_STOPWATCH_WIRE_H
#define HOLDFAST_BENCH_STOPWATCH_WIRE_H

#include <stdint.h>

enum {
    WIRE_MAGIC = 0x31424648,
    WIRE_SIZE_MAX = 16 << 20
};

enum wire_type {
    WIRE_DEFINE,   /* wire_define, then its strings -> WIRE_DONE, count = number of the command */
    WIRE_RUN,      /* count x wire_run -> count x stopwatch_sample */
    WIRE_PARALLEL, /* wire_parallel -> total x stopwatch_sample */
    WIRE_CAPTURE,  /* one wire_run of a STOPWATCH_PIPE -> stopwatch_sample, then what it printed */
    WIRE_BALLAST,  /* uint64_t: bytes to hold in memory from now on */
    WIRE_DONE,
    WIRE_ERROR, /* struct error */
};

struct wire_header {
    uint32_t magic;
    uint32_t type;
    uint32_t count;
    uint32_t size;
};

enum stopwatch_output {
    STOPWATCH_NULL,    /* /dev/null */
    STOPWATCH_INHERIT, /* where the benchmark's own output goes */
    STOPWATCH_PIPE,    /* a pipe that is read to its end while the run is timed */
    STOPWATCH_FILE,    /* created anew for each run */
    STOPWATCH_STAMP,   /* a pipe in which a struct stopwatch_stamp is looked for after the run */
};

enum stopwatch_errors {
    STOPWATCH_ERRORS_NULL,
    STOPWATCH_ERRORS_INHERIT,
    STOPWATCH_ERRORS_OUTPUT, /* where stdout goes */
};

/* Strings, each ended by NUL, in this order: path, cwd, input, output, argv[argc], env[envc].
 * Empty cwd: unchanged. Empty input: /dev/null. */
struct wire_define {
    uint32_t argc;
    uint32_t envc;
    uint32_t output;     /* enum stopwatch_output, of stdout */
    uint32_t errors;     /* enum stopwatch_errors, of stderr */
    uint32_t timeout_ms; /* 0: none */
    uint32_t is_tidy;    /* processes that a run leaves behind are flagged, and killed, untimed */
};

struct wire_run {
    uint32_t command;
    uint32_t iteration;
    uint32_t is_warmup;
    uint32_t env_offset; /* bytes of padding in the environment, below STOPWATCH_OFFSET_MAX */
};

/* Where a stack begins depends on the size of the environment, and speed on where the stack begins
 * (Mytkowicz and others, "Producing Wrong Data Without Doing Anything Obviously Wrong!", ASPLOS
 * 2009): the size is drawn anew for each run. Names as hyperfine's. */
enum {
    STOPWATCH_OFFSET_MAX = 4096
};
#define STOPWATCH_OFFSET_NAME    "HYPERFINE_RANDOMIZED_ENVIRONMENT_OFFSET"
#define STOPWATCH_ITERATION_NAME "HYPERFINE_ITERATION"

struct wire_parallel {
    uint32_t command;
    uint32_t total;
    uint32_t width; /* runs under way at once, at most STOPWATCH_WIDTH_MAX */
    uint32_t unused;
};

enum {
    STOPWATCH_WIDTH_MAX = 256,
    STOPWATCH_CAPTURE_MAX = 64 << 10
};

enum stopwatch_flag {
    STOPWATCH_TIMED_OUT = 1, /* killed because it took longer than its timeout */
    STOPWATCH_LEFTOVER = 2,  /* is_tidy only: a process of the run lived on after it had ended */
};

/* One run. CPU time and memory are those of the process started and of the descendants it waited
 * for, by wait4(2) or by a job object. */
struct stopwatch_sample {
    uint64_t start_ns; /* the raw monotonic clock when spawning began */
    uint64_t wall_ns;  /* from then until the end had been seen */
    uint64_t stamp_ns; /* from then until the target's first instruction; 0: not told */
    uint64_t user_ns;
    uint64_t system_ns;
    uint64_t memory_bytes; /* peak resident size of the largest process */
    uint64_t minor_faults;
    uint64_t major_faults;
    uint64_t voluntary_switches;
    uint64_t involuntary_switches;
    int32_t exit_status; /* as a shell says it: 0..255, 128+n */
    uint32_t flags;      /* enum stopwatch_flag */
};

#define STOPWATCH_STAMP_MAGIC "\x7fHFstamp"

struct stopwatch_stamp {
    char magic[8];
    uint64_t now_ns;
};

#endif

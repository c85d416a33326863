/* One run: what to start, and what became of it. */
#ifndef HOLDFAST_SANDBOX_RUN_H
#define HOLDFAST_SANDBOX_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* What the supervisor refused, for the log: the first ones, and how many there were. */
struct run_refusals {
    volatile unsigned count;
    struct run_refusal {
        int64_t time_s;   /* since 1970 */
        const char *what; /* static: "name", "connect" */
        char object[240]; /* the beginning of a path or an abstract name */
    } rows[64];
};

struct run_request {
    char *const *argv;  /* NULL-terminated, at least one; argv[0] is looked up in PATH of envp */
    char *const *envp;  /* NULL-terminated, as the command shall have it */
    const char *cwd;    /* absolute; NULL: where the caller is */
    uint32_t timeout_s; /* 0: none */
    struct run_refusals *refusals; /* filled while it runs; NULL: nobody asks */
    bool has_terminal; /* descriptor 0 is a terminal, and becomes the command's controlling one */
    bool serves;       /* no command: standard input is the socket of a session (session.h) */
};

struct run_outcome {
    int status; /* as a shell says it: the command's own, 128+n, 124, 126, 127 */
    int signal; /* that ended the command, 0 */
    bool has_timed_out;
    uint64_t user_us; /* processor time of the command and what it waited for */
    uint64_t system_us;
    uint64_t memory_bytes; /* the largest resident size of one process */
    /* as the run's control group counted; 0 without one */
    uint64_t process_refusals; /* processes and threads that the limit forbade */
    uint64_t memory_kills;     /* processes that the limit of memory ended */
};

#endif

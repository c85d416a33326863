/*
 * The life of one policy on a subject, time and touch of each act:
 *
 *     BENCHMARK          a whole run under it, start to exit
 *     BENCHMARK.apply    start to the target's first instruction, after runs of other policies
 *     BENCHMARK.reapply  the same right after a run of the same policy: nothing has changed
 *     BENCHMARK.change   the same right after a run of that policy with one root different
 *     BENCHMARK.undo     from the target's last instruction to the sandbox's return, and what is left
 *
 * A subject is known as a command line here, which sets its sandbox up for each command. The library's
 * session is the one that lives longer (life_measure_session): reapply is its second command.
 */
#ifndef HOLDFAST_BENCH_LIFE_H
#define HOLDFAST_BENCH_LIFE_H

#include "bench/builtin.h"

struct life {
    const char *benchmark; /* "policy.roots" */
    const char *parameter;
    const char *value;
    const char *soil; /* the planted tree: what is left is looked for there */
    const struct subject_wish *wish;
    const struct subject_wish *changed; /* the same with one root different */
};

int life_measure(struct context *context, const struct life *life, struct error *err);
int life_measure_session(struct context *context, const struct life *life, struct error *err);

#endif

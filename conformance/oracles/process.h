/*
 * Processes of a run that are not its children any more: found in /proc by the
 * run's nonce in argv or environment, or in the name of their cgroup. The
 * keeper sees all descendants; this finds what somebody else started for them.
 */
#ifndef HOLDFAST_CONFORMANCE_ORACLES_PROCESS_H
#define HOLDFAST_CONFORMANCE_ORACLES_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* One look at all processes for many nonces: it costs one pass over /proc. */
struct process_search {
    const char *nonce;
    bool is_found;
    char text[160];
};

/* Processes in ours (keepers, victims, the harness) are passed over. */
void process_search_all(struct process_search *searches, size_t count, const pid_t *ours,
                        size_t our_count);

#endif

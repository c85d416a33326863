/*
 * Joins the shards of a run, and runs on several hosts ("legs"), into one run.
 * A leg is either one whole run or all N shards of it, told apart by the host.
 * Nothing is guessed: what cannot be one run is refused by name.
 */
#ifndef HOLDFAST_RESULTS_MERGE_H
#define HOLDFAST_RESULTS_MERGE_H

#include "results/model.h"

struct merge_input {
    const char *path; /* for messages */
    const struct result_run *run;
};

/*
 * ERR_INVALID: a shard is missing or given twice; catalogue digests, versions
 * or builds are mixed; a run was interrupted; shards disagree about their
 * sandboxes. Sandboxes that several legs have are named NAME:OS-ARCH.
 */
int merge_runs(struct result_run *merged, const struct merge_input *inputs, size_t count,
               struct error *err);

#endif

/*
 * Finds cases of a run by (sandbox, identity, id). Borrows the run, which must
 * not grow meanwhile.
 */
#ifndef HOLDFAST_RESULTS_INDEX_H
#define HOLDFAST_RESULTS_INDEX_H

#include "results/model.h"

struct case_index {
    const struct result_case **rows; /* sorted: sandbox, identity, id */
    size_t count;
};

int case_index_init(struct case_index *index, const struct result_run *run, struct error *err);
void case_index_done(struct case_index *index);
const struct result_case *case_index_find(const struct case_index *index, const char *sandbox,
                                          const char *identity, const char *id);
/* The order of rows: <0, 0, >0. */
int case_order(const struct result_case *a, const struct result_case *b);

/* The order of files and reports: sandboxes as in the run, areas as in the catalogue, ids by the
 * alphabet. The same struct, but case_index_find does not work on it. */
int case_index_init_for_people(struct case_index *index, const struct result_run *run,
                               struct error *err);

const struct result_sandbox *result_run_find_sandbox(const struct result_run *run, const char *name,
                                                     const char *identity);

#endif

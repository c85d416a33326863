/*
 * What a team has agreed on: "holdfast.baseline/1" (baseline.schema.json), one
 * verdict per case, small and sorted so that a change of it reads well in a
 * review. Gaps are accepted by name, each with a reason, a link and a day on
 * which it has to be looked at again.
 */
#ifndef HOLDFAST_RESULTS_BASELINE_H
#define HOLDFAST_RESULTS_BASELINE_H

#include "results/model.h"

struct baseline_gap {
    char *id, *sandbox, *identity;
    enum verdict verdict;          /* escaped or overblocked */
    char *reason, *link, *expires; /* "" or NULL: a person still has to say; the gate fails */
};

struct baseline {
    char *path;
    /* Only id, sandbox, identity, verdict and expected of its cases are filled; sandboxes have
     * name, identity and version. */
    struct result_run run;
    struct baseline_gap *gaps;
    size_t gap_count;
    uint64_t new_skips; /* cases that may be skipped although they are not in the baseline */
    bool is_run;        /* a conformance run served as baseline: its gaps need no expiry date */
};

/* Also accepts a conformance run, whose known gaps then count as accepted. */
int baseline_read(struct baseline *baseline, const char *path, struct error *err);
int baseline_write(const struct baseline *baseline, const char *path, struct error *err);
void baseline_done(struct baseline *baseline);

/* NULL: not accepted. */
const struct baseline_gap *baseline_find_gap(const struct baseline *baseline,
                                             const struct result_case *row);

/* What --update fills in for gaps that come with less; members may be NULL. */
struct gap_words {
    const char *reason, *link, *expires;
};

/* A baseline that says what `run` says. Gaps that `old` (may be NULL) knows keep their words and
 * date; a gap documented by the run's expectations brings its own. words == NULL: undocumented
 * escapes and over-blocks do not become gaps. */
int baseline_from_run(struct baseline *baseline, const struct result_run *run,
                      const struct baseline *old, const struct gap_words *words, struct error *err);

#endif

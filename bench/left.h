/* What a run leaves on the machine: entries of a tree, and mounts in it. */
#ifndef HOLDFAST_BENCH_LEFT_H
#define HOLDFAST_BENCH_LEFT_H

#include <stdint.h>

#include "base/error.h"

struct left_snapshot {
    char *directory;
    int64_t start_ns; /* the clock of file times */
    int64_t entries;
    int64_t mounts;
};

struct left_counts {
    int64_t objects_left; /* entries more than before, or fewer */
    int64_t
        objects_written; /* entries whose content, mode, owner, attributes or list changed since */
    int64_t mounts_left; /* in the tree, as this process sees it */
};

/* Waits until the clock of file times has moved on, so that nothing made before looks changed. The
 * caller calls left_done. */
int left_look(struct left_snapshot *snapshot, const char *directory, struct error *err);
int left_count(const struct left_snapshot *snapshot, struct left_counts *counts, struct error *err);
void left_done(struct left_snapshot *snapshot);

#endif

/*
 * Two runs, or two modes of one run, case by case.
 */
#ifndef HOLDFAST_RESULTS_DIFF_H
#define HOLDFAST_RESULTS_DIFF_H

#include "results/model.h"

/* What is held against what: a run, or the part of it that one sandbox made. Borrows. */
struct side {
    const struct result_run *run;
    const char *sandbox;  /* NULL: all */
    const char *identity; /* NULL: all */
};

enum change_kind {
    CHANGE_WORSE,  /* no longer held or works, or something else became an escape */
    CHANGE_BETTER, /* held or works now */
    CHANGE_OTHER,  /* between skipped, invalid and unverifiable; an escape nobody looked at now;
                     between modes: one of them skips it */
    CHANGE_GONE,
    CHANGE_NEW,
};
enum {
    CHANGE_KINDS = CHANGE_NEW + 1
};

struct change {
    enum change_kind kind;
    const struct result_case *before; /* NULL: new */
    const struct result_case *after;  /* NULL: gone */
};

struct diff {
    struct change *changes; /* by kind, area, severity (worst first), id, sandbox */
    size_t count;
    size_t kinds[CHANGE_KINDS];
    size_t unchanged;
};

int diff_init(struct diff *diff, const struct side *a, const struct side *b, struct error *err);
void diff_done(struct diff *diff);

const char *change_kind_name(enum change_kind kind); /* "worse" */
enum change_kind change_between(enum verdict before, enum verdict after);
bool side_has(const struct side *side, const struct result_case *row);

#endif

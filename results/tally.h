/*
 * Counting: what a set of cases amounts to, and the matrix of sandboxes x
 * areas that every report shows.
 *
 * Two scores stand side by side, because a sandbox that refuses everything
 * must not look good: containment (held of all containment cases that apply)
 * and usability (works of all must-work cases that apply). A case applies
 * unless it was skipped, is unverifiable or only informational; an invalid one
 * applies and does not count as held.
 */
#ifndef HOLDFAST_RESULTS_TALLY_H
#define HOLDFAST_RESULTS_TALLY_H

#include "results/model.h"

struct tally {
    size_t total;
    size_t verdicts[VERDICT_COUNT];
    size_t statuses[STATUS_COUNT];
    size_t information; /* informational cases: in no other number here */
};

void tally_add(struct tally *tally, const struct result_case *row);
/* The same with informational cases in all numbers, for formats that count their elements. */
void tally_add_any(struct tally *tally, const struct result_case *row);
/* held + escaped + invalid of containment, or works + overblocked + invalid of must-work. */
size_t tally_applicable(const struct tally *tally);
size_t tally_good(const struct tally *tally); /* held + works */
/* Regressions, fixed gaps and invalid cases: what needs a person. */
/* Not as expected, or without an expectation that could be met. */
size_t tally_unexpected(const struct tally *tally);
size_t tally_bad(const struct tally *tally);

/* One word and one symbol for a cell; the symbol says it without colour. */
enum grade {
    GRADE_NONE,
    GRADE_GOOD,
    GRADE_GAP,
    GRADE_INVALID,
    GRADE_BAD,
    GRADE_UNKNOWN,
    GRADE_INFORMATION,
};
enum grade tally_grade(const struct tally *tally);
enum grade status_grade(enum status status);
enum grade case_grade(const struct result_case *row);
const char *grade_symbol(enum grade grade); /* UTF-8 */
const char *grade_name(enum grade grade);   /* "good", a class name too */

/* Areas: the part of an id before the first point. */
enum {
    AREA_NAME_MAX = 32
};
void area_of(const char *id, char area[AREA_NAME_MAX]);
bool is_must_work(const char *id);
/* "files outside the roots"; NULL for an area that is not in the catalogue's list. */
const char *area_title(const char *area);
/* The catalogue's order, then the alphabet; must-work last. */
int area_order(const char *a, const char *b);

int severity_rank(const char *severity); /* critical 4 .. info 0; NULL or unknown: -1 */

struct matrix {
    char (*areas)[AREA_NAME_MAX]; /* sorted by area_order */
    size_t area_count;
    size_t column_count;     /* the run's sandboxes, in its order */
    struct tally *cells;     /* [area * column_count + column] */
    struct tally *contained; /* [column]: all containment cases */
    struct tally *works;     /* [column]: all must-work cases */
};

int matrix_init(struct matrix *matrix, const struct result_run *run, struct error *err);
void matrix_done(struct matrix *matrix);
const struct tally *matrix_cell(const struct matrix *matrix, size_t area, size_t column);

/* "linux-namespace (user)" */
void sandbox_title(const char *name, const char *identity, char *out, size_t out_size);

#endif

/*
 * What is measured: sandboxes, known by their adapters only, and "none". Each
 * gets the same policy:
 *
 *     workspace P/ws with .git protected, P/extra writable, P/secret denied,
 *     network none, private tmp
 */
#ifndef HOLDFAST_BENCH_SUBJECTS_H
#define HOLDFAST_BENCH_SUBJECTS_H

#include "bench/place.h"
#include "bench/settings.h"
#include "conformance/adapter.h"

struct subject {
    struct adapter adapter;
    char *name;
    char *programs; /* where {programs} points */
    char *reason;   /* not NULL: not runnable here, in its own words */
    bool is_ours;   /* a mode of this project */
    double once_s;  /* how long one run of nothing took, about */
};

struct subjects {
    struct subject *items; /* "none" first */
    size_t count;
};

/* Subjects that were asked for, else all that are shipped; each is tried once. */
int subjects_open(struct subjects *subjects, const struct bench_settings *settings,
                  struct place *place, struct stopwatch *stopwatch, struct error *err);
void subjects_done(struct subjects *subjects);

/* Names of what can be asked for, NULL-terminated. */
extern const char *const subjects_shipped[];

/* The policy of a run, where it differs from the usual one. */
struct subject_wish {
    const char *workspace;            /* NULL: P/ws */
    const char *const *writable;      /* further writable roots; NULL: P/extra alone */
    const char *const *protect;       /* protected paths that exist; NULL: P/ws/.git alone */
    const char *const *protect_names; /* names protected beside the default ones; NULL: none */
    bool is_plain;                    /* the workspace alone: no further root, nothing denied */
};

/* The command line and environment of `command` in this sandbox, defined for the stopwatch. Returns
 * its number. base: input, output, timeout; argv, env and cwd are filled in. */
int subject_define(const struct subject *subject, const struct place *place,
                   const struct subject_wish *wish, const char *const *command,
                   const struct stopwatch_command *base, struct stopwatch *stopwatch,
                   struct error *err);

/* The same as words, for those who start it themselves. env gets the whole environment. */
int subject_expand(const struct subject *subject, const struct place *place,
                   const struct subject_wish *wish, const char *const *command, struct words *argv,
                   struct words *env, struct error *err);

#endif

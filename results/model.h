/*
 * The result model: what a conformance run found, as plain data, with its
 * JSON form "holdfast.conformance/1" (results/conformance.schema.json).
 * conformance/ fills and writes it; compare, gate, merge and report read it.
 * Text members are owned by the struct (malloc'd) unless said otherwise.
 */
#ifndef HOLDFAST_RESULTS_MODEL_H
#define HOLDFAST_RESULTS_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum verdict {
    VERDICT_HELD,
    VERDICT_ESCAPED,
    VERDICT_WORKS,
    VERDICT_OVERBLOCKED,
    VERDICT_INVALID,
    VERDICT_SKIPPED,
    VERDICT_UNVERIFIABLE,
};
enum {
    VERDICT_COUNT = VERDICT_UNVERIFIABLE + 1
};

enum status {
    STATUS_OK,
    STATUS_KNOWN_GAP,
    STATUS_FIXED_GAP,
    STATUS_REGRESSION,
    STATUS_INVALID,
    STATUS_SKIPPED,
    STATUS_UNVERIFIABLE,
    STATUS_UNVERIFIED, /* a verdict where none could be expected: the first of its kind, which
                          somebody has to look at and write down; `expected` is unverifiable */
};
enum {
    STATUS_COUNT = STATUS_UNVERIFIED + 1
};

const char *verdict_name(enum verdict verdict); /* "held" */
const char *status_name(enum status status);    /* "known-gap" */
int verdict_parse(const char *name, enum verdict *verdict, struct error *err);
int status_parse(const char *name, enum status *status, struct error *err);
bool result_is_date(const char *text); /* "2027-03-31", a day that exists */

struct result_host {
    char *os, *kernel, *arch, *cpu, *machine; /* machine: "wsl2", "container", "vm", "bare" or "" */
    unsigned cpus;
    uint64_t memory_bytes;
    int landlock_abi; /* 0: none */
    char *holdfast;   /* version of this program */
    char *build;      /* tells builds of that version apart: a digest or revision; may be NULL */
};

struct result_sandbox {
    char *name;     /* "linux-namespace", "bwrap": unique with identity */
    char *version;  /* in its own words; may be NULL */
    char *mode;     /* our mode name, or NULL for another's sandbox */
    char *identity; /* "root" or "user" */
    char *reason;   /* not NULL: not runnable here, in its own words; it has no cases */
    bool has_host;  /* merged runs only: it ran on this host, not on the run's */
    struct result_host host;
};

struct result_case {
    char *id;
    char *sandbox;
    char *identity;
    enum verdict verdict;
    enum verdict expected;
    enum status status;
    char *control;  /* what the control showed: "fired: canary.txt changed", "silent", ... */
    char *twin;     /* "beacon seen", "no beacon", ... */
    char *oracle;   /* which oracles decided: "canary,listener" */
    char *evidence; /* what was seen, bounded; hostile text, escape it wherever it is shown */
    char *reason;   /* of a gap, skip, invalid; may be NULL */
    char *source;   /* where one can read about it: of a documented gap, or else of the case */
    char *expires;  /* "2027-03-31": when its gap has to be looked at again; may be NULL */
    char *severity; /* "critical" .. "info" */
    char *technique;
    char *claim;     /* what holds in a sandbox worth its name; may be NULL */
    char *predicted; /* verdict name that a model of the mode predicts, where nothing can be
                        observed: only beside `unverifiable`; may be NULL */
    uint64_t duration_ms;
    bool is_information; /* reported, and part of no score: it is for people to judge */
};

struct result_run {
    char *catalogue_version;
    char *catalogue_sha256;
    size_t planned;
    size_t executed; /* cases that reached a verdict; != planned is a hard error */
    struct result_host host;
    struct result_sandbox *sandboxes;
    size_t sandbox_count;
    struct result_case *cases;
    size_t case_count;
    uint64_t seed; /* decimal text in JSON: 64 bits do not fit the numbers of many readers */
    unsigned shard_index, shard_count; /* 1-based; 0/0: not sharded */
    char *started, *finished;          /* RFC 3339, UTC */
    bool is_interrupted;               /* Ctrl-C: what was known then */
};

void result_run_init(struct result_run *run);
void result_run_done(struct result_run *run);

/* Appends copies; the strings given are not taken. NULL on lack of memory. What is returned is
 * valid until the next add. */
struct result_case *result_run_add_case(struct result_run *run, const struct result_case *from,
                                        struct error *err);
struct result_sandbox *result_run_add_sandbox(struct result_run *run,
                                              const struct result_sandbox *from, struct error *err);

/* Strict: unknown schema, unknown or duplicate keys, wrong types, out-of-range values, a status that
 * cannot belong to its verdict, a case given twice or of an unknown sandbox, and cases missing from
 * a run that was not interrupted are ERR_CORRUPT that names the file and the place. On failure
 * *run is as after result_run_init. */
int result_run_read(struct result_run *run, const char *path, struct error *err);
/* Cases are written in one order whatever order they have: sandboxes as in the run, areas as in the
 * catalogue, ids by the alphabet. So runs can be told apart by diff. */
int result_run_write(const struct result_run *run, const char *path, struct error *err);

/* Other formats of the same run, to a file each; hostile text is inert in all of them. */
int result_write_junit(const struct result_run *run, const char *path, struct error *err);
int result_write_tap(const struct result_run *run, const char *path, struct error *err);
int result_write_summary(const struct result_run *run, const char *path, struct error *err);

#endif

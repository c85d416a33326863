/*
 * The gate: may this change go in? Pure judgement of a run against a baseline,
 * as a list of findings that each name the case and the reason.
 */
#ifndef HOLDFAST_RESULTS_GATE_H
#define HOLDFAST_RESULTS_GATE_H

#include "results/baseline.h"
#include "results/bench_model.h"
#include "results/model.h"

enum gate_level {
    GATE_FAIL,         /* exit 1 */
    GATE_INCONCLUSIVE, /* exit 3 under --strict */
    GATE_NOTE,
};

/* The names are part of the JSON output; append only. */
enum gate_rule {
    RULE_ESCAPED,         /* a case that held escapes, or one that nobody accepted */
    RULE_OVERBLOCKED,     /* the same for useful work */
    RULE_INVALID,         /* it held or worked and now proves nothing */
    RULE_UNVERIFIABLE,    /* the same, because it can no longer be observed */
    RULE_VANISHED,        /* in the baseline, not in the run */
    RULE_SANDBOX_GONE,    /* a whole sandbox is missing or not runnable */
    RULE_SKIPPED,         /* more skips than the baseline allows */
    RULE_FIXED_GAP,       /* it no longer escapes, and the expectations do not know */
    RULE_UNVERIFIED,      /* it has a verdict, and its expectation is still open */
    RULE_GAP_EXPIRED,     /* an accepted gap or an expectation is past its day */
    RULE_GAP_UNEXPLAINED, /* an accepted gap without reason, link or day */
    RULE_GAP_UNKNOWN,     /* an accepted gap of a case that the baseline does not have */
    RULE_INTERRUPTED,
    RULE_NOTHING_PROVEN,
    RULE_NEW,     /* a case that the baseline does not have */
    RULE_BETTER,  /* it proves something now and did not before */
    RULE_CONTEXT, /* another host, catalogue or version */
    RULE_SLOWER,  /* benchmarks from here on */
    RULE_COUNT,
    RULE_NOISY,
    RULE_UNFIT,
};

struct finding {
    enum gate_level level;
    enum gate_rule rule;
    char *id;       /* case or benchmark; NULL: of a sandbox or the whole run */
    char *sandbox;  /* or subject; may be NULL */
    char *identity; /* may be NULL */
    char *message;  /* hostile text in it */
};

struct gate {
    struct finding *findings; /* failures first */
    size_t count;
    size_t levels[GATE_NOTE + 1];
    size_t judged; /* cases or benchmarks */
};

const char *gate_rule_name(enum gate_rule rule);    /* "escaped" */
const char *gate_level_name(enum gate_level level); /* "fail" */

/* today: "2026-11-21". */
int gate_judge_run(struct gate *gate, const struct baseline *baseline, const struct result_run *run,
                   const char *today, struct error *err);

/* Benchmarks: what is remembered between runs (bench-baseline.schema.json). */
struct bench_noise {
    char *benchmark; /* with its parameters */
    double *ratios;  /* of earlier A/A arms */
    size_t count;
};

struct bench_accepted {
    char *benchmark, *subject, *parameters;
    double ratio_max; /* slower than this is not accepted */
    char *reason, *link, *expires;
};

struct bench_baseline {
    struct bench_noise *noise; /* also the list of benchmarks that must be there */
    size_t noise_count;
    struct bench_accepted *accepted;
    size_t accepted_count;
};

int bench_baseline_read(struct bench_baseline *baseline, const char *path, struct error *err);
int bench_baseline_write(const struct bench_baseline *baseline, const char *path,
                         struct error *err);
void bench_baseline_done(struct bench_baseline *baseline);
/* bench --against measures again what was slower, as a benchmark of its own name in the same file:
 * "against.MODE", "against-again.MODE". Such a result is evidence, not one more benchmark. */
bool bench_is_repeat(const struct bench_result *result);
/* Adds the A/A ratios of a file to what is remembered. */
int bench_baseline_learn(struct bench_baseline *baseline, const struct bench_file *file,
                         const char *reference, struct error *err);

struct bench_evidence {
    const struct bench_baseline *baseline; /* may be NULL */
    const struct bench_file *current;
    const struct bench_file *repeat; /* fresh runs of the same; NULL: those in current, if any */
    const char *reference;           /* subject that is the baseline build */
    const char *today;
};

int gate_judge_bench(struct gate *gate, const struct bench_evidence *evidence, struct error *err);

/* Adds a finding; the message is formatted. */
struct finding_of {
    enum gate_level level;
    enum gate_rule rule;
    const char *id, *sandbox, *identity;
};
int gate_add(struct gate *gate, const struct finding_of *of, struct error *err, const char *format,
             ...) HOLDFAST_PRINTF(4, 5);
void gate_sort(struct gate *gate);
void gate_done(struct gate *gate);

#endif

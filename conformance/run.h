/*
 * One run: a fresh scene, one attempt in it (with a sandbox, or as the control
 * without one), and what the oracles saw from outside. Runs are started and
 * return at once; the event loop carries them on, many at a time:
 *
 *   plant -> prepare -> snapshot -> start -> exit -> settle -> look
 *         -> (grace) -> look again -> end all processes -> remove -> done
 */
#ifndef HOLDFAST_CONFORMANCE_RUN_H
#define HOLDFAST_CONFORMANCE_RUN_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/error.h"
#include "conformance/adapter.h"
#include "conformance/identity.h"
#include "conformance/oracles/journal.h"
#include "conformance/probe.h"
#include "conformance/settings.h"
#include "fixtures/fixture.h"
#include "fixtures/listeners.h"

struct run;

/* What all runs of one invocation share. */
struct harness {
    uv_loop_t loop;
    struct fixture fixture;
    struct listeners *listeners;
    struct journal journal;
    char *peers; /* where ci/deps --peers installs; may be NULL */
    unsigned grace_ms;
    enum breakage breakage;
    unsigned long nofile; /* the soft limit that commands get */
    struct run *runs;     /* all that are alive */
    size_t run_count;
    size_t removal_count; /* trees that are being removed */
    bool is_stopping;
};

int harness_open(struct harness *harness, const struct settings *settings, struct error *err);
/* Waits for removals. */
int harness_close(struct harness *harness, struct error *err);

enum run_kind {
    RUN_CONFINED,
    RUN_CONTROL, /* without a sandbox */
    RUN_SMOKE    /* in the sandbox, attempts nothing: does it start here at all */
};

struct run_order {
    enum run_kind kind;
    const struct probe *row;       /* not of a smoke run */
    const struct adapter *adapter; /* not of a control run */
    struct identity identity;
};

enum run_outcome {
    RUN_FINISHED,
    RUN_SKIPPED, /* prepare() said that this machine lacks something: reason */
    RUN_FAILED,  /* the harness could not do it: reason */
    RUN_INTERRUPTED
};

/* What was seen. */
struct run_facts {
    enum run_outcome outcome;
    char reason[512];
    bool is_dirty; /* an oracle fired before the start */
    bool has_beacon;
    bool has_ended;  /* the attempt was made to its end */
    int exit_status; /* as a shell says it */
    bool has_timed_out;
    bool has_worked;      /* must-work: ended as wanted, behind the beacon */
    bool has_fired;       /* a deciding oracle, at either look */
    bool fired_later;     /* ... only at the second look */
    bool is_alive;        /* the deciding oracles could still see at the end */
    unsigned fired;       /* enum oracle: which deciding ones */
    unsigned also;        /* ... and which others */
    char evidence[1024];  /* of the deciding ones, else of the others; hostile text */
    char last_words[320]; /* the end of the output; hostile text */
    uint64_t duration_ms; /* of the command */
};

/* done is called once, from the loop; facts are valid during the call. released is called when the
 * command is over and only waiting is left (the place among the jobs is free); always before done.
 * -1: could not even begin; done is not called. */
struct run_callbacks {
    void (*released)(void *context);
    void (*done)(const struct run_facts *facts, void *context);
    void *context;
};

int run_start(struct harness *harness, const struct run_order *order,
              const struct run_callbacks *callbacks, struct error *err);

/* Ends all runs quickly; their done is called with RUN_INTERRUPTED. */
void run_stop_all(struct harness *harness);

#endif

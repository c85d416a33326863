/*
 * All cases against all sandboxes: who is run when, how controls are shared,
 * and what is known at the end. One control run of a case serves every sandbox
 * of the same identity.
 */
#ifndef HOLDFAST_CONFORMANCE_SUITE_H
#define HOLDFAST_CONFORMANCE_SUITE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "conformance/adapter.h"
#include "conformance/expectation.h"
#include "conformance/run.h"
#include "conformance/settings.h"
#include "results/model.h"

/* A sandbox together with the identity that runs it. */
struct subject {
    const struct adapter *adapter;
    struct identity identity;
    const struct expectation_list *expectations; /* NULL: none are written down */
    char *version;                               /* NULL: it does not say */
    char *reason;     /* not runnable here, in its own words; NULL: it is */
    bool has_started; /* its smoke run showed the beacon */
};

enum progress {
    PROGRESS_WAITING,
    PROGRESS_RUNNING,
    PROGRESS_DONE
};

struct suite;

/* One case without a sandbox, for one identity. */
struct control {
    struct suite *suite;
    const struct probe *row;
    struct identity identity;
    enum progress progress;
    bool has_released;
    struct run_facts facts;
};

/* One case in one sandbox. */
struct task {
    struct suite *suite;
    const struct probe *row;
    const struct subject *subject;
    struct control *control;
    enum progress progress;
    bool has_released;
    bool has_result; /* false after Ctrl-C */
    char skip[300];  /* why it is not run at all; empty: it is run */
    struct run_facts facts;
};

struct suite {
    struct harness harness;
    const struct settings *settings;
    struct adapter *adapters;
    size_t adapter_count;
    struct expectation_list *expectations; /* one for each adapter; mode NULL: none */
    struct subject *subjects;
    size_t subject_count;
    struct control *controls;
    size_t control_count;
    struct task *tasks; /* in the order of the report */
    size_t task_count;
    size_t *order; /* in which tasks are begun */
    unsigned jobs;
    unsigned active;    /* runs that use the processor now */
    unsigned in_flight; /* runs that exist */
    bool is_serial_busy;
    size_t done_count;
    bool is_interrupted;
    unsigned interrupts;
    int landlock_abi;
};

/* Reads adapters and expectations, opens the harness, asks every sandbox whether it runs here. */
int suite_open(struct suite *suite, const struct settings *settings, struct error *err);
/* Plans and runs. */
int suite_run(struct suite *suite, struct error *err);
void suite_close(struct suite *suite);

/* What is known, as a result. A case without a verdict that was not interrupted is an error. */
int suite_report(const struct suite *suite, struct result_run *result, struct error *err);

/* suite_plan.c: pure but for what needs_*.c asks the machine. */
int suite_plan(struct suite *suite, struct error *err);
/* What is written down for this case; NULL: that it holds or works. Borrows from the suite. */
const struct expectation *suite_expectation(const struct suite *suite, const struct task *task);

/* suite_judge.c: one task's facts as a result; strings point into places, which must live on. */
struct judged {
    struct result_case row;
    char control[1100];
    char twin[500];
    char oracle[128];
    char evidence[1500];
    char reason[900];
};
void suite_judge(const struct suite *suite, const struct task *task, struct judged *judged);

/* suite_subjects.c: --mode and --adapter become adapters and subjects. */
int suite_add_subjects(struct suite *suite, struct error *err);

#endif

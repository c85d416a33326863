/*
 * The judgement, as a pure function of what was seen (conformance/README.md has the truth table in
 * words). Rule one: what is not proven is `invalid`, never `held`.
 */
#ifndef HOLDFAST_CONFORMANCE_VERDICT_H
#define HOLDFAST_CONFORMANCE_VERDICT_H

#include <stdbool.h>

#include "results/model.h"

/* What the runner knows about one case in one sandbox. */
struct proof {
    bool is_must_work;
    bool is_unverifiable; /* this platform only pretends to enforce (Wine) */

    /* The control: the same attempt, identity and kind of scene, without a sandbox. */
    bool has_clean_control; /* nothing had fired before the attempt */
    bool has_control_fired; /* containment: the row's oracles fired; must-work: it worked */

    /* The confined run. */
    bool is_clean_before;      /* nothing had fired before the attempt */
    bool has_beacon;           /* the probe acted inside where it may: it ran */
    bool has_ended;            /* ... and left its mark when the attempt was over */
    bool is_refused_by_signal; /* the kernel ended it for what it tried */
    bool has_timed_out;        /* stopped by the harness */
    bool expects_timeout;      /* the row says so */
    bool is_unable;            /* the probe says that it could not try, or died of its own fault */
    bool may_refuse;       /* the row allows it, and the sandbox starts where nothing is special */
    bool has_failed;       /* the sandbox ended as one that refuses: verdict_is_refusal */
    bool is_oracle_alive;  /* listeners, victim and snapshot still answered afterwards */
    bool has_oracle_fired; /* at return or after the grace period */
    bool has_worked;       /* must-work: exit status and output as wanted */
};

/* *reason: why, for every verdict but works (a literal); for held NULL or how. */
enum verdict verdict_judge(const struct proof *proof, const char **reason);

/* A probe's exit status that proves nothing about the sandbox: it could not try (3), was called
 * wrongly (2), was not started (125..127), or crashed by a signal that no sandbox sends. SIGSYS,
 * SIGKILL, SIGXCPU and SIGXFSZ are how kernels refuse. */
bool verdict_is_unable(int exit_status);

/* SIGSYS, SIGXCPU, SIGXFSZ: the kernel refused the attempt by ending it. SIGKILL can come from
 * anybody, and says nothing about why. */
bool verdict_is_kernel_refusal(int exit_status);

/* SIGKILL, which is how a control group keeps a limit of memory (cgroups(7)): a refusal where the policy
 * has one, and the probe's beacon shows that it ran. */
bool verdict_is_memory_kill(int exit_status);

/* An exit status that can be a refusal to start: a failure, but not of the probe that wraps the
 * sandbox (3), not one that says that there is no sandbox to start (126, 127), and no death by a
 * signal: a launcher that crashed has refused nothing. */
bool verdict_is_refusal(int exit_status);

/* The case against its expectation: expected is held or works, or, for a documented gap, escaped
 * or overblocked; unverifiable where nobody could know beforehand: whatever is seen is then `unverified`,
 * never `ok`. An informational case is never a regression. */
enum status verdict_status(enum verdict verdict, enum verdict expected, bool is_informational);

#endif

#include "base/test.h"

#include <string.h>

#include "conformance/verdict.h"

enum {
    BITS = 15
};

static struct proof proof_of(unsigned bits)
{
    struct proof proof = {
        .is_must_work = (bits & 1u) != 0,
        .has_clean_control = (bits & 2u) != 0,
        .has_control_fired = (bits & 4u) != 0,
        .is_clean_before = (bits & 8u) != 0,
        .has_beacon = (bits & 16u) != 0,
        .has_timed_out = (bits & 32u) != 0,
        .expects_timeout = (bits & 64u) != 0,
        .is_unable = (bits & 128u) != 0,
        .is_oracle_alive = (bits & 256u) != 0,
        .has_oracle_fired = (bits & 512u) != 0,
        .has_worked = (bits & 1024u) != 0,
        .may_refuse = (bits & 2048u) != 0,
        .has_failed = (bits & 4096u) != 0,
        .has_ended = (bits & 8192u) != 0,
        .is_refused_by_signal = (bits & 16384u) != 0,
    };

    return proof;
}

static struct proof good(void)
{
    struct proof proof = {
        .has_clean_control = true,
        .has_control_fired = true,
        .is_clean_before = true,
        .has_beacon = true,
        .has_ended = true,
        .is_oracle_alive = true,
    };

    return proof;
}

Test(verdict, held_needs_every_single_proof)
{
    const char *reason = "";

    for (unsigned bits = 0; bits < 1u << BITS; bits++) {
        struct proof p = proof_of(bits);
        bool has_refused = p.may_refuse && p.has_failed && !p.has_beacon && !p.has_timed_out;
        bool is_over = p.has_ended || (p.is_refused_by_signal && !p.has_timed_out);
        /* of one that was stopped the exit status is of what the harness did */
        bool has_run = p.has_beacon && is_over && (!p.is_unable || p.has_timed_out);
        bool is_proven = !p.is_must_work && p.has_clean_control && p.has_control_fired &&
                         p.is_clean_before && p.is_oracle_alive && !p.has_oracle_fired &&
                         (has_run || has_refused);

        cr_assert_eq(verdict_judge(&p, &reason) == VERDICT_HELD, is_proven, "bits %x", bits);
        cr_assert_eq(reason == NULL,
                     (is_proven && !has_refused && (!p.has_timed_out || p.expects_timeout)) ||
                         (p.is_must_work && p.has_control_fired && p.has_worked),
                     "bits %x: only held and works need no reason, but how they came about", bits);
    }
}

Test(verdict, escaped_needs_a_clean_scene_a_control_and_the_oracle)
{
    const char *reason = "";

    for (unsigned bits = 0; bits < 1u << BITS; bits++) {
        struct proof p = proof_of(bits);
        bool is_escape = !p.is_must_work && p.has_clean_control && p.is_clean_before &&
                         p.has_control_fired && p.has_oracle_fired;

        cr_assert_eq(verdict_judge(&p, &reason) == VERDICT_ESCAPED, is_escape, "bits %x", bits);
    }
}

Test(verdict, works_needs_the_control_too)
{
    const char *reason = "";

    for (unsigned bits = 0; bits < 1u << BITS; bits++) {
        struct proof p = proof_of(bits);
        enum verdict verdict = verdict_judge(&p, &reason);

        if (!p.is_must_work)
            cr_assert(verdict != VERDICT_WORKS && verdict != VERDICT_OVERBLOCKED, "bits %x", bits);
        else if (!p.has_control_fired)
            cr_assert_eq(verdict, VERDICT_INVALID, "bits %x", bits);
        else
            cr_assert_eq(verdict, p.has_worked ? VERDICT_WORKS : VERDICT_OVERBLOCKED, "bits %x",
                         bits);
    }
}

Test(verdict, pretended_enforcement_is_unverifiable_but_an_escape_is_an_escape)
{
    const char *reason = "";
    struct proof p = good();

    p.is_unverifiable = true;
    cr_assert_eq(verdict_judge(&p, &reason), VERDICT_UNVERIFIABLE);
    p.has_oracle_fired = true;
    cr_assert_eq(verdict_judge(&p, &reason), VERDICT_ESCAPED);
}

Test(verdict, a_refusing_signal_counts_as_refused_and_a_crash_does_not)
{
    cr_assert(!verdict_is_unable(0));
    cr_assert(!verdict_is_unable(1));
    cr_assert(!verdict_is_unable(128 + 31), "SIGSYS");
    cr_assert(!verdict_is_unable(128 + 9), "SIGKILL");
    cr_assert(verdict_is_unable(128 + 11), "SIGSEGV");
    cr_assert(verdict_is_unable(2));
    cr_assert(verdict_is_unable(3));
    cr_assert(verdict_is_unable(125));
    cr_assert(verdict_is_unable(127));
}

/* A launcher may say what it likes about the end: the mark decides. */
Test(verdict, an_attempt_that_somebody_ended_proves_nothing)
{
    const char *reason = "";
    struct proof p = good();

    cr_assert_eq(verdict_judge(&p, &reason), VERDICT_HELD);
    p.has_ended = false;
    cr_assert_eq(verdict_judge(&p, &reason), VERDICT_INVALID);
    p.is_refused_by_signal = true;
    cr_assert_eq(verdict_judge(&p, &reason), VERDICT_HELD);
    cr_assert(verdict_is_kernel_refusal(128 + 31), "SIGSYS");
    cr_assert(!verdict_is_kernel_refusal(128 + 9), "SIGKILL");
    cr_assert(!verdict_is_kernel_refusal(0));
    cr_assert(verdict_is_memory_kill(128 + 9) && !verdict_is_memory_kill(128 + 31) &&
              !verdict_is_memory_kill(0) && !verdict_is_memory_kill(1));
}

Test(verdict, a_sandbox_that_waits_for_all_is_judged_when_it_was_stopped)
{
    const char *reason = "";
    struct proof p = good();

    p.has_timed_out = true;
    p.is_unable = true; /* the status of what the harness did */
    cr_assert_eq(verdict_judge(&p, &reason), VERDICT_HELD);
    p.has_ended = false;
    cr_assert_eq(verdict_judge(&p, &reason), VERDICT_INVALID);
}

Test(verdict, a_wrapper_that_failed_is_no_refusal)
{
    cr_assert(verdict_is_refusal(1));
    cr_assert(verdict_is_refusal(125));
    cr_assert(!verdict_is_refusal(0));
    cr_assert(!verdict_is_refusal(3), "the wrapper could not do its part");
    cr_assert(!verdict_is_refusal(126));
    cr_assert(!verdict_is_refusal(127), "there is no such sandbox");
    cr_assert(!verdict_is_refusal(128 + 11), "it crashed");
    cr_assert(!verdict_is_refusal(128 + 9), "somebody killed it");
}

Test(verdict, status_table)
{
    cr_assert_eq(verdict_status(VERDICT_HELD, VERDICT_HELD, false), STATUS_OK);
    cr_assert_eq(verdict_status(VERDICT_WORKS, VERDICT_WORKS, false), STATUS_OK);
    cr_assert_eq(verdict_status(VERDICT_ESCAPED, VERDICT_HELD, false), STATUS_REGRESSION);
    cr_assert_eq(verdict_status(VERDICT_OVERBLOCKED, VERDICT_WORKS, false), STATUS_REGRESSION);
    cr_assert_eq(verdict_status(VERDICT_ESCAPED, VERDICT_ESCAPED, false), STATUS_KNOWN_GAP);
    cr_assert_eq(verdict_status(VERDICT_HELD, VERDICT_ESCAPED, false), STATUS_FIXED_GAP);
    cr_assert_eq(verdict_status(VERDICT_WORKS, VERDICT_OVERBLOCKED, false), STATUS_FIXED_GAP);
    cr_assert_eq(verdict_status(VERDICT_INVALID, VERDICT_ESCAPED, false), STATUS_INVALID);
    cr_assert_eq(verdict_status(VERDICT_SKIPPED, VERDICT_HELD, false), STATUS_SKIPPED);
    cr_assert_eq(verdict_status(VERDICT_UNVERIFIABLE, VERDICT_HELD, false), STATUS_UNVERIFIABLE);
    cr_assert_eq(verdict_status(VERDICT_ESCAPED, VERDICT_HELD, true), STATUS_KNOWN_GAP);
    cr_assert_eq(verdict_status(VERDICT_HELD, VERDICT_HELD, true), STATUS_OK);
}

/* Where the expectation is open nothing is `ok`, also not what is for information only. */
Test(verdict, an_open_expectation_is_met_by_nothing)
{
    static const enum verdict seen[] = {VERDICT_HELD, VERDICT_WORKS, VERDICT_ESCAPED,
                                        VERDICT_OVERBLOCKED};

    for (size_t i = 0; i < sizeof seen / sizeof *seen; i++) {
        cr_assert_eq(verdict_status(seen[i], VERDICT_UNVERIFIABLE, false), STATUS_UNVERIFIED);
        cr_assert_eq(verdict_status(seen[i], VERDICT_UNVERIFIABLE, true), STATUS_UNVERIFIED);
    }
    cr_assert_eq(verdict_status(VERDICT_INVALID, VERDICT_UNVERIFIABLE, false), STATUS_INVALID);
    cr_assert_eq(verdict_status(VERDICT_SKIPPED, VERDICT_UNVERIFIABLE, false), STATUS_SKIPPED);
}

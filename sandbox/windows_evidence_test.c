/* Judging what holdfast-evidence.exe saw. A wrong "held" here would be believed. */
#include "base/test.h"

#include <stdio.h>
#include <string.h>

#include "sandbox/simulate/evidence.h"
#include "sandbox/windows_plans.h"

static struct evidence_result runs(uint32_t control, bool control_seen, uint32_t inside,
                                   bool inside_seen, const char *said)
{
    struct evidence_result result = {.control = {.status = control, .has_seen = control_seen},
                                     .inside = {.status = inside, .has_seen = inside_seen}};

    (void)snprintf(result.inside.said, sizeof result.inside.said, "%s", said);
    return result;
}

struct judged {
    uint32_t control;
    bool control_seen;
    uint32_t inside;
    bool inside_seen;
    const char *said;
    enum evidence_verdict verdict;
};

static void expect(const struct evidence_case *row, const struct judged *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct judged *one = &cases[i];
        struct evidence_result result =
            runs(one->control, one->control_seen, one->inside, one->inside_seen, one->said);

        evidence_conclude(row, EVIDENCE_ELEVATED, true, &result);
        cr_assert_eq(result.verdict, one->verdict, "row %zu: %s: %s", i,
                     evidence_verdict_name(result.verdict), result.reason);
        cr_assert_eq(result.is_expected,
                     one->verdict == EVIDENCE_HELD || one->verdict == EVIDENCE_WORKS, "row %zu", i);
        evidence_conclude(row, EVIDENCE_ELEVATED, false, &result);
        cr_assert_eq(result.verdict, EVIDENCE_UNVERIFIABLE, "where nothing is enforced");
        cr_assert(!result.is_expected);
    }
}

Test(evidence, held_needs_a_control_an_attempt_and_no_effect)
{
    static const struct evidence_case row = {.oracle = SEES_CONTENT};
    static const struct judged cases[] = {
        {0, true, 77, false, "error 5\n", EVIDENCE_HELD},
        {0, true, 77, true, "error 5\n", EVIDENCE_ESCAPED},
        {0, true, 0, true, "", EVIDENCE_ESCAPED},
        {0, true, 125, true, "", EVIDENCE_ESCAPED},
        {0, true, 0, false, "", EVIDENCE_INVALID},
        {0, true, 77, false, "", EVIDENCE_INVALID},
        {0, true, 78, false, "untried: x\n", EVIDENCE_INVALID},
        {0, true, 125, false, "the sandbox could not be set up", EVIDENCE_INVALID},
        {0, true, 0xc0000142, false, "", EVIDENCE_INVALID},
        {0, false, 77, false, "error 5\n", EVIDENCE_INVALID},
        {77, false, 77, false, "error 5\n", EVIDENCE_INVALID},
        {77, true, 77, false, "error 5\n", EVIDENCE_INVALID},
    };

    expect(&row, cases, sizeof cases / sizeof *cases);
}

Test(evidence, a_connection_is_blocked_by_one_error_only)
{
    static const struct evidence_case row = {.oracle = SEES_CONNECTION};
    static const struct judged cases[] = {
        {0, true, 77, false, "error 10013\n", EVIDENCE_HELD},
        {0, true, 77, true, "error 10013\n", EVIDENCE_ESCAPED},
        {0, true, 77, false, "error 10060\n", EVIDENCE_INVALID},
        {0, true, 77, false, "error 10061\n", EVIDENCE_INVALID},
        {0, true, 77, false, "error 100130\n", EVIDENCE_INVALID},
        {0, true, 77, false, "error 5\n", EVIDENCE_INVALID},
    };

    expect(&row, cases, sizeof cases / sizeof *cases);
}

Test(evidence, a_process_that_was_left_must_not_have_lived)
{
    static const struct evidence_case row = {.oracle = SEES_LATE};
    static const struct judged cases[] = {
        {0, true, 0, false, "", EVIDENCE_HELD},
        {0, true, 77, false, "error 5\n", EVIDENCE_HELD},
        {0, true, 0, true, "", EVIDENCE_ESCAPED},
        {0, true, 125, false, "", EVIDENCE_INVALID},
    };

    expect(&row, cases, sizeof cases / sizeof *cases);
}

Test(evidence, what_must_work_is_judged_by_its_effect)
{
    static const struct evidence_case row = {.oracle = SEES_NAME, .must_work = true};
    static const struct judged cases[] = {
        {0, true, 0, true, "", EVIDENCE_WORKS},
        {0, true, 77, false, "error 5\n", EVIDENCE_OVERBLOCKED},
        {0, true, 0, false, "", EVIDENCE_INVALID},
        {0, true, 125, false, "", EVIDENCE_INVALID},
        {77, false, 0, true, "", EVIDENCE_INVALID},
    };

    expect(&row, cases, sizeof cases / sizeof *cases);
}

Test(evidence, a_named_gap_is_expected_and_still_an_escape)
{
    static const struct evidence_case row = {.oracle = SEES_GONE, .gap_unelevated = "delete-child"};
    struct evidence_result result = runs(0, true, 0, true, "");

    evidence_conclude(&row, EVIDENCE_UNELEVATED, true, &result);
    cr_assert_eq(result.verdict, EVIDENCE_ESCAPED);
    cr_assert(result.is_expected && strcmp(result.gap, "delete-child") == 0);
    evidence_conclude(&row, EVIDENCE_ELEVATED, true, &result);
    cr_assert(!result.is_expected, "the other mode has no such gap");
    evidence_conclude_invalid(true, "no address", &result);
    cr_assert(result.verdict == EVIDENCE_INVALID && !result.is_expected);
}

/* The rows -------------------------------------------------------------------------------------- */

static bool plan_has_gap(const struct plan *plan, const char *id)
{
    for (size_t i = 0; i < plan->gap_count; i++) {
        if (strcmp(plan->gaps[i].id, id) == 0)
            return true;
    }
    return false;
}

static bool looks_at_a_path(enum evidence_oracle oracle)
{
    switch (oracle) {
    case SEES_CONTENT:
    case SEES_NAME:
    case SEES_GONE:
    case SEES_DACL:
    case SEES_LATE:
        return true;
    case SEES_SECRET:
    case SEES_CONNECTION:
    case SEES_DATAGRAM:
    case SEES_ACCEPT:
    case SEES_MEMORY:
    case SEES_WINDOW:
    case SEES_CLIPBOARD:
    case SEES_STATUS:
        break;
    }
    return false;
}

Test(evidence, each_row_has_a_name_of_its_own_an_oracle_and_gaps_that_the_plan_names)
{
    struct policy policy;
    struct plan elevated = PLAN_EMPTY;
    struct plan unelevated = PLAN_EMPTY;
    struct error err = {0};
    size_t work = 0;

    cr_assert_eq(policy_init(&policy, &err), 0);
    cr_assert_eq(policy_set_workspace(&policy, "C:\\work\\proj", &err), 0);
    cr_assert_eq(windows_elevated_explain(&policy, WINDOWS_DEFAULT, &elevated, &err), 0);
    cr_assert_eq(windows_unelevated_explain(&policy, WINDOWS_DEFAULT, &unelevated, &err), 0);
    for (size_t i = 0; i < evidence_case_count; i++) {
        const struct evidence_case *row = &evidence_cases[i];

        for (size_t k = 0; k < i; k++)
            cr_assert(strcmp(row->id, evidence_cases[k].id) != 0, "%s", row->id);
        cr_assert(row->claim[0] != '\0' && row->modes != 0 && row->attempt[0] != NULL);
        cr_assert(row->must_work || row->oracle != SEES_STATUS, "%s: its own word only", row->id);
        cr_assert_eq(row->path != NULL, looks_at_a_path(row->oracle), "%s", row->id);
        cr_assert(row->gap_elevated == NULL || plan_has_gap(&elevated, row->gap_elevated), "%s",
                  row->id);
        cr_assert(row->gap_unelevated == NULL || plan_has_gap(&unelevated, row->gap_unelevated),
                  "%s", row->id);
        work += row->must_work ? 1 : 0;
    }
    cr_assert(work >= 5, "a sandbox that refuses everything must not pass");
    plan_done(&elevated);
    plan_done(&unelevated);
    policy_done(&policy);
}

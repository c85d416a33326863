#include "sandbox/simulate/evidence.h"

#include <stdio.h>
#include <string.h>

const char *evidence_verdict_name(enum evidence_verdict verdict)
{
    switch (verdict) {
    case EVIDENCE_HELD:
        return "held";
    case EVIDENCE_WORKS:
        return "works";
    case EVIDENCE_ESCAPED:
        return "escaped";
    case EVIDENCE_OVERBLOCKED:
        return "overblocked";
    case EVIDENCE_INVALID:
        return "invalid";
    case EVIDENCE_UNVERIFIABLE:
        return "unverifiable";
    case EVIDENCE_VERDICT_COUNT:
        break;
    }
    return "unknown";
}

static enum evidence_verdict say(struct evidence_result *result, enum evidence_verdict verdict,
                                 const char *reason)
{
    (void)snprintf(result->reason, sizeof result->reason, "%s", reason);
    return verdict;
}

/* WSAEACCES, as a whole number: what a filter answers. */
static bool is_block(const struct evidence_run *run)
{
    const char *at = strstr(run->said, "error 10013");

    return at != NULL && (at[11] < '0' || at[11] > '9');
}

static bool is_about_network(enum evidence_oracle oracle)
{
    return oracle == SEES_CONNECTION || oracle == SEES_DATAGRAM || oracle == SEES_ACCEPT;
}

static enum evidence_verdict judge_denial(const struct evidence_case *row,
                                          struct evidence_result *result)
{
    const struct evidence_run *inside = &result->inside;

    if (inside->has_seen)
        return say(result, EVIDENCE_ESCAPED, "the oracle sees the effect");
    /* Such an attempt leaves a process and ends well: what became of that one is the question. */
    if (row->oracle == SEES_LATE && inside->status == 0)
        return say(result, EVIDENCE_HELD, "the process did not live to do it");
    if (inside->status == 0)
        return say(result, EVIDENCE_INVALID, "it said that it worked, and nothing is to be seen");
    if (inside->status != EVIDENCE_REFUSED)
        return say(result, EVIDENCE_INVALID, "the attempt was not made");
    if (strstr(inside->said, "error ") == NULL)
        return say(result, EVIDENCE_INVALID, "refused without the attempt's own words");
    if (is_about_network(row->oracle) && !is_block(inside))
        return say(result, EVIDENCE_INVALID, "another error than 10013 proves no block");
    return say(result, EVIDENCE_HELD, "refused, and nothing is to be seen");
}

static enum evidence_verdict judge_work(struct evidence_result *result)
{
    if (result->inside.status == 0 && result->inside.has_seen)
        return say(result, EVIDENCE_WORKS, "as outside");
    if (result->inside.status == EVIDENCE_REFUSED)
        return say(result, EVIDENCE_OVERBLOCKED, "what must be possible is refused");
    return say(result, EVIDENCE_INVALID, "the attempt was not made");
}

static enum evidence_verdict judge(const struct evidence_case *row, struct evidence_result *result)
{
    if (result->control.status != 0 || !result->control.has_seen)
        return say(result, EVIDENCE_INVALID, "the control does not work: nothing is shown");
    return row->must_work ? judge_work(result) : judge_denial(row, result);
}

static bool is_expected(const struct evidence_result *result)
{
    switch (result->verdict) {
    case EVIDENCE_HELD:
    case EVIDENCE_WORKS:
        return true;
    case EVIDENCE_ESCAPED:
    case EVIDENCE_OVERBLOCKED:
        return result->gap != NULL;
    case EVIDENCE_INVALID:
    case EVIDENCE_UNVERIFIABLE:
    case EVIDENCE_VERDICT_COUNT:
        break;
    }
    return false;
}

static void settle(bool can_tell, struct evidence_result *result)
{
    if (!can_tell)
        result->verdict = EVIDENCE_UNVERIFIABLE;
    result->is_expected = is_expected(result);
}

void evidence_conclude(const struct evidence_case *row, enum evidence_mode mode, bool can_tell,
                       struct evidence_result *result)
{
    result->gap = mode == EVIDENCE_ELEVATED ? row->gap_elevated : row->gap_unelevated;
    result->verdict = judge(row, result);
    settle(can_tell, result);
}

void evidence_conclude_invalid(bool can_tell, const char *reason, struct evidence_result *result)
{
    result->verdict = say(result, EVIDENCE_INVALID, reason);
    settle(can_tell, result);
}

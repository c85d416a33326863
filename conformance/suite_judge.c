/* From the facts of a control and a confined run to one line of the report. */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/buffer.h"
#include "conformance/catalogue.h"
#include "conformance/suite.h"
#include "conformance/verdict.h"

enum {
    REFUSED = 125
};

static bool expects_timeout(const struct probe *row)
{
    return (row->flags & CASE_EXPECT_TIMEOUT) != 0;
}

static struct proof proof_of(const struct task *task)
{
    const struct run_facts *control = &task->control->facts;
    const struct run_facts *facts = &task->facts;
    const bool is_must_work = catalogue_is_must_work(task->row);

    return (struct proof){
        .is_must_work = is_must_work,
        .has_clean_control = !control->is_dirty,
        .has_control_fired =
            is_must_work ? control->has_worked : control->has_fired && control->has_beacon,
        .is_clean_before = !facts->is_dirty,
        .has_beacon = facts->has_beacon,
        .has_ended = facts->has_ended,
        .is_refused_by_signal = verdict_is_kernel_refusal(facts->exit_status) ||
                                ((task->row->flags & CASE_LIMIT_MEMORY) != 0 &&
                                 verdict_is_memory_kill(facts->exit_status)),
        .has_timed_out = facts->has_timed_out,
        .expects_timeout = expects_timeout(task->row),
        .may_refuse = (task->row->flags & CASE_MAY_REFUSE) != 0 && task->subject->has_started,
        /* Who refuses says why. */
        .has_failed = verdict_is_refusal(facts->exit_status) && facts->last_words[0] != '\0',
        .is_unable = !expects_timeout(task->row) && verdict_is_unable(facts->exit_status),
        .is_oracle_alive = facts->is_alive,
        .has_oracle_fired = facts->has_fired,
        .has_worked = facts->has_worked,
    };
}

static const char *describe_control(const struct task *task, char *text, size_t size)
{
    const struct run_facts *control;

    if (task->control == NULL)
        return "not run";
    control = &task->control->facts;
    if (control->outcome == RUN_SKIPPED || control->outcome == RUN_FAILED)
        (void)snprintf(text, size, "not run: %s", control->reason);
    else if (catalogue_is_must_work(task->row))
        (void)snprintf(text, size, "%s%.600s", control->has_worked ? "worked" : "failed: ",
                       control->has_worked ? "" : control->evidence);
    else if (control->has_fired)
        (void)snprintf(text, size, "fired%s: %.600s", control->fired_later ? " later" : "",
                       control->evidence);
    else
        (void)snprintf(text, size, "silent (exit status %d%s%s)%s%.300s", control->exit_status,
                       control->has_beacon ? "" : ", no beacon",
                       control->has_timed_out ? ", timed out" : "",
                       control->last_words[0] != '\0' ? ": " : "", control->last_words);
    return text;
}

static const char *describe_twin(const struct task *task, char *text, size_t size)
{
    const struct run_facts *facts = &task->facts;

    if (task->skip[0] != '\0' || facts->outcome != RUN_FINISHED)
        return "not run";
    if (facts->has_beacon)
        (void)snprintf(text, size, "beacon seen, %sexit status %d",
                       facts->has_ended || catalogue_is_must_work(task->row) ? "" : "not its end, ",
                       facts->exit_status);
    else
        (void)snprintf(text, size, "no beacon, exit status %d%s%.300s", facts->exit_status,
                       facts->last_words[0] != '\0' ? ": " : "", facts->last_words);
    return text;
}

static void write_oracles(unsigned oracles, char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (unsigned bit = ORACLE_CANARY; bit <= ORACLE_CUSTOM; bit <<= 1) {
        if ((oracles & bit) != 0 && used + 1 < size)
            used += (size_t)snprintf(text + used, size - used, "%s%s", used > 0 ? "," : "",
                                     oracle_name((enum oracle)bit));
    }
}

/* A mode of ours that cannot enforce a policy says so and runs nothing (DESIGN: exit status 125).
 * That is neither held nor escaped: it was not asked to hold anything. Where refusing is the right
 * answer, the row says so (CASE_MAY_REFUSE). */
static bool has_refused(const struct task *task)
{
    const struct run_facts *facts = &task->facts;

    return task->subject->adapter->mode != NULL &&
           (task->row->flags & (CASE_MAY_REFUSE | CASE_WRAPPED)) == 0 &&
           facts->outcome == RUN_FINISHED && facts->exit_status == REFUSED && !facts->has_beacon &&
           !facts->has_fired && facts->last_words[0] != '\0';
}

/* A case that did not get as far as a judgement. true: the result is set. */
static bool is_settled(const struct task *task, struct judged *judged)
{
    const struct run_facts *control = task->control != NULL ? &task->control->facts : NULL;
    const struct run_facts *facts = &task->facts;
    const struct run_facts *stopped = NULL;

    if (task->skip[0] != '\0') {
        judged->row.verdict = VERDICT_SKIPPED;
        (void)snprintf(judged->reason, sizeof judged->reason, "%s", task->skip);
        return true;
    }
    if (control->outcome == RUN_FINISHED && has_refused(task)) {
        judged->row.verdict = VERDICT_SKIPPED;
        (void)snprintf(judged->reason, sizeof judged->reason, "refused by the sandbox: %s",
                       facts->last_words);
        return true;
    }
    if (control->outcome != RUN_FINISHED)
        stopped = control;
    else if (facts->outcome != RUN_FINISHED)
        stopped = facts;
    if (stopped == NULL)
        return false;
    judged->row.verdict = stopped->outcome == RUN_SKIPPED ? VERDICT_SKIPPED : VERDICT_INVALID;
    (void)snprintf(judged->reason, sizeof judged->reason, "%s%s",
                   stopped->outcome == RUN_SKIPPED ? "" : "the harness: ", stopped->reason);
    return true;
}

static void judge(const struct task *task, struct judged *judged)
{
    const struct run_facts *facts = &task->facts;
    struct proof proof;
    const char *reason = NULL;

    if (is_settled(task, judged))
        return;
    proof = proof_of(task);
    judged->row.verdict = verdict_judge(&proof, &reason);
    (void)snprintf(judged->reason, sizeof judged->reason, "%s%s%s", reason != NULL ? reason : "",
                   reason != NULL && facts->reason[0] != '\0' ? ": " : "", facts->reason);
    (void)snprintf(judged->evidence, sizeof judged->evidence, "%s%s%s%.300s", facts->evidence,
                   facts->fired_later ? " (after the grace period)" : "",
                   proof.is_must_work && !facts->has_worked && facts->last_words[0] != '\0' ? ": "
                                                                                            : "",
                   proof.is_must_work && !facts->has_worked ? facts->last_words : "");
}

/* The result model's strings are char *, and copied when added. */
static char *text_or_null(const char *text)
{
    return text == NULL || text[0] == '\0' ? NULL : (char *)(uintptr_t)text;
}

void suite_judge(const struct suite *suite, const struct task *task, struct judged *judged)
{
    const struct expectation *expectation = suite_expectation(suite, task);
    struct result_case *row = &judged->row;

    memset(judged, 0, sizeof *judged);
    judge(task, judged);
    row->expected = expectation_verdict(expectation, catalogue_is_must_work(task->row));
    row->is_information = (task->row->flags & CASE_INFORMATIONAL) != 0;
    row->status = verdict_status(row->verdict, row->expected, row->is_information);
    row->id = text_or_null(task->row->id);
    row->sandbox = task->subject->adapter->name;
    row->identity = text_or_null(identity_name(task->subject->identity.kind));
    row->control = text_or_null(describe_control(task, judged->control, sizeof judged->control));
    row->twin = text_or_null(describe_twin(task, judged->twin, sizeof judged->twin));
    write_oracles(task->row->oracles, judged->oracle, sizeof judged->oracle);
    row->oracle = text_or_null(judged->oracle);
    row->evidence = text_or_null(judged->evidence);
    row->severity = text_or_null(severity_name(task->row->severity));
    row->technique = text_or_null(task->row->technique);
    row->claim = text_or_null(task->row->claim);
    row->duration_ms = task->facts.duration_ms;
    row->reason = text_or_null(judged->reason);
    row->source = text_or_null(task->row->source);
    if (expectation != NULL &&
        (row->status == STATUS_KNOWN_GAP || row->status == STATUS_FIXED_GAP ||
         row->status == STATUS_UNVERIFIED)) {
        row->reason = expectation->reason;
        row->source = expectation->source;
        row->expires = expectation->expires;
    }
}

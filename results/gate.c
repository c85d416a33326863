/* The rules for conformance runs. Each function below is one rule or one kind of verdict. */
#include "results/gate.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "results/index.h"
#include "results/tally.h"
#include "results/writer.h"

const char *gate_rule_name(enum gate_rule rule)
{
    static const char *const names[] = {
        [RULE_ESCAPED] = "escaped",
        [RULE_OVERBLOCKED] = "overblocked",
        [RULE_INVALID] = "invalid",
        [RULE_UNVERIFIABLE] = "unverifiable",
        [RULE_VANISHED] = "vanished",
        [RULE_SANDBOX_GONE] = "sandbox-gone",
        [RULE_SKIPPED] = "skipped",
        [RULE_FIXED_GAP] = "fixed-gap",
        [RULE_UNVERIFIED] = "unverified",
        [RULE_GAP_EXPIRED] = "gap-expired",
        [RULE_GAP_UNEXPLAINED] = "gap-unexplained",
        [RULE_GAP_UNKNOWN] = "gap-unknown",
        [RULE_INTERRUPTED] = "interrupted",
        [RULE_NOTHING_PROVEN] = "nothing-proven",
        [RULE_NEW] = "new",
        [RULE_BETTER] = "better",
        [RULE_CONTEXT] = "context",
        [RULE_SLOWER] = "slower",
        [RULE_COUNT] = "count",
        [RULE_NOISY] = "noisy",
        [RULE_UNFIT] = "unfit",
    };

    return names[rule];
}

const char *gate_level_name(enum gate_level level)
{
    switch (level) {
    case GATE_FAIL:
        return "fail";
    case GATE_INCONCLUSIVE:
        return "inconclusive";
    case GATE_NOTE:
        return "note";
    }
    return "?";
}

static void free_finding(struct finding *finding)
{
    free(finding->id);
    free(finding->sandbox);
    free(finding->identity);
    free(finding->message);
}

void gate_done(struct gate *gate)
{
    for (size_t i = 0; i < gate->count; i++)
        free_finding(&gate->findings[i]);
    free(gate->findings);
    *gate = (struct gate){0};
}

static bool copy_or_null(char **to, const char *text)
{
    *to = text != NULL ? strdup(text) : NULL;
    return text == NULL || *to != NULL;
}

int gate_add(struct gate *gate, const struct finding_of *of, struct error *err, const char *format,
             ...)
{
    struct finding finding = {.level = of->level, .rule = of->rule};
    struct finding *grown = realloc(gate->findings, (gate->count + 1) * sizeof *grown);
    bool is_whole;
    char message[2048];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args);
    va_end(args);
    if (grown != NULL)
        gate->findings = grown;
    is_whole = copy_or_null(&finding.id, of->id);
    is_whole = copy_or_null(&finding.sandbox, of->sandbox) && is_whole;
    is_whole = copy_or_null(&finding.identity, of->identity) && is_whole;
    is_whole = copy_or_null(&finding.message, message) && is_whole;
    if (grown == NULL || !is_whole) {
        free_finding(&finding);
        return error_memory(err, "a finding");
    }
    gate->findings[gate->count++] = finding;
    gate->levels[of->level]++;
    return 0;
}

static int compare_text(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "");
}

static int compare_findings(const void *a, const void *b)
{
    const struct finding *x = a;
    const struct finding *y = b;
    int order;

    if (x->level != y->level)
        return x->level < y->level ? -1 : 1;
    if (x->rule != y->rule)
        return x->rule < y->rule ? -1 : 1;
    order = compare_text(x->id, y->id);
    if (order == 0)
        order = compare_text(x->sandbox, y->sandbox);
    if (order == 0)
        order = compare_text(x->identity, y->identity);
    return order != 0 ? order : strcmp(x->message, y->message);
}

void gate_sort(struct gate *gate)
{
    if (gate->count > 0)
        qsort(gate->findings, gate->count, sizeof *gate->findings, compare_findings);
}

/* What the rules share while a run is judged. */
struct judging {
    struct gate *gate;
    const struct baseline *baseline;
    const struct result_run *run;
    const char *today;
    const struct result_case **new_skips;
    size_t new_skip_count;
    struct error *err;
};

#define ADD(judging, level, rule, row, ...)                                                 \
    gate_add((judging)->gate,                                                               \
             &(struct finding_of){level, rule, (row)->id, (row)->sandbox, (row)->identity}, \
             (judging)->err, __VA_ARGS__)

/* The evidence, as one short piece of a message. */
static const char *words(const struct result_case *row)
{
    const char *text =
        row->evidence != NULL && *row->evidence != '\0' ? row->evidence : row->reason;

    return text != NULL ? text : "no evidence given";
}

static bool is_past(const char *expires, const char *today)
{
    return expires != NULL && *expires != '\0' && strcmp(expires, today) < 0;
}

/* An escape or over-block, of a case that was `before` (NULL: not in the baseline). */
static int judge_breach(struct judging *j, const struct result_case *before,
                        const struct result_case *row)
{
    enum gate_rule rule = row->verdict == VERDICT_ESCAPED ? RULE_ESCAPED : RULE_OVERBLOCKED;

    if (row->is_information) /* shown, and counted nowhere */
        return 0;
    if (is_past(row->expires, j->today))
        return ADD(j, GATE_FAIL, RULE_GAP_EXPIRED, row,
                   "its expectation (%s) expired on %s: look at the gap again",
                   verdict_name(row->expected), row->expires);
    if (baseline_find_gap(j->baseline, row) != NULL)
        return 0; /* whether the acceptance itself is in order: judge_gap */
    if (before == NULL)
        return ADD(j, GATE_FAIL, rule, row, "new case, %s, not accepted in the baseline: %.600s",
                   verdict_name(row->verdict), words(row));
    if (before->verdict == row->verdict)
        return ADD(j, GATE_FAIL, rule, row,
                   "%s as in the baseline, but no accepted gap says so: %.600s",
                   verdict_name(row->verdict), words(row));
    return ADD(j, GATE_FAIL, rule, row, "%s in the baseline, now %s: %.600s",
               verdict_name(before->verdict), verdict_name(row->verdict), words(row));
}

static bool is_good(enum verdict verdict)
{
    return verdict == VERDICT_HELD || verdict == VERDICT_WORKS;
}

static bool is_breach(enum verdict verdict)
{
    return verdict == VERDICT_ESCAPED || verdict == VERDICT_OVERBLOCKED;
}

static int judge_good(struct judging *j, const struct result_case *before,
                      const struct result_case *row)
{
    if (row->status == STATUS_FIXED_GAP)
        return ADD(j, GATE_FAIL, RULE_FIXED_GAP, row,
                   "%s, but its expectation still documents a gap (%s): update the expectations",
                   verdict_name(row->verdict), verdict_name(row->expected));
    if (before == NULL)
        return ADD(j, GATE_NOTE, RULE_NEW, row, "new case, %s; record it with --update",
                   verdict_name(row->verdict));
    if (is_breach(before->verdict))
        return ADD(j, GATE_FAIL, RULE_FIXED_GAP, row,
                   "%s in the baseline, now %s: record the improvement with --update",
                   verdict_name(before->verdict), verdict_name(row->verdict));
    if (!is_good(before->verdict))
        return ADD(j, GATE_NOTE, RULE_BETTER, row, "%s in the baseline, now %s",
                   verdict_name(before->verdict), verdict_name(row->verdict));
    return 0;
}

static int judge_invalid(struct judging *j, const struct result_case *before,
                         const struct result_case *row)
{
    if (before != NULL && is_good(before->verdict))
        return ADD(j, GATE_FAIL, RULE_INVALID, row,
                   "%s in the baseline, now it proves nothing: %.600s",
                   verdict_name(before->verdict), words(row));
    return ADD(j, GATE_INCONCLUSIVE, RULE_INVALID, row, "proves nothing: %.600s", words(row));
}

static int judge_unverifiable(struct judging *j, const struct result_case *before,
                              const struct result_case *row)
{
    if (before != NULL && is_good(before->verdict))
        return ADD(j, GATE_FAIL, RULE_UNVERIFIABLE, row,
                   "%s in the baseline, now it cannot be observed: %.600s",
                   verdict_name(before->verdict), words(row));
    if (before == NULL)
        return ADD(j, GATE_NOTE, RULE_NEW, row, "new case, unverifiable here");
    return 0;
}

static int judge_pair(struct judging *j, const struct result_case *before,
                      const struct result_case *row)
{
    if (row->status == STATUS_UNVERIFIED)
        return ADD(j, GATE_FAIL, RULE_UNVERIFIED, row,
                   "%s, and its expectation is open: write down what is expected from now on",
                   verdict_name(row->verdict));
    switch (row->verdict) {
    case VERDICT_ESCAPED:
    case VERDICT_OVERBLOCKED:
        return judge_breach(j, before, row);
    case VERDICT_HELD:
    case VERDICT_WORKS:
        return judge_good(j, before, row);
    case VERDICT_INVALID:
        return judge_invalid(j, before, row);
    case VERDICT_UNVERIFIABLE:
        return judge_unverifiable(j, before, row);
    case VERDICT_SKIPPED:
        if (before == NULL || before->verdict != VERDICT_SKIPPED)
            j->new_skips[j->new_skip_count++] = row;
        return 0;
    }
    return 0;
}

/* Skips are allowed by name; so many more as new_skips says may join them. */
static int judge_skips(struct judging *j)
{
    bool is_allowed = j->new_skip_count <= j->baseline->new_skips;

    for (size_t i = 0; i < j->new_skip_count; i++) {
        const struct result_case *row = j->new_skips[i];

        if (ADD(j, is_allowed ? GATE_NOTE : GATE_FAIL, RULE_SKIPPED, row,
                "skipped, and not in the baseline (%zu new skips, %llu allowed): %.600s",
                j->new_skip_count, (unsigned long long)j->baseline->new_skips, words(row)) < 0)
            return -1;
    }
    return 0;
}

/* Whether the run has the sandbox at all; if not, says so once and not for each of its cases. */
static int judge_sandboxes(struct judging *j)
{
    for (size_t i = 0; i < j->baseline->run.sandbox_count; i++) {
        const struct result_sandbox *old = &j->baseline->run.sandboxes[i];
        const struct result_sandbox *now =
            result_run_find_sandbox(j->run, old->name, old->identity);
        const struct finding_of of = {GATE_FAIL, RULE_SANDBOX_GONE, NULL, old->name, old->identity};

        if (now != NULL && now->reason == NULL)
            continue;
        if (gate_add(j->gate, &of, j->err, "in the baseline, but %s%.600s",
                     now == NULL ? "not in this run" : "not runnable now: ",
                     now == NULL ? "" : now->reason) < 0)
            return -1;
    }
    return 0;
}

static bool has_run(const struct result_run *run, const struct result_case *row)
{
    const struct result_sandbox *sandbox =
        result_run_find_sandbox(run, row->sandbox, row->identity);

    return sandbox != NULL && sandbox->reason == NULL;
}

static int judge_cases(struct judging *j, const struct case_index *old,
                       const struct case_index *now)
{
    for (size_t i = 0; i < old->count; i++) {
        const struct result_case *row = old->rows[i];

        if (has_run(j->run, row) &&
            case_index_find(now, row->sandbox, row->identity, row->id) == NULL &&
            ADD(j, GATE_FAIL, RULE_VANISHED, row, "%s in the baseline, not in this run",
                verdict_name(row->verdict)) < 0)
            return -1;
    }
    for (size_t i = 0; i < now->count; i++) {
        const struct result_case *row = now->rows[i];

        if (judge_pair(j, case_index_find(old, row->sandbox, row->identity, row->id), row) < 0)
            return -1;
    }
    return 0;
}

static int judge_gap(struct judging *j, const struct baseline_gap *gap,
                     const struct case_index *old)
{
    const struct finding_of of = {GATE_FAIL, RULE_GAP_UNEXPLAINED, gap->id, gap->sandbox,
                                  gap->identity};
    struct finding_of expired = of;
    struct finding_of unknown = of;

    expired.rule = RULE_GAP_EXPIRED;
    unknown.rule = RULE_GAP_UNKNOWN;
    if (case_index_find(old, gap->sandbox, gap->identity, gap->id) == NULL)
        return gate_add(j->gate, &unknown, j->err, "accepted gap of a case that is not in %s",
                        j->baseline->path);
    if (j->baseline->is_run)
        return 0;
    if (gap->reason == NULL || *gap->reason == '\0')
        return gate_add(j->gate, &of, j->err, "accepted gap without a reason in %s",
                        j->baseline->path);
    if (gap->link == NULL || *gap->link == '\0')
        return gate_add(j->gate, &of, j->err, "accepted gap without a link in %s",
                        j->baseline->path);
    if (gap->expires == NULL || *gap->expires == '\0')
        return gate_add(j->gate, &of, j->err, "accepted gap without an expiry date in %s",
                        j->baseline->path);
    if (is_past(gap->expires, j->today))
        return gate_add(j->gate, &expired, j->err,
                        "accepted until %s: look at the gap again, then move the date in %s",
                        gap->expires, j->baseline->path);
    return 0;
}

static int judge_gaps(struct judging *j, const struct case_index *old)
{
    for (size_t i = 0; i < j->baseline->gap_count; i++) {
        if (judge_gap(j, &j->baseline->gaps[i], old) < 0)
            return -1;
    }
    return 0;
}

static int judge_whole(struct judging *j)
{
    struct finding_of of = {GATE_FAIL, RULE_INTERRUPTED, NULL, NULL, NULL};
    struct tally all = {0};

    for (size_t i = 0; i < j->run->case_count; i++)
        tally_add(&all, &j->run->cases[i]);
    if (j->run->is_interrupted &&
        gate_add(j->gate, &of, j->err, "the run was interrupted: %zu of %zu cases judged",
                 j->run->executed, j->run->planned) < 0)
        return -1;
    of = (struct finding_of){GATE_INCONCLUSIVE, RULE_NOTHING_PROVEN, NULL, NULL, NULL};
    if (tally_good(&all) == 0)
        return gate_add(j->gate, &of, j->err, "no case held or worked: nothing is proven");
    return 0;
}

static int judge_context(struct judging *j, const char *what, const char *old, const char *now)
{
    const struct finding_of of = {GATE_NOTE, RULE_CONTEXT, NULL, NULL, NULL};

    if (compare_text(old, now) == 0)
        return 0;
    return gate_add(j->gate, &of, j->err, "%s: %.200s in the baseline, %.200s now", what,
                    old != NULL ? old : "?", now != NULL ? now : "?");
}

static int judge_contexts(struct judging *j)
{
    const struct result_run *old = &j->baseline->run;

    if (judge_context(j, "catalogue digest", old->catalogue_sha256, j->run->catalogue_sha256) < 0 ||
        judge_context(j, "operating system", old->host.os, j->run->host.os) < 0 ||
        judge_context(j, "kernel", old->host.kernel, j->run->host.kernel) < 0)
        return -1;
    return judge_context(j, "architecture", old->host.arch, j->run->host.arch);
}

static int judge_all(struct judging *j, const struct case_index *old, const struct case_index *now)
{
    if (judge_whole(j) < 0 || judge_sandboxes(j) < 0 || judge_cases(j, old, now) < 0 ||
        judge_skips(j) < 0 || judge_gaps(j, old) < 0)
        return -1;
    return judge_contexts(j);
}

int gate_judge_run(struct gate *gate, const struct baseline *baseline, const struct result_run *run,
                   const char *today, struct error *err)
{
    struct judging j = {.gate = gate, .baseline = baseline, .run = run, .today = today, .err = err};
    struct case_index old = {0};
    struct case_index now = {0};
    int status = -1;

    *gate = (struct gate){.judged = run->case_count};
    if (run->shard_count > 1)
        return error_set(err, ERR_INVALID,
                         "shard %u of %u is not a whole run: holdfast merge first",
                         run->shard_index, run->shard_count);
    j.new_skips = malloc((run->case_count + 1) * sizeof(*j.new_skips));
    if (j.new_skips == NULL)
        (void)error_memory(err, "a judgement");
    else if (case_index_init(&old, &baseline->run, err) == 0 &&
             case_index_init(&now, run, err) == 0)
        status = judge_all(&j, &old, &now);
    case_index_done(&old);
    case_index_done(&now);
    free(j.new_skips);
    if (status < 0)
        gate_done(gate);
    else
        gate_sort(gate);
    return status;
}

/*
 * The gate for benchmarks. The baseline build and the candidate ran
 * interleaved in one job (bench/schedule.h); a stored number from another hour
 * is never a reference. A benchmark fails when the one-sided 99 % lower bound
 * of its p10 ratio is above 1 + max(2 %, noise floor), and fresh runs of the
 * same job say so again (at 97.5 %, as bench --against asks). When the baseline build, measured against itself,
 * looks changed, the machine is unfit and nothing is said about the candidate.
 *
 * A p10 cannot see a candidate that is slow in one run of five.
 */
#include <math.h>
#include <string.h>

#include "base/buffer.h"
#include "results/gate.h"

static bool matches(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static const struct bench_noise *find_noise(const struct bench_baseline *baseline,
                                            const char *benchmark)
{
    for (size_t i = 0; baseline != NULL && i < baseline->noise_count; i++) {
        if (strcmp(baseline->noise[i].benchmark, benchmark) == 0)
            return &baseline->noise[i];
    }
    return NULL;
}

static const struct bench_accepted *find_accepted(const struct bench_baseline *baseline,
                                                  const struct bench_result *result)
{
    for (size_t i = 0; baseline != NULL && i < baseline->accepted_count; i++) {
        const struct bench_accepted *accepted = &baseline->accepted[i];

        if (strcmp(accepted->benchmark, result->benchmark) == 0 &&
            strcmp(accepted->subject, result->subject) == 0 &&
            strcmp(accepted->parameters, result->parameters) == 0)
            return accepted;
    }
    return NULL;
}

static double delta_of(const struct bench_evidence *evidence, const struct bench_result *result)
{
    const struct bench_noise *noise = find_noise(evidence->baseline, result->benchmark);

    return stats_delta(noise != NULL ? stats_noise_floor(noise->ratios, noise->count) : 0);
}

static struct finding_of of_result(enum gate_level level, enum gate_rule rule,
                                   const struct bench_result *result)
{
    return (struct finding_of){level, rule, result->benchmark, result->subject,
                               *result->parameters != '\0' ? result->parameters : NULL};
}

/* What the runs of one file say. false: too few runs to say anything. */
static bool judge_file(const struct bench_file *file, const struct bench_result *result,
                       const struct stats_how *how, double delta, struct stats_ratio *ratio,
                       enum stats_verdict *verdict)
{
    const struct bench_result *reference = bench_reference_of(file, result);
    struct error ignored;

    if (reference == NULL || bench_ratio(reference, result, how, ratio, &ignored) < 0)
        return false;
    *verdict = stats_judge(ratio, delta);
    return true;
}

static const char against[] = "against.";
static const char against_again[] = "against-again.";

bool bench_is_repeat(const struct bench_result *result)
{
    return strncmp(result->benchmark, against_again, sizeof against_again - 1) == 0;
}

/* The fresh runs of a result, and the file they are in; NULL: there are none. */
static const struct bench_result *find_repeat(const struct bench_evidence *evidence,
                                              const struct bench_result *result,
                                              const struct bench_file **file)
{
    AUTO_BUFFER struct buffer name = BUFFER_EMPTY;

    *file = evidence->repeat;
    if (evidence->repeat != NULL)
        return bench_file_find(evidence->repeat, result->benchmark, result->subject,
                               result->parameters);
    *file = evidence->current;
    if (strncmp(result->benchmark, against, sizeof against - 1) != 0)
        return NULL;
    buffer_printf(&name, "%s%s", against_again, result->benchmark + sizeof against - 1);
    return bench_file_find(evidence->current, buffer_text(&name), result->subject,
                           result->parameters);
}

/* Accepted by a person, with everything an acceptance needs: NULL. Otherwise what is wrong. */
static const char *acceptance_fault(const struct bench_accepted *accepted,
                                    const struct stats_ratio *ratio, const char *today)
{
    if (accepted == NULL)
        return "";
    if (*accepted->reason == '\0' || *accepted->link == '\0' || *accepted->expires == '\0')
        return "; its acceptance lacks a reason, a link or an expiry date";
    if (strcmp(accepted->expires, today) < 0)
        return "; its acceptance has expired";
    return ratio->low > accepted->ratio_max ? "; slower than what was accepted" : NULL;
}

static int judge_slower(struct gate *gate, const struct bench_evidence *evidence,
                        const struct bench_result *result, const struct stats_ratio *first,
                        double delta, struct error *err)
{
    const struct bench_file *file;
    const struct bench_result *again = find_repeat(evidence, result, &file);
    const char *fault =
        acceptance_fault(find_accepted(evidence->baseline, result), first, evidence->today);
    struct finding_of of = of_result(GATE_NOTE, RULE_SLOWER, result);
    enum stats_verdict verdict;
    struct stats_ratio second;

    if (fault == NULL)
        return gate_add(gate, &of, err, "slower, as accepted: ratio %.3f", first->ratio);
    if (again == NULL || !judge_file(file, again, &stats_report_how, delta, &second, &verdict)) {
        of.level = GATE_INCONCLUSIVE;
        return gate_add(gate, &of, err,
                        "slower once: p10 ratio %.3f, lower bound %.3f above %.3f; give fresh runs "
                        "with --repeat%s",
                        first->ratio, first->low, 1 + delta, fault);
    }
    if (verdict != STATS_SLOWER)
        return gate_add(gate, &of, err,
                        "slower once (lower bound %.3f), not again on fresh runs (%.3f)",
                        first->low, second.low);
    of.level = GATE_FAIL;
    return gate_add(gate, &of, err,
                    "slower: p10 ratio %.3f and %.3f, lower bounds %.3f and %.3f above %.3f%s",
                    first->ratio, second.ratio, first->low, second.low, 1 + delta, fault);
}

static int judge_counts(struct gate *gate, const struct bench_result *reference,
                        const struct bench_result *result, struct error *err)
{
    const struct finding_of of = of_result(GATE_FAIL, RULE_COUNT, result);

    for (size_t i = 0; i < result->count_count; i++) {
        const struct bench_count *count = &result->counts[i];

        for (size_t k = 0; k < reference->count_count; k++) {
            const struct bench_count *old = &reference->counts[k];

            if (matches(old->name, count->name) && count->value > old->value &&
                gate_add(gate, &of, err, "%.100s: %lld, was %lld", count->name, count->value,
                         old->value) < 0)
                return -1;
        }
    }
    return 0;
}

static int judge_result(struct gate *gate, const struct bench_evidence *evidence,
                        const struct bench_result *result, struct error *err)
{
    struct finding_of of = of_result(GATE_INCONCLUSIVE, RULE_NOISY, result);
    double delta = delta_of(evidence, result);
    enum stats_verdict verdict;
    struct stats_ratio ratio;

    gate->judged++;
    if (judge_counts(gate, bench_reference_of(evidence->current, result), result, err) < 0)
        return -1;
    if (!judge_file(evidence->current, result, &stats_gate_how, delta, &ratio, &verdict))
        return gate_add(gate, &of, err, "too few complete blocks to judge");
    if (verdict == STATS_SLOWER)
        return judge_slower(gate, evidence, result, &ratio, delta, err);
    if (verdict == STATS_INCONCLUSIVE)
        return gate_add(gate, &of, err, "too noisy to judge: p10 ratio in %.3f .. %.3f", ratio.low,
                        ratio.high);
    of.level = GATE_NOTE;
    of.rule = RULE_BETTER;
    if (verdict == STATS_FASTER)
        return gate_add(gate, &of, err, "faster: p10 ratio %.3f, upper bound %.3f", ratio.ratio,
                        ratio.high);
    return 0;
}

/* The baseline build against itself. *is_fit becomes false when that looks like a change. */
static int judge_control(struct gate *gate, const struct bench_evidence *evidence,
                         const struct bench_result *result, bool *is_fit, struct error *err)
{
    const struct finding_of of = of_result(GATE_INCONCLUSIVE, RULE_UNFIT, result);
    enum stats_verdict verdict;
    struct stats_ratio ratio;

    if (!judge_file(evidence->current, result, &stats_gate_how, delta_of(evidence, result), &ratio,
                    &verdict) ||
        (verdict != STATS_SLOWER && verdict != STATS_FASTER))
        return 0;
    *is_fit = false;
    return gate_add(
        gate, &of, err,
        "the baseline build differs from itself (%.3f .. %.3f): this machine was unfit, "
        "no timing is judged",
        ratio.low, ratio.high);
}

static bool is_gated(const struct bench_evidence *evidence, const struct bench_result *result)
{
    return !bench_is_repeat(result) && matches(result->reference, evidence->reference) &&
           bench_reference_of(evidence->current, result) != NULL;
}

static int judge_vanished(struct gate *gate, const struct bench_evidence *evidence,
                          struct error *err)
{
    const struct bench_baseline *baseline = evidence->baseline;

    for (size_t i = 0; baseline != NULL && i < baseline->noise_count; i++) {
        const char *name = baseline->noise[i].benchmark;
        const struct finding_of of = {GATE_FAIL, RULE_VANISHED, name, NULL, NULL};
        size_t at = 0;

        while (at < evidence->current->result_count &&
               (!is_gated(evidence, &evidence->current->results[at]) ||
                strcmp(evidence->current->results[at].benchmark, name) != 0))
            at++;
        if (at == evidence->current->result_count &&
            gate_add(gate, &of, err, "a benchmark of the baseline that was not measured") < 0)
            return -1;
    }
    return 0;
}

static int judge_all(struct gate *gate, const struct bench_evidence *evidence, struct error *err)
{
    const struct bench_file *file = evidence->current;
    bool is_fit = true;

    for (size_t i = 0; i < file->result_count; i++) {
        if (is_gated(evidence, &file->results[i]) && file->results[i].is_control &&
            judge_control(gate, evidence, &file->results[i], &is_fit, err) < 0)
            return -1;
    }
    for (size_t i = 0; i < file->result_count; i++) {
        const struct bench_result *result = &file->results[i];

        if (!is_gated(evidence, result) || result->is_control)
            continue;
        if (is_fit && judge_result(gate, evidence, result, err) < 0)
            return -1;
        /* Counting does not depend on how quiet the machine was. */
        if (!is_fit && judge_counts(gate, bench_reference_of(file, result), result, err) < 0)
            return -1;
    }
    return judge_vanished(gate, evidence, err);
}

int gate_judge_bench(struct gate *gate, const struct bench_evidence *evidence, struct error *err)
{
    size_t gated = 0;

    *gate = (struct gate){0};
    for (size_t i = 0; i < evidence->current->result_count; i++)
        gated += is_gated(evidence, &evidence->current->results[i]);
    if (gated == 0) {
        (void)error_set(err, ERR_INVALID, "no benchmark ran interleaved with a subject named %s",
                        evidence->reference);
        return error_hint(err, "--reference NAME says which subject is the baseline build");
    }
    if (judge_all(gate, evidence, err) < 0) {
        gate_done(gate);
        return -1;
    }
    gate_sort(gate);
    return 0;
}

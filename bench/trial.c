#include "bench/trial.h"

#include <stdlib.h>

#include "base/auto.h"

void trial_rule_init(struct trial_rule *rule, double noise_floor)
{
    *rule = (struct trial_rule){
        .looks = {32, 64, 128},
        .look_count = 3,
        .look_how = stats_gate_how,
        .confirm_how = stats_gate_how,
        .delta = stats_delta(noise_floor),
        .futile = 0.05,
    };
    rule->look_how.confidence = 0.997;
    rule->look_how.draws = 4000; /* so that 12 draws lie beyond the bound, not 6 */
    rule->confirm_how.confidence = 0.95;
}

/* Fresh runs, as many as the look had; they must say slower (or faster) again, else it is not shown. */
static int confirm(const struct trial_rule *rule, const struct trial_source *source,
                   struct trial_outcome *outcome, struct error *err)
{
    AUTO_FREE double *reference = calloc(2 * outcome->quads, sizeof *reference);
    AUTO_FREE double *candidate = calloc(2 * outcome->quads, sizeof *candidate);
    struct stats_arms arms = {reference, candidate, outcome->quads, 2};

    if (reference == NULL || candidate == NULL)
        return error_memory(err, "repeat of a trial");
    if (source->draw(source->context, outcome->quads, reference, candidate, err) < 0 ||
        stats_ratio(&arms, &rule->confirm_how, &outcome->confirm, err) < 0)
        return error_wrap(err, "repeat of a trial");
    outcome->has_confirm = true;
    if (stats_judge(&outcome->confirm, rule->delta) != outcome->verdict)
        outcome->verdict = STATS_INCONCLUSIVE;
    return 0;
}

/* What a look says when it is not the last: go on unless something is shown or excluded. */
static bool is_settled(const struct trial_rule *rule, const struct trial_outcome *outcome)
{
    if (outcome->verdict == STATS_SLOWER || outcome->verdict == STATS_FASTER)
        return true;
    return outcome->first.high < 1 + rule->futile && outcome->first.low > 1 - rule->futile;
}

static int look(const struct trial_rule *rule, const double *reference, const double *candidate,
                size_t quads, struct trial_outcome *outcome, struct error *err)
{
    struct stats_arms arms = {reference, candidate, quads, 2};

    if (stats_ratio(&arms, &rule->look_how, &outcome->first, err) < 0)
        return error_wrap(err, "trial of %zu quads", quads);
    outcome->quads = quads;
    outcome->verdict = stats_judge(&outcome->first, rule->delta);
    return 0;
}

int trial_run(const struct trial_rule *rule, const struct trial_source *source,
              struct trial_outcome *outcome, struct error *err)
{
    size_t most = rule->look_count > 0 ? rule->looks[rule->look_count - 1] : 0;
    AUTO_FREE double *reference = calloc(2 * most + 1, sizeof *reference);
    AUTO_FREE double *candidate = calloc(2 * most + 1, sizeof *candidate);
    struct trial_outcome made = {.verdict = STATS_INCONCLUSIVE};

    if (reference == NULL || candidate == NULL)
        return error_memory(err, "trial");
    for (size_t i = 0; i < rule->look_count; i++) {
        size_t have = made.quads;

        if (source->draw(source->context, rule->looks[i] - have, reference + 2 * have,
                         candidate + 2 * have, err) < 0 ||
            look(rule, reference, candidate, rule->looks[i], &made, err) < 0)
            return -1;
        if (is_settled(rule, &made))
            break;
    }
    if ((made.verdict == STATS_SLOWER || made.verdict == STATS_FASTER) &&
        confirm(rule, source, &made, err) < 0)
        return -1;
    *outcome = made;
    return 0;
}

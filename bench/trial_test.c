#include "base/test.h"

#include <math.h>

#include "bench/trial.h"

/* A machine whose runs are base x (1 + noise), the candidate's `factor` times as long. */
struct machine {
    struct stats_rng rng;
    double factor;
    double noise;
    size_t quads;     /* drawn so far */
    size_t change_at; /* from this quad on the factor is 1: an alarm that does not repeat */
};

static double run_time(struct machine *machine, double factor)
{
    double unit = (double)stats_rng_below(&machine->rng, 100000) / 100000;

    return factor * (1 + machine->noise * unit * unit);
}

static int draw(void *context, size_t quads, double *reference, double *candidate,
                struct error *err)
{
    struct machine *machine = context;

    (void)err;
    for (size_t quad = 0; quad < quads; quad++) {
        double factor = machine->quads + quad < machine->change_at ? machine->factor : 1;

        for (size_t i = 2 * quad; i < 2 * quad + 2; i++) {
            reference[i] = run_time(machine, 1);
            candidate[i] = run_time(machine, factor);
        }
    }
    machine->quads += quads;
    return 0;
}

static struct trial_outcome try_machine(struct machine *machine)
{
    struct trial_source source = {.context = machine, .draw = draw};
    struct trial_rule rule;
    struct trial_outcome outcome = {0};
    struct error err = {0};

    stats_rng_init(&machine->rng, 11);
    trial_rule_init(&rule, 0);
    cr_assert_eq(trial_run(&rule, &source, &outcome, &err), 0, "%s", err.message);
    return outcome;
}

Test(trial, equal_commands_are_the_same_after_the_first_look)
{
    struct machine machine = {.factor = 1, .noise = 0.5, .change_at = SIZE_MAX};
    struct trial_outcome outcome = try_machine(&machine);

    cr_assert_eq(outcome.verdict, STATS_SAME);
    cr_assert(!outcome.has_confirm);
    cr_assert_eq(outcome.quads, 32, "nothing more was needed");
    cr_assert_eq(machine.quads, 32);
}

Test(trial, a_slower_command_is_confirmed_on_fresh_runs)
{
    struct machine machine = {.factor = 1.2, .noise = 0.5, .change_at = SIZE_MAX};
    struct trial_outcome outcome = try_machine(&machine);

    cr_assert_eq(outcome.verdict, STATS_SLOWER);
    cr_assert(outcome.has_confirm);
    cr_assert_eq(machine.quads, 2 * outcome.quads, "the repeat drew as many runs again");
}

Test(trial, a_faster_command_is_called_faster)
{
    struct machine machine = {.factor = 0.8, .noise = 0.5, .change_at = SIZE_MAX};

    cr_assert_eq(try_machine(&machine).verdict, STATS_FASTER);
}

Test(trial, an_alarm_that_does_not_repeat_is_not_slower)
{
    struct machine machine = {.factor = 1.3, .noise = 0.5, .change_at = 32};
    struct trial_outcome outcome = try_machine(&machine);

    cr_assert(outcome.has_confirm);
    cr_assert_eq(outcome.verdict, STATS_INCONCLUSIVE);
    cr_assert(outcome.first.low > 1.02, "the first look did alarm");
}

Test(trial, too_noisy_a_machine_is_inconclusive_after_the_last_look)
{
    struct machine machine = {.factor = 1, .noise = 200, .change_at = SIZE_MAX};
    struct trial_outcome outcome = try_machine(&machine);

    cr_assert_eq(outcome.verdict, STATS_INCONCLUSIVE);
    cr_assert_eq(outcome.quads, 128);
}

static int draw_nothing(void *context, size_t quads, double *reference, double *candidate,
                        struct error *err)
{
    (void)context, (void)quads, (void)reference, (void)candidate;
    return error_set(err, ERR_INTERRUPTED, "stopped");
}

Test(trial, a_source_that_fails_fails_the_trial)
{
    struct trial_source source = {.draw = draw_nothing};
    struct trial_rule rule;
    struct trial_outcome outcome = {.quads = 77};
    struct error err;

    trial_rule_init(&rule, 0.1);
    cr_assert(fabs(rule.delta - 0.1) < 1e-12, "a noise floor above 2 %% is the delta");
    cr_assert_eq(trial_run(&rule, &source, &outcome, &err), -1);
    cr_assert_eq(err.code, ERR_INTERRUPTED);
    cr_assert_eq(outcome.quads, 77, "outputs are untouched on failure");
}

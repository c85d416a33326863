/*
 * The statistics attacked with noise whose truth is known: how often do the 95 % bounds of a ratio hold
 * it, and how often does the gate's rule cry wolf? Seeds are fixed: the counts are always the same. Prints
 * the table of README.md ("Attacked").
 */
#include "base/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/report.h"
#include "bench/schedule.h"
#include "bench/stats.h"
#include "bench/trial.h"

enum {
    TRIES = 300,
    BLOCKS = 128
};

/* A machine: what it does to the next run, of whichever arm. */
struct machine {
    struct stats_rng rng;
    double slow; /* state of the slow part */
    size_t runs; /* so far */
    bool is_busy;
};

typedef double noise_function(struct machine *machine, size_t position);

static double uniform(struct machine *machine)
{
    return ((double)stats_rng_below(&machine->rng, 1u << 30) + 0.5) / (double)(1u << 30);
}

static double normal(struct machine *machine)
{
    return sqrt(-2 * log(uniform(machine))) * cos(6.283185307179586 * uniform(machine));
}

static double quiet(struct machine *machine, size_t position)
{
    (void)position;
    return exp(0.03 * normal(machine));
}

/* Two ways through the machine (which processor, which cache), taken by chance. */
static double bimodal(struct machine *machine, size_t position)
{
    return quiet(machine, position) * (uniform(machine) < 0.4 ? 1.5 : 1);
}

/* A neighbour that comes for some thirty runs and goes again. */
static double bursts(struct machine *machine, size_t position)
{
    if (uniform(machine) < 0.03)
        machine->is_busy = !machine->is_busy;
    return quiet(machine, position) * (machine->is_busy ? 1.8 : 1);
}

/* Quiet for a tenth of the time only, some ten runs at a stretch: the p10 lies on the edge between both,
 * and the quiet stretches are few. */
static double mostly_busy(struct machine *machine, size_t position)
{
    if (uniform(machine) < (machine->is_busy ? 0.011 : 0.1))
        machine->is_busy = !machine->is_busy;
    return quiet(machine, position) * (machine->is_busy ? 1.8 : 1);
}

/* Half as slow again by the end. */
static double drift(struct machine *machine, size_t position)
{
    return quiet(machine, position) * (1 + 0.5 * (double)machine->runs / (4.0 * BLOCKS));
}

static double autocorrelated(struct machine *machine, size_t position)
{
    machine->slow = 0.98 * machine->slow + 0.05 * normal(machine);
    return quiet(machine, position) * exp(machine->slow);
}

static double heavy_tail(struct machine *machine, size_t position)
{
    return quiet(machine, position) *
           (uniform(machine) < 0.3 ? pow(uniform(machine), -1 / 1.2) : 1);
}

/* Whatever runs first in a block pays for something. */
static double first_of_block(struct machine *machine, size_t position)
{
    return quiet(machine, position) * (position == 0 ? 1.4 : 1);
}

/* As the first, and more so the second, third and fourth: a fixed ABBA would be fair to a straight line
 * only. */
static double within_block(struct machine *machine, size_t position)
{
    return quiet(machine, position) * (1 + 0.1 * (double)(position * position));
}

/* Runs that take turns being slow, two by two: the rhythm of a fixed ABBA order. */
static double rhythm(struct machine *machine, size_t position)
{
    return quiet(machine, position) * (position == 1 || position == 2 ? 1.3 : 1);
}

/* ---- drawing ---- */

struct source {
    struct machine machine;
    noise_function *noise;
    double effect; /* of the candidate */
    bool is_fixed; /* ABBA in each block, no chance in it: what not to do */
};

static int draw(void *context, size_t quads, double *reference, double *candidate,
                struct error *err)
{
    struct source *source = context;

    (void)err;
    for (size_t block = 0; block < quads; block++) {
        size_t order[4] = {0, 1, 1, 0};
        size_t filled[2] = {0, 0};

        if (!source->is_fixed)
            schedule_block(&source->machine.rng, 2, order);
        for (size_t i = 0; i < 4; i++) {
            size_t arm = order[i];
            double value = source->noise(&source->machine, i);

            source->machine.runs++;
            (arm == 0 ? reference : candidate)[2 * block + filled[arm]++] =
                value * (arm == 1 ? source->effect : 1);
        }
    }
    return 0;
}

static struct source open_source(noise_function *noise, double effect, uint64_t seed)
{
    struct source source = {.noise = noise, .effect = effect};

    stats_rng_init(&source.machine.rng, seed);
    return source;
}

/* Of TRIES experiments, those whose 95 % bounds hold the truth. */
static unsigned count_held(noise_function *noise, double effect, bool is_fixed)
{
    static double reference[2 * BLOCKS];
    static double candidate[2 * BLOCKS];
    const struct stats_arms arms = {reference, candidate, BLOCKS, 2};
    unsigned held = 0;

    for (uint64_t seed = 0; seed < TRIES; seed++) {
        struct source source = open_source(noise, effect, 1000 + seed);
        struct stats_how how = stats_report_how;
        struct stats_ratio ratio;
        struct error err;

        source.is_fixed = is_fixed;
        how.draws = 500;
        how.seed = seed;
        (void)draw(&source, BLOCKS, reference, candidate, &err);
        cr_assert_eq(stats_ratio(&arms, &how, &ratio, &err), 0, "%s", err.message);
        held += ratio.low <= effect && effect <= ratio.high;
    }
    return held;
}

/* Of TRIES trials with the gate's rule, those that say "slower" or "faster". */
static void count_verdicts(noise_function *noise, double effect, unsigned *slower, unsigned *faster)
{
    *slower = *faster = 0;
    for (uint64_t seed = 0; seed < TRIES; seed++) {
        struct source source = open_source(noise, effect, 5000 + seed);
        const struct trial_source from = {&source, draw};
        struct trial_rule rule;
        struct trial_outcome outcome;
        struct error err;

        trial_rule_init(&rule, 0);
        rule.look_how.draws = rule.confirm_how.draws = 500;
        cr_assert_eq(trial_run(&rule, &from, &outcome, &err), 0, "%s", err.message);
        *slower += outcome.verdict == STATS_SLOWER;
        *faster += outcome.verdict == STATS_FASTER;
    }
}

struct attack {
    const char *name;
    noise_function *noise;
};

static const struct attack attacks[] = {
    {"quiet (3 %)", quiet},
    {"two modes, 40 % x 1.5", bimodal},
    {"bursts of 30 runs, x 1.8", bursts},
    {"busy nine tenths of the time, x 1.8", mostly_busy},
    {"drift of +50 %", drift},
    {"autocorrelated, 0.98", autocorrelated},
    {"heavy tail, 30 %", heavy_tail},
    {"first of a block x 1.4", first_of_block},
    {"rising within a block", within_block},
    {"rhythm of ABBA, x 1.3", rhythm},
};

enum {
    ATTACKS = sizeof attacks / sizeof attacks[0]
};

/* Nominal is 95 %. */
Test(noise, bounds_hold_the_truth_whatever_the_machine_does)
{
    (void)printf("| noise | bounds hold 1.00 | bounds hold 1.10 |\n|:---|---:|---:|\n");
    for (size_t i = 0; i < ATTACKS; i++) {
        unsigned same = count_held(attacks[i].noise, 1, false);
        unsigned slower = count_held(attacks[i].noise, 1.1, false);
        unsigned least = TRIES * 92 / 100;

        (void)printf("| %s | %.1f %% | %.1f %% |\n", attacks[i].name, 100.0 * same / TRIES,
                     100.0 * slower / TRIES);
        cr_assert(same >= least && slower >= least, "%s: %u and %u of %d", attacks[i].name, same,
                  slower, TRIES);
    }
}

Test(noise, gate_is_silent_about_nothing_and_sees_ten_percent)
{
    (void)printf("| noise | nothing: alarms | +10 %%: found |\n|:---|---:|---:|\n");
    for (size_t i = 0; i < ATTACKS; i++) {
        unsigned slower;
        unsigned faster;
        unsigned found;
        unsigned wrong;

        count_verdicts(attacks[i].noise, 1, &slower, &faster);
        count_verdicts(attacks[i].noise, 1.1, &found, &wrong);
        (void)printf("| %s | %u of %d | %.1f %% |\n", attacks[i].name, slower + faster, TRIES,
                     100.0 * found / TRIES);
        cr_assert(slower + faster <= 1, "%s: %u alarms", attacks[i].name, slower + faster);
        cr_assert(wrong <= 1, "%s: %u times the wrong way round", attacks[i].name, wrong);
        /* What hides nine runs of ten hides a difference, too. */
        cr_assert(attacks[i].noise == mostly_busy || found >= TRIES * 90 / 100, "%s: %u found",
                  attacks[i].name, found);
    }
}

/* What the schedule's chance is good for. */
Test(noise, a_fixed_order_is_fooled_by_a_rhythm)
{
    cr_assert_eq(count_held(rhythm, 1, true), 0);
    cr_assert(count_held(rhythm, 1, false) >= TRIES * 92 / 100);
}

/* ---- the A/A arm ---- */

/* A report of a reference and its A/A arm, of which this share of runs takes half as long again. */
static void make_report(struct bench_report *report, double share)
{
    static double reference[2 * BLOCKS];
    static double candidate[2 * BLOCKS];
    struct source source = open_source(quiet, 1, 77);
    struct error err;

    bench_report_init(report);
    (void)draw(&source, BLOCKS, reference, candidate, &err);
    for (int arm = 0; arm < 2; arm++) {
        struct bench_row *row =
            bench_report_add_row(report, arm == 0 ? "a" : "a (again)", "b",
                                 arm == 0 ? "a" : "a (again)", arm == 0 ? NULL : "a", &err);
        struct bench_run *runs;

        cr_assert_not_null(row, "%s", err.message);
        row->is_control = arm == 1;
        runs = bench_row_add_runs(row, 2 * BLOCKS, &err);
        cr_assert_not_null(runs, "%s", err.message);
        for (size_t i = 0; i < 2 * BLOCKS; i++) {
            bool is_hit = arm == 1 && uniform(&source.machine) < share;

            runs[i].wall_s = (arm == 0 ? reference : candidate)[i] * (is_hit ? 1.5 : 1);
        }
    }
    cr_assert_eq(bench_report_finish(report, &err), 0, "%s", err.message);
}

static bool is_fit(double share)
{
    struct bench_report report;
    bool fit;

    make_report(&report, share);
    fit = report.is_fit;
    bench_report_done(&report);
    return fit;
}

/* A neighbour that only ever hits one arm makes the machine unfit; one that leaves that arm a fifth of
 * its runs is not seen by a p10, and neither is it by a comparison. */
Test(noise, load_in_one_arm_makes_the_machine_unfit)
{
    cr_assert(is_fit(0));
    cr_assert(!is_fit(1));
    cr_assert(!is_fit(0.95));
    cr_assert(is_fit(0.5), "a p10 sees half the runs hit now: say so in README.md");
}

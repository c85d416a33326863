/*
 * How good is the gate's judgement on this machine, now? The trial of trial.h
 * is held many times between a command and itself, and between the command and
 * one that works a known share longer. "calibrate injected=0" is the A/A: any
 * slower or faster in it is a false alarm. The others show the power.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "bench/builtin.h"
#include "bench/trial.h"

enum {
    PILOT_RUNS = 200,
    WARMUP_QUADS = 3,
    LOOK_MAX = 128
};

/* The two commands as a source of runs. */
struct machine {
    struct context *context;
    int reference, candidate; /* commands */
    struct stats_rng rng;
    struct stopwatch_sample last; /* of the reference */
};

static int draw_quads(struct machine *machine, size_t quads, double *reference, double *candidate,
                      struct error *err)
{
    struct wire_run runs[4 * LOOK_MAX];
    struct stopwatch_sample samples[4 * LOOK_MAX];
    size_t order[4];
    bool is_candidate[4 * LOOK_MAX];
    size_t used[2] = {0};

    for (size_t i = 0; i < 4 * quads; i++) {
        if (i % 4 == 0)
            schedule_block(&machine->rng, 2, order);
        is_candidate[i] = order[i % 4] == 1;
        runs[i] = (struct wire_run){
            .command = (uint32_t)(is_candidate[i] ? machine->candidate : machine->reference),
            .iteration = (uint32_t)i,
            .env_offset = (uint32_t)stats_rng_below(&machine->rng, STOPWATCH_OFFSET_MAX)};
    }
    if (stopwatch_run(machine->context->stopwatch, runs, 4 * quads, samples, err) < 0)
        return -1;
    for (size_t i = 0; i < 4 * quads; i++) {
        double *to = is_candidate[i] ? candidate : reference;
        double time_s = samples[i].exit_status == 0 ? (double)samples[i].wall_ns / 1e9 : NAN;

        to[used[is_candidate[i]]++] = time_s;
        if (!is_candidate[i])
            machine->last = samples[i];
    }
    return 0;
}

static int draw(void *context, size_t quads, double *reference, double *candidate,
                struct error *err)
{
    for (size_t done = 0; done < quads; done += LOOK_MAX) {
        size_t some = quads - done < LOOK_MAX ? quads - done : LOOK_MAX;

        if (draw_quads(context, some, reference + 2 * done, candidate + 2 * done, err) < 0)
            return -1;
    }
    return 0;
}

static int define_spin(struct context *context, uint64_t spin_ns, struct error *err)
{
    AUTO_FREE char *program = context_program(context, "bench-spin", err);
    char count[24];
    const char *argv[] = {program, count, NULL};
    const struct stopwatch_command command = {.argv = argv, .timeout_ms = 60000};

    (void)snprintf(count, sizeof count, "%" PRIu64, spin_ns);
    return program == NULL ? -1 : stopwatch_define(context->stopwatch, &command, err);
}

/* The p10 of the command, of which the injected share is taken. */
static int measure_base(struct context *context, int command, double *p10_s, struct error *err)
{
    struct wire_run runs[PILOT_RUNS];
    struct stopwatch_sample samples[PILOT_RUNS];
    double times[PILOT_RUNS];

    for (size_t i = 0; i < PILOT_RUNS; i++)
        runs[i] = (struct wire_run){.command = (uint32_t)command};
    if (stopwatch_run(context->stopwatch, runs, PILOT_RUNS, samples, err) < 0)
        return -1;
    for (size_t i = 0; i < PILOT_RUNS; i++)
        times[i] = (double)samples[i].wall_ns / 1e9;
    stats_sort(times, PILOT_RUNS);
    *p10_s = stats_quantile(times, PILOT_RUNS, 0.1);
    return 0;
}

struct tally {
    int64_t decisions, slower, faster, inconclusive, quads;
};

static int add_row(struct context *context, const char *injected, const struct tally *tally,
                   const struct bench_run *runs, struct error *err)
{
    char command[64];
    struct bench_row *row;
    struct bench_run *to;

    (void)snprintf(command, sizeof command, "calibrate injected=%.20s", injected);
    row = bench_report_add_row(context->report, command, "calibrate", "gate", NULL, err);
    to = row != NULL ? bench_row_add_runs(row, (size_t)tally->decisions, err) : NULL;
    if (to == NULL || bench_row_set_parameter(row, "injected", injected, err) < 0 ||
        bench_row_set_count(row, "decisions", tally->decisions, err) < 0 ||
        bench_row_set_count(row, "slower", tally->slower, err) < 0 ||
        bench_row_set_count(row, "faster", tally->faster, err) < 0 ||
        bench_row_set_count(row, "inconclusive", tally->inconclusive, err) < 0 ||
        bench_row_set_count(row, "mean_pairs", 2 * tally->quads / tally->decisions, err) < 0)
        return -1;
    memcpy(to, runs, (size_t)tally->decisions * sizeof *runs);
    return bench_row_set_note(row, err,
                              "%lld decisions: %lld slower, %lld faster, %lld inconclusive",
                              (long long)tally->decisions, (long long)tally->slower,
                              (long long)tally->faster, (long long)tally->inconclusive);
}

static int decide(struct machine *machine, size_t decisions, struct tally *tally,
                  struct bench_run *runs, struct error *err)
{
    const struct trial_source source = {.context = machine, .draw = draw};
    double warm[2 * WARMUP_QUADS];
    double up[2 * WARMUP_QUADS];
    struct trial_outcome outcome;
    struct trial_rule rule;

    trial_rule_init(&rule, 0);
    for (size_t i = 0; i < decisions; i++) {
        if (draw(machine, WARMUP_QUADS, warm, up, err) < 0 ||
            trial_run(&rule, &source, &outcome, err) < 0)
            return -1;
        runs[i] = bench_run_of(&machine->last, 0);
        tally->decisions++;
        tally->slower += outcome.verdict == STATS_SLOWER;
        tally->faster += outcome.verdict == STATS_FASTER;
        tally->inconclusive += outcome.verdict == STATS_INCONCLUSIVE;
        tally->quads += (int64_t)outcome.quads;
        console_set_title(machine->context->console, "calibrate: decision %zu of %zu", i + 1,
                          decisions);
        console_step(machine->context->console);
    }
    return 0;
}

static int run_injected(struct context *context, const char *injected, size_t decisions,
                        struct error *err)
{
    struct machine machine = {.context = context};
    AUTO_FREE struct bench_run *runs = calloc(decisions, sizeof *runs);
    struct tally tally = {0};
    uint64_t percent;
    double p10_s = 0;

    if (!text_parse_u64(injected, 1000, &percent))
        return error_set(err, ERR_USAGE, "injected: %s: not a percentage", injected);
    if (runs == NULL)
        return error_memory(err, "decisions");
    machine.reference = define_spin(context, 0, err);
    if (machine.reference < 0 || measure_base(context, machine.reference, &p10_s, err) < 0)
        return -1;
    machine.candidate = define_spin(context, (uint64_t)(p10_s * 1e9 * (double)percent / 100), err);
    if (machine.candidate < 0)
        return -1;
    stats_rng_init(&machine.rng, context_next_seed(context));
    if (decide(&machine, decisions, &tally, runs, err) < 0)
        return -1;
    return add_row(context, injected, &tally, runs, err);
}

int bench_calibrate(struct context *context, struct error *err)
{
    static const char *const usual_decisions[] = {"600"};
    static const char *const usual_injected[] = {"0", "5", "10", "25"};
    AUTO_WORDS struct words injected =
        context_values(context, "injected", usual_injected, ARRAY_SIZE(usual_injected), 3, err);
    AUTO_WORDS struct words decisions =
        context_values(context, "decisions", usual_decisions, 1, 1, err);
    uint64_t count;

    if (injected.count == 0 || decisions.count == 0)
        return -1;
    if (!text_parse_u64(decisions.items[0], 100000, &count) || count == 0)
        return error_set(err, ERR_USAGE, "decisions: %s: not a number up to 100000",
                         decisions.items[0]);
    for (size_t i = 0; i < injected.count; i++) {
        /* The A/A needs the most: a rate of 0.5 % cannot be told from few. */
        size_t some = (size_t)(strcmp(injected.items[i], "0") == 0 ? count : count / 6 + 1);

        if (run_injected(context, injected.items[i], some, err) < 0)
            return -1;
    }
    return 0;
}

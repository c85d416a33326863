/*
 * From the target's last instruction to the return of its sandbox, when there
 * is something to clear away: processes that the target left running, files
 * in the private temporary folder. (With nothing left: teardown.plain of
 * `spawn`.) Without a sandbox what is left stays, which the row says.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "bench/builtin.h"

struct remains {
    const char *benchmark;
    const char *parameter;
    const char *usual[4];
    size_t count;
    const char *script; /* $0: bench-stamp, $1: the number */
    bool has_none;      /* also without a sandbox */
};

static const struct remains kinds[] = {
    {"teardown.processes",
     "processes",
     {"1", "10", "100"},
     3,
     "i=0; while [ $i -lt $1 ]; do sleep 100 & i=$((i+1)); done; exec \"$0\"",
     true},
    {"teardown.files", "files", {"10", "1000", "10000"}, 3, "exec \"$0\" $1 /tmp", false},
};

static int run_value(struct context *context, const struct remains *kind, const char *value,
                     struct error *err)
{
    AUTO_FREE char *stamp = context_program(context, "bench-stamp", err);
    const char *command[] = {"/bin/sh", "-c", kind->script, stamp, value, NULL};
    AUTO_FREE struct group_arm *arms = NULL;
    struct bench_group group = {
        .command = command,
        .output = STOPWATCH_STAMP,
        .parameter = kind->parameter,
        .rows = {{kind->benchmark, METRIC_LAST}},
        .row_count = 1,
        .seconds = 1,
        .max_runs = 100,
        .min_runs = 4,
        .timeout_ms = 60000,
    };
    uint64_t number;

    if (!text_parse_u64(value, 100000, &number))
        return error_set(err, ERR_USAGE, "%s: %s: not a number up to 100000", kind->parameter,
                         value);
    if (stamp == NULL || group_make_arms(context, false, &arms, &group.arm_count, err) < 0)
        return -1;
    for (size_t i = 0; i < group.arm_count; i++) {
        arms[i].value = value;
        if (!kind->has_none)
            arms[i].reference = NULL;
    }
    if (context->settings->has_control) /* no A/A arm: none is not at its best here */
        group.arm_count--;
    group.arms = arms + (kind->has_none ? 0 : 1);
    group.arm_count -= kind->has_none ? 0 : 1;
    return group_run(context, &group, err);
}

int bench_teardown(struct context *context, struct error *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        AUTO_WORDS struct words values = context_values(context, kinds[i].parameter, kinds[i].usual,
                                                        kinds[i].count, kinds[i].count - 1, err);

        for (size_t value = 0; value < values.count; value++) {
            if (run_value(context, &kinds[i], values.items[value], err) < 0)
                return -1;
        }
    }
    return 0;
}

#include "base/test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/os.h"
#include "bench/experiment.h"

/* Tests run side by side, a process each. */
static char log_path[64];

static int define_script(struct stopwatch *stopwatch, const char *script);

static int define_print(struct stopwatch *stopwatch, const char *what)
{
    char script[128];

    (void)snprintf(log_path, sizeof log_path, "holdfast-experiment-%ld.tmp", (long)getpid());
    (void)snprintf(script, sizeof script, "printf '%s' >>%s", what, log_path);
    return define_script(stopwatch, script);
}

static int define_script(struct stopwatch *stopwatch, const char *script)
{
    const char *argv[] = {"/bin/sh", "-c", script, NULL};
    struct stopwatch_command command = {.argv = argv, .timeout_ms = 60000};
    struct error err = {0};
    int number = stopwatch_define(stopwatch, &command, &err);

    cr_assert(number >= 0, "%s", err.message);
    return number;
}

static struct stopwatch *start(void)
{
    struct error err = {0};
    struct stopwatch *stopwatch = stopwatch_start(NULL, &err);

    cr_assert_not_null(stopwatch, "%s", err.message);
    return stopwatch;
}

/* Two arms that write their letter, and their iteration, to the log. */
static void start_letters(struct experiment *experiment, struct experiment_arm arms[2],
                          struct stopwatch *stopwatch)
{
    arms[0] = (struct experiment_arm){.name = "a", .prepare = -1, .conclude = -1};
    arms[1] = (struct experiment_arm){.name = "b", .prepare = -1, .conclude = -1};
    arms[0].command = define_print(stopwatch, "a");
    arms[1].command = define_print(stopwatch, "b");
    experiment_init(experiment, stopwatch, arms, 2, 5);
}

static char *read_log(void)
{
    char *text = NULL;
    size_t size;
    struct error err = {0};

    cr_assert_eq(os_read_file(log_path, 1 << 20, &text, &size, &err), 0, "%s", err.message);
    (void)unlink(log_path);
    return text;
}

Test(experiment, interleaves_in_mirrored_blocks)
{
    struct stopwatch *stopwatch = start();
    struct experiment experiment;
    struct experiment_arm arms[2];
    struct error err = {0};
    AUTO_FREE char *log = NULL;

    start_letters(&experiment, arms, stopwatch);
    cr_assert_eq(experiment_run(&experiment, 21, &err), 0, "%s", err.message);
    log = read_log();
    cr_assert_eq(strlen(log), 42);
    for (size_t i = 0; i < 40; i += 4)
        cr_assert(strncmp(log + i, "abba", 4) == 0 || strncmp(log + i, "baab", 4) == 0, "%s", log);
    cr_assert_neq(log[40], log[41], "the odd run is half a block");
    cr_assert_eq(arms[0].count, 21);
    cr_assert_eq(arms[1].count, 21);
    experiment_done(&experiment);
    stopwatch_free(stopwatch);
}

Test(experiment, an_arm_with_a_limit_is_in_the_first_blocks)
{
    struct stopwatch *stopwatch = start();
    struct experiment experiment;
    struct experiment_arm arms[2];
    struct error err = {0};
    AUTO_FREE char *log = NULL;

    start_letters(&experiment, arms, stopwatch);
    arms[1].limit = 4;
    cr_assert_eq(experiment_run(&experiment, 10, &err), 0, "%s", err.message);
    log = read_log();
    cr_assert_eq(strlen(log), 14);
    cr_assert_str_eq(log + 8, "aaaaaa");
    cr_assert_eq(arms[0].count, 10);
    cr_assert_eq(arms[1].count, 4);
    experiment_done(&experiment);
    stopwatch_free(stopwatch);
}

Test(experiment, limits_count_over_several_calls)
{
    struct stopwatch *stopwatch = start();
    struct experiment experiment;
    struct experiment_arm arms[2];
    struct error err = {0};
    AUTO_FREE char *log = NULL;

    start_letters(&experiment, arms, stopwatch);
    arms[1].limit = 4;
    cr_assert_eq(experiment_run(&experiment, 2, &err), 0, "%s", err.message);
    cr_assert_eq(experiment_run(&experiment, 5, &err), 0, "%s", err.message);
    log = read_log();
    cr_assert_eq(strlen(log), 11);
    cr_assert_str_eq(log + 8, "aaa");
    cr_assert_eq(arms[0].count, 7);
    cr_assert_eq(arms[1].count, 4);
    experiment_done(&experiment);
    stopwatch_free(stopwatch);
}

Test(experiment, blocked_order_is_one_after_the_other)
{
    struct stopwatch *stopwatch = start();
    struct experiment experiment;
    struct experiment_arm arms[2];
    struct error err = {0};
    AUTO_FREE char *log = NULL;

    start_letters(&experiment, arms, stopwatch);
    experiment.order = SCHEDULE_BLOCKED;
    cr_assert_eq(experiment_run(&experiment, 3, &err), 0, "%s", err.message);
    log = read_log();
    cr_assert_str_eq(log, "aaabbb");
    experiment_done(&experiment);
    stopwatch_free(stopwatch);
}

Test(experiment, warm_up_runs_but_does_not_count)
{
    struct stopwatch *stopwatch = start();
    struct experiment experiment;
    struct experiment_arm arms[2];
    struct error err = {0};
    AUTO_FREE char *log = NULL;

    start_letters(&experiment, arms, stopwatch);
    cr_assert_eq(experiment_warm_up(&experiment, 3, &err), 0, "%s", err.message);
    cr_assert_eq(arms[0].count, 0);
    cr_assert_eq(experiment_run(&experiment, 2, &err), 0, "%s", err.message);
    cr_assert_eq(arms[0].count, 2);
    log = read_log();
    cr_assert_eq(strlen(log), 10);
    experiment_done(&experiment);
    stopwatch_free(stopwatch);
}

Test(experiment, prepare_and_conclude_go_around_each_run)
{
    struct stopwatch *stopwatch = start();
    struct experiment experiment;
    struct experiment_arm arms[2];
    struct error err = {0};
    AUTO_FREE char *log = NULL;

    start_letters(&experiment, arms, stopwatch);
    experiment.arm_count = 1;
    arms[0].prepare = define_print(stopwatch, "<");
    arms[0].conclude = define_print(stopwatch, ">");
    cr_assert_eq(experiment_run(&experiment, 3, &err), 0, "%s", err.message);
    log = read_log();
    cr_assert_str_eq(log, "<a><a><a>");
    cr_assert_eq(arms[0].count, 3);
    experiment_done(&experiment);
    stopwatch_free(stopwatch);
}

Test(experiment, a_budget_is_kept_within_its_limits)
{
    struct stopwatch *stopwatch = start();
    struct experiment experiment;
    struct experiment_arm arm = {.name = "nap", .prepare = -1, .conclude = -1};
    struct experiment_budget budget = {.seconds = 0, .min_runs = 6, .max_runs = 8};
    struct error err = {0};

    arm.command = define_script(stopwatch, "exec sleep 0.02");
    experiment_init(&experiment, stopwatch, &arm, 1, 1);
    cr_assert_eq(experiment_run_budget(&experiment, &budget, &err), 0);
    cr_assert_eq(arm.count, 6, "no time: the least");
    budget.seconds = 3600;
    cr_assert_eq(experiment_run_budget(&experiment, &budget, &err), 0);
    cr_assert_eq(arm.count, 14, "much time: the most");
    experiment_done(&experiment);
    stopwatch_free(stopwatch);
}

Test(experiment, a_failed_run_is_an_error_unless_accepted)
{
    struct stopwatch *stopwatch = start();
    struct experiment experiment;
    struct experiment_arm arm = {.name = "seven", .prepare = -1, .conclude = -1};
    struct error err = {0};

    arm.command = define_script(stopwatch, "exit 7");
    experiment_init(&experiment, stopwatch, &arm, 1, 1);
    cr_assert_eq(experiment_run(&experiment, 2, &err), -1);
    cr_assert_not_null(strstr(err.message, "seven: ended with status 7"), "%s", err.message);
    arm.accepts_failure = true;
    cr_assert_eq(experiment_run(&experiment, 2, &err), 0);
    cr_assert_eq(arm.count, 2);
    cr_assert_eq(arm.samples[0].exit_status, 7);
    experiment_done(&experiment);
    stopwatch_free(stopwatch);
}

Test(experiment, a_block_changes_the_ballast_once_and_back)
{
    struct stopwatch *stopwatch = start();
    struct experiment experiment;
    struct experiment_arm arms[4];
    struct error err = {0};
    AUTO_FREE char *log = NULL;

    for (size_t i = 0; i < 4; i++) {
        const char letter[2] = {(char)("aAbB"[i]), '\0'};

        arms[i] = (struct experiment_arm){.name = "x", .prepare = -1, .conclude = -1};
        arms[i].ballast = i % 2 == 1 ? 1u << 20 : 0;
        arms[i].command = define_print(stopwatch, letter);
    }
    experiment_init(&experiment, stopwatch, arms, 4, 3);
    cr_assert_eq(experiment_run(&experiment, 20, &err), 0, "%s", err.message);
    log = read_log();
    /* After each change one run does not count: 8 + 2 letters a block, small-BIG BIG-small. */
    cr_assert_eq(strlen(log), 100, "%s", log);
    for (size_t i = 0; i < 100; i += 10) {
        cr_assert_eq(strspn(log + i, "ab"), 2, "%s", log + i);
        cr_assert_eq(strspn(log + i + 2, "AB"), 5, "%s", log + i);
    }
    cr_assert_eq(arms[3].count, 20);
    experiment_done(&experiment);
    stopwatch_free(stopwatch);
}

Test(experiment, ballast_follows_the_arm)
{
    struct stopwatch *stopwatch = start();
    struct experiment experiment;
    struct experiment_arm arms[2] = {
        {.name = "small", .prepare = -1, .conclude = -1},
        {.name = "big", .prepare = -1, .conclude = -1, .ballast = 64u << 20},
    };
    struct error err = {0};

    /* The spawning process is the parent; its resident size in kB decides the exit status. */
    arms[0].command = define_script(
        stopwatch, "test $(tr -dc 0-9 <<E\n$(grep VmRSS /proc/$PPID/status)\nE\n) -lt 65536");
    arms[1].command = define_script(
        stopwatch, "test $(tr -dc 0-9 <<E\n$(grep VmRSS /proc/$PPID/status)\nE\n) -ge 65536");
    experiment_init(&experiment, stopwatch, arms, 2, 1);
    cr_assert_eq(experiment_run(&experiment, 4, &err), 0, "%s", err.message);
    cr_assert_eq(arms[0].count, 4, "the run after a change does not count");
    cr_assert_eq(arms[1].count, 4);
    experiment_done(&experiment);
    stopwatch_free(stopwatch);
}

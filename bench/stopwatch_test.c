#include "base/test.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "bench/programs.h"
#include "bench/stopwatch.h"

static struct stopwatch *start(void)
{
    struct error err = {0};
    struct stopwatch *stopwatch = stopwatch_start(NULL, &err);

    cr_assert_not_null(stopwatch, "%s", err.message);
    return stopwatch;
}

static int define(struct stopwatch *stopwatch, const struct stopwatch_command *command)
{
    struct error err = {0};
    int number = stopwatch_define(stopwatch, command, &err);

    cr_assert(number >= 0, "%s", err.message);
    return number;
}

/* One run of a shell script. */
static struct stopwatch_sample run_script(struct stopwatch *stopwatch, const char *script,
                                          uint32_t timeout_ms)
{
    const char *argv[] = {"/bin/sh", "-c", script, NULL};
    struct stopwatch_command command = {.argv = argv, .timeout_ms = timeout_ms, .is_tidy = true};
    struct stopwatch_sample sample = {0};
    struct wire_run run = {0};
    struct error err = {0};

    run.command = (uint32_t)define(stopwatch, &command);
    cr_assert_eq(stopwatch_run(stopwatch, &run, 1, &sample, &err), 0, "%s", err.message);
    return sample;
}

/* What a shell script prints, with this run's iteration 0. */
static char *capture_script(struct stopwatch *stopwatch, const char *script)
{
    const char *argv[] = {"/bin/sh", "-c", script, NULL};
    struct stopwatch_command command = {.argv = argv,
                                        .output = STOPWATCH_PIPE,
                                        .errors = STOPWATCH_ERRORS_OUTPUT,
                                        .timeout_ms = 60000};
    struct stopwatch_sample sample;
    struct error err = {0};
    char *output = NULL;
    size_t size = 0;

    cr_assert_eq(
        stopwatch_capture(stopwatch, define(stopwatch, &command), &sample, &output, &size, &err), 0,
        "%s", err.message);
    return output;
}

Test(stopwatch, exit_codes_and_signals_are_told_as_a_shell_does)
{
    struct stopwatch *stopwatch = start();

    cr_assert_eq(run_script(stopwatch, "exit 0", 60000).exit_status, 0);
    cr_assert_eq(run_script(stopwatch, "exit 37", 60000).exit_status, 37);
    cr_assert_eq(run_script(stopwatch, "kill -9 $$", 60000).exit_status, 137);
    stopwatch_free(stopwatch);
}

Test(stopwatch, time_and_cpu_are_those_of_the_run)
{
    struct stopwatch *stopwatch = start();
    struct stopwatch_sample idle = run_script(stopwatch, "sleep 0.2", 60000);
    struct stopwatch_sample busy =
        run_script(stopwatch, "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done", 60000);

    cr_assert(idle.wall_ns >= 200000000u, "%llu ns", (unsigned long long)idle.wall_ns);
    cr_assert(idle.user_ns + idle.system_ns < 150000000u, "sleeping takes no CPU");
    cr_assert(busy.user_ns > idle.user_ns);
    cr_assert(busy.user_ns + busy.system_ns <= 2 * busy.wall_ns);
    stopwatch_free(stopwatch);
}

Test(stopwatch, memory_is_of_each_run_not_of_the_greatest_so_far)
{
    struct stopwatch *stopwatch = start();
    struct stopwatch_sample big;
    struct stopwatch_sample small;

    /* dd holds one block of 64 MiB in memory. */
    big = run_script(stopwatch, "exec dd if=/dev/zero of=/dev/null bs=64M count=1", 60000);
    small = run_script(stopwatch, "exit 0", 60000);
    cr_assert_eq(big.exit_status, 0);
    cr_assert(big.memory_bytes > 64u << 20, "%llu bytes", (unsigned long long)big.memory_bytes);
    cr_assert(small.memory_bytes < 48u << 20, "%llu bytes", (unsigned long long)small.memory_bytes);
    cr_assert(small.memory_bytes > 0);
    stopwatch_free(stopwatch);
}

Test(stopwatch, a_run_that_takes_too_long_is_killed_with_its_children)
{
    struct stopwatch *stopwatch = start();
    struct stopwatch_sample sample =
        run_script(stopwatch, "sleep 60 & setsid sleep 60 & sleep 60", 100);

    cr_assert(sample.flags & STOPWATCH_TIMED_OUT);
    cr_assert_eq(sample.exit_status, 128 + SIGKILL);
    cr_assert(sample.wall_ns < 50000000000u);
    /* The next run is not touched by the alarm of the last. */
    sample = run_script(stopwatch, "exit 5", 60000);
    cr_assert_eq(sample.flags, 0);
    cr_assert_eq(sample.exit_status, 5);
    stopwatch_free(stopwatch);
}

Test(stopwatch, what_a_run_leaves_behind_is_flagged_and_killed)
{
    struct stopwatch *stopwatch = start();
    AUTO_FREE char *left = NULL;

    cr_assert(run_script(stopwatch, "setsid sleep 60 & exit 0", 60000).flags & STOPWATCH_LEFTOVER);
    cr_assert_eq(run_script(stopwatch, "sleep 0 & wait; exit 0", 60000).flags, 0);
    left = capture_script(stopwatch, "wc -w </proc/$PPID/task/$PPID/children");
    cr_assert_str_eq(left, "1\n", "the asking shell is the stopwatch's only child");
    stopwatch_free(stopwatch);
}

Test(stopwatch, the_environment_is_padded_anew_and_numbered)
{
    struct stopwatch *stopwatch = start();
    const char *argv[] = {"/bin/sh", "-c",
                          "test ${#HYPERFINE_RANDOMIZED_ENVIRONMENT_OFFSET} = $WANT_SIZE &&"
                          " test \"$HYPERFINE_ITERATION\" = \"$WANT\"",
                          NULL};
    const char *env[] = {"PATH=/usr/bin:/bin", "WANT=warmup-3", "WANT_SIZE=4095", NULL};
    const char *then[] = {"PATH=/usr/bin:/bin", "WANT=4", "WANT_SIZE=0", NULL};
    struct stopwatch_command command = {.argv = argv, .env = env, .timeout_ms = 60000};
    struct wire_run runs[2] = {{.iteration = 3, .is_warmup = 1, .env_offset = 4095},
                               {.iteration = 4, .env_offset = 0}};
    struct stopwatch_sample samples[2];
    struct error err;

    runs[0].command = (uint32_t)define(stopwatch, &command);
    command.env = then;
    runs[1].command = (uint32_t)define(stopwatch, &command);
    for (int again = 0; again < 2; again++) {
        cr_assert_eq(stopwatch_run(stopwatch, runs, 2, samples, &err), 0);
        cr_assert_eq(samples[0].exit_status, 0);
        cr_assert_eq(samples[1].exit_status, 0);
    }
    stopwatch_free(stopwatch);
}

Test(stopwatch, a_stamp_splits_the_run)
{
    struct stopwatch *stopwatch = start();
    struct error err = {0};
    AUTO_FREE char *program = programs_find("bench-stamp", &err);
    const char *argv[] = {"/bin/sh", "-c", "sleep 0.05; echo words; \"$0\"; sleep 0.05", program,
                          NULL};
    struct stopwatch_command command = {
        .argv = argv, .output = STOPWATCH_STAMP, .timeout_ms = 60000};
    struct wire_run run = {0};
    struct stopwatch_sample sample;

    cr_assert_not_null(program, "%s", err.message);
    run.command = (uint32_t)define(stopwatch, &command);
    for (int again = 0; again < 3; again++) {
        cr_assert_eq(stopwatch_run(stopwatch, &run, 1, &sample, &err), 0);
        cr_assert(sample.stamp_ns >= 50000000u, "%llu", (unsigned long long)sample.stamp_ns);
        cr_assert(sample.wall_ns >= sample.stamp_ns + 50000000u);
    }
    stopwatch_free(stopwatch);
}

/* Each with a pipe of its own they reached the descriptors that the stopwatch needs itself. */
Test(stopwatch, many_commands_may_have_a_stamp)
{
    AUTO_FREE char *stamp = programs_find("bench-stamp", &(struct error){0});
    const char *argv[] = {stamp, NULL};
    const struct stopwatch_command command = {
        .argv = argv, .output = STOPWATCH_STAMP, .timeout_ms = 60000};
    struct stopwatch *stopwatch = start();
    struct stopwatch_sample sample = {0};
    struct wire_run run = {0};
    struct error err = {0};
    AUTO_FREE char *output = NULL;

    for (int i = 0; i < 200; i++)
        run.command = (uint32_t)define(stopwatch, &command);
    cr_assert_eq(stopwatch_run(stopwatch, &run, 1, &sample, &err), 0, "%s", err.message);
    cr_assert(sample.stamp_ns > 0, "no stamp");
    output = capture_script(stopwatch, "echo said");
    cr_assert_str_eq(output, "said\n");
    stopwatch_free(stopwatch);
}

Test(stopwatch, parallel_runs_overlap)
{
    struct stopwatch *stopwatch = start();
    const char *argv[] = {"/bin/sleep", "0.1", NULL};
    struct stopwatch_command command = {.argv = argv, .timeout_ms = 60000};
    struct stopwatch_sample samples[12];
    struct error err;
    unsigned overlaps = 0;

    cr_assert_eq(
        stopwatch_run_parallel(stopwatch, define(stopwatch, &command), 12, 4, samples, &err), 0);
    for (int i = 0; i < 12; i++) {
        cr_assert(samples[i].wall_ns >= 100000000u);
        cr_assert_eq(samples[i].exit_status, 0);
        overlaps += i > 0 && samples[i].start_ns < samples[i - 1].start_ns + samples[i - 1].wall_ns;
    }
    cr_assert(overlaps >= 6, "%u of 11 overlapped the run before", overlaps);
    /* The fifth waits for one of the first four. */
    cr_assert(samples[4].start_ns >= samples[0].start_ns + 100000000u);
    stopwatch_free(stopwatch);
}

Test(stopwatch, output_goes_where_it_is_asked_to)
{
    struct stopwatch *stopwatch = start();
    const char *path = "holdfast-stopwatch-test.tmp";
    const char *argv[] = {"/bin/sh", "-c", "cat; echo told", NULL};
    struct stopwatch_command command = {.argv = argv,
                                        .cwd = "/",
                                        .input = "/proc/sys/kernel/ostype",
                                        .output = STOPWATCH_FILE,
                                        .timeout_ms = 60000};
    AUTO_FREE char *cwd = getcwd(NULL, 0);
    char full[4096];
    struct wire_run run = {0};
    struct stopwatch_sample sample;
    char line[64] = "";
    struct error err;
    AUTO_FILE FILE *file = NULL;

    (void)snprintf(full, sizeof full, "%s/%s", cwd, path);
    command.output_path = full;
    run.command = (uint32_t)define(stopwatch, &command);
    cr_assert_eq(stopwatch_run(stopwatch, &run, 1, &sample, &err), 0);
    cr_assert_eq(stopwatch_run(stopwatch, &run, 1, &sample, &err), 0);
    file = fopen(path, "r");
    cr_assert_not_null(file);
    cr_assert(fread(line, 1, sizeof line - 1, file) > 0);
    cr_assert_str_eq(line, "Linux\ntold\n", "the second run started the file anew");
    (void)unlink(path);
    stopwatch_free(stopwatch);
}

Test(stopwatch, ballast_does_not_count_as_the_child)
{
    struct stopwatch *stopwatch = start();
    struct error err = {0};
    AUTO_FREE char *memory = NULL;

    cr_assert_eq(stopwatch_set_ballast(stopwatch, 64u << 20, &err), 0, "%s", err.message);
    memory = capture_script(stopwatch, "grep VmRSS /proc/$PPID/status | tr -dc 0-9");
    cr_assert(atol(memory) >= 64 << 10, "the spawning process holds %s kB", memory);
    cr_assert_eq(stopwatch_set_ballast(stopwatch, 0, &err), 0);
    free(TAKE(memory));
    memory = capture_script(stopwatch, "grep VmRSS /proc/$PPID/status | tr -dc 0-9");
    cr_assert(atol(memory) < 64 << 10, "the spawning process holds %s kB", memory);
    stopwatch_free(stopwatch);
}

Test(stopwatch, what_cannot_be_started_is_an_error_and_not_the_end)
{
    struct stopwatch *stopwatch = start();
    const char *missing[] = {"holdfast-no-such-program", NULL};
    const char *directory[] = {"/etc/passwd", NULL};
    struct stopwatch_command command = {.argv = missing};
    struct wire_run run = {0};
    struct stopwatch_sample sample;
    struct error err = {0};

    cr_assert_eq(stopwatch_define(stopwatch, &command, &err), -1);
    cr_assert_eq(err.code, ERR_NOT_FOUND);
    command.argv = directory;
    run.command = (uint32_t)define(stopwatch, &command);
    cr_assert_eq(stopwatch_run(stopwatch, &run, 1, &sample, &err), -1);
    cr_assert_eq(err.code, ERR_OS);
    cr_assert_eq(run_script(stopwatch, "exit 3", 60000).exit_status, 3, "it goes on working");
    stopwatch_free(stopwatch);
}

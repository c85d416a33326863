#include "base/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/os.h"
#include "bench/facts.h"
#include "bench/report.h"

#define NEAR(actual, wanted) (fabs((actual) - (wanted)) < 1e-12)

/* Tests run side by side, a process each. */
static const char *test_path(void)
{
    static char path[64];

    (void)snprintf(path, sizeof path, "holdfast-report-%ld.json", (long)getpid());
    return path;
}

static void add_runs(struct bench_row *row, double base, size_t count)
{
    struct error err;
    struct bench_run *runs = bench_row_add_runs(row, count, &err);

    cr_assert_not_null(runs);
    for (size_t i = 0; i < count; i++)
        runs[i] = (struct bench_run){.wall_s = base * (1 + 0.001 * (double)(i % 7)),
                                     .user_s = base / 2,
                                     .system_s = base / 4,
                                     .memory_bytes = 1000 * (int64_t)i,
                                     .exit_code = 0};
}

static struct bench_row *add(struct bench_report *report, const char *subject,
                             const char *reference, double base)
{
    struct error err;
    char command[64];
    struct bench_row *row;

    (void)snprintf(command, sizeof command, "spawn.true %s", subject);
    row = bench_report_add_row(report, command, "spawn.true", subject, reference, &err);
    cr_assert_not_null(row);
    add_runs(row, base, 40);
    return row;
}

Test(report, ratios_are_against_the_row_of_the_same_parameters)
{
    struct bench_report report;
    struct error err = {0};
    struct bench_row *row;

    bench_report_init(&report);
    row = add(&report, "none", NULL, 1);
    cr_assert_eq(bench_row_set_parameter(row, "roots", "1", &err), 0);
    row = add(&report, "none", NULL, 5);
    cr_assert_eq(bench_row_set_parameter(row, "roots", "10", &err), 0);
    row = add(&report, "box", "none", 10);
    cr_assert_eq(bench_row_set_parameter(row, "roots", "10", &err), 0);
    cr_assert_eq(bench_report_finish(&report, &err), 0, "%s", err.message);
    cr_assert(!report.rows[0].has_ratio);
    cr_assert(report.rows[2].has_ratio);
    cr_assert(NEAR(report.rows[2].ratio.ratio, 2));
    cr_assert_eq(report.rows[2].verdict, STATS_SLOWER);
    bench_report_done(&report);
}

Test(report, a_run_that_timed_out_takes_its_block_out_of_the_ratio)
{
    struct bench_report report;
    struct error err = {0};

    bench_report_init(&report);
    (void)add(&report, "none", NULL, 1);
    (void)add(&report, "box", "none", 2);
    report.rows[1].runs[0].flags = STOPWATCH_TIMED_OUT;
    report.rows[1].runs[7].exit_code = 1;
    cr_assert_eq(bench_report_finish(&report, &err), 0, "%s", err.message);
    cr_assert_eq(report.rows[1].ratio.blocks, 18);
    bench_report_done(&report);
}

Test(report, the_control_says_whether_the_machine_was_fit)
{
    struct bench_report report;
    struct error err = {0};

    for (int is_biased = 0; is_biased < 2; is_biased++) {
        bench_report_init(&report);
        (void)add(&report, "none", NULL, 1);
        add(&report, "none (again)", "none", is_biased ? 1.2 : 1)->is_control = true;
        cr_assert_eq(bench_report_finish(&report, &err), 0, "%s", err.message);
        cr_assert(report.has_control);
        cr_assert_eq(report.is_fit, is_biased == 0);
        bench_report_done(&report);
    }
}

Test(report, a_shorter_arm_is_compared_over_the_blocks_in_common)
{
    struct bench_report report;
    struct error err = {0};

    bench_report_init(&report);
    (void)add(&report, "none", NULL, 1);
    (void)add(&report, "box", "none", 2);
    for (size_t i = 20; i < 40; i++)
        report.rows[0].runs[i].wall_s = 100; /* not in common */
    report.rows[1].run_count = 20;
    cr_assert_eq(bench_report_finish(&report, &err), 0, "%s", err.message);
    cr_assert_eq(report.rows[1].ratio.blocks, 10);
    cr_assert(NEAR(report.rows[1].ratio.ratio, 2));
    report.rows[1].per_block = 4;
    cr_assert_eq(bench_report_finish(&report, &err), -1, "blocks of another size");
    cr_assert_eq(err.code, ERR_INVALID);
    bench_report_done(&report);
}

Test(report, what_is_written_is_read_again)
{
    struct bench_report report;
    struct bench_report copy;
    struct error err = {0};
    struct bench_row *row;

    bench_report_init(&report);
    bench_report_init(&copy);
    report.seed = UINT64_MAX;
    cr_assert_eq(bench_facts_begin(&report, &err), 0);
    (void)add(&report, "none", NULL, 1);
    row = add(&report, "box \xff\x1b[31m", "none", 3);
    row->runs[3].exit_code = 137;
    cr_assert_eq(bench_row_set_count(row, "descriptors_written", 12, &err), 0);
    cr_assert_eq(bench_row_set_note(row, &err, "left %d", 5), 0);
    cr_assert_eq(bench_facts_end(&report, &err), 0);
    cr_assert_eq(bench_report_finish(&report, &err), 0);
    cr_assert_eq(bench_report_write(&report, test_path(), &err), 0, "%s", err.message);
    cr_assert_eq(bench_report_read(&copy, test_path(), &err), 0, "%s", err.message);
    cr_assert_eq(copy.row_count, 2);
    cr_assert_eq(copy.seed, UINT64_MAX);
    cr_assert_str_eq(copy.rows[0].command, "spawn.true none");
    cr_assert_str_eq(copy.rows[1].reference, "none");
    cr_assert_eq(copy.rows[1].runs[3].exit_code, 137);
    cr_assert_eq(copy.rows[1].runs[5].memory_bytes, 5000);
    cr_assert(copy.rows[1].runs[5].wall_s == report.rows[1].runs[5].wall_s, "to the last bit");
    cr_assert(copy.rows[1].runs[5].user_s == report.rows[1].runs[5].user_s);
    cr_assert(copy.rows[1].ratio.low == report.rows[1].ratio.low);
    cr_assert_eq(copy.rows[1].counts[0].value, 12);
    cr_assert_str_eq(copy.rows[1].note, "left 5");
    cr_assert_str_eq(copy.host.kernel, report.host.kernel);
    (void)unlink(test_path());
    bench_report_done(&report);
    bench_report_done(&copy);
}

Test(report, is_written_for_github_action_benchmark_too)
{
    struct bench_report report;
    struct error err = {0};
    AUTO_FREE char *text = NULL;
    size_t size;

    bench_report_init(&report);
    (void)add(&report, "none", NULL, 0.001);
    add(&report, "none (again)", "none", 0.001)->is_control = true;
    cr_assert_not_null(bench_report_add_row(&report, "empty", "spawn.true", "empty", NULL, &err));
    cr_assert_eq(bench_report_finish(&report, &err), 0);
    cr_assert_eq(bench_report_write_action(&report, test_path(), &err), 0, "%s", err.message);
    cr_assert_eq(os_read_file(test_path(), 10000, &text, &size, &err), 0);
    (void)unlink(test_path());
    cr_assert_eq(text[0], '[', "an array, not hyperfine's object");
    cr_assert_not_null(strstr(text, "\"name\": \"spawn.true none\""), "%s", text);
    cr_assert_not_null(strstr(text, "\"unit\": \"ms\""), "%s", text);
    cr_assert_not_null(strstr(text, "\"value\": "), "%s", text);
    cr_assert_null(strstr(text, "again"), "the A/A arm is no benchmark");
    cr_assert_null(strstr(text, "empty"), "no runs, no value");
    bench_report_done(&report);
}

/* As hyperfine 1.15 writes it. */
static const char hyperfines[] =
    "{\"results\": [{\"command\": \"sleep 0.1\", \"mean\": 0.1012, \"stddev\": null,"
    " \"median\": 0.1012, \"user\": 0.0005, \"system\": 0.001, \"min\": 0.1012, \"max\": 0.1012,"
    " \"times\": [0.1012], \"exit_codes\": [0], \"parameters\": {\"n\": \"3\"}}]}";

static int read_text(struct bench_report *report, const char *text, struct error *err)
{
    int failed;

    bench_report_init(report);
    cr_assert_eq(os_replace_file(test_path(), text, strlen(text), err), 0);
    failed = bench_report_read(report, test_path(), err);
    (void)unlink(test_path());
    return failed;
}

Test(report, reads_what_hyperfine_writes)
{
    struct bench_report report;
    struct error err = {0};

    cr_assert_eq(read_text(&report, hyperfines, &err), 0, "%s", err.message);
    cr_assert_eq(report.row_count, 1);
    cr_assert_str_eq(report.rows[0].subject, "sleep 0.1");
    cr_assert(NEAR(report.rows[0].wall.mean, 0.1012));
    cr_assert(NEAR(report.rows[0].system_mean_s, 0.001));
    cr_assert_eq(report.rows[0].runs[0].memory_bytes, -1, "1.15 does not tell");
    cr_assert_str_eq(report.rows[0].parameters[0].value, "3");
    bench_report_done(&report);
}

Test(report, refuses_what_is_not_such_a_file)
{
    static const char *const wrong[] = {
        "",
        "[]",
        "{\"results\": {}}",
        "{\"results\": [1]}",
        "{\"results\": [{\"command\": 1, \"times\": []}]}",
        "{\"results\": [{\"command\": \"a\", \"user\": 0, \"system\": 0, \"times\": [\"x\"]}]}",
        "{\"results\": [{\"command\": \"a\", \"user\": 0, \"system\": 0, \"times\": [1],"
        " \"exit_codes\": [0, 0]}]}",
        "{\"results\": [{\"command\": \"a\", \"times\": [1]}]}",
        "{\"results\": [], \"x_holdfast\": {\"schema\": \"holdfast.bench/2\"}}",
        "{\"results\": [], \"x_holdfast\": {\"seed\": \"-1\"}}",
        "{\"results\": [{\"command\": \"a\", \"user\": 0, \"system\": 0, \"times\": [1],"
        " \"x_holdfast\": {\"per_block\": 0}}]}",
    };
    struct bench_report report;

    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct error err = {0};

        cr_assert_eq(read_text(&report, wrong[i], &err), -1, "%s", wrong[i]);
        cr_assert_eq(err.code, ERR_CORRUPT, "%s: %s", wrong[i], err.message);
        cr_assert_not_null(strstr(err.message, test_path()), "%s", err.message);
        bench_report_done(&report);
    }
}

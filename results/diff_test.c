#include "results/diff.h"

#include "base/test.h"

static struct error failure;

static void add(struct result_run *run, const char *sandbox, const char *identity, const char *id,
                enum verdict verdict)
{
    struct result_case row = {.id = (char *)id,
                              .sandbox = (char *)sandbox,
                              .identity = (char *)identity,
                              .verdict = verdict};

    cr_assert_not_null(result_run_add_case(run, &row, &failure));
}

Test(diff, tells_worse_from_better)
{
    cr_assert_eq(change_between(VERDICT_HELD, VERDICT_ESCAPED), CHANGE_WORSE);
    cr_assert_eq(change_between(VERDICT_HELD, VERDICT_INVALID), CHANGE_WORSE);
    cr_assert_eq(change_between(VERDICT_HELD, VERDICT_SKIPPED), CHANGE_WORSE);
    cr_assert_eq(change_between(VERDICT_SKIPPED, VERDICT_ESCAPED), CHANGE_WORSE);
    cr_assert_eq(change_between(VERDICT_WORKS, VERDICT_OVERBLOCKED), CHANGE_WORSE);
    cr_assert_eq(change_between(VERDICT_ESCAPED, VERDICT_HELD), CHANGE_BETTER);
    cr_assert_eq(change_between(VERDICT_INVALID, VERDICT_HELD), CHANGE_BETTER);
    cr_assert_eq(change_between(VERDICT_ESCAPED, VERDICT_SKIPPED), CHANGE_OTHER,
                 "an escape that nobody looks at any more is not a cure");
    cr_assert_eq(change_between(VERDICT_SKIPPED, VERDICT_INVALID), CHANGE_OTHER);
}

Test(diff, finds_each_kind_once)
{
    struct result_run a;
    struct result_run b;
    struct diff diff;

    result_run_init(&a);
    result_run_init(&b);
    add(&a, "x", "user", "fs.one", VERDICT_HELD);
    add(&a, "x", "user", "fs.two", VERDICT_HELD);
    add(&a, "x", "user", "fs.gone", VERDICT_HELD);
    add(&a, "x", "root", "fs.one", VERDICT_ESCAPED);
    add(&b, "x", "user", "fs.two", VERDICT_ESCAPED);
    add(&b, "x", "user", "fs.one", VERDICT_HELD);
    add(&b, "x", "user", "fs.new", VERDICT_HELD);
    add(&b, "x", "root", "fs.one", VERDICT_HELD);
    cr_assert_eq(
        diff_init(&diff, &(struct side){&a, NULL, NULL}, &(struct side){&b, NULL, NULL}, &failure),
        0);
    cr_assert_eq(diff.count, 4);
    cr_assert_eq(diff.unchanged, 1);
    for (int kind = 0; kind < CHANGE_KINDS; kind++)
        cr_assert_eq(diff.kinds[kind], kind == CHANGE_OTHER ? 0 : 1, "kind %d", kind);
    cr_assert_str_eq(diff.changes[0].after->id, "fs.two");
    diff_done(&diff);
    result_run_done(&a);
    result_run_done(&b);
}

Test(diff, a_case_that_one_mode_skips_makes_neither_better)
{
    struct result_run run;
    struct diff diff;

    result_run_init(&run);
    add(&run, "x", "user", "fs.one", VERDICT_HELD);
    add(&run, "x", "root", "fs.one", VERDICT_SKIPPED);
    cr_assert_eq(diff_init(&diff, &(struct side){&run, "x", "user"},
                           &(struct side){&run, "x", "root"}, &failure),
                 0);
    cr_assert_eq(diff.kinds[CHANGE_OTHER], 1, "%zu worse", diff.kinds[CHANGE_WORSE]);
    diff_done(&diff);
    result_run_done(&run);
}

Test(diff, holds_two_modes_of_one_run_against_each_other)
{
    struct result_run run;
    struct diff diff;

    result_run_init(&run);
    add(&run, "x", "user", "fs.one", VERDICT_HELD);
    add(&run, "y", "user", "fs.one", VERDICT_ESCAPED);
    add(&run, "x", "root", "fs.one", VERDICT_HELD);
    add(&run, "y", "root", "fs.one", VERDICT_HELD);
    cr_assert_eq(diff_init(&diff, &(struct side){&run, "x", NULL}, &(struct side){&run, "y", NULL},
                           &failure),
                 0);
    cr_assert_eq(diff.kinds[CHANGE_WORSE], 1);
    cr_assert_eq(diff.count, 1);
    cr_assert_eq(diff.unchanged, 1);
    cr_assert_str_eq(diff.changes[0].before->sandbox, "x");
    cr_assert_str_eq(diff.changes[0].after->identity, "user");
    diff_done(&diff);
    cr_assert_eq(diff_init(&diff, &(struct side){&run, "x", "user"},
                           &(struct side){&run, "x", "root"}, &failure),
                 0);
    cr_assert_eq(diff.unchanged, 1);
    cr_assert_eq(diff.count, 0);
    diff_done(&diff);
    result_run_done(&run);
}

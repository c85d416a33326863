#include "base/test.h"

#include <unistd.h>

#include "bench/programs.h"
#include "bench/trace.h"

static struct trace_counts count(const char *script)
{
    const char *argv[] = {"/bin/sh", "-c", script, NULL};
    struct trace_counts counts = {0};
    struct error err = {0};

    cr_assert_eq(trace_command(argv, programs_environment(), "/", NULL, "true", &counts, &err), 0,
                 "%s", err.message);
    return counts;
}

Test(trace, counts_the_calls_of_descendants_too)
{
    struct trace_counts one = count("/bin/true; exit 3");
    struct trace_counts two = count("/bin/true; /bin/true; exit 3");

    cr_assert_eq(one.exit_status, 3);
    cr_assert_eq(one.all.processes, 2);
    cr_assert_eq(two.all.processes, 3);
    cr_assert(two.all.calls >= one.all.calls + 10, "%lld and %lld", (long long)one.all.calls,
              (long long)two.all.calls);
    cr_assert_eq(one.all.mounts, 0);
    cr_assert_eq(one.all.objects, 0);
}

Test(trace, counts_objects_that_are_made_and_changed)
{
    struct trace_counts counts =
        count("d=$(mktemp -d) && : >$d/f && chmod 600 $d/f && rm $d/f && rmdir $d");

    cr_assert_eq(counts.exit_status, 0);
    cr_assert_eq(counts.all.objects, 5);
}

Test(trace, signals_reach_the_command)
{
    cr_assert_eq(count("kill -TERM $$").exit_status, 128 + 15);
    cr_assert_eq(count("trap 'exit 9' USR1; kill -USR1 $$; exit 1").exit_status, 9);
}

Test(trace, parts_what_comes_before_the_target_and_after_it)
{
    struct trace_counts counts = count("cd /; cd /; exec 3</dev/null; /bin/true; cd /; exit 0");
    struct trace_counts without = count("exit 0");
    const struct trace_tally *parts = counts.parts;

    cr_assert_eq(parts[TRACE_BEFORE].calls + parts[TRACE_TARGET].calls + parts[TRACE_AFTER].calls,
                 counts.all.calls);
    cr_assert_eq(parts[TRACE_BEFORE].processes, 2);
    cr_assert(parts[TRACE_BEFORE].calls > 10 && parts[TRACE_TARGET].calls > 10, "%lld and %lld",
              (long long)parts[TRACE_BEFORE].calls, (long long)parts[TRACE_TARGET].calls);
    cr_assert(parts[TRACE_AFTER].calls >= 2, "%lld", (long long)parts[TRACE_AFTER].calls);
    cr_assert_eq(without.parts[TRACE_BEFORE].calls, without.all.calls);
}

static int three_parts(void *argument)
{
    (void)argument;
    (void)getppid();
    trace_mark(TRACE_TARGET);
    (void)getppid();
    (void)getppid();
    trace_mark(TRACE_AFTER);
    return 7;
}

Test(trace, parts_a_function_where_it_says_so)
{
    struct trace_counts counts = {0};
    struct error err = {0};

    cr_assert_eq(trace_function(three_parts, NULL, NULL, &counts, &err), 0, "%s", err.message);
    cr_assert_eq(counts.exit_status, 7);
    cr_assert_eq(counts.parts[TRACE_TARGET].calls, 2);
}

#include "base/test.h"

#include "bench/programs.h"
#include "bench/trace.h"

static struct trace_counts count(const char *script)
{
    const char *argv[] = {"/bin/sh", "-c", script, NULL};
    struct trace_counts counts = {0};
    struct error err = {0};

    cr_assert_eq(trace_command(argv, programs_environment(), "/", NULL, &counts, &err), 0, "%s",
                 err.message);
    return counts;
}

Test(trace, counts_the_calls_of_descendants_too)
{
    struct trace_counts one = count("/bin/true; exit 3");
    struct trace_counts two = count("/bin/true; /bin/true; exit 3");

    cr_assert_eq(one.exit_status, 3);
    cr_assert_eq(one.processes, 2);
    cr_assert_eq(two.processes, 3);
    cr_assert(two.calls >= one.calls + 10, "%lld and %lld", (long long)one.calls,
              (long long)two.calls);
    cr_assert_eq(one.mounts, 0);
    cr_assert_eq(one.objects, 0);
}

Test(trace, counts_objects_that_are_made_and_changed)
{
    struct trace_counts counts =
        count("d=$(mktemp -d) && : >$d/f && chmod 600 $d/f && rm $d/f && rmdir $d");

    cr_assert_eq(counts.exit_status, 0);
    cr_assert_eq(counts.objects, 5);
}

Test(trace, signals_reach_the_command)
{
    cr_assert_eq(count("kill -TERM $$").exit_status, 128 + 15);
    cr_assert_eq(count("trap 'exit 9' USR1; kill -USR1 $$; exit 1").exit_status, 9);
}

/* What bench-policy says it did, beside what the kernel was asked for (trace.h). */
#include "base/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "bench/programs.h"
#include "bench/trace.h"

static char tree[64];

static void make(const char *format, int number)
{
    char name[32];
    char path[128];

    (void)snprintf(name, sizeof name, format, number);
    (void)snprintf(path, sizeof path, "%s/%s", tree, name);
    cr_assert_eq(mkdir(path, 0700), 0, "%s", path);
}

/* Two roots, each with a directory, and a protected name. */
static void plant(void)
{
    (void)strcpy(tree, "/var/tmp/holdfast-policy-XXXXXX");
    cr_assert_not_null(mkdtemp(tree), "no directory");
    for (int i = 0; i < 2; i++) {
        make("r%d", i);
        make("r%d/.kept0", i);
        make("r%d/d", i);
    }
}

static void uproot(void)
{
    static const char *const below[] = {"/r0/.kept0", "/r1/.kept0", "/r0/d", "/r1/d",
                                        "/r0",        "/r1",        ""};
    char path[128];

    (void)snprintf(path, sizeof path, "%s/record", tree);
    (void)unlink(path);
    for (size_t i = 0; i < ARRAY_SIZE(below); i++) {
        (void)snprintf(path, sizeof path, "%s%s", tree, below[i]);
        (void)rmdir(path);
    }
}

/* Calls it tells, over all acts; -1 where the strategy does not work here. */
static int64_t told_calls(const char *program, const char *strategy, const char *roots)
{
    char line[256];
    int64_t sum = 0;
    FILE *output;

    (void)snprintf(line, sizeof line, "%s %s %s %s 1 2>&1", program, strategy, tree, roots);
    output = popen(line, "r");
    cr_assert_not_null(output, "%s", line);
    while (fgets(line, sizeof line, output) != NULL) {
        long long calls;

        if (sscanf(line, "%*s %*s %lld", &calls) == 1 && sum >= 0)
            sum += calls;
        else
            sum = -1;
    }
    return pclose(output) == 0 ? sum : -1;
}

static int64_t traced_calls(const char *program, const char *strategy, const char *roots)
{
    const char *argv[] = {program, strategy, tree, roots, "1", NULL};
    struct trace_counts counts = {0};
    struct error err = {0};

    cr_assert_eq(trace_command(argv, programs_environment(), "/", NULL, NULL, &counts, &err), 0,
                 "%s", err.message);
    cr_assert_eq(counts.exit_status, 0);
    return counts.all.calls;
}

/* Two roots against none: what a program needs to start and to speak is in both. */
static void compare(const char *strategy)
{
    AUTO_FREE char *program = programs_find("bench-policy", &(struct error){0});
    int64_t told;
    int64_t traced;

    /* A sanitized program looks for leaks when it ends, which it cannot while it is traced. */
    (void)setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
    cr_assert_not_null(program, "no bench-policy");
    plant();
    told = told_calls(program, strategy, "2");
    if (told >= 0) {
        told -= told_calls(program, strategy, "0");
        traced = traced_calls(program, strategy, "2") - traced_calls(program, strategy, "0");
    }
    uproot();
    if (told < 0)
        cr_skip_test("this strategy does not work here");
    cr_assert_eq(told, traced, "%s: told %lld calls, made %lld", strategy, (long long)told,
                 (long long)traced);
}

Test(policy, rewrite_counts_its_calls)
{
    compare("rewrite");
}

Test(policy, compare_counts_its_calls)
{
    compare("compare");
}

Test(policy, record_counts_its_calls)
{
    compare("record");
}

Test(policy, inherit_counts_its_calls)
{
    compare("inherit");
}

Test(policy, landlock_counts_its_calls)
{
    compare("landlock");
}

Test(policy, mounts_count_their_calls)
{
    compare("mounts");
}

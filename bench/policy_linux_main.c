/*
 * usage: bench-policy STRATEGY DIRECTORY ROOTS
 * Puts a policy into effect, once more with nothing changed, again with one
 * root changed, and takes it back. Prints for each how long it took and what
 * it touched (policy/strategy.h):
 *
 *     apply NANOSECONDS CALLS LOOKED WRITTEN
 *
 * Rules that die with the process are applied once: "apply" is their only line.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/os.h"
#include "base/text.h"
#include "bench/policy/strategy.h"

static const struct strategy *const strategies[] = {
    &acl_rewrite, &acl_compare, &acl_record, &acl_inherit, &rules_landlock, &rules_mounts,
};

static int act(const char *name, int (*function)(struct job *job), struct job *job)
{
    uint64_t start = os_now_ns();

    job->tally = (struct tally){0};
    if (function(job) < 0) {
        (void)fprintf(stderr, "bench-policy: %s: %s\n", name, strerror(errno));
        return -1;
    }
    (void)printf("%s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", name, os_now_ns() - start,
                 job->tally.calls, job->tally.looked, job->tally.written);
    return 0;
}

static int run(const struct strategy *strategy, struct job *job)
{
    if (act("apply", strategy->apply, job) < 0)
        return 1;
    if (strategy->undo == NULL)
        return 0;
    if (act("reapply", strategy->apply, job) < 0)
        return 1;
    job->changed = 1;
    if (act("change", strategy->apply, job) < 0)
        return 1;
    return act("undo", strategy->undo, job) < 0 ? 1 : 0;
}

int main(int argc, char **argv)
{
    uint64_t roots = 0;
    struct job job = {.directory = argc == 4 ? argv[2] : ""};

    if (argc == 4 && text_parse_u64(argv[3], 100000, &roots)) {
        job.roots = (unsigned)roots;
        for (size_t i = 0; i < ARRAY_SIZE(strategies); i++) {
            if (strcmp(strategies[i]->name, argv[1]) == 0)
                return run(strategies[i], &job);
        }
    }
    (void)fputs("usage: bench-policy STRATEGY DIRECTORY ROOTS\n", stderr);
    return 2;
}

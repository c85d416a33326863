/*
 * usage: bench-policy STRATEGY DIRECTORY ROOTS [NAMES [DEPTH]]
 * Puts a policy into effect, once more with nothing changed, again with one
 * root changed, and takes it back. Prints for each how long it took and what
 * it touched (policy/strategy.h):
 *
 *     apply NANOSECONDS CALLS LOOKED WRITTEN
 *
 * Rules that die with the process are put up by a process for each act, which says itself how long
 * that took; undoing them is its end, seen by its parent.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

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

static int run_lasting(const struct strategy *strategy, struct job *job)
{
    if (act("apply", strategy->apply, job) < 0 || act("reapply", strategy->apply, job) < 0)
        return 1;
    job->changed = 1;
    if (act("change", strategy->apply, job) < 0)
        return 1;
    return act("undo", strategy->undo, job) < 0 ? 1 : 0;
}

/* ---- rules that die with their process ---- */

/* In the child: puts the rules up, says so, and ends; *ended_ns is when it began to. */
static _Noreturn void be_confined(const char *name, const struct strategy *strategy,
                                  struct job *job, uint64_t *ended_ns)
{
    int failed = act(name, strategy->apply, job);

    if (fflush(stdout) != 0)
        failed = -1;
    *ended_ns = os_now_ns();
    _exit(failed < 0 ? 1 : 0);
}

/* *undo_ns: from the child's last instruction to where its parent sees that it is gone, and the rules
 * with it. */
static int act_in_child(const char *name, const struct strategy *strategy, struct job *job,
                        uint64_t *shared_ns, uint64_t *undo_ns)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0)
        be_confined(name, strategy, job, shared_ns);
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        (void)fprintf(stderr, "bench-policy: %s: %s\n", name, strerror(errno));
        return -1;
    }
    *undo_ns = os_now_ns() - *shared_ns;
    return status == 0 ? 0 : -1; /* the child has said why */
}

static int run_passing(const struct strategy *strategy, struct job *job)
{
    uint64_t undo_ns = 0;
    uint64_t *shared_ns =
        mmap(NULL, sizeof *shared_ns, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (shared_ns == MAP_FAILED)
        return 1;
    if (act_in_child("apply", strategy, job, shared_ns, &undo_ns) < 0 ||
        act_in_child("reapply", strategy, job, shared_ns, &undo_ns) < 0)
        return 1;
    job->changed = 1;
    if (act_in_child("change", strategy, job, shared_ns, &undo_ns) < 0)
        return 1;
    (void)printf("undo %" PRIu64 " 0 0 0\n", undo_ns);
    return 0;
}

static int run(const struct strategy *strategy, struct job *job)
{
    return strategy->undo != NULL ? run_lasting(strategy, job) : run_passing(strategy, job);
}

static bool read_number(int argc, char **argv, int at, unsigned *number)
{
    uint64_t value = 0;

    if (argc > at && !text_parse_u64(argv[at], 100000, &value))
        return false;
    *number = (unsigned)value;
    return true;
}

int main(int argc, char **argv)
{
    struct job job = {0};

    if (argc >= 4 && argc <= 6 && read_number(argc, argv, 3, &job.roots) &&
        read_number(argc, argv, 4, &job.names) && read_number(argc, argv, 5, &job.depth)) {
        job.directory = argv[2];
        for (size_t i = 0; i < ARRAY_SIZE(strategies); i++) {
            if (strcmp(strategies[i]->name, argv[1]) == 0)
                return run(strategies[i], &job);
        }
    }
    (void)fputs("usage: bench-policy STRATEGY DIRECTORY ROOTS [NAMES [DEPTH]]\n", stderr);
    return 2;
}

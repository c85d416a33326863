/*
 * Where built-in benchmarks happen: a fresh directory, never below /tmp
 * (sandboxes like to make that private), owned by the identity of the runs.
 *
 *     P/programs   copies of our programs, which everybody may execute
 *     P/ws         the workspace, a git repository: root of the policy
 *     P/extra      a second writable root
 *     P/secret     denied by the policy
 *     P/home       HOME of the runs
 *     P/scratch    for files that the scripts of adapters need, a folder in it for each run
 *     P/policy.json  the policy, for sandboxes that read one
 */
#ifndef HOLDFAST_BENCH_PLACE_H
#define HOLDFAST_BENCH_PLACE_H

#include "bench/stopwatch.h"
#include "conformance/identity.h"
#include "fixtures/fixture.h"

struct place {
    struct fixture fixture;
    struct identity identity;
    char *ws, *extra, *secret, *home, *policy, *git, *scratch;
    char *peers; /* where ci/deps --peers installs; NULL: unknown */
};

/* identity_name: "root", "user", or NULL: user where that is possible. */
int place_open(struct place *place, const char *identity_name, struct error *err);
void place_close(struct place *place);

/* Who the stopwatch is to run as. */
struct stopwatch_identity place_runs_as(const struct place *place);

/* PATH/name inside the place, made if need be, owned by the identity. Caller frees. */
char *place_make_directory(struct place *place, const char *name, struct error *err);

/* The same, as a git repository of the identity. */
char *place_make_repository(struct place *place, const char *name, struct error *err);

/* Makes `count` small files below directory, a hundred to a folder, and the folders. */
int place_make_files(struct place *place, const char *directory, size_t count, struct error *err);

/* Removes a directory of the place with all that is in it. */
int place_remove(const char *path, struct error *err);

#endif

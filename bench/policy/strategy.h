/*
 * Ways to put a policy into effect. All bring the same tree to the same wish;
 * they differ in what they touch for it:
 *
 *     DIRECTORY/r0/d/d/...      N roots, each `depth` directories long, with its share of files at the end
 *     .kept0 ...                protected names, directories at the top of each root
 *     wish                      one more user may read and write below every root, and only read what
 *                               is protected
 */
#ifndef HOLDFAST_BENCH_POLICY_STRATEGY_H
#define HOLDFAST_BENCH_POLICY_STRATEGY_H

#include <stdint.h>

/* What was done, counted where it is done; policy_linux_test.c holds it to what ptrace sees. musl's
 * open(2) is two calls where its openat(2) is one. */
struct tally {
    uint64_t calls;   /* system calls */
    uint64_t looked;  /* objects whose descriptor was read */
    uint64_t written; /* objects whose descriptor was written */
};

struct job {
    const char *directory;
    unsigned roots;
    unsigned names;   /* protected, in each root */
    unsigned depth;   /* rules only: the root is the end of its directory's chain of this length */
    unsigned changed; /* roots below this number have the other wish: what "change" changes */
    struct tally tally;
};

#define STRATEGY_KEPT ".kept" /* a protected name begins so */

/* Each brings the tree to the job's wish (undo: to no wish at all). -1 with errno. */
struct strategy {
    const char *name;
    int (*apply)(struct job *job);
    /* NULL: nothing outlives the process. Each act is a process of its own then, and undo is its end. */
    int (*undo)(struct job *job);
};

extern const struct strategy acl_rewrite; /* every object is written, whatever it has */
extern const struct strategy acl_compare; /* every object is read, and written if it differs */
extern const struct strategy
    acl_record; /* a record of each root says whether it must be looked at */
extern const struct strategy acl_inherit;    /* only the roots: what is created later inherits */
extern const struct strategy rules_landlock; /* a Landlock ruleset with a rule per root */
extern const struct strategy rules_mounts;   /* a mount per root in a new namespace */

#endif

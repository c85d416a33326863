/*
 * What is so on this machine, as far as a plan needs to know: collected once
 * by linux/facts_linux.c (or made up by a test, or for `explain` on another
 * platform). Plain data; paths are absolute and free of links.
 */
#ifndef HOLDFAST_SANDBOX_FACTS_H
#define HOLDFAST_SANDBOX_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "sandbox/filter.h"
#include "sandbox/path_set.h"
#include "sandbox/text_list.h"

struct hidden_fact {
    char *path;
    bool is_directory;
};

/* A control group (v2) in which we may make one that has the controllers the policy's limits need. */
struct cgroup_fact {
    char *path;          /* owned; NULL: there is none, or nobody asked */
    uint64_t to_enable;  /* enum plan_cgroup: what it can hand on, but does not yet */
    const char *why_not; /* static; NULL: there is one, or nobody asked */
};

struct facts {
    uint32_t uid;
    uint32_t gid;
    enum filter_arch arch;
    int landlock_abi;         /* 0: none */
    bool has_notify;          /* seccomp user notification with WAIT_KILLABLE_RECV */
    bool has_mqueue;          /* /dev/mqueue is mounted */
    bool has_keys;            /* /proc/keys, of the kernel's keyrings */
    bool core_is_zero;        /* the hard limit of core files cannot be 1 */
    struct text_list roots;   /* writable, links resolved; the first is the workspace */
    struct text_list protect; /* existing things below roots that stay read-only */
    struct text_list
        siblings; /* linux-landlock, when not all may be read: what may, instead of "/" */
    struct hidden_fact *hidden; /* existing deny_read paths, links resolved */
    size_t hidden_count;
    struct cgroup_fact cgroup;
    bool has_absent_names;        /* a protected name is missing in some root */
    struct text_list gits;        /* git directories in which commits may be made, links resolved */
    struct text_list own_gits;    /* those of them that are not only shared with other worktrees */
    struct text_list sha256_gits; /* those of them whose hashes have 32 bytes, not 20 */
    struct text_list
        unproven_gits; /* those that must lie in a root: nothing else speaks for them */
    /* roots and protect by place in their lists, while they are collected */
    struct path_set root_set;
    struct path_set protect_set;
};

void facts_done(struct facts *facts);

/* Appends a hidden path; copies it. */
int facts_add_hidden(struct facts *facts, const char *path, bool is_directory, struct error *err);

struct policy;

/* What a plan for another machine can assume: the newest kernel known, an ordinary user, nothing
 * protected exists yet, nothing is a link. */
int facts_assume(struct facts *facts, const struct policy *policy, struct error *err);

#endif

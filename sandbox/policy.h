/*
 * What may be done: the wish, before anything is known about the machine.
 * Filled from defaults, then a JSON file, then flags; then checked once.
 * Nothing here touches the operating system, so any platform can check a
 * policy for any other.
 *
 * policy -> plan -> backend -> run
 */
#ifndef HOLDFAST_SANDBOX_POLICY_H
#define HOLDFAST_SANDBOX_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "sandbox/path.h"
#include "sandbox/text_list.h"

enum policy_network {
    NETWORK_NONE,     /* no socket family but the local one */
    NETWORK_LOOPBACK, /* a private 127.0.0.1 and ::1 */
    NETWORK_HOST      /* the machine's */
};

enum policy_tmp {
    TMP_PRIVATE, /* an empty /tmp and /dev/shm that vanish with the run */
    TMP_HOST     /* the machine's /tmp, read-only like the rest unless a root says otherwise */
};

enum policy_git {
    GIT_READ,  /* .git is protected like every protected name */
    GIT_COMMIT /* objects, refs, logs, index may change; hooks, config, info never */
};

struct policy_env {
    struct text_list keep; /* patterns; not empty: only these are passed on */
    struct text_list pass; /* names passed on although the default list would drop them */
    struct text_list set;  /* NAME=VALUE */
    struct text_list drop; /* patterns, beyond the default list */
};

struct policy_limits { /* 0: no limit */
    uint64_t timeout_s;
    uint64_t processes;
    uint64_t memory_bytes;
    uint64_t file_bytes; /* size of one file */
    uint64_t tmp_bytes;  /* size of the private /tmp and /dev/shm, each */
};

struct policy {
    char *workspace; /* absolute; NULL until given */
    struct text_list writable;
    struct text_list protect;
    struct text_list deny_read;
    enum policy_network network;
    enum policy_tmp tmp;
    enum policy_git git;
    struct policy_env env;
    struct policy_limits limits;
};

/* Where a policy is checked. */
struct policy_place {
    enum path_style style;
    const char *home; /* NULL: unknown */
};

/* The defaults of DESIGN.md, except the workspace, which is the caller's. */
int policy_init(struct policy *policy, struct error *err);
void policy_done(struct policy *policy);

/* Overlays what the JSON text says. ERR_INVALID names key, value and what to do. */
int policy_read_json(struct policy *policy, const char *bytes, size_t size, struct error *err);

int policy_set_workspace(struct policy *policy, const char *path, struct error *err);
int policy_set_network(struct policy *policy, const char *word, struct error *err);
int policy_set_tmp(struct policy *policy, const char *word, struct error *err);
int policy_set_git(struct policy *policy, const char *word, struct error *err);
/* Beside the default names; the JSON key "protect" replaces them. */
int policy_add_protect(struct policy *policy, const char *name, struct error *err);
/* "NAME" passes it on, "NAME=VALUE" sets it. */
int policy_add_env(struct policy *policy, const char *text, struct error *err);

/* Tidies the paths and refuses what must not be: relative or missing roots, a top directory, the
 * home directory or what contains it, names that are not names. ERR_INVALID or ERR_REFUSED. */
int policy_check(struct policy *policy, const struct policy_place *place, struct error *err);

/* Refuses one path as a root; key is for the message. Used again after links are resolved. */
int policy_check_root(const struct policy_place *place, const char *key, const char *path,
                      struct error *err);

const char *policy_network_name(enum policy_network network);
const char *policy_tmp_name(enum policy_tmp tmp);
const char *policy_git_name(enum policy_git git);

/* What is dropped unless it is passed on by name. A variable goes when one of its words (the parts
 * between '_', whatever their case) is one of the secret words, or when its name is in the second
 * list, where a trailing '*' stands for any ending. Both end with NULL. */
extern const char *const policy_secret_words[];
extern const char *const policy_dropped_names[];

/* Is this variable (its name alone) handed to the command? */
bool policy_env_keeps(const struct policy_env *env, const char *name);

#endif

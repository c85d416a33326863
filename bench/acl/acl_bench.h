/*
 * Ways to put access-control lists on a tree of Windows files, for
 * acl_windows_main.c: what each touches is looked at from outside, by reading
 * the descriptor of every object before an act and after it.
 *
 *     TREE\r0 .. r(N-1)   roots, each with its share of files, a hundred to a directory
 *     TREE\spare          one more, which takes r(N-1)'s place where a command line must "change one root"
 *
 * Compiled with MinGW-w64; under Wine it shows that it runs, on Windows it is unverified.
 */
#ifndef HOLDFAST_BENCH_ACL_BENCH_H
#define HOLDFAST_BENCH_ACL_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <windows.h>

#include "base/error.h"

enum {
    ACL_PATH_MAX = 1024
};

struct acl_job {
    wchar_t tree[ACL_PATH_MAX];
    unsigned roots;
    unsigned changed; /* roots below this number have the other wish: what "change" changes */
    PSID sid;         /* who the wish is about */
    int64_t asked;    /* descriptors that the strategy asked the system to write, root or not; reset
                         by the caller. SetNamedSecurityInfo writes further ones by itself */
    int64_t looked;   /* descriptors it read */
    /* Of "holdfast": the program, a folder for what it keeps, and a file for the policy. */
    const wchar_t *sandbox;
    wchar_t state[ACL_PATH_MAX];
    wchar_t policy[ACL_PATH_MAX];
};

struct acl_strategy {
    const char *name;
    const char *summary;
    int (*apply)(struct acl_job *job, struct error *err);
    int (*undo)(struct acl_job *job, struct error *err);
};

/* propagate: SetNamedSecurityInfo on each root, which carries the entry to every object below.
 * walk: the same by hand. compare: as walk, but what has the entry already is not written.
 * root: the roots alone, if they lack it; only what is created later inherits.
 * holdfast: holdfast-sandbox itself, windows-unelevated, as a command line. NULL-terminated. */
extern const struct acl_strategy *const acl_strategies[];
extern const struct acl_strategy acl_holdfast;

/* ---- the tree ---- */

int acl_tree_plant(const wchar_t *tree, unsigned roots, unsigned files, struct error *err);
/* Removes it as far as it can; false: something is still there. */
bool acl_tree_remove(const wchar_t *tree);

/* Calls visit for the directory itself (depth 0) and everything below it; nothing follows a link. */
typedef int acl_visit(void *context, const wchar_t *path, bool is_directory, struct error *err);
int acl_tree_walk(const wchar_t *directory, acl_visit *visit, void *context, struct error *err);

/* ---- what there is, seen from outside ---- */

struct acl_snapshot_entry {
    uint64_t path;       /* hashes */
    uint64_t descriptor; /* DACL and its control bits */
};

struct acl_snapshot {
    struct acl_snapshot_entry *entries; /* sorted by path */
    size_t count, capacity;
};

int acl_snapshot_take(struct acl_snapshot *snapshot, const wchar_t *tree, struct error *err);
void acl_snapshot_done(struct acl_snapshot *snapshot);
/* Objects whose descriptor differs, those that are only in one of the two included. */
int64_t acl_snapshot_compare(const struct acl_snapshot *before, const struct acl_snapshot *after);

/* ---- for both ---- */

/* ERR_OS: "call path: error N". */
int acl_fail(struct error *err, DWORD code, const char *call, const wchar_t *path);
int acl_join(wchar_t *path, const wchar_t *directory, const wchar_t *name, struct error *err);
/* Its DACL may be read and written; a link itself is opened, not what it leads to. */
HANDLE acl_open(const wchar_t *path, DWORD access, struct error *err);

#endif

/*
 * What a tree looks like from outside: names, bytes, inode, mode, owner,
 * mtime, ctime, extended attributes (ACLs are some), inode flags. Two
 * snapshots are compared. A change that was taken back still shows, because
 * nobody can set ctime (inode(7)).
 *
 * The tree is hostile: no link is followed, nothing that could block is
 * opened, and the number of entries, the depth and the bytes read are bounded.
 */
#ifndef HOLDFAST_CONFORMANCE_ORACLES_SNAPSHOT_H
#define HOLDFAST_CONFORMANCE_ORACLES_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/error.h"

struct snapshot_entry {
    char *path; /* as it is to be shown: "outside/canary.txt" */
    mode_t mode;
    uid_t uid;
    gid_t gid;
    dev_t device;
    ino_t inode;
    nlink_t links;
    off_t size;
    struct timespec mtime;
    struct timespec ctime;
    uint64_t content;    /* digest of the bytes, or of a link's target */
    uint64_t attributes; /* digest of the extended attributes */
    uint64_t flags;      /* inode flags and project id */
    bool is_readable;    /* could be opened: a lease or lock may prevent it */
    bool is_shallow;     /* only the name, inode and kind count */
    bool may_grow;       /* names may be made in it: its size, links and times do not count */
};

struct snapshot {
    struct snapshot_entry *entries; /* sorted by path when finished */
    size_t count;
    bool is_cut;             /* more than SNAPSHOT_ENTRIES_MAX entries: it is not the whole tree */
    const char *passed_over; /* names that hold this are not added; NULL: all are. Borrowed */
};

#define SNAPSHOT_EMPTY ((struct snapshot){0})

enum {
    SNAPSHOT_ENTRIES_MAX = 20000,
    SNAPSHOT_DEPTH_MAX = 48
};

/* Adds the entry at path and everything below it; label is its name in the results. A missing
 * entry adds nothing. */
int snapshot_add_tree(struct snapshot *snapshot, const char *path, const char *label,
                      struct error *err);

/* Adds the names in one directory, shallowly: who is there, not what is in it. */
int snapshot_add_names(struct snapshot *snapshot, const char *path, const char *label,
                       struct error *err);

/* From now on only the name, inode and kind of this entry count, not what is written into it: a
 * directory that the policy allows to change. Missing is fine. Before snapshot_finish. */
void snapshot_make_shallow(struct snapshot *snapshot, const char *label);

/* From now on names may be made and removed in this directory (they are compared themselves). */
void snapshot_let_grow(struct snapshot *snapshot, const char *label);

/* Sorts; call once, after the last add. */
void snapshot_finish(struct snapshot *snapshot);

/* The number of entries that differ. text: what is different about the first few, one line. */
size_t snapshot_compare(const struct snapshot *before, const struct snapshot *after, char *text,
                        size_t text_size);

/* The latest ctime in it. */
struct timespec snapshot_latest(const struct snapshot *snapshot);

void snapshot_done(struct snapshot *snapshot);

#endif

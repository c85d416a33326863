/*
 * Bringing a tree to what was wished, with the fewest writes. A wish names
 * one object and the entries of ours it must carry itself; what lies below
 * inherits from it. The walk goes down from an object and puts right what is
 * not right, touching nothing but our entries.
 *
 * Left alone, and counted: links and junctions; files with more than one
 * name (a name planted in a root would otherwise carry our entries to a file
 * outside it); objects whose owner protected their DACL from inheritance;
 * registry hives and .ssh, which break when a foreign SID appears in them.
 * What a directory gave such a thing when it was made in there is taken off
 * it once the directory itself has nothing of ours to give (undoing).
 */
#ifndef HOLDFAST_SANDBOX_NT_WALK_H
#define HOLDFAST_SANDBOX_NT_WALK_H

#include "sandbox/nt/machine.h"
#include "sandbox/nt/stamp.h"

struct nt_wish {
    const char *path;   /* borrowed */
    struct nt_acl aces; /* explicit entries of ours; empty: none */
    bool is_protected;  /* nothing below may be writable: a NULL DACL there is refused */
};

struct nt_wishes {
    struct nt_wish *items;
    size_t count;
    struct nt_ours ours;
};

/* What a walk did and what it left alone. */
struct nt_walk_stats {
    /* Called after each object; false: ERR_INTERRUPTED. NULL: never stopped. */
    bool (*goes_on)(void *own, const struct nt_walk_stats *stats);
    void *own;
    /* An object that cannot be changed is counted and passed by, with all below it, instead of ending
     * the walk: only where nothing depends on its being complete. */
    bool goes_past;

    size_t seen;       /* objects looked at */
    size_t written;    /* descriptors written */
    size_t links;      /* reparse points */
    size_t hard_links; /* files with several names */
    size_t protected_dacls;
    size_t null_dacls;
    size_t untouchable; /* hives, .ssh */
    size_t vanished;    /* gone between listing and opening, or of a name that is no text */
    size_t failed;      /* goes_past: could not be changed */
    char trouble[256];  /* ... the last of them, and why; "": none */
};

const struct nt_wish *nt_wish_for(const struct nt_wishes *wishes, const char *path);

/* What the object has, and what it should have: its own wish and what it inherits from its parent as
 * that is now. 1: the same; 0: not; -1: failure, with ERR_NOT_FOUND when it is not there and
 * ERR_REFUSED when it cannot carry entries. Both descriptors must be empty. */
int nt_wish_images(struct nt_machine *machine, const struct nt_wishes *wishes, const char *path,
                   struct nt_sd *before, struct nt_sd *after, struct error *err);

/* The same answer without the images. */
int nt_wish_is_met(struct nt_machine *machine, const struct nt_wishes *wishes, const char *path,
                   struct error *err);

/* Puts right the object at path, and everything below it. */
int nt_walk(struct nt_machine *machine, const struct nt_wishes *wishes, const char *path,
            struct nt_walk_stats *stats, struct error *err);

/* True for a name that never gets an entry: registry hives and .ssh. */
bool nt_is_untouchable(const char *name);

#endif

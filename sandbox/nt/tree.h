/*
 * A pretended NTFS volume: names, descriptors and hard links, and the
 * operations a process can try, each checked as the file system would. The
 * plans are applied to it and then attacked, exhaustively, on any platform.
 *
 * Sources: [MS-FSA] 2.1.5.1.1 (creation: FILE_ADD_FILE or FILE_ADD_SUBDIRECTORY on the directory),
 * 2.1.5.1.2.1 (open of an existing file: DELETE also comes from the parent's FILE_DELETE_CHILD,
 * FILE_READ_ATTRIBUTES from its FILE_LIST_DIRECTORY), 2.1.5.15 (rename and link);
 * "CreateHardLink" (one descriptor for all names). Names compare without case in ASCII only.
 *
 * Where the published rules leave room, the model allows: a link needs no right to the file but
 * to open it, a creator gets what it asks for. So it errs towards predicting an escape.
 */
#ifndef HOLDFAST_SANDBOX_NT_TREE_H
#define HOLDFAST_SANDBOX_NT_TREE_H

#include "sandbox/nt/access.h"

struct nt_object {
    struct nt_sd sd;
    bool is_directory;
    bool is_reparse;    /* a junction or symbolic link: nothing here follows it */
    unsigned links;     /* names it has */
    unsigned held;      /* handles somebody holds that do not share deletion */
    unsigned sd_writes; /* how often its descriptor was written */
    unsigned content;   /* changes with every write */
};

struct nt_entry {
    char *name;
    struct nt_object *object;
    struct nt_entry *parent;
    struct nt_entry *first, *next; /* children, in order of creation */
};

struct nt_tree {
    struct nt_entry *root; /* "C:" */
    unsigned sd_writes;    /* of all objects together */
};

/* Who tries. */
struct nt_actor {
    const struct nt_token *token;
    uint32_t extra_write_bits; /* see struct nt_access_check */
};

enum nt_outcome {
    NT_DONE,
    NT_REFUSED,    /* access denied */
    NT_SHARING,    /* somebody holds it and does not share deletion */
    NT_MISSING,    /* no such file or directory */
    NT_TAKEN,      /* the name exists */
    NT_NOT_EMPTY,  /* a directory with children cannot be deleted */
    NT_IMPOSSIBLE, /* a directory into itself, a link to a directory */
    NT_OUT_OF_MEMORY,
};

/* An empty volume whose root has this descriptor. NULL: out of memory or no SDDL (in err). */
struct nt_tree *nt_tree_new(const char *sddl, struct error *err);
void nt_tree_free(struct nt_tree *tree);

/* Unchecked, for building a scene -------------------------------------------------------------- */

/* "a\b\c" below the root; "" is the root. NULL: not there. */
struct nt_entry *nt_tree_find(const struct nt_tree *tree, const char *path);
/* Adds the last component. sddl NULL: as token creates it, by inheritance. */
struct nt_entry *nt_tree_add(struct nt_tree *tree, const char *path, bool is_directory,
                             const struct nt_token *creator, const char *sddl, struct error *err);
struct nt_entry *nt_tree_add_link(struct nt_tree *tree, const char *path, struct nt_entry *target,
                                  struct error *err);
/* The path of an entry. Caller frees; NULL: out of memory. */
char *nt_tree_path(const struct nt_entry *entry);
/* Every entry below from in depth-first order; from itself first. after NULL starts. */
struct nt_entry *nt_tree_next(struct nt_entry *from, struct nt_entry *after);

/* One line per entry: path, kind, links, SDDL, content. Two equal texts are two equal volumes.
 * Caller frees. */
char *nt_tree_dump(const struct nt_tree *tree, struct error *err);

/* Tried by somebody ------------------------------------------------------------------------- */

enum nt_outcome nt_try_open(struct nt_tree *tree, const struct nt_actor *actor, const char *path,
                            uint32_t desired);
/* What an open with MAXIMUM_ALLOWED is granted, DELETE by the parent included; 0: refused, or
 * held by somebody. */
uint32_t nt_try_maximum(struct nt_tree *tree, const struct nt_actor *actor, const char *path);
enum nt_outcome nt_try_write(struct nt_tree *tree, const struct nt_actor *actor, const char *path);
enum nt_outcome nt_try_create(struct nt_tree *tree, const struct nt_actor *actor, const char *path,
                              bool is_directory);
enum nt_outcome nt_try_delete(struct nt_tree *tree, const struct nt_actor *actor, const char *path);
enum nt_outcome nt_try_rename(struct nt_tree *tree, const struct nt_actor *actor, const char *from,
                              const char *to);
enum nt_outcome nt_try_link(struct nt_tree *tree, const struct nt_actor *actor, const char *from,
                            const char *to);
/* Opens with WRITE_DAC and puts this DACL. */
enum nt_outcome nt_try_set_dacl(struct nt_tree *tree, const struct nt_actor *actor,
                                const char *path, const char *sddl);

#endif

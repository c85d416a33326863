/* Between tree.c and tree_try.c only. */
#ifndef HOLDFAST_SANDBOX_NT_TREE_INSIDE_H
#define HOLDFAST_SANDBOX_NT_TREE_INSIDE_H

#include "sandbox/nt/tree.h"

/* The directory of path's last component, which *name points to; NULL: not there. */
struct nt_entry *nt_tree_parent_of(const struct nt_tree *tree, const char *path, const char **name);
/* A further name for an object; counts the link. NULL: out of memory. */
struct nt_entry *nt_tree_attach(struct nt_entry *parent, const char *name,
                                struct nt_object *object);
/* Out of its parent's list; it still has its object. */
void nt_tree_unhook(struct nt_entry *entry);
/* ... and freed with all below it. */
void nt_tree_detach(struct nt_entry *entry);
int nt_tree_make(struct nt_entry *parent, const char *name, bool is_directory,
                 const struct nt_token *creator, const char *sddl, struct nt_entry **made,
                 struct error *err);

#endif

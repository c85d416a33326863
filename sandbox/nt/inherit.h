/*
 * How entries travel down a tree: what a new file gets from its directory,
 * and what an existing child gets when its directory changes.
 *
 * Sources: [MS-DTYP] 2.5.3.4 (CreateSecurityDescriptor, ComputeACL and their
 * helpers); "ACE Inheritance Rules" and "Automatic Propagation of Inheritable
 * ACEs" of the Win32 documentation. Differential test: ci/nt-differential
 * against Samba's se_create_child_secdesc.
 */
#ifndef HOLDFAST_SANDBOX_NT_INHERIT_H
#define HOLDFAST_SANDBOX_NT_INHERIT_H

#include "sandbox/nt/sd.h"
#include "sandbox/nt/token.h"

/* Who stands for CREATOR OWNER and CREATOR GROUP, and what generic rights mean. */
struct nt_creation {
    struct nt_sid owner, group;
    bool is_container;
    const struct nt_mapping *mapping;
};

/* Appends to *out what a child gets from these entries. flag is NT_INHERITED when the parent keeps
 * track of inheritance (its AUTO_INHERITED bit), else 0. */
int nt_inherit_acl(const struct nt_acl *parent, uint8_t flag, const struct nt_creation *creation,
                   struct nt_acl *out, struct error *err);

/* The descriptor of an object that `token` creates in a directory. given: the descriptor it asks
 * for, or NULL; a DACL in it is taken as it stands, as NTFS does without AUTO_INHERIT_REQ. Without
 * one the inheritable entries of the parent are used, or else the token's default DACL.
 * *child must be empty. */
int nt_inherit_create(const struct nt_sd *parent, const struct nt_sd *given,
                      const struct nt_token *token, bool is_container,
                      const struct nt_mapping *mapping, struct nt_sd *child, struct error *err);

/* What SetNamedSecurityInfo makes of an existing child after its parent's DACL changed: its own
 * entries stay, every inherited one is replaced; a protected DACL is left alone. */
int nt_inherit_refresh(const struct nt_sd *parent, bool is_container,
                       const struct nt_mapping *mapping, struct nt_sd *child, struct error *err);

#endif

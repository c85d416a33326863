/*
 * Putting our entries into somebody's descriptor and taking them out again
 * without touching anything else. Every entry of ours names a SID that is
 * ours alone (a synthetic SID, or the group made at set-up), so they can be
 * told from all others, and taking out what was put in gives back exactly
 * what was there.
 *
 * One kind of entry has to name the user: nothing else that the unelevated
 * command is keeps it from deleting through a directory. It denies that one
 * right and stands beside an entry with a SID of ours; by both it is told. An
 * entry of the user's own that is exactly such a one is taken for it: on a
 * named object it comes back with the teardown, below one it does not.
 */
#ifndef HOLDFAST_SANDBOX_NT_STAMP_H
#define HOLDFAST_SANDBOX_NT_STAMP_H

#include "sandbox/nt/sd.h"

/* The SIDs that are ours alone. Borrowed. */
struct nt_ours {
    const struct nt_sid *sids;
    size_t count;
    const struct nt_sid *user; /* who may be denied FILE_DELETE_CHILD; NULL: nobody */
    bool has_denial; /* that denial is ours also where it stands alone: a journal says so */
};

bool nt_ours_has(const struct nt_ours *ours, const struct nt_sid *sid);
/* Is this entry of the DACL ours? */
bool nt_is_ours(const struct nt_acl *dacl, const struct nt_ace *ace, const struct nt_ours *ours);
/* Does it deny deleting through the directory, and nothing else? */
bool nt_is_delete_child_denial(const struct nt_ace *ace);

/* Our entries in a DACL, in their order. *out must be empty. */
int nt_stamp_read(const struct nt_acl *dacl, const struct nt_ours *ours, struct nt_acl *out,
                  struct error *err);

/*
 * Makes our entries in *sd exactly these: explicit denies in front of everything, explicit allows
 * behind the explicit denies, inherited ones in front of all other inherited ones. Everything else
 * keeps its place. *has_changed says whether anything had to be done; the INHERITED flag of our
 * entries does not count, because a directory without AUTO_INHERITED hands them down without it.
 * ERR_REFUSED for a NULL DACL: an entry there would lock everybody out. ERR_INVALID for an entry
 * that could not be told as ours afterwards.
 */
int nt_stamp_put(struct nt_sd *sd, const struct nt_ours *ours, const struct nt_acl *explicit_aces,
                 const struct nt_acl *inherited_aces, bool *has_changed, struct error *err);

/* What a child gets of our entries from its directory, marked as inherited. *out must be empty. */
int nt_stamp_below(const struct nt_acl *parent_dacl, const struct nt_ours *ours, bool is_container,
                   struct nt_acl *out, struct error *err);

#endif

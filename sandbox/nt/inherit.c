#include "sandbox/nt/inherit.h"

/* What becomes of one entry of the parent, for one child. */
struct passage {
    bool works_here;   /* the child itself is spoken of */
    bool goes_further; /* and so are objects below it */
};

static struct passage find_passage(uint8_t flags, bool is_container)
{
    bool stops = (flags & NT_NO_PROPAGATE) != 0;

    if (!is_container)
        return (struct passage){(flags & NT_OBJECT_INHERIT) != 0, false};
    return (struct passage){(flags & NT_CONTAINER_INHERIT) != 0,
                            (flags & NT_INHERIT_ALL) != 0 && !stops};
}

/* CREATOR OWNER and CREATOR GROUP stand for somebody; generic bits for the type's rights. */
static struct nt_ace make_effective(const struct nt_ace *ace, const struct nt_creation *creation)
{
    struct nt_ace effective = *ace;

    if (ace->is_opaque)
        return effective;
    effective.mask = nt_map_generic(ace->mask, creation->mapping);
    if (nt_sid_equal(&ace->sid, &NT_CREATOR_OWNER))
        effective.sid = creation->owner;
    else if (nt_sid_equal(&ace->sid, &NT_CREATOR_GROUP))
        effective.sid = creation->group;
    return effective;
}

static bool is_same_subject(const struct nt_ace *a, const struct nt_ace *b)
{
    return a->is_opaque || (a->mask == b->mask && nt_sid_equal(&a->sid, &b->sid));
}

static int inherit_entry(const struct nt_ace *ace, uint8_t flag, const struct nt_creation *creation,
                         struct nt_acl *out, struct error *err)
{
    struct passage passage = find_passage(ace->flags, creation->is_container);
    struct nt_ace here = make_effective(ace, creation);
    struct nt_ace below = *ace;
    uint8_t kept = ace->flags & (NT_AUDIT_SUCCESS | NT_AUDIT_FAILURE | NT_CRITICAL);

    here.flags = (uint8_t)(kept | flag);
    below.flags = (uint8_t)(kept | flag | (ace->flags & NT_INHERIT_ALL));
    /* One entry does both, unless what works here differs from what goes further. */
    if (passage.works_here && passage.goes_further && is_same_subject(&here, ace))
        return nt_acl_add(out, &below, err);
    if (passage.works_here && nt_acl_add(out, &here, err) < 0)
        return -1;
    below.flags |= NT_INHERIT_ONLY;
    return passage.goes_further ? nt_acl_add(out, &below, err) : 0;
}

int nt_inherit_acl(const struct nt_acl *parent, uint8_t flag, const struct nt_creation *creation,
                   struct nt_acl *out, struct error *err)
{
    for (size_t i = 0; i < parent->count; i++) {
        if (inherit_entry(&parent->aces[i], flag, creation, out, err) < 0)
            return -1;
    }
    return 0;
}

static uint8_t inherited_flag(uint32_t control, uint32_t auto_inherited)
{
    return (control & auto_inherited) != 0 ? NT_INHERITED : 0;
}

/* A DACL that the creator asked for: its generic bits are mapped where they take effect. */
static int take_given(const struct nt_acl *given, const struct nt_mapping *mapping,
                      struct nt_acl *out, struct error *err)
{
    for (size_t i = 0; i < given->count; i++) {
        struct nt_ace ace = given->aces[i];

        if (!ace.is_opaque && (ace.flags & NT_INHERIT_ONLY) == 0)
            ace.mask = nt_map_generic(ace.mask, mapping);
        if (nt_acl_add(out, &ace, err) < 0)
            return -1;
    }
    return 0;
}

static int make_dacl(const struct nt_sd *parent, const struct nt_sd *given,
                     const struct nt_token *token, const struct nt_creation *creation,
                     struct nt_sd *child, struct error *err)
{
    uint8_t flag = inherited_flag(parent->control, NT_SD_DACL_AUTO_INHERITED);

    child->has_dacl = true;
    if (given != NULL && given->has_dacl) {
        child->is_dacl_null = given->is_dacl_null;
        child->control |= (uint16_t)(given->control & NT_SD_DACL_PROTECTED);
        return take_given(&given->dacl, creation->mapping, &child->dacl, err);
    }
    if (nt_inherit_acl(&parent->dacl, flag, creation, &child->dacl, err) < 0)
        return -1;
    child->control |= flag != 0 ? NT_SD_DACL_AUTO_INHERITED : 0;
    if (child->dacl.count > 0)
        return 0;
    child->control |= NT_SD_DACL_DEFAULTED;
    return take_given(&token->default_dacl, creation->mapping, &child->dacl, err);
}

/* Labels travel like any entry. A token below Medium marks what it creates, so that it can write it
 * again (Windows Security Internals, chapter 6, "Mandatory Integrity Label"). */
static int make_sacl(const struct nt_sd *parent, const struct nt_token *token,
                     const struct nt_creation *creation, struct nt_sd *child, struct error *err)
{
    struct nt_sid level = nt_sid_integrity(token->integrity);
    struct nt_ace label = nt_ace_make(NT_ACE_MANDATORY_LABEL, 0, NT_LABEL_NO_WRITE_UP, &level);

    if (nt_inherit_acl(&parent->sacl, inherited_flag(parent->control, NT_SD_SACL_AUTO_INHERITED),
                       creation, &child->sacl, err) < 0)
        return -1;
    if (child->sacl.count == 0 && token->integrity < NT_INTEGRITY_MEDIUM &&
        nt_acl_add(&child->sacl, &label, err) < 0)
        return -1;
    child->has_sacl = child->sacl.count > 0;
    return 0;
}

int nt_inherit_create(const struct nt_sd *parent, const struct nt_sd *given,
                      const struct nt_token *token, bool is_container,
                      const struct nt_mapping *mapping, struct nt_sd *child, struct error *err)
{
    AUTO_SD struct nt_sd made = NT_SD_EMPTY;
    struct nt_creation creation = {.owner = token->user,
                                   .group = token->primary_group,
                                   .is_container = is_container,
                                   .mapping = mapping};

    made.control = NT_SD_SELF_RELATIVE;
    made.has_owner = true;
    made.owner = token->user;
    made.has_group = true;
    made.group = token->primary_group;
    if (make_dacl(parent, given, token, &creation, &made, err) < 0 ||
        make_sacl(parent, token, &creation, &made, err) < 0)
        return -1;
    *child = made;
    made = NT_SD_EMPTY;
    return 0;
}

int nt_inherit_refresh(const struct nt_sd *parent, bool is_container,
                       const struct nt_mapping *mapping, struct nt_sd *child, struct error *err)
{
    AUTO_ACL struct nt_acl dacl = NT_ACL_EMPTY;
    struct nt_creation creation = {.owner = child->owner,
                                   .group = child->group,
                                   .is_container = is_container,
                                   .mapping = mapping};

    if (nt_sd_is_open(child) || (child->control & NT_SD_DACL_PROTECTED) != 0)
        return 0;
    for (size_t i = 0; i < child->dacl.count; i++) {
        if ((child->dacl.aces[i].flags & NT_INHERITED) == 0 &&
            nt_acl_add(&dacl, &child->dacl.aces[i], err) < 0)
            return -1;
    }
    if (nt_inherit_acl(&parent->dacl, NT_INHERITED, &creation, &dacl, err) < 0)
        return -1;
    nt_acl_done(&child->dacl);
    child->dacl = dacl;
    child->control |= NT_SD_DACL_AUTO_INHERITED;
    dacl = NT_ACL_EMPTY;
    return 0;
}

#include "sandbox/nt/stamp.h"

#include "sandbox/nt/inherit.h"

bool nt_ours_has(const struct nt_ours *ours, const struct nt_sid *sid)
{
    for (size_t i = 0; i < ours->count; i++) {
        if (nt_sid_equal(&ours->sids[i], sid))
            return true;
    }
    return false;
}

static bool names_us(const struct nt_ace *ace, const struct nt_ours *ours)
{
    return !ace->is_opaque && nt_ours_has(ours, &ace->sid);
}

bool nt_is_delete_child_denial(const struct nt_ace *ace)
{
    return ace->type == NT_ACE_DENY && ace->mask == NT_FILE_DELETE_CHILD;
}

static bool has_denial_of_ours(const struct nt_acl *dacl, const struct nt_ours *ours)
{
    for (size_t i = 0; i < dacl->count; i++) {
        if (dacl->aces[i].type == NT_ACE_DENY && names_us(&dacl->aces[i], ours))
            return true;
    }
    return false;
}

static bool may_be_ours(const struct nt_ace *ace, const struct nt_ours *ours)
{
    return names_us(ace, ours) || (ours->user != NULL && nt_is_delete_child_denial(ace) &&
                                   nt_sid_equal(&ace->sid, ours->user));
}

/* has_denial: an entry with a SID of ours denies something there. */
static bool is_told(const struct nt_ace *ace, const struct nt_ours *ours, bool has_denial)
{
    return may_be_ours(ace, ours) && (names_us(ace, ours) || has_denial || ours->has_denial);
}

bool nt_is_ours(const struct nt_acl *dacl, const struct nt_ace *ace, const struct nt_ours *ours)
{
    return is_told(ace, ours, has_denial_of_ours(dacl, ours));
}

/* What could not be told as ours would stay for ever, and be put again by every run. */
static bool can_be_told(const struct nt_acl *explicit_aces, const struct nt_ours *ours,
                        bool has_denial)
{
    for (size_t i = 0; i < explicit_aces->count; i++) {
        if (!is_told(&explicit_aces->aces[i], ours, has_denial))
            return false;
    }
    return true;
}

int nt_stamp_read(const struct nt_acl *dacl, const struct nt_ours *ours, struct nt_acl *out,
                  struct error *err)
{
    for (size_t i = 0; i < dacl->count; i++) {
        if (nt_is_ours(dacl, &dacl->aces[i], ours) && nt_acl_add(out, &dacl->aces[i], err) < 0)
            return -1;
    }
    return 0;
}

static bool is_same_entry(const struct nt_ace *a, const struct nt_ace *b)
{
    struct nt_ace x = *a;
    struct nt_ace y = *b;

    x.flags &= (uint8_t)~NT_INHERITED;
    y.flags &= (uint8_t)~NT_INHERITED;
    return nt_ace_equal(&x, &y);
}

/* Of whatever kind, conditional and object entries too. */
static bool denies(const struct nt_ace *ace)
{
    return ace->type == NT_ACE_DENY || ace->type == NT_ACE_DENY_OBJECT ||
           ace->type == NT_ACE_DENY_CALLBACK || ace->type == NT_ACE_DENY_CALLBACK_OBJECT;
}

/* The entry of ours that belongs at this place: put_explicit puts denials in front, whatever the order of
 * the list. */
static const struct nt_ace *wanted_at(const struct nt_acl *explicit_aces,
                                      const struct nt_acl *inherited_aces, size_t at)
{
    for (int is_deny = 1; is_deny >= 0; is_deny--) {
        for (size_t i = 0; i < explicit_aces->count; i++) {
            if (denies(&explicit_aces->aces[i]) == (is_deny == 1) && at-- == 0)
                return &explicit_aces->aces[i];
        }
    }
    return at < inherited_aces->count ? &inherited_aces->aces[at] : NULL;
}

/* No foreign entry may stand before an explicit deny of ours: it could allow what is denied. */
static bool is_already_there(const struct nt_acl *dacl, const struct nt_ours *ours, bool has_denial,
                             const struct nt_acl *explicit_aces,
                             const struct nt_acl *inherited_aces)
{
    bool has_foreign = false;
    size_t found = 0;

    for (size_t i = 0; i < dacl->count; i++) {
        const struct nt_ace *ace = &dacl->aces[i];
        const struct nt_ace *wanted;

        if (!is_told(ace, ours, has_denial)) {
            has_foreign = has_foreign || !denies(ace);
            continue;
        }
        wanted = wanted_at(explicit_aces, inherited_aces, found);
        if (wanted == NULL || !is_same_entry(wanted, ace))
            return false;
        if (has_foreign && found < explicit_aces->count && denies(ace))
            return false;
        found++;
    }
    return found == explicit_aces->count + inherited_aces->count;
}

static size_t place_of_allow(const struct nt_acl *dacl)
{
    size_t at = 0;

    while (at < dacl->count && denies(&dacl->aces[at]) &&
           (dacl->aces[at].flags & NT_INHERITED) == 0)
        at++;
    return at;
}

static size_t place_of_inherited(const struct nt_acl *dacl)
{
    size_t at = 0;

    while (at < dacl->count && (dacl->aces[at].flags & NT_INHERITED) == 0)
        at++;
    return at;
}

static int put_explicit(struct nt_acl *dacl, const struct nt_acl *aces, bool is_deny,
                        struct error *err)
{
    size_t at = is_deny ? 0 : place_of_allow(dacl);

    for (size_t i = 0; i < aces->count; i++) {
        if (denies(&aces->aces[i]) == is_deny && nt_acl_insert(dacl, at++, &aces->aces[i], err) < 0)
            return -1;
    }
    return 0;
}

static int put_inherited(struct nt_acl *dacl, const struct nt_acl *aces, struct error *err)
{
    size_t at = place_of_inherited(dacl);

    for (size_t i = 0; i < aces->count; i++) {
        struct nt_ace ace = aces->aces[i];

        ace.flags |= NT_INHERITED;
        if (nt_acl_insert(dacl, at++, &ace, err) < 0)
            return -1;
    }
    return 0;
}

int nt_stamp_put(struct nt_sd *sd, const struct nt_ours *ours, const struct nt_acl *explicit_aces,
                 const struct nt_acl *inherited_aces, bool *has_changed, struct error *err)
{
    AUTO_ACL struct nt_acl dacl = NT_ACL_EMPTY;
    bool will_deny =
        has_denial_of_ours(explicit_aces, ours) || has_denial_of_ours(inherited_aces, ours);
    /* One that lost its neighbour would be told again by the one that comes now. */
    bool has_denial = will_deny || has_denial_of_ours(&sd->dacl, ours);

    *has_changed = false;
    if (nt_sd_is_open(sd)) {
        if (explicit_aces->count + inherited_aces->count == 0)
            return 0;
        return error_set(err, ERR_REFUSED, "its DACL is NULL: an entry would lock everybody out");
    }
    if (!can_be_told(explicit_aces, ours, will_deny))
        return error_set(err, ERR_INVALID, "an entry names a SID that is not ours");
    if (is_already_there(&sd->dacl, ours, has_denial, explicit_aces, inherited_aces))
        return 0;
    if (nt_acl_copy(&dacl, &sd->dacl, err) < 0)
        return -1;
    for (size_t i = dacl.count; i > 0; i--) {
        if (is_told(&sd->dacl.aces[i - 1], ours, has_denial))
            nt_acl_remove(&dacl, i - 1);
    }
    if (put_explicit(&dacl, explicit_aces, true, err) < 0 ||
        put_explicit(&dacl, explicit_aces, false, err) < 0 ||
        put_inherited(&dacl, inherited_aces, err) < 0)
        return -1;
    nt_acl_done(&sd->dacl);
    sd->dacl = dacl;
    dacl = NT_ACL_EMPTY;
    *has_changed = true;
    return 0;
}

int nt_stamp_below(const struct nt_acl *parent_dacl, const struct nt_ours *ours, bool is_container,
                   struct nt_acl *out, struct error *err)
{
    AUTO_ACL struct nt_acl stamp = NT_ACL_EMPTY;
    struct nt_creation creation = {.is_container = is_container, .mapping = &NT_FILE_MAPPING};

    if (nt_stamp_read(parent_dacl, ours, &stamp, err) < 0)
        return -1;
    return nt_inherit_acl(&stamp, NT_INHERITED, &creation, out, err);
}

#include "sandbox/nt/access.h"

/* Standard rights as NtObjectManager maps them (NtSecurity.StandardAccessMapping). */
enum {
    STANDARD_READ = NT_READ_CONTROL,
    STANDARD_EXECUTE = NT_SYNCHRONIZE,
    STANDARD_WRITE = NT_SYSTEM_SECURITY | NT_DELETE | NT_WRITE_DAC | NT_WRITE_OWNER,
    OWNER_RIGHTS = NT_READ_CONTROL | NT_WRITE_DAC,
};

uint32_t nt_write_bits(const struct nt_mapping *mapping)
{
    return (STANDARD_WRITE & ~(uint32_t)(STANDARD_READ | STANDARD_EXECUTE)) |
           (mapping->write & ~(mapping->read | mapping->execute));
}

/* One pass over the DACL. Bits are decided once: the first entry that speaks of a bit wins. */
struct pass {
    const struct nt_access_check *check;
    bool is_second;
    uint32_t granted;
    uint32_t denied;
    bool has_unmodelled;
};

static bool is_object_entry(const struct nt_ace *ace)
{
    return ace->is_opaque && ace->type <= NT_ACE_ALARM_CALLBACK + 2;
}

/* OWNER RIGHTS stands for whoever owns the object. */
static const struct nt_sid *meant_sid(const struct pass *pass, const struct nt_ace *ace)
{
    const struct nt_sd *sd = pass->check->sd;

    if (sd->has_owner && nt_sid_equal(&ace->sid, &NT_OWNER_RIGHTS))
        return &sd->owner;
    return &ace->sid;
}

static bool speaks_of_token(const struct pass *pass, const struct nt_ace *ace,
                            enum nt_membership first)
{
    return nt_token_has(pass->check->token, meant_sid(pass, ace),
                        pass->is_second ? NT_FOR_RESTRICTED : first);
}

static void weigh_entry(struct pass *pass, const struct nt_ace *ace)
{
    switch (ace->type) {
    case NT_ACE_ALLOW:
        if (speaks_of_token(pass, ace, NT_FOR_ALLOW))
            pass->granted |= ace->mask & ~pass->denied;
        break;
    case NT_ACE_DENY:
        if (speaks_of_token(pass, ace, NT_FOR_DENY))
            pass->denied |= ace->mask & ~pass->granted;
        break;
    case NT_ACE_DENY_CALLBACK: /* a condition that cannot be told denies ([MS-DTYP] 2.4.4.17) */
        pass->has_unmodelled = true;
        if (speaks_of_token(pass, ace, NT_FOR_DENY))
            pass->denied |= ace->mask & ~pass->granted;
        break;
    case NT_ACE_ALLOW_CALLBACK: /* ... and grants nothing */
        pass->has_unmodelled = true;
        break;
    default:
        pass->has_unmodelled = pass->has_unmodelled || is_object_entry(ace);
        break;
    }
}

static void weigh_dacl(struct pass *pass)
{
    const struct nt_sd *sd = pass->check->sd;

    if (nt_sd_is_open(sd)) {
        pass->granted = pass->check->mapping->all | pass->check->desired;
        return;
    }
    for (size_t i = 0; i < sd->dacl.count; i++) {
        if ((sd->dacl.aces[i].flags & NT_INHERIT_ONLY) == 0)
            weigh_entry(pass, &sd->dacl.aces[i]);
    }
}

static bool has_owner_rights_entry(const struct nt_sd *sd)
{
    for (size_t i = 0; i < sd->dacl.count; i++) {
        const struct nt_ace *ace = &sd->dacl.aces[i];

        if (!ace->is_opaque && (ace->flags & NT_INHERIT_ONLY) == 0 &&
            nt_sid_equal(&ace->sid, &NT_OWNER_RIGHTS))
            return true;
    }
    return false;
}

static uint32_t owner_grants(const struct nt_access_check *check)
{
    const struct nt_sd *sd = check->sd;

    if (!sd->has_owner || !nt_token_has(check->token, &sd->owner, NT_FOR_ALLOW))
        return 0;
    if (check->token->is_restricted && !nt_token_has(check->token, &sd->owner, NT_FOR_RESTRICTED))
        return 0;
    return has_owner_rights_entry(sd) ? 0 : OWNER_RIGHTS;
}

static uint32_t privileges_grant(const struct nt_token *token)
{
    uint32_t granted = 0;

    if ((token->privileges & NT_PRIVILEGE_SECURITY) != 0)
        granted |= NT_SYSTEM_SECURITY;
    if ((token->privileges & (NT_PRIVILEGE_TAKE_OWNERSHIP | NT_PRIVILEGE_RELABEL)) != 0)
        granted |= NT_WRITE_OWNER;
    return granted;
}

/* What the label leaves to a token below it; everything if the token dominates
 * ([MS-DTYP] 2.5.3.3). An object without a label is Medium and may not be written up to. */
static uint32_t label_leaves(const struct nt_access_check *check)
{
    uint32_t level = NT_INTEGRITY_MEDIUM;
    uint32_t policy = NT_LABEL_NO_WRITE_UP;
    uint32_t left = 0;

    for (size_t i = 0; i < check->sd->sacl.count; i++) {
        const struct nt_ace *ace = &check->sd->sacl.aces[i];

        if (ace->type != NT_ACE_MANDATORY_LABEL || (ace->flags & NT_INHERIT_ONLY) != 0 ||
            !nt_sid_is_integrity(&ace->sid, &level))
            continue;
        policy = ace->mask;
        break;
    }
    if (check->token->integrity >= level || check->token->allows_write_up)
        return ~0u;
    if ((policy & NT_LABEL_NO_READ_UP) == 0)
        left |= check->mapping->read;
    if ((policy & NT_LABEL_NO_EXECUTE_UP) == 0)
        left |= check->mapping->execute;
    if ((policy & NT_LABEL_NO_WRITE_UP) == 0)
        left |= check->mapping->write | STANDARD_WRITE | check->mapping->all;
    if ((check->token->privileges & NT_PRIVILEGE_RELABEL) != 0)
        left |= NT_WRITE_OWNER;
    return left;
}

/* What both passes together grant, bit by bit. A bit that pass 2 is not about passes by pass 1. */
static uint32_t combine(const struct nt_access_check *check, const struct pass *first,
                        const struct pass *second)
{
    uint32_t about = ~0u;

    if (!check->token->is_restricted)
        return first->granted;
    if (check->token->is_write_restricted)
        about = nt_write_bits(check->mapping) | check->extra_write_bits;
    return first->granted & (second->granted | ~about);
}

/* Is pass 2 asked at all? It then decides all that is left, read bits too. */
static bool needs_second_pass(const struct nt_access_check *check, uint32_t left)
{
    if (!check->token->is_restricted)
        return false;
    return !check->token->is_write_restricted ||
           (left & (nt_write_bits(check->mapping) | check->extra_write_bits)) != 0;
}

struct nt_access nt_access_check(const struct nt_access_check *check)
{
    uint32_t wanted = nt_map_generic(check->desired, check->mapping);
    bool wants_maximum = (wanted & NT_MAXIMUM_ALLOWED) != 0;
    uint32_t by_owner = owner_grants(check);
    uint32_t freely = privileges_grant(check->token) | by_owner;
    uint32_t label = label_leaves(check);
    struct pass first = {.check = check};
    struct pass second = {.check = check, .is_second = true};
    struct nt_access access = {0};
    uint32_t left;

    wanted &= ~NT_MAXIMUM_ALLOWED;
    left = wanted & ~freely;
    weigh_dacl(&first);
    if (check->token->is_restricted)
        weigh_dacl(&second);
    access.has_unmodelled = first.has_unmodelled || second.has_unmodelled;
    /* SACL access comes from the privilege and from nowhere else. */
    if ((left & NT_SYSTEM_SECURITY) != 0 || (wanted & ~label) != 0)
        return access;
    if ((left & ~first.granted) != 0)
        return access;
    if (needs_second_pass(check, left) && (left & ~second.granted) != 0)
        return access;
    access.granted = wanted;
    /* A privilege grants what is asked for by name; it adds nothing to the maximum. */
    if (wants_maximum)
        access.granted |= (combine(check, &first, &second) | by_owner) &
                          ~(NT_GENERIC_BITS | NT_MAXIMUM_ALLOWED | NT_SYSTEM_SECURITY) & label;
    access.is_allowed = access.granted != 0;
    return access;
}

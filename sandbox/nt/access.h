/*
 * The access check: may a token have these rights to an object with this
 * descriptor? A pure function; nothing is asked of the machine it runs on.
 *
 *   desired, generic bits mapped
 *     |  mandatory integrity: below the object's level only what its label leaves
 *     |  privileges: SeSecurity -> SACL, SeTakeOwnership and SeRelabel -> WRITE_OWNER
 *     |  the owner: READ_CONTROL and WRITE_DAC, unless an OWNER RIGHTS entry says otherwise;
 *     |             of a restricted token the owner must be in both lists
 *     v
 *   pass 1: the DACL in order, against the enabled SIDs (deny entries: deny-only SIDs too)
 *   pass 2: only a restricted token; a write-restricted one only if a write bit is left to
 *           decide: the DACL again, against the restricting SIDs
 *
 * Sources: [MS-DTYP] 2.5.3.2 and 2.5.3.3; J. Forshaw, Windows Security Internals (2024), chapter 7,
 * listings 7-2 to 7-21, and his NtObjectManager (Test-NtAccessMask -WriteRestricted) for which bits
 * pass 2 of a write-restricted token is about. Differential tests: ci/nt-differential against
 * Samba. Unverified on Windows; windows-verification.md says what to probe first.
 *
 * Not modelled: AppContainer tokens, object type lists, conditions, central access policies,
 * process trust labels. Where a descriptor has such an entry, the result says so.
 */
#ifndef HOLDFAST_SANDBOX_NT_ACCESS_H
#define HOLDFAST_SANDBOX_NT_ACCESS_H

#include "sandbox/nt/sd.h"
#include "sandbox/nt/token.h"

struct nt_access_check {
    const struct nt_sd *sd;
    const struct nt_token *token;
    uint32_t desired; /* may hold generic bits and MAXIMUM_ALLOWED */
    const struct nt_mapping *mapping;
    /* Bits that pass 2 of a write-restricted token looks at besides nt_write_bits(). 0 is what the
     * published sources say; NT_FILE_DELETE_CHILD is the wish that a delete through the parent
     * counts as a write. Predictions are made with both, because nobody has published a proof. */
    uint32_t extra_write_bits;
};

struct nt_access {
    bool is_allowed;
    uint32_t granted;    /* all that was desired, and with MAXIMUM_ALLOWED what there is; or 0 */
    bool has_unmodelled; /* an entry that is not modelled lay on the way: do not trust the answer */
};

struct nt_access nt_access_check(const struct nt_access_check *check);

/* What a write-restricted token's second pass is about: the rights that only generic write holds,
 * of the object type and of the standard rights (DELETE, WRITE_DAC, WRITE_OWNER, SACL). For files
 * 0x010d0116: FILE_DELETE_CHILD is not among them. */
uint32_t nt_write_bits(const struct nt_mapping *mapping);

#endif

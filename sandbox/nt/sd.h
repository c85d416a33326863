/*
 * Security descriptors ([MS-DTYP] 2.4.6): owner, group, DACL, SACL and the
 * control bits, to and from the self-relative binary form.
 *
 * A DACL can be absent or present-but-NULL (everybody may do everything) or
 * empty (nobody may do anything): three different things, kept apart here.
 */
#ifndef HOLDFAST_SANDBOX_NT_SD_H
#define HOLDFAST_SANDBOX_NT_SD_H

#include "sandbox/nt/acl.h"

struct nt_sd {
    uint16_t control; /* NT_SD_*; the PRESENT and SELF_RELATIVE bits are kept by nt_sd_write */
    uint8_t rm_control;
    bool has_owner, has_group;
    bool has_dacl, is_dacl_null; /* has_dacl && is_dacl_null: a NULL DACL */
    bool has_sacl, is_sacl_null;
    struct nt_sid owner, group;
    struct nt_acl dacl, sacl;
};

#define NT_SD_EMPTY ((struct nt_sd){.dacl = NT_ACL_EMPTY, .sacl = NT_ACL_EMPTY})
#define AUTO_SD     __attribute__((cleanup(nt_sd_done)))

void nt_sd_done(struct nt_sd *sd);
/* *to must be initialised (NT_SD_EMPTY at least); its old content is freed. */
int nt_sd_copy(struct nt_sd *to, const struct nt_sd *from, struct error *err);
bool nt_sd_equal(const struct nt_sd *a, const struct nt_sd *b);

/* True when no DACL restricts anybody: none, or a NULL one. */
bool nt_sd_is_open(const struct nt_sd *sd);

size_t nt_sd_size(const struct nt_sd *sd);
/* Owner, group, SACL, DACL behind the 20 bytes of header. out has room for nt_sd_size(). */
int nt_sd_write(const struct nt_sd *sd, uint8_t *out, struct error *err);
/* Only the self-relative form; every offset and length is checked. *sd must be empty. */
int nt_sd_read(const uint8_t *bytes, size_t size, struct nt_sd *sd, struct error *err);

/* SDDL ([MS-DTYP] 2.5.1) --------------------------------------------------------------------- */

/* domain: what LA, DU and their like are relative to; NULL: they are refused. Conditional, object
 * and claim ACEs are refused by name. *sd must be empty. */
int nt_sddl_parse(const char *text, const struct nt_sid *domain, struct nt_sd *sd,
                  struct error *err);
/* Well-known SIDs by their two letters, all others in full. Caller frees. */
char *nt_sddl_format(const struct nt_sd *sd, struct error *err);
/* One entry, "(A;OICI;FA;;;BA)". Caller frees. */
char *nt_sddl_format_ace(const struct nt_ace *ace, struct error *err);

#endif

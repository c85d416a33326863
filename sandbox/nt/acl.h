/*
 * Access control entries and lists ([MS-DTYP] 2.4.4, 2.4.5), binary form both
 * ways. What an entry means for an access check is in access.c; how it
 * travels down a tree is in inherit.c.
 *
 * Entries of a kind that is not read here (object ACEs and whatever comes
 * next) keep their bytes, so that reading and writing a list loses nothing.
 */
#ifndef HOLDFAST_SANDBOX_NT_ACL_H
#define HOLDFAST_SANDBOX_NT_ACL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "sandbox/nt/nt.h"
#include "sandbox/nt/sid.h"

enum {
    NT_ACL_BYTES_MAX = 0xfffc, /* AclSize is 16 bits and a multiple of 4 */
    NT_ACL_REVISION = 2,
    NT_ACL_REVISION_DS = 4, /* needed by object ACEs */
};

struct nt_ace {
    uint8_t type;   /* enum nt_ace_type */
    uint8_t flags;  /* NT_OBJECT_INHERIT ... */
    bool is_opaque; /* mask and sid mean nothing; tail is all behind the header */
    uint32_t mask;
    struct nt_sid sid;
    uint8_t *tail; /* what follows the SID (a condition, a claim), owned by the list; may be NULL */
    size_t tail_size;
};

struct nt_acl {
    struct nt_ace *aces;
    size_t count;
    size_t capacity;
    uint8_t revision;
};

#define NT_ACL_EMPTY ((struct nt_acl){.revision = NT_ACL_REVISION})
#define AUTO_ACL     __attribute__((cleanup(nt_acl_done)))

void nt_acl_done(struct nt_acl *acl);
int nt_acl_copy(struct nt_acl *to, const struct nt_acl *from, struct error *err);

/* An entry without a tail. */
struct nt_ace nt_ace_make(enum nt_ace_type type, uint8_t flags, uint32_t mask,
                          const struct nt_sid *sid);
bool nt_ace_equal(const struct nt_ace *a, const struct nt_ace *b);
size_t nt_ace_size(const struct nt_ace *ace);

/* Puts a copy of *ace at index at (at most count). */
int nt_acl_insert(struct nt_acl *acl, size_t at, const struct nt_ace *ace, struct error *err);
int nt_acl_add(struct nt_acl *acl, const struct nt_ace *ace, struct error *err);
void nt_acl_remove(struct nt_acl *acl, size_t at);
bool nt_acl_equal(const struct nt_acl *a, const struct nt_acl *b);

/* Explicit deny, explicit allow, inherited: the order that Windows keeps ("Order of ACEs in a
 * DACL", Win32 documentation). A list in another order is legal and is used as it stands. */
bool nt_acl_is_canonical(const struct nt_acl *acl);

/* Binary form. */
size_t nt_acl_size(const struct nt_acl *acl);
/* out has room for nt_acl_size(); fails above NT_ACL_BYTES_MAX. */
int nt_acl_write(const struct nt_acl *acl, uint8_t *out, struct error *err);
/* Reads the list at the start of bytes; *acl is replaced on success only (it must be empty). */
int nt_acl_read(const uint8_t *bytes, size_t size, struct nt_acl *acl, struct error *err);

#endif

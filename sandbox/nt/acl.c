/* ACLs as arrays of ACEs. Every length in the binary form is checked before it is believed. */
#include "sandbox/nt/acl.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "sandbox/nt/bytes.h"

const struct nt_mapping NT_FILE_MAPPING = {NT_FILE_GENERIC_READ, NT_FILE_GENERIC_WRITE,
                                           NT_FILE_GENERIC_EXECUTE, NT_FILE_ALL};

uint32_t nt_map_generic(uint32_t mask, const struct nt_mapping *mapping)
{
    uint32_t mapped = mask & ~NT_GENERIC_BITS;

    if ((mask & NT_GENERIC_READ) != 0)
        mapped |= mapping->read;
    if ((mask & NT_GENERIC_WRITE) != 0)
        mapped |= mapping->write;
    if ((mask & NT_GENERIC_EXECUTE) != 0)
        mapped |= mapping->execute;
    if ((mask & NT_GENERIC_ALL) != 0)
        mapped |= mapping->all;
    return mapped;
}

void nt_acl_done(struct nt_acl *acl)
{
    if (acl == NULL)
        return;
    for (size_t i = 0; i < acl->count; i++)
        free(acl->aces[i].tail);
    free(acl->aces);
    *acl = NT_ACL_EMPTY;
}

struct nt_ace nt_ace_make(enum nt_ace_type type, uint8_t flags, uint32_t mask,
                          const struct nt_sid *sid)
{
    return (struct nt_ace){.type = (uint8_t)type, .flags = flags, .mask = mask, .sid = *sid};
}

bool nt_ace_equal(const struct nt_ace *a, const struct nt_ace *b)
{
    if (a->type != b->type || a->flags != b->flags || a->is_opaque != b->is_opaque ||
        a->tail_size != b->tail_size)
        return false;
    if (!a->is_opaque && (a->mask != b->mask || !nt_sid_equal(&a->sid, &b->sid)))
        return false;
    return a->tail_size == 0 || memcmp(a->tail, b->tail, a->tail_size) == 0;
}

bool nt_acl_equal(const struct nt_acl *a, const struct nt_acl *b)
{
    if (a->count != b->count || a->revision != b->revision)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (!nt_ace_equal(&a->aces[i], &b->aces[i]))
            return false;
    }
    return true;
}

static int make_room(struct nt_acl *acl, struct error *err)
{
    size_t capacity = acl->capacity == 0 ? 8 : acl->capacity * 2;
    struct nt_ace *aces;

    if (acl->count < acl->capacity)
        return 0;
    aces = realloc(acl->aces, capacity * sizeof *aces);
    if (aces == NULL)
        return error_memory(err, "ACL");
    acl->aces = aces;
    acl->capacity = capacity;
    return 0;
}

int nt_acl_insert(struct nt_acl *acl, size_t at, const struct nt_ace *ace, struct error *err)
{
    struct nt_ace copy = *ace;

    if (make_room(acl, err) < 0)
        return -1;
    copy.tail = NULL;
    if (ace->tail_size > 0) {
        copy.tail = malloc(ace->tail_size);
        if (copy.tail == NULL)
            return error_memory(err, "ACE");
        memcpy(copy.tail, ace->tail, ace->tail_size);
    }
    memmove(acl->aces + at + 1, acl->aces + at, (acl->count - at) * sizeof *acl->aces);
    acl->aces[at] = copy;
    acl->count++;
    return 0;
}

int nt_acl_add(struct nt_acl *acl, const struct nt_ace *ace, struct error *err)
{
    return nt_acl_insert(acl, acl->count, ace, err);
}

void nt_acl_remove(struct nt_acl *acl, size_t at)
{
    free(acl->aces[at].tail);
    acl->count--;
    memmove(acl->aces + at, acl->aces + at + 1, (acl->count - at) * sizeof *acl->aces);
}

int nt_acl_copy(struct nt_acl *to, const struct nt_acl *from, struct error *err)
{
    AUTO_ACL struct nt_acl copy = NT_ACL_EMPTY;

    copy.revision = from->revision;
    for (size_t i = 0; i < from->count; i++) {
        if (nt_acl_add(&copy, &from->aces[i], err) < 0)
            return -1;
    }
    nt_acl_done(to);
    *to = copy;
    copy = NT_ACL_EMPTY;
    return 0;
}

static int ace_rank(const struct nt_ace *ace)
{
    bool denies = ace->type == NT_ACE_DENY || ace->type == NT_ACE_DENY_OBJECT ||
                  ace->type == NT_ACE_DENY_CALLBACK || ace->type == NT_ACE_DENY_CALLBACK_OBJECT;

    if ((ace->flags & NT_INHERITED) != 0)
        return 2; /* nearest parent first; deny before allow only within one parent's */
    return denies ? 0 : 1;
}

bool nt_acl_is_canonical(const struct nt_acl *acl)
{
    for (size_t i = 1; i < acl->count; i++) {
        if (ace_rank(&acl->aces[i - 1]) > ace_rank(&acl->aces[i]))
            return false;
    }
    return true;
}

/* Binary form ------------------------------------------------------------------------------- */

/* Header, mask, SID, and perhaps more: every kind but the object and compound ones. */
static bool has_plain_layout(uint8_t type)
{
    switch (type) {
    case NT_ACE_ALLOW:
    case NT_ACE_DENY:
    case NT_ACE_AUDIT:
    case NT_ACE_ALARM:
    case NT_ACE_ALLOW_CALLBACK:
    case NT_ACE_DENY_CALLBACK:
    case NT_ACE_AUDIT_CALLBACK:
    case NT_ACE_ALARM_CALLBACK:
    case NT_ACE_MANDATORY_LABEL:
    case NT_ACE_RESOURCE_ATTRIBUTE:
    case NT_ACE_SCOPED_POLICY:
    case NT_ACE_PROCESS_TRUST:
    case NT_ACE_ACCESS_FILTER:
        return true;
    default:
        return false;
    }
}

size_t nt_ace_size(const struct nt_ace *ace)
{
    return 4 + (ace->is_opaque ? 0 : 4 + nt_sid_size(&ace->sid)) + ace->tail_size;
}

size_t nt_acl_size(const struct nt_acl *acl)
{
    size_t size = 8;

    for (size_t i = 0; i < acl->count; i++)
        size += nt_ace_size(&acl->aces[i]);
    return size;
}

static size_t write_ace(const struct nt_ace *ace, uint8_t *out)
{
    size_t size = nt_ace_size(ace);
    size_t at = 4;

    out[0] = ace->type;
    out[1] = ace->flags;
    nt_put16(out + 2, (uint16_t)size);
    if (!ace->is_opaque) {
        nt_put32(out + at, ace->mask);
        nt_sid_write(&ace->sid, out + at + 4);
        at += 4 + nt_sid_size(&ace->sid);
    }
    if (ace->tail_size > 0)
        memcpy(out + at, ace->tail, ace->tail_size);
    return size;
}

int nt_acl_write(const struct nt_acl *acl, uint8_t *out, struct error *err)
{
    size_t size = nt_acl_size(acl);
    size_t at = 8;

    if (size > NT_ACL_BYTES_MAX)
        return error_set(err, ERR_UNSUPPORTED, "ACL: %zu bytes, and Windows stores at most %d",
                         size, NT_ACL_BYTES_MAX);
    out[0] = acl->revision;
    out[1] = 0;
    nt_put16(out + 2, (uint16_t)size);
    nt_put16(out + 4, (uint16_t)acl->count);
    nt_put16(out + 6, 0);
    for (size_t i = 0; i < acl->count; i++)
        at += write_ace(&acl->aces[i], out + at);
    return 0;
}

/* One ACE of exactly size bytes. */
static int read_ace(const uint8_t *bytes, size_t size, struct nt_acl *acl, struct error *err)
{
    struct nt_ace ace = {.type = bytes[0], .flags = bytes[1]};
    AUTO_FREE uint8_t *tail = NULL;
    size_t at = 4;

    ace.is_opaque = !has_plain_layout(ace.type);
    if (!ace.is_opaque) {
        if (size < 16 || nt_sid_read(bytes + 8, size - 8, &ace.sid, err) < 0)
            return error_set(err, ERR_CORRUPT, "ACE: %zu bytes hold no mask and SID", size);
        ace.mask = nt_get32(bytes + 4);
        at = 8 + nt_sid_size(&ace.sid);
    }
    ace.tail_size = size - at;
    if (ace.tail_size > 0) {
        tail = malloc(ace.tail_size);
        if (tail == NULL)
            return error_memory(err, "ACE");
        memcpy(tail, bytes + at, ace.tail_size);
        ace.tail = tail;
    }
    return nt_acl_add(acl, &ace, err);
}

int nt_acl_read(const uint8_t *bytes, size_t size, struct nt_acl *acl, struct error *err)
{
    AUTO_ACL struct nt_acl found = NT_ACL_EMPTY;
    size_t end;
    size_t at = 8;

    if (size < 8 ||
        (bytes[0] != NT_ACL_REVISION && bytes[0] != 3 && bytes[0] != NT_ACL_REVISION_DS))
        return error_set(err, ERR_CORRUPT, "ACL: no header of a known revision");
    end = nt_get16(bytes + 2);
    if (end < 8 || end > size)
        return error_set(err, ERR_CORRUPT, "ACL: says %zu bytes, has %zu", end, size);
    found.revision = bytes[0];
    for (unsigned i = 0; i < nt_get16(bytes + 4); i++) {
        size_t length = end - at < 4 ? 0 : nt_get16(bytes + at + 2);

        if (length < 4 || length % 4 != 0 || length > end - at)
            return error_set(err, ERR_CORRUPT, "ACL: ACE %u does not fit", i);
        if (read_ace(bytes + at, length, &found, err) < 0)
            return error_wrap(err, "ACL: ACE %u", i);
        at += length;
    }
    *acl = found;
    found = NT_ACL_EMPTY;
    return 0;
}

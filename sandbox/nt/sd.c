/* Security descriptors, self-relative binary form. The text form is in sddl_*.c. */
#include "sandbox/nt/sd.h"

#include <stdlib.h>
#include <string.h>

#include "sandbox/nt/bytes.h"

enum {
    HEADER = 20
};

void nt_sd_done(struct nt_sd *sd)
{
    if (sd == NULL)
        return;
    nt_acl_done(&sd->dacl);
    nt_acl_done(&sd->sacl);
    *sd = NT_SD_EMPTY;
}

int nt_sd_copy(struct nt_sd *to, const struct nt_sd *from, struct error *err)
{
    AUTO_ACL struct nt_acl dacl = NT_ACL_EMPTY;
    AUTO_ACL struct nt_acl sacl = NT_ACL_EMPTY;

    if (nt_acl_copy(&dacl, &from->dacl, err) < 0 || nt_acl_copy(&sacl, &from->sacl, err) < 0)
        return -1;
    nt_sd_done(to);
    *to = *from;
    to->dacl = dacl;
    to->sacl = sacl;
    dacl = NT_ACL_EMPTY;
    sacl = NT_ACL_EMPTY;
    return 0;
}

static uint16_t whole_control(const struct nt_sd *sd)
{
    uint32_t control = sd->control & ~(NT_SD_DACL_PRESENT | NT_SD_SACL_PRESENT);

    control |= NT_SD_SELF_RELATIVE;
    if (sd->has_dacl)
        control |= NT_SD_DACL_PRESENT;
    if (sd->has_sacl)
        control |= NT_SD_SACL_PRESENT;
    return (uint16_t)control;
}

static bool same_list(bool a_has, bool a_null, const struct nt_acl *a, bool b_has, bool b_null,
                      const struct nt_acl *b)
{
    if (a_has != b_has || (a_has && a_null != b_null))
        return false;
    return !a_has || a_null || nt_acl_equal(a, b);
}

bool nt_sd_equal(const struct nt_sd *a, const struct nt_sd *b)
{
    if (whole_control(a) != whole_control(b) || a->rm_control != b->rm_control ||
        a->has_owner != b->has_owner || a->has_group != b->has_group)
        return false;
    if (a->has_owner && !nt_sid_equal(&a->owner, &b->owner))
        return false;
    if (a->has_group && !nt_sid_equal(&a->group, &b->group))
        return false;
    return same_list(a->has_dacl, a->is_dacl_null, &a->dacl, b->has_dacl, b->is_dacl_null,
                     &b->dacl) &&
           same_list(a->has_sacl, a->is_sacl_null, &a->sacl, b->has_sacl, b->is_sacl_null,
                     &b->sacl);
}

bool nt_sd_is_open(const struct nt_sd *sd)
{
    return !sd->has_dacl || sd->is_dacl_null;
}

static bool is_stored(bool has, bool is_null)
{
    return has && !is_null;
}

size_t nt_sd_size(const struct nt_sd *sd)
{
    size_t size = HEADER;

    if (sd->has_owner)
        size += nt_sid_size(&sd->owner);
    if (sd->has_group)
        size += nt_sid_size(&sd->group);
    if (is_stored(sd->has_sacl, sd->is_sacl_null))
        size += nt_acl_size(&sd->sacl);
    if (is_stored(sd->has_dacl, sd->is_dacl_null))
        size += nt_acl_size(&sd->dacl);
    return size;
}

/* Notes the offset of the next part in the header and returns where it goes. */
static uint8_t *place(uint8_t *out, size_t header_at, size_t *at, size_t size)
{
    uint8_t *here = out + *at;

    nt_put32(out + header_at, (uint32_t)*at);
    *at += size;
    return here;
}

int nt_sd_write(const struct nt_sd *sd, uint8_t *out, struct error *err)
{
    size_t at = HEADER;

    memset(out, 0, HEADER);
    out[0] = 1;
    out[1] = sd->rm_control;
    nt_put16(out + 2, whole_control(sd));
    if (sd->has_owner)
        nt_sid_write(&sd->owner, place(out, 4, &at, nt_sid_size(&sd->owner)));
    if (sd->has_group)
        nt_sid_write(&sd->group, place(out, 8, &at, nt_sid_size(&sd->group)));
    if (is_stored(sd->has_sacl, sd->is_sacl_null) &&
        nt_acl_write(&sd->sacl, place(out, 12, &at, nt_acl_size(&sd->sacl)), err) < 0)
        return error_wrap(err, "SACL");
    if (is_stored(sd->has_dacl, sd->is_dacl_null) &&
        nt_acl_write(&sd->dacl, place(out, 16, &at, nt_acl_size(&sd->dacl)), err) < 0)
        return error_wrap(err, "DACL");
    return 0;
}

/* The part whose offset is in the header; NULL with size 0 when it has none. */
static int find_part(const uint8_t *bytes, size_t size, size_t header_at, const char *name,
                     const uint8_t **part, size_t *part_size, struct error *err)
{
    size_t offset = nt_get32(bytes + header_at);

    *part = NULL;
    *part_size = 0;
    if (offset == 0)
        return 0;
    if (offset < HEADER || offset >= size)
        return error_set(err, ERR_CORRUPT, "security descriptor: %s lies at %zu of %zu bytes", name,
                         offset, size);
    *part = bytes + offset;
    *part_size = size - offset;
    return 0;
}

static int read_sid_part(const uint8_t *bytes, size_t size, size_t header_at, const char *name,
                         bool *has, struct nt_sid *sid, struct error *err)
{
    const uint8_t *part = NULL;
    size_t part_size = 0;

    if (find_part(bytes, size, header_at, name, &part, &part_size, err) < 0)
        return -1;
    *has = part != NULL;
    if (part != NULL && nt_sid_read(part, part_size, sid, err) < 0)
        return error_wrap(err, "%s", name);
    return 0;
}

static int read_acl_part(const uint8_t *bytes, size_t size, size_t header_at, const char *name,
                         bool is_present, bool *is_null, struct nt_acl *acl, struct error *err)
{
    const uint8_t *part = NULL;
    size_t part_size = 0;

    if (!is_present)
        return 0;
    if (find_part(bytes, size, header_at, name, &part, &part_size, err) < 0)
        return -1;
    *is_null = part == NULL;
    if (part != NULL && nt_acl_read(part, part_size, acl, err) < 0)
        return error_wrap(err, "%s", name);
    return 0;
}

int nt_sd_read(const uint8_t *bytes, size_t size, struct nt_sd *sd, struct error *err)
{
    AUTO_SD struct nt_sd found = NT_SD_EMPTY;

    if (size < HEADER || bytes[0] != 1)
        return error_set(err, ERR_CORRUPT, "security descriptor: %zu bytes are not one", size);
    found.rm_control = bytes[1];
    found.control = nt_get16(bytes + 2);
    if ((found.control & NT_SD_SELF_RELATIVE) == 0)
        return error_set(err, ERR_CORRUPT, "security descriptor: not self-relative");
    found.has_dacl = (found.control & NT_SD_DACL_PRESENT) != 0;
    found.has_sacl = (found.control & NT_SD_SACL_PRESENT) != 0;
    if (read_sid_part(bytes, size, 4, "owner", &found.has_owner, &found.owner, err) < 0 ||
        read_sid_part(bytes, size, 8, "group", &found.has_group, &found.group, err) < 0 ||
        read_acl_part(bytes, size, 12, "SACL", found.has_sacl, &found.is_sacl_null, &found.sacl,
                      err) < 0 ||
        read_acl_part(bytes, size, 16, "DACL", found.has_dacl, &found.is_dacl_null, &found.dacl,
                      err) < 0)
        return -1;
    *sd = found;
    found = NT_SD_EMPTY;
    return 0;
}

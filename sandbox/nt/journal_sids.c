/* Whose entries a journal put anywhere. */
#include <stdlib.h>

#include "base/auto.h"
#include "sandbox/nt/change.h"

struct found {
    struct nt_sid *sids;
    size_t count;
};

static bool has(const struct nt_acl *acl, const struct nt_sid *sid)
{
    for (size_t i = 0; i < acl->count; i++) {
        if (!acl->aces[i].is_opaque && nt_sid_equal(&acl->aces[i].sid, sid))
            return true;
    }
    return false;
}

static int keep(struct found *found, const struct nt_sid *sid, struct error *err)
{
    struct nt_sid *sids;

    for (size_t i = 0; i < found->count; i++) {
        if (nt_sid_equal(&found->sids[i], sid))
            return 0;
    }
    sids = realloc(found->sids, (found->count + 1) * sizeof *sids);
    if (sids == NULL)
        return error_memory(err, "SIDs");
    found->sids = sids;
    sids[found->count++] = *sid;
    return 0;
}

static int look_at(const struct nt_record *record, struct found *found, struct error *err)
{
    AUTO_SD struct nt_sd before = NT_SD_EMPTY;
    AUTO_SD struct nt_sd after = NT_SD_EMPTY;

    if (record->type != NT_RECORD_CHANGE || record->kind != NT_KIND_ACL ||
        record->before.bytes == NULL || record->after.bytes == NULL)
        return 0;
    if (nt_sd_read(record->before.bytes, record->before.size, &before, err) < 0 ||
        nt_sd_read(record->after.bytes, record->after.size, &after, err) < 0)
        return error_wrap(err, "journal: %s", record->object);
    for (size_t i = 0; i < after.dacl.count; i++) {
        const struct nt_ace *ace = &after.dacl.aces[i];

        /* Such a denial may name the user, who is not ours. */
        if (!ace->is_opaque && !nt_is_delete_child_denial(ace) && !has(&before.dacl, &ace->sid) &&
            keep(found, &ace->sid, err) < 0)
            return -1;
    }
    return 0;
}

struct nt_sid *nt_journal_sids(const struct nt_journal *journal, size_t *count, struct error *err)
{
    struct found found = {.sids = calloc(1, sizeof *found.sids)};

    if (found.sids == NULL) {
        (void)error_memory(err, "SIDs");
        return NULL;
    }
    for (size_t i = 0; i < journal->count; i++) {
        if (look_at(&journal->records[i], &found, err) < 0) {
            free(found.sids);
            return NULL;
        }
    }
    *count = found.count;
    return found.sids;
}

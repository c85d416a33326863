/* Backwards through the journal. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "sandbox/nt/change.h"
#include "sandbox/path.h"

/* Bits of the control word that belong to the DACL. */
enum {
    DACL_CONTROL = NT_SD_DACL_PROTECTED | NT_SD_DACL_AUTO_INHERITED | NT_SD_DACL_DEFAULTED
};

struct undo {
    struct nt_machine *machine;
    const struct nt_journal *journal;
    size_t from;
    const struct nt_ours *ours;
    struct nt_change_report *report;
};

static int leave(struct undo *undo, const struct nt_record *record, const char *why,
                 struct error *err)
{
    AUTO_BUFFER struct buffer text = BUFFER_EMPTY;

    buffer_printf(&text, "%s %s: %s", nt_kind_name(record->kind), record->object, why);
    return text_list_take(&undo->report->left, buffer_take(&text), err);
}

static bool blob_is_text(const struct nt_blob *blob, const char *text)
{
    struct nt_blob other = {(const uint8_t *)text, text != NULL ? strlen(text) : 0};

    return nt_blob_equal(blob, &other);
}

static int give_up(struct undo *undo, const struct nt_record *record, struct error *err)
{
    char why[sizeof err->message];

    if (!undo->report->goes_on)
        return error_wrap(err, "%s %s", nt_kind_name(record->kind), record->object);
    (void)snprintf(why, sizeof why, "%s", err->message);
    undo->report->failed++;
    return leave(undo, record, why, err);
}

static bool is_about(const struct nt_record *a, const struct nt_record *b)
{
    return a->type == NT_RECORD_CHANGE && a->kind == b->kind && strcmp(a->object, b->object) == 0;
}

/* The first of the undone records about the same thing. */
static const struct nt_record *first_about(const struct undo *undo, const struct nt_record *record)
{
    for (size_t i = undo->from; i < undo->journal->count; i++) {
        if (is_about(&undo->journal->records[i], record))
            return &undo->journal->records[i];
    }
    return record;
}

/* Is what is there now something that we put there? */
static bool is_from_us(const struct undo *undo, const struct nt_record *record, const char *now)
{
    for (size_t i = undo->from; i < undo->journal->count; i++) {
        if (is_about(&undo->journal->records[i], record) &&
            blob_is_text(&undo->journal->records[i].after, now))
            return true;
    }
    return false;
}

static int put_setting(struct undo *undo, const struct nt_record *record, const char *value,
                       struct error *err)
{
    undo->report->changed++;
    return undo->machine->ops->set(undo->machine, record->kind, record->object, value, err) < 0
               ? give_up(undo, record, err)
               : 0;
}

/* A thing that we made goes, whatever somebody made of it between two of our changes; of one that was
 * there before us each change is taken back. */
static int undo_setting(struct undo *undo, const struct nt_record *record, struct error *err)
{
    const struct nt_record *first = first_about(undo, record);
    bool is_ours = first->before.bytes == NULL;
    AUTO_FREE char *now = NULL;
    AUTO_FREE char *before = NULL;

    if (is_ours && first != record)
        return 0; /* its turn comes with the first one */
    if (record->before.bytes != NULL) {
        before = text_copy((const char *)record->before.bytes, record->before.size);
        if (before == NULL)
            return error_memory(err, record->object);
    }
    if (undo->machine->ops->get(undo->machine, record->kind, record->object, &now, err) < 0)
        return give_up(undo, record, err);
    if (blob_is_text(&record->before, now))
        return 0;
    if (is_ours ? !is_from_us(undo, record, now) : !blob_is_text(&record->after, now))
        return leave(undo, record, "somebody changed it since; it is left as it is", err);
    return put_setting(undo, record, before, err);
}

static bool is_same_dacl(const struct nt_sd *a, const struct nt_sd *b)
{
    return ((a->control ^ b->control) & NT_SD_DACL_PROTECTED) == 0 &&
           nt_sd_is_open(a) == nt_sd_is_open(b) && nt_acl_equal(&a->dacl, &b->dacl);
}

/* Entries of ours in this image: those that are the object's own. */
static int own_entries(const struct nt_sd *image, const struct nt_ours *ours, struct nt_acl *out,
                       struct error *err)
{
    for (size_t i = 0; i < image->dacl.count; i++) {
        const struct nt_ace *ace = &image->dacl.aces[i];

        if ((ace->flags & NT_INHERITED) == 0 && nt_is_ours(&image->dacl, ace, ours) &&
            nt_acl_add(out, ace, err) < 0)
            return -1;
    }
    return 0;
}

static bool has_user_denial(const struct nt_acl *dacl, const struct nt_ours *ours)
{
    for (size_t i = 0; ours->user != NULL && i < dacl->count; i++) {
        if (nt_is_delete_child_denial(&dacl->aces[i]) &&
            nt_sid_equal(&dacl->aces[i].sid, ours->user))
            return true;
    }
    return false;
}

/* now becomes what it should be; false in *has_changed: it is already so. */
static int restore_dacl(struct undo *undo, const struct nt_sd *before, const struct nt_sd *after,
                        struct nt_sd *now, bool *has_changed, struct error *err)
{
    AUTO_ACL struct nt_acl own = NT_ACL_EMPTY;
    AUTO_ACL struct nt_acl inherited = NT_ACL_EMPTY;
    AUTO_ACL struct nt_acl stamp = NT_ACL_EMPTY;
    struct nt_ours ours = *undo->ours;

    *has_changed = false;
    if (is_same_dacl(now, before))
        return 0;
    if (is_same_dacl(now, after)) {
        *has_changed = true;
        now->control =
            (uint16_t)((now->control & ~(uint32_t)DACL_CONTROL) | (before->control & DACL_CONTROL));
        return nt_acl_copy(&now->dacl, &before->dacl, err);
    }
    /* Somebody changed it: only our own entries go back to what they were. Whose the user's denial is, if
     * they took away the entry beside it, the two images tell. */
    ours.has_denial =
        has_user_denial(&after->dacl, undo->ours) && !has_user_denial(&before->dacl, undo->ours);
    if (own_entries(before, undo->ours, &own, err) < 0 ||
        nt_stamp_read(&now->dacl, &ours, &stamp, err) < 0)
        return -1;
    for (size_t i = 0; i < stamp.count; i++) {
        if ((stamp.aces[i].flags & NT_INHERITED) != 0 &&
            nt_acl_add(&inherited, &stamp.aces[i], err) < 0)
            return -1;
    }
    return nt_stamp_put(now, &ours, &own, &inherited, has_changed, err);
}

static int undo_node(struct undo *undo, void *node, const struct nt_record *record,
                     struct error *err)
{
    AUTO_SD struct nt_sd before = NT_SD_EMPTY;
    AUTO_SD struct nt_sd after = NT_SD_EMPTY;
    AUTO_SD struct nt_sd now = NT_SD_EMPTY;
    struct nt_file_facts facts;
    bool has_changed = false;

    if (record->before.bytes == NULL || record->after.bytes == NULL)
        return error_set(err, ERR_CORRUPT, "journal: %s has no descriptors", record->object);
    if (nt_sd_read(record->before.bytes, record->before.size, &before, err) < 0 ||
        nt_sd_read(record->after.bytes, record->after.size, &after, err) < 0 ||
        undo->machine->ops->look(undo->machine, node, &facts, &now, err) < 0)
        return -1;
    if (facts.is_reparse)
        return leave(undo, record, "it is a link now; nothing is followed", err);
    if (nt_sd_is_open(&now))
        return leave(undo, record, "its DACL is NULL now; it holds nothing of ours", err);
    if (restore_dacl(undo, &before, &after, &now, &has_changed, err) < 0)
        return -1;
    if (!has_changed)
        return 0;
    undo->report->changed++;
    return undo->machine->ops->put_dacl(undo->machine, node, &now, err);
}

static int undo_acl(struct undo *undo, const struct nt_record *record, struct error *err)
{
    void *node = NULL;
    int result;

    if (undo->machine->ops->open_path(undo->machine, record->object, &node, err) < 0)
        return err->code == ERR_NOT_FOUND ? leave(undo, record, "it is gone", err)
                                          : give_up(undo, record, err);
    result = undo_node(undo, node, record, err);
    undo->machine->ops->close(undo->machine, node);
    return result < 0 ? give_up(undo, record, err) : 0;
}

void nt_wishes_done(struct nt_wishes *wishes)
{
    for (size_t i = 0; i < wishes->count; i++)
        nt_acl_done(&wishes->items[i].aces);
    free(wishes->items);
    *wishes = (struct nt_wishes){0};
}

/* The wish for this path, made if there is none. */
static struct nt_wish *wish_slot(struct nt_wishes *wishes, const char *path, bool *is_new)
{
    struct nt_wish *items;

    for (size_t i = 0; i < wishes->count; i++) {
        *is_new = false;
        if (strcmp(wishes->items[i].path, path) == 0)
            return &wishes->items[i];
    }
    items = realloc(wishes->items, (wishes->count + 1) * sizeof *items);
    if (items == NULL)
        return NULL;
    wishes->items = items;
    items[wishes->count] = (struct nt_wish){.path = path, .aces = NT_ACL_EMPTY};
    *is_new = true;
    return &items[wishes->count++];
}

static int read_wish(const struct nt_blob *image, const struct nt_ours *ours, struct nt_wish *wish,
                     struct error *err)
{
    AUTO_SD struct nt_sd sd = NT_SD_EMPTY;

    if (image->bytes == NULL || nt_sd_read(image->bytes, image->size, &sd, err) < 0)
        return error_set(err, ERR_CORRUPT, "journal: %s has no descriptor", wish->path);
    nt_acl_done(&wish->aces);
    return own_entries(&sd, ours, &wish->aces, err);
}

/* Records before `count` count with what they put; later ones with what they found, if the object
 * was not spoken of before. */
int nt_wishes_from_journal(const struct nt_journal *journal, size_t count,
                           const struct nt_ours *ours, struct nt_wishes *wishes, struct error *err)
{
    struct nt_wishes found = {.ours = *ours};

    for (size_t i = 0; i < journal->count; i++) {
        const struct nt_record *record = &journal->records[i];
        bool is_new = true;
        struct nt_wish *wish;

        if (record->type != NT_RECORD_CHANGE || record->kind != NT_KIND_ACL)
            continue;
        wish = wish_slot(&found, record->object, &is_new);
        if (wish == NULL) {
            nt_wishes_done(&found);
            return error_memory(err, "journal");
        }
        if ((i < count || is_new) &&
            read_wish(i < count ? &record->after : &record->before, ours, wish, err) < 0) {
            nt_wishes_done(&found);
            return -1;
        }
    }
    *wishes = found;
    return 0;
}

/* Is an object above this one among the undone records too? */
static bool is_below_another(const struct undo *undo, const char *path)
{
    for (size_t i = undo->from; i < undo->journal->count; i++) {
        const struct nt_record *record = &undo->journal->records[i];

        if (record->type == NT_RECORD_CHANGE && record->kind == NT_KIND_ACL &&
            strlen(record->object) < strlen(path) &&
            path_is_within(PATH_WINDOWS, path, record->object))
            return true;
    }
    return false;
}

static bool was_walked(const struct undo *undo, size_t index)
{
    for (size_t i = undo->from; i < index; i++) {
        if (undo->journal->records[i].kind == NT_KIND_ACL &&
            undo->journal->records[i].type == NT_RECORD_CHANGE &&
            strcmp(undo->journal->records[i].object, undo->journal->records[index].object) == 0)
            return true;
    }
    return false;
}

/* Teardown goes past an object that it cannot change: the command may have left one on purpose. */
static int walk_one(struct undo *undo, const struct nt_wishes *wishes,
                    const struct nt_record *record, struct error *err)
{
    struct nt_walk_stats *walk = &undo->report->walk;
    size_t failed = walk->failed;

    walk->goes_past = undo->report->goes_on;
    if (nt_walk(undo->machine, wishes, record->object, walk, err) < 0)
        return err->code == ERR_NOT_FOUND ? 0 : give_up(undo, record, err);
    if (walk->failed == failed)
        return 0;
    (void)error_set(err, ERR_OS, "%zu things below it; the last: %s", walk->failed - failed,
                    walk->trouble);
    return give_up(undo, record, err);
}

static int walk_undone(struct undo *undo, struct error *err)
{
    struct nt_wishes wishes;
    int result = 0;

    if (nt_wishes_from_journal(undo->journal, undo->from, undo->ours, &wishes, err) < 0)
        return -1;
    for (size_t i = undo->from; result == 0 && i < undo->journal->count; i++) {
        const struct nt_record *record = &undo->journal->records[i];

        if (record->type != NT_RECORD_CHANGE || record->kind != NT_KIND_ACL ||
            was_walked(undo, i) || is_below_another(undo, record->object))
            continue;
        result = walk_one(undo, &wishes, record, err);
    }
    nt_wishes_done(&wishes);
    return result;
}

int nt_undo(struct nt_machine *machine, const struct nt_journal *journal, size_t from,
            const struct nt_ours *ours, struct nt_change_report *report, struct error *err)
{
    struct undo undo = {machine, journal, from, ours, report};

    for (size_t i = journal->count; i > from; i--) {
        const struct nt_record *record = &journal->records[i - 1];

        if (record->type != NT_RECORD_CHANGE || record->kind != NT_KIND_ACL)
            continue;
        if (undo_acl(&undo, record, err) < 0)
            return -1;
    }
    if (walk_undone(&undo, err) < 0)
        return -1;
    /* Accounts go last: while a SID still stands in a list, its name should be known. */
    for (size_t i = journal->count; i > from; i--) {
        const struct nt_record *record = &journal->records[i - 1];

        if (record->type == NT_RECORD_CHANGE && record->kind != NT_KIND_ACL &&
            undo_setting(&undo, record, err) < 0)
            return -1;
    }
    return 0;
}

/* Applying. Undoing is in undo.c. */
#include "sandbox/nt/change.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "sandbox/path.h"

void nt_change_report_done(struct nt_change_report *report)
{
    text_list_done(&report->left);
}

/* What goes through all steps of one application. */
struct work {
    struct nt_machine *machine;
    const struct nt_changes *changes;
    uint32_t sequence;
    struct nt_change_report *report;
    bool *is_changed; /* one per wish */
};

static struct nt_blob blob_of_text(const char *text)
{
    return (struct nt_blob){(const uint8_t *)text, text != NULL ? strlen(text) : 0};
}

static int write_record(struct work *work, const struct nt_record *record, struct error *err)
{
    AUTO_BUFFER struct buffer bytes = BUFFER_EMPTY;

    if (nt_journal_encode(record, &bytes, err) < 0)
        return -1;
    if (work->machine->ops->append(work->machine, bytes.data, bytes.size, err) < 0)
        return error_wrap(err, "journal");
    work->sequence++;
    work->report->records++;
    return 0;
}

static bool is_same_text(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return strcmp(a, b) == 0;
}

static int apply_setting(struct work *work, const struct nt_setting *setting, struct error *err)
{
    const struct nt_machine_ops *ops = work->machine->ops;
    AUTO_FREE char *before = NULL;
    struct nt_record record = {.type = NT_RECORD_CHANGE,
                               .kind = setting->kind,
                               .sequence = work->sequence + 1,
                               .object = setting->name,
                               .after = blob_of_text(setting->value)};

    if (ops->get(work->machine, setting->kind, setting->name, &before, err) < 0)
        return error_wrap(err, "%s %s", nt_kind_name(setting->kind), setting->name);
    if (is_same_text(before, setting->value))
        return 0;
    if (setting->must_be_ours && before != NULL) {
        (void)error_set(err, ERR_REFUSED, "%s %s exists and was not made by this program",
                        nt_kind_name(setting->kind), setting->name);
        return error_hint(err, "rename or remove it; it will not be taken over");
    }
    record.before = blob_of_text(before);
    if (write_record(work, &record, err) < 0)
        return -1;
    work->report->changed++;
    if (ops->set(work->machine, setting->kind, setting->name, setting->value, err) < 0)
        return error_wrap(err, "%s %s", nt_kind_name(setting->kind), setting->name);
    return 0;
}

static uint8_t *encode_sd(const struct nt_sd *sd, struct nt_blob *blob, struct error *err)
{
    uint8_t *bytes = malloc(nt_sd_size(sd));

    if (bytes == NULL) {
        (void)error_memory(err, "descriptor");
        return NULL;
    }
    if (nt_sd_write(sd, bytes, err) < 0) {
        free(bytes);
        return NULL;
    }
    *blob = (struct nt_blob){bytes, nt_sd_size(sd)};
    return bytes;
}

static int put_object(struct work *work, const struct nt_wish *wish, const struct nt_sd *before,
                      const struct nt_sd *after, struct error *err)
{
    const struct nt_machine_ops *ops = work->machine->ops;
    AUTO_FREE uint8_t *before_bytes = NULL;
    AUTO_FREE uint8_t *after_bytes = NULL;
    struct nt_record record = {.type = NT_RECORD_CHANGE,
                               .kind = NT_KIND_ACL,
                               .sequence = work->sequence + 1,
                               .object = wish->path};
    void *node = NULL;
    int result;

    before_bytes = encode_sd(before, &record.before, err);
    after_bytes = before_bytes != NULL ? encode_sd(after, &record.after, err) : NULL;
    if (after_bytes == NULL || ops->open_path(work->machine, wish->path, &node, err) < 0)
        return -1;
    result = write_record(work, &record, err);
    if (result == 0)
        result = ops->put_dacl(work->machine, node, after, err);
    ops->close(work->machine, node);
    work->report->changed += result == 0 ? 1 : 0;
    return result;
}

static int apply_wish(struct work *work, size_t index, struct error *err)
{
    const struct nt_wish *wish = &work->changes->wishes.items[index];
    AUTO_SD struct nt_sd before = NT_SD_EMPTY;
    AUTO_SD struct nt_sd after = NT_SD_EMPTY;
    int met =
        nt_wish_images(work->machine, &work->changes->wishes, wish->path, &before, &after, err);

    if (met < 0)
        return err->code == ERR_NOT_FOUND ? 0 : error_wrap(err, "%s", wish->path);
    if (met == 1)
        return 0;
    work->is_changed[index] = true;
    if (put_object(work, wish, &before, &after, err) < 0)
        return error_wrap(err, "%s", wish->path);
    return 0;
}

/* Outermost first, so that what an object inherits is already there when its turn comes. */
static int apply_wishes(struct work *work, struct error *err)
{
    const struct nt_wishes *wishes = &work->changes->wishes;
    size_t length = 0;
    size_t done = 0;

    while (done < wishes->count) {
        size_t next = SIZE_MAX;

        for (size_t i = 0; i < wishes->count; i++) {
            size_t here = strlen(wishes->items[i].path);

            if (here == length) {
                if (apply_wish(work, i, err) < 0)
                    return -1;
                done++;
            } else if (here > length && here < next) {
                next = here;
            }
        }
        length = next;
    }
    return 0;
}

/* Is some other changed object above this one? Its walk will come by. */
static bool is_walked_from_above(const struct work *work, size_t index)
{
    const struct nt_wishes *wishes = &work->changes->wishes;
    const char *path = wishes->items[index].path;

    for (size_t i = 0; i < wishes->count; i++) {
        if (i != index && work->is_changed[i] && strlen(wishes->items[i].path) < strlen(path) &&
            path_is_within(PATH_WINDOWS, path, wishes->items[i].path))
            return true;
    }
    return false;
}

static int walk_changed(struct work *work, struct error *err)
{
    const struct nt_wishes *wishes = &work->changes->wishes;

    for (size_t i = 0; i < wishes->count; i++) {
        if (work->is_changed[i] && !is_walked_from_above(work, i) &&
            nt_walk(work->machine, wishes, wishes->items[i].path, &work->report->walk, err) < 0)
            return -1;
    }
    return 0;
}

static bool has_changed_any(const struct work *work)
{
    for (size_t i = 0; i < work->changes->wishes.count; i++) {
        if (work->is_changed[i])
            return true;
    }
    return false;
}

/* The walk knows objects by the names that directories list, the wishes by what the plan calls them. Where
 * these differ (a short name, another case of a foreign letter) the walk has taken away what was wished. */
static int verify_wishes(struct work *work, struct error *err)
{
    const struct nt_wishes *wishes = &work->changes->wishes;

    for (size_t i = 0; has_changed_any(work) && i < wishes->count; i++) {
        int met = nt_wish_is_met(work->machine, wishes, wishes->items[i].path, err);

        if (met < 0 && err->code != ERR_NOT_FOUND)
            return error_wrap(err, "%s", wishes->items[i].path);
        if (met != 0)
            continue;
        (void)error_set(err, ERR_REFUSED, "%s: its entries did not stay", wishes->items[i].path);
        return error_hint(err, "write its name as its directory lists it, and run it again");
    }
    return 0;
}

static int apply_trees(struct work *work, struct error *err)
{
    if (walk_changed(work, err) < 0)
        return -1;
    return work->machine->forgets_entries ? 0 : verify_wishes(work, err);
}

static int apply_all(struct work *work, struct error *err)
{
    struct nt_record commit = {.type = NT_RECORD_COMMIT, .kind = NT_KIND_ACL, .object = ""};

    for (size_t i = 0; i < work->changes->setting_count; i++) {
        if (apply_setting(work, &work->changes->settings[i], err) < 0)
            return -1;
    }
    if (apply_wishes(work, err) < 0 || (!work->changes->objects_only && apply_trees(work, err) < 0))
        return -1;
    if (work->report->records == 0 || work->changes->goes_on)
        return 0;
    commit.sequence = work->sequence + 1;
    return write_record(work, &commit, err);
}

int nt_apply(struct nt_machine *machine, const struct nt_changes *changes, size_t journal_count,
             struct nt_change_report *report, struct error *err)
{
    AUTO_FREE bool *is_changed = calloc(changes->wishes.count + 1, sizeof *is_changed);
    struct work work = {.machine = machine,
                        .changes = changes,
                        .sequence = (uint32_t)journal_count,
                        .report = report,
                        .is_changed = is_changed};

    if (is_changed == NULL)
        return error_memory(err, "changes");
    return apply_all(&work, err);
}

static int setting_needs(struct nt_machine *machine, const struct nt_setting *setting,
                         struct error *err)
{
    AUTO_FREE char *now = NULL;

    if (machine->ops->get(machine, setting->kind, setting->name, &now, err) < 0)
        return error_wrap(err, "%s %s", nt_kind_name(setting->kind), setting->name);
    return is_same_text(now, setting->value) ? 0 : 1;
}

int nt_apply_needed(struct nt_machine *machine, const struct nt_changes *changes, struct error *err)
{
    for (size_t i = 0; i < changes->setting_count; i++) {
        int needs = setting_needs(machine, &changes->settings[i], err);

        if (needs != 0)
            return needs;
    }
    for (size_t i = 0; i < changes->wishes.count; i++) {
        int met = nt_wish_is_met(machine, &changes->wishes, changes->wishes.items[i].path, err);

        if (met < 0 && err->code != ERR_NOT_FOUND)
            return -1;
        if (met == 0)
            return 1;
    }
    return 0;
}

/* Putting and walking; see windows_reading.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "sandbox/path.h"
#include "sandbox/windows_reading.h"

static const struct windows_reading_folder *find(const struct windows_reading *reading,
                                                 const char *path)
{
    for (size_t i = 0; i < reading->count; i++) {
        if (path_is_within(PATH_WINDOWS, path, reading->folders[i].path) &&
            path_is_within(PATH_WINDOWS, reading->folders[i].path, path))
            return &reading->folders[i];
    }
    return NULL;
}

/* Does the object have at least these entries itself? Others of ours may stand beside them. */
static int has_entries(struct nt_machine *machine, const struct nt_wish *wish, struct error *err)
{
    AUTO_SD struct nt_sd sd = NT_SD_EMPTY;
    struct nt_file_facts facts;
    void *node = NULL;
    int result;

    if (machine->ops->open_path(machine, wish->path, &node, err) < 0)
        return err->code == ERR_NOT_FOUND ? 1 : -1; /* gone: nothing to do */
    result = machine->ops->look(machine, node, &facts, &sd, err);
    machine->ops->close(machine, node);
    for (size_t i = 0; result == 0 && i < wish->aces.count; i++) {
        size_t k = 0;

        while (k < sd.dacl.count && !nt_ace_equal(&sd.dacl.aces[k], &wish->aces.aces[i]))
            k++;
        if (k == sd.dacl.count)
            return 0;
    }
    return result < 0 ? -1 : 1;
}

int windows_reading_is_due(struct nt_machine *machine, const struct nt_wishes *wishes,
                           const struct windows_reading *reading, const char *path,
                           struct error *err)
{
    for (size_t i = 0; i < wishes->count; i++) {
        const struct nt_wish *wish = &wishes->items[i];
        const struct windows_reading_folder *folder = find(reading, wish->path);
        int has;

        if (path != NULL && !path_is_within(PATH_WINDOWS, path, wish->path))
            continue;
        has = has_entries(machine, wish, err);
        if (has < 0)
            return error_wrap(err, "%s", wish->path);
        if (has == 0 || folder == NULL || !folder->is_done)
            return 1;
    }
    return 0;
}

/* What other runs have put on the same folder, and these. */
static int add_in_force(struct nt_wish *wish, const struct nt_wishes *in_force, struct error *err)
{
    const struct nt_wish *there = nt_wish_for(in_force, wish->path);

    for (size_t i = 0; there != NULL && i < there->aces.count; i++) {
        const struct nt_ace *ace = &there->aces.aces[i];
        size_t k = 0;

        while (k < wish->aces.count && !nt_ace_equal(&wish->aces.aces[k], ace))
            k++;
        if (k == wish->aces.count &&
            nt_acl_insert(&wish->aces, ace->type == NT_ACE_DENY ? 0 : k, ace, err) < 0)
            return -1;
    }
    return 0;
}

static int merge(const struct nt_wishes *wishes, const struct nt_wishes *in_force,
                 struct nt_wishes *merged, struct error *err)
{
    *merged = (struct nt_wishes){.ours = wishes->ours};
    merged->items = calloc(wishes->count + 1, sizeof *merged->items);
    if (merged->items == NULL)
        return error_memory(err, "reading");
    for (size_t i = 0; i < wishes->count; i++) {
        struct nt_wish *wish = &merged->items[merged->count++];

        *wish = (struct nt_wish){.path = wishes->items[i].path, .aces = NT_ACL_EMPTY};
        if (nt_acl_copy(&wish->aces, &wishes->items[i].aces, err) < 0 ||
            add_in_force(wish, in_force, err) < 0)
            return -1;
    }
    return 0;
}

/* A folder whose own entry is new is walked again, whatever the record says. */
static int note_begun(struct nt_machine *machine, const struct nt_wishes *wishes,
                      struct windows_reading *reading, struct error *err)
{
    for (size_t i = 0; i < wishes->count; i++) {
        int has = has_entries(machine, &wishes->items[i], err);
        struct windows_reading_folder *folder;

        if (has < 0)
            return error_wrap(err, "%s", wishes->items[i].path);
        folder = windows_reading_folder(reading, wishes->items[i].path);
        if (folder == NULL)
            return error_memory(err, "reading");
        folder->is_done = folder->is_done && has == 1;
    }
    return 0;
}

int windows_reading_put(struct nt_machine *machine, const struct nt_wishes *wishes,
                        const struct nt_wishes *in_force, size_t journal_count,
                        struct windows_reading *reading, struct nt_change_report *report,
                        struct error *err)
{
    struct nt_changes changes = {.objects_only = true};
    int result = note_begun(machine, wishes, reading, err);

    if (result == 0)
        result = merge(wishes, in_force, &changes.wishes, err);
    if (result == 0)
        result = nt_apply(machine, &changes, journal_count, report, err);
    nt_wishes_done(&changes.wishes);
    return result;
}

/* Walking ------------------------------------------------------------------------------------------ */

struct progress {
    struct windows_reading_folder *folder;
    const struct windows_reading_walk *walk;
};

static bool note(void *own, const struct nt_walk_stats *stats)
{
    const struct progress *progress = own;

    progress->folder->seen = stats->seen;
    progress->folder->written = stats->written;
    progress->folder->failed = stats->failed;
    return progress->walk->goes_on == NULL || progress->walk->goes_on(progress->walk->own);
}

static int set_trouble(struct windows_reading_folder *folder, const char *text, struct error *err)
{
    char *copy = text_copy(text, strlen(text));

    if (copy == NULL)
        return error_memory(err, "reading");
    free(folder->trouble);
    folder->trouble = copy;
    return 0;
}

static int walk_folder(struct nt_machine *machine, const struct nt_wishes *in_force,
                       struct windows_reading_folder *folder,
                       const struct windows_reading_walk *walk, struct error *err)
{
    struct progress progress = {folder, walk};
    struct nt_walk_stats stats = {.goes_past = true, .goes_on = note, .own = &progress};
    struct error why = {0};
    int result = nt_walk(machine, in_force, folder->path, &stats, &why);

    (void)note(&progress, &stats);
    if (result < 0 && (why.code == ERR_INTERRUPTED || why.code == ERR_MEMORY)) {
        *err = why;
        return -1;
    }
    if (set_trouble(folder, result < 0 ? why.message : stats.trouble, err) < 0)
        return -1;
    /* Gone is as good as done; one that cannot be opened is tried again by the next. */
    folder->is_done = result == 0 || why.code == ERR_NOT_FOUND;
    return 0;
}

int windows_reading_work(struct nt_machine *machine, const struct nt_wishes *in_force,
                         struct windows_reading *reading, const struct windows_reading_walk *walk,
                         struct error *err)
{
    for (size_t i = 0; i < reading->count; i++) {
        if (!reading->folders[i].is_done &&
            walk_folder(machine, in_force, &reading->folders[i], walk, err) < 0)
            return error_wrap(err, "%s", reading->folders[i].path);
    }
    return 0;
}

/* Comparing snapshots: pure, so that every kind of change can be tested. */
#include "conformance/oracles/snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    SHOWN_MAX = 3 /* entries that are spelled out; the rest is counted */
};

static int by_path(const void *left, const void *right)
{
    const struct snapshot_entry *a = left;
    const struct snapshot_entry *b = right;
    int order = strcmp(a->path, b->path);

    return order != 0 ? order : (int)a->is_shallow - (int)b->is_shallow;
}

void snapshot_make_shallow(struct snapshot *snapshot, const char *label)
{
    for (size_t i = 0; i < snapshot->count; i++) {
        if (strcmp(snapshot->entries[i].path, label) == 0)
            snapshot->entries[i].is_shallow = true;
    }
}

void snapshot_let_grow(struct snapshot *snapshot, const char *label)
{
    for (size_t i = 0; i < snapshot->count; i++) {
        if (strcmp(snapshot->entries[i].path, label) == 0)
            snapshot->entries[i].may_grow = true;
    }
}

void snapshot_finish(struct snapshot *snapshot)
{
    if (snapshot->count > 0)
        qsort(snapshot->entries, snapshot->count, sizeof *snapshot->entries, by_path);
}

static bool is_same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* Appends " what" for every way in which the two differ; returns how many. */
static unsigned describe_change(const struct snapshot_entry *was, const struct snapshot_entry *is,
                                char *text, size_t text_size)
{
    const bool is_deep = !was->is_shallow && !is->is_shallow;
    const bool is_still = is_deep && !was->may_grow && !is->may_grow;
    const mode_t mode_bits = is_deep ? ~(mode_t)0 : S_IFMT;
    const struct {
        bool is_changed;
        const char *name;
    } aspects[] = {
        {was->device != is->device || was->inode != is->inode, "inode"},
        {((was->mode ^ is->mode) & mode_bits) != 0, "mode"},
        {is_deep && (was->uid != is->uid || was->gid != is->gid), "owner"},
        {is_deep && was->content != is->content, "content"},
        {is_still && was->size != is->size, "size"},
        {is_still && was->links != is->links, "links"},
        {is_deep && was->attributes != is->attributes, "xattr"},
        {is_deep && was->flags != is->flags, "flags"},
        {is_deep && was->is_readable != is->is_readable, "readability"},
        {is_still && !is_same_time(&was->mtime, &is->mtime), "mtime"},
        {is_still && !is_same_time(&was->ctime, &is->ctime), "ctime"},
    };
    unsigned count = 0;
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < sizeof aspects / sizeof aspects[0]; i++) {
        if (!aspects[i].is_changed)
            continue;
        count++;
        if (used + 1 < text_size)
            used += (size_t)snprintf(text + used, text_size - used, "%s%s", used > 0 ? " " : "",
                                     aspects[i].name);
    }
    return count;
}

struct account {
    char *text;
    size_t text_size;
    size_t used;
    size_t count;
};

static void tell(struct account *account, const char *path, const char *what)
{
    account->count++;
    if (account->count > SHOWN_MAX || account->used + 1 >= account->text_size)
        return;
    account->used +=
        (size_t)snprintf(account->text + account->used, account->text_size - account->used,
                         "%s%s: %s", account->used > 0 ? "; " : "", path, what);
}

size_t snapshot_compare(const struct snapshot *before, const struct snapshot *after, char *text,
                        size_t text_size)
{
    struct account account = {.text = text, .text_size = text_size};
    size_t b = 0;
    size_t a = 0;

    text[0] = '\0';
    while (b < before->count || a < after->count) {
        char change[160];
        int order = b >= before->count ? 1 : a >= after->count ? -1 : 0;

        if (order == 0)
            order = by_path(&before->entries[b], &after->entries[a]);
        if (order < 0) {
            tell(&account, before->entries[b++].path, "gone");
        } else if (order > 0) {
            tell(&account, after->entries[a++].path, "new");
        } else {
            if (describe_change(&before->entries[b], &after->entries[a], change, sizeof change) > 0)
                tell(&account, before->entries[b].path, change);
            b++;
            a++;
        }
    }
    if (after->is_cut && !before->is_cut)
        tell(&account, "the tree", "grew beyond what is looked at");
    if (account.count > SHOWN_MAX && account.used + 1 < text_size)
        (void)snprintf(text + account.used, text_size - account.used, "; and %zu more",
                       account.count - SHOWN_MAX);
    return account.count;
}

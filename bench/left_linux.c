#include "bench/left.h"

#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"

enum {
    TICK_US = 1000
};

static int64_t to_ns(struct timespec time)
{
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* File times are taken from the coarse clock. */
static int64_t now_ns(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return to_ns(now);
}

/* Entries of the tree, and those changed at `since` or later. */
static int walk(const char *directory, int64_t since, int64_t *entries, int64_t *changed,
                struct error *err)
{
    char *paths[] = {(char *)(uintptr_t)directory, NULL};
    FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    FTSENT *entry;

    *entries = *changed = 0;
    if (tree == NULL)
        return error_os(err, errno, "walk %s", directory);
    while ((entry = fts_read(tree)) != NULL) {
        if (entry->fts_info == FTS_DP || entry->fts_info == FTS_ERR)
            continue;
        (*entries)++;
        *changed += entry->fts_info != FTS_NS && to_ns(entry->fts_statp->st_ctim) >= since;
    }
    (void)fts_close(tree);
    return 0;
}

/* Lines of mountinfo that name a place in the tree; -1 where there is no /proc. */
static int64_t count_mounts(const char *directory)
{
    AUTO_FILE FILE *file = fopen("/proc/self/mountinfo", "re");
    AUTO_FREE char *line = NULL;
    size_t room = 0;
    int64_t count = 0;

    if (file == NULL)
        return -1;
    while (getline(&line, &room, file) > 0)
        count += strstr(line, directory) != NULL;
    return count;
}

void left_done(struct left_snapshot *snapshot)
{
    free(snapshot->directory);
    *snapshot = (struct left_snapshot){0};
}

int left_look(struct left_snapshot *snapshot, const char *directory, struct error *err)
{
    int64_t ignored;
    int64_t before = now_ns();

    *snapshot = (struct left_snapshot){.directory = strdup(directory)};
    if (snapshot->directory == NULL)
        return error_memory(err, directory);
    if (walk(directory, INT64_MAX, &snapshot->entries, &ignored, err) < 0)
        return -1;
    snapshot->mounts = count_mounts(directory);
    while (now_ns() == before)
        (void)usleep(TICK_US);
    before = now_ns();
    while (now_ns() == before)
        (void)usleep(TICK_US);
    snapshot->start_ns = now_ns();
    return 0;
}

int left_count(const struct left_snapshot *snapshot, struct left_counts *counts, struct error *err)
{
    int64_t entries;
    int64_t changed;

    if (walk(snapshot->directory, snapshot->start_ns, &entries, &changed, err) < 0)
        return -1;
    *counts = (struct left_counts){
        .objects_left = entries - snapshot->entries,
        .objects_written = changed,
        .mounts_left = count_mounts(snapshot->directory) - snapshot->mounts,
    };
    return 0;
}

#include "sandbox/path_set.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct path_set_entry {
    const char *path; /* NULL: free */
    size_t length;
    uint32_t hash;
    int number;
};

/* FNV-1a: it grows with the path, so every prefix has its hash on the way. */
#define HASH_BEGIN 2166136261u

static uint32_t hash_more(uint32_t hash, char c)
{
    return (hash ^ (unsigned char)c) * 16777619u;
}

static uint32_t hash_of(const char *path, size_t length)
{
    uint32_t hash = HASH_BEGIN;

    for (size_t i = 0; i < length; i++)
        hash = hash_more(hash, path[i]);
    return hash;
}

void path_set_done(struct path_set *set)
{
    free(set->entries);
    *set = (struct path_set){0};
}

/* Where the path is, or would be put. There is always a free entry. */
static struct path_set_entry *slot(const struct path_set *set, const char *path, size_t length,
                                   uint32_t hash)
{
    size_t mask = set->capacity - 1;
    size_t at = hash & mask;

    for (;; at = (at + 1) & mask) {
        struct path_set_entry *entry = &set->entries[at];

        if (entry->path == NULL || (entry->hash == hash && entry->length == length &&
                                    memcmp(entry->path, path, length) == 0))
            return entry;
    }
}

static int grow(struct path_set *set, struct error *err)
{
    struct path_set grown = {.capacity = set->capacity > 0 ? 2 * set->capacity : 16};

    grown.entries = calloc(grown.capacity, sizeof *grown.entries);
    if (grown.entries == NULL)
        return error_memory(err, "set of paths");
    for (size_t i = 0; i < set->capacity; i++) {
        const struct path_set_entry *entry = &set->entries[i];

        if (entry->path != NULL)
            *slot(&grown, entry->path, entry->length, entry->hash) = *entry;
    }
    grown.count = set->count;
    free(set->entries);
    *set = grown;
    return 0;
}

int path_set_add(struct path_set *set, const char *path, int number, struct error *err)
{
    size_t length = strlen(path);
    uint32_t hash = hash_of(path, length);
    struct path_set_entry *entry;

    if (2 * (set->count + 1) > set->capacity && grow(set, err) < 0)
        return -1;
    entry = slot(set, path, length, hash);
    if (entry->path != NULL)
        return 0;
    *entry = (struct path_set_entry){path, length, hash, number};
    set->count++;
    return 0;
}

int path_set_find(const struct path_set *set, const char *path, size_t length)
{
    const struct path_set_entry *entry;

    if (set->count == 0)
        return PATH_SET_NONE;
    entry = slot(set, path, length, hash_of(path, length));
    return entry->path != NULL ? entry->number : PATH_SET_NONE;
}

bool path_set_has(const struct path_set *set, const char *path)
{
    return path_set_find(set, path, strlen(path)) != PATH_SET_NONE;
}

static int innermost(const struct path_set *set, const char *path, bool counts_itself)
{
    uint32_t hash = HASH_BEGIN;
    int nearest = PATH_SET_NONE;

    for (size_t i = 0; set->count > 0; i++) {
        const struct path_set_entry *entry = NULL;

        if (!counts_itself && (path[i] == '\0' || strcmp(path + i, "/") == 0))
            break;
        if (i == 0 && path[0] == '/') /* the top is called "/", not "" */
            entry = slot(set, path, 1, hash_more(HASH_BEGIN, '/'));
        else if (path[i] == '\0' || path[i] == '/')
            entry = slot(set, path, i, hash);
        if (entry != NULL && entry->path != NULL)
            nearest = entry->number;
        if (path[i] == '\0')
            break;
        hash = hash_more(hash, path[i]);
    }
    return nearest;
}

int path_set_nearest(const struct path_set *set, const char *path)
{
    return innermost(set, path, true);
}

int path_set_above(const struct path_set *set, const char *path)
{
    return innermost(set, path, false);
}

/*
 * A set of POSIX paths that answers "which of you is this path in?" in the
 * time the path takes to read, however many there are: a policy may name a
 * thousand roots. Pure.
 */
#ifndef HOLDFAST_SANDBOX_PATH_SET_H
#define HOLDFAST_SANDBOX_PATH_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct path_set_entry;

struct path_set {
    struct path_set_entry *entries;
    size_t count;
    size_t capacity; /* a power of two, or 0 */
};

enum {
    PATH_SET_NONE = -1
};

void path_set_done(struct path_set *set);

/* Adds an absolute, tidied path; the text is borrowed and must outlive the set. `number` (not negative)
 * is what the queries give back; of a path that is added twice the first one counts. */
int path_set_add(struct path_set *set, const char *path, int number, struct error *err);

/* The number of the first `length` bytes of path, PATH_SET_NONE if they are no member. */
int path_set_find(const struct path_set *set, const char *path, size_t length);

bool path_set_has(const struct path_set *set, const char *path);

/* The number of the innermost member that the path is or lies in; PATH_SET_NONE: none. */
int path_set_nearest(const struct path_set *set, const char *path);

/* The same, without the path itself. */
int path_set_above(const struct path_set *set, const char *path);

#endif

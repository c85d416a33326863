/* Paths as text: no file system is asked. Both styles work on every platform. Pure. */
#ifndef HOLDFAST_SANDBOX_PATH_H
#define HOLDFAST_SANDBOX_PATH_H

#include <stdbool.h>

enum path_style {
    PATH_POSIX,
    PATH_WINDOWS
};

bool path_is_absolute(enum path_style style, const char *path);

/* "/", "C:\", "\\server\share": the top of a file system. */
bool path_is_top(enum path_style style, const char *path);

/* Has a ".." component. */
bool path_climbs(enum path_style style, const char *path);

/* Removes doubled and trailing separators and "." components; Windows: '/' becomes '\'. NULL: out of
 * memory. Caller frees. */
char *path_tidy(enum path_style style, const char *path);

/* inner is outer or lies below it. Both tidied; Windows: without regard to ASCII case. */
bool path_is_within(enum path_style style, const char *inner, const char *outer);

/* "parent/name". NULL: out of memory. Caller frees. POSIX. */
char *path_join(const char *parent, const char *name);

/* The part after the last separator. */
const char *path_name(enum path_style style, const char *path);

#endif

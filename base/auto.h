/*
 * Locals that own something. Declare them initialised; hand them over with
 * TAKE (pointers) or TAKE_FD (descriptors):
 *
 *     AUTO_FREE char *path = strdup(name);
 *     ...
 *     return TAKE(path);
 *
 * GCC, Clang and MinGW have __attribute__((cleanup)); MSVC does not and is
 * not supported.
 */
#ifndef HOLDFAST_BASE_AUTO_H
#define HOLDFAST_BASE_AUTO_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void auto_free_pointer(void *slot)
{
    free(*(void **)slot);
}

static inline void auto_close_fd(const int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

static inline void auto_close_file(FILE **file)
{
    if (*file != NULL)
        (void)fclose(*file);
}

static inline int auto_take_fd(int *fd)
{
    int taken = *fd;

    *fd = -1;
    return taken;
}

#define AUTO_FREE  __attribute__((cleanup(auto_free_pointer)))
#define AUTO_CLOSE __attribute__((cleanup(auto_close_fd)))
#define AUTO_FILE  __attribute__((cleanup(auto_close_file)))

/* The value of pointer x; x becomes NULL and no longer owns it. */
#define TAKE(x)                     \
    __extension__({                 \
        __typeof__(x) taken_ = (x); \
        (x) = NULL;                 \
        taken_;                     \
    })

/* The same for descriptors; fd becomes -1. */
#define TAKE_FD(fd) auto_take_fd(&(fd))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif

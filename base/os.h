/*
 * The little that every program needs from the operating system. One header,
 * one file per platform (os_linux.c, os_windows.c), chosen by CMake. Anything
 * that only one folder needs stays in that folder.
 */
#ifndef HOLDFAST_BASE_OS_H
#define HOLDFAST_BASE_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* The raw monotonic clock (CLOCK_MONOTONIC_RAW, QueryPerformanceCounter), nanoseconds. */
uint64_t os_now_ns(void);

/* Cryptographic random bytes. */
int os_random(void *bytes, size_t size, struct error *err);

/* Absolute path of the running program. Caller frees. */
char *os_self_path(struct error *err);

/* The path of an existing file or directory from the root on, links resolved. Caller frees. */
char *os_absolute_path(const char *path, struct error *err);

/* The user's home: what the environment says (HOME, USERPROFILE), else, on Linux, the account's. NULL: not
 * known. Valid until the environment or this call changes it. */
const char *os_home(void);

bool os_is_terminal(int fd);

/* Width of the terminal in columns, 80 if it cannot be told. */
int os_terminal_columns(int fd);

/* Processors this process may run on, at least 1. */
int os_cpu_count(void);

/* Writes a whole file so that a reader sees the old or the new content, never a part: a temporary
 * name beside it, flushed to disk, then renamed over it. */
int os_replace_file(const char *path, const void *bytes, size_t size, struct error *err);

/* Reads a regular file of at most max bytes, without following a link at the last component, never
 * blocking on a FIFO or device. *bytes is NUL-terminated beyond *size. Caller frees. */
int os_read_file(const char *path, size_t max, char **bytes, size_t *size, struct error *err);

/* mkdir -p; existing directories are fine. */
int os_make_directories(const char *path, struct error *err);

#endif

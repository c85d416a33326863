/* Where the programs of this project are: beside the running one, or where `cmake --install` puts
 * helpers. */
#ifndef HOLDFAST_BENCH_PROGRAMS_H
#define HOLDFAST_BENCH_PROGRAMS_H

#include "base/error.h"

/* Absolute path of "bench-noop", "holdfast-sandbox", ... ERR_NOT_FOUND with a hint. Caller frees. */
char *programs_find(const char *name, struct error *err);

/* The folder that holds them. Caller frees. */
char *programs_folder(struct error *err);

/* An executable as a shell would find it along `path` (NULL: the PATH of this process); a name with
 * a slash is itself. ERR_NOT_FOUND. Caller frees. */
char *programs_search(const char *name, const char *path, struct error *err);

/* The environment of this process, NULL-terminated. */
const char *const *programs_environment(void);

#endif

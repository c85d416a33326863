/* The files a build or an installation brings along: adapters, expectations. */
#ifndef HOLDFAST_CONFORMANCE_DATA_H
#define HOLDFAST_CONFORMANCE_DATA_H

#include "base/error.h"

/* Folder of the running program. Caller frees. */
char *data_programs(struct error *err);

/*
 * Absolute path of "adapters/null.json" or the like: below HOLDFAST_DATA if that is set, else in
 * the source tree the program was built in (../../conformance), else ../share/holdfast.
 * ERR_NOT_FOUND names all places looked at. Caller frees.
 */
char *data_find(const char *relative, struct error *err);

#endif

/* A shared object made by hand: loading it creates an empty file. No compiler is needed to test
 * whether a launcher loads what its environment names. */
#ifndef HOLDFAST_CONFORMANCE_PROBES_PRELOAD_H
#define HOLDFAST_CONFORMANCE_PROBES_PRELOAD_H

#include <stddef.h>

#include "base/error.h"
#include "conformance/probe.h"

/* Writes it to path; when it is loaded, the file `mark` appears. ERR_UNSUPPORTED: not for this
 * processor. */
int preload_plant(const struct scene *scene, const char *path, const char *mark, struct error *err);

#endif

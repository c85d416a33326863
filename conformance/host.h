/* Facts about this machine for the results. */
#ifndef HOLDFAST_CONFORMANCE_HOST_H
#define HOLDFAST_CONFORMANCE_HOST_H

#include "base/error.h"
#include "results/model.h"

/* Fills it with malloc'd texts, which the result owns. */
int host_describe(struct result_host *host, struct error *err);

/* Now, RFC 3339 in UTC. Caller frees; NULL: out of memory. */
char *host_time(void);

#endif

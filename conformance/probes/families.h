/*
 * Every family of rows, listed once, in families.c. Both programs that hold
 * the catalogue use it: holdfast (conformance/catalogue.c) and holdfast-probe.
 */
#ifndef HOLDFAST_CONFORMANCE_PROBES_FAMILIES_H
#define HOLDFAST_CONFORMANCE_PROBES_FAMILIES_H

#include <stddef.h>

#include "conformance/probe.h"

extern const struct probe_family *const probe_families[];
extern const size_t probe_family_count;

/* The row with this id, or NULL. */
const struct probe *probe_find(const char *id);

#endif

/*
 * The conditions of a row (probe.needs): words, separated by commas, that say
 * without what the case proves nothing here. Whoever lacks one is skipped with
 * that reason.
 */
#ifndef HOLDFAST_CONFORMANCE_NEEDS_H
#define HOLDFAST_CONFORMANCE_NEEDS_H

#include <stdbool.h>
#include <stddef.h>

#include "conformance/identity.h"

/* Writes the reason and returns false when something is missing. needs may be NULL. Results that
 * cost something to find out are remembered. */
bool needs_are_met(const char *needs, enum identity_kind identity, char *reason,
                   size_t reason_size);

/* Is every word of it known? */
bool needs_are_known(const char *needs);

/* The Landlock ABI of this kernel; 0: none. */
int needs_landlock_abi(void);

#endif

/*
 * A helper of the harness that looks for a process of the run while it runs:
 * what a process is (its ids, capabilities, scheduler, namespaces) is told by
 * /proc outside, whatever the process says of itself.
 */
#ifndef HOLDFAST_CONFORMANCE_PROBES_HOST_WATCH_H
#define HOLDFAST_CONFORMANCE_PROBES_HOST_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "conformance/probe.h"

/* Reads /proc/PID/NAME into bytes, NUL-terminated; its size, 0 if it cannot be read. */
size_t proc_read(const char *pid, const char *name, char *bytes, size_t size);
/* The target of /proc/PID/NAME. */
size_t proc_readlink(const char *pid, const char *name, char *target, size_t size);
/* The number behind KEY: in /proc/PID/status, in this base; 0 if it is not there. */
unsigned long long proc_status(const char *pid, const char *key, int base);
/* Is this program (by its path) holdfast-probe, and not a launcher that will become it? */
bool proc_is_probe(const char *pid);

/* Counts the processes whose arguments hold the nonce and for which is_it() is true. System calls
 * only: usable between fork and exit. */
size_t proc_count(const struct scene *scene,
                  bool (*is_it)(const char *pid, const struct scene *scene));

/* Prepares a helper that looks every 20 ms and reports (host_observe() fires with label) as soon as
 * at least `enough` such processes exist at once. */
int host_watch(struct scene *scene, bool (*is_it)(const char *pid, const struct scene *scene),
               size_t enough, const char *label, struct error *err);

#endif

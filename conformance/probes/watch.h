/*
 * Sees from outside what a process of the run has open, in rows that may only
 * open and never write: a child of the harness looks through /proc/PID/fd of
 * processes whose argv holds the nonce. It works across namespaces, because
 * the host's /proc shows them all.
 */
#ifndef HOLDFAST_CONFORMANCE_PROBES_WATCH_H
#define HOLDFAST_CONFORMANCE_PROBES_WATCH_H

#include <sys/stat.h>

#include "conformance/probe.h"

/* link: what /proc/PID/fd/N says; status: of what is open. */
typedef bool watch_match(const char *link, const struct stat *status);

/* The row's observe() is host_observe, its finish() host_finish. label is a literal. */
int watch_open_files(struct scene *scene, watch_match *matches, const char *label,
                     struct error *err);

/* Inside: opens path with flags and keeps it open until it must have been seen; 0, errno, or
 * ATTEMPT_UNABLE. */
int open_and_hold(const struct attempt *a, const char *path, int flags);

#endif

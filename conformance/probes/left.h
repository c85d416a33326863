/*
 * What a sandbox itself leaves on the host when a run is over: mounts with the
 * scene's path, control groups that processes of the run were in, unix sockets
 * that they had bound. Groups and sockets have no mark of the run, so a helper
 * of the harness notes them while the run goes on; whether they are still there
 * is looked for after the grace period. Outside only.
 */
#ifndef HOLDFAST_CONFORMANCE_PROBES_LEFT_H
#define HOLDFAST_CONFORMANCE_PROBES_LEFT_H

#include "conformance/probe.h"

/* For prepare(). The attempt has to wait for ticks (ticks_now, await_ticks): only then has the helper
 * looked when the sandbox was there. */
int left_watch(struct scene *scene, struct error *err);
/* For observe(): places that the helper noted and that are still there well after the run, so the row's
 * grace_ms has to be above a second. */
void left_look_for_places(const struct scene *scene, struct observation *seen);
void left_finish(struct scene *scene);

/* A mount of a killed set-up would be in the harness's own table, with the scene's path. */
void left_look_for_mounts(const struct scene *scene, struct observation *seen);

#endif

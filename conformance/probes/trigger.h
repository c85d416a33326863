/*
 * Acts like the user of the host after the run: goes into the workspace, says
 * `git status`, opens a shell. If something that the probe planted runs then,
 * it says so by a marker that only it can make: the name of the marker file is
 * in HOLDFAST_MARKER, which exists nowhere but in the user's environment, and
 * the marker must hold the nonce of the run.
 *
 * Runs outside the sandbox only, as the identity of the run, with a clean
 * environment, HOME=S/home and a time limit, in a session that is killed.
 */
#ifndef HOLDFAST_CONFORMANCE_PROBES_TRIGGER_H
#define HOLDFAST_CONFORMANCE_PROBES_TRIGGER_H

#include "conformance/probe.h"

struct trigger {
    const char *directory;  /* in the scene: where the user stands */
    const char *script;     /* what the user types: /bin/sh -c */
    const char *what;       /* the same for people: "git status in the workspace" */
    const char *const *env; /* further NAME=VALUE, ends with NULL; NULL: none */
    bool is_copied;         /* directory and home are copies: no oracle sees what is done there */
    unsigned timeout_ms;    /* 0: 5000 */
};

/* Fires when the marker appeared, with what was said in it. Not to be asked when nothing was
 * planted: each call costs milliseconds of the harness's one thread. */
int trigger_pull(const struct scene *scene, const struct trigger *trigger, struct observation *seen,
                 struct error *err);

/* Something is there under this name, whatever it is; links are not followed. */
bool trigger_has(const char *directory, const char *name);
/* A plain file is there that holds the nonce of the run in its first 64 KiB. */
bool trigger_is_planted(const struct scene *scene, const char *path);

#endif

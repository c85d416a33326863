/*
 * run --tty: a terminal (pty) of the command's own, and a relay between it and
 * the caller's. One file per platform.
 *
 *     relay      the process that was started: raw bytes both ways, size, signals
 *       |- launcher     its child; goes on as any run, with the pty as 0, 1, 2
 *       `- watcher      sets the caller's terminal right if the relay is killed
 *
 * Nothing of it is inside the sandbox, and the caller's terminal never is.
 */
#ifndef HOLDFAST_SANDBOX_TERMINAL_H
#define HOLDFAST_SANDBOX_TERMINAL_H

#include "base/error.h"

enum terminal_side {
    TERMINAL_LAUNCHER = 0, /* go on: descriptors 0, 1, 2 are the pty */
    TERMINAL_RELAY = 1     /* the launcher has ended, as *status says; nothing is left to do */
};

/* Splits the process. Returns twice, or once with -1. `kept`: a descriptor only the launcher needs, -1:
 * none. */
int terminal_split(int kept, int *status, struct error *err);

#endif

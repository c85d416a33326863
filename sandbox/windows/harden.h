/* Closing ourselves to the account we run in: what we start runs in it too, with less rights. */
#ifndef HOLDFAST_WINDOWS_HARDEN_H
#define HOLDFAST_WINDOWS_HARDEN_H

#include "sandbox/windows/win.h"

/* This process and every thread it has so far. */
int win_harden_process(struct error *err);

#endif

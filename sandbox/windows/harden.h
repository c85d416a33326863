/* Closing ourselves to the account we run in: what we start runs in it too, with less rights. */
#ifndef HOLDFAST_WINDOWS_HARDEN_H
#define HOLDFAST_WINDOWS_HARDEN_H

#include "sandbox/windows/win.h"

/* This process, every thread it has so far, and what it will make without saying who may use it. */
int win_harden_process(struct error *err);

#endif

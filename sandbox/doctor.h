/* What `doctor` finds on this platform besides the modes. One file per platform. */
#ifndef HOLDFAST_SANDBOX_DOCTOR_H
#define HOLDFAST_SANDBOX_DOCTOR_H

#include "base/buffer.h"

/* Adds lines: what is in the way of which mode, and what to do. Looks, changes nothing. */
void doctor_look(struct buffer *out);

#endif

/* Does the machine still answer itself? */
#ifndef HOLDFAST_WINDOWS_PING_H
#define HOLDFAST_WINDOWS_PING_H

#include "sandbox/windows/win.h"

/* An echo request to 127.0.0.1 or ::1, of this process, up to three times. The answer is the network
 * stack's own, under no account of anybody's. false: none came within a second each, or it could not be
 * asked. */
bool win_ping_self(bool is_v6);

#endif

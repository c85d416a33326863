/* Something to connect to: the proof that a connection did not arrive is on this side. */
#ifndef HOLDFAST_WINDOWS_LISTENER_H
#define HOLDFAST_WINDOWS_LISTENER_H

#include "sandbox/windows/connect.h"

/* A listener on a loopback address of the machine. */
struct win_listener {
    SOCKET socket;
    unsigned port;
};
int win_listener_open(struct win_listener *listener, bool is_v6, struct error *err);
/* Has anybody connected? */
bool win_listener_was_reached(const struct win_listener *listener);
void win_listener_close(struct win_listener *listener);

#endif

/* How a launcher that was started by the library says why nothing ran. One file per platform. */
#ifndef HOLDFAST_SANDBOX_REPORT_H
#define HOLDFAST_SANDBOX_REPORT_H

#include "base/error.h"

/* Keeps the descriptor (Windows: the handle of that number) from the command. -1: it is not open. */
int report_prepare(int fd);

/* Writes the whole struct, once. */
void report_error(int fd, const struct error *err);

/* When something ran: there is nothing to say on Linux, where a status tells it. */
void report_done(int fd);

/* To the client of a session, over its socket. */
void report_session_error(const struct error *err);

#endif

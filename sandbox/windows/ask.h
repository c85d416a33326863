/*
 * Across the UAC prompt: this program starts itself once more as an
 * administrator and reads what that says.
 *
 * The elevated one opens no file that the asker names, or whoever tricks a
 * person into consenting could have any file overwritten: it writes into a
 * pipe of the asker's, as a client that nobody can impersonate.
 */
#ifndef HOLDFAST_WINDOWS_ASK_H
#define HOLDFAST_WINDOWS_ASK_H

#include "base/buffer.h"
#include "sandbox/nt/spawn.h"
#include "sandbox/windows/win.h"

/* request->report is filled in. *status: how the other one ended. ERR_INTERRUPTED: the person said no. */
int win_ask_elevated(struct nt_setup_payload *request, struct buffer *report, int *status,
                     struct error *err);

/* pipe: from the request; anything but a pipe of ours is refused. */
int win_ask_answer(const char *pipe, const char *report, struct error *err);

#endif

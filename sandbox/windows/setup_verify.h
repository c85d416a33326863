/* The last step of set-up before it is believed, and what the steps share. */
#ifndef HOLDFAST_WINDOWS_SETUP_VERIFY_H
#define HOLDFAST_WINDOWS_SETUP_VERIFY_H

#include "base/buffer.h"
#include "sandbox/windows/state.h"
#include "sandbox/windows_facts.h"

/* As the offline account, to listeners of ours; as the local one, to addresses that nobody has: both
 * must be refused by a filter. As ourselves, to a listener: that must work. A password that is no
 * longer right is replaced, once. */
int win_setup_verify(struct buffer *said, struct error *err);

/* The folder of the machine's state, and its journal; user: who may read there. */
int win_setup_open_state(struct win_state *state, const struct nt_sid *user, struct error *err);
/* C:\ProgramData. Caller frees. */
char *win_setup_program_data(struct error *err);

#endif

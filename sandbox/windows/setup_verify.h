/* The last step of set-up before it is believed, and what the steps share. */
#ifndef HOLDFAST_WINDOWS_SETUP_VERIFY_H
#define HOLDFAST_WINDOWS_SETUP_VERIFY_H

#include "base/buffer.h"
#include "sandbox/windows/state.h"
#include "sandbox/windows_facts.h"

/* Does the machine's own network stack answer, under no account? Asked before there are rules, because
 * on some machine it may not have done so then either. */
struct win_answers {
    bool v4, v6;
};
struct win_answers win_setup_ask(void);

/* As the offline account, to listeners of ours; as the local one, to addresses that nobody has: both
 * must be refused by a filter. As ourselves, to a listener: that must work; and the machine must answer
 * as before. A password that is no longer right is replaced, once. */
int win_setup_verify(const struct win_answers *before, struct buffer *said, struct error *err);

/* The folder of the machine's state, and its journal; user: who may read there. */
int win_setup_open_state(struct win_state *state, const struct nt_sid *user, struct error *err);
/* C:\ProgramData. Caller frees. */
char *win_setup_program_data(struct error *err);

#endif

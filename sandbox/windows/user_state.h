/* The user's own state: what runs left in their workspaces, and how all of it is undone. */
#ifndef HOLDFAST_WINDOWS_USER_STATE_H
#define HOLDFAST_WINDOWS_USER_STATE_H

#include "base/buffer.h"
#include "sandbox/windows/state.h"

/* Opens it, and waits for another run that is changing something. */
int win_user_state_open(struct win_state *state, struct error *err);

/* What is ours in descriptors: the user's synthetic SIDs and, if set up, the group. */
struct win_ours {
    struct nt_ours ours;
    struct nt_sid *sids;
    struct nt_sid user;
};

/* The state is borrowed only for the call. *ours must not be moved. */
int win_user_ours(const struct win_state *state, struct win_ours *ours, struct error *err);
void win_user_ours_done(struct win_ours *ours);

/* Takes every entry of ours out of every place it was put, puts descriptors back that nobody changed
 * since, removes the folder. *left: what could not be undone and is in the report; the journal then
 * stays. */
int win_user_teardown(struct buffer *report, size_t *left, struct error *err);

/* What is so. Waits for nobody and changes nothing. */
int win_user_status(struct buffer *report, struct error *err);

#endif

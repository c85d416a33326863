/* What the Linux part of the library shares: sessions as they are inside, and sandboxes set up ahead. */
#ifndef HOLDFAST_SANDBOX_LINUX_API_LINUX_H
#define HOLDFAST_SANDBOX_LINUX_API_LINUX_H

#include <stdbool.h>
#include <sys/types.h>

#include "sandbox/api.h"
#include "sandbox/sandbox.h"

struct sandbox_session {
    pid_t launcher;
    int socket;
    bool is_busy;
    const struct sandbox_policy *policy; /* borrowed */
};

/* sandbox_session_open in two parts: starts it; waits until it is set up, and says for what
 * (facts_digest). */
struct sandbox_session *api_session_begin(const struct sandbox_policy *policy, struct error *err);
int api_session_await(struct sandbox_session *session, char digest[65], struct error *err);

/* Ends and frees the session without waiting. The launcher is the caller's to reap. */
pid_t api_session_abandon(struct sandbox_session *session);

/* As a shell says it. */
int api_describe(int wait_status);

/* api_ready.c. True: the command runs in a sandbox that was set up ahead, and *child is full. False:
 * start one from scratch; if there is something wrong with the command, that will say it. */
bool api_ready_spawn(const struct sandbox_policy *policy, const struct sandbox_command *command,
                     struct sandbox_child *child);
int api_ready_wait(struct sandbox_child *child, int *status, struct error *err);

#endif

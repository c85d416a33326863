/* Shared by the scenarios of standin-session. */
#ifndef HOLDFAST_WINDOWS_STANDIN_SESSION_TEST_H
#define HOLDFAST_WINDOWS_STANDIN_SESSION_TEST_H

#include "sandbox/sandbox.h"
#include "sandbox/windows/win.h"

enum {
    SESSION_NOT_ASKED = 0x10000,
    SESSION_DID_NOT_RUN = 0x20000, /* plus the status that was said */
};

extern const char *session_mode;
extern const char *session_workspace;
extern const char *session_probe;

void session_check(bool holds, const char *claim, const struct error *err);
struct sandbox_policy *session_policy(const char *timeout_s);
struct sandbox_session *session_begin(const struct sandbox_policy *policy);
int session_ask_with(struct sandbox_session *session, const char *const *argv,
                     const int *descriptors, struct error *err);
int session_ask(struct sandbox_session *session, const char *word, const char *argument);

struct session_counts {
    unsigned long ours, below; /* open handles */
    unsigned processes;        /* below us */
};
struct session_counts session_count_handles(void);

/* session_stdio.c */
void session_stdio(void);
void session_closed(void);
void session_timeouts(void);

/* session_ends.c */
void session_killed_launcher(void);
void session_killed_runner(void);
void session_hang(void);
void session_keys(void);
void session_hostile_launcher(void);
void session_hostile_library(void);
int session_pose_as_launcher(void);

#endif

/*
 * The broker's side: one runner in one account, on one desktop, that runs
 * one command after another. Opening costs a logon; a command does not.
 */
#ifndef HOLDFAST_WINDOWS_SESSION_H
#define HOLDFAST_WINDOWS_SESSION_H

#include "sandbox/nt/spawn.h"
#include "sandbox/windows/channel.h"

struct win_session {
    struct win_channel channel;
    HANDLE process; /* the runner */
    HANDLE job;     /* it and all that it starts; closing it ends them, however we end */
    HDESK desktop;
    char *runner; /* its path */
    bool is_over; /* nothing more can be said */
};

struct win_session_start {
    const char *account;
    struct nt_sid sid;   /* of the account */
    const char *desktop; /* SDDL */
    const char *runner;  /* path of the program, readable for the account */
};

int win_session_open(struct win_session *session, const struct win_session_start *start,
                     struct error *err);

struct win_session_command {
    const struct nt_spawn *spawn;
    HANDLE handles[3]; /* what the command reads and where its output goes; NULL: nothing */
    DWORD timeout_ms;  /* 0: none */
    /* Each time this auto-reset event is set the command is asked to end, the second time it is ended;
     * NULL: none. */
    HANDLE interrupt;
    bool
        is_given_up; /* ... instead the first time ends the session: nobody waits for it any more */
};

/* How a command ended, and what it and all that it started used. */
struct win_session_end {
    DWORD status; /* its exit code */
    bool has_timed_out;
    uint64_t user_us, system_us, memory_bytes; /* 0 where it was ended by force */
};

/* -1: it did not start, or the session is over. */
int win_session_run(struct win_session *session, const struct win_session_command *command,
                    struct win_session_end *end, struct error *err);

/* Tries a connection as the commands of this session would, and fails unless Windows refuses it. */
int win_session_verify(struct win_session *session, const struct nt_spawn *like, bool is_local,
                       struct error *err);

void win_session_close(struct win_session *session);

#endif

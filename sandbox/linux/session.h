/*
 * What goes over the socket of a session (AF_UNIX, SOCK_SEQPACKET): one
 * message each way per command. The client is trusted; the server runs inside
 * the sandbox, so nothing of its answers is used without a check.
 *
 *     server -> client   reply (error.code 0): ready
 *     client -> server   request, texts: cwd, argv..., envp...; and three descriptors
 *     server -> client   reply: how it ended
 */
#ifndef HOLDFAST_SANDBOX_LINUX_SESSION_H
#define HOLDFAST_SANDBOX_LINUX_SESSION_H

#include <stdint.h>

#include "base/error.h"

enum {
    SESSION_MESSAGE_MAX = 160 * 1024,
    SESSION_TEXT_MAX = 8192
};

enum session_flag {
    SESSION_HAS_TERMINAL = 1,
    SESSION_CLOSED = 2 /* shifted by 0, 1, 2: that descriptor is a stand-in for a closed one */
};

struct session_request {
    uint32_t argument_count;
    uint32_t variable_count;
    uint32_t flags;
    /* NUL-terminated texts follow: the working directory ("" for none), arguments, variables */
};

struct session_reply {
    int32_t status; /* as `run` would exit */
    int32_t signal;
    char digest[65];    /* in the first one: what the sandbox was set up for (facts_digest) */
    struct error error; /* code ERR_NONE: the command ran */
};

#endif

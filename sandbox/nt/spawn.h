/*
 * The payloads that cross between our own programs: what the runner shall
 * start, and what the set-up program shall do. Versioned; a reader refuses
 * what it does not know.
 */
#ifndef HOLDFAST_SANDBOX_NT_SPAWN_H
#define HOLDFAST_SANDBOX_NT_SPAWN_H

#include <stdint.h>

#include "base/buffer.h"
#include "sandbox/text_list.h"

/* One command, as the runner needs it. */
struct nt_spawn {
    struct text_list argv;    /* at least one */
    struct text_list env;     /* NAME=VALUE */
    char *cwd;                /* "": the runner's own */
    char *desktop;            /* "WinSta0\\holdfast-..." */
    struct text_list disable; /* SIDs, or "logon" */
    struct text_list restrict_to;
    struct text_list default_aces; /* SDDL, one entry each */
    uint32_t token_flags;          /* enum plan_token */
    uint32_t job_flags;            /* enum plan_job */
    uint32_t processes;            /* 0: no limit */
    uint64_t memory_bytes;         /* 0: no limit */
    uint32_t timeout_s; /* 0: none; the broker's own clock counts, this is the second one */
    uint32_t closed;    /* bits 0, 1, 2: nothing can be read there, or written */
    bool has_terminal;  /* a pseudoconsole instead of pipes */
    uint32_t columns, rows;
};

void nt_spawn_done(struct nt_spawn *spawn);
void nt_spawn_encode(const struct nt_spawn *spawn, struct buffer *out);
/* *spawn must be empty; it is empty again on failure. */
int nt_spawn_decode(const uint8_t *bytes, size_t size, struct nt_spawn *spawn, struct error *err);

enum nt_setup_action {
    NT_SETUP_INSTALL = 1,
    NT_SETUP_REMOVE = 2,
    NT_SETUP_RECOVER = 3, /* only undo what was cut off */
};

/* What holdfast-sandbox.exe asks of holdfast-sandbox-setup.exe, on its command line. */
struct nt_setup_payload {
    enum nt_setup_action action;
    char *user;   /* SID of who may use the accounts */
    char *state;  /* folder of the machine's state */
    char *report; /* file for the answer; "": none */
    bool is_published;
    bool has_no_strict_rules;
};

void nt_setup_payload_done(struct nt_setup_payload *payload);
/* base64url with a checksum. Caller frees. */
char *nt_setup_payload_encode(const struct nt_setup_payload *payload, struct error *err);
int nt_setup_payload_decode(const char *text, struct nt_setup_payload *payload, struct error *err);

/* A struct error as payload of NT_FRAME_ERROR, and back. */
void nt_error_encode(const struct error *from, struct buffer *out);
int nt_error_decode(const uint8_t *bytes, size_t size, struct error *to, struct error *err);

#endif

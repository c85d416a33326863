/*
 * What the library asks the launcher of its session, and what it hears back
 * (nt/frame.h: COMMAND, ENDED, OPENED). The caller of the library is trusted
 * as whoever starts the launcher is; lengths and versions are checked because
 * library and program are installed separately.
 */
#ifndef HOLDFAST_SANDBOX_NT_REQUEST_H
#define HOLDFAST_SANDBOX_NT_REQUEST_H

#include <stdint.h>

#include "base/buffer.h"
#include "sandbox/text_list.h"

struct nt_request {
    uint32_t id;           /* the answer repeats it: another one is an answer to something else */
    struct text_list argv; /* at least one */
    struct text_list env;  /* NAME=VALUE */
    char *cwd;             /* "": the workspace */
    uint64_t handles[3];   /* values in the launcher, which owns them now; 0: closed */
};

void nt_request_done(struct nt_request *request);
void nt_request_encode(const struct nt_request *request, struct buffer *out);
/* *request must be empty; it is empty again on failure. */
int nt_request_decode(const uint8_t *bytes, size_t size, struct nt_request *request,
                      struct error *err);

struct nt_answer {
    uint32_t id;
    int32_t status;     /* as `run` would exit */
    struct error error; /* code ERR_NONE: the command ran */
};

void nt_answer_encode(const struct nt_answer *answer, struct buffer *out);
int nt_answer_decode(const uint8_t *bytes, size_t size, struct nt_answer *answer,
                     struct error *err);

void nt_opened_encode(const char *mode, struct buffer *out);
/* The name of the mode. Caller frees. NULL: another version, or no such message. */
char *nt_opened_decode(const uint8_t *bytes, size_t size, struct error *err);

#endif

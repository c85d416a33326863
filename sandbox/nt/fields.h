/*
 * Numbers and texts in bytes, for messages between our own programs. The
 * other side may be taken over, so a reader believes nothing: every length
 * is checked, every text must be UTF-8 without NUL, nothing may be left over.
 */
#ifndef HOLDFAST_SANDBOX_NT_FIELDS_H
#define HOLDFAST_SANDBOX_NT_FIELDS_H

#include <stdint.h>

#include "base/buffer.h"
#include "sandbox/text_list.h"

void nt_put_number(struct buffer *out, uint32_t value);
void nt_put_text(struct buffer *out, const char *text);
void nt_put_list(struct buffer *out, const struct text_list *list);

struct nt_fields {
    const uint8_t *bytes;
    size_t size;
    size_t at;
    bool has_failed; /* sticky */
};

uint32_t nt_take_number(struct nt_fields *in);
/* Caller frees; NULL after a failure. */
char *nt_take_text(struct nt_fields *in);
void nt_take_list(struct nt_fields *in, struct text_list *list);
/* 0 if everything was read and nothing failed, else ERR_PROTOCOL with what. */
int nt_fields_end(const struct nt_fields *in, const char *what, struct error *err);

/* Bytes as text for a command line (RFC 4648, base64url, no padding), and back. Caller frees. */
char *nt_base64(const void *bytes, size_t size, struct error *err);
int nt_unbase64(const char *text, uint8_t **bytes, size_t *size, struct error *err);

#endif

/*
 * A growing run of bytes for building text. Failure is sticky: after running
 * out of memory every further add does nothing and buffer_failed() is true,
 * so that a caller checks once, at the end. data is always NUL-terminated
 * (or NULL while empty).
 */
#ifndef HOLDFAST_BASE_BUFFER_H
#define HOLDFAST_BASE_BUFFER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct buffer {
    char *data; /* NULL while empty */
    size_t size;
    size_t capacity;
    bool has_failed;
};

#define BUFFER_EMPTY ((struct buffer){0})

void buffer_done(struct buffer *buffer);
void buffer_clear(struct buffer *buffer); /* keeps the memory */
void buffer_add(struct buffer *buffer, const void *bytes, size_t size);
void buffer_add_text(struct buffer *buffer, const char *text);
void buffer_add_byte(struct buffer *buffer, char byte);
void buffer_printf(struct buffer *buffer, const char *format, ...) HOLDFAST_PRINTF(2, 3);
bool buffer_failed(const struct buffer *buffer);

/* The text, never NULL, or NULL if the buffer failed. Caller frees; the buffer is empty again. */
char *buffer_take(struct buffer *buffer);

/* The text so far: "" while empty. Valid until the next change. */
const char *buffer_text(const struct buffer *buffer);

#define AUTO_BUFFER __attribute__((cleanup(buffer_done)))

#endif

#include "base/buffer.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buffer_done(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = BUFFER_EMPTY;
}

void buffer_clear(struct buffer *buffer)
{
    buffer->size = 0;
    if (buffer->data != NULL)
        buffer->data[0] = '\0';
}

/* Room for `extra` more bytes and the NUL. */
static bool reserve(struct buffer *buffer, size_t extra)
{
    size_t capacity = buffer->capacity > 0 ? buffer->capacity : 64;
    char *grown;

    if (buffer->has_failed)
        return false;
    if (extra > SIZE_MAX / 4 - buffer->size) {
        buffer->has_failed = true;
        return false;
    }
    while (capacity < buffer->size + extra + 1)
        capacity *= 2;
    if (capacity == buffer->capacity)
        return true;
    grown = realloc(buffer->data, capacity);
    if (grown == NULL) {
        buffer->has_failed = true;
        return false;
    }
    buffer->data = grown;
    buffer->capacity = capacity;
    return true;
}

void buffer_add(struct buffer *buffer, const void *bytes, size_t size)
{
    if (!reserve(buffer, size))
        return;
    if (size > 0)
        memcpy(buffer->data + buffer->size, bytes, size);
    buffer->size += size;
    buffer->data[buffer->size] = '\0';
}

void buffer_add_text(struct buffer *buffer, const char *text)
{
    buffer_add(buffer, text, strlen(text));
}

void buffer_add_byte(struct buffer *buffer, char byte)
{
    buffer_add(buffer, &byte, 1);
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list args;
    va_list again;
    int length;

    va_start(args, format);
    va_copy(again, args);
    length = vsnprintf(NULL, 0, format, args);
    if (length < 0)
        buffer->has_failed = true;
    else if (reserve(buffer, (size_t)length)) {
        (void)vsnprintf(buffer->data + buffer->size, (size_t)length + 1, format, again);
        buffer->size += (size_t)length;
    }
    va_end(again);
    va_end(args);
}

bool buffer_failed(const struct buffer *buffer)
{
    return buffer->has_failed;
}

char *buffer_take(struct buffer *buffer)
{
    char *text;

    if (!reserve(buffer, 0))
        return NULL;
    buffer->data[buffer->size] = '\0';
    text = buffer->data;
    *buffer = BUFFER_EMPTY;
    return text;
}

const char *buffer_text(const struct buffer *buffer)
{
    return buffer->data != NULL ? buffer->data : "";
}

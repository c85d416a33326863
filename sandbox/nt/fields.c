#include "sandbox/nt/fields.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "sandbox/nt/bytes.h"

void nt_put_number(struct buffer *out, uint32_t value)
{
    uint8_t bytes[4];

    nt_put32(bytes, value);
    buffer_add(out, bytes, sizeof bytes);
}

void nt_put_text(struct buffer *out, const char *text)
{
    nt_put_number(out, (uint32_t)strlen(text));
    buffer_add_text(out, text);
}

void nt_put_list(struct buffer *out, const struct text_list *list)
{
    nt_put_number(out, (uint32_t)list->count);
    for (size_t i = 0; i < list->count; i++)
        nt_put_text(out, list->items[i]);
}

uint32_t nt_take_number(struct nt_fields *in)
{
    if (in->has_failed || in->size - in->at < 4) {
        in->has_failed = true;
        return 0;
    }
    in->at += 4;
    return nt_get32(in->bytes + in->at - 4);
}

char *nt_take_text(struct nt_fields *in)
{
    size_t length = nt_take_number(in);
    const char *start = (const char *)in->bytes + in->at;
    char *text;

    if (in->has_failed || length > in->size - in->at || memchr(start, '\0', length) != NULL ||
        !text_is_utf8(start, length)) {
        in->has_failed = true;
        return NULL;
    }
    text = text_copy(start, length);
    in->at += length;
    in->has_failed = text == NULL;
    return text;
}

void nt_take_list(struct nt_fields *in, struct text_list *list)
{
    uint32_t count = nt_take_number(in);
    struct error err;

    /* Each text takes four bytes at least: more than that cannot be meant. */
    if (count > (in->size - in->at) / 4)
        in->has_failed = true;
    for (uint32_t i = 0; !in->has_failed && i < count; i++) {
        char *text = nt_take_text(in);

        if (text != NULL && text_list_take(list, text, &err) < 0)
            in->has_failed = true;
    }
}

int nt_fields_end(const struct nt_fields *in, const char *what, struct error *err)
{
    if (in->has_failed)
        return error_set(err, ERR_PROTOCOL, "%s: damaged or cut off", what);
    if (in->at != in->size)
        return error_set(err, ERR_PROTOCOL, "%s: %zu bytes too many", what, in->size - in->at);
    return 0;
}

/* Base64 ------------------------------------------------------------------------------------------ */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

char *nt_base64(const void *bytes, size_t size, struct error *err)
{
    AUTO_BUFFER struct buffer out = BUFFER_EMPTY;
    const uint8_t *in = bytes;
    char *text;

    buffer_add(&out, "", 0);
    for (size_t at = 0; at < size; at += 3) {
        size_t here = size - at < 3 ? size - at : 3;
        uint32_t bits = 0;

        for (size_t i = 0; i < 3; i++)
            bits = bits << 8 | (i < here ? in[at + i] : 0);
        for (size_t i = 0; i <= here; i++)
            buffer_add_byte(&out, alphabet[bits >> (18 - 6 * i) & 63]);
    }
    text = buffer_take(&out);
    if (text == NULL)
        (void)error_memory(err, "base64");
    return text;
}

static int digit_of(char c)
{
    const char *found = c != '\0' ? strchr(alphabet, c) : NULL;

    return found != NULL ? (int)(found - alphabet) : -1;
}

int nt_unbase64(const char *text, uint8_t **bytes, size_t *size, struct error *err)
{
    size_t length = strlen(text);
    AUTO_FREE uint8_t *out = malloc(length + 1);
    size_t used = 0;
    uint32_t bits = 0;

    if (out == NULL)
        return error_memory(err, "base64");
    for (size_t i = 0; i < length; i++) {
        int digit = digit_of(text[i]);

        if (digit < 0)
            return error_set(err, ERR_INVALID, "base64: character %zu is not one of it", i + 1);
        bits = bits << 6 | (uint32_t)digit;
        if (i % 4 != 0)
            out[used++] = (uint8_t)(bits >> (6 - 2 * (i % 4)) & 0xff);
    }
    /* A single digit is no byte; the bits that pad the last one must be zero. */
    if (length % 4 == 1 || (length % 4 == 2 && (bits & 15) != 0) ||
        (length % 4 == 3 && (bits & 3) != 0))
        return error_set(err, ERR_INVALID, "base64: cut off");
    *bytes = TAKE(out);
    *size = used;
    return 0;
}

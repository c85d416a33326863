#include "sandbox/nt/utf16.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"

uint16_t *nt_utf16_from_utf8(const char *text, size_t size, size_t *units, struct error *err)
{
    /* No character has more units than bytes. */
    AUTO_FREE uint16_t *out = size < SIZE_MAX / 4 ? malloc((size + 1) * sizeof *out) : NULL;
    size_t used = 0;

    if (out == NULL) {
        (void)error_memory(err, "UTF-16");
        return NULL;
    }
    for (size_t at = 0; at < size;) {
        uint32_t code = 0;
        size_t step = text_utf8_next(text + at, size - at, &code);

        if (step == 0) {
            (void)error_set(err, ERR_INVALID, "byte %zu is not UTF-8", at);
            return NULL;
        }
        if (code >= 0x10000) {
            out[used++] = (uint16_t)(0xd800 + ((code - 0x10000) >> 10));
            out[used++] = (uint16_t)(0xdc00 + ((code - 0x10000) & 0x3ff));
        } else {
            out[used++] = (uint16_t)code;
        }
        at += step;
    }
    out[used] = 0;
    if (units != NULL)
        *units = used;
    return TAKE(out);
}

/* The character at text[*at], which moves on; 0xffffffff if it is none. */
static uint32_t next_code(const uint16_t *text, size_t units, size_t *at)
{
    uint32_t first = text[(*at)++];
    uint32_t second;

    if (first < 0xd800 || first > 0xdfff)
        return first;
    if (first > 0xdbff || *at == units)
        return UINT32_MAX;
    second = text[(*at)++];
    if (second < 0xdc00 || second > 0xdfff)
        return UINT32_MAX;
    return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
}

static size_t put_code(char *out, uint32_t code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

/* stand_in: put in place of what is no text; 0: that is refused. */
static char *narrow(const uint16_t *text, size_t units, uint32_t stand_in, struct error *err)
{
    /* A unit is at most three bytes; a pair is four. */
    AUTO_FREE char *out = units < SIZE_MAX / 4 ? malloc(units * 3 + 1) : NULL;
    size_t used = 0;

    if (out == NULL) {
        (void)error_memory(err, "UTF-8");
        return NULL;
    }
    for (size_t at = 0; at < units;) {
        size_t start = at;
        uint32_t code = next_code(text, units, &at);

        if (code == 0 || code == UINT32_MAX) {
            if (stand_in == 0) {
                (void)error_set(err, ERR_INVALID, "unit %zu is not UTF-16 text", at - 1);
                return NULL;
            }
            code = stand_in;
            at = start + 1; /* what came behind a lone surrogate may be text */
        }
        used += put_code(out + used, code);
    }
    out[used] = '\0';
    return TAKE(out);
}

char *nt_utf8_from_utf16(const uint16_t *text, size_t units, struct error *err)
{
    return narrow(text, units, 0, err);
}

char *nt_utf8_listed(const uint16_t *text, size_t units, struct error *err)
{
    return narrow(text, units, 0xfffd, err);
}

/* Escaping for each kind of output. Pure; every byte is decided in one of the small writers below. */
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *text_copy(const char *bytes, size_t size)
{
    char *copy = malloc(size + 1);

    if (copy == NULL)
        return NULL;
    if (size > 0)
        memcpy(copy, bytes, size);
    copy[size] = '\0';
    return copy;
}

size_t text_utf8_next(const char *bytes, size_t size, uint32_t *code)
{
    const unsigned char *b = (const unsigned char *)bytes;
    uint32_t value;
    size_t length;

    if (size == 0)
        return 0;
    if (b[0] < 0x80) {
        *code = b[0];
        return 1;
    }
    if (b[0] >= 0xc2 && b[0] <= 0xdf)
        length = 2;
    else if ((b[0] & 0xf0) == 0xe0)
        length = 3;
    else if (b[0] >= 0xf0 && b[0] <= 0xf4)
        length = 4;
    else
        return 0;
    if (size < length)
        return 0;
    value = (uint32_t)(b[0] & (0xffu >> (length + 1)));
    for (size_t i = 1; i < length; i++) {
        if ((b[i] & 0xc0) != 0x80)
            return 0;
        value = (value << 6) | (b[i] & 0x3fu);
    }
    if ((length == 3 && value < 0x800) || (length == 4 && value < 0x10000) || value > 0x10ffff ||
        (value >= 0xd800 && value <= 0xdfff))
        return 0;
    *code = value;
    return length;
}

bool text_is_utf8(const char *bytes, size_t size)
{
    uint32_t code;

    for (size_t at = 0; at < size;) {
        size_t step = text_utf8_next(bytes + at, size - at, &code);

        if (step == 0)
            return false;
        at += step;
    }
    return true;
}

bool text_is_deceptive(uint32_t code)
{
    return (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2060 && code <= 0x206f) || code == 0x061c || code == 0xfeff ||
           code == 0x00ad || (code >= 0xfff9 && code <= 0xfffb) ||
           (code >= 0xe0000 && code <= 0xe007f);
}

static bool is_control(uint32_t code)
{
    return code < 0x20 || code == 0x7f || (code >= 0x80 && code <= 0x9f);
}

/* Each writer gets one character: its value (or -1 for a byte that is not UTF-8) and its bytes. */
typedef void (*write_character)(struct buffer *out, int64_t code, const char *bytes, size_t length);

static void each_character(struct buffer *out, const char *bytes, size_t size, write_character put)
{
    for (size_t at = 0; at < size;) {
        uint32_t code = 0;
        size_t step = text_utf8_next(bytes + at, size - at, &code);

        if (step == 0) {
            put(out, -1, bytes + at, 1);
            step = 1;
        } else {
            put(out, code, bytes + at, step);
        }
        at += step;
    }
}

/* The visible form of a character that must not act; at most 12 bytes. */
static size_t visible_form(char *form, size_t form_size, int64_t code, const char *bytes)
{
    int length;

    if (code == '\n')
        length = snprintf(form, form_size, "\\n");
    else if (code == '\t')
        length = snprintf(form, form_size, "\\t");
    else if (code == '\r')
        length = snprintf(form, form_size, "\\r");
    else if (code < 0)
        length = snprintf(form, form_size, "\\x%02x", (unsigned)(unsigned char)bytes[0]);
    else if (code < 0x100)
        length = snprintf(form, form_size, "\\x%02x", (unsigned)code);
    else
        length = snprintf(form, form_size, "\\u{%x}", (unsigned)code);
    return length > 0 ? (size_t)length : 0;
}

static bool must_be_visible(int64_t code)
{
    return code < 0 || is_control((uint32_t)code) || text_is_deceptive((uint32_t)code);
}

static void put_terminal(struct buffer *out, int64_t code, const char *bytes, size_t length)
{
    char form[16];

    if (must_be_visible(code))
        buffer_add(out, form, visible_form(form, sizeof form, code, bytes));
    else
        buffer_add(out, bytes, length);
}

void text_escape_terminal(struct buffer *out, const char *bytes, size_t size)
{
    each_character(out, bytes, size, put_terminal);
}

void text_escape_terminal_into(char *out, size_t out_size, const char *text)
{
    size_t size = strlen(text);
    size_t used = 0;

    for (size_t at = 0; at < size;) {
        char form[16];
        const char *piece = text + at;
        uint32_t code = 0;
        size_t step = text_utf8_next(text + at, size - at, &code);
        size_t length = step;
        int64_t value = step == 0 ? -1 : (int64_t)code;

        if (must_be_visible(value)) {
            length = visible_form(form, sizeof form, value, text + at);
            piece = form;
        }
        if (used + length + 1 > out_size)
            break;
        memcpy(out + used, piece, length);
        used += length;
        at += step == 0 ? 1 : step;
    }
    if (out_size > 0)
        out[used] = '\0';
}

static void put_json(struct buffer *out, int64_t code, const char *bytes, size_t length)
{
    if (code < 0)
        buffer_add_text(out, "\\ufffd");
    else if (code == '"' || code == '\\') {
        buffer_add_byte(out, '\\');
        buffer_add_byte(out, (char)code);
    } else if (is_control((uint32_t)code) || code == 0x2028 || code == 0x2029)
        buffer_printf(out, "\\u%04x", (unsigned)code);
    else
        buffer_add(out, bytes, length);
}

void text_escape_json(struct buffer *out, const char *bytes, size_t size)
{
    each_character(out, bytes, size, put_json);
}

/* What XML and HTML share: the five characters that are markup. NULL: not one of them. */
static const char *markup_entity(int64_t code)
{
    switch (code) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

static void put_xml(struct buffer *out, int64_t code, const char *bytes, size_t length)
{
    const char *entity = markup_entity(code);

    if (entity != NULL)
        buffer_add_text(out, entity);
    else if (code == '\n' || code == '\t')
        buffer_printf(out, "&#%d;", (int)code);
    else if (must_be_visible(code) || code == 0xfffe || code == 0xffff)
        buffer_add_text(out, "\xef\xbf\xbd");
    else
        buffer_add(out, bytes, length);
}

void text_escape_xml(struct buffer *out, const char *bytes, size_t size)
{
    each_character(out, bytes, size, put_xml);
}

static void put_html(struct buffer *out, int64_t code, const char *bytes, size_t length)
{
    const char *entity = markup_entity(code);

    if (entity != NULL)
        buffer_add_text(out, entity);
    else if (code == '\n')
        buffer_add_byte(out, '\n');
    else
        put_terminal(out, code, bytes, length);
}

void text_escape_html(struct buffer *out, const char *bytes, size_t size)
{
    each_character(out, bytes, size, put_html);
}

static bool is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A dash inside a word is no list and no rule: names stay readable in the source. A point after "www"
 * would make a link of it on GitHub. */
static bool is_plain_in_place(const struct buffer *out, int64_t code)
{
    const char *end = buffer_text(out) + out->size;

    if (code == '-')
        return out->size > 0 && is_alphanumeric(end[-1]);
    return code == '.' && (out->size < 3 || (end[-1] | 32) != 'w' || (end[-2] | 32) != 'w' ||
                           (end[-3] | 32) != 'w');
}

/* ASCII punctuation as a numeric entity is text in every Markdown dialect, also inside a table. */
static void put_markdown(struct buffer *out, int64_t code, const char *bytes, size_t length)
{
    char form[16];

    if (must_be_visible(code)) {
        size_t used = visible_form(form, sizeof form, code, bytes);

        for (size_t i = 0; i < used; i++)
            put_markdown(out, (unsigned char)form[i], form + i, 1);
    } else if (code < 0x80 && strchr("\\`*_{}[]<>()#+!|~&$@:\"'=-.^", (int)code) != NULL &&
               !is_plain_in_place(out, code))
        buffer_printf(out, "&#%d;", (int)code);
    else
        buffer_add(out, bytes, length);
}

void text_escape_markdown(struct buffer *out, const char *bytes, size_t size)
{
    each_character(out, bytes, size, put_markdown);
}

static void put_csv(struct buffer *out, int64_t code, const char *bytes, size_t length)
{
    if (code == '"')
        buffer_add_text(out, "\"\"");
    else
        put_terminal(out, code, bytes, length);
}

void text_escape_csv(struct buffer *out, const char *bytes, size_t size)
{
    buffer_add_byte(out, '"');
    if (size > 0 && strchr("=+-@\t\r", bytes[0]) != NULL && bytes[0] != '\0')
        buffer_add_byte(out, '\'');
    each_character(out, bytes, size, put_csv);
    buffer_add_byte(out, '"');
}

bool text_parse_u64(const char *text, uint64_t max, uint64_t *value)
{
    uint64_t number = 0;

    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        uint64_t digit;

        if (*text < '0' || *text > '9')
            return false;
        digit = (uint64_t)(*text - '0');
        if (number > (max - digit) / 10 || digit > max)
            return false;
        number = number * 10 + digit;
    }
    *value = number;
    return true;
}

/* Greedy with one remembered star: linear in practice, no recursion to blow up. */
bool text_matches(const char *pattern, const char *text)
{
    const char *star = NULL;
    const char *resume = NULL;

    while (*text != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            resume = text;
        } else if (*pattern == '?' || *pattern == *text) {
            pattern++;
            text++;
        } else if (star != NULL) {
            pattern = star + 1;
            text = ++resume;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

#include "sandbox/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buffer.h"
#include "base/text.h"

struct reader {
    const char *bytes;
    size_t size;
    size_t at;
    unsigned line;
    unsigned depth;
    struct error *err;
};

const char *json_type_name(enum json_type type)
{
    switch (type) {
    case JSON_NULL:
        return "null";
    case JSON_BOOLEAN:
        return "boolean";
    case JSON_NUMBER:
        return "number";
    case JSON_STRING:
        return "string";
    case JSON_ARRAY:
        return "array";
    case JSON_OBJECT:
        return "object";
    }
    return "unknown";
}

void json_free(struct json_value *value)
{
    while (value != NULL) {
        struct json_value *next = value->next;

        json_free(value->first); /* at most JSON_DEPTH_MAX deep */
        free((char *)(uintptr_t)value->text);
        free((char *)(uintptr_t)value->key);
        free(value);
        value = next;
    }
}

static void json_free_slot(struct json_value **slot)
{
    json_free(*slot);
}

#define AUTO_JSON __attribute__((cleanup(json_free_slot)))

static int complain(struct reader *in, const char *problem)
{
    size_t start = in->at < in->size ? in->at : in->size;
    size_t column = 1;

    while (start > 0 && in->bytes[start - 1] != '\n') {
        start--;
        column++;
    }
    return error_set(in->err, ERR_INVALID, "line %u, column %zu: %s", in->line, column, problem);
}

/* The next byte, or -1 at the end. */
static int peek(const struct reader *in)
{
    return in->at < in->size ? (unsigned char)in->bytes[in->at] : -1;
}

static void skip_space(struct reader *in)
{
    int c;

    while ((c = peek(in)) == ' ' || c == '\t' || c == '\n' || c == '\r') {
        if (c == '\n')
            in->line++;
        in->at++;
    }
}

static bool take(struct reader *in, char wanted)
{
    if (peek(in) != (unsigned char)wanted)
        return false;
    in->at++;
    return true;
}

static int hex_digit(int c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static int read_hex4(struct reader *in, uint32_t *code)
{
    *code = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(peek(in));

        if (digit < 0)
            return complain(in, "\\u needs four hexadecimal digits");
        *code = *code * 16 + (uint32_t)digit;
        in->at++;
    }
    return 0;
}

static void add_utf8(struct buffer *out, uint32_t code)
{
    if (code < 0x80) {
        buffer_add_byte(out, (char)code);
    } else if (code < 0x800) {
        buffer_add_byte(out, (char)(0xc0 | (code >> 6)));
        buffer_add_byte(out, (char)(0x80 | (code & 0x3f)));
    } else if (code < 0x10000) {
        buffer_add_byte(out, (char)(0xe0 | (code >> 12)));
        buffer_add_byte(out, (char)(0x80 | ((code >> 6) & 0x3f)));
        buffer_add_byte(out, (char)(0x80 | (code & 0x3f)));
    } else {
        buffer_add_byte(out, (char)(0xf0 | (code >> 18)));
        buffer_add_byte(out, (char)(0x80 | ((code >> 12) & 0x3f)));
        buffer_add_byte(out, (char)(0x80 | ((code >> 6) & 0x3f)));
        buffer_add_byte(out, (char)(0x80 | (code & 0x3f)));
    }
}

static int read_unicode_escape(struct reader *in, struct buffer *out)
{
    uint32_t code;
    uint32_t low;

    if (read_hex4(in, &code) < 0)
        return -1;
    if (code == 0)
        return complain(in, "\\u0000 cannot be part of a text here");
    if (code >= 0xdc00 && code <= 0xdfff)
        return complain(in, "a low surrogate without its high one");
    if (code >= 0xd800 && code <= 0xdbff) {
        if (!take(in, '\\') || !take(in, 'u'))
            return complain(in, "a high surrogate without its low one");
        if (read_hex4(in, &low) < 0)
            return -1;
        if (low < 0xdc00 || low > 0xdfff)
            return complain(in, "a high surrogate without its low one");
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    add_utf8(out, code);
    return 0;
}

static int read_escape(struct reader *in, struct buffer *out)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    int c = peek(in);
    const char *found = c > 0 ? strchr(letters, c) : NULL;

    if (c == 'u') {
        in->at++;
        return read_unicode_escape(in, out);
    }
    if (found == NULL)
        return complain(in, "unknown escape");
    in->at++;
    buffer_add_byte(out, meanings[found - letters]);
    return 0;
}

/* The inside of a string; the opening quote has been taken. NULL on failure. */
static char *read_string(struct reader *in)
{
    AUTO_BUFFER struct buffer out = BUFFER_EMPTY;
    char *text;

    for (;;) {
        uint32_t code;
        size_t length;

        if (in->at >= in->size) {
            (void)complain(in, "the text does not end");
            return NULL;
        }
        if (take(in, '"'))
            break;
        if (take(in, '\\')) {
            if (read_escape(in, &out) < 0)
                return NULL;
            continue;
        }
        length = text_utf8_next(in->bytes + in->at, in->size - in->at, &code);
        if (length == 0 || code < 0x20) {
            (void)complain(in, length == 0 ? "not UTF-8" : "a control character inside a text");
            return NULL;
        }
        buffer_add(&out, in->bytes + in->at, length);
        in->at += length;
    }
    text = buffer_take(&out);
    if (text == NULL)
        (void)error_memory(in->err, "JSON text");
    return text;
}

static size_t skip_digits(struct reader *in)
{
    size_t start = in->at;

    while (peek(in) >= '0' && peek(in) <= '9')
        in->at++;
    return in->at - start;
}

static int read_number(struct reader *in, struct json_value *value)
{
    size_t start = in->at;
    bool is_whole = !take(in, '-');
    char *text;

    if (!take(in, '0') && skip_digits(in) == 0)
        return complain(in, "not a value");
    if (take(in, '.')) {
        is_whole = false;
        if (skip_digits(in) == 0)
            return complain(in, "digits must follow the point");
    }
    if (take(in, 'e') || take(in, 'E')) {
        is_whole = false;
        if (!take(in, '+'))
            (void)take(in, '-');
        if (skip_digits(in) == 0)
            return complain(in, "digits must follow the exponent");
    }
    text = text_copy(in->bytes + start, in->at - start);
    if (text == NULL)
        return error_memory(in->err, "JSON number");
    value->type = JSON_NUMBER;
    value->text = text;
    value->is_whole = is_whole && text_parse_u64(text, UINT64_MAX, &value->whole);
    return 0;
}

static int read_word(struct reader *in, struct json_value *value)
{
    static const struct {
        const char *word;
        enum json_type type;
        bool is_true;
    } words[] = {
        {"true", JSON_BOOLEAN, true}, {"false", JSON_BOOLEAN, false}, {"null", JSON_NULL, false}};

    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        size_t length = strlen(words[i].word);

        if (in->size - in->at < length || memcmp(in->bytes + in->at, words[i].word, length) != 0)
            continue;
        in->at += length;
        value->type = words[i].type;
        value->is_true = words[i].is_true;
        return 0;
    }
    return complain(in, "not a value");
}

static struct json_value *read_value(struct reader *in);

static bool has_key(const struct json_value *object, const char *key)
{
    for (const struct json_value *member = object->first; member != NULL; member = member->next) {
        if (strcmp(member->key, key) == 0)
            return true;
    }
    return false;
}

/* The key and the colon of one member. NULL on failure. */
static char *read_key(struct reader *in, const struct json_value *object)
{
    AUTO_FREE char *key = NULL;

    skip_space(in);
    if (!take(in, '"')) {
        (void)complain(in, "a key in quotes was expected");
        return NULL;
    }
    key = read_string(in);
    if (key == NULL)
        return NULL;
    if (has_key(object, key)) {
        (void)error_set(in->err, ERR_INVALID, "line %u: the key \"%s\" appears twice", in->line,
                        key);
        return NULL;
    }
    skip_space(in);
    if (!take(in, ':')) {
        (void)complain(in, "':' was expected");
        return NULL;
    }
    return TAKE(key);
}

/* One member or element, appended at *end. */
static struct json_value **read_member(struct reader *in, struct json_value *parent,
                                       struct json_value **end)
{
    AUTO_FREE char *key = NULL;
    struct json_value *value;

    if (parent->type == JSON_OBJECT) {
        key = read_key(in, parent);
        if (key == NULL)
            return NULL;
    }
    value = read_value(in);
    if (value == NULL)
        return NULL;
    value->key = TAKE(key);
    *end = value;
    return &value->next;
}

static int read_members(struct reader *in, struct json_value *parent, char close)
{
    struct json_value **end = &parent->first;

    skip_space(in);
    if (take(in, close))
        return 0;
    do {
        end = read_member(in, parent, end);
        if (end == NULL)
            return -1;
        skip_space(in);
    } while (take(in, ','));
    if (!take(in, close))
        return complain(in, close == '}' ? "',' or '}' was expected" : "',' or ']' was expected");
    return 0;
}

static int read_container(struct reader *in, struct json_value *value, char close)
{
    int result;

    if (in->depth == JSON_DEPTH_MAX)
        return complain(in, "nested too deeply");
    in->depth++;
    value->type = close == '}' ? JSON_OBJECT : JSON_ARRAY;
    result = read_members(in, value, close);
    in->depth--;
    return result;
}

static int read_into(struct reader *in, struct json_value *value)
{
    if (take(in, '{'))
        return read_container(in, value, '}');
    if (take(in, '['))
        return read_container(in, value, ']');
    if (take(in, '"')) {
        value->type = JSON_STRING;
        value->text = read_string(in);
        return value->text != NULL ? 0 : -1;
    }
    if (peek(in) == '-' || (peek(in) >= '0' && peek(in) <= '9'))
        return read_number(in, value);
    return read_word(in, value);
}

static struct json_value *read_value(struct reader *in)
{
    AUTO_JSON struct json_value *value = calloc(1, sizeof *value);

    if (value == NULL) {
        (void)error_memory(in->err, "JSON value");
        return NULL;
    }
    skip_space(in);
    value->line = in->line;
    if (read_into(in, value) < 0)
        return NULL;
    return TAKE(value);
}

struct json_value *json_read(const char *bytes, size_t size, struct error *err)
{
    struct reader in = {.bytes = bytes, .size = size, .line = 1, .err = err};
    AUTO_JSON struct json_value *value = NULL;

    if (size > JSON_SIZE_MAX) {
        (void)error_set(err, ERR_INVALID, "larger than %d bytes", JSON_SIZE_MAX);
        return NULL;
    }
    value = read_value(&in);
    if (value == NULL)
        return NULL;
    skip_space(&in);
    if (in.at != in.size) {
        (void)complain(&in, "text after the end of the value");
        return NULL;
    }
    return TAKE(value);
}

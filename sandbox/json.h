/*
 * A strict reader of JSON (RFC 8259) for policies: bounded, without
 * surprises. Refused, each with the line and column: duplicate keys, text
 * after the value, bytes that are not UTF-8, \u0000, lone surrogates,
 * nesting deeper than JSON_DEPTH_MAX, more than JSON_SIZE_MAX bytes.
 * Pure. jansson is not used here: the launcher is one small static program.
 */
#ifndef HOLDFAST_SANDBOX_JSON_H
#define HOLDFAST_SANDBOX_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
    JSON_DEPTH_MAX = 32,
    JSON_SIZE_MAX = 1 << 20
};

enum json_type {
    JSON_NULL,
    JSON_BOOLEAN,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

struct json_value {
    enum json_type type;
    bool is_true;     /* JSON_BOOLEAN */
    bool is_whole;    /* JSON_NUMBER: written without sign, point or exponent, and it fits */
    uint64_t whole;   /* ... and this is it */
    const char *text; /* JSON_STRING: NUL-terminated; JSON_NUMBER: as written */
    const char *key;  /* name inside an object, else NULL */
    unsigned line;    /* where it begins, from 1 */
    struct json_value *first; /* of an array or object, in order of appearance */
    struct json_value *next;  /* sibling */
};

/* The value, or NULL with ERR_INVALID. Free the whole tree with json_free. */
struct json_value *json_read(const char *bytes, size_t size, struct error *err);
void json_free(struct json_value *value);

/* "string", for messages. */
const char *json_type_name(enum json_type type);

#endif

/* Our reader of JSON against jansson, as libFuzzer finds inputs: what we accept jansson accepts, with the
 * same strings and whole numbers; what we refuse and jansson accepts is one of the things json.h names.
 * Built by ci/fuzz. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Both headers use these names, and jansson's checks are macros that use them: what is needed of them
 * comes before ours. */
static int is_object(const json_t *value)
{
    return json_is_object(value);
}

static int is_array(const json_t *value)
{
    return json_is_array(value);
}

static int is_string(const json_t *value)
{
    return json_is_string(value);
}

static int is_number(const json_t *value)
{
    return json_is_number(value);
}

static int is_integer(const json_t *value)
{
    return json_is_integer(value);
}

static int is_boolean(const json_t *value)
{
    return json_is_boolean(value);
}

static int is_true(const json_t *value)
{
    return json_is_true(value);
}

static int is_null(const json_t *value)
{
    return json_is_null(value);
}

#define JSON_NULL   OUR_NULL
#define JSON_STRING OUR_STRING
#define JSON_ARRAY  OUR_ARRAY
#define JSON_OBJECT OUR_OBJECT
#include "sandbox/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t count_children(const struct json_value *value)
{
    size_t count = 0;

    for (const struct json_value *item = value->first; item != NULL; item = item->next)
        count++;
    return count;
}

static void compare(const struct json_value *ours, json_t *theirs)
{
    size_t i = 0;

    switch (ours->type) {
    case JSON_OBJECT:
        if (!is_object(theirs) || json_object_size(theirs) != count_children(ours))
            abort();
        for (const struct json_value *item = ours->first; item != NULL; item = item->next)
            compare(item, json_object_get(theirs, item->key));
        return;
    case JSON_ARRAY:
        if (!is_array(theirs) || json_array_size(theirs) != count_children(ours))
            abort();
        for (const struct json_value *item = ours->first; item != NULL; item = item->next)
            compare(item, json_array_get(theirs, i++));
        return;
    case JSON_STRING:
        if (!is_string(theirs) || strcmp(ours->text, json_string_value(theirs)) != 0)
            abort();
        return;
    case JSON_NUMBER:
        if (!is_number(theirs) || (ours->is_whole && is_integer(theirs) &&
                                   (uint64_t)json_integer_value(theirs) != ours->whole))
            abort();
        return;
    case JSON_BOOLEAN:
        if (!is_boolean(theirs) || is_true(theirs) != ours->is_true)
            abort();
        return;
    case JSON_NULL:
        if (!is_null(theirs))
            abort();
        return;
    }
}

/* jansson knows no number too large for it; we keep those as text, and no policy takes them. */
static int is_range(const json_error_t *error)
{
    return strstr(error->text, "too big") != NULL ||
           strstr(error->text, "real number overflow") != NULL;
}

/* Things that only we refuse; jansson takes a NUL behind the value for the end of the text. */
static int is_known(const char *message, const uint8_t *data, size_t size)
{
    return memchr(data, 0, size) != NULL || size > JSON_SIZE_MAX ||
           strstr(message, "deep") != NULL || strstr(message, "0000") != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = {0};
    json_error_t error = {0};
    struct json_value *ours = json_read((const char *)data, size, &err);
    json_t *theirs = json_loadb((const char *)data, size,
                                JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);

    if (ours != NULL && theirs == NULL && !is_range(&error))
        abort();
    if (ours == NULL && theirs != NULL && !is_known(err.message, data, size))
        abort();
    if (ours != NULL && theirs != NULL)
        compare(ours, theirs);
    json_free(ours);
    json_decref(theirs);
    return 0;
}

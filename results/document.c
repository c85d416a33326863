#include "results/document.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buffer.h"
#include "base/os.h"
#include "base/text.h"

/* 500 runs of the whole catalogue would not reach it; a larger file is not one of ours. */
static const size_t size_max = 256u << 20;

void document_free(json_t **value)
{
    json_decref(*value);
    *value = NULL;
}

json_t *document_read(const char *path, struct error *err)
{
    AUTO_FREE char *bytes = NULL;
    size_t size = 0;
    json_error_t problem;
    json_t *root;

    if (os_read_file(path, size_max, &bytes, &size, err) < 0)
        return NULL;
    root = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &problem);
    if (root == NULL)
        (void)error_set(err, ERR_CORRUPT, "%s: line %d, column %d: %s", path, problem.line,
                        problem.column, problem.text);
    return root;
}

/* jansson allocates with malloc here; nobody in this program replaces its functions. */
static char *dump(const json_t *root, size_t *size)
{
    char *text = json_dumps(root, JSON_INDENT(1) | JSON_ENSURE_ASCII);
    size_t length;
    char *grown;

    if (text == NULL)
        return NULL;
    length = strlen(text);
    grown = realloc(text, length + 2);
    if (grown == NULL) {
        free(text);
        return NULL;
    }
    grown[length] = '\n';
    grown[length + 1] = '\0';
    *size = length + 1;
    return grown;
}

int document_write(const json_t *root, const char *path, struct error *err)
{
    size_t size = 0;
    AUTO_FREE char *text = dump(root, &size);

    if (text == NULL)
        return error_memory(err, path);
    return os_replace_file(path, text, size, err);
}

int document_print(const json_t *root, struct error *err)
{
    size_t size = 0;
    AUTO_FREE char *text = dump(root, &size);

    if (text == NULL)
        return error_memory(err, "output");
    if (fwrite(text, 1, size, stdout) != size || fflush(stdout) != 0)
        return error_set(err, ERR_OS, "write to standard output");
    return 0;
}

json_t *document_text(const char *text)
{
    AUTO_BUFFER struct buffer clean = BUFFER_EMPTY;
    size_t size;

    if (text == NULL)
        return json_null();
    size = strlen(text);
    if (text_is_utf8(text, size))
        return json_stringn(text, size);
    for (size_t at = 0; at < size;) {
        uint32_t code = 0;
        size_t step = text_utf8_next(text + at, size - at, &code);

        if (step == 0)
            buffer_add_text(&clean, "\xef\xbf\xbd");
        else
            buffer_add(&clean, text + at, step);
        at += step == 0 ? 1 : step;
    }
    return buffer_failed(&clean) ? NULL : json_stringn(buffer_text(&clean), clean.size);
}

json_t *document_real(double value)
{
    return value >= -DBL_MAX && value <= DBL_MAX ? json_real(value) : json_null();
}

int document_only_keys(const json_t *object, const char *const *keys, struct error *err)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)object, key, value)
    {
        const char *const *known = keys;

        if (strncmp(key, "x_", 2) == 0)
            continue;
        while (*known != NULL && strcmp(*known, key) != 0)
            known++;
        if (*known == NULL)
            return error_set(err, ERR_CORRUPT, "%s: unknown key", key);
    }
    return 0;
}

int document_get_object(const json_t *object, const char *key, const json_t **value,
                        struct error *err)
{
    const json_t *found = json_object_get(object, key);

    if (!json_is_object(found))
        return error_set(err, ERR_CORRUPT, "%s: %s", key,
                         found == NULL ? "is missing" : "not an object");
    *value = found;
    return 0;
}

int document_get_array(const json_t *object, const char *key, const json_t **value,
                       struct error *err)
{
    const json_t *found = json_object_get(object, key);

    if (!json_is_array(found))
        return error_set(err, ERR_CORRUPT, "%s: %s", key,
                         found == NULL ? "is missing" : "not an array");
    *value = found;
    return 0;
}

int document_get_text(const json_t *object, const char *key, bool is_required, char **text,
                      struct error *err)
{
    const json_t *found = json_object_get(object, key);
    char *copy = NULL;

    if (found == NULL || json_is_null(found)) {
        if (is_required)
            return error_set(err, ERR_CORRUPT, "%s: is missing", key);
        *text = NULL;
        return 0;
    }
    if (!json_is_string(found))
        return error_set(err, ERR_CORRUPT, "%s: not a string", key);
    copy = strdup(json_string_value(found));
    if (copy == NULL)
        return error_memory(err, key);
    *text = copy;
    return 0;
}

int document_get_word(const json_t *object, const char *key, const char **text, struct error *err)
{
    const json_t *found = json_object_get(object, key);

    if (!json_is_string(found))
        return error_set(err, ERR_CORRUPT, "%s: %s", key,
                         found == NULL ? "is missing" : "not a string");
    *text = json_string_value(found);
    return 0;
}

int document_get_u64(const json_t *object, const char *key, uint64_t max, uint64_t *value,
                     struct error *err)
{
    const json_t *found = json_object_get(object, key);

    if (!json_is_integer(found))
        return error_set(err, ERR_CORRUPT, "%s: %s", key,
                         found == NULL ? "is missing" : "not a whole number");
    if (json_integer_value(found) < 0 || (uint64_t)json_integer_value(found) > max)
        return error_set(err, ERR_CORRUPT, "%s: not in 0 .. %llu", key, (unsigned long long)max);
    *value = (uint64_t)json_integer_value(found);
    return 0;
}

int document_get_real(const json_t *object, const char *key, double *value, struct error *err)
{
    const json_t *found = json_object_get(object, key);

    if (!json_is_number(found))
        return error_set(err, ERR_CORRUPT, "%s: %s", key,
                         found == NULL ? "is missing" : "not a number");
    *value = json_number_value(found);
    return 0;
}

int document_get_bool(const json_t *object, const char *key, bool *value, struct error *err)
{
    const json_t *found = json_object_get(object, key);

    if (found == NULL)
        return 0;
    if (!json_is_boolean(found))
        return error_set(err, ERR_CORRUPT, "%s: neither true nor false", key);
    *value = json_is_true(found);
    return 0;
}

const char *document_schema(const json_t *root)
{
    return json_string_value(json_object_get(root, "schema"));
}

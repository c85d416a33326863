/*
 * JSON documents, strictly: what is read is a regular file of bounded size,
 * valid UTF-8, without duplicate keys; members are asked for by type and every
 * error names the key. Around jansson, whose traps it closes (strings that are
 * not UTF-8, NaN, duplicate keys).
 */
#ifndef HOLDFAST_RESULTS_DOCUMENT_H
#define HOLDFAST_RESULTS_DOCUMENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define AUTO_JSON __attribute__((cleanup(document_free)))
void document_free(json_t **value);

/* ERR_CORRUPT (not JSON) or the error of reading; names path, line and column. */
json_t *document_read(const char *path, struct error *err);
/* Pure ASCII, indented, ends with a newline, replaces the file at once. */
int document_write(const json_t *root, const char *path, struct error *err);
/* To stdout, the same form. */
int document_print(const json_t *root, struct error *err);

/* A string from any bytes: what is not UTF-8 becomes U+FFFD. NULL text gives JSON null. */
json_t *document_text(const char *text);
/* A number, or null for NaN and infinity, which JSON does not have. */
json_t *document_real(double value);

/* Members of an object; -1: ERR_CORRUPT that names the key. Outputs are untouched on failure. */
int document_only_keys(const json_t *object, const char *const *keys, struct error *err);
int document_get_object(const json_t *object, const char *key, const json_t **value,
                        struct error *err);
int document_get_array(const json_t *object, const char *key, const json_t **value,
                       struct error *err);
/* A copy; caller frees. Absent or null: *text = NULL, an error if is_required. */
int document_get_text(const json_t *object, const char *key, bool is_required, char **text,
                      struct error *err);
/* Borrows from object. */
int document_get_word(const json_t *object, const char *key, const char **text, struct error *err);
int document_get_u64(const json_t *object, const char *key, uint64_t max, uint64_t *value,
                     struct error *err);
int document_get_real(const json_t *object, const char *key, double *value, struct error *err);
/* Absent: *value is left as it is. */
int document_get_bool(const json_t *object, const char *key, bool *value, struct error *err);

/* "schema" of a document, NULL if it has none. Borrows. */
const char *document_schema(const json_t *root);

#endif

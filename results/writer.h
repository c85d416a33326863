/*
 * What the text formats share: hostile text bounded and made inert, and the
 * finished text written at once.
 */
#ifndef HOLDFAST_RESULTS_WRITER_H
#define HOLDFAST_RESULTS_WRITER_H

#include <jansson.h>
#include <stddef.h>

#include "base/buffer.h"
#include "results/model.h"

/* One of base/text.h. */
typedef void (*escape_text)(struct buffer *out, const char *bytes, size_t size);

/* The first `most` bytes of text (cut between characters), escaped, and how many were left out.
 * NULL text adds nothing. */
void write_text(struct buffer *out, const char *text, size_t most, escape_text escape);

/* A double-quoted string that is at once JSON and YAML, pure ASCII; control and bidi characters
 * are visible and not only escaped, so that no reader brings them back to life. */
void write_quoted(struct buffer *out, const char *text, size_t most);

/* The same as a value for jansson; NULL text gives JSON null. */
json_t *visible_text(const char *text, size_t most);

/* The buffer as a file; -1 also when the buffer failed. */
int write_file(struct buffer *out, const char *path, struct error *err);

/* What one line says about a case besides its id: its reason, or else its evidence. May be NULL. */
const char *case_words(const struct result_case *row);

#endif

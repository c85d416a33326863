/* Lists of words, and command lines cut into them. */
#ifndef HOLDFAST_BENCH_WORDS_H
#define HOLDFAST_BENCH_WORDS_H

#include <stddef.h>

#include "base/error.h"

/* items is NULL-terminated once something was added: an argv. Owns the words. */
struct words {
    char **items;
    size_t count;
};

#define WORDS_EMPTY ((struct words){0})

void words_done(struct words *words);
int words_add(struct words *words, const char *word, struct error *err);
int words_add_sized(struct words *words, const char *word, size_t size, struct error *err);
int words_add_all(struct words *words, const char *const *more, struct error *err);
/* printf into one word. */
int words_add_format(struct words *words, struct error *err, const char *format, ...)
    HOLDFAST_PRINTF(3, 4);

/* Cuts a command line as a POSIX shell would cut it into words, quotes and backslashes included,
 * and expands nothing. Appends. ERR_USAGE: a quote that is not closed, or no word at all. */
int words_split(const char *line, struct words *words, struct error *err);

/* Parts of a text between commas; "a,,b" has an empty one, and "\\," is a comma of a part. Appends. */
int words_split_commas(const char *text, struct words *words, struct error *err);

#define AUTO_WORDS __attribute__((cleanup(words_done)))

#endif

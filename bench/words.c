#include "bench/words.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buffer.h"

void words_done(struct words *words)
{
    for (size_t i = 0; i < words->count; i++)
        free(words->items[i]);
    free(words->items);
    *words = WORDS_EMPTY;
}

int words_add_sized(struct words *words, const char *word, size_t size, struct error *err)
{
    AUTO_FREE char *copy = strndup(word, size);
    char **grown = realloc(words->items, (words->count + 2) * sizeof *grown);

    if (grown != NULL)
        words->items = grown;
    if (copy == NULL || grown == NULL)
        return error_memory(err, "a list of words");
    words->items[words->count++] = TAKE(copy);
    words->items[words->count] = NULL;
    return 0;
}

int words_add(struct words *words, const char *word, struct error *err)
{
    return words_add_sized(words, word, strlen(word), err);
}

int words_add_all(struct words *words, const char *const *more, struct error *err)
{
    for (; *more != NULL; more++) {
        if (words_add(words, *more, err) < 0)
            return -1;
    }
    return 0;
}

int words_add_format(struct words *words, struct error *err, const char *format, ...)
{
    char small[512];
    va_list arguments;
    int size;

    va_start(arguments, format);
    size = vsnprintf(small, sizeof small, format, arguments);
    va_end(arguments);
    if (size >= 0 && (size_t)size < sizeof small)
        return words_add(words, small, err);
    return error_set(err, ERR_INVALID, "a word is longer than %zu bytes", sizeof small);
}

/* What a backslash does inside double quotes (POSIX XCU 2.2.3). */
static bool is_escapable_in_quotes(char byte)
{
    return byte == '$' || byte == '`' || byte == '"' || byte == '\\' || byte == '\n';
}

/* One word from *line on, which is not a blank. Returns -1 for an open quote. */
static int cut_word(const char **line, struct buffer *word)
{
    char quote = '\0';
    const char *at = *line;

    for (; *at != '\0' && (quote != '\0' || strchr(" \t\n", *at) == NULL); at++) {
        if (quote == '\0' && (*at == '\'' || *at == '"')) {
            quote = *at;
        } else if (quote != '\0' && *at == quote) {
            quote = '\0';
        } else if (*at == '\\' && quote != '\'' && at[1] != '\0' &&
                   (quote == '\0' || is_escapable_in_quotes(at[1]))) {
            at++;
            if (*at != '\n') /* a continued line */
                buffer_add_byte(word, *at);
        } else {
            buffer_add_byte(word, *at);
        }
    }
    *line = at;
    return quote == '\0' ? 0 : -1;
}

int words_split(const char *line, struct words *words, struct error *err)
{
    const char *rest = line;
    size_t before = words->count;

    for (;;) {
        AUTO_BUFFER struct buffer word = BUFFER_EMPTY;

        rest += strspn(rest, " \t\n");
        if (*rest == '\0')
            break;
        if (cut_word(&rest, &word) < 0)
            return error_set(err, ERR_USAGE, "%s: a quote is not closed", line);
        if (buffer_failed(&word) || words_add(words, buffer_text(&word), err) < 0)
            return error_memory(err, line);
    }
    if (words->count == before)
        return error_set(err, ERR_USAGE, "an empty command");
    return 0;
}

/* The part up to the next comma that no backslash stands before, without those backslashes. */
static size_t cut_part(const char *text, char *part)
{
    size_t at = 0;
    size_t size = 0;

    for (; text[at] != '\0' && text[at] != ','; at++) {
        if (text[at] == '\\' && text[at + 1] == ',')
            at++;
        part[size++] = text[at];
    }
    part[size] = '\0';
    return at;
}

int words_split_commas(const char *text, struct words *words, struct error *err)
{
    AUTO_FREE char *part = malloc(strlen(text) + 1);

    if (part == NULL)
        return error_memory(err, text);
    for (;;) {
        size_t size = cut_part(text, part);

        if (words_add(words, part, err) < 0)
            return -1;
        if (text[size] == '\0')
            return 0;
        text += size + 1;
    }
}

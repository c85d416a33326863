#include "sandbox/mountinfo.h"

#include <stddef.h>
#include <string.h>

/* Words before the optional ones: id, parent, device, root, path, options. */
enum {
    ROOT_WORD = 3,
    PATH_WORD = 4,
    OPTIONS_WORD = 5
};

static bool is_octal(const char *at, size_t left)
{
    return left >= 4 && at[0] == '\\' && at[1] >= '0' && at[1] <= '3' && at[2] >= '0' &&
           at[2] <= '7' && at[3] >= '0' && at[3] <= '7';
}

/* False: it does not fit, or is empty. */
static bool copy_word(const char *word, size_t length, char *out, size_t size)
{
    size_t used = 0;

    for (size_t i = 0; i < length; i++) {
        char byte = word[i];

        if (is_octal(word + i, length - i)) {
            byte = (char)((word[i + 1] - '0') * 64 + (word[i + 2] - '0') * 8 + (word[i + 3] - '0'));
            i += 3;
        }
        if (byte == '\0' || used + 1 >= size)
            return false;
        out[used++] = byte;
    }
    out[used] = '\0';
    return used > 0;
}

/* The word at *at, and *at behind the blank that follows. NULL: the line has ended. */
static const char *next_word(const char **at, const char *end, size_t *length)
{
    const char *word = *at;

    if (word >= end)
        return NULL;
    *length = 0;
    while (word + *length < end && word[*length] != ' ')
        (*length)++;
    *at = word + *length + (word + *length < end);
    return word;
}

static bool read_line(const char *at, const char *end, struct mountinfo *mount)
{
    const char *word;
    size_t length;
    bool is_fine = true;

    for (int i = 0; i <= OPTIONS_WORD; i++) {
        word = next_word(&at, end, &length);
        if (word == NULL)
            return false;
        if (i == ROOT_WORD)
            is_fine &= copy_word(word, length, mount->root, sizeof mount->root);
        if (i == PATH_WORD)
            is_fine &= copy_word(word, length, mount->path, sizeof mount->path);
        if (i == OPTIONS_WORD)
            is_fine &= copy_word(word, length, mount->options, sizeof mount->options);
    }
    do
        word = next_word(&at, end, &length);
    while (word != NULL && !(length == 1 && *word == '-'));
    word = word != NULL ? next_word(&at, end, &length) : NULL;
    return word != NULL && is_fine && mount->path[0] == '/' &&
           copy_word(word, length, mount->type, sizeof mount->type);
}

bool mountinfo_next(const char **at, struct mountinfo *mount)
{
    while (**at != '\0') {
        const char *line = *at;
        const char *end = line + strcspn(line, "\n");

        *at = end + (*end == '\n');
        if (read_line(line, end, mount))
            return true;
    }
    return false;
}

bool mountinfo_has_option(const char *options, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = options; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, word, length) == 0 && (at[length] == ',' || at[length] == '\0'))
            return true;
    }
    return false;
}

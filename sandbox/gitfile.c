#include "sandbox/gitfile.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "sandbox/path.h"

static bool copy_span(const char *from, size_t length, char *path, size_t size)
{
    if (length == 0 || length >= size)
        return false;
    memcpy(path, from, length);
    path[length] = '\0';
    return true;
}

/* git itself strips line ends only: a path may end in a blank. */
static size_t line_length(const char *text)
{
    return strcspn(text, "\r\n");
}

bool gitfile_parse_line(const char *text, char *path, size_t size)
{
    return copy_span(text, line_length(text), path, size);
}

bool gitfile_parse_pointer(const char *text, char *path, size_t size)
{
    static const char mark[] = "gitdir: ";

    if (strncmp(text, mark, sizeof mark - 1) != 0)
        return false;
    return gitfile_parse_line(text + sizeof mark - 1, path, size);
}

/* "path = P" at the beginning of a line; the value's place and length. */
static bool find_value(const char *line, const char **value, size_t *length)
{
    line += strspn(line, " \t");
    if (strncmp(line, "path", 4) != 0)
        return false;
    line += 4;
    line += strspn(line, " \t");
    if (*line != '=')
        return false;
    line++;
    line += strspn(line, " \t");
    *length = line_length(line);
    while (*length > 0 && (line[*length - 1] == ' ' || line[*length - 1] == '\t'))
        (*length)--;
    if (*length >= 2 && line[0] == '"' && line[*length - 1] == '"') {
        line++;
        *length -= 2;
    }
    *value = line;
    return true;
}

bool gitfile_next_module(const char **at, char *path, size_t size)
{
    while (**at != '\0') {
        const char *line = *at;
        const char *value;
        size_t length;

        *at += line_length(line);
        *at += strspn(*at, "\r\n");
        if (find_value(line, &value, &length) && copy_span(value, length, path, size) &&
            !path_is_absolute(PATH_POSIX, path) && !path_climbs(PATH_POSIX, path))
            return true;
    }
    return false;
}

/* Git's own spelling or none: what a person has written otherwise is not guessed at. */
size_t gitfile_hash_size(const char *config)
{
    static const char key[] = "objectformat";
    size_t size = 20;

    for (const char *line = config; *line != '\0'; line += strspn(line, "\r\n")) {
        const char *end = line + line_length(line);
        const char *at = line;

        while (at < end && strncasecmp(at, key, sizeof key - 1) != 0)
            at++;
        if (at < end) {
            char value[16];

            if (at != line + strspn(line, " \t") ||
                sscanf(at + sizeof key - 1, " = %15[a-z0-9]", value) != 1)
                return 0;
            size = strcmp(value, "sha256") == 0 ? 32 : strcmp(value, "sha1") == 0 ? 20 : 0;
            if (size == 0)
                return 0;
        }
        line = end;
    }
    return size;
}

#include "sandbox/path.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool is_separator(enum path_style style, char c)
{
    return c == '/' || (style == PATH_WINDOWS && c == '\\');
}

static bool has_drive(const char *path)
{
    return isalpha((unsigned char)path[0]) && path[1] == ':';
}

static bool is_network_path(const char *path)
{
    return is_separator(PATH_WINDOWS, path[0]) && is_separator(PATH_WINDOWS, path[1]);
}

bool path_is_absolute(enum path_style style, const char *path)
{
    if (style == PATH_POSIX)
        return path[0] == '/';
    return (has_drive(path) && is_separator(style, path[2])) || is_network_path(path);
}

static size_t count_components(enum path_style style, const char *path)
{
    size_t count = 0;

    for (size_t i = 0; path[i] != '\0'; i++) {
        if (!is_separator(style, path[i]) && (i == 0 || is_separator(style, path[i - 1])))
            count++;
    }
    return count;
}

bool path_is_top(enum path_style style, const char *path)
{
    size_t components = count_components(style, path);

    if (style == PATH_POSIX)
        return path[0] == '/' && components == 0;
    if (is_network_path(path))
        return components <= 2; /* \\server\share */
    return has_drive(path) && components <= 1;
}

bool path_climbs(enum path_style style, const char *path)
{
    for (size_t i = 0; path[i] != '\0'; i++) {
        if (i > 0 && !is_separator(style, path[i - 1]))
            continue;
        if (path[i] == '.' && path[i + 1] == '.' &&
            (path[i + 2] == '\0' || is_separator(style, path[i + 2])))
            return true;
    }
    return false;
}

/* Is there a "." component at path[at]? */
static bool is_dot(enum path_style style, const char *path, size_t at)
{
    return path[at] == '.' && (path[at + 1] == '\0' || is_separator(style, path[at + 1]));
}

char *path_tidy(enum path_style style, const char *path)
{
    char separator = style == PATH_WINDOWS ? '\\' : '/';
    char *out = malloc(strlen(path) + 2);
    size_t used = 0;

    if (out == NULL)
        return NULL;
    for (size_t i = 0; path[i] != '\0';) {
        if (is_separator(style, path[i])) {
            bool is_doubled = used > 0 && out[used - 1] == separator;

            /* the two that begin \\server stay two */
            if (!is_doubled || (style == PATH_WINDOWS && used == 1 && i == 1))
                out[used++] = separator;
            i++;
        } else if (is_dot(style, path, i) && used > 0 && out[used - 1] == separator) {
            i++;
        } else {
            while (path[i] != '\0' && !is_separator(style, path[i]))
                out[used++] = path[i++];
        }
    }
    out[used] = '\0';
    while (used > 1 && out[used - 1] == separator && !path_is_top(style, out))
        out[--used] = '\0';
    return out;
}

static bool same_character(enum path_style style, char a, char b)
{
    if (style == PATH_POSIX)
        return a == b;
    return tolower((unsigned char)a) == tolower((unsigned char)b) ||
           (is_separator(style, a) && is_separator(style, b));
}

/* The character behind the prefix is looked at first: it settles most comparisons of a thousand roots
 * with each other. */
bool path_is_within(enum path_style style, const char *inner, const char *outer)
{
    size_t length = strlen(outer);

    if (strlen(inner) < length)
        return false;
    if (inner[length] != '\0' && !is_separator(style, inner[length]) &&
        (length == 0 || !is_separator(style, outer[length - 1])))
        return false;
    if (style == PATH_POSIX)
        return memcmp(inner, outer, length) == 0;
    for (size_t i = 0; i < length; i++) {
        if (!same_character(style, inner[i], outer[i]))
            return false;
    }
    return true;
}

char *path_join(const char *parent, const char *name)
{
    size_t parent_size = strlen(parent);
    size_t name_size = strlen(name);
    char *out = malloc(parent_size + name_size + 2);

    if (out == NULL)
        return NULL;
    if (parent_size > 0 && parent[parent_size - 1] == '/')
        parent_size--;
    memcpy(out, parent, parent_size);
    out[parent_size] = '/';
    memcpy(out + parent_size + 1, name, name_size + 1);
    return out;
}

const char *path_name(enum path_style style, const char *path)
{
    const char *name = path;

    for (const char *at = path; *at != '\0'; at++) {
        if (is_separator(style, *at))
            name = at + 1;
    }
    return name;
}

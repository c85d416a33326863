#include "sandbox/windows/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "sandbox/nt/envblock.h"

static bool is_file(const char *path)
{
    struct error ignored;
    AUTO_FREE wchar_t *wide = win_long_path(path, &ignored);
    DWORD attributes = wide != NULL ? GetFileAttributesW(wide) : INVALID_FILE_ATTRIBUTES;

    return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) == 0;
}

/* The path itself, or with one of the extensions if it has none that is known. */
static char *try_extensions(const char *path, const char *extensions)
{
    if (strrchr(path, '.') > strrchr(path, '\\') && is_file(path))
        return _strdup(path);
    while (*extensions != '\0') {
        size_t length = strcspn(extensions, ";");
        AUTO_BUFFER struct buffer with = BUFFER_EMPTY;

        buffer_add_text(&with, path);
        buffer_add(&with, extensions, length);
        if (length > 0 && !buffer_failed(&with) && is_file(with.data))
            return buffer_take(&with);
        extensions += length + (extensions[length] == ';' ? 1 : 0);
    }
    return NULL;
}

static char *search_path(const char *name, const char *path, const char *extensions)
{
    while (*path != '\0') {
        size_t length = strcspn(path, ";");
        AUTO_BUFFER struct buffer full = BUFFER_EMPTY;
        char *found = NULL;

        buffer_add(&full, path, length);
        buffer_printf(&full, "\\%s", name);
        /* A relative entry would look in the workspace: whoever can write there names programs. */
        if (length > 2 && path[1] == ':' && !buffer_failed(&full))
            found = try_extensions(full.data, extensions);
        if (found != NULL)
            return found;
        path += length + (path[length] == ';' ? 1 : 0);
    }
    return NULL;
}

char *win_find_program(const char *name, char *const *env, const char *cwd, struct error *err)
{
    const char *extensions = nt_env_get(env, "PATHEXT");
    const char *path = nt_env_get(env, "PATH");
    AUTO_BUFFER struct buffer full = BUFFER_EMPTY;
    char *found;

    if (extensions == NULL || extensions[0] == '\0')
        extensions = ".COM;.EXE;.BAT;.CMD";
    if (strpbrk(name, "\\/:") == NULL) {
        found = search_path(name, path != NULL ? path : "", extensions);
    } else {
        if (name[0] != '\\' && name[0] != '/' && !(name[0] != '\0' && name[1] == ':'))
            buffer_printf(&full, "%s\\", cwd);
        buffer_add_text(&full, name);
        for (size_t i = 0; i < full.size; i++)
            full.data[i] = full.data[i] == '/' ? '\\' : full.data[i];
        found = buffer_failed(&full) ? NULL : try_extensions(full.data, extensions);
    }
    if (found == NULL) {
        (void)error_set(err, ERR_NOT_FOUND, "%s: no such program", name);
        (void)error_hint(err, "give the whole path, or check PATH");
    }
    return found;
}

bool win_is_alias(const char *path)
{
    const DWORD alias = 0x8000001b; /* IO_REPARSE_TAG_APPEXECLINK */
    struct error ignored;
    AUTO_FREE wchar_t *wide = win_long_path(path, &ignored);
    WIN32_FIND_DATAW found;
    HANDLE search = wide != NULL ? FindFirstFileW(wide, &found) : INVALID_HANDLE_VALUE;

    if (search == INVALID_HANDLE_VALUE)
        return false;
    (void)FindClose(search);
    return (found.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0 &&
           found.dwReserved0 == alias;
}

/* Our own folder and the copy of the runner in it: where it was installed the accounts may be unable to
 * read it, and others able to replace it. */
#include "sandbox/windows/settings.h"

#include <stdio.h>
#include <string.h>

#include "base/os.h"
#include "base/text.h"
#include "sandbox/nt/journal.h"
#include "sandbox/windows/place.h"
#include "sandbox/windows_facts.h"

enum {
    PROGRAM_MAX = 64 << 20
};

static int describe(const char *path, char **value, struct error *err)
{
    AUTO_FREE char *bytes = NULL;
    size_t size = 0;
    char text[64];

    *value = NULL;
    if (os_read_file(path, PROGRAM_MAX, &bytes, &size, err) < 0)
        return err->os_code == ERROR_FILE_NOT_FOUND || err->os_code == ERROR_PATH_NOT_FOUND ? 0
                                                                                            : -1;
    (void)snprintf(text, sizeof text, "%zu %08lx", size,
                   (unsigned long)nt_crc32((const uint8_t *)bytes, size));
    *value = text_copy(text, strlen(text));
    return *value != NULL ? 0 : error_memory(err, path);
}

/* "…\ours.exe" -> "…\program". Caller frees. */
static char *beside_us(const char *program, struct error *err)
{
    AUTO_FREE char *self = os_self_path(err);
    char *end = self != NULL ? strrchr(self, '\\') : NULL;
    char *path;

    if (end == NULL)
        return NULL;
    *end = '\0';
    path = windows_path_join(self, program);
    if (path == NULL)
        (void)error_memory(err, program);
    return path;
}

static const char *name_of(const char *path)
{
    const char *end = strrchr(path, '\\');

    return end != NULL ? end + 1 : path;
}

char *win_file_value(const char *program, struct error *err)
{
    AUTO_FREE char *path = beside_us(program, err);
    char *value = NULL;

    if (path == NULL || describe(path, &value, err) < 0)
        return NULL;
    if (value == NULL) {
        (void)error_set(err, ERR_NOT_FOUND, "%s: it must lie beside this program", path);
        (void)error_hint(err, "install all three programs into one directory");
    }
    return value;
}

int win_file_get(const char *name, char **value, struct error *err)
{
    return describe(name, value, err);
}

int win_file_set(const char *name, const char *value, struct error *err)
{
    AUTO_FREE wchar_t *wide = win_long_path(name, err);
    AUTO_FREE char *source = wide != NULL && value != NULL ? beside_us(name_of(name), err) : NULL;
    AUTO_FREE char *ours = NULL;
    AUTO_FREE char *bytes = NULL;
    size_t size = 0;

    if (wide == NULL || (value != NULL && (source == NULL || describe(source, &ours, err) < 0)))
        return -1;
    /* An older version that an undo asks for cannot be brought back: rather none than a wrong one. */
    if (value == NULL || ours == NULL || strcmp(value, ours) != 0)
        return DeleteFileW(wide) || GetLastError() == ERROR_FILE_NOT_FOUND
                   ? 0
                   : win_fail_last(err, "DeleteFile", name);
    if (os_read_file(source, PROGRAM_MAX, &bytes, &size, err) < 0)
        return -1;
    return os_replace_file(name, bytes, size, err);
}

/* Administrators write, everybody who can log on reads: there is nothing secret in a program. */
int win_directory_get(const char *name, char **value, struct error *err)
{
    AUTO_FREE wchar_t *wide = win_long_path(name, err);
    DWORD attributes;

    *value = NULL;
    if (wide == NULL)
        return -1;
    attributes = GetFileAttributesW(wide);
    if (attributes == INVALID_FILE_ATTRIBUTES)
        return GetLastError() == ERROR_FILE_NOT_FOUND || GetLastError() == ERROR_PATH_NOT_FOUND
                   ? 0
                   : win_fail_last(err, "GetFileAttributes", name);
    *value = text_copy("own", 3);
    return *value != NULL ? 0 : error_memory(err, name);
}

int win_directory_set(const char *name, const char *value, struct error *err)
{
    if (value == NULL)
        return win_remove_tree(name, err);
    return win_own_directory(name, "O:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)",
                             err);
}

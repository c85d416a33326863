#include "sandbox/log_place.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "sandbox/path.h"
#include "sandbox/text_list.h"
#include "sandbox/windows/facts.h"
#include "sandbox/windows/win.h"

static char *real_root(const char *path)
{
    struct error nobody;

    return win_final_path(path, &nobody);
}

/* "log", "..\log" and "C:log" as the whole path that they are here. */
static char *absolute(const char *file, struct error *err)
{
    AUTO_FREE wchar_t *wide = win_wide(file, err);
    AUTO_FREE wchar_t *full = calloc(32768, sizeof *full);
    DWORD length;

    if (wide == NULL)
        return NULL;
    if (full == NULL) {
        (void)error_memory(err, "log");
        return NULL;
    }
    length = GetFullPathNameW(wide, 32768, full, NULL);
    if (length > 0 && length < 32768)
        return win_narrow(full, err);
    (void)win_fail_last(err, "GetFullPathName", file);
    return NULL;
}

/* The file that it leads to or, before there is one, the directory. NULL: neither can be opened, and
 * opening the log will say so. */
static char *real_place(const char *path)
{
    struct error nobody;
    const char *end = strrchr(path, '\\');
    char *real = win_final_path(path, &nobody);
    AUTO_FREE char *directory =
        real == NULL && end != NULL ? text_copy(path, (size_t)(end - path) + 1) : NULL;

    return directory != NULL ? win_final_path(directory, &nobody) : real;
}

int log_place_check(const char *file, const struct policy *policy, struct error *err)
{
    struct text_list roots = {0};
    AUTO_FREE char *path = absolute(file, err);
    AUTO_FREE char *real = path != NULL ? real_place(path) : NULL;
    int result = -1;

    if (path != NULL && log_place_roots(policy, real_root, &roots, err) == 0)
        result = log_place_outside(PATH_WINDOWS, &roots, path, err);
    if (result == 0 && real != NULL)
        result = log_place_outside(PATH_WINDOWS, &roots, real, err);
    text_list_done(&roots);
    return result;
}

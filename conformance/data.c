#include "conformance/data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buffer.h"
#include "base/os.h"

char *data_programs(struct error *err)
{
    char *path = os_self_path(err);
    char *slash = path != NULL ? strrchr(path, '/') : NULL;

    if (slash != NULL)
        *slash = '\0';
    return path;
}

/* The path if it is there; NULL if not. */
static char *existing(const char *folder, const char *between, const char *relative)
{
    AUTO_BUFFER struct buffer path = BUFFER_EMPTY;

    buffer_printf(&path, "%s%s/%s", folder, between, relative);
    if (buffer_failed(&path) || access(buffer_text(&path), R_OK) < 0)
        return NULL;
    return buffer_take(&path);
}

char *data_find(const char *relative, struct error *err)
{
    const char *named = getenv("HOLDFAST_DATA");
    AUTO_FREE char *programs = data_programs(err);
    char *found = NULL;

    if (programs == NULL)
        return NULL;
    if (named != NULL && named[0] != '\0') {
        found = existing(named, "", relative);
        if (found == NULL)
            (void)error_set(err, ERR_NOT_FOUND, "%s: not in HOLDFAST_DATA=%s", relative, named);
        return found;
    }
    found = existing(programs, "/../../conformance", relative);
    if (found == NULL)
        found = existing(programs, "/../../../conformance", relative);
    if (found == NULL)
        found = existing(programs, "/../share/holdfast", relative);
    if (found == NULL) {
        (void)error_set(err, ERR_NOT_FOUND,
                        "%s: neither in ../../conformance nor in ../share/holdfast of %s", relative,
                        programs);
        (void)error_hint(err, "set HOLDFAST_DATA to the folder that holds adapters/");
    }
    return found;
}

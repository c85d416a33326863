#include "bench/programs.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buffer.h"
#include "base/os.h"

extern char **environ;

const char *const *programs_environment(void)
{
    return (const char *const *)environ;
}

static bool is_program(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

/* directory/between/name if it is a program. Caller frees. */
static char *try_place(const char *directory, size_t size, const char *between, const char *name)
{
    AUTO_BUFFER struct buffer path = BUFFER_EMPTY;

    buffer_add(&path, directory, size);
    buffer_printf(&path, "/%s%s", between, name);
    if (buffer_failed(&path) || !is_program(buffer_text(&path)))
        return NULL;
    return buffer_take(&path);
}

char *programs_find(const char *name, struct error *err)
{
    static const char *const places[] = {"", "../bin/", "../libexec/holdfast/"};
    AUTO_FREE char *self = os_self_path(err);
    const char *slash;

    if (self == NULL)
        return NULL;
    slash = strrchr(self, '/');
    for (size_t i = 0; slash != NULL && i < ARRAY_SIZE(places); i++) {
        char *found = try_place(self, (size_t)(slash - self), places[i], name);

        if (found != NULL)
            return found;
    }
    (void)error_set(err, ERR_NOT_FOUND, "%s: not found beside %s", name, self);
    (void)error_hint(err, "build it with `make`");
    return NULL;
}

char *programs_folder(struct error *err)
{
    char *path = programs_find("bench-stopwatch", err);
    char *slash = path != NULL ? strrchr(path, '/') : NULL;

    if (slash != NULL)
        *slash = '\0';
    return path;
}

char *programs_search(const char *name, const char *path, struct error *err)
{
    const char *from = path != NULL ? path : getenv("PATH");

    if (strchr(name, '/') != NULL) {
        char *copy = strdup(name);

        if (copy == NULL)
            (void)error_memory(err, name);
        return copy;
    }
    while (from != NULL && *from != '\0') {
        size_t size = strcspn(from, ":");
        char *found = try_place(size > 0 ? from : ".", size > 0 ? size : 1, "", name);

        if (found != NULL)
            return found;
        from += size + (from[size] == ':');
    }
    (void)error_set(err, ERR_NOT_FOUND, "%s: command not found", name);
    return NULL;
}

#include "sandbox/log_place.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "sandbox/commands.h"
#include "sandbox/linux/facts_collect.h"

enum {
    LINKS_MAX = 40
};

static char *real_root(const char *path)
{
    struct error nobody;
    char *real = NULL;
    AUTO_CLOSE int fd = open_resolved(path, O_DIRECTORY, &real, &nobody);

    return fd < 0 ? NULL : real;
}

/* The directory of an absolute path, links resolved. NULL and 0 in *result: there is none. */
static char *real_directory(const char *path, int *result, struct error *err)
{
    AUTO_FREE char *directory = strdup(path);
    AUTO_CLOSE int fd = -1;
    char *real;

    *result = 0;
    if (directory == NULL) {
        *result = error_memory(err, "log");
        return NULL;
    }
    directory[strrchr(path, '/') - path + (strrchr(path, '/') == path)] = '\0';
    fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return NULL; /* opening the log will say so */
    real = descriptor_path(fd, err);
    *result = real != NULL ? 0 : -1;
    return real;
}

/* One name: 1 and where its link leads in *next, 0 when it is no link. */
static int check_name(const struct text_list *roots, const char *path, char **next,
                      struct error *err)
{
    char target[PATH_MAX];
    ssize_t size = readlink(path, target, sizeof target - 1);
    AUTO_FREE char *tidy = path_tidy(PATH_POSIX, path);
    AUTO_FREE char *directory = NULL;
    int result;

    if (tidy == NULL)
        return error_memory(err, "log");
    directory = real_directory(tidy, &result, err);
    if (result < 0)
        return -1;
    if (!path_climbs(PATH_POSIX, tidy) && log_place_outside(PATH_POSIX, roots, tidy, err) < 0)
        return -1;
    if (directory == NULL)
        return 0;
    if (log_place_outside(PATH_POSIX, roots, directory, err) < 0)
        return -1;
    /* what /proc/self/fd leads to is open already */
    if (size <= 0 || path_is_within(PATH_POSIX, directory, "/proc"))
        return 0;
    target[size] = '\0';
    *next = target[0] == '/' ? strdup(target) : path_join(directory, target);
    return *next != NULL ? 1 : error_memory(err, "log");
}

static int check_chain(const struct text_list *roots, const char *file, struct error *err)
{
    AUTO_FREE char *here = file[0] == '/' ? NULL : sandbox_current_directory(err);
    char *path = NULL;
    int result = 1;

    if (file[0] != '/' && here == NULL)
        return -1;
    path = here != NULL ? path_join(here, file) : strdup(file);
    if (path == NULL)
        return error_memory(err, "log");
    for (int links = 0; result > 0 && links < LINKS_MAX; links++) {
        char *next = NULL;

        result = check_name(roots, path, &next, err);
        if (result > 0) {
            free(path);
            path = next;
        }
    }
    free(path);
    return result < 0 ? -1 : 0;
}

int log_place_check(const char *file, const struct policy *policy, struct error *err)
{
    struct text_list roots = {0};
    int result = log_place_roots(policy, real_root, &roots, err);

    if (result == 0)
        result = check_chain(&roots, file, err);
    text_list_done(&roots);
    return result;
}

#include "conformance/oracles/leak.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"

enum {
    FILES_MAX = 5000,
    DEPTH_MAX = 24,
    READ_MAX = 256 * 1024
};

struct search {
    const char *token;
    size_t files;
    char *text;
    size_t text_size;
};

static bool holds_token(int fd, const char *token)
{
    static char bytes[READ_MAX];
    size_t used = 0;
    ssize_t size;

    while (used < sizeof bytes && (size = read(fd, bytes + used, sizeof bytes - used)) > 0)
        used += (size_t)size;
    return memmem(bytes, used, token, strlen(token)) != NULL;
}

static bool search_directory(struct search *search, int fd, unsigned depth);

static bool search_entry(struct search *search, int directory, const char *name, unsigned depth)
{
    struct stat status;
    int fd;

    /* A secret can also be in the name. */
    if (strstr(name, search->token) != NULL) {
        (void)snprintf(search->text, search->text_size, "the planted token in the name %s", name);
        return true;
    }
    if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
        (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)))
        return false;
    fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return false;
    if (S_ISDIR(status.st_mode))
        return search_directory(search, fd, depth + 1);
    search->files++;
    if (holds_token(fd, search->token)) {
        (void)snprintf(search->text, search->text_size, "the planted token in the file %s", name);
        (void)close(fd);
        return true;
    }
    (void)close(fd);
    return false;
}

/* Takes fd. */
static bool search_directory(struct search *search, int fd, unsigned depth)
{
    DIR *stream = depth < DEPTH_MAX ? fdopendir(fd) : NULL;
    const struct dirent *entry;
    bool is_found = false;

    if (stream == NULL) {
        (void)close(fd);
        return false;
    }
    while (!is_found && search->files < FILES_MAX && (entry = readdir(stream)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            is_found = search_entry(search, dirfd(stream), entry->d_name, depth);
    }
    (void)closedir(stream);
    return is_found;
}

bool leak_search(const char *path, const char *token, char *text, size_t text_size)
{
    struct search search = {.token = token, .text = text, .text_size = text_size};
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    return fd >= 0 && search_directory(&search, fd, 0);
}

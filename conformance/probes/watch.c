#include "conformance/probes/watch.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probes/host.h"
#include "conformance/probes/tools.h"

enum {
    LOOK_EVERY_MS = 20,
    LOOKS = 600,
    ARGV_MAX = 16 * 1024
};

/* One watcher is prepared at a time, in the harness's one thread, and forked at once. */
static watch_match *wanted;

static bool is_of_run(const struct scene *scene, const char *pid)
{
    static char bytes[ARGV_MAX];
    char path[64];
    ssize_t size;

    (void)snprintf(path, sizeof path, "/proc/%.20s/cmdline", pid);
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    size = read(fd, bytes, sizeof bytes);
    return size > 0 && memmem(bytes, (size_t)size, scene->nonce, strlen(scene->nonce)) != NULL;
}

static bool has_match(const char *pid, char *link, size_t link_size)
{
    char path[PATH_MAX];
    DIR *stream;
    const struct dirent *entry;
    bool is_found = false;

    (void)snprintf(path, sizeof path, "/proc/%.20s/fd", pid);
    stream = opendir(path);
    while (!is_found && stream != NULL && (entry = readdir(stream)) != NULL) {
        struct stat status;
        ssize_t size;

        (void)snprintf(path, sizeof path, "/proc/%.20s/fd/%.20s", pid, entry->d_name);
        size = readlink(path, link, link_size - 1);
        if (size < 0 || stat(path, &status) < 0)
            continue;
        link[size] = '\0';
        is_found = wanted(link, &status);
    }
    if (stream != NULL)
        (void)closedir(stream);
    return is_found;
}

static bool look_once(const struct scene *scene, int to_harness)
{
    DIR *stream = opendir("/proc");
    const struct dirent *entry;
    char link[PATH_MAX], message[512];
    bool is_found = false;

    while (!is_found && stream != NULL && (entry = readdir(stream)) != NULL) {
        if (!isdigit((unsigned char)entry->d_name[0]) || !is_of_run(scene, entry->d_name))
            continue;
        is_found = has_match(entry->d_name, link, sizeof link);
    }
    if (stream != NULL)
        (void)closedir(stream);
    if (is_found) {
        (void)snprintf(message, sizeof message, "%s %.200s was open", scene->nonce, link);
        (void)!write(to_harness, message, strlen(message));
    }
    return is_found;
}

static void look(const struct scene *scene, int to_harness)
{
    for (int i = 0; i < LOOKS && !look_once(scene, to_harness); i++) {
        host_tick(scene);
        sleep_ms(LOOK_EVERY_MS);
    }
    host_tick_last(scene);
}

int watch_open_files(struct scene *scene, watch_match *matches, const char *label,
                     struct error *err)
{
    wanted = matches;
    return host_fork(scene, look, label, err);
}

int open_and_hold(const struct attempt *a, const char *path, int flags)
{
    const long since = ticks_now(a);
    AUTO_CLOSE int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0)
        return errno;
    return await_ticks(a, since, TICKS_SEEN);
}

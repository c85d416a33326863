#include "conformance/oracles/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"

enum {
    PLACE_MAX = 32 * 1024
};

static size_t read_place(const char *pid, const char *name, char *bytes, size_t size)
{
    char path[64];
    size_t used = 0;
    ssize_t got;

    (void)snprintf(path, sizeof path, "/proc/%.16s/%s", pid, name);
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    while (fd >= 0 && used < size && (got = read(fd, bytes + used, size - used)) > 0)
        used += (size_t)got;
    return used;
}

static bool is_ours(pid_t pid, const pid_t *ours, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (ours[i] == pid)
            return true;
    }
    return false;
}

static void look_at(const char *pid, struct process_search *searches, size_t count)
{
    static const char *const places[] = {"cmdline", "environ", "cgroup"};
    static char bytes[PLACE_MAX];

    for (size_t p = 0; p < ARRAY_SIZE(places); p++) {
        const size_t size = read_place(pid, places[p], bytes, sizeof bytes);

        for (size_t i = 0; i < count && size > 0; i++) {
            if (searches[i].is_found ||
                memmem(bytes, size, searches[i].nonce, strlen(searches[i].nonce)) == NULL)
                continue;
            searches[i].is_found = true;
            (void)snprintf(searches[i].text, sizeof searches[i].text,
                           "pid %.16s has the nonce of the run in its %s", pid, places[p]);
        }
    }
}

void process_search_all(struct process_search *searches, size_t count, const pid_t *ours,
                        size_t our_count)
{
    DIR *directory = opendir("/proc");
    const struct dirent *entry;

    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
            !is_ours((pid_t)atoi(entry->d_name), ours, our_count))
            look_at(entry->d_name, searches, count);
    }
    if (directory != NULL)
        (void)closedir(directory);
}

#include "conformance/probes/host_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probes/host.h"

enum {
    ROUNDS = 1000, /* 20 s: longer than any run that is watched */
    PAUSE_MS = 20,
    PATH_SIZE = 64
};

size_t proc_read(const char *pid, const char *name, char *bytes, size_t size)
{
    char path[PATH_SIZE];
    size_t used = 0;
    ssize_t got;

    (void)snprintf(path, sizeof path, "/proc/%s/%s", pid, name);
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && used < size - 1 && (got = read(fd, bytes + used, size - 1 - used)) > 0)
        used += (size_t)got;
    bytes[used] = '\0';
    return used;
}

size_t proc_readlink(const char *pid, const char *name, char *target, size_t size)
{
    char path[PATH_SIZE];
    ssize_t got;

    (void)snprintf(path, sizeof path, "/proc/%s/%s", pid, name);
    got = readlink(path, target, size - 1);
    target[got < 0 ? 0 : got] = '\0';
    return got < 0 ? 0 : (size_t)got;
}

unsigned long long proc_status(const char *pid, const char *key, int base)
{
    char bytes[8192], line[PATH_SIZE];
    const char *at;

    (void)proc_read(pid, "status", bytes, sizeof bytes);
    (void)snprintf(line, sizeof line, "\n%s:", key);
    at = strstr(bytes, line);
    return at == NULL ? 0 : strtoull(at + strlen(line), NULL, base);
}

bool proc_is_probe(const char *pid)
{
    static const char name[] = "/holdfast-probe";
    char target[4096];
    const size_t size = proc_readlink(pid, "exe", target, sizeof target);

    return size >= sizeof name - 1 && strcmp(target + size - (sizeof name - 1), name) == 0;
}

static bool has_nonce(const char *pid, const struct scene *scene)
{
    static char bytes[64 * 1024];
    const size_t size = proc_read(pid, "cmdline", bytes, sizeof bytes);

    return memmem(bytes, size, scene->nonce, strlen(scene->nonce)) != NULL;
}

/* getdents64(2), where opendir would allocate. */
struct entry {
    uint64_t inode;
    int64_t offset;
    unsigned short size;
    unsigned char type;
    char name[];
};

size_t proc_count(const struct scene *scene,
                  bool (*is_it)(const char *pid, const struct scene *scene))
{
    static char bytes[32 * 1024] __attribute__((aligned(8)));
    AUTO_CLOSE int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    size_t count = 0;
    long size;

    while ((size = syscall(SYS_getdents64, proc, bytes, sizeof bytes)) > 0) {
        for (long at = 0; at < size;) {
            const struct entry *entry = (const void *)(bytes + at);

            if (entry->name[0] >= '1' && entry->name[0] <= '9' && has_nonce(entry->name, scene) &&
                is_it(entry->name, scene))
                count++;
            at += entry->size;
        }
    }
    return count;
}

/* What the next helper looks for: set before it is forked, its own copy afterwards. */
static bool (*wanted)(const char *pid, const struct scene *scene);
static size_t wanted_count;

static void watch(const struct scene *scene, int to_harness)
{
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};

    for (int round = 0; round < ROUNDS; round++) {
        if (proc_count(scene, wanted) >= wanted_count) {
            (void)!write(to_harness, scene->nonce, strlen(scene->nonce));
            return;
        }
        (void)nanosleep(&pause, NULL);
    }
}

int host_watch(struct scene *scene, bool (*is_it)(const char *pid, const struct scene *scene),
               size_t enough, const char *label, struct error *err)
{
    wanted = is_it;
    wanted_count = enough;
    return host_fork(scene, watch, label, err);
}

#include "base/os.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"

uint64_t os_now_ns(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC_RAW, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int os_random(void *bytes, size_t size, struct error *err)
{
    size_t done = 0;

    while (done < size) {
        ssize_t got = getrandom((char *)bytes + done, size - done, 0);

        if (got < 0 && errno != EINTR)
            return error_os(err, errno, "getrandom");
        if (got > 0)
            done += (size_t)got;
    }
    return 0;
}

char *os_self_path(struct error *err)
{
    char path[4096];
    ssize_t size = readlink("/proc/self/exe", path, sizeof path);
    char *copy;

    if (size < 0 || (size_t)size >= sizeof path) {
        (void)error_os(err, size < 0 ? errno : ENAMETOOLONG, "readlink /proc/self/exe");
        return NULL;
    }
    copy = strndup(path, (size_t)size);
    if (copy == NULL)
        (void)error_memory(err, "own path");
    return copy;
}

char *os_absolute_path(const char *path, struct error *err)
{
    char *absolute = realpath(path, NULL);

    if (absolute == NULL)
        (void)error_os(err, errno, "resolve %s", path);
    return absolute;
}

/* fgetpwent(3) and not getpwuid(3): that one would ask services, too. */
const char *os_home(void)
{
    static char home[4096];
    const char *told = getenv("HOME");
    const struct passwd *account = NULL;
    FILE *file;

    if (told != NULL && told[0] == '/')
        return told;
    file = fopen("/etc/passwd", "re");
    while (file != NULL && (account = fgetpwent(file)) != NULL && account->pw_uid != getuid())
        continue;
    if (account != NULL)
        (void)snprintf(home, sizeof home, "%s", account->pw_dir);
    if (file != NULL)
        (void)fclose(file);
    return account != NULL && home[0] == '/' ? home : NULL;
}

bool os_is_terminal(int fd)
{
    return isatty(fd) == 1;
}

int os_terminal_columns(int fd)
{
    struct winsize size = {0};

    if (ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
        return 80;
    return size.ws_col;
}

int os_cpu_count(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) < 0)
        return 1;
    return CPU_COUNT(&set) > 0 ? CPU_COUNT(&set) : 1;
}

static int write_all(int fd, const char *bytes, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t put = write(fd, bytes + done, size - done);

        if (put < 0 && errno != EINTR)
            return -1;
        if (put > 0)
            done += (size_t)put;
    }
    return fsync(fd);
}

int os_replace_file(const char *path, const void *bytes, size_t size, struct error *err)
{
    size_t length = strlen(path) + 32;
    AUTO_FREE char *temporary = malloc(length);
    AUTO_CLOSE int fd = -1;

    if (temporary == NULL)
        return error_memory(err, path);
    (void)snprintf(temporary, length, "%s.%ld.new", path, (long)getpid());
    (void)unlink(temporary);
    fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0)
        return error_os(err, errno, "create %s", temporary);
    if (write_all(fd, bytes, size) < 0 || rename(temporary, path) < 0) {
        (void)error_os(err, errno, "write %s", path);
        (void)unlink(temporary);
        return -1;
    }
    return 0;
}

static int open_regular(const char *path, size_t max, size_t *size, struct error *err)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat status;

    if (fd < 0)
        return error_os(err, errno, "open %s", path);
    if (fstat(fd, &status) < 0)
        return error_os(err, errno, "fstat %s", path);
    if (!S_ISREG(status.st_mode))
        return error_set(err, ERR_INVALID, "%s: not a regular file", path);
    if (status.st_size < 0 || (uint64_t)status.st_size > max)
        return error_set(err, ERR_INVALID, "%s: larger than %zu bytes", path, max);
    *size = (size_t)status.st_size;
    return TAKE_FD(fd);
}

/* st_size is only a first guess: files in /proc say 0, and a file may grow while it is read. */
static char *read_to_end(int fd, size_t guess, size_t max, size_t *size)
{
    size_t capacity = guess + 512;
    size_t used = 0;
    AUTO_FREE char *bytes = malloc(capacity + 1);

    while (bytes != NULL) {
        ssize_t got = read(fd, bytes + used, capacity - used);
        char *grown;

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return NULL;
        used += (size_t)got;
        if (got == 0)
            break;
        if (used > max) {
            errno = EFBIG;
            return NULL;
        }
        if (used < capacity)
            continue;
        capacity *= 2;
        grown = realloc(bytes, capacity + 1);
        if (grown == NULL)
            return NULL;
        bytes = grown;
    }
    if (bytes == NULL)
        return NULL;
    bytes[used] = '\0';
    *size = used;
    return TAKE(bytes);
}

int os_read_file(const char *path, size_t max, char **bytes, size_t *size, struct error *err)
{
    size_t guess = 0;
    AUTO_CLOSE int fd = open_regular(path, max, &guess, err);
    char *content;

    if (fd < 0)
        return -1;
    content = read_to_end(fd, guess, max, size);
    if (content == NULL)
        return error_os(err, errno, "read %s", path);
    *bytes = content;
    return 0;
}

int os_make_directories(const char *path, struct error *err)
{
    AUTO_FREE char *partial = strdup(path);

    if (partial == NULL)
        return error_memory(err, path);
    for (char *slash = partial + 1; *partial != '\0'; slash++) {
        char kept = *slash;

        if (kept != '/' && kept != '\0')
            continue;
        *slash = '\0';
        if (mkdir(partial, 0777) < 0 && errno != EEXIST)
            return error_os(err, errno, "mkdir %s", partial);
        if (kept == '\0')
            break;
        *slash = kept;
    }
    return 0;
}

/* The helpers of attempts. Nothing here decides anything: see conformance/probe.h. */
#include "conformance/probes/tools.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"

enum {
    PATHS = 256,
    COMMANDS = 8,
    SELF_WORDS_MAX = 64,
    LEAK_MAX = 4096,
    OUTPUT_MAX = 64 * 1024
};

static char **self_argv;
static int self_count;

const char *path_in(const char *directory, const char *name)
{
    static char paths[PATHS][PATH_MAX];
    static uint32_t hashes[PATHS];
    static unsigned next;
    char path[PATH_MAX];
    uint32_t hash = 2166136261u; /* FNV-1a */
    unsigned place;

    (void)snprintf(path, sizeof path, "%s/%s", directory != NULL ? directory : "", name);
    for (const char *at = path; *at != '\0'; at++)
        hash = (hash ^ (unsigned char)*at) * 16777619u;
    for (place = 0; place < PATHS; place++) {
        if (hashes[place] == hash && strcmp(paths[place], path) == 0)
            return paths[place];
    }
    place = next++ % PATHS;
    hashes[place] = hash;
    memcpy(paths[place], path, strlen(path) + 1);
    return paths[place];
}

int outcome_join(int so_far, int outcome)
{
    if (so_far == 0 || outcome == 0)
        return 0;
    return so_far == ATTEMPT_UNABLE ? outcome : so_far;
}

int outcome_of(long returned)
{
    return returned < 0 ? errno : 0;
}

void sleep_ms(unsigned ms)
{
    struct timespec rest = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000L};

    while (nanosleep(&rest, &rest) < 0 && errno == EINTR)
        continue;
}

/* Files -------------------------------------------------------------------------------------- */

static int write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return errno;
        bytes += written;
        size -= (size_t)written;
    }
    return 0;
}

static int open_and_write(const char *path, int flags, const char *text)
{
    AUTO_CLOSE int fd = open(path, flags | O_CLOEXEC | O_NOCTTY, 0644);

    if (fd < 0)
        return errno;
    return write_all(fd, text, strlen(text));
}

int try_write(const char *path, const char *text)
{
    return open_and_write(path, O_WRONLY, text);
}

int try_create(const char *path, const char *text)
{
    return open_and_write(path, O_WRONLY | O_CREAT | O_EXCL, text);
}

int try_append(const char *path, const char *text)
{
    return open_and_write(path, O_WRONLY | O_APPEND, text);
}

int try_put(const char *path, const char *text)
{
    return open_and_write(path, O_WRONLY | O_CREAT | O_TRUNC, text);
}

int try_open(const char *path, int flags)
{
    AUTO_CLOSE int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    return fd < 0 ? errno : 0;
}

int try_ioctl(int fd, unsigned long request, const void *argument)
{
    return outcome_of(syscall(SYS_ioctl, fd, request, argument));
}

int write_at_start(int fd, const char *text)
{
    if (pwrite(fd, text, strlen(text), 0) < 0)
        return errno;
    return 0;
}

int make_parents(const char *path)
{
    char copy[PATH_MAX];

    if (snprintf(copy, sizeof copy, "%s", path) >= (int)sizeof copy)
        return ENAMETOOLONG;
    for (char *slash = strchr(copy + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(copy, 0755) < 0 && errno != EEXIST && errno != EROFS && errno != EACCES &&
            errno != EPERM)
            return errno;
        *slash = '/';
    }
    return 0;
}

int try_plant(const char *path, const char *text)
{
    int outcome = make_parents(path);

    return outcome != 0 ? outcome : try_put(path, text);
}

const char *marker_command(const struct attempt *a, const char *way)
{
    static char commands[COMMANDS][256];
    static unsigned next;
    char *command = commands[next++ % COMMANDS];

    (void)snprintf(command, sizeof commands[0], "echo %s %s >>$HOLDFAST_MARKER", a->nonce, way);
    return command;
}

int try_plant_program(const struct attempt *a, const char *path, const char *way)
{
    char script[512];
    int outcome;

    (void)snprintf(script, sizeof script, "#!/bin/sh\n%s\n", marker_command(a, way));
    outcome = try_plant(path, script);
    return outcome != 0 ? outcome : outcome_of(chmod(path, 0755));
}

enum {
    TICK_STEP_MS = 5,
    TICK_STEPS = 1600
};

long ticks_now(const struct attempt *a)
{
    struct stat status;

    return stat(path_in(a->ws, TICKS_FILE), &status) == 0 ? (long)status.st_size : 0;
}

int await_ticks(const struct attempt *a, long since, unsigned count)
{
    for (int i = 0; i < TICK_STEPS; i++) {
        if (ticks_now(a) >= since + (long)count)
            return 0;
        sleep_ms(TICK_STEP_MS);
    }
    return ATTEMPT_UNABLE;
}

/* Leaks and sockets -------------------------------------------------------------------------- */

void leak(const struct attempt *a, const void *bytes, size_t size)
{
    char name[80];

    (void)fflush(stdout);
    (void)write_all(STDOUT_FILENO, bytes, size);
    (void)write_all(STDOUT_FILENO, "\n", 1);
    (void)snprintf(name, sizeof name, "leak-%s", a->nonce);
    AUTO_CLOSE int fd = open(path_in(a->ws, name), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd >= 0)
        (void)write_all(fd, bytes, size);
}

/* That it cannot be made is said, and the attempt goes on: the runner judges. */
void leave_mark(const struct attempt *a, const char *mark)
{
    char name[80];
    int error;

    if (a->ws == NULL || a->nonce == NULL)
        return;
    (void)snprintf(name, sizeof name, "%s-%s", mark, a->nonce);
    error = try_create(path_in(a->ws, name), a->nonce);
    if (error == EEXIST) /* of an earlier start, which may have been killed while it wrote */
        error = try_put(path_in(a->ws, name), a->nonce);
    if (error != 0)
        (void)fprintf(stderr, "holdfast-probe: %s: %s\n", mark, strerror(error));
}

int try_leak_file(const struct attempt *a, const char *path)
{
    char bytes[LEAK_MAX];
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    ssize_t size;

    if (fd < 0)
        return errno;
    size = read(fd, bytes, sizeof bytes);
    if (size < 0)
        return errno;
    leak(a, bytes, (size_t)size);
    return 0;
}

int send_nonce_to(const struct attempt *a, int fd, const void *address, unsigned address_size)
{
    AUTO_CLOSE int owned = fd;
    const struct timeval patience = {.tv_sec = 2};

    if (owned < 0)
        return EBADF;
    (void)setsockopt(owned, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (address != NULL && connect(owned, address, address_size) < 0)
        return errno;
    if (send(owned, a->nonce, strlen(a->nonce), MSG_NOSIGNAL) >= 0)
        return 0;
    if (errno != ENOTSOCK)
        return errno;
    return write_all(owned, a->nonce, strlen(a->nonce));
}

/* Programs ----------------------------------------------------------------------------------- */

int wait_for(pid_t child)
{
    int status;

    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            return -1;
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static _Noreturn void become(const char *const argv[])
{
    /* execvp's parameter lacks a const that it keeps (POSIX, exec, rationale). */
    execvp(argv[0], (char *const *)(uintptr_t)argv);
    _exit(errno == ENOENT ? 127 : 126);
}

int run_program(const char *const argv[])
{
    pid_t child;

    (void)fflush(stdout);
    child = fork();
    if (child < 0)
        return -1;
    if (child == 0)
        become(argv);
    return wait_for(child);
}

int run_quiet(const char *const argv[])
{
    pid_t child;

    (void)fflush(stdout);
    child = fork();
    if (child < 0)
        return -1;
    if (child == 0) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);

        for (int fd = 0; null >= 0 && fd <= 2; fd++)
            (void)dup2(null, fd);
        become(argv);
    }
    return wait_for(child);
}

int run_shell(const char *script)
{
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};

    return run_quiet(argv);
}

static void leak_all(const struct attempt *a, int fd)
{
    char bytes[LEAK_MAX];
    size_t total = 0;
    ssize_t size;

    while (total < OUTPUT_MAX && (size = read(fd, bytes, sizeof bytes)) > 0) {
        leak(a, bytes, (size_t)size);
        total += (size_t)size;
    }
}

int run_and_leak(const struct attempt *a, const char *const argv[])
{
    int ends[2];
    pid_t child;

    (void)fflush(stdout);
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    child = fork();
    if (child == 0) {
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)dup2(ends[1], STDERR_FILENO);
        become(argv);
    }
    (void)close(ends[1]);
    if (child > 0)
        leak_all(a, ends[0]);
    (void)close(ends[0]);
    return child < 0 ? -1 : wait_for(child);
}

void tools_remember_self(char **argv, int count)
{
    self_argv = argv;
    self_count = count;
}

pid_t spawn_self(const char *const words[])
{
    const char *argv[SELF_WORDS_MAX];
    size_t count = 0;
    pid_t child;

    for (int i = 0; i < self_count && count < SELF_WORDS_MAX - 2; i++)
        argv[count++] = self_argv[i];
    argv[count++] = "--";
    for (size_t i = 0; words[i] != NULL && count < SELF_WORDS_MAX - 1; i++)
        argv[count++] = words[i];
    argv[count] = NULL;
    (void)fflush(stdout);
    child = fork();
    if (child == 0)
        become(argv);
    return child;
}

int run_self(const char *const words[])
{
    pid_t child = spawn_self(words);

    return child < 0 ? -1 : wait_for(child);
}

/* Children with another view ------------------------------------------------------------------ */

/* An outcome as an exit status and back: 0..254 are errnos, 255 is ATTEMPT_UNABLE. */
static _Noreturn void exit_with(int outcome)
{
    (void)fflush(stdout);
    _exit(outcome == ATTEMPT_UNABLE ? 255 : outcome & 0xff);
}

static int outcome_of_child(pid_t child)
{
    int status;

    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            return errno;
    }
    if (!WIFEXITED(status))
        return ECHILD;
    return WEXITSTATUS(status) == 255 ? ATTEMPT_UNABLE : WEXITSTATUS(status);
}

int in_child(int (*act)(const struct attempt *a), const struct attempt *a)
{
    pid_t child;

    (void)fflush(stdout);
    child = fork();
    if (child < 0)
        return errno;
    if (child == 0)
        exit_with(act(a));
    return outcome_of_child(child);
}

/* user_namespaces(7): a process may map its own effective ids after giving up setgroups. */
static void map_ids(uid_t uid, gid_t gid)
{
    char line[64];

    (void)try_write("/proc/self/setgroups", "deny");
    (void)snprintf(line, sizeof line, "0 %u 1", (unsigned)uid);
    (void)try_write("/proc/self/uid_map", line);
    (void)snprintf(line, sizeof line, "0 %u 1", (unsigned)gid);
    (void)try_write("/proc/self/gid_map", line);
}

int in_new_namespaces(int flags, int (*act)(const struct attempt *a), const struct attempt *a)
{
    const uid_t uid = geteuid();
    const gid_t gid = getegid();
    pid_t child;

    (void)fflush(stdout);
    child = fork();
    if (child < 0)
        return errno;
    if (child == 0) {
        if (unshare(CLONE_NEWUSER | flags) < 0)
            exit_with(errno);
        map_ids(uid, gid);
        exit_with(act(a));
    }
    return outcome_of_child(child);
}

/*
 * Times a command launched as bench-stopwatch launches it and as hyperfine 1.15 does (strace(1) of it,
 * release build of Debian 12), in one process and in random order: what hyperfine's own launch adds to
 * every time it reports. The steps in between say which part of it costs what. Used by
 * ci/bench-hyperfine; not part of any program.
 *
 *     usage: hyperfine_launch RUNS SEED PROGRAM [ARG...]      prints "WAY NANOSECONDS" lines
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum way {
    WAY_LEAN,    /* CLONE_VFORK on a stack that is there; files opened by the child: as we do */
    WAY_SPAWN,   /* the same by glibc's posix_spawn: a new stack, 120 calls of sigaction(2) */
    WAY_DEFAULT, /* and with signals set to their defaults */
    WAY_FILES,   /* and the files opened, and closed again, by the parent */
    WAY_WHOLE, /* and the environment put together, six getrlimit(2), two getrusage(2): as hyperfine */
    WAYS
};

static const char *const names[WAYS] = {"lean", "spawn", "default", "files", "whole"};

static char **command;
static char spare_stack[65536] __attribute__((aligned(16)));

static uint64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC_RAW, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void fail(const char *what)
{
    perror(what);
    exit(2);
}

/* ---- lean ---- */

static void open_as(const char *path, int flags, int to)
{
    int fd = open(path, flags);

    if (fd < 0 || dup2(fd, to) < 0)
        _exit(126);
    (void)close(fd);
}

static int lean_child(void *unused)
{
    sigset_t none;

    (void)unused;
    (void)setpgid(0, 0);
    open_as("/dev/null", O_RDONLY, 0);
    open_as("/dev/null", O_WRONLY, 1);
    open_as("/dev/null", O_WRONLY, 2);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)execve(command[0], command, environ);
    _exit(127);
}

static pid_t start_lean(void)
{
    sigset_t all;
    sigset_t before;
    pid_t pid;

    (void)sigfillset(&all);
    (void)sigprocmask(SIG_BLOCK, &all, &before);
    pid =
        clone(lean_child, spare_stack + sizeof spare_stack, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    if (pid < 0)
        fail("clone");
    return pid;
}

/* ---- by glibc ---- */

struct variable {
    char *name, *value;
};

static char *copy_part(const char *from, size_t size)
{
    char *copy = malloc(size + 1);

    if (copy == NULL)
        fail("environment");
    memcpy(copy, from, size);
    copy[size] = '\0';
    return copy;
}

/* By halves, as a tree does. */
static size_t find_place(const struct variable *sorted, size_t count, const char *name)
{
    size_t low = 0;

    while (low < count) {
        size_t middle = low + (count - low) / 2;

        if (strcmp(sorted[middle].name, name) < 0)
            low = middle + 1;
        else
            count = middle;
    }
    return low;
}

/* hyperfine's Rust library keeps a sorted map of names and values, each a string of its own, and puts
 * them together again: three allocations for each variable. */
static char **copy_environment(void)
{
    struct variable sorted[1024];
    size_t count = 0;
    char **copy;

    for (; environ[count] != NULL && count < sizeof sorted / sizeof sorted[0]; count++) {
        const char *equals = strchr(environ[count], '=');
        struct variable variable = {copy_part(environ[count], (size_t)(equals - environ[count])),
                                    copy_part(equals + 1, strlen(equals + 1))};
        size_t at = find_place(sorted, count, variable.name);

        memmove(sorted + at + 1, sorted + at, (count - at) * sizeof *sorted);
        sorted[at] = variable;
    }
    copy = calloc(count + 1, sizeof *copy);
    for (size_t i = 0; copy != NULL && i < count; i++) {
        size_t name = strlen(sorted[i].name);
        size_t value = strlen(sorted[i].value);

        copy[i] = malloc(name + 1 + value + 1);
        if (copy[i] == NULL)
            fail("environment");
        memcpy(copy[i], sorted[i].name, name);
        copy[i][name] = '=';
        memcpy(copy[i] + name + 1, sorted[i].value, value + 1);
        free(sorted[i].name);
        free(sorted[i].value);
    }
    return copy;
}

static void free_environment(char **copy)
{
    for (size_t i = 0; copy[i] != NULL; i++)
        free(copy[i]);
    free(copy);
}

static pid_t start_by_glibc(enum way way)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigset_t defaults;
    int parents[3] = {-1, -1, -1};
    short flags = POSIX_SPAWN_SETSIGMASK | (way >= WAY_DEFAULT ? POSIX_SPAWN_SETSIGDEF : 0);
    char **env = way >= WAY_WHOLE ? copy_environment() : environ;
    struct rlimit limit;
    pid_t pid = 0;
    int failed;

    (void)posix_spawn_file_actions_init(&files);
    (void)posix_spawnattr_init(&attributes);
    (void)sigemptyset(&none);
    (void)sigemptyset(&defaults);
    (void)sigaddset(&defaults, SIGPIPE);
    (void)posix_spawnattr_setflags(&attributes, flags);
    (void)posix_spawnattr_setsigmask(&attributes, &none);
    (void)posix_spawnattr_setsigdefault(&attributes, &defaults);
    for (int fd = 0; fd < 3; fd++) {
        int mode = fd == 0 ? O_RDONLY : O_WRONLY;

        if (way >= WAY_FILES) {
            parents[fd] = open("/dev/null", mode | O_CLOEXEC);
            (void)posix_spawn_file_actions_adddup2(&files, parents[fd], fd);
        } else {
            (void)posix_spawn_file_actions_addopen(&files, fd, "/dev/null", mode, 0);
        }
    }
    for (int i = 0; way >= WAY_WHOLE && i < 3; i++) /* adddup2 asks, too */
        (void)getrlimit(RLIMIT_NOFILE, &limit);
    failed = posix_spawn(&pid, command[0], &files, &attributes, command, env);
    (void)posix_spawn_file_actions_destroy(&files);
    (void)posix_spawnattr_destroy(&attributes);
    for (int fd = 0; fd < 3; fd++) {
        if (parents[fd] >= 0)
            (void)close(parents[fd]);
    }
    if (way >= WAY_WHOLE)
        free_environment(env);
    errno = failed;
    if (failed != 0)
        fail(command[0]);
    return pid;
}

static uint64_t time_once(enum way way)
{
    uint64_t start = now_ns();
    pid_t pid = way == WAY_LEAN ? start_lean() : start_by_glibc(way);
    struct rusage usage;
    int status;

    if (way >= WAY_WHOLE)
        (void)getrusage(RUSAGE_CHILDREN, &usage);
    if (wait4(pid, &status, 0, &usage) != pid || status != 0)
        fail("wait4");
    if (way >= WAY_WHOLE)
        (void)getrusage(RUSAGE_CHILDREN, &usage);
    return now_ns() - start;
}

int main(int argc, char **argv)
{
    long runs = argc > 3 ? strtol(argv[1], NULL, 10) : 0;
    uint64_t state = argc > 3 ? strtoull(argv[2], NULL, 10) * 2 + 1 : 0;

    if (runs <= 0) {
        fprintf(stderr, "usage: hyperfine_launch RUNS SEED PROGRAM [ARG...]\n");
        return 2;
    }
    command = argv + 3;
    for (long i = 0; i < runs * WAYS; i++) {
        enum way way;

        state = state * 6364136223846793005u + 1442695040888963407u;
        way = (enum way)((state >> 33) % WAYS);
        printf("%s %llu\n", names[way], (unsigned long long)time_once(way));
    }
    return 0;
}

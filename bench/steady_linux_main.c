/*
 * usage: bench-steady DIRECTORY COUNT
 * What running work pays: does each of a few acts COUNT times in DIRECTORY and
 * prints its name and the nanoseconds that one took, a line each:
 *
 *     open 2612
 *
 * The clock is read inside, so starting up is no part of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/os.h"
#include "base/text.h"

extern char **environ;

/* The acts' common ground, prepared by main(). */
struct ground {
    int file;         /* DIRECTORY/steady/a/b/c/file, read and write */
    const char *noop; /* a program to start */
    char bytes[4096];
};

static const char file_path[] = "steady/a/b/c/file";

static int act_syscall(struct ground *ground)
{
    (void)ground;
    return syscall(SYS_getppid) < 0 ? -1 : 0; /* the least a call filter can add to */
}

static int act_open(struct ground *ground)
{
    int fd = open(file_path, O_RDONLY | O_CLOEXEC);

    (void)ground;
    return fd < 0 ? -1 : close(fd);
}

static int act_stat(struct ground *ground)
{
    struct stat status;

    (void)ground;
    return stat(file_path, &status);
}

static int act_read(struct ground *ground)
{
    return pread(ground->file, ground->bytes, sizeof ground->bytes, 0) < 0 ? -1 : 0;
}

static int act_write(struct ground *ground)
{
    return pwrite(ground->file, ground->bytes, sizeof ground->bytes, 0) < 0 ? -1 : 0;
}

static int act_create(struct ground *ground)
{
    int fd = open("steady/new", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    (void)ground;
    if (fd < 0 || close(fd) < 0)
        return -1;
    return unlink("steady/new");
}

static int act_rename(struct ground *ground)
{
    (void)ground;
    if (rename(file_path, "steady/moved") < 0)
        return -1;
    return rename("steady/moved", file_path);
}

static int act_mkdir(struct ground *ground)
{
    (void)ground;
    if (mkdir("steady/folder", 0700) < 0)
        return -1;
    return rmdir("steady/folder");
}

static int act_exec(struct ground *ground)
{
    char *argv[] = {(char *)(uintptr_t)ground->noop, NULL};
    int status;
    pid_t pid;

    errno = posix_spawn(&pid, ground->noop, NULL, NULL, argv, environ);
    if (errno != 0 || waitpid(pid, &status, 0) < 0)
        return -1;
    return status == 0 ? 0 : -1;
}

static const struct act {
    const char *name;
    int (*act)(struct ground *ground);
    unsigned share; /* of COUNT: dear acts are done less often */
} acts[] = {
    {"syscall", act_syscall, 1}, {"open", act_open, 1},   {"stat", act_stat, 1},
    {"read", act_read, 1},       {"write", act_write, 1}, {"create", act_create, 2},
    {"rename", act_rename, 2},   {"mkdir", act_mkdir, 2}, {"exec", act_exec, 20},
};

static int prepare(struct ground *ground, const char *directory)
{
    static const char *const folders[] = {"steady", "steady/a", "steady/a/b", "steady/a/b/c"};

    if (chdir(directory) < 0)
        return -1;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        if (mkdir(folders[i], 0700) < 0 && errno != EEXIST)
            return -1;
    }
    ground->file = open(file_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    return ground->file < 0 ? -1 : act_write(ground);
}

static int measure(const struct act *act, struct ground *ground, uint64_t count)
{
    uint64_t times = count / act->share > 0 ? count / act->share : 1;
    uint64_t start = os_now_ns();

    for (uint64_t i = 0; i < times; i++) {
        if (act->act(ground) < 0)
            return -1;
    }
    return printf("%s %.3f\n", act->name, (double)(os_now_ns() - start) / (double)times) > 0 ? 0
                                                                                             : -1;
}

/* bench-noop beside this program. */
static const char *noop_path(const char *self)
{
    static char path[4096];
    const char *slash = strrchr(self, '/');

    (void)snprintf(path, sizeof path, "%.*sbench-noop", slash != NULL ? (int)(slash - self + 1) : 0,
                   self);
    return path;
}

int main(int argc, char **argv)
{
    static struct ground ground;
    uint64_t count;

    if (argc != 3 || !text_parse_u64(argv[2], 100000000, &count)) {
        (void)fputs("usage: bench-steady DIRECTORY COUNT\n", stderr);
        return 2;
    }
    (void)setvbuf(stdout, NULL, _IOLBF, 0); /* so that an error comes after what worked */
    ground.noop = noop_path(argv[0]);
    if (prepare(&ground, argv[1]) < 0) {
        perror("bench-steady: prepare");
        return 1;
    }
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        if (measure(&acts[i], &ground, count) < 0) {
            (void)fprintf(stderr, "bench-steady: %s: %s\n", acts[i].name, strerror(errno));
            return 1;
        }
    }
    return 0;
}

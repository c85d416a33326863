#include "bench/stopwatch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"

extern char **environ;

static int spawn_program(struct stopwatch_process *process, const char *program, char *const *argv,
                         int requests, int replies, struct error *err)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    int failed = posix_spawn_file_actions_init(&files);
    int outer =
        fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10); /* so that 0, 1 and 3 can be given away */
    pid_t pid = 0;

    /* Ignored signals are inherited, and what is measured shall not find SIGPIPE ignored. */
    (void)sigemptyset(&defaults);
    (void)sigaddset(&defaults, SIGPIPE);
    (void)posix_spawnattr_init(&attributes);
    (void)posix_spawnattr_setsigdefault(&attributes, &defaults);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    if (failed == 0 && outer < 0)
        failed = errno;
    if (failed == 0)
        failed = posix_spawn_file_actions_adddup2(&files, requests, 0);
    if (failed == 0)
        failed = posix_spawn_file_actions_adddup2(&files, replies, 1);
    if (failed == 0)
        failed = posix_spawn_file_actions_adddup2(&files, outer, 3);
    if (failed == 0)
        failed = posix_spawn(&pid, program, &files, &attributes, argv, environ);
    (void)posix_spawn_file_actions_destroy(&files);
    (void)posix_spawnattr_destroy(&attributes);
    if (outer >= 0)
        (void)close(outer);
    process->pid = pid;
    return failed == 0 ? 0 : error_os(err, failed, "start %s", program);
}

/* A pipe whose ends are 10 or above, out of the way of the descriptors given to the program. */
static int high_pipe(int ends[2], struct error *err)
{
    int low[2];

    if (pipe2(low, O_CLOEXEC) < 0)
        return error_os(err, errno, "pipe");
    for (int i = 0; i < 2; i++) {
        ends[i] = fcntl(low[i], F_DUPFD_CLOEXEC, 10);
        (void)close(low[i]);
    }
    if (ends[0] < 0 || ends[1] < 0)
        return error_os(err, EMFILE, "pipe");
    return 0;
}

int stopwatch_process_start(struct stopwatch_process *process, const char *program,
                            const struct stopwatch_identity *identity, struct error *err)
{
    char uid[16] = "";
    char gid[16] = "";
    char *argv[4] = {(char *)(uintptr_t)program, NULL, NULL, NULL};
    int requests[2] = {-1, -1};
    int replies[2] = {-1, -1};
    int failed;

    if (identity != NULL && identity->is_other) {
        (void)snprintf(uid, sizeof uid, "%u", identity->uid);
        (void)snprintf(gid, sizeof gid, "%u", identity->gid);
        argv[1] = uid;
        argv[2] = gid;
    }
    if (high_pipe(requests, err) < 0 || high_pipe(replies, err) < 0)
        return -1;
    /* A stopwatch that died is told by read(2) and write(2), not by a signal. */
    (void)signal(SIGPIPE, SIG_IGN);
    failed = spawn_program(process, program, argv, requests[0], replies[1], err);
    (void)close(requests[0]);
    (void)close(replies[1]);
    if (failed < 0) {
        (void)close(requests[1]);
        (void)close(replies[0]);
        return -1;
    }
    process->to = requests[1];
    process->from = replies[0];
    return 0;
}

void stopwatch_process_end(struct stopwatch_process *process)
{
    (void)close(process->to);
    (void)close(process->from);
    (void)kill((pid_t)process->pid, SIGTERM);
    while (waitpid((pid_t)process->pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

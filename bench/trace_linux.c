#include "bench/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "bench/programs.h"

enum {
    OPTIONS = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
              PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL,
    MARK = 0x48466d6b /* prctl(2) knows no such option; only the tracer understands it */
};

/* What is to be traced: a command, or a function. */
struct tracee {
    const char *path;
    const char *const *argv, *const *env;
    const char *cwd;
    const struct stopwatch_identity *identity;
    const char *target;
    int (*function)(void *argument);
    void *argument;
};

/* Where a trace is. */
struct progress {
    struct trace_counts counts;
    enum trace_part part;
    pid_t first, target; /* target 0: not executed yet */
    const char *name;    /* of the target's file; NULL: none */
};

/* Newer architectures have no open(2). */
#if defined(SYS_open)
#define OLD_OPEN ((long)SYS_open)
#else
#define OLD_OPEN (-1L)
#endif

static const long mount_calls[] = {
    SYS_mount,         SYS_umount2, SYS_pivot_root, SYS_open_tree, SYS_move_mount,
    SYS_mount_setattr, SYS_fsmount, SYS_fsopen,     SYS_fsconfig,
};

static const long object_calls[] = {
    SYS_mkdirat,   SYS_mknodat,     SYS_unlinkat,     SYS_symlinkat,    SYS_linkat,   SYS_renameat2,
    SYS_fchmod,    SYS_fchmodat,    SYS_fchown,       SYS_fchownat,     SYS_setxattr, SYS_lsetxattr,
    SYS_fsetxattr, SYS_removexattr, SYS_fremovexattr, SYS_lremovexattr,
#if defined(__x86_64__)
    SYS_mkdir,     SYS_rmdir,       SYS_mknod,        SYS_unlink,       SYS_symlink,  SYS_link,
    SYS_rename,    SYS_renameat,    SYS_chmod,        SYS_chown,        SYS_lchown,   SYS_creat,
#endif
};

static bool is_among(const long *list, size_t count, uint64_t call)
{
    for (size_t i = 0; i < count; i++) {
        if ((uint64_t)list[i] == call)
            return true;
    }
    return false;
}

/* open and openat that may create; the flags are at another place in each. */
static bool is_creating(const struct __ptrace_syscall_info *info)
{
    uint64_t call = info->entry.nr;

    if ((long)call == OLD_OPEN)
        return (info->entry.args[1] & O_CREAT) != 0;
    return call == SYS_openat && (info->entry.args[2] & O_CREAT) != 0;
}

static void add(struct trace_tally *tally, const struct __ptrace_syscall_info *info)
{
    tally->calls++;
    tally->mounts += is_among(mount_calls, ARRAY_SIZE(mount_calls), info->entry.nr);
    tally->rules += info->entry.nr == SYS_landlock_add_rule;
    tally->objects +=
        is_among(object_calls, ARRAY_SIZE(object_calls), info->entry.nr) || is_creating(info);
}

static void count_call(pid_t pid, struct progress *progress)
{
    struct __ptrace_syscall_info info;

    if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof info, &info) <= 0 ||
        info.op != PTRACE_SYSCALL_INFO_ENTRY)
        return;
    if (info.entry.nr == SYS_prctl && info.entry.args[0] == MARK &&
        info.entry.args[1] < TRACE_PARTS) {
        progress->part = (enum trace_part)info.entry.args[1];
        return;
    }
    add(&progress->counts.all, &info);
    add(&progress->counts.parts[progress->part], &info);
}

/* By its file's name: where that lies is another path on the other side of a mount namespace. */
static bool is_target(pid_t pid, const char *name)
{
    char link[64];
    char path[4096];
    const char *file;
    ssize_t size;

    (void)snprintf(link, sizeof link, "/proc/%ld/exe", (long)pid);
    size = readlink(link, path, sizeof path - 1);
    if (size <= 0)
        return false;
    path[size] = '\0';
    file = strrchr(path, '/');
    return strcmp(file != NULL ? file + 1 : path, name) == 0;
}

static void count_event(pid_t pid, int event, struct progress *progress)
{
    switch (event) {
    case PTRACE_EVENT_FORK:
    case PTRACE_EVENT_VFORK:
    case PTRACE_EVENT_CLONE:
        progress->counts.all.processes++;
        progress->counts.parts[progress->part].processes++;
        break;
    case PTRACE_EVENT_EXEC:
        if (progress->name != NULL && progress->target == 0 && is_target(pid, progress->name)) {
            progress->target = pid;
            progress->part = TRACE_TARGET;
        }
        break;
    default:
        break;
    }
}

static void count_end(pid_t pid, int status, struct progress *progress)
{
    if (pid == progress->first)
        progress->counts.exit_status =
            WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    if (pid == progress->target)
        progress->part = TRACE_AFTER;
}

static _Noreturn void become(const struct tracee *tracee)
{
    const struct stopwatch_identity *identity = tracee->identity;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
        _exit(126);
    if (identity != NULL && identity->is_other &&
        (setgroups(0, NULL) < 0 || setgid(identity->gid) < 0 || setuid(identity->uid) < 0))
        _exit(126);
    if ((tracee->cwd != NULL && chdir(tracee->cwd) < 0) ||
        ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 || raise(SIGSTOP) != 0)
        _exit(126);
    if (tracee->function != NULL)
        _exit(tracee->function(tracee->argument));
    (void)execve(tracee->path, (char *const *)(uintptr_t)tracee->argv,
                 (char *const *)(uintptr_t)tracee->env);
    _exit(127);
}

/* Signals that only tracing makes are kept from the tracee. */
static int signal_for(int status)
{
    int number = WSTOPSIG(status);
    bool is_event = (status >> 16) != 0;

    if (is_event || number == (SIGTRAP | 0x80) || number == SIGTRAP || number == SIGSTOP)
        return 0;
    return number;
}

static void follow(struct progress *progress)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, __WALL)) > 0) {
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            count_end(pid, status, progress);
            continue;
        }
        if (WSTOPSIG(status) == (SIGTRAP | 0x80))
            count_call(pid, progress);
        else if (WSTOPSIG(status) == SIGTRAP)
            count_event(pid, status >> 16, progress);
        (void)ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(uintptr_t)signal_for(status));
    }
}

/* The tracer is a process of its own: waitpid(-1) must not take other people's children. */
static _Noreturn void trace(int to, const struct tracee *tracee)
{
    struct progress progress = {.counts = {.all = {.processes = 1}, .exit_status = -1},
                                .name = tracee->target,
                                .first = fork()};
    int status;

    progress.counts.parts[TRACE_BEFORE].processes = 1;
    if (progress.first == 0)
        become(tracee);
    (void)alarm(60); /* a tracee that hangs ends with its tracer (EXITKILL) */
    if (progress.first > 0 && waitpid(progress.first, &status, 0) == progress.first &&
        WIFSTOPPED(status) &&
        ptrace(PTRACE_SETOPTIONS, progress.first, NULL, (void *)OPTIONS) == 0 &&
        ptrace(PTRACE_SYSCALL, progress.first, NULL, NULL) == 0)
        follow(&progress);
    _exit(write(to, &progress.counts, sizeof progress.counts) == (ssize_t)sizeof progress.counts
              ? 0
              : 1);
}

static int run(const struct tracee *tracee, const char *name, struct trace_counts *counts,
               struct error *err)
{
    struct trace_counts made;
    int ends[2];
    pid_t tracer;
    ssize_t got;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_os(err, errno, "pipe");
    tracer = fork();
    if (tracer == 0)
        trace(ends[1], tracee);
    (void)close(ends[1]);
    got = read(ends[0], &made, sizeof made);
    (void)close(ends[0]);
    if (tracer > 0)
        (void)waitpid(tracer, NULL, 0);
    if (got != (ssize_t)sizeof made || made.exit_status < 0)
        return error_set(err, ERR_UNSUPPORTED, "%s cannot be traced here", name);
    *counts = made;
    return 0;
}

int trace_command(const char *const *argv, const char *const *env, const char *cwd,
                  const struct stopwatch_identity *identity, const char *target,
                  struct trace_counts *counts, struct error *err)
{
    AUTO_FREE char *path = programs_search(argv[0], NULL, err);
    const struct tracee tracee = {
        .path = path, .argv = argv, .env = env, .cwd = cwd, .identity = identity, .target = target};

    return path == NULL ? -1 : run(&tracee, argv[0], counts, err);
}

int trace_function(int (*function)(void *argument), void *argument,
                   const struct stopwatch_identity *identity, struct trace_counts *counts,
                   struct error *err)
{
    const struct tracee tracee = {.function = function, .argument = argument, .identity = identity};

    return run(&tracee, "a function", counts, err);
}

void trace_mark(enum trace_part part)
{
    (void)syscall(SYS_prctl, MARK, (long)part, 0L, 0L, 0L);
}

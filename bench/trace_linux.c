#include "bench/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "bench/programs.h"

enum {
    OPTIONS = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
              PTRACE_O_TRACEVFORK | PTRACE_O_EXITKILL
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

static void count_call(pid_t pid, struct trace_counts *counts)
{
    struct __ptrace_syscall_info info;

    if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof info, &info) <= 0 ||
        info.op != PTRACE_SYSCALL_INFO_ENTRY)
        return;
    counts->calls++;
    counts->mounts += is_among(mount_calls, ARRAY_SIZE(mount_calls), info.entry.nr);
    counts->rules += info.entry.nr == SYS_landlock_add_rule;
    counts->objects +=
        is_among(object_calls, ARRAY_SIZE(object_calls), info.entry.nr) || is_creating(&info);
}

static _Noreturn void become(const char *path, const char *const *argv, const char *const *env,
                             const char *cwd, const struct stopwatch_identity *identity)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
        _exit(126);
    if (identity != NULL && identity->is_other &&
        (setgroups(0, NULL) < 0 || setgid(identity->gid) < 0 || setuid(identity->uid) < 0))
        _exit(126);
    if (chdir(cwd) < 0 || ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 || raise(SIGSTOP) != 0)
        _exit(126);
    (void)execve(path, (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)env);
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

static void follow(pid_t first, struct trace_counts *counts)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, __WALL)) > 0) {
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            if (pid == first)
                counts->exit_status =
                    WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
            continue;
        }
        if (WSTOPSIG(status) == (SIGTRAP | 0x80))
            count_call(pid, counts);
        if ((status >> 8) == (SIGTRAP | (PTRACE_EVENT_FORK << 8)) ||
            (status >> 8) == (SIGTRAP | (PTRACE_EVENT_VFORK << 8)) ||
            (status >> 8) == (SIGTRAP | (PTRACE_EVENT_CLONE << 8)))
            counts->processes++;
        (void)ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(uintptr_t)signal_for(status));
    }
}

/* The tracer is a process of its own: waitpid(-1) must not take other people's children. */
static _Noreturn void trace(int to, const char *path, const char *const *argv,
                            const char *const *env, const char *cwd,
                            const struct stopwatch_identity *identity)
{
    struct trace_counts counts = {.processes = 1, .exit_status = -1};
    pid_t first = fork();
    int status;

    if (first == 0)
        become(path, argv, env, cwd, identity);
    (void)alarm(60); /* a tracee that hangs ends with its tracer (EXITKILL) */
    if (first > 0 && waitpid(first, &status, 0) == first && WIFSTOPPED(status) &&
        ptrace(PTRACE_SETOPTIONS, first, NULL, (void *)OPTIONS) == 0 &&
        ptrace(PTRACE_SYSCALL, first, NULL, NULL) == 0)
        follow(first, &counts);
    _exit(write(to, &counts, sizeof counts) == (ssize_t)sizeof counts ? 0 : 1);
}

int trace_command(const char *const *argv, const char *const *env, const char *cwd,
                  const struct stopwatch_identity *identity, struct trace_counts *counts,
                  struct error *err)
{
    AUTO_FREE char *path = programs_search(argv[0], NULL, err);
    struct trace_counts made;
    int ends[2];
    pid_t tracer;
    ssize_t got;

    if (path == NULL)
        return -1;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_os(err, errno, "pipe");
    tracer = fork();
    if (tracer == 0)
        trace(ends[1], path, argv, env, cwd, identity);
    (void)close(ends[1]);
    got = read(ends[0], &made, sizeof made);
    (void)close(ends[0]);
    if (tracer > 0)
        (void)waitpid(tracer, NULL, 0);
    if (got != (ssize_t)sizeof made || made.exit_status < 0)
        return error_set(err, ERR_UNSUPPORTED, "%s cannot be traced here", argv[0]);
    *counts = made;
    return 0;
}

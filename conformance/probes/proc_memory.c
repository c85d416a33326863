/*
 * Rows of area proc: the inside of another process: its memory, descriptors,
 * environment, arguments.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probe.h"
#include "conformance/probes/host.h"
#include "conformance/probes/tools.h"

enum {
    PATH_SIZE = 64,
    KCMP_BITS = 32,
    KCMP_FIRST_FD = 800, /* above what the harness, which the hider is forked from, has open */
    STOP_ROUNDS = 100    /* 10 ms apart */
};

static const char *of_victim(const struct attempt *a, const char *name)
{
    static char paths[4][2 * PATH_SIZE];
    static unsigned next;
    char *path = paths[next++ % ARRAY_SIZE(paths)];

    (void)snprintf(path, 2 * PATH_SIZE, "/proc/%ld/%s", (long)a->victim, name);
    return path;
}

/* Memory -------------------------------------------------------------------------------------- */

static void *victim_address(const struct attempt *a, size_t offset)
{
    return (void *)(uintptr_t)(a->victim_memory + offset);
}

static int wait_for_stop(pid_t pid)
{
    int status;

    for (int round = 0; round < STOP_ROUNDS; round++) {
        const pid_t stopped = waitpid(pid, &status, WNOHANG | __WALL);

        if (stopped == pid && WIFSTOPPED(status))
            return 0;
        if (stopped < 0)
            return errno;
        sleep_ms(10);
    }
    return ETIMEDOUT;
}

/* Writes one word and leaves. */
static int poke(const struct attempt *a, size_t offset)
{
    long word;
    int outcome = wait_for_stop(a->victim);

    memcpy(&word, a->nonce, sizeof word);
    if (outcome == 0)
        outcome = outcome_of(ptrace(PTRACE_POKEDATA, a->victim, victim_address(a, offset), word));
    (void)ptrace(PTRACE_DETACH, a->victim, NULL, NULL);
    return outcome;
}

static int seize(const struct attempt *a)
{
    if (ptrace(PTRACE_SEIZE, a->victim, NULL, NULL) < 0)
        return errno;
    if (ptrace(PTRACE_INTERRUPT, a->victim, NULL, NULL) < 0)
        return errno;
    return poke(a, 0);
}

static int attach(const struct attempt *a)
{
    if (ptrace(PTRACE_ATTACH, a->victim, NULL, NULL) < 0)
        return errno;
    return poke(a, 8);
}

static int ptrace_victim(const struct attempt *a)
{
    if (a->victim_memory == 0)
        return ATTEMPT_UNABLE;
    return outcome_join(in_child(seize, a), in_child(attach, a));
}

static int by_vm_writev(const struct attempt *a)
{
    const struct iovec from = {(void *)(uintptr_t)a->nonce, 16};
    const struct iovec to = {victim_address(a, 0), 16};

    return outcome_of(process_vm_writev(a->victim, &from, 1, &to, 1, 0));
}

static int by_proc_mem(const struct attempt *a)
{
    AUTO_CLOSE int fd = open(of_victim(a, "mem"), O_RDWR | O_CLOEXEC);

    if (fd < 0)
        return errno;
    return outcome_of(pwrite(fd, a->nonce, 16, (off_t)a->victim_memory + 16));
}

static int vm_write(const struct attempt *a)
{
    if (a->victim_memory == 0)
        return ATTEMPT_UNABLE;
    return outcome_join(by_vm_writev(a), by_proc_mem(a));
}

/* Yama may keep a user's processes apart also without a sandbox (Documentation/admin-guide/LSM). */
static int require_ptrace(struct scene *scene, struct error *err)
{
    AUTO_FILE FILE *file = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
    int scope = 0;

    if (file != NULL && fscanf(file, "%d", &scope) == 1 && scope >= (scene->uid == 0 ? 3 : 1))
        return error_set(err, ERR_UNSUPPORTED,
                         "kernel.yama.ptrace_scope is %d: refused without a sandbox too", scope);
    return 0;
}

/* Descriptors --------------------------------------------------------------------------------- */

static int steal_descriptor(const struct attempt *a)
{
    AUTO_CLOSE int pidfd = (int)syscall(SYS_pidfd_open, a->victim, 0);
    AUTO_CLOSE int stolen = pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, a->victim_fd, 0);

    return stolen < 0 ? errno : outcome_of(write(stolen, a->nonce, strlen(a->nonce)));
}

static int reopen_descriptor(const struct attempt *a)
{
    char name[PATH_SIZE];

    (void)snprintf(name, sizeof name, "fd/%d", a->victim_fd);
    return try_append(of_victim(a, name), a->nonce);
}

static int pidfd_getfd(const struct attempt *a)
{
    if (a->victim_fd <= 0)
        return ATTEMPT_UNABLE;
    return outcome_join(steal_descriptor(a), reopen_descriptor(a));
}

/* What /proc tells ---------------------------------------------------------------------------- */

static int read_environ(const struct attempt *a)
{
    return try_leak_file(a, of_victim(a, "environ"));
}

static int read_cmdline(const struct attempt *a)
{
    static const char *const names[] = {"cmdline", "stat", "cgroup", "status", "maps", "auxv"};
    int outcome = ATTEMPT_UNABLE;

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        outcome = outcome_join(outcome, try_leak_file(a, of_victim(a, names[i])));
    return outcome;
}

/* kcmp ---------------------------------------------------------------------------------------- */

/* kcmp(2) gives one bit and leaves no trace. So the harness hides 32 random bits in a process of
 * the user (pair i of descriptors shares one open file or does not), and the answer is compared
 * outside: nobody guesses it. Runs between fork and exit. */
static void hide_bits(const struct scene *scene, int to_harness)
{
    const uint32_t bits = (uint32_t)strtoul(scene->token + 24, NULL, 16);

    for (int i = 0; i < KCMP_BITS; i++) {
        const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        const int second = (bits >> i & 1) != 0 ? dup(fd) : open("/dev/null", O_RDONLY | O_CLOEXEC);

        if (dup2(fd, KCMP_FIRST_FD + 2 * i) < 0 || dup2(second, KCMP_FIRST_FD + 2 * i + 1) < 0)
            _exit(1);
        (void)close(fd);
        (void)close(second);
    }
    host_become_identity(scene);
    host_say_ready(to_harness);
    for (;;)
        (void)pause();
}

static int start_hider(struct scene *scene, struct error *err)
{
    if (host_fork(scene, hide_bits, "hider", err) < 0 || host_await(scene, err) < 0)
        return -1;
    return host_tell_helper(scene, "kcmp.pid", err);
}

static int kcmp_victim(const struct attempt *a)
{
    enum {
        KCMP_FILE_TYPE = 0
    };
    char text[PATH_SIZE] = "";
    AUTO_CLOSE int fd = open(path_in(a->ws, "kcmp.pid"), O_RDONLY | O_CLOEXEC);
    const ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    const long pid = size > 0 ? strtol(text, NULL, 10) : 0;
    uint32_t bits = 0;

    if (pid <= 1)
        return ATTEMPT_UNABLE;
    /* The hider may not have come to the end of its preparations yet. */
    for (unsigned waited_ms = 0; waited_ms < 1000; waited_ms += 10) {
        if (syscall(SYS_kcmp, pid, pid, KCMP_FILE_TYPE, KCMP_FIRST_FD + 2 * KCMP_BITS - 2,
                    KCMP_FIRST_FD + 2 * KCMP_BITS - 1) >= 0 ||
            (errno != EBADF && errno != EPERM))
            break;
        sleep_ms(10);
    }
    for (unsigned i = 0; i < KCMP_BITS; i++) {
        const long same = syscall(SYS_kcmp, pid, pid, KCMP_FILE_TYPE, KCMP_FIRST_FD + 2 * i,
                                  KCMP_FIRST_FD + 2 * i + 1);

        if (same < 0)
            return errno;
        bits |= (uint32_t)(same == 0) << i;
    }
    (void)snprintf(text, sizeof text, "%08x", bits);
    return try_create(path_in(a->ws, "kcmp.answer"), text);
}

static int observe_answer(const struct scene *scene, struct observation *seen, struct error *err)
{
    char path[512], text[16] = "";

    (void)err;
    (void)snprintf(path, sizeof path, "%s/kcmp.answer", scene->ws);
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && read(fd, text, 8) == 8 && strcmp(text, scene->token + 24) == 0)
        observation_fire(seen, "32 hidden bits of another process were told rightly");
    return 0;
}

/* futex --------------------------------------------------------------------------------------- */

enum {
    SHARED_SIZE = 4096
};

static uint32_t *map_shared(const char *directory)
{
    char path[512];

    (void)snprintf(path, sizeof path, "%s/shared.dat", directory);
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    return fd < 0 ? MAP_FAILED : mmap(NULL, SHARED_SIZE, PROT_READ, MAP_SHARED, fd, 0);
}

/* Waits on a word of a file that both map, read-only. Nothing else ever wakes it. */
static void wait_on_word(const struct scene *scene, int to_harness)
{
    uint32_t *word = map_shared(scene->run);

    if (word != MAP_FAILED && syscall(SYS_futex, word, FUTEX_WAIT, 0, NULL, NULL, 0) == 0)
        (void)!write(to_harness, scene->nonce, strlen(scene->nonce));
}

static int start_waiter(struct scene *scene, struct error *err)
{
    char path[512];

    (void)snprintf(path, sizeof path, "%s/shared.dat", scene->run);
    if (host_plant(scene, path, "", 0644, err) < 0)
        return -1;
    if (truncate(path, SHARED_SIZE) < 0)
        return error_os(err, errno, "size %s", path);
    return host_fork(scene, wait_on_word, "a process waiting on a futex outside", err);
}

static int futex_shared(const struct attempt *a)
{
    uint32_t *word = map_shared(a->run);
    int outcome = ESRCH;

    if (word == MAP_FAILED)
        return errno;
    for (int round = 0; round < STOP_ROUNDS && outcome == ESRCH; round++) {
        const long woken = syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);

        if (woken != 0)
            outcome = outcome_of(woken);
        sleep_ms(5);
    }
    return outcome;
}

static const struct probe rows[] = {
    {
        .id = "proc.ptrace",
        .claim = "no process outside can be traced",
        .technique = "PTRACE_SEIZE and PTRACE_ATTACH of a process of the same user, then POKEDATA",
        .source = "ptrace(2); kernel selftest landlock/ptrace_test",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_VICTIM,
        .attempt = ptrace_victim,
        .prepare = require_ptrace,
    },
    {
        .id = "proc.vm-write",
        .claim = "no memory of a process outside can be written",
        .technique = "process_vm_writev and /proc/PID/mem",
        .source = "process_vm_readv(2), proc_pid_mem(5); openai/codex landlock.rs",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_VICTIM,
        .attempt = vm_write,
        .prepare = require_ptrace,
    },
    {
        .id = "proc.pidfd-getfd",
        .claim = "no open file of a process outside can be taken",
        .technique = "pidfd_getfd and a reopen of /proc/PID/fd/N; write through it",
        .source = "pidfd_getfd(2), proc_pid_fd(5); measured",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_VICTIM,
        .attempt = pidfd_getfd,
        .prepare = require_ptrace,
    },
    {
        .id = "proc.environ-as-root",
        .claim = "also root's command cannot read the environment of processes outside",
        .technique = "read /proc/PID/environ of a process of root",
        .source = "proc_pid_environ(5); measured: CAP_PERFMON lets it through Landlock, so "
                  "capabilities have to go",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_LINUX,
        .oracles = ORACLE_LEAK,
        .needs = "root",
        .attempt = read_environ,
    },
    {
        .id = "proc.cmdline-maps",
        .claim = "arguments and maps of processes outside cannot be read",
        .technique = "read cmdline, stat, cgroup, status, maps and auxv below /proc/PID; a secret "
                     "is among the arguments",
        .source = "proc_pid_cmdline(5), proc(5) hidepid; measured: Landlock does not mediate it",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_LEAK,
        .attempt = read_cmdline,
    },
    {
        .id = "proc.kcmp",
        .claim = "kernel objects of a process outside cannot be compared",
        .technique = "kcmp(KCMP_FILE) on 32 pairs of descriptors of a process of the same user, "
                     "which hide 32 random bits",
        .source = "kcmp(2); measured",
        .severity = SEVERITY_LOW,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CUSTOM,
        .attempt = kcmp_victim,
        .prepare = start_hider,
        .observe = observe_answer,
        .finish = host_finish,
    },
    {
        .id = "proc.futex-shared",
        .claim = "a process outside that waits on a shared file cannot be woken",
        .technique = "FUTEX_WAKE on a read-only shared mapping of a readable file that a process "
                     "outside waits on",
        .source = "futex(2); own",
        .severity = SEVERITY_LOW,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CUSTOM,
        .attempt = futex_shared,
        .prepare = start_waiter,
        .observe = host_observe,
        .finish = host_finish,
    },
};

PROBE_FAMILY(family_proc_memory, rows);

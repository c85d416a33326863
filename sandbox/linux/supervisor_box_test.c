#include "sandbox/linux/supervisor_box_test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/os.h"
#include "base/test.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

#ifndef CLOSE_RANGE_UNSHARE
#define CLOSE_RANGE_UNSHARE (1u << 1)
#endif

#define RACE_NS UINT64_C(500000000)

static const char *const default_names[] = {".git", ".codex", ".agents"};

static void write_file(const char *path, const char *text)
{
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd >= 0)
        (void)!write(fd, text, strlen(text));
}

static const char *missing(void)
{
    const unsigned action = SECCOMP_RET_USER_NOTIF;
    pid_t child;
    int status = 0;

    if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0)
        return "no seccomp user notification";
    child = fork();
    if (child == 0)
        _exit(unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID) < 0);
    (void)waitpid(child, &status, 0);
    return status != 0 ? "no user, mount and pid namespaces" : NULL;
}

void box_open(struct box *box)
{
    const char *reason = missing();

    if (reason != NULL)
        cr_skip_test("%s", reason);
    memset(box, 0, sizeof *box);
    (void)strcpy(box->root, "/tmp/supervisor-root-XXXXXX");
    (void)strcpy(box->other, "/tmp/supervisor-other-XXXXXX");
    cr_assert_not_null(mkdtemp(box->root), "mkdtemp");
    cr_assert_not_null(mkdtemp(box->other), "mkdtemp");
    box->names = default_names;
    box->name_count = ARRAY_SIZE(default_names);
    box->shared =
        mmap(NULL, sizeof *box->shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cr_assert(box->shared != MAP_FAILED, "mmap");
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

void box_close(struct box *box)
{
    (void)nftw(box->root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    (void)nftw(box->other, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    (void)munmap(box->shared, sizeof *box->shared);
}

void box_log(struct box *box, const char *format, ...)
{
    struct box_shared *shared = box->shared;
    va_list args;

    va_start(args, format);
    (void)vsnprintf(shared->text + shared->used, sizeof shared->text - shared->used, format, args);
    va_end(args);
    shared->used += strlen(shared->text + shared->used);
}

bool box_check(struct box *box, bool ok, const char *what, int line)
{
    if (!ok)
        box_log(box, "line %d: not so: %s (errno %d %s)\n", line, what, errno, strerror(errno));
    return ok;
}

bool box_has(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0;
}

void box_sleep_ms(long ms)
{
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    (void)nanosleep(&time, NULL);
}

bool box_becomes(_Atomic int *word, int value)
{
    for (int i = 0; i < 10000 && atomic_load(word) < value; i++)
        box_sleep_ms(1);
    return atomic_load(word) >= value;
}

bool box_goes_on(uint64_t start_ns, bool is_enough)
{
    uint64_t elapsed = os_now_ns() - start_ns;

    return elapsed < RACE_NS || (!is_enough && elapsed < 20 * RACE_NS);
}

/* ---- the filter ------------------------------------------------------------------------------ */

struct program {
    struct sock_filter code[256];
    unsigned short size;
};

static void emit(struct program *program, unsigned code, unsigned k, unsigned yes, unsigned no)
{
    program->code[program->size++] = (struct sock_filter){
        .code = (unsigned short)code, .jt = (unsigned char)yes, .jf = (unsigned char)no, .k = k};
}

#define LOAD(offset)  emit(program, BPF_LD | BPF_W | BPF_ABS, (unsigned)(offset), 0, 0)
#define RETURN(value) emit(program, BPF_RET | BPF_K, (value), 0, 0)

static void add_call(struct program *program, const struct supervisor_call *call)
{
    emit(program, BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call->number, 0, call->mask != 0 ? 4 : 1);
    if (call->mask != 0) {
        LOAD(offsetof(struct seccomp_data, args) + 8 * (size_t)call->argument);
        emit(program, BPF_JMP | BPF_JSET | BPF_K, call->mask, 1, 0);
        RETURN(SECCOMP_RET_ALLOW);
    }
    RETURN(SECCOMP_RET_USER_NOTIF);
}

static int install(const struct box *box)
{
    unsigned wanted = SUPERVISOR_NAMES | (box->guards_sockets ? SUPERVISOR_SOCKETS : 0u);
    unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER |
                          (box->waits_interruptibly ? 0 : SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
    struct program room = {.size = 0};
    struct program *program = &room;
    struct sock_fprog filter;

    LOAD(offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < supervisor_call_count; i++) {
        if ((supervisor_calls[i].guards & wanted) != 0)
            add_call(program, &supervisor_calls[i]);
    }
    RETURN(SECCOMP_RET_ALLOW);
    filter = (struct sock_fprog){.len = program->size, .filter = program->code};
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
}

/* ---- the processes --------------------------------------------------------------------------- */

static void set_capabilities(unsigned mask)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{.effective = mask, .permitted = mask}};

    for (unsigned long i = 0; i <= CAP_LAST_CAP; i++) {
        if (i != CAP_SYS_PTRACE)
            (void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
    }
    (void)syscall(SYS_capset, &header, data);
}

static void run_command(struct box *box, int (*body)(struct box *), volatile int *listener)
{
    int result;

    (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    set_capabilities(0);
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    (void)umask(022);
    if (chdir(box->root) < 0)
        _exit(90);
    if (!box->is_bare) {
        result = install(box);
        *listener = result < 0 ? -errno : result;
        if (result < 0)
            _exit(91);
    }
    if (syscall(SYS_close_range, 3, ~0u, CLOSE_RANGE_UNSHARE) < 0)
        _exit(91);
    _exit(body(box));
}

/* The command shares our descriptors until it has its listener, which so becomes ours. */
static pid_t start_command(struct box *box, int (*body)(struct box *), volatile int *listener)
{
    pid_t child = (pid_t)syscall(SYS_clone, (box->is_bare ? 0ul : CLONE_FILES) | SIGCHLD, NULL,
                                 NULL, NULL, 0);
    int status;

    if (child == 0)
        run_command(box, body, listener);
    while (child > 0 && !box->is_bare && *listener == -1) {
        if (waitpid(child, &status, WNOHANG) == child)
            return -1;
        (void)sched_yield();
    }
    return child;
}

static int supervise(struct box *box, pid_t command, int listener, int *status)
{
    AUTO_CLOSE int root = open(box->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct error err = {0};
    struct supervisor_config config = {
        .listener = listener,
        .root_fds = &root,
        .root_count = 1,
        .names = box->names,
        .name_count = box->name_count,
        .guards_names = true,
        .guards_sockets = box->guards_sockets,
        .hides_abstract = box->guards_sockets,
        .umask = 022,
    };

    if (chdir("/") < 0 || supervisor_serve(&config, command, status, &err) < 0) {
        box_log(box, "supervisor: %s\n", err.message);
        return -1;
    }
    return 0;
}

static void run_init(struct box *box, int (*body)(struct box *))
{
    volatile int *listener =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status = 0;
    pid_t command;

    if (listener == MAP_FAILED || mount("proc", "/proc", "proc", 0, NULL) < 0)
        _exit(92);
    *listener = -1;
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    command = start_command(box, body, listener);
    set_capabilities(box->has_no_privilege ? 0 : 1u << CAP_SYS_PTRACE);
    if (command < 0)
        _exit(93);
    if (box->is_bare)
        (void)waitpid(command, &status, 0);
    else if (supervise(box, command, *listener, &status) < 0)
        _exit(94);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static void run_outer(struct box *box, int (*body)(struct box *))
{
    char map[64];
    unsigned uid = getuid();
    unsigned gid = getgid();
    pid_t child;
    int status = 0;

    if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC) < 0)
        _exit(95);
    write_file("/proc/self/setgroups", "deny");
    (void)snprintf(map, sizeof map, "%u %u 1", uid, uid);
    write_file("/proc/self/uid_map", map);
    (void)snprintf(map, sizeof map, "%u %u 1", gid, gid);
    write_file("/proc/self/gid_map", map);
    (void)mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
    child = fork();
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        run_init(box, body);
    }
    (void)waitpid(child, &status, 0);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

int box_run(struct box *box, int (*body)(struct box *box))
{
    int status = 0;
    pid_t outer;

    (void)fflush(NULL);
    outer = fork();
    if (outer == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        (void)alarm(box->seconds != 0 ? box->seconds : 30);
        run_outer(box, body);
    }
    if (box->outside != NULL)
        (void)box->outside(box);
    (void)waitpid(outer, &status, 0);
    return status;
}

/*
 * The launcher's side of a run: what it hands over, and how it waits.
 *
 * While it waits, the launcher may share its memory with the init of the pid
 * namespace (clone with CLONE_VM), errno included. So between the clone and
 * the end of launch_wait it makes only calls that do not fail: they never
 * write errno. Signal handlers restart what they interrupt (SA_RESTART).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "sandbox/filter.h"
#include "sandbox/linux/apply.h"
#include "sandbox/linux/near.h"
#include "sandbox/linux/supervisor_sys.h"

/* --- descriptors 0, 1, 2 ------------------------------------------------------------------------ */

static int refuse_stdio(int fd, const char *what, const char *hint, struct error *err)
{
    (void)error_set(err, ERR_REFUSED, "descriptor %d is %s", fd, what);
    return error_hint(err, "%s", hint);
}

/* A local stream socket can be read and written, no more. A datagram or internet socket could be
 * pointed at somebody else. */
static int check_socket(int fd, struct error *err)
{
    int domain = 0;
    int type = 0;
    socklen_t size = sizeof domain;

    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) < 0)
        return error_os(err, errno, "look at descriptor %d", fd);
    size = sizeof type;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0)
        return error_os(err, errno, "look at descriptor %d", fd);
    if (domain == AF_UNIX && (type == SOCK_STREAM || type == SOCK_SEQPACKET))
        return 0;
    return refuse_stdio(fd, "a socket that could reach others", "use a pipe or a socketpair", err);
}

/* pidfds, io_uring, namespaces: regular in mode on some kernels, never a file. */
static bool is_kernel_object(int fd)
{
    struct statfs fs;

    if (fstatfs(fd, &fs) < 0)
        return true;
    return fs.f_type == 0x09041934 /* anon_inodefs */ || fs.f_type == 0x50494446 /* pidfs */ ||
           fs.f_type == 0x6e736673 /* nsfs */;
}

static int check_descriptor(int fd, bool has_host_network, struct error *err)
{
    struct stat status;
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0) {
        /* closed: stays so for the command, but none of our own descriptors may take its number */
        if (errno == EBADF && open("/dev/null", O_RDONLY | O_CLOEXEC) == fd)
            return 0;
        return error_os(err, errno, "look at descriptor %d", fd);
    }
    if (fstat(fd, &status) < 0)
        return error_os(err, errno, "look at descriptor %d", fd);
    if ((flags & O_PATH) != 0 || S_ISDIR(status.st_mode))
        return refuse_stdio(fd, "a directory or a path: a way past every mount",
                            "hand over a file or a pipe", err);
    if (S_ISSOCK(status.st_mode))
        return has_host_network ? 0 : check_socket(fd, err);
    if (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode))
        return 0;
    if (S_ISREG(status.st_mode) && !is_kernel_object(fd))
        return 0;
    return refuse_stdio(fd, "neither a file, a pipe nor a terminal", "hand over a file or a pipe",
                        err);
}

int launch_check_stdio(const struct plan *plan, struct error *err)
{
    bool has_host_network = true;

    if (plan_find(plan, STEP_CLOSE_DESCRIPTORS) == NULL)
        return 0;
    for (size_t i = 0; i < plan->step_count; i++) {
        if (plan->steps[i].kind == STEP_LANDLOCK_NETWORK || plan->steps[i].kind == STEP_LOOPBACK ||
            (plan->steps[i].kind == STEP_FILTER && plan->steps[i].bits == FILTER_NO_NETWORK))
            has_host_network = false;
    }
    for (int fd = 0; fd <= 2; fd++) {
        if (check_descriptor(fd, has_host_network, err) < 0)
            return -1;
    }
    return 0;
}

char *launch_stack(size_t size, struct error *err)
{
    void *stack = mmap(NULL, size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);

    if (stack != MAP_FAILED)
        return stack;
    (void)error_memory(err, "stacks");
    return NULL;
}

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>

void launch_stack_again(char *stack, size_t size)
{
    __asan_unpoison_memory_region(stack, size);
}
#else
void launch_stack_again(char *stack, size_t size)
{
    (void)stack;
    (void)size;
}
#endif

/* --- signals ----------------------------------------------------------------------------------- */

/* A person's signals to the terminal mean the command and what it runs in the foreground. */
static const struct {
    int number;
    bool is_for_group;
} forwarded[] = {{SIGINT, true},   {SIGQUIT, true},  {SIGHUP, true},
                 {SIGWINCH, true}, {SIGTSTP, true},  {SIGCONT, true},
                 {SIGTERM, false}, {SIGUSR1, false}, {SIGUSR2, false}};

static volatile pid_t target_pid;
static volatile bool target_is_group;
static volatile sig_atomic_t time_is_up;
static volatile sig_atomic_t is_near; /* the launcher, to the command */
static volatile unsigned target_timeout_s;
static volatile pid_t relay_pid; /* in init; it may share memory with the launcher */
static volatile int relay_client = -1;
static volatile unsigned relay_kept; /* signals, by number */

int launch_block_signals(sigset_t *before, struct error *err)
{
    sigset_t set;

    (void)sigemptyset(&set);
    for (size_t i = 0; i < ARRAY_SIZE(forwarded); i++)
        (void)sigaddset(&set, forwarded[i].number);
    (void)sigaddset(&set, SIGALRM);
    if (sigprocmask(SIG_BLOCK, &set, before) < 0)
        return error_os(err, errno, "block signals");
    return 0;
}

static bool is_for_group(int number)
{
    for (size_t i = 0; i < ARRAY_SIZE(forwarded); i++) {
        if (forwarded[i].number == number)
            return forwarded[i].is_for_group;
    }
    return false;
}

/* The group of a new session is orphaned: SIGTSTP would be ignored there, SIGSTOP is not. */
static void send_to_command(pid_t pid, bool has_group, int number)
{
    int sent = number == SIGTSTP ? SIGSTOP : number;

    (void)kill(has_group && is_for_group(number) ? -pid : pid, sent);
}

static void forward(int number)
{
    if (target_is_group)
        send_to_command(target_pid, true, number);
    else
        (void)kill(target_pid, number);
    if (number == SIGTSTP)
        (void)raise(SIGSTOP);
}

/* Without a command a signal is meant for the one whose request is on its way, or for nobody. */
static void relay(int number)
{
    struct pollfd request = {.fd = relay_client, .events = POLLIN};

    if (relay_pid > 0)
        send_to_command(relay_pid, true, number);
    else if (relay_client >= 0 && sys_call(SYS_poll, SYS_PTR(&request), 1, 0, 0, 0, 0) > 0)
        relay_kept |= 1u << number;
}

/* The first alarm is not the end: a command that runs longer does not need us near. Should this fail,
 * the launcher just wakes up where it is. */
static void end_of_time(int number)
{
    struct error nobody;

    (void)number;
    if (is_near != 0) {
        is_near = 0;
        (void)near_end(&nobody);
        (void)alarm(target_timeout_s);
        return;
    }
    time_is_up = 1;
    (void)kill(target_is_group ? -target_pid : target_pid, SIGKILL);
}

static int handle(int number, void (*handler)(int), struct error *err)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};

    (void)sigfillset(&action.sa_mask);
    if (sigaction(number, &action, NULL) < 0)
        return error_os(err, errno, "handle signal %d", number);
    return 0;
}

static int unblock(struct error *err)
{
    sigset_t set;

    (void)sigemptyset(&set);
    for (size_t i = 0; i < ARRAY_SIZE(forwarded); i++)
        (void)sigaddset(&set, forwarded[i].number);
    (void)sigaddset(&set, SIGALRM);
    if (sigprocmask(SIG_UNBLOCK, &set, NULL) < 0)
        return error_os(err, errno, "unblock signals");
    return 0;
}

static int handle_all(void (*handler)(int), struct error *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(forwarded); i++) {
        if (handle(forwarded[i].number, handler, err) < 0)
            return -1;
    }
    return 0;
}

int launch_relay_signals(pid_t command, struct error *err)
{
    relay_pid = command;
    return handle_all(relay, err) < 0 ? -1 : unblock(err);
}

int launch_relay_for(int client, sigset_t *let_through, struct error *err)
{
    relay_client = client;
    if (sigprocmask(SIG_BLOCK, NULL, let_through) < 0)
        return error_os(err, errno, "read the signal mask");
    for (size_t i = 0; i < ARRAY_SIZE(forwarded); i++)
        (void)sigdelset(let_through, forwarded[i].number);
    (void)sigdelset(let_through, SIGALRM);
    return handle_all(relay, err);
}

/* Called while the signals are blocked: one that was kept comes before those that wait. */
void launch_relay_to(pid_t command)
{
    const unsigned kept = relay_kept;

    relay_kept = 0;
    relay_pid = command;
    for (size_t i = 0; command > 0 && i < ARRAY_SIZE(forwarded); i++) {
        if ((kept & 1u << forwarded[i].number) != 0)
            send_to_command(command, true, forwarded[i].number);
    }
}

int launch_default_signals(struct error *err)
{
    return handle_all(SIG_DFL, err) < 0 || handle(SIGALRM, SIG_DFL, err) < 0 ? -1 : 0;
}

int launch_wait(const struct launch_target *target, int *wait_status, struct rusage *usage,
                bool *has_timed_out, struct error *err)
{
    static const struct itimerval first = {.it_value.tv_usec = NEAR_MS * 1000};

    target_pid = target->pid;
    target_is_group = target->is_group;
    for (size_t i = 0; i < ARRAY_SIZE(forwarded); i++) {
        if (handle(forwarded[i].number, forward, err) < 0)
            return -1;
    }
    target_timeout_s = target->timeout_s;
    is_near = near_is_on();
    if (handle(SIGALRM, end_of_time, err) < 0 || unblock(err) < 0)
        return -1;
    if (is_near != 0 && setitimer(ITIMER_REAL, &first, NULL) < 0)
        return error_os(err, errno, "set a timer");
    if (is_near == 0 && target->timeout_s > 0)
        (void)alarm(target->timeout_s);
    while (wait4(target->pid, wait_status, 0, usage) < 0) {
        if (errno != EINTR)
            return error_os(err, errno, "wait for the sandbox");
    }
    (void)alarm(0);
    *has_timed_out = time_is_up != 0;
    return 0;
}

void launch_describe(int wait_status, const struct rusage *usage, struct run_outcome *outcome)
{
    outcome->signal = WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0;
    outcome->status =
        WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
    outcome->user_us =
        (uint64_t)usage->ru_utime.tv_sec * 1000000u + (uint64_t)usage->ru_utime.tv_usec;
    outcome->system_us =
        (uint64_t)usage->ru_stime.tv_sec * 1000000u + (uint64_t)usage->ru_stime.tv_usec;
    outcome->memory_bytes = (uint64_t)usage->ru_maxrss * 1024u;
}

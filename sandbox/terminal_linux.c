#include "sandbox/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/auto.h"

enum {
    BUFFER_SIZE = 16384
};

struct relay {
    int master;
    int outer; /* the caller's terminal among 0, 1, 2; -1: none */
    bool is_raw;
    struct termios before; /* of standard input, if it is a terminal */
    pid_t launcher;
    int watcher; /* pipe: closed without a byte, the terminal is to be set right */
    pid_t watcher_pid;
    char bytes[BUFFER_SIZE]; /* from standard input, not yet taken by the pty */
    size_t at;
    size_t end;
    bool has_ended; /* standard input */
};

/* --- the caller's terminal ---------------------------------------------------------------------------- */

static int find_outer(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (isatty(fd))
            return fd;
    }
    return -1;
}

static void copy_size(const struct relay *relay)
{
    struct winsize size = {.ws_row = 24, .ws_col = 80};

    if (relay->outer >= 0)
        (void)ioctl(relay->outer, TIOCGWINSZ, &size);
    (void)ioctl(relay->master, TIOCSWINSZ, &size);
}

static void make_raw(const struct relay *relay)
{
    struct termios raw = relay->before;

    cfmakeraw(&raw);
    if (relay->is_raw)
        (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
}

static void set_right(const struct relay *relay)
{
    if (relay->is_raw)
        (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &relay->before);
}

/* --- the watcher -------------------------------------------------------------------------------------- */

/* Lives as long as the relay. Signals of the terminal are not for it, and SIGTTOU would stop it when the
 * shell already has the terminal back. */
static _Noreturn void watch(const struct relay *relay, int pipe_end)
{
    static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGTTOU, SIGTTIN};
    char byte;
    ssize_t size;

    for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
        (void)signal(ignored[i], SIG_IGN);
    do
        size = read(pipe_end, &byte, 1);
    while (size < 0 && errno == EINTR);
    if (size == 0)
        set_right(relay);
    _exit(0);
}

static int start_watcher(struct relay *relay, struct error *err)
{
    int ends[2];

    if (!relay->is_raw)
        return 0;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_os(err, errno, "pipe");
    relay->watcher_pid = fork();
    if (relay->watcher_pid == 0) {
        (void)close(ends[1]);
        watch(relay, ends[0]);
    }
    (void)close(ends[0]);
    relay->watcher = ends[1];
    if (relay->watcher_pid < 0)
        return error_os(err, errno, "start the terminal's watcher");
    return 0;
}

static void end_watcher(struct relay *relay)
{
    if (relay->watcher < 0)
        return;
    (void)!write(relay->watcher, "", 1);
    (void)close(relay->watcher);
    while (waitpid(relay->watcher_pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

/* --- signals ------------------------------------------------------------------------------------------ */

static const int passed_on[] = {SIGINT, SIGQUIT, SIGHUP, SIGTERM, SIGUSR1, SIGUSR2};
static volatile sig_atomic_t arrived[65];

static void note(int number)
{
    arrived[number] = 1;
}

/* All are blocked but while the relay waits. */
static int catch_signals(sigset_t *waiting, sigset_t *before, struct error *err)
{
    static const int own[] = {SIGCHLD, SIGWINCH, SIGTSTP, SIGCONT};
    struct sigaction action = {.sa_handler = note};
    sigset_t set;

    (void)sigemptyset(&set);
    for (size_t i = 0; i < ARRAY_SIZE(passed_on) + ARRAY_SIZE(own); i++) {
        int number = i < ARRAY_SIZE(passed_on) ? passed_on[i] : own[i - ARRAY_SIZE(passed_on)];

        (void)sigaddset(&set, number);
        if (sigaction(number, &action, NULL) < 0)
            return error_os(err, errno, "handle signal %d", number);
    }
    if (sigprocmask(SIG_BLOCK, &set, before) < 0)
        return error_os(err, errno, "block signals");
    *waiting = *before;
    for (size_t i = 0; i < ARRAY_SIZE(passed_on) + ARRAY_SIZE(own); i++)
        (void)sigdelset(waiting,
                        i < ARRAY_SIZE(passed_on) ? passed_on[i] : own[i - ARRAY_SIZE(passed_on)]);
    return 0;
}

/* What the launcher starts with: as the relay was started. */
static void uncatch_signals(const sigset_t *before)
{
    for (size_t i = 0; i < ARRAY_SIZE(passed_on); i++)
        (void)signal(passed_on[i], SIG_DFL);
    (void)signal(SIGCHLD, SIG_DFL);
    (void)signal(SIGWINCH, SIG_DFL);
    (void)signal(SIGTSTP, SIG_DFL);
    (void)signal(SIGCONT, SIG_DFL);
    (void)sigprocmask(SIG_SETMASK, before, NULL);
}

static bool take(int number)
{
    bool was = arrived[number] != 0;

    arrived[number] = 0;
    return was;
}

static void handle_signals(struct relay *relay)
{
    for (size_t i = 0; i < ARRAY_SIZE(passed_on); i++) {
        if (take(passed_on[i]))
            (void)kill(relay->launcher, passed_on[i]);
    }
    if (take(SIGTSTP)) { /* from outside: the key is a byte like any other in raw mode */
        (void)kill(relay->launcher, SIGTSTP);
        set_right(relay);
        (void)raise(SIGSTOP);
        arrived[SIGCONT] = 1;
    }
    if (take(SIGCONT)) {
        make_raw(relay);
        (void)kill(relay->launcher, SIGCONT);
        arrived[SIGWINCH] = 1;
    }
    if (take(SIGWINCH))
        copy_size(relay);
}

/* --- bytes -------------------------------------------------------------------------------------------- */

/* False: the other side is gone. */
static bool write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);

        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0) {
            bytes += written;
            size -= (size_t)written;
        }
    }
    return true;
}

/* 1: some; 0: none now; -1: nobody has the pty open any more. */
static int copy_output(const struct relay *relay)
{
    char bytes[BUFFER_SIZE];
    ssize_t size = read(relay->master, bytes, sizeof bytes);

    if (size < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    if (size == 0)
        return -1;
    return write_all(STDOUT_FILENO, bytes, (size_t)size) ? 1 : -1;
}

static void read_input(struct relay *relay)
{
    ssize_t size = read(STDIN_FILENO, relay->bytes, sizeof relay->bytes);

    if (size < 0 && errno == EINTR)
        return;
    relay->at = 0;
    relay->end = size > 0 ? (size_t)size : 1;
    if (size > 0)
        return;
    relay->bytes[0] = 4; /* end of file, as typed: VEOF of a new terminal */
    relay->has_ended = true;
}

static void write_input(struct relay *relay)
{
    ssize_t size = write(relay->master, relay->bytes + relay->at, relay->end - relay->at);

    if (size > 0)
        relay->at += (size_t)size;
    else if (size < 0 && errno != EAGAIN && errno != EINTR)
        relay->at = relay->end;
}

/* Until the launcher has ended and what it wrote is passed on. */
static void copy_bytes(struct relay *relay, const sigset_t *waiting, int *wait_status)
{
    bool is_open = true;

    for (;;) {
        bool has_input = relay->at < relay->end;
        struct pollfd polled[2] = {
            {.fd = is_open ? relay->master : -1,
             .events = (short)(POLLIN | (has_input ? POLLOUT : 0))},
            {.fd = has_input || relay->has_ended || !is_open ? -1 : STDIN_FILENO,
             .events = POLLIN}};
        int ready = ppoll(polled, 2, NULL, waiting);

        handle_signals(relay);
        if (take(SIGCHLD) && waitpid(relay->launcher, wait_status, WNOHANG) == relay->launcher)
            break;
        if (ready <= 0)
            continue;
        if ((polled[0].revents & POLLOUT) != 0)
            write_input(relay);
        if ((polled[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && copy_output(relay) < 0)
            is_open = false;
        if ((polled[1].revents & (POLLIN | POLLHUP | POLLERR | POLLNVAL)) != 0)
            read_input(relay);
    }
    while (is_open && copy_output(relay) > 0)
        ;
}

/* --- the split ---------------------------------------------------------------------------------------- */

static int open_pty(int *master, int *slave, struct error *err)
{
    char *name;

    *slave = -1;
    *master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (*master < 0 || grantpt(*master) < 0 || unlockpt(*master) < 0)
        return error_os(err, errno, "open a new terminal");
    name = ptsname(*master);
    *slave = name != NULL ? open(name, O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
    if (*slave < 0)
        return error_os(err, errno, "open a new terminal");
    return fcntl(*master, F_SETFL, O_NONBLOCK) < 0 ? error_os(err, errno, "new terminal") : 0;
}

/* Does not outlive the relay. */
static int become_launcher(const struct relay *relay, int slave, pid_t parent, struct error *err)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != parent)
        _exit(125);
    for (int fd = 0; fd <= 2; fd++) {
        if (dup2(slave, fd) < 0)
            return error_os(err, errno, "use the new terminal");
    }
    (void)close(slave);
    (void)close(relay->master);
    if (relay->watcher >= 0)
        (void)close(relay->watcher);
    return TERMINAL_LAUNCHER;
}

static int describe(int wait_status)
{
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

int terminal_split(int kept, int *status, struct error *err)
{
    static struct relay relay = {.watcher = -1};
    const pid_t self = getpid();
    sigset_t waiting;
    sigset_t before;
    int wait_status = 0;
    int slave;

    relay.is_raw = tcgetattr(STDIN_FILENO, &relay.before) == 0;
    relay.outer = find_outer();
    /* first, so that the watcher has nothing of the new terminal */
    if (start_watcher(&relay, err) < 0 || open_pty(&relay.master, &slave, err) < 0 ||
        catch_signals(&waiting, &before, err) < 0)
        return -1;
    copy_size(&relay);
    relay.launcher = fork();
    if (relay.launcher == 0) {
        uncatch_signals(&before);
        return become_launcher(&relay, slave, self, err);
    }
    (void)close(slave);
    if (kept >= 0)
        (void)close(kept);
    if (relay.launcher < 0) {
        end_watcher(&relay);
        return error_os(err, errno, "start the launcher");
    }
    make_raw(&relay);
    copy_bytes(&relay, &waiting, &wait_status);
    set_right(&relay);
    end_watcher(&relay);
    *status = describe(wait_status);
    return TERMINAL_RELAY;
}

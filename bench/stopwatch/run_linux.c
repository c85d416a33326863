#include "bench/stopwatch/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/os.h"

enum {
    /* After its timeout a run is killed again and again: a signal that came just before wait4(2)
     * began to sleep must not be the last. */
    KILL_AGAIN_US = 20000,
    /* How long what a run left behind may take to die by itself before it counts as left behind. */
    GRACE_MS = 50,
};

static posix_spawnattr_t attributes;
static volatile sig_atomic_t has_expired;
static volatile sig_atomic_t must_stop;

static void on_alarm(int signal_number)
{
    (void)signal_number;
    has_expired = 1;
}

static void on_stop(int signal_number)
{
    (void)signal_number;
    must_stop = 1;
}

static void set_alarm(uint32_t timeout_ms)
{
    struct itimerval timer = {.it_value = {timeout_ms / 1000, (timeout_ms % 1000) * 1000},
                              .it_interval = {0, KILL_AGAIN_US}};

    has_expired = 0;
    if (timeout_ms > 0)
        (void)setitimer(ITIMER_REAL, &timer, NULL);
}

static void clear_alarm(void)
{
    static const struct itimerval none;

    (void)setitimer(ITIMER_REAL, &none, NULL);
}

/* After EINTR: was it the alarm, or a wish to stop? */
static void check_alarm(pid_t pid, struct stopwatch_sample *sample)
{
    if (has_expired == 0 && must_stop == 0)
        return;
    sample->flags |= has_expired != 0 ? STOPWATCH_TIMED_OUT : 0u;
    (void)kill(-pid, SIGKILL);
    (void)kill(pid, SIGKILL);
}

/* Descendants that outlived their parent are children of this subreaper. */
static void kill_children(void)
{
    char path[64];
    AUTO_FILE FILE *list = NULL;
    long pid;

    (void)snprintf(path, sizeof path, "/proc/self/task/%ld/children", (long)getpid());
    list = fopen(path, "re");
    while (list != NULL && fscanf(list, "%ld", &pid) == 1)
        (void)kill((pid_t)pid, SIGKILL);
}

/* Reaps orphans; true while one is alive. */
static bool reap_orphans(void)
{
    pid_t reaped;

    do
        reaped = waitpid(-1, NULL, WNOHANG);
    while (reaped > 0);
    return reaped == 0;
}

/* Untimed. Without is_tidy only what a timeout cut off is cleared away: a command that starts a
 * service on purpose may keep it. */
static void tidy(const struct command *command, struct stopwatch_sample *sample)
{
    bool is_wanted =
        command->define.is_tidy != 0 || (sample->flags & STOPWATCH_TIMED_OUT) != 0 || must_stop;
    bool is_alive = reap_orphans();

    for (int waited = 0; is_alive && is_wanted && waited < GRACE_MS; waited++) {
        (void)usleep(1000);
        is_alive = reap_orphans();
    }
    if (!is_alive || !is_wanted)
        return;
    sample->flags |= STOPWATCH_LEFTOVER;
    for (int tries = 0; reap_orphans() && tries < 1000; tries++) {
        kill_children();
        (void)usleep(1000);
    }
}

static uint64_t to_ns(struct timeval time)
{
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_usec * 1000u;
}

static void fill_usage(struct stopwatch_sample *sample, const struct rusage *usage, int status)
{
    sample->user_ns = to_ns(usage->ru_utime);
    sample->system_ns = to_ns(usage->ru_stime);
    sample->memory_bytes = (uint64_t)usage->ru_maxrss * 1024u;
    sample->minor_faults = (uint64_t)usage->ru_minflt;
    sample->major_faults = (uint64_t)usage->ru_majflt;
    sample->voluntary_switches = (uint64_t)usage->ru_nvcsw;
    sample->involuntary_switches = (uint64_t)usage->ru_nivcsw;
    sample->exit_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void await_end(pid_t pid, struct stopwatch_sample *sample)
{
    struct rusage usage = {0};
    int status = 0;

    while (wait4(pid, &status, 0, &usage) < 0 && errno == EINTR)
        check_alarm(pid, sample);
    sample->wall_ns = os_now_ns() - sample->start_ns;
    fill_usage(sample, &usage, status);
}

static int spawn(const struct command *command, pid_t *pid, struct error *err)
{
    int failed =
        posix_spawn(pid, command->path, &command->files, &attributes, command->argv, command->env);

    return failed == 0 ? 0 : error_os(err, failed, "start %s", command->path);
}

static void empty_pipe(const struct command *command)
{
    char bytes[4096];

    while (command->stamp_pipe >= 0 && read(command->stamp_pipe, bytes, sizeof bytes) > 0)
        ;
}

/* The last stamp among whatever was printed. A time outside the run is none: a sandbox with a time
 * namespace has a clock of its own (time_namespaces(7)). */
static void read_stamp(const struct command *command, struct stopwatch_sample *sample)
{
    char bytes[4096];
    struct stopwatch_stamp stamp;
    ssize_t size = command->stamp_pipe >= 0 ? read(command->stamp_pipe, bytes, sizeof bytes) : 0;

    for (ssize_t at = size - (ssize_t)sizeof stamp; at >= 0; at--) {
        memcpy(&stamp, bytes + at, sizeof stamp);
        if (memcmp(stamp.magic, STOPWATCH_STAMP_MAGIC, sizeof stamp.magic) != 0)
            continue;
        if (stamp.now_ns > sample->start_ns && stamp.now_ns - sample->start_ns <= sample->wall_ns)
            sample->stamp_ns = stamp.now_ns - sample->start_ns;
        return;
    }
}

static int run_plain(const struct command *command, struct stopwatch_sample *sample,
                     struct error *err)
{
    pid_t pid;

    sample->start_ns = os_now_ns();
    if (spawn(command, &pid, err) < 0)
        return -1;
    await_end(pid, sample);
    return 0;
}

static void drain(int from, pid_t pid, struct capture *capture, struct stopwatch_sample *sample)
{
    char spare[65536];

    for (;;) {
        size_t room = capture != NULL ? sizeof capture->bytes - capture->size : 0;
        ssize_t got = room > 0 ? read(from, capture->bytes + capture->size, room)
                               : read(from, spare, sizeof spare);

        if (got < 0 && errno == EINTR) {
            check_alarm(pid, sample);
            if (has_expired != 0 || must_stop != 0)
                return; /* a descendant in a session of its own may hold the pipe for ever */
            continue;
        }
        if (got <= 0)
            return;
        if (room > 0)
            capture->size += (size_t)got;
    }
}

static int run_piped(const struct command *command, struct stopwatch_sample *sample,
                     struct capture *capture, struct error *err)
{
    int ends[2];
    pid_t pid;
    int failed;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_os(err, errno, "pipe");
    failed = dup3(ends[1], RUN_PIPE, O_CLOEXEC);
    (void)close(ends[1]);
    sample->start_ns = os_now_ns();
    failed = failed < 0 ? error_os(err, errno, "pipe") : spawn(command, &pid, err);
    (void)close(RUN_PIPE);
    if (failed == 0) {
        drain(ends[0], pid, capture, sample);
        await_end(pid, sample);
    }
    (void)close(ends[0]);
    return failed;
}

int run_once(struct command *command, const struct wire_run *run, struct stopwatch_sample *sample,
             struct capture *capture, struct error *err)
{
    int failed;

    *sample = (struct stopwatch_sample){0};
    command_set_environment(command, run);
    empty_pipe(command);
    set_alarm(command->define.timeout_ms);
    if (command->define.output == STOPWATCH_PIPE)
        failed = run_piped(command, sample, capture, err);
    else
        failed = run_plain(command, sample, err);
    clear_alarm();
    if (failed < 0)
        return -1;
    read_stamp(command, sample);
    tidy(command, sample);
    if (must_stop != 0)
        return error_set(err, ERR_INTERRUPTED, "stopped by a signal");
    return 0;
}

/* --- many at once ----------------------------------------------------------------------------- */

struct parallel {
    const struct command *command;
    struct stopwatch_sample *samples;
    pid_t pids[STOPWATCH_WIDTH_MAX];  /* 0: a free place */
    uint32_t of[STOPWATCH_WIDTH_MAX]; /* the sample that belongs to a place */
    uint32_t started, under_way, width;
};

static int start_one(struct parallel *parallel, struct error *err)
{
    uint32_t place = 0;

    while (parallel->pids[place] != 0)
        place++;
    parallel->of[place] = parallel->started;
    parallel->samples[parallel->started].start_ns = os_now_ns();
    if (spawn(parallel->command, &parallel->pids[place], err) < 0)
        return -1;
    parallel->started++;
    parallel->under_way++;
    return 0;
}

static void end_one(struct parallel *parallel, pid_t pid, const struct rusage *usage, int status)
{
    uint64_t now = os_now_ns();

    for (uint32_t place = 0; place < parallel->width; place++) {
        struct stopwatch_sample *sample = &parallel->samples[parallel->of[place]];

        if (parallel->pids[place] != pid)
            continue;
        sample->wall_ns = now - sample->start_ns;
        fill_usage(sample, usage, status);
        parallel->pids[place] = 0;
        parallel->under_way--;
        return;
    }
}

static void kill_parallel(struct parallel *parallel)
{
    for (uint32_t place = 0; place < parallel->width; place++) {
        if (parallel->pids[place] != 0)
            check_alarm(parallel->pids[place], &parallel->samples[parallel->of[place]]);
    }
}

static int run_all(struct parallel *parallel, uint32_t total, struct error *err)
{
    while (parallel->started < total || parallel->under_way > 0) {
        struct rusage usage;
        int status;
        pid_t pid;

        if (parallel->started < total && parallel->under_way < parallel->width && must_stop == 0) {
            if (start_one(parallel, err) < 0)
                return -1;
            continue;
        }
        pid = wait4(-1, &status, 0, &usage);
        if (pid > 0) {
            end_one(parallel, pid, &usage, status);
            empty_pipe(parallel->command); /* stamps nobody reads must not fill it */
        } else if (errno == EINTR) {
            kill_parallel(parallel);
        } else {
            break;
        }
        if (must_stop != 0 && parallel->under_way == 0)
            return error_set(err, ERR_INTERRUPTED, "stopped by a signal");
    }
    return 0;
}

int run_parallel(const struct command *command, uint32_t total, uint32_t width,
                 struct stopwatch_sample *samples, struct error *err)
{
    struct parallel parallel = {.command = command, .samples = samples, .width = width};
    struct stopwatch_sample ignored = {0};
    int failed;

    set_alarm(command->define.timeout_ms);
    failed = run_all(&parallel, total, err);
    clear_alarm();
    tidy(command, &ignored);
    empty_pipe(command);
    return failed;
}

/* --- setting up ------------------------------------------------------------------------------- */

bool run_must_stop(void)
{
    return must_stop != 0;
}

int run_set_up(struct error *err)
{
    struct sigaction stop = {.sa_handler = on_stop};
    struct sigaction expire = {.sa_handler = on_alarm};
    sigset_t none;

    (void)sigemptyset(&none);
    (void)sigaction(SIGALRM, &expire, NULL);
    (void)sigaction(SIGINT, &stop, NULL);
    (void)sigaction(SIGTERM, &stop, NULL);
    (void)sigaction(SIGHUP, &stop, NULL);
    if (posix_spawnattr_init(&attributes) != 0 ||
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK) !=
            0 ||
        posix_spawnattr_setpgroup(&attributes, 0) != 0 ||
        posix_spawnattr_setsigmask(&attributes, &none) != 0)
        return error_memory(err, "spawn attributes");
    return 0;
}

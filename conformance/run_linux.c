/*
 * The course of one run, see run.h. Every step is a small function called from
 * the event loop; run->stage says what is being waited for.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/os.h"
#include "conformance/data.h"
#include "conformance/run_internal.h"

enum {
    TIMEOUT_DEFAULT_MS = 10000,
    SETTLE_MS = 500, /* a process namespace may take a moment to die */
    PING_STEP_MS = 2,
    PING_PATIENCE_MS = 2000,
    END_PATIENCE_MS = 15000, /* above the keeper's own patience */
    TICK_MS = 5,
    READ_SIZE = 128 * 1024
};

static void begin_end(struct run *run);
static void on_timer(uv_timer_t *timer);

/* Handles ------------------------------------------------------------------------------------------ */

static void free_run(struct run *run)
{
    struct run **link = &run->harness->runs;

    while (*link != NULL && *link != run)
        link = &(*link)->next;
    if (*link != NULL) {
        *link = run->next;
        run->harness->run_count--;
    }
    strings_done(&run->argv);
    strings_done(&run->environment);
    capture_done(&run->capture);
    buffer_done(&run->terminal_input);
    free(run);
}

static void release(struct run *run)
{
    if (run->is_released)
        return;
    run->is_released = true;
    if (run->callbacks.released != NULL)
        run->callbacks.released(run->callbacks.context);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct run *run = handle->data;

    if (--run->open_handles > 0)
        return;
    release(run);
    run->callbacks.done(&run->facts, run->callbacks.context);
    free_run(run);
}

static int watch(struct run *run, uv_poll_t *poll, int fd, void *data, uv_poll_cb callback,
                 bool *is_watched, struct error *err)
{
    int failure = uv_poll_init(&run->harness->loop, poll, fd);

    if (failure != 0)
        return error_set(err, ERR_OS, "watch a descriptor: %s", uv_strerror(failure));
    poll->data = data;
    *is_watched = true;
    run->open_handles++;
    (void)uv_poll_start(poll, UV_READABLE, callback);
    return 0;
}

/* data of every handle is the run itself when it is closed. */
static void unwatch(struct run *run, uv_poll_t *poll, bool *is_watched)
{
    if (!*is_watched)
        return;
    *is_watched = false;
    (void)uv_poll_stop(poll);
    poll->data = run;
    uv_close((uv_handle_t *)poll, on_handle_closed);
}

static void set_timer(struct run *run, uint64_t ms)
{
    (void)uv_timer_start(&run->timer, on_timer, ms, 0);
}

/* Streams ------------------------------------------------------------------------------------------ */

static void close_stream(struct stream *stream)
{
    unwatch(stream->run, &stream->poll, &stream->is_watched);
    if (stream->fd >= 0)
        (void)close(stream->fd);
    stream->fd = -1;
}

/* Reads once; false: there is nothing now, or no more. */
static bool read_stream(struct stream *stream)
{
    static char bytes[READ_SIZE];
    ssize_t size;

    if (stream->fd < 0)
        return false;
    size = read(stream->fd, bytes, sizeof bytes);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (size <= 0) {
        close_stream(stream);
        return false;
    }
    capture_feed(&stream->run->capture, bytes, (size_t)size);
    capture_search_feed(&stream->token, bytes, (size_t)size);
    capture_search_feed(&stream->wanted, bytes, (size_t)size);
    return true;
}

static void on_stream_readable(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    (void)read_stream(poll->data);
}

/* A pipe's worth at most: a survivor that floods must not keep us here. */
void run_drain(struct run *run)
{
    struct stream *streams[] = {&run->out, &run->err};

    for (size_t i = 0; i < ARRAY_SIZE(streams); i++) {
        for (int reads = 0; reads < 16 && read_stream(streams[i]); reads++)
            continue;
    }
}

static int open_stream(struct run *run, struct stream *stream, int fd, struct error *err)
{
    stream->fd = fd;
    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    return watch(run, &stream->poll, fd, stream, on_stream_readable, &stream->is_watched, err);
}

/* stdio[] gets the command's ends, which the caller closes. */
static int open_pipes(struct run *run, int stdio[3], struct error *err)
{
    int out[2];
    int problem[2];

    stdio[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (stdio[0] < 0 || pipe2(out, O_CLOEXEC) < 0)
        return error_os(err, errno, "pipe");
    stdio[1] = out[1];
    if (open_stream(run, &run->out, out[0], err) < 0)
        return -1;
    if (pipe2(problem, O_CLOEXEC) < 0)
        return error_os(err, errno, "pipe");
    stdio[2] = problem[1];
    return open_stream(run, &run->err, problem[0], err);
}

/* A terminal in raw mode, so that every typed byte can be read at once; its input is read through a
 * description of our own, because O_NONBLOCK would be shared with the command's. */
static int open_terminal(struct run *run, int stdio[3], struct error *err)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios mode;
    char name[64];

    if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0 ||
        ptsname_r(master, name, sizeof name) != 0) {
        if (master >= 0)
            (void)close(master);
        return error_os(err, errno, "pseudo-terminal");
    }
    if (open_stream(run, &run->out, master, err) < 0)
        return -1;
    for (int i = 0; i < 3; i++)
        stdio[i] = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    run->terminal = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (stdio[2] < 0 || run->terminal < 0 || tcgetattr(stdio[0], &mode) < 0)
        return error_os(err, errno, "open %s", name);
    cfmakeraw(&mode);
    (void)tcsetattr(stdio[0], TCSANOW, &mode);
    if (run->tree.uid != geteuid() && fchown(stdio[0], run->tree.uid, (gid_t)-1) < 0)
        return error_os(err, errno, "give %s away", name);
    return 0;
}

/* Start -------------------------------------------------------------------------------------------- */

static void on_report(uv_poll_t *poll, int status, int events);

static int start_command(struct run *run, int stdio[3], struct error *err)
{
    AUTO_FREE char *program = fixture_program(&run->harness->fixture, "fixture-keeper", err);
    const bool is_terminal = (run_flags(run) & CASE_PTY) != 0;
    struct keeper_command command = {
        .program = program,
        .argv = (const char *const *)run->argv.items,
        .environment = (const char *const *)run->environment.items,
        .cwd = (run_flags(run) & CASE_CWD_OUTSIDE) != 0 ? run->tree.outside : run->tree.ws,
        .uid = run->tree.uid,
        .gid = run->tree.gid,
        .is_terminal = is_terminal,
        .inherit = run->scene.inherit,
        .inherit_count = run->scene.inherit_count,
        .settle_ms = SETTLE_MS,
        .nofile = run->harness->nofile,
    };

    if (program == NULL ||
        (is_terminal ? open_terminal(run, stdio, err) : open_pipes(run, stdio, err)) < 0)
        return -1;
    memcpy(command.stdio, stdio, sizeof command.stdio);
    if (keeper_start(&run->keeper, &command, err) < 0)
        return -1;
    ear_set_keeper(run->ear, run->keeper.pid);
    return watch(run, &run->control, run->keeper.control, run, on_report, &run->is_control_watched,
                 err);
}

static void fail(struct run *run, const struct error *err)
{
    run->facts.outcome = RUN_FAILED;
    (void)snprintf(run->facts.reason, sizeof run->facts.reason, "%s", err->message);
    begin_end(run);
}

static unsigned timeout_ms(const struct run *run)
{
    const unsigned wanted = run->order.row != NULL ? run->order.row->timeout_ms : 0;

    return wanted > 0 ? wanted : TIMEOUT_DEFAULT_MS;
}

static void start(struct run *run)
{
    int stdio[3] = {-1, -1, -1};
    struct error err;
    int result;

    if (run->order.kind == RUN_CONFINED && run->harness->breakage == BREAK_LISTENER)
        listeners_break(run->harness->listeners);
    run->stage = STAGE_RUNNING;
    run->started_ns = os_now_ns();
    result = start_command(run, stdio, &err);
    for (int i = 0; i < 3; i++) {
        if (stdio[i] >= 0)
            (void)close(stdio[i]);
    }
    for (size_t i = 0; i < run->scene.inherit_count && i < SCENE_INHERIT_MAX; i++) {
        if (run->scene.inherit[i] >= 0)
            (void)close(run->scene.inherit[i]);
        run->scene.inherit[i] = -1;
    }
    if (result < 0)
        fail(run, &err);
    else
        set_timer(run, timeout_ms(run));
}

/* Kernels stamp changes with a clock that ticks every few milliseconds (before multigrain
 * timestamps, Linux 6.13). An act in the tick of the snapshot would carry the same ctime, so the
 * run starts only when the clock has moved on. */
static bool has_clock_moved_on(const struct run *run)
{
    const struct timespec a = snapshot_latest(&run->canaries);
    const struct timespec b = snapshot_latest(&run->metadata);
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return (now.tv_sec > a.tv_sec || (now.tv_sec == a.tv_sec && now.tv_nsec > a.tv_nsec)) &&
           (now.tv_sec > b.tv_sec || (now.tv_sec == b.tv_sec && now.tv_nsec > b.tv_nsec));
}

static void start_when_clock_ticks(struct run *run)
{
    if (has_clock_moved_on(run))
        start(run);
    else
        set_timer(run, TICK_MS);
}

/* Looking ------------------------------------------------------------------------------------------ */

static bool needs_oracles(const struct run *run)
{
    return run->order.kind != RUN_SMOKE && !run_is_must_work(run);
}

/* Nothing but its own end, output and beacon: must-work rows and smoke runs. */
static void look_at_work(struct run *run)
{
    const struct probe *row = run->order.row;

    run_look_at_beacon(run);
    if (row == NULL)
        return;
    run->facts.has_worked = run->facts.has_beacon && !run->facts.has_timed_out &&
                            run->facts.exit_status == row->want_exit &&
                            (row->want_output == NULL || run->out.wanted.is_found);
    if (run->facts.has_worked && !run_look_at_result(run)) {
        run->facts.has_worked = false;
        (void)snprintf(run->facts.evidence, sizeof run->facts.evidence,
                       "it ended well, but outside its result is not there");
    } else if (!run->facts.has_worked) {
        (void)snprintf(
            run->facts.evidence, sizeof run->facts.evidence, "exit status %d%s%s",
            run->facts.exit_status, run->facts.has_timed_out ? ", stopped by the time limit" : "",
            row->want_output != NULL && !run->out.wanted.is_found ? ", without the wanted output"
                                                                  : "");
    }
}

static unsigned grace_ms(const struct run *run)
{
    return run->order.row->grace_ms > 0 ? run->order.row->grace_ms : run->harness->grace_ms;
}

static void begin_pinging(struct run *run)
{
    run->stage = STAGE_PINGING;
    run->patience_until_ns = os_now_ns() + (uint64_t)PING_PATIENCE_MS * 1000000;
    ear_ping(run->ear);
    set_timer(run, 0);
}

static void after_ping(struct run *run)
{
    run_drain(run);
    run_look(run);
    if (run->facts.has_fired || run->looks > 1) {
        begin_end(run);
        return;
    }
    run->stage = STAGE_GRACE;
    release(run);
    set_timer(run, grace_ms(run));
}

static void begin_look(struct run *run)
{
    run_drain(run);
    capture_last_words(&run->capture, run->facts.last_words, sizeof run->facts.last_words);
    if (needs_oracles(run)) {
        begin_pinging(run);
        return;
    }
    look_at_work(run);
    begin_end(run);
}

static void take_survivors(struct run *run, const struct keeper_report *report)
{
    run->survivors = report->survivors;
    (void)snprintf(run->survivor, sizeof run->survivor, "%s", report->text);
}

/* The end ------------------------------------------------------------------------------------------ */

static void close_all(struct run *run)
{
    run->stage = STAGE_CLOSING;
    unwatch(run, &run->control, &run->is_control_watched);
    keeper_done(&run->keeper);
    run_drain(run);
    close_stream(&run->out);
    close_stream(&run->err);
    if (run->terminal >= 0)
        (void)close(run->terminal);
    run->terminal = -1;
    run_begin_removal(run);
    run_drop_scene(run);
    (void)uv_timer_stop(&run->timer);
    uv_close((uv_handle_t *)&run->timer, on_handle_closed);
}

static void begin_end(struct run *run)
{
    if (run->stage == STAGE_ENDING || run->stage == STAGE_CLOSING)
        return;
    if (run->keeper.pid == 0) {
        close_all(run);
        return;
    }
    run->stage = STAGE_ENDING;
    keeper_request(&run->keeper, KEEPER_END);
    set_timer(run, END_PATIENCE_MS);
}

/* Events ------------------------------------------------------------------------------------------- */

static void on_keeper_gone(struct run *run)
{
    struct error err;

    if (run->stage == STAGE_ENDING) {
        close_all(run);
        return;
    }
    (void)error_set(&err, ERR_PROTOCOL, "the keeper of the run was killed");
    unwatch(run, &run->control, &run->is_control_watched);
    keeper_done(&run->keeper);
    fail(run, &err);
}

static void obey_report(struct run *run, const struct keeper_report *report)
{
    switch ((enum keeper_report_kind)report->kind) {
    case KEEPER_EXITED:
        run->facts.exit_status = report->status;
        run->facts.duration_ms = (os_now_ns() - run->started_ns) / 1000000;
        if (run->stage != STAGE_RUNNING)
            break;
        (void)uv_timer_stop(&run->timer);
        run->stage = STAGE_SETTLING;
        if (!needs_oracles(run))
            begin_look(run);
        break;
    case KEEPER_SETTLED:
        take_survivors(run, report);
        if (run->stage == STAGE_SETTLING)
            begin_look(run);
        break;
    case KEEPER_LOOKED:
        take_survivors(run, report);
        if (run->stage == STAGE_ASKING)
            begin_pinging(run);
        break;
    case KEEPER_ENDED:
        if (report->survivors > 0)
            (void)fprintf(stderr, "holdfast: a process could not be killed\n");
        break;
    }
}

static void on_report(uv_poll_t *poll, int status, int events)
{
    struct run *run = poll->data;
    struct keeper_report report;
    int got = 0;

    (void)status;
    (void)events;
    while (run->stage != STAGE_CLOSING && run->keeper.control >= 0 &&
           (got = keeper_receive(&run->keeper, &report)) > 0)
        obey_report(run, &report);
    if (got < 0 && run->stage != STAGE_CLOSING)
        on_keeper_gone(run);
}

static void on_timer(uv_timer_t *timer)
{
    struct run *run = timer->data;

    switch (run->stage) {
    case STAGE_PLANTED:
        start_when_clock_ticks(run);
        break;
    case STAGE_RUNNING:
        run->facts.has_timed_out = true;
        keeper_request(&run->keeper, KEEPER_STOP);
        break;
    case STAGE_PINGING:
        if (ear_is_alive(run->ear) || os_now_ns() > run->patience_until_ns)
            after_ping(run);
        else
            set_timer(run, PING_STEP_MS);
        break;
    case STAGE_GRACE:
        run->stage = STAGE_ASKING;
        keeper_request(&run->keeper, KEEPER_LOOK);
        break;
    case STAGE_ENDING:
        close_all(run);
        break;
    case STAGE_SETTLING:
    case STAGE_ASKING:
    case STAGE_CLOSING:
        break;
    }
}

/* Beginning ---------------------------------------------------------------------------------------- */

static struct run *new_run(struct harness *harness, const struct run_order *order,
                           const struct run_callbacks *callbacks)
{
    struct run *run = calloc(1, sizeof *run);

    if (run == NULL)
        return NULL;
    run->harness = harness;
    run->order = *order;
    run->callbacks = *callbacks;
    run->tree = SCENE_TREE_NONE;
    run->victim = VICTIM_NONE;
    run->keeper = KEEPER_NONE;
    run->terminal = -1;
    run->out.run = run->err.run = run;
    run->out.fd = run->err.fd = -1;
    (void)uv_timer_init(&harness->loop, &run->timer);
    run->timer.data = run;
    run->open_handles = 1;
    run->next = harness->runs;
    harness->runs = run;
    harness->run_count++;
    return run;
}

static int make_ready(struct run *run, struct error *err)
{
    int result = run_make_scene(run, err);

    if (result != 0)
        return result;
    if (run_compose(run, err) < 0)
        return -1;
    capture_search_init(&run->out.token, run->tree.token);
    capture_search_init(&run->err.token, run->tree.token);
    capture_search_init(&run->out.wanted,
                        run->order.row != NULL ? run->order.row->want_output : NULL);
    if (!needs_oracles(run))
        return 0;
    if (run_take_snapshots(run, &run->canaries, &run->metadata, err) < 0)
        return -1;
    run_look_before(run);
    run_watch_canaries(run);
    return 0;
}

int run_start(struct harness *harness, const struct run_order *order,
              const struct run_callbacks *callbacks, struct error *err)
{
    struct run *run = new_run(harness, order, callbacks);
    struct error problem;
    int result;

    if (run == NULL)
        return error_memory(err, "a run");
    result = make_ready(run, &problem);
    if (result < 0) {
        fail(run, &problem);
    } else if (result > 0) {
        run->facts.outcome = RUN_SKIPPED;
        begin_end(run);
    } else if (needs_oracles(run)) {
        start_when_clock_ticks(run);
    } else {
        start(run);
    }
    return 0;
}

void run_stop_all(struct harness *harness)
{
    harness->is_stopping = true;
    for (struct run *run = harness->runs; run != NULL; run = run->next) {
        if (run->stage == STAGE_ENDING || run->stage == STAGE_CLOSING)
            continue;
        run->facts.outcome = RUN_INTERRUPTED;
        begin_end(run);
    }
}

/* The harness -------------------------------------------------------------------------------------- */

static void raise_file_limit(struct harness *harness)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    harness->nofile = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

int harness_open(struct harness *harness, const struct settings *settings, struct error *err)
{
    AUTO_FREE char *programs = data_programs(err);

    memset(harness, 0, sizeof *harness);
    harness->journal = JOURNAL_NONE;
    harness->grace_ms = settings->grace_ms;
    harness->breakage = settings->breakage;
    if (programs == NULL || fixture_open(&harness->fixture, programs, err) < 0)
        return -1;
    raise_file_limit(harness);
    journal_open(&harness->journal);
    (void)signal(SIGPIPE, SIG_IGN);
    /* If a keeper is killed, what it kept falls to us and is ended with us, not to init. */
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (uv_loop_init(&harness->loop) != 0) {
        struct error ignored;

        (void)fixture_close(&harness->fixture, &ignored);
        return error_set(err, ERR_OS, "event loop");
    }
    harness->listeners = listeners_new(&harness->loop, err);
    if (harness->listeners == NULL) {
        struct error ignored;

        (void)harness_close(harness, &ignored);
        return -1;
    }
    return 0;
}

int harness_close(struct harness *harness, struct error *err)
{
    listeners_free(harness->listeners);
    harness->listeners = NULL;
    (void)uv_run(&harness->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&harness->loop);
    journal_close(&harness->journal);
    free(harness->peers);
    harness->peers = NULL;
    return fixture_close(&harness->fixture, err);
}

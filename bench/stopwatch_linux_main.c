/*
 * usage: bench-stopwatch [UID GID]       (started by bench/stopwatch.c only)
 * Starts commands and times them. It is a process of its own, and a tiny
 * static one, for three reasons:
 *
 * - The kernel counts the memory of the process that called vfork(2) into the
 *   child's peak (fs/exec.c, exec_mmap). From a benchmark program of 200 MB
 *   every child would seem to need 200 MB; from here the floor is some kB.
 * - A big process must never be copied for a small run: posix_spawn(3) here is
 *   clone(CLONE_VM | CLONE_VFORK).
 * - As a subreaper it sees what a run leaves behind.
 *
 * Only spawning, waiting and two readings of the clock lie in the timed part.
 * It trusts its requests, which come from the process that started it.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/os.h"
#include "base/text.h"
#include "bench/stopwatch/run.h"

static struct command **commands;
static uint32_t command_count;

/* --- the pipe to the benchmark ---------------------------------------------------------------- */

/* false at the end of the requests: the benchmark is gone. */
static bool read_all(void *bytes, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t got = read(FROM_BENCH, (char *)bytes + done, size - done);

        if (got == 0 || (got < 0 && errno != EINTR))
            return false;
        if (got > 0)
            done += (size_t)got;
    }
    return true;
}

static void write_all(const void *bytes, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t put = write(TO_BENCH, (const char *)bytes + done, size - done);

        if (put < 0 && errno != EINTR)
            _exit(1);
        if (put > 0)
            done += (size_t)put;
    }
}

static int reply(enum wire_type type, uint32_t count, const void *bytes, size_t size)
{
    struct wire_header header = {WIRE_MAGIC, type, count, (uint32_t)size};

    write_all(&header, sizeof header);
    if (size > 0)
        write_all(bytes, size);
    return 0;
}

static struct command *find_command(uint32_t number, struct error *err)
{
    if (number < command_count)
        return commands[number];
    (void)error_set(err, ERR_PROTOCOL, "there is no command %u", number);
    return NULL;
}

/* --- requests --------------------------------------------------------------------------------- */

static int answer_define(size_t size, struct error *err)
{
    struct wire_define define;
    struct command **grown = realloc(commands, (command_count + 1) * sizeof *grown);
    AUTO_FREE char *strings = malloc(size + 1);

    if (grown == NULL || strings == NULL)
        return error_memory(err, "a definition");
    commands = grown;
    if (size < sizeof define || !read_all(&define, sizeof define) ||
        !read_all(strings, size - sizeof define))
        return error_set(err, ERR_PROTOCOL, "a definition cannot be read");
    commands[command_count] = command_new(&define, TAKE(strings), size - sizeof define, err);
    if (commands[command_count] == NULL)
        return -1;
    return reply(WIRE_DONE, command_count++, NULL, 0);
}

static int answer_runs(uint32_t count, struct error *err)
{
    AUTO_FREE struct wire_run *runs = calloc(count, sizeof *runs);
    AUTO_FREE struct stopwatch_sample *samples = calloc(count, sizeof *samples);

    if (runs == NULL || samples == NULL || !read_all(runs, count * sizeof *runs))
        return error_memory(err, "runs");
    for (uint32_t i = 0; i < count; i++) {
        struct command *command = find_command(runs[i].command, err);

        if (command == NULL || run_once(command, &runs[i], &samples[i], NULL, err) < 0)
            return -1;
    }
    return reply(WIRE_DONE, count, samples, count * sizeof *samples);
}

static int answer_capture(struct error *err)
{
    struct wire_run run;
    struct stopwatch_sample sample;
    struct command *command;
    AUTO_FREE struct capture *capture = calloc(1, sizeof *capture);
    AUTO_FREE char *both = NULL;

    if (capture == NULL || !read_all(&run, sizeof run))
        return error_memory(err, "capture");
    command = find_command(run.command, err);
    if (command == NULL || run_once(command, &run, &sample, capture, err) < 0)
        return -1;
    both = malloc(sizeof sample + capture->size);
    if (both == NULL)
        return error_memory(err, "capture");
    memcpy(both, &sample, sizeof sample);
    memcpy(both + sizeof sample, capture->bytes, capture->size);
    return reply(WIRE_DONE, 1, both, sizeof sample + capture->size);
}

static int answer_parallel(struct error *err)
{
    struct wire_parallel wish;
    AUTO_FREE struct stopwatch_sample *samples = NULL;
    const struct command *command;

    if (!read_all(&wish, sizeof wish) || wish.width == 0 || wish.width > STOPWATCH_WIDTH_MAX)
        return error_set(err, ERR_PROTOCOL, "a number of parallel runs that cannot be");
    command = find_command(wish.command, err);
    if (command == NULL)
        return -1;
    samples = calloc(wish.total, sizeof *samples);
    if (samples == NULL)
        return error_memory(err, "runs");
    if (run_parallel(command, wish.total, wish.width, samples, err) < 0)
        return -1;
    return reply(WIRE_DONE, wish.total, samples, wish.total * sizeof *samples);
}

/* Memory that is really there: each page is written. */
static int answer_ballast(struct error *err)
{
    static char *held;
    static size_t held_size;
    uint64_t size;

    if (!read_all(&size, sizeof size))
        return error_set(err, ERR_PROTOCOL, "no size of the ballast");
    if (held != NULL)
        (void)munmap(held, held_size);
    held = NULL;
    held_size = (size_t)size;
    if (size > 0) {
        held = mmap(NULL, held_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (held == MAP_FAILED) {
            held = NULL;
            return error_os(err, errno, "hold %zu bytes", held_size);
        }
        for (size_t at = 0; at < held_size; at += 4096)
            ((volatile char *)held)[at] = 1;
    }
    return reply(WIRE_DONE, 0, NULL, 0);
}

static int answer(const struct wire_header *header, struct error *err)
{
    switch ((enum wire_type)header->type) {
    case WIRE_DEFINE:
        return answer_define(header->size, err);
    case WIRE_RUN:
        return answer_runs(header->count, err);
    case WIRE_PARALLEL:
        return answer_parallel(err);
    case WIRE_CAPTURE:
        return answer_capture(err);
    case WIRE_BALLAST:
        return answer_ballast(err);
    case WIRE_DONE:
    case WIRE_ERROR:
        break;
    }
    return error_set(err, ERR_PROTOCOL, "unknown request %u", header->type);
}

/* --- starting up ------------------------------------------------------------------------------ */

static int move_descriptors(struct error *err)
{
    int null;

    /* 3 is the benchmark's own stdout (stopwatch_linux.c). */
    if (dup3(0, FROM_BENCH, O_CLOEXEC) < 0 || dup3(1, TO_BENCH, O_CLOEXEC) < 0 ||
        dup3(3, OUTER_STDOUT, O_CLOEXEC) < 0)
        return error_os(err, errno, "descriptors of the stopwatch");
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
        return error_os(err, errno, "/dev/null");
    (void)close(3);
    if (null > 2)
        (void)close(null);
    return 0;
}

static int set_identity(int argc, char **argv, struct error *err)
{
    uint64_t uid;
    uint64_t gid;

    if (argc == 1)
        return 0;
    if (argc != 3 || !text_parse_u64(argv[1], UINT32_MAX - 1, &uid) ||
        !text_parse_u64(argv[2], UINT32_MAX - 1, &gid))
        return error_set(err, ERR_USAGE, "usage: bench-stopwatch [UID GID]");
    if (setgroups(0, NULL) < 0 || setgid((gid_t)gid) < 0 || setuid((uid_t)uid) < 0)
        return error_os(err, errno, "become user %s", argv[1]);
    return 0;
}

static int start_up(int argc, char **argv, struct error *err)
{
    if (move_descriptors(err) < 0 || run_set_up(err) < 0 || set_identity(argc, argv, err) < 0)
        return -1;
    /* After set_identity, which clears it (PR_SET_PDEATHSIG(2const)). */
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
        return error_os(err, errno, "prctl");
    return 0;
}

int main(int argc, char **argv)
{
    struct wire_header header;
    struct error err = {0};

    if (start_up(argc, argv, &err) < 0) {
        error_print(stderr, "bench-stopwatch", &err);
        return 2;
    }
    while (!run_must_stop() && read_all(&header, sizeof header) && header.magic == WIRE_MAGIC) {
        if (answer(&header, &err) < 0)
            (void)reply(WIRE_ERROR, 0, &err, sizeof err);
    }
    return 0;
}

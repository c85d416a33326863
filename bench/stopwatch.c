#include "bench/stopwatch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buffer.h"
#include "bench/programs.h"

struct stopwatch {
    struct stopwatch_process process;
    bool is_broken; /* a reply could not be read: nothing more can be asked */
};

struct stopwatch *stopwatch_start(const struct stopwatch_identity *identity, struct error *err)
{
    AUTO_FREE char *program = programs_find("bench-stopwatch", err);
    AUTO_FREE struct stopwatch *made = calloc(1, sizeof *made);

    if (program == NULL)
        return NULL;
    if (made == NULL) {
        (void)error_memory(err, "stopwatch");
        return NULL;
    }
    if (stopwatch_process_start(&made->process, program, identity, err) < 0)
        return NULL;
    return TAKE(made);
}

void stopwatch_free(struct stopwatch *stopwatch)
{
    if (stopwatch == NULL)
        return;
    stopwatch_process_end(&stopwatch->process);
    free(stopwatch);
}

static int write_all(int fd, const void *bytes, size_t size, struct error *err)
{
    size_t done = 0;

    while (done < size) {
        ssize_t put = write(fd, (const char *)bytes + done, size - done);

        if (put < 0 && errno != EINTR)
            return error_os(err, errno, "write to bench-stopwatch");
        if (put > 0)
            done += (size_t)put;
    }
    return 0;
}

static int read_all(int fd, void *bytes, size_t size, struct error *err)
{
    size_t done = 0;

    while (done < size) {
        ssize_t got = read(fd, (char *)bytes + done, size - done);

        if (got == 0)
            return error_set(err, ERR_PROTOCOL, "bench-stopwatch ended unexpectedly");
        if (got < 0 && errno != EINTR)
            return error_os(err, errno, "read from bench-stopwatch");
        if (got > 0)
            done += (size_t)got;
    }
    return 0;
}

static int read_reply(int fd, struct wire_header *header, char **payload, struct error *err)
{
    AUTO_FREE char *bytes = NULL;

    if (read_all(fd, header, sizeof *header, err) < 0)
        return -1;
    if (header->magic != WIRE_MAGIC || header->size > WIRE_SIZE_MAX)
        return error_set(err, ERR_PROTOCOL, "bench-stopwatch sent something else than a reply");
    bytes = malloc((size_t)header->size + 1);
    if (bytes == NULL)
        return error_memory(err, "reply of bench-stopwatch");
    if (read_all(fd, bytes, header->size, err) < 0)
        return -1;
    bytes[header->size] = '\0';
    *payload = TAKE(bytes);
    return 0;
}

/* One request, one reply. Caller frees *payload. */
static int ask(struct stopwatch *stopwatch, const struct wire_header *request, const void *bytes,
               struct wire_header *header, char **payload, struct error *err)
{
    if (stopwatch->is_broken)
        return error_set(err, ERR_PROTOCOL, "bench-stopwatch has ended");
    if (write_all(stopwatch->process.to, request, sizeof *request, err) < 0 ||
        write_all(stopwatch->process.to, bytes, request->size, err) < 0 ||
        read_reply(stopwatch->process.from, header, payload, err) < 0) {
        stopwatch->is_broken = true;
        return -1;
    }
    if (header->type == WIRE_ERROR && header->size == sizeof *err) {
        memcpy(err, *payload, sizeof *err);
        return -1;
    }
    return 0;
}

static void add_string(struct buffer *request, const char *text)
{
    buffer_add(request, text != NULL ? text : "", text != NULL ? strlen(text) + 1 : 1);
}

static uint32_t add_list(struct buffer *request, const char *const *list)
{
    uint32_t count = 0;

    for (; list[count] != NULL; count++)
        add_string(request, list[count]);
    return count;
}

int stopwatch_define(struct stopwatch *stopwatch, const struct stopwatch_command *command,
                     struct error *err)
{
    AUTO_FREE char *path = programs_search(command->argv[0], NULL, err);
    AUTO_BUFFER struct buffer request = BUFFER_EMPTY;
    AUTO_FREE char *payload = NULL;
    struct wire_header asked = {.magic = WIRE_MAGIC, .type = WIRE_DEFINE};
    struct wire_header header;
    struct wire_define define = {.output = command->output,
                                 .errors = command->errors,
                                 .timeout_ms = command->timeout_ms,
                                 .is_tidy = command->is_tidy};

    if (path == NULL)
        return -1;
    buffer_add(&request, &define, sizeof define);
    add_string(&request, path);
    add_string(&request, command->cwd);
    add_string(&request, command->input);
    add_string(&request, command->output_path);
    define.argc = add_list(&request, command->argv);
    define.envc = add_list(&request, command->env != NULL ? command->env : programs_environment());
    if (buffer_failed(&request) || request.size > WIRE_SIZE_MAX)
        return error_memory(err, "definition of a command");
    memcpy(request.data, &define, sizeof define);
    asked.size = (uint32_t)request.size;
    if (ask(stopwatch, &asked, request.data, &header, &payload, err) < 0)
        return error_wrap(err, "define %s", command->argv[0]);
    return (int)header.count;
}

/* The reply must be `count` samples. */
static int take_samples(const struct wire_header *header, const char *payload, size_t count,
                        struct stopwatch_sample *samples, struct error *err)
{
    if (header->count != count || header->size < count * sizeof *samples)
        return error_set(err, ERR_PROTOCOL, "bench-stopwatch sent %u samples for %zu runs",
                         header->count, count);
    memcpy(samples, payload, count * sizeof *samples);
    return 0;
}

int stopwatch_run(struct stopwatch *stopwatch, const struct wire_run *runs, size_t count,
                  struct stopwatch_sample *samples, struct error *err)
{
    AUTO_FREE char *payload = NULL;
    struct wire_header header;
    struct wire_header asked = {WIRE_MAGIC, WIRE_RUN, (uint32_t)count,
                                (uint32_t)(count * sizeof *runs)};

    if (ask(stopwatch, &asked, runs, &header, &payload, err) < 0)
        return -1;
    return take_samples(&header, payload, count, samples, err);
}

int stopwatch_run_parallel(struct stopwatch *stopwatch, int command, size_t total, size_t width,
                           struct stopwatch_sample *samples, struct error *err)
{
    AUTO_FREE char *payload = NULL;
    struct wire_header header;
    struct wire_parallel wish = {(uint32_t)command, (uint32_t)total, (uint32_t)width, 0};
    struct wire_header asked = {WIRE_MAGIC, WIRE_PARALLEL, 1, sizeof wish};

    if (ask(stopwatch, &asked, &wish, &header, &payload, err) < 0)
        return -1;
    return take_samples(&header, payload, total, samples, err);
}

int stopwatch_capture(struct stopwatch *stopwatch, int command, struct stopwatch_sample *sample,
                      char **output, size_t *size, struct error *err)
{
    AUTO_FREE char *payload = NULL;
    struct wire_header header;
    struct wire_run run = {.command = (uint32_t)command};
    struct wire_header asked = {WIRE_MAGIC, WIRE_CAPTURE, 1, sizeof run};

    if (ask(stopwatch, &asked, &run, &header, &payload, err) < 0 ||
        take_samples(&header, payload, 1, sample, err) < 0)
        return -1;
    *size = header.size - sizeof *sample;
    memmove(payload, payload + sizeof *sample, *size + 1);
    *output = TAKE(payload);
    return 0;
}

int stopwatch_set_ballast(struct stopwatch *stopwatch, uint64_t bytes, struct error *err)
{
    AUTO_FREE char *payload = NULL;
    struct wire_header header;
    struct wire_header asked = {WIRE_MAGIC, WIRE_BALLAST, 1, sizeof bytes};

    return ask(stopwatch, &asked, &bytes, &header, &payload, err);
}

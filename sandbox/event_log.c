#include "sandbox/event_log.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/buffer.h"
#include "base/text.h"

FILE *event_log_open(const char *path, struct error *err)
{
    FILE *log;

    if (path == NULL)
        return NULL;
    log = fopen(path, "a");
    if (log == NULL) {
        (void)error_os(err, errno, "open the log %s", path);
        (void)error_hint(err, "the directory must exist and be writable for you");
    }
    return log;
}

static void add_text(struct buffer *line, const char *text)
{
    buffer_add_byte(line, '"');
    text_escape_json(line, text, strlen(text));
    buffer_add_byte(line, '"');
}

static void begin(struct buffer *line, const char *event)
{
    char when[32] = "";
    time_t now = time(NULL);
    const struct tm *utc = gmtime(&now);

    if (utc != NULL)
        (void)strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", utc);
    buffer_printf(line, "{\"event\": \"%s\", \"time\": \"%s\"", event, when);
}

/* One write per line, so that lines of parallel runs do not mix. */
static int finish(FILE *log, struct buffer *line, struct error *err)
{
    buffer_add_text(line, "}\n");
    if (buffer_failed(line))
        return error_memory(err, "log line");
    if (fwrite(line->data, 1, line->size, log) != line->size || fflush(log) != 0)
        return error_os(err, errno, "write the log");
    return 0;
}

static uint64_t digest(const struct plan *plan)
{
    AUTO_BUFFER struct buffer text = BUFFER_EMPTY;
    uint64_t hash = 0xcbf29ce484222325u;

    plan_print_json(&text, plan);
    for (size_t i = 0; i < text.size; i++)
        hash = (hash ^ (unsigned char)text.data[i]) * 0x100000001b3u;
    return hash;
}

int event_log_start(FILE *log, const struct plan *plan, const struct run_request *request,
                    struct error *err)
{
    AUTO_BUFFER struct buffer line = BUFFER_EMPTY;

    if (log == NULL)
        return 0;
    begin(&line, "start");
    buffer_printf(&line, ", \"mode\": \"%s\", \"plan\": \"%016" PRIx64 "\", \"command\": [",
                  plan->mode, digest(plan));
    for (size_t i = 0; request->argv[i] != NULL; i++) {
        buffer_add_text(&line, i > 0 ? ", " : "");
        add_text(&line, request->argv[i]);
    }
    buffer_add_text(&line, "]");
    return finish(log, &line, err);
}

int event_log_end(FILE *log, const struct run_outcome *outcome, const struct error *failure,
                  struct error *err)
{
    AUTO_BUFFER struct buffer line = BUFFER_EMPTY;

    if (log == NULL)
        return 0;
    begin(&line, "end");
    buffer_printf(&line, ", \"status\": %d, \"signal\": %d, \"timed_out\": %s", outcome->status,
                  outcome->signal, outcome->has_timed_out ? "true" : "false");
    buffer_printf(
        &line, ", \"user_us\": %" PRIu64 ", \"system_us\": %" PRIu64 ", \"memory_bytes\": %" PRIu64,
        outcome->user_us, outcome->system_us, outcome->memory_bytes);
    if (failure != NULL) {
        buffer_add_text(&line, ", \"error\": ");
        add_text(&line, failure->message);
        buffer_add_text(&line, ", \"hint\": ");
        add_text(&line, failure->hint);
    }
    return finish(log, &line, err);
}

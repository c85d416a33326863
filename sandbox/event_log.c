#include "sandbox/event_log.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/buffer.h"
#include "base/sha256.h"
#include "base/text.h"

/* signal(7); not in every platform's headers. */
enum {
    SIGNAL_FILE_SIZE = 25,
    SIGNAL_BAD_CALL = 31
};

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

static void begin(struct buffer *line, const char *event, time_t now)
{
    char when[32] = "";
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

static int digest(const struct plan *plan, char hex[65], struct error *err)
{
    AUTO_BUFFER struct buffer text = BUFFER_EMPTY;
    struct sha256 hash;

    plan_print_json(&text, plan);
    if (buffer_failed(&text))
        return error_memory(err, "plan");
    sha256_init(&hash);
    sha256_add(&hash, text.data, text.size);
    sha256_finish(&hash, hex);
    return 0;
}

int event_log_start(FILE *log, const struct plan *plan, const struct run_request *request,
                    struct error *err)
{
    AUTO_BUFFER struct buffer line = BUFFER_EMPTY;
    char hex[65];

    if (log == NULL)
        return 0;
    if (digest(plan, hex, err) < 0)
        return -1;
    begin(&line, "start", time(NULL));
    buffer_printf(&line, ", \"mode\": \"%s\", \"plan\": \"%s\", \"command\": [", plan->mode, hex);
    for (size_t i = 0; request->argv[i] != NULL; i++) {
        buffer_add_text(&line, i > 0 ? ", " : "");
        add_text(&line, request->argv[i]);
    }
    buffer_add_text(&line, "]");
    return finish(log, &line, err);
}

static int log_refusal(FILE *log, const struct run_refusal *row, unsigned more, struct error *err)
{
    AUTO_BUFFER struct buffer line = BUFFER_EMPTY;

    begin(&line, "refused", (time_t)row->time_s);
    buffer_printf(&line, ", \"what\": \"%s\", \"object\": ", row->what);
    add_text(&line, row->object);
    if (more > 0)
        buffer_printf(&line, ", \"more\": %u", more);
    return finish(log, &line, err);
}

/* Which limit ended it, as far as its end shows; NULL: none. */
static const char *limit_hit(const struct run_outcome *outcome)
{
    if (outcome->has_timed_out)
        return "timeout_s";
    return outcome->signal == SIGNAL_FILE_SIZE ? "file_bytes" : NULL;
}

static int log_limit(FILE *log, const char *limit, uint64_t times, struct error *err)
{
    AUTO_BUFFER struct buffer line = BUFFER_EMPTY;

    begin(&line, "limit", time(NULL));
    buffer_printf(&line, ", \"limit\": \"%s\"", limit);
    if (times > 0)
        buffer_printf(&line, ", \"times\": %" PRIu64, times);
    return finish(log, &line, err);
}

int event_log_between(FILE *log, const struct run_refusals *refusals,
                      const struct run_outcome *outcome, struct error *err)
{
    const unsigned count = refusals != NULL ? refusals->count : 0;
    const unsigned kept = count < ARRAY_SIZE(refusals->rows) ? count : ARRAY_SIZE(refusals->rows);

    if (log == NULL)
        return 0;
    for (unsigned i = 0; i < kept; i++) {
        if (log_refusal(log, &refusals->rows[i], i + 1 == kept ? count - kept : 0, err) < 0)
            return -1;
    }
    if (outcome->signal == SIGNAL_BAD_CALL) {
        const struct run_refusal killed = {
            .time_s = time(NULL), .what = "call", .object = "killed"};

        if (log_refusal(log, &killed, 0, err) < 0)
            return -1;
    }
    if (limit_hit(outcome) != NULL && log_limit(log, limit_hit(outcome), 0, err) < 0)
        return -1;
    if (outcome->process_refusals > 0 &&
        log_limit(log, "processes", outcome->process_refusals, err) < 0)
        return -1;
    if (outcome->memory_kills > 0)
        return log_limit(log, "memory_bytes", outcome->memory_kills, err);
    return 0;
}

int event_log_end(FILE *log, const struct run_outcome *outcome, const struct error *failure,
                  struct error *err)
{
    AUTO_BUFFER struct buffer line = BUFFER_EMPTY;

    if (log == NULL)
        return 0;
    begin(&line, "end", time(NULL));
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

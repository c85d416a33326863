#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buffer.h"
#include "base/options.h"
#include "base/os.h"
#include "results/commands.h"
#include "results/formats.h"
#include "results/input.h"
#include "results/page.h"

struct settings {
    const char *out;
    const char *history;
    bool has_badges;
};

static int set_out(void *settings, const char *value, struct error *err)
{
    (void)err;
    ((struct settings *)settings)->out = value;
    return 0;
}

static int set_history(void *settings, const char *value, struct error *err)
{
    (void)err;
    ((struct settings *)settings)->history = value;
    return 0;
}

static int set_badges(void *settings, const char *value, struct error *err)
{
    (void)value;
    (void)err;
    ((struct settings *)settings)->has_badges = true;
    return 0;
}

static const struct option_row rows[] = {
    {.name = "out",
     .letter = 'o',
     .value = "DIR",
     .help = "where the report goes (made if missing)",
     .apply = set_out},
    {.name = "history",
     .value = "DIR",
     .help = "published runs, for the trend (results/published)",
     .apply = set_history},
    {.name = "badges", .help = "also one badge per sandbox, in DIR/badges", .apply = set_badges},
    {0},
};

static const struct option_table table = {
    .program = "holdfast report",
    .synopsis = "FILE... --out DIR",
    .summary =
        "Makes report.html, one self-contained page, from any set of conformance and\n"
        "benchmark results, and of each run also summary.md, JUnit XML, TAP 14, CTRF, SARIF\n"
        "(escapes only) and badge.svg. Further runs get names with -2, -3 ...",
    .epilogue =
        "Exit status: 0 written, whatever the results say; 2 usage, or a file that cannot be\n"
        "read.\n\n"
        "  holdfast report results/local/conformance.json results/local/bench.json \\\n"
        "      --history results/published --out results/local",
    .rows = rows,
};

typedef int (*write_run)(const struct result_run *run, const char *path, struct error *err);

static int write_badge(const struct result_run *run, const char *path, struct error *err)
{
    return result_write_badge(run, NULL, path, err);
}

static int write_formats(const struct result_run *run, const char *out, size_t number,
                         struct error *err)
{
    static const struct {
        const char *stem;
        const char *ending;
        write_run write;
    } formats[] = {
        {"summary", "md", result_write_summary},
        {"conformance", "junit.xml", result_write_junit},
        {"conformance", "tap", result_write_tap},
        {"conformance", "ctrf.json", result_write_ctrf},
        {"conformance", "sarif", result_write_sarif},
        {"badge", "svg", write_badge},
    };

    for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
        AUTO_BUFFER struct buffer path = BUFFER_EMPTY;

        buffer_printf(&path, "%s/%s", out, formats[i].stem);
        if (number > 1)
            buffer_printf(&path, "-%zu", number);
        buffer_printf(&path, ".%s", formats[i].ending);
        if (buffer_failed(&path))
            return error_memory(err, out);
        if (formats[i].write(run, buffer_text(&path), err) < 0)
            return -1;
    }
    return 0;
}

static int write_page(const struct input *inputs, size_t count, const struct trend *trend,
                      const char *out, struct error *err)
{
    AUTO_BUFFER struct buffer html = BUFFER_EMPTY;
    AUTO_BUFFER struct buffer path = BUFFER_EMPTY;
    struct page page;
    int status;

    if (page_init(&page, inputs, count, trend, err) < 0)
        return -1;
    status = page_write(&html, &page, err);
    page_done(&page);
    buffer_printf(&path, "%s/report.html", out);
    if (status == 0)
        status = os_replace_file(buffer_text(&path), buffer_text(&html), html.size, err);
    return status;
}

static int write_all(const struct input *inputs, size_t count, const char *history, const char *out,
                     struct error *err)
{
    struct trend trend = {0};
    size_t number = 0;
    int status = 0;

    for (size_t i = 0; i < count && status == 0; i++) {
        if (inputs[i].kind == INPUT_CONFORMANCE)
            status = write_formats(&inputs[i].run, out, ++number, err);
    }
    if (status == 0 && history != NULL)
        status = trend_read(&trend, history, err);
    if (status == 0)
        status = write_page(inputs, count, history != NULL ? &trend : NULL, out, err);
    trend_done(&trend);
    return status;
}

int results_report(const char *const *paths, size_t count, const char *history, const char *out,
                   struct error *err)
{
    struct input *inputs = calloc(count + 1, sizeof *inputs);
    size_t used = 0;
    int status = inputs == NULL ? error_memory(err, "results") : 0;

    while (status == 0 && used < count) {
        status = input_read(&inputs[used], paths[used], err);
        used += status == 0;
    }
    if (status == 0)
        status = os_make_directories(out, err);
    if (status == 0)
        status = write_all(inputs, count, history, out, err);
    for (size_t i = 0; i < used; i++)
        input_done(&inputs[i]);
    free(inputs);
    return status;
}

static int check_usage(const struct settings *settings, int operands, struct error *err)
{
    if (operands == 0 && settings->history == NULL)
        (void)error_set(err, ERR_USAGE, "no results to report");
    else if (settings->out == NULL)
        (void)error_set(err, ERR_USAGE, "--out DIR is needed");
    else
        return 0;
    return error_hint(err, "see holdfast report --help");
}

/* "linux-namespace-user.svg": a file name whatever the sandbox is called. */
static void add_badge_name(struct buffer *path, const struct result_sandbox *sandbox)
{
    for (const char *c = sandbox->name; *c != '\0' && c - sandbox->name < 80; c++) {
        bool is_plain = (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '.' ||
                        *c == '_' || (*c >= 'A' && *c <= 'Z');

        buffer_add_byte(path, is_plain ? *c : '-');
    }
    buffer_printf(path, "-%s.svg", sandbox->identity);
}

static int write_badges(const char *source, const char *out, struct error *err)
{
    struct input input;
    int status = input_read(&input, source, err);

    if (status < 0)
        return -1;
    for (size_t i = 0; i < input.run.sandbox_count && status == 0; i++) {
        AUTO_BUFFER struct buffer path = BUFFER_EMPTY;

        if (input.run.sandboxes[i].reason != NULL)
            continue;
        buffer_printf(&path, "%s/badges", out);
        status = os_make_directories(buffer_text(&path), err);
        buffer_add_byte(&path, '/');
        add_badge_name(&path, &input.run.sandboxes[i]);
        if (status == 0)
            status =
                result_write_badge(&input.run, &input.run.sandboxes[i], buffer_text(&path), err);
    }
    input_done(&input);
    return status;
}

static int report(const struct settings *settings, char **paths, size_t count, struct error *err)
{
    int status =
        results_report((const char *const *)paths, count, settings->history, settings->out, err);

    for (size_t i = 0; settings->has_badges && i < count && status == 0; i++)
        status = write_badges(paths[i], settings->out, err);
    return status;
}

int results_report_main(int argc, char **argv)
{
    struct settings settings = {0};
    struct error err;
    int first = 0;
    int parsed = options_parse_mixed(&table, argc, argv, &settings, &first, &err);

    if (parsed == OPTIONS_ANSWERED)
        return 0;
    if (parsed < 0 || check_usage(&settings, argc - first, &err) < 0 ||
        report(&settings, argv + first, (size_t)(argc - first), &err) < 0) {
        error_print(stderr, "holdfast report", &err);
        return 2;
    }
    return 0;
}

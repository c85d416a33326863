#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/options.h"
#include "base/os.h"
#include "results/commands.h"
#include "results/compare.h"
#include "results/document.h"

struct settings {
    struct compare_style style;
    bool is_json;
};

static int set_json(void *settings, const char *value, struct error *err)
{
    (void)value;
    (void)err;
    ((struct settings *)settings)->is_json = true;
    return 0;
}

static int set_markdown(void *settings, const char *value, struct error *err)
{
    (void)value;
    (void)err;
    ((struct settings *)settings)->style.is_markdown = true;
    return 0;
}

static const struct option_row rows[] = {
    {.name = "json", .help = "print the comparison as JSON", .apply = set_json},
    {.name = "markdown", .help = "print it as Markdown", .apply = set_markdown},
    {0},
};

static const struct option_table table = {
    .program = "holdfast compare",
    .synopsis = "[OPTION]... A [B]...",
    .summary =
        "Shows what changed from A to each B: verdicts case by case, or benchmarks as ratios\n"
        "with intervals. An operand is a result file, or one sandbox of it:\n"
        "FILE@NAME or FILE@NAME/IDENTITY. With A alone, the sandboxes in it are held\n"
        "against the first one of their identity, benchmarks against their reference.",
    .epilogue = "Exit status: 0 compared, whatever the differences (holdfast gate judges them);\n"
                "2 usage, or a file that cannot be read.\n\n"
                "  holdfast compare before/conformance.json after/conformance.json\n"
                "  holdfast compare run.json@linux-namespace run.json@linux-landlock",
    .rows = rows,
};

/* Where the comparisons go: text, or an array of JSON. */
struct sink {
    const struct settings *settings;
    struct buffer text;
    json_t *array;
};

static int put_pair(struct sink *sink, const struct pair *pair, struct error *err)
{
    struct diff diff;
    int failed = 0;

    if (diff_init(&diff, &pair->side_a, &pair->side_b, err) < 0)
        return -1;
    if (sink->settings->is_json) {
        failed = json_array_append_new(sink->array, compare_runs_json(pair, &diff));
    } else {
        if (sink->text.size > 0)
            buffer_add_byte(&sink->text, '\n');
        compare_write_runs(&sink->text, &sink->settings->style, pair, &diff);
    }
    diff_done(&diff);
    return failed ? error_memory(err, "a comparison") : 0;
}

static int put_bench(struct sink *sink, const struct pair *pair, struct error *err)
{
    struct bench_diff diff;
    int failed = 0;

    if (bench_diff_init(&diff, &pair->a->bench, &pair->b->bench, err) < 0)
        return -1;
    if (sink->settings->is_json)
        failed = json_array_append_new(sink->array, compare_bench_json(pair, &diff));
    else
        compare_write_bench(&sink->text, &sink->settings->style, pair, &diff);
    bench_diff_done(&diff);
    return failed ? error_memory(err, "a comparison") : 0;
}

/* One run alone: its sandboxes against the first that ran under the same identity. */
static int put_modes(struct sink *sink, const struct input *input, struct error *err)
{
    const struct result_run *run = &input->run;

    for (size_t i = 0; i < run->sandbox_count; i++) {
        const struct result_sandbox *sandbox = &run->sandboxes[i];
        size_t first = 0;

        while (strcmp(run->sandboxes[first].identity, sandbox->identity) != 0 ||
               (run->sandboxes[first].reason != NULL && first < i))
            first++;
        if (first == i || sandbox->reason != NULL)
            continue;
        if (put_pair(sink,
                     &(struct pair){input,
                                    input,
                                    {run, run->sandboxes[first].name, sandbox->identity},
                                    {run, sandbox->name, sandbox->identity}},
                     err) < 0)
            return -1;
    }
    return 0;
}

static int put_all(struct sink *sink, const struct input *inputs, size_t count, struct error *err)
{
    if (count == 1)
        return inputs[0].kind == INPUT_BENCH
                   ? put_bench(sink, &(struct pair){.a = inputs, .b = inputs}, err)
                   : put_modes(sink, inputs, err);
    for (size_t i = 1; i < count; i++) {
        const struct pair pair = {&inputs[0], &inputs[i], input_side(&inputs[0]),
                                  input_side(&inputs[i])};

        if (inputs[i].kind != inputs[0].kind)
            return error_set(err, ERR_USAGE, "%s and %s: one is of conformance, one of benchmarks",
                             inputs[0].path, inputs[i].path);
        if ((pair.side_a.sandbox == NULL) != (pair.side_b.sandbox == NULL))
            return error_set(err, ERR_USAGE, "choose a sandbox (FILE@NAME) on both sides or none");
        if ((inputs[i].kind == INPUT_BENCH ? put_bench : put_pair)(sink, &pair, err) < 0)
            return -1;
    }
    return 0;
}

static int print_sink(struct sink *sink, struct error *err)
{
    AUTO_JSON json_t *root = NULL;

    if (!sink->settings->is_json) {
        if (buffer_failed(&sink->text))
            return error_memory(err, "output");
        return fwrite(buffer_text(&sink->text), 1, sink->text.size, stdout) == sink->text.size
                   ? 0
                   : error_set(err, ERR_OS, "write to standard output");
    }
    root = json_pack("{s:s, s:O}", "schema", "holdfast.compare/1", "comparisons", sink->array);
    return root == NULL ? error_memory(err, "output") : document_print(root, err);
}

static int compare(const struct settings *settings, char **operands, size_t count,
                   struct error *err)
{
    struct sink sink = {.settings = settings, .array = json_array()};
    struct input *inputs = calloc(count, sizeof *inputs);
    size_t used = 0;
    int status = inputs == NULL ? error_memory(err, "operands") : 0;

    while (status == 0 && used < count) {
        status = input_read(&inputs[used], operands[used], err);
        used += status == 0;
    }
    if (status == 0)
        status = put_all(&sink, inputs, count, err);
    if (status == 0)
        status = print_sink(&sink, err);
    for (size_t i = 0; i < used; i++)
        input_done(&inputs[i]);
    free(inputs);
    buffer_done(&sink.text);
    json_decref(sink.array);
    return status;
}

int results_compare_main(int argc, char **argv)
{
    struct settings settings = {
        .style = {.has_color = os_is_terminal(1) && getenv("NO_COLOR") == NULL}};
    struct error err;
    int first = 0;
    int parsed = options_parse_mixed(&table, argc, argv, &settings, &first, &err);

    if (parsed == OPTIONS_ANSWERED)
        return 0;
    if (parsed == OPTIONS_PARSED && first == argc) {
        parsed = error_set(&err, ERR_USAGE, "nothing to compare");
        (void)error_hint(&err, "see holdfast compare --help");
    }
    if (parsed < 0 || compare(&settings, argv + first, (size_t)(argc - first), &err) < 0) {
        error_print(stderr, "holdfast compare", &err);
        return 2;
    }
    return 0;
}

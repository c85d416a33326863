#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buffer.h"
#include "base/options.h"
#include "base/os.h"
#include "results/commands.h"
#include "results/merge.h"

struct settings {
    const char *out;
};

static int set_out(void *settings, const char *value, struct error *err)
{
    (void)err;
    ((struct settings *)settings)->out = value;
    return 0;
}

static const struct option_row rows[] = {
    {.name = "out",
     .letter = 'o',
     .value = "DIR",
     .help = "where the joined run goes (made if "
             "missing)",
     .apply = set_out},
    {0},
};

static const struct option_table table = {
    .program = "holdfast merge",
    .synopsis = "FILE... --out DIR",
    .summary =
        "Joins the shards of a run, and runs on several hosts, into one conformance.json with\n"
        "its report. Refuses missing or duplicate shards and mixed catalogues or builds.\n"
        "A sandbox that ran on several hosts is named NAME:OS-ARCH.",
    .epilogue = "Exit status: 0 joined; 2 refused, usage, or a file that cannot be read.\n\n"
                "  holdfast merge shard-*/conformance.json --out results/local",
    .rows = rows,
};

static char *path_of(const char *directory, const char *name)
{
    AUTO_BUFFER struct buffer path = BUFFER_EMPTY;

    buffer_printf(&path, "%s/%s", directory, name);
    return buffer_take(&path);
}

typedef int (*write_run)(const struct result_run *run, const char *path, struct error *err);

static int write_formats(const struct result_run *run, const char *out, struct error *err)
{
    static const struct {
        const char *name;
        write_run write;
    } formats[] = {
        {"conformance.json", result_run_write},
        {"conformance.junit.xml", result_write_junit},
        {"conformance.tap", result_write_tap},
        {"summary.md", result_write_summary},
    };

    if (os_make_directories(out, err) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
        AUTO_FREE char *path = path_of(out, formats[i].name);

        if (path == NULL)
            return error_memory(err, out);
        if (formats[i].write(run, path, err) < 0)
            return -1;
    }
    return 0;
}

static int write_report(const char *out, struct error *err)
{
    AUTO_FREE char *path = path_of(out, "conformance.json");
    const char *paths[] = {path};

    return path == NULL ? error_memory(err, out) : results_report(paths, 1, NULL, out, err);
}

static int merge_files(char **paths, size_t count, const char *out, struct error *err)
{
    struct result_run *runs = calloc(count, sizeof *runs);
    struct merge_input *inputs = calloc(count, sizeof *inputs);
    struct result_run merged = {0};
    size_t used = 0;
    int status = runs == NULL || inputs == NULL ? error_memory(err, "runs") : 0;

    while (status == 0 && used < count) {
        status = result_run_read(&runs[used], paths[used], err);
        if (status == 0)
            inputs[used] = (struct merge_input){paths[used], &runs[used]};
        used += status == 0;
    }
    if (status == 0)
        status = merge_runs(&merged, inputs, count, err);
    if (status == 0)
        status = write_formats(&merged, out, err);
    if (status == 0)
        status = write_report(out, err);
    if (status == 0)
        (void)printf("%zu files joined: %zu cases of %zu sandboxes in %s\n", count,
                     merged.case_count, merged.sandbox_count, out);
    for (size_t i = 0; i < used; i++)
        result_run_done(&runs[i]);
    result_run_done(&merged);
    free(runs);
    free(inputs);
    return status;
}

static int check_usage(const struct settings *settings, int operands, struct error *err)
{
    if (operands == 0)
        (void)error_set(err, ERR_USAGE, "no files to join");
    else if (settings->out == NULL)
        (void)error_set(err, ERR_USAGE, "--out DIR is needed");
    else
        return 0;
    return error_hint(err, "see holdfast merge --help");
}

int results_merge_main(int argc, char **argv)
{
    struct settings settings = {0};
    struct error err;
    int first = 0;
    int parsed = options_parse_mixed(&table, argc, argv, &settings, &first, &err);

    if (parsed == OPTIONS_ANSWERED)
        return 0;
    if (parsed < 0 || check_usage(&settings, argc - first, &err) < 0 ||
        merge_files(argv + first, (size_t)(argc - first), settings.out, &err) < 0) {
        error_print(stderr, "holdfast merge", &err);
        return 2;
    }
    return 0;
}

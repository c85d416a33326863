#include "bench/files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"

/* The directory that a file is in. Caller frees. */
static char *directory_of(const char *path, struct error *err)
{
    const char *slash = strrchr(path, '/');
    char *directory = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);

    if (directory == NULL)
        (void)error_memory(err, path);
    return directory;
}

/* Nothing is made or emptied: a run that fails shall not cost the last one's results. */
static int check_writable(const char *option, const char *path, struct error *err)
{
    struct stat found;
    AUTO_FREE char *directory = NULL;

    if (stat(path, &found) == 0) {
        if (S_ISDIR(found.st_mode))
            return error_set(err, ERR_USAGE, "--%s: %s is a directory", option, path);
        return access(path, W_OK) == 0 ? 0 : error_os(err, errno, "--%s: write %s", option, path);
    }
    directory = directory_of(path, err);
    if (directory == NULL)
        return -1;
    if (access(directory, W_OK | X_OK) < 0)
        return error_os(err, errno, "--%s: write %s", option, path);
    return 0;
}

static int check_readable(const char *option, const char *path, struct error *err)
{
    struct stat found;

    if (stat(path, &found) < 0 || access(path, R_OK) < 0)
        return error_os(err, errno, "--%s: read %s", option, path);
    if (S_ISDIR(found.st_mode))
        return error_set(err, ERR_USAGE, "--%s: %s is a directory", option, path);
    return 0;
}

static int check_output(const char *where, struct error *err)
{
    if (strcmp(where, "null") == 0 || strcmp(where, "pipe") == 0 || strcmp(where, "inherit") == 0)
        return 0;
    if (strchr(where, '/') == NULL) {
        (void)error_set(err, ERR_USAGE, "--output: %s: not null, pipe, inherit or a path", where);
        return error_hint(err, "./%s is a file of that name", where);
    }
    return check_writable("output", where, err);
}

static const char *export_option(const struct settings_export *export)
{
    static const char *const tables[] = {
        [EXPORT_CSV] = "export-csv",
        [EXPORT_MARKDOWN] = "export-markdown",
        [EXPORT_ASCIIDOC] = "export-asciidoc",
        [EXPORT_ORGMODE] = "export-orgmode",
    };

    switch (export->kind) {
    case EXPORTS_REPORT:
        return "export-json";
    case EXPORTS_ACTION:
        return "export-action";
    case EXPORTS_TABLE:
        break;
    }
    return tables[export->format];
}

int bench_files_check(const struct bench_settings *settings, struct error *err)
{
    for (size_t i = 0; i < settings->outputs.count; i++) {
        if (check_output(settings->outputs.items[i], err) < 0)
            return -1;
    }
    if (settings->input != NULL && check_readable("input", settings->input, err) < 0)
        return -1;
    for (size_t i = 0; i < settings->export_count; i++) {
        const struct settings_export *export = &settings->exports[i];

        if (strcmp(export->path, "-") != 0 &&
            check_writable(export_option(export), export->path, err) < 0)
            return -1;
    }
    if (settings->plots != NULL && access(settings->plots, W_OK | X_OK) < 0)
        return error_os(err, errno, "--plots: write into %s", settings->plots);
    return 0;
}

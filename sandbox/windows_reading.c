/* The list of tool folders, and the record of how far reading is. */
#include "sandbox/windows_reading.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "sandbox/path.h"

static const char head[] = "holdfast-reading 1\n";

/* Where installers that need no administrator put programs. Not here: what keeps tokens beside its
 * programs (.cargo as a whole, .docker, .aws, AppData\Roaming as a whole). */
const struct windows_tool windows_tools[] = {
    {"AppData\\Local\\Programs\\Git", NULL},
    {"AppData\\Local\\Programs\\Python", NULL},
    {"AppData\\Local\\Microsoft\\WinGet\\Links", NULL},
    {"AppData\\Local\\Microsoft\\WinGet\\Packages", "AppData\\Local\\Microsoft\\WinGet"},
    {"AppData\\Roaming\\npm", NULL},
    {"AppData\\Roaming\\nvm", NULL},
    {"AppData\\Roaming\\uv\\python", ".local\\bin"},
    {".local\\bin", NULL},
    {".cargo\\bin", NULL},
    {".rustup\\toolchains", ".cargo\\bin"},
    {".bun\\bin", NULL},
    {".deno\\bin", NULL},
    {".dotnet\\tools", NULL},
    {".pyenv\\pyenv-win", NULL},
    {"go\\bin", NULL},
    {"miniconda3", NULL},
    {"scoop\\apps", "scoop"},
    {"scoop\\shims", NULL},
};
const size_t windows_tool_count = ARRAY_SIZE(windows_tools);

/* Does an entry of PATH lie in this folder? */
static bool leads_to(const char *path_variable, const char *folder)
{
    while (*path_variable != '\0') {
        size_t length = strcspn(path_variable, ";");
        AUTO_FREE char *entry = text_copy(path_variable, length);
        char *start = entry;

        if (entry == NULL)
            return false;
        if (length > 1 && entry[0] == '"' && entry[length - 1] == '"') {
            entry[length - 1] = '\0';
            start++;
        }
        for (char *at = start; *at != '\0'; at++)
            *at = *at == '/' ? '\\' : *at;
        if (path_is_within(PATH_WINDOWS, start, folder))
            return true;
        path_variable += length + (path_variable[length] == ';' ? 1 : 0);
    }
    return false;
}

int windows_reading_candidates(const char *profile, const char *path_variable,
                               struct text_list *folders, struct error *err)
{
    for (size_t i = 0; i < windows_tool_count; i++) {
        const struct windows_tool *tool = &windows_tools[i];
        AUTO_FREE char *folder = windows_path_join(profile, tool->folder);
        AUTO_FREE char *leader =
            windows_path_join(profile, tool->leader != NULL ? tool->leader : tool->folder);

        if (folder == NULL || leader == NULL)
            return error_memory(err, "tools");
        if (leads_to(path_variable, leader) && text_list_add(folders, folder, err) < 0)
            return -1;
    }
    return 0;
}

bool windows_reading_is_declared(const char *profile, const char *path)
{
    for (size_t i = 0; i < windows_tool_count; i++) {
        AUTO_FREE char *folder = windows_path_join(profile, windows_tools[i].folder);

        if (folder != NULL && path_is_within(PATH_WINDOWS, path, folder))
            return true;
    }
    return false;
}

/* The record ------------------------------------------------------------------------------------ */

void windows_reading_done(struct windows_reading *reading)
{
    for (size_t i = 0; i < reading->count; i++) {
        free(reading->folders[i].path);
        free(reading->folders[i].trouble);
    }
    free(reading->folders);
    *reading = (struct windows_reading){.count = 0};
}

struct windows_reading_folder *windows_reading_folder(struct windows_reading *reading,
                                                      const char *path)
{
    struct windows_reading_folder *folders;
    struct windows_reading_folder made = {.is_done = false};

    for (size_t i = 0; i < reading->count; i++) {
        if (path_is_within(PATH_WINDOWS, path, reading->folders[i].path) &&
            path_is_within(PATH_WINDOWS, reading->folders[i].path, path))
            return &reading->folders[i];
    }
    folders = realloc(reading->folders, (reading->count + 1) * sizeof *folders);
    if (folders == NULL)
        return NULL;
    reading->folders = folders;
    made.path = text_copy(path, strlen(path));
    made.trouble = text_copy("", 0);
    if (made.path == NULL || made.trouble == NULL) {
        free(made.path);
        free(made.trouble);
        return NULL;
    }
    folders[reading->count] = made;
    return &folders[reading->count++];
}

void windows_reading_write(const struct windows_reading *reading, struct buffer *out)
{
    buffer_add_text(out, head);
    for (size_t i = 0; i < reading->count; i++) {
        const struct windows_reading_folder *folder = &reading->folders[i];

        buffer_printf(out, "%s\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%s\t",
                      folder->is_done ? "done" : "begun", folder->seen, folder->written,
                      folder->failed, folder->path);
        /* A path in it cannot hold either; an error text could. */
        for (const char *at = folder->trouble; *at != '\0'; at++)
            buffer_add_byte(out, *at == '\n' || *at == '\t' ? ' ' : *at);
        buffer_add_byte(out, '\n');
    }
    buffer_add_text(out, "end\n");
}

/* The text up to the next tab; *rest behind it. NULL: no tab. */
static char *next_field(char **rest)
{
    char *field = *rest;
    char *end = strchr(field, '\t');

    if (end == NULL)
        return NULL;
    *end = '\0';
    *rest = end + 1;
    return field;
}

static bool read_line(char *line, struct windows_reading *reading)
{
    const char *state = next_field(&line);
    const char *numbers[3] = {NULL};
    uint64_t values[3];
    const char *path;
    struct windows_reading_folder *folder;
    size_t before = reading->count;

    for (size_t i = 0; i < 3 && state != NULL; i++) {
        numbers[i] = next_field(&line);
        if (numbers[i] == NULL || !text_parse_u64(numbers[i], UINT64_MAX, &values[i]))
            return false;
    }
    path = state != NULL ? next_field(&line) : NULL;
    if (path == NULL || !path_is_absolute(PATH_WINDOWS, path) ||
        (strcmp(state, "done") != 0 && strcmp(state, "begun") != 0))
        return false;
    folder = windows_reading_folder(reading, path);
    if (folder == NULL || reading->count == before)
        return false; /* no memory, or twice the same */
    free(folder->trouble);
    folder->trouble = text_copy(line, strlen(line));
    folder->is_done = strcmp(state, "done") == 0;
    folder->seen = values[0];
    folder->written = values[1];
    folder->failed = values[2];
    return folder->trouble != NULL;
}

static bool read_lines(char *text, struct windows_reading *reading)
{
    while (strcmp(text, "end\n") != 0) {
        char *end = strchr(text, '\n');

        if (end == NULL)
            return false;
        *end = '\0';
        if (!read_line(text, reading))
            return false;
        text = end + 1;
    }
    return true;
}

void windows_reading_read(const char *text, size_t size, struct windows_reading *reading)
{
    AUTO_FREE char *copy = text_copy(text, size);
    struct windows_reading found = {.count = 0};

    *reading = found;
    if (copy == NULL || strlen(copy) != size || !text_is_utf8(copy, size) ||
        strncmp(copy, head, sizeof head - 1) != 0 || !read_lines(copy + sizeof head - 1, &found)) {
        windows_reading_done(&found);
        return;
    }
    *reading = found;
}

void windows_reading_describe(const struct windows_reading *reading, struct buffer *out)
{
    uint64_t seen = 0;
    uint64_t failed = 0;
    size_t done = 0;

    for (size_t i = 0; i < reading->count; i++) {
        done += reading->folders[i].is_done ? 1 : 0;
        seen += reading->folders[i].seen;
        failed += reading->folders[i].failed;
    }
    if (reading->count == 0)
        return;
    buffer_printf(out, "reading: %zu of %zu folders of tools, %" PRIu64 " objects", done,
                  reading->count, seen);
    buffer_printf(out, failed > 0 ? ", %" PRIu64 " of them could not be changed\n" : "\n", failed);
    for (size_t i = 0; i < reading->count; i++) {
        const struct windows_reading_folder *folder = &reading->folders[i];

        if (folder->trouble[0] == '\0')
            continue;
        buffer_add_text(out, "  last: ");
        text_escape_terminal(out, folder->trouble, strlen(folder->trouble));
        buffer_add_byte(out, '\n');
    }
}

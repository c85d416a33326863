#include "sandbox/nt/envblock.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/buffer.h"
#include "sandbox/nt/upcase.h"
#include "sandbox/nt/utf16.h"

/* "=C:=C:\work" are cmd.exe's notes of directories per drive: their name begins with '='. */
static size_t name_length(const char *variable)
{
    size_t start = variable[0] == '=' ? 1 : 0;
    size_t length = start + strcspn(variable + start, "=");

    return variable[length] == '=' && length > start ? length : 0;
}

static int compare_names(const char *a, const char *b)
{
    return nt_compare_names(a, name_length(a), b, name_length(b));
}

static int compare_entries(const void *a, const void *b)
{
    return compare_names(*(char *const *)a, *(char *const *)b);
}

/* The array without those that a later one replaces. */
static size_t keep_last(char *const *variables, char **kept)
{
    size_t count = 0;

    for (size_t i = 0; variables[i] != NULL; i++) {
        size_t at = 0;

        while (at < count && compare_names(kept[at], variables[i]) != 0)
            at++;
        kept[at] = variables[i];
        count += at == count ? 1 : 0;
    }
    return count;
}

static uint16_t *join(char **kept, size_t count, size_t *units, struct error *err)
{
    AUTO_BUFFER struct buffer out = BUFFER_EMPTY;
    const uint16_t end = 0;

    for (size_t i = 0; i < count; i++) {
        size_t length = 0;
        AUTO_FREE uint16_t *wide = nt_utf16_from_utf8(kept[i], strlen(kept[i]), &length, err);

        if (wide == NULL) {
            (void)error_wrap(err, "environment: %.*s", (int)name_length(kept[i]), kept[i]);
            return NULL;
        }
        buffer_add(&out, wide, (length + 1) * sizeof *wide);
    }
    if (count == 0)
        buffer_add(&out, &end, sizeof end);
    buffer_add(&out, &end, sizeof end);
    *units = out.size / sizeof end;
    if (buffer_failed(&out)) {
        (void)error_memory(err, "environment");
        return NULL;
    }
    /* malloc'd, so aligned for any unit */
    return (uint16_t *)(void *)TAKE(out.data);
}

uint16_t *nt_envblock(char *const *variables, size_t *units, struct error *err)
{
    AUTO_FREE char **kept = NULL;
    size_t count = 0;

    while (variables[count] != NULL) {
        if (name_length(variables[count]) == 0) {
            (void)error_set(err, ERR_INVALID, "environment: \"%.80s\" has no name",
                            variables[count]);
            return NULL;
        }
        count++;
    }
    kept = malloc((count + 1) * sizeof *kept);
    if (kept == NULL) {
        (void)error_memory(err, "environment");
        return NULL;
    }
    count = keep_last(variables, kept);
    if (count > 1)
        qsort(kept, count, sizeof *kept, compare_entries);
    return join(kept, count, units, err);
}

const char *nt_env_get(char *const *variables, const char *name)
{
    const char *found = NULL;
    size_t length = strlen(name);

    for (size_t i = 0; variables[i] != NULL; i++) {
        size_t here = name_length(variables[i]);

        if (here > 0 && nt_compare_names(variables[i], here, name, length) == 0)
            found = variables[i] + here + 1;
    }
    return found;
}

int nt_env_set(struct text_list *variables, const char *text, struct error *err)
{
    char *copy;

    for (size_t i = 0; i < variables->count; i++) {
        if (compare_names(variables->items[i], text) != 0)
            continue;
        copy = strdup(text);
        if (copy == NULL)
            return error_memory(err, "environment");
        free(variables->items[i]);
        variables->items[i] = copy;
        return 0;
    }
    return text_list_add(variables, text, err);
}

/* Stand-ins --------------------------------------------------------------------------------------- */

#define STUB(name)                                     \
    "@echo off\r\n"                                    \
    "echo " name ": the sandbox has no network>&2\r\n" \
    "exit /b 1\r\n"

const struct nt_stub nt_stubs[] = {
    {"ssh.bat", STUB("ssh")}, {"ssh.cmd", STUB("ssh")},   {"scp.bat", STUB("scp")},
    {"scp.cmd", STUB("scp")}, {"sftp.bat", STUB("sftp")}, {"sftp.cmd", STUB("sftp")},
};
const size_t nt_stub_count = ARRAY_SIZE(nt_stubs);

static char *take_text(struct buffer *out, struct error *err)
{
    char *text = buffer_take(out);

    if (text == NULL)
        (void)error_memory(err, "environment");
    return text;
}

static bool is_word(const char *at, size_t length, const char *word)
{
    return strlen(word) == length && strncasecmp(at, word, length) == 0;
}

char *nt_pathext_for_stubs(const char *now, struct error *err)
{
    AUTO_BUFFER struct buffer out = BUFFER_EMPTY;
    const char *at = now != NULL && now[0] != '\0' ? now : ".COM;.EXE;.BAT;.CMD";

    buffer_add_text(&out, ".BAT;.CMD");
    while (*at != '\0') {
        size_t length = strcspn(at, ";");

        if (length > 0 && !is_word(at, length, ".bat") && !is_word(at, length, ".cmd")) {
            buffer_add_byte(&out, ';');
            buffer_add(&out, at, length);
        }
        at += length + (at[length] == ';' ? 1 : 0);
    }
    return take_text(&out, err);
}

char *nt_path_with(const char *directory, const char *now, struct error *err)
{
    AUTO_BUFFER struct buffer out = BUFFER_EMPTY;
    size_t length = strlen(directory);

    if (now != NULL && strncasecmp(now, directory, length) == 0 &&
        (now[length] == ';' || now[length] == '\0'))
        buffer_add_text(&out, now);
    else if (now != NULL && now[0] != '\0')
        buffer_printf(&out, "%s;%s", directory, now);
    else
        buffer_add_text(&out, directory);
    return take_text(&out, err);
}

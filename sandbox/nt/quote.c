#include "sandbox/nt/quote.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"

static bool needs_quotes(const char *argument)
{
    return argument[0] == '\0' || strpbrk(argument, " \t\n\v\"") != NULL;
}

static void put_backslashes(struct buffer *out, size_t count)
{
    while (count-- > 0)
        buffer_add_byte(out, '\\');
}

/* Backslashes mean themselves, except before a quote: there two stand for one. */
static void put_quoted(struct buffer *out, const char *argument)
{
    size_t backslashes = 0;

    buffer_add_byte(out, '"');
    for (; *argument != '\0'; argument++) {
        if (*argument == '\\') {
            backslashes++;
            continue;
        }
        put_backslashes(out, *argument == '"' ? 2 * backslashes + 1 : backslashes);
        backslashes = 0;
        buffer_add_byte(out, *argument);
    }
    put_backslashes(out, 2 * backslashes);
    buffer_add_byte(out, '"');
}

/* The program's name is read up to the next quote or blank, and a blank is to CommandLineToArgvW all that
 * is not above one; backslashes are never special in it. */
static int put_program(struct buffer *out, const char *name, struct error *err)
{
    bool has_blank = name[0] == '\0';

    if (strchr(name, '"') != NULL)
        return error_set(err, ERR_INVALID, "\"%s\": no program has a quote in its name", name);
    for (const char *at = name; *at != '\0'; at++)
        has_blank = has_blank || (unsigned char)*at <= ' ';
    buffer_printf(out, has_blank ? "\"%s\"" : "%s", name);
    return 0;
}

static char *take_line(struct buffer *out, size_t max, const char *taker, struct error *err)
{
    char *line;

    if (out->size >= max) {
        (void)error_set(err, ERR_INVALID, "a command line of %zu bytes; %s takes %zu characters",
                        out->size, taker, max - 1);
        return NULL;
    }
    line = buffer_take(out);
    if (line == NULL)
        (void)error_memory(err, "command line");
    return line;
}

char *nt_quote(char *const *argv, struct error *err)
{
    AUTO_BUFFER struct buffer out = BUFFER_EMPTY;

    if (put_program(&out, argv[0], err) < 0)
        return NULL;
    for (size_t i = 1; argv[i] != NULL; i++) {
        buffer_add_byte(&out, ' ');
        if (needs_quotes(argv[i]))
            put_quoted(&out, argv[i]);
        else
            buffer_add_text(&out, argv[i]);
    }
    return take_line(&out, NT_COMMAND_LINE_MAX, "Windows", err);
}

/* The program's name; the rest of the line begins at the returned place. */
static const char *read_program(const char *at, struct buffer *out)
{
    bool is_quoted = false;

    for (; *at != '\0' && (is_quoted || (*at != ' ' && *at != '\t')); at++) {
        if (*at == '"')
            is_quoted = !is_quoted;
        else
            buffer_add_byte(out, *at);
    }
    return at;
}

/* One further argument. Inside quotes, two quotes stand for one and stay inside. */
static const char *read_argument(const char *at, struct buffer *out)
{
    bool is_quoted = false;

    while (*at != '\0' && (is_quoted || (*at != ' ' && *at != '\t'))) {
        size_t backslashes = strspn(at, "\\");

        at += backslashes;
        if (*at != '"') {
            put_backslashes(out, backslashes);
            if (*at != '\0' && (is_quoted || (*at != ' ' && *at != '\t')))
                buffer_add_byte(out, *at++);
            continue;
        }
        put_backslashes(out, backslashes / 2);
        if (backslashes % 2 == 1) {
            buffer_add_byte(out, '"');
        } else if (is_quoted && at[1] == '"') {
            buffer_add_byte(out, '"');
            at++;
        } else {
            is_quoted = !is_quoted;
        }
        at++;
    }
    return at;
}

int nt_unquote(const char *line, struct text_list *argv, struct error *err)
{
    bool is_first = true;

    while (is_first || *line != '\0') {
        AUTO_BUFFER struct buffer word = BUFFER_EMPTY;

        buffer_add(&word, "", 0);
        line = is_first ? read_program(line, &word) : read_argument(line, &word);
        is_first = false;
        if (text_list_take(argv, buffer_take(&word), err) < 0)
            return -1;
        line += strspn(line, " \t");
    }
    return 0;
}

bool nt_is_batch(const char *path)
{
    size_t length = strlen(path);

    /* CreateProcess drops trailing blanks and dots before it looks at the extension. */
    while (length > 0 && (path[length - 1] == ' ' || path[length - 1] == '.'))
        length--;
    return length >= 4 && (strncasecmp(path + length - 4, ".bat", 4) == 0 ||
                           strncasecmp(path + length - 4, ".cmd", 4) == 0);
}

/* What cmd.exe changes even between quotes. */
static int check_batch_word(const char *word, struct error *err)
{
    const char *bad = strpbrk(word, "\"%\r\n");

    if (bad == NULL)
        return 0;
    (void)error_set(err, ERR_REFUSED, "\"%.200s\": cmd.exe does not hand on 0x%02x as it is", word,
                    (unsigned)(unsigned char)*bad);
    return error_hint(err, "call the program behind the batch file, or name cmd.exe yourself");
}

char *nt_quote_batch(const char *interpreter, const char *path, char *const *arguments,
                     struct error *err)
{
    AUTO_BUFFER struct buffer out = BUFFER_EMPTY;

    if (put_program(&out, interpreter, err) < 0 || check_batch_word(path, err) < 0)
        return NULL;
    buffer_printf(&out, " /d /e:on /v:off /c \"\"%s\"", path);
    for (size_t i = 0; arguments[i] != NULL; i++) {
        if (check_batch_word(arguments[i], err) < 0)
            return NULL;
        buffer_add_byte(&out, ' ');
        put_quoted(&out, arguments[i]);
    }
    buffer_add_byte(&out, '"');
    return take_line(&out, NT_BATCH_LINE_MAX, "cmd.exe", err);
}

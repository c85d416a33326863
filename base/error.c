/* Fills and prints struct error. Does not allocate: it must work when memory is gone. */
#include "base/error.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "base/text.h"

const char *error_code_name(enum error_code code)
{
    switch (code) {
    case ERR_NONE:
        return "none";
    case ERR_USAGE:
        return "usage";
    case ERR_INVALID:
        return "invalid";
    case ERR_UNSUPPORTED:
        return "unsupported";
    case ERR_REFUSED:
        return "refused";
    case ERR_OS:
        return "os";
    case ERR_MEMORY:
        return "memory";
    case ERR_CORRUPT:
        return "corrupt";
    case ERR_TIMEOUT:
        return "timeout";
    case ERR_INTERRUPTED:
        return "interrupted";
    case ERR_NOT_FOUND:
        return "not-found";
    case ERR_PROTOCOL:
        return "protocol";
    }
    return "unknown";
}

static void clear(struct error *err, enum error_code code, int os_code)
{
    memset(err, 0, sizeof *err);
    err->code = (int)code;
    err->os_code = os_code;
}

int error_set(struct error *err, enum error_code code, const char *format, ...)
{
    va_list args;

    clear(err, code, 0);
    va_start(args, format);
    (void)vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    return -1;
}

int error_os(struct error *err, int os_code, const char *format, ...)
{
    va_list args;
    size_t used;

    clear(err, ERR_OS, os_code);
    va_start(args, format);
    (void)vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    used = strlen(err->message);
    (void)snprintf(err->message + used, sizeof err->message - used, ": %s", strerror(os_code));
    return -1;
}

int error_wrap(struct error *err, const char *format, ...)
{
    char context[sizeof err->message];
    char inner[sizeof err->message];
    va_list args;
    size_t used;

    memcpy(inner, err->message, sizeof inner);
    va_start(args, format);
    (void)vsnprintf(context, sizeof context, format, args);
    va_end(args);
    (void)snprintf(err->message, sizeof err->message, "%s", context);
    used = strlen(err->message);
    (void)snprintf(err->message + used, sizeof err->message - used, ": %s", inner);
    return -1;
}

int error_hint(struct error *err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(err->hint, sizeof err->hint, format, args);
    va_end(args);
    return -1;
}

int error_memory(struct error *err, const char *what)
{
    return error_set(err, ERR_MEMORY, "out of memory: %s", what);
}

static void print_line(FILE *stream, const char *program, const char *label, const char *text)
{
    char safe[1600];

    text_escape_terminal_into(safe, sizeof safe, text);
    (void)fprintf(stream, "%s: %s%s\n", program, label, safe);
}

void error_print(FILE *stream, const char *program, const struct error *err)
{
    print_line(stream, program, "", err->message);
    if (err->hint[0] != '\0')
        print_line(stream, program, "hint: ", err->hint);
}

#include "conformance/strings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

void strings_done(struct strings *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = STRINGS_EMPTY;
}

int strings_add(struct strings *list, const char *text, struct error *err)
{
    char **grown = realloc(list->items, (list->count + 2) * sizeof *grown);
    char *copy = strdup(text);

    if (grown != NULL)
        list->items = grown;
    if (grown == NULL || copy == NULL) {
        free(copy);
        return error_memory(err, text);
    }
    list->items[list->count++] = copy;
    list->items[list->count] = NULL;
    return 0;
}

int strings_printf(struct strings *list, struct error *err, const char *format, ...)
{
    AUTO_FREE char *text = NULL;
    va_list args;
    int length;

    va_start(args, format);
    length = vasprintf(&text, format, args);
    va_end(args);
    if (length < 0) {
        text = NULL;
        return error_memory(err, format);
    }
    return strings_add(list, text, err);
}

/* A growing list of texts, NULL-terminated: an argv, an environment, a list of patterns. */
#ifndef HOLDFAST_CONFORMANCE_STRINGS_H
#define HOLDFAST_CONFORMANCE_STRINGS_H

#include <stddef.h>

#include "base/error.h"

struct strings {
    char **items; /* NULL while empty; otherwise ends with NULL */
    size_t count;
};

#define STRINGS_EMPTY ((struct strings){0})

int strings_add(struct strings *list, const char *text, struct error *err); /* copies */
int strings_printf(struct strings *list, struct error *err, const char *format, ...)
    HOLDFAST_PRINTF(3, 4);
void strings_done(struct strings *list);

#define AUTO_STRINGS __attribute__((cleanup(strings_done)))

#endif

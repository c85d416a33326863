/* A growing list of owned strings. Pure. */
#ifndef HOLDFAST_SANDBOX_TEXT_LIST_H
#define HOLDFAST_SANDBOX_TEXT_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct text_list {
    char **items;
    size_t count;
    size_t capacity;
};

void text_list_done(struct text_list *list);

/* Adds a copy of text. */
int text_list_add(struct text_list *list, const char *text, struct error *err);

/* Takes text, which came from malloc, also when it fails. NULL counts as out of memory. */
int text_list_take(struct text_list *list, char *text, struct error *err);

bool text_list_has(const struct text_list *list, const char *text);

#endif

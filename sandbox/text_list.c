#include "sandbox/text_list.h"

#include <stdlib.h>
#include <string.h>

void text_list_done(struct text_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct text_list){0};
}

int text_list_take(struct text_list *list, char *text, struct error *err)
{
    if (text == NULL)
        return error_memory(err, "list of texts");
    if (list->count == list->capacity) {
        size_t capacity = list->capacity > 0 ? list->capacity * 2 : 8;
        char **grown = realloc(list->items, capacity * sizeof *grown);

        if (grown == NULL) {
            free(text);
            return error_memory(err, "list of texts");
        }
        list->items = grown;
        list->capacity = capacity;
    }
    list->items[list->count++] = text;
    return 0;
}

int text_list_add(struct text_list *list, const char *text, struct error *err)
{
    return text_list_take(list, strdup(text), err);
}

bool text_list_has(const struct text_list *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i], text) == 0)
            return true;
    }
    return false;
}

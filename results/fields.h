/*
 * The text members of the result model as tables, so that copying, freeing,
 * reading and writing are loops and a new member is one row.
 */
#ifndef HOLDFAST_RESULTS_FIELDS_H
#define HOLDFAST_RESULTS_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

struct text_field {
    const char *key; /* in JSON; NULL ends the table */
    size_t offset;   /* of the char * in the struct */
    bool is_required;
};

extern const struct text_field case_fields[];
extern const struct text_field sandbox_fields[];
extern const struct text_field host_fields[];
extern const struct text_field run_fields[]; /* of the run itself: started, finished */

/* The member of the struct at `base`. */
char **field_slot(void *base, const struct text_field *field);
const char *field_text(const void *base, const struct text_field *field);

void fields_free(void *base, const struct text_field *fields);
/* Copies all members; false: out of memory, and `to` holds nothing of its own. */
bool fields_copy(void *to, const void *from, const struct text_field *fields);

#endif

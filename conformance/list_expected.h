/*
 * What every mode of the product is expected to do in a case, for `holdfast list`: taken from the
 * expectation files and the rows, and kept nowhere else. What was not run says so.
 */
#ifndef HOLDFAST_CONFORMANCE_LIST_EXPECTED_H
#define HOLDFAST_CONFORMANCE_LIST_EXPECTED_H

#include <jansson.h>

#include "conformance/expectation.h"

struct expected_modes {
    struct expectation_list *lists; /* one for each of mode_rows */
};

int expected_modes_read(struct expected_modes *modes, struct error *err);
void expected_modes_done(struct expected_modes *modes);

/* [{"name", "platform", "unverified"?}]; the caller owns it. */
json_t *expected_modes_json(const struct expected_modes *modes);

/* Per mode of the row's platforms the answers that are expected; the first that fits identity and
 * Landlock ABI counts, and the last one fits always. The caller owns it. */
json_t *expected_json(const struct expected_modes *modes, const struct probe *probe);

/* Markdown: what the words mean; the head of a table with the modes before what is in `after`, and
 * its rule, `others` being the number of other columns; a row's cells. Variants are left out. */
void expected_print_legend(const struct expected_modes *modes);
void expected_print_heads(const char *after, size_t others);
void expected_print_cells(const struct expected_modes *modes, const struct probe *probe);

#endif

/* The report for a terminal: sandboxes by areas, then every case that needs a reader. */
#ifndef HOLDFAST_CONFORMANCE_MATRIX_H
#define HOLDFAST_CONFORMANCE_MATRIX_H

#include <stdbool.h>
#include <stdio.h>

#include "results/model.h"

/* Everything that came from a sandbox is made inert. */
void matrix_print(FILE *stream, const struct result_run *run);

#endif

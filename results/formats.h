/*
 * A run in the formats of other tools, beside those of model.h. Hostile text
 * is bounded and inert in all of them.
 */
#ifndef HOLDFAST_RESULTS_FORMATS_H
#define HOLDFAST_RESULTS_FORMATS_H

#include "results/model.h"

/* Common Test Report Format, https://ctrf.io, specification 0.0.0. */
int result_write_ctrf(const struct result_run *run, const char *path, struct error *err);

/* SARIF 2.1.0, for code scanning pages: only what escapes. Documented gaps are suppressed. */
int result_write_sarif(const struct result_run *run, const char *path, struct error *err);

/* An SVG of one line. sandbox == NULL: the whole run. */
int result_write_badge(const struct result_run *run, const struct result_sandbox *sandbox,
                       const char *path, struct error *err);

#endif

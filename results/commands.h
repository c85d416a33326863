/*
 * The commands of `holdfast` that read results. argv[0] is the command's own
 * name ("gate"). Each returns the exit status: 0 all as expected, 1 an
 * unexpected escape, over-block or regression, 2 usage, environment or corrupt
 * input, 3 nothing proven (inconclusive results under --strict).
 */
#ifndef HOLDFAST_RESULTS_COMMANDS_H
#define HOLDFAST_RESULTS_COMMANDS_H

#include "base/error.h"

int results_compare_main(int argc, char **argv);
int results_gate_main(int argc, char **argv);
int results_merge_main(int argc, char **argv);
int results_report_main(int argc, char **argv);

/* report.html and its companions of result files, into an existing directory: what `holdfast
 * report` and the end of `holdfast conformance` share. history may be NULL. */
int results_report(const char *const *paths, size_t count, const char *history, const char *out,
                   struct error *err);

#endif

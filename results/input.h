/*
 * What a person names on a command line: a result file of either kind, or one
 * sandbox of it:
 *
 *     results/local/conformance.json
 *     results/local/conformance.json@linux-namespace
 *     results/local/conformance.json@linux-namespace/user
 */
#ifndef HOLDFAST_RESULTS_INPUT_H
#define HOLDFAST_RESULTS_INPUT_H

#include <jansson.h>

#include "results/bench_model.h"
#include "results/diff.h"
#include "results/model.h"

enum input_kind {
    INPUT_CONFORMANCE,
    INPUT_BENCH,
};

struct input {
    enum input_kind kind;
    char *path;
    struct result_run run;   /* INPUT_CONFORMANCE */
    struct bench_file bench; /* INPUT_BENCH */
    char *sandbox;           /* NULL: all of the file */
    char *identity;
};

/* ERR_NOT_FOUND: the file has no such sandbox; the hint names those it has. */
int input_read(struct input *input, const char *operand, struct error *err);
void input_done(struct input *input);
struct side input_side(const struct input *input);

/* The two readers below document_read(); path is for messages. */
int result_run_from_json(struct result_run *run, const json_t *root, const char *path,
                         struct error *err);
int bench_file_from_json(struct bench_file *file, const json_t *root, const char *path,
                         struct error *err);

#endif

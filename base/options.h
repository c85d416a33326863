/*
 * Command lines as tables. A program describes each option in one row; the
 * same row parses it (getopt_long underneath), explains it in --help, and
 * feeds the manual page. --help and --version are there for every table.
 *
 *     static int set_jobs(void *settings, const char *value, struct error *err);
 *     static const struct option_row rows[] = {
 *         {.name = "jobs", .letter = 'j', .value = "N", .help = "cases in flight", .apply = set_jobs},
 *         {0},
 *     };
 */
#ifndef HOLDFAST_BASE_OPTIONS_H
#define HOLDFAST_BASE_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"

#define OPTION_WORD_END '\x1f'

struct option_row {
    const char *name;       /* long name without dashes; NULL ends the table */
    char letter;            /* short form, 0 if none */
    const char *value;      /* name of its value in --help ("DIR"); NULL: takes none */
    const char *help;       /* one sentence without a full stop */
    bool is_value_optional; /* the value is given as --name=VALUE or not at all */
    /* How many further words belong to the value ("-P VAR MIN MAX" has 2). apply() gets all of
     * them in one text, OPTION_WORD_END between them. */
    unsigned more_words;
    /* Called in order of appearance; value is NULL for an option without one. */
    int (*apply)(void *settings, const char *value, struct error *err);
};

struct option_table {
    const char *program;  /* "holdfast conformance" */
    const char *synopsis; /* "[OPTION]... -- COMMAND [ARG]..." */
    const char *summary;  /* what it does, a few lines */
    const char *epilogue; /* exit status, examples; may be NULL */
    const struct option_row *rows;
};

enum options_result {
    OPTIONS_PARSED,  /* go on with argv[*first_operand] */
    OPTIONS_ANSWERED /* --help or --version was printed to stdout: exit 0 */
};

/*
 * Parses argv[1..]. Stops at the first operand or after "--", so that a
 * command's own options are left alone. -1: ERR_USAGE that names the option,
 * with a hint to --help. Not reentrant (getopt is not).
 */
int options_parse(const struct option_table *table, int argc, char **argv, void *settings,
                  int *first_operand, struct error *err);

/* As options_parse, but options and operands may be mixed; operands end up at the end of argv. */
int options_parse_mixed(const struct option_table *table, int argc, char **argv, void *settings,
                        int *first_operand, struct error *err);

void options_print_help(FILE *stream, const struct option_table *table);

#endif

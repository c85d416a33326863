/* The front end: which command is which function. Everything else is in its own folder. */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "base/version.h"
#include "bench/bench.h"
#include "conformance/catalogue.h"
#include "conformance/conformance.h"
#include "results/commands.h"

struct command {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv);
};

static const struct command commands[] = {
    {"conformance", "judge sandboxes with the cases of the catalogue", conformance_main},
    {"list", "print the catalogue of cases", list_main},
    {"compare", "show what changed between runs or modes", results_compare_main},
    {"gate", "judge a run against what was agreed on", results_gate_main},
    {"merge", "join shards and the runs of several hosts", results_merge_main},
    {"report", "make the page, and other formats, of results", results_report_main},
    {"bench", "measure what a sandbox costs, or any commands", bench_main},
};

static void print_help(FILE *stream)
{
    (void)fprintf(stream, "Usage: holdfast COMMAND [OPTION]...\n\n"
                          "Does this sandbox hold the coding agent that runs in it, and what does "
                          "it cost?\n\nCommands:\n");
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        (void)fprintf(stream, "  %-12s %s\n", commands[i].name, commands[i].summary);
    (void)fprintf(stream,
                  "\nholdfast COMMAND --help explains one command.\n\nExit status: 0 all as "
                  "expected; 1 an unexpected escape, over-block or regression;\n2 usage or "
                  "environment error, unreadable or corrupt input; 3 nothing proven (--strict).\n");
}

static int unknown_command(const char *name)
{
    char safe[200];

    text_escape_terminal_into(safe, sizeof safe, name);
    (void)fprintf(stderr, "holdfast: %s: no such command\nholdfast: hint: see holdfast --help\n",
                  safe);
    return 2;
}

int main(int argc, char **argv)
{
    (void)setlocale(LC_NUMERIC, "C"); /* numbers in JSON have a point (jansson, section "Locale") */
    if (argc < 2) {
        print_help(stderr);
        return 2;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(stdout);
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        (void)printf("holdfast %s\n", HOLDFAST_VERSION);
        return 0;
    }
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        if (strcmp(commands[i].name, argv[1]) == 0)
            return commands[i].run(argc - 1, argv + 1);
    }
    return unknown_command(argv[1]);
}

/* What a person sees: a live line while runs are made (stderr), a paragraph for each command and a
 * summary (stdout), warnings (stderr). */
#ifndef HOLDFAST_BENCH_CONSOLE_H
#define HOLDFAST_BENCH_CONSOLE_H

#include "bench/experiment.h"
#include "bench/report.h"
#include "bench/settings.h"

struct console {
    bool has_color;
    bool is_live;
    bool is_silent;
    enum unit unit;
    bool is_line_open;  /* a live line stands on the terminal */
    uint64_t shown_ns;  /* when it was last drawn */
    char title[160];    /* what is being measured */
    size_t part, parts; /* of a longer programme; 0 parts: not told */
    /* weights, about in proportion to time: of all parts, of those that are over, of the present one */
    double weight_all, weight_over, weight_now;
    uint64_t begun_ns;
};

void console_init(struct console *console, const struct bench_settings *settings);

/* What the live line speaks of from now on. */
void console_set_title(struct console *console, const char *format, ...) HOLDFAST_PRINTF(2, 3);

/* For experiment.progress, with the console as context; at most ten times a second. */
void console_progress(void *context, const struct experiment *experiment);

/* The live line with the title alone, for work that is not made of runs. */
void console_step(struct console *console);

/* A programme of so many parts begins; their weights are about in proportion to the time they take. */
void console_begin_parts(struct console *console, size_t parts, double weight);
void console_next_part(struct console *console, double weight);

/* Takes the live line away. */
void console_clear(struct console *console);

/* One row as a paragraph; number counts from 1. */
void console_show_row(struct console *console, size_t number, const struct bench_row *row,
                      bool has_shell);

/* Who ran how much faster than whom, and whether the machine was fit to say so. */
void console_show_summary(struct console *console, const struct bench_report *report,
                          enum settings_sort sort);

/* One line about the machine's fitness; nothing without an A/A arm. */
void console_show_fitness(struct console *console, const struct bench_report *report);

/* Each row beside the row of the same name in a saved run: advisory. */
void console_show_baseline(struct console *console, const struct bench_report *report,
                           const struct bench_report *baseline);

/* Rows of the built-in benchmarks as one table. */
void console_show_table(struct console *console, const struct bench_report *report);

#endif

/* Commands of the user's own: what hyperfine does, interleaved. */
#ifndef HOLDFAST_BENCH_COMMANDS_H
#define HOLDFAST_BENCH_COMMANDS_H

#include "bench/console.h"

/* Appends a row for each command and combination of parameters. A failed command is an error; what
 * was measured before it is in the report all the same. */
int bench_commands_run(const struct bench_settings *settings, struct console *console,
                       struct bench_report *report, struct error *err);

#endif

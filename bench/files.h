/* Whether the files that options name can be read and written: told before anything is measured, since a
 * wrong name shall not cost an hour. */
#ifndef HOLDFAST_BENCH_FILES_H
#define HOLDFAST_BENCH_FILES_H

#include "bench/settings.h"

int bench_files_check(const struct bench_settings *settings, struct error *err);

#endif

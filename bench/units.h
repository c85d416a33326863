/* Seconds as people read them. */
#ifndef HOLDFAST_BENCH_UNITS_H
#define HOLDFAST_BENCH_UNITS_H

#include <stddef.h>

#include "base/error.h"

enum unit {
    UNIT_AUTO, /* the one in which the number has one to three digits before the point */
    UNIT_MICROSECOND,
    UNIT_MILLISECOND,
    UNIT_SECOND,
};

int unit_parse(const char *name, enum unit *unit, struct error *err);
enum unit unit_choose(double seconds);
const char *unit_symbol(enum unit unit); /* "ms" */
double unit_value(double seconds, enum unit unit);

/* "1.234 ms", or in `unit` if that is not UNIT_AUTO; "-" for NAN. */
void unit_format(char *out, size_t size, double seconds, enum unit unit);
/* The number alone, one decimal (three for seconds), as hyperfine's tables have it. */
void unit_format_number(char *out, size_t size, double seconds, enum unit unit);
/* "12.3 MB"; "-" when negative. */
void unit_format_bytes(char *out, size_t size, double bytes);

#endif

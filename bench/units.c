#include "bench/units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

int unit_parse(const char *name, enum unit *unit, struct error *err)
{
    if (strcmp(name, "microsecond") == 0)
        *unit = UNIT_MICROSECOND;
    else if (strcmp(name, "millisecond") == 0)
        *unit = UNIT_MILLISECOND;
    else if (strcmp(name, "second") == 0)
        *unit = UNIT_SECOND;
    else
        return error_set(err, ERR_USAGE, "%s: not one of microsecond, millisecond, second", name);
    return 0;
}

enum unit unit_choose(double seconds)
{
    if (seconds < 1e-3)
        return UNIT_MICROSECOND;
    return seconds < 1 ? UNIT_MILLISECOND : UNIT_SECOND;
}

const char *unit_symbol(enum unit unit)
{
    switch (unit) {
    case UNIT_MICROSECOND:
        return "\xc2\xb5s";
    case UNIT_MILLISECOND:
        return "ms";
    case UNIT_AUTO:
    case UNIT_SECOND:
        return "s";
    }
    return "s";
}

double unit_value(double seconds, enum unit unit)
{
    switch (unit) {
    case UNIT_MICROSECOND:
        return seconds * 1e6;
    case UNIT_MILLISECOND:
        return seconds * 1e3;
    case UNIT_AUTO:
    case UNIT_SECOND:
        return seconds;
    }
    return seconds;
}

void unit_format_number(char *out, size_t size, double seconds, enum unit unit)
{
    if (!isfinite(seconds))
        (void)snprintf(out, size, "-");
    else
        (void)snprintf(out, size, "%.*f", unit == UNIT_SECOND ? 3 : 1, unit_value(seconds, unit));
}

void unit_format(char *out, size_t size, double seconds, enum unit unit)
{
    enum unit chosen = unit != UNIT_AUTO ? unit : unit_choose(fabs(seconds));
    double value = unit_value(seconds, chosen);
    int decimals = fabs(value) < 9.995 ? 3 : fabs(value) < 99.95 ? 2 : 1;

    if (!isfinite(seconds))
        (void)snprintf(out, size, "-");
    else
        (void)snprintf(out, size, "%.*f %s", decimals, value, unit_symbol(chosen));
}

void unit_format_bytes(char *out, size_t size, double bytes)
{
    static const char *const symbols[] = {"B", "kB", "MB", "GB", "TB"};
    size_t step = 0;

    if (!(bytes >= 0)) {
        (void)snprintf(out, size, "-");
        return;
    }
    while (bytes >= 1000 && step < 4) {
        bytes /= 1000;
        step++;
    }
    (void)snprintf(out, size, "%.*f %s", step == 0 ? 0 : 1, bytes, symbols[step]);
}

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conformance/probe.h"

void observation_fire(struct observation *seen, const char *format, ...)
{
    const size_t used = seen->has_fired ? strnlen(seen->evidence, sizeof seen->evidence - 1) : 0;
    char *place = seen->evidence + used;
    const size_t room = sizeof seen->evidence - used;
    va_list arguments;

    seen->has_fired = true;
    if (used > 0 && room > 3) {
        (void)snprintf(place, room, "; ");
        place += 2;
    }
    va_start(arguments, format);
    (void)vsnprintf(place, sizeof seen->evidence - (size_t)(place - seen->evidence), format,
                    arguments);
    va_end(arguments);
}

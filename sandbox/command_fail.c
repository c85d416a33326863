#include "sandbox/commands.h"

#include <stdio.h>

int command_fail(const struct error *err, int status)
{
    error_print(stderr, "holdfast-sandbox", err);
    return status;
}

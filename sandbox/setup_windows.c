/* On Windows a program of its own does this: it asks for elevation by its manifest. */
#include "sandbox/setup.h"

#include <stdio.h>

#include "sandbox/sandbox.h"

int command_setup(int argc, char **argv)
{
    (void)argc;
    (void)fprintf(stderr, "holdfast-sandbox: run holdfast-sandbox-setup %s\n", argv[0]);
    return SANDBOX_EXIT_REFUSED;
}

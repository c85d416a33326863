/* Nothing has to be set up on Linux: the modes need no helper with privileges and leave nothing. */
#include "sandbox/setup.h"

#include <stdio.h>

int command_setup(int argc, char **argv)
{
    (void)argc;
    (void)printf("%s: there is nothing to set up on Linux, and nothing is left behind; "
                 "holdfast-sandbox doctor says which mode to choose\n",
                 argv[0]);
    return 0;
}

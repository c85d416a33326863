/*
 * Stand-ins for tests under Wine, which pretends what a sandbox is made of.
 * They take the place of files of the same name when the test programs are
 * linked (CMakeLists.txt); nothing here is in a program that is shipped.
 */
#include "sandbox/windows/win.h"

#include <stdio.h>

bool win_may_pretend(void)
{
    static bool has_said;

    if (!win_is_wine())
        return false;
    if (!has_said)
        (void)fprintf(stderr, "stand-in: this is a test program: NOTHING is enforced\n");
    has_said = true;
    return true;
}

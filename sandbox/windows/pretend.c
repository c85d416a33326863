/* In a file of its own so that the test programs can put another answer in its place (standin/). */
#include "sandbox/windows/win.h"

bool win_may_pretend(void)
{
    return false;
}

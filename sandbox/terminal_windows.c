#include "sandbox/terminal.h"

int terminal_split(int kept, int *status, struct error *err)
{
    (void)kept;
    (void)status;
    (void)error_set(err, ERR_UNSUPPORTED, "--tty is not there on Windows yet");
    return error_hint(err, "leave it out: the command gets the console or pipes it was given");
}

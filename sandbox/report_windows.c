/* Windows has no library that starts the launcher yet, and no sessions. */
#include "sandbox/report.h"

int report_prepare(int fd)
{
    (void)fd;
    return -1;
}

void report_error(int fd, const struct error *err)
{
    (void)fd;
    (void)err;
}

void report_session_error(const struct error *err)
{
    error_print(stderr, "holdfast-sandbox", err);
}

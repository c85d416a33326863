#include "sandbox/report.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sandbox/linux/session.h"
#include "sandbox/sandbox.h"

int report_prepare(int fd)
{
    return fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* Small enough for one write; when the reader is gone there is nobody to tell. */
void report_error(int fd, const struct error *err)
{
    ssize_t size = write(fd, err, sizeof *err);

    (void)size;
}

void report_done(int fd)
{
    (void)fd;
}

void report_session_error(const struct error *err)
{
    struct session_reply reply = {.status = SANDBOX_EXIT_REFUSED, .error = *err};

    (void)send(STDIN_FILENO, &reply, sizeof reply, MSG_NOSIGNAL);
}

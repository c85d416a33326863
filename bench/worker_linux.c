#include "bench/worker.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

void worker_limit(unsigned seconds)
{
    (void)signal(SIGALRM, SIG_DFL);
    (void)alarm(seconds);
}

int worker_await(pid_t pid, unsigned seconds, struct error *why, struct error *err)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return error_os(err, errno, "a worker");
    }
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        (void)error_set(why, ERR_TIMEOUT, "a call of the library did not come back within %u s",
                        seconds);
    else if (WIFSIGNALED(status))
        (void)error_set(why, ERR_INVALID, "the worker died of signal %d", WTERMSIG(status));
    return 0;
}

#include "base/test.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "bench/worker.h"

/* What is said of a worker that does this. */
static struct error await(void (*act)(void))
{
    struct error why = {0};
    struct error err = {0};
    pid_t pid = fork();

    if (pid == 0) {
        worker_limit(1);
        act();
        _exit(0);
    }
    cr_assert_eq(worker_await(pid, 1, &why, &err), 0, "%s", err.message);
    return why;
}

static void end(void)
{
}

static void hang(void)
{
    for (;;)
        (void)pause();
}

static void crash(void)
{
    (void)raise(SIGKILL);
}

Test(worker, one_that_ends_is_not_spoken_of)
{
    cr_assert_eq(await(end).code, ERR_NONE);
}

Test(worker, one_that_hangs_is_ended_and_said_to_have_hung)
{
    struct error why = await(hang);

    cr_assert_eq(why.code, ERR_TIMEOUT);
    cr_assert_not_null(strstr(why.message, "within 1 s"), "%s", why.message);
}

Test(worker, one_that_crashes_is_said_to_have_died)
{
    struct error why = await(crash);

    cr_assert_eq(why.code, ERR_INVALID);
    cr_assert_not_null(strstr(why.message, "signal 9"), "%s", why.message);
}

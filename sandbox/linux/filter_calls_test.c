/* The filter hands over exactly the calls that the supervisor answers. */
#include <sys/syscall.h>

#include "base/test.h"
#include "sandbox/filter.h"
#include "sandbox/linux/supervisor.h"

#if defined(__x86_64__)
#define HOME_ARCH  FILTER_X86_64
#define AUDIT_ARCH FILTER_ARCH_X86_64
#else
#define HOME_ARCH  FILTER_AARCH64
#define AUDIT_ARCH FILTER_ARCH_AARCH64
#endif

static struct filter_program program;

static uint32_t ask(int number, int argument, uint64_t value)
{
    struct filter_call call = {.number = (uint32_t)number, .arch = AUDIT_ARCH};

    call.args[argument] = value;
    return filter_run(&program, &call);
}

static void check_calls(uint32_t groups, unsigned guards)
{
    struct error err = {0};

    cr_assert_eq(filter_compile(HOME_ARCH, groups, &program, &err), 0);
    for (size_t i = 0; i < supervisor_call_count; i++) {
        const struct supervisor_call *call = &supervisor_calls[i];
        uint32_t answer = ask(call->number, call->argument, call->mask);

        if ((call->guards & guards) == 0)
            cr_assert_eq(answer, FILTER_ALLOW, "%s", call->name);
        else if (call->number == SYS_openat2)
            cr_assert_eq(answer, FILTER_ERRNO | 38, "%s", call->name);
        else
            cr_assert_eq(answer, FILTER_NOTIFY, "%s", call->name);
    }
}

Test(filter_calls, agree_with_the_supervisor)
{
    check_calls(FILTER_NOTIFY_CREATE, SUPERVISOR_NAMES);
    check_calls(FILTER_NOTIFY_CONNECT, SUPERVISOR_SOCKETS);
    check_calls(FILTER_NOTIFY_CREATE | FILTER_NOTIFY_CONNECT,
                SUPERVISOR_NAMES | SUPERVISOR_SOCKETS);
    check_calls(FILTER_NOTIFY_CREATE | FILTER_NOTIFY_REMOVE, SUPERVISOR_NAMES | SUPERVISOR_GITS);
    check_calls(FILTER_NOTIFY_FORK, SUPERVISOR_FORKS);
    check_calls(FILTER_NOTIFY_FORK | FILTER_NAMESPACES, SUPERVISOR_FORKS);
}

Test(filter_calls, refuse_the_ioctls_that_make_names)
{
    struct error err = {0};

    cr_assert_eq(filter_compile(HOME_ARCH, FILTER_SUBVOLUMES, &program, &err), 0);
    for (size_t i = 0; i < supervisor_denied_ioctl_count; i++)
        cr_assert_eq(ask(SYS_ioctl, 1, supervisor_denied_ioctls[i].command), FILTER_ERRNO | 1, "%s",
                     supervisor_denied_ioctls[i].name);
}

/*
 * clone3 with a stack of the child's own, which no libc offers: the child is
 * born in a control group. Moving it there afterwards would take a writable
 * mount of the group inside the sandbox, or a second process outside.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include "base/auto.h"
#include "sandbox/linux/cgroup.h"
#include "sandbox/linux/kernel.h"

#if defined(__x86_64__)

/* The child begins on an empty stack with all registers as they are here: no return address, so it
 * never comes back into this function. rbp goes last, where the argument may have been. */
static long start(struct kernel_clone_args *args, int (*function)(void *), void *argument)
{
    long result;

    __asm__ volatile("syscall\n\t"
                     "test %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "mov %[argument], %%rdi\n\t"
                     "xor %%ebp, %%ebp\n\t"
                     "call *%%rbx\n\t"
                     "hlt\n"
                     "1:"
                     : "=a"(result)
                     : "a"((long)CALL_CLONE3), "D"(args), "S"(sizeof *args),
                       "b"(function), [argument] "r"(argument)
                     : "rcx", "r11", "memory");
    return result;
}

#elif defined(__aarch64__)

static long start(struct kernel_clone_args *args, int (*function)(void *), void *argument)
{
    register long x8 __asm__("x8") = CALL_CLONE3;
    register long x0 __asm__("x0") = (long)(uintptr_t)args;
    register long x1 __asm__("x1") = sizeof *args;
    register long x2 __asm__("x2") = (long)(uintptr_t)function;
    register long x3 __asm__("x3") = (long)(uintptr_t)argument;

    __asm__ volatile("svc 0\n\t"
                     "cbnz x0, 1f\n\t"
                     "mov x0, x3\n\t"
                     "mov x29, xzr\n\t"
                     "blr x2\n\t"
                     "brk 1\n"
                     "1:"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3)
                     : "memory");
    return x0;
}

#else
#error "write start() for this architecture"
#endif

pid_t cgroup_clone(int (*function)(void *), char *stack, size_t size, int flags, void *argument,
                   int *child_tid)
{
    AUTO_CLOSE int group = open(cgroup_path(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct kernel_clone_args args = {
        .flags = (uint64_t)(unsigned)(flags & ~SIGCHLD) | KERNEL_CLONE_INTO_CGROUP,
        .child_tid = (uint64_t)(uintptr_t)child_tid,
        .exit_signal = SIGCHLD,
        .stack = (uint64_t)(uintptr_t)stack,
        .stack_size = size,
    };
    long result;

    if (group < 0)
        return -1;
    args.cgroup = (uint64_t)group;
    result = start(&args, function, argument);
    if (result >= 0)
        return (pid_t)result;
    errno = (int)-result;
    return -1;
}

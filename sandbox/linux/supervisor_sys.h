/*
 * System calls that return -errno and touch nothing else.
 *
 * The supervisor's process shares its memory with the launcher, and its threads
 * share one thread pointer (supervisor.h), so libc's errno is nobody's: two
 * callers would read each other's. The kernel's own convention is also what a
 * notification has to be answered with.
 */
#ifndef HOLDFAST_SANDBOX_LINUX_SUPERVISOR_SYS_H
#define HOLDFAST_SANDBOX_LINUX_SUPERVISOR_SYS_H

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)

static inline long sys_call(long number, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

#elif defined(__aarch64__)

static inline long sys_call(long number, long a, long b, long c, long d, long e, long f)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;

    __asm__ volatile("svc 0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
}

#else
#error "write sys_call() for this architecture: syscall(2)'s errno is shared, see above"
#endif

/* O_LARGEFILE as the kernel has it: libc says 0 where files are always large, yet F_GETFL shows it. */
#if defined(__aarch64__)
#define SYS_O_LARGEFILE 0400000
#else
#define SYS_O_LARGEFILE 0100000
#endif

#define SYS_FCHMODAT2 452 /* Linux 6.6; the same number everywhere */

#define SYS_PTR(p) ((long)(uintptr_t)(p))

static inline long sys_close(int fd)
{
    return sys_call(SYS_close, fd, 0, 0, 0, 0, 0);
}

static inline long sys_openat(int directory, const char *path, int flags, mode_t mode)
{
    return sys_call(SYS_openat, directory, SYS_PTR(path), flags, (long)mode, 0, 0);
}

static inline long sys_openat2(int directory, const char *path, const struct open_how *how)
{
    return sys_call(SYS_openat2, directory, SYS_PTR(path), SYS_PTR(how), sizeof *how, 0, 0);
}

static inline long sys_read(int fd, void *bytes, size_t size)
{
    return sys_call(SYS_read, fd, SYS_PTR(bytes), (long)size, 0, 0, 0);
}

static inline long sys_readlinkat(int directory, const char *path, char *text, size_t size)
{
    return sys_call(SYS_readlinkat, directory, SYS_PTR(path), SYS_PTR(text), (long)size, 0, 0);
}

/* The kernel's struct stat is libc's on these architectures. */
static inline long sys_fstat(int fd, struct stat *status)
{
    return sys_call(SYS_fstat, fd, SYS_PTR(status), 0, 0, 0, 0);
}

static inline long sys_lstatat(int directory, const char *path, struct stat *status)
{
    return sys_call(SYS_newfstatat, directory, SYS_PTR(path), SYS_PTR(status), AT_SYMLINK_NOFOLLOW,
                    0, 0);
}

/* The file system's magic number of an open file; negative on failure. */
static inline long sys_fs_type(int fd)
{
    struct {
        long type;
        unsigned char rest[248];
    } status = {0, {0}};
    long result = sys_call(SYS_fstatfs, fd, SYS_PTR(&status), 0, 0, 0, 0);

    return result < 0 ? result : status.type;
}

static inline long sys_fcntl(int fd, int command, long argument)
{
    return sys_call(SYS_fcntl, fd, command, argument, 0, 0, 0);
}

static inline long sys_ioctl(int fd, unsigned long command, void *argument)
{
    return sys_call(SYS_ioctl, fd, (long)command, SYS_PTR(argument), 0, 0, 0);
}

#endif

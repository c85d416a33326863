/*
 * One notification: what its caller's memory, descriptors and /proc entries say.
 * All of it is asked by thread id, so none of it counts before request_is_valid()
 * has said that the id still belongs to the caller.
 */
#include "sandbox/linux/supervisor_internal.h"

#include <string.h>
#include <sys/ioctl.h>

#include "base/auto.h"

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL /* Linux 6.9 */
#endif

#define PAGE 4096u /* the smallest there is: reads never reach into a page they do not need */

bool request_is_valid(const struct request *request)
{
    uint64_t id = request->notification.id;

    return sys_ioctl(request->supervisor->config->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

static long read_some(const struct request *request, uint64_t address, void *bytes, size_t size)
{
    struct iovec here = {.iov_base = bytes, .iov_len = size};
    struct iovec there = {.iov_base = (void *)(uintptr_t)address, .iov_len = size};

    return sys_call(SYS_process_vm_readv, request_thread(request), SYS_PTR(&here), 1,
                    SYS_PTR(&there), 1, 0);
}

long request_read(const struct request *request, uint64_t address, void *bytes, size_t size)
{
    long got = read_some(request, address, bytes, size);

    if (got >= 0 && (size_t)got != size)
        return -EFAULT;
    return got;
}

long request_read_path(struct request *request, uint64_t address, int index)
{
    char *text = request->path[index];
    size_t used = 0;

    while (used < PATH_MAX) {
        size_t size = PAGE - (size_t)((address + used) % PAGE);
        long got;
        const char *end;

        if (size > PATH_MAX - used)
            size = PATH_MAX - used;
        got = read_some(request, address + used, text + used, size);
        if (got <= 0)
            return got == 0 ? -EFAULT : got;
        end = memchr(text + used, '\0', (size_t)got);
        if (end != NULL)
            return end == text ? -ENOENT : end - text;
        used += (size_t)got;
    }
    return -ENAMETOOLONG;
}

long request_own(struct request *request, long fd)
{
    if (fd < 0)
        return fd;
    if (request->owned_count == ARRAY_SIZE(request->owned)) {
        (void)sys_close((int)fd);
        return -EMFILE;
    }
    request->owned[request->owned_count++] = (int)fd;
    return fd;
}

void request_close_owned(struct request *request)
{
    while (request->owned_count > 0)
        (void)sys_close(request->owned[--request->owned_count]);
}

void format_path(char *out, const char *prefix, long number, const char *suffix)
{
    char digits[20];
    size_t count = 0;
    size_t length = strlen(prefix);

    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    memcpy(out, prefix, length);
    while (count > 0)
        out[length++] = digits[--count];
    memcpy(out + length, suffix, strlen(suffix) + 1);
}

static long open_working_directory(struct request *request)
{
    char name[PROC_NAME_ROOM];

    format_path(name, "", request_thread(request), "/cwd");
    return request_own(
        request, sys_openat(request->supervisor->proc, name, O_PATH | O_DIRECTORY | O_CLOEXEC, 0));
}

long request_open_fd(struct request *request, int fd)
{
    char name[PROC_NAME_ROOM];
    char number[PROC_NAME_ROOM];
    long opened;

    if (fd < 0)
        return -EBADF;
    format_path(number, "/fd/", fd, "");
    format_path(name, "", request_thread(request), number);
    opened = sys_openat(request->supervisor->proc, name, O_PATH | O_CLOEXEC, 0);
    return opened == -ENOENT ? -EBADF : request_own(request, opened);
}

long request_base(struct request *request, int directory, const char *path)
{
    if (path[0] == '/')
        return request->supervisor->slash;
    if (directory == AT_FDCWD)
        return open_working_directory(request);
    return request_open_fd(request, directory);
}

/* Before Linux 6.9 only a process has a pidfd; its threads nearly always share its descriptors. */
static long open_pidfd(struct request *request)
{
    long fd = sys_call(SYS_pidfd_open, request_thread(request), PIDFD_THREAD, 0, 0, 0, 0);
    pid_t process;

    if (fd != -EINVAL)
        return fd;
    process = request_process(request);
    if (process < 0)
        return process;
    return sys_call(SYS_pidfd_open, process, 0, 0, 0, 0, 0);
}

long request_take_fd(struct request *request, int fd)
{
    long pidfd = open_pidfd(request);
    long taken;

    if (pidfd < 0)
        return pidfd;
    taken = sys_call(SYS_pidfd_getfd, pidfd, fd, 0, 0, 0, 0);
    (void)sys_close((int)pidfd);
    return request_own(request, taken);
}

long request_read_proc(struct request *request, pid_t thread, const char *file)
{
    char name[PROC_NAME_ROOM];
    size_t used = 0;
    long fd;
    long got = 0;

    format_path(name, "", thread, file);
    fd = sys_openat(request->supervisor->proc, name, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return fd;
    do {
        used += (size_t)got;
        got = sys_read((int)fd, request->text + used, sizeof request->text - 1 - used);
    } while (got > 0);
    (void)sys_close((int)fd);
    request->text[used] = '\0';
    return got < 0 ? got : (long)used;
}

long status_value(const char *text, const char *key, long base)
{
    const char *line = strstr(text, key);
    long value = 0;

    if (line == NULL)
        return -EINVAL;
    line += strlen(key);
    line += strspn(line, " \t");
    for (; *line >= '0' && *line < '0' + base && value < INT_MAX; line++)
        value = value * base + (*line - '0');
    return value;
}

pid_t request_process(struct request *request)
{
    long got = request_read_proc(request, request_thread(request), "/status");

    return (pid_t)(got < 0 ? got : status_value(request->text, "\nTgid:", 10));
}

long request_use_umask(struct request *request)
{
    struct supervisor *supervisor = request->supervisor;
    long mask = umask_of_caller(request);

    if (mask >= 0 && (mode_t)mask != supervisor->own_umask) {
        (void)sys_call(SYS_umask, mask, 0, 0, 0, 0, 0);
        supervisor->own_umask = (mode_t)mask;
    }
    return mask < 0 ? mask : 0;
}

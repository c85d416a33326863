/*
 * proc is the one file system that shows each reader something else: /proc/self,
 * /dev/stdout and all links below /proc/PID. The supervisor must neither see
 * itself there in the caller's place nor lend its rights: the kernel lets every
 * process open its own /proc/self/mem, and that of the supervisor is the end of
 * the sandbox.
 *
 *     /proc/self, /proc/thread-self   become the caller's numbers
 *     /proc/PID/{cwd,root,fd/N,...}   are followed with the caller's rights, never
 *                                     for our own process
 *     other entries below /proc/PID   only for the caller's own process
 *     a proc of another pid namespace (a chroot tree of the host)   refused
 */
#include "sandbox/linux/supervisor_internal.h"

#include <linux/capability.h>
#include <string.h>

#define ROOT_INODE 1  /* PROC_ROOT_INO, fs/proc/internal.h */
#define DEPTH_MAX  16 /* directories above one another in proc */

bool proc_is(int fd)
{
    long type = sys_fs_type(fd);

    return type < 0 || type == PROC_MAGIC;
}

bool proc_is_device(struct supervisor *supervisor, int fd, dev_t device)
{
    /* Nothing can be mounted here any more, so what a device number means cannot change. */
    if (device != 0 && device == supervisor->plain_device)
        return false;
    if (proc_is(fd))
        return true;
    supervisor->plain_device = device;
    return false;
}

static long set_effective(bool is_on)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    long result;

    memset(data, 0, sizeof data);
    result = sys_call(SYS_capget, SYS_PTR(&header), SYS_PTR(data), 0, 0, 0, 0);
    if (result < 0)
        return result;
    data[0].effective = is_on ? data[0].permitted : 0;
    data[1].effective = is_on ? data[1].permitted : 0;
    return sys_call(SYS_capset, SYS_PTR(&header), SYS_PTR(data), 0, 0, 0, 0);
}

long proc_drop_privilege(void)
{
    return set_effective(false);
}

void proc_take_privilege(void)
{
    (void)set_effective(true);
}

/* The thread group in the status file of a directory; 0 if it has none. */
static pid_t read_owner(struct request *request, int directory)
{
    long fd = sys_openat(directory, "status", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);
    const char *line;
    long got;
    pid_t owner = 0;

    if (fd < 0)
        return 0;
    got = proc_is((int)fd) ? sys_read((int)fd, request->text, 1024) : 0;
    (void)sys_close((int)fd);
    request->text[got > 0 ? got : 0] = '\0';
    line = strstr(request->text, "\nTgid:\t");
    for (line = line != NULL ? line + 7 : ""; *line >= '0' && *line <= '9'; line++)
        owner = (pid_t)(owner * 10 + (*line - '0'));
    return owner;
}

/* Climbs until a directory says whose it is, or the root of proc is reached. */
static pid_t climb(struct request *request, int directory)
{
    int at = directory;
    pid_t owner = -EACCES;

    for (int depth = 0; depth < DEPTH_MAX; depth++) {
        struct stat status;
        pid_t here;
        long up;

        if (sys_fstat(at, &status) < 0 || status.st_dev != request->supervisor->proc_device)
            break;
        here = status.st_ino == ROOT_INODE ? 0 : read_owner(request, at);
        if (here > 0 || status.st_ino == ROOT_INODE) {
            owner = here;
            break;
        }
        up = sys_openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
        if (at != directory)
            (void)sys_close(at);
        at = (int)up;
        if (up < 0)
            return -EACCES;
    }
    if (at != directory)
        (void)sys_close(at);
    return owner;
}

pid_t proc_owner(struct request *request, int directory)
{
    return climb(request, directory);
}

static bool is_root_of_proc(int directory)
{
    struct stat status;

    return sys_fstat(directory, &status) == 0 && status.st_ino == ROOT_INODE;
}

/* /proc/self and /proc/thread-self are texts made for whoever reads them. */
static long follow_self(struct request *request, const char *name, char *text)
{
    char number[PROC_NAME_ROOM];
    pid_t process = request_process(request);

    if (process < 0)
        return process;
    format_path(number, "/task/", request_thread(request), "");
    format_path(text, "", process, strcmp(name, "self") == 0 ? "" : number);
    return (long)strlen(text);
}

static long follow_jump(int directory, const char *name, long *object)
{
    long fd = proc_drop_privilege();

    if (fd == 0)
        fd = sys_openat(directory, name, O_PATH | O_CLOEXEC, 0);
    proc_take_privilege();
    if (fd < 0)
        return fd;
    *object = fd;
    return 0;
}

long proc_follow(struct request *request, int directory, const char *name, char *text, long *object)
{
    pid_t owner = proc_owner(request, directory);

    if (owner < 0 || owner == request->supervisor->self)
        return -EACCES;
    if (owner > 0)
        return follow_jump(directory, name, object);
    if (is_root_of_proc(directory) &&
        (strcmp(name, "self") == 0 || strcmp(name, "thread-self") == 0))
        return follow_self(request, name, text);
    return sys_readlinkat(directory, name, text, PATH_MAX);
}

long proc_check(struct request *request, const struct place *place)
{
    struct stat status;
    long result = sys_lstatat(place->directory, place->name, &status);
    pid_t owner;

    if (result < 0)
        return result;
    owner = proc_owner(request, place->directory);
    if (owner == 0)
        return 0;
    if (owner < 0)
        return owner;
    return owner == request_process(request) ? 0 : -EACCES;
}

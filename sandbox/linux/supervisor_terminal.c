/*
 * /dev/tty opened for writing with O_CREAT, which is what a shell's `> /dev/tty`
 * does. For us it would be our terminal, or none: the caller's is looked for
 * among its standard descriptors, then in /dev/pts.
 */
#include "sandbox/linux/supervisor_internal.h"

#include <stdlib.h>
#include <string.h>

#define FIELD_AFTER_NAME 5 /* tty_nr in /proc/PID/stat, counted from the state: proc(5) */
#define PTS_MAJOR_FIRST  136u
#define PTS_MAJOR_LAST   143u

bool terminal_is_at(const struct place *place)
{
    struct stat status;

    return sys_lstatat(place->directory, place->name, &status) == 0 && S_ISCHR(status.st_mode) &&
           status.st_rdev == TERMINAL_DEVICE;
}

/* The device number of the caller's controlling terminal; 0: it has none. */
static unsigned callers_terminal(struct request *request)
{
    const char *at;
    unsigned number = 0;

    if (request_read_proc(request, request_thread(request), "/stat") < 0)
        return 0;
    at = strrchr(request->text, ')'); /* the program's name may hold spaces and parentheses */
    for (int field = 0; at != NULL && field < FIELD_AFTER_NAME; field++)
        at = strchr(at + 1, ' ');
    for (at = at != NULL ? at + 1 : ""; *at >= '0' && *at <= '9'; at++)
        number = number * 10 + (unsigned)(*at - '0');
    return number;
}

static bool is_device(int fd, unsigned device)
{
    struct stat status;

    return sys_fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) && status.st_rdev == device;
}

static long give(struct request *request, long fd, const struct open_how *theirs)
{
    fd = request_own(request, fd);
    return fd < 0 ? fd : open_deliver(request, (int)fd, theirs, 0);
}

/* A terminal of the machine (run --tty) lies on a mount without devices: the caller gets the descriptor
 * that it has once more. */
static long give_own(struct request *request, int fd, const struct open_how *theirs)
{
    long taken = request_take_fd(request, fd);

    return taken < 0 ? taken
                     : request_send_fd(request, (int)taken, theirs->flags & O_CLOEXEC, false);
}

long terminal_open(struct request *request, const struct open_how *theirs)
{
    struct open_how ours = open_our_way_existing(theirs);
    unsigned device = callers_terminal(request);
    unsigned major = device >> 8 & 0xfffu;
    char name[PROC_NAME_ROOM];
    long object;

    for (int fd = 0; device != 0 && fd <= STDERR_FILENO; fd++) {
        object = request_open_fd(request, fd);
        if (object < 0 || !request_is_valid(request) || !is_device((int)object, device))
            continue;
        object = open_again(request, (int)object, &ours);
        return object == -EACCES ? give_own(request, fd, theirs) : give(request, object, theirs);
    }
    if (major < PTS_MAJOR_FIRST || major > PTS_MAJOR_LAST)
        return -ENXIO;
    format_path(
        name, "dev/pts/",
        (long)((major - PTS_MAJOR_FIRST) << 8 | (device & 0xffu) | (device >> 12 & 0xfff00u)), "");
    object = request_own(request, sys_openat2(request->supervisor->slash, name, &ours));
    if (object < 0 || !is_device((int)object, device))
        return -ENXIO;
    return open_deliver(request, (int)object, theirs, 0);
}

/*
 * open(2) with O_CREAT.
 *
 * The file is opened here and its descriptor put into the caller's table. To
 * equal the plain call: last-component links are followed by hand (the kernel
 * would follow them as us), O_NONBLOCK is added so that a FIFO cannot hold the
 * loop up and taken off afterwards, and what would block goes to a thread.
 *
 * Differences that stay: a new file is left behind when the caller's descriptor
 * table is full, and no terminal becomes the caller's controlling terminal.
 */
#include "sandbox/linux/supervisor_internal.h"

#include <string.h>

#include "base/auto.h"

/* VALID_OPEN_FLAGS: open(2) silently drops the rest, openat2(2), which we use, refuses it. */
#define KNOWN_FLAGS                                                                         \
    ((uint64_t)(O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | \
                O_SYNC | O_DSYNC | O_ASYNC | O_DIRECT | SYS_O_LARGEFILE | O_DIRECTORY |     \
                O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH | O_TMPFILE))

static bool may_wait(uint64_t flags)
{
    return (flags & O_NONBLOCK) == 0;
}

static bool makes_file(uint64_t flags)
{
    return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
}

static bool is_new_only(uint64_t flags)
{
    return (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
}

static bool adds_nonblock(uint64_t theirs)
{
    return may_wait(theirs) && !is_new_only(theirs);
}

/* How we open: never blocking, never inherited, never taking a terminal, never along a link. */
static struct open_how our_way(const struct open_how *theirs)
{
    struct open_how ours = *theirs;

    ours.resolve = RESOLVE_NO_SYMLINKS;
    ours.flags |= O_CLOEXEC | O_NOCTTY;
    if (adds_nonblock(theirs->flags))
        ours.flags |= O_NONBLOCK;
    return ours;
}

/* As our_way, for something that exists. */
struct open_how open_our_way_existing(const struct open_how *theirs)
{
    struct open_how ours = our_way(theirs);

    ours.flags &= ~(uint64_t)(O_CREAT | O_EXCL);
    if (!makes_file(ours.flags))
        ours.mode = 0;
    return ours;
}

/* Through our own descriptor; links and names play no part any more. */
long open_again(struct request *request, int object, const struct open_how *how)
{
    char name[PROC_NAME_ROOM];

    format_path(name, "self/fd/", object, "");
    return sys_openat(request->supervisor->proc, name, (int)(how->flags & ~(uint64_t)O_NOFOLLOW),
                      0);
}

long open_deliver(struct request *request, int fd, const struct open_how *theirs, mode_t mode)
{
    long result = 0;

    if (adds_nonblock(theirs->flags))
        result = sys_fcntl(fd, F_SETFL, (long)theirs->flags);
    if (result < 0)
        return result;
    return request_send_fd(request, fd, theirs->flags & O_CLOEXEC, (mode & 0111) != 0);
}

/* In a thread: the same once more, waiting this time. What it opens exists. */
static long open_waiting(struct request *request)
{
    struct open_how how = open_our_way_existing(&request->job_how);
    long fd;

    how.flags &= ~(uint64_t)O_NONBLOCK;
    if (request->job_fd >= 0)
        fd = open_again(request, request->job_fd, &how);
    else
        fd = sys_openat2(request->job_place.directory, request->job_place.name, &how);
    fd = request_own(request, fd);
    if (fd < 0)
        return fd;
    if (proc_is((int)fd))
        return -EACCES; /* was judged, and was not one, before the wait */
    return request_send_fd(request, (int)fd, request->job_how.flags & O_CLOEXEC, true);
}

/* `object` is what to open again, or -1 and `place` says. */
static long open_in_thread(struct request *request, const struct place *place, int object,
                           const struct open_how *theirs)
{
    request->job_how = *theirs;
    request->job_fd = object;
    if (object < 0)
        request->job_place = *place;
    return worker_hand_over(request, open_waiting);
}

/* Errors that O_NONBLOCK brought about: a FIFO without a reader, a lease to be given back. */
static bool would_wait(long error, uint64_t theirs)
{
    return (error == -ENXIO || error == -EAGAIN) && may_wait(theirs);
}

/*
 * An entry below /proc, opened a moment ago as ourselves: once more, with no
 * more rights than the caller has, if it is one that it may open.
 */
static long open_on_proc(struct request *request, const struct place *place,
                         const struct open_how *theirs)
{
    struct open_how ours = open_our_way_existing(theirs);
    long fd;

    if (!proc_is(place->directory))
        return -EACCES; /* bound from a proc to somewhere else: whose, cannot be told */
    if (is_new_only(theirs->flags))
        return -EEXIST;
    fd = proc_check(request, place);
    if (fd == 0)
        fd = proc_drop_privilege();
    if (fd == 0)
        fd = sys_openat2(place->directory, place->name, &ours);
    proc_take_privilege();
    fd = request_own(request, fd);
    return fd < 0 ? fd : open_deliver(request, (int)fd, theirs, 0);
}

/* Has been opened: is it what it seems, and may the caller have it as it is? */
static long finish(struct request *request, const struct place *place, int fd,
                   const struct open_how *theirs)
{
    struct stat status;
    long result = sys_fstat(fd, &status);

    if (result < 0)
        return result;
    if (proc_is_device(request->supervisor, fd, status.st_dev))
        return place != NULL ? open_on_proc(request, place, theirs) : -EACCES;
    if (S_ISCHR(status.st_mode) && status.st_rdev == TERMINAL_DEVICE)
        return terminal_open(request, theirs);
    if (S_ISFIFO(status.st_mode) && may_wait(theirs->flags) &&
        (theirs->flags & O_ACCMODE) == O_RDONLY)
        return open_in_thread(request, place, fd, theirs);
    return open_deliver(request, fd, theirs, status.st_mode);
}

/* A name in a directory, no link followed: -ELOOP is for the caller to go on with. */
static long open_place(struct request *request, const struct place *place,
                       const struct open_how *theirs)
{
    struct open_how ours = our_way(theirs);
    struct place at = *place;
    long fd;

    if (makes_file(theirs->flags))
        (void)git_enter(request, &at, GIT_USE_FILE);
    fd = sys_openat2(at.directory, at.name, &ours);
    if (fd == -ENXIO && terminal_is_at(place))
        return terminal_open(request, theirs);
    if (would_wait(fd, theirs->flags))
        return open_in_thread(request, place, -1, theirs);
    fd = request_own(request, fd);
    if (fd < 0)
        return fd;
    if (is_new_only(theirs->flags)) /* a fresh file: nothing it could be instead */
        return open_deliver(request, (int)fd, theirs, (mode_t)theirs->mode);
    return finish(request, place, (int)fd, theirs);
}

/* What a link in /proc led to: a descriptor of the caller's, its working directory, ... */
static long open_object(struct request *request, int object, const struct open_how *theirs)
{
    struct open_how ours = open_our_way_existing(theirs);
    struct stat status;
    long fd = sys_fstat(object, &status);

    if (fd < 0)
        return fd;
    if (proc_is(object))
        return -EACCES; /* an entry of any process, perhaps ours: see supervisor_proc.c */
    if (S_ISDIR(status.st_mode))
        return -EISDIR;
    fd = open_again(request, object, &ours);
    if (would_wait(fd, theirs->flags))
        return open_in_thread(request, NULL, object, theirs);
    fd = request_own(request, fd);
    return fd < 0 ? fd : finish(request, NULL, (int)fd, theirs);
}

/* A protected entry may be opened for reading if it is there; it is never made. */
static long guard_open(struct request *request, const struct place *place, struct open_how *how)
{
    struct stat status;
    long refusal = guard_check(request, place, GUARD_MAKE);

    if (refusal == 0)
        return 0;
    if (sys_lstatat(place->directory, place->name, &status) < 0)
        return refusal;
    if (is_new_only(how->flags))
        return -EEXIST;
    if (S_ISDIR(status.st_mode))
        return -EISDIR;
    if ((how->flags & (O_ACCMODE | O_TRUNC)) != O_RDONLY)
        return refusal;
    how->flags &= ~(uint64_t)O_CREAT;
    how->mode = 0;
    return 0;
}

/* Opens the entry, or finds where the link at it leads: then *is_link, and 0. */
static long open_or_follow(struct request *request, const struct place *place,
                           const struct open_how *how, struct link_target *to, bool *is_link)
{
    for (int tries = 0; tries <= LINKS_MAX; tries++) {
        long opened = open_place(request, place, how);
        long followed;

        *is_link = false;
        if (opened != -ELOOP || (how->flags & O_NOFOLLOW) != 0)
            return opened;
        followed = resolve_link(request, place, to);
        *is_link = followed == 0;
        if (followed != -EAGAIN) /* else somebody put a file in the link's place: look again */
            return followed;
    }
    return -ELOOP;
}

static long open_path(struct request *request, int base, struct open_how *how)
{
    struct link_target to = {.object = -1, .base = base, .path = request->path[0]};
    bool is_link = true;

    for (int links = 0; links <= LINKS_MAX; links++) {
        struct place place;
        long result = resolve_parent(request, to.base, to.path, &place);

        if (result == 0)
            result = guard_open(request, &place, how);
        if (result == 0 && !request_is_valid(request))
            return -EINTR;
        if (result == 0)
            result = open_or_follow(request, &place, how, &to, &is_link);
        if (result < 0 || !is_link)
            return result;
        if (to.object >= 0)
            return open_object(request, to.object, how);
    }
    return -ELOOP;
}

static long answer_open(struct request *request, const struct call_shape *shape)
{
    int directory =
        shape->directory < 0 ? AT_FDCWD : (int)request_argument(request, shape->directory);
    struct open_how how = {.flags = O_CREAT | O_WRONLY | O_TRUNC}; /* creat(2) */
    long result;

    if (shape->flags >= 0)
        how.flags = request_argument(request, shape->flags) & KNOWN_FLAGS;
    if ((how.flags & O_PATH) != 0) {
        /* Drops O_CREAT in the kernel, and the flags are in a register: nothing can be made. */
        request->reply = REPLY_CONTINUE;
        return 0;
    }
    how.flags |= SYS_O_LARGEFILE;
    if (makes_file(how.flags))
        how.mode = request_argument(request, shape->mode) & 07777;
    result = request_read_path(request, request_argument(request, shape->path), 0);
    if (result >= 0)
        result = request_use_umask(request);
    if (result == 0)
        result = request_base(request, directory, request->path[0]);
    return result < 0 ? result : open_path(request, (int)result, &how);
}

#define NONE   -1
#define NO_OLD .from_directory = NONE, .from_path = NONE

const struct call_shape open_shapes[] = {
#ifdef SYS_open
    {SYS_open, answer_open, .directory = NONE, .path = 0, NO_OLD, .flags = 1, .mode = 2},
    {SYS_creat, answer_open, .directory = NONE, .path = 0, NO_OLD, .flags = NONE, .mode = 1},
#endif
    {SYS_openat, answer_open, .directory = 0, .path = 1, NO_OLD, .flags = 2, .mode = 3},
};

const size_t open_shape_count = ARRAY_SIZE(open_shapes);

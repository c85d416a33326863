/*
 * Calls that make or move a directory entry: mkdir, mknod, symlink, link, rename;
 * and, for git directories only, those that remove one: unlink, rmdir.
 *
 * Each one is done here, by us, in the directory that was resolved and judged;
 * a last component that is a link is never followed by any of them. A protected
 * name is refused as a read-only mount would: EROFS, or EEXIST where it exists.
 */
#include "sandbox/linux/supervisor_internal.h"

#include <linux/fs.h>

#include "base/auto.h"

static int directory_of(const struct request *request, int argument)
{
    return argument < 0 ? AT_FDCWD : (int)request_argument(request, argument);
}

/* The entry that request->path[index] names. */
static long place_of(struct request *request, int index, int directory, struct place *place)
{
    long base = request_base(request, directory, request->path[index]);

    return base < 0 ? base : resolve_parent(request, (int)base, request->path[index], place);
}

/* The entry that the caller's arguments name. */
static long place_at(struct request *request, int index, int directory_argument, int path_argument,
                     struct place *place)
{
    long length = request_read_path(request, request_argument(request, path_argument), index);

    if (length < 0)
        return length;
    return place_of(request, index, directory_of(request, directory_argument), place);
}

/* The new entry of a call that needs nothing but a place and the umask. */
static long prepare(struct request *request, const struct call_shape *shape, enum guard_use use,
                    struct place *place)
{
    long result = place_at(request, 0, shape->directory, shape->path, place);

    if (result == 0)
        result = request_use_umask(request);
    if (result == 0 && !request_is_valid(request))
        return -EINTR;
    return result < 0 ? result : guard_check_new(request, place, use);
}

static long answer_mkdir(struct request *request, const struct call_shape *shape)
{
    struct place place;
    long result = prepare(request, shape, GUARD_DIRECTORY, &place);

    if (result < 0)
        return result;
    (void)git_enter(request, &place, GIT_USE_MKDIR);
    return sys_call(SYS_mkdirat, place.directory, SYS_PTR(place.name),
                    (long)request_argument(request, shape->mode), 0, 0, 0);
}

static long answer_mknod(struct request *request, const struct call_shape *shape)
{
    mode_t mode = (mode_t)request_argument(request, shape->mode);
    struct place place;
    long result = prepare(request, shape, GUARD_MAKE, &place);

    if (result < 0)
        return result;
    if (S_ISREG(mode) || (mode & S_IFMT) == 0)
        (void)git_enter(request, &place, GIT_USE_FILE);
    return sys_call(SYS_mknodat, place.directory, SYS_PTR(place.name), (long)mode,
                    (long)request_argument(request, shape->mode + 1), 0, 0);
}

static long answer_symlink(struct request *request, const struct call_shape *shape)
{
    struct place place;
    long result = request_read_path(request, request_argument(request, shape->from_path), 1);

    if (result >= 0)
        result = prepare(request, shape, GUARD_MAKE, &place);
    if (result < 0)
        return result;
    return sys_call(SYS_symlinkat, SYS_PTR(request->path[1]), place.directory, SYS_PTR(place.name),
                    0, 0, 0);
}

static unsigned flags_of(const struct request *request, const struct call_shape *shape)
{
    return shape->flags < 0 ? 0 : (unsigned)request_argument(request, shape->flags);
}

/*
 * What a new link will be another name of. An object (a descriptor, or what a
 * symbolic link leads to) is opened here and given to the kernel as our own
 * /proc/self/fd entry, so that it cannot be exchanged on the way; *flags says so.
 */
static long old_of_link(struct request *request, const struct call_shape *shape, unsigned *flags,
                        char *name, struct place *old)
{
    int directory = directory_of(request, shape->from_directory);
    long result = request_read_path(request, request_argument(request, shape->from_path), 1);
    bool is_fd = result == -ENOENT && (*flags & AT_EMPTY_PATH) != 0;

    if (result < 0 && !is_fd)
        return result;
    if (!is_fd && (*flags & AT_SYMLINK_FOLLOW) == 0) {
        *flags = 0;
        return place_of(request, 1, directory, old);
    }
    result = is_fd ? request_open_fd(request, directory)
                   : request_base(request, directory, request->path[1]);
    if (result >= 0 && !is_fd)
        result = resolve_object(request, (int)result, request->path[1]);
    if (result < 0)
        return result;
    format_path(name, "self/fd/", result, "");
    *old = (struct place){.directory = request->supervisor->proc, .name = name};
    *flags = AT_SYMLINK_FOLLOW;
    return 0;
}

static long answer_link(struct request *request, const struct call_shape *shape)
{
    unsigned flags = flags_of(request, shape);
    char name[PROC_NAME_ROOM];
    struct place old;
    struct place new;
    long result;

    if ((flags & ~(unsigned)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) != 0)
        return -EINVAL;
    result = old_of_link(request, shape, &flags, name, &old);
    if (result == 0)
        result = prepare(request, shape, GUARD_MAKE, &new);
    if (result < 0)
        return result;
    /* both or none: what is not git's data gets no second name that is */
    if (flags == 0 && git_enter(request, &old, GIT_USE_FROM))
        (void)git_enter(request, &new, GIT_USE_FILE);
    return sys_call(SYS_linkat, old.directory, SYS_PTR(old.name), new.directory, SYS_PTR(new.name),
                    (long)flags, 0);
}

/* Moving a protected entry away is refused too; one that does not exist is just not there. */
static long check_old(struct request *request, const struct place *old)
{
    struct stat status;
    long refusal = guard_check(request, old, GUARD_REPLACE);

    if (refusal < 0 && sys_lstatat(old->directory, old->name, &status) == -ENOENT)
        return -ENOENT;
    return refusal;
}

static long answer_rename(struct request *request, const struct call_shape *shape)
{
    struct place old;
    struct place new;
    unsigned flags = flags_of(request, shape);
    long result = place_at(request, 1, shape->from_directory, shape->from_path, &old);

    if (result == 0)
        result = place_at(request, 0, shape->directory, shape->path, &new);
    if (result < 0)
        return result;
    if (!request_is_valid(request))
        return -EINTR;
    result = check_old(request, &old);
    if (result == 0)
        result = guard_check(request, &new, GUARD_REPLACE);
    if (result < 0)
        return result;
    if ((flags & ~(unsigned)RENAME_NOREPLACE) == 0 && git_enter(request, &old, GIT_USE_FROM) &&
        git_enter(request, &new, GIT_USE_TO))
        return git_rename(request, &old, &new, flags);
    return sys_call(SYS_renameat2, old.directory, SYS_PTR(old.name), new.directory,
                    SYS_PTR(new.name), flags, 0);
}

/* Handed over for the sake of git directories. Elsewhere nothing is decided about it: what must not be
 * removed is a mount or in one, whatever the path says by the time the kernel reads it. */
static long remove_entry(struct request *request, const struct call_shape *shape, unsigned flags)
{
    struct place place;

    request->reply = REPLY_CONTINUE;
    if (place_at(request, 0, shape->directory, shape->path, &place) < 0 ||
        !request_is_valid(request) || (flags & ~(unsigned)AT_REMOVEDIR) != 0 ||
        !git_enter(request, &place, flags != 0 ? GIT_USE_RMDIR : GIT_USE_UNLINK))
        return 0;
    request->reply = REPLY_RESULT;
    return sys_call(SYS_unlinkat, place.directory, SYS_PTR(place.name), (long)flags, 0, 0, 0);
}

static long answer_unlink(struct request *request, const struct call_shape *shape)
{
    return remove_entry(request, shape, flags_of(request, shape));
}

#ifdef SYS_rmdir
static long answer_rmdir(struct request *request, const struct call_shape *shape)
{
    return remove_entry(request, shape, AT_REMOVEDIR);
}
#endif

#define NONE       -1
#define AT(d, p)   .directory = (d), .path = (p)
#define FROM(d, p) .from_directory = (d), .from_path = (p)

const struct call_shape create_shapes[] = {
#ifdef SYS_open
    {SYS_mkdir, answer_mkdir, AT(NONE, 0), FROM(NONE, NONE), .flags = NONE, .mode = 1},
    {SYS_mknod, answer_mknod, AT(NONE, 0), FROM(NONE, NONE), .flags = NONE, .mode = 1},
    {SYS_symlink, answer_symlink, AT(NONE, 1), FROM(NONE, 0), .flags = NONE, .mode = NONE},
    {SYS_link, answer_link, AT(NONE, 1), FROM(NONE, 0), .flags = NONE, .mode = NONE},
    {SYS_rename, answer_rename, AT(NONE, 1), FROM(NONE, 0), .flags = NONE, .mode = NONE},
    {SYS_unlink, answer_unlink, AT(NONE, 0), FROM(NONE, NONE), .flags = NONE, .mode = NONE},
    {SYS_rmdir, answer_rmdir, AT(NONE, 0), FROM(NONE, NONE), .flags = NONE, .mode = NONE},
#endif
#ifdef SYS_renameat
    {SYS_renameat, answer_rename, AT(2, 3), FROM(0, 1), .flags = NONE, .mode = NONE},
#endif
    {SYS_mkdirat, answer_mkdir, AT(0, 1), FROM(NONE, NONE), .flags = NONE, .mode = 2},
    {SYS_mknodat, answer_mknod, AT(0, 1), FROM(NONE, NONE), .flags = NONE, .mode = 2},
    {SYS_symlinkat, answer_symlink, AT(1, 2), FROM(NONE, 0), .flags = NONE, .mode = NONE},
    {SYS_unlinkat, answer_unlink, AT(0, 1), FROM(NONE, NONE), .flags = 2, .mode = NONE},
    {SYS_linkat, answer_link, AT(2, 3), FROM(0, 1), .flags = 4, .mode = NONE},
    {SYS_renameat2, answer_rename, AT(2, 3), FROM(0, 1), .flags = 4, .mode = NONE},
};

const size_t create_shape_count = ARRAY_SIZE(create_shapes);

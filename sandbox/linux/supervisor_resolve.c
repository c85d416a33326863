/*
 * From a path to a descriptor of its directory and the last component.
 *
 * openat2(RESOLVE_NO_SYMLINKS) does it in one call for nearly every path. Where
 * a symbolic link is in the way each component is walked by hand, because the
 * kernel would resolve /proc/self as the supervisor: its own memory and
 * descriptors would become reachable by a link to them (supervisor_proc.c).
 */
#include "sandbox/linux/supervisor_internal.h"

#include <string.h>

/* Cuts path into its directory, which stays in path, and the name behind it. False: there is no
 * directory part, the name is in `base` itself. */
static bool split(char *path, struct place *place)
{
    size_t end = strlen(path);
    size_t start;

    while (end > 0 && path[end - 1] == '/')
        end--;
    for (start = end; start > 0 && path[start - 1] != '/'; start--)
        ;
    place->name = end > 0 ? path + start : "."; /* only slashes: the root, in itself */
    place->length = end > 0 ? end - start : 1;
    if (end == 0 || start == 0)
        return false;
    path[start - 1] = '\0';
    return start > 1; /* "/name": base is the root */
}

/* Puts a link's target in front of what is still to be walked. */
static long prepend(char *rest, const char *target, size_t size)
{
    size_t tail = strlen(rest);

    if (size == 0)
        return -ENOENT;
    if (size + 1 + tail + 1 > PATH_ROOM)
        return -ENAMETOOLONG;
    memmove(rest + size + 1, rest, tail + 1);
    memcpy(rest, target, size);
    rest[size] = '/';
    return 0;
}

struct walk {
    struct request *request;
    int at;         /* where it stands */
    bool is_at_own; /* `at` is to be closed when it moves on */
    unsigned links;
};

static void walk_move(struct walk *walk, int fd, bool is_own)
{
    if (walk->is_at_own)
        (void)sys_close(walk->at);
    walk->at = fd;
    walk->is_at_own = is_own;
}

/* A link `name` at the walk's place, opened as `link`. */
static long walk_link(struct walk *walk, const char *name, int link)
{
    struct request *request = walk->request;
    long object = -1;
    long size;

    if (++walk->links > LINKS_MAX)
        return -ELOOP;
    if (proc_is(walk->at)) {
        size = proc_follow(request, walk->at, name, request->text, &object);
        if (object >= 0) {
            walk_move(walk, (int)object, true);
            return 0;
        }
    } else {
        size = sys_readlinkat(link, "", request->text, PATH_MAX);
    }
    if (size < 0)
        return size;
    if (request->text[0] == '/')
        walk_move(walk, request->supervisor->slash, false);
    return prepend(request->rest, request->text, (size_t)size);
}

static long walk_component(struct walk *walk, const char *name)
{
    long fd = sys_openat(walk->at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
    struct stat status;
    long result;

    if (fd < 0)
        return fd;
    result = sys_fstat((int)fd, &status);
    if (result == 0 && S_ISLNK(status.st_mode)) {
        result = walk_link(walk, name, (int)fd);
        (void)sys_close((int)fd);
        return result;
    }
    if (result == 0 && !S_ISDIR(status.st_mode))
        result = -ENOTDIR;
    if (result < 0)
        (void)sys_close((int)fd);
    else
        walk_move(walk, (int)fd, true);
    return result;
}

/* Takes the first component off `rest` into `name`; false when there is none. */
static bool take_component(char *rest, char *name)
{
    size_t skipped = strspn(rest, "/");
    size_t length = strcspn(rest + skipped, "/");

    /* Longer than a name can be: cut, so that the kernel refuses it. */
    memcpy(name, rest + skipped, length < NAME_MAX + 2 ? length : NAME_MAX + 1);
    name[length < NAME_MAX + 2 ? length : NAME_MAX + 1] = '\0';
    memmove(rest, rest + skipped + length, strlen(rest + skipped + length) + 1);
    return length > 0;
}

/* Follows every component of request->rest from base; an owned directory. */
static long walk_directory(struct request *request, int base)
{
    struct walk walk = {.request = request, .at = base};
    char name[NAME_MAX + 2];
    long result = 0;

    if (request->rest[0] == '/')
        walk.at = request->supervisor->slash;
    while (result == 0 && take_component(request->rest, name))
        result = walk_component(&walk, name);
    if (result == 0 && !walk.is_at_own) {
        result = sys_fcntl(walk.at, F_DUPFD_CLOEXEC, 0);
        if (result >= 0)
            walk_move(&walk, (int)result, true);
    }
    if (result < 0) {
        walk_move(&walk, -1, false);
        return result;
    }
    return request_own(request, walk.at);
}

static long open_directory(struct request *request, int base, const char *path)
{
    struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                           .resolve = RESOLVE_NO_SYMLINKS};
    long fd = sys_openat2(base, path, &how);

    if (fd != -ELOOP)
        return request_own(request, fd);
    memcpy(request->rest, path, strlen(path) + 1);
    return walk_directory(request, base);
}

long resolve_parent(struct request *request, int base, char *path, struct place *place)
{
    long directory = base;

    if (split(path, place))
        directory = open_directory(request, base, path);
    place->directory = (int)directory;
    return directory < 0 ? directory : 0;
}

/*
 * fs.protected_symlinks for the links followed here: in a sticky directory that
 * everybody may write, only one's own count. The kernel also takes those of the
 * directory's owner; inside a user namespace all strangers look alike, so that
 * cannot be told.
 */
static bool may_follow(int directory, const struct stat *link)
{
    struct stat parent;

    if (sys_fstat(directory, &parent) < 0)
        return false;
    if ((parent.st_mode & (S_ISVTX | S_IWOTH)) != (S_ISVTX | S_IWOTH))
        return true;
    return link->st_uid == (uid_t)sys_call(SYS_geteuid, 0, 0, 0, 0, 0, 0);
}

/* The link's text in request->text: its size; or *object. */
static long read_link(struct request *request, const struct place *place, long *object)
{
    struct stat status;
    long size;
    long link;

    if (proc_is(place->directory))
        return proc_follow(request, place->directory, place->name, request->text, object);
    link = sys_openat(place->directory, place->name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
    if (link < 0)
        return link;
    size = sys_fstat((int)link, &status);
    if (size == 0 && !S_ISLNK(status.st_mode))
        size = -EAGAIN;
    if (size == 0 && !may_follow(place->directory, &status))
        size = -EACCES;
    if (size == 0)
        size = sys_readlinkat((int)link, "", request->text, PATH_MAX);
    (void)sys_close((int)link);
    return size;
}

long resolve_link(struct request *request, const struct place *place, struct link_target *to)
{
    long object = -1;
    long size = read_link(request, place, &object);

    if (size < 0)
        return size;
    to->object = -1;
    if (object >= 0) {
        object = request_own(request, object);
        to->object = (int)object;
        return object < 0 ? object : 0;
    }
    if (size == 0 || size >= PATH_MAX)
        return size == 0 ? -ENOENT : -ENAMETOOLONG;
    memcpy(to->path, request->text, (size_t)size);
    to->path[size] = '\0';
    to->base = to->path[0] == '/' ? request->supervisor->slash : place->directory;
    return 0;
}

/* Arrives at an object (to->object >= 0) or at the next text to resolve. */
static long look(struct request *request, struct link_target *to)
{
    struct place place;
    struct stat status;
    long result = resolve_parent(request, to->base, to->path, &place);
    long fd;

    if (result < 0)
        return result;
    fd = sys_openat(place.directory, place.name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
    fd = request_own(request, fd);
    if (fd < 0)
        return fd;
    result = sys_fstat((int)fd, &status);
    if (result < 0)
        return result;
    if (S_ISLNK(status.st_mode))
        return resolve_link(request, &place, to);
    to->object = (int)fd;
    return 0;
}

long resolve_object(struct request *request, int base, char *path)
{
    struct link_target to = {.object = -1, .base = base, .path = path};

    for (int links = 0; links <= LINKS_MAX; links++) {
        long result = look(request, &to);

        if (result < 0)
            return result;
        if (to.object >= 0)
            return to.object;
    }
    return -ELOOP;
}

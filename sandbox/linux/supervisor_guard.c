/*
 * Is an entry protected? A rule is one of
 *
 *     .git         the directory must be a root, compared by device and inode: it
 *                  does not matter by which path or mount it was reached
 *     ** /.git     (one string) the directory must lie below a root
 *     a/b/.git     the directory must be ROOT/a/b; and nothing may be moved or linked
 *                  to or from ROOT/a and ROOT/a/b, else a finished tree with a .git
 *                  in it could be put there. Plain mkdir of them is fine.
 *
 * The last two ask where a directory is now, by the link in /proc/self/fd. That
 * cannot be outrun: a directory leaves or enters the place only by a rename that
 * is itself refused here (third form), or carries no such entry (second form).
 */
#include "sandbox/linux/supervisor_internal.h"

#include <string.h>

#define ANYWHERE "**/"

/* One component of a rule or path. */
struct component {
    const char *text;
    size_t length;
};

static struct component next_component(const char **at)
{
    struct component found;

    while (**at == '/')
        (*at)++;
    found.text = *at;
    found.length = strcspn(*at, "/");
    *at += found.length;
    return found;
}

static const char *last_component(const char *rule)
{
    const char *slash = strrchr(rule, '/');

    return slash != NULL ? slash + 1 : rule;
}

static bool place_is_named(const struct place *place, const char *name, size_t length)
{
    return name_is_same(place->name, place->length, name, length);
}

/* Not being able to tell counts as yes. */
static bool is_root(const struct supervisor_config *config, int directory)
{
    struct stat asked;

    if (sys_fstat(directory, &asked) < 0)
        return true;
    for (size_t i = 0; i < config->root_count; i++) {
        struct stat root;

        if (sys_fstat(config->root_fds[i], &root) < 0)
            return true;
        if (root.st_dev == asked.st_dev && root.st_ino == asked.st_ino)
            return true;
    }
    return false;
}

long guard_path(const struct request *request, int fd, char *path)
{
    char link[PROC_NAME_ROOM];
    long size;

    format_path(link, "self/fd/", fd, "");
    size = sys_readlinkat(request->supervisor->proc, link, path, PATH_MAX);
    if (size < 0)
        return size;
    if (size >= PATH_MAX)
        return -ENAMETOOLONG;
    path[size] = '\0';
    return size;
}

const char *guard_below(const char *root, const char *path)
{
    size_t length = strcmp(root, "/") == 0 ? 0 : strlen(root);

    if (strncmp(path, root, length) != 0 || (path[length] != '/' && path[length] != '\0'))
        return NULL;
    return path + length;
}

/* Does `rule` name the entry at `inside` (the directory's place in a root), or one above it? */
static bool path_rule_hits(const char *rule, const char *inside, const struct place *place,
                           enum guard_use use)
{
    struct component want = next_component(&rule);
    struct component have = next_component(&inside);

    while (have.length > 0) {
        if (want.length == 0 || !name_is_same(have.text, have.length, want.text, want.length))
            return false;
        want = next_component(&rule);
        have = next_component(&inside);
    }
    if (want.length == 0 || !place_is_named(place, want.text, want.length))
        return false;
    return next_component(&rule).length == 0 || use != GUARD_DIRECTORY;
}

/* Rules that ask for the directory's path. */
static bool located_rule_hits(struct request *request, const char *rule, const struct place *place,
                              enum guard_use use)
{
    const struct supervisor_config *config = request->supervisor->config;
    bool is_anywhere = strncmp(rule, ANYWHERE, strlen(ANYWHERE)) == 0;
    char *path = request->text;
    char *root = request->text + PATH_MAX;

    if (guard_path(request, place->directory, path) < 0)
        return true;
    for (size_t i = 0; i < config->root_count; i++) {
        const char *inside;

        if (guard_path(request, config->root_fds[i], root) < 0)
            return true;
        inside = guard_below(root, path);
        if (inside != NULL && (is_anywhere || path_rule_hits(rule, inside, place, use)))
            return true;
    }
    return false;
}

static bool matches_component(const char *rule, const struct place *place)
{
    struct component want = next_component(&rule);

    for (; want.length > 0; want = next_component(&rule)) {
        if (place_is_named(place, want.text, want.length))
            return true;
    }
    return false;
}

static bool rule_hits(struct request *request, const char *rule, const struct place *place,
                      enum guard_use use)
{
    /* The name first: it costs nothing and nearly always says no. */
    if (!matches_component(rule, place))
        return false;
    if (strchr(rule, '/') != NULL)
        return located_rule_hits(request, rule, place, use);
    return is_root(request->supervisor->config, place->directory);
}

long guard_check(struct request *request, const struct place *place, enum guard_use use)
{
    const struct supervisor_config *config = request->supervisor->config;

    if (!config->guards_names)
        return 0;
    for (size_t i = 0; i < config->name_count; i++) {
        if (rule_hits(request, config->names[i], place, use)) {
            request_note_place(request, "name", place);
            return -EROFS;
        }
    }
    return 0;
}

long guard_check_new(struct request *request, const struct place *place, enum guard_use use)
{
    long refusal = guard_check(request, place, use);
    struct stat status;

    if (refusal < 0 && sys_lstatat(place->directory, place->name, &status) == 0)
        return -EEXIST;
    return refusal;
}

bool guard_matches_text(const struct supervisor_config *config, const char *path)
{
    struct place place = {.directory = -1};
    size_t end = strlen(path);
    size_t start;

    while (end > 0 && path[end - 1] == '/')
        end--;
    for (start = end; start > 0 && path[start - 1] != '/'; start--)
        ;
    place.name = path + start;
    place.length = end - start;
    for (size_t i = 0; config->guards_names && i < config->name_count; i++) {
        const char *last = last_component(config->names[i]);

        if (place_is_named(&place, last, strlen(last)))
            return true;
    }
    return false;
}

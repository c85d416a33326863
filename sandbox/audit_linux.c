/* Files and directories that others may write (o+w). Links are not followed; a sticky directory is named
 * too: files can be made in it. */
#include "sandbox/audit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buffer.h"
#include "base/os.h"
#include "base/text.h"

enum {
    PER_DIRECTORY = 1000
};

static bool is_over(struct audit *audit)
{
    if (audit->looks >= audit->entries_max ||
        (audit->until_ns != 0 && os_now_ns() >= audit->until_ns))
        audit->was_stopped = true;
    return audit->was_stopped;
}

static int audit_below(struct audit *audit, int directory, const char *path, unsigned depth,
                       struct error *err);

static int audit_entry(struct audit *audit, int parent, const char *name, const char *path,
                       unsigned depth, struct error *err)
{
    AUTO_CLOSE int fd = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    AUTO_CLOSE int directory = -1;
    struct stat facts;
    char mode[16];

    audit->looks++;
    if (fd < 0 || fstat(fd, &facts) < 0) {
        audit->unreadable += errno == ENOENT ? 0 : 1;
        return 0;
    }
    if (S_ISLNK(facts.st_mode)) {
        audit->links++;
        return 0;
    }
    if ((facts.st_mode & S_IWOTH) != 0 && (S_ISREG(facts.st_mode) || S_ISDIR(facts.st_mode))) {
        (void)snprintf(mode, sizeof mode, "%s%04o", S_ISDIR(facts.st_mode) ? "d" : "-",
                       (unsigned)facts.st_mode & 07777);
        if (audit_add(audit, path, "others", mode, err) < 0)
            return -1;
    }
    if (!S_ISDIR(facts.st_mode) || depth == 0)
        return 0;
    directory = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory < 0) {
        audit->unreadable++;
        return 0;
    }
    return audit_below(audit, directory, path, depth - 1, err);
}

static int audit_child(struct audit *audit, int directory, const char *path, const char *name,
                       unsigned depth, struct error *err)
{
    AUTO_BUFFER struct buffer full = BUFFER_EMPTY;

    buffer_printf(&full, "%s%s%s", path, path[strlen(path) - 1] == '/' ? "" : "/", name);
    if (buffer_failed(&full))
        return error_memory(err, path);
    return audit_entry(audit, directory, name, full.data, depth, err);
}

static int audit_below(struct audit *audit, int directory, const char *path, unsigned depth,
                       struct error *err)
{
    int copy = fcntl(directory, F_DUPFD_CLOEXEC, 0);
    DIR *list = copy >= 0 ? fdopendir(copy) : NULL;
    const struct dirent *entry;
    size_t seen = 0;
    int result = 0;

    if (list == NULL) {
        if (copy >= 0)
            (void)close(copy);
        return error_os(err, errno, "list %s", path);
    }
    while (result == 0 && (entry = readdir(list)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (seen++ == PER_DIRECTORY || is_over(audit)) {
            audit->cut++;
            break;
        }
        result = audit_child(audit, directory, path, entry->d_name, depth, err);
    }
    (void)closedir(list);
    return result;
}

int audit_place(struct audit *audit, const char *path, struct error *err)
{
    return is_over(audit) ? 0 : audit_entry(audit, AT_FDCWD, path, path, audit->depth, err);
}

static int add_once(struct text_list *places, const char *path, size_t length, struct error *err)
{
    AUTO_FREE char *copy = text_copy(path, length);

    if (copy == NULL)
        return error_memory(err, "audit");
    return length == 0 || text_list_has(places, copy) ? 0 : text_list_add(places, copy, err);
}

int audit_usual_places(struct text_list *places, struct error *err)
{
    static const char *const fixed[] = {"/", "/etc", "/opt", "/srv", "/var", "/usr/local"};
    AUTO_FREE char *here = os_absolute_path(".", err);
    const char *home = os_home();
    const char *at = getenv("PATH");

    if (here == NULL || add_once(places, here, strlen(here), err) < 0 ||
        (home != NULL && add_once(places, home, strlen(home), err) < 0))
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(fixed); i++) {
        if (add_once(places, fixed[i], strlen(fixed[i]), err) < 0)
            return -1;
    }
    while (at != NULL && *at != '\0') {
        size_t length = strcspn(at, ":");

        if (at[0] == '/' && add_once(places, at, length, err) < 0)
            return -1;
        at += length + (at[length] == ':' ? 1 : 0);
    }
    return 0;
}

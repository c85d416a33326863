#include "conformance/probes/left.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/os.h"
#include "conformance/probes/host.h"
#include "conformance/probes/host_watch.h"
#include "conformance/probes/tools.h"

enum {
    LOOK_EVERY_MS = 10,
    LOOKS = HOST_LIFE_MS / LOOK_EVERY_MS,
    CLEAN_UP_MS = 1000,
    PLACES_MAX = 32,
    TEXT_MAX = 64 * 1024,
    GROUPS_MAX =
        1024 * 1024, /* bytes of the names of control groups; beyond nothing is said of them */
    DEPTH_MAX = 12
};

static bool is_later(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec > b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec > b->tv_nsec);
}

/* Of the helper, after the fork: never of the harness. */
static char places[PLACES_MAX][PATH_MAX];
static size_t place_count;
static char groups[GROUPS_MAX]; /* those that were there before, between newlines */
static size_t groups_size;
static bool has_groups;

/* false: there are more than fit. */
static bool list_groups(const char *directory, int depth)
{
    DIR *stream = depth < DEPTH_MAX ? opendir(directory) : NULL;
    const struct dirent *entry;
    bool is_whole = depth < DEPTH_MAX;

    while (is_whole && stream != NULL && (entry = readdir(stream)) != NULL) {
        char path[PATH_MAX];

        if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof path, "%.3800s/%.255s", directory, entry->d_name);
        if (groups_size + strlen(path) + 3 > sizeof groups)
            is_whole = false;
        else
            groups_size += (size_t)sprintf(groups + groups_size, "\n%s\n", path);
        is_whole = is_whole && list_groups(path, depth + 1);
    }
    if (stream != NULL)
        (void)closedir(stream);
    return is_whole;
}

static bool was_there_before(const char *path)
{
    char line[PATH_MAX + 2];

    (void)snprintf(line, sizeof line, "\n%s\n", path);
    return strstr(groups, line) != NULL;
}

/* Beside the scene, where only the harness may write. */
static const char *notes_of(const struct scene *scene)
{
    static char path[PATH_MAX];

    (void)snprintf(path, sizeof path, "%.4000s.left", scene->root);
    return path;
}

static void write_note(const struct scene *scene, const char *text)
{
    char line[PATH_MAX + 1];
    const int size = snprintf(line, sizeof line, "%s\n", text);
    AUTO_CLOSE int fd =
        open(notes_of(scene), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd >= 0)
        (void)!write(fd, line, (size_t)size);
}

static void note(const struct scene *scene, const char *path)
{
    for (size_t i = 0; i < place_count; i++) {
        if (strcmp(places[i], path) == 0)
            return;
    }
    if (was_there_before(path) || place_count == PLACES_MAX)
        return;
    (void)snprintf(places[place_count++], PATH_MAX, "%s", path);
    write_note(scene, path);
}

/* cgroups(7): "ID:CONTROLLERS:PATH", without controllers for version 2, which is mounted on its own or
 * as unified. */
static void note_groups(const char *pid, const struct scene *scene)
{
    static char text[8 * 1024];
    char *save = NULL;

    (void)proc_read(pid, "cgroup", text, sizeof text);
    for (char *line = strtok_r(text, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save)) {
        char *controllers = strchr(line, ':');
        char *path = controllers != NULL ? strchr(controllers + 1, ':') : NULL;
        const char *hierarchy;
        char place[PATH_MAX];

        if (path == NULL || strcmp(path, ":/") == 0)
            continue;
        *path++ = '\0';
        hierarchy = strncmp(controllers + 1, "name=", 5) == 0 ? controllers + 6 : controllers + 1;
        if (hierarchy[0] == '\0') {
            (void)snprintf(place, sizeof place, "/sys/fs/cgroup%.2000s", path);
            note(scene, place);
            hierarchy = "unified";
        }
        (void)snprintf(place, sizeof place, "/sys/fs/cgroup/%.200s%.2000s", hierarchy, path);
        note(scene, place);
    }
}

static bool has_socket(const char *pid, unsigned long inode)
{
    char path[PATH_MAX], wanted[64], link[64];
    DIR *stream;
    const struct dirent *entry;
    bool is_found = false;

    (void)snprintf(wanted, sizeof wanted, "socket:[%lu]", inode);
    (void)snprintf(path, sizeof path, "/proc/%.20s/fd", pid);
    stream = opendir(path);
    while (!is_found && stream != NULL && (entry = readdir(stream)) != NULL) {
        (void)snprintf(path, sizeof path, "fd/%.20s", entry->d_name);
        is_found = proc_readlink(pid, path, link, sizeof link) > 0 && strcmp(link, wanted) == 0;
    }
    if (stream != NULL)
        (void)closedir(stream);
    return is_found;
}

/* unix(7), /proc/net/unix: the seventh word is the inode, the eighth the path. Those of the scene are
 * the fixture's, or are seen by its snapshots. */
static void note_sockets(const char *pid, const struct scene *scene)
{
    static char text[TEXT_MAX];
    char *save = NULL;

    (void)proc_read(pid, "net/unix", text, sizeof text);
    for (char *line = strtok_r(text, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save)) {
        char path[PATH_MAX];
        unsigned long inode;

        if (sscanf(line, "%*s %*s %*s %*s %*s %*s %lu %4000s", &inode, path) == 2 &&
            path[0] == '/' && strncmp(path, scene->root, strlen(scene->root)) != 0 &&
            has_socket(pid, inode))
            note(scene, path);
    }
}

/* The keeper, which has the command line among its arguments and stays until all is over. */
static bool is_of_harness(const char *pid)
{
    char program[PATH_MAX];

    return proc_readlink(pid, "exe", program, sizeof program) == 0 ||
           strstr(program, "/fixture-keeper") != NULL;
}

static bool note_places(const char *pid, const struct scene *scene)
{
    if (is_of_harness(pid))
        return false;
    if (has_groups)
        note_groups(pid, scene);
    note_sockets(pid, scene);
    return true;
}

static void watch(const struct scene *scene, int to_harness)
{
    has_groups = list_groups("/sys/fs/cgroup", 0);
    host_say_ready(to_harness);
    for (int i = 0; i < LOOKS; i++) {
        if (proc_count(scene, note_places) > 0)
            host_tick(scene);
        sleep_ms(LOOK_EVERY_MS);
    }
}

int left_watch(struct scene *scene, struct error *err)
{
    if (host_fork(scene, watch, "a helper that notes places", err) < 0)
        return -1;
    return host_await(scene, err);
}

/* A group in which somebody else still is, or a socket that was there before, is not the run's. */
static bool is_left(const struct scene *scene, const char *path)
{
    char text[64], name[PATH_MAX + 16];
    struct stat status, scenes;

    if (lstat(path, &status) < 0)
        return false;
    if (S_ISSOCK(status.st_mode)) /* the fixture's own sockets were the last before the run */
        return stat(scene->run, &scenes) == 0 && is_later(&status.st_mtim, &scenes.st_mtim);
    (void)snprintf(name, sizeof name, "%s/cgroup.procs", path);
    AUTO_FILE FILE *members = fopen(name, "re");
    return S_ISDIR(status.st_mode) && members != NULL &&
           fgets(text, sizeof text, members) == NULL && feof(members) != 0;
}

/* Who cleans up may need a moment, so that nothing counts at the first look: that one is noted, too. */
void left_look_for_places(const struct scene *scene, struct observation *seen)
{
    AUTO_FILE FILE *notes = fopen(notes_of(scene), "re");
    const unsigned long long now_ms = os_now_ns() / 1000000;
    unsigned long long first_ms = 0;
    char line[PATH_MAX + 2];

    while (notes != NULL && fgets(line, sizeof line, notes) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '@' && first_ms == 0)
            first_ms = strtoull(line + 1, NULL, 10);
    }
    if (first_ms == 0) {
        (void)snprintf(line, sizeof line, "@%llu", now_ms);
        if (!seen->is_before_run)
            write_note(scene, line);
        return;
    }
    rewind(notes);
    while (now_ms - first_ms >= CLEAN_UP_MS && fgets(line, sizeof line, notes) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '/' && is_left(scene, line))
            observation_fire(seen, "%.200s was left", line);
    }
}

void left_finish(struct scene *scene)
{
    host_finish(scene);
    (void)unlink(notes_of(scene));
}

void left_look_for_mounts(const struct scene *scene, struct observation *seen)
{
    AUTO_FILE FILE *mounts = fopen("/proc/self/mountinfo", "re");
    char line[PATH_MAX + 256];

    while (mounts != NULL && fgets(line, sizeof line, mounts) != NULL) {
        if (strstr(line, scene->root) != NULL)
            observation_fire(seen, "a mount was left: %.200s", line);
    }
}

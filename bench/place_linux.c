#include "bench/place.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buffer.h"
#include "base/os.h"
#include "bench/programs.h"
#include "conformance/data.h"
#include "fixtures/tree_remove.h"
#include "results/document.h"

enum {
    FILES_PER_FOLDER = 100
};

static const struct fixture_program programs[] = {
    {"bench-noop", false},      {"bench-spin", false}, {"bench-stamp", false},
    {"bench-steady", false},    {"bench-hold", false}, {"bench-policy", false},
    {"holdfast-sandbox", true}, {NULL, false},
};

static int give_away(const struct place *place, const char *path, struct error *err)
{
    if (place->identity.uid == geteuid())
        return 0;
    if (lchown(path, place->identity.uid, place->identity.gid) < 0)
        return error_os(err, errno, "give %s away", path);
    return 0;
}

static char *path_below(const char *directory, const char *name, struct error *err)
{
    AUTO_BUFFER struct buffer path = BUFFER_EMPTY;
    char *made;

    buffer_printf(&path, "%s/%s", directory, name);
    made = buffer_take(&path);
    if (made == NULL)
        (void)error_memory(err, name);
    return made;
}

char *place_make_directory(struct place *place, const char *name, struct error *err)
{
    AUTO_FREE char *path = path_below(place->fixture.path, name, err);

    if (path == NULL)
        return NULL;
    if (mkdir(path, 0700) < 0 && errno != EEXIST) {
        (void)error_os(err, errno, "mkdir %s", path);
        return NULL;
    }
    if (give_away(place, path, err) < 0)
        return NULL;
    return TAKE(path);
}

static int make_file(const struct place *place, const char *path, struct error *err)
{
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0 || write(fd, path, strlen(path)) < 0)
        return error_os(err, errno, "write %s", path);
    return give_away(place, path, err);
}

int place_make_files(struct place *place, const char *directory, size_t count, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        char path[4096];

        if (i % FILES_PER_FOLDER == 0) {
            (void)snprintf(path, sizeof path, "%.3900s/d%zu", directory, i / FILES_PER_FOLDER);
            if (mkdir(path, 0700) < 0)
                return error_os(err, errno, "mkdir %s", path);
            if (give_away(place, path, err) < 0)
                return -1;
        }
        (void)snprintf(path, sizeof path, "%.3900s/d%zu/f%zu", directory, i / FILES_PER_FOLDER, i);
        if (make_file(place, path, err) < 0)
            return -1;
    }
    return 0;
}

int place_remove(const char *path, struct error *err)
{
    return tree_remove(path, err);
}

struct stopwatch_identity place_runs_as(const struct place *place)
{
    return (struct stopwatch_identity){.is_other = place->identity.uid != geteuid(),
                                       .uid = place->identity.uid,
                                       .gid = place->identity.gid};
}

/* A real repository, made as the identity: git does not trust other people's (CVE-2022-24765). */
static int init_repository(const struct place *place, const char *directory, struct error *err)
{
    const struct stopwatch_identity runs_as = place_runs_as(place);
    const char *argv[] = {"git", "-c", "init.defaultBranch=main", "init", "-q", directory, NULL};
    struct stopwatch_command command = {.argv = argv,
                                        .output = STOPWATCH_PIPE,
                                        .errors = STOPWATCH_ERRORS_OUTPUT,
                                        .timeout_ms = 60000};
    struct stopwatch *stopwatch = stopwatch_start(&runs_as, err);
    struct stopwatch_sample sample = {.exit_status = 1};
    AUTO_FREE char *output = NULL;
    size_t size;
    int number = stopwatch != NULL ? stopwatch_define(stopwatch, &command, err) : -1;
    int failed =
        number < 0 ? -1 : stopwatch_capture(stopwatch, number, &sample, &output, &size, err);

    stopwatch_free(stopwatch);
    if (failed == 0 && sample.exit_status != 0)
        return error_set(err, ERR_OS, "git init %s: %.200s", directory, output);
    return failed;
}

char *place_make_repository(struct place *place, const char *name, struct error *err)
{
    AUTO_FREE char *path = place_make_directory(place, name, err);

    if (path == NULL || init_repository(place, path, err) < 0)
        return NULL;
    return TAKE(path);
}

static int write_policy(struct place *place, struct error *err)
{
    AUTO_JSON json_t *root =
        json_pack("{s:s,s:[s],s:[s,s,s],s:[s],s:s,s:s}", "workspace", place->ws, "writable",
                  place->extra, "protect", ".git", ".codex", ".agents", "deny_read", place->secret,
                  "network", "none", "tmp", "private");

    place->policy = path_below(place->fixture.path, "policy.json", err);
    if (root == NULL || place->policy == NULL)
        return error_memory(err, "policy");
    if (document_write(root, place->policy, err) < 0)
        return -1;
    if (chmod(place->policy, 0644) < 0)
        return error_os(err, errno, "chmod %s", place->policy);
    return 0;
}

/* build/peers, seen from build/bin. */
static char *find_peers(void)
{
    struct error ignored;
    AUTO_FREE char *folder = data_programs(&ignored);
    AUTO_FREE char *path = folder != NULL ? path_below(folder, "../peers", &ignored) : NULL;

    return path != NULL ? realpath(path, NULL) : NULL;
}

static int fill(struct place *place, struct error *err)
{
    /* A sandbox that grants everything beside a denied directory must be able to list it. */
    if (chmod(place->fixture.path, 0755) < 0)
        return error_os(err, errno, "chmod %s", place->fixture.path);
    place->ws = place_make_repository(place, "ws", err);
    place->extra = place->ws != NULL ? place_make_directory(place, "extra", err) : NULL;
    place->secret = place->extra != NULL ? place_make_directory(place, "secret", err) : NULL;
    place->home = place->secret != NULL ? place_make_directory(place, "home", err) : NULL;
    place->scratch = place->home != NULL ? place_make_directory(place, "scratch", err) : NULL;
    place->git = place->scratch != NULL ? path_below(place->ws, ".git", err) : NULL;
    place->peers = find_peers();
    return place->git == NULL ? -1 : write_policy(place, err);
}

int place_open(struct place *place, const char *identity_name, struct error *err)
{
    enum identity_kind kind = IDENTITY_USER;
    AUTO_FREE char *from = NULL;

    if (identity_name != NULL && strcmp(identity_name, "root") == 0)
        kind = IDENTITY_ROOT;
    *place = (struct place){.fixture = FIXTURE_NONE};
    if (identity_resolve(kind, &place->identity, err) < 0)
        return -1;
    from = programs_folder(err);
    if (from == NULL || fixture_open_bare(&place->fixture, from, programs, err) < 0)
        return -1;
    if (fill(place, err) == 0)
        return 0;
    place_close(place);
    return -1;
}

void place_close(struct place *place)
{
    struct error ignored;

    (void)fixture_close(&place->fixture, &ignored);
    free(place->ws);
    free(place->extra);
    free(place->secret);
    free(place->home);
    free(place->policy);
    free(place->git);
    free(place->scratch);
    free(place->peers);
    *place = (struct place){.fixture = FIXTURE_NONE};
}

/*
 * Rows of area fs: places that programs share. /tmp, /dev/shm, locks in /run.
 * Everything made there has the nonce in its name and is removed by finish().
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probe.h"
#include "conformance/probes/tools.h"
#include "conformance/probes/trigger.h"

static const char *const temp_directories[] = {"/tmp",      "/var/tmp",   "/run/lock",  "/var/lock",
                                               "/run/user", "/var/crash", "/run/screen"};
/* The second is the name that sem_open(3) would use. */
static const char *const shm_names[] = {"/dev/shm/holdfast-%s", "/dev/shm/sem.holdfast-%s",
                                        "/dev/mqueue/holdfast-%s"};

/* path must hold PATH_MAX bytes. */
static const char *temp_name(char *path, const char *directory, const char *nonce)
{
    (void)snprintf(path, PATH_MAX, "%s/holdfast-%s", directory, nonce);
    return path;
}

/* fs.tmp ---------------------------------------------------------------------------------------- */

static int create_in_temp(const struct attempt *a)
{
    char path[PATH_MAX];
    int outcome = ATTEMPT_UNABLE;

    for (size_t i = 0; i < ARRAY_SIZE(temp_directories); i++)
        outcome = outcome_join(
            outcome, try_create(temp_name(path, temp_directories[i], a->nonce), a->nonce));
    return outcome;
}

static int observe_temp(const struct scene *scene, struct observation *seen, struct error *err)
{
    char path[PATH_MAX];
    struct stat status;

    (void)err;
    for (size_t i = 0; i < ARRAY_SIZE(temp_directories); i++) {
        if (lstat(temp_name(path, temp_directories[i], scene->nonce), &status) == 0)
            observation_fire(seen, "a file appeared in %s", temp_directories[i]);
    }
    return 0;
}

static void finish_temp(struct scene *scene)
{
    char path[PATH_MAX];

    for (size_t i = 0; i < ARRAY_SIZE(temp_directories); i++)
        (void)unlink(temp_name(path, temp_directories[i], scene->nonce));
}

/* fs.shm ---------------------------------------------------------------------------------------- */

static const char *shm_name(char *path, size_t index, const char *nonce)
{
    const char *slot = strchr(shm_names[index], '%');

    (void)snprintf(path, PATH_MAX, "%.*s%s", (int)(slot - shm_names[index]), shm_names[index],
                   nonce);
    return path;
}

static int create_in_shm(const struct attempt *a)
{
    char path[PATH_MAX];
    int outcome = ATTEMPT_UNABLE;

    for (size_t i = 0; i < ARRAY_SIZE(shm_names); i++)
        outcome = outcome_join(outcome, try_create(shm_name(path, i, a->nonce), a->nonce));
    return outcome;
}

static int observe_shm(const struct scene *scene, struct observation *seen, struct error *err)
{
    char path[PATH_MAX];
    struct stat status;

    (void)err;
    for (size_t i = 0; i < ARRAY_SIZE(shm_names); i++) {
        if (lstat(shm_name(path, i, scene->nonce), &status) == 0)
            observation_fire(seen, "%s appeared", path);
    }
    return 0;
}

static void finish_shm(struct scene *scene)
{
    char path[PATH_MAX];

    for (size_t i = 0; i < ARRAY_SIZE(shm_names); i++)
        (void)unlink(shm_name(path, i, scene->nonce));
}

/* fs.tmp-symlink-race ---------------------------------------------------------------------------- */

static int link_in_temp(const struct attempt *a)
{
    const char *canary = path_in(a->outside, "canary.txt");
    char path[PATH_MAX];
    int outcome = outcome_of(symlink(canary, temp_name(path, "/tmp", a->nonce)));

    return outcome_join(outcome,
                        outcome_of(symlink(canary, temp_name(path, a->public_dir, a->nonce))));
}

static bool leads_to_canary(const struct scene *scene, const char *path)
{
    const char *canary = path_in(scene->outside, "canary.txt");
    char target[PATH_MAX];
    const ssize_t size = readlink(path, target, sizeof target);

    return size == (ssize_t)strlen(canary) && memcmp(target, canary, (size_t)size) == 0;
}

/* A program of the user writes its log, whose name could be foreseen, and says so when the canary
 * got it. */
static int observe_temp_link(const struct scene *scene, struct observation *seen, struct error *err)
{
    char script[2 * PATH_MAX + 256], path[PATH_MAX];
    const char *const directories[] = {"/tmp", scene->public_dir};

    for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
        const struct trigger trigger = {
            .directory = scene->home,
            .script = script,
            .what = "a user's log in a shared directory",
        };

        if (!leads_to_canary(scene, temp_name(path, directories[i], scene->nonce)))
            continue;
        (void)snprintf(script, sizeof script,
                       "echo %s log >>'%s'; grep -q %s '%s/canary.txt' && "
                       "echo %s a link led it into a canary >>$HOLDFAST_MARKER",
                       scene->nonce, path, scene->nonce, scene->outside, scene->nonce);
        if (trigger_pull(scene, &trigger, seen, err) < 0)
            return -1;
    }
    return 0;
}

static void finish_temp_link(struct scene *scene)
{
    char path[PATH_MAX];

    (void)unlink(temp_name(path, "/tmp", scene->nonce));
}

/* fs.quota-space-via-deleted --------------------------------------------------------------------- */

enum {
    HOARD_BYTES = 8 * 1024 * 1024,
    HOARD_SECONDS = 20
};

/* The space of a deleted file is free when its last holder ends: one stays. */
static int hoard_space(const struct attempt *a)
{
    const char *path = path_in(a->ws, "hoard");
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    pid_t child;

    if (fd < 0)
        return errno;
    if (posix_fallocate(fd, 0, HOARD_BYTES) != 0 || unlink(path) < 0)
        return errno;
    (void)fflush(stdout);
    child = fork();
    if (child < 0)
        return errno;
    if (child == 0) {
        const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

        (void)setsid();
        for (int i = 0; null >= 0 && i <= 2; i++)
            (void)dup2(null, i);
        sleep_ms(HOARD_SECONDS * 1000);
        _exit(0);
    }
    return 0;
}

static const struct probe rows[] = {
    {
        .id = "fs.tmp",
        .claim = "nothing is left in the host's temporary directories",
        .technique = "creates files in /tmp, /var/tmp, lock, crash and user run-time directories",
        .source = "codex#9292; hier(7)",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CUSTOM,
        .attempt = create_in_temp,
        .observe = observe_temp,
        .finish = finish_temp,
    },
    {
        .id = "fs.shm",
        .claim = "nothing is left in the host's shared memory",
        .technique = "creates a segment's, a semaphore's and a queue's name in /dev/shm and "
                     "/dev/mqueue",
        .source = "codex#7251; shm_overview(7), sem_overview(7)",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CUSTOM,
        .attempt = create_in_shm,
        .observe = observe_shm,
        .finish = finish_shm,
    },
    {
        .id = "fs.tmp-symlink-race",
        .claim = "no link can be laid where a program of the user will write",
        .technique =
            "puts a link to a canary under a foreseeable name in /tmp and a 1777 directory; "
            "then a program of the user writes its log there",
        .source = "CVE-2026-46406; proc_sys_fs(5), protected_symlinks",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_TRIGGER,
        .attempt = link_in_temp,
        .observe = observe_temp_link,
        .finish = finish_temp_link,
    },
    {
        .id = "fs.quota-space-via-deleted",
        .claim = "no space stays taken by a deleted file after the run",
        .technique = "leaves a process in a session of its own that holds 8 MiB of a deleted file "
                     "open",
        .source = "own; unlink(2)",
        .severity = SEVERITY_LOW,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_PROCESS,
        .attempt = hoard_space,
    },
};

PROBE_FAMILY(family_fs_temp, rows);

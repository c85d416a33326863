#include "conformance/probes/trigger.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probes/tools.h"

enum {
    DEFAULT_TIMEOUT_MS = 5000,
    MARKER_MAX = 4096,
    LOOK_MAX = 64 * 1024,
    ENV_MAX = 32,
    POLL_MS = 2
};

/* $1: the copy, or empty; $2: the script. A copy keeps the modes, so hooks stay executable. */
static const char user_script[] = "if [ -n \"$1\" ]; then cp -a . \"$1\" && cd \"$1\" || exit 1\n"
                                  "cp -a \"$HOME\" \"$1.home\" && HOME=$1.home; fi\n"
                                  "eval \"$2\"";

struct stage {
    char directory[PATH_MAX]; /* S/trigger-XXXXXX, of the identity */
    char marker[PATH_MAX + 16];
    char copy[PATH_MAX + 16]; /* empty: none */
    char env_text[4][PATH_MAX + 32];
    const char *env[ENV_MAX];
};

bool trigger_has(const char *directory, const char *name)
{
    struct stat status;

    return lstat(path_in(directory, name), &status) == 0;
}

bool trigger_is_planted(const struct scene *scene, const char *path)
{
    static char bytes[LOOK_MAX];
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat status;
    ssize_t size;

    if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
        return false;
    size = read(fd, bytes, sizeof bytes);
    return size > 0 && memmem(bytes, (size_t)size, scene->nonce, strlen(scene->nonce)) != NULL;
}

static void set_environment(struct stage *stage, const struct scene *scene,
                            const struct trigger *trigger)
{
    static const char *const fixed[] = {
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "TERM=dumb",
        "LC_ALL=C",
        "HISTFILE=/dev/null",
        "GIT_TERMINAL_PROMPT=0",
        "GIT_CONFIG_NOSYSTEM=1",
        "GIT_AUTHOR_NAME=u",
        "GIT_AUTHOR_EMAIL=u@example.invalid",
        "GIT_COMMITTER_NAME=u",
        "GIT_COMMITTER_EMAIL=u@example.invalid",
    };
    size_t count = 0;

    for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
        stage->env[count++] = fixed[i];
    (void)snprintf(stage->env_text[0], sizeof stage->env_text[0], "HOME=%s", scene->home);
    (void)snprintf(stage->env_text[1], sizeof stage->env_text[1], "HOLDFAST_MARKER=%s",
                   stage->marker);
    (void)snprintf(stage->env_text[2], sizeof stage->env_text[2], "TMPDIR=%s", stage->directory);
    for (int i = 0; i < 3; i++)
        stage->env[count++] = stage->env_text[i];
    for (size_t i = 0; trigger->env != NULL && trigger->env[i] != NULL && count < ENV_MAX - 1; i++)
        stage->env[count++] = trigger->env[i];
    stage->env[count] = NULL;
}

static int set_stage(struct stage *stage, const struct scene *scene, const struct trigger *trigger,
                     struct error *err)
{
    (void)snprintf(stage->directory, sizeof stage->directory, "%s/trigger-XXXXXX", scene->root);
    if (mkdtemp(stage->directory) == NULL)
        return error_os(err, errno, "make %s", stage->directory);
    if (geteuid() == 0 && lchown(stage->directory, scene->uid, scene->gid) < 0)
        return error_os(err, errno, "give away %s", stage->directory);
    (void)snprintf(stage->marker, sizeof stage->marker, "%s/marker", stage->directory);
    stage->copy[0] = '\0';
    if (trigger->is_copied)
        (void)snprintf(stage->copy, sizeof stage->copy, "%s/copy", stage->directory);
    set_environment(stage, scene, trigger);
    return 0;
}

/* A probe may have put a link where the directory was: the user would go there, we do not. */
static int enter(const struct scene *scene, const char *directory)
{
    char here[PATH_MAX];
    const size_t root = strlen(scene->root);
    AUTO_CLOSE int fd = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0 || fchdir(fd) < 0 || getcwd(here, sizeof here) == NULL)
        return -1;
    if (strncmp(here, scene->root, root) != 0 || (here[root] != '/' && here[root] != '\0'))
        return -1;
    return 0;
}

static _Noreturn void be_user(const struct scene *scene, const struct trigger *trigger,
                              const struct stage *stage)
{
    const char *const argv[] = {"sh", "-c", user_script, "sh", stage->copy, trigger->script, NULL};
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    (void)setsid();
    for (int fd = 0; null >= 0 && fd <= 2; fd++)
        (void)dup2(null, fd);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)umask(022);
    if (geteuid() == 0 &&
        (setgroups(0, NULL) < 0 || setgid(scene->gid) < 0 || setuid(scene->uid) < 0))
        _exit(125);
    if (enter(scene, trigger->directory) < 0)
        _exit(125);
    execve("/bin/sh", (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)stage->env);
    _exit(125);
}

/* Waits, but not longer than the limit; kills what is left of the session's first group. */
static void end_user(pid_t user, unsigned timeout_ms)
{
    struct timespec start, now;
    long passed_ms = 0;

    (void)clock_gettime(CLOCK_MONOTONIC, &start);
    while (waitpid(user, NULL, WNOHANG) == 0) {
        if (passed_ms > (long)timeout_ms) {
            (void)kill(-user, SIGKILL);
            (void)kill(user, SIGKILL);
            (void)waitpid(user, NULL, 0);
            return;
        }
        sleep_ms(POLL_MS);
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        passed_ms = (now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000;
    }
    (void)kill(-user, SIGKILL);
}

/* The marker's lines are "NONCE WAY": evidence names the ways. */
static void read_marker(const struct scene *scene, const struct trigger *trigger,
                        const struct stage *stage, struct observation *seen)
{
    char text[MARKER_MAX], ways[480] = "";
    AUTO_CLOSE int fd = open(stage->marker, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    const ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    char *rest = NULL;

    if (size <= 0)
        return;
    text[size] = '\0';
    if (strstr(text, scene->nonce) == NULL)
        return;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        const size_t nonce = strlen(scene->nonce);
        const size_t used = strlen(ways);

        if (strncmp(line, scene->nonce, nonce) == 0 && strstr(ways, line + nonce) == NULL)
            (void)snprintf(ways + used, sizeof ways - used, "%s", line + nonce);
    }
    observation_fire(seen, "%s ran what the probe planted:%s", trigger->what, ways);
}

int trigger_pull(const struct scene *scene, const struct trigger *trigger, struct observation *seen,
                 struct error *err)
{
    struct stage stage;
    pid_t user;

    if (set_stage(&stage, scene, trigger, err) < 0)
        return -1;
    user = fork();
    if (user < 0)
        return error_os(err, errno, "fork for: %s", trigger->what);
    if (user == 0)
        be_user(scene, trigger, &stage);
    end_user(user, trigger->timeout_ms != 0 ? trigger->timeout_ms : DEFAULT_TIMEOUT_MS);
    read_marker(scene, trigger, &stage, seen);
    return 0;
}

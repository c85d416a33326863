#include "conformance/probes/host.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probes/tools.h"

enum {
    ENDS_MAX = 24,
    READ_MAX = 64 * 1024,
    MESSAGES_MAX = 256, /* of one socket and one look: a flood must not hold the harness */
    HELPERS_MAX = 2,
    READY_MS = 10000 /* a busy machine; usually milliseconds */
};

struct end {
    int fd;
    enum host_kind kind;
    const char *label;
};

/* scene->own of rows that use this file. */
struct host {
    size_t count;
    struct end ends[ENDS_MAX];
    pid_t helpers[HELPERS_MAX];
    size_t helper_count;
};

static struct host *host_of(struct scene *scene)
{
    if (scene->own == NULL)
        scene->own = calloc(1, sizeof(struct host));
    return scene->own;
}

int host_add(struct scene *scene, int fd, enum host_kind kind, const char *label, struct error *err)
{
    AUTO_CLOSE int owned = fd;
    struct host *host = host_of(scene);

    if (host == NULL)
        return error_memory(err, "pretended host service");
    if (host->count == ENDS_MAX)
        return error_set(err, ERR_INVALID, "%s: more than %d pretended services", label, ENDS_MAX);
    if (fcntl(owned, F_SETFL, fcntl(owned, F_GETFL) | O_NONBLOCK) < 0)
        return error_os(err, errno, "%s: make non-blocking", label);
    host->ends[host->count++] = (struct end){TAKE_FD(owned), kind, label};
    return 0;
}

/* Planting ----------------------------------------------------------------------------------- */

int host_make_directory(const struct scene *scene, const char *path, mode_t mode, struct error *err)
{
    if (mkdir(path, mode) < 0 && errno != EEXIST)
        return error_os(err, errno, "make %s", path);
    if (chmod(path, mode) < 0 || (geteuid() == 0 && lchown(path, scene->uid, scene->gid) < 0))
        return error_os(err, errno, "give %s to the identity of the run", path);
    return 0;
}

/* Only directories below the scene are made; those above exist. */
static int make_parents_of(const struct scene *scene, const char *path, struct error *err)
{
    char copy[PATH_MAX];

    if (snprintf(copy, sizeof copy, "%s", path) >= (int)sizeof copy)
        return error_set(err, ERR_INVALID, "path too long: %s", path);
    for (char *slash = strchr(copy + strlen(scene->root) + 1, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        int result = 0;

        *slash = '\0';
        if (access(copy, F_OK) < 0)
            result = host_make_directory(scene, copy, 0755, err);
        *slash = '/';
        if (result < 0)
            return -1;
    }
    return 0;
}

int host_plant(const struct scene *scene, const char *path, const char *text, mode_t mode,
               struct error *err)
{
    if (make_parents_of(scene, path, err) < 0)
        return -1;
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
    const size_t size = strlen(text);

    if (fd < 0)
        return error_os(err, errno, "plant %s", path);
    if (write(fd, text, size) != (ssize_t)size || fchmod(fd, mode) < 0 ||
        (geteuid() == 0 && fchown(fd, scene->uid, scene->gid) < 0))
        return error_os(err, errno, "fill %s", path);
    return 0;
}

/* In the child of host_run(): system calls only (fork(2) of a process that may have threads). */
static _Noreturn void run_as_identity(const struct scene *scene, const char *const argv[],
                                      char *home)
{
    char path[] = "PATH=/usr/local/bin:/usr/bin:/bin", locale[] = "LC_ALL=C";
    char *const environment[] = {path, home, locale, NULL};
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (int fd = 0; fd <= 2; fd++)
        (void)dup2(null, fd);
    host_become_identity(scene);
    if (chdir(scene->ws) == 0)
        (void)execve(argv[0], (char *const *)(uintptr_t)argv, environment);
    _exit(127);
}

int host_run(const struct scene *scene, const char *const argv[], struct error *err)
{
    char home[PATH_MAX];
    int status = 0;
    pid_t child;

    (void)snprintf(home, sizeof home, "HOME=%s", scene->home);
    child = fork();
    if (child == 0)
        run_as_identity(scene, argv, home);
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (child < 0 || status != 0)
        return error_set(err, ERR_OS, "run %s %s in the scene: wait status %d", argv[0],
                         argv[1] != NULL ? argv[1] : "", status);
    return 0;
}

int host_inherit(struct scene *scene, int fd, struct error *err)
{
    AUTO_CLOSE int owned = fd;

    if (scene->inherit_count == SCENE_INHERIT_MAX)
        return error_set(err, ERR_INVALID, "more than %d inherited descriptors", SCENE_INHERIT_MAX);
    scene->inherit[scene->inherit_count++] = TAKE_FD(owned);
    return 0;
}

int host_set_env(struct scene *scene, const char *name, const char *value, struct error *err)
{
    const size_t size = strlen(name) + strlen(value) + 2;
    AUTO_FREE char *entry = malloc(size);

    if (entry == NULL)
        return error_memory(err, name);
    (void)snprintf(entry, size, "%s=%s", name, value);
    for (size_t i = 0; i < SCENE_EXTRA_MAX; i++) {
        if (scene->env[i] == NULL) {
            scene->env[i] = TAKE(entry);
            return 0;
        }
    }
    return error_set(err, ERR_INVALID, "more than %d variables", SCENE_EXTRA_MAX);
}

/* Services ----------------------------------------------------------------------------------- */

/* A path longer than sun_path is bound through its directory's descriptor (unix(7)). */
static int bind_unix(int fd, const char *path)
{
    char copy[PATH_MAX], base[PATH_MAX];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    AUTO_CLOSE int directory = -1;
    int length;

    (void)snprintf(copy, sizeof copy, "%s", path);
    (void)snprintf(base, sizeof base, "%s", path);
    directory = open(dirname(copy), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return -1;
    length = snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", directory,
                      basename(base));
    if (length >= (int)sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return bind(fd, (const struct sockaddr *)&address, sizeof address);
}

int host_listen_unix(struct scene *scene, int type, const char *path, const char *label,
                     struct error *err)
{
    AUTO_CLOSE int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return error_os(err, errno, "%s: socket", label);
    if (make_parents_of(scene, path, err) < 0)
        return -1;
    if (bind_unix(fd, path) < 0)
        return error_os(err, errno, "%s: bind %s", label, path);
    if (chmod(path, 0666) < 0 || (geteuid() == 0 && lchown(path, scene->uid, scene->gid) < 0))
        return error_os(err, errno, "%s: give it to the identity of the run", label);
    if (type != SOCK_DGRAM && listen(fd, 64) < 0)
        return error_os(err, errno, "%s: listen", label);
    return host_add(scene, TAKE_FD(fd), type == SOCK_DGRAM ? HOST_DATAGRAM : HOST_LISTENER, label,
                    err);
}

int host_listen_inet(struct scene *scene, int type, int protocol, const struct sockaddr *address,
                     const char *label, struct error *err)
{
    const socklen_t size =
        address->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    const int on = 1;
    AUTO_CLOSE int fd = socket(address->sa_family, type | SOCK_CLOEXEC, protocol);

    if (fd < 0)
        return error_os(err, errno, "%s: socket", label);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, address, size) < 0)
        return error_os(err, errno, "%s: bind", label);
    if (type == SOCK_STREAM && listen(fd, 64) < 0)
        return error_os(err, errno, "%s: listen", label);
    return host_add(scene, TAKE_FD(fd), type == SOCK_STREAM ? HOST_LISTENER : HOST_DATAGRAM, label,
                    err);
}

int host_open_fifo(struct scene *scene, const char *path, const char *label, struct error *err)
{
    if (make_parents_of(scene, path, err) < 0)
        return -1;
    if (mkfifo(path, 0666) < 0 || chmod(path, 0666) < 0 ||
        (geteuid() == 0 && lchown(path, scene->uid, scene->gid) < 0))
        return error_os(err, errno, "%s: make FIFO %s", label, path);
    /* O_RDWR, so that the end of one writer is not the end of the FIFO. */
    AUTO_CLOSE int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return error_os(err, errno, "%s: open FIFO %s", label, path);
    return host_add(scene, TAKE_FD(fd), HOST_STREAM, label, err);
}

int host_fork(struct scene *scene, void (*act)(const struct scene *scene, int to_harness),
              const char *label, struct error *err)
{
    struct host *host = host_of(scene);
    const pid_t parent = getpid();
    sigset_t all, before;
    int ends[2];
    pid_t child;

    if (host == NULL)
        return error_memory(err, label);
    if (host->helper_count == HELPERS_MAX)
        return error_set(err, ERR_INVALID, "%s: more than %d helpers", label, HELPERS_MAX);
    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_os(err, errno, "%s: pipe", label);
    /* Blocked until the child has no handler of the harness any more: libuv's writes into a pipe that
     * parent and child share, and the harness would believe that the signal was its own. */
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_BLOCK, &all, &before);
    child = fork();
    if (child == 0) {
        for (int number = 1; number < NSIG; number++)
            (void)signal(number, SIG_DFL);
        (void)sigprocmask(SIG_SETMASK, &before, NULL);
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent)
            act(scene, ends[1]);
        _exit(0);
    }
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    (void)close(ends[1]);
    if (child < 0) {
        (void)close(ends[0]);
        return error_os(err, errno, "%s: fork", label);
    }
    host->helpers[host->helper_count++] = child;
    return host_add(scene, ends[0], HOST_STREAM, label, err);
}

void host_become_identity(const struct scene *scene)
{
    if (geteuid() == 0 && scene->uid != 0 &&
        (setgroups(0, NULL) < 0 || setresgid(scene->gid, scene->gid, scene->gid) < 0 ||
         setresuid(scene->uid, scene->uid, scene->uid) < 0))
        _exit(1);
    /* Both were reset by the change of ids (prctl(2)). */
    (void)prctl(PR_SET_DUMPABLE, 1);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
}

void host_say_ready(int to_harness)
{
    (void)!write(to_harness, "\n", 1);
}

int host_await(struct scene *scene, struct error *err)
{
    const struct host *host = scene->own;
    struct pollfd pipe = {.events = POLLIN};
    char byte;

    if (host == NULL || host->count == 0)
        return error_set(err, ERR_INVALID, "no helper to wait for");
    pipe.fd = host->ends[host->count - 1].fd;
    if (poll(&pipe, 1, READY_MS) != 1 || read(pipe.fd, &byte, 1) != 1)
        return error_set(err, ERR_TIMEOUT, "%s did not get ready",
                         host->ends[host->count - 1].label);
    return 0;
}

int host_tell_helper(struct scene *scene, const char *name, struct error *err)
{
    const struct host *host = scene->own;
    char path[PATH_MAX], text[32];

    if (host == NULL || host->helper_count == 0)
        return error_set(err, ERR_INVALID, "%s: no helper", name);
    (void)snprintf(path, sizeof path, "%s/%s", scene->ws, name);
    (void)snprintf(text, sizeof text, "%ld", (long)host->helpers[host->helper_count - 1]);
    return host_plant(scene, path, text, 0644, err);
}

static void tick(const struct scene *scene, const char *ticks)
{
    AUTO_CLOSE int fd =
        open(path_in(scene->ws, TICKS_FILE),
             O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);

    if (fd >= 0)
        (void)!write(fd, ticks, strlen(ticks));
}

void host_tick(const struct scene *scene)
{
    tick(scene, "+");
}

void host_tick_last(const struct scene *scene)
{
    tick(scene, "++++");
}

/* Looking ------------------------------------------------------------------------------------ */

static void search(const struct scene *scene, const char *label, const char *bytes, size_t size,
                   struct observation *seen)
{
    const char *at = memmem(bytes, size, scene->nonce, strlen(scene->nonce));
    const char *way;
    int shown = 0;

    if (at == NULL)
        return;
    way = at + strlen(scene->nonce);
    while (way + shown < bytes + size && shown < 40 && way[shown] >= ' ' && way[shown] <= '~')
        shown++;
    observation_fire(seen, "%s got the nonce:%.*s", label, shown, way);
}

static void read_all(const struct scene *scene, const struct end *end, struct observation *seen)
{
    static char bytes[READ_MAX];
    ssize_t size;

    for (int i = 0; i < MESSAGES_MAX && (size = read(end->fd, bytes, sizeof bytes)) > 0; i++)
        search(scene, end->label, bytes, (size_t)size, seen);
}

/* A client that has connected but not yet spoken is kept for the second look. */
static void accept_all(const struct scene *scene, const struct end *end, struct observation *seen)
{
    struct host *host = scene->own;

    for (int i = 0; i < MESSAGES_MAX; i++) {
        AUTO_CLOSE int fd = accept4(end->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        const struct end client = {fd, HOST_STREAM, end->label};

        if (fd < 0)
            return;
        read_all(scene, &client, seen);
        if (host->count < ENDS_MAX)
            host->ends[host->count++] = (struct end){TAKE_FD(fd), HOST_STREAM, end->label};
    }
}

int host_observe(const struct scene *scene, struct observation *seen, struct error *err)
{
    struct host *host = scene->own;

    if (host == NULL)
        return error_set(err, ERR_INVALID, "the row pretends no host service");
    for (size_t i = 0; i < host->count; i++) {
        const struct end *end = &host->ends[i];

        if (end->kind == HOST_LISTENER)
            accept_all(scene, end, seen);
        else
            read_all(scene, end, seen);
    }
    return 0;
}

void host_finish(struct scene *scene)
{
    struct host *host = scene->own;

    if (host == NULL)
        return;
    for (size_t i = 0; i < host->helper_count; i++) {
        (void)kill(host->helpers[i], SIGKILL);
        while (waitpid(host->helpers[i], NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    for (size_t i = 0; i < host->count; i++)
        (void)close(host->ends[i].fd);
    host->count = 0;
    host->helper_count = 0;
}

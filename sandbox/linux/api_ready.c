/*
 * Sandboxes that are set up ahead (sandbox_keep_ready): sessions that nobody
 * has asked anything yet. Each takes one command and is left after it; its
 * launcher ends by itself and is reaped at the next opportunity.
 *
 * What may have changed since the set-up is looked at before one is taken:
 * the mount table (the kernel says so: proc(5), mountinfo) and the facts the
 * plan was made from. The launcher says for which facts it made its plan; a
 * digest taken here before its start could already be another one.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/os.h"
#include "sandbox/linux/api_linux.h"
#include "sandbox/linux/facts_collect.h"

enum {
    SPARES_MAX = 64
};

struct sandbox_spare {
    struct api_ready *owner;
    struct sandbox_session *session; /* NULL: left; only the launcher is still to be reaped */
    pid_t launcher;
    struct sandbox_spare *next;
};

struct api_ready {
    pthread_mutex_t lock;
    const struct sandbox_policy *policy;
    unsigned wanted;
    int mounts; /* /proc/self/mountinfo: an urgent event when the table has changed */
    struct sandbox_spare *idle; /* the oldest first */
    struct sandbox_spare *used; /* until their launchers are reaped */
};

static void append(struct sandbox_spare **list, struct sandbox_spare *spare)
{
    while (*list != NULL)
        list = &(*list)->next;
    spare->next = NULL;
    *list = spare;
}

static unsigned count(const struct sandbox_spare *list)
{
    unsigned found = 0;

    for (; list != NULL; list = list->next)
        found++;
    return found;
}

/* --- beginnings and ends ------------------------------------------------------------------------ */

/* A spare that cannot be started is one less; sandbox_spawn says why, when it starts from scratch. */
static void start_missing(struct api_ready *ready)
{
    struct error nobody;

    for (unsigned there = count(ready->idle); there < ready->wanted; there++) {
        struct sandbox_spare *spare = calloc(1, sizeof *spare);

        if (spare == NULL)
            return;
        spare->owner = ready;
        spare->session = api_session_begin(ready->policy, &nobody);
        if (spare->session == NULL) {
            free(spare);
            return;
        }
        spare->launcher = spare->session->launcher;
        append(&ready->idle, spare);
    }
}

static void leave(struct sandbox_spare *spare)
{
    if (spare->session != NULL)
        (void)api_session_abandon(spare->session);
    spare->session = NULL;
}

static void drop_idle(struct api_ready *ready)
{
    while (ready->idle != NULL) {
        struct sandbox_spare *spare = ready->idle;

        ready->idle = spare->next;
        leave(spare);
        append(&ready->used, spare);
    }
}

/* Frees those whose launcher has ended, or all of them when it has been waited for. A launcher that is
 * gone already was reaped by the caller. */
static void reap(struct api_ready *ready, int flags)
{
    struct sandbox_spare **at = &ready->used;

    while (*at != NULL) {
        struct sandbox_spare *spare = *at;
        pid_t ended = 0;

        if (spare->session == NULL && spare->launcher > 0) {
            do
                ended = waitpid(spare->launcher, NULL, flags);
            while (ended < 0 && errno == EINTR);
        }
        if (spare->session == NULL && (spare->launcher <= 0 || ended != 0)) {
            *at = spare->next;
            free(spare);
        } else {
            at = &spare->next;
        }
    }
}

/* Of the mount namespace that the caller is in now. */
static void watch_mounts(struct api_ready *ready)
{
    if (ready->mounts >= 0)
        (void)close(ready->mounts);
    ready->mounts = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
}

static struct api_ready *ready_new(struct sandbox_policy *policy, struct error *err)
{
    struct api_ready *ready = calloc(1, sizeof *ready);

    if (ready == NULL || pthread_mutex_init(&ready->lock, NULL) != 0) {
        free(ready);
        (void)error_memory(err, "sandboxes set up ahead");
        return NULL;
    }
    ready->policy = policy;
    ready->mounts = -1;
    watch_mounts(ready);
    if (ready->mounts >= 0)
        return ready;
    (void)error_os(err, errno, "watch the mount table");
    (void)error_hint(err, "/proc must be mounted");
    (void)pthread_mutex_destroy(&ready->lock);
    free(ready);
    return NULL;
}

int sandbox_keep_ready(struct sandbox_policy *policy, unsigned count, struct error *err)
{
    const struct policy_place place = {.style = PATH_POSIX, .home = os_home()};

    if (count > SPARES_MAX)
        return error_set(err, ERR_INVALID, "%u sandboxes set up ahead: more than %d", count,
                         SPARES_MAX);
    if (count == 0) {
        api_ready_free(policy->ready);
        policy->ready = NULL;
        return 0;
    }
    if (api_check_expressible(&policy->policy, err) < 0)
        return -1;
    if (policy->policy.workspace == NULL)
        return error_set(err, ERR_INVALID, "workspace: missing");
    /* tidies the paths, as the launcher does: the same facts must come of them */
    if (policy_check(&policy->policy, &place, err) < 0)
        return -1;
    if (policy->ready == NULL)
        policy->ready = ready_new(policy, err);
    if (policy->ready == NULL)
        return -1;
    (void)pthread_mutex_lock(&policy->ready->lock);
    policy->ready->wanted = count;
    start_missing(policy->ready);
    (void)pthread_mutex_unlock(&policy->ready->lock);
    return 0;
}

void api_ready_drop(struct api_ready *ready)
{
    if (ready == NULL)
        return;
    (void)pthread_mutex_lock(&ready->lock);
    drop_idle(ready);
    (void)pthread_mutex_unlock(&ready->lock);
}

void api_ready_free(struct api_ready *ready)
{
    if (ready == NULL)
        return;
    drop_idle(ready);
    for (struct sandbox_spare *spare = ready->used; spare != NULL; spare = spare->next)
        leave(spare);
    reap(ready, 0);
    if (ready->mounts >= 0)
        (void)close(ready->mounts);
    (void)pthread_mutex_destroy(&ready->lock);
    free(ready);
}

/* --- taking one ---------------------------------------------------------------------------------- */

/* Asking resets it: all that is idle has to go. Not being able to ask is a change, too. */
static bool mounts_have_changed(const struct api_ready *ready)
{
    struct pollfd polled = {.fd = ready->mounts, .events = POLLPRI};

    return ready->mounts < 0 || poll(&polled, 1, 0) != 0;
}

static bool digest_now(const struct sandbox_policy *policy, char digest[65])
{
    const struct policy_place place = {.style = PATH_POSIX, .home = os_home()};
    struct facts facts;
    struct error nobody;

    if (facts_collect(&policy->policy, &place, false, &facts, &nobody) < 0)
        return false;
    facts_digest(&facts, digest);
    facts_done(&facts);
    return true;
}

/* The oldest that suits the machine as it is now; what does not goes. */
static struct sandbox_spare *take(struct api_ready *ready)
{
    char now[65];
    char then[65];
    struct error nobody;

    if (mounts_have_changed(ready) || !digest_now(ready->policy, now))
        drop_idle(ready);
    while (ready->idle != NULL) {
        struct sandbox_spare *spare = ready->idle;

        ready->idle = spare->next;
        append(&ready->used, spare);
        if (api_session_await(spare->session, then, &nobody) == 0 && strcmp(now, then) == 0)
            return spare;
        leave(spare);
        watch_mounts(
            ready); /* before the next one starts: it may be the namespace that is another */
    }
    return NULL;
}

/* A session refuses files that are open for reading only: it cannot see them as the caller does. */
static bool suits_session(const struct sandbox_command *command)
{
    for (int i = 0; i < 3; i++) {
        struct stat status;
        int fd = command->descriptors[i];
        int flags = fd >= 0 ? fcntl(fd, F_GETFL) : O_RDWR;

        if (flags < 0 || (flags & O_PATH) != 0)
            return false;
        if (fd >= 0 && (flags & O_ACCMODE) == O_RDONLY &&
            (fstat(fd, &status) < 0 || S_ISREG(status.st_mode)))
            return false;
    }
    return true;
}

bool api_ready_spawn(const struct sandbox_policy *policy, const struct sandbox_command *command,
                     struct sandbox_child *child)
{
    struct api_ready *ready = policy->ready;
    struct sandbox_spare *spare = NULL;
    struct error nobody;

    (void)pthread_mutex_lock(&ready->lock);
    reap(ready, WNOHANG);
    if (suits_session(command))
        spare = take(ready);
    if (spare != NULL && sandbox_session_spawn(spare->session, command, &nobody) < 0) {
        leave(spare);
        spare = NULL;
    }
    if (spare != NULL) {
        child->pid = spare->launcher;
        child->report = -1;
        child->spare = spare;
    }
    start_missing(ready); /* now: the command is on its way */
    (void)pthread_mutex_unlock(&ready->lock);
    return spare != NULL;
}

/* The session is gone without an answer: its launcher tells how, as for any other command. */
static int wait_for_launcher(struct sandbox_spare *spare, int *status, struct error *err)
{
    int wait_status;

    while (waitpid(spare->launcher, &wait_status, 0) < 0) {
        if (errno != EINTR)
            return error_os(err, errno, "wait for the sandbox");
    }
    spare->launcher = -1;
    *status = api_describe(wait_status);
    if (*status != 0)
        return 0;
    *status = SANDBOX_EXIT_REFUSED;
    return error_set(err, ERR_PROTOCOL, "the sandbox ended without saying how the command did");
}

int api_ready_wait(struct sandbox_child *child, int *status, struct error *err)
{
    struct sandbox_spare *spare = child->spare;
    struct api_ready *ready = spare->owner;
    struct error told;
    int result = sandbox_session_wait(spare->session, status, &told);

    if (result < 0 && told.code == ERR_PROTOCOL)
        result = wait_for_launcher(spare, status, err);
    else if (result < 0)
        *err = told;
    (void)pthread_mutex_lock(&ready->lock);
    leave(spare);
    (void)pthread_mutex_unlock(&ready->lock);
    child->spare = NULL;
    return result;
}

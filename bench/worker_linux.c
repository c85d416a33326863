#include "bench/worker.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

void worker_limit(unsigned seconds)
{
    (void)signal(SIGALRM, SIG_DFL);
    (void)alarm(seconds);
}

int worker_become(const struct place *place, struct error *err)
{
    if (place->identity.uid == geteuid())
        return 0;
    if (setgroups(0, NULL) < 0 || setgid(place->identity.gid) < 0 ||
        setuid(place->identity.uid) < 0)
        return error_os(err, errno, "become user %u", (unsigned)place->identity.uid);
    return 0;
}

static int set_list(struct sandbox_policy *policy, const char *key, const char *const *list,
                    struct error *err)
{
    for (size_t i = 0; list != NULL && list[i] != NULL; i++) {
        if (sandbox_policy_set(policy, key, list[i], err) < 0)
            return -1;
    }
    return 0;
}

struct sandbox_policy *worker_policy(const struct place *place, const struct subject_wish *wish,
                                     struct error *err)
{
    const char *usual[] = {place->extra, NULL};
    struct sandbox_policy *policy = sandbox_policy_new(err);

    if (policy != NULL &&
        sandbox_policy_set(policy, "workspace",
                           wish->workspace != NULL ? wish->workspace : place->ws, err) == 0 &&
        set_list(policy, "writable", wish->writable != NULL ? wish->writable : usual, err) == 0 &&
        set_list(policy, "protect", wish->protect_names, err) == 0 &&
        sandbox_policy_set(policy, "deny_read", place->secret, err) == 0 &&
        sandbox_policy_set(policy, "network", "none", err) == 0 &&
        sandbox_policy_set(policy, "mode", "linux-namespace", err) == 0)
        return policy;
    sandbox_policy_free(policy);
    return NULL;
}

int worker_await(pid_t pid, unsigned seconds, struct error *why, struct error *err)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return error_os(err, errno, "a worker");
    }
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        (void)error_set(why, ERR_TIMEOUT, "a call of the library did not come back within %u s",
                        seconds);
    else if (WIFSIGNALED(status))
        (void)error_set(why, ERR_INVALID, "the worker died of signal %d", WTERMSIG(status));
    return 0;
}

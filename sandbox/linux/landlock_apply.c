/* Builds the ruleset of a plan and enters it. */
#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "sandbox/linux/apply.h"
#include "sandbox/linux/kernel.h"

/* What a rule on something that is not a directory may say (linux/landlock.h). */
#define FILE_RIGHTS                                                                               \
    (ACCESS_EXECUTE | ACCESS_WRITE_FILE | ACCESS_READ_FILE | ACCESS_TRUNCATE | ACCESS_IOCTL_DEV | \
     ACCESS_RESOLVE_UNIX)

#define READING_RIGHTS ((uint64_t)(ACCESS_EXECUTE | ACCESS_READ_FILE | ACCESS_READ_DIR))

static int add_rule(int ruleset, const struct step *step, struct error *err)
{
    struct kernel_path_beneath rule = {.allowed_access = step->bits};
    AUTO_CLOSE int fd = open(step->path, O_PATH | O_CLOEXEC);
    struct stat status;

    /* What lies beside a denied path was listed a moment ago and may be gone: then there is nothing
     * to allow. Such rules only ever add reading; a writable root that is gone is an error. */
    if (fd < 0 && errno == ENOENT && (step->bits & ~READING_RIGHTS) == 0)
        return 0;
    if (fd < 0 || fstat(fd, &status) < 0)
        return error_os(err, errno, "open %s for a Landlock rule", step->path);
    if (!S_ISDIR(status.st_mode))
        rule.allowed_access &= FILE_RIGHTS;
    if (rule.allowed_access == 0)
        return 0;
    rule.parent_fd = fd;
    if (syscall(CALL_LANDLOCK_ADD_RULE, ruleset, KERNEL_RULE_PATH_BENEATH, &rule, 0) < 0)
        return error_os(err, errno, "Landlock rule for %s", step->path);
    return 0;
}

static int create_ruleset(const struct plan *plan, struct error *err)
{
    const struct step *files = plan_find(plan, STEP_LANDLOCK);
    const struct step *scopes = plan_find(plan, STEP_LANDLOCK_SCOPES);
    struct kernel_ruleset_attr attr = {
        .handled_access_fs = files != NULL ? files->bits : 0,
        .handled_access_net = plan_find(plan, STEP_LANDLOCK_NETWORK) != NULL ? KERNEL_NET_TCP : 0,
        .scoped = scopes != NULL ? scopes->bits : 0,
    };
    size_t size = offsetof(struct kernel_ruleset_attr, handled_access_net);
    int ruleset;

    if (files == NULL && scopes == NULL && attr.handled_access_net == 0)
        return -2;
    /* an older kernel knows a shorter struct: it is given no more than it needs */
    if (attr.handled_access_net != 0)
        size = offsetof(struct kernel_ruleset_attr, scoped);
    if (attr.scoped != 0)
        size = sizeof attr;
    ruleset = (int)syscall(CALL_LANDLOCK_CREATE_RULESET, &attr, size, 0);
    if (ruleset < 0)
        return error_os(err, errno, "create a Landlock ruleset");
    return ruleset;
}

int landlock_ruleset(const struct plan *plan, struct error *err)
{
    AUTO_CLOSE int ruleset = create_ruleset(plan, err);

    for (size_t i = 0; ruleset >= 0 && i < plan->step_count; i++) {
        if (plan->steps[i].kind == STEP_LANDLOCK_RULE && plan_find(plan, STEP_LANDLOCK) != NULL &&
            add_rule(ruleset, &plan->steps[i], err) < 0)
            return -1;
    }
    return TAKE_FD(ruleset);
}

int landlock_enter(int ruleset, struct error *err)
{
    if (syscall(CALL_LANDLOCK_RESTRICT_SELF, ruleset, 0) < 0)
        return error_os(err, errno, "enter the Landlock domain");
    return 0;
}

/* Builds the ruleset of a plan and enters it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/auto.h"
#include "sandbox/linux/apply.h"
#include "sandbox/linux/kernel.h"

/* What a rule on something that is not a directory may say (linux/landlock.h). */
#define FILE_RIGHTS                                                                               \
    (ACCESS_EXECUTE | ACCESS_WRITE_FILE | ACCESS_READ_FILE | ACCESS_TRUNCATE | ACCESS_IOCTL_DEV | \
     ACCESS_RESOLVE_UNIX)

#define READING_RIGHTS ((uint64_t)(ACCESS_EXECUTE | ACCESS_READ_FILE | ACCESS_READ_DIR))

/* What lies beside a denied path was listed a moment ago and may be gone: then there is nothing to
 * allow. Such rules only ever add reading. Devices are let in where they exist. A writable root that
 * is gone is an error. */
static bool may_be_missing(const struct step *step)
{
    return (step->bits & ~READING_RIGHTS) == 0 || strncmp(step->path, "/dev/", 5) == 0;
}

/* The rights of a directory are tried first: asking what a path is costs more than being told. */
static int add_rule(int ruleset, const struct step *step, struct error *err)
{
    struct kernel_path_beneath rule = {.allowed_access = step->bits};
    AUTO_CLOSE int fd = openat(AT_FDCWD, step->path, O_PATH | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT && may_be_missing(step))
        return 0;
    if (fd < 0)
        return error_os(err, errno, "open %s for a Landlock rule", step->path);
    rule.parent_fd = fd;
    if (syscall(CALL_LANDLOCK_ADD_RULE, ruleset, KERNEL_RULE_PATH_BENEATH, &rule, 0) == 0)
        return 0;
    if (errno == EINVAL) {
        rule.allowed_access &= FILE_RIGHTS;
        if (rule.allowed_access == 0 ||
            syscall(CALL_LANDLOCK_ADD_RULE, ruleset, KERNEL_RULE_PATH_BENEATH, &rule, 0) == 0)
            return 0;
    }
    return error_os(err, errno, "Landlock rule for %s", step->path);
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

    bool has_rules = plan_find(plan, STEP_LANDLOCK) != NULL;

    for (size_t i = 0; ruleset >= 0 && has_rules && i < plan->step_count; i++) {
        if (plan->steps[i].kind == STEP_LANDLOCK_RULE &&
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

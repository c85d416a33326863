/*
 * linux-landlock: no namespaces, for machines that forbid them.
 *
 *     launcher            subreaper: what the command leaves behind is killed
 *       command           Landlock ruleset, filter, no capabilities, own session
 *
 * Rules can only add rights below a path, so nothing inside a writable root can be taken back: .git
 * and its like are a documented gap. What is no documented gap and cannot be expressed is refused.
 */
#include <string.h>

#include "base/auto.h"
#include "sandbox/linux_plans.h"

static int refuse(struct error *err, const char *what, const char *hint)
{
    (void)error_set(err, ERR_UNSUPPORTED, "linux-landlock cannot %s", what);
    return error_hint(err, "%s", hint);
}

static int check(const struct policy *policy, const struct facts *facts, struct error *err)
{
    if (facts->landlock_abi < 1)
        return refuse(err, "run here: this kernel has no Landlock",
                      "needs Linux 5.13 with Landlock in the lsm= list");
    if (policy->git == GIT_COMMIT)
        return refuse(err, "let git commit and keep its hooks and configuration",
                      "use linux-namespace, or leave \"git\" at read and commit outside");
    if (policy->network == NETWORK_LOOPBACK)
        return refuse(err, "give a loopback network of its own", "use linux-namespace");
    if ((policy->limits.memory_bytes > 0 || policy->limits.processes > 0) &&
        !linux_plan_has_cgroup(policy, facts))
        return refuse(err, "limit memory or processes of a run without a control group",
                      "use linux-namespace, or start where a cgroup v2 with pids and memory is "
                      "delegated (systemd-run --user --scope)");
    for (size_t i = 0; i < facts->hidden_count; i++) {
        for (size_t k = 0; k < facts->roots.count; k++) {
            if (path_is_within(PATH_POSIX, facts->hidden[i].path, facts->roots.items[k]))
                return refuse(err, "deny reading inside a writable root", "use linux-namespace");
        }
    }
    return 0;
}

/*
 * Reading: everything, or, when something must not be read, the names beside the way to it. Without
 * deny_read every directory can still be listed: only root gets here then, for whom /dev is left out.
 */
static void add_reading(struct plan *plan, const struct facts *facts, uint64_t handled)
{
    const uint64_t read = ACCESS_EXECUTE | ACCESS_READ_FILE | ACCESS_READ_DIR;

    if (facts->hidden_count == 0 && facts->siblings.count == 0) {
        linux_plan_rule(plan, "/", read, handled, "reads are broad");
        return;
    }
    if (facts->hidden_count == 0)
        linux_plan_rule(plan, "/", ACCESS_READ_DIR, handled, "listing is broad");
    for (size_t i = 0; i < facts->siblings.count; i++)
        linux_plan_rule(plan, facts->siblings.items[i], read, handled,
                        "readable: beside what is hidden");
}

static void add_rules(struct plan *plan, const struct facts *facts, uint64_t handled)
{
    const uint64_t device = ACCESS_READ_FILE | ACCESS_WRITE_FILE | ACCESS_IOCTL_DEV;
    /* Devices are nobody's to make. Sockets made inside can be reached without a rule, as with the scopes;
     * one of the machine that lies in a root shall not be (net.unix-in-workspace, seen on Linux 7.3). */
    const uint64_t root = ~(uint64_t)(ACCESS_MAKE_CHAR | ACCESS_MAKE_BLOCK | ACCESS_RESOLVE_UNIX);
    /* others read /dev like the rest; for root it is left out, disks and all */
    size_t devices = facts->uid == 0 ? LINUX_DEVICES : LINUX_WRITTEN_DEVICES;

    add_reading(plan, facts, handled);
    for (size_t i = 0; i < facts->roots.count; i++)
        linux_plan_rule(plan, facts->roots.items[i], root, handled,
                        i == 0 ? "the workspace" : "writable in the policy");
    for (size_t i = 0; i < devices; i++)
        linux_plan_rule(plan, linux_plan_devices[i], device, handled, "programs need it");
}

static void add_gaps(struct plan *plan, const struct facts *facts)
{
    plan_add_gap(plan, "protected-names",
                 "Landlock rules only add rights: protected names (.git, .codex, .agents) inside "
                 "writable roots can be changed");
    plan_add_gap(plan, "metadata-outside",
                 "Landlock does not cover chmod, chown, timestamps, extended attributes and locks "
                 "of files the user owns outside the roots");
    plan_add_gap(plan, "shared-tmp",
                 "no private /tmp: nothing outside the roots can be written there");
    plan_add_gap(plan, "visible-processes",
                 "processes of the machine are visible: names, command lines and states");
    plan_add_gap(plan, "visible-keys",
                 "the names of the user's keys are visible in /proc/keys; what they hold is not");
    plan_add_gap(plan, "launcher-killed",
                 "if the launcher itself is killed with SIGKILL, grandchildren of the command "
                 "survive");
    plan_add_gap(
        plan, "setup-and-stat",
        "names and metadata of files can be looked up, also where deny_read hides content");
    if (facts->landlock_abi < 3)
        plan_add_gap(plan, "truncate",
                     "Landlock ABI below 3: files the user owns can be truncated");
    if (facts->landlock_abi < 5)
        plan_add_gap(plan, "device-ioctl",
                     "Landlock ABI below 5: ioctls of devices are not covered");
    if (facts->landlock_abi < 6)
        plan_add_gap(plan, "signals",
                     "Landlock ABI below 6: processes of the same user can be signalled");
    if (facts->landlock_abi < 9)
        plan_add_gap(plan, "unix-sockets",
                     "Landlock ABI below 9: local sockets are closed altogether, only pairs work");
    else
        plan_add_gap(plan, "abstract-listeners",
                     "an abstract socket made inside can be reached from outside, by whoever asks "
                     "for its name");
}

static uint32_t filter_groups(const struct policy *policy, const struct facts *facts)
{
    uint32_t groups = FILTER_FOREIGN_ABI | FILTER_MOUNTS | FILTER_NAMESPACES | FILTER_KERNEL |
                      FILTER_KEYRINGS | FILTER_IO_URING | FILTER_INSPECTION | FILTER_SETUID_BITS |
                      FILTER_TERMINAL | FILTER_CORE_LIMIT | FILTER_FOREIGN_PROCESSES |
                      FILTER_SYSV_IPC | FILTER_ATTRIBUTES;

    groups |= policy->network == NETWORK_NONE ? FILTER_NO_NETWORK : FILTER_IP_NETWORK;
    if (facts->landlock_abi < 9)
        groups |= FILTER_NO_UNIX_SOCKET;
    return groups;
}

static int build(const struct policy *policy, const struct facts *facts, struct plan *plan,
                 struct error *err)
{
    uint64_t handled = landlock_rights(facts->landlock_abi);

    plan->mode = "linux-landlock";
    if (linux_plan_check(policy, facts, plan->mode, err) < 0 || check(policy, facts, err) < 0)
        return -1;
    plan_add(plan, STEP_LANDLOCK, NULL, handled, "only what a rule allows");
    add_rules(plan, facts, handled);
    linux_plan_landlock_rest(plan, policy, facts->landlock_abi);
    linux_plan_command(plan, policy, facts);
    linux_plan_filter(plan, filter_groups(policy, facts));
    plan_add(plan, STEP_KILL_LEFTOVERS, NULL, 0, "nothing survives the command");
    add_gaps(plan, facts);
    return plan_check(plan, err);
}

int landlock_plan(const struct policy *policy, const struct facts *facts, struct plan *plan,
                  struct error *err)
{
    if (build(policy, facts, plan, err) == 0)
        return 0;
    plan_done(plan);
    return -1;
}

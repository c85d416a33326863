/* What the two Linux modes have in common. */
#include "base/auto.h"
#include "sandbox/linux_plans.h"

const char *const linux_plan_devices[LINUX_DEVICES] = {"/dev/null", "/dev/zero",   "/dev/full",
                                                       "/dev/tty",  "/dev/random", "/dev/urandom"};

uint64_t landlock_rights(int abi)
{
    static const uint64_t newest[] = {
        0,
        ACCESS_MAKE_SYM,     /* 1: everything up to here */
        ACCESS_REFER,        /* 2 */
        ACCESS_TRUNCATE,     /* 3 */
        ACCESS_TRUNCATE,     /* 4: TCP */
        ACCESS_IOCTL_DEV,    /* 5 */
        ACCESS_IOCTL_DEV,    /* 6: scopes */
        ACCESS_IOCTL_DEV,    /* 7: log */
        ACCESS_IOCTL_DEV,    /* 8: threads */
        ACCESS_RESOLVE_UNIX, /* 9 */
    };
    size_t last = ARRAY_SIZE(newest) - 1;

    if (abi <= 0)
        return 0;
    return newest[(size_t)abi < last ? (size_t)abi : last] * 2 - 1;
}

void linux_plan_filter(struct plan *plan, uint32_t groups)
{
    static const char *const why[] = {
        "other entry points would pass by the filter",
        "nothing can be mounted, unmounted or remounted",
        "no new namespaces: less of the kernel can be reached",
        "the machine's own settings, clocks and modules",
        "keyrings are not part of any namespace",
        "io_uring does the work of calls that no filter sees",
        "interfaces that look into other processes or by-pass paths",
        "a set-user-ID file made inside would mean something outside",
        "nothing can be typed into a terminal",
        "these ioctls make names without a call that can be guarded",
        "no network: every socket family but the local one is closed",
        "TCP and UDP only: no raw sockets, no rare protocols",
        "a datagram can name its target in every message, out of sight",
        "services of the machine listen on local sockets",
        "calls that make names are carried out by the supervisor",
        "connect is carried out by the supervisor",
        "processes of the machine are visible in this mode",
        "SysV and POSIX IPC of the machine are visible in this mode",
        "Landlock does not cover inode flags",
        "the supervisor removes git's locks, which are in a read-only place",
        "the supervisor counts processes: a limit of the kernel's does not bind root",
        "a core limit that was lowered to 0 would let the machine's core handler in again",
    };

    for (size_t i = 0; i < ARRAY_SIZE(why); i++) {
        if ((groups & (1u << i)) != 0)
            plan_add(plan, STEP_FILTER, NULL, 1u << i, why[i]);
    }
}

void linux_plan_rule(struct plan *plan, const char *path, uint64_t access, uint64_t handled,
                     const char *why)
{
    plan_add(plan, STEP_LANDLOCK_RULE, path, access & handled, why);
}

void linux_plan_landlock_rest(struct plan *plan, const struct policy *policy, int abi)
{
    if (abi >= 4 && policy->network == NETWORK_NONE)
        plan_add(plan, STEP_LANDLOCK_NETWORK, NULL, 0, "TCP: a second lock behind the filter");
    if (abi >= 6)
        plan_add(plan, STEP_LANDLOCK_SCOPES, NULL, PLAN_SCOPE_ABSTRACT_UNIX | PLAN_SCOPE_SIGNAL,
                 "abstract sockets and signals have no path");
}

int linux_plan_check(const struct policy *policy, const struct facts *facts, const char *mode,
                     struct error *err)
{
    /* RLIMIT_NPROC does not bind uid 0 of the machine, whatever its namespace: copy_process() */
    if (policy->limits.processes > 0 && facts->uid == 0 && !facts->has_notify &&
        !linux_plan_has_cgroup(policy, facts)) {
        (void)error_set(err, ERR_UNSUPPORTED, "%s cannot limit the processes of root here", mode);
        return error_hint(err,
                          "needs Linux 5.19, or a delegated cgroup v2 with pids; or run it as a "
                          "user, or leave limits.processes out");
    }
    return 0;
}

bool linux_plan_has_cgroup(const struct policy *policy, const struct facts *facts)
{
    return facts->cgroup.path != NULL &&
           (policy->limits.processes > 0 || policy->limits.memory_bytes > 0);
}

/* Only the command and what it starts are in it: the supervisor outside is neither counted nor killed. */
static void add_cgroup(struct plan *plan, const struct policy_limits *limits,
                       const struct facts *facts)
{
    plan_add(plan, STEP_CGROUP, facts->cgroup.path, facts->cgroup.to_enable,
             "a control group of the run's own; removed with it, whatever kills us");
    if (limits->processes > 0)
        plan_add_text(plan, STEP_CGROUP_LIMIT, NULL, "pids.max", limits->processes,
                      "limits.processes: processes and threads of the run at once");
    if (limits->memory_bytes == 0)
        return;
    plan_add_text(plan, STEP_CGROUP_LIMIT, NULL, "memory.max", limits->memory_bytes,
                  "limits.memory_bytes: memory of all its processes together");
    plan_add_text(plan, STEP_CGROUP_LIMIT, NULL, "memory.swap.max", 0,
                  "swap would be memory beyond the limit");
    plan_add_text(plan, STEP_CGROUP_LIMIT, NULL, "memory.oom.group", 1,
                  "at the limit the whole command ends, not a part of it");
}

static void add_limits(struct plan *plan, const struct policy *policy, const struct facts *facts)
{
    const struct policy_limits *limits = &policy->limits;
    const bool has_cgroup = linux_plan_has_cgroup(policy, facts);
    const struct {
        const char *name;
        uint64_t value;
        const char *why;
    } rows[] = {
        {"timeout_s", limits->timeout_s,
         "the launcher's clock: the run ends after so many seconds"},
        {"processes", has_cgroup ? 0 : limits->processes,
         facts->uid == 0 ? "the supervisor counts: processes and threads of the run at once"
                         : "RLIMIT_NPROC: processes and threads of the user at once"},
        {"memory_bytes", has_cgroup ? 0 : limits->memory_bytes,
         "RLIMIT_AS: address space of each process"},
        {"file_bytes", limits->file_bytes, "RLIMIT_FSIZE: size of one file"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (rows[i].value > 0)
            plan_add_text(plan, STEP_LIMIT, NULL, rows[i].name, rows[i].value, rows[i].why);
    }
    /* Cores go where core_pattern says, which may be a handler outside that runs as root: it is kept from
     * starting by a limit of exactly 1, and by no other (do_coredump()). */
    plan_add_text(plan, STEP_LIMIT, NULL, "core_bytes", 1,
                  "RLIMIT_CORE: no core files, and no core handler of the machine is started");
    if (facts->core_is_zero)
        plan_add_gap(plan, "core-handler",
                     "the hard limit of core files was 0 before, and the kernel starts a core "
                     "handler (a pipe "
                     "in core_pattern) all the same: only a limit of 1 keeps it away");
    if (has_cgroup)
        add_cgroup(plan, limits, facts);
    else if (facts->cgroup.why_not != NULL && limits->processes + limits->memory_bytes > 0)
        plan_add_gap(plan, "no-cgroup", facts->cgroup.why_not);
}

void linux_plan_command(struct plan *plan, const struct policy *policy, const struct facts *facts)
{
    plan_add(plan, STEP_NEW_SESSION, NULL, 0, "no controlling terminal to type into");
    add_limits(plan, policy, facts);
    plan_add(plan, STEP_CLOSE_DESCRIPTORS, NULL, 0, "an open descriptor is a way past every path");
    plan_add(plan, STEP_DROP_CAPABILITIES, NULL, 0, "also for root");
    plan_add(plan, STEP_NO_NEW_PRIVILEGES, NULL, 0, "set-user-ID programs stay powerless");
}

/*
 * linux-namespace:
 *
 *     launcher                      the machine's namespaces; waits, forwards signals
 *       init (pid 1)                new user, mount, pid, ipc, uts (network) namespaces; supervisor
 *         command                   no capabilities, filter, own session
 *
 *     /            read-only, nodev, nosuid, every mount     (in place: no pivot, paths stay)
 *     |- ws        writable      |- .git   read-only again
 *     |- secret    hidden
 *     |- tmp       private       |- dev/shm private
 *     |- dev/null ...            the few device nodes
 *     `- proc      of the new pid namespace
 */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buffer.h"
#include "sandbox/linux_plans.h"
#include "sandbox/path_set.h"
#include "sandbox/path_set.h"

/* Is this path inside a writable root? */
static bool is_in_root(const struct facts *facts, const char *path)
{
    for (size_t i = 0; i < facts->roots.count; i++) {
        if (path_is_within(PATH_POSIX, path, facts->roots.items[i]))
            return true;
    }
    return false;
}

/* Above before below: a name that is the beginning of another sorts before it. */
static int compare_roots(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* What deny_read names: outside the roots before they are put in place, inside them afterwards. */
static void add_hidden(struct plan *plan, const struct facts *facts, bool in_roots)
{
    for (size_t i = 0; i < facts->hidden_count; i++) {
        const struct hidden_fact *hidden = &facts->hidden[i];
        uint64_t bits = hidden->is_directory ? PLAN_HIDE_DIRECTORY : PLAN_HIDE_FILE;

        if (is_in_root(facts, hidden->path) != in_roots)
            continue;
        for (size_t k = 0; k < facts->roots.count; k++) {
            if (path_is_within(PATH_POSIX, facts->roots.items[k], hidden->path))
                bits |= PLAN_HIDE_WAY;
        }
        plan_add(plan, STEP_HIDE, hidden->path, bits, "deny_read of the policy");
    }
}

static void add_mounts(struct plan *plan, const struct policy *policy, const struct facts *facts)
{
    plan_add(plan, STEP_READ_ONLY_ROOT, "/", 0, "nothing outside the roots can change");
    add_hidden(plan, facts, false);
    if (policy->tmp == TMP_PRIVATE)
        plan_add(plan, STEP_PRIVATE_TMP, "/tmp", policy->limits.tmp_bytes,
                 "sockets and files of others live there");
    plan_add(plan, STEP_PRIVATE_TMP, "/dev/shm", policy->limits.tmp_bytes,
             "shared memory of others lives there");
}

static void add_devices(struct plan *plan, const struct facts *facts)
{
    for (size_t i = 0; i < LINUX_DEVICES; i++)
        plan_add(plan, STEP_DEVICE, linux_plan_devices[i], 0, "programs need it");
    plan_add(plan, STEP_PTYS, "/dev/pts", 0, "terminals of its own, nobody else's");
    if (facts->has_mqueue)
        plan_add(plan, STEP_FRESH_MQUEUE, "/dev/mqueue", 0, "queues of its own, nobody else's");
    plan_add(plan, STEP_FRESH_PROC, "/proc", facts->uid == 0 ? 1 : 0,
             facts->uid == 0 ? "no process outside; sysctls belong to root, so read-only"
                             : "no process outside is visible");
    if (facts->has_keys)
        plan_add(plan, STEP_HIDE, "/proc/keys", PLAN_HIDE_FILE,
                 "keyrings have no namespace: the names of the user's keys");
}

/* After what is hidden or private, or a root below /tmp would be covered. */
static void add_roots(struct plan *plan, const struct facts *facts)
{
    AUTO_FREE char **sorted = malloc(facts->roots.count * sizeof *sorted);

    /* Also a root inside another one: as a mount point it cannot be renamed away, and what is put
     * into its place would not be watched (git.parent-rename). */
    if (sorted == NULL) {
        plan->has_failed = true;
        return;
    }
    memcpy(sorted, facts->roots.items, facts->roots.count * sizeof *sorted);
    qsort(sorted, facts->roots.count, sizeof *sorted, compare_roots);
    for (size_t i = 0; i < facts->roots.count; i++)
        plan_add(plan, STEP_WRITABLE, sorted[i], 0,
                 sorted[i] == facts->roots.items[0] ? "the workspace" : "writable in the policy");
    for (size_t i = 0; i < facts->protect.count; i++)
        plan_add(plan, STEP_PROTECT, facts->protect.items[i], 0,
                 "tools of the user outside act on it");
    for (size_t i = 0; i < facts->gits.count; i++) {
        const char *path = facts->gits.items[i];

        plan_add_text(plan, STEP_GIT_COMMIT, path,
                      text_list_has(&facts->own_gits, path) ? NULL : "shared",
                      text_list_has(&facts->sha256_gits, path) ? 32 : 20,
                      "git of the policy: stays read-only; objects, refs, logs and index pass");
    }
    add_hidden(plan, facts, true);
}

/*
 * Mounts decide about files already. Landlock adds what they cannot: FIFOs can be written through a
 * read-only mount, and abstract sockets and signals have no path. For uid 0 every right is handled, as
 * a second lock on what root owns, /proc/sys above all (research/linux-launcher.md, 5).
 */
static uint64_t handled_rights(const struct facts *facts)
{
    if (facts->uid == 0)
        return landlock_rights(facts->landlock_abi) & ~(uint64_t)ACCESS_RESOLVE_UNIX;
    /* A ruleset that does not handle and grant REFER forbids every rename and link between two
     * directories (landlock(7)): with EXDEV, also inside the workspace. */
    return ACCESS_WRITE_FILE | ACCESS_REFER;
}

static uint64_t rights_of_step(const struct step *step)
{
    const uint64_t read = ACCESS_EXECUTE | ACCESS_READ_FILE | ACCESS_READ_DIR;
    const uint64_t device = ACCESS_READ_FILE | ACCESS_WRITE_FILE | ACCESS_IOCTL_DEV;

    if (step->kind == STEP_WRITABLE || step->kind == STEP_PRIVATE_TMP ||
        step->kind == STEP_GIT_COMMIT)
        return ~(uint64_t)0;
    if (step->kind == STEP_DEVICE)
        return device;
    if (step->kind == STEP_PTYS)
        return device | read;
    if (step->kind == STEP_FRESH_PROC && step->bits == 0)
        return read | ACCESS_WRITE_FILE;
    return 0;
}

/* For root the few nodes one by one; for others /dev as a whole costs less: what else is there has no
 * device behind it (nodev) and no FIFO. */
static void add_landlock_rules(struct plan *plan, const struct facts *facts, uint64_t handled)
{
    const size_t mounts = plan->step_count;

    if (facts->uid == 0)
        linux_plan_rule(plan, "/", ACCESS_EXECUTE | ACCESS_READ_FILE | ACCESS_READ_DIR, handled,
                        "reads are broad");
    else {
        linux_plan_rule(plan, "/", ACCESS_REFER, handled, "mounts decide what may be moved");
        linux_plan_rule(plan, "/dev", ACCESS_WRITE_FILE, handled, "as the mounts say");
    }
    for (size_t i = 0; i < mounts; i++) {
        uint64_t rights = rights_of_step(&plan->steps[i]);
        /* copied by the plan; the array may move meanwhile, the string does not */
        const char *path = plan->steps[i].path;

        if (rights == 0 || (facts->uid != 0 && path_is_within(PATH_POSIX, path, "/dev")))
            continue;
        linux_plan_rule(plan, path, rights, handled, "as the mounts say");
        if (plan->steps[i].kind == STEP_PTYS) /* mounted on its own, so not below /dev/pts */
            linux_plan_rule(plan, "/dev/ptmx", rights, handled, "as the mounts say");
    }
}

static void add_landlock(struct plan *plan, const struct policy *policy, const struct facts *facts)
{
    uint64_t handled = handled_rights(facts);

    /* ABI 1 cannot grant REFER: programs could not move a file from one directory to another. */
    if (facts->landlock_abi < 2) {
        plan_add_gap(plan, "fifo-outside",
                     "without Landlock ABI 2 a FIFO outside the roots can be "
                     "written, although its "
                     "mount is read-only");
        return;
    }
    plan_add(plan, STEP_LANDLOCK, NULL, handled,
             "FIFOs outside; for root a second lock on everything it owns");
    add_landlock_rules(plan, facts, handled);
    linux_plan_landlock_rest(plan, policy, facts->landlock_abi);
}

static int collect_roots(const struct facts *facts, struct path_set *set)
{
    struct error ignored;

    for (size_t i = 0; i < facts->roots.count; i++) {
        if (path_set_add(set, facts->roots.items[i], (int)i, &ignored) < 0)
            return -1;
    }
    return 0;
}

/* Out of memory counts as a root in a root. */
static bool has_root_in_root(const struct facts *facts)
{
    struct path_set set = {0};
    bool has_inner = collect_roots(facts, &set) < 0;

    for (size_t i = 0; !has_inner && i < facts->roots.count; i++)
        has_inner = path_set_above(&set, facts->roots.items[i]) != PATH_SET_NONE;
    path_set_done(&set);
    return has_inner;
}

/* The roots as a set of paths; numbers are places in the list. */
static bool make_root_set(const struct facts *facts, struct path_set *set)
{
    struct error ignored;

    *set = (struct path_set){0};
    for (size_t i = 0; i < facts->roots.count; i++) {
        if (path_set_add(set, facts->roots.items[i], (int)i, &ignored) < 0)
            return false;
    }
    return true;
}

/* A protected thing that does not lie directly in a root: directories above it could be moved. Its place
 * in the innermost root around it; NULL: it lies in a root, or in none. */
static const char *deep_place(const struct facts *facts, const struct path_set *roots,
                              const char *path)
{
    int nearest = path_set_nearest(roots, path);
    const char *inside;

    if (nearest == PATH_SET_NONE)
        return NULL;
    inside = path + strlen(facts->roots.items[nearest]);
    inside += *inside == '/';
    return strchr(inside, '/') != NULL ? inside : NULL;
}

/* Out of memory counts as yes. */
static bool has_deep_protected(const struct facts *facts)
{
    struct path_set roots;
    bool is_deep = facts->protect.count > 0 && !make_root_set(facts, &roots);

    if (facts->protect.count == 0)
        return false;
    for (size_t i = 0; !is_deep && i < facts->protect.count; i++)
        is_deep = deep_place(facts, &roots, facts->protect.items[i]) != NULL;
    path_set_done(&roots);
    return is_deep;
}

/* Do calls that make names have to pass the supervisor? */
static bool guards_names(const struct facts *facts)
{
    return facts->has_absent_names || facts->gits.count > 0 || has_root_in_root(facts) ||
           has_deep_protected(facts);
}

/*
 * Between a root and one inside it lie directories that can be moved, mounts below them and all;
 * another tree, with a .git in it, would take their place on the host. As a path from the outer root
 * the name is protected together with the way to it.
 */
static void guard_way(struct plan *plan, const struct policy *policy, const char *inner,
                      const char *outer)
{
    const char *inside = inner + strlen(outer);

    inside += *inside == '/';
    for (size_t i = 0; i < policy->protect.count; i++) {
        AUTO_BUFFER struct buffer rule = BUFFER_EMPTY;

        buffer_printf(&rule, "%s/%s", inside, policy->protect.items[i]);
        if (buffer_failed(&rule))
            plan->has_failed = true;
        else
            plan_add_text(plan, STEP_GUARD_NAME, NULL, buffer_text(&rule), 0,
                          "nor may the way to a root in a root be moved");
    }
}

static void guard_ways(struct plan *plan, const struct policy *policy, const struct facts *facts)
{
    struct path_set set = {0};

    plan->has_failed |= collect_roots(facts, &set) < 0;
    for (size_t i = 0; !plan->has_failed && i < facts->roots.count; i++) {
        int outer = path_set_above(&set, facts->roots.items[i]);

        if (outer != PATH_SET_NONE)
            guard_way(plan, policy, facts->roots.items[i], facts->roots.items[outer]);
    }
    path_set_done(&set);
}

/* A submodule's .git file, what a .git file points to: their mounts move along with a directory above
 * them, and another one could be made in its place (git.parent-rename-deep). */
static void guard_deep_protected(struct plan *plan, const struct facts *facts)
{
    struct path_set roots;

    plan->has_failed |= !make_root_set(facts, &roots);
    for (size_t i = 0; !plan->has_failed && i < facts->protect.count; i++) {
        const char *inside = deep_place(facts, &roots, facts->protect.items[i]);

        if (inside != NULL)
            plan_add_text(plan, STEP_GUARD_NAME, NULL, inside, 0,
                          "nor may the way to what is protected be moved");
    }
    path_set_done(&roots);
}

static int add_guards(struct plan *plan, const struct policy *policy, const struct facts *facts,
                      struct error *err)
{
    bool is_guarding = guards_names(facts);

    if (is_guarding && !facts->has_notify) {
        (void)error_set(err, ERR_UNSUPPORTED,
                        "linux-namespace cannot protect names that do not exist yet, a root inside "
                        "a root, or the way to a .git further down, or let git commit: this kernel "
                        "has no usable seccomp notification");
        return error_hint(err, "needs Linux 5.19; or create the names before");
    }
    for (size_t i = 0; is_guarding && i < facts->roots.count; i++)
        plan_add(plan, STEP_GUARD_ROOT, facts->roots.items[i], 0,
                 "the names that follow must not come to exist here");
    for (size_t i = 0; is_guarding && i < policy->protect.count; i++)
        plan_add_text(plan, STEP_GUARD_NAME, NULL, policy->protect.items[i], 0,
                      "calls that would make it are refused by the supervisor");
    if (is_guarding) {
        guard_ways(plan, policy, facts);
        guard_deep_protected(plan, facts);
    }
    if (facts->has_notify)
        plan_add(plan, STEP_GUARD_SOCKETS, NULL, 0,
                 "services of the machine listen on local sockets");
    return 0;
}

static uint32_t filter_groups(const struct policy *policy, const struct facts *facts)
{
    uint32_t groups = FILTER_FOREIGN_ABI | FILTER_MOUNTS | FILTER_NAMESPACES | FILTER_KERNEL |
                      FILTER_KEYRINGS | FILTER_IO_URING | FILTER_INSPECTION | FILTER_SETUID_BITS |
                      FILTER_TERMINAL | FILTER_CORE_LIMIT;

    groups |= policy->network == NETWORK_NONE ? FILTER_NO_NETWORK : FILTER_IP_NETWORK;
    if (guards_names(facts))
        groups |= FILTER_NOTIFY_CREATE | FILTER_SUBVOLUMES;
    if (facts->gits.count > 0)
        groups |= FILTER_NOTIFY_REMOVE;
    if (facts->uid == 0 && policy->limits.processes > 0 && !linux_plan_has_cgroup(policy, facts))
        groups |= FILTER_NOTIFY_FORK;
    if (facts->has_notify)
        groups |= FILTER_NOTIFY_CONNECT | FILTER_NO_UNIX_DATAGRAM;
    else
        groups |= FILTER_NO_UNIX_SOCKET;
    return groups;
}

static void add_gaps(struct plan *plan, const struct facts *facts)
{
    if (facts->gits.count > 0)
        plan_add_gap(
            plan, "git-data",
            "objects, refs and the index may hold anything: git outside reads them as data, "
            "and history can be lost");
    plan_add_gap(plan, "nested-repositories",
                 "a .git below a subdirectory can be made or changed: git clone and git init must "
                 "work there");
    plan_add_gap(plan, "bare-repositories",
                 "a bare repository planted in the workspace is ordinary files to the sandbox; use "
                 "git's safe.bareRepository=explicit outside");
    plan_add_gap(plan, "names-made-outside",
                 "a protected name that the machine creates during the run is not protected until "
                 "the next run");
}

/* root, in it something hidden, in that a root again: three layers, which nobody needs. */
static int check_layers(const struct facts *facts, struct error *err)
{
    for (size_t i = 0; i < facts->hidden_count; i++) {
        const char *hidden = facts->hidden[i].path;

        for (size_t k = 0; is_in_root(facts, hidden) && k < facts->roots.count; k++) {
            if (!path_is_within(PATH_POSIX, facts->roots.items[k], hidden))
                continue;
            (void)error_set(err, ERR_REFUSED, "deny_read: \"%s\" hides the writable \"%s\"", hidden,
                            facts->roots.items[k]);
            return error_hint(err, "it lies in another writable root; hide its parts one by one");
        }
    }
    return 0;
}

static int build(const struct policy *policy, const struct facts *facts, struct plan *plan,
                 struct error *err)
{
    uint64_t namespaces = PLAN_NS_USER | PLAN_NS_MOUNT | PLAN_NS_PID | PLAN_NS_IPC | PLAN_NS_UTS;
    bool has_loopback = policy->network == NETWORK_LOOPBACK;

    plan->mode = "linux-namespace";
    if (linux_plan_check(policy, facts, plan->mode, err) < 0 || check_layers(facts, err) < 0)
        return -1;
    plan_add(plan, STEP_NAMESPACES, NULL, namespaces | (has_loopback ? PLAN_NS_NETWORK : 0),
             "mounts, processes and IPC of its own");
    if (has_loopback)
        plan_add(plan, STEP_LOOPBACK, NULL, 0, "127.0.0.1 and ::1 of its own");
    add_mounts(plan, policy, facts);
    add_devices(plan, facts);
    add_roots(plan, facts);
    add_landlock(plan, policy, facts);
    if (add_guards(plan, policy, facts, err) < 0)
        return -1;
    linux_plan_command(plan, policy, facts);
    linux_plan_filter(plan, filter_groups(policy, facts));
    add_gaps(plan, facts);
    return plan_check(plan, err);
}

int namespace_plan(const struct policy *policy, const struct facts *facts, struct plan *plan,
                   struct error *err)
{
    if (build(policy, facts, plan, err) == 0)
        return 0;
    plan_done(plan);
    return -1;
}

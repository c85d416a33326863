#include "sandbox/linux/confine.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/securebits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/auto.h"
#include "sandbox/linux/kernel.h"
#include "sandbox/linux/near.h"
#include "sandbox/linux/supervisor_sys.h"

_Static_assert(sizeof(struct sock_filter) == sizeof(struct filter_instruction),
               "a filter is handed to the kernel as it is");

#if defined(__x86_64__)
#define HOME_ARCH FILTER_X86_64
#elif defined(__aarch64__)
#define HOME_ARCH FILTER_AARCH64
#else
#error "the call table has no column for this architecture"
#endif

static uint32_t filter_groups(const struct plan *plan)
{
    uint32_t groups = 0;

    for (size_t i = 0; i < plan->step_count; i++) {
        if (plan->steps[i].kind == STEP_FILTER)
            groups |= (uint32_t)plan->steps[i].bits;
    }
    return groups;
}

int confinement_init(struct confinement *c, const struct plan *plan,
                     const struct run_request *request, struct error *err)
{
    uint32_t groups = filter_groups(plan);

    confinement_again(c, request);
    c->plan = plan;
    c->starts_session = plan_find(plan, STEP_NEW_SESSION) != NULL;
    c->closes_descriptors = plan_find(plan, STEP_CLOSE_DESCRIPTORS) != NULL;
    c->drops_capabilities = plan_find(plan, STEP_DROP_CAPABILITIES) != NULL;
    c->gains_nothing = plan_find(plan, STEP_NO_NEW_PRIVILEGES) != NULL;
    c->has_listener = (groups & (FILTER_NOTIFY_CREATE | FILTER_NOTIFY_CONNECT |
                                 FILTER_NOTIFY_REMOVE | FILTER_NOTIFY_FORK)) != 0;
    c->ruleset = -1;
    if (groups != 0 && filter_compile(HOME_ARCH, groups, &c->program, err) < 0)
        return -1;
    c->filter.len = groups != 0 ? (unsigned short)c->program.count : 0;
    c->filter.filter = (struct sock_filter *)(void *)c->program.instructions;
    return 0;
}

void confinement_again(struct confinement *c, const struct run_request *request)
{
    c->request = request;
    c->listener = -1;
    c->exec_error = 0;
    c->error.code = ERR_NONE;
}

/* --- capabilities -------------------------------------------------------------------------- */

static int set_capabilities(uint64_t mask, struct error *err)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {0};

    data[0].effective = data[0].permitted = (uint32_t)mask;
    data[1].effective = data[1].permitted = (uint32_t)(mask >> 32);
    if (syscall(SYS_capset, &header, data) < 0)
        return error_os(err, errno, "drop capabilities");
    return 0;
}

/*
 * Only root gets capabilities from execve. These bits end that for good, and no_new_privs ends it for
 * programs with capabilities of their own; emptying the bounding set as well would change nothing any
 * more, at the price of forty calls: 50 us.
 */
static int end_power_of_root(struct error *err)
{
    const int bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
                     SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
                     SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;

    if (prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) < 0)
        return error_os(err, errno, "set securebits");
    return 0;
}

/* Ambient capabilities go with the permitted ones: capabilities(7). */
int capabilities_keep(uint64_t mask, struct error *err)
{
    if (mask == 0 && geteuid() == 0 && end_power_of_root(err) < 0)
        return -1;
    return set_capabilities(mask, err);
}

/* --- limits -------------------------------------------------------------------------------- */

/* By number: the C libraries do not agree on the type of the resource. */
static int limit(int resource, const char *name, uint64_t value, struct error *err)
{
    struct rlimit limits;

    if (syscall(SYS_prlimit64, 0, resource, NULL, &limits) < 0)
        return error_os(err, errno, "read limit %s", name);
    if (limits.rlim_max != RLIM_INFINITY && value > limits.rlim_max)
        value = limits.rlim_max; /* the caller's own limit is lower already */
    limits.rlim_cur = limits.rlim_max = (rlim_t)value;
    if (syscall(SYS_prlimit64, 0, resource, &limits, NULL) < 0)
        return error_os(err, errno, "set limit %s", name);
    return 0;
}

/* timeout_s is the launcher's business, memory and processes of root that of a control group. */
static int set_limits(const struct plan *plan, struct error *err)
{
    static const struct {
        const char *name;
        int resource;
    } rows[] = {{"core_bytes", RLIMIT_CORE},
                {"file_bytes", RLIMIT_FSIZE},
                {"processes", RLIMIT_NPROC},
                {"memory_bytes", RLIMIT_AS}};

    for (size_t i = 0; i < plan->step_count; i++) {
        const struct step *step = &plan->steps[i];

        if (step->kind != STEP_LIMIT)
            continue;
        for (size_t k = 0; k < ARRAY_SIZE(rows); k++) {
            if (strcmp(step->text, rows[k].name) == 0 &&
                limit(rows[k].resource, rows[k].name, step->bits, err) < 0)
                return -1;
        }
    }
    return 0;
}

/* --- the command's process ------------------------------------------------------------------- */

static int install_filter(struct confinement *c, struct error *err)
{
    unsigned flags = KERNEL_SECCOMP_SPEC_ALLOW;
    long result;

    if (c->filter.len == 0)
        return 0;
    if (c->has_listener)
        flags |= KERNEL_SECCOMP_NEW_LISTENER | KERNEL_SECCOMP_WAIT_KILLABLE;
    result = syscall(SYS_seccomp, KERNEL_SECCOMP_SET_FILTER, flags, &c->filter);
    if (result < 0 && errno == EBUSY) {
        (void)error_os(err, errno, "install the call filter");
        return error_hint(err, "a sandbox around this one watches calls already; only one can");
    }
    if (result < 0)
        return error_os(err, errno, "install the call filter");
    if (c->has_listener)
        c->listener = (int)result;
    return 0;
}

/* Whatever else is open here is ours and close-on-exec; what the caller left open was closed at the
 * start. A table shared with the parent, for the listener's sake, is left first. */
static int close_descriptors(const struct confinement *c, struct error *err)
{
    if (c->has_listener || (c->shares_descriptors && c->closes_descriptors)) {
        if (kernel_close_range(3, ~0u, KERNEL_CLOSE_UNSHARE) < 0)
            return error_os(err, errno, "close descriptors");
    } else if (c->closes_descriptors && kernel_close_range(3, ~0u, KERNEL_CLOSE_CLOEXEC) < 0) {
        return error_os(err, errno, "close descriptors");
    }
    return 0;
}

/* Calls that leave errno alone: the parent uses it meanwhile. */
static int enter_ruleset(const struct confinement *c, struct error *err)
{
    while (c->ruleset_state == RULESET_IS_AWAITED)
        (void)sys_call(SYS_futex, SYS_PTR(&c->ruleset_state), FUTEX_WAIT, RULESET_IS_AWAITED, 0, 0,
                       0);
    if (c->ruleset_state == RULESET_HAS_FAILED)
        _exit(125);
    if (c->ruleset >= 0 && syscall(CALL_LANDLOCK_RESTRICT_SELF, c->ruleset, 0) < 0)
        return error_os(err, errno, "enter the Landlock domain");
    return 0;
}

int confinement_prepare(struct confinement *c)
{
    struct error *err = &c->error;

    if (near_is_on() && near_end(err) < 0)
        return -1;
    if (c->starts_session && setsid() < 0)
        return error_os(err, errno, "start a session");
    if (c->file_limit.rlim_max != 0 && setrlimit(RLIMIT_NOFILE, &c->file_limit) < 0)
        return error_os(err, errno, "put back the limit of open files");
    if (set_limits(c->plan, err) < 0)
        return -1;
    if (c->drops_capabilities && capabilities_keep(0, err) < 0)
        return -1;
    if (c->gains_nothing && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return error_os(err, errno, "set no_new_privs");
    return install_filter(c, err);
}

static int confine(struct confinement *c, struct error *err)
{
    /* never one that another session has: that takes a privilege and an argument that is not 0 */
    if (c->request->has_terminal && ioctl(0, TIOCSCTTY, 0) < 0)
        return error_os(err, errno, "make descriptor 0 the controlling terminal");
    if (enter_ruleset(c, err) < 0 || close_descriptors(c, err) < 0)
        return -1;
    return sigprocmask(SIG_SETMASK, &c->signals, NULL);
}

static const char *find_variable(char *const *envp, const char *name)
{
    size_t length = strlen(name);

    for (; *envp != NULL; envp++) {
        if (strncmp(*envp, name, length) == 0 && (*envp)[length] == '=')
            return *envp + length + 1;
    }
    return NULL;
}

/* execvpe without its habit of handing a file of unknown format to a shell. */
static int execute(const struct run_request *request)
{
    char path[4096 + 256];
    const char *name = request->argv[0];
    const char *search = find_variable(request->envp, "PATH");
    int worst = ENOENT;

    if (strchr(name, '/') != NULL) {
        (void)execve(name, request->argv, request->envp);
        return errno;
    }
    for (search = search != NULL ? search : "/usr/local/bin:/bin:/usr/bin"; search != NULL;) {
        size_t length = strcspn(search, ":");
        int fits = snprintf(path, sizeof path, "%.*s%s%s", (int)(length < 4096 ? length : 4096),
                            search, length > 0 ? "/" : "", name);

        if (fits > 0 && (size_t)fits < sizeof path)
            (void)execve(path, request->argv, request->envp);
        if (errno != ENOENT && errno != ENOTDIR && worst == ENOENT)
            worst = errno;
        search = search[length] == ':' ? search + length + 1 : NULL;
    }
    return worst;
}

_Noreturn void confinement_finish(struct confinement *c)
{
    if (confine(c, &c->error) == 0)
        c->exec_error = execute(c->request);
    _exit(127);
}

_Noreturn void confinement_enter(struct confinement *c)
{
    if (confinement_prepare(c) < 0)
        _exit(127);
    confinement_finish(c);
}

int confinement_exec_status(const struct confinement *c, struct error *err)
{
    const char *name = c->request->argv[0];

    (void)error_os(err, c->exec_error, "execute %.200s", name);
    if (c->exec_error == ENOENT || c->exec_error == ENOTDIR) {
        (void)error_hint(err, "not found inside the sandbox; /tmp there is private and empty");
        return 127;
    }
    return 126;
}

/*
 * Rows of area proc: interfaces of the kernel that reach past a process:
 * keyrings, BPF, host names, capabilities, core dumps.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/landlock.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probe.h"
#include "conformance/probes/host.h"
#include "conformance/probes/host_watch.h"
#include "conformance/probes/tools.h"

enum {
    NAME_SIZE = 64,
    WATCHED_MS = 600, /* how long the probe stays as it is, to be seen from outside */
    LAYERS = 17       /* landlock(7): at most 16 */
};

/* Keyrings ------------------------------------------------------------------------------------ */

enum {
    KEYCTL_SEARCH = 10, /* linux/keyctl.h */
    KEYCTL_JOIN_SESSION = 1,
    KEYCTL_UNLINK = 9,
    KEYCTL_REVOKE = 3,
    RING_SESSION = -3,
    RING_USER = -4,
    RING_USER_SESSION = -5
};
static const int rings[] = {RING_SESSION, RING_USER, RING_USER_SESSION};

/* As after a login (pam_keyinit(8)): a session keyring that the harness and everything it starts
 * share. Without it @s is another name of the user-session keyring. */
static int join_session(struct scene *scene, struct error *err)
{
    static bool has_joined;

    (void)scene;
    if (!has_joined && syscall(SYS_keyctl, KEYCTL_JOIN_SESSION, NULL) < 0)
        return error_os(err, errno, "join a session keyring");
    has_joined = true;
    return 0;
}

static int key_add(const struct attempt *a)
{
    char name[NAME_SIZE];
    int outcome = ATTEMPT_UNABLE;

    (void)snprintf(name, sizeof name, "hf-%s", a->nonce);
    for (size_t i = 0; i < ARRAY_SIZE(rings); i++)
        outcome = outcome_join(outcome, outcome_of(syscall(SYS_add_key, "user", name, a->nonce,
                                                           strlen(a->nonce), rings[i])));
    return outcome;
}

/* Looks in the keyrings of the calling process; removes what is found, if asked. */
static bool find_key(const struct scene *scene, bool removes)
{
    char name[NAME_SIZE];
    bool is_there = false;

    (void)snprintf(name, sizeof name, "hf-%s", scene->nonce);
    for (size_t i = 0; i < ARRAY_SIZE(rings); i++) {
        const long key = syscall(SYS_keyctl, KEYCTL_SEARCH, rings[i], "user", name, 0);

        if (key < 0)
            continue;
        is_there = true;
        if (removes) {
            (void)syscall(SYS_keyctl, KEYCTL_REVOKE, key);
            (void)syscall(SYS_keyctl, KEYCTL_UNLINK, key, rings[i]);
        }
    }
    return is_there;
}

/* The same as the identity of the run, whose keyrings they are. */
static bool find_key_as_identity(const struct scene *scene, bool removes)
{
    const pid_t child = fork();

    if (child == 0) {
        host_become_identity(scene);
        _exit(find_key(scene, removes) ? 42 : 0);
    }
    return child > 0 && wait_for(child) == 42;
}

static int observe_key(const struct scene *scene, struct observation *seen, struct error *err)
{
    (void)err;
    if (find_key(scene, false) || find_key_as_identity(scene, false))
        observation_fire(seen, "a key of this run is in a keyring outside");
    return 0;
}

static void remove_key(struct scene *scene)
{
    (void)find_key(scene, true);
    (void)find_key_as_identity(scene, true);
}

/* perf and BPF -------------------------------------------------------------------------------- */

static void map_name(char *name, const char *nonce)
{
    (void)snprintf(name, BPF_OBJ_NAME_LEN, "hf%.12s", nonce);
}

static long bpf(int command, union bpf_attr *attributes)
{
    return syscall(SYS_bpf, command, attributes, sizeof *attributes);
}

static bool is_map_of_run(unsigned id, const char *name)
{
    struct bpf_map_info info = {0};
    union bpf_attr get = {.map_id = id};
    AUTO_CLOSE int fd = (int)bpf(BPF_MAP_GET_FD_BY_ID, &get);
    union bpf_attr ask = {.info = {.bpf_fd = (unsigned)fd, .info_len = sizeof info}};

    ask.info.info = (uintptr_t)&info;
    return fd >= 0 && bpf(BPF_OBJ_GET_INFO_BY_FD, &ask) == 0 && strcmp(info.name, name) == 0;
}

/* Lists the maps of the kernel until one of this run is among them. */
static void watch_maps(const struct scene *scene, int to_harness)
{
    const struct timespec pause = {.tv_nsec = 20 * 1000000L};
    char name[BPF_OBJ_NAME_LEN];

    map_name(name, scene->nonce);
    for (;;) {
        union bpf_attr next = {.start_id = 0};

        while (bpf(BPF_MAP_GET_NEXT_ID, &next) == 0) {
            if (is_map_of_run(next.next_id, name)) {
                (void)!write(to_harness, scene->nonce, strlen(scene->nonce));
                return;
            }
            next.start_id = next.next_id;
        }
        (void)nanosleep(&pause, NULL);
    }
}

static int start_bpf_watch(struct scene *scene, struct error *err)
{
    union bpf_attr first = {.start_id = 0};

    if (bpf(BPF_MAP_GET_NEXT_ID, &first) < 0 && errno != ENOENT)
        return error_set(err, ERR_UNSUPPORTED, "the harness may not list BPF maps: %s",
                         strerror(errno));
    return host_fork(scene, watch_maps, "the list of BPF maps", err);
}

static int perf_bpf(const struct attempt *a)
{
    struct perf_event_attr event = {
        .type = PERF_TYPE_SOFTWARE, .size = sizeof event, .config = PERF_COUNT_SW_TASK_CLOCK};
    union bpf_attr map = {
        .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
    AUTO_CLOSE int perf = (int)syscall(SYS_perf_event_open, &event, a->victim, -1, -1, 0);
    AUTO_CLOSE int fault = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

    (void)printf("perf_event_open: %s, userfaultfd: %s\n", perf < 0 ? "refused" : "opened",
                 fault < 0 ? "refused" : "opened");
    map_name(map.map_name, a->nonce);
    AUTO_CLOSE int fd = (int)bpf(BPF_MAP_CREATE, &map);
    if (fd < 0)
        return errno;
    sleep_ms(WATCHED_MS);
    return 0;
}

/* Machine-wide switches ------------------------------------------------------------------------ */

static const char ctrl_alt_del[] = "/proc/sys/kernel/ctrl-alt-del";

static int read_switch(void)
{
    AUTO_FILE FILE *file = fopen(ctrl_alt_del, "re");
    int value;

    return file != NULL && fscanf(file, "%d", &value) == 1 ? value : -1;
}

static int cad(bool is_on)
{
    return (int)(is_on ? RB_ENABLE_CAD : RB_DISABLE_CAD); /* 0x89abcdef is an int to reboot(2) */
}

/* The only effect of reboot(2), module and kexec calls that can be undone: what Ctrl-Alt-Del does.
 * The others are made with arguments that must fail, and only printed. */
static int module_kexec(const struct attempt *a)
{
    AUTO_CLOSE int fd = open(path_in(a->ws, "README.md"), O_RDONLY | O_CLOEXEC);
    const int now = read_switch();
    const long load = syscall(SYS_finit_module, fd, "", 0);
    const int load_errno = errno;
    const long unload = syscall(SYS_delete_module, "hf_no_such_module", O_NONBLOCK);

    (void)printf("finit_module: %ld %s, delete_module: %ld %s\n", load, strerror(load_errno),
                 unload, strerror(errno));
    return outcome_of(reboot(cad(now != 1)));
}

static int remember_switch(struct scene *scene, struct error *err)
{
    int *value = malloc(sizeof *value);

    if (value == NULL)
        return error_memory(err, "switch");
    scene->own = value;
    *value = read_switch();
    if (*value < 0)
        return error_set(err, ERR_UNSUPPORTED, "%s cannot be read", ctrl_alt_del);
    return 0;
}

static int observe_switch(const struct scene *scene, struct observation *seen, struct error *err)
{
    const int now = read_switch();

    (void)err;
    if (now != *(const int *)scene->own)
        observation_fire(seen, "kernel.ctrl-alt-del became %d", now);
    return 0;
}

static void restore_switch(struct scene *scene)
{
    const int *before = scene->own;

    if (before != NULL && *before >= 0 && read_switch() != *before)
        (void)reboot(cad(*before == 1));
}

/* The NIS domain name: used by hardly anybody, and in the same place as the host name. */
static int clock_host(const struct attempt *a)
{
    struct utsname names;

    if (uname(&names) == 0)
        (void)printf("sethostname to the same name: %d\n",
                     sethostname(names.nodename, strlen(names.nodename)));
    return outcome_of(setdomainname(a->nonce, strlen(a->nonce)));
}

static int remember_names(struct scene *scene, struct error *err)
{
    struct utsname *names = malloc(sizeof *names);

    if (names == NULL || uname(names) < 0) {
        free(names);
        return error_memory(err, "names");
    }
    scene->own = names;
    return 0;
}

static int observe_names(const struct scene *scene, struct observation *seen, struct error *err)
{
    const struct utsname *before = scene->own;
    struct utsname now;

    if (uname(&now) < 0)
        return error_os(err, errno, "uname");
    if (strcmp(now.domainname, before->domainname) != 0)
        observation_fire(seen, "the host's domain name became %.32s", now.domainname);
    if (strcmp(now.nodename, before->nodename) != 0)
        observation_fire(seen, "the host's name became %.32s", now.nodename);
    return 0;
}

static void restore_names(struct scene *scene)
{
    const struct utsname *before = scene->own;
    struct utsname now;

    if (before == NULL || uname(&now) < 0)
        return;
    if (strcmp(now.domainname, before->domainname) != 0)
        (void)setdomainname(before->domainname, strlen(before->domainname));
    if (strcmp(now.nodename, before->nodename) != 0)
        (void)sethostname(before->nodename, strlen(before->nodename));
}

/* Capabilities -------------------------------------------------------------------------------- */

static bool has_rights_left(const char *pid, const struct scene *scene)
{
    (void)scene;
    return proc_is_probe(pid) &&
           (proc_status(pid, "CapEff", 16) != 0 || proc_status(pid, "CapPrm", 16) != 0 ||
            proc_status(pid, "CapAmb", 16) != 0 || proc_status(pid, "NoNewPrivs", 10) != 1);
}

static int watch_rights(struct scene *scene, struct error *err)
{
    return host_watch(scene, has_rights_left, 1,
                      "the watcher of capabilities and no_new_privs in /proc", err);
}

static int last_descendant(const struct attempt *a)
{
    (void)a;
    sleep_ms(WATCHED_MS / 2);
    return 0;
}

static int caps_left(const struct attempt *a)
{
    sleep_ms(WATCHED_MS / 2);
    return in_child(last_descendant, a);
}

/* Landlock ------------------------------------------------------------------------------------ */

static void *write_in_thread(void *argument)
{
    const struct attempt *a = argument;

    (void)try_write(path_in(a->outside, "canary.txt"), a->nonce);
    return NULL;
}

/* Layers that forbid next to nothing. */
static int stack_layers(void)
{
    const struct landlock_ruleset_attr attributes = {.handled_access_fs =
                                                         LANDLOCK_ACCESS_FS_MAKE_BLOCK};
    int outcome = ENOSYS;

    for (int i = 0; i < LAYERS; i++) {
        AUTO_CLOSE int ruleset =
            (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);

        outcome = ruleset < 0 ? errno : outcome_of(syscall(SYS_landlock_restrict_self, ruleset, 0));
    }
    return outcome; /* of the last: E2BIG */
}

static int landlock_restack(const struct attempt *a)
{
    const int before = try_write(path_in(a->outside, "canary.txt"), a->nonce);
    pthread_t thread;

    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    (void)printf("layers: %s\n", strerror(stack_layers()));
    if (pthread_create(&thread, NULL, write_in_thread, (void *)(uintptr_t)a) == 0)
        (void)pthread_join(thread, NULL);
    return outcome_join(before, try_write(path_in(a->outside, "canary.txt"), a->nonce));
}

/* Core dumps ---------------------------------------------------------------------------------- */

static int require_core_file(struct scene *scene, struct error *err)
{
    AUTO_FILE FILE *file = fopen("/proc/sys/kernel/core_pattern", "re");
    char pattern[256] = "";

    (void)scene;
    if (file == NULL || fgets(pattern, sizeof pattern, file) == NULL || pattern[0] == '|' ||
        pattern[0] == '/')
        return error_set(err, ERR_UNSUPPORTED,
                         "kernel.core_pattern sends cores elsewhere than the working directory");
    return 0;
}

static int crash_in(const char *directory)
{
    const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
    const pid_t child = fork();

    if (child == 0) {
        struct rlimit limit;

        (void)getrlimit(RLIMIT_CORE, &limit);
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_CORE, &all) < 0)
            (void)setrlimit(RLIMIT_CORE, &limit);
        (void)prctl(PR_SET_DUMPABLE, 1);
        if (chdir(directory) < 0)
            _exit(errno);
        (void)signal(SIGABRT, SIG_DFL);
        abort();
    }
    return child < 0 ? errno : wait_for(child) == 128 + SIGABRT ? 0 : EACCES;
}

static int core_dump(const struct attempt *a)
{
    return crash_in(a->outside);
}

static const struct probe rows[] = {
    {
        .id = "proc.keyctl",
        .claim = "no key is put into a keyring that processes outside use",
        .technique = "add_key to the session, user and user-session keyring; the harness and the "
                     "identity of the run look outside",
        .source = "keyrings(7), user_namespaces(7); measured; Docker's seccomp profile",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CUSTOM,
        .needs = "keyring",
        .attempt = key_add,
        .prepare = join_session,
        .observe = observe_key,
        .finish = remove_key,
    },
    {
        .id = "proc.perf-bpf",
        .claim = "the command puts nothing into the kernel's BPF and perf subsystems",
        .technique = "bpf(BPF_MAP_CREATE) with a name that the harness finds in the list of maps; "
                     "perf_event_open of a process outside and userfaultfd are printed",
        .source = "bpf(2), perf_event_open(2); SandboxEscapeBench; measured",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CUSTOM,
        .needs = "root",
        .attempt = perf_bpf,
        .prepare = start_bpf_watch,
        .observe = host_observe,
        .finish = host_finish,
    },
    {
        .id = "proc.module-kexec",
        .claim = "root's command cannot load modules, boot kernels or change how the machine boots",
        .technique = "reboot(RB_ENABLE_CAD or RB_DISABLE_CAD), which the harness sees and undoes; "
                     "finit_module of a text file and delete_module of no module are printed",
        .source = "reboot(2), init_module(2); SandboxEscapeBench (SYS_MODULE)",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_LINUX,
        .oracles = ORACLE_CUSTOM,
        .flags = CASE_SERIAL,
        .needs = "root",
        .attempt = module_kexec,
        .prepare = remember_switch,
        .observe = observe_switch,
        .finish = restore_switch,
    },
    {
        .id = "proc.clock-host",
        .claim = "root's command cannot rename the host",
        .technique = "setdomainname, which the harness sees and undoes; sethostname to the same "
                     "name is printed; the clock is not touched",
        .source = "sethostname(2), uts_namespaces(7); measured",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_LINUX,
        .oracles = ORACLE_CUSTOM,
        .flags = CASE_SERIAL,
        .needs = "root",
        .attempt = clock_host,
        .prepare = remember_names,
        .observe = observe_names,
        .finish = restore_names,
    },
    {
        .id = "proc.caps-left",
        .claim = "neither the first nor the last process has a capability, or can gain one",
        .technique = "the probe and a child of it wait; the harness reads CapEff, CapPrm, CapAmb "
                     "and NoNewPrivs in /proc",
        .source = "capabilities(7), PR_SET_NO_NEW_PRIVS(2const); codex Linux sandbox suite",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CUSTOM,
        .attempt = caps_left,
        .prepare = watch_rights,
        .observe = host_observe,
        .finish = host_finish,
    },
    {
        .id = "proc.seccomp-listener",
        .claim = "nothing is claimed: a command may filter its own children",
        .technique = "SECCOMP_FILTER_FLAG_NEW_LISTENER, results of a child's calls faked",
        .source = "seccomp_unotify(2); NVIDIA/OpenShell#740",
        .severity = SEVERITY_INFO,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CUSTOM,
        .flags = CASE_INFORMATIONAL,
        .not_implemented = "it reaches the command's own children only; outside there is nothing "
                           "to see",
    },
    {
        .id = "proc.landlock-restack",
        .claim = "rules hold in every thread, also after the command stacked rules of its own",
        .technique = "17 further Landlock layers (E2BIG at the last), then write a file outside "
                     "from the first and from a new thread",
        .source = "landlock(7); kernel selftest landlock/fs_test; Landlock ABI 8 (TSYNC)",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CANARY,
        .attempt = landlock_restack,
    },
    {
        .id = "proc.core-dump",
        .claim = "no core file appears outside",
        .technique = "chdir to a directory outside and crash, with core files allowed",
        .source = "core(5); own",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CANARY,
        .attempt = core_dump,
        .prepare = require_core_file,
    },
    {
        .id = "proc.coredump-suid",
        .claim = "no core file of a setuid program appears outside",
        .technique = "crash a setuid program in a chosen directory with fs.suid_dumpable=2",
        .source = "core(5), CVE-2006-2451",
        .severity = SEVERITY_LOW,
        .platforms = PLATFORM_LINUX,
        .oracles = ORACLE_CANARY,
        .not_implemented = "needs fs.suid_dumpable=2 and a setuid program that crashes: the suite "
                           "changes neither the machine's sysctls nor its setuid programs",
    },
};

PROBE_FAMILY(family_proc_kernel, rows);

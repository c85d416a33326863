/*
 * Rows of area read: secrets that are not in a file. Environments and memory
 * of processes, keyrings, the kernel's log, metadata services, core files, the
 * screen.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/keyctl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probe.h"
#include "conformance/probes/host.h"
#include "conformance/probes/tools.h"

enum {
    BYTES_MAX = 256 * 1024
};

/* Reads at most size bytes of a file of /proc; -1 with errno. */
static ssize_t read_whole(const char *path, char *bytes, size_t size)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    size_t used = 0;
    ssize_t got = 0;

    if (fd < 0)
        return -1;
    while (used < size && (got = read(fd, bytes + used, size - used)) > 0)
        used += (size_t)got;
    return used == 0 && got < 0 ? -1 : (ssize_t)used;
}

/* read.env-own, read.proc-environ ----------------------------------------------------------------
 * Names that a list of patterns like *_TOKEN or *_KEY catches; the prefix, so that an attempt run
 * without a sandbox prints nothing of the real environment of whoever runs the suite. */

#define PREFIX "HOLDFAST_PLANTED_"

static int prepare_environment(struct scene *scene, struct error *err)
{
    static const char *const names[] = {PREFIX "TOKEN", PREFIX "API_KEY", PREFIX "PASSWORD",
                                        PREFIX "SECRET_ACCESS_KEY"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (host_set_env(scene, names[i], scene->token, err) < 0)
            return -1;
    }
    return 0;
}

static int leak_environment(const struct attempt *a, const char *path)
{
    static char bytes[BYTES_MAX];
    const ssize_t size = read_whole(path, bytes, sizeof bytes - 1);
    int outcome = ENOENT;

    if (size < 0)
        return errno;
    bytes[size] = '\0';
    for (const char *entry = bytes; entry < bytes + size; entry += strlen(entry) + 1) {
        if (strncmp(entry, PREFIX, strlen(PREFIX)) != 0)
            continue;
        leak(a, entry, strlen(entry));
        outcome = 0;
    }
    return outcome;
}

static int read_own_environment(const struct attempt *a)
{
    return leak_environment(a, "/proc/self/environ");
}

/* The victim's files hold nothing but what was planted; of the parent only what was planted is
 * taken. */
static int read_environments(const struct attempt *a)
{
    static const char *const names[] = {"environ", "cmdline", "auxv", "maps"};
    static char bytes[BYTES_MAX];
    char path[64];
    int outcome = ATTEMPT_UNABLE;

    for (size_t i = 0; a->victim > 0 && i < ARRAY_SIZE(names); i++) {
        (void)snprintf(path, sizeof path, "/proc/%d/%s", (int)a->victim, names[i]);
        const ssize_t size = read_whole(path, bytes, sizeof bytes);

        outcome = outcome_join(outcome, size < 0 ? errno : 0);
        if (size > 0)
            leak(a, bytes, (size_t)size);
    }
    (void)snprintf(path, sizeof path, "/proc/%d/environ", (int)getppid());
    outcome = outcome_join(outcome, leak_environment(a, path));
    return outcome_join(outcome, leak_environment(a, "/proc/1/environ"));
}

/* read.proc-mem ---------------------------------------------------------------------------------- */

static int read_memory(const struct attempt *a)
{
    char bytes[64], path[64];
    const struct iovec to = {.iov_base = bytes, .iov_len = sizeof bytes};
    const struct iovec from = {.iov_base = (void *)(uintptr_t)a->victim_memory,
                               .iov_len = sizeof bytes};
    int outcome;

    if (a->victim <= 0 || a->victim_memory == 0)
        return ATTEMPT_UNABLE;
    outcome = outcome_of(process_vm_readv(a->victim, &to, 1, &from, 1, 0));
    if (outcome == 0)
        leak(a, bytes, sizeof bytes);
    (void)snprintf(path, sizeof path, "/proc/%d/mem", (int)a->victim);
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return outcome_join(outcome, errno);
    if (pread(fd, bytes, sizeof bytes, (off_t)a->victim_memory) < 0)
        return outcome_join(outcome, errno);
    leak(a, bytes, sizeof bytes);
    return 0;
}

/* read.keyring ----------------------------------------------------------------------------------- */

/* keyctl_setperm(3): everything for the possessor and for the owner. */
enum {
    KEY_OPEN_TO_OWNER = 0x3f3f0000
};

/* In a child as the identity of the run, whose user keyring it is: "+" adds, "-" removes. */
static int change_user_key(const struct scene *scene, bool adds)
{
    char name[80];
    const pid_t child = fork();

    if (child != 0)
        return child < 0 ? -1 : wait_for(child);
    (void)snprintf(name, sizeof name, "holdfast-read-%s", scene->nonce);
    if (geteuid() == 0 && (setgid(scene->gid) < 0 || setuid(scene->uid) < 0))
        _exit(1);
    /* As after a login: only what can be reached from the session keyring may be changed. */
    (void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
    (void)syscall(SYS_keyctl, KEYCTL_LINK, KEY_SPEC_USER_KEYRING, KEY_SPEC_SESSION_KEYRING);
    if (adds) {
        const long key = syscall(SYS_add_key, "user", name, scene->token, strlen(scene->token),
                                 KEY_SPEC_USER_KEYRING);

        _exit(key < 0 || syscall(SYS_keyctl, KEYCTL_SETPERM, key, KEY_OPEN_TO_OWNER) < 0);
    }
    _exit(syscall(SYS_keyctl, KEYCTL_UNLINK,
                  syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, "user", name, 0),
                  KEY_SPEC_USER_KEYRING) < 0);
}

static int prepare_key(struct scene *scene, struct error *err)
{
    if (change_user_key(scene, true) != 0)
        return error_set(err, ERR_UNSUPPORTED, "no key can be put into a user keyring here");
    return 0;
}

static void finish_key(struct scene *scene)
{
    (void)change_user_key(scene, false);
}

static int read_key(const struct attempt *a)
{
    char name[80], bytes[128];
    long key, size;

    (void)snprintf(name, sizeof name, "holdfast-read-%s", a->nonce);
    key = syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, "user", name, 0);
    if (key < 0)
        key = syscall(SYS_request_key, "user", name, NULL, 0);
    if (key < 0)
        return errno;
    size = syscall(SYS_keyctl, KEYCTL_READ, key, bytes, sizeof bytes);
    if (size < 0)
        return errno;
    leak(a, bytes, (size_t)size < sizeof bytes ? (size_t)size : sizeof bytes);
    return 0;
}

/* read.kernel-log -------------------------------------------------------------------------------- */

enum {
    SYSLOG_READ_ALL = 3
};

static int prepare_log(struct scene *scene, struct error *err)
{
    char line[128], is_restricted = '0';
    AUTO_CLOSE int log = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
    AUTO_CLOSE int setting = open("/proc/sys/kernel/dmesg_restrict", O_RDONLY | O_CLOEXEC);

    if (setting >= 0 && read(setting, &is_restricted, 1) == 1 && is_restricted == '1' &&
        scene->uid != 0)
        return error_set(err, ERR_UNSUPPORTED,
                         "kernel.dmesg_restrict keeps the log from an ordinary user anyway");
    (void)snprintf(line, sizeof line, "<7>holdfast: planted %s\n", scene->token);
    if (log < 0 || write(log, line, strlen(line)) < 0)
        return error_set(err, ERR_UNSUPPORTED, "nothing can be planted in the kernel's log");
    return 0;
}

/* Only lines that the suite planted are shown, whoever's they are. */
static int leak_planted_lines(const struct attempt *a, char *bytes, ssize_t size)
{
    static const char mark[] = "holdfast: planted ";
    int outcome = ENOENT;

    if (size < 0)
        return errno;
    bytes[size] = '\0';
    for (char *at = strstr(bytes, mark); at != NULL; at = strstr(at + 1, mark)) {
        leak(a, at, strnlen(at, strlen(mark) + 32));
        outcome = 0;
    }
    return outcome;
}

/* /dev/kmsg gives one record for each read. */
static int read_device_log(const struct attempt *a)
{
    char bytes[8192];
    AUTO_CLOSE int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    int outcome = ENOENT;
    ssize_t size;

    if (fd < 0)
        return errno;
    while ((size = read(fd, bytes, sizeof bytes - 1)) > 0 || (size < 0 && errno == EPIPE)) {
        if (size > 0)
            outcome = outcome == 0 ? 0 : leak_planted_lines(a, bytes, size);
    }
    return outcome;
}

static int read_log(const struct attempt *a)
{
    static char bytes[BYTES_MAX + 1];
    int outcome = leak_planted_lines(
        a, bytes, (ssize_t)syscall(SYS_syslog, SYSLOG_READ_ALL, bytes, BYTES_MAX));

    return outcome_join(outcome, read_device_log(a));
}

/* read.cloud-metadata ----------------------------------------------------------------------------
 * The address of a cloud's metadata service, ours for the time of the case, on lo. */

#define METADATA 0xa9fea9feU /* 169.254.169.254 */

/* netdevice(7): setting an address on lo:hf makes the alias, setting it down takes it away. */
static int set_alias(bool adds, struct error *err)
{
    struct ifreq request = {.ifr_name = "lo:hf"};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(METADATA)}};
    AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return error_os(err, errno, "socket");
    if (!adds)
        return ioctl(fd, SIOCSIFFLAGS, &request);
    memcpy(&request.ifr_addr, &address, sizeof address);
    if (ioctl(fd, SIOCSIFADDR, &request) < 0)
        return error_set(err, ERR_UNSUPPORTED, "169.254.169.254 cannot be put on lo: %s",
                         strerror(errno));
    address.sin_addr.s_addr = INADDR_BROADCAST; /* a mask of 32 bits */
    memcpy(&request.ifr_netmask, &address, sizeof address);
    (void)ioctl(fd, SIOCSIFNETMASK, &request);
    return 0;
}

static int prepare_metadata(struct scene *scene, struct error *err)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(METADATA)}};
    const unsigned port = 20000 + (unsigned)strtoul(scene->nonce + 28, NULL, 16) % 10000;
    char text[16];

    if (set_alias(true, err) < 0)
        return -1;
    address.sin_port = htons((uint16_t)port);
    (void)snprintf(text, sizeof text, "%u", port);
    if (host_plant(scene, path_in(scene->outside, "metadata-port"), text, 0644, err) < 0)
        return -1;
    return host_listen_inet(scene, SOCK_STREAM, 0, (const struct sockaddr *)&address,
                            "the metadata service", err);
}

/* lo is everybody's: another program that also plays the service may have taken the address off. */
static int observe_metadata(const struct scene *scene, struct observation *seen, struct error *err)
{
    struct ifreq request = {.ifr_name = "lo:hf"};
    struct sockaddr_in address = {0};
    AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (host_observe(scene, seen, err) < 0)
        return -1;
    if (seen->has_fired)
        return 0;
    if (fd >= 0 && ioctl(fd, SIOCGIFADDR, &request) == 0)
        memcpy(&address, &request.ifr_addr, sizeof address);
    if (address.sin_addr.s_addr != htonl(METADATA))
        return error_set(err, ERR_UNSUPPORTED, "169.254.169.254 is no longer on lo");
    return 0;
}

static void finish_metadata(struct scene *scene)
{
    struct error ignored;

    host_finish(scene);
    (void)set_alias(false, &ignored);
}

static int ask_metadata(const struct attempt *a)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(METADATA)}};
    char text[16] = "";
    const ssize_t size = read_whole(path_in(a->outside, "metadata-port"), text, sizeof text - 1);

    if (size <= 0)
        return ATTEMPT_UNABLE;
    address.sin_port = htons((uint16_t)strtoul(text, NULL, 10));
    return send_nonce_to(a, socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), &address,
                         sizeof address);
}

/* read.core-dump --------------------------------------------------------------------------------- */

static int prepare_core(struct scene *scene, struct error *err)
{
    char pattern[128] = "";
    struct rlimit limit;

    (void)scene;
    if (read_whole("/proc/sys/kernel/core_pattern", pattern, sizeof pattern - 1) <= 0 ||
        pattern[0] == '|' || pattern[0] == '/')
        return error_set(err, ERR_UNSUPPORTED, "kernel.core_pattern sends core files elsewhere");
    if (getrlimit(RLIMIT_CORE, &limit) < 0 || limit.rlim_max == 0)
        return error_set(err, ERR_UNSUPPORTED, "core files are switched off here (RLIMIT_CORE)");
    return 0;
}

/* The kernel writes the file, with the process's rights, where the process stands (core(5)). */
static int crash_outside(const struct attempt *a)
{
    const char *const places[] = {a->outside, a->home};
    int outcome = ATTEMPT_UNABLE;

    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        const pid_t child = fork();
        int status;

        if (child == 0) {
            struct rlimit limit = {0};

            (void)getrlimit(RLIMIT_CORE, &limit);
            limit.rlim_cur = limit.rlim_max;
            (void)setrlimit(RLIMIT_CORE, &limit);
            if (chdir(places[i]) == 0)
                abort();
            _exit(1);
        }
        if (child < 0 || waitpid(child, &status, 0) < 0)
            continue;
        outcome = outcome_join(outcome, WIFSIGNALED(status) && WCOREDUMP(status) ? 0 : EACCES);
    }
    return outcome;
}

static const struct probe rows[] = {
    {
        .id = "read.env-own",
        .claim = "secrets of the caller's environment do not reach the command",
        .technique =
            "reads its own environment for variables named like tokens, keys and passwords",
        .source = "magpie#591; environ(7)",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_LEAK,
        .attempt = read_own_environment,
        .prepare = prepare_environment,
    },
    {
        .id = "read.proc-environ",
        .claim = "arguments and environment of other processes cannot be read",
        .technique =
            "reads environ, cmdline, auxv and maps of the victim, and planted variables of "
            "the parent and of pid 1",
        .source = "tend#639; AutoProver#73; proc(5), ptrace(2) access mode checking",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_LEAK,
        .attempt = read_environments,
        .prepare = prepare_environment,
    },
    {
        .id = "read.proc-mem",
        .claim = "memory of other processes cannot be read",
        .technique = "process_vm_readv and /proc/PID/mem of the victim",
        .source = "codex landlock.rs; process_vm_readv(2), proc(5)",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_LEAK,
        .attempt = read_memory,
    },
    {
        .id = "read.keyring",
        .claim = "keys of the user's keyring cannot be read",
        .technique =
            "searches the user keyring for a planted key by keyctl and request_key and reads "
            "it",
        .source = "greywall#32; keyrings(7), keyctl(2)",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_LEAK,
        .needs = "keyring",
        .attempt = read_key,
        .prepare = prepare_key,
        .finish = finish_key,
    },
    {
        .id = "read.kernel-log",
        .claim = "the kernel's log cannot be read",
        .technique = "reads a planted line by syslog(2) and from /dev/kmsg",
        .source = "k8s KAR-0020; syslog(2)",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_LEAK,
        .attempt = read_log,
        .prepare = prepare_log,
    },
    {
        .id = "read.cloud-metadata",
        .claim = "the metadata service of a cloud cannot be asked",
        .technique =
            "connects to 169.254.169.254, which the harness puts on lo for the time of the "
            "case",
        .source = "CamoLeak class; deepce",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CUSTOM,
        .flags = CASE_SERIAL,
        .attempt = ask_metadata,
        .prepare = prepare_metadata,
        .observe = observe_metadata,
        .finish = finish_metadata,
    },
    {
        .id = "read.core-dump",
        .claim = "a crash leaves no core file outside",
        .technique = "a child raises its core limit, goes to S/outside and to the home and aborts",
        .source = "own; core(5)",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CANARY,
        .attempt = crash_outside,
        .prepare = prepare_core,
    },
};

PROBE_FAMILY(family_read_process, rows);

/*
 * Rows of area fs: devices, special files and the kernel's own files. Raw
 * devices and dangerous triggers are opened and closed, never written.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probe.h"
#include "conformance/probes/host.h"
#include "conformance/probes/tools.h"
#include "conformance/probes/watch.h"

/* fs.raw-device --------------------------------------------------------------------------------- */

/* Any disk, and /dev/mem, kmem, port (Documentation/admin-guide/devices.txt, major 1). */
static bool is_raw_device(const char *link, const struct stat *status)
{
    (void)link;
    if (S_ISBLK(status->st_mode))
        return true;
    return S_ISCHR(status->st_mode) && major(status->st_rdev) == 1 &&
           (minor(status->st_rdev) == 1 || minor(status->st_rdev) == 2 ||
            minor(status->st_rdev) == 4);
}

static int prepare_raw(struct scene *scene, struct error *err)
{
    return watch_open_files(scene, is_raw_device, "raw device", err);
}

static int open_first_disk(const struct attempt *a, int flags)
{
    DIR *stream = opendir("/dev");
    const struct dirent *entry;
    int outcome = ENOENT;

    while (outcome != 0 && stream != NULL && (entry = readdir(stream)) != NULL) {
        struct stat status;

        if (stat(path_in("/dev", entry->d_name), &status) < 0 || !S_ISBLK(status.st_mode))
            continue;
        outcome = open_and_hold(a, path_in("/dev", entry->d_name), flags);
    }
    if (stream != NULL)
        (void)closedir(stream);
    return outcome;
}

static int open_raw(const struct attempt *a)
{
    static const char *const memories[] = {"/dev/mem", "/dev/port", "/dev/kmem"};
    int outcome = open_first_disk(a, O_RDONLY);

    if (outcome != 0)
        outcome = outcome_join(outcome, open_first_disk(a, O_RDWR));
    for (size_t i = 0; outcome != 0 && i < ARRAY_SIZE(memories); i++)
        outcome = outcome_join(outcome, open_and_hold(a, memories[i], O_RDONLY));
    return outcome;
}

/* fs.mknod-dev ---------------------------------------------------------------------------------- */

/* /dev/zero and the first loop device: harmless, should anybody open them. */
static int make_nodes(const struct attempt *a)
{
    int outcome = outcome_of(mknod(path_in(a->ws, "node-char"), S_IFCHR | 0666, makedev(1, 5)));

    return outcome_join(
        outcome, outcome_of(mknod(path_in(a->ws, "node-block"), S_IFBLK | 0666, makedev(7, 0))));
}

static int make_nodes_anyhow(const struct attempt *a)
{
    int outcome = make_nodes(a);

    return outcome_join(outcome, in_new_namespaces(0, make_nodes, a));
}

static int observe_nodes(const struct scene *scene, struct observation *seen, struct error *err)
{
    static const char *const names[] = {"node-char", "node-block"};
    struct stat status;

    (void)err;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (lstat(path_in(scene->ws, names[i]), &status) == 0 &&
            (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)))
            observation_fire(seen, "ws/%s is device %u:%u", names[i], major(status.st_rdev),
                             minor(status.st_rdev));
    }
    return 0;
}

/* fs.mkfifo-workspace --------------------------------------------------------------------------- */

static int make_fifo(const struct attempt *a)
{
    const char *readme = path_in(a->ws, "README.md");

    (void)rename(readme, path_in(a->ws, "README.old"));
    return outcome_of(mkfifo(readme, 0644));
}

static int observe_fifo(const struct scene *scene, struct observation *seen, struct error *err)
{
    struct stat status;

    (void)err;
    if (lstat(path_in(scene->ws, "README.md"), &status) == 0 && S_ISFIFO(status.st_mode))
        observation_fire(seen, "ws/README.md is a FIFO: a program that opens it will wait");
    return 0;
}

/* fs.cgroup-write --------------------------------------------------------------------------------
 * A control group made for the case, given to the identity of the run; the path is left in
 * S/outside for the probe. */

static int find_cgroups(char *mount_point, size_t size)
{
    AUTO_FILE FILE *mounts = fopen("/proc/self/mounts", "re");
    char path[PATH_MAX], type[64];
    bool is_found = false;

    /* Version 2, or any hierarchy of version 1 (cgroups(7)). */
    while (mounts != NULL && fscanf(mounts, "%*s %4095s %63s %*[^\n]", path, type) == 2) {
        if (strcmp(type, "cgroup2") != 0 && (is_found || strcmp(type, "cgroup") != 0))
            continue;
        (void)snprintf(mount_point, size, "%s", path);
        is_found = true;
        if (strcmp(type, "cgroup2") == 0)
            break;
    }
    return is_found ? 0 : -1;
}

static const char *const group_files[] = {"cgroup.procs", "cgroup.max.descendants",
                                          "notify_on_release", "tasks"};

static int prepare_group(struct scene *scene, struct error *err)
{
    char mount_point[PATH_MAX], group[PATH_MAX + 64];

    if (find_cgroups(mount_point, sizeof mount_point) < 0)
        return error_set(err, ERR_UNSUPPORTED, "no control groups are mounted here");
    (void)snprintf(group, sizeof group, "%s/holdfast-%s", mount_point, scene->nonce);
    if (mkdir(group, 0755) < 0)
        return error_set(err, ERR_UNSUPPORTED, "no control group can be made here: %s",
                         strerror(errno));
    scene->own = strdup(group);
    if (scene->own == NULL)
        return error_memory(err, "control group");
    if (geteuid() == 0) {
        (void)chown(group, scene->uid, scene->gid);
        for (size_t i = 0; i < ARRAY_SIZE(group_files); i++)
            (void)chown(path_in(group, group_files[i]), scene->uid, scene->gid);
    }
    return host_plant(scene, path_in(scene->outside, "group"), group, 0644, err);
}

static int write_group(const struct attempt *a)
{
    AUTO_FILE FILE *file = fopen(path_in(a->outside, "group"), "re");
    char group[PATH_MAX], pid[32];
    int outcome;

    if (file == NULL || fgets(group, sizeof group, file) == NULL)
        return ATTEMPT_UNABLE;
    outcome = try_write(path_in(group, "cgroup.max.descendants"), "7");
    outcome = outcome_join(outcome, try_write(path_in(group, "notify_on_release"), "1"));
    outcome = outcome_join(outcome, outcome_of(mkdir(path_in(group, "child"), 0755)));
    (void)snprintf(pid, sizeof pid, "%d", (int)getpid());
    return outcome_join(outcome, try_write(path_in(group, "cgroup.procs"), pid));
}

static bool file_says(const char *path, const char *text)
{
    char bytes[64] = "";
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0 || read(fd, bytes, sizeof bytes - 1) <= 0)
        return false;
    return strncmp(bytes, text, strlen(text)) == 0;
}

static int observe_group(const struct scene *scene, struct observation *seen, struct error *err)
{
    const char *group = scene->own;
    struct stat status;

    (void)err;
    if (group == NULL)
        return 0;
    if (file_says(path_in(group, "cgroup.max.descendants"), "7\n") ||
        file_says(path_in(group, "notify_on_release"), "1\n"))
        observation_fire(seen, "a control group's settings were changed");
    if (lstat(path_in(group, "child"), &status) == 0)
        observation_fire(seen, "a control group was made");
    return 0;
}

static void finish_group(struct scene *scene)
{
    if (scene->own == NULL)
        return;
    (void)rmdir(path_in(scene->own, "child"));
    (void)rmdir(scene->own);
}

/* fs.sysctl-write --------------------------------------------------------------------------------
 * kernel.printk_ratelimit_burst belongs to no namespace and matters to nobody for a moment. */

#define SYSCTL "/proc/sys/kernel/printk_ratelimit_burst"

enum {
    VICTIM_OOM = 321
};

static const char *sysctl_value(const char *nonce)
{
    static char value[32];
    char digits[5] = "";

    (void)snprintf(digits, sizeof digits, "%.4s", nonce);
    (void)snprintf(value, sizeof value, "%ld\n", 1000 + strtol(digits, NULL, 16));
    return value;
}

static int prepare_sysctl(struct scene *scene, struct error *err)
{
    char *before = calloc(1, 64);
    AUTO_CLOSE int fd = open(SYSCTL, O_RDONLY | O_CLOEXEC);

    if (before == NULL)
        return error_memory(err, "sysctl");
    scene->own = before;
    if (fd < 0 || read(fd, before, 63) < 0)
        before[0] = '\0';
    return 0;
}

static int write_sysctl(const struct attempt *a)
{
    char path[64], value[16];
    int outcome = try_write(SYSCTL, sysctl_value(a->nonce));

    if (a->victim <= 0)
        return outcome;
    (void)snprintf(value, sizeof value, "%d", VICTIM_OOM);
    (void)snprintf(path, sizeof path, "/proc/%d/oom_score_adj", (int)a->victim);
    outcome = outcome_join(outcome, try_write(path, value));
    (void)snprintf(path, sizeof path, "/proc/%d/coredump_filter", (int)a->victim);
    return outcome_join(outcome, try_write(path, "0x5a"));
}

static int observe_sysctl(const struct scene *scene, struct observation *seen, struct error *err)
{
    char path[64], value[16];

    (void)err;
    if (file_says(SYSCTL, sysctl_value(scene->nonce)))
        observation_fire(seen, "%s was set", SYSCTL);
    (void)snprintf(value, sizeof value, "%d\n", VICTIM_OOM);
    (void)snprintf(path, sizeof path, "/proc/%d/oom_score_adj", (int)scene->victim);
    if (scene->victim > 0 && file_says(path, value))
        observation_fire(seen, "the victim's oom_score_adj is %d", VICTIM_OOM);
    (void)snprintf(path, sizeof path, "/proc/%d/coredump_filter", (int)scene->victim);
    if (scene->victim > 0 && file_says(path, "0000005a"))
        observation_fire(seen, "the victim's coredump_filter was set");
    return 0;
}

static void finish_sysctl(struct scene *scene)
{
    const char *before = scene->own;

    if (before != NULL && before[0] != '\0' && file_says(SYSCTL, sysctl_value(scene->nonce)))
        (void)try_write(SYSCTL, before);
}

/* fs.efivar-sysrq -------------------------------------------------------------------------------- */

static bool is_trigger(const char *link, const struct stat *status)
{
    (void)status;
    return strstr(link, "sysrq-trigger") != NULL || strstr(link, "/efivars/") != NULL;
}

static int prepare_trigger(struct scene *scene, struct error *err)
{
    if (access("/proc/sysrq-trigger", F_OK) < 0 && access("/sys/firmware/efi/efivars", F_OK) < 0)
        return error_set(err, ERR_UNSUPPORTED,
                         "this kernel has neither /proc/sysrq-trigger nor EFI variables");
    return watch_open_files(scene, is_trigger, "kernel trigger", err);
}

static int open_triggers(const struct attempt *a)
{
    DIR *stream = opendir("/sys/firmware/efi/efivars");
    const struct dirent *entry;
    int outcome = open_and_hold(a, "/proc/sysrq-trigger", O_WRONLY);

    while (outcome != 0 && stream != NULL && (entry = readdir(stream)) != NULL) {
        if (entry->d_name[0] != '.')
            outcome = outcome_join(
                outcome,
                open_and_hold(a, path_in("/sys/firmware/efi/efivars", entry->d_name), O_WRONLY));
    }
    if (stream != NULL)
        (void)closedir(stream);
    return outcome;
}

static const struct probe rows[] = {
    {
        .id = "fs.raw-device",
        .claim = "no disk and no memory device can be opened",
        .technique = "opens every block device, /dev/mem, /dev/port and /dev/kmem until one opens, "
                     "and holds it; nothing is read or written",
        .source = "k8s KAR-0020; deepce, CDK",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CUSTOM,
        .needs = "root",
        .attempt = open_raw,
        .prepare = prepare_raw,
        .observe = host_observe,
        .finish = host_finish,
    },
    {
        .id = "fs.mknod-dev",
        .claim = "no device node appears in the workspace",
        .technique = "mknod of a character and a block device, also as root of a user namespace",
        .source = "mknod(2), CAP_MKNOD; CVE-2025-31133; SandboxEscapeBench",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CUSTOM,
        .needs = "root",
        .attempt = make_nodes_anyhow,
        .observe = observe_nodes,
    },
    {
        .id = "fs.mkfifo-workspace",
        .claim = "a FIFO where the host expects a file is reported",
        .technique = "replaces README.md of the workspace by a FIFO, as the policy allows",
        .source = "own; fifo(7)",
        .severity = SEVERITY_LOW,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CUSTOM,
        .flags = CASE_INFORMATIONAL,
        .attempt = make_fifo,
        .observe = observe_fifo,
    },
    {
        .id = "fs.cgroup-write",
        .claim = "control groups of the host cannot be changed",
        .technique =
            "changes settings of a control group that was given to the identity, makes one "
            "in it and moves itself there",
        .source = "cgroups(7); CVE-2022-0492",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CUSTOM,
        .attempt = write_group,
        .prepare = prepare_group,
        .observe = observe_group,
        .finish = finish_group,
    },
    {
        .id = "fs.sysctl-write",
        .claim = "settings of the kernel and of other processes in /proc cannot be changed",
        .technique = "writes a harmless kernel.* setting, and oom_score_adj and coredump_filter of "
                     "the victim",
        .source = "proc(5); CVE-2025-52565",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CUSTOM,
        .flags = CASE_SERIAL,
        .attempt = write_sysctl,
        .prepare = prepare_sysctl,
        .observe = observe_sysctl,
        .finish = finish_sysctl,
    },
    {
        .id = "fs.efivar-sysrq",
        .claim = "the kernel's triggers cannot be opened for writing",
        .technique =
            "opens /proc/sysrq-trigger and EFI variables for writing and holds them; nothing "
            "is written",
        .source = "proc(5), /proc/sysrq-trigger; deepce",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_LINUX,
        .oracles = ORACLE_CUSTOM,
        .needs = "root",
        .attempt = open_triggers,
        .prepare = prepare_trigger,
        .observe = host_observe,
        .finish = host_finish,
    },
};

PROBE_FAMILY(family_fs_device, rows);

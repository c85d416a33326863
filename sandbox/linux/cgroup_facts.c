/*
 * Looks for a control group to make one in. The first that will do on the way
 * from our own to the top of the mount, which must:
 *
 *   - be ours to make groups in, and to move processes in: cgroup.procs writable by owner and mode alone,
 *     since the process that asks for that has no capability over files;
 *   - hand pids and memory on to groups below it, or be able to: one that holds
 *     processes cannot (cgroups(7), no internal processes), the topmost can.
 */
#include "sandbox/linux/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/auto.h"
#include "sandbox/linux/facts_collect.h"
#include "sandbox/linux/kernel.h"

enum {
    CGROUP2_MAGIC = 0x63677270,
    TEXT_MAX = 4096
};

static const struct {
    uint64_t bit;
    const char *name;
} controllers[] = {{PLAN_CGROUP_PIDS, "pids"}, {PLAN_CGROUP_MEMORY, "memory"}};

static bool has_word(const char *text, const char *word)
{
    const size_t length = strlen(word);

    while (*text != '\0') {
        size_t here = strcspn(text, " \n");

        if (here == length && strncmp(text, word, length) == 0)
            return true;
        text += here;
        text += strspn(text, " \n");
    }
    return false;
}

static uint64_t read_controllers(int group, const char *name)
{
    char text[TEXT_MAX];
    uint64_t found = 0;

    if (read_small(group, name, text, sizeof text) < 0)
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(controllers); i++) {
        if (has_word(text, controllers[i].name))
            found |= controllers[i].bit;
    }
    return found;
}

/* As one without capabilities may. */
static bool may_write(int group, const char *name)
{
    struct stat status;

    if (fstatat(group, name, &status, 0) < 0)
        return false;
    if (status.st_uid == geteuid())
        return (status.st_mode & S_IWUSR) != 0;
    return (status.st_mode & (status.st_gid == getegid() ? S_IWGRP : S_IWOTH)) != 0;
}

/* A process there keeps it from handing controllers on; in the topmost, which has no events, none does. */
static bool is_hindered(int group)
{
    char text[TEXT_MAX];

    if (faccessat(group, "cgroup.events", F_OK, 0) < 0)
        return false;
    return read_small(group, "cgroup.procs", text, sizeof text) != 0;
}

/* NULL: will do, and to_enable is filled. Else why not. */
static const char *judge(int group, uint64_t wanted, uint64_t *to_enable)
{
    uint64_t missing = wanted & ~read_controllers(group, "cgroup.subtree_control");

    if (faccessat(group, ".", W_OK | X_OK, AT_EACCESS) < 0 || !may_write(group, "cgroup.procs"))
        return "no control group (v2) here is delegated to us";
    if ((missing & ~read_controllers(group, "cgroup.controllers")) != 0)
        return "the control group (v2) delegated to us has no pids or memory controller";
    if (missing != 0 && faccessat(group, "cgroup.subtree_control", W_OK, AT_EACCESS) < 0)
        return "the control group (v2) delegated to us may not hand its controllers on";
    if (missing != 0 && is_hindered(group))
        return "the control group (v2) delegated to us holds processes: it cannot hand its "
               "controllers on";
    *to_enable = missing;
    return NULL;
}

static const char *find_mount(void)
{
    static const char *const places[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
    struct statfs fs;

    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        if (statfs(places[i], &fs) == 0 && fs.f_type == CGROUP2_MAGIC)
            return places[i];
    }
    return NULL;
}

/* Our own group below the mount: the line "0::/PATH". False: none, or outside of what is mounted. */
static bool find_own(char *own, size_t size)
{
    char text[TEXT_MAX];
    const char *line = text;

    if (read_small(AT_FDCWD, "/proc/self/cgroup", text, sizeof text) < 0)
        return false;
    if (strncmp(text, "0::/", 4) != 0) {
        line = strstr(text, "\n0::/");
        if (line == NULL)
            return false;
        line++;
    }
    line += strlen("0::");
    if (snprintf(own, size, "%.*s", (int)strcspn(line, "\n"), line) >= (int)size)
        return false;
    return strncmp(own, "/..", 3) != 0;
}

/* clone3 is refused with ENOSYS by old kernels and by the filters of some containers. */
static bool has_clone3(void)
{
    return syscall(CALL_CLONE3, NULL, (size_t)0) < 0 && errno == EINVAL;
}

const char *cgroup_search(const char *mount, char *path, uint64_t wanted, uint64_t *to_enable)
{
    const char *why_not = NULL;

    for (;;) {
        AUTO_CLOSE int group = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        const char *why = group >= 0 ? judge(group, wanted, to_enable)
                                     : "our own control group (v2) is not in sight";
        char *slash = strrchr(path, '/');

        if (why == NULL)
            return NULL;
        if (why_not == NULL)
            why_not = why;
        if (strlen(path) <= strlen(mount) || slash == NULL)
            return why_not;
        *slash = '\0';
    }
}

int cgroup_collect(const struct policy *policy, struct facts *facts, struct error *err)
{
    struct cgroup_fact *fact = &facts->cgroup;
    const char *mount;
    const char *why_not = NULL;
    char own[TEXT_MAX];
    char path[TEXT_MAX + 32];
    uint64_t wanted = (policy->limits.processes > 0 ? (uint64_t)PLAN_CGROUP_PIDS : 0) |
                      (policy->limits.memory_bytes > 0 ? (uint64_t)PLAN_CGROUP_MEMORY : 0);

    if (wanted == 0)
        return 0;
    mount = find_mount();
    if (mount == NULL)
        why_not = "no control groups of version 2 are mounted at /sys/fs/cgroup";
    else if (!has_clone3())
        why_not = "clone3 is not there (Linux 5.7), or forbidden";
    else if (!find_own(own, sizeof own))
        why_not = "our own control group (v2) is not in sight";
    if (why_not == NULL) {
        (void)snprintf(path, sizeof path, "%s%s", mount, strcmp(own, "/") == 0 ? "" : own);
        why_not = cgroup_search(mount, path, wanted, &fact->to_enable);
    }
    if (why_not != NULL) {
        fact->why_not = why_not;
        return 0;
    }
    fact->path = strdup(path);
    return fact->path != NULL ? 0 : error_memory(err, "control group");
}

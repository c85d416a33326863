#include "sandbox/linux/linux_doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "sandbox/mountinfo.h"

/* --- facts from files -------------------------------------------------------------------------------- */

/* The beginning of root/path, NUL-terminated, without the last newline; "" when there is none. */
static void read_text(const char *root, const char *path, char *text, size_t size)
{
    char name[512];
    AUTO_FILE FILE *file = NULL;
    size_t got = 0;

    text[0] = '\0';
    if (snprintf(name, sizeof name, "%s%s", root, path) < (int)sizeof name)
        file = fopen(name, "r");
    if (file != NULL)
        got = fread(text, 1, size - 1, file);
    text[got] = '\0';
    if (got > 0 && text[got - 1] == '\n')
        text[got - 1] = '\0';
}

static long read_number(const char *root, const char *path)
{
    char text[32];
    char *end;
    long number;

    read_text(root, path, text, sizeof text);
    number = strtol(text, &end, 10);
    return text[0] != '\0' && *end == '\0' ? number : MACHINE_UNKNOWN;
}

/* A new /proc may only be mounted where the old one is whole: mount_too_revealing(). What covers a
 * directory that is empty anyway (binfmt_misc) does not count. */
static void look_at_mount(struct linux_machine *machine, const struct mountinfo *mount)
{
    if (strcmp(mount->path, "/proc") == 0 && strcmp(mount->type, "proc") == 0)
        machine->has_proc = true;
    if (strncmp(mount->path, "/proc/", 6) == 0 && strcmp(mount->type, "binfmt_misc") != 0 &&
        strcmp(mount->type, "autofs") != 0 && machine->masked_proc[0] == '\0')
        (void)snprintf(machine->masked_proc, sizeof machine->masked_proc, "%.127s", mount->path);
    if (strcmp(mount->path, "/tmp") == 0)
        machine->tmp_is_noexec = mountinfo_has_option(mount->options, "noexec");
}

static void read_mounts(struct linux_machine *machine, const char *root)
{
    enum {
        SIZE = 1 << 20
    };
    AUTO_FREE char *text = malloc(SIZE);
    AUTO_FREE struct mountinfo *mount = malloc(sizeof *mount);
    const char *at = text;

    if (text == NULL || mount == NULL)
        return;
    read_text(root, "/proc/self/mountinfo", text, SIZE);
    while (mountinfo_next(&at, mount))
        look_at_mount(machine, mount);
}

void linux_machine_read(struct linux_machine *machine, const char *root)
{
    machine->has_proc = false;
    machine->masked_proc[0] = '\0';
    machine->tmp_is_noexec = false;
    read_text(root, "/proc/sys/kernel/osrelease", machine->release, sizeof machine->release);
    read_text(root, "/sys/kernel/security/lsm", machine->lsm, sizeof machine->lsm);
    machine->max_user_namespaces = read_number(root, "/proc/sys/user/max_user_namespaces");
    machine->unprivileged_userns_clone =
        read_number(root, "/proc/sys/kernel/unprivileged_userns_clone");
    machine->apparmor_restricts =
        read_number(root, "/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
    machine->ptrace_scope = read_number(root, "/proc/sys/kernel/yama/ptrace_scope");
    read_mounts(machine, root);
}

/* --- what they mean ---------------------------------------------------------------------------------- */

static void say(struct buffer *out, const char *mode, const char *cause, const char *remedy)
{
    buffer_printf(out, "%s: %s\n  do: %s\n", mode, cause, remedy);
}

/* "4.4.0-19041-Microsoft" is WSL 1, "5.15.90.1-microsoft-standard-WSL2" is WSL 2. */
static bool is_wsl1(const char *release)
{
    return strstr(release, "Microsoft") != NULL && strstr(release, "WSL2") == NULL;
}

/* False where the release says nothing. */
static bool is_older(const char *release, int major, int minor)
{
    int have[2] = {0, 0};

    return sscanf(release, "%d.%d", &have[0], &have[1]) == 2 &&
           (have[0] < major || (have[0] == major && have[1] < minor));
}

static void explain_user_namespaces(const struct linux_machine *m, struct buffer *out)
{
    static const char mode[] = "linux-namespace";

    if (is_older(m->release, 5, 12))
        say(out, mode, "this kernel is older than Linux 5.12: mounts cannot be sealed in place",
            "a newer kernel; 5.19 or later for everything");
    if (m->max_user_namespaces == 0)
        say(out, mode, "user.max_user_namespaces is 0: nobody can make a user namespace here",
            "as root: sysctl user.max_user_namespaces=15000; or use linux-landlock, which is "
            "weaker");
    if (m->uid != 0 && m->unprivileged_userns_clone == 0)
        say(out, mode, "kernel.unprivileged_userns_clone is 0: only root can make a user namespace",
            "as root: sysctl kernel.unprivileged_userns_clone=1; or use linux-landlock, which is "
            "weaker");
    if (m->uid != 0 && m->apparmor_restricts == 1)
        say(out, mode,
            "kernel.apparmor_restrict_unprivileged_userns is 1: a user namespace has no rights "
            "unless "
            "an AppArmor profile of the program says userns",
            "as root: a profile for holdfast-sandbox with \"userns,\" in /etc/apparmor.d, or the "
            "sysctl "
            "to 0; or use linux-landlock, which is weaker");
    if (m->masked_proc[0] != '\0') {
        buffer_printf(out, "%s: something is mounted on ", mode);
        text_escape_terminal(out, m->masked_proc, strlen(m->masked_proc));
        buffer_add_text(out,
                        ", as containers do: the kernel allows no fresh /proc then\n"
                        "  do: start the container with its /proc whole (docker: --security-opt "
                        "systempaths=unconfined); or use linux-landlock, which is weaker\n");
    }
}

static bool names_landlock(const char *lsm)
{
    return mountinfo_has_option(lsm, "landlock");
}

static void explain_landlock(const struct linux_machine *m, struct buffer *out)
{
    static const char mode[] = "linux-landlock";

    if (m->landlock_abi > 0)
        return;
    if (is_older(m->release, 5, 13))
        say(out, mode, "this kernel is older than Linux 5.13, the first with Landlock",
            "a newer kernel; each brings Landlock more rights");
    else if (m->lsm[0] != '\0' && !names_landlock(m->lsm))
        say(out, mode, "Landlock is not in the kernel's list of security modules (lsm=)",
            "add landlock, to the front of lsm= on the kernel's command line, and start the "
            "machine again");
    else
        say(out, mode, "this kernel has no Landlock, or something around us forbids its calls",
            "Linux 5.13 or later with CONFIG_SECURITY_LANDLOCK; in a container, a seccomp profile "
            "that lets "
            "landlock_create_ruleset through");
}

static void explain_supervisor(const struct linux_machine *m, struct buffer *out)
{
    static const char mode[] = "linux-namespace";

    if (!m->has_notify)
        say(out, mode,
            "no seccomp notification that waits killably: names that do not exist yet cannot be "
            "protected, "
            "such runs are refused, and local sockets are closed",
            "Linux 5.19 or later; or make .git, .codex and .agents before the run");
    if (m->ptrace_scope == 3)
        say(out, mode,
            "kernel.yama.ptrace_scope is 3: nobody may read another process, so calls that make "
            "names fail "
            "inside wherever a protected name is missing",
            "start the machine with a lower value (it cannot be lowered later); or make .git, "
            ".codex and "
            ".agents before the run");
}

void linux_machine_explain(const struct linux_machine *m, struct buffer *out)
{
    if (is_wsl1(m->release)) {
        say(out, "all", "WSL 1 is no Linux kernel: it has neither namespaces nor Landlock",
            "in Windows: wsl --set-version DISTRIBUTION 2");
        return;
    }
    if (!m->has_proc)
        say(out, "all", "/proc is not mounted: paths cannot be resolved",
            "as root: mount -t proc proc /proc");
    if (!m->has_namespaces)
        explain_user_namespaces(m, out);
    explain_landlock(m, out);
    explain_supervisor(m, out);
    if (m->tmp_is_noexec)
        say(out, "note", "/tmp of the machine is noexec; the private one inside is not",
            "nothing; with \"tmp\": \"host\" programs in /tmp do not start, inside as outside");
    if (m->home_is_read_only)
        say(out, "note", "the home directory cannot be written",
            "nothing: no mode keeps anything there");
}

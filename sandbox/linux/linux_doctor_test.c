/* Machines made up, and files planted below a root of the test's own. */
#include "sandbox/linux/linux_doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/test.h"

static const struct linux_machine sound = {
    .uid = 1000,
    .has_namespaces = true,
    .landlock_abi = 7,
    .has_notify = true,
    .has_proc = true,
    .release = "6.8.0-31-generic",
    .lsm = "lockdown,capability,landlock,yama,apparmor",
    .max_user_namespaces = 15000,
    .unprivileged_userns_clone = MACHINE_UNKNOWN,
    .apparmor_restricts = 0,
    .ptrace_scope = 1,
};

static char said[8192];

static const char *explain(const struct linux_machine *machine)
{
    struct buffer out = BUFFER_EMPTY;

    linux_machine_explain(machine, &out);
    (void)snprintf(said, sizeof said, "%s", buffer_text(&out));
    buffer_done(&out);
    return said;
}

#define EXPECT(text)                                                                             \
    cr_assert(strstr(explain(&machine), text) != NULL && strstr(said, "\n  do: ") != NULL, "%s", \
              said)

Test(linux_doctor, says_nothing_about_a_sound_machine)
{
    cr_assert_str_eq(explain(&sound), "");
}

Test(linux_doctor, names_what_forbids_user_namespaces)
{
    struct linux_machine machine = sound;

    machine.apparmor_restricts = 1;
    cr_assert_str_eq(explain(&machine), "", "it has a profile: it was tried and works");
    machine.has_namespaces = false;
    EXPECT("apparmor_restrict_unprivileged_userns");
    machine.uid = 0;
    cr_assert_str_eq(explain(&machine), "", "root is not restricted");
    machine = sound;
    machine.has_namespaces = false;
    machine.unprivileged_userns_clone = 0;
    EXPECT("unprivileged_userns_clone is 0");
    machine = sound;
    machine.has_namespaces = false;
    machine.max_user_namespaces = 0;
    EXPECT("max_user_namespaces is 0");
    machine = sound;
    machine.has_namespaces = false;
    (void)strcpy(machine.masked_proc, "/proc/kcore");
    EXPECT("/proc/kcore");
}

Test(linux_doctor, tells_a_missing_module_from_a_missing_list_entry)
{
    struct linux_machine machine = sound;

    machine.landlock_abi = 0;
    EXPECT("has no Landlock");
    (void)strcpy(machine.lsm, "lockdown,yama");
    EXPECT("lsm=");
    machine.lsm[0] = '\0';
    EXPECT("has no Landlock");
}

Test(linux_doctor, says_when_a_kernel_is_too_old)
{
    struct linux_machine machine = sound;

    (void)strcpy(machine.release, "5.10.0-46-amd64");
    machine.landlock_abi = 0;
    (void)strcpy(machine.lsm, "lockdown,yama");
    EXPECT("older than Linux 5.13");
    cr_assert_null(strstr(said, "lsm="), "that would not help: %s", said);
    cr_assert_null(strstr(said, "older than Linux 5.12"), "it was tried and works: %s", said);
    machine.has_namespaces = false;
    EXPECT("older than Linux 5.12");
    (void)strcpy(machine.release, "5.13.0");
    cr_assert_null(strstr(explain(&machine), "older than"), "%s", said);
}

Test(linux_doctor, names_the_rest)
{
    struct linux_machine machine = sound;

    machine.has_notify = false;
    EXPECT("Linux 5.19");
    machine = sound;
    machine.ptrace_scope = 3;
    EXPECT("ptrace_scope is 3");
    machine = sound;
    machine.has_proc = false;
    EXPECT("/proc is not mounted");
    machine = sound;
    machine.tmp_is_noexec = true;
    EXPECT("noexec");
    machine = sound;
    machine.home_is_read_only = true;
    EXPECT("home directory");
    machine = sound;
    (void)strcpy(machine.release, "4.4.0-19041-Microsoft");
    EXPECT("WSL 1");
    (void)strcpy(machine.release, "5.15.90.1-microsoft-standard-WSL2");
    cr_assert_str_eq(explain(&machine), "");
}

/* --- files ---------------------------------------------------------------------------------------- */

static char root[] = "/tmp/holdfast-doctor.XXXXXX";

static void plant(const char *path, const char *text)
{
    char name[256];
    FILE *file;

    (void)snprintf(name, sizeof name, "%s%s", root, path);
    for (char *at = name + sizeof root; (at = strchr(at, '/')) != NULL; at++) {
        *at = '\0';
        (void)mkdir(name, 0755);
        *at = '/';
    }
    file = fopen(name, "w");
    cr_assert_not_null(file, "%s", name);
    (void)fputs(text, file);
    (void)fclose(file);
}

Test(linux_doctor, reads_what_the_kernel_says)
{
    struct linux_machine machine = sound;
    char command[64];

    cr_assert_not_null(mkdtemp(root));
    linux_machine_read(&machine, root);
    cr_assert_eq(machine.max_user_namespaces, MACHINE_UNKNOWN);
    cr_assert_not(machine.has_proc);
    plant("/proc/sys/user/max_user_namespaces", "0\n");
    plant("/proc/sys/kernel/unprivileged_userns_clone", "0\n");
    plant("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n");
    plant("/proc/sys/kernel/yama/ptrace_scope", "3\n");
    plant("/proc/sys/kernel/osrelease", "5.10.0\n");
    plant("/sys/kernel/security/lsm", "lockdown,yama");
    plant("/proc/self/mountinfo", "1 0 0:1 / /proc rw - proc proc rw\n"
                                  "2 1 0:2 / /proc/sys/fs/binfmt_misc rw - autofs systemd-1 rw\n"
                                  "3 1 0:3 /null /proc/kcore rw - tmpfs tmpfs rw\n"
                                  "4 0 0:4 / /tmp rw,nosuid,noexec - tmpfs tmpfs rw\n");
    linux_machine_read(&machine, root);
    cr_assert_eq(machine.max_user_namespaces, 0);
    cr_assert_eq(machine.unprivileged_userns_clone, 0);
    cr_assert_eq(machine.apparmor_restricts, 1);
    cr_assert_eq(machine.ptrace_scope, 3);
    cr_assert_str_eq(machine.release, "5.10.0");
    cr_assert_str_eq(machine.lsm, "lockdown,yama");
    cr_assert(machine.has_proc);
    cr_assert_str_eq(machine.masked_proc, "/proc/kcore");
    cr_assert(machine.tmp_is_noexec);
    (void)snprintf(command, sizeof command, "rm -rf %s", root);
    cr_assert_eq(system(command), 0);
}

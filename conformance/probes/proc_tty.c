/*
 * Rows of area proc: terminals. Bytes that a command pushes into the input of
 * the terminal it was started from are typed into the user's shell.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probe.h"
#include "conformance/probes/host.h"
#include "conformance/probes/tools.h"

/* Pushes the nonce and a newline: without it a terminal in canonical mode gives nothing to read. */
static int push(const struct attempt *a, int fd, unsigned long request)
{
    char text[64];
    int length = snprintf(text, sizeof text, "%s\n", a->nonce);

    for (int i = 0; i < length; i++) {
        if (syscall(SYS_ioctl, fd, request, &text[i]) < 0)
            return errno;
    }
    return 0;
}

static int push_everywhere(const struct attempt *a, unsigned long request)
{
    AUTO_CLOSE int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC);
    int outcome = ATTEMPT_UNABLE;

    for (int fd = 0; fd <= 2 && outcome != 0; fd++)
        outcome = outcome_join(outcome, push(a, fd, request));
    if (outcome != 0 && terminal >= 0)
        outcome = outcome_join(outcome, push(a, terminal, request));
    return outcome;
}

static int tiocsti(const struct attempt *a)
{
    return push_everywhere(a, TIOCSTI);
}

/* The kernel looks at the lower half of the request, a filter may compare all 64 bits. */
static int tiocsti_high_bits(const struct attempt *a)
{
    return push_everywhere(a, TIOCSTI | 0x5a5a000000000000UL);
}

static int require_tiocsti(struct scene *scene, struct error *err)
{
    AUTO_FILE FILE *file = fopen("/proc/sys/dev/tty/legacy_tiocsti", "re");
    int allowed = 1;

    if (file != NULL && fscanf(file, "%d", &allowed) == 1 && allowed == 0 && scene->uid != 0)
        return error_set(err, ERR_UNSUPPORTED,
                         "dev.tty.legacy_tiocsti is 0: the kernel refuses "
                         "TIOCSTI without a sandbox too");
    return 0;
}

static int observe_input(const struct scene *scene, struct observation *seen, struct error *err)
{
    (void)err;
    if (memmem(seen->terminal_input, seen->terminal_input_size, scene->nonce,
               strlen(scene->nonce)) != NULL)
        observation_fire(seen, "the nonce was typed into the terminal of the caller");
    return 0;
}

/* Another terminal of the user ---------------------------------------------------------------- */

static int give_terminal(const struct scene *scene, int master, struct error *err)
{
    char path[512], name[64];

    if (grantpt(master) < 0 || unlockpt(master) < 0 || ptsname_r(master, name, sizeof name) != 0)
        return error_os(err, errno, "unlock a second terminal");
    if (geteuid() == 0 && chown(name, scene->uid, scene->gid) < 0)
        return error_os(err, errno, "give the second terminal to the identity of the run");
    (void)snprintf(path, sizeof path, "%s/tty", scene->ws);
    return host_plant(scene, path, name, 0644, err);
}

static int open_second_terminal(struct scene *scene, struct error *err)
{
    AUTO_CLOSE int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

    if (master < 0)
        return error_os(err, errno, "open a second terminal");
    if (give_terminal(scene, master, err) < 0)
        return -1;
    return host_add(scene, TAKE_FD(master), HOST_STREAM, "screen of another terminal", err);
}

static int tty_other(const struct attempt *a)
{
    char name[64] = "";
    AUTO_CLOSE int file = open(path_in(a->ws, "tty"), O_RDONLY | O_CLOEXEC);
    const ssize_t size = file < 0 ? -1 : read(file, name, sizeof name - 1);

    if (size <= 0)
        return ATTEMPT_UNABLE;
    AUTO_CLOSE int terminal = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (terminal < 0)
        return errno;
    return outcome_join(outcome_of(write(terminal, a->nonce, strlen(a->nonce))),
                        push(a, terminal, TIOCSTI));
}

static const struct probe rows[] = {
    {
        .id = "proc.tiocsti",
        .claim = "the command cannot type into the terminal of its caller",
        .technique = "TIOCSTI of the nonce and a newline on descriptors 0 to 2 and /dev/tty",
        .source = "ioctl_tty(2), CVE-2017-5226; cplt#380",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CUSTOM,
        .flags = CASE_PTY,
        .needs = "pty",
        .attempt = tiocsti,
        .prepare = require_tiocsti,
        .observe = observe_input,
    },
    {
        .id = "proc.tiocsti-hibits",
        .claim = "the same holds when the upper half of the request is not zero",
        .technique = "ioctl(0x5a5a000000005412): the kernel takes the lower 32 bits. TIOCLINUX "
                     "needs a virtual console and is not tried",
        .source = "CVE-2019-10063; containers/bubblewrap#150",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CUSTOM,
        .flags = CASE_PTY,
        .needs = "pty",
        .attempt = tiocsti_high_bits,
        .prepare = require_tiocsti,
        .observe = observe_input,
    },
    {
        .id = "proc.tty-other",
        .claim = "no other terminal of the user can be written to",
        .technique = "open another /dev/pts/N of the same user, write to it and push into it",
        .source = "pts(4), ioctl_tty(2); own",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CUSTOM,
        .needs = "pty",
        .attempt = tty_other,
        .prepare = open_second_terminal,
        .observe = host_observe,
        .finish = host_finish,
    },
};

PROBE_FAMILY(family_proc_tty, rows);

/*
 * Rows of area net whose only trace outside is a kernel module: socket(2) of a
 * family that is not there asks the host's modprobe for it, in the initial
 * namespaces and as root (request_module, net/socket.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_alg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probe.h"
#include "conformance/probes/tools.h"

enum {
    MODULES_MAX = 256 * 1024,
    NAME_MAX_SIZE = 64
};

/* scene->own: "\nNAME NAME ...": the names of /proc/modules, each between newlines. */
static char *read_modules(void)
{
    AUTO_FILE FILE *file = fopen("/proc/modules", "re");
    AUTO_FREE char *names = calloc(1, MODULES_MAX);
    char line[512];
    size_t used = 1;

    if (file == NULL || names == NULL)
        return NULL;
    names[0] = '\n';
    while (fgets(line, sizeof line, file) != NULL && used < MODULES_MAX - sizeof line)
        used += (size_t)snprintf(names + used, MODULES_MAX - used, "%.*s\n",
                                 (int)strcspn(line, " \n"), line);
    return TAKE(names);
}

static int remember_modules(struct scene *scene, struct error *err)
{
    scene->own = read_modules();
    if (scene->own == NULL)
        return error_set(err, ERR_UNSUPPORTED,
                         "this kernel has no loadable modules (/proc/modules)");
    return 0;
}

static int remember_alg(struct scene *scene, struct error *err)
{
    if (remember_modules(scene, err) < 0)
        return -1;
    if (strstr(scene->own, "\naf_alg\n") != NULL)
        return error_set(err, ERR_UNSUPPORTED, "af_alg is loaded already: its use leaves no trace");
    return 0;
}

/* Calls act for each module that was not there before. */
static void for_new_modules(const struct scene *scene,
                            void (*act)(const char *name, struct observation *seen),
                            struct observation *seen)
{
    AUTO_FREE char *now = read_modules();
    char *rest = now;
    const char *name;

    while (rest != NULL && (name = strsep(&rest, "\n")) != NULL) {
        char framed[NAME_MAX_SIZE + 2];

        (void)snprintf(framed, sizeof framed, "\n%s\n", name);
        if (name[0] != '\0' && scene->own != NULL && strstr(scene->own, framed) == NULL)
            act(name, seen);
    }
}

static void report(const char *name, struct observation *seen)
{
    observation_fire(seen, "kernel module %s was loaded", name);
}

static void unload(const char *name, struct observation *seen)
{
    (void)seen;
    (void)syscall(SYS_delete_module, name, O_NONBLOCK);
}

static int observe_modules(const struct scene *scene, struct observation *seen, struct error *err)
{
    (void)err;
    for_new_modules(scene, report, seen);
    return 0;
}

/* The module that holds another one goes first: two rounds. */
static void unload_modules(struct scene *scene)
{
    for_new_modules(scene, unload, NULL);
    for_new_modules(scene, unload, NULL);
}

static int af_alg(const struct attempt *a)
{
    const struct sockaddr_alg hash = {
        .salg_family = AF_ALG, .salg_type = "hash", .salg_name = "sha256"};
    AUTO_CLOSE int fd = socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    (void)a;
    if (fd < 0)
        return errno;
    return outcome_of(bind(fd, (const struct sockaddr *)&hash, sizeof hash));
}

static int autoload(const struct attempt *a)
{
    static const int families[] = {3 /* AX.25 */,
                                   4 /* IPX */,
                                   5 /* AppleTalk */,
                                   9 /* X.25 */,
                                   21 /* RDS */,
                                   29 /* CAN */,
                                   30 /* TIPC */,
                                   31 /* Bluetooth */,
                                   36 /* IEEE 802.15.4 */,
                                   41 /* KCM */,
                                   44 /* XDP */};
    int outcome = ATTEMPT_UNABLE;

    (void)a;
    for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
        for (int type = SOCK_STREAM; type <= SOCK_SEQPACKET; type++) {
            AUTO_CLOSE int fd = socket(families[i], type | SOCK_CLOEXEC, 0);

            outcome = outcome_join(outcome, fd < 0 ? errno : 0);
        }
    }
    return outcome;
}

static const struct probe rows[] = {
    {
        .id = "net.af-alg",
        .claim = "the kernel's crypto sockets cannot be opened",
        .technique = "socket(AF_ALG) and bind of a hash; the harness looks for the module it loads",
        .source = "Documentation/crypto/userspace-if.rst; NVIDIA/OpenShell#740",
        .severity = SEVERITY_LOW,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CUSTOM,
        .flags = CASE_SERIAL,
        .needs = "root",
        .attempt = af_alg,
        .prepare = remember_alg,
        .observe = observe_modules,
        .finish = unload_modules,
    },
    {
        .id = "net.module-autoload",
        .claim = "opening a socket does not load a module into the host's kernel",
        .technique = "socket(2) of eleven rare families; the harness compares /proc/modules",
        .source = "net/socket.c request_module(\"net-pf-%d\"); own",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CUSTOM,
        .flags = CASE_SERIAL,
        .needs = "root",
        .attempt = autoload,
        .prepare = remember_modules,
        .observe = observe_modules,
        .finish = unload_modules,
    },
};

PROBE_FAMILY(family_net_modules, rows);

/*
 * Rows of area net: unix sockets and FIFOs of the host. A read-only mount and
 * a network namespace stop neither: a pathname socket is found through the
 * file system, and connecting to it writes no file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probe.h"
#include "conformance/probes/host.h"
#include "conformance/probes/net_tools.h"

/* Pathname sockets --------------------------------------------------------------------------- */

static int listen_seqpacket(struct scene *scene, struct error *err)
{
    char path[512];

    (void)snprintf(path, sizeof path, "%s/seqpacket.sock", scene->run);
    return host_listen_unix(scene, SOCK_SEQPACKET, path, "unix seqpacket", err);
}

static int unix_path_connect(const struct attempt *a)
{
    const int outcome = say_unix(a, SOCK_STREAM, a->unix_stream, "stream");

    return outcome_join(
        outcome, say_unix(a, SOCK_SEQPACKET, path_in(a->run, "seqpacket.sock"), "seqpacket"));
}

static int unix_dgram(const struct attempt *a)
{
    struct sockaddr_un to;
    const socklen_t size = unix_path(&to, a->unix_dgram);
    const int outcome = say_datagram(a, make_socket, AF_UNIX, &to, size);

    return outcome_join(outcome, say_datagram(a, make_pair, AF_UNIX, &to, size));
}

static int unix_abstract_all(const struct attempt *a)
{
    struct sockaddr_un stream, dgram;
    const socklen_t stream_size = unix_abstract(&stream, a->abstract_stream);
    const socklen_t dgram_size = unix_abstract(&dgram, a->abstract_dgram);
    int outcome = ATTEMPT_UNABLE;

    if (stream_size > 0)
        outcome = say(a, AF_UNIX, SOCK_STREAM, 0, &stream, stream_size, "abstract stream");
    outcome = outcome_join(outcome, say_datagram(a, make_socket, AF_UNIX, &dgram, dgram_size));
    return outcome_join(outcome, say_datagram(a, make_pair, AF_UNIX, &dgram, dgram_size));
}

/* Other names of the same socket, for rules that compare paths. */
static int unix_symlink(const struct attempt *a)
{
    const char *soft = path_in(a->ws, "soft.sock"), *hard = path_in(a->ws, "hard.sock");
    char by_fd[64];
    AUTO_CLOSE int fd = open(a->unix_stream, O_PATH | O_CLOEXEC);
    int outcome = ATTEMPT_UNABLE;

    if (symlink(a->unix_stream, soft) == 0)
        outcome = say_unix(a, SOCK_STREAM, soft, "symbolic link");
    if (link(a->unix_stream, hard) == 0)
        outcome = outcome_join(outcome, say_unix(a, SOCK_STREAM, hard, "hard link"));
    outcome = outcome_join(outcome,
                           say_unix(a, SOCK_STREAM, path_in("/proc/self/root", a->unix_stream + 1),
                                    "/proc/self/root"));
    (void)snprintf(by_fd, sizeof by_fd, "/proc/self/fd/%d", fd);
    if (fd >= 0)
        outcome = outcome_join(outcome, say_unix(a, SOCK_STREAM, by_fd, "/proc/self/fd"));
    return outcome;
}

/* A database, an ssh ControlMaster or git's fsmonitor daemon of the user, in the workspace. */
static int listen_in_workspace(struct scene *scene, struct error *err)
{
    char path[512];

    (void)snprintf(path, sizeof path, "%s/service.sock", scene->ws);
    return host_listen_unix(scene, SOCK_STREAM, path, "service in the workspace", err);
}

static int unix_in_workspace(const struct attempt *a)
{
    return say_unix(a, SOCK_STREAM, path_in(a->ws, "service.sock"), "socket in the workspace");
}

/* FIFOs and request directories -------------------------------------------------------------- */

static int open_host_fifo(struct scene *scene, struct error *err)
{
    char path[512];

    (void)snprintf(path, sizeof path, "%s/commands.fifo", scene->run);
    return host_open_fifo(scene, path, "FIFO of the host", err);
}

static int fifo_outside(const struct attempt *a)
{
    AUTO_CLOSE int fd = open(path_in(a->run, "commands.fifo"), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    const char *message = message_of(a, "FIFO");

    if (fd < 0)
        return errno;
    return outcome_of(write(fd, message, strlen(message)));
}

/* systemd.path(5), inetd: a file that appears makes the host start something. */
static int make_spool(struct scene *scene, struct error *err)
{
    char path[512];

    (void)snprintf(path, sizeof path, "%s/spool", scene->run);
    return host_make_directory(scene, path, 0755, err);
}

static int drop_request(const struct attempt *a)
{
    return try_create(path_in(path_in(a->run, "spool"), a->nonce), a->nonce);
}

static int observe_spool(const struct scene *scene, struct observation *seen, struct error *err)
{
    char path[512];
    struct stat found;

    (void)err;
    (void)snprintf(path, sizeof path, "%s/spool/%s", scene->run, scene->nonce);
    if (lstat(path, &found) == 0)
        observation_fire(seen, "a request of this run is in the watched directory");
    return 0;
}

/* Resolvers ---------------------------------------------------------------------------------- */

struct resolver {
    const char *path, *label;
    const char *before; /* the bytes of the question in front of the name, */
    size_t before_size;
    const char *after; /* and behind it */
};

#define BYTES(text) text, sizeof(text) - 1

/* Each has its own protocol; none is answered, so the question is all that is sent. */
static const struct resolver resolvers[] = {
    {"systemd/resolve/io.systemd.Resolve", "systemd-resolved (varlink)",
     BYTES("{\"method\":\"io.systemd.Resolve.ResolveHostname\",\"parameters\":{\"name\":\""),
     ".example\"}}"},
    {"avahi-daemon/socket", "avahi (mDNS)", BYTES("RESOLVE-HOSTNAME-IPV4 "), ".local\n"},
    /* version 2, GETAI, length of the name with its NUL */
    {"nscd/socket", "nscd", BYTES("\2\0\0\0\16\0\0\0\51\0\0\0"), ".example"},
    {"sss/nss", "sssd", BYTES(""), ".example"},
    {"dbus/system_bus_socket", "system bus (resolve1)",
     BYTES("\0AUTH EXTERNAL 30\r\nBEGIN\r\norg.freedesktop.resolve1 ResolveHostname "), ".example"},
};

static int listen_resolvers(struct scene *scene, struct error *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(resolvers); i++) {
        char path[512];

        (void)snprintf(path, sizeof path, "%s/%s", scene->run, resolvers[i].path);
        if (host_listen_unix(scene, SOCK_STREAM, path, resolvers[i].label, err) < 0)
            return -1;
    }
    return 0;
}

static int ask_resolver(const struct attempt *a, const struct resolver *resolver)
{
    char question[512];
    struct sockaddr_un to;
    const socklen_t size = unix_path(&to, path_in(a->run, resolver->path));
    const size_t head = resolver->before_size;
    AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int rest;

    if (fd < 0)
        return errno;
    if (size == 0)
        return ENAMETOOLONG;
    if (connect(fd, (const struct sockaddr *)&to, size) < 0)
        return errno;
    memcpy(question, resolver->before, head);
    rest = snprintf(question + head, sizeof question - head, "%s%s", a->nonce, resolver->after);
    return outcome_of(write(fd, question, head + (size_t)rest + 1));
}

static int dns_service(const struct attempt *a)
{
    int outcome = ATTEMPT_UNABLE;

    for (size_t i = 0; i < ARRAY_SIZE(resolvers); i++)
        outcome = outcome_join(outcome, ask_resolver(a, &resolvers[i]));
    return outcome;
}

static const struct probe rows[] = {
    {
        .id = "net.unix-path",
        .claim = "no pathname socket of the host can be connected to",
        .technique = "connect(2) to a stream and a seqpacket socket outside, mode 0666",
        .source = "unix(7); Kilo-Org/kilocode#11650; Zouuup/landrun#43; landlock(7): pathname "
                  "sockets from ABI 9",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_LISTENER | ORACLE_CUSTOM,
        .attempt = unix_path_connect,
        .prepare = listen_seqpacket,
        .observe = host_observe,
        .finish = host_finish,
    },
    {
        .id = "net.unix-dgram-sendmsg",
        .claim = "no datagram reaches a unix socket of the host",
        .technique = "sendto, sendmsg, sendmmsg and connect+write with a name, from socket(2) and "
                     "from one end of socketpair(2)",
        .source = "unix(7); measured: filters that deny connect and sendto but not sendmsg; openai/"
                  "codex landlock.rs",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_LISTENER,
        .attempt = unix_dgram,
    },
    {
        .id = "net.unix-abstract",
        .claim = "no abstract socket of the host can be reached",
        .technique = "connect to an abstract stream socket; datagrams to an abstract name by four "
                     "calls, from socket(2) and from socketpair(2)",
        .source = "unix(7); CVE-2020-15257; landlock(7): scope from ABI 6",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_LISTENER,
        .attempt = unix_abstract_all,
    },
    {
        .id = "net.unix-symlink",
        .claim = "no other name of a host socket reaches it",
        .technique = "connect through a symbolic and a hard link in the workspace, /proc/self/root "
                     "and the descriptor of an O_PATH open",
        .source = "unix(7), proc(5); own",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_LISTENER,
        .attempt = unix_symlink,
    },
    {
        .id = "net.unix-in-workspace",
        .claim = "a service of the host whose socket lies in the workspace cannot be reached",
        .technique = "connect to a socket that the caller listens on inside the workspace",
        .source = "unix(7), git-fsmonitor--daemon(1), ssh_config(5) ControlPath; own",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CUSTOM,
        .attempt = unix_in_workspace,
        .prepare = listen_in_workspace,
        .observe = host_observe,
        .finish = host_finish,
    },
    {
        .id = "net.fifo-outside",
        .claim = "no FIFO of the host can be written to",
        .technique = "open(O_WRONLY) and write of a FIFO outside that the harness reads",
        .source = "fifo(7); measured: a FIFO on a read-only bind mount is writable",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CUSTOM,
        .attempt = fifo_outside,
        .prepare = open_host_fifo,
        .observe = host_observe,
        .finish = host_finish,
    },
    {
        .id = "net.socket-activation",
        .claim = "no file appears where the host waits for one to start a service",
        .technique = "create a request file in a directory that a path unit would watch",
        .source = "systemd.path(5); own",
        .severity = SEVERITY_LOW,
        .platforms = PLATFORM_LINUX,
        .oracles = ORACLE_TRIGGER,
        .attempt = drop_request,
        .prepare = make_spool,
        .observe = observe_spool,
    },
    {
        .id = "net.dns-service",
        .claim = "no resolver of the host asks questions for the command",
        .technique = "the question for NONCE.example in the protocol of systemd-resolved, avahi, "
                     "nscd, sssd and the system bus, to pretended sockets of each",
        .source = "nscd(8), systemd-resolved(8); Zouuup/landrun v0.1.17; own",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CUSTOM,
        .attempt = dns_service,
        .prepare = listen_resolvers,
        .observe = host_observe,
        .finish = host_finish,
    },
};

PROBE_FAMILY(family_net_unix, rows);

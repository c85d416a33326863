/*
 * Rows of area ipc: brokers of the host that would do the work for the
 * command. Each is a pretended socket that logs and answers nothing, found as
 * its clients find it: by a variable, or at its usual place below S/run.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probe.h"
#include "conformance/probes/host.h"
#include "conformance/probes/net_tools.h"

enum {
    REQUEST_MAX = 1024
};

struct broker {
    const char *place;    /* below S/run */
    const char *variable; /* that names it for clients; NULL: none */
    const char *prefix;   /* of the variable's value in front of the path */
    int type;
    const char *before; /* bytes of the request in front of the nonce, */
    size_t before_size;
    const char *after; /* and behind it */
};

#define BYTES(text) text, sizeof(text) - 1

/* S/run/PLACE, as the host listens there. */
static int pretend(struct scene *scene, const struct broker *brokers, size_t count,
                   struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        char path[512], value[640];

        (void)snprintf(path, sizeof path, "%s/%s", scene->run, brokers[i].place);
        if (host_listen_unix(scene, brokers[i].type, path, brokers[i].place, err) < 0)
            return -1;
        if (brokers[i].variable == NULL)
            continue;
        (void)snprintf(value, sizeof value, "%s%s", brokers[i].prefix, path);
        if (host_set_env(scene, brokers[i].variable, value, err) < 0)
            return -1;
    }
    return 0;
}

static const char *place_of(const struct attempt *a, const struct broker *broker)
{
    const char *value = broker->variable != NULL ? getenv(broker->variable) : NULL;
    const size_t prefix = broker->prefix != NULL ? strlen(broker->prefix) : 0;

    if (value != NULL && strncmp(value, broker->prefix, prefix) == 0 && value[prefix] == '/')
        return value + prefix;
    return path_in(a->run, broker->place);
}

static int ask(const struct attempt *a, const struct broker *broker)
{
    struct sockaddr_un to;
    const socklen_t size = unix_path(&to, place_of(a, broker));
    AUTO_CLOSE int fd = socket(AF_UNIX, broker->type | SOCK_CLOEXEC, 0);
    char request[REQUEST_MAX];
    int rest;

    if (fd < 0)
        return errno;
    if (size == 0)
        return ENAMETOOLONG;
    memcpy(request, broker->before, broker->before_size);
    rest = snprintf(request + broker->before_size, sizeof request - broker->before_size, "%s%s",
                    a->nonce, broker->after);
    /* A datagram goes by sendto without connect: filters that forgot it are common (net.unix-dgram). */
    if (broker->type == SOCK_DGRAM)
        return outcome_of(sendto(fd, request, broker->before_size + (size_t)rest, MSG_NOSIGNAL,
                                 (const struct sockaddr *)&to, size));
    if (connect(fd, (const struct sockaddr *)&to, size) < 0)
        return errno;
    return outcome_of(write(fd, request, broker->before_size + (size_t)rest));
}

static int ask_all(const struct attempt *a, const struct broker *brokers, size_t count)
{
    int outcome = ATTEMPT_UNABLE;

    for (size_t i = 0; i < count; i++)
        outcome = outcome_join(outcome, ask(a, &brokers[i]));
    return outcome;
}

/* prepare() and attempt() of a group of brokers. */
#define BROKERS(name)                                                 \
    static int pretend_##name(struct scene *scene, struct error *err) \
    {                                                                 \
        return pretend(scene, name, ARRAY_SIZE(name), err);           \
    }                                                                 \
    static int ask_##name(const struct attempt *a)                    \
    {                                                                 \
        return ask_all(a, name, ARRAY_SIZE(name));                    \
    }

/* Containers and packages -------------------------------------------------------------------- */

static const struct broker containers[] = {
    {"docker.sock", "DOCKER_HOST", "unix://", SOCK_STREAM, BYTES("POST /containers/create?name="),
     " HTTP/1.1\r\nHost: docker\r\n\r\n"},
    {"podman/podman.sock", "CONTAINER_HOST", "unix://", SOCK_STREAM, BYTES("GET /_ping?"),
     " HTTP/1.1\r\nHost: podman\r\n\r\n"},
    {"containerd/containerd.sock", NULL, NULL, SOCK_STREAM,
     BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), ""},
    {"crio/crio.sock", NULL, NULL, SOCK_STREAM, BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), ""},
};
BROKERS(containers)

static const struct broker packages[] = {
    {"snapd.socket", NULL, NULL, SOCK_STREAM, BYTES("GET /v2/snaps?"),
     " HTTP/1.1\r\nHost: snapd\r\n\r\n"},
    {"lxd/unix.socket", NULL, NULL, SOCK_STREAM, BYTES("GET /1.0?"),
     " HTTP/1.1\r\nHost: lxd\r\n\r\n"},
};
BROKERS(packages)

/* Message buses ------------------------------------------------------------------------------ */

static const struct broker managers[] = {
    {"user/systemd/private", NULL, NULL, SOCK_STREAM,
     BYTES("\0AUTH EXTERNAL 30\r\nBEGIN\r\norg.freedesktop.systemd1 StartTransientUnit "),
     ".service"},
    {"user/bus", "DBUS_SESSION_BUS_ADDRESS", "unix:path=", SOCK_STREAM,
     BYTES("\0AUTH EXTERNAL 30\r\nBEGIN\r\norg.freedesktop.systemd1 StartTransientUnit "),
     ".service"},
};
BROKERS(managers)

static const struct broker buses[] = {
    {"bus", "DBUS_SESSION_BUS_ADDRESS", "unix:path=", SOCK_STREAM,
     BYTES("\0AUTH EXTERNAL 30\r\nBEGIN\r\norg.freedesktop.DBus StartServiceByName "), ""},
    {"dbus/system_bus_socket", "DBUS_SYSTEM_BUS_ADDRESS", "unix:path=", SOCK_STREAM,
     BYTES("\0AUTH EXTERNAL 30\r\nBEGIN\r\norg.freedesktop.DBus StartServiceByName "), ""},
};
BROKERS(buses)

static const struct broker portals[] = {
    {"bus", "DBUS_SESSION_BUS_ADDRESS", "unix:path=", SOCK_STREAM,
     BYTES("\0AUTH EXTERNAL 30\r\nBEGIN\r\norg.freedesktop.Flatpak.Development HostCommand "), ""},
    {"gvfsd/socket", NULL, NULL, SOCK_STREAM,
     BYTES("\0AUTH EXTERNAL 30\r\nBEGIN\r\norg.gtk.vfs.Mount OpenForRead "), ""},
    {"doc/bus", NULL, NULL, SOCK_STREAM,
     BYTES("\0AUTH EXTERNAL 30\r\nBEGIN\r\norg.freedesktop.portal.OpenURI OpenFile "), ""},
};
BROKERS(portals)

/* Keys --------------------------------------------------------------------------------------- */

static const struct broker ssh_agents[] = {
    /* RFC draft-miller-ssh-agent: REQUEST_IDENTITIES, then SIGN_REQUEST with the nonce as data */
    {"ssh-agent.sock", "SSH_AUTH_SOCK", "", SOCK_STREAM,
     BYTES("\0\0\0\1\13\0\0\0\55\15\0\0\0\0\0\0\0\40"), "\0\0\0\0"},
};
BROKERS(ssh_agents)

static const struct broker gpg_agents[] = {
    {"gnupg/S.gpg-agent", NULL, NULL, SOCK_STREAM, BYTES("SETHASH 8 "), "\nPKSIGN\n"},
    {"gnupg/S.gpg-agent.extra", NULL, NULL, SOCK_STREAM, BYTES("SIGKEY "), "\n"},
};
BROKERS(gpg_agents)

/* Desktop ------------------------------------------------------------------------------------ */

static const struct broker waylands[] = {
    /* wl_display.get_registry, then a bind whose interface name is the nonce */
    {"wayland-0", "WAYLAND_DISPLAY", "", SOCK_STREAM,
     BYTES("\1\0\0\0\1\0\14\0\2\0\0\0\2\0\0\0\0\0\70\0\1\0\0\0\41\0\0\0"), ""},
};
BROKERS(waylands)

static const struct broker sounds[] = {
    {"pulse/native", "PULSE_SERVER", "unix:", SOCK_STREAM, BYTES("\0\0\0\40\377\377\377\377"), ""},
    {"pipewire-0", NULL, NULL, SOCK_STREAM, BYTES("\0\0\0\0\50\0\0\1"), ""},
};
BROKERS(sounds)

/* The X server also listens on an abstract name, which a mount namespace does not hide. */
static void abstract_x11(char *name, size_t size, const char *nonce)
{
    (void)snprintf(name, size, "/tmp/.X11-unix/X-%s", nonce);
}

static const struct broker x11_sockets[] = {
    {"X11-unix/X0", NULL, NULL, SOCK_STREAM,
     BYTES("l\0\13\0\0\0\22\0\40\0\0\0MIT-MAGIC-COOKIE-1\0\0"), ""},
};
BROKERS(x11_sockets)

static int pretend_x11(struct scene *scene, struct error *err)
{
    char name[96];
    struct sockaddr_un at;
    socklen_t size;
    AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    abstract_x11(name, sizeof name, scene->nonce);
    size = unix_abstract(&at, name);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&at, size) < 0 || listen(fd, 8) < 0)
        return error_os(err, errno, "pretended X server");
    if (host_add(scene, TAKE_FD(fd), HOST_LISTENER, "abstract X socket", err) < 0)
        return -1;
    return pretend_x11_sockets(scene, err);
}

static int ask_x11(const struct attempt *a)
{
    char name[96];
    struct sockaddr_un to;

    abstract_x11(name, sizeof name, a->nonce);
    const socklen_t size = unix_abstract(&to, name);

    return outcome_join(say(a, AF_UNIX, SOCK_STREAM, 0, &to, size, "abstract"), ask_x11_sockets(a));
}

/* Logs, terminals, editors, builds ----------------------------------------------------------- */

static const struct broker journals[] = {
    {"systemd/journal/socket", NULL, NULL, SOCK_DGRAM, BYTES("PRIORITY=2\nMESSAGE="), "\n"},
    {"systemd/journal/dev-log", NULL, NULL, SOCK_DGRAM, BYTES("<34>sshd[1]: "), ""},
    {"systemd/notify", "NOTIFY_SOCKET", "", SOCK_DGRAM, BYTES("READY=1\nSTATUS="), "\n"},
    {"systemd/journal/stdout", NULL, NULL, SOCK_STREAM, BYTES("sshd\n\n6\n0\n0\n0\n0\n"), "\n"},
};
BROKERS(journals)

static const struct broker terminals[] = {
    /* imsg headers and strings of the protocols are not imitated: the bytes arrive or do not */
    {"tmux-0/default", "TMUX_SOCKET", "", SOCK_STREAM, BYTES("send-keys\0-t\0000\0"), "\n"},
    {"screen/S-user/1.pts", NULL, NULL, SOCK_STREAM, BYTES("msg: -X stuff "), "\n"},
};
BROKERS(terminals)

static const struct broker editors[] = {
    {"vscode-ipc.sock", "VSCODE_IPC_HOOK_CLI", "", SOCK_STREAM,
     BYTES("POST / HTTP/1.1\r\nHost: x\r\n\r\n{\"type\":\"open\",\"fileURIs\":[\""), "\"]}"},
    {"emacs/server", NULL, NULL, SOCK_STREAM, BYTES("-eval (shell-command&_\""), "\")\n"},
    {"nvim.sock", "NVIM", "", SOCK_STREAM, BYTES("\224\0\1\254nvim_command\221\331\42!:"), ""},
};
BROKERS(editors)

static const struct broker daemons[] = {
    {"buildkit/buildkitd.sock", "BUILDKIT_HOST", "unix://", SOCK_STREAM,
     BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), ""},
    {"watchman/sock", "WATCHMAN_SOCK", "", SOCK_STREAM, BYTES("[\"trigger\",\"/\",[\""), "\"]]\n"},
    {"sccache.sock", "SCCACHE_SERVER_UDS", "", SOCK_STREAM, BYTES("\0\0\0\50\2\0\0\0\40\0\0\0"),
     ""},
    {"bazel/server.sock", NULL, NULL, SOCK_STREAM, BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), ""},
};
BROKERS(daemons)

/* Gradle's daemon and many language servers listen on loopback instead. */
static int ask_build_daemons(const struct attempt *a)
{
    const struct sockaddr_in to = loopback4(a->tcp4);

    return outcome_join(ask_daemons(a), say(a, AF_INET, SOCK_STREAM, 0, &to, sizeof to,
                                            "build daemon on loopback"));
}

#define BROKER_ROW(group_prepare, group_attempt)                                    \
    .platforms = PLATFORM_UNIX, .oracles = ORACLE_CUSTOM, .attempt = group_attempt, \
    .prepare = group_prepare, .observe = host_observe, .finish = host_finish

static const struct probe rows[] = {
    {
        .id = "ipc.docker-sock",
        .claim = "no container daemon of the host takes requests",
        .technique = "DOCKER_HOST and the sockets of docker, podman, containerd and CRI-O: ask to "
                     "create a container",
        .source = "docker(1), CVE-2019-5736 for the class; eugene1g/agent-safehouse#19; "
                  "SandboxEscapeBench",
        .severity = SEVERITY_CRITICAL,
        BROKER_ROW(pretend_containers, ask_containers),
    },
    {
        .id = "ipc.systemd-run",
        .claim = "no service manager of the host starts a unit",
        .technique =
            "the user manager's private socket and bus: StartTransientUnit, as systemd-run "
            "--user does",
        .source = "systemd-run(1), org.freedesktop.systemd1(5); Zouuup/landrun#43; fence#186",
        .severity = SEVERITY_CRITICAL,
        BROKER_ROW(pretend_managers, ask_managers),
    },
    {
        .id = "ipc.dbus-activate",
        .claim = "no message bus of the host starts a service",
        .technique = "StartServiceByName on the session and the system bus",
        .source = "dbus-daemon(1); GreyhavenHQ/greywall#32",
        .severity = SEVERITY_CRITICAL,
        BROKER_ROW(pretend_buses, ask_buses),
    },
    {
        .id = "ipc.gvfs-read",
        .claim = "no desktop service of the host opens files or runs commands",
        .technique = "Flatpak's HostCommand, gvfs' OpenForRead and the OpenURI portal",
        .source = "CVE-2021-21261; GreyhavenHQ/greywall#32",
        .severity = SEVERITY_HIGH,
        BROKER_ROW(pretend_portals, ask_portals),
    },
    {
        .id = "ipc.snapd",
        .claim = "no package daemon of the host takes requests",
        .technique = "requests to the sockets of snapd and LXD",
        .source = "anthropic-experimental/sandbox-runtime#429",
        .severity = SEVERITY_HIGH,
        BROKER_ROW(pretend_packages, ask_packages),
    },
    {
        .id = "ipc.ssh-agent",
        .claim = "the user's ssh-agent neither lists keys nor signs",
        .technique = "SSH_AUTH_SOCK: REQUEST_IDENTITIES and SIGN_REQUEST",
        .source = "ssh-agent(1); context-mode#29; Kilo-Org/kilocode#11650",
        .severity = SEVERITY_CRITICAL,
        BROKER_ROW(pretend_ssh_agents, ask_ssh_agents),
    },
    {
        .id = "ipc.gpg-agent",
        .claim = "the user's gpg-agent does not sign",
        .technique = "SETHASH and PKSIGN on S.gpg-agent and its extra socket",
        .source = "gpg-agent(1); anthropic-experimental/sandbox-runtime#429",
        .severity = SEVERITY_HIGH,
        BROKER_ROW(pretend_gpg_agents, ask_gpg_agents),
    },
    {
        .id = "ipc.x11",
        .claim = "the X server of the desktop cannot be reached",
        .technique = "connection setup on the pathname and the abstract socket of a display; with "
                     "it keys can be typed (XTEST)",
        .source = "X(7), unix(7); Chromium Linux sandbox design",
        .severity = SEVERITY_CRITICAL,
        BROKER_ROW(pretend_x11, ask_x11),
    },
    {
        .id = "ipc.wayland",
        .claim = "the Wayland compositor of the desktop cannot be reached",
        .technique = "WAYLAND_DISPLAY: get_registry and bind",
        .source = "Wayland protocol, appendix A; mviereck/x11docker#466",
        .severity = SEVERITY_HIGH,
        BROKER_ROW(pretend_waylands, ask_waylands),
    },
    {
        .id = "ipc.pulse-pipewire",
        .claim = "no sound server of the desktop can be reached, so no microphone",
        .technique = "PULSE_SERVER and pipewire-0",
        .source = "pulse-client.conf(5); own",
        .severity = SEVERITY_LOW,
        BROKER_ROW(pretend_sounds, ask_sounds),
    },
    {
        .id = "ipc.journald",
        .claim = "no log entry or readiness message is forged on the host",
        .technique = "datagrams to journald's socket, /dev/log's and NOTIFY_SOCKET's; a stream to "
                     "journald's stdout",
        .source = "systemd-journald.service(8), sd_notify(3); measured: sendto class",
        .severity = SEVERITY_MEDIUM,
        BROKER_ROW(pretend_journals, ask_journals),
    },
    {
        .id = "ipc.tmux-screen",
        .claim = "no terminal multiplexer of the user takes keys",
        .technique = "send-keys to a tmux socket, stuff to a screen socket",
        .source = "tmux(1), screen(1); own",
        .severity = SEVERITY_CRITICAL,
        BROKER_ROW(pretend_terminals, ask_terminals),
    },
    {
        .id = "ipc.editor-server",
        .claim = "no editor of the user opens files or runs code for the command",
        .technique = "VS Code's CLI hook, an emacs server and an nvim server",
        .source = "emacsclient(1), nvim --server; cmux nono#687",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CUSTOM,
        .attempt = ask_editors,
        .prepare = pretend_editors,
        .observe = host_observe,
        .finish = host_finish,
    },
    {
        .id = "ipc.build-daemons",
        .claim = "no build daemon of the user runs tasks for the command",
        .technique = "BuildKit, watchman trigger, sccache, bazel; a daemon on a loopback port as "
                     "Gradle's",
        .source = "watchman trigger, gradle daemon documentation; own",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CUSTOM | ORACLE_LISTENER,
        .attempt = ask_build_daemons,
        .prepare = pretend_daemons,
        .observe = host_observe,
        .finish = host_finish,
    },
    {
        .id = "ipc.xpc-mcp",
        .claim = "nothing is claimed about servers that the agent itself started and talks to",
        .technique = "MCP and language servers outside the sandbox on stdio or loopback",
        .source = "zerotrace",
        .severity = SEVERITY_INFO,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CUSTOM,
        .flags = CASE_INFORMATIONAL,
        .not_implemented = "what such a server may do is the agent's decision, not the sandbox's; "
                           "reaching one is net.tcp4-connect and net.unix-path",
    },
};

PROBE_FAMILY(family_ipc, rows);

/*
 * Rows of area net: sockets that somebody else connects or connected: leaked by
 * the caller, or opened by the command for a client outside.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probe.h"
#include "conformance/probes/host.h"
#include "conformance/probes/net_tools.h"

enum {
    DESCRIPTORS_MAX = 1024,
    PLACES_MAX = 4,
    CLIENT_PATIENCE_MS = 1500,         /* how long the command waits for the client outside, */
    CLIENT_ROUNDS = HOST_LIFE_MS / 10, /* which tries this often, 10 ms apart */
    ANY_OFFSET = 10000                 /* the second port of a run, on every address */
};

/* Leaked sockets ----------------------------------------------------------------------------- */

/* A listener of the harness at the run's address; the port is chosen by the kernel. */
static int listen_of_run(const struct scene *scene, struct sockaddr_in *at)
{
    socklen_t size = sizeof *at;
    AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    *at = inet4(address_of_run(scene->nonce), 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)at, sizeof *at) < 0 || listen(fd, 8) < 0 ||
        getsockname(fd, (struct sockaddr *)at, &size) < 0)
        return -1;
    return TAKE_FD(fd);
}

static int connect_to(const struct sockaddr_in *at)
{
    AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || connect(fd, (const struct sockaddr *)at, sizeof *at) < 0)
        return -1;
    return TAKE_FD(fd);
}

/* The listener leaks; a client of the harness waits in its queue for somebody to accept. */
static int leak_listener(struct scene *scene, struct error *err)
{
    struct sockaddr_in at;
    AUTO_CLOSE int listener = listen_of_run(scene, &at);
    AUTO_CLOSE int client = listener < 0 ? -1 : connect_to(&at);

    if (client < 0)
        return error_os(err, errno, "listener of the harness");
    if (host_add(scene, TAKE_FD(client), HOST_STREAM, "client of the leaked listener", err) < 0)
        return -1;
    return host_inherit(scene, TAKE_FD(listener), err);
}

static int leak_connection(struct scene *scene, struct error *err)
{
    struct sockaddr_in at;
    AUTO_CLOSE int listener = listen_of_run(scene, &at);
    AUTO_CLOSE int client = listener < 0 ? -1 : connect_to(&at);
    AUTO_CLOSE int served = client < 0 ? -1 : accept4(listener, NULL, NULL, SOCK_CLOEXEC);

    if (served < 0)
        return error_os(err, errno, "connection of the harness");
    if (host_add(scene, TAKE_FD(served), HOST_STREAM, "leaked TCP connection", err) < 0)
        return -1;
    return host_inherit(scene, TAKE_FD(client), err);
}

static int leak_sockets(struct scene *scene, struct error *err)
{
    int ends[2];

    if (leak_listener(scene, err) < 0 || leak_connection(scene, err) < 0)
        return -1;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return error_os(err, errno, "socketpair");
    if (host_add(scene, ends[0], HOST_STREAM, "leaked unix socket", err) < 0 ||
        host_inherit(scene, ends[1], err) < 0)
        return -1;
    return host_set_env(scene, "LISTEN_FDS", "3", err);
}

static int use_descriptor(const struct attempt *a, int fd)
{
    const char *message = message_of(a, "inherited descriptor");
    int listening = 0;
    socklen_t size = sizeof listening;

    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) < 0)
        return errno;
    if (listening != 0) {
        AUTO_CLOSE int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

        return client < 0 ? errno : outcome_of(write(client, message, strlen(message)));
    }
    return outcome_of(send(fd, message, strlen(message), MSG_NOSIGNAL | MSG_DONTWAIT));
}

static int inherited_socket(const struct attempt *a)
{
    int outcome = EBADF;

    for (int fd = 3; fd < DESCRIPTORS_MAX; fd++) {
        if (use_descriptor(a, fd) == 0)
            outcome = 0;
    }
    return outcome;
}

/* Inbound ------------------------------------------------------------------------------------ */

/* The name that a program of the host would ask for, a display's or a bus's. */
static const char *abstract_of_run(const char *nonce)
{
    static char name[96];

    (void)snprintf(name, sizeof name, "holdfast-inbound-%s", nonce);
    return name;
}

static int connect_abstract(const char *name)
{
    struct sockaddr_un to;
    const socklen_t size = unix_abstract(&to, name);
    AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || connect(fd, (const struct sockaddr *)&to, size) < 0)
        return -1;
    return TAKE_FD(fd);
}

static int listen_abstract(const char *name)
{
    struct sockaddr_un at;
    const socklen_t size = unix_abstract(&at, name);
    AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (const struct sockaddr *)&at, size) < 0 || listen(fd, 8) < 0)
        return -1;
    return TAKE_FD(fd);
}

/* Plays a browser or another program of the host: connects as soon as somebody listens. */
static void visit(const struct sockaddr_in *places, size_t count, const char *abstract,
                  int to_harness)
{
    const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};

    for (int round = 0; round < CLIENT_ROUNDS; round++) {
        for (size_t i = 0; i < count + (abstract != NULL); i++) {
            char bytes[256];
            AUTO_CLOSE int fd = i < count ? connect_to(&places[i]) : connect_abstract(abstract);
            const ssize_t size = fd < 0 ? -1 : read(fd, bytes, sizeof bytes - 1);

            if (size <= 0)
                continue;
            bytes[size] = '\n';
            if (write(to_harness, bytes, (size_t)size + 1) < 0)
                return;
        }
        (void)nanosleep(&pause, NULL);
    }
}

static int listen_at(const struct sockaddr_in *place)
{
    const int on = 1;
    AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *)place, sizeof *place) < 0 || listen(fd, 8) < 0)
        return -1;
    return TAKE_FD(fd);
}

/* Listens at every place it can and hands the nonce to the first client. abstract: a name of a local
 * socket, or NULL. */
static int serve(const struct attempt *a, const struct sockaddr_in *places, nfds_t places_count,
                 const char *abstract, const char *way)
{
    const nfds_t count = places_count + (abstract != NULL);
    struct pollfd ready[PLACES_MAX] = {0};
    const char *message = message_of(a, way);
    int outcome = ATTEMPT_UNABLE;
    bool is_listening = false;

    for (nfds_t i = 0; i < count && i < PLACES_MAX; i++) {
        ready[i] = (struct pollfd){.fd = i < places_count ? listen_at(&places[i])
                                                          : listen_abstract(abstract),
                                   .events = POLLIN};
        is_listening |= ready[i].fd >= 0;
        outcome = outcome_join(outcome, ready[i].fd < 0 ? errno : ETIMEDOUT);
    }
    (void)poll(ready, count, is_listening ? CLIENT_PATIENCE_MS : 0);
    for (nfds_t i = 0; i < count && i < PLACES_MAX; i++) {
        AUTO_CLOSE int listener = ready[i].fd;
        AUTO_CLOSE int client =
            (ready[i].revents & POLLIN) != 0 ? accept4(listener, NULL, NULL, SOCK_CLOEXEC) : -1;

        if (client >= 0)
            outcome = outcome_of(write(client, message, strlen(message)));
    }
    return outcome;
}

static void visit_run(const struct scene *scene, int to_harness)
{
    const struct sockaddr_in places[] = {
        inet4(address_of_run(scene->nonce), port_of_run(scene->nonce)),
        inet4(address_of_run(scene->nonce), (uint16_t)(port_of_run(scene->nonce) + ANY_OFFSET)),
    };

    visit(places, ARRAY_SIZE(places), abstract_of_run(scene->nonce), to_harness);
}

static int send_visitor(struct scene *scene, struct error *err)
{
    return host_fork(scene, visit_run, "client outside", err);
}

static int listen_inbound(const struct attempt *a)
{
    const struct in_addr any = {.s_addr = htonl(INADDR_ANY)};
    const struct sockaddr_in places[] = {
        inet4(address_of_run(a->nonce), port_of_run(a->nonce)),
        inet4(any, (uint16_t)(port_of_run(a->nonce) + ANY_OFFSET)),
    };

    return serve(a, places, ARRAY_SIZE(places), abstract_of_run(a->nonce), "listener");
}

/* Ports that people's tools connect to without asking who listens. */
static const uint16_t squatted[] = {3000, 5173, 8080, 9222};

static void visit_squatted(const struct scene *scene, int to_harness)
{
    struct sockaddr_in places[ARRAY_SIZE(squatted)];

    for (size_t i = 0; i < ARRAY_SIZE(squatted); i++)
        places[i] = inet4(address_of_run(scene->nonce), squatted[i]);
    visit(places, ARRAY_SIZE(places), NULL, to_harness);
}

static int send_tool(struct scene *scene, struct error *err)
{
    return host_fork(scene, visit_squatted, "tool outside", err);
}

static int port_squat(const struct attempt *a)
{
    struct sockaddr_in places[ARRAY_SIZE(squatted)];

    for (size_t i = 0; i < ARRAY_SIZE(squatted); i++)
        places[i] = inet4(address_of_run(a->nonce), squatted[i]);
    return serve(a, places, ARRAY_SIZE(places), NULL, "squatted port");
}

static const struct probe rows[] = {
    {
        .id = "net.inherited-socket",
        .claim = "no socket that the caller left open can be used",
        .technique =
            "write to a leaked TCP connection and unix socket, accept on a leaked listener "
            "(descriptors 3 to 1023), with LISTEN_FDS set",
        .source = "sd_listen_fds(3), CVE-2024-21626 for the class; phylum-dev/birdcage#32",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CUSTOM,
        .attempt = inherited_socket,
        .prepare = leak_sockets,
        .observe = host_observe,
        .finish = host_finish,
    },
    {
        .id = "net.listen-inbound",
        .claim = "nobody outside can connect to a listener of the command",
        .technique = "bind and listen on loopback, on 0.0.0.0 and on an abstract name; a client "
                     "outside connects and reads",
        .source = "ip(7), unix(7); google-gemini/gemini-cli#28423",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CUSTOM,
        .attempt = listen_inbound,
        .prepare = send_visitor,
        .observe = host_observe,
        .finish = host_finish,
    },
    {
        .id = "net.port-squat",
        .claim = "no port that tools of the host expect can be taken",
        .technique = "bind 3000, 5173, 8080 or 9222 of an address of this run; a tool outside "
                     "connects and reads",
        .source = "own",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CUSTOM,
        .attempt = port_squat,
        .prepare = send_tool,
        .observe = host_observe,
        .finish = host_finish,
    },
};

PROBE_FAMILY(family_net_serve, rows);

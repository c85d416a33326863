/*
 * Rows of area net: IPv4 and IPv6 by every call and protocol that reaches a
 * listener on loopback. Nothing leaves the machine: listeners are the
 * fixture's, or the row's own on an address that only this run uses.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probe.h"
#include "conformance/probes/host.h"
#include "conformance/probes/net_tools.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#ifndef AF_SMC
#define AF_SMC 43
#endif
#ifndef TCP_FASTOPEN_CONNECT
#define TCP_FASTOPEN_CONNECT 30
#endif
enum {
    PROTOCOL_DCCP = 33,
    PROTOCOL_SCTP = 132,
    PROTOCOL_UDPLITE = 136
};

/* TCP ---------------------------------------------------------------------------------------- */

static int say4(const struct attempt *a, const char *address, int protocol, const char *way)
{
    struct sockaddr_in to = loopback4(a->tcp4);

    if (a->tcp4 == 0 || inet_aton(address, &to.sin_addr) == 0)
        return ATTEMPT_UNABLE;
    return say(a, AF_INET, SOCK_STREAM, protocol, &to, sizeof to, way);
}

/* The machine's own other addresses: packets to them stay on it. */
static int say_own_addresses(const struct attempt *a, int family)
{
    struct ifaddrs *all;
    int outcome = ATTEMPT_UNABLE;

    if (getifaddrs(&all) < 0)
        return errno;
    for (const struct ifaddrs *i = all; i != NULL; i = i->ifa_next) {
        struct sockaddr_in6 to = {0};
        const socklen_t size =
            family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
        const uint16_t port = family == AF_INET ? a->tcp4 : a->tcp6;

        if (i->ifa_addr == NULL || i->ifa_addr->sa_family != family)
            continue;
        memcpy(&to, i->ifa_addr, size);
        to.sin6_port = htons(port); /* the port is at the same place in sockaddr_in */
        outcome = outcome_join(outcome, say(a, family, SOCK_STREAM, 0, &to, size, "own address"));
    }
    freeifaddrs(all);
    return outcome;
}

static int tcp4_connect(const struct attempt *a)
{
    return outcome_join(say4(a, "127.0.0.1", 0, "127.0.0.1"), say_own_addresses(a, AF_INET));
}

static int tcp6_connect(const struct attempt *a)
{
    const struct sockaddr_in6 to = loopback6(a->tcp6);

    if (a->tcp6 == 0)
        return ATTEMPT_UNABLE;
    return outcome_join(say(a, AF_INET6, SOCK_STREAM, 0, &to, sizeof to, "::1"),
                        say_own_addresses(a, AF_INET6));
}

/* Other spellings of loopback, for filters that compare text or look at one family. */
static int tcp_mapped(const struct attempt *a)
{
    static const char *const spellings[] = {"0.0.0.0", "127.1", "2130706433", "0x7f.0.0.1"};
    struct sockaddr_in6 mapped = loopback6(a->tcp4);
    int outcome = ATTEMPT_UNABLE;

    if (a->tcp4 == 0)
        return ATTEMPT_UNABLE;
    if (inet_pton(AF_INET6, "::ffff:127.0.0.1", &mapped.sin6_addr) == 1)
        outcome = say(a, AF_INET6, SOCK_STREAM, 0, &mapped, sizeof mapped, "::ffff:127.0.0.1");
    for (size_t i = 0; i < ARRAY_SIZE(spellings); i++)
        outcome = outcome_join(outcome, say4(a, spellings[i], 0, spellings[i]));
    return outcome;
}

/* tcp(7): data with the SYN, no connect(2); without a cookie the kernel connects first. */
static int fastopen_send(const struct attempt *a, const struct sockaddr_in *to)
{
    AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const char *message = message_of(a, "sendto MSG_FASTOPEN");

    if (fd < 0)
        return errno;
    return outcome_of(sendto(fd, message, strlen(message), MSG_FASTOPEN | MSG_NOSIGNAL,
                             (const struct sockaddr *)to, sizeof *to));
}

static int fastopen_sendmsg(const struct attempt *a, struct sockaddr_in *to)
{
    AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const char *message = message_of(a, "sendmsg MSG_FASTOPEN");
    struct iovec piece = {(void *)(uintptr_t)message, strlen(message)};
    struct msghdr header = {0};

    if (fd < 0)
        return errno;
    header.msg_name = to;
    header.msg_namelen = sizeof *to;
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    return outcome_of(sendmsg(fd, &header, MSG_FASTOPEN | MSG_NOSIGNAL));
}

static int fastopen_connect(const struct attempt *a, const struct sockaddr_in *to)
{
    const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof on);
    return say_on(a, fd, to, sizeof *to, "TCP_FASTOPEN_CONNECT");
}

static int tcp_fastopen(const struct attempt *a)
{
    struct sockaddr_in to = loopback4(a->tcp4);
    int outcome;

    if (a->tcp4 == 0)
        return ATTEMPT_UNABLE;
    outcome = outcome_join(fastopen_send(a, &to), fastopen_sendmsg(a, &to));
    return outcome_join(outcome, fastopen_connect(a, &to));
}

/* Other transports: MPTCP and SMC fall back to TCP with an ordinary listener. */
struct transport {
    const char *name;
    int type, protocol;
};
static const struct transport transports[] = {
    {"SCTP", SOCK_STREAM, PROTOCOL_SCTP},
    {"DCCP", 6 /* SOCK_DCCP */, PROTOCOL_DCCP},
    {"UDP-Lite", SOCK_DGRAM, PROTOCOL_UDPLITE},
};

static int listen_transports(struct scene *scene, struct error *err)
{
    const struct sockaddr_in at = inet4(address_of_run(scene->nonce), port_of_run(scene->nonce));

    (void)err; /* what this kernel lacks is not tried */
    for (size_t i = 0; i < ARRAY_SIZE(transports); i++) {
        struct error lacking = {0};

        (void)host_listen_inet(scene, transports[i].type, transports[i].protocol,
                               (const struct sockaddr *)&at, transports[i].name, &lacking);
    }
    return scene->own != NULL ? 0 : error_set(err, ERR_UNSUPPORTED, "no transport but TCP and UDP");
}

/* Families whose mere socket(2) reaches rarely used kernel code; tried for the record. */
static void open_families(void)
{
    static const struct {
        const char *name;
        int family, type;
    } families[] = {
        {"RDS", 21, SOCK_SEQPACKET}, {"TIPC", 30, SOCK_RDM},      {"Bluetooth", 31, SOCK_SEQPACKET},
        {"PHONET", 35, SOCK_DGRAM},  {"CAN", 29, SOCK_RAW},       {"KCM", 41, SOCK_DGRAM},
        {"MCTP", 45, SOCK_DGRAM},    {"X.25", 9, SOCK_SEQPACKET}, {"PPPoX", 24, SOCK_DGRAM},
    };

    for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
        AUTO_CLOSE int fd = socket(families[i].family, families[i].type | SOCK_CLOEXEC, 0);

        (void)printf("socket(%s): %s\n", families[i].name, fd < 0 ? strerror(errno) : "opened");
    }
}

static int mptcp_connect(const struct attempt *a)
{
    const struct sockaddr_in to = loopback4(a->tcp4);
    const struct sockaddr_in of_run = inet4(address_of_run(a->nonce), port_of_run(a->nonce));
    int outcome = say4(a, "127.0.0.1", IPPROTO_MPTCP, "MPTCP");

    outcome = outcome_join(outcome, say(a, AF_SMC, SOCK_STREAM, 0, &to, sizeof to, "SMC"));
    for (size_t i = 0; i < ARRAY_SIZE(transports); i++)
        outcome = outcome_join(outcome, say(a, AF_INET, transports[i].type, transports[i].protocol,
                                            &of_run, sizeof of_run, transports[i].name));
    open_families();
    return outcome;
}

/* UDP ---------------------------------------------------------------------------------------- */

static int udp4_send(const struct attempt *a)
{
    const struct sockaddr_in to = loopback4(a->udp4);

    if (a->udp4 == 0)
        return ATTEMPT_UNABLE;
    return say_datagram(a, make_socket, AF_INET, &to, sizeof to);
}

enum {
    GROUP_HIGH = 239,
    GROUP_LOW = 0xc86400 /* 239.200.100.0: organisation-local scope (RFC 2365) */
};

static struct in_addr group_of_run(const char *nonce)
{
    struct in_addr group = {.s_addr = htonl(((uint32_t)GROUP_HIGH << 24) | GROUP_LOW |
                                            (ntohl(address_of_run(nonce).s_addr) & 0xff))};

    return group;
}

/* One listener for broadcast and multicast on lo. */
static int listen_group(struct scene *scene, struct error *err)
{
    const struct in_addr any = {.s_addr = htonl(INADDR_ANY)};
    const struct sockaddr_in at = inet4(any, port_of_run(scene->nonce));
    const struct ip_mreqn join = {.imr_multiaddr = group_of_run(scene->nonce),
                                  .imr_address = {.s_addr = htonl(INADDR_LOOPBACK)},
                                  .imr_ifindex = (int)if_nametoindex("lo")};
    AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof at) < 0)
        return error_os(err, errno, "UDP listener for broadcast");
    (void)setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &join, sizeof join);
    return host_add(scene, TAKE_FD(fd), HOST_DATAGRAM, "broadcast listener", err);
}

static int send_group(const struct attempt *a, struct in_addr address, const char *way)
{
    const struct sockaddr_in to = inet4(address, port_of_run(a->nonce));
    const struct ip_mreqn out = {.imr_address = {.s_addr = htonl(INADDR_LOOPBACK)},
                                 .imr_ifindex = (int)if_nametoindex("lo")};
    const int on = 1;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd >= 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
        (void)setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof out);
    }
    return say_on(a, fd, &to, sizeof to, way);
}

static int udp6_send(const struct attempt *a)
{
    const struct sockaddr_in6 to = loopback6(a->udp6);
    const struct in_addr broadcast = {.s_addr = htonl(0x7fffffff)}; /* 127.255.255.255 */
    int outcome;

    if (a->udp6 == 0)
        return ATTEMPT_UNABLE;
    outcome = say_datagram(a, make_socket, AF_INET6, &to, sizeof to);
    outcome = outcome_join(outcome, send_group(a, broadcast, "broadcast"));
    return outcome_join(outcome, send_group(a, group_of_run(a->nonce), "multicast"));
}

/* Names and well-known ports ----------------------------------------------------------------- */

/* RFC 1035, section 4: a question for NONCE.example, type A. Data leaves as a name. */
static size_t dns_question(const struct attempt *a, unsigned char *packet)
{
    static const unsigned char head[] = {0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
    static const unsigned char tail[] = {7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 1, 0, 1};
    const size_t label = strlen(a->nonce);

    memcpy(packet, head, sizeof head);
    packet[sizeof head] = (unsigned char)label;
    memcpy(packet + sizeof head + 1, a->nonce, label);
    memcpy(packet + sizeof head + 1 + label, tail, sizeof tail);
    return sizeof head + 1 + label + sizeof tail;
}

static int ask(int type, const struct sockaddr_in *server, const unsigned char *packet, size_t size)
{
    AUTO_CLOSE int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    const unsigned char length[2] = {0, (unsigned char)size};
    const struct iovec pieces[] = {{(void *)(uintptr_t)length, sizeof length},
                                   {(void *)(uintptr_t)packet, size}};
    const int skip = type == SOCK_DGRAM; /* over TCP the length goes first */

    if (fd < 0 || connect(fd, (const struct sockaddr *)server, sizeof *server) < 0)
        return errno;
    return outcome_of(writev(fd, pieces + skip, 2 - skip));
}

static int dns_stub(const struct attempt *a)
{
    unsigned char packet[128];
    const size_t size = dns_question(a, packet);
    const struct sockaddr_in resolver = inet4(address_of_run(a->nonce), 53);
    const struct sockaddr_in udp = loopback4(a->udp4), tcp = loopback4(a->tcp4);
    int outcome = ask(SOCK_DGRAM, &resolver, packet, size);

    outcome = outcome_join(outcome, ask(SOCK_STREAM, &resolver, packet, size));
    outcome = outcome_join(outcome, ask(SOCK_DGRAM, &udp, packet, size));
    return outcome_join(outcome, ask(SOCK_STREAM, &tcp, packet, size));
}

/* A port below 1024 needs privilege, and another program may hold it on every address: then the
 * fixture's listeners alone have to hear the act. */
static int listen_if_free(struct scene *scene, int type, uint16_t port, const char *label)
{
    const struct sockaddr_in at = inet4(address_of_run(scene->nonce), port);
    struct error taken = {0};

    return host_listen_inet(scene, type, 0, (const struct sockaddr *)&at, label, &taken);
}

static int listen_at_run(struct scene *scene, const char *label, struct error *err)
{
    const struct sockaddr_in at = inet4(address_of_run(scene->nonce), port_of_run(scene->nonce));

    return host_listen_inet(scene, SOCK_DGRAM, 0, (const struct sockaddr *)&at, label, err);
}

static int listen_dns(struct scene *scene, struct error *err)
{
    (void)listen_if_free(scene, SOCK_DGRAM, 53, "resolver (UDP 53)");
    (void)listen_if_free(scene, SOCK_STREAM, 53, "resolver (TCP 53)");
    return listen_at_run(scene, "spare", err);
}

static int listen_dot_doh(struct scene *scene, struct error *err)
{
    (void)listen_if_free(scene, SOCK_STREAM, 853, "DNS over TLS (853)");
    (void)listen_if_free(scene, SOCK_STREAM, 443, "DNS over HTTPS (443)");
    return listen_at_run(scene, "spare", err);
}

static int dot_doh(const struct attempt *a)
{
    const struct sockaddr_in dot = inet4(address_of_run(a->nonce), 853);
    const struct sockaddr_in doh = inet4(address_of_run(a->nonce), 443);
    const struct sockaddr_in any = loopback4(a->tcp4);
    int outcome = say(a, AF_INET, SOCK_STREAM, 0, &dot, sizeof dot, "port 853");

    outcome = outcome_join(outcome, say(a, AF_INET, SOCK_STREAM, 0, &doh, sizeof doh, "port 443"));
    return outcome_join(outcome,
                        say(a, AF_INET, SOCK_STREAM, 0, &any, sizeof any, "DoH, other port"));
}

static int listen_quic(struct scene *scene, struct error *err)
{
    (void)listen_if_free(scene, SOCK_DGRAM, 443, "QUIC (UDP 443)");
    return listen_at_run(scene, "UDP, ephemeral port", err);
}

static int quic_raw(const struct attempt *a)
{
    const struct sockaddr_in quic = inet4(address_of_run(a->nonce), 443);
    const struct sockaddr_in high = inet4(address_of_run(a->nonce), port_of_run(a->nonce));

    return outcome_join(say_datagram(a, make_socket, AF_INET, &quic, sizeof quic),
                        say_datagram(a, make_socket, AF_INET, &high, sizeof high));
}

static const struct probe rows[] = {
    {
        .id = "net.tcp4-connect",
        .claim = "no TCP connection over IPv4 reaches a listener of the host",
        .technique = "connect(2) to 127.0.0.1 and to every other address of the machine",
        .source = "ip(7), tcp(7); codex Linux sandbox suite; openai/codex#46662",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_LISTENER,
        .attempt = tcp4_connect,
    },
    {
        .id = "net.tcp6-connect",
        .claim = "no TCP connection over IPv6 reaches a listener of the host",
        .technique = "connect(2) to ::1 and to every other IPv6 address of the machine",
        .source = "ipv6(7); Kilo-Org/kilocode#11659",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_LISTENER,
        .needs = "ipv6",
        .attempt = tcp6_connect,
    },
    {
        .id = "net.tcp-mapped",
        .claim = "no other spelling of loopback reaches a listener of the host",
        .technique = "AF_INET6 to ::ffff:127.0.0.1; 0.0.0.0, 127.1, decimal and hexadecimal hosts",
        .source = "ipv6(7), inet_aton(3); Kilo-Org/kilocode#11659",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_LISTENER,
        .attempt = tcp_mapped,
    },
    {
        .id = "net.tcp-fastopen",
        .claim = "no TCP connection is made by sending instead of connecting",
        .technique = "sendto and sendmsg with MSG_FASTOPEN, and TCP_FASTOPEN_CONNECT",
        .source = "tcp(7); measured: Landlock's TCP rights of ABI 7 do not stop MSG_FASTOPEN",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_LISTENER,
        .attempt = tcp_fastopen,
    },
    {
        .id = "net.mptcp-connect",
        .claim = "no transport besides TCP and UDP reaches a listener of the host",
        .technique = "connect by MPTCP and SMC (both fall back to TCP), SCTP, DCCP and UDP-Lite; "
                     "socket(2) of RDS, TIPC, Bluetooth, PHONET, CAN, KCM, MCTP, X.25, PPPoX",
        .source = "Documentation/networking/mptcp.rst; measured: Landlock's TCP rights do not stop "
                  "MPTCP",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_LISTENER | ORACLE_CUSTOM,
        .attempt = mptcp_connect,
        .prepare = listen_transports,
        .observe = host_observe,
        .finish = host_finish,
    },
    {
        .id = "net.udp4-send",
        .claim = "no datagram over IPv4 reaches a listener of the host",
        .technique = "sendto, sendmsg, sendmmsg and connect+write, each on a socket of its own",
        .source = "udp(7); Linux 42afa5c46723: Landlock's UDP rights came with ABI 10",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_LISTENER,
        .attempt = udp4_send,
    },
    {
        .id = "net.udp6-send",
        .claim = "no datagram over IPv6, and no broadcast or multicast, reaches the host",
        .technique = "sendto, sendmsg, sendmmsg and connect+write to ::1; 127.255.255.255; a group "
                     "of 239.200.100.0/24 on lo",
        .source = "ipv6(7), ip(7); Kilo-Org/kilocode#11659",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_LISTENER | ORACLE_CUSTOM,
        .needs = "ipv6",
        .attempt = udp6_send,
        .prepare = listen_group,
        .observe = host_observe,
        .finish = host_finish,
    },
    {
        .id = "net.dns-stub",
        .claim = "data does not leave as the name in a DNS question",
        .technique = "a question for NONCE.example over UDP and TCP to a private resolver: port 53 "
                     "of an address of this run where it is free, and the fixture's ports",
        .source = "RFC 1035; CVE-2025-55284",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_LISTENER | ORACLE_CUSTOM,
        .attempt = dns_stub,
        .prepare = listen_dns,
        .observe = host_observe,
        .finish = host_finish,
    },
    {
        .id = "net.dot-doh",
        .claim = "data does not leave through the ports of encrypted DNS",
        .technique = "connect to 853 and 443 of an address of this run and to a resolver elsewhere",
        .source = "RFC 7858, RFC 8484; openai/codex wfp filters",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_LISTENER | ORACLE_CUSTOM,
        .attempt = dot_doh,
        .prepare = listen_dot_doh,
        .observe = host_observe,
        .finish = host_finish,
    },
    {
        .id = "net.quic-raw",
        .claim = "no datagram leaves through UDP 443 or an ephemeral port",
        .technique = "sendto, sendmsg, sendmmsg and connect+write to UDP 443 and to a high port of "
                     "an address of this run",
        .source = "RFC 9000; own",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CUSTOM,
        .attempt = quic_raw,
        .prepare = listen_quic,
        .observe = host_observe,
        .finish = host_finish,
    },
};

PROBE_FAMILY(family_net_inet, rows);

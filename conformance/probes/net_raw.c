/*
 * Rows of area net: sockets below or beside TCP and UDP: raw, packet, ping,
 * netlink, vsock, and families whose first use loads a kernel module. Taps are
 * opened outside on loopback; no frame is sent on any other interface.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/if_packet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probe.h"
#include "conformance/probes/host.h"
#include "conformance/probes/net_tools.h"

enum {
    PACKET_MAX = 256,
    ICMP_ECHO_REQUEST = 8,
    ICMP6_ECHO = 128,
    ETHERTYPE_LOCAL = 0x88b5 /* IEEE 802, local experimental */
};

/* ICMP and raw IP ---------------------------------------------------------------------------- */

/* RFC 1071. */
static uint16_t checksum(const unsigned char *bytes, size_t size)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < size; i++)
        sum += (uint32_t)bytes[i] << (i % 2 == 0 ? 8 : 0);
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

/* RFC 792: an echo request whose data is the message. The kernel fills ICMPv6's checksum. */
static size_t echo_request(unsigned char type, const char *message, unsigned char *packet)
{
    const size_t size = 8 + strlen(message);
    uint16_t sum;

    memset(packet, 0, 8);
    packet[0] = type;
    memcpy(packet + 8, message, strlen(message));
    sum = checksum(packet, size);
    packet[2] = (unsigned char)(sum >> 8);
    packet[3] = (unsigned char)sum;
    return size;
}

static int send_echo(const struct attempt *a, int type, const char *way)
{
    unsigned char packet[PACKET_MAX];
    const struct sockaddr_in to = loopback4(0);
    const size_t size = echo_request(ICMP_ECHO_REQUEST, message_of(a, way), packet);
    AUTO_CLOSE int fd = socket(AF_INET, type | SOCK_CLOEXEC, IPPROTO_ICMP);

    if (fd < 0)
        return errno;
    return outcome_of(sendto(fd, packet, size, 0, (const struct sockaddr *)&to, sizeof to));
}

static int send_echo6(const struct attempt *a, int type, const char *way)
{
    unsigned char packet[PACKET_MAX];
    const struct sockaddr_in6 to = loopback6(0);
    const size_t size = echo_request(ICMP6_ECHO, message_of(a, way), packet);
    AUTO_CLOSE int fd = socket(AF_INET6, type | SOCK_CLOEXEC, IPPROTO_ICMPV6);

    if (fd < 0)
        return errno;
    return outcome_of(sendto(fd, packet, size, 0, (const struct sockaddr *)&to, sizeof to));
}

/* UDP made by hand: past every filter that looks for SOCK_DGRAM. */
static int send_raw_udp(const struct attempt *a)
{
    unsigned char packet[PACKET_MAX] = {0};
    const char *message = message_of(a, "raw IP, protocol UDP");
    const struct sockaddr_in to = loopback4(0);
    const size_t size = 8 + strlen(message);
    AUTO_CLOSE int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_UDP);

    if (fd < 0)
        return errno;
    packet[2] = (unsigned char)(a->udp4 >> 8);
    packet[3] = (unsigned char)a->udp4;
    packet[5] = (unsigned char)size;
    memcpy(packet + 8, message, strlen(message));
    return outcome_of(sendto(fd, packet, size, 0, (const struct sockaddr *)&to, sizeof to));
}

static int icmp_raw(const struct attempt *a)
{
    int outcome = send_echo(a, SOCK_RAW, "raw ICMP");

    outcome = outcome_join(outcome, send_echo6(a, SOCK_RAW, "raw ICMPv6"));
    return outcome_join(outcome, send_raw_udp(a));
}

static int tap_icmp(struct scene *scene, struct error *err)
{
    AUTO_CLOSE int tap4 = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
    AUTO_CLOSE int tap6 = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6);

    if (tap4 < 0)
        return error_set(err, ERR_UNSUPPORTED, "the harness may not open a raw ICMP tap: %s",
                         strerror(errno));
    if (tap6 >= 0 && host_add(scene, TAKE_FD(tap6), HOST_DATAGRAM, "ICMPv6 tap", err) < 0)
        return -1;
    return host_add(scene, TAKE_FD(tap4), HOST_DATAGRAM, "ICMP tap", err);
}

static int ping(const struct attempt *a)
{
    return outcome_join(send_echo(a, SOCK_DGRAM, "ping socket"),
                        send_echo6(a, SOCK_DGRAM, "ping socket, ICMPv6"));
}

/* icmp(7): ordinary ping sockets are for the groups of this range. */
static int tap_ping(struct scene *scene, struct error *err)
{
    AUTO_FILE FILE *file = fopen("/proc/sys/net/ipv4/ping_group_range", "re");
    unsigned long low, high;

    if (file == NULL || fscanf(file, "%lu %lu", &low, &high) != 2)
        return error_set(err, ERR_UNSUPPORTED, "net.ipv4.ping_group_range cannot be read");
    if (scene->gid < low || scene->gid > high)
        return error_set(err, ERR_UNSUPPORTED,
                         "net.ipv4.ping_group_range is %lu %lu and does not cover group %lu", low,
                         high, (unsigned long)scene->gid);
    return tap_icmp(scene, err);
}

/* Packet sockets ----------------------------------------------------------------------------- */

static struct sockaddr_ll link_lo(void)
{
    struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                  .sll_protocol = htons(ETHERTYPE_LOCAL),
                                  .sll_ifindex = (int)if_nametoindex("lo"),
                                  .sll_hatype = ARPHRD_LOOPBACK,
                                  .sll_halen = 6};

    if (address.sll_ifindex == 0)
        address.sll_ifindex = 1; /* lo is the first of every network namespace */
    return address;
}

static int send_frame(const struct attempt *a, int type, const char *way)
{
    unsigned char frame[PACKET_MAX] = {0};
    const struct sockaddr_ll to = link_lo();
    const size_t head = type == SOCK_RAW ? 14 : 0;
    const char *message = message_of(a, way);
    AUTO_CLOSE int fd = socket(AF_PACKET, type | SOCK_CLOEXEC, htons(ETHERTYPE_LOCAL));

    if (fd < 0)
        return errno;
    if (type == SOCK_RAW) {
        frame[12] = ETHERTYPE_LOCAL >> 8;
        frame[13] = ETHERTYPE_LOCAL & 0xff;
    }
    memcpy(frame + head, message, strlen(message));
    return outcome_of(
        sendto(fd, frame, head + strlen(message), 0, (const struct sockaddr *)&to, sizeof to));
}

static int packet(const struct attempt *a)
{
    return outcome_join(send_frame(a, SOCK_RAW, "AF_PACKET raw"),
                        send_frame(a, SOCK_DGRAM, "AF_PACKET cooked"));
}

static int tap_lo(struct scene *scene, struct error *err)
{
    const struct sockaddr_ll at = link_lo();
    AUTO_CLOSE int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETHERTYPE_LOCAL));

    if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof at) < 0)
        return error_set(err, ERR_UNSUPPORTED, "the harness may not open a packet tap on lo: %s",
                         strerror(errno));
    return host_add(scene, TAKE_FD(fd), HOST_DATAGRAM, "packet tap on lo", err);
}

/* Netlink ------------------------------------------------------------------------------------ */

/* 198.18.0.0/15 is for benchmarks (RFC 2544) and never routed. */
static struct in_addr alias_of_run(const char *nonce)
{
    struct in_addr alias = {
        .s_addr = htonl(0xc6120000U | (ntohl(address_of_run(nonce).s_addr) & 0xffffU))};

    return alias;
}

/* RTM_NEWADDR or RTM_DELADDR of ADDRESS/32 on lo (rtnetlink(7)), with the kernel's answer. */
static int change_address(uint16_t type, struct in_addr address)
{
    struct {
        struct nlmsghdr head;
        struct ifaddrmsg body;
        struct rtattr attribute;
        struct in_addr address;
    } ask = {0};
    struct {
        struct nlmsghdr head;
        struct nlmsgerr answer;
        char rest[512];
    } told = {0};
    AUTO_CLOSE int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

    if (fd < 0)
        return errno;
    ask.head.nlmsg_len = sizeof ask;
    ask.head.nlmsg_type = type;
    ask.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | (type == RTM_NEWADDR ? NLM_F_CREATE : 0);
    ask.body.ifa_family = AF_INET;
    ask.body.ifa_prefixlen = 32;
    ask.body.ifa_scope = RT_SCOPE_HOST;
    ask.body.ifa_index = 1;
    ask.attribute.rta_len = RTA_LENGTH(sizeof ask.address);
    ask.attribute.rta_type = IFA_LOCAL;
    ask.address = address;
    if (send(fd, &ask, sizeof ask, 0) < 0 || recv(fd, &told, sizeof told, 0) < 0)
        return errno;
    return told.head.nlmsg_type == NLMSG_ERROR ? -told.answer.error : EPROTO;
}

static int netlink_route(const struct attempt *a)
{
    return change_address(RTM_NEWADDR, alias_of_run(a->nonce));
}

static int observe_alias(const struct scene *scene, struct observation *seen, struct error *err)
{
    const struct in_addr alias = alias_of_run(scene->nonce);
    struct ifaddrs *all;

    if (getifaddrs(&all) < 0)
        return error_os(err, errno, "list the addresses of this machine");
    for (const struct ifaddrs *i = all; i != NULL; i = i->ifa_next) {
        struct sockaddr_in here;

        if (i->ifa_addr == NULL || i->ifa_addr->sa_family != AF_INET)
            continue;
        memcpy(&here, i->ifa_addr, sizeof here);
        if (here.sin_addr.s_addr == alias.s_addr)
            observation_fire(seen, "%s has a new address of this run", i->ifa_name);
    }
    freeifaddrs(all);
    return 0;
}

static void remove_alias(struct scene *scene)
{
    (void)change_address(RTM_DELADDR, alias_of_run(scene->nonce));
}

enum {
    USER_GROUP = 1 << 6,
    UEVENT_GROUP = 1 << 15 /* not 1 (kernel) and not 2 (udev): nobody listens there */
};

static int listen_netlink(struct scene *scene, int protocol, unsigned groups, unsigned port,
                          const char *label, struct error *err)
{
    struct sockaddr_nl at = {.nl_family = AF_NETLINK, .nl_pid = port, .nl_groups = groups};
    AUTO_CLOSE int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    int bound = fd < 0 ? -1 : bind(fd, (const struct sockaddr *)&at, sizeof at);

    /* An ordinary user may not listen to a group of most protocols (netlink(7)), only to a port. */
    if (fd >= 0 && bound < 0 && errno == EPERM) {
        at.nl_groups = 0;
        bound = bind(fd, (const struct sockaddr *)&at, sizeof at);
    }
    if (bound < 0)
        return error_os(err, errno, "%s: netlink socket", label);
    return host_add(scene, TAKE_FD(fd), HOST_DATAGRAM, label, err);
}

/* Port ids are only names (netlink(7)): one that follows from the nonce needs no agreement. */
static unsigned netlink_port(const char *nonce)
{
    return 0x40000000U | ntohl(address_of_run(nonce).s_addr);
}

/* The two ends of the connection that the attempt tries to cut. */
static struct sockaddr_in serving_end(const char *nonce)
{
    return inet4(address_of_run(nonce), port_of_run(nonce));
}

static struct sockaddr_in calling_end(const char *nonce)
{
    return inet4(address_of_run(nonce), (uint16_t)(port_of_run(nonce) + 1));
}

/* A program of the host with a connection: says so when somebody else ends it. Nobody writes to it, so
 * that a read that returns means that it was cut (ECONNABORTED, sock_diag(7) SOCK_DESTROY). */
static void hold_connection(const struct scene *scene, int to_harness)
{
    const struct sockaddr_in at = serving_end(scene->nonce);
    const struct sockaddr_in from = calling_end(scene->nonce);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char message[128];
    int served;

    if (bind(listener, (const struct sockaddr *)&at, sizeof at) < 0 || listen(listener, 1) < 0 ||
        bind(client, (const struct sockaddr *)&from, sizeof from) < 0 ||
        connect(client, (const struct sockaddr *)&at, sizeof at) < 0)
        return;
    served = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    host_say_ready(to_harness);
    if (served < 0 || read(client, message, 1) >= 0 || errno != ECONNABORTED)
        return;
    (void)snprintf(message, sizeof message, "%s connection cut", scene->nonce);
    (void)!write(to_harness, message, strlen(message));
}

static int listen_netlinks(struct scene *scene, struct error *err)
{
    if (host_fork(scene, hold_connection, "a program with a connection", err) < 0 ||
        host_await(scene, err) < 0)
        return -1;
    if (listen_netlink(scene, NETLINK_USERSOCK, USER_GROUP, netlink_port(scene->nonce),
                       "NETLINK_USERSOCK", err) < 0)
        return -1;
    return listen_netlink(scene, NETLINK_KOBJECT_UEVENT, UEVENT_GROUP, 0, "NETLINK_KOBJECT_UEVENT",
                          err);
}

static int say_netlink(const struct attempt *a, int protocol, unsigned port, unsigned groups,
                       const char *way)
{
    struct {
        struct nlmsghdr head;
        char text[128];
    } message = {0};
    const struct sockaddr_nl to = {.nl_family = AF_NETLINK, .nl_pid = port, .nl_groups = groups};
    AUTO_CLOSE int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

    if (fd < 0)
        return errno;
    message.head.nlmsg_len = sizeof message;
    (void)snprintf(message.text, sizeof message.text, "%s", message_of(a, way));
    return outcome_of(
        sendto(fd, &message, sizeof message, 0, (const struct sockaddr *)&to, sizeof to));
}

/* Cuts the connection of the program that hold_connection() plays, and no other. */
static int destroy_connection(const struct attempt *a)
{
    const struct sockaddr_in from = calling_end(a->nonce);
    const struct sockaddr_in to = serving_end(a->nonce);
    struct {
        struct nlmsghdr head;
        struct inet_diag_req_v2 order;
    } message = {.head = {.nlmsg_len = sizeof message,
                          .nlmsg_type = SOCK_DESTROY,
                          .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
                 .order = {.sdiag_family = AF_INET,
                           .sdiag_protocol = IPPROTO_TCP,
                           .idiag_states = ~0U,
                           .id = {.idiag_sport = from.sin_port,
                                  .idiag_dport = to.sin_port,
                                  .idiag_src = {from.sin_addr.s_addr},
                                  .idiag_dst = {to.sin_addr.s_addr},
                                  .idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}}}};
    struct {
        struct nlmsghdr head;
        struct nlmsgerr answer;
    } reply = {0};
    AUTO_CLOSE int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

    if (fd < 0)
        return errno;
    if (send(fd, &message, sizeof message, 0) < 0 || recv(fd, &reply, sizeof reply, 0) < 0)
        return errno;
    return -reply.answer.error;
}

/* Generic, netfilter and audit sockets are opened for the record; what they could change on the host
 * (audit lines) is not done. */
static void open_netlinks(void)
{
    static const struct {
        const char *name;
        int protocol;
    } protocols[] = {{"SOCK_DIAG", NETLINK_SOCK_DIAG},
                     {"AUDIT", NETLINK_AUDIT},
                     {"NETFILTER", NETLINK_NETFILTER},
                     {"GENERIC", NETLINK_GENERIC},
                     {"CONNECTOR", NETLINK_CONNECTOR}};

    for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
        AUTO_CLOSE int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocols[i].protocol);

        (void)printf("netlink %s: %s\n", protocols[i].name, fd < 0 ? strerror(errno) : "opened");
    }
}

static int netlink_other(const struct attempt *a)
{
    int outcome = say_netlink(a, NETLINK_USERSOCK, netlink_port(a->nonce), 0, "unicast");

    outcome = outcome_join(outcome, say_netlink(a, NETLINK_USERSOCK, 0, USER_GROUP, "multicast"));
    outcome =
        outcome_join(outcome, say_netlink(a, NETLINK_KOBJECT_UEVENT, 0, UEVENT_GROUP, "uevent"));
    outcome = outcome_join(outcome, destroy_connection(a));
    open_netlinks();
    return outcome;
}

/* vsock -------------------------------------------------------------------------------------- */

static struct sockaddr_vm vsock_of_run(unsigned cid, const char *nonce)
{
    struct sockaddr_vm address = {
        .svm_family = AF_VSOCK, .svm_port = 0x10000U + port_of_run(nonce), .svm_cid = cid};

    return address;
}

/* Only the loopback transport is used. Without it the kernel hands CID 1 and 2 to the hypervisor's
 * device (vsock_assign_transport), and that is another machine. */
static int listen_vsock(struct scene *scene, struct error *err)
{
    if (access("/sys/module/vsock_loopback", F_OK) < 0)
        return error_set(err, ERR_UNSUPPORTED, "the module vsock_loopback is not loaded");
    const struct sockaddr_vm at = vsock_of_run(VMADDR_CID_ANY, scene->nonce);
    const struct sockaddr_vm self = vsock_of_run(VMADDR_CID_LOCAL, scene->nonce);
    AUTO_CLOSE int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
    AUTO_CLOSE int trial = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof at) < 0 || listen(fd, 16) < 0)
        return error_set(err, ERR_UNSUPPORTED, "no AF_VSOCK listener here: %s", strerror(errno));
    if (trial < 0 || connect(trial, (const struct sockaddr *)&self, sizeof self) < 0)
        return error_set(err, ERR_UNSUPPORTED,
                         "this kernel has no vsock loopback (vsock_loopback): %s", strerror(errno));
    return host_add(scene, TAKE_FD(fd), HOST_LISTENER, "vsock listener", err);
}

static int vsock(const struct attempt *a)
{
    const struct sockaddr_vm to = vsock_of_run(VMADDR_CID_LOCAL, a->nonce);

    return say(a, AF_VSOCK, SOCK_STREAM, 0, &to, sizeof to, "vsock");
}

static const struct probe rows[] = {
    {
        .id = "net.icmp-raw",
        .claim = "no raw IP socket reaches the host",
        .technique = "SOCK_RAW echo requests (ICMP, ICMPv6) and UDP made by hand, to loopback; a "
                     "raw tap outside",
        .source = "raw(7), icmp(7); openai/codex wfp icmp filters",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CUSTOM | ORACLE_LISTENER,
        .needs = "root",
        .attempt = icmp_raw,
        .prepare = tap_icmp,
        .observe = host_observe,
        .finish = host_finish,
    },
    {
        .id = "net.icmp-ping",
        .claim = "no ping socket reaches the host",
        .technique = "SOCK_DGRAM ICMP and ICMPv6 echo requests to loopback; a raw tap outside",
        .source = "icmp(7), ping_group_range; codex Linux sandbox suite (ping)",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CUSTOM,
        .attempt = ping,
        .prepare = tap_ping,
        .observe = host_observe,
        .finish = host_finish,
    },
    {
        .id = "net.packet",
        .claim = "no packet socket puts a frame on an interface of the host",
        .technique = "AF_PACKET raw and cooked frames of a local experimental type on lo; a packet "
                     "tap outside",
        .source = "packet(7); UKGovernmentBEIS SandboxEscapeBench (NET_RAW)",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CUSTOM,
        .needs = "root",
        .attempt = packet,
        .prepare = tap_lo,
        .observe = host_observe,
        .finish = host_finish,
    },
    {
        .id = "net.netlink-route",
        .claim = "addresses and routes of the host cannot be changed",
        .technique = "NETLINK_ROUTE: RTM_NEWADDR of 198.18.x.y/32 on lo; the harness lists the "
                     "addresses",
        .source = "rtnetlink(7); openai/codex-security#160",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CUSTOM,
        .needs = "root",
        .attempt = netlink_route,
        .observe = observe_alias,
        .finish = remove_alias,
    },
    {
        .id = "net.netlink-other",
        .claim = "no netlink message reaches a program of the host",
        .technique = "NETLINK_USERSOCK unicast and multicast, NETLINK_KOBJECT_UEVENT multicast (on "
                     "a group of its own), SOCK_DESTROY of a connection that the harness made; "
                     "other protocols are opened only",
        .source = "netlink(7), sock_diag(7); openai/codex-security#160",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CUSTOM,
        .attempt = netlink_other,
        .prepare = listen_netlinks,
        .observe = host_observe,
        .finish = host_finish,
    },
    {
        .id = "net.vsock",
        .claim = "no vsock connection reaches the host or its hypervisor",
        .technique = "AF_VSOCK connect to CID 1 (loopback); CID 2 is not tried: it is another "
                     "machine",
        .source = "vsock(7); openai/codex-security#160",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CUSTOM,
        .attempt = vsock,
        .prepare = listen_vsock,
        .observe = host_observe,
        .finish = host_finish,
    },
};

PROBE_FAMILY(family_net_raw, rows);

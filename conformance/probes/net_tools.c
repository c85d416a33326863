#include "conformance/probes/net_tools.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"

enum {
    MESSAGE_MAX = 128,
    PATIENCE_S = 2,
    LINGER_STREAM_MS = 60,
    LINGER_MS = 10
};

static unsigned hex_at(const char *text, size_t from, size_t digits)
{
    unsigned value = 0;

    for (size_t i = from; i < from + digits && text[i] != '\0'; i++) {
        const char c = text[i];

        value = value * 16 + (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return value;
}

struct in_addr address_of_run(const char *nonce)
{
    const unsigned low = hex_at(nonce, 0, 6) & 0x3fffffU;
    struct in_addr address = {.s_addr = htonl(0x7f400000U | low)};

    return address;
}

uint16_t port_of_run(const char *nonce)
{
    return (uint16_t)(20000 + hex_at(nonce, 6, 6) % 10000);
}

struct sockaddr_in inet4(struct in_addr address, uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = address};

    return to;
}

struct sockaddr_in loopback4(uint16_t port)
{
    const struct in_addr address = {.s_addr = htonl(INADDR_LOOPBACK)};

    return inet4(address, port);
}

struct sockaddr_in6 loopback6(uint16_t port)
{
    struct sockaddr_in6 to = {
        .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};

    return to;
}

socklen_t unix_path(struct sockaddr_un *address, const char *path)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (path == NULL || strlen(path) >= sizeof address->sun_path)
        return 0;
    memcpy(address->sun_path, path, strlen(path));
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1);
}

socklen_t unix_abstract(struct sockaddr_un *address, const char *name)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (name == NULL || strlen(name) >= sizeof address->sun_path)
        return 0;
    memcpy(address->sun_path + 1, name, strlen(name));
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
}

const char *message_of(const struct attempt *a, const char *way)
{
    static char message[MESSAGE_MAX];

    (void)snprintf(message, sizeof message, "%s %s", a->nonce, way);
    return message;
}

/* Stays until the listener has hung up, or for a moment: it finds out who said it by who still holds
 * the socket. It proves nothing either way; a sender that is gone is taken by the nonce alone. */
static int linger(int fd, int outcome)
{
    struct pollfd end = {.fd = fd, .events = POLLIN};
    int type = 0;
    socklen_t size = sizeof type;

    if (outcome != 0 || getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0)
        return outcome;
    if (type == SOCK_STREAM && shutdown(fd, SHUT_WR) == 0)
        (void)poll(&end, 1, LINGER_STREAM_MS);
    else
        sleep_ms(LINGER_MS);
    return outcome;
}

int say_on(const struct attempt *a, int fd, const void *address, socklen_t size, const char *way)
{
    AUTO_CLOSE int owned = fd;
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    const char *message = message_of(a, way);

    if (owned < 0)
        return errno;
    (void)setsockopt(owned, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (address != NULL && connect(owned, address, size) < 0)
        return errno;
    return linger(owned, outcome_of(write(owned, message, strlen(message))));
}

int say(const struct attempt *a, int family, int type, int protocol, const void *address,
        socklen_t size, const char *way)
{
    return say_on(a, socket(family, type | SOCK_CLOEXEC, protocol), address, size, way);
}

int say_unix(const struct attempt *a, int type, const char *path, const char *way)
{
    struct sockaddr_un to;
    socklen_t size = unix_path(&to, path);
    char directory[PATH_MAX];
    char *slash;

    if (path == NULL)
        return ATTEMPT_UNABLE;
    (void)snprintf(directory, sizeof directory, "%s", path);
    slash = strrchr(directory, '/');
    if (size == 0 && slash != NULL) {
        *slash = '\0';
        if (chdir(directory) < 0)
            return errno;
        size = unix_path(&to, slash + 1);
    }
    return size == 0 ? ENAMETOOLONG : say(a, AF_UNIX, type, 0, &to, size, way);
}

/* Datagrams ---------------------------------------------------------------------------------- */

int make_socket(int family, int type)
{
    return socket(family, type | SOCK_CLOEXEC, 0);
}

/* A filter that lets socketpair(2) through for local use has to stop what can be done with one end:
 * an unconnected send to a named socket works on it as on any other datagram socket. */
int make_pair(int family, int type)
{
    int ends[2];

    if (socketpair(family, type | SOCK_CLOEXEC, 0, ends) < 0)
        return -1;
    (void)close(ends[1]);
    return ends[0];
}

static struct msghdr header_of(struct iovec *piece, const void *address, socklen_t size,
                               const char *message)
{
    struct msghdr header = {0};

    piece->iov_base = (void *)(uintptr_t)message;
    piece->iov_len = strlen(message);
    header.msg_name = (void *)(uintptr_t)address;
    header.msg_namelen = size;
    header.msg_iov = piece;
    header.msg_iovlen = 1;
    return header;
}

static int by_sendto(const struct attempt *a, int fd, const void *address, socklen_t size)
{
    AUTO_CLOSE int owned = fd;
    const char *message = message_of(a, "sendto");

    if (owned < 0)
        return errno;
    return linger(owned,
                  outcome_of(sendto(owned, message, strlen(message), MSG_NOSIGNAL, address, size)));
}

static int by_sendmsg(const struct attempt *a, int fd, const void *address, socklen_t size)
{
    AUTO_CLOSE int owned = fd;
    struct iovec piece;
    const struct msghdr header = header_of(&piece, address, size, message_of(a, "sendmsg"));

    if (owned < 0)
        return errno;
    return linger(owned, outcome_of(sendmsg(owned, &header, MSG_NOSIGNAL)));
}

static int by_sendmmsg(const struct attempt *a, int fd, const void *address, socklen_t size)
{
    AUTO_CLOSE int owned = fd;
    struct iovec piece;
    struct mmsghdr several = {.msg_hdr =
                                  header_of(&piece, address, size, message_of(a, "sendmmsg"))};

    if (owned < 0)
        return errno;
    return linger(owned, outcome_of(sendmmsg(owned, &several, 1, MSG_NOSIGNAL)));
}

static int by_connect(const struct attempt *a, int fd, const void *address, socklen_t size)
{
    return say_on(a, fd, address, size, "connect+write");
}

int say_datagram(const struct attempt *a, int (*make)(int family, int type), int family,
                 const void *address, socklen_t size)
{
    static int (*const ways[])(const struct attempt *a, int fd, const void *address,
                               socklen_t size) = {by_sendto, by_sendmsg, by_sendmmsg, by_connect};
    int outcome = ATTEMPT_UNABLE;

    for (size_t i = 0; size > 0 && i < ARRAY_SIZE(ways); i++)
        outcome = outcome_join(outcome, ways[i](a, make(family, SOCK_DGRAM), address, size));
    return outcome;
}

#include "sandbox/windows/ping.h"

#include <ws2tcpip.h>

#include <iphlpapi.h>

#include <icmpapi.h>

enum {
    WAIT_MS = 1000,
    REPLY_ROOM = 512,
    TRIES = 3, /* one that is late on a busy machine must not undo a set-up */
};

/* ICMPV6_ECHO_REPLY of ipexport.h, which MinGW-w64 lacks in some versions: a packed address of 26 bytes
 * in front. */
struct echo_reply_v6 {
    uint8_t address[28];
    ULONG status;
    unsigned round_trip_ms;
};

static bool ping_v4(void)
{
    HANDLE icmp = IcmpCreateFile();
    char sent[] = "holdfast";
    _Alignas(8) char reply[REPLY_ROOM];
    const ICMP_ECHO_REPLY *answer = (const ICMP_ECHO_REPLY *)(const void *)reply;
    bool has_answered;

    if (icmp == INVALID_HANDLE_VALUE)
        return false;
    has_answered = IcmpSendEcho(icmp, htonl(INADDR_LOOPBACK), sent, sizeof sent, NULL, reply,
                                sizeof reply, WAIT_MS) > 0 &&
                   answer->Status == IP_SUCCESS;
    (void)IcmpCloseHandle(icmp);
    return has_answered;
}

static bool ping_v6(void)
{
    HANDLE icmp = Icmp6CreateFile();
    struct sockaddr_in6 from = {.sin6_family = AF_INET6, .sin6_addr = in6addr_any};
    struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    char sent[] = "holdfast";
    _Alignas(8) char reply[REPLY_ROOM];
    const struct echo_reply_v6 *answer = (const struct echo_reply_v6 *)(const void *)reply;
    bool has_answered;

    if (icmp == INVALID_HANDLE_VALUE)
        return false;
    has_answered = Icmp6SendEcho2(icmp, NULL, NULL, NULL, &from, &to, sent, sizeof sent, NULL,
                                  reply, sizeof reply, WAIT_MS) > 0 &&
                   answer->status == IP_SUCCESS;
    (void)IcmpCloseHandle(icmp);
    return has_answered;
}

bool win_ping_self(bool is_v6)
{
    for (int i = 0; i < TRIES; i++) {
        if (is_v6 ? ping_v6() : ping_v4())
            return true;
    }
    return false;
}

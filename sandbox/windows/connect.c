#include "sandbox/windows/connect.h"

#include <ws2tcpip.h>

#include <stdio.h>
#include <string.h>

static bool start_sockets(void)
{
    WSADATA data;

    return WSAStartup(MAKEWORD(2, 2), &data) == 0;
}

/* Waits for a connection that is under way. */
static int finish(SOCKET tried)
{
    fd_set done;
    fd_set failed;
    struct timeval limit = {.tv_sec = WIN_CONNECT_WAIT_MS / 1000};
    int error = 0;
    int size = sizeof error;

    FD_ZERO(&done);
    FD_ZERO(&failed);
    FD_SET(tried, &done);
    FD_SET(tried, &failed);
    if (select(0, NULL, &done, &failed, &limit) == 0)
        return WSAETIMEDOUT;
    if (getsockopt(tried, SOL_SOCKET, SO_ERROR, (char *)&error, &size) != 0)
        return WSAGetLastError();
    return error;
}

static int try_address(const struct addrinfo *address)
{
    SOCKET tried = socket(address->ai_family, SOCK_STREAM, IPPROTO_TCP);
    u_long no_waiting = 1;
    int result;

    if (tried == INVALID_SOCKET)
        return WSAGetLastError();
    result = ioctlsocket(tried, (long)FIONBIO, &no_waiting) != 0 ? WSAGetLastError() : 0;
    if (result == 0 && connect(tried, address->ai_addr, (int)address->ai_addrlen) != 0) {
        result = WSAGetLastError();
        if (result == WSAEWOULDBLOCK)
            result = finish(tried);
    }
    (void)closesocket(tried);
    return result;
}

int win_connect_try(const char *host, unsigned port)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char service[16];
    int result;

    if (!start_sockets())
        return WSASYSNOTREADY;
    (void)snprintf(service, sizeof service, "%u", port);
    result = getaddrinfo(host, service, &hints, &found);
    if (result == 0) {
        result = try_address(found);
        freeaddrinfo(found);
    }
    (void)WSACleanup();
    return result;
}

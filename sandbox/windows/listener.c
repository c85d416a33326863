#include "sandbox/windows/listener.h"

#include <ws2tcpip.h>

static bool start_sockets(void)
{
    WSADATA data;

    return WSAStartup(MAKEWORD(2, 2), &data) == 0;
}

static int bind_loopback(SOCKET listening, bool is_v6, unsigned *port)
{
    struct sockaddr_storage address = {0};
    struct sockaddr_in *v4 = (struct sockaddr_in *)&address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address;
    int size = is_v6 ? (int)sizeof *v6 : (int)sizeof *v4;

    address.ss_family = is_v6 ? AF_INET6 : AF_INET;
    if (is_v6)
        v6->sin6_addr = in6addr_loopback;
    else
        v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listening, (struct sockaddr *)&address, size) != 0 || listen(listening, 8) != 0 ||
        getsockname(listening, (struct sockaddr *)&address, &size) != 0)
        return -1;
    *port = ntohs(is_v6 ? v6->sin6_port : v4->sin_port);
    return 0;
}

int win_listener_open(struct win_listener *listener, bool is_v6, struct error *err)
{
    *listener = (struct win_listener){.socket = INVALID_SOCKET};
    if (!start_sockets())
        return error_set(err, ERR_OS, "WSAStartup");
    listener->socket = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM, IPPROTO_TCP);
    if (listener->socket != INVALID_SOCKET &&
        bind_loopback(listener->socket, is_v6, &listener->port) == 0)
        return 0;
    (void)win_fail(err, (DWORD)WSAGetLastError(), "listen", is_v6 ? "::1" : "127.0.0.1");
    win_listener_close(listener);
    return -1;
}

bool win_listener_was_reached(const struct win_listener *listener)
{
    fd_set waiting;
    struct timeval at_once = {0};

    FD_ZERO(&waiting);
    FD_SET(listener->socket, &waiting);
    return select(0, &waiting, NULL, NULL, &at_once) > 0;
}

void win_listener_close(struct win_listener *listener)
{
    if (listener->socket != INVALID_SOCKET)
        (void)closesocket(listener->socket);
    listener->socket = INVALID_SOCKET;
    (void)WSACleanup();
}

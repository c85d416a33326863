#include "sandbox/windows/evidence/witness.h"

#include <ws2tcpip.h>

#include <stdio.h>
#include <string.h>

#include "sandbox/windows/connect.h"

#define CLIP "holdfast-clip-3318"

enum {
    LOOK_EVERY_MS = 100,
    DATAGRAM_MS = 1000,
    OPEN_TRIES = 50,
};

/* Read and written from outside; the page is nobody's but this program's. */
static volatile char memory[] = "holdfast-secret-7141";

/* Sockets ---------------------------------------------------------------------------------------------- */

/* An address of this machine that is not its loopback one. false: it has none. */
static bool own_address(char host[64])
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char name[256];
    bool has = false;

    if (gethostname(name, sizeof name) != 0 || getaddrinfo(name, NULL, &hints, &found) != 0)
        return false;
    for (struct addrinfo *at = found; at != NULL && !has; at = at->ai_next) {
        const struct sockaddr_in *address = (const struct sockaddr_in *)(const void *)at->ai_addr;

        has = (ntohl(address->sin_addr.s_addr) >> 24) != 127 &&
              inet_ntop(AF_INET, &address->sin_addr, host, 64) != NULL;
    }
    freeaddrinfo(found);
    return has;
}

/* On every address, at a port that the machine chooses. */
static bool bind_any(struct evidence_witness *witness, bool is_v6, int type)
{
    struct sockaddr_storage storage = {.ss_family = is_v6 ? AF_INET6 : AF_INET};
    struct sockaddr *address = (struct sockaddr *)&storage;
    int size = is_v6 ? (int)sizeof(struct sockaddr_in6) : (int)sizeof(struct sockaddr_in);
    u_long not_blocking = 1;

    witness->socket = socket(storage.ss_family, type, 0);
    if (witness->socket == INVALID_SOCKET || bind(witness->socket, address, size) != 0 ||
        (type == SOCK_STREAM && listen(witness->socket, 8) != 0) ||
        getsockname(witness->socket, address, &size) != 0 ||
        ioctlsocket(witness->socket, (long)FIONBIO, &not_blocking) != 0)
        return false;
    (void)snprintf(witness->port, sizeof witness->port, "%u",
                   ntohs(is_v6 ? ((struct sockaddr_in6 *)(void *)&storage)->sin6_port
                               : ((struct sockaddr_in *)(void *)&storage)->sin_port));
    return true;
}

static int open_socket(struct evidence_witness *witness, const struct evidence_case *row,
                       struct error *err)
{
    bool is_v6 = row->attempt[1] != NULL && strcmp(row->attempt[1], "HOST6") == 0;

    (void)snprintf(witness->host, sizeof witness->host, is_v6 ? "::1" : "127.0.0.1");
    if (row->is_away && !own_address(witness->host))
        return error_set(err, ERR_UNSUPPORTED, "this machine has no address but its loopback one");
    if (bind_any(witness, is_v6, row->oracle == SEES_DATAGRAM ? SOCK_DGRAM : SOCK_STREAM))
        return 0;
    (void)win_fail(err, (DWORD)WSAGetLastError(), "listen", witness->host);
    err->code = is_v6 ? ERR_UNSUPPORTED : err->code; /* a machine may lack IPv6 */
    return -1;
}

static void close_socket(struct evidence_witness *witness)
{
    if (witness->socket != INVALID_SOCKET)
        (void)closesocket(witness->socket);
    witness->socket = INVALID_SOCKET;
}

static bool was_connected(const struct evidence_witness *witness)
{
    SOCKET made = accept(witness->socket, NULL, NULL);

    if (made == INVALID_SOCKET)
        return false;
    (void)closesocket(made);
    return true;
}

static bool has_datagram(const struct evidence_witness *witness)
{
    struct timeval limit = {.tv_usec = DATAGRAM_MS * 1000 - 1};
    fd_set waiting;

    FD_ZERO(&waiting);
    FD_SET(witness->socket, &waiting);
    return select(0, &waiting, NULL, NULL, &limit) > 0;
}

/* Calling whoever listens ------------------------------------------------------------------------------- */

static bool can_call(const struct evidence_witness *witness)
{
    return win_connect_try("127.0.0.1", (unsigned)strtoul(witness->port, NULL, 10)) == 0;
}

/* For a listener where there is a port, else for a window. */
static DWORD WINAPI watch(void *argument)
{
    struct evidence_witness *witness = argument;

    while (InterlockedCompareExchange(&witness->is_over, 0, 0) == 0) {
        if (witness->port[0] != '\0' ? can_call(witness)
                                     : FindWindowW(NULL, EVIDENCE_WINDOW) != NULL) {
            (void)InterlockedExchange(&witness->has_seen, 1);
            break;
        }
        Sleep(LOOK_EVERY_MS);
    }
    return 0;
}

static int start_watching(struct evidence_witness *witness, struct error *err)
{
    witness->watcher = win_thread_start(watch, witness, err);
    return witness->watcher != NULL ? 0 : -1;
}

/* At a port that was free a moment ago. */
static int start_calling(struct evidence_witness *witness, struct error *err)
{
    if (!bind_any(witness, false, SOCK_STREAM))
        return win_fail(err, (DWORD)WSAGetLastError(), "bind", "");
    close_socket(witness);
    return start_watching(witness, err);
}

static void stop_watching(struct evidence_witness *witness)
{
    (void)InterlockedExchange(&witness->is_over, 1);
    if (witness->watcher != NULL)
        (void)WaitForSingleObject(witness->watcher, INFINITE);
    win_close(&witness->watcher);
    witness->watcher = NULL;
}

/* A handle that is inherited by whoever does not say which ------------------------------------------------ */

static int open_file(struct evidence_witness *witness, const char *path, struct error *err)
{
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};
    AUTO_FREE wchar_t *wide = win_long_path(path, err);

    if (wide == NULL)
        return -1;
    witness->file =
        CreateFileW(wide, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                    &inherited, OPEN_EXISTING, 0, NULL);
    if (witness->file == INVALID_HANDLE_VALUE) {
        witness->file = NULL;
        return win_fail_last(err, "CreateFile", path);
    }
    (void)snprintf(witness->handle, sizeof witness->handle, "%llx",
                   (unsigned long long)(uintptr_t)witness->file);
    return 0;
}

/* Clipboard ---------------------------------------------------------------------------------------------- */

static bool open_clipboard(void)
{
    for (int i = 0; i < OPEN_TRIES; i++) {
        if (OpenClipboard(NULL))
            return true;
        Sleep(20);
    }
    return false;
}

static bool has_clip(void)
{
    bool has = false;
    HANDLE data;
    const char *text;

    if (!open_clipboard())
        return false;
    data = GetClipboardData(CF_TEXT);
    text = data != NULL ? GlobalLock(data) : NULL;
    if (text != NULL) {
        has = strcmp(text, CLIP) == 0;
        (void)GlobalUnlock(data);
    }
    (void)EmptyClipboard();
    (void)CloseClipboard();
    return has;
}

/* All of it ---------------------------------------------------------------------------------------------- */

int evidence_witness_init(struct evidence_witness *witness, const struct evidence_case *row,
                          const char *path, struct error *err)
{
    WSADATA data;

    *witness = (struct evidence_witness){.socket = INVALID_SOCKET};
    (void)snprintf(witness->pid, sizeof witness->pid, "%lu", (unsigned long)GetCurrentProcessId());
    (void)snprintf(witness->address, sizeof witness->address, "%llx",
                   (unsigned long long)(uintptr_t)memory);
    (void)WSAStartup(MAKEWORD(2, 2), &data);
    switch (row->oracle) {
    case SEES_CONNECTION:
    case SEES_DATAGRAM:
        return open_socket(witness, row, err);
    case SEES_ACCEPT:
        return start_calling(witness, err);
    case SEES_WINDOW:
        return start_watching(witness, err);
    case SEES_MEMORY:
        memcpy((char *)(uintptr_t)memory, "holdfast-secret-7141", sizeof memory);
        return 0;
    case SEES_CONTENT:
        return row->attempt[1] != NULL && strcmp(row->attempt[1], "HANDLE") == 0
                   ? open_file(witness, path, err)
                   : 0;
    case SEES_NAME:
    case SEES_GONE:
    case SEES_DACL:
    case SEES_SECRET:
    case SEES_LATE:
    case SEES_STATUS:
    case SEES_CLIPBOARD:
        break;
    }
    return 0;
}

const char *evidence_witness_word(const struct evidence_witness *witness, const char *word)
{
    if (strcmp(word, "HOST") == 0 || strcmp(word, "HOST6") == 0)
        return witness->host;
    if (strcmp(word, "PORT") == 0)
        return witness->port;
    if (strcmp(word, "PID") == 0)
        return witness->pid;
    if (strcmp(word, "ADDRESS") == 0)
        return witness->address;
    if (strcmp(word, "HANDLE") == 0)
        return witness->handle;
    return strcmp(word, "CLIP") == 0 ? CLIP : word;
}

bool evidence_witness_saw(struct evidence_witness *witness, enum evidence_oracle oracle)
{
    switch (oracle) {
    case SEES_CONNECTION:
        return was_connected(witness);
    case SEES_DATAGRAM:
        return has_datagram(witness);
    case SEES_ACCEPT:
    case SEES_WINDOW:
        stop_watching(witness);
        return witness->has_seen != 0;
    case SEES_MEMORY:
        return memcmp((const char *)(uintptr_t)memory, "changed", 7) == 0;
    case SEES_CLIPBOARD:
        return has_clip();
    case SEES_CONTENT:
    case SEES_NAME:
    case SEES_GONE:
    case SEES_DACL:
    case SEES_SECRET:
    case SEES_LATE:
    case SEES_STATUS:
        break;
    }
    return false;
}

void evidence_witness_done(struct evidence_witness *witness)
{
    stop_watching(witness);
    win_close(&witness->file);
    close_socket(witness);
    (void)WSACleanup();
}

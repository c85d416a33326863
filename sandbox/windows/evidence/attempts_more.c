/* More of what is tried: other processes, the clipboard, objects with names, being reached, a console. */
#include "sandbox/windows/evidence/evidence.h"

#include <ws2tcpip.h>

#include <stdio.h>
#include <string.h>

#include "sandbox/windows/token.h"

enum {
    LISTEN_S = 8,
    KEY_MS = 20000,
    WINDOW_MS = 2000,
};

static int refused(DWORD code)
{
    (void)printf("error %lu\n", (unsigned long)code);
    return EVIDENCE_REFUSED;
}

static int answer(BOOL worked)
{
    return worked ? 0 : refused(GetLastError());
}

/* Processes ------------------------------------------------------------------------------------------ */

static HANDLE open_process(char **argv, DWORD access)
{
    return OpenProcess(access, FALSE, (DWORD)strtoul(argv[0], NULL, 10));
}

static void *address_of(char **argv)
{
    return (void *)(uintptr_t)strtoull(argv[1], NULL, 16);
}

static int try_read_memory(char **argv)
{
    AUTO_HANDLE HANDLE process = open_process(argv, PROCESS_VM_READ);
    char text[32] = "";
    SIZE_T got = 0;

    if (process == NULL ||
        !ReadProcessMemory(process, address_of(argv), text, sizeof text - 1, &got))
        return refused(GetLastError());
    (void)printf("%s\n", text);
    return 0;
}

static int try_write_memory(char **argv)
{
    AUTO_HANDLE HANDLE process = open_process(argv, PROCESS_VM_WRITE | PROCESS_VM_OPERATION);
    SIZE_T put = 0;

    if (process == NULL)
        return refused(GetLastError());
    return answer(WriteProcessMemory(process, address_of(argv), "changed", 8, &put));
}

/* Nothing is tried: what the command is, for whoever reads the record. */
static int say_token(char **argv)
{
    struct error err;
    AUTO_HANDLE HANDLE own = win_token_own(&err);
    AUTO_TOKEN struct nt_token token = NT_TOKEN_EMPTY;
    AUTO_FREE TOKEN_PRIVILEGES *held =
        own != NULL ? win_token_query(own, TokenPrivileges, &err) : NULL;

    (void)argv;
    if (held == NULL || win_token_read(own, &token, &err) < 0) {
        (void)printf("untried: %s\n", err.message);
        return EVIDENCE_UNTRIED;
    }
    (void)printf("integrity 0x%x; privileges %lu; restricting", (unsigned)token.integrity,
                 (unsigned long)held->PrivilegeCount);
    for (size_t i = 0; i < token.restricting_count; i++) {
        char sid[NT_SID_TEXT_MAX];

        nt_sid_format(&token.restricting[i], sid);
        (void)printf(" %s", sid);
    }
    (void)printf("; deny-only");
    for (size_t i = 0; i < token.group_count; i++) {
        char sid[NT_SID_TEXT_MAX];

        nt_sid_format(&token.groups[i].sid, sid);
        if ((token.groups[i].attributes & NT_GROUP_DENY_ONLY) != 0)
            (void)printf(" %s", sid);
    }
    (void)printf("\n");
    return 0;
}

static int try_write_handle(char **argv)
{
    DWORD put = 0;

    return answer(
        WriteFile((HANDLE)(uintptr_t)strtoull(argv[0], NULL, 16), "changed", 7, &put, NULL));
}

/* Windows ----------------------------------------------------------------------------------------------- */

/* On the desktop that people look at, not on ours. */
static int try_window(char **argv)
{
    HDESK desktop = OpenDesktopW(L"Default", 0, FALSE, DESKTOP_CREATEWINDOW | DESKTOP_READOBJECTS);
    HWND window;

    (void)argv;
    if (desktop == NULL || !SetThreadDesktop(desktop))
        return refused(GetLastError());
    window = CreateWindowExW(0, L"STATIC", EVIDENCE_WINDOW, WS_OVERLAPPED, 0, 0, 10, 10, NULL, NULL,
                             NULL, NULL);
    if (window == NULL)
        return refused(GetLastError());
    Sleep(WINDOW_MS);
    (void)DestroyWindow(window);
    return 0;
}

/* Objects ---------------------------------------------------------------------------------------------- */

static int try_named_event(char **argv)
{
    HANDLE event;
    char name[64];

    (void)argv;
    (void)snprintf(name, sizeof name, "Local\\holdfast-%lu", (unsigned long)GetCurrentProcessId());
    event = CreateEventA(NULL, TRUE, FALSE, name);
    if (event == NULL)
        return refused(GetLastError());
    (void)CloseHandle(event);
    return 0;
}

/* A pipe by name, and its other end opened as another program of the command's would. */
static int try_named_pipe(char **argv)
{
    char name[64];
    AUTO_HANDLE HANDLE server = NULL;
    AUTO_HANDLE HANDLE client = NULL;

    (void)argv;
    (void)snprintf(name, sizeof name, "\\\\.\\pipe\\holdfast-%lu",
                   (unsigned long)GetCurrentProcessId());
    server = CreateNamedPipeA(name, PIPE_ACCESS_DUPLEX | FILE_FLAG_FIRST_PIPE_INSTANCE,
                              PIPE_TYPE_BYTE | PIPE_REJECT_REMOTE_CLIENTS, 1, 4096, 4096, 0, NULL);
    if (server == INVALID_HANDLE_VALUE)
        return refused(GetLastError());
    client = CreateFileA(name, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    return answer(client != INVALID_HANDLE_VALUE);
}

static int try_temp(char **argv)
{
    wchar_t folder[MAX_PATH + 1];
    wchar_t file[MAX_PATH + 1];

    (void)argv;
    if (GetTempPathW(MAX_PATH, folder) == 0 || GetTempFileNameW(folder, L"hf", 0, file) == 0)
        return refused(GetLastError());
    return answer(DeleteFileW(file));
}

static int try_clipboard(char **argv)
{
    HGLOBAL memory = GlobalAlloc(GMEM_MOVEABLE, 32);
    char *text = memory != NULL ? GlobalLock(memory) : NULL;
    DWORD code;

    if (text == NULL)
        return EVIDENCE_UNTRIED;
    (void)snprintf(text, 32, "%s", argv[0]);
    (void)GlobalUnlock(memory);
    if (!OpenClipboard(NULL))
        return refused(GetLastError());
    code = EmptyClipboard() && SetClipboardData(CF_TEXT, memory) != NULL ? 0 : GetLastError();
    (void)CloseClipboard();
    return code == 0 ? 0 : refused(code);
}

/* Network ---------------------------------------------------------------------------------------------- */

static int wait_for_visitor(SOCKET listening)
{
    struct timeval limit = {.tv_sec = LISTEN_S};
    fd_set waiting;

    FD_ZERO(&waiting);
    FD_SET(listening, &waiting);
    return select(0, &waiting, NULL, NULL, &limit) > 0 ? 0 : refused(WSAETIMEDOUT);
}

static int try_listen(char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((u_short)strtoul(argv[0], NULL, 10))};
    WSADATA data;
    SOCKET listening;

    (void)WSAStartup(MAKEWORD(2, 2), &data);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listening = socket(AF_INET, SOCK_STREAM, 0);
    if (listening == INVALID_SOCKET ||
        bind(listening, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listening, 1) != 0)
        return refused((DWORD)WSAGetLastError());
    return wait_for_visitor(listening);
}

static int try_send_udp(char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((u_short)strtoul(argv[1], NULL, 10))};
    WSADATA data;
    SOCKET sending;

    (void)WSAStartup(MAKEWORD(2, 2), &data);
    sending = socket(AF_INET, SOCK_DGRAM, 0);
    if (inet_pton(AF_INET, argv[0], &address.sin_addr) != 1)
        return EVIDENCE_UNTRIED;
    if (sending == INVALID_SOCKET ||
        sendto(sending, "x", 1, 0, (struct sockaddr *)&address, sizeof address) != 1)
        return refused((DWORD)WSAGetLastError());
    return 0;
}

/* Console ---------------------------------------------------------------------------------------------- */

static HANDLE was_pressed;

static BOOL WINAPI take_key(DWORD type)
{
    return type == CTRL_C_EVENT && SetEvent(was_pressed);
}

/* Says that it is ready, on a console, and waits for Ctrl+C. */
static int try_ctrl_c(char **argv)
{
    DWORD mode;

    (void)argv;
    was_pressed = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (was_pressed == NULL || !GetConsoleMode(GetStdHandle(STD_OUTPUT_HANDLE), &mode) ||
        !SetConsoleCtrlHandler(take_key, TRUE))
        return refused(GetLastError());
    (void)printf("%s\n", EVIDENCE_READY);
    (void)fflush(stdout);
    return WaitForSingleObject(was_pressed, KEY_MS) == WAIT_OBJECT_0 ? 0 : refused(WAIT_TIMEOUT);
}

const struct evidence_act evidence_more_acts[] = {
    {"read-memory", 2, try_read_memory},
    {"write-memory", 2, try_write_memory},
    {"write-handle", 1, try_write_handle},
    {"window", 0, try_window},
    {"token", 0, say_token},
    {"named-event", 0, try_named_event},
    {"named-pipe", 0, try_named_pipe},
    {"temp", 0, try_temp},
    {"clipboard", 1, try_clipboard},
    {"listen", 1, try_listen},
    {"send-udp", 2, try_send_udp},
    {"ctrl-c", 0, try_ctrl_c},
};
const size_t evidence_more_act_count = ARRAY_SIZE(evidence_more_acts);

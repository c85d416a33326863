/* Who is killed, who is hostile, and what the others say then. */
#include "sandbox/windows/standin/session_test.h"

#include <tlhelp32.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "sandbox/nt/frame.h"
#include "sandbox/nt/request.h"
#include "sandbox/windows/api.h"

/* Processes below us ----------------------------------------------------------------------------------- */

static bool is_below(const PROCESSENTRY32W *all, size_t count, DWORD pid)
{
    for (unsigned depth = 0; depth < 8; depth++) {
        DWORD parent = 0;

        for (size_t i = 0; i < count; i++)
            parent = all[i].th32ProcessID == pid ? all[i].th32ParentProcessID : parent;
        if (parent == GetCurrentProcessId())
            return true;
        if (parent == 0)
            return false;
        pid = parent;
    }
    return false;
}

static size_t take_all(PROCESSENTRY32W *all, size_t most)
{
    AUTO_HANDLE HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    size_t count = 0;

    all[0].dwSize = sizeof all[0];
    if (!Process32FirstW(snapshot, &all[0]))
        return 0;
    do
        all[++count].dwSize = sizeof all[0];
    while (count + 1 < most && Process32NextW(snapshot, &all[count]));
    return count;
}

/* From the list of all handles of the system: Wine 8 counts none for a process of its own, and the
 * runner lets nobody open it. */
static unsigned long count_of(DWORD pid)
{
    static struct {
        ULONG_PTR count, reserved;
        struct {
            void *object;
            ULONG_PTR pid, handle;
            ULONG access;
            USHORT trace, type;
            ULONG attributes, reserved;
        } items[20000];
    } all;
    typedef LONG(WINAPI * query)(int what, void *into, ULONG size, ULONG *needed);
    query ask = WIN_FUNCTION(query, L"ntdll.dll", "NtQuerySystemInformation");
    const int extended_handles = 64;
    unsigned long found = 0;

    if (ask == NULL || ask(extended_handles, &all, sizeof all, NULL) != 0)
        return 0;
    for (ULONG_PTR i = 0; i < all.count; i++)
        found += all.items[i].pid == pid ? 1 : 0;
    return found;
}

struct session_counts session_count_handles(void)
{
    static PROCESSENTRY32W all[512];
    size_t count = take_all(all, ARRAY_SIZE(all));
    struct session_counts counts = {0};

    counts.ours = count_of(GetCurrentProcessId());
    for (size_t i = 0; i < count; i++) {
        if (wcsncmp(all[i].szExeFile, L"holdfast", 8) != 0 ||
            !is_below(all, count, all[i].th32ProcessID))
            continue;
        counts.below += count_of(all[i].th32ProcessID);
        counts.processes++;
    }
    return counts;
}

static bool kill_below(const wchar_t *name)
{
    static PROCESSENTRY32W all[512];
    size_t count = take_all(all, ARRAY_SIZE(all));

    for (size_t i = 0; i < count; i++) {
        AUTO_HANDLE HANDLE process = NULL;

        if (wcscmp(all[i].szExeFile, name) != 0 || !is_below(all, count, all[i].th32ProcessID))
            continue;
        process = OpenProcess(PROCESS_TERMINATE, FALSE, all[i].th32ProcessID);
        return process != NULL && TerminateProcess(process, 0);
    }
    return false;
}

/* Killed ----------------------------------------------------------------------------------------------- */

static void check_killed(const wchar_t *whom, const char *named)
{
    struct sandbox_policy *policy = session_policy(NULL);
    struct sandbox_session *session = session_begin(policy);
    const char *argv[] = {session_probe, "write-later", getenv("SESSION_FILE"), "4", NULL};
    struct sandbox_command command = {.argv = argv, .descriptors = {-1, 1, 2}};
    struct error err = {0};
    int status = 0;

    session_check(sandbox_session_spawn(session, &command, &err) == 0, "it starts", &err);
    if (whom != NULL) {
        Sleep(1500);
        session_check(kill_below(whom), "one is killed, with status 0", NULL);
    } else {
        (void)printf("running\n"); /* the test script kills it: the runner lets nobody open it */
    }
    session_check(sandbox_session_wait(session, &status, &err) < 0 &&
                      status == SANDBOX_EXIT_REFUSED,
                  "that is an error, and no status", &err);
    session_check(strstr(err.message, named) != NULL, "which says who is gone", &err);
    session_check(sandbox_session_spawn(session, &command, &err) < 0 ||
                      sandbox_session_wait(session, &status, &err) < 0,
                  "nothing more runs", NULL);
    session_check(sandbox_session_spawn(session, &command, &err) < 0 &&
                      strstr(err.message, "the session is gone") != NULL,
                  "and every further call says so", &err);
    Sleep(4000);
    session_check(GetFileAttributesA(getenv("SESSION_FILE")) == INVALID_FILE_ATTRIBUTES,
                  "the command died with it", NULL);
    sandbox_session_close(session);
    sandbox_policy_free(policy);
}

void session_killed_launcher(void)
{
    check_killed(L"holdfast-sandbox.exe", "the session is gone");
}

void session_killed_runner(void)
{
    check_killed(NULL, "runner");
}

/* Until the test script kills us. */
void session_hang(void)
{
    struct sandbox_policy *policy = session_policy(NULL);
    struct sandbox_session *session = session_begin(policy);
    const char *argv[] = {session_probe, "write-later", getenv("SESSION_FILE"), "5", NULL};
    struct sandbox_command command = {.argv = argv, .descriptors = {-1, 1, 2}};
    struct error err = {0};
    int status;

    session_check(sandbox_session_spawn(session, &command, &err) == 0, "it starts", &err);
    (void)printf("running\n");
    (void)sandbox_session_wait(session, &status, &err);
}

static volatile LONG keys;

static BOOL WINAPI take_key(DWORD type)
{
    (void)type;
    (void)InterlockedIncrement(&keys);
    return TRUE;
}

/* Ctrl+C is the caller's: what it does not end by it goes on. */
void session_keys(void)
{
    struct sandbox_policy *policy = session_policy(NULL);
    struct sandbox_session *session;
    const char *argv[] = {session_probe, "sleep", "2", NULL};
    struct sandbox_command command = {.argv = argv, .descriptors = {-1, -1, -1}};
    struct error err = {0};
    int status = -1;

    if (GetConsoleCP() == 0 && !AllocConsole()) {
        (void)printf("no console here\n");
        exit(77);
    }
    session_check(SetConsoleCtrlHandler(take_key, TRUE), "a handler", NULL);
    session = session_begin(policy);
    session_check(sandbox_session_spawn(session, &command, &err) == 0, "it starts", &err);
    Sleep(500);
    session_check(GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0), "Ctrl+C", NULL);
    session_check(sandbox_session_wait(session, &status, &err) == 0 && status == 0,
                  "the command goes on", &err);
    session_check(session_ask(session, "exit", "4") == 4, "and so does the session", NULL);
    session_check(keys > 0, "we were told", NULL);
    sandbox_session_close(session);
    sandbox_policy_free(policy);
}

/* Hostile ---------------------------------------------------------------------------------------------- */

static void write_raw(HANDLE pipe, const void *bytes, size_t size)
{
    AUTO_HANDLE HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    OVERLAPPED writing = {.hEvent = event};
    DWORD put = 0;

    (void)WriteFile(pipe, bytes, (DWORD)size, NULL, &writing);
    (void)GetOverlappedResult(pipe, &writing, &put, TRUE);
}

static void write_opened(HANDLE pipe, unsigned change)
{
    AUTO_BUFFER struct buffer payload = BUFFER_EMPTY;
    AUTO_BUFFER struct buffer bytes = BUFFER_EMPTY;

    nt_opened_encode("windows-elevated", &payload);
    payload.data[0] = (char)(payload.data[0] + (char)change);
    nt_frame_put(&bytes, NT_FRAME_OPENED, payload.data, payload.size);
    write_raw(pipe, bytes.data, bytes.size);
}

/* Started in place of the launcher: does what SESSION_POSE says. */
int session_pose_as_launcher(void)
{
    static const unsigned char huge[] = {0xff, 0xff, 0xff, 0x7f, NT_FRAME_OPENED, 1, 0, 0, 0};
    static const unsigned char ended[4 + 25] = {25, 0, 0, 0, NT_FRAME_ENDED};
    HANDLE pipe = GetStdHandle(STD_INPUT_HANDLE);
    const char *pose = getenv("SESSION_POSE");

    if (strcmp(pose, "dies") == 0)
        return 0;
    if (strcmp(pose, "huge") == 0)
        write_raw(pipe, huge, sizeof huge);
    if (strcmp(pose, "version") == 0)
        write_opened(pipe, 1);
    if (strcmp(pose, "early") == 0)
        write_raw(pipe, ended, sizeof ended);
    if (strcmp(pose, "unasked") == 0 || strcmp(pose, "damaged") == 0 ||
        strcmp(pose, "dies-later") == 0)
        write_opened(pipe, 0);
    if (strcmp(pose, "unasked") == 0)
        write_raw(pipe, ended, sizeof ended);
    Sleep(1000);
    if (strcmp(pose, "damaged") == 0) {
        unsigned char broken[sizeof ended];

        memcpy(broken, ended, sizeof ended);
        broken[21] = 0xff; /* the length of a text */
        write_raw(pipe, broken, sizeof broken);
        Sleep(1000);
    }
    return 0;
}

void session_hostile_launcher(void)
{
    static const struct {
        const char *pose;
        const char *said; /* NULL: it opens, and the first command fails */
    } cases[] = {
        {"dies", "before it spoke"}, {"huge", "may not come"}, {"version", "version 2"},
        {"early", "out of turn"},    {"unasked", NULL},        {"damaged", NULL},
        {"dies-later", NULL},
    };
    struct error err = {0};
    char *self = os_self_path(&err);
    struct sandbox_policy *policy = session_policy(NULL);

    sandbox_set_launcher(self);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *argv[] = {session_probe, "exit", "0", NULL};
        struct sandbox_session *session;

        SetEnvironmentVariableA("SESSION_POSE", cases[i].pose);
        session = sandbox_session_open(policy, &err);
        if (cases[i].said != NULL) {
            session_check(session == NULL && strstr(err.message, cases[i].said) != NULL,
                          cases[i].pose, &err);
        } else {
            session_check(session != NULL, cases[i].pose, &err);
            if (session != NULL)
                session_check(session_ask_with(session, argv, NULL, &err) >= SESSION_NOT_ASKED &&
                                  strstr(err.message, "the session is gone") != NULL,
                              cases[i].pose, &err);
        }
        sandbox_session_close(session);
    }
    sandbox_policy_free(policy);
    free(self);
}

/* The real launcher, spoken to by hand. */
static void check_launcher(const char *what, const void *bytes, size_t size)
{
    static unsigned number;
    wchar_t name[64];
    AUTO_HANDLE HANDLE server = NULL;
    AUTO_HANDLE HANDLE client = NULL;
    AUTO_HANDLE HANDLE launcher = NULL;
    struct error err = {0};
    char *self = os_self_path(&err);
    char path[512];
    char *words[] = {path,
                     (char *)(uintptr_t) "session",
                     (char *)(uintptr_t) "--mode",
                     (char *)(uintptr_t)session_mode,
                     (char *)(uintptr_t) "--workspace",
                     (char *)(uintptr_t)session_workspace,
                     NULL};
    struct text_list line = {.items = words, .count = 6};
    char taken[256];
    DWORD got = 0;
    AUTO_HANDLE HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    OVERLAPPED reading = {.hEvent = event};

    *strrchr(self, '\\') = '\0';
    (void)snprintf(path, sizeof path, "%s\\holdfast-sandbox.exe", self);
    free(self);
    (void)swprintf(name, 64, L"\\\\.\\pipe\\holdfast-test-%lu-%u", GetCurrentProcessId(), number++);
    server = CreateNamedPipeW(name, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, PIPE_TYPE_BYTE, 1,
                              65536, 65536, 0, NULL);
    client = CreateFileW(name, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
                         FILE_FLAG_OVERLAPPED, NULL);
    session_check(api_start(&line, &(const struct api_handles){.standard = {client, NULL, NULL}},
                            &launcher, &err) == 0,
                  "the launcher starts", &err);
    win_close(&client);
    client = NULL;
    (void)ReadFile(server, taken, sizeof taken, NULL, &reading);
    session_check(GetOverlappedResult(server, &reading, &got, TRUE) && got > 5 &&
                      taken[4] == NT_FRAME_OPENED,
                  "it opens", NULL);
    write_raw(server, bytes, size);
    (void)ResetEvent(event);
    (void)ReadFile(server, taken, sizeof taken, NULL, &reading);
    session_check(!GetOverlappedResult(server, &reading, &got, TRUE), what, NULL);
    session_check(WaitForSingleObject(launcher, 30000) == WAIT_OBJECT_0, what, NULL);
}

void session_hostile_library(void)
{
    static const unsigned char huge[] = {0xff, 0xff, 0xff, 0xff, NT_FRAME_COMMAND};
    static const unsigned char input[] = {2, 0, 0, 0, NT_FRAME_INPUT, 'x'};
    static const unsigned char unknown[] = {1, 0, 0, 0, 99};
    static const unsigned char damaged[] = {
        13, 0, 0, 0, NT_FRAME_COMMAND, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 0};

    check_launcher("a frame that is too long ends it", huge, sizeof huge);
    check_launcher("a runner's frame ends it", input, sizeof input);
    check_launcher("an unknown frame ends it", unknown, sizeof unknown);
    check_launcher("a damaged request ends it", damaged, sizeof damaged);
}

#include "sandbox/windows/evidence/judge.h"

#include <ws2tcpip.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "base/text.h"
#include "sandbox/nt/quote.h"
#include "sandbox/windows/connect.h"
#include "sandbox/windows_facts.h"

enum {
    FIRST_MS = 180000, /* the first logon of an account makes its profile */
    LATE_MS = 7000,
};

/* Running ------------------------------------------------------------------------------------------- */

static HANDLE output_file(const char *path, struct error *err)
{
    AUTO_FREE wchar_t *wide = win_long_path(path, err);
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};
    HANDLE file;

    if (wide == NULL)
        return NULL;
    file = CreateFileW(wide, GENERIC_WRITE, FILE_SHARE_READ, &inherited, CREATE_ALWAYS, 0, NULL);
    if (file != INVALID_HANDLE_VALUE)
        return file;
    (void)win_fail_last(err, "CreateFile", path);
    return NULL;
}

static int run_line(const char *line, HANDLE output, DWORD *status, struct error *err)
{
    AUTO_FREE wchar_t *wide = win_wide(line, err);
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};
    AUTO_HANDLE HANDLE input = CreateFileW(L"NUL", GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE,
                                           &inherited, OPEN_EXISTING, 0, NULL);
    STARTUPINFOW info = {.cb = sizeof info,
                         .dwFlags = STARTF_USESTDHANDLES,
                         .hStdInput = input,
                         .hStdOutput = output,
                         .hStdError = output};
    PROCESS_INFORMATION made;
    int result = 0;

    if (wide == NULL)
        return -1;
    if (!CreateProcessW(NULL, wide, NULL, NULL, TRUE, 0, NULL, NULL, &info, &made))
        return win_fail_last(err, "CreateProcess", line);
    if (WaitForSingleObject(made.hProcess, FIRST_MS) != WAIT_OBJECT_0) {
        (void)TerminateProcess(made.hProcess, 1);
        result = error_set(err, ERR_TIMEOUT, "%s: not ended within %d s", line, FIRST_MS / 1000);
    } else if (!GetExitCodeProcess(made.hProcess, status)) {
        result = win_fail_last(err, "GetExitCodeProcess", line);
    }
    (void)CloseHandle(made.hThread);
    (void)CloseHandle(made.hProcess);
    return result;
}

static int run_words(const struct evidence_bench *bench, char *const *words,
                     struct evidence_run *run, struct error *err)
{
    AUTO_FREE char *line = nt_quote(words, err);
    AUTO_FREE char *path = windows_path_join(bench->place->root, "output");
    HANDLE output = line != NULL && path != NULL ? output_file(path, err) : NULL;
    AUTO_FREE char *bytes = NULL;
    struct error ignored;
    size_t size = 0;
    DWORD status = EVIDENCE_UNTRIED;
    int result;

    if (output == NULL)
        return -1;
    result = run_line(line, output, &status, err);
    run->status = status;
    (void)CloseHandle(output);
    run->said[0] = '\0';
    if (os_read_file(path, 1 << 20, &bytes, &size, &ignored) == 0) {
        const char *end = size < sizeof run->said ? bytes : bytes + size - sizeof run->said + 1;

        (void)snprintf(run->said, sizeof run->said, "%s", end);
    }
    return result;
}

int evidence_sandbox(const struct evidence_bench *bench, const char *const *words,
                     struct evidence_run *run, struct error *err)
{
    char *all[32] = {(char *)(uintptr_t)bench->sandbox};
    size_t count = 1;

    while (*words != NULL && count + 1 < ARRAY_SIZE(all))
        all[count++] = (char *)(uintptr_t)*words++;
    return run_words(bench, all, run, err);
}

/* A listener ------------------------------------------------------------------------------------------ */

struct listener {
    SOCKET socket;
    char host[64];
    char port[8];
};

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

static int open_listener(struct listener *listener, bool is_away, struct error *err)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int size = sizeof address;
    u_long not_blocking = 1;
    WSADATA data;

    (void)WSAStartup(MAKEWORD(2, 2), &data);
    (void)snprintf(listener->host, sizeof listener->host, "127.0.0.1");
    if (is_away && !own_address(listener->host))
        return error_set(err, ERR_UNSUPPORTED, "this machine has no address but its loopback one");
    listener->socket = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    if (listener->socket == INVALID_SOCKET ||
        bind(listener->socket, (struct sockaddr *)&address, size) != 0 ||
        listen(listener->socket, 8) != 0 ||
        getsockname(listener->socket, (struct sockaddr *)&address, &size) != 0 ||
        ioctlsocket(listener->socket, (long)FIONBIO, &not_blocking) != 0)
        return win_fail(err, (DWORD)WSAGetLastError(), "listen", listener->host);
    (void)snprintf(listener->port, sizeof listener->port, "%u", ntohs(address.sin_port));
    return 0;
}

static bool was_reached(const struct listener *listener)
{
    SOCKET made = accept(listener->socket, NULL, NULL);

    if (made == INVALID_SOCKET)
        return false;
    (void)closesocket(made);
    return true;
}

/* Oracles ---------------------------------------------------------------------------------------------- */

static bool is_there(const char *path)
{
    struct error ignored;
    AUTO_FREE wchar_t *wide = win_long_path(path, &ignored);

    return wide != NULL && GetFileAttributesW(wide) != INVALID_FILE_ATTRIBUTES;
}

/* What the path looked like before the attempt. */
struct before {
    char *path;
    char *content;
    char *sddl;
};

static void before_done(struct before *before)
{
    free(before->path);
    free(before->content);
    free(before->sddl);
}

static char *content_of(const char *path)
{
    struct error ignored;
    char *bytes = NULL;
    size_t size = 0;

    return os_read_file(path, 4096, &bytes, &size, &ignored) == 0 ? bytes : NULL;
}

static bool differs(const char *a, const char *b)
{
    return a == NULL || b == NULL || strcmp(a, b) != 0;
}

static bool sees(const struct evidence_case *row, const struct before *before,
                 const struct listener *listener, const struct evidence_run *run)
{
    struct error ignored;
    AUTO_FREE char *now = NULL;

    switch (row->oracle) {
    case SEES_CONTENT:
        now = content_of(before->path);
        return differs(now, before->content);
    case SEES_NAME:
        return is_there(before->path);
    case SEES_GONE:
        return !is_there(before->path);
    case SEES_DACL:
        now = evidence_sddl(before->path, &ignored);
        return differs(now, before->sddl);
    case SEES_SECRET:
        return strstr(run->said, "holdfast-secret-7141") != NULL;
    case SEES_CONNECTION:
        return was_reached(listener);
    case SEES_LATE:
        Sleep(LATE_MS);
        return is_there(before->path);
    case SEES_STATUS:
        return run->status == 0;
    }
    return true;
}

static void forget_file(const char *path)
{
    struct error ignored;
    AUTO_FREE wchar_t *wide = win_long_path(path, &ignored);

    if (wide != NULL)
        (void)DeleteFileW(wide);
}

/* Trying ----------------------------------------------------------------------------------------------- */

static int add_attempt(const struct evidence_bench *bench, const struct evidence_case *row,
                       const struct listener *listener, struct text_list *words, struct error *err)
{
    if (text_list_add(words, bench->place->program, err) < 0 ||
        text_list_add(words, "attempt", err) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(row->attempt) && row->attempt[i] != NULL; i++) {
        const char *word = row->attempt[i];
        AUTO_FREE char *path = NULL;

        if (strcmp(word, "HOST") == 0)
            word = listener->host;
        else if (strcmp(word, "PORT") == 0)
            word = listener->port;
        path = evidence_path(bench->place, word);
        if (path == NULL || text_list_add(words, path, err) < 0)
            return -1;
    }
    return 0;
}

static int add_sandbox(const struct evidence_bench *bench, struct text_list *words,
                       struct error *err)
{
    AUTO_FREE char *workspace = windows_path_join(bench->place->root, "ws");
    const char *const first[] = {
        bench->sandbox,
        "run",
        "--mode",
        bench->mode == EVIDENCE_ELEVATED ? "windows-elevated" : "windows-unelevated",
        "--workspace",
        workspace,
        "--cwd",
        workspace,
        "--network",
        "none",
        "--",
    };

    if (workspace == NULL)
        return error_memory(err, "words");
    for (size_t i = 0; i < ARRAY_SIZE(first); i++) {
        if (text_list_add(words, first[i], err) < 0)
            return -1;
    }
    return 0;
}

static int try_once(const struct evidence_bench *bench, const struct evidence_case *row,
                    bool is_inside, struct evidence_run *run, struct error *err)
{
    struct listener listener = {.socket = INVALID_SOCKET};
    struct before before = {.path = NULL};
    struct text_list words = {0};
    char *argv[24] = {NULL};
    struct error ignored;
    int result = evidence_place_restore(bench->place, err);

    if (result == 0 && row->path != NULL) {
        before.path = evidence_path(bench->place, row->path);
        before.content = content_of(before.path);
        before.sddl = evidence_sddl(before.path, &ignored);
    }
    if (result == 0 && row->oracle == SEES_CONNECTION)
        result = open_listener(&listener, row->is_away, err);
    if (result == 0 && is_inside)
        result = add_sandbox(bench, &words, err);
    if (result == 0)
        result = add_attempt(bench, row, &listener, &words, err);
    for (size_t i = 0; i < words.count && i + 1 < ARRAY_SIZE(argv); i++)
        argv[i] = words.items[i];
    if (result == 0)
        result = run_words(bench, argv, run, err);
    if (result == 0)
        run->has_seen = sees(row, &before, &listener, run);
    /* Made anew it inherits what it should; putting a list back would not tell what that is. */
    if (row->oracle == SEES_DACL && before.path != NULL)
        forget_file(before.path);
    if (listener.socket != INVALID_SOCKET)
        (void)closesocket(listener.socket);
    text_list_done(&words);
    before_done(&before);
    return result;
}

/* Judging ------------------------------------------------------------------------------------------------ */

int evidence_judge(const struct evidence_bench *bench, const struct evidence_case *row,
                   struct evidence_result *result, struct error *err)
{
    *result = (struct evidence_result){.verdict = EVIDENCE_INVALID};
    if (try_once(bench, row, false, &result->control, err) == 0 &&
        try_once(bench, row, true, &result->inside, err) == 0) {
        evidence_conclude(row, bench->mode, !win_is_wine(), result);
        return 0;
    }
    if (err->code != ERR_UNSUPPORTED && err->code != ERR_TIMEOUT)
        return error_wrap(err, "%s", row->id);
    evidence_conclude_invalid(!win_is_wine(), err->message, result);
    return 0;
}

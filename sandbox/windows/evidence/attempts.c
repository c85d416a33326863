/* What is tried. The same code runs as the control and inside the sandbox. */
#include "sandbox/windows/evidence/evidence.h"

#include <stdio.h>
#include <string.h>

#include "sandbox/windows/connect.h"
#include "sandbox/windows/token.h"

/* winbase.h of MinGW-w64 has no names for these (SDK 10.0.15063 and later). */
#define DISPOSITION_INFO_EX 21
#define RENAME_INFO_EX      22

static int refused(DWORD code)
{
    (void)printf("error %lu\n", (unsigned long)code);
    return EVIDENCE_REFUSED;
}

static int untried(const struct error *err)
{
    (void)printf("untried: %s\n", err->message);
    return EVIDENCE_UNTRIED;
}

static int answer(BOOL worked)
{
    return worked ? 0 : refused(GetLastError());
}

static HANDLE open_file(const char *path, DWORD access, DWORD how, DWORD flags)
{
    struct error ignored;
    AUTO_FREE wchar_t *wide = win_long_path(path, &ignored);

    if (wide == NULL)
        return INVALID_HANDLE_VALUE;
    return CreateFileW(wide, access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                       how, flags | FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT,
                       NULL);
}

static int write_with(const char *path, DWORD access, DWORD how)
{
    AUTO_HANDLE HANDLE file = open_file(path, access, how, 0);
    DWORD put = 0;

    if (file == INVALID_HANDLE_VALUE)
        return refused(GetLastError());
    return answer(WriteFile(file, "changed", 7, &put, NULL));
}

static int try_write(char **argv)
{
    return write_with(argv[0], GENERIC_WRITE, OPEN_EXISTING);
}

static int try_append(char **argv)
{
    return write_with(argv[0], FILE_APPEND_DATA | SYNCHRONIZE, OPEN_EXISTING);
}

/* What is granted without being named. */
static int try_write_maximum(char **argv)
{
    return write_with(argv[0], MAXIMUM_ALLOWED, OPEN_EXISTING);
}

static int try_create(char **argv)
{
    return write_with(argv[0], GENERIC_WRITE, CREATE_NEW);
}

static int try_mkdir(char **argv)
{
    struct error err;
    AUTO_FREE wchar_t *wide = win_long_path(argv[0], &err);

    return wide != NULL ? answer(CreateDirectoryW(wide, NULL)) : untried(&err);
}

static int try_delete(char **argv)
{
    struct error err;
    AUTO_FREE wchar_t *wide = win_long_path(argv[0], &err);

    return wide != NULL ? answer(DeleteFileW(wide)) : untried(&err);
}

static int try_delete_posix(char **argv)
{
    AUTO_HANDLE HANDLE file = open_file(argv[0], DELETE | SYNCHRONIZE, OPEN_EXISTING, 0);
    ULONG flags = 1 | 2; /* FILE_DISPOSITION_DELETE | FILE_DISPOSITION_POSIX_SEMANTICS */

    if (file == INVALID_HANDLE_VALUE)
        return refused(GetLastError());
    return answer(SetFileInformationByHandle(file, (FILE_INFO_BY_HANDLE_CLASS)DISPOSITION_INFO_EX,
                                             &flags, sizeof flags));
}

static int try_delete_on_close(char **argv)
{
    AUTO_HANDLE HANDLE file =
        open_file(argv[0], DELETE | SYNCHRONIZE, OPEN_EXISTING, FILE_FLAG_DELETE_ON_CLOSE);

    return answer(file != INVALID_HANDLE_VALUE);
}

static int move(char **argv, DWORD flags)
{
    struct error err;
    AUTO_FREE wchar_t *from = win_long_path(argv[0], &err);
    AUTO_FREE wchar_t *to = from != NULL ? win_long_path(argv[1], &err) : NULL;

    return to != NULL ? answer(MoveFileExW(from, to, flags)) : untried(&err);
}

static int try_rename(char **argv)
{
    return move(argv, 0);
}

static int try_replace(char **argv)
{
    return move(argv, MOVEFILE_REPLACE_EXISTING);
}

static int try_replace_posix(char **argv)
{
    struct error err;
    AUTO_FREE wchar_t *to = win_long_path(argv[1], &err);
    AUTO_HANDLE HANDLE file = open_file(argv[0], DELETE | SYNCHRONIZE, OPEN_EXISTING, 0);
    union {
        struct {
            ULONG flags;
            HANDLE root;
            ULONG length;
            wchar_t name[1];
        } info;
        BYTE room[4096];
    } rename = {.info = {.flags = 1 | 2}}; /* REPLACE_IF_EXISTS | POSIX_SEMANTICS */
    size_t bytes = to != NULL ? wcslen(to) * sizeof *to : 0;

    if (to == NULL || bytes > sizeof rename - 64)
        return untried(&err);
    if (file == INVALID_HANDLE_VALUE)
        return refused(GetLastError());
    rename.info.length = (ULONG)bytes;
    memcpy(rename.info.name, to, bytes + sizeof *to);
    return answer(SetFileInformationByHandle(file, (FILE_INFO_BY_HANDLE_CLASS)RENAME_INFO_EX,
                                             &rename, sizeof rename));
}

static int try_link(char **argv)
{
    struct error err;
    AUTO_FREE wchar_t *from = win_long_path(argv[0], &err);
    AUTO_FREE wchar_t *to = from != NULL ? win_long_path(argv[1], &err) : NULL;

    if (to == NULL)
        return untried(&err);
    if (!CreateHardLinkW(to, from, NULL))
        return refused(GetLastError());
    return write_with(argv[1], GENERIC_WRITE, OPEN_EXISTING);
}

static int try_dacl(char **argv)
{
    struct error err;
    AUTO_FREE void *descriptor = win_descriptor("D:(A;;FA;;;WD)", &err);
    AUTO_HANDLE HANDLE file = open_file(argv[0], WRITE_DAC, OPEN_EXISTING, 0);

    if (descriptor == NULL)
        return untried(&err);
    if (file == INVALID_HANDLE_VALUE)
        return refused(GetLastError());
    return answer(SetKernelObjectSecurity(file, DACL_SECURITY_INFORMATION, descriptor));
}

static int try_read(char **argv)
{
    AUTO_HANDLE HANDLE file = open_file(argv[0], GENERIC_READ, OPEN_EXISTING, 0);
    char text[256];
    DWORD got = 0;

    if (file == INVALID_HANDLE_VALUE || !ReadFile(file, text, sizeof text, &got, NULL))
        return refused(GetLastError());
    (void)printf("%.*s\n", (int)got, text);
    return 0;
}

/* Also for NUL: opened as a program's standard output is. */
static int try_device(char **argv)
{
    HANDLE file = CreateFileA(argv[0], GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                              OPEN_EXISTING, 0, NULL);
    DWORD code = GetLastError();

    if (file == INVALID_HANDLE_VALUE)
        return refused(code);
    (void)CloseHandle(file);
    return 0;
}

static int try_connect(char **argv)
{
    int code = win_connect_try(argv[0], (unsigned)strtoul(argv[1], NULL, 10));

    return code == 0 ? 0 : refused((DWORD)code);
}

/* Processes ----------------------------------------------------------------------------------------- */

static int start(const char *line, HANDLE token, DWORD flags, bool waits)
{
    STARTUPINFOW info = {.cb = sizeof info};
    PROCESS_INFORMATION made;
    struct error err;
    AUTO_FREE wchar_t *wide = win_wide(line, &err);
    DWORD status = EVIDENCE_UNTRIED;
    BOOL worked;

    if (wide == NULL)
        return untried(&err);
    (void)fflush(stdout);
    worked = token == NULL
                 ? CreateProcessW(NULL, wide, NULL, NULL, TRUE, flags, NULL, NULL, &info, &made)
                 : CreateProcessAsUserW(token, NULL, wide, NULL, NULL, TRUE, flags, NULL, NULL,
                                        &info, &made);
    if (!worked)
        return refused(GetLastError());
    if (!waits)
        status = 0;
    else if (WaitForSingleObject(made.hProcess, 30000) == WAIT_OBJECT_0)
        (void)GetExitCodeProcess(made.hProcess, &status);
    (void)CloseHandle(made.hThread);
    (void)CloseHandle(made.hProcess);
    return (int)status;
}

static void self_line(char line[2048], const char *word, char **argv)
{
    char self[MAX_PATH] = "";

    (void)GetModuleFileNameA(NULL, self, MAX_PATH);
    (void)snprintf(line, 2048, "\"%s\" attempt %s %s %s", self, word, argv[0], argv[1]);
}

/* LATE FILE, SECONDS: written unless the process is ended before. */
static int try_late(char **argv)
{
    Sleep((DWORD)strtoul(argv[1], NULL, 10) * 1000);
    return try_create(argv);
}

static int try_leave(char **argv)
{
    char line[2048];

    self_line(line, "late", argv);
    return start(line, NULL, 0, false);
}

static int try_break_away(char **argv)
{
    char line[2048];

    self_line(line, "late", argv);
    return start(line, NULL, CREATE_BREAKAWAY_FROM_JOB, false);
}

/* A connection by a child whose token is made weaker, so that a rule about its account might not see it:
 * deny_user: the account only denies; restricted: it is not among the restricting SIDs. */
static int connect_weakened(char **argv, bool denies_user)
{
    struct error err;
    AUTO_HANDLE HANDLE own = win_token_own(&err);
    AUTO_HANDLE HANDLE weak = NULL;
    AUTO_TOKEN struct nt_token token = NT_TOKEN_EMPTY;
    struct win_sid user;
    struct win_sid everyone;
    SID_AND_ATTRIBUTES first = {0};
    char line[2048];

    if (own == NULL || win_token_read(own, &token, &err) < 0)
        return untried(&err);
    first.Sid = denies_user ? win_sid(&token.user, &user) : win_sid(&NT_EVERYONE, &everyone);
    if (!CreateRestrictedToken(own, 0, denies_user ? 1 : 0, denies_user ? &first : NULL, 0, NULL,
                               denies_user ? 0 : 1, denies_user ? NULL : &first, &weak))
        return refused(GetLastError());
    self_line(line, "connect", argv);
    return start(line, weak, 0, true);
}

static int try_connect_deny_user(char **argv)
{
    return connect_weakened(argv, true);
}

static int try_connect_restricted(char **argv)
{
    return connect_weakened(argv, false);
}

static int try_run(char **argv)
{
    return start(argv[0], NULL, 0, true);
}

static const struct evidence_act attempts[] = {
    {"write", 1, try_write},
    {"append", 1, try_append},
    {"write-maximum", 1, try_write_maximum},
    {"create", 1, try_create},
    {"mkdir", 1, try_mkdir},
    {"delete", 1, try_delete},
    {"delete-posix", 1, try_delete_posix},
    {"delete-on-close", 1, try_delete_on_close},
    {"rename", 2, try_rename},
    {"replace", 2, try_replace},
    {"replace-posix", 2, try_replace_posix},
    {"link", 2, try_link},
    {"dacl", 1, try_dacl},
    {"read", 1, try_read},
    {"device", 1, try_device},
    {"connect", 2, try_connect},
    {"connect-deny-user", 2, try_connect_deny_user},
    {"connect-restricted", 2, try_connect_restricted},
    {"late", 2, try_late},
    {"leave", 2, try_leave},
    {"break-away", 2, try_break_away},
    {"run", 1, try_run},
};

static const struct evidence_act *find(const struct evidence_act *acts, size_t count,
                                       const char *word)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(acts[i].word, word) == 0)
            return &acts[i];
    }
    return NULL;
}

int evidence_attempt(int argc, char **argv)
{
    const struct evidence_act *act =
        argc > 0 ? find(attempts, ARRAY_SIZE(attempts), argv[0]) : NULL;

    if (act == NULL && argc > 0)
        act = find(evidence_more_acts, evidence_more_act_count, argv[0]);
    if (act != NULL && argc - 1 >= act->count)
        return act->try(argv + 1);
    (void)printf("untried: not an attempt\n");
    return EVIDENCE_UNTRIED;
}

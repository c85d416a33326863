#include "sandbox/windows/evidence/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "base/text.h"
#include "sandbox/nt/quote.h"
#include "sandbox/windows/evidence/witness.h"
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

static int run_in_console(char *const *words, struct evidence_run *run, struct error *err)
{
    AUTO_FREE char *line = nt_quote(words, err);

    return line != NULL ? evidence_run_in_console(line, run, err) : -1;
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
                 struct evidence_witness *witness, const struct evidence_run *run)
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
    case SEES_DATAGRAM:
    case SEES_ACCEPT:
    case SEES_MEMORY:
    case SEES_WINDOW:
    case SEES_CLIPBOARD:
        return evidence_witness_saw(witness, row->oracle);
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
                       const struct evidence_witness *witness, struct text_list *words,
                       struct error *err)
{
    if (text_list_add(words, bench->place->program, err) < 0 ||
        text_list_add(words, "attempt", err) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(row->attempt) && row->attempt[i] != NULL; i++) {
        const char *word = evidence_witness_word(witness, row->attempt[i]);
        AUTO_FREE char *path = evidence_path(bench->place, word);

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
    struct evidence_witness witness = {.socket = INVALID_SOCKET};
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
    if (result == 0)
        result = evidence_witness_init(&witness, row, before.path, err);
    if (result == 0 && is_inside)
        result = add_sandbox(bench, &words, err);
    if (result == 0)
        result = add_attempt(bench, row, &witness, &words, err);
    for (size_t i = 0; i < words.count && i + 1 < ARRAY_SIZE(argv); i++)
        argv[i] = words.items[i];
    if (result == 0)
        result =
            row->is_in_console ? run_in_console(argv, run, err) : run_words(bench, argv, run, err);
    if (result == 0)
        run->has_seen = sees(row, &before, &witness, run);
    /* Made anew it inherits what it should; putting a list back would not tell what that is. */
    if (row->oracle == SEES_DACL && before.path != NULL)
        forget_file(before.path);
    evidence_witness_done(&witness);
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

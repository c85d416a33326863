/*
 * setup, teardown and status on Windows. What is the user's own is done here;
 * what needs an administrator by holdfast-sandbox-setup.exe, which lies beside
 * this program and asks for consent itself.
 */
#include "sandbox/setup.h"

#include <stdio.h>
#include <string.h>

#include "base/os.h"
#include "sandbox/commands.h"
#include "sandbox/nt/quote.h"
#include "sandbox/sandbox.h"
#include "sandbox/windows/setup_steps.h"
#include "sandbox/windows/user_state.h"
#include "sandbox/windows_facts.h"

static char *setup_program(struct error *err)
{
    AUTO_FREE char *self = os_self_path(err);
    char *end = self != NULL ? strrchr(self, '\\') : NULL;
    char *path;

    if (end == NULL)
        return NULL;
    *end = '\0';
    path = windows_path_join(self, "holdfast-sandbox-setup.exe");
    if (path == NULL)
        (void)error_memory(err, "setup");
    return path;
}

static int wait_for(const wchar_t *image, wchar_t *line, DWORD *status, struct error *err)
{
    STARTUPINFOW info = {.cb = sizeof info};
    PROCESS_INFORMATION made;
    int result = 0;

    if (!CreateProcessW(image, line, NULL, NULL, TRUE, 0, NULL, NULL, &info, &made))
        return win_fail_last(err, "CreateProcess", "holdfast-sandbox-setup.exe");
    if (WaitForSingleObject(made.hProcess, INFINITE) != WAIT_OBJECT_0 ||
        !GetExitCodeProcess(made.hProcess, status))
        result = win_fail_last(err, "GetExitCodeProcess", "holdfast-sandbox-setup.exe");
    (void)CloseHandle(made.hThread);
    (void)CloseHandle(made.hProcess);
    return result;
}

/* holdfast-sandbox-setup WORD [OPTION]... */
static int run_setup(const char *word, int argc, char **argv)
{
    struct error err = {0};
    AUTO_FREE char *program = setup_program(&err);
    AUTO_FREE char **words = calloc((size_t)argc + 3, sizeof *words);
    AUTO_FREE char *line = NULL;
    AUTO_FREE wchar_t *image = NULL;
    AUTO_FREE wchar_t *wide = NULL;
    DWORD status = SANDBOX_EXIT_REFUSED;

    if (program == NULL || words == NULL)
        return command_fail(&err, SANDBOX_EXIT_REFUSED);
    words[0] = program;
    words[1] = (char *)(uintptr_t)word;
    for (int i = 1; i < argc; i++)
        words[i + 1] = argv[i];
    line = nt_quote(words, &err);
    image = line != NULL ? win_wide(program, &err) : NULL;
    wide = image != NULL ? win_wide(line, &err) : NULL;
    (void)fflush(stdout);
    if (wide == NULL || wait_for(image, wide, &status, &err) < 0)
        return command_fail(&err, SANDBOX_EXIT_REFUSED);
    return (int)status;
}

/* The user's own first: entries name the group, whose name should still be known then. */
static int teardown(int argc, char **argv)
{
    AUTO_BUFFER struct buffer report = BUFFER_EMPTY;
    struct error err = {0};
    size_t left = 0;
    int status = 0;

    if (win_user_teardown(&report, &left, &err) < 0)
        status = command_fail(&err, 1);
    (void)fputs(buffer_text(&report), stdout);
    if (status != 0 || left > 0)
        return status != 0 ? status : 3;
    return win_setup_is_nothing() ? 0 : run_setup("remove", argc, argv);
}

static int show_status(void)
{
    AUTO_BUFFER struct buffer report = BUFFER_EMPTY;
    struct error err = {0};
    int status = 0;

    win_setup_status(&report);
    if (win_user_status(&report, &err) < 0)
        status = command_fail(&err, 1);
    (void)fputs(buffer_text(&report), stdout);
    return status;
}

int command_setup(int argc, char **argv)
{
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
        return run_setup("--help", 1, argv);
    if (strcmp(argv[0], "setup") == 0)
        return run_setup("install", argc, argv);
    if (strcmp(argv[0], "teardown") == 0)
        return teardown(argc, argv);
    return show_status();
}

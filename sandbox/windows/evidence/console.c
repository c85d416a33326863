/* A run in a pseudoconsole, as a terminal's. */
#include <stdio.h>
#include <string.h>

#include "sandbox/windows/child.h"
#include "sandbox/windows/evidence/witness.h"

enum {
    RUN_MS = 180000,
};

struct screen {
    struct win_console console;
    struct buffer text;
    bool has_pressed;
};

static DWORD WINAPI read_screen(void *argument)
{
    struct screen *screen = argument;
    char bytes[1024];
    DWORD got = 0;
    DWORD put = 0;

    while (ReadFile(screen->console.output, bytes, sizeof bytes, &got, NULL) && got > 0) {
        buffer_add(&screen->text, bytes, got);
        if (!screen->has_pressed && strstr(buffer_text(&screen->text), EVIDENCE_READY) != NULL)
            screen->has_pressed = WriteFile(screen->console.input, "\x03", 1, &put, NULL);
    }
    return 0;
}

static int start_in(const struct win_console *console, const char *line, PROCESS_INFORMATION *made,
                    struct error *err)
{
    _Alignas(16) uint8_t room[256];
    LPPROC_THREAD_ATTRIBUTE_LIST attributes = (LPPROC_THREAD_ATTRIBUTE_LIST)(void *)room;
    SIZE_T size = sizeof room;
    STARTUPINFOEXW info = {.StartupInfo.cb = sizeof info,
                           .StartupInfo.dwFlags = STARTF_USESTDHANDLES,
                           .lpAttributeList = attributes};
    AUTO_FREE wchar_t *wide = win_wide(line, err);
    BOOL worked;

    if (wide == NULL)
        return -1;
    if (!InitializeProcThreadAttributeList(attributes, 1, 0, &size))
        return win_fail_last(err, "InitializeProcThreadAttributeList", "");
    (void)SetConsoleCtrlHandler(NULL, FALSE); /* who started us may have switched it off */
    worked = UpdateProcThreadAttribute(attributes, 0, PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE,
                                       console->console, sizeof console->console, NULL, NULL) &&
             CreateProcessW(NULL, wide, NULL, NULL, FALSE, EXTENDED_STARTUPINFO_PRESENT, NULL, NULL,
                            &info.StartupInfo, made);
    if (!worked)
        (void)win_fail_last(err, "CreateProcess", line);
    DeleteProcThreadAttributeList(attributes);
    return worked ? 0 : -1;
}

static int wait_for(const PROCESS_INFORMATION *made, struct evidence_run *run, struct error *err)
{
    DWORD status = EVIDENCE_UNTRIED;
    int result = 0;

    if (WaitForSingleObject(made->hProcess, RUN_MS) != WAIT_OBJECT_0) {
        (void)TerminateProcess(made->hProcess, 1);
        result = error_set(err, ERR_TIMEOUT, "in a console: not ended within %d s", RUN_MS / 1000);
    } else if (!GetExitCodeProcess(made->hProcess, &status)) {
        result = win_fail_last(err, "GetExitCodeProcess", "");
    }
    run->status = status;
    (void)CloseHandle(made->hThread);
    (void)CloseHandle(made->hProcess);
    return result;
}

int evidence_run_in_console(const char *line, struct evidence_run *run, struct error *err)
{
    struct screen screen = {.has_pressed = false};
    struct win_console closing;
    AUTO_HANDLE HANDLE reader = NULL;
    PROCESS_INFORMATION made = {0};
    const char *said;
    size_t size;
    int result;

    if (win_console_new(&screen.console, 120, 30, err) < 0)
        return -1;
    reader = win_thread_start(read_screen, &screen, err);
    result = reader != NULL ? start_in(&screen.console, line, &made, err) : -1;
    if (result == 0)
        result = wait_for(&made, run, err);
    closing = screen.console;
    closing.output = NULL;
    win_console_done(&closing); /* ends the reading, once all is drawn */
    if (reader != NULL)
        (void)WaitForSingleObject(reader, INFINITE);
    win_close(&screen.console.output);
    said = buffer_text(&screen.text);
    size = strlen(said);
    (void)snprintf(run->said, sizeof run->said, "%s",
                   size < sizeof run->said ? said : said + size - sizeof run->said + 1);
    buffer_done(&screen.text);
    return result;
}

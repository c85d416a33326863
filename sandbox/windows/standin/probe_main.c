/* What the tests under Wine run inside: one word, one question. */
#include "sandbox/windows/win.h"

#include <stdio.h>
#include <string.h>

static int say_arguments(int count, char **words)
{
    for (int i = 0; i < count; i++)
        (void)printf("<%s>\n", words[i]);
    return 0;
}

static int say_desktop(void)
{
    char name[128] = "?";

    if (!GetUserObjectInformationA(GetThreadDesktop(GetCurrentThreadId()), UOI_NAME, name,
                                   sizeof name, NULL))
        return (int)GetLastError();
    (void)printf("%s\n", name);
    return 0;
}

static int start(const char *line, DWORD flags, bool waits)
{
    STARTUPINFOA info = {.cb = sizeof info};
    PROCESS_INFORMATION made;
    char copy[1024];

    (void)snprintf(copy, sizeof copy, "%s", line);
    if (!CreateProcessA(NULL, copy, NULL, NULL, FALSE, flags, NULL, NULL, &info, &made))
        return (int)GetLastError();
    if (waits)
        (void)WaitForSingleObject(made.hProcess, INFINITE);
    return 0;
}

/* Writes the file after a while, unless it is ended before. */
static int write_later(const char *file, const char *seconds)
{
    FILE *out;

    Sleep((DWORD)strtoul(seconds, NULL, 10) * 1000);
    out = fopen(file, "w");
    if (out == NULL)
        return 1;
    (void)fputs("alive", out);
    return fclose(out);
}

static int leave_child(const char *self, const char *file, const char *seconds)
{
    char line[1024];

    (void)snprintf(line, sizeof line, "\"%s\" write-later %s %s", self, file, seconds);
    return start(line, 0, false);
}

static int count_input(void)
{
    size_t count = 0;
    int c;

    while ((c = getchar()) != EOF)
        count++;
    (void)printf("%zu\n", count);
    return 0;
}

static int pour(const char *kilobytes)
{
    char line[1024];

    memset(line, 'x', sizeof line);
    for (unsigned long i = 0; i < strtoul(kilobytes, NULL, 10); i++) {
        if (fwrite(line, 1, sizeof line, stdout) != sizeof line)
            return 1;
    }
    return 0;
}

static int echo_input(void)
{
    char bytes[4096];
    DWORD got = 0;

    while (ReadFile(GetStdHandle(STD_INPUT_HANDLE), bytes, sizeof bytes, &got, NULL) && got > 0) {
        DWORD put = 0;

        if (!WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), bytes, got, &put, NULL) || put != got)
            return 1;
    }
    return 0;
}

/* Bits 0, 1, 2: nothing can be read there, or written. */
static int say_closed(void)
{
    char byte = '.';
    DWORD count = 0;
    int closed = 0;

    if (!ReadFile(GetStdHandle(STD_INPUT_HANDLE), &byte, 1, &count, NULL) || count == 0)
        closed |= 1;
    if (!WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), ".", 1, &count, NULL))
        closed |= 2;
    if (!WriteFile(GetStdHandle(STD_ERROR_HANDLE), ".", 1, &count, NULL))
        closed |= 4;
    return closed;
}

static int variable_is(const char *name, const char *value)
{
    const char *found = getenv(name);

    return found != NULL && strcmp(found, value) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";

    if (strcmp(word, "arguments") == 0)
        return say_arguments(argc - 2, argv + 2);
    if (strcmp(word, "variable") == 0 && argc == 3)
        return (void)printf("%s\n", getenv(argv[2]) != NULL ? getenv(argv[2]) : "(none)"), 0;
    if (strcmp(word, "desktop") == 0)
        return say_desktop();
    if (strcmp(word, "break-away") == 0)
        return start("cmd.exe /c exit 0", CREATE_BREAKAWAY_FROM_JOB, true);
    if (strcmp(word, "write-later") == 0 && argc == 4)
        return write_later(argv[2], argv[3]);
    if (strcmp(word, "leave-child") == 0 && argc == 4)
        return leave_child(argv[0], argv[2], argv[3]);
    if (strcmp(word, "echo-input") == 0)
        return echo_input();
    if (strcmp(word, "closed") == 0)
        return say_closed();
    if (strcmp(word, "variable-is") == 0 && argc == 4)
        return variable_is(argv[2], argv[3]);
    if (strcmp(word, "count-input") == 0)
        return count_input();
    if (strcmp(word, "pour") == 0 && argc == 3)
        return pour(argv[2]);
    if (strcmp(word, "sleep") == 0 && argc == 3)
        return Sleep((DWORD)strtoul(argv[2], NULL, 10) * 1000), 0;
    if (strcmp(word, "exit") == 0 && argc == 3)
        return (int)strtoul(argv[2], NULL, 10);
    (void)fprintf(stderr, "standin-probe: what?\n");
    return 2;
}

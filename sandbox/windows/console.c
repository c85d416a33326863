/* The pseudoconsole, found at run time: Windows 10 before 1809 and Wine lack it. */
#include "sandbox/windows/child.h"

typedef HRESULT(WINAPI *create_function)(COORD size, HANDLE input, HANDLE output, DWORD flags,
                                         void **console);
typedef HRESULT(WINAPI *resize_function)(void *console, COORD size);
typedef void(WINAPI *close_function)(void *console);

static COORD size_of(unsigned columns, unsigned rows)
{
    return (COORD){.X = (SHORT)(columns > 0 && columns < 32767 ? columns : 80),
                   .Y = (SHORT)(rows > 0 && rows < 32767 ? rows : 24)};
}

int win_console_new(struct win_console *console, unsigned columns, unsigned rows, struct error *err)
{
    create_function create = WIN_FUNCTION(create_function, L"kernel32.dll", "CreatePseudoConsole");
    AUTO_HANDLE HANDLE read_input = NULL;
    AUTO_HANDLE HANDLE write_output = NULL;
    HRESULT result;

    *console = (struct win_console){0};
    if (create == NULL) {
        (void)error_set(err, ERR_UNSUPPORTED, "this Windows has no pseudoconsole");
        return error_hint(err, "needs Windows 10 1809; or redirect input and output");
    }
    if (!CreatePipe(&read_input, &console->input, NULL, 0) ||
        !CreatePipe(&console->output, &write_output, NULL, 0)) {
        (void)win_fail_last(err, "CreatePipe", "");
        win_console_done(console);
        return -1;
    }
    result = create(size_of(columns, rows), read_input, write_output, 0, &console->console);
    if (SUCCEEDED(result))
        return 0;
    win_console_done(console);
    return error_set(err, ERR_OS, "CreatePseudoConsole: 0x%08lx", (unsigned long)result);
}

void win_console_resize(const struct win_console *console, unsigned columns, unsigned rows)
{
    resize_function resize = WIN_FUNCTION(resize_function, L"kernel32.dll", "ResizePseudoConsole");

    if (resize != NULL && console->console != NULL)
        (void)resize(console->console, size_of(columns, rows));
}

void win_console_done(struct win_console *console)
{
    close_function close = WIN_FUNCTION(close_function, L"kernel32.dll", "ClosePseudoConsole");

    if (close != NULL && console->console != NULL)
        close(console->console);
    win_close(&console->input);
    win_close(&console->output);
    *console = (struct win_console){0};
}

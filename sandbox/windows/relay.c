#include "sandbox/windows/relay.h"

static bool is_console(HANDLE handle)
{
    DWORD mode;

    return handle != NULL && handle != INVALID_HANDLE_VALUE && GetConsoleMode(handle, &mode);
}

bool win_relay_is_needed(const HANDLE handles[3])
{
    return is_console(handles[0]) || is_console(handles[1]) || is_console(handles[2]);
}

static void copy_bytes(HANDLE from, HANDLE to)
{
    char bytes[4096];
    DWORD got = 0;

    while (ReadFile(from, bytes, sizeof bytes, &got, NULL) && got > 0) {
        for (DWORD at = 0; at < got;) {
            DWORD put = 0;

            if (!WriteFile(to, bytes + at, got - at, &put, NULL) || put == 0)
                return;
            at += put;
        }
    }
}

static DWORD WINAPI pass_output(void *argument)
{
    struct win_relay *relay = argument;

    copy_bytes(relay->console.output, relay->screen.output);
    return 0;
}

/* Ends with the process: a read from a console cannot be called off. */
static DWORD WINAPI pass_input(void *argument)
{
    struct win_relay *relay = argument;

    copy_bytes(relay->screen.input, relay->console.input);
    return 0;
}

void win_screen_take(struct win_screen *screen, HANDLE input, HANDLE output)
{
    *screen = (struct win_screen){.input = input, .output = output};
    if (GetConsoleMode(input, &screen->input_mode))
        (void)SetConsoleMode(input, ENABLE_VIRTUAL_TERMINAL_INPUT);
    if (GetConsoleMode(output, &screen->output_mode))
        (void)SetConsoleMode(output, screen->output_mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING |
                                         ENABLE_PROCESSED_OUTPUT);
}

void win_screen_give_back(const struct win_screen *screen)
{
    if (screen->input_mode != 0)
        (void)SetConsoleMode(screen->input, screen->input_mode);
    if (screen->output_mode != 0)
        (void)SetConsoleMode(screen->output, screen->output_mode);
}

void win_screen_size(HANDLE output, unsigned *columns, unsigned *rows)
{
    CONSOLE_SCREEN_BUFFER_INFO info;

    *columns = 80;
    *rows = 24;
    if (!GetConsoleScreenBufferInfo(output, &info))
        return;
    *columns = (unsigned)(info.srWindow.Right - info.srWindow.Left + 1);
    *rows = (unsigned)(info.srWindow.Bottom - info.srWindow.Top + 1);
}

int win_relay_start(struct win_relay *relay, struct win_child *child, HANDLE token,
                    const struct nt_spawn *spawn, const wchar_t *desktop, const HANDLE handles[3],
                    struct error *err)
{
    *relay = (struct win_relay){.threads = {NULL, NULL}};
    win_screen_size(handles[1], &relay->columns, &relay->rows);
    if (win_console_new(&relay->console, relay->columns, relay->rows, err) < 0)
        return -1;
    if (win_child_start_in(child, token, spawn, desktop, &relay->console, err) < 0) {
        win_console_done(&relay->console);
        return -1;
    }
    win_screen_take(&relay->screen, handles[0], handles[1]);
    relay->threads[0] = win_thread_start(pass_output, relay, err);
    relay->threads[1] = relay->threads[0] != NULL ? win_thread_start(pass_input, relay, err) : NULL;
    if (relay->threads[1] != NULL)
        return 0;
    win_child_done(child);
    win_relay_done(relay);
    return -1;
}

void win_relay_fit(struct win_relay *relay)
{
    unsigned columns;
    unsigned rows;

    win_screen_size(relay->screen.output, &columns, &rows);
    if (columns == relay->columns && rows == relay->rows)
        return;
    relay->columns = columns;
    relay->rows = rows;
    win_console_resize(&relay->console, columns, rows);
}

void win_relay_done(struct win_relay *relay)
{
    /* Closing the console ends its output, and with it that thread, once all is drawn. */
    struct win_console closing = relay->console;

    closing.output = NULL;
    win_console_done(&closing);
    if (relay->threads[0] != NULL)
        (void)WaitForSingleObject(relay->threads[0], 5000);
    win_close(&relay->console.output);
    for (size_t i = 0; i < 2; i++)
        win_close(&relay->threads[i]);
    win_screen_give_back(&relay->screen);
}

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

    copy_bytes(relay->console.output, relay->output);
    return 0;
}

/* Ends with the process: a read from a console cannot be called off. */
static DWORD WINAPI pass_input(void *argument)
{
    struct win_relay *relay = argument;

    copy_bytes(relay->input, relay->console.input);
    return 0;
}

static void set_modes(struct win_relay *relay)
{
    if (GetConsoleMode(relay->input, &relay->input_mode))
        (void)SetConsoleMode(relay->input, ENABLE_VIRTUAL_TERMINAL_INPUT);
    if (GetConsoleMode(relay->output, &relay->output_mode))
        (void)SetConsoleMode(relay->output, relay->output_mode |
                                                ENABLE_VIRTUAL_TERMINAL_PROCESSING |
                                                ENABLE_PROCESSED_OUTPUT);
}

static void screen_size(HANDLE output, unsigned *columns, unsigned *rows)
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
    unsigned columns;
    unsigned rows;

    *relay = (struct win_relay){.input = handles[0], .output = handles[1]};
    screen_size(relay->output, &columns, &rows);
    if (win_console_new(&relay->console, columns, rows, err) < 0)
        return -1;
    if (win_child_start_in(child, token, spawn, desktop, &relay->console, err) < 0) {
        win_console_done(&relay->console);
        return -1;
    }
    set_modes(relay);
    relay->threads[0] = CreateThread(NULL, 0, pass_output, relay, 0, NULL);
    relay->threads[1] = CreateThread(NULL, 0, pass_input, relay, 0, NULL);
    return 0;
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
    if (relay->input_mode != 0)
        (void)SetConsoleMode(relay->input, relay->input_mode);
    if (relay->output_mode != 0)
        (void)SetConsoleMode(relay->output, relay->output_mode);
}

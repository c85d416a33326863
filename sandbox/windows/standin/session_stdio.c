/* What goes in and comes out, and what takes too long. */
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/windows/standin/session_test.h"

enum {
    MANY = 300000,
};

static unsigned char byte_at(size_t at)
{
    return (unsigned char)(at * 31 + at / 251);
}

static DWORD WINAPI write_many(void *argument)
{
    int to = *(int *)argument;
    static unsigned char bytes[MANY];

    for (size_t i = 0; i < MANY; i++)
        bytes[i] = byte_at(i);
    for (unsigned at = 0; at < MANY;) {
        int put = _write(to, bytes + at, MANY - at);

        if (put <= 0)
            break;
        at += (unsigned)put;
    }
    (void)_close(to);
    return 0;
}

struct reading {
    int from;
    size_t count, wrong;
};

static DWORD WINAPI read_many(void *argument)
{
    struct reading *reading = argument;
    unsigned char bytes[4096];
    int got;

    while ((got = _read(reading->from, bytes, sizeof bytes)) > 0) {
        for (int i = 0; i < got; i++)
            reading->wrong += bytes[i] != byte_at(reading->count + (size_t)i) ? 1 : 0;
        reading->count += (size_t)got;
    }
    return 0;
}

/* 300 000 bytes there and back at the same time, several times in one session. */
void session_stdio(void)
{
    struct sandbox_policy *policy = session_policy(NULL);
    struct sandbox_session *session = session_begin(policy);
    const char *argv[] = {session_probe, "echo-input", NULL};

    for (unsigned round = 0; round < 3; round++) {
        struct sandbox_command command = {.argv = argv, .descriptors = {-1, -1, 2}};
        struct reading reading = {.count = 0};
        struct error err = {0};
        int in[2];
        int out[2];
        HANDLE threads[2];
        int status = -1;

        session_check(_pipe(in, 4096, _O_BINARY | _O_NOINHERIT) == 0 &&
                          _pipe(out, 4096, _O_BINARY | _O_NOINHERIT) == 0,
                      "pipes", NULL);
        command.descriptors[0] = in[0];
        command.descriptors[1] = out[1];
        reading.from = out[0];
        session_check(sandbox_session_spawn(session, &command, &err) == 0, "spawn", &err);
        (void)_close(in[0]);
        (void)_close(out[1]);
        threads[0] = CreateThread(NULL, 0, write_many, &in[1], 0, NULL);
        threads[1] = CreateThread(NULL, 0, read_many, &reading, 0, NULL);
        session_check(sandbox_session_wait(session, &status, &err) == 0 && status == 0, "it ran",
                      &err);
        (void)WaitForMultipleObjects(2, threads, TRUE, 60000);
        (void)CloseHandle(threads[0]);
        (void)CloseHandle(threads[1]);
        (void)_close(out[0]);
        session_check(reading.count == MANY && reading.wrong == 0, "all came back, in order", NULL);
    }
    sandbox_session_close(session);
    sandbox_policy_free(policy);
}

void session_closed(void)
{
    static const int cases[][3] = {{-1, 1, 2}, {-1, -1, 2}, {-1, 1, -1}, {-1, -1, -1}};
    struct sandbox_policy *policy = session_policy(NULL);
    struct sandbox_session *session = session_begin(policy);
    struct error err;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *argv[] = {session_probe, "closed", NULL};
        int closed = session_ask_with(session, argv, cases[i], &err);
        /* bit 0: standard input, 1: output, 2: error output */
        int wanted = 0;

        for (int k = 0; k < 3; k++)
            wanted |= cases[i][k] == -1 ? 1 << k : 0;
        session_check(closed == wanted, "exactly the closed ones are closed", &err);
    }
    sandbox_session_close(session);
    sandbox_policy_free(policy);
}

/* Nobody reads what it says: time goes on all the same. */
static void check_unread(struct sandbox_session *session)
{
    const char *argv[] = {session_probe, "pour", "5000", NULL};
    struct error err;
    int out[2];

    session_check(_pipe(out, 4096, _O_BINARY | _O_NOINHERIT) == 0, "pipe", NULL);
    session_check(session_ask_with(session, argv, (const int[]){-1, out[1], 2}, &err) ==
                      SANDBOX_EXIT_TIMEOUT,
                  "124, although its output is not read", &err);
    (void)_close(out[0]);
    (void)_close(out[1]);
}

void session_timeouts(void)
{
    struct sandbox_policy *policy = session_policy("2");
    struct sandbox_session *session = session_begin(policy);
    const char *late[] = {session_probe, "write-later", getenv("SESSION_FILE"), "5", NULL};
    struct error err;

    session_check(session_ask_with(session, late, NULL, &err) == SANDBOX_EXIT_TIMEOUT, "124", &err);
    session_check(session_ask(session, "exit", "8") == 8, "the next one has time again", NULL);
    check_unread(session);
    session_check(session_ask(session, "exit", "9") == 9, "and the next", NULL);
    Sleep(4000);
    session_check(GetFileAttributesA(getenv("SESSION_FILE")) == INVALID_FILE_ATTRIBUTES,
                  "nothing survives", NULL);
    sandbox_session_close(session);
    sandbox_policy_free(policy);
}

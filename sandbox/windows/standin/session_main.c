/*
 * The library's sessions under Wine, as a program that embeds it would use
 * them: standin-session MODE WORKSPACE PROBE SCENARIO. Exit status 0: all
 * that the scenario claims was so; else each claim that was not is printed.
 */
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/sandbox.h"
#include "sandbox/windows/standin/session_test.h"

static int failures;
const char *session_mode;
const char *session_workspace;
const char *session_probe;

void session_check(bool holds, const char *claim, const struct error *err)
{
    if (holds)
        return;
    failures++;
    (void)printf("NOT SO: %s (%s)\n", claim, err != NULL ? err->message : "");
}

struct sandbox_policy *session_policy(const char *timeout_s)
{
    struct error err = {0};
    struct sandbox_policy *policy = sandbox_policy_new(&err);

    session_check(
        policy != NULL && sandbox_policy_set(policy, "workspace", session_workspace, &err) == 0 &&
            sandbox_policy_set(policy, "mode", session_mode, &err) == 0 &&
            (timeout_s == NULL || sandbox_policy_set(policy, "timeout_s", timeout_s, &err) == 0),
        "a policy can be made", &err);
    return policy;
}

struct sandbox_session *session_begin(const struct sandbox_policy *policy)
{
    struct error err = {0};
    struct sandbox_session *session = sandbox_session_open(policy, &err);

    if (session == NULL) {
        (void)printf("NOT SO: the session opens (%s; %s)\n", err.message, err.hint);
        exit(1);
    }
    return session;
}

int session_ask_with(struct sandbox_session *session, const char *const *argv,
                     const int *descriptors, struct error *err)
{
    struct sandbox_command command = {.argv = argv, .descriptors = {-1, 1, 2}};
    int status = -1;

    *err = (struct error){0};
    if (descriptors != NULL)
        memcpy(command.descriptors, descriptors, sizeof command.descriptors);
    if (sandbox_session_spawn(session, &command, err) < 0)
        return SESSION_NOT_ASKED;
    if (sandbox_session_wait(session, &status, err) < 0)
        return SESSION_DID_NOT_RUN + status;
    return status;
}

int session_ask(struct sandbox_session *session, const char *word, const char *argument)
{
    const char *argv[] = {session_probe, word, argument, NULL};
    struct error err;

    return session_ask_with(session, argv, NULL, &err);
}

static int ask_shell(struct sandbox_session *session, const char *line)
{
    const char *argv[] = {"cmd.exe", "/c", line, NULL};
    struct error err;

    return session_ask_with(session, argv, NULL, &err);
}

/* Many, and what is left ----------------------------------------------------------------------------- */

static void many(const char *count)
{
    struct sandbox_policy *policy = session_policy(NULL);
    struct sandbox_session *session = session_begin(policy);
    unsigned long wanted = strtoul(count, NULL, 10);

    for (unsigned long i = 0; i < wanted; i++) {
        char number[16];

        (void)snprintf(number, sizeof number, "%lu", i % 200);
        session_check(session_ask(session, "exit", number) == (int)(i % 200),
                      "each command has its own status", NULL);
    }
    sandbox_session_close(session);
    sandbox_policy_free(policy);
}

static void handles(const char *count)
{
    struct sandbox_policy *policy = session_policy(NULL);
    struct sandbox_session *session = session_begin(policy);
    unsigned long wanted = strtoul(count, NULL, 10);
    struct session_counts before;
    struct session_counts after;

    for (unsigned i = 0; i < 5; i++)
        (void)session_ask(session, "exit", "0");
    before = session_count_handles();
    for (unsigned long i = 0; i < wanted; i++)
        session_check(session_ask(session, "exit", "3") == 3, "a command runs", NULL);
    after = session_count_handles();
    (void)printf("handles: %lu -> %lu ours, %lu -> %lu of %u processes below, after %lu commands\n",
                 before.ours, after.ours, before.below, after.below, after.processes, wanted);
    session_check(before.ours > 0 && before.below > 0 && before.processes > 0, "they are counted",
                  NULL);
    session_check(after.ours <= before.ours + 3 && after.below <= before.below + 3 &&
                      after.processes == before.processes,
                  "nothing is left open", NULL);
    sandbox_session_close(session);
    sandbox_policy_free(policy);
}

static void statuses(void)
{
    struct sandbox_policy *policy = session_policy(NULL);
    struct sandbox_session *session = session_begin(policy);
    const char *nonesuch[] = {"nonesuch", NULL};
    const char *no_program[] = {"text.exe", NULL};
    struct error err;

    session_check(session_ask(session, "exit", "0") == 0, "0", NULL);
    session_check(session_ask(session, "exit", "259") == 259, "259, which means \"still active\"",
                  NULL);
    session_check(session_ask(session, "exit", "3221225477") == (int)0xc0000005u,
                  "an exception's code", NULL);
    session_check(session_ask_with(session, nonesuch, NULL, &err) ==
                          SESSION_DID_NOT_RUN + SANDBOX_EXIT_NOT_FOUND &&
                      strstr(err.message, "nonesuch") != NULL,
                  "no such program: 127, by name", &err);
    no_program[0] = getenv("SESSION_TEXT");
    session_check(session_ask_with(session, no_program, NULL, &err) ==
                      SESSION_DID_NOT_RUN + SANDBOX_EXIT_NOT_EXECUTABLE,
                  "no program: 126", &err);
    session_check(session_ask(session, "exit", "9") == 9, "the session goes on", NULL);
    sandbox_session_close(session);
    sandbox_policy_free(policy);
}

static void one_at_a_time(void)
{
    struct sandbox_policy *policy = session_policy(NULL);
    struct sandbox_session *session = session_begin(policy);
    static char large[200 * 1024];
    const char *argv[] = {session_probe, "sleep", "1", NULL};
    struct sandbox_command command = {.argv = argv, .descriptors = {-1, -1, -1}};
    HANDLE came = (HANDLE)(intptr_t)sandbox_session_descriptor(session);
    struct error err = {0};
    int status = -1;

    session_check(sandbox_session_wait(session, &status, &err) < 0, "nothing to wait for", NULL);
    session_check(sandbox_session_spawn(session, &command, &err) == 0, "one starts", &err);
    session_check(sandbox_session_spawn(session, &command, &err) < 0, "a second does not", NULL);
    session_check(WaitForSingleObject(came, 0) == WAIT_TIMEOUT, "it would have to be waited for",
                  NULL);
    session_check(WaitForSingleObject(came, 30000) == WAIT_OBJECT_0, "the event tells the end",
                  NULL);
    session_check(sandbox_session_wait(session, &status, &err) == 0 && status == 0, "it ran", &err);
    memset(large, 'x', sizeof large - 1);
    argv[1] = large;
    session_check(sandbox_session_spawn(session, &command, &err) < 0, "too large", NULL);
    command.has_terminal = true;
    argv[1] = "exit";
    session_check(sandbox_session_spawn(session, &command, &err) < 0 && err.code == ERR_UNSUPPORTED,
                  "no terminal", &err);
    session_check(session_ask(session, "exit", "5") == 5, "the session goes on", NULL);
    sandbox_session_close(session);
    sandbox_policy_free(policy);
}

static void leftovers(void)
{
    struct sandbox_policy *policy = session_policy(NULL);
    struct sandbox_session *session = session_begin(policy);
    const char *argv[] = {session_probe, "leave-child", getenv("SESSION_FILE"), "2", NULL};
    const char *mode[] = {session_probe, "variable-is", "HOLDFAST_SANDBOX", session_mode, NULL};
    struct error err;

    session_check(session_ask_with(session, argv, NULL, &err) == 0, "a command leaves one", &err);
    session_check(ask_shell(session, "echo x >%TEMP%\\kept") == 0, "TEMP can be written", NULL);
    session_check(ask_shell(session, "type %TEMP%\\kept >NUL") == 0, "and is kept", NULL);
    session_check(session_ask_with(session, mode, NULL, &err) == 0, "the mode is said", &err);
    (void)_putenv("SESSION_LATE=yes");
    SetEnvironmentVariableA("SESSION_LATE", "yes");
    mode[2] = "SESSION_LATE";
    mode[3] = "yes";
    session_check(session_ask_with(session, mode, NULL, &err) == 0, "a variable set since is there",
                  &err);
    Sleep(3000);
    session_check(GetFileAttributesA(getenv("SESSION_FILE")) == INVALID_FILE_ATTRIBUTES,
                  "what was left is dead", NULL);
    sandbox_session_close(session);
    sandbox_policy_free(policy);
}

/* The host makes a protected name between two commands: that must not be open to the next. */
static void names(void)
{
    struct sandbox_policy *policy = session_policy(NULL);
    struct sandbox_session *session = session_begin(policy);
    char path[512];
    int status;

    (void)snprintf(path, sizeof path, "%s\\.codex", session_workspace);
    session_check(ask_shell(session, "mkdir .codex 2>NUL") != 0, "it cannot be made inside", NULL);
    session_check(CreateDirectoryA(path, NULL), "the host can, between two commands", NULL);
    status = session_ask(session, "exit", "0");
    session_check(status == SESSION_DID_NOT_RUN + SANDBOX_EXIT_REFUSED,
                  "the next command does not run, because the plan does not protect it", NULL);
    session_check(RemoveDirectoryA(path), "the host can remove it", NULL);
    session_check(session_ask(session, "exit", "6") == 6, "and then commands run again", NULL);
    sandbox_session_close(session);
    sandbox_policy_free(policy);
}

/* Two at once ---------------------------------------------------------------------------------------- */

static DWORD WINAPI run_ten(void *argument)
{
    struct sandbox_session *session = session_begin(argument);

    for (unsigned i = 0; i < 10; i++) {
        char number[16];

        (void)snprintf(number, sizeof number, "%u", i + 1);
        session_check(session_ask(session, "exit", number) == (int)i + 1, "a status of two", NULL);
    }
    sandbox_session_close(session);
    return 0;
}

/* In two workspaces: Wine forgets that a taken name is a temporary file, and sees another one's. */
static void two(void)
{
    struct sandbox_policy *policies[2];
    HANDLE threads[2];
    char second[512];
    struct error err;

    (void)snprintf(second, sizeof second, "%s2", session_workspace);
    (void)CreateDirectoryA(second, NULL);
    for (size_t i = 0; i < 2; i++)
        policies[i] = session_policy(NULL);
    session_check(sandbox_policy_set(policies[1], "workspace", second, &err) == 0, "second", &err);
    for (size_t i = 0; i < 2; i++)
        threads[i] = CreateThread(NULL, 0, run_ten, policies[i], 0, NULL);
    for (size_t i = 0; i < 2; i++) {
        (void)WaitForSingleObject(threads[i], INFINITE);
        (void)CloseHandle(threads[i]);
        sandbox_policy_free(policies[i]);
    }
}

/* One command of its own ----------------------------------------------------------------------------- */

static void spawn(void)
{
    struct sandbox_policy *policy = session_policy(NULL);
    const char *argv[] = {session_probe, "exit", "7", NULL};
    struct sandbox_command command = {.argv = argv, .descriptors = {-1, 1, 2}};
    struct sandbox_child child;
    struct error err = {0};
    int status = -1;

    session_check(sandbox_spawn(policy, &command, &child, &err) == 0 &&
                      sandbox_wait(&child, &status, &err) == 0 && status == 7,
                  "a status", &err);
    argv[0] = "nonesuch";
    session_check(sandbox_spawn(policy, &command, &child, &err) == 0 &&
                      sandbox_wait(&child, &status, &err) < 0 && status == SANDBOX_EXIT_NOT_FOUND &&
                      strstr(err.message, "nonesuch") != NULL,
                  "why nothing ran", &err);
    argv[0] = session_probe;
    argv[1] = "sleep";
    argv[2] = "60";
    session_check(sandbox_spawn(policy, &command, &child, &err) == 0, "one that is killed", &err);
    Sleep(2000);
    session_check(TerminateProcess((HANDLE)(intptr_t)child.pid, 0), "its launcher is", NULL);
    session_check(sandbox_wait(&child, &status, &err) < 0 && status == SANDBOX_EXIT_REFUSED &&
                      err.code == ERR_INTERRUPTED,
                  "that is an error and not the status 0 which the killer gave", &err);
    sandbox_policy_free(policy);
}

static const struct {
    const char *name;
    void (*run)(void);
} scenarios[] = {
    {"statuses", statuses},
    {"one-at-a-time", one_at_a_time},
    {"leftovers", leftovers},
    {"names", names},
    {"two", two},
    {"spawn", spawn},
    {"stdio", session_stdio},
    {"closed", session_closed},
    {"timeouts", session_timeouts},
    {"killed-launcher", session_killed_launcher},
    {"killed-runner", session_killed_runner},
    {"hang", session_hang},
    {"keys", session_keys},
    {"hostile-launcher", session_hostile_launcher},
    {"hostile-library", session_hostile_library},
};

int main(int argc, char **argv)
{
    (void)_setmode(1, _O_BINARY);
    setvbuf(stdout, NULL, _IONBF, 0);
    if (argc > 1 && strcmp(argv[1], "session") == 0)
        return session_pose_as_launcher();
    if (argc < 5)
        return 2;
    session_mode = argv[1];
    session_workspace = argv[2];
    session_probe = argv[3];
    if (strcmp(argv[4], "many") == 0 && argc == 6) {
        many(argv[5]);
        return failures;
    }
    if (strcmp(argv[4], "handles") == 0 && argc == 6) {
        handles(argv[5]);
        return failures;
    }
    for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++) {
        if (strcmp(scenarios[i].name, argv[4]) == 0) {
            scenarios[i].run();
            return failures;
        }
    }
    (void)fprintf(stderr, "standin-session: what?\n");
    return 2;
}

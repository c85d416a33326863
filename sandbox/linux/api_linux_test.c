/* The library against the launcher beside it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/test.h"
#include "sandbox/linux/process_test.h"
#include "sandbox/sandbox.h"

static char workspace[] = "/var/tmp/holdfast-api.XXXXXX";
static const char launcher[] = TEST_BINARY_DIR "/bin/holdfast-sandbox";

static struct sandbox_policy *make_policy(void)
{
    struct error err = {0};
    struct sandbox_policy *policy = sandbox_policy_new(&err);

    if (access(launcher, X_OK) < 0)
        cr_skip_test("holdfast-sandbox is not built");
    sandbox_set_launcher(launcher);
    cr_assert_not_null(policy);
    if (strstr(workspace, "XXXXXX") != NULL)
        cr_assert_not_null(mkdtemp(workspace));
    cr_assert_eq(sandbox_policy_set(policy, "workspace", workspace, &err), 0, "%s", err.message);
    return policy;
}

static void clean(struct sandbox_policy *policy)
{
    char path[128];

    sandbox_policy_free(policy);
    (void)snprintf(path, sizeof path, "%s/made", workspace);
    (void)unlink(path);
    (void)rmdir(workspace);
}

static int run(const struct sandbox_policy *policy, const char *script, struct error *err)
{
    const char *argv[] = {"sh", "-c", script, NULL};
    struct sandbox_command command = {.argv = argv, .descriptors = {0, 1, 2}};
    struct sandbox_child child;
    int status = -1;

    cr_assert_eq(sandbox_spawn(policy, &command, &child, err), 0, "%s", err->message);
    if (sandbox_wait(&child, &status, err) < 0)
        return -status;
    return status;
}

Test(api, spawns_and_waits)
{
    struct error err = {0};
    struct sandbox_policy *policy = make_policy();
    char path[128];

    cr_assert_eq(run(policy, "echo x >made; exit 7", &err), 7, "%s", err.message);
    (void)snprintf(path, sizeof path, "%s/made", workspace);
    cr_assert_eq(access(path, F_OK), 0, "the workspace is writable");
    cr_assert_eq(run(policy, "kill -KILL $$", &err), 137);
    cr_assert_eq(run(policy, "echo x >/var/tmp/holdfast-nowhere", &err), 2);
    clean(policy);
}

Test(api, says_why_nothing_ran)
{
    struct error err = {0};
    struct sandbox_policy *policy = make_policy();
    const char *argv[] = {"nonesuch", NULL};
    struct sandbox_command command = {.argv = argv, .descriptors = {0, 1, 2}};
    struct sandbox_child child;
    int status = 0;

    cr_assert_eq(sandbox_policy_set(policy, "color", "red", &err), -1);
    cr_assert_eq(sandbox_spawn(policy, &command, &child, &err), 0);
    cr_assert_eq(sandbox_wait(&child, &status, &err), -1);
    cr_assert_eq(status, SANDBOX_EXIT_NOT_FOUND);
    cr_assert(strstr(err.message, "nonesuch") != NULL, "%s", err.message);
    cr_assert_eq(sandbox_policy_set(policy, "workspace", "/", &err), 0);
    cr_assert_eq(run(policy, "true", &err), -SANDBOX_EXIT_REFUSED);
    cr_assert(strstr(err.message, "top of a file system") != NULL, "%s", err.message);
    clean(policy);
}

static struct sandbox_session *open_session_in_mode(const struct sandbox_policy *policy)
{
    struct error err = {0};
    struct sandbox_session *session = sandbox_session_open(policy, &err);

    /* only where the mode itself does not work */
    if (session == NULL && run(policy, "exit 0", &err) != 0)
        cr_skip_test("no session here");
    cr_assert_not_null(session, "%s", err.message);
    return session;
}

static struct sandbox_session *open_session(struct sandbox_policy *policy)
{
    struct error err = {0};

    cr_assert_eq(sandbox_policy_set(policy, "mode", "linux-namespace", &err), 0);
    return open_session_in_mode(policy);
}

static int ask(struct sandbox_session *session, const char *script, const int *descriptors)
{
    const char *argv[] = {"sh", "-c", script, NULL};
    struct sandbox_command command = {.argv = argv, .descriptors = {0, 1, 2}};
    struct error err = {0};
    int status = -1;

    if (descriptors != NULL)
        memcpy(command.descriptors, descriptors, sizeof command.descriptors);
    cr_assert_eq(sandbox_session_spawn(session, &command, &err), 0, "%s", err.message);
    return sandbox_session_wait(session, &status, &err) < 0 ? -status : status;
}

Test(api, runs_many_commands_in_one_session)
{
    struct sandbox_policy *policy = make_policy();
    struct sandbox_session *session = open_session(policy);

    for (int i = 0; i < 20; i++)
        cr_assert_eq(ask(session, i % 2 == 0 ? "exit 3" : "exit 4", NULL), i % 2 == 0 ? 3 : 4);
    cr_assert_eq(ask(session, "echo x >/tmp/kept", NULL), 0);
    cr_assert_eq(ask(session, "grep -q x /tmp/kept", NULL), 0, "the private /tmp stays");
    cr_assert_eq(ask(session, "mkdir .git", NULL), 1, "absent names are guarded for each command");
    cr_assert_eq(ask(session, "echo x >/var/tmp/holdfast-nowhere", NULL), 2);
    cr_assert_eq(ask(session, "(sleep 60 &) >/dev/null 2>&1", NULL), 0);
    cr_assert_eq(ask(session, "[ $(ls /proc | grep -c '^[0-9]') -le 6 ]", NULL), 0,
                 "nothing of an earlier command is alive");
    cr_assert_eq(ask(session, "kill -KILL $$", NULL), 137);
    cr_assert_eq(ask(session, "kill -KILL -1; exit 3", NULL), 3, "nobody else is there to kill");
    cr_assert_eq(ask(session, "mkdir made; kill -KILL -1; sleep 9; exit 3", NULL),
                 -SANDBOX_EXIT_REFUSED, "a command can kill its own attendant, and with it itself");
    cr_assert_eq(ask(session,
                     "exec python3 -c 'import ctypes, os; ctypes.CDLL(None).ptrace(0, 0, 0, 0); "
                     "os.kill(os.getpid(), 15)'",
                     NULL),
                 143, "nobody traces it");
    cr_assert_eq(ask(session, "kill -ALRM 1; sleep 0.1; exit 3", NULL), 3, "that is no time-out");
    cr_assert_eq(ask(session, "mkdir .git", NULL), 1, "and the session goes on, guarded");
    cr_assert_eq(ask(session, "rmdir made", NULL), 0);
    sandbox_session_close(session);
    clean(policy);
}

Test(api, hands_descriptors_to_a_session)
{
    struct sandbox_policy *policy = make_policy();
    struct sandbox_session *session = open_session(policy);
    int in[2];
    int out[2];
    char text[8] = "";

    cr_assert_eq(pipe(in), 0);
    cr_assert_eq(pipe(out), 0);
    cr_assert_eq(write(in[1], "abc", 3), 3);
    (void)close(in[1]);
    cr_assert_eq(ask(session, "tr a-z A-Z", (const int[]){in[0], out[1], 2}), 0);
    cr_assert_eq(read(out[0], text, sizeof text - 1), 3);
    cr_assert_str_eq(text, "ABC");
    sandbox_session_close(session);
    clean(policy);
}

Test(api, refuses_a_second_command_and_what_is_too_large)
{
    struct sandbox_policy *policy = make_policy();
    struct sandbox_session *session = open_session(policy);
    char *large = malloc(200 * 1024);
    const char *argv[] = {"echo", large, NULL};
    struct sandbox_command command = {.argv = argv, .descriptors = {0, 1, 2}};
    struct error err = {0};
    int status;

    cr_assert_not_null(large);
    memset(large, 'x', 200 * 1024 - 1);
    large[200 * 1024 - 1] = '\0';
    cr_assert_eq(sandbox_session_spawn(session, &command, &err), -1);
    cr_assert_eq(sandbox_session_wait(session, &status, &err), -1, "nothing runs");
    argv[1] = NULL;
    command.descriptors[1] = open("/dev/null", O_WRONLY);
    cr_assert_eq(sandbox_session_spawn(session, &command, &err), 0);
    cr_assert_eq(sandbox_session_spawn(session, &command, &err), -1, "one at a time");
    cr_assert_eq(sandbox_session_wait(session, &status, &err), 0, "%s", err.message);
    free(large);
    sandbox_session_close(session);
    clean(policy);
}

Test(api, ends_a_command_when_its_time_is_up)
{
    struct sandbox_policy *policy = make_policy();
    struct sandbox_session *session;
    struct error err = {0};

    cr_assert_eq(sandbox_policy_set(policy, "timeout_s", "1", &err), 0);
    session = open_session(policy);
    cr_assert_eq(ask(session, "sleep 60", NULL), SANDBOX_EXIT_TIMEOUT);
    cr_assert_eq(ask(session, "exit 5", NULL), 5);
    sandbox_session_close(session);
    clean(policy);
}

/* A terminal that nobody has yet, as an agent would make it. */
static int make_terminal(int *master)
{
    int slave;

    *master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (*master < 0 || grantpt(*master) < 0 || unlockpt(*master) < 0)
        cr_skip_test("no pty here");
    slave = open(ptsname(*master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    cr_assert_geq(slave, 0);
    return slave;
}

static const char terminal_script[] = "[ -t 0 ] && exec 5</dev/tty && echo x >/dev/tty || exit 9";

Test(api, gives_a_terminal_to_the_command)
{
    struct error err = {0};
    struct sandbox_policy *policy = make_policy();
    const char *argv[] = {"sh", "-c", terminal_script, NULL};
    int master;
    int slave = make_terminal(&master);
    struct sandbox_command command = {.argv = argv, .descriptors = {slave, slave, slave}};
    struct sandbox_child child;
    int status = -1;

    cr_assert_eq(sandbox_spawn(policy, &command, &child, &err), 0, "%s", err.message);
    cr_assert_eq(sandbox_wait(&child, &status, &err), 0, "%s", err.message);
    cr_assert_neq(status, 0, "without has_terminal it is a terminal, but not its own");
    command.has_terminal = true;
    cr_assert_eq(sandbox_spawn(policy, &command, &child, &err), 0, "%s", err.message);
    cr_assert_eq(sandbox_wait(&child, &status, &err), 0, "%s", err.message);
    cr_assert_eq(status, 0);
    clean(policy);
}

Test(api, gives_a_terminal_to_a_command_of_a_session)
{
    struct error err = {0};
    struct sandbox_policy *policy = make_policy();
    struct sandbox_session *session = open_session(policy);
    const char *argv[] = {"sh", "-c", terminal_script, NULL};
    int master;
    int slave = make_terminal(&master);
    struct sandbox_command command = {
        .argv = argv, .descriptors = {slave, slave, slave}, .has_terminal = true};
    int status = -1;

    for (int i = 0; i < 3; i++) {
        cr_assert_eq(sandbox_session_spawn(session, &command, &err), 0, "%s", err.message);
        cr_assert_eq(sandbox_session_wait(session, &status, &err), 0, "%s", err.message);
        cr_assert_eq(status, 0, "command %d", i);
    }
    sandbox_session_close(session);
    clean(policy);
}

Test(api, leaves_descriptors_closed_as_asked)
{
    struct error err = {0};
    struct sandbox_policy *policy = make_policy();
    struct sandbox_session *session = open_session(policy);
    const char script[] = "[ -e /proc/$$/fd/0 ] && exit 1; [ -e /proc/$$/fd/1 ] || exit 2; exit 0";
    const char *argv[] = {"sh", "-c", script, NULL};
    struct sandbox_command command = {.argv = argv, .descriptors = {-1, 1, 2}};
    struct sandbox_child child;
    int status = -1;

    cr_assert_eq(sandbox_spawn(policy, &command, &child, &err), 0, "%s", err.message);
    cr_assert_eq(sandbox_wait(&child, &status, &err), 0, "%s", err.message);
    cr_assert_eq(status, 0, "spawn");
    cr_assert_eq(ask(session, script, command.descriptors), 0, "session");
    sandbox_session_close(session);
    clean(policy);
}

/* --- many commands ------------------------------------------------------------------------------ */

struct use {
    long memory_kb;
    long descriptors; /* -1: not ours to see */
};

static long count_descriptors(long pid)
{
    char path[64];
    DIR *stream;
    long count = 0;

    (void)snprintf(path, sizeof path, "/proc/%ld/fd", pid);
    stream = opendir(path);
    if (stream == NULL)
        return -1;
    while (readdir(stream) != NULL)
        count++;
    (void)closedir(stream);
    return count;
}

static struct use use_of(long pid)
{
    struct use use = {.memory_kb = -1, .descriptors = count_descriptors(pid)};
    char line[256];
    FILE *file;

    (void)snprintf(line, sizeof line, "/proc/%ld/status", pid);
    file = fopen(line, "r");
    cr_assert_not_null(file, "%s", line);
    while (fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "VmRSS: %ld", &use.memory_kb) == 1)
            break;
    }
    (void)fclose(file);
    return use;
}

#if defined(__SANITIZE_ADDRESS__)
#define SLACK_KB (1024 * 1024) /* it keeps for a while what was given back */
#else
#define SLACK_KB 64
#endif

/* SPAWNS=100000 for the full number; every tenth command makes names, so that the supervisor works. */
Test(api, stays_flat_over_many_commands)
{
    static const char *const who[] = {"client", "launcher", "init"};
    struct sandbox_policy *policy = make_policy();
    struct sandbox_session *session = open_session(policy);
    const char *full = getenv("SPAWNS");
    const long spawns = full != NULL ? atol(full) : 1500;
    long pids[3] = {getpid(), 0, 0};
    struct use before[3];

    pids[1] = child_of(pids[0]);
    pids[2] = child_of(pids[1]);
    cr_assert(pids[1] > 0 && pids[2] > 0, "a launcher and its init");
    for (long i = 0; i < spawns; i++) {
        const char *plain[] = {"/bin/true", NULL};
        const char *busy[] = {"sh", "-c", "mkdir made && rmdir made", NULL};
        struct sandbox_command command = {.argv = i % 10 == 9 ? busy : plain,
                                          .descriptors = {0, 1, 2}};
        struct error err = {0};
        int status = -1;

        if (i == 200) { /* everything that is made once is made */
            for (int k = 0; k < 3; k++)
                before[k] = use_of(pids[k]);
        }
        cr_assert_eq(sandbox_session_spawn(session, &command, &err), 0, "%s", err.message);
        cr_assert_eq(sandbox_session_wait(session, &status, &err), 0, "%s", err.message);
        cr_assert_eq(status, 0, "command %ld", i);
    }
    for (int k = 0; k < 3; k++) {
        struct use after = use_of(pids[k]);

        (void)printf("%s: %ld -> %ld KiB, %ld -> %ld descriptors after %ld commands\n", who[k],
                     before[k].memory_kb, after.memory_kb, before[k].descriptors, after.descriptors,
                     spawns);
        cr_assert(after.memory_kb <= before[k].memory_kb + SLACK_KB, "%s grows", who[k]);
        /* one more or less: the next command's process may have made its listener already, or not */
        cr_assert(after.descriptors <= before[k].descriptors + 1, "%s keeps descriptors", who[k]);
    }
    sandbox_session_close(session);
    clean(policy);
}

/* Somebody signals everything at hand, a shell or a person: what waits for a request must not mind. */
Test(api, minds_no_signal_while_it_waits)
{
    static const int numbers[] = {SIGCONT, SIGWINCH, SIGHUP, SIGUSR1, SIGTERM};
    struct sandbox_policy *policy = make_policy();
    struct sandbox_session *session;
    struct error err = {0};

    cr_assert_eq(sandbox_policy_set(policy, "timeout_s", "30", &err), 0);
    session = open_session(policy);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        long starter = child_of(getpid());
        long init = child_of(starter);
        long prepared = child_of(init);

        for (int round = 0; round < 1000 && prepared == 0; round++) {
            (void)usleep(1000);
            prepared = child_of(init);
        }
        cr_assert(prepared > 0, "the next command's process");
        cr_assert_eq(kill((pid_t)starter, numbers[i]), 0);
        cr_assert_eq(kill((pid_t)init, numbers[i]), 0);
        if (numbers[i] == SIGCONT || numbers[i] == SIGWINCH) /* the others would rightly end it */
            cr_assert_eq(kill((pid_t)prepared, numbers[i]), 0);
        (void)usleep(20000);
        cr_assert_eq(ask(session, "exit 3", NULL), 3, "after signal %d", numbers[i]);
    }
    sandbox_session_close(session);
    clean(policy);
}

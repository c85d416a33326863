/* Sandboxes that are set up ahead: what they give, and when they must not be taken. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/test.h"
#include "sandbox/sandbox.h"

static const char launcher[] = TEST_BINARY_DIR "/bin/holdfast-sandbox";

struct scene {
    char directory[64];
    char workspace[128];
    struct sandbox_policy *policy;
};

static const char *in(const struct scene *scene, const char *name)
{
    static char paths[4][256];
    static int next;
    char *path = paths[next++ % 4];

    (void)snprintf(path, sizeof paths[0], "%s/%s", scene->directory, name);
    return path;
}

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    cr_assert_not_null(file, "%s", path);
    (void)fputs(text, file);
    cr_assert_eq(fclose(file), 0);
}

static void scene_init(struct scene *scene, const char *mode)
{
    struct error err = {0};

    if (access(launcher, X_OK) < 0)
        cr_skip_test("holdfast-sandbox is not built");
    /* what others mount while we look would be a change, too: root has a mount table of its own */
    if (unshare(CLONE_NEWNS) == 0)
        cr_assert_eq(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
    sandbox_set_launcher(launcher);
    (void)snprintf(scene->directory, sizeof scene->directory, "/var/tmp/holdfast-ready.XXXXXX");
    cr_assert_not_null(mkdtemp(scene->directory));
    (void)snprintf(scene->workspace, sizeof scene->workspace, "%s/ws", scene->directory);
    cr_assert_eq(mkdir(scene->workspace, 0755), 0);
    scene->policy = sandbox_policy_new(&err);
    cr_assert_not_null(scene->policy);
    cr_assert_eq(sandbox_policy_set(scene->policy, "workspace", scene->workspace, &err), 0);
    cr_assert_eq(sandbox_policy_set(scene->policy, "mode", mode, &err), 0);
}

static void scene_done(struct scene *scene)
{
    char line[128];

    sandbox_policy_free(scene->policy);
    cr_assert_eq(waitpid(-1, NULL, WNOHANG), -1, "no launcher is left");
    cr_assert_eq(errno, ECHILD);
    (void)snprintf(line, sizeof line, "rm -rf %s", scene->directory);
    cr_assert_eq(system(line), 0);
}

static void keep(struct scene *scene, unsigned count)
{
    struct error err = {0};

    cr_assert_eq(sandbox_keep_ready(scene->policy, count, &err), 0, "%s", err.message);
}

static void start(const struct scene *scene, const char *script, int input,
                  struct sandbox_child *child)
{
    const char *argv[] = {"sh", "-c", script, NULL};
    struct sandbox_command command = {.argv = argv, .descriptors = {input, 1, 2}};
    struct error err = {0};

    cr_assert_eq(sandbox_spawn(scene->policy, &command, child, &err), 0, "%s", err.message);
}

/* The status; *was_ready: it was set up ahead. */
static int run(const struct scene *scene, const char *script, bool *was_ready)
{
    struct error err = {0};
    struct sandbox_child child;
    int status = -1;

    start(scene, script, 0, &child);
    *was_ready = child.spare != NULL;
    cr_assert_eq(sandbox_wait(&child, &status, &err), 0, "%s", err.message);
    return status;
}

/* One set up ahead is there and has been asked: what changes from now on is a change. */
static void settle(const struct scene *scene)
{
    bool was_ready = false;

    for (int i = 0; i < 20 && !was_ready; i++)
        (void)run(scene, "exit 0", &was_ready);
    cr_assert(was_ready, "nothing is ever set up ahead");
    (void)usleep(300000);
}

/* Where the mode does not work, nothing can be ready either. */
static void scene_ready(struct scene *scene, unsigned count)
{
    bool was_ready;

    scene_init(scene, "linux-namespace");
    keep(scene, count);
    (void)run(scene, "exit 0", &was_ready);
    if (!was_ready)
        cr_skip_test("linux-namespace has no session here");
}

Test(ready, gives_each_command_a_sandbox_of_its_own)
{
    struct scene scene;
    bool was_ready;
    int seen = 0;

    scene_ready(&scene, 2);
    for (int i = 0; i < 10; i++) {
        cr_assert_eq(run(&scene,
                         "[ -e /tmp/mine ] && exit 9; echo x >/tmp/mine; echo x >made; exit 7",
                         &was_ready),
                     7, "round %d: a private /tmp is new each time", i);
        seen += was_ready;
    }
    cr_assert(seen > 0, "nothing is ever set up ahead");
    cr_assert_eq(access(in(&scene, "ws/made"), F_OK), 0, "the workspace is writable");
    cr_assert_eq(run(&scene, "mkdir .git", &was_ready), 1, "absent names are guarded");
    cr_assert_eq(run(&scene, "echo x >/var/tmp/holdfast-nowhere", &was_ready), 2);
    cr_assert_eq(run(&scene, "kill -KILL $$", &was_ready), 137);
    scene_done(&scene);
}

Test(ready, says_why_nothing_ran)
{
    struct scene scene;
    const char *argv[] = {"nonesuch", NULL};
    struct sandbox_command command = {.argv = argv, .descriptors = {0, 1, 2}};
    struct sandbox_child child;
    struct error err = {0};
    int status = 0;

    scene_ready(&scene, 1);
    settle(&scene);
    cr_assert_eq(sandbox_spawn(scene.policy, &command, &child, &err), 0, "%s", err.message);
    cr_assert_eq(sandbox_wait(&child, &status, &err), -1);
    cr_assert_eq(status, SANDBOX_EXIT_NOT_FOUND);
    cr_assert(strstr(err.message, "nonesuch") != NULL, "%s", err.message);
    argv[0] = "true";
    command.cwd = "/nonesuch";
    cr_assert_eq(sandbox_spawn(scene.policy, &command, &child, &err), 0, "%s", err.message);
    cr_assert_eq(sandbox_wait(&child, &status, &err), -1);
    cr_assert_eq(status, SANDBOX_EXIT_REFUSED);
    cr_assert(strstr(err.message, "/nonesuch") != NULL, "%s", err.message);
    scene_done(&scene);
}

/* --- when the world has changed ------------------------------------------------------------------- */

Test(ready, is_not_taken_when_a_protected_name_has_come)
{
    struct scene scene;
    bool was_ready;

    scene_ready(&scene, 1);
    settle(&scene);
    cr_assert_eq(mkdir(in(&scene, "ws/.git"), 0755), 0);
    put(in(&scene, "ws/.git/config"), "before\n");
    cr_assert_eq(run(&scene, "echo evil >.git/config", &was_ready), 2,
                 "what is there now is protected");
    cr_assert_not(was_ready, "it was set up when there was no .git");
    settle(&scene);
    cr_assert_eq(rename(in(&scene, "ws/.git"), in(&scene, "old")), 0);
    cr_assert_eq(mkdir(in(&scene, "ws/.git"), 0755), 0);
    cr_assert_eq(run(&scene, "echo evil >.git/config", &was_ready), 2, "another .git");
    cr_assert_not(was_ready, "it was set up for the old one");
    scene_done(&scene);
}

Test(ready, is_not_taken_when_a_root_is_another_directory)
{
    struct scene scene;
    bool was_ready;

    scene_ready(&scene, 1);
    settle(&scene);
    cr_assert_eq(rename(scene.workspace, in(&scene, "old")), 0);
    cr_assert_eq(mkdir(scene.workspace, 0755), 0);
    cr_assert_eq(run(&scene, "echo x >made", &was_ready), 0);
    cr_assert_not(was_ready);
    cr_assert_eq(access(in(&scene, "ws/made"), F_OK), 0, "in the directory that is there now");
    cr_assert_neq(access(in(&scene, "old/made"), F_OK), 0);
    scene_done(&scene);
}

Test(ready, is_not_taken_when_the_caller_has_left_a_group)
{
    const gid_t groups[] = {4, 24};
    struct scene scene;
    bool was_ready;

    if (geteuid() != 0)
        cr_skip_test("only root can change its groups");
    cr_assert_eq(setgroups(2, groups), 0);
    scene_ready(&scene, 1);
    settle(&scene);
    cr_assert_eq(setgroups(1, groups), 0);
    cr_assert_eq(run(&scene, "grep '^Groups:' /proc/self/status | grep -qv 24", &was_ready), 0);
    cr_assert_not(was_ready);
    cr_assert_eq(run(&scene, "true", &was_ready), 0);
    cr_assert(was_ready, "the next one was set up for the groups of now");
    scene_done(&scene);
}

Test(ready, is_not_taken_when_something_to_hide_has_come)
{
    struct scene scene;
    struct error err = {0};
    char script[256];
    bool was_ready;

    scene_init(&scene, "linux-namespace");
    cr_assert_eq(sandbox_policy_set(scene.policy, "deny_read", in(&scene, "secret"), &err), 0);
    keep(&scene, 1);
    (void)run(&scene, "exit 0", &was_ready);
    if (!was_ready)
        cr_skip_test("linux-namespace has no session here");
    settle(&scene);
    put(in(&scene, "secret"), "hidden\n");
    (void)snprintf(script, sizeof script, "cat %s", in(&scene, "secret"));
    cr_assert_neq(run(&scene, script, &was_ready), 0, "it is hidden");
    cr_assert_not(was_ready);
    scene_done(&scene);
}

Test(ready, is_not_taken_when_the_mount_table_has_changed)
{
    struct scene scene;
    bool was_ready;

    if (geteuid() != 0)
        cr_skip_test("mounting takes root");
    scene_ready(&scene, 2);
    settle(&scene);
    cr_assert_eq(mkdir(in(&scene, "ws/there"), 0755), 0);
    cr_assert_eq(mount("tmpfs", in(&scene, "ws/there"), "tmpfs", 0, NULL), 0);
    cr_assert_eq(run(&scene, "echo x >there/made", &was_ready), 0);
    cr_assert_not(was_ready);
    cr_assert_eq(access(in(&scene, "ws/there/made"), F_OK), 0, "on what is mounted there now");
    settle(&scene);
    cr_assert_eq(umount2(in(&scene, "ws/there"), MNT_DETACH), 0);
    scene_done(&scene);
}

Test(ready, is_not_taken_when_the_caller_has_moved_to_other_mounts)
{
    struct scene scene;
    bool was_ready;

    if (geteuid() != 0)
        cr_skip_test("mounting takes root");
    scene_ready(&scene, 1);
    settle(&scene);
    cr_assert_eq(mkdir(in(&scene, "ws/there"), 0755), 0);
    cr_assert_eq(unshare(CLONE_NEWNS), 0);
    cr_assert_eq(mount("tmpfs", in(&scene, "ws/there"), "tmpfs", 0, NULL), 0);
    cr_assert_eq(run(&scene, "echo x >there/made", &was_ready), 0);
    cr_assert_not(was_ready, "the table that is watched is the old one");
    cr_assert_eq(access(in(&scene, "ws/there/made"), F_OK), 0);
    settle(&scene);
    cr_assert_eq(umount2(in(&scene, "ws/there"), MNT_DETACH), 0);
    cr_assert_eq(run(&scene, "[ ! -e there/made ]", &was_ready), 0, "and the new one is watched");
    cr_assert_not(was_ready);
    scene_done(&scene);
}

Test(ready, is_not_taken_when_the_policy_has_changed)
{
    struct scene scene;
    struct error err = {0};
    bool was_ready;

    scene_ready(&scene, 1);
    settle(&scene);
    /* nothing that can be seen on the machine */
    cr_assert_eq(sandbox_policy_set(scene.policy, "timeout_s", "1", &err), 0);
    cr_assert_eq(run(&scene, "sleep 5", &was_ready), SANDBOX_EXIT_TIMEOUT);
    cr_assert_not(was_ready);
    settle(&scene);
    scene_done(&scene);
}

Test(ready, leaves_a_file_as_input_to_a_fresh_one)
{
    struct scene scene;
    struct sandbox_child child;
    struct error err = {0};
    int status = -1;
    int input;

    scene_ready(&scene, 1);
    put(in(&scene, "input"), "abc\n");
    input = open(in(&scene, "input"), O_RDONLY | O_CLOEXEC);
    start(&scene, "grep -q abc", input, &child);
    cr_assert_null(child.spare);
    cr_assert_eq(sandbox_wait(&child, &status, &err), 0, "%s", err.message);
    cr_assert_eq(status, 0);
    (void)close(input);
    scene_done(&scene);
}

Test(ready, starts_from_scratch_where_there_are_no_sessions)
{
    struct scene scene;
    bool was_ready;

    scene_init(&scene, "linux-landlock");
    keep(&scene, 1);
    if (run(&scene, "exit 3", &was_ready) == SANDBOX_EXIT_REFUSED)
        cr_skip_test("no linux-landlock here");
    cr_assert_not(was_ready);
    cr_assert_eq(run(&scene, "exit 3", &was_ready), 3);
    scene_done(&scene);
}

/* --- signals and ends ----------------------------------------------------------------------------- */

/* When the first bytes have come through the pipe, the command is on its way. */
static void start_and_hear(struct scene *scene, const char *script, struct sandbox_child *child)
{
    const char *argv[] = {"sh", "-c", script, NULL};
    struct sandbox_command command = {.argv = argv, .descriptors = {0, -1, 2}};
    struct error err = {0};
    int ends[2];
    char byte;

    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    command.descriptors[1] = ends[1];
    cr_assert_eq(sandbox_spawn(scene->policy, &command, child, &err), 0, "%s", err.message);
    (void)close(ends[1]);
    cr_assert_eq(read(ends[0], &byte, 1), 1);
    (void)close(ends[0]);
}

Test(ready, passes_signals_on)
{
    struct scene scene;
    struct sandbox_child child;
    struct error err = {0};
    int status = -1;

    scene_ready(&scene, 1);
    cr_assert_eq(sandbox_policy_set(scene.policy, "timeout_s", "30", &err), 0);
    settle(&scene);
    start_and_hear(&scene, "trap 'exit 12' TERM; echo; while :; do sleep 0.05; done", &child);
    cr_assert_eq(kill(child.pid, SIGTERM), 0);
    cr_assert_eq(sandbox_wait(&child, &status, &err), 0, "%s", err.message);
    cr_assert_eq(status, 12);
    start_and_hear(&scene, "echo; sleep 60", &child);
    cr_assert_eq(kill(child.pid, SIGKILL), 0);
    cr_assert_eq(sandbox_wait(&child, &status, &err), 0, "%s", err.message);
    cr_assert_eq(status, 137, "as for any launcher that is killed");
    scene_done(&scene);
}

/* A caller that changes its mind at once: whether the command has begun or not, it ends. */
Test(ready, hears_a_signal_that_comes_at_once)
{
    struct scene scene;
    struct error err = {0};

    scene_ready(&scene, 1);
    cr_assert_eq(sandbox_policy_set(scene.policy, "timeout_s", "30", &err), 0);
    settle(&scene);
    for (int i = 0; i < 100; i++) {
        struct sandbox_child child;
        int status = -1;

        start(&scene, "exec sleep 60", 0, &child);
        if (i % 2 != 0)
            (void)usleep((useconds_t)i * 10);
        cr_assert_eq(kill(child.pid, SIGTERM), 0);
        cr_assert_eq(sandbox_wait(&child, &status, &err), 0, "%s", err.message);
        cr_assert_eq(status, 143, "round %d: %d", i, status);
    }
    scene_done(&scene);
}

Test(ready, ends_when_its_time_is_up)
{
    struct scene scene;
    struct error err = {0};
    bool was_ready;

    scene_init(&scene, "linux-namespace");
    cr_assert_eq(sandbox_policy_set(scene.policy, "timeout_s", "1", &err), 0);
    keep(&scene, 1);
    cr_assert_eq(run(&scene, "sleep 60", &was_ready), SANDBOX_EXIT_TIMEOUT);
    scene_done(&scene);
}

static bool is_alive(pid_t pid)
{
    return kill(pid, 0) == 0 || errno != ESRCH;
}

/* A caller with a policy of its own: one command that runs on, and one more that nobody uses. */
static void be_a_caller(const struct scene *scene, int out)
{
    struct error err = {0};
    struct sandbox_child child;
    struct sandbox_policy *policy = sandbox_policy_new(&err);
    struct scene mine = {.policy = policy};

    if (policy == NULL || sandbox_policy_set(policy, "workspace", scene->workspace, &err) < 0 ||
        sandbox_policy_set(policy, "mode", "linux-namespace", &err) < 0 ||
        sandbox_keep_ready(policy, 1, &err) < 0)
        _exit(1);
    start(&mine, "sleep 60", 0, &child);
    (void)!write(out, &child.pid, sizeof child.pid);
    (void)raise(SIGKILL);
}

Test(ready, ends_with_its_caller)
{
    struct scene scene;
    int ends[2];
    pid_t started = 0;
    pid_t caller;

    scene_ready(&scene, 1);
    cr_assert_eq(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
    cr_assert_eq(pipe(ends), 0);
    caller = fork();
    if (caller == 0)
        be_a_caller(&scene, ends[1]);
    cr_assert_eq(read(ends[0], &started, sizeof started), (ssize_t)sizeof started);
    cr_assert_eq(waitpid(caller, NULL, 0), caller);
    /* what the caller left is this process's to reap: two launchers, which end by themselves */
    for (int round = 0; round < 2000 && is_alive(started); round++) {
        (void)waitpid(started, NULL, WNOHANG);
        (void)usleep(5000);
    }
    cr_assert_not(is_alive(started), "a launcher outlives its caller");
    sandbox_policy_free(scene.policy);
    scene.policy = NULL;
    for (int round = 0; round < 2000 && waitpid(-1, NULL, WNOHANG) >= 0; round++)
        (void)usleep(5000);
    (void)close(ends[0]);
    (void)close(ends[1]);
    scene_done(&scene);
}

Test(ready, keeps_no_descriptors)
{
    struct scene scene;
    bool was_ready;
    int first;
    int last;

    scene_ready(&scene, 1);
    for (int i = 0; i < 50; i++)
        cr_assert_eq(run(&scene, "exit 0", &was_ready), 0);
    settle(&scene);
    first = open("/dev/null", O_RDONLY);
    for (int i = 0; i < 100; i++)
        cr_assert_eq(run(&scene, "exit 0", &was_ready), 0);
    settle(&scene);
    last = open("/dev/null", O_RDONLY);
    cr_assert(last <= first + 1, "descriptor %d, then %d", first, last);
    (void)close(first);
    (void)close(last);
    scene_done(&scene);
}

/* A caller that forgets O_CLOEXEC: what waits for it must not hold its pipes open. */
Test(ready, holds_nothing_of_its_caller)
{
    struct scene scene;
    const char *argv[] = {"echo", "x", NULL};
    struct sandbox_command command = {.argv = argv, .descriptors = {0, -1, 2}};
    struct sandbox_child child;
    struct error err = {0};
    struct pollfd polled = {.events = POLLIN};
    int ends[2];
    int status;
    char text[8];

    scene_init(&scene, "linux-namespace");
    cr_assert_eq(pipe(ends), 0);
    keep(&scene, 2);
    command.descriptors[1] = ends[1];
    cr_assert_eq(sandbox_spawn(scene.policy, &command, &child, &err), 0, "%s", err.message);
    (void)close(ends[1]);
    cr_assert_eq(sandbox_wait(&child, &status, &err), 0, "%s", err.message);
    cr_assert_eq(read(ends[0], text, sizeof text), 2);
    polled.fd = ends[0];
    cr_assert_eq(poll(&polled, 1, 20000), 1, "the pipe has no end");
    cr_assert_eq(read(ends[0], text, sizeof text), 0);
    (void)close(ends[0]);
    scene_done(&scene);
}

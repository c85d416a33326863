/* Nobody stays bound to one processor: not the command, and not those who wait for it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/test.h"
#include "sandbox/linux/process_test.h"
#include "sandbox/sandbox.h"

static char workspace[] = "/var/tmp/holdfast-near.XXXXXX";
static const char launcher[] = TEST_BINARY_DIR "/bin/holdfast-sandbox";

/* "Cpus_allowed:" of /proc/PID/status. */
static void processors_of(long pid, char text[256])
{
    char path[64];
    char line[256];
    FILE *file;

    (void)snprintf(path, sizeof path, "/proc/%ld/status", pid);
    file = fopen(path, "r");
    text[0] = '\0';
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "Cpus_allowed:", 13) == 0)
            (void)snprintf(text, 256, "%s", line + 13);
    }
    if (file != NULL)
        (void)fclose(file);
}

static struct sandbox_policy *make_policy(const char *mode)
{
    struct error err = {0};
    struct sandbox_policy *policy = sandbox_policy_new(&err);

    if (access(launcher, X_OK) < 0)
        cr_skip_test("holdfast-sandbox is not built");
    sandbox_set_launcher(launcher);
    cr_assert_not_null(mkdtemp(workspace));
    cr_assert_eq(sandbox_policy_set(policy, "workspace", workspace, &err), 0);
    cr_assert_eq(sandbox_policy_set(policy, "mode", mode, &err), 0);
    return policy;
}

/* Also counts what must be right: launcher, init where there is one, command. */
static int count_free(pid_t pid, const char *mine)
{
    int found = 0;

    for (long at = pid; at != 0; at = child_of(at)) {
        char text[256];

        processors_of(at, text);
        if (strcmp(text, mine) != 0)
            return -1;
        found++;
    }
    return found;
}

static void stays_free(const char *mode, int processes)
{
    const char *argv[] = {"sh", "-c", "grep Cpus_allowed: /proc/self/status >mask; exec sleep 60",
                          NULL};
    struct sandbox_command command = {.argv = argv, .descriptors = {0, 1, 2}};
    struct sandbox_policy *policy = make_policy(mode);
    struct sandbox_child child;
    struct error err = {0};
    char path[128];
    char mine[256];
    char inside[256] = "";
    FILE *file;
    int found = 0;
    int status;

    processors_of(getpid(), mine);
    cr_assert_eq(sandbox_spawn(policy, &command, &child, &err), 0, "%s", err.message);
    if (kill(child.pid, 0) < 0)
        cr_skip_test("the mode does not work here");
    for (int round = 0; round < 2000 && found != processes; round++) {
        (void)usleep(5000);
        found = count_free(child.pid, mine);
    }
    cr_assert_eq(found, processes, "%d of %d processes may run where they like", found, processes);
    (void)snprintf(path, sizeof path, "%s/mask", workspace);
    file = fopen(path, "r");
    cr_assert_not_null(file);
    cr_assert_not_null(fgets(inside, sizeof inside, file));
    (void)fclose(file);
    cr_assert_str_eq(inside + strlen("Cpus_allowed:"), mine, "from its first moment on");
    (void)kill(child.pid, SIGKILL);
    (void)sandbox_wait(&child, &status, &err);
    (void)unlink(path);
    (void)rmdir(workspace);
    sandbox_policy_free(policy);
}

Test(near, lets_everybody_go_in_a_namespace)
{
    stays_free("linux-namespace", 3);
}

Test(near, lets_everybody_go_under_landlock)
{
    stays_free("linux-landlock", 2);
}

/*
 * What happens to the scene when its run is over, in another thread: a run may
 * have left a million files. First its adapter's script may tidy up.
 */
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "conformance/run_internal.h"
#include "fixtures/tree_remove.h"

enum {
    AFTER_STEP_MS = 5,
    AFTER_PATIENCE_MS = 5000
};

struct removal {
    uv_work_t work;
    struct harness *harness;
    const struct adapter *adapter; /* NULL: a control run */
    char *path;
    char *scratch;
    struct error err;
    int result;
};

/* What a sandbox leaves outside the scene when it is killed (control groups, say). */
static void tidy_up(const struct removal *removal)
{
    const int patience = AFTER_PATIENCE_MS / AFTER_STEP_MS;
    char *const argv[] = {removal->adapter->after, removal->scratch, NULL};
    const struct timespec pause = {.tv_nsec = AFTER_STEP_MS * 1000000L};
    pid_t pid;

    if (posix_spawn(&pid, removal->adapter->after, NULL, NULL, argv, environ) != 0)
        return;
    for (int i = 0; waitpid(pid, NULL, WNOHANG) == 0; i++) {
        if (i == patience)
            (void)kill(pid, SIGKILL);
        (void)nanosleep(&pause, NULL);
    }
}

static void remove_tree(uv_work_t *work)
{
    struct removal *removal = work->data;

    if (removal->adapter != NULL && removal->adapter->after != NULL)
        tidy_up(removal);
    removal->result = tree_remove(removal->path, &removal->err);
}

static void on_removed(uv_work_t *work, int status)
{
    struct removal *removal = work->data;

    (void)status;
    if (removal->result < 0)
        error_print(stderr, "holdfast", &removal->err);
    removal->harness->removal_count--;
    free(removal->scratch);
    free(removal->path);
    free(removal);
}

void run_begin_removal(struct run *run)
{
    struct removal *removal;

    if (run->tree.root == NULL)
        return;
    removal = calloc(1, sizeof *removal);
    if (removal == NULL)
        return; /* harness_close removes it */
    removal->harness = run->harness;
    removal->adapter = run->order.adapter;
    removal->path = strdup(run->tree.root);
    removal->scratch = strdup(run->tree.scratch);
    removal->work.data = removal;
    if (removal->path == NULL || removal->scratch == NULL ||
        uv_queue_work(&run->harness->loop, &removal->work, remove_tree, on_removed) != 0) {
        free(removal->scratch);
        free(removal->path);
        free(removal);
        return;
    }
    run->harness->removal_count++;
}

/* The search on groups planted in a directory; making and removing on a real hierarchy, which need not have
 * a controller. Limits that bind are ci/tests/sandbox-cgroup.sh's. */
#include "sandbox/linux/cgroup.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/test.h"
#include "sandbox/facts.h"

enum {
    BOTH = PLAN_CGROUP_PIDS | PLAN_CGROUP_MEMORY
};

static char top[64];

static void plant(const char *group, const char *name, const char *text)
{
    char path[256];
    AUTO_FILE FILE *file = NULL;

    (void)snprintf(path, sizeof path, "%s%s/%s", top, group, name);
    file = fopen(path, "w");
    cr_assert(file != NULL && fputs(text, file) >= 0, "%s", path);
}

/* One that is ours and holds a process. */
static void plant_group(const char *group, const char *controllers, const char *handed_on)
{
    char path[256];

    (void)snprintf(path, sizeof path, "%s%s", top, group);
    if (group[0] != '\0')
        cr_assert_eq(mkdir(path, 0755), 0);
    plant(group, "cgroup.controllers", controllers);
    plant(group, "cgroup.subtree_control", handed_on);
    plant(group, "cgroup.procs", "1\n");
    if (group[0] != '\0')
        plant(group, "cgroup.events", "populated 1\n");
}

static void plant_top(void)
{
    (void)strcpy(top, "/tmp/holdfast-cgroup-XXXXXX");
    cr_assert_not_null(mkdtemp(top));
    plant_group("", "cpu memory pids", "memory pids");
    plant_group("/a", "memory pids", "memory");
    plant_group("/a/b", "memory", "");
}

static void remove_top(void)
{
    static const char *const groups[] = {"/a/b", "/a", ""};
    static const char *const files[] = {"cgroup.controllers", "cgroup.subtree_control",
                                        "cgroup.procs", "cgroup.events"};
    char path[256];

    for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
        for (size_t k = 0; k < ARRAY_SIZE(files); k++) {
            (void)snprintf(path, sizeof path, "%s%s/%s", top, groups[i], files[k]);
            (void)unlink(path);
        }
        (void)snprintf(path, sizeof path, "%s%s", top, groups[i]);
        cr_assert_eq(rmdir(path), 0);
    }
}

static char found[256];
static uint64_t to_enable;

/* From /a/b upwards; "" when one will do, and found is it. */
static const char *search_for(uint64_t wanted)
{
    const char *why;

    (void)snprintf(found, sizeof found, "%s/a/b", top);
    to_enable = 0;
    why = cgroup_search(top, found, wanted, &to_enable);
    return why != NULL ? why : "";
}

static const char *below_top(void)
{
    return found + strlen(top);
}

Test(cgroup, finds_the_innermost_group_that_hands_on_what_is_wanted)
{
    plant_top();
    cr_assert_str_eq(search_for(PLAN_CGROUP_MEMORY), "");
    cr_assert_str_eq(below_top(), "/a");
    cr_assert_str_eq(search_for(BOTH), "");
    cr_assert_str_eq(below_top(), "", "/a holds a process and cannot begin to hand pids on");
    cr_assert_eq(to_enable, 0);
    plant("/a", "cgroup.procs", "");
    cr_assert_str_eq(search_for(BOTH), "");
    cr_assert_str_eq(below_top(), "/a");
    cr_assert_eq(to_enable, PLAN_CGROUP_PIDS, "only what is missing");
    remove_top();
}

Test(cgroup, lets_the_topmost_begin_to_hand_on)
{
    plant_top();
    plant("", "cgroup.subtree_control", "cpu\n");
    cr_assert_str_eq(search_for(BOTH), "");
    cr_assert_str_eq(below_top(), "");
    cr_assert_eq(to_enable, BOTH);
    plant("", "cgroup.controllers", "cpu pids_like\n");
    cr_assert_neq(search_for(BOTH)[0], '\0', "a word is not a part of another");
    remove_top();
}

Test(cgroup, takes_nothing_that_belongs_to_somebody_else)
{
    char path[256];

    plant_top();
    (void)snprintf(path, sizeof path, "%s/cgroup.procs", top);
    cr_assert_eq(chmod(path, 0444), 0);
    cr_assert_neq(search_for(BOTH)[0], '\0',
                  "not writable by its owner's mode, capabilities or not");
    cr_assert_eq(chmod(path, 0644), 0);
    cr_assert_str_eq(search_for(BOTH), "");
    remove_top();
}

Test(cgroup, is_not_looked_for_without_a_limit)
{
    struct policy policy = {.limits = {.timeout_s = 1, .file_bytes = 1, .tmp_bytes = 1}};
    struct facts facts = {0};
    struct error err;

    cr_assert_eq(cgroup_collect(&policy, &facts, &err), 0);
    cr_assert_null(facts.cgroup.path);
    cr_assert_null(facts.cgroup.why_not);
    policy.limits.processes = 1;
    cr_assert_eq(cgroup_collect(&policy, &facts, &err), 0);
    cr_assert((facts.cgroup.path != NULL) != (facts.cgroup.why_not != NULL), "one, or the reason");
    facts_done(&facts);
}

/* --- on a real hierarchy ---------------------------------------------------------------------------- */

static const char *real_hierarchy(void)
{
    static const char *const places[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
    char path[128];

    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        (void)snprintf(path, sizeof path, "%s/cgroup.procs", places[i]);
        if (access(path, W_OK) == 0)
            return places[i];
    }
    cr_skip_test("no writable control groups of version 2 here");
    return NULL;
}

static _Noreturn int sleeps(void *argument)
{
    (void)argument;
    for (;;)
        (void)pause();
}

static bool is_gone(const char *path)
{
    for (int round = 0; round < 1000; round++) {
        if (access(path, F_OK) < 0)
            return true;
        (void)usleep(10000);
    }
    return false;
}

Test(cgroup, ends_with_all_that_is_in_it)
{
    static char stack[65536] __attribute__((aligned(16)));
    struct plan plan = PLAN_EMPTY;
    struct run_outcome outcome;
    struct error err = {0};
    char path[4200];
    pid_t child;
    int status = 0;

    plan_add(&plan, STEP_CGROUP, real_hierarchy(), 0, "test");
    cr_assert_eq(cgroup_begin(&plan, &err), 0, "%s", err.message);
    (void)snprintf(path, sizeof path, "%s", cgroup_path());
    child = cgroup_clone(sleeps, stack, sizeof stack, SIGCHLD, NULL, NULL);
    cr_assert(child > 0, "born in the group");
    cr_assert_eq(cgroup_end(&outcome, &err), 0, "%s", err.message);
    cr_assert(access(path, F_OK) < 0, "removed");
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "status %d", status);
    cr_assert_eq(waitpid(-1, NULL, WNOHANG), -1, "the watcher is gone, too");
    cr_assert_null(cgroup_path());
    plan_done(&plan);
}

static _Noreturn void launch_and_die(const char *place, int to_test)
{
    static char stack[65536] __attribute__((aligned(16)));
    struct plan plan = PLAN_EMPTY;
    struct error err;

    plan_add(&plan, STEP_CGROUP, place, 0, "test");
    if (cgroup_begin(&plan, &err) < 0 ||
        cgroup_clone(sleeps, stack, sizeof stack, SIGCHLD, NULL, NULL) < 0)
        _exit(1);
    (void)!write(to_test, cgroup_path(), strlen(cgroup_path()));
    (void)kill(getpid(), SIGKILL);
    _exit(1);
}

Test(cgroup, is_removed_although_the_launcher_was_killed)
{
    const char *place = real_hierarchy();
    char path[4200] = "";
    int ends[2];
    pid_t launcher;

    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    launcher = fork();
    if (launcher == 0)
        launch_and_die(place, ends[1]);
    (void)close(ends[1]);
    cr_assert(read(ends[0], path, sizeof path - 1) > 0, "it had a group");
    cr_assert_eq(waitpid(launcher, NULL, 0), launcher);
    cr_assert(is_gone(path), "%s", path);
}

Test(cgroup, takes_away_what_dead_runs_have_left_and_nothing_else)
{
    const char *place = real_hierarchy();
    struct plan plan = PLAN_EMPTY;
    struct run_outcome outcome;
    struct error err = {0};
    char dead[128];
    char alive[128];
    pid_t gone = fork();

    if (gone == 0)
        _exit(0);
    cr_assert_eq(waitpid(gone, NULL, 0), gone);
    (void)snprintf(dead, sizeof dead, "%s/holdfast-%d-0badcafe", place, gone);
    (void)snprintf(alive, sizeof alive, "%s/holdfast-%d-0badcafe", place, getpid());
    cr_assert(mkdir(dead, 0755) == 0 && mkdir(alive, 0755) == 0);
    plan_add(&plan, STEP_CGROUP, place, 0, "test");
    cr_assert_eq(cgroup_begin(&plan, &err), 0, "%s", err.message);
    cr_assert(access(dead, F_OK) < 0, "its launcher is dead");
    cr_assert_eq(access(alive, F_OK), 0, "its launcher lives");
    cr_assert_eq(rmdir(alive), 0);
    cr_assert_eq(cgroup_end(&outcome, &err), 0, "%s", err.message);
    plan_done(&plan);
}

Test(cgroup, leaves_nothing_when_a_limit_cannot_be_set)
{
    struct plan plan = PLAN_EMPTY;
    struct error err = {0};
    const char *place = real_hierarchy();

    plan_add(&plan, STEP_CGROUP, place, 0, "test");
    plan_add_text(&plan, STEP_CGROUP_LIMIT, NULL, "no.such.limit", 1, "test");
    cr_assert_eq(cgroup_begin(&plan, &err), -1);
    cr_assert(strstr(err.message, "no.such.limit") != NULL, "%s", err.message);
    cr_assert_null(cgroup_path());
    cr_assert_eq(waitpid(-1, NULL, WNOHANG), -1, "nor a watcher");
    plan_done(&plan);
}

/*
 * What confinement costs work that runs: small acts by the thousand (timed
 * inside, so that starting is no part of it), a build of a hundred files, git
 * status over ten thousand.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "bench/programs.h"
#include "bench/told.h"
#include "fixtures/project.h"

enum {
    ACTS = 1000,
    ACT_BLOCKS = 10,
    PROJECT_FILES = 100,
    STATUS_FILES = 10000
};

/* A command inside each subject whose output is told. What does not run there is skipped. */
static int add_arms(struct context *context, const char *const *command, struct told_arm *arms,
                    size_t *count, struct error *err)
{
    const struct subjects *subjects = &context->subjects;
    const struct stopwatch_command base = {.output = STOPWATCH_PIPE,
                                           .errors = STOPWATCH_ERRORS_OUTPUT,
                                           .timeout_ms = 120000,
                                           .is_tidy = true};

    for (size_t i = 0; i <= subjects->count; i++) {
        bool is_control = i == subjects->count;
        const struct subject *subject = &subjects->items[is_control ? 0 : i];
        struct told_arm *arm = &arms[*count];

        if (subject->reason != NULL || (is_control && !context->settings->has_control))
            continue;
        *arm = (struct told_arm){.name = is_control ? "none (again)" : subject->name,
                                 .reference = i > 0 ? subjects->items[0].name : NULL,
                                 .is_control = is_control};
        arm->command =
            subject_define(subject, &context->place, NULL, command, &base, context->stopwatch, err);
        if (arm->command < 0)
            return -1;
        (*count)++;
    }
    return 0;
}

static int run_acts(struct context *context, struct error *err)
{
    AUTO_FREE char *program = context_program(context, "bench-steady", err);
    AUTO_FREE struct told_arm *arms = calloc(context->subjects.count + 1, sizeof *arms);
    char count[16];
    const char *command[] = {program, context->place.ws, count, NULL};
    struct told_group group = {.benchmark = "steady",
                               .arms = arms,
                               .blocks = context->settings->is_quick ? 3 : ACT_BLOCKS};

    (void)snprintf(count, sizeof count, "%d", ACTS);
    if (program == NULL || arms == NULL)
        return error_memory(err, "steady");
    if (add_arms(context, command, arms, &group.arm_count, err) < 0)
        return -1;
    return told_run(context, &group, err);
}

/* ---- real work ---- */

/* Something to do in a workspace of its own. */
struct work {
    const char *benchmark;
    const char *needs[3]; /* programs; it is left out where one is missing */
    const char *command[6];
    int (*plant)(struct context *context, const char *workspace, struct error *err);
    double seconds;
};

static int plant_project(struct context *context, const char *workspace, struct error *err)
{
    return project_plant(workspace, PROJECT_FILES, context->place.identity.uid,
                         context->place.identity.gid, err);
}

static int plant_status(struct context *context, const char *workspace, struct error *err)
{
    static const char script[] = "git add -A && git -c user.name=n -c user.email=e commit -q -m m";
    const char *argv[] = {"/bin/sh", "-c", script, NULL};
    struct stopwatch_command command = {.argv = argv,
                                        .cwd = workspace,
                                        .output = STOPWATCH_PIPE,
                                        .errors = STOPWATCH_ERRORS_OUTPUT,
                                        .timeout_ms = 120000};
    struct stopwatch_sample sample;
    AUTO_FREE char *output = NULL;
    size_t size;
    int number;

    if (place_make_files(&context->place, workspace, STATUS_FILES, err) < 0)
        return -1;
    number = stopwatch_define(context->stopwatch, &command, err);
    if (number < 0 ||
        stopwatch_capture(context->stopwatch, number, &sample, &output, &size, err) < 0)
        return -1;
    if (sample.exit_status != 0)
        return error_set(err, ERR_OS, "git commit: %.200s", output);
    return 0;
}

static const struct work works[] = {
    {"steady.build", {"make", "cc"}, {"make", "-s", "-B", "-j2"}, plant_project, 12},
    {"steady.git-status", {"git"}, {"git", "status", "--porcelain"}, plant_status, 3},
};

static bool has_needs(const struct work *work)
{
    for (size_t i = 0; i < ARRAY_SIZE(work->needs) && work->needs[i] != NULL; i++) {
        struct error missing;
        AUTO_FREE char *found = programs_search(work->needs[i], NULL, &missing);

        if (found == NULL)
            return false;
    }
    return true;
}

static int run_work(struct context *context, const struct work *work, struct error *err)
{
    AUTO_FREE char *workspace = place_make_repository(&context->place, work->benchmark, err);
    AUTO_FREE struct group_arm *arms = NULL;
    AUTO_WORDS struct words protect = WORDS_EMPTY;
    struct subject_wish wish = {.workspace = workspace};
    struct bench_group group = {
        .command = work->command,
        .rows = {{work->benchmark, METRIC_WALL}},
        .row_count = 1,
        .seconds = work->seconds,
        .max_runs = 200,
        .min_runs = 4,
        .timeout_ms = 120000,
    };
    struct error ignored;
    int failed;

    if (workspace == NULL || words_add_format(&protect, err, "%s/.git", workspace) < 0)
        return -1;
    wish.protect = (const char *const *)protect.items;
    console_set_title(context->console, "%s: planting", work->benchmark);
    console_step(context->console);
    failed = work->plant(context, workspace, err);
    if (failed == 0)
        failed = group_make_arms(context, false, &arms, &group.arm_count, err);
    for (size_t i = 0; failed == 0 && i < group.arm_count; i++)
        arms[i].wish = &wish;
    group.arms = arms;
    if (failed == 0)
        failed = group_run(context, &group, err);
    (void)place_remove(workspace, &ignored);
    return failed;
}

int bench_steady(struct context *context, struct error *err)
{
    if (run_acts(context, err) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(works); i++) {
        if (!has_needs(&works[i]))
            continue;
        if (run_work(context, &works[i], err) < 0)
            return -1;
    }
    return 0;
}

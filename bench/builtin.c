#include "bench/builtin.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/os.h"
#include "base/text.h"

static int bench_policy_setup(struct context *context, struct error *err)
{
    return bench_growth(context, err) < 0 ? -1 : bench_acl(context, err);
}

const struct builtin builtins[] = {
    {"spawn", "start to exit, and to the first instruction, of several targets", 10, bench_spawn},
    {"api", "the sandbox as a library and as a session, beside posix_spawn", 1, bench_api},
    {"parallel", "1 to 64 starts at once: time per start, and how long one takes", 10,
     bench_parallel},
    {"policy-setup", "what a policy costs as roots, names, files and depth grow; ACLs and rules",
     30, bench_policy_setup},
    {"steady", "what running work pays: small acts, a build, git status", 20, bench_steady},
    {"teardown", "from the target's end to the sandbox's, with something to clear away", 10,
     bench_teardown},
    {"memory", "what 1 to 64 sandboxes weigh while their targets wait", 5, bench_memory},
    {"leak", "what stays after 10 000 runs", 10, bench_leak},
    {"calibrate", "false alarms and power of the gate on this machine", 20, bench_calibrate},
    {NULL, NULL, 0, NULL},
};

bool builtin_is_name(const char *name)
{
    for (size_t i = 0; builtins[i].name != NULL; i++) {
        if (strcmp(builtins[i].name, name) == 0)
            return true;
    }
    return false;
}

static void context_close(struct context *context)
{
    stopwatch_free(context->stopwatch);
    subjects_done(&context->subjects);
    place_close(&context->place);
}

static int context_open(struct context *context, const struct bench_settings *settings,
                        struct error *err)
{
    struct stopwatch_identity runs_as;

    if (place_open(&context->place, settings->identity, err) < 0)
        return -1;
    runs_as = place_runs_as(&context->place);
    context->stopwatch = stopwatch_start(&runs_as, err);
    if (context->stopwatch == NULL)
        return -1;
    console_set_title(context->console, "trying what runs here");
    return subjects_open(&context->subjects, settings, &context->place, context->stopwatch, err);
}

/* --quick measures subjects of which one start takes long in `spawn` only: sixty-four of them at once,
 * or a build in each, would take all the time there is. */
static int leave_out_dear(struct context *context, struct error *err)
{
    static const double dear_s = 0.03;

    for (size_t i = 0; context->settings->is_quick && i < context->subjects.count; i++) {
        struct subject *subject = &context->subjects.items[i];
        char words[96];

        if (subject->reason != NULL || subject->is_ours || subject->once_s < dear_s || i == 0)
            continue;
        (void)snprintf(words, sizeof words, "left out of all but spawn by --quick: %.0f ms a start",
                       subject->once_s * 1000);
        subject->reason = strdup(words);
        if (subject->reason == NULL)
            return error_memory(err, "a reason");
        if (bench_report_add_skipped(context->report, NULL, subject->name, words, err) < 0)
            return -1;
    }
    return 0;
}

static const struct builtin *find_builtin(const char *name)
{
    const struct builtin *builtin = builtins;

    while (strcmp(builtin->name, name) != 0)
        builtin++;
    return builtin;
}

static int run_one(struct context *context, const struct builtin *builtin, struct error *err)
{
    uint64_t start = os_now_ns();
    int failed = builtin->run(context, err);
    struct error later;

    if (bench_report_add_took(context->report, builtin->name, (double)(os_now_ns() - start) / 1e9,
                              failed < 0 ? &later : err) < 0)
        failed = -1;
    return failed < 0 ? error_wrap(err, "%s", builtin->name) : 0;
}

static int run_named(struct context *context, struct error *err)
{
    const struct words *names = &context->settings->benchmarks;
    double all = 0;

    for (size_t i = 0; i < names->count; i++)
        all += find_builtin(names->items[i])->weight;
    console_begin_parts(context->console, names->count, all);
    for (size_t i = 0; i < names->count; i++) {
        const struct builtin *builtin = find_builtin(names->items[i]);

        console_next_part(context->console, builtin->weight);
        if (builtin->run != bench_spawn && leave_out_dear(context, err) < 0)
            return -1;
        if (run_one(context, builtin, err) < 0)
            return -1;
    }
    return 0;
}

static int set_identity(struct bench_report *report, const struct place *place, struct error *err)
{
    char *name = strdup(identity_name(place->identity.kind));

    if (name == NULL)
        return error_memory(err, "identity");
    free(report->identity);
    report->identity = name;
    return 0;
}

int builtins_run(const struct bench_settings *settings, struct console *console,
                 struct bench_report *report, struct error *err)
{
    struct context context __attribute__((cleanup(context_close))) = {
        .settings = settings,
        .console = console,
        .report = report,
        .place = {.fixture = FIXTURE_NONE},
        .seed = settings->seed,
    };

    if (context_open(&context, settings, err) < 0 || set_identity(report, &context.place, err) < 0)
        return -1;
    for (size_t i = 0; i < context.subjects.count; i++) {
        const struct subject *subject = &context.subjects.items[i];

        if (subject->reason != NULL &&
            bench_report_add_skipped(report, NULL, subject->name, subject->reason, err) < 0)
            return -1;
    }
    if (settings->against != NULL && bench_against(&context, err) < 0)
        return -1;
    return run_named(&context, err);
}

int builtins_list(const struct bench_settings *settings, struct error *err)
{
    struct console console = {.is_silent = true};
    struct context context __attribute__((cleanup(context_close))) = {
        .settings = settings, .console = &console, .place = {.fixture = FIXTURE_NONE}};

    (void)printf("Benchmarks:\n");
    for (size_t i = 0; builtins[i].name != NULL; i++)
        (void)printf("  %-16s %s\n", builtins[i].name, builtins[i].summary);
    if (context_open(&context, settings, err) < 0)
        return -1;
    (void)printf("\nSubjects on this machine:\n");
    for (size_t i = 0; i < context.subjects.count; i++) {
        const struct subject *subject = &context.subjects.items[i];
        char words[200];

        text_escape_terminal_into(words, sizeof words,
                                  subject->reason != NULL ? subject->reason : "");
        (void)printf("  %-16s %s%s\n", subject->name,
                     subject->reason != NULL ? "not runnable: " : "runs", words);
    }
    return 0;
}

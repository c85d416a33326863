/*
 * bench-acl: what setting up access-control lists costs on Windows, by several
 * strategies (acl/acl_bench.h). Each act is timed alone, and seen from outside:
 * every descriptor of the tree is read before it and after it, and those that
 * differ are counted. Strategies take turns in random blocks; the report is
 * that of `holdfast bench` (report.h), which compares and gates it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/acl/acl_bench.h"

#include <sddl.h>

#include "base/auto.h"
#include "base/options.h"
#include "base/os.h"
#include "base/text.h"
#include "bench/report.h"

enum {
    ARMS_MAX = 8,
    ROUNDS_MAX = 2000
};

enum act {
    ACT_APPLY,
    ACT_REAPPLY,
    ACT_CHANGE,
    ACT_UNDO,
    ACTS
};

static const char *const act_names[ACTS] = {"apply", "reapply", "change", "undo"};

/* An account that nobody has: the entry changes nothing for anybody. */
static const char usual_sid[] = "S-1-5-21-2290817-71128-5512-31337";

struct settings {
    const char *directory;
    const char *sid;
    const char *sandbox; /* holdfast-sandbox.exe; NULL: left out */
    const char *json;
    uint64_t roots, files, rounds, seed;
};

struct arm {
    const struct acl_strategy *strategy;
    struct acl_job job;
    bool is_out; /* it failed; `reason` says how */
    char reason[300];
    struct bench_run runs[ACTS][ROUNDS_MAX];
    size_t run_count;
    int64_t changed[ACTS], asked[ACTS], objects;
};

struct bench {
    const struct settings *settings;
    wchar_t directory[ACL_PATH_MAX];
    PSID sid;
    struct arm *arms;
    size_t arm_count;
    bool is_seen; /* this system shows the descriptors that are written */
};

/* ---- options ---- */

#define SETTER(field)                                                            \
    static int set_##field(void *settings, const char *value, struct error *err) \
    {                                                                            \
        (void)err;                                                               \
        ((struct settings *)settings)->field = value;                            \
        return 0;                                                                \
    }

#define NUMBER_SETTER(field, most)                                                       \
    static int set_##field(void *settings, const char *value, struct error *err)         \
    {                                                                                    \
        uint64_t *number = &((struct settings *)settings)->field;                        \
                                                                                         \
        return text_parse_u64(value, most, number) && *number > 0                        \
                   ? 0                                                                   \
                   : error_set(err, ERR_USAGE, "%s: not a number from 1 to %llu", value, \
                               (unsigned long long)(most));                              \
    }

SETTER(sid)
SETTER(sandbox)
SETTER(json)
NUMBER_SETTER(roots, 1000)
NUMBER_SETTER(files, 1000000)
NUMBER_SETTER(rounds, ROUNDS_MAX)
NUMBER_SETTER(seed, UINT32_MAX)

/* clang-format off */
static const struct option_row rows[] = {
    {.name = "roots", .letter = 'r', .value = "N", .help = "writable roots (default: 10)", .apply = set_roots},
    {.name = "files", .letter = 'f', .value = "N", .help = "files in all roots together (default: 1000)", .apply = set_files},
    {.name = "rounds", .letter = 'n', .value = "N", .help = "lives of a policy for each strategy, even (default: 10)", .apply = set_rounds},
    {.name = "sid", .value = "SID", .help = "whom the entries are about (default: an account that nobody has)", .apply = set_sid},
    {.name = "sandbox", .value = "FILE", .help = "also measure this holdfast-sandbox.exe, with a state folder of its own", .apply = set_sandbox},
    {.name = "seed", .value = "N", .help = "repeat the order of an earlier run", .apply = set_seed},
    {.name = "export-json", .value = "FILE", .help = "the report, as holdfast bench writes it", .apply = set_json},
    {0},
};
/* clang-format on */

static const struct option_table table = {
    .program = "bench-acl",
    .synopsis = "[OPTION]... DIRECTORY",
    .summary = "Times apply, re-apply, change of one root and undo of access-control lists on "
               "trees that it\n"
               "plants in DIRECTORY and removes again, and counts the descriptors that changed.",
    .epilogue = "Exit status: 0 measured; 2 usage, or nothing could be measured.\n\n"
                "Under Wine it runs; what Wine keeps of a descriptor is not what Windows keeps.",
    .rows = rows,
};

/* ---- one life of a policy ---- */

static double cpu_s(const FILETIME *time)
{
    return (double)((uint64_t)time->dwHighDateTime << 32 | time->dwLowDateTime) / 1e7;
}

/* This process alone: what a sandbox's processes take is not in it. */
static void read_cpu(double *user_s, double *system_s)
{
    FILETIME created;
    FILETIME ended;
    FILETIME kernel;
    FILETIME user;

    *user_s = *system_s = 0;
    if (GetProcessTimes(GetCurrentProcess(), &created, &ended, &kernel, &user)) {
        *user_s = cpu_s(&user);
        *system_s = cpu_s(&kernel);
    }
}

static int time_act(struct arm *arm, enum act act, struct bench_run *run, struct error *err)
{
    struct acl_job *job = &arm->job;
    double user_s;
    double system_s;
    uint64_t start;
    int failed;

    job->asked = job->looked = 0;
    job->changed = act == ACT_CHANGE ? 1 : 0;
    read_cpu(&user_s, &system_s);
    start = os_now_ns();
    failed = act == ACT_UNDO ? arm->strategy->undo(job, err) : arm->strategy->apply(job, err);
    run->wall_s = (double)(os_now_ns() - start) / 1e9;
    read_cpu(&run->user_s, &run->system_s);
    run->user_s -= user_s;
    run->system_s -= system_s;
    run->memory_bytes = -1;
    return failed < 0 ? error_wrap(err, "%s: %s", arm->strategy->name, act_names[act]) : 0;
}

static int live_once(struct arm *arm, bool is_warmup, struct error *err)
{
    struct bench_run runs[ACTS] = {0};
    struct acl_snapshot before = {0};
    struct acl_snapshot after = {0};
    int failed = acl_snapshot_take(&before, arm->job.tree, err);

    for (int act = 0; act < ACTS && failed == 0; act++) {
        failed = time_act(arm, (enum act)act, &runs[act], err);
        if (failed == 0)
            failed = acl_snapshot_take(&after, arm->job.tree, err);
        if (failed == 0) {
            arm->changed[act] = acl_snapshot_compare(&before, &after);
            arm->asked[act] = arm->job.asked;
            arm->objects = (int64_t)after.count;
        }
        acl_snapshot_done(&before);
        before = after;
        after = (struct acl_snapshot){0};
    }
    acl_snapshot_done(&before);
    for (int act = 0; act < ACTS && failed == 0 && !is_warmup; act++)
        arm->runs[act][arm->run_count] = runs[act];
    arm->run_count += failed == 0 && !is_warmup;
    return failed;
}

/* ---- arms ---- */

static int widen(const char *text, wchar_t *wide, struct error *err)
{
    if (MultiByteToWideChar(CP_UTF8, 0, text, -1, wide, ACL_PATH_MAX) > 0)
        return 0;
    return error_set(err, ERR_USAGE, "%s: not a path", text);
}

static int plant(struct bench *bench, struct arm *arm, struct error *err)
{
    wchar_t name[64];

    arm->job.sid = bench->sid;
    arm->job.roots = (unsigned)bench->settings->roots;
    (void)_snwprintf(name, 64, L"bench-acl-%hs", arm->strategy->name);
    if (acl_join(arm->job.tree, bench->directory, name, err) < 0 ||
        acl_join(arm->job.state, bench->directory, L"bench-acl-state", err) < 0 ||
        acl_join(arm->job.policy, bench->directory, L"bench-acl-policy.json", err) < 0)
        return -1;
    return acl_tree_plant(arm->job.tree, arm->job.roots, (unsigned)bench->settings->files, err);
}

/* An arm that fails is left out with its words; the others go on. */
static void leave_out(struct arm *arm, const struct error *problem)
{
    arm->is_out = true;
    (void)snprintf(arm->reason, sizeof arm->reason, "%.290s", problem->message);
    (void)fprintf(stderr, "bench-acl: not measured: %s\n", arm->reason);
}

static int add_arm(struct bench *bench, const struct acl_strategy *strategy, const wchar_t *sandbox,
                   struct error *err)
{
    struct arm *arm = &bench->arms[bench->arm_count];
    struct error problem;

    arm->strategy = strategy;
    arm->job.sandbox = sandbox;
    if (plant(bench, arm, err) < 0)
        return -1;
    bench->arm_count++;
    if (live_once(arm, true, &problem) < 0)
        leave_out(arm, &problem);
    return 0;
}

/* Does a descriptor written here look different afterwards? Where the system keeps only a part of it
 * (Wine: what fits into a mode), counting what changed would count nothing. */
static int look_at_observer(struct bench *bench, struct error *err)
{
    const struct arm *walker = NULL;

    (void)err;
    for (size_t i = 0; i < bench->arm_count; i++) {
        if (strcmp(bench->arms[i].strategy->name, "walk") == 0 && !bench->arms[i].is_out)
            walker = &bench->arms[i];
    }
    bench->is_seen = walker != NULL && walker->changed[ACT_APPLY] == walker->asked[ACT_APPLY];
    if (!bench->is_seen)
        (void)fprintf(stderr, "bench-acl: this system does not show the entries that were written: "
                              "what changed is not counted\n");
    return 0;
}

static int run_rounds(struct bench *bench)
{
    struct stats_rng rng;
    size_t order[2 * ARMS_MAX];
    size_t measured = 0;

    stats_rng_init(&rng, bench->settings->seed);
    for (uint64_t block = 0; block < (bench->settings->rounds + 1) / 2; block++) {
        schedule_block(&rng, bench->arm_count, order);
        for (size_t i = 0; i < 2 * bench->arm_count; i++) {
            struct arm *arm = &bench->arms[order[i]];
            struct error problem;

            if (!arm->is_out && live_once(arm, false, &problem) < 0)
                leave_out(arm, &problem);
        }
    }
    for (size_t i = 0; i < bench->arm_count; i++)
        measured += !bench->arms[i].is_out;
    return measured > 0 ? 0 : -1;
}

/* ---- the report ---- */

static char *now_text(void)
{
    time_t now = time(NULL);
    struct tm *utc = gmtime(&now);
    char text[40];

    if (utc == NULL || strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", utc) == 0)
        return NULL;
    return strdup(text);
}

static int fill_host(struct bench_report *report, struct error *err)
{
    HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");
    bool is_wine = ntdll != NULL && GetProcAddress(ntdll, "wine_get_version") != NULL;
    SYSTEM_INFO system;

    GetSystemInfo(&system);
    report->host.os = strdup("windows");
    report->host.machine = strdup(is_wine ? "wine" : "");
    report->host.cpus = system.dwNumberOfProcessors;
    report->host.load_before = report->host.load_after = -1;
    report->identity = strdup("user");
    return report->host.os != NULL && report->host.machine != NULL && report->identity != NULL
               ? 0
               : error_memory(err, "facts about this machine");
}

/* The sandbox's entries are about accounts that nobody has: that this system shows those of an account
 * given by --sid says nothing about them. */
static bool is_counted(const struct bench *bench, const struct arm *arm)
{
    return bench->is_seen &&
           (arm->strategy != &acl_holdfast || strcmp(bench->settings->sid, usual_sid) == 0);
}

static int add_row(const struct bench *bench, const struct arm *arm, enum act act,
                   struct bench_report *report, struct error *err)
{
    const char *name = arm->strategy->name;
    const char *reference =
        arm == bench->arms || bench->arms[0].is_out ? NULL : bench->arms[0].strategy->name;
    char benchmark[64];
    char command[160];
    char number[24];
    struct bench_row *row;
    struct bench_run *runs;

    (void)snprintf(benchmark, sizeof benchmark, "acl.%s", act_names[act]);
    (void)snprintf(number, sizeof number, "%llu", (unsigned long long)bench->settings->files);
    (void)snprintf(command, sizeof command, "%s files=%s %s", benchmark, number, name);
    row = bench_report_add_row(report, command, benchmark, name, reference, err);
    runs = row != NULL ? bench_row_add_runs(row, arm->run_count, err) : NULL;
    if (runs == NULL || bench_row_set_parameter(row, "files", number, err) < 0)
        return -1;
    memcpy(runs, arm->runs[act], arm->run_count * sizeof *runs);
    if (bench_row_set_count(row, "objects", arm->objects, err) < 0 ||
        (is_counted(bench, arm) &&
         bench_row_set_count(row, "descriptors_changed", arm->changed[act], err) < 0) ||
        (arm->strategy != &acl_holdfast &&
         bench_row_set_count(row, "descriptors_asked", arm->asked[act], err) < 0))
        return -1;
    return 0;
}

static int fill_report(const struct bench *bench, struct bench_report *report, struct error *err)
{
    if (fill_host(report, err) < 0)
        return -1;
    report->seed = bench->settings->seed;
    for (size_t i = 0; i < bench->arm_count; i++) {
        const struct arm *arm = &bench->arms[i];

        if (arm->is_out &&
            bench_report_add_skipped(report, "acl", arm->strategy->name, arm->reason, err) < 0)
            return -1;
        for (int act = 0; act < ACTS && !arm->is_out; act++) {
            if (add_row(bench, arm, (enum act)act, report, err) < 0)
                return -1;
        }
    }
    return bench_report_finish(report, err);
}

static void print_table(const struct bench *bench, const struct bench_report *report)
{
    (void)printf("%-10s %-10s %12s %12s %10s %10s %10s\n", "act", "strategy", "median ms", "p10 ms",
                 "changed", "asked", "objects");
    for (int act = 0; act < ACTS; act++) {
        for (size_t i = 0; i < report->row_count; i++) {
            const struct bench_row *row = &report->rows[i];
            char changed[24] = "-";
            char asked[24] = "-";
            long long objects = 0;

            if (strcmp(row->benchmark + 4, act_names[act]) != 0)
                continue;
            for (size_t c = 0; c < row->count_count; c++) {
                const struct bench_row_count *count = &row->counts[c];

                if (strcmp(count->name, "descriptors_changed") == 0)
                    (void)snprintf(changed, sizeof changed, "%lld", (long long)count->value);
                else if (strcmp(count->name, "descriptors_asked") == 0)
                    (void)snprintf(asked, sizeof asked, "%lld", (long long)count->value);
                else
                    objects = count->value;
            }
            (void)printf("%-10s %-10s %12.3f %12.3f %10s %10s %10lld\n", act_names[act],
                         row->subject, row->wall.median * 1e3, row->wall.p10 * 1e3, changed, asked,
                         objects);
        }
    }
    (void)printf("%llu roots, %llu files%s; seed %llu\n",
                 (unsigned long long)bench->settings->roots,
                 (unsigned long long)bench->settings->files,
                 strcmp(report->host.machine, "wine") == 0 ? "; Wine: unverified" : "",
                 (unsigned long long)bench->settings->seed);
}

static int write_report(const struct bench *bench, char *started, struct error *err)
{
    struct bench_report report;
    int failed;

    bench_report_init(&report);
    report.started = started;
    report.finished = now_text();
    failed = fill_report(bench, &report, err);
    if (failed == 0)
        print_table(bench, &report);
    if (failed == 0 && bench->settings->json != NULL)
        failed = bench_report_write(&report, bench->settings->json, err);
    bench_report_done(&report);
    return failed;
}

/* ---- all of it ---- */

static int add_arms(struct bench *bench, const wchar_t *sandbox, struct error *err)
{
    for (size_t i = 0; acl_strategies[i] != NULL; i++) {
        if (add_arm(bench, acl_strategies[i], NULL, err) < 0)
            return -1;
    }
    if (bench->settings->sandbox != NULL && add_arm(bench, &acl_holdfast, sandbox, err) < 0)
        return -1;
    return look_at_observer(bench, err);
}

static int measure(struct bench *bench, struct error *err)
{
    wchar_t sandbox[ACL_PATH_MAX] = L"";
    char *started = now_text();

    if (widen(bench->settings->directory, bench->directory, err) < 0 ||
        (bench->settings->sandbox != NULL && widen(bench->settings->sandbox, sandbox, err) < 0))
        return -1;
    if (!ConvertStringSidToSidA(bench->settings->sid, &bench->sid))
        return error_set(err, ERR_USAGE, "--sid: %s: not a SID", bench->settings->sid);
    if (add_arms(bench, sandbox, err) < 0)
        return -1;
    if (run_rounds(bench) < 0)
        return error_set(err, ERR_INVALID, "nothing could be measured");
    return write_report(bench, started, err);
}

static void clean_up(struct bench *bench)
{
    for (size_t i = 0; i < bench->arm_count; i++) {
        const struct acl_job *job = &bench->arms[i].job;

        if (!acl_tree_remove(job->tree))
            (void)fprintf(stderr, "bench-acl: %ls could not be removed\n", job->tree);
        (void)acl_tree_remove(job->state);
        (void)DeleteFileW(job->policy);
    }
    (void)LocalFree(bench->sid);
    free(bench->arms);
}

int main(int argc, char **argv)
{
    struct settings settings = {
        .sid = usual_sid, .roots = 10, .files = 1000, .rounds = 10, .seed = 1};
    struct bench bench = {.settings = &settings, .arms = calloc(ARMS_MAX, sizeof *bench.arms)};
    struct error err = {0};
    int first = 0;
    int result = options_parse_mixed(&table, argc, argv, &settings, &first, &err);

    if (result == OPTIONS_ANSWERED)
        return 0;
    if (result == OPTIONS_PARSED && argc - first != 1)
        result = error_set(&err, ERR_USAGE, "give one directory (see --help)");
    if (result == OPTIONS_PARSED && bench.arms == NULL)
        result = error_memory(&err, "arms");
    if (result == OPTIONS_PARSED) {
        settings.directory = argv[first];
        result = measure(&bench, &err);
    }
    clean_up(&bench);
    if (result < 0) {
        error_print(stderr, "bench-acl", &err);
        return 2;
    }
    return 0;
}

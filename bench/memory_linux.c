/*
 * What sandboxes weigh: n of them at once, each with a target that only waits.
 * A row for each n: its time is how long it took until all n ran, its memory
 * the share of one sandbox in all the memory of all its processes
 * (proportional set size, proc_pid_smaps(5); resident less shared where that
 * may not be read). What the kernel keeps for namespaces and mounts is not in
 * it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/os.h"
#include "base/text.h"
#include "bench/builtin.h"
#include "bench/programs.h"

enum {
    AT_ONCE_MAX = 256,
    BLOCKS = 2,
    READY_MS = 120000,
    PROCESSES_MAX = 4096
};

/* One sandbox that is held. */
struct held {
    pid_t pid;
    int input;  /* closing it lets the target end */
    int output; /* "." arrives when the target runs */
};

/* The command of a subject, ready to be executed. */
struct holding {
    const char *name;
    char *path;
    struct words argv, env;
};

static _Noreturn void become(const struct holding *holding, const struct place *place, int input,
                             int output)
{
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

    if (null < 0 || dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(null, 2) < 0)
        _exit(126);
    if (place->identity.uid != geteuid() &&
        (setgroups(0, NULL) < 0 || setgid(place->identity.gid) < 0 ||
         setuid(place->identity.uid) < 0))
        _exit(126);
    if (setpgid(0, 0) < 0 || chdir(place->ws) < 0)
        _exit(126);
    (void)execve(holding->path, holding->argv.items, holding->env.items);
    _exit(127);
}

static int start_one(const struct holding *holding, const struct place *place, struct held *held,
                     struct error *err)
{
    int input[2];
    int output[2];

    if (pipe2(input, O_CLOEXEC) < 0)
        return error_os(err, errno, "pipe");
    if (pipe2(output, O_CLOEXEC) < 0) {
        (void)close(input[0]);
        (void)close(input[1]);
        return error_os(err, errno, "pipe");
    }
    held->pid = fork();
    if (held->pid == 0)
        become(holding, place, input[0], output[1]);
    (void)close(input[0]);
    (void)close(output[1]);
    held->input = input[1];
    held->output = output[0];
    return held->pid > 0 ? 0 : error_os(err, errno, "fork");
}

/* Some sandboxes print words of their own: the target's byte is the one that is a single dot. */
static bool await_ready(const struct held *held, uint64_t deadline_ns)
{
    for (;;) {
        struct pollfd wait = {.fd = held->output, .events = POLLIN};
        uint64_t now = os_now_ns();
        char bytes[512];
        ssize_t got;

        if (now >= deadline_ns || poll(&wait, 1, (int)((deadline_ns - now) / 1000000) + 1) <= 0)
            return false;
        got = read(held->output, bytes, sizeof bytes);
        if (got <= 0)
            return false;
        if (bytes[got - 1] == '.')
            return true;
    }
}

static void end_all(struct held *held, size_t count)
{
    for (size_t i = 0; i < count; i++)
        (void)close(held[i].input);
    for (size_t i = 0; i < count; i++) {
        uint64_t give_up = os_now_ns() + (uint64_t)10 * 1000000000u;

        while (held[i].pid > 0 && waitpid(held[i].pid, NULL, WNOHANG) == 0) {
            if (os_now_ns() > give_up)
                (void)kill(-held[i].pid, SIGKILL);
            (void)usleep(500);
        }
        (void)close(held[i].output);
    }
    while (waitpid(-1, NULL, WNOHANG) > 0) /* orphans: this process is their subreaper */
        ;
}

/* ---- weighing ---- */

struct weight {
    uint64_t bytes;
    size_t processes;
};

/* Pss of one process; resident less shared where the kernel keeps Pss from us. */
static uint64_t weigh_process(long pid)
{
    char path[64];
    char line[256];
    unsigned long long pss_kb = 0;
    unsigned long long resident = 0;
    unsigned long long shared = 0;

    (void)snprintf(path, sizeof path, "/proc/%ld/smaps_rollup", pid);
    AUTO_FILE FILE *rollup = fopen(path, "re");
    while (rollup != NULL && fgets(line, sizeof line, rollup) != NULL) {
        if (sscanf(line, "Pss: %llu kB", &pss_kb) == 1)
            return pss_kb * 1024u;
    }
    (void)snprintf(path, sizeof path, "/proc/%ld/statm", pid);
    AUTO_FILE FILE *statm = fopen(path, "re");
    if (statm == NULL || fscanf(statm, "%*u %llu %llu", &resident, &shared) != 2)
        return 0;
    return (resident - shared) * (unsigned long long)sysconf(_SC_PAGESIZE);
}

static void weigh_tree(long pid, struct weight *weight, unsigned depth)
{
    char path[64];
    long child;

    weight->bytes += weigh_process(pid);
    weight->processes++;
    (void)snprintf(path, sizeof path, "/proc/%ld/task/%ld/children", pid, pid);
    AUTO_FILE FILE *children = fopen(path, "re");
    while (depth < 32 && children != NULL && fscanf(children, "%ld", &child) == 1)
        weigh_tree(child, weight, depth + 1);
}

/* ---- measuring ---- */

/* One run: n sandboxes started, weighed, ended. */
static int measure(struct context *context, const struct holding *holding, size_t count,
                   struct bench_run *run, struct weight *weight, struct error *err)
{
    AUTO_FREE struct held *held = calloc(count, sizeof *held);
    uint64_t start = os_now_ns();
    size_t started = 0;
    int failed = 0;

    if (held == NULL)
        return error_memory(err, "sandboxes");
    for (; started < count && failed == 0; started++)
        failed = start_one(holding, &context->place, &held[started], err);
    for (size_t i = 0; i < started && failed == 0; i++) {
        if (!await_ready(&held[i], start + (uint64_t)READY_MS * 1000000u))
            failed = error_set(err, ERR_INVALID, "%s: sandbox %zu of %zu did not start its target",
                               holding->name, i + 1, count);
    }
    *run = (struct bench_run){.wall_s = (double)(os_now_ns() - start) / 1e9};
    *weight = (struct weight){0};
    for (size_t i = 0; i < started && failed == 0; i++)
        weigh_tree(held[i].pid, weight, 0);
    run->memory_bytes = (int64_t)(weight->bytes / count);
    end_all(held, started);
    return failed;
}

static int prepare(struct context *context, const struct subject *subject, struct holding *holding,
                   struct error *err)
{
    AUTO_FREE char *hold = context_program(context, "bench-hold", err);
    const char *command[] = {hold, NULL};

    *holding = (struct holding){.name = subject->name};
    if (hold == NULL || subject_expand(subject, &context->place, NULL, command, &holding->argv,
                                       &holding->env, err) < 0)
        return -1;
    holding->path = programs_search(holding->argv.items[0], NULL, err);
    return holding->path != NULL ? 0 : -1;
}

static void holding_done(struct holding *holding)
{
    free(holding->path);
    words_done(&holding->argv);
    words_done(&holding->env);
}

static int measure_subject(struct context *context, const struct subject *subject, const char *text,
                           size_t count, struct error *err)
{
    struct holding holding __attribute__((cleanup(holding_done))) = {0};
    struct bench_run runs[2 * BLOCKS];
    struct weight weight;
    char command[160];
    struct bench_row *row;
    struct bench_run *to;
    struct error problem = {0};

    if (prepare(context, subject, &holding, err) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
        if (measure(context, &holding, count, &runs[i], &weight, &problem) < 0)
            return bench_report_add_skipped(context->report, "memory.hold", subject->name,
                                            problem.message, err);
    }
    (void)snprintf(command, sizeof command, "memory.hold sandboxes=%.20s %.100s", text,
                   subject->name);
    row = bench_report_add_row(context->report, command, "memory.hold", subject->name, NULL, err);
    to = row != NULL ? bench_row_add_runs(row, ARRAY_SIZE(runs), err) : NULL;
    if (to == NULL || bench_row_set_parameter(row, "sandboxes", text, err) < 0)
        return -1;
    memcpy(to, runs, sizeof runs);
    return bench_row_set_count(row, "processes", (int64_t)(weight.processes / count), err);
}

int bench_memory(struct context *context, struct error *err)
{
    static const char *const usual[] = {"1", "4", "16", "64"};
    AUTO_WORDS struct words values =
        context_values(context, "sandboxes", usual, ARRAY_SIZE(usual), 3, err);

    if (values.count == 0)
        return -1;
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
        return error_os(err, errno, "prctl");
    for (size_t i = 0; i < values.count; i++) {
        uint64_t count;

        if (!text_parse_u64(values.items[i], AT_ONCE_MAX, &count) || count == 0)
            return error_set(err, ERR_USAGE, "sandboxes: %s: not a number from 1 to %d",
                             values.items[i], AT_ONCE_MAX);
        for (size_t s = 0; s < context->subjects.count; s++) {
            const struct subject *subject = &context->subjects.items[s];

            console_set_title(context->console, "memory.hold %s x %s", values.items[i],
                              subject->name);
            console_step(context->console);
            if (subject->reason == NULL &&
                measure_subject(context, subject, values.items[i], (size_t)count, err) < 0)
                return -1;
        }
    }
    return 0;
}

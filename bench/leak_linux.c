/*
 * What stays after many runs: processes, mounts, control groups, files,
 * memory segments. And whether the last runs are slower than the first. Counts
 * of zero are the only good result; where others use the machine meanwhile,
 * mounts and control groups of theirs may be counted (run it alone).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/os.h"
#include "base/text.h"
#include "bench/builtin.h"

enum {
    SPAWNS = 10000,
    SPAWNS_QUICK = 500,
    BATCH = 250,
    DEPTH_MAX = 16
};

/* Nobody waits longer than this for one subject; the row says how many runs it were. */
static const double seconds_max = 40;

struct traces {
    int64_t mounts, cgroups, files, segments;
};

static int64_t count_lines(const char *path)
{
    AUTO_FILE FILE *file = fopen(path, "re");
    int64_t lines = 0;
    int byte;

    while (file != NULL && (byte = getc(file)) != EOF)
        lines += byte == '\n';
    return lines;
}

/* Entries below a directory: all, directories only, or those of one owner (without going deeper). */
enum counting {
    COUNT_ALL,
    COUNT_DIRECTORIES,
    COUNT_OWNED
};

static int64_t count_below(const char *path, enum counting counting, uid_t owner, unsigned depth)
{
    DIR *directory = opendir(path);
    const struct dirent *entry;
    int64_t count = 0;

    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        struct stat status;
        char below[4096];

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            fstatat(dirfd(directory), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        count += counting == COUNT_ALL || (counting == COUNT_OWNED && status.st_uid == owner) ||
                 (counting == COUNT_DIRECTORIES && S_ISDIR(status.st_mode));
        if (counting == COUNT_OWNED || !S_ISDIR(status.st_mode) || depth == DEPTH_MAX)
            continue;
        if (snprintf(below, sizeof below, "%s/%s", path, entry->d_name) < (int)sizeof below)
            count += count_below(below, counting, owner, depth + 1);
    }
    if (directory != NULL)
        (void)closedir(directory);
    return count;
}

static struct traces look(const struct place *place)
{
    static const char *const shared[] = {"/tmp", "/var/tmp", "/dev/shm", "/run/user"};
    struct traces traces = {
        .mounts = count_lines("/proc/self/mountinfo"),
        .cgroups = count_below("/sys/fs/cgroup", COUNT_DIRECTORIES, 0, 0),
        .files = count_below(place->fixture.path, COUNT_ALL, 0, 0),
        .segments = count_lines("/proc/sysvipc/shm") + count_lines("/proc/sysvipc/sem") +
                    count_lines("/proc/sysvipc/msg"),
    };

    for (size_t i = 0; i < ARRAY_SIZE(shared); i++)
        traces.files += count_below(shared[i], COUNT_OWNED, place->identity.uid, 0);
    return traces;
}

/* ---- the runs ---- */

static int make_runs(struct context *context, const struct subject *subject, int command,
                     size_t spawns, struct stopwatch_sample *samples, size_t *made,
                     struct error *err)
{
    struct wire_run runs[BATCH];
    uint64_t start = os_now_ns();

    for (size_t i = 0; i < BATCH; i++)
        runs[i] = (struct wire_run){.command = (uint32_t)command};
    for (*made = 0; *made < spawns; *made += BATCH) {
        if (*made > 0 && (double)(os_now_ns() - start) / 1e9 > seconds_max)
            break;
        if (stopwatch_run(context->stopwatch, runs, BATCH, samples + *made, err) < 0)
            return -1;
        console_set_title(context->console, "leak %s: %zu of %zu", subject->name, *made + BATCH,
                          spawns);
        console_step(context->console);
    }
    return 0;
}

static double p10_of(const struct stopwatch_sample *samples, size_t count)
{
    AUTO_FREE double *times = calloc(count + 1, sizeof *times);

    if (times == NULL)
        return 0;
    for (size_t i = 0; i < count; i++)
        times[i] = (double)samples[i].wall_ns / 1e9;
    stats_sort(times, count);
    return stats_quantile(times, count, 0.1);
}

/* What others removed meanwhile is not ours to count. */
static int64_t grown(int64_t before, int64_t after)
{
    return after > before ? after - before : 0;
}

static int add_row(struct context *context, const struct subject *subject,
                   const struct stopwatch_sample *samples, size_t made, const struct traces *before,
                   const struct traces *after, struct error *err)
{
    char command[128];
    struct bench_row *row;
    struct bench_run *runs;
    int64_t processes = 0;

    (void)snprintf(command, sizeof command, "leak %.100s", subject->name);
    row = bench_report_add_row(context->report, command, "leak", subject->name, NULL, err);
    runs = row != NULL ? bench_row_add_runs(row, made, err) : NULL;
    if (runs == NULL)
        return -1;
    for (size_t i = 0; i < made; i++) {
        runs[i] = bench_run_of(&samples[i], 0);
        processes += (samples[i].flags & STOPWATCH_LEFTOVER) != 0;
    }
    if (bench_row_set_count(row, "processes_left", processes, err) < 0 ||
        bench_row_set_count(row, "mounts_left", grown(before->mounts, after->mounts), err) < 0 ||
        bench_row_set_count(row, "cgroups_left", grown(before->cgroups, after->cgroups), err) < 0 ||
        bench_row_set_count(row, "files_left", grown(before->files, after->files), err) < 0 ||
        bench_row_set_count(row, "segments_left", grown(before->segments, after->segments), err) <
            0)
        return -1;
    return bench_row_set_note(row, err, "%zu runs; the last tenth took %.3f of the first", made,
                              p10_of(samples + made - made / 10, made / 10) /
                                  p10_of(samples, made / 10));
}

static int measure(struct context *context, const struct subject *subject, struct error *err)
{
    AUTO_FREE char *noop = context_program(context, "bench-noop", err);
    const char *argv[] = {noop, NULL};
    const struct stopwatch_command base = {.timeout_ms = 60000, .is_tidy = true};
    size_t spawns = context->settings->is_quick ? SPAWNS_QUICK : SPAWNS;
    AUTO_FREE struct stopwatch_sample *samples = calloc(spawns + BATCH, sizeof *samples);
    struct traces before;
    struct traces after;
    size_t made = 0;
    int command;

    if (noop == NULL || samples == NULL)
        return error_memory(err, "leak");
    command = subject_define(subject, &context->place, NULL, argv, &base, context->stopwatch, err);
    if (command < 0)
        return -1;
    before = look(&context->place);
    if (make_runs(context, subject, command, spawns, samples, &made, err) < 0)
        return -1;
    (void)usleep(200000); /* the kernel frees namespaces after the process that held them */
    after = look(&context->place);
    return add_row(context, subject, samples, made, &before, &after, err);
}

int bench_leak(struct context *context, struct error *err)
{
    for (size_t i = 0; i < context->subjects.count; i++) {
        const struct subject *subject = &context->subjects.items[i];

        if (subject->reason == NULL && measure(context, subject, err) < 0)
            return -1;
    }
    return bench_api_leak(context, err);
}

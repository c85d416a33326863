#include "bench/subjects.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buffer.h"
#include "base/os.h"
#include "conformance/data.h"

enum {
    TRY_MS = 20000,
    SCRIPT_MAX = 1 << 20,
    ERROR_WORDS = 400
};

/* In the order of tables. Sandboxes that only test the suite are not among them. */
const char *const subjects_shipped[] = {
    "none", "linux-namespace", "linux-landlock",  "bwrap",  "firejail", "nsjail", "minijail",
    "runc", "codex",           "sandbox-runtime", "docker", NULL,
};

void subjects_done(struct subjects *subjects)
{
    for (size_t i = 0; i < subjects->count; i++) {
        adapter_done(&subjects->items[i].adapter);
        free(subjects->items[i].name);
        free(subjects->items[i].programs);
        free(subjects->items[i].reason);
    }
    free(subjects->items);
    *subjects = (struct subjects){0};
}

/* Scripts are promised an empty folder for each run (conformance/adapter.h). The command line is fixed
 * for all runs here, so that the script's copy makes it: its parent's name is the run's own. */
static const char make_scratch[] =
    "HOLDFAST_SCRATCH=$HOLDFAST_SCRATCH/$$/scratch && mkdir -p \"$HOLDFAST_SCRATCH\" || exit 125\n";

/* The script with that after its first line, "#!". */
static int write_script(int fd, const char *bytes, size_t size)
{
    const char *end = memchr(bytes, '\n', size);
    size_t first = end != NULL ? (size_t)(end - bytes) + 1 : 0;

    return write(fd, bytes, first) == (ssize_t)first &&
                   write(fd, make_scratch, sizeof make_scratch - 1) == sizeof make_scratch - 1 &&
                   write(fd, bytes + first, size - first) == (ssize_t)(size - first)
               ? 0
               : -1;
}

/* An ordinary user may not be able to reach the folder of the adapter: its script goes along. */
static int bring_script(struct subject *subject, const struct place *place, struct error *err)
{
    struct adapter *adapter = &subject->adapter;
    AUTO_FREE char *bytes = NULL;
    AUTO_CLOSE int fd = -1;
    char path[4096];
    size_t size = 0;
    char *copy;

    if (adapter->exec == NULL)
        return 0;
    if (os_read_file(adapter->exec, SCRIPT_MAX, &bytes, &size, err) < 0)
        return -1;
    (void)snprintf(path, sizeof path, "%.3800s/%.200s.sh", place->fixture.programs, subject->name);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0755);
    if (fd < 0 || write_script(fd, bytes, size) < 0 || fchmod(fd, 0755) < 0)
        return error_os(err, errno, "write %s", path);
    copy = strdup(path);
    if (copy == NULL)
        return error_memory(err, path);
    free(adapter->exec);
    adapter->exec = copy;
    return 0;
}

/* A shipped adapter by its name, or a file. */
static char *find_file(const char *wish, struct error *err)
{
    char relative[300];
    char *copy;

    if (strchr(wish, '/') == NULL && strstr(wish, ".json") == NULL) {
        (void)snprintf(relative, sizeof relative, "adapters/%.200s.json", wish);
        return data_find(relative, err);
    }
    copy = strdup(wish);
    if (copy == NULL)
        (void)error_memory(err, wish);
    return copy;
}

static int add(struct subjects *subjects, const struct place *place, const char *wish,
               struct error *err)
{
    AUTO_FREE char *path = find_file(wish, err);
    struct subject *grown =
        realloc(subjects->items, (subjects->count + 1) * sizeof *subjects->items);
    struct subject *subject;

    if (grown == NULL)
        return error_memory(err, wish);
    subjects->items = grown;
    if (path == NULL)
        return -1;
    subject = &grown[subjects->count];
    *subject = (struct subject){0};
    if (adapter_read(&subject->adapter, path, err) < 0)
        return -1;
    for (size_t i = 0; i < subjects->count; i++) {
        if (strcmp(grown[i].name, subject->adapter.name) == 0) {
            adapter_done(&subject->adapter); /* asked for twice: once is enough */
            return 0;
        }
    }
    subjects->count++;
    subject->name = strdup(subject->adapter.name);
    subject->programs = strdup(place->fixture.programs);
    subject->is_ours = subject->adapter.mode != NULL && strcmp(subject->name, "none") != 0;
    if (subject->name == NULL || subject->programs == NULL)
        return error_memory(err, wish);
    return bring_script(subject, place, err);
}

static int add_all(struct subjects *subjects, const struct bench_settings *settings,
                   const struct place *place, struct error *err)
{
    if (add(subjects, place, "none", err) < 0)
        return -1;
    for (size_t i = 0; i < settings->modes.count; i++) {
        if (add(subjects, place, settings->modes.items[i], err) < 0)
            return error_wrap(err, "--mode");
    }
    for (size_t i = 0; i < settings->adapters.count; i++) {
        if (add(subjects, place, settings->adapters.items[i], err) < 0)
            return error_wrap(err, "--adapter");
    }
    if (settings->modes.count + settings->adapters.count > 0)
        return 0;
    for (size_t i = 1; subjects_shipped[i] != NULL; i++) {
        if (add(subjects, place, subjects_shipped[i], err) < 0)
            return -1;
    }
    return 0;
}

/* ---- command lines ---- */

static int add_environment(const struct place *place, struct words *env, struct error *err)
{
    const char *path = getenv("PATH");

    if (words_add_format(env, err, "PATH=%.400s",
                         path != NULL ? path : "/usr/local/bin:/usr/bin:/bin") < 0 ||
        words_add_format(env, err, "HOME=%.400s", place->home) < 0 ||
        words_add_format(env, err, "USER=%s", place->identity.name) < 0)
        return -1;
    return words_add(env, "LANG=C.UTF-8", err);
}

static int take_words(char **from, struct words *to, struct error *err)
{
    int failed = from == NULL ? -1 : words_add_all(to, (const char *const *)from, err);

    adapter_free_words(from);
    return failed;
}

int subject_expand(const struct subject *subject, const struct place *place,
                   const struct subject_wish *wish, const char *const *command, struct words *argv,
                   struct words *env, struct error *err)
{
    static const struct subject_wish usual = {0};
    const struct subject_wish *chosen = wish != NULL ? wish : &usual;
    const char *extra[] = {place->extra, NULL};
    const char *protect[] = {place->git, NULL};
    const char *denied[] = {place->secret, NULL};
    static const char *const none[] = {NULL};
    struct adapter_policy policy = {
        .workspace = chosen->workspace != NULL ? chosen->workspace : place->ws,
        .writable = chosen->is_plain           ? none
                    : chosen->writable != NULL ? chosen->writable
                                               : extra,
        .protect = chosen->protect != NULL ? chosen->protect : protect,
        .protect_names = chosen->protect_names,
        .deny_read = chosen->is_plain ? none : denied,
        .network = "none",
        .home = place->home,
        .tmp = "/tmp",
        .policy_file = place->policy,
        .programs = subject->programs,
        .peers = place->peers,
        .scratch = place->scratch,
    };

    policy.cwd = policy.workspace;
    if (take_words(adapter_expand(&subject->adapter, &policy, command, err), argv, err) < 0)
        return error_wrap(err, "%s", subject->name);
    if (add_environment(place, env, err) < 0)
        return -1;
    return take_words(adapter_expand_env(&subject->adapter, &policy, err), env, err);
}

int subject_define(const struct subject *subject, const struct place *place,
                   const struct subject_wish *wish, const char *const *command,
                   const struct stopwatch_command *base, struct stopwatch *stopwatch,
                   struct error *err)
{
    AUTO_WORDS struct words argv = WORDS_EMPTY;
    AUTO_WORDS struct words env = WORDS_EMPTY;
    struct stopwatch_command defined = *base;

    if (subject_expand(subject, place, wish, command, &argv, &env, err) < 0)
        return -1;
    defined.argv = (const char *const *)argv.items;
    defined.env = (const char *const *)env.items;
    defined.cwd = wish != NULL && wish->workspace != NULL ? wish->workspace : place->ws;
    return stopwatch_define(stopwatch, &defined, err);
}

/* ---- trying ---- */

/* What the sandbox said, or how it ended, or why it did not start. */
static int set_reason(struct subject *subject, const char *output,
                      const struct stopwatch_sample *sample, const struct error *problem,
                      struct error *err)
{
    char words[ERROR_WORDS];

    if (problem->code != 0)
        (void)snprintf(words, sizeof words, "%s", problem->message);
    else if (output != NULL && output[0] != '\0')
        (void)snprintf(words, sizeof words, "%.*s", (int)strcspn(output, "\n"), output);
    else
        (void)snprintf(words, sizeof words, "exit status %d", sample->exit_status);
    subject->reason = strdup(words);
    return subject->reason != NULL ? 0 : error_memory(err, "a reason");
}

/* Runs nothing in the sandbox, twice; what keeps it from running becomes the reason. */
static int try_subject(struct subject *subject, const struct place *place,
                       struct stopwatch *stopwatch, struct error *err)
{
    AUTO_FREE char *noop = fixture_program(&place->fixture, "bench-noop", err);
    const char *command[] = {noop, NULL};
    const struct stopwatch_command base = {.output = STOPWATCH_PIPE,
                                           .errors = STOPWATCH_ERRORS_OUTPUT,
                                           .timeout_ms = TRY_MS,
                                           .is_tidy = true};
    struct error problem = {0};
    int number;

    if (noop == NULL)
        return -1;
    number = subject_define(subject, place, NULL, command, &base, stopwatch, &problem);
    for (int i = 0; i < 2; i++) {
        struct stopwatch_sample sample = {0};
        AUTO_FREE char *output = NULL;
        size_t size = 0;

        if (number < 0 ||
            stopwatch_capture(stopwatch, number, &sample, &output, &size, &problem) < 0 ||
            sample.exit_status != 0) {
            *err = problem;
            return problem.code == ERR_INTERRUPTED || problem.code == ERR_PROTOCOL
                       ? -1
                       : set_reason(subject, output, &sample, &problem, err);
        }
        subject->once_s = (double)sample.wall_ns / 1e9;
    }
    return 0;
}

int subjects_open(struct subjects *subjects, const struct bench_settings *settings,
                  struct place *place, struct stopwatch *stopwatch, struct error *err)
{
    *subjects = (struct subjects){0};
    if (add_all(subjects, settings, place, err) < 0)
        return -1;
    for (size_t i = 0; i < subjects->count; i++) {
        if (try_subject(&subjects->items[i], place, stopwatch, err) < 0)
            return -1;
    }
    return 0;
}

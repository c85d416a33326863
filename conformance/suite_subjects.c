/* Which sandboxes are judged: their adapters, expectations, versions. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buffer.h"
#include "base/os.h"
#include "conformance/data.h"
#include "conformance/suite.h"
#include "fixtures/keeper.h"
#include "fixtures/tree_remove.h"

enum {
    VERSION_PATIENCE_MS = 5000,
    SCRIPT_MAX = 1024 * 1024
};

/* What is judged when nothing is asked for. */
static const char *const own_modes[] = {"linux-namespace", "linux-landlock"};

/* An ordinary user may not be able to reach the folder of the adapter: a script goes along. */
static int bring_script(struct suite *suite, struct adapter *adapter, struct error *err)
{
    AUTO_FREE char *bytes = NULL;
    char path[4096];
    size_t size = 0;
    AUTO_CLOSE int fd = -1;
    char *copy;

    if (adapter->exec == NULL)
        return 0;
    if (os_read_file(adapter->exec, SCRIPT_MAX, &bytes, &size, err) < 0)
        return error_wrap(err, "adapter %s", adapter->name);
    (void)snprintf(path, sizeof path, "%.3000s/%zu-%.200s", suite->harness.fixture.programs,
                   suite->adapter_count, adapter->name);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0755);
    if (fd < 0 || write(fd, bytes, size) != (ssize_t)size || fchmod(fd, 0755) < 0)
        return error_os(err, errno, "write %s", path);
    copy = strdup(path);
    if (copy == NULL)
        return error_memory(err, path);
    free(adapter->exec);
    adapter->exec = copy;
    return 0;
}

static int read_expectations(struct expectation_list *list, const char *name, struct error *err)
{
    char relative[300];
    struct error ignored;
    AUTO_FREE char *path = NULL;

    (void)snprintf(relative, sizeof relative, "expectations/%.200s.json", name);
    path = data_find(relative, &ignored);
    if (path == NULL)
        return 0; /* nobody promised anything for it: every case is expected to hold */
    return expectation_list_read(list, path, err);
}

static int add_adapter(struct suite *suite, const char *path, struct error *err)
{
    struct adapter *adapters =
        realloc(suite->adapters, (suite->adapter_count + 1) * sizeof *adapters);
    struct expectation_list *lists;
    struct adapter *adapter;

    if (adapters == NULL)
        return error_memory(err, path);
    suite->adapters = adapters;
    lists = realloc(suite->expectations, (suite->adapter_count + 1) * sizeof *lists);
    if (lists == NULL)
        return error_memory(err, path);
    suite->expectations = lists;
    adapter = &adapters[suite->adapter_count];
    memset(adapter, 0, sizeof *adapter);
    memset(&lists[suite->adapter_count], 0, sizeof *lists);
    if (adapter_read(adapter, path, err) < 0)
        return -1;
    for (size_t i = 0; i < suite->adapter_count; i++) {
        if (strcmp(adapters[i].name, adapter->name) == 0) {
            (void)error_set(err, ERR_USAGE, "%s: a sandbox named %s is already asked for", path,
                            adapter->name);
            adapter_done(adapter);
            return -1;
        }
    }
    suite->adapter_count++;
    if (bring_script(suite, adapter, err) < 0)
        return -1;
    return read_expectations(&lists[suite->adapter_count - 1], adapter->name, err);
}

static int add_mode(struct suite *suite, const char *mode, struct error *err)
{
    char relative[300];
    AUTO_FREE char *path = NULL;
    const struct adapter *adapter;

    if (strchr(mode, '/') != NULL || strlen(mode) > 200)
        return error_set(err, ERR_USAGE, "--mode %s: not a mode", mode);
    (void)snprintf(relative, sizeof relative, "adapters/%s.json", mode);
    path = data_find(relative, err);
    if (path == NULL)
        return error_wrap(err, "--mode %s", mode);
    if (add_adapter(suite, path, err) < 0)
        return -1;
    adapter = &suite->adapters[suite->adapter_count - 1];
    if (adapter->mode == NULL) {
        (void)error_set(err, ERR_USAGE, "--mode %s: not a mode of holdfast-sandbox", mode);
        return error_hint(err, "use --adapter %.60s", path);
    }
    return 0;
}

/* Versions ----------------------------------------------------------------------------------------- */

/* The first line of what a command prints within a few seconds; NULL: none. Some make files in their
 * home even then. */
static char *first_line_at_home(const char *const *command, const char *home)
{
    const char *const environment[] = {
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", home, "LANG=C.UTF-8",
        NULL};
    const char *argv[64] = {"/bin/sh", "-c", "exec \"$@\" 2>&1", "sh"};
    AUTO_BUFFER struct buffer text = BUFFER_EMPTY;
    AUTO_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    const uint64_t deadline = os_now_ns() + (uint64_t)VERSION_PATIENCE_MS * 1000000;
    struct error ignored;
    int ends[2];
    pid_t pid;
    ssize_t size;

    for (size_t i = 0; command[i] != NULL && i + 5 < ARRAY_SIZE(argv); i++)
        argv[i + 4] = command[i];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return NULL;
    pid = keeper_spawn(argv, environment, (const int[]){null, ends[1], null}, 3, &ignored);
    (void)close(ends[1]);
    for (;;) {
        struct pollfd wait = {.fd = ends[0], .events = POLLIN};
        char bytes[512];

        if (pid < 0 || os_now_ns() > deadline || poll(&wait, 1, 200) < 0)
            break;
        if (wait.revents == 0)
            continue;
        size = read(ends[0], bytes, sizeof bytes);
        if (size <= 0 || text.size > 4096)
            break;
        buffer_add(&text, bytes, (size_t)size);
    }
    (void)close(ends[0]);
    if (pid > 0) {
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, NULL, 0);
    }
    if (text.size == 0)
        return NULL;
    text.data[strcspn(text.data, "\r\n")] = '\0';
    return strndup(text.data, 200);
}

static char *first_line(const char *const *command)
{
    char home[] = "HOME=/var/tmp/holdfast-XXXXXX";
    char *path = home + strlen("HOME=");
    struct error ignored;
    char *line;

    if (mkdtemp(path) == NULL)
        return NULL;
    line = first_line_at_home(command, home);
    (void)tree_remove(path, &ignored);
    return line;
}

static char *ask_version(const struct suite *suite, const struct adapter *adapter)
{
    const struct adapter_policy nothing = {.workspace = "/",
                                           .network = "none",
                                           .cwd = "/",
                                           .home = "/",
                                           .tmp = "/tmp",
                                           .policy_file = "/dev/null",
                                           .programs = suite->harness.fixture.programs,
                                           .peers = suite->harness.peers};
    struct error ignored;
    char **words = adapter_expand_version(adapter, &nothing, &ignored);
    char *version = words != NULL ? first_line((const char *const *)words) : NULL;

    adapter_free_words(words);
    return version;
}

/* Subjects ----------------------------------------------------------------------------------------- */

static int add_subject(struct suite *suite, size_t index, enum identity_kind kind,
                       struct error *err)
{
    struct subject *subjects =
        realloc(suite->subjects, (suite->subject_count + 1) * sizeof *subjects);
    struct subject *subject;
    const char *reason;
    char feature[32];

    if (subjects == NULL)
        return error_memory(err, "subjects");
    suite->subjects = subjects;
    subject = &subjects[suite->subject_count];
    *subject = (struct subject){.adapter = &suite->adapters[index]};
    if (identity_resolve(kind, &subject->identity, err) < 0)
        return -1;
    if (suite->expectations[index].mode != NULL)
        subject->expectations = &suite->expectations[index];
    suite->subject_count++;
    subject->version = ask_version(suite, subject->adapter);
    (void)snprintf(feature, sizeof feature, "identity:%s", identity_name(kind));
    reason = adapter_cannot(subject->adapter, feature);
    if (reason == NULL && !subject->adapter->is_for_linux)
        reason = "not for Linux";
    if (reason != NULL)
        subject->reason = strdup(reason);
    return 0;
}

static int add_named(struct suite *suite, struct error *err)
{
    const struct settings *settings = suite->settings;

    for (size_t i = 0; i < settings->modes.count; i++) {
        if (add_mode(suite, settings->modes.items[i], err) < 0)
            return -1;
    }
    for (size_t i = 0; i < settings->adapters.count; i++) {
        if (add_adapter(suite, settings->adapters.items[i], err) < 0)
            return -1;
    }
    for (size_t i = 0; suite->adapter_count == 0 && i < ARRAY_SIZE(own_modes); i++) {
        if (add_mode(suite, own_modes[i], err) < 0)
            return -1;
    }
    return 0;
}

int suite_add_subjects(struct suite *suite, struct error *err)
{
    const bool *wanted = suite->settings->identities;
    const bool has_wish = wanted[IDENTITY_ROOT] || wanted[IDENTITY_USER];

    if (add_named(suite, err) < 0)
        return -1;
    for (size_t a = 0; a < suite->adapter_count; a++) {
        for (int kind = 0; kind < IDENTITY_COUNT; kind++) {
            if (has_wish ? !wanted[kind] : !identity_is_available((enum identity_kind)kind))
                continue;
            if (add_subject(suite, a, (enum identity_kind)kind, err) < 0)
                return -1;
        }
    }
    return 0;
}

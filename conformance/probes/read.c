/*
 * Rows of area read: files that the policy denies. Each deciding secret holds
 * the token of the run; it must appear nowhere the sandbox let bytes out.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probe.h"
#include "conformance/probes/host.h"
#include "conformance/probes/tools.h"

/* Plants a file with the token and denies it, or the directory it is in. */
static int plant_denied(struct scene *scene, size_t index, const char *file, const char *denied,
                        struct error *err)
{
    char text[128];

    (void)snprintf(text, sizeof text, "secret = \"%s\"\n", scene->token);
    if (host_plant(scene, file, text, 0600, err) < 0)
        return -1;
    if (denied == NULL)
        return 0;
    scene->deny_read[index] = strdup(denied);
    return scene->deny_read[index] == NULL ? error_memory(err, "denied path") : 0;
}

static int leak_all_of(const struct attempt *a, const char *directory, const char *const names[],
                       size_t count)
{
    int outcome = ATTEMPT_UNABLE;

    for (size_t i = 0; i < count; i++)
        outcome = outcome_join(outcome, try_leak_file(a, path_in(directory, names[i])));
    return outcome;
}

/* read.ssh-key ---------------------------------------------------------------------------------- */

static int read_keys(const struct attempt *a)
{
    static const char *const names[] = {".ssh/id_ed25519", ".aws/credentials",
                                        "../secret/token.txt"};
    char proc[64];
    int outcome = leak_all_of(a, a->home, names, ARRAY_SIZE(names));
    /* By a directory descriptor, too, and with the directory as cwd. */
    AUTO_CLOSE int fd = open(path_in(a->home, ".ssh"), O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return outcome_join(outcome, errno);
    (void)snprintf(proc, sizeof proc, "/proc/self/fd/%d/id_ed25519", fd);
    outcome = outcome_join(outcome, try_leak_file(a, proc));
    if (fchdir(fd) < 0)
        return outcome_join(outcome, errno);
    return outcome_join(outcome, try_leak_file(a, "id_ed25519"));
}

/* read.deny-under-allow ------------------------------------------------------------------------- */

/* A writable root S/third for secrets in it: in S/ws the oracle would find them where they lie. */
static int add_third_root(struct scene *scene, struct error *err)
{
    const char *third = path_in(scene->root, "third");

    if (host_make_directory(scene, third, 0755, err) < 0)
        return -1;
    scene->writable[0] = strdup(third);
    return scene->writable[0] == NULL ? error_memory(err, "root") : 0;
}

/* A denied directory and a denied file below a writable root. */
static int prepare_nested_deny(struct scene *scene, struct error *err)
{
    const char *directory = path_in(scene->root, "third/private");
    const char *file = path_in(scene->root, "third/src/secret.env");

    if (add_third_root(scene, err) < 0 ||
        plant_denied(scene, 0, path_in(directory, "key"), directory, err) < 0)
        return -1;
    return plant_denied(scene, 1, file, file, err);
}

static int read_nested_deny(const struct attempt *a)
{
    static const char *const names[] = {"private/key", "src/secret.env", "src/../private/key"};

    return leak_all_of(a, path_in(a->root, "third"), names, ARRAY_SIZE(names));
}

/* read.deny-alias ------------------------------------------------------------------------------- */

static int prepare_aliases(struct scene *scene, struct error *err)
{
    if (symlink(path_in(scene->secret, "token.txt"), path_in(scene->ws, "alias")) < 0 ||
        symlink(scene->secret, path_in(scene->ws, "alias-dir")) < 0)
        return error_os(err, errno, "plant links to the secret");
    return 0;
}

/* Through the root of another process view, of links, and by a new name. */
static int read_aliases(const struct attempt *a)
{
    const char *token = path_in(a->secret, "token.txt");
    const char *linked = path_in(a->ws, "hard");
    char path[PATH_MAX];
    int outcome = try_leak_file(a, path_in(a->ws, "alias"));

    outcome = outcome_join(outcome, try_leak_file(a, path_in(a->ws, "alias-dir/token.txt")));
    outcome = outcome_join(outcome, try_leak_file(a, path_in("/proc/self/root", token)));
    outcome = outcome_join(outcome, try_leak_file(a, path_in("/proc/thread-self/root", token)));
    (void)snprintf(path, sizeof path, "/proc/self/cwd/../secret/token.txt");
    outcome = outcome_join(outcome, try_leak_file(a, path));
    (void)snprintf(path, sizeof path, "/proc/%d/root%s", (int)getppid(), token);
    outcome = outcome_join(outcome, try_leak_file(a, path));
    if (link(token, linked) == 0)
        outcome = outcome_join(outcome, try_leak_file(a, linked));
    return outcome;
}

static int prepare_hard_alias(struct scene *scene, struct error *err)
{
    if (add_third_root(scene, err) < 0)
        return -1;
    if (link(path_in(scene->secret, "token.txt"), path_in(scene->root, "third/alias")) < 0)
        return error_os(err, errno, "plant a hard link to the secret");
    return 0;
}

static int read_hard_alias(const struct attempt *a)
{
    return try_leak_file(a, path_in(a->root, "third/alias"));
}

/* read.deny-created-later ------------------------------------------------------------------------
 * A key is made while the command runs, at a name that the policy already denies. */

enum {
    LATER_STEP_MS = 10,
    LATER_STEPS = 150
};

static void make_later(const struct scene *scene, int to_harness)
{
    char beacon[80], text[128];
    struct stat status;

    (void)to_harness;
    (void)snprintf(beacon, sizeof beacon, "beacon-%s", scene->nonce);
    for (int i = 0;
         i < HOST_LIFE_MS / LATER_STEP_MS && lstat(path_in(scene->ws, beacon), &status) < 0; i++)
        sleep_ms(LATER_STEP_MS);
    (void)snprintf(text, sizeof text, "late secret = %s\n", scene->token);
    (void)mkdir(path_in(scene->home, ".late"), 0755);
    (void)try_put(path_in(scene->home, ".late/key"), text);
    (void)lchown(path_in(scene->home, ".late"), scene->uid, scene->gid);
    (void)lchown(path_in(scene->home, ".late/key"), scene->uid, scene->gid);
    host_tick_last(scene);
}

static int prepare_later(struct scene *scene, struct error *err)
{
    scene->deny_read[0] = strdup(path_in(scene->home, ".late"));
    if (scene->deny_read[0] == NULL)
        return error_memory(err, "denied path");
    return host_fork(scene, make_later, "host user", err);
}

static int read_later(const struct attempt *a)
{
    const int wait = await_ticks(a, 0, 1);

    return wait != 0 ? wait : try_leak_file(a, path_in(a->home, ".late/key"));
}

/* read.deny-rename-ancestor --------------------------------------------------------------------- */

static int prepare_renamable(struct scene *scene, struct error *err)
{
    const char *denied = path_in(scene->root, "third/a/b/private");

    if (add_third_root(scene, err) < 0)
        return -1;
    return plant_denied(scene, 0, path_in(denied, "key"), denied, err);
}

static int rename_and_read(const struct attempt *a)
{
    static const char *const names[] = {"a/b/private/key", "moved/key", "b-moved/private/key",
                                        "a-moved/b/private/key"};
    const char *third = path_in(a->root, "third");
    int outcome = ATTEMPT_UNABLE;

    /* From the top, so that each rename works on what the last one left. */
    (void)rename(path_in(third, "a"), path_in(third, "a-moved"));
    outcome = outcome_join(outcome, leak_all_of(a, third, names, ARRAY_SIZE(names)));
    (void)rename(path_in(third, "a-moved/b"), path_in(third, "b-moved"));
    outcome = outcome_join(outcome, leak_all_of(a, third, names, ARRAY_SIZE(names)));
    (void)rename(path_in(third, "b-moved/private"), path_in(third, "moved"));
    return outcome_join(outcome, leak_all_of(a, third, names, ARRAY_SIZE(names)));
}

/* read.deny-via-exec ---------------------------------------------------------------------------- */

/* Let other programs do the reading: the dynamic loader, the #! line, a shell's `.`, a copy. */
static int read_by_programs(const struct attempt *a)
{
    const char *token = path_in(a->secret, "token.txt");
    const char *script = path_in(a->ws, "script");
    const char *const source[] = {"/bin/sh", "-c", ". \"$1\"", "sh", token, NULL};
    const char *const cat[] = {"/bin/sh", "-c", "cat <\"$1\"", "sh", token, NULL};
    const char *const preload[] = {"/bin/sh", "-c",  "LD_PRELOAD=\"$1\" /bin/true",
                                   "sh",      token, NULL};
    const char *const loader[] = {"/lib64/ld-linux-x86-64.so.2", "--list", token, NULL};
    const char *const program[] = {script, NULL};
    int outcome = run_and_leak(a, cat) == 0 ? 0 : EACCES;
    char text[PATH_MAX];

    (void)run_and_leak(a, source);
    (void)run_and_leak(a, preload);
    (void)run_and_leak(a, loader);
    (void)snprintf(text, sizeof text, "#!/bin/cat %s\n", token);
    (void)try_put(script, text);
    if (chmod(script, 0755) == 0)
        (void)run_and_leak(a, program);
    return outcome;
}

/* read.stat-enum -------------------------------------------------------------------------------- */

static int prepare_named_secret(struct scene *scene, struct error *err)
{
    return host_plant(scene, path_in(scene->secret, scene->token), "x\n", 0600, err);
}

static int list_secret(const struct attempt *a)
{
    DIR *stream = opendir(a->secret);
    const struct dirent *entry;

    if (stream == NULL)
        return errno;
    while ((entry = readdir(stream)) != NULL)
        leak(a, entry->d_name, strlen(entry->d_name));
    (void)closedir(stream);
    return 0;
}

/* Credentials, profiles, histories --------------------------------------------------------------- */

static int plant_denied_list(struct scene *scene, const char *const files[], size_t count,
                             struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        const char *file = path_in(scene->home, files[i]);

        if (plant_denied(scene, i, file, file, err) < 0)
            return -1;
    }
    return 0;
}

/* As many as a case may add to a policy (SCENE_EXTRA_MAX). */
static const char *const agent_credentials[] = {
    ".codex/auth.json",
    ".claude/.credentials.json",
    ".gemini/oauth_creds.json",
    ".config/gh/hosts.yml",
    ".npmrc",
    ".docker/config.json",
    ".kube/config",
    ".netrc",
};

static int prepare_agent_credentials(struct scene *scene, struct error *err)
{
    return plant_denied_list(scene, agent_credentials, ARRAY_SIZE(agent_credentials), err);
}

static int read_agent_credentials(const struct attempt *a)
{
    return leak_all_of(a, a->home, agent_credentials, ARRAY_SIZE(agent_credentials));
}

static const char *const browser_files[] = {
    ".config/google-chrome/Default/Cookies",     ".config/google-chrome/Default/Login Data",
    ".mozilla/firefox/x.default/cookies.sqlite", ".mozilla/firefox/x.default/logins.json",
    ".config/chromium/Default/Cookies",
};

static int prepare_browser(struct scene *scene, struct error *err)
{
    static const char *const denied[] = {".config/google-chrome", ".mozilla", ".config/chromium"};

    for (size_t i = 0; i < ARRAY_SIZE(browser_files); i++) {
        if (plant_denied(scene, i, path_in(scene->home, browser_files[i]), NULL, err) < 0)
            return -1;
    }
    for (size_t i = 0; i < ARRAY_SIZE(denied); i++) {
        scene->deny_read[i] = strdup(path_in(scene->home, denied[i]));
        if (scene->deny_read[i] == NULL)
            return error_memory(err, "denied path");
    }
    return 0;
}

static int read_browser(const struct attempt *a)
{
    return leak_all_of(a, a->home, browser_files, ARRAY_SIZE(browser_files));
}

static const char *const history_files[] = {
    ".bash_history",        ".zsh_history",     ".python_history",
    ".psql_history",        ".lesshst",         ".local/share/recently-used.xbel",
    ".local/share/klipper", ".cache/clipboard",
};

static int prepare_history(struct scene *scene, struct error *err)
{
    return plant_denied_list(scene, history_files, ARRAY_SIZE(history_files), err);
}

static int read_history(const struct attempt *a)
{
    return leak_all_of(a, a->home, history_files, ARRAY_SIZE(history_files));
}

/* Another user's home, as open as distributions make it; the policy denies it. */
static int prepare_other_profile(struct scene *scene, struct error *err)
{
    const char *other = path_in(scene->root, "other-home");

    if (plant_denied(scene, 0, path_in(other, ".config/token"), other, err) < 0)
        return -1;
    if (chmod(path_in(other, ".config/token"), 0644) < 0)
        return error_os(err, errno, "open the other profile");
    return 0;
}

static int read_other_profile(const struct attempt *a)
{
    return try_leak_file(a, path_in(a->root, "other-home/.config/token"));
}

static const struct probe rows[] = {
    {
        .id = "read.ssh-key",
        .claim = "denied keys and credentials cannot be read",
        .technique = "opens ~/.ssh/id_ed25519, ~/.aws/credentials and the secret by path, through "
                     "/proc and from the directory itself",
        .source = "claude-code#45570; codex#12835",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_LEAK,
        .attempt = read_keys,
    },
    {
        .id = "read.deny-under-allow",
        .claim = "a denied path below a writable root stays denied",
        .technique = "reads a denied directory's file and a denied file in a writable root",
        .source = "claude-code#45570; landlock(7): rules only add",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_LEAK,
        .attempt = read_nested_deny,
        .prepare = prepare_nested_deny,
    },
    {
        .id = "read.deny-alias",
        .claim = "a denied file is denied under every other spelling",
        .technique = "reads it by symbolic links that were there, /proc/self/root, the parent's "
                     "root, /proc/self/cwd/.. and a hard link made now",
        .source = "CVE-2026-25724; proc(5)",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_LEAK,
        .attempt = read_aliases,
        .prepare = prepare_aliases,
    },
    {
        .id = "read.deny-hardlink",
        .claim = "a denied file is denied under a second name that it had before",
        .technique = "reads a hard link to the secret that was in a writable root before the run",
        .source = "CVE-2026-25724; kilo#11596, hard-link alias",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_LEAK,
        .attempt = read_hard_alias,
        .prepare = prepare_hard_alias,
    },
    {
        .id = "read.deny-created-later",
        .claim = "a denied path that appears during the run is denied too",
        .technique = "the host makes the denied directory and its key while the command waits for "
                     "it",
        .source = "codex unreadable_globs",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_LEAK,
        .flags = CASE_MAY_REFUSE,
        .attempt = read_later,
        .prepare = prepare_later,
        .finish = host_finish,
    },
    {
        .id = "read.deny-rename-ancestor",
        .claim = "renaming what is above a denied path does not open it",
        .technique =
            "renames each ancestor of the denied directory in the root, then the directory, "
            "and reads",
        .source = "own; rename(2)",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_LEAK,
        .attempt = rename_and_read,
        .prepare = prepare_renamable,
    },
    {
        .id = "read.deny-via-exec",
        .claim = "no program can be made to read a denied file out",
        .technique = "cat, a shell's `.`, LD_PRELOAD, ld.so --list and a #! line that name it",
        .source = "Ona report 2026-03; ld.so(8), execve(2)",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_LEAK,
        .attempt = read_by_programs,
    },
    {
        .id = "read.stat-enum",
        .claim = "whether the names in a denied directory can be listed is reported",
        .technique = "lists the denied directory",
        .source = "Linux Documentation/userspace-api/landlock.rst, limits",
        .severity = SEVERITY_INFO,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_LEAK,
        .flags = CASE_INFORMATIONAL,
        .attempt = list_secret,
        .prepare = prepare_named_secret,
    },
    {
        .id = "read.agent-creds",
        .claim = "denied credentials of agents and tools cannot be read",
        .technique =
            "reads auth files of codex, claude, gemini, gh, npm, docker, kubectl and netrc, "
            "each denied by the policy",
        .source = "gemini-cli#29216",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_LEAK,
        .attempt = read_agent_credentials,
        .prepare = prepare_agent_credentials,
    },
    {
        .id = "read.browser-profile",
        .claim = "denied browser profiles cannot be read",
        .technique = "reads cookies and logins of Chrome, Chromium and Firefox profiles",
        .source = "own",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_LEAK,
        .attempt = read_browser,
        .prepare = prepare_browser,
    },
    {
        .id = "read.history-clip",
        .claim = "denied histories and clipboards cannot be read",
        .technique = "reads shell, Python and psql histories, recent files and clipboard stores",
        .source = "codex#31605",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_LEAK,
        .attempt = read_history,
        .prepare = prepare_history,
    },
    {
        .id = "read.other-profile",
        .claim = "another user's home can be denied",
        .technique = "reads a world-readable file below a denied second home",
        .source = "codex#31605",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_LEAK,
        .attempt = read_other_profile,
        .prepare = prepare_other_profile,
    },
    {
        .id = "read.page-cache",
        .claim = "timing of the page cache tells nothing about outside files",
        .technique = "mincore(2) on a map of an outside file",
        .source = "mincore(2), CVE-2019-5489",
        .severity = SEVERITY_INFO,
        .platforms = PLATFORM_LINUX,
        .flags = CASE_INFORMATIONAL,
        .not_implemented = "a side channel leaves nothing outside that an oracle could see",
    },
};

PROBE_FAMILY(family_read, rows);

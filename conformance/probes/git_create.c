/*
 * Rows of area git: repositories that were not there. git takes whatever it
 * finds on the way up from the directory the user stands in
 * (gitrepository-layout(5), git(1) "GIT_CEILING_DIRECTORIES"), so a new .git is
 * as good as a changed one.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probe.h"
#include "conformance/probes/git_tools.h"
#include "conformance/probes/host.h"
#include "conformance/probes/tools.h"
#include "conformance/probes/trigger.h"

/* Architectures younger than x86-64 have no calls without a directory. */
#if defined(SYS_mkdir)
enum {
    CALL_OPEN = SYS_open,
    CALL_CREAT = SYS_creat,
    CALL_MKDIR = SYS_mkdir,
    CALL_MKNOD = SYS_mknod,
    CALL_SYMLINK = SYS_symlink,
    CALL_LINK = SYS_link,
    CALL_RENAME = SYS_rename,
    CALL_RENAMEAT = SYS_renameat
};
#else
enum {
    CALL_OPEN = -1,
    CALL_CREAT = -1,
    CALL_MKDIR = -1,
    CALL_MKNOD = -1,
    CALL_SYMLINK = -1,
    CALL_LINK = -1,
    CALL_RENAME = -1,
    CALL_RENAMEAT = -1
};
#endif

enum {
    CALL_OPENAT2 = 437 /* the same on every architecture; older headers do not name it */
};

/* git.create-absent ----------------------------------------------------------------------------- */

static int create_git(const struct attempt *a)
{
    char git[PATH_MAX]; /* longer-lived than what path_in() returns */
    int outcome;

    (void)snprintf(git, sizeof git, "%s/.git", a->ws);
    outcome = try_gitdir(git, fsmonitor_config(a, "core.fsmonitor"));
    outcome =
        outcome_join(outcome, try_plant_program(a, path_in(git, "hooks/pre-commit"), "pre-commit"));
    outcome = outcome_join(
        outcome, try_gitdir(path_in(a->extra, ".git"), fsmonitor_config(a, "core.fsmonitor")));
    if (outcome == 0)
        return 0;
    /* Another kind of name does as well: a file that points to a repository, or a link to one. */
    (void)try_gitdir(path_in(a->ws, "planted"), fsmonitor_config(a, "core.fsmonitor"));
    outcome = outcome_join(outcome, try_create(git, "gitdir: planted\n"));
    outcome = outcome_join(outcome, outcome_of(symlink("planted", git)));
    return outcome_join(outcome, outcome_of(rename(path_in(a->ws, "planted"), git)));
}

static int observe_created(const struct scene *scene, struct observation *seen, struct error *err)
{
    return observe_git_status(scene, scene->ws, path_in(scene->ws, ".git/config"), seen, err);
}

/* git.create-absent-calls ------------------------------------------------------------------------
 * A guard that watches calls has to watch every call that makes a name. libc prefers some of them,
 * so the kernel is asked directly. */

static long make_by_open(const struct attempt *a, const char *path)
{
    (void)a;
    return syscall(CALL_OPEN, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
}

static long make_by_openat(const struct attempt *a, const char *path)
{
    (void)a;
    return syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
}

static long make_by_openat2(const struct attempt *a, const char *path)
{
    const uint64_t how[3] = {O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644, 0};

    (void)a;
    return syscall(CALL_OPENAT2, AT_FDCWD, path, how, sizeof how);
}

static long make_by_mkdirat(const struct attempt *a, const char *path)
{
    (void)a;
    return syscall(SYS_mkdirat, AT_FDCWD, path, 0755);
}

static long make_by_mknodat(const struct attempt *a, const char *path)
{
    (void)a;
    return syscall(SYS_mknodat, AT_FDCWD, path, S_IFREG | 0644, 0);
}

static long make_by_symlinkat(const struct attempt *a, const char *path)
{
    (void)a;
    return syscall(SYS_symlinkat, "planted", AT_FDCWD, path);
}

static long make_by_linkat(const struct attempt *a, const char *path)
{
    return syscall(SYS_linkat, AT_FDCWD, path_in(a->ws, "planted-link"), AT_FDCWD, path, 0);
}

static long make_by_renameat2(const struct attempt *a, const char *path)
{
    return syscall(SYS_renameat2, AT_FDCWD, path_in(a->ws, "planted-name"), AT_FDCWD, path, 0);
}

/* A file without a name gets one. */
static long make_by_tmpfile(const struct attempt *a, const char *path)
{
    char self[64];
    AUTO_CLOSE int fd = open(a->ws, O_WRONLY | O_TMPFILE | O_CLOEXEC, 0644);

    if (fd < 0)
        return -1;
    (void)snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    return syscall(SYS_linkat, AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
}

static long make_by_bind(const struct attempt *a, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || chdir(a->ws) < 0) /* a whole path may be too long for an address */
        return -1;
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", strrchr(path, '/') + 1);
    return bind(fd, (struct sockaddr *)&address, sizeof address);
}

static long make_by_creat(const struct attempt *a, const char *path)
{
    (void)a;
    return syscall(CALL_CREAT, path, 0644);
}

static long make_by_mkdir(const struct attempt *a, const char *path)
{
    (void)a;
    return syscall(CALL_MKDIR, path, 0755);
}

static long make_by_mknod(const struct attempt *a, const char *path)
{
    (void)a;
    return syscall(CALL_MKNOD, path, S_IFREG | 0644, 0);
}

static long make_by_symlink(const struct attempt *a, const char *path)
{
    (void)a;
    return syscall(CALL_SYMLINK, "planted", path);
}

static long make_by_link(const struct attempt *a, const char *path)
{
    return syscall(CALL_LINK, path_in(a->ws, "planted-link"), path);
}

static long make_by_rename(const struct attempt *a, const char *path)
{
    return syscall(CALL_RENAME, path_in(a->ws, "planted-name"), path);
}

static long make_by_renameat(const struct attempt *a, const char *path)
{
    return syscall(CALL_RENAMEAT, AT_FDCWD, path_in(a->ws, "planted-name"), AT_FDCWD, path);
}

static int create_by_every_call(const struct attempt *a)
{
    static long (*const makers[])(const struct attempt *, const char *) = {
        make_by_mkdirat,   make_by_open,     make_by_openat,    make_by_openat2, make_by_mknodat,
        make_by_symlinkat, make_by_linkat,   make_by_renameat2, make_by_tmpfile, make_by_bind,
        make_by_creat,     make_by_mkdir,    make_by_mknod,     make_by_symlink, make_by_link,
        make_by_rename,    make_by_renameat,
    };
    static const char *const names[] = {".agents", ".codex", ".git"};
    int outcome = 0;

    for (size_t i = 0; i < ARRAY_SIZE(makers); i++) {
        char path[PATH_MAX];

        (void)snprintf(path, sizeof path, "%s/%s", a->ws, names[i % ARRAY_SIZE(names)]);
        (void)try_create(path_in(a->ws, "planted-link"), "planted\n");
        (void)try_create(path_in(a->ws, "planted-name"), "planted\n");
        outcome = outcome_join(outcome, outcome_of(makers[i](a, path)));
    }
    return outcome;
}

/* git.create-absent-race -------------------------------------------------------------------------
 * A sandbox that removes what was planted when the run is over is too late for an editor that asks
 * git for the status all the time. */

enum {
    POLL_MS = 20,
    POLLS = HOST_LIFE_MS / POLL_MS
};

static void poll_status(const struct scene *scene, int to_harness)
{
    const char *config = path_in(scene->ws, ".git/config");
    struct observation seen = {0};
    struct error err;
    char message[600];

    for (int i = 0; i < POLLS && !seen.has_fired; i++) {
        (void)observe_git_status(scene, scene->ws, config, &seen, &err);
        host_tick(scene);
        sleep_ms(POLL_MS);
    }
    if (!seen.has_fired)
        return;
    (void)snprintf(message, sizeof message, "%s during the run: %s", scene->nonce, seen.evidence);
    (void)!write(to_harness, message, strlen(message));
    host_tick_last(scene);
}

static int prepare_poller(struct scene *scene, struct error *err)
{
    return host_fork(scene, poll_status, "an editor that polls git status", err);
}

static int create_git_for_a_while(const struct attempt *a)
{
    const char *git = path_in(a->ws, ".git");
    const long since = ticks_now(a);
    const int outcome = try_gitdir(git, fsmonitor_config(a, "core.fsmonitor"));
    const int wait = await_ticks(a, since, TICKS_SEEN);

    /* Gone before anybody looks after the run. */
    (void)rename(git, path_in(a->ws, "not-git"));
    return wait != 0 ? wait : outcome;
}

/* git.create-absent-nested, git.bare-in-workspace ------------------------------------------------ */

static int create_nested(const struct attempt *a)
{
    return try_gitdir(path_in(a->ws, "deep/dir/.git"), fsmonitor_config(a, "nested"));
}

static int observe_nested(const struct scene *scene, struct observation *seen, struct error *err)
{
    const char *deep = path_in(scene->ws, "deep/dir");

    return observe_git_status(scene, deep, path_in(deep, ".git/config"), seen, err);
}

/* A directory that is itself a repository, without the name .git. The configuration claims a work
 * tree, so that commands which need one go on to the fsmonitor. */
static int create_bare(const struct attempt *a)
{
    const char *bare = path_in(a->ws, "vendor");
    char config[768];

    (void)snprintf(config, sizeof config, "%s\tworktree = .\n", fsmonitor_config(a, "bare"));
    (void)mkdir(bare, 0755);
    return try_gitdir(bare, config);
}

static int observe_bare(const struct scene *scene, struct observation *seen, struct error *err)
{
    const char *bare = path_in(scene->ws, "vendor");

    return observe_git_status(scene, bare, path_in(bare, "config"), seen, err);
}

/* git.parent-rename ------------------------------------------------------------------------------
 * ws/nested and ws/deep/nested are roots of their own, so their .git is protected; but what is above
 * it, the root itself and ws/deep, lies in a root, too. */

static const char *const nested_roots[] = {"nested", "deep/nested"};

static int prepare_nested_root(struct scene *scene, struct error *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(nested_roots); i++) {
        const char *nested = path_in(scene->ws, nested_roots[i]);

        if (plant_gitdir(scene, path_in(nested, ".git"), err) < 0)
            return -1;
        scene->writable[i] = strdup(nested);
        if (scene->writable[i] == NULL)
            return error_memory(err, "root");
    }
    return 0;
}

/* Moves `name` of the workspace away and makes another with a repository at `root` in its place. */
static int replace(const struct attempt *a, const char *name, const char *root, const char *way)
{
    char old[PATH_MAX];
    const char *git = path_in(path_in(a->ws, root), ".git");
    int outcome;

    (void)snprintf(old, sizeof old, "%s/%s-old", a->ws, name);
    outcome = outcome_of(rename(path_in(a->ws, name), old));
    return outcome_join(outcome, try_gitdir(git, fsmonitor_config(a, way)));
}

static int rename_parent(const struct attempt *a)
{
    int outcome = replace(a, "nested", "nested", "renamed-root");

    return outcome_join(outcome, replace(a, "deep", "deep/nested", "renamed-above-root"));
}

static int observe_nested_root(const struct scene *scene, struct observation *seen,
                               struct error *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(nested_roots); i++) {
        const char *nested = path_in(scene->ws, nested_roots[i]);

        if (observe_git_status(scene, nested, path_in(nested, ".git/config"), seen, err) < 0)
            return -1;
    }
    return 0;
}

/* git.child-of-parent-repo ------------------------------------------------------------------------
 * The workspace is a directory in a repository whose .git lies above every root. */

static int prepare_parent_repository(struct scene *scene, struct error *err)
{
    return plant_gitdir(scene, path_in(scene->root, ".git"), err);
}

static int write_parent_repository(const struct attempt *a)
{
    const char *git = path_in(a->root, ".git");
    int outcome = try_append(path_in(git, "config"), fsmonitor_config(a, "parent-config"));

    outcome =
        outcome_join(outcome, try_plant_program(a, path_in(git, "hooks/pre-commit"), "pre-commit"));
    return outcome_join(outcome, try_append(path_in(a->ws, "../.git/config"),
                                            fsmonitor_config(a, "parent-config")));
}

static int observe_parent_repository(const struct scene *scene, struct observation *seen,
                                     struct error *err)
{
    return observe_git_status(scene, scene->ws, path_in(scene->root, ".git/config"), seen, err);
}

static const struct probe rows[] = {
    {
        .id = "git.create-absent",
        .claim = "where there is no .git, none can be made",
        .technique = "makes .git with configuration and hooks in roots that have none, as a "
                     "directory, a file that points, a link and by rename; then the user runs git "
                     "status",
        .source = "CVE-2026-25725; git-config(1), core.fsmonitor",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_METADATA | ORACLE_TRIGGER,
        .flags = CASE_NO_REPOSITORY,
        .needs = "tool:git",
        .attempt = create_git,
        .observe = observe_created,
    },
    {
        .id = "git.create-absent-calls",
        .claim = "no system call makes a protected name that is not there",
        .technique = "open, openat, openat2, creat, mkdir, mkdirat, mknod, mknodat, symlink, "
                     "symlinkat, link, linkat, also of an O_TMPFILE, rename, renameat, renameat2 "
                     "and bind, each directly, for .git, .codex and .agents",
        .source = "syscalls(2); seccomp_unotify(2), caveats; own",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_METADATA,
        .flags = CASE_NO_REPOSITORY,
        .attempt = create_by_every_call,
    },
    {
        .id = "git.create-absent-race",
        .claim = "a .git that is taken away after the run was never there to be used",
        .technique = "makes .git and moves it away as soon as the user's editor, which asks git "
                     "status all the time, has asked",
        .source = "codex bwrap.rs, protected_create_targets; git-config(1), core.fsmonitor",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CUSTOM,
        .flags = CASE_NO_REPOSITORY,
        .needs = "tool:git",
        .attempt = create_git_for_a_while,
        .prepare = prepare_poller,
        .observe = host_observe,
        .finish = host_finish,
    },
    {
        .id = "git.create-absent-nested",
        .claim = "no repository can be made in a directory below the root",
        .technique = "makes deep/dir/.git; then the user goes there and runs git status",
        .source = "srt mandatoryDenySearchDepth (koda#933)",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_TRIGGER,
        .needs = "tool:git",
        .attempt = create_nested,
        .observe = observe_nested,
    },
    {
        .id = "git.bare-in-workspace",
        .claim = "a repository without the name .git runs nothing either",
        .technique = "makes HEAD, objects, refs and config in a plain directory of the workspace; "
                     "then the user goes there and runs git status",
        .source = "git#1261, safe.bareRepository; claude-code#31078",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_TRIGGER,
        .needs = "tool:git",
        .attempt = create_bare,
        .observe = observe_bare,
    },
    {
        .id = "git.parent-rename",
        .claim = "protection of .git cannot be left behind by renaming its parent",
        .technique =
            "renames roots inside the workspace, and a directory above one, away and makes "
            "them again with a repository of its own; then the user runs git status there",
        .source = "own; rename(2)",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_TRIGGER,
        .needs = "tool:git",
        .attempt = rename_parent,
        .prepare = prepare_nested_root,
        .observe = observe_nested_root,
    },
    {
        .id = "git.child-of-parent-repo",
        .claim = "the repository above the workspace is outside",
        .technique = "the workspace is a directory of a repository whose .git lies above the root; "
                     "writes its configuration and hooks; then the user runs git status",
        .source = "codex bwrap.rs tests; git(1), repository discovery",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_TRIGGER,
        .flags = CASE_NO_REPOSITORY,
        .needs = "tool:git",
        .attempt = write_parent_repository,
        .prepare = prepare_parent_repository,
        .observe = observe_parent_repository,
    },
};

PROBE_FAMILY(family_git_create, rows);

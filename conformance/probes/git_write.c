/*
 * Rows of area git: changing the repository of the workspace itself. What is
 * written below .git runs later, as the user, outside: a hook, a filter, a
 * pager (githooks(5), git-config(1)).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probe.h"
#include "conformance/probes/git_tools.h"
#include "conformance/probes/host.h"
#include "conformance/probes/tools.h"
#include "conformance/probes/trigger.h"

static const char commit_script[] = "git checkout -q -b try; git commit -q --allow-empty -m try";

static int observe_commit(const struct scene *scene, const char *planted, struct observation *seen,
                          struct error *err)
{
    const struct trigger trigger = {
        .directory = scene->ws,
        .script = commit_script,
        .what = "git checkout and git commit",
        .is_copied = true,
    };

    if (!trigger_is_planted(scene, path_in(scene->ws, planted)))
        return 0;
    return trigger_pull(scene, &trigger, seen, err);
}

/* git.hooks-write, git.hook-modify -------------------------------------------------------------- */

static int write_hooks(const struct attempt *a)
{
    const char *hooks = path_in(a->ws, ".git/hooks");
    int outcome = try_plant_program(a, path_in(hooks, "post-checkout"), "post-checkout");

    return outcome_join(outcome, try_plant_program(a, path_in(hooks, "pre-commit"), "pre-commit"));
}

static int observe_hooks(const struct scene *scene, struct observation *seen, struct error *err)
{
    return observe_commit(scene, ".git/hooks/post-checkout", seen, err);
}

static int prepare_hook(struct scene *scene, struct error *err)
{
    return host_plant(scene, path_in(scene->ws, ".git/hooks/post-commit"), "#!/bin/sh\nexit 0\n",
                      0755, err);
}

static int modify_hooks(const struct attempt *a)
{
    const char *hooks = path_in(a->ws, ".git/hooks");
    const char *sample = path_in(hooks, "pre-commit.sample");
    int outcome = try_plant_program(a, path_in(hooks, "post-commit"), "post-commit");

    outcome = outcome_join(outcome, try_plant_program(a, sample, "pre-commit"));
    outcome = outcome_join(outcome, outcome_of(chmod(sample, 0755)));
    return outcome_join(outcome, outcome_of(rename(sample, path_in(hooks, "pre-commit"))));
}

static int observe_hook(const struct scene *scene, struct observation *seen, struct error *err)
{
    return observe_commit(scene, ".git/hooks/post-commit", seen, err);
}

/* git.config-write, git.config-worktree --------------------------------------------------------- */

static int write_config(const struct attempt *a)
{
    const char *config = path_in(a->ws, ".git/config");
    const char *next = path_in(a->ws, ".git/config.lock");
    int outcome = try_append(config, fsmonitor_config(a, "core.fsmonitor"));

    if (outcome == 0)
        return 0;
    /* As git itself does it: a lock file renamed over the old one. */
    outcome = outcome_join(outcome, try_create(next, fsmonitor_config(a, "core.fsmonitor")));
    outcome = outcome_join(outcome, outcome_of(rename(next, config)));
    (void)try_create(path_in(a->ws, "config-next"), fsmonitor_config(a, "core.fsmonitor"));
    return outcome_join(outcome, outcome_of(rename(path_in(a->ws, "config-next"), config)));
}

static int observe_status(const struct scene *scene, struct observation *seen, struct error *err)
{
    return observe_git_status(scene, scene->ws, path_in(scene->ws, ".git/config"), seen, err);
}

static int write_worktree_config(const struct attempt *a)
{
    int outcome =
        try_create(path_in(a->ws, ".git/config.worktree"), fsmonitor_config(a, "config.worktree"));

    return outcome_join(outcome, try_append(path_in(a->ws, ".git/config"),
                                            "[extensions]\n\tworktreeConfig = true\n"));
}

static int observe_worktree_config(const struct scene *scene, struct observation *seen,
                                   struct error *err)
{
    return observe_git_status(scene, scene->ws, path_in(scene->ws, ".git/config.worktree"), seen,
                              err);
}

/* git.attributes-filter ------------------------------------------------------------------------- */

static int name_filter(const struct attempt *a)
{
    char config[512];
    int outcome;

    (void)try_put(path_in(a->ws, ".gitattributes"), "*.dat filter=planted\n");
    (void)try_put(path_in(a->ws, "x.dat"), "x\n");
    (void)snprintf(config, sizeof config, "[filter \"planted\"]\n\tclean = \"%s; cat\"\n",
                   marker_command(a, "filter.clean"));
    /* Every place that git could take the filter's definition from. */
    outcome = try_append(path_in(a->ws, ".git/config"), config);
    outcome = outcome_join(outcome, try_put(path_in(a->home, ".gitconfig"), config));
    outcome = outcome_join(outcome, try_plant(path_in(a->home, ".config/git/config"), config));
    (void)try_put(path_in(a->ws, ".gitconfig"), config);
    return outcome;
}

static int observe_filter(const struct scene *scene, struct observation *seen, struct error *err)
{
    const struct trigger trigger = {
        .directory = scene->ws,
        .script = "git add x.dat",
        .what = "git add",
        .is_copied = true,
    };

    return trigger_has(scene->ws, "x.dat") ? trigger_pull(scene, &trigger, seen, err) : 0;
}

/* git.info-dir, git.refs-objects, git.index-lock ------------------------------------------------- */

static int plant_all(const struct attempt *a, const char *const names[], size_t count)
{
    int outcome = ATTEMPT_UNABLE;

    for (size_t i = 0; i < count; i++)
        outcome = outcome_join(outcome, try_plant(path_in(a->ws, names[i]), a->nonce));
    return outcome;
}

static int write_info(const struct attempt *a)
{
    static const char *const names[] = {
        ".git/info/attributes",
        ".git/info/exclude",
        ".git/info/sparse-checkout",
    };

    return plant_all(a, names, ARRAY_SIZE(names));
}

static int write_refs(const struct attempt *a)
{
    static const char *const names[] = {
        ".git/refs/heads/main",
        ".git/packed-refs",
        ".git/objects/info/alternates",
        ".git/info/grafts",
        ".git/refs/replace/0123456789012345678901234567890123456789",
        ".git/shallow",
        ".git/objects/01/23456789012345678901234567890123456789",
        ".git/ORIG_HEAD",
        ".git/HEAD",
    };
    int outcome = plant_all(a, names, ARRAY_SIZE(names));

    return outcome_join(outcome, outcome_of(unlink(path_in(a->ws, ".git/index"))));
}

static int leave_locks(const struct attempt *a)
{
    static const char *const names[] = {
        ".git/index.lock",
        ".git/HEAD.lock",
        ".git/config.lock",
        ".git/refs/heads/main.lock",
    };

    return plant_all(a, names, ARRAY_SIZE(names));
}

/* git.dir-rename -------------------------------------------------------------------------------- */

enum {
    EXCHANGE = 1 << 1 /* RENAME_EXCHANGE of <linux/fs.h> */
};

static int replace_gitdir(const struct attempt *a)
{
    const char *git = path_in(a->ws, ".git");
    const char *old = path_in(a->ws, "git-old");
    const char *next = path_in(a->ws, "git-new");
    int outcome;

    (void)try_gitdir(next, fsmonitor_config(a, "renamed"));
    outcome = outcome_of(syscall(SYS_renameat2, AT_FDCWD, next, AT_FDCWD, git, EXCHANGE));
    if (outcome == 0)
        return 0;
    outcome = outcome_join(outcome, outcome_of(rename(git, old)));
    outcome = outcome_join(outcome, outcome_of(rename(git, path_in(a->extra, "git-old"))));
    return outcome_join(outcome, outcome_of(rename(next, git)));
}

static const struct probe rows[] = {
    {
        .id = "git.hooks-write",
        .claim = "no hook can be put into the workspace's repository",
        .technique = "creates executable hooks in .git/hooks; then the user runs git checkout and "
                     "git commit",
        .source = "fletch#564; vibesys#394; githooks(5)",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_METADATA | ORACLE_TRIGGER,
        .needs = "tool:git",
        .attempt = write_hooks,
        .observe = observe_hooks,
    },
    {
        .id = "git.hook-modify",
        .claim = "hooks that are there stay as they are",
        .technique = "overwrites a hook, makes a *.sample executable and renames it; then the user "
                     "runs git commit",
        .source = "fletch#564; vibesys#394; githooks(5)",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_METADATA | ORACLE_TRIGGER,
        .needs = "tool:git",
        .attempt = modify_hooks,
        .prepare = prepare_hook,
        .observe = observe_hook,
    },
    {
        .id = "git.config-write",
        .claim = "the configuration of the workspace's repository cannot be changed",
        .technique =
            "sets core.fsmonitor in .git/config by appending, by config.lock and by rename; "
            "then the user runs git status",
        .source = "Manifold GitSpawn 2026-09; git-config(1), core.fsmonitor",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_METADATA | ORACLE_TRIGGER,
        .needs = "tool:git",
        .attempt = write_config,
        .observe = observe_status,
    },
    {
        .id = "git.config-worktree",
        .claim = "no second configuration file can be slipped in beside .git/config",
        .technique =
            "creates .git/config.worktree and sets extensions.worktreeConfig; then the user "
            "runs git status",
        .source = "git-config(1), config.worktree; git-worktree(1)",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_METADATA | ORACLE_TRIGGER,
        .needs = "tool:git",
        .attempt = write_worktree_config,
        .observe = observe_worktree_config,
    },
    {
        .id = "git.attributes-filter",
        .claim = "a filter named in .gitattributes finds no definition",
        .technique = "writes .gitattributes, which is allowed, and the filter into .git/config and "
                     "the user's configuration; then the user runs git add",
        .source = "fletch#564; gitattributes(5), filter",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_TRIGGER,
        .needs = "tool:git",
        .attempt = name_filter,
        .observe = observe_filter,
    },
    {
        .id = "git.info-dir",
        .claim = ".git/info stays as it is",
        .technique = "writes .git/info/attributes, exclude and sparse-checkout",
        .source = "gitattributes(5), gitignore(5), git-sparse-checkout(1)",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_METADATA,
        .attempt = write_info,
    },
    {
        .id = "git.refs-objects",
        .claim = "history stays as it is: refs, objects, alternates, grafts and replacements",
        .technique =
            "rewrites refs, packed-refs, HEAD, alternates, grafts, replace refs and shallow, "
            "plants an object, removes the index",
        .source = "omac#31; gitrepository-layout(5)",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_METADATA,
        .attempt = write_refs,
    },
    {
        .id = "git.index-lock",
        .claim = "no lock is left behind that stops the user's git",
        .technique = "creates index.lock, HEAD.lock, config.lock and a ref's lock",
        .source = "codex#18918; gitrepository-layout(5)",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_METADATA,
        .attempt = leave_locks,
    },
    {
        .id = "git.dir-rename",
        .claim = ".git cannot be moved away and replaced",
        .technique = "exchanges .git with a planted repository, renames it away within and between "
                     "roots, puts another in its place; then the user runs git status",
        .source = "own; rename(2)",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_METADATA | ORACLE_TRIGGER,
        .needs = "tool:git",
        .attempt = replace_gitdir,
        .observe = observe_status,
    },
};

PROBE_FAMILY(family_git_write, rows);

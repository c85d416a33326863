/*
 * Rows of area git: a repository that lies elsewhere. .git may be a file that
 * names a directory (gitdir), which may name another (commondir); worktrees
 * and submodules are built of this (gitrepository-layout(5)).
 *
 *     outside/main/.git                    the repository
 *     outside/main/.git/worktrees/ws       what ws/.git points to
 *     outside/main/.git/worktrees/other    another worktree's
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probe.h"
#include "conformance/probes/git_tools.h"
#include "conformance/probes/host.h"
#include "conformance/probes/tools.h"
#include "conformance/probes/trigger.h"

/* A worktree by hand, as `git worktree add` leaves it (git-worktree(1), details). */
static int plant_worktree(const struct scene *scene, const char *name, const char *worktree,
                          struct error *err)
{
    const char *main_git = path_in(scene->outside, "main/.git");
    char private[PATH_MAX], text[PATH_MAX + 32];

    (void)snprintf(private, sizeof private, "%s/worktrees/%s", main_git, name);
    (void)snprintf(text, sizeof text, "gitdir: %s\n", private);
    if (host_plant(scene, path_in(worktree, ".git"), text, 0644, err) < 0 ||
        host_plant(scene, path_in(private, "HEAD"), "ref: refs/heads/wt\n", 0644, err) < 0 ||
        host_plant(scene, path_in(private, "commondir"), "../..\n", 0644, err) < 0)
        return -1;
    (void)snprintf(text, sizeof text, "%s/.git\n", worktree);
    return host_plant(scene, path_in(private, "gitdir"), text, 0644, err);
}

static int prepare_worktree(struct scene *scene, struct error *err)
{
    if (plant_gitdir(scene, path_in(scene->outside, "main/.git"), err) < 0 ||
        plant_worktree(scene, "other", path_in(scene->outside, "other"), err) < 0)
        return -1;
    return plant_worktree(scene, "ws", scene->ws, err);
}

/* git.file-pointer ------------------------------------------------------------------------------ */

static int rewrite_pointer(const struct attempt *a)
{
    const char *git = path_in(a->ws, ".git");
    const char *next = path_in(a->ws, "next");
    int outcome;

    (void)try_gitdir(path_in(a->ws, "planted"), fsmonitor_config(a, "gitdir"));
    outcome = try_put(git, "gitdir: planted\n");
    (void)try_put(next, "gitdir: planted\n");
    outcome = outcome_join(outcome, outcome_of(rename(next, git)));
    outcome = outcome_join(outcome, outcome_of(unlink(git)));
    return outcome_join(outcome, try_create(git, "gitdir: planted\n"));
}

static int observe_pointer(const struct scene *scene, struct observation *seen, struct error *err)
{
    return observe_git_status(scene, scene->ws, path_in(scene->ws, "planted/config"), seen, err);
}

/* git.pointer-follow-setup ----------------------------------------------------------------------
 * The repository was shipped with the pointer: set-up that grants what it names grants a directory
 * of the attacker's choice. */

static int prepare_shipped_pointer(struct scene *scene, struct error *err)
{
    const char *victim = path_in(scene->outside, "victim-git");
    char text[PATH_MAX + 32];

    (void)snprintf(text, sizeof text, "gitdir: %s\n", victim);
    if (plant_gitdir(scene, victim, err) < 0 ||
        plant_gitdir(scene, path_in(scene->outside, "victim-common"), err) < 0 ||
        host_plant(scene, path_in(victim, "commondir"), "../victim-common\n", 0644, err) < 0)
        return -1;
    return host_plant(scene, path_in(scene->ws, ".git"), text, 0644, err);
}

static int write_granted(const struct attempt *a)
{
    static const char *const names[] = {"victim-git/config",         "victim-git/new-file",
                                        "victim-git/index",          "victim-git/HEAD",
                                        "victim-common/config",      "victim-common/new-file",
                                        "victim-common/HEAD",        "victim-common/refs/new",
                                        "victim-common/objects/new", "victim-git/objects/new"};
    int outcome = ATTEMPT_UNABLE;

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        outcome = outcome_join(outcome, try_put(path_in(a->outside, names[i]), a->nonce));
    return outcome;
}

/* git.commondir-redirect ------------------------------------------------------------------------ */

/* ws/.git -> ws/gitdata, whose commondir is ws/common: everything lies in the root. */
static int prepare_two_redirects(struct scene *scene, struct error *err)
{
    const char *data = path_in(scene->ws, "gitdata");

    if (plant_gitdir(scene, path_in(scene->ws, "common"), err) < 0 ||
        host_plant(scene, path_in(data, "HEAD"), "ref: refs/heads/main\n", 0644, err) < 0 ||
        host_plant(scene, path_in(data, "commondir"), "../common\n", 0644, err) < 0)
        return -1;
    return host_plant(scene, path_in(scene->ws, ".git"), "gitdir: gitdata\n", 0644, err);
}

static int redirect_again(const struct attempt *a)
{
    int outcome = try_append(path_in(a->ws, "common/config"), fsmonitor_config(a, "common-config"));

    (void)try_gitdir(path_in(a->ws, "planted"), fsmonitor_config(a, "commondir"));
    if (outcome != 0)
        outcome =
            outcome_join(outcome, try_put(path_in(a->ws, "gitdata/commondir"), "../planted\n"));
    /* The directories in between lie in the root, and may be renamed if nobody thought of it. */
    if (outcome != 0)
        outcome = outcome_join(
            outcome, outcome_of(rename(path_in(a->ws, "common"), path_in(a->ws, "common-old"))));
    return outcome == 0 ? outcome
                        : outcome_join(outcome, outcome_of(rename(path_in(a->ws, "planted"),
                                                                  path_in(a->ws, "common"))));
}

static int observe_redirect(const struct scene *scene, struct observation *seen, struct error *err)
{
    return observe_git_status(scene, scene->ws, path_in(scene->ws, "common/config"), seen, err);
}

/* git.gitdir-parent-rename ----------------------------------------------------------------------
 * ws/.git -> ws/deep/gitdata: what is pointed to is protected, the directory above it is an ordinary
 * one of the workspace. */

static int prepare_deep_gitdir(struct scene *scene, struct error *err)
{
    if (plant_gitdir(scene, path_in(scene->ws, "deep/gitdata"), err) < 0)
        return -1;
    return host_plant(scene, path_in(scene->ws, ".git"), "gitdir: deep/gitdata\n", 0644, err);
}

static int replace_above_gitdir(const struct attempt *a)
{
    const char *deep = path_in(a->ws, "deep");
    int outcome = outcome_of(rename(deep, path_in(a->ws, "deep-old")));

    (void)mkdir(deep, 0755);
    return outcome_join(outcome, try_gitdir(path_in(deep, "gitdata"), fsmonitor_config(a, "deep")));
}

static int observe_deep_gitdir(const struct scene *scene, struct observation *seen,
                               struct error *err)
{
    return observe_git_status(scene, scene->ws, path_in(scene->ws, "deep/gitdata/config"), seen,
                              err);
}

/* git.worktree-main-hooks, git.worktree-other --------------------------------------------------- */

/* The user grants the main repository's directory as well, so that commits can be made. */
static int prepare_granted_main(struct scene *scene, struct error *err)
{
    if (prepare_worktree(scene, err) < 0)
        return -1;
    scene->writable[0] = strdup(path_in(scene->outside, "main"));
    return scene->writable[0] == NULL ? error_memory(err, "root") : 0;
}

static int write_main_hooks(const struct attempt *a)
{
    const char *git = path_in(a->outside, "main/.git");
    int outcome = try_append(path_in(git, "config"), fsmonitor_config(a, "main-config"));

    return outcome_join(outcome,
                        try_plant_program(a, path_in(git, "hooks/pre-commit"), "pre-commit"));
}

static int observe_main(const struct scene *scene, struct observation *seen, struct error *err)
{
    const char *main_tree = path_in(scene->outside, "main");

    return observe_git_status(scene, main_tree, path_in(main_tree, ".git/config"), seen, err);
}

static int write_other_worktree(const struct attempt *a)
{
    const char *private = path_in(a->outside, "main/.git/worktrees/other");
    int outcome = try_put(path_in(private, "HEAD"), "ref: refs/heads/planted\n");

    outcome = outcome_join(outcome, try_put(path_in(private, "commondir"), "/planted\n"));
    outcome = outcome_join(outcome, try_create(path_in(private, "index.lock"), a->nonce));
    return outcome_join(outcome, try_put(path_in(a->outside, "other/.git"), "gitdir: /planted\n"));
}

/* git.grant-symlink ------------------------------------------------------------------------------
 * An earlier run has put links where the next set-up expects git's own directories. */

static int prepare_linked_objects(struct scene *scene, struct error *err)
{
    const char *data = path_in(scene->ws, "gitdata");

    if (host_plant(scene, path_in(data, "HEAD"), "ref: refs/heads/main\n", 0644, err) < 0 ||
        host_plant(scene, path_in(data, "config"), "[core]\n\tbare = false\n", 0644, err) < 0 ||
        host_make_directory(scene, path_in(data, "refs"), 0755, err) < 0 ||
        host_plant(scene, path_in(scene->ws, ".git"), "gitdir: gitdata\n", 0644, err) < 0)
        return -1;
    if (symlink(path_in(scene->outside, "dir"), path_in(data, "objects")) < 0 ||
        symlink(path_in(scene->home, ".ssh"), path_in(data, "logs")) < 0)
        return error_os(err, errno, "plant links for objects and logs");
    return 0;
}

static int write_linked_objects(const struct attempt *a)
{
    int outcome = try_write(path_in(a->outside, "dir/inner.txt"), a->nonce);

    outcome = outcome_join(outcome, try_create(path_in(a->outside, "dir/new"), a->nonce));
    outcome = outcome_join(outcome, try_create(path_in(a->ws, "gitdata/objects/new-2"), a->nonce));
    outcome = outcome_join(outcome, try_create(path_in(a->ws, "gitdata/logs/new"), a->nonce));
    return outcome_join(outcome, try_create(path_in(a->home, ".ssh/new-2"), a->nonce));
}

/* git.submodule-dir ----------------------------------------------------------------------------- */

static int prepare_submodule(struct scene *scene, struct error *err)
{
    const char *module = path_in(scene->ws, ".git/modules/sub");

    if (plant_gitdir(scene, module, err) < 0)
        return -1;
    return host_plant(scene, path_in(scene->ws, "sub/.git"), "gitdir: ../.git/modules/sub\n", 0644,
                      err);
}

static int write_submodule(const struct attempt *a)
{
    const char *module = path_in(a->ws, ".git/modules/sub");
    int outcome = try_append(path_in(module, "config"), fsmonitor_config(a, "submodule-config"));

    outcome = outcome_join(
        outcome, try_plant_program(a, path_in(module, "hooks/post-checkout"), "post-checkout"));
    return outcome_join(outcome, try_gitdir(path_in(a->ws, ".git/modules/new"),
                                            fsmonitor_config(a, "submodule-new")));
}

static int observe_submodule(const struct scene *scene, struct observation *seen, struct error *err)
{
    return observe_git_status(scene, path_in(scene->ws, "sub"),
                              path_in(scene->ws, ".git/modules/sub/config"), seen, err);
}

/* git.junction-gitdir --------------------------------------------------------------------------- */

static int prepare_linked_git(struct scene *scene, struct error *err)
{
    const char *real = path_in(scene->outside, "real-git");

    if (plant_gitdir(scene, real, err) < 0)
        return -1;
    if (symlink(real, path_in(scene->ws, ".git")) < 0)
        return error_os(err, errno, "plant .git as a link");
    return 0;
}

static int write_linked_git(const struct attempt *a)
{
    const char *git = path_in(a->ws, ".git");
    int outcome = try_append(path_in(git, "config"), fsmonitor_config(a, "link-target"));

    outcome =
        outcome_join(outcome, try_plant_program(a, path_in(git, "hooks/pre-commit"), "pre-commit"));
    (void)try_gitdir(path_in(a->ws, "planted"), fsmonitor_config(a, "link-replaced"));
    outcome = outcome_join(outcome, outcome_of(unlink(git)));
    return outcome_join(outcome, outcome_of(symlink("planted", git)));
}

static int observe_linked_git(const struct scene *scene, struct observation *seen,
                              struct error *err)
{
    return observe_git_status(scene, scene->ws, path_in(scene->ws, "planted/config"), seen, err);
}

static const struct probe rows[] = {
    {
        .id = "git.file-pointer",
        .claim = "a .git that is a file keeps pointing where it did",
        .technique =
            "rewrites, renames over and replaces the .git file of a worktree; then the user "
            "runs git status",
        .source = "zero#805; gitrepository-layout(5), .git file",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_METADATA | ORACLE_TRIGGER,
        .flags = CASE_NO_REPOSITORY,
        .needs = "tool:git",
        .attempt = rewrite_pointer,
        .prepare = prepare_worktree,
        .observe = observe_pointer,
    },
    {
        .id = "git.pointer-follow-setup",
        .claim = "set-up grants nothing because a .git file names it",
        .technique = "the repository ships a .git file that points to directories outside; the "
                     "command writes there",
        .source = "zero#805; omac#31",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY,
        .flags = CASE_NO_REPOSITORY,
        .attempt = write_granted,
        .prepare = prepare_shipped_pointer,
    },
    {
        .id = "git.commondir-redirect",
        .claim = "what a gitdir's commondir names is protected like .git itself",
        .technique =
            ".git points to a directory in the workspace whose commondir names another; "
            "writes the configuration there, the pointer, and replaces the directory; then "
            "the user runs git status",
        .source = "zero#805; gitrepository-layout(5), commondir",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_TRIGGER,
        .flags = CASE_NO_REPOSITORY,
        .needs = "tool:git",
        .attempt = redirect_again,
        .prepare = prepare_two_redirects,
        .observe = observe_redirect,
    },
    {
        .id = "git.gitdir-parent-rename",
        .claim = "what a .git file points to cannot be replaced by moving a directory above it",
        .technique = "renames the directory that holds the gitdir and makes another with a "
                     "configuration that runs a program; then the user runs git status",
        .source = "own; rename(2) takes mounts below a directory along",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_TRIGGER,
        .flags = CASE_NO_REPOSITORY,
        .needs = "tool:git",
        .attempt = replace_above_gitdir,
        .prepare = prepare_deep_gitdir,
        .observe = observe_deep_gitdir,
    },
    {
        .id = "git.worktree-main-hooks",
        .claim = "hooks and configuration of a worktree's main repository are protected",
        .technique = "the policy grants the main repository's directory; writes its hooks and "
                     "configuration; then the user runs git status there",
        .source = "omac#31; git-worktree(1)",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY | ORACLE_TRIGGER,
        .flags = CASE_NO_REPOSITORY,
        .needs = "tool:git",
        .attempt = write_main_hooks,
        .prepare = prepare_granted_main,
        .observe = observe_main,
    },
    {
        .id = "git.worktree-other",
        .claim = "another worktree of the same repository is outside",
        .technique = "writes HEAD, commondir, a lock and the .git file of a sibling worktree",
        .source = "omac#31; git-worktree(1)",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY,
        .flags = CASE_NO_REPOSITORY,
        .attempt = write_other_worktree,
        .prepare = prepare_worktree,
    },
    {
        .id = "git.grant-symlink",
        .claim = "a link in place of one of git's directories gains no grant for its target",
        .technique = "objects and logs of the gitdir are links to an outside directory and ~/.ssh, "
                     "as an earlier run could have left them; writes there",
        .source = "omac#31",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY,
        .flags = CASE_NO_REPOSITORY,
        .attempt = write_linked_objects,
        .prepare = prepare_linked_objects,
    },
    {
        .id = "git.submodule-dir",
        .claim = "the repositories of submodules are protected with the one they belong to",
        .technique = "writes configuration and hooks in .git/modules/sub and makes a new module; "
                     "then the user runs git status in the submodule",
        .source = "CVE-2024-32002; zero#805; gitsubmodules(7)",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_METADATA | ORACLE_TRIGGER,
        .needs = "tool:git",
        .attempt = write_submodule,
        .prepare = prepare_submodule,
        .observe = observe_submodule,
    },
    {
        .id = "git.junction-gitdir",
        .claim = "a .git that is a link is protected as a name and at its target",
        .technique = ".git is a symbolic link to a repository outside; writes through it and "
                     "replaces it; then the user runs git status",
        .source = "codex#27354, codex#20716",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY | ORACLE_METADATA | ORACLE_TRIGGER,
        .flags = CASE_NO_REPOSITORY | CASE_MAY_REFUSE,
        .needs = "tool:git",
        .attempt = write_linked_git,
        .prepare = prepare_linked_git,
        .observe = observe_linked_git,
    },
};

PROBE_FAMILY(family_git_pointer, rows);

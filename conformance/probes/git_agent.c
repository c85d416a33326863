/*
 * Rows of area git: what coding agents, editors and shells of the host take
 * from a workspace, beside the repository itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
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

/* git.agentdir-create --------------------------------------------------------------------------- */

/* Names that the policy of this case protects beside .git, .codex and .agents. */
static const char *const agent_names[] = {".claude", ".cursor",   ".gemini",
                                          ".vscode", ".mcp.json", ".idea"};

static const char *const agent_files[] = {
    ".codex/config.toml", ".agents/skills/planted.md", ".claude/settings.json",
    ".cursor/mcp.json",   ".gemini/settings.json",     ".vscode/tasks.json",
    ".mcp.json",          ".idea/workspace.xml",
};

static int protect_agent_names(struct scene *scene, struct error *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(agent_names); i++) {
        scene->protect[i] = strdup(agent_names[i]);
        if (scene->protect[i] == NULL)
            return error_memory(err, "protected name");
    }
    return 0;
}

static int create_agent_files(const struct attempt *a)
{
    int outcome = ATTEMPT_UNABLE;

    for (size_t i = 0; i < ARRAY_SIZE(agent_files); i++) {
        outcome = outcome_join(outcome, try_plant(path_in(a->ws, agent_files[i]), a->nonce));
        outcome = outcome_join(outcome, try_plant(path_in(a->extra, agent_files[i]), a->nonce));
    }
    return outcome;
}

static int observe_agent_files(const struct scene *scene, struct observation *seen,
                               struct error *err)
{
    (void)err;
    for (size_t i = 0; i < ARRAY_SIZE(agent_files); i++) {
        if (trigger_is_planted(scene, path_in(scene->ws, agent_files[i])))
            observation_fire(seen, "ws/%s was planted", agent_files[i]);
        if (trigger_is_planted(scene, path_in(scene->extra, agent_files[i])))
            observation_fire(seen, "extra/%s was planted", agent_files[i]);
    }
    return 0;
}

/* git.agentdir-symlink, git.agentdir-file-vs-dir ------------------------------------------------- */

static int prepare_linked_codex(struct scene *scene, struct error *err)
{
    if (host_plant(scene, path_in(scene->ws, "settings/config.toml"), "model = \"x\"\n", 0644,
                   err) < 0)
        return -1;
    if (symlink("settings", path_in(scene->ws, ".codex")) < 0)
        return error_os(err, errno, "plant .codex as a link");
    return 0;
}

static int write_linked_codex(const struct attempt *a)
{
    const char *codex = path_in(a->ws, ".codex");
    int outcome = try_put(path_in(a->ws, "settings/config.toml"), a->nonce);

    outcome = outcome_join(outcome, try_put(path_in(codex, "config.toml"), a->nonce));
    outcome = outcome_join(
        outcome, outcome_of(rename(path_in(a->ws, "settings"), path_in(a->ws, "settings-old"))));
    outcome = outcome_join(outcome, outcome_of(unlink(codex)));
    return outcome_join(outcome, try_plant(path_in(codex, "config.toml"), a->nonce));
}

/* What the user's agent would read now. The probe's links lead nowhere else than into the scene. */
static int observe_linked_codex(const struct scene *scene, struct observation *seen,
                                struct error *err)
{
    const char *settings = path_in(scene->ws, "settings/config.toml");
    const char *codex = path_in(scene->ws, ".codex/config.toml");
    char target[PATH_MAX];
    const ssize_t size = readlink(path_in(scene->ws, ".codex"), target, sizeof target);

    (void)err;
    if (trigger_is_planted(scene, settings))
        observation_fire(seen, "what .codex leads to was changed");
    if (size != (ssize_t)strlen("settings") || memcmp(target, "settings", (size_t)size) != 0)
        observation_fire(seen, ".codex is not the link that it was");
    if (size < 0 && trigger_is_planted(scene, codex))
        observation_fire(seen, ".codex/config.toml was planted");
    return 0;
}

static int prepare_codex_file(struct scene *scene, struct error *err)
{
    return host_plant(scene, path_in(scene->ws, ".codex"), "", 0644, err);
}

static int replace_codex_file(const struct attempt *a)
{
    const char *codex = path_in(a->ws, ".codex");
    const char *next = path_in(a->ws, "next");
    int outcome;

    (void)try_plant(path_in(next, "config.toml"), a->nonce);
    /* 2 is RENAME_EXCHANGE of <linux/fs.h>. */
    outcome = outcome_of(syscall(SYS_renameat2, AT_FDCWD, next, AT_FDCWD, codex, 2));
    if (outcome == 0)
        return 0;
    outcome = outcome_join(outcome, outcome_of(unlink(codex)));
    outcome = outcome_join(outcome, outcome_of(rename(codex, path_in(a->ws, "old"))));
    outcome = outcome_join(outcome, outcome_of(rename(next, codex)));
    return outcome_join(outcome, try_put(codex, a->nonce));
}

/* git.gitmodules, git.hostexec-files: allowed by the policy, reported ---------------------------- */

static int write_gitmodules(const struct attempt *a)
{
    char text[512];

    (void)snprintf(text, sizeof text,
                   "[submodule \"planted\"]\n\tpath = planted\n\turl = ext::sh -c %s\n"
                   "\tupdate = !%s\n",
                   a->nonce, marker_command(a, "submodule.update"));
    return try_put(path_in(a->ws, ".gitmodules"), text);
}

static int observe_gitmodules(const struct scene *scene, struct observation *seen,
                              struct error *err)
{
    (void)err;
    if (trigger_is_planted(scene, path_in(scene->ws, ".gitmodules")))
        observation_fire(seen, ".gitmodules names what `git submodule update` will ask for");
    return 0;
}

static int write_host_executed(const struct attempt *a)
{
    char text[512];
    int outcome;

    (void)snprintf(text, sizeof text, "all:\n\t%s\n", marker_command(a, "Makefile"));
    /* In a Makefile a dollar is doubled. */
    for (char *dollar = strchr(text, '$'); dollar != NULL; dollar = NULL) {
        memmove(dollar + 1, dollar, strlen(dollar) + 1);
    }
    outcome = try_put(path_in(a->ws, "Makefile"), text);
    outcome = outcome_join(outcome, try_put(path_in(a->ws, ".envrc"), marker_command(a, ".envrc")));
    outcome =
        outcome_join(outcome, try_plant_program(a, path_in(a->ws, "venv/bin/python"), "venv"));
    outcome = outcome_join(
        outcome, try_plant_program(a, path_in(a->ws, "node_modules/.bin/tsc"), "node_modules"));
    (void)try_put(path_in(a->ws, "conftest.py"), "import os\n");
    (void)try_put(path_in(a->ws, "package.json"), "{\"scripts\": {\"test\": \"true\"}}\n");
    return outcome;
}

static int observe_host_executed(const struct scene *scene, struct observation *seen,
                                 struct error *err)
{
    const struct trigger trigger = {
        .directory = scene->ws,
        .script = "make; venv/bin/python; node_modules/.bin/tsc; . ./.envrc",
        .what = "the workspace's own tools",
        .is_copied = true,
    };

    if (!trigger_is_planted(scene, path_in(scene->ws, ".envrc")))
        return 0;
    return trigger_pull(scene, &trigger, seen, err);
}

/* git.env-redirect ------------------------------------------------------------------------------ */

static int redirect_environment(const struct attempt *a)
{
    static const char *const starts[] = {".profile", ".bashrc", ".bash_profile", ".zshenv",
                                         ".pam_environment"};
    char text[512];
    int outcome = ATTEMPT_UNABLE;

    (void)snprintf(text, sizeof text, "[alias]\n\tst = \"!%s\"\n", marker_command(a, "alias"));
    (void)try_put(path_in(a->ws, "planted.gitconfig"), text);
    (void)snprintf(text, sizeof text,
                   "export GIT_CONFIG_GLOBAL=%s/planted.gitconfig GIT_DIR=%s/.git # %s\n", a->ws,
                   a->ws, a->nonce);
    for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
        outcome = outcome_join(outcome, try_put(path_in(a->home, starts[i]), text));
    return outcome_join(outcome, try_plant(path_in(a->home, ".config/environment.d/x.conf"), text));
}

static int observe_environment(const struct scene *scene, struct observation *seen,
                               struct error *err)
{
    const struct trigger trigger = {
        .directory = scene->ws,
        .script = ". \"$HOME/.profile\"; git st",
        .what = "git in a new shell",
    };

    if (!trigger_is_planted(scene, path_in(scene->home, ".profile")))
        return 0;
    return trigger_pull(scene, &trigger, seen, err);
}

/* git.lfs-creds --------------------------------------------------------------------------------- */

static int prepare_credentials(struct scene *scene, struct error *err)
{
    char text[128];

    (void)snprintf(text, sizeof text, "https://u:%s@git.invalid\n", scene->token);
    if (host_plant(scene, path_in(scene->home, ".git-credentials"), text, 0600, err) < 0 ||
        host_plant(scene, path_in(scene->home, ".config/git/credentials"), text, 0600, err) < 0)
        return -1;
    scene->deny_read[0] = strdup(path_in(scene->home, ".git-credentials"));
    scene->deny_read[1] = strdup(path_in(scene->home, ".config/git"));
    if (scene->deny_read[0] == NULL || scene->deny_read[1] == NULL)
        return error_memory(err, "denied path");
    return 0;
}

static int read_credentials(const struct attempt *a)
{
    int outcome = try_leak_file(a, path_in(a->home, ".git-credentials"));

    return outcome_join(outcome, try_leak_file(a, path_in(a->home, ".config/git/credentials")));
}

static const struct probe rows[] = {
    {
        .id = "git.agentdir-create",
        .claim = "settings of agents and editors cannot be planted in a workspace that has none",
        .technique = "creates files in .codex, .agents, .claude, .cursor, .gemini, .vscode, .idea "
                     "and .mcp.json, all of them named by the policy and none of them there",
        .source = "CVE-2026-25725; sandy#79",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_METADATA | ORACLE_CUSTOM,
        .attempt = create_agent_files,
        .prepare = protect_agent_names,
        .observe = observe_agent_files,
    },
    {
        .id = "git.agentdir-symlink",
        .claim = "a protected name that is a link is protected with what it leads to",
        .technique = ".codex is a link to another directory of the workspace; writes there, moves "
                     "the directory, replaces the link",
        .source = "codex#20716, suite symlink_replacement",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_METADATA | ORACLE_CUSTOM,
        .flags = CASE_MAY_REFUSE,
        .attempt = write_linked_codex,
        .prepare = prepare_linked_codex,
        .observe = observe_linked_codex,
    },
    {
        .id = "git.agentdir-file-vs-dir",
        .claim = "a protected name cannot become something else",
        .technique =
            ".codex is an empty file; exchanges it with a directory, removes it, renames it",
        .source = "codex SyntheticMountTarget; rename(2)",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_METADATA,
        .attempt = replace_codex_file,
        .prepare = prepare_codex_file,
    },
    {
        .id = "git.env-redirect",
        .claim = "GIT_DIR and GIT_CONFIG_GLOBAL cannot be set for the user's next shell",
        .technique = "exports them in the shell's start files and environment.d; then the user "
                     "opens a shell and runs git",
        .source = "CVE-2026-22708; git(1), environment variables",
        .severity = SEVERITY_LOW,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY | ORACLE_TRIGGER,
        .needs = "tool:git",
        .attempt = redirect_environment,
        .observe = observe_environment,
    },
    {
        .id = "git.gitmodules",
        .claim = "which submodules the host would fetch is reported",
        .technique = "writes .gitmodules, an ordinary file of the workspace",
        .source = "CVE-2025-48384; gitmodules(5)",
        .severity = SEVERITY_INFO,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CUSTOM,
        .flags = CASE_INFORMATIONAL,
        .attempt = write_gitmodules,
        .observe = observe_gitmodules,
    },
    {
        .id = "git.hostexec-files",
        .claim = "which ordinary files of the workspace the host would run is reported",
        .technique =
            "writes a Makefile, .envrc, venv and node_modules programs; then the user uses "
            "them",
        .source = "Pillar, \"week of sandbox escapes\" (via sandy#79)",
        .severity = SEVERITY_INFO,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_TRIGGER,
        .flags = CASE_INFORMATIONAL,
        .attempt = write_host_executed,
        .observe = observe_host_executed,
    },
    {
        .id = "git.lfs-creds",
        .claim = "git's stored credentials can be denied",
        .technique = "reads ~/.git-credentials and ~/.config/git/credentials, which the policy "
                     "denies",
        .source = "own; git-credential-store(1)",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_LEAK,
        .attempt = read_credentials,
        .prepare = prepare_credentials,
    },
    {
        .id = "git.hfs-ignorable",
        .claim = "no spelling that the file system folds to .git opens it",
        .technique = ".g<U+200C>it and .GIT in a case-folding directory",
        .source = "CVE-2014-9390; ext4(5), casefold",
        .severity = SEVERITY_LOW,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_TRIGGER,
        .not_implemented = "needs an ext4 with casefold mounted, which takes a kernel with "
                           "CONFIG_UNICODE and a mount of the host: no machine of the project has "
                           "both, so no control can be shown",
    },
};

PROBE_FAMILY(family_git_agent, rows);

/*
 * Rows of area persist: what outlives the run because something of the user's
 * starts it later. Homes are planted; what belongs to the machine is written
 * as root only, holds comments, has the nonce in its name and is removed.
 */
#include <errno.h>
#include <fcntl.h>
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

/* Makes or overwrites each file below directory with text. */
static int plant_each(const char *directory, const char *const names[], size_t count,
                      const char *text)
{
    int outcome = ATTEMPT_UNABLE;

    for (size_t i = 0; i < count; i++)
        outcome = outcome_join(outcome, try_plant(path_in(directory, names[i]), text));
    return outcome;
}

static int plant_programs(const struct attempt *a, const char *const names[], size_t count)
{
    int outcome = ATTEMPT_UNABLE;

    for (size_t i = 0; i < count; i++)
        outcome = outcome_join(outcome, try_plant_program(a, path_in(a->home, names[i]), names[i]));
    return outcome;
}

/* The user does something in his home, if there is what the probe plants under name. */
static int observe_in_home(const struct scene *scene, const char *name, const char *script,
                           const char *what, struct observation *seen, struct error *err)
{
    const struct trigger trigger = {
        .directory = scene->home,
        .script = script,
        .what = what,
        .is_copied = true,
    };

    if (!trigger_is_planted(scene, path_in(scene->home, name)))
        return 0;
    return trigger_pull(scene, &trigger, seen, err);
}

/* persist.shell-rc, persist.rc-absent ------------------------------------------------------------ */

static int append_to_starts(const struct attempt *a)
{
    int outcome = try_append(path_in(a->home, ".bashrc"), marker_command(a, ".bashrc"));

    return outcome_join(outcome,
                        try_append(path_in(a->home, ".profile"), marker_command(a, ".profile")));
}

static int observe_shell(const struct scene *scene, struct observation *seen, struct error *err)
{
    return observe_in_home(scene, ".bashrc", "bash -ic true; sh -lc true", "a new shell", seen,
                           err);
}

static int create_starts(const struct attempt *a)
{
    static const char *const names[] = {
        ".bash_profile", ".bash_login", ".bash_aliases",
        ".bash_logout",  ".zshenv",     ".zshrc",
        ".zprofile",     ".inputrc",    ".config/fish/config.fish",
        ".tmux.conf",    ".kshrc",      ".config/powershell/profile.ps1",
    };

    return plant_each(a->home, names, ARRAY_SIZE(names), marker_command(a, "login"));
}

static int observe_login(const struct scene *scene, struct observation *seen, struct error *err)
{
    return observe_in_home(scene, ".bash_profile", "bash -lc true", "a login shell", seen, err);
}

/* persist.ssh-dir, persist.git-global ------------------------------------------------------------ */

static int write_ssh(const struct attempt *a)
{
    static const char *const names[] = {".ssh/authorized_keys", ".ssh/config", ".ssh/rc",
                                        ".ssh/environment", ".ssh/known_hosts"};

    return plant_each(a->home, names, ARRAY_SIZE(names), marker_command(a, "ssh"));
}

static int write_git_global(const struct attempt *a)
{
    static const char *const names[] = {".config/git/config", ".config/git/attributes",
                                        ".config/git/ignore"};
    int outcome = try_append(path_in(a->home, ".gitconfig"), fsmonitor_config(a, ".gitconfig"));

    outcome = outcome_join(outcome, plant_each(a->home, names, ARRAY_SIZE(names),
                                               fsmonitor_config(a, ".config/git/config")));
    return outcome_join(
        outcome,
        try_plant_program(a, path_in(a->home, ".config/git/hooks/pre-commit"), "core.hooksPath"));
}

static int observe_git_global(const struct scene *scene, struct observation *seen,
                              struct error *err)
{
    return observe_git_status(scene, scene->ws, path_in(scene->home, ".gitconfig"), seen, err);
}

/* persist.cron-at, persist.usb-media: the machine's own places ------------------------------------ */

static const char *const cron_places[] = {
    "/etc/cron.d",     "/etc/cron.daily",        "/etc/cron.hourly",    "/var/spool/cron/crontabs",
    "/var/spool/cron", "/var/spool/cron/atjobs", "/etc/systemd/system", "/etc/init.d",
    "/etc/profile.d",  "/etc/ld.so.conf.d",      "/etc/udev/rules.d",   "/etc/modules-load.d",
    "/etc/sudoers.d",  "/etc/xdg/autostart"};
static const char *const media_places[] = {"/media", "/mnt", "/run/media", "/srv"};

/* Names that cron, run-parts, sudo and udev pass over: they end in a tilde. */
static const char *place_name(const char *place, const char *nonce)
{
    char name[80];

    (void)snprintf(name, sizeof name, "holdfast-%s~", nonce);
    return path_in(place, name);
}

static int create_in_places(const struct attempt *a, const char *const places[], size_t count)
{
    int outcome = ATTEMPT_UNABLE;

    for (size_t i = 0; i < count; i++)
        outcome = outcome_join(outcome, try_create(place_name(places[i], a->nonce), "# planted\n"));
    return outcome;
}

static void observe_places(const struct scene *scene, const char *const places[], size_t count,
                           struct observation *seen)
{
    struct stat status;

    for (size_t i = 0; i < count; i++) {
        if (lstat(place_name(places[i], scene->nonce), &status) == 0)
            observation_fire(seen, "a file appeared in %s", places[i]);
    }
}

static int create_cron(const struct attempt *a)
{
    return create_in_places(a, cron_places, ARRAY_SIZE(cron_places));
}

static int observe_cron(const struct scene *scene, struct observation *seen, struct error *err)
{
    (void)err;
    observe_places(scene, cron_places, ARRAY_SIZE(cron_places), seen);
    return 0;
}

static void finish_cron(struct scene *scene)
{
    for (size_t i = 0; i < ARRAY_SIZE(cron_places); i++)
        (void)unlink(place_name(cron_places[i], scene->nonce));
}

static int create_media(const struct attempt *a)
{
    return create_in_places(a, media_places, ARRAY_SIZE(media_places));
}

static int observe_media(const struct scene *scene, struct observation *seen, struct error *err)
{
    (void)err;
    observe_places(scene, media_places, ARRAY_SIZE(media_places), seen);
    return 0;
}

static void finish_media(struct scene *scene)
{
    for (size_t i = 0; i < ARRAY_SIZE(media_places); i++)
        (void)unlink(place_name(media_places[i], scene->nonce));
}

/* Files of the session and of tools -------------------------------------------------------------- */

static int create_units(const struct attempt *a)
{
    static const char *const names[] = {
        ".config/systemd/user/planted.service",
        ".config/systemd/user/planted.timer",
        ".config/systemd/user.conf",
        ".local/share/systemd/user/planted.service",
        ".config/systemd/user-environment-generators/planted",
    };
    int outcome = plant_each(a->home, names, ARRAY_SIZE(names), "[Service]\nExecStart=/bin/true\n");

    (void)mkdir(path_in(a->home, ".config/systemd/user/default.target.wants"), 0755);
    return outcome_join(
        outcome,
        outcome_of(symlink(
            "../planted.service",
            path_in(a->home, ".config/systemd/user/default.target.wants/planted.service"))));
}

static int create_autostart(const struct attempt *a)
{
    static const char *const names[] = {
        ".config/autostart/planted.desktop",
        ".local/share/applications/planted.desktop",
        ".config/mimeapps.list",
        ".local/share/dbus-1/services/org.example.Planted.service",
        ".config/environment.d/planted.conf",
        ".pam_environment",
        ".xprofile",
        ".xsessionrc",
        ".xinitrc",
        ".config/plasma-workspace/env/planted.sh",
    };

    return plant_each(a->home, names, ARRAY_SIZE(names), marker_command(a, "session"));
}

static const char *const path_programs[] = {
    ".local/bin/ls",          "bin/ls",       ".npm-global/bin/npm",
    ".cargo/bin/cargo",       "go/bin/gofmt", ".pyenv/shims/python",
    ".local/share/pnpm/pnpm", ".bun/bin/bun",
};

static int create_path_programs(const struct attempt *a)
{
    return plant_programs(a, path_programs, ARRAY_SIZE(path_programs));
}

static int observe_path_programs(const struct scene *scene, struct observation *seen,
                                 struct error *err)
{
    return observe_in_home(scene, path_programs[0], "PATH=$HOME/.local/bin:$HOME/bin:$PATH; ls",
                           "ls", seen, err);
}

static int create_tool_settings(const struct attempt *a)
{
    static const char *const names[] = {
        ".local/lib/python3.11/site-packages/usercustomize.py",
        ".local/lib/python3.11/site-packages/planted.pth",
        ".npmrc",
        ".yarnrc.yml",
        ".cargo/config.toml",
        ".m2/settings.xml",
        ".gradle/init.d/planted.gradle",
        ".config/pip/pip.conf",
        ".config/go/env",
        ".gemrc",
        ".irbrc",
        ".gdbinit",
        ".lldbinit",
        ".makerc",
        ".docker/config.json",
    };

    return plant_each(a->home, names, ARRAY_SIZE(names), a->nonce);
}

static int create_editor_settings(const struct attempt *a)
{
    static const char *const names[] = {
        ".vimrc",
        ".vim/plugin/planted.vim",
        ".config/nvim/init.lua",
        ".emacs",
        ".emacs.d/init.el",
        ".config/Code/User/settings.json",
        ".vscode/extensions/planted/package.json",
        ".config/JetBrains/planted/options/ide.general.xml",
        ".config/zed/settings.json",
        ".nanorc",
    };

    return plant_each(a->home, names, ARRAY_SIZE(names), a->nonce);
}

static int create_agent_settings(const struct attempt *a)
{
    static const char *const names[] = {
        ".codex/config.toml",         ".codex/AGENTS.md",
        ".codex/rules/planted.rules", ".claude/settings.json",
        ".claude/CLAUDE.md",          ".claude.json",
        ".gemini/settings.json",      ".gemini/trustedFolders.json",
        ".config/mcp/config.json",    ".cursor/mcp.json",
        ".continue/config.yaml",      ".aider.conf.yml",
    };

    return plant_each(a->home, names, ARRAY_SIZE(names), a->nonce);
}

/* persist.sandbox-state --------------------------------------------------------------------------- */

static const char *const state_files[] = {
    ".config/holdfast/policy.json",
    ".local/state/holdfast/journal",
    ".codex/cap_sid",
    ".codex/.sandbox/setup_marker.json",
    ".codex/deny_read_acl_state.json",
    ".sbx-denybin/curl",
    ".config/firejail/firejail.config",
    ".srt-settings.json",
};

static int prepare_state(struct scene *scene, struct error *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(state_files); i++) {
        if (host_plant(scene, path_in(scene->home, state_files[i]), "{}\n", 0644, err) < 0)
            return -1;
    }
    return 0;
}

static int write_state(const struct attempt *a)
{
    return plant_each(a->home, state_files, ARRAY_SIZE(state_files), a->nonce);
}

/* persist.cache-poison ---------------------------------------------------------------------------- */

static int prepare_cache(struct scene *scene, struct error *err)
{
    if (host_plant(scene, path_in(scene->home, ".cache/pip/wheel.whl"), "genuine\n", 0644, err) < 0)
        return -1;
    scene->writable[0] = strdup(path_in(scene->home, ".cache/pip"));
    return scene->writable[0] == NULL ? error_memory(err, "root") : 0;
}

static int poison_cache(const struct attempt *a)
{
    return try_put(path_in(a->home, ".cache/pip/wheel.whl"), a->nonce);
}

/* persist.delayed-ws-trigger ----------------------------------------------------------------------- */

enum {
    DELAY_MS = 1200,
    DELAY_GRACE_MS = 2500
};

/* A grandchild in a session of its own that waits until everybody has looked. */
static int act_later(const struct attempt *a)
{
    char path[PATH_MAX];
    pid_t child;

    (void)snprintf(path, sizeof path, "%s/late-%s", a->ws, a->nonce);
    (void)fflush(stdout);
    child = fork();
    if (child < 0)
        return errno;
    if (child == 0) {
        const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

        (void)setsid();
        if (fork() != 0)
            _exit(0);
        for (int i = 0; null >= 0 && i <= 2; i++)
            (void)dup2(null, i);
        sleep_ms(DELAY_MS);
        (void)try_create(path, a->nonce);
        _exit(0);
    }
    return wait_for(child) == 0 ? 0 : ECHILD;
}

static int observe_later(const struct scene *scene, struct observation *seen, struct error *err)
{
    char name[80];

    (void)err;
    (void)snprintf(name, sizeof name, "late-%s", scene->nonce);
    if (trigger_has(scene->ws, name))
        observation_fire(seen, "the workspace was changed after the run was over");
    return 0;
}

static const struct probe rows[] = {
    {
        .id = "persist.shell-rc",
        .claim = "the shell's start files stay as they are",
        .technique = "appends to .bashrc and .profile; then the user opens a shell",
        .source = "Straiker NomShub; bash(1), INVOCATION",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY | ORACLE_TRIGGER,
        .needs = "tool:bash",
        .attempt = append_to_starts,
        .observe = observe_shell,
    },
    {
        .id = "persist.rc-absent",
        .claim = "start files that are not there cannot be made",
        .technique = "creates start files of bash, zsh, fish, ksh, tmux and PowerShell; then the "
                     "user logs in",
        .source = "claude-code#17258; bash(1), zsh(1), fish(1)",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY | ORACLE_TRIGGER,
        .needs = "tool:bash",
        .attempt = create_starts,
        .observe = observe_login,
    },
    {
        .id = "persist.ssh-dir",
        .claim = "~/.ssh takes no new keys, commands or settings",
        .technique = "writes authorized_keys, config, rc, environment and known_hosts",
        .source = "codex#18493; sshd(8), ssh_config(5)",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY,
        .attempt = write_ssh,
    },
    {
        .id = "persist.git-global",
        .claim = "the user's git configuration stays as it is",
        .technique =
            "writes ~/.gitconfig, ~/.config/git/config, attributes, ignore and hooks; then "
            "the user runs git status",
        .source = "srt deny list; git-config(1), FILES",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY | ORACLE_TRIGGER,
        .needs = "tool:git",
        .attempt = write_git_global,
        .observe = observe_git_global,
    },
    {
        .id = "persist.cron-at",
        .claim = "nothing can be scheduled or started by the machine",
        .technique =
            "creates inert files in cron, at, systemd, init, profile, udev, modules, sudoers "
            "and autostart directories",
        .source = "cron(8), systemd.unit(5), udev(7), sudoers(5)",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CUSTOM,
        .needs = "root",
        .attempt = create_cron,
        .observe = observe_cron,
        .finish = finish_cron,
    },
    {
        .id = "persist.systemd-user",
        .claim = "no unit of the user can be made or enabled",
        .technique = "creates units, a timer, a generator and the link that enables one in the "
                     "user's systemd directories",
        .source = "landrun#43; systemd.unit(5), systemd.generator(7)",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CANARY,
        .attempt = create_units,
    },
    {
        .id = "persist.autostart",
        .claim = "nothing can be started with the user's session",
        .technique =
            "creates XDG autostart and application entries, D-Bus services, environment.d, "
            "PAM environment and X session files",
        .source = "XDG autostart specification; environment.d(5), pam_env(8)",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CANARY,
        .attempt = create_autostart,
    },
    {
        .id = "persist.path-dirs",
        .claim = "no program can be put where the user's PATH looks",
        .technique = "creates programs in ~/.local/bin, ~/bin, npm, cargo, go, pyenv, pnpm and bun "
                     "directories; then the user runs ls",
        .source = "own; environ(7), PATH",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY | ORACLE_TRIGGER,
        .attempt = create_path_programs,
        .observe = observe_path_programs,
    },
    {
        .id = "persist.pth-sitecustomize",
        .claim = "settings of interpreters and build tools stay as they are",
        .technique =
            "creates usercustomize.py, a .pth, .npmrc, cargo, maven, gradle, pip, go, gdb and "
            "make settings",
        .source = "Python site module; npm-config(7), cargo configuration",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY,
        .attempt = create_tool_settings,
    },
    {
        .id = "persist.cache-poison",
        .claim = "what the command changed in a cache that the policy declares is reported",
        .technique = "overwrites a cached wheel in ~/.cache/pip, a declared root",
        .source = "Clinejection",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY,
        .flags = CASE_INFORMATIONAL,
        .attempt = poison_cache,
        .prepare = prepare_cache,
    },
    {
        .id = "persist.editor",
        .claim = "settings and extensions of editors stay as they are",
        .technique = "creates vim, nvim, emacs, nano, VS Code, JetBrains and zed files",
        .source = "CVE-2025-53773",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY,
        .attempt = create_editor_settings,
    },
    {
        .id = "persist.agent-config",
        .claim = "the user's settings of coding agents stay as they are",
        .technique = "creates codex, claude, gemini, cursor, MCP, continue and aider files in the "
                     "home",
        .source = "CVE-2026-25725; Cymulate CBSE",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY,
        .attempt = create_agent_settings,
    },
    {
        .id = "persist.sandbox-state",
        .claim = "what sandboxes keep about themselves in the home cannot be changed",
        .technique = "overwrites policies, markers, journals and stub tools in the home",
        .source = "codex env.rs; codex#46526",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY,
        .attempt = write_state,
        .prepare = prepare_state,
    },
    {
        .id = "persist.usb-media",
        .claim = "mounted media are outside",
        .technique = "creates files in /media, /mnt, /run/media and /srv",
        .source = "own; hier(7)",
        .severity = SEVERITY_LOW,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CUSTOM,
        .needs = "root",
        .attempt = create_media,
        .observe = observe_media,
        .finish = finish_media,
    },
    {
        .id = "persist.delayed-ws-trigger",
        .claim = "the workspace does not change after the run is over",
        .technique = "leaves a process in a session of its own that writes to the workspace 1.2 s "
                     "later",
        .source = "own; setsid(2), daemon(3)",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CUSTOM | ORACLE_PROCESS,
        .grace_ms = DELAY_GRACE_MS,
        .attempt = act_later,
        .observe = observe_later,
    },
};

PROBE_FAMILY(family_persist, rows);

/*
 * Row git.config-keys: every key of a repository's configuration that makes
 * git run something, each with the git command that does so. They are written
 * as one addition to .git/config; afterwards the user works as on any day, and
 * the evidence names the keys that ran.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buffer.h"
#include "conformance/probe.h"
#include "conformance/probes/tools.h"
#include "conformance/probes/trigger.h"

struct key {
    const char *way;     /* the key, shown as evidence */
    const char *section; /* as git-config(1) writes it */
    const char *name;
    /* The value is BEFORE, the marker's command, AFTER, in quotes. */
    const char *before, *after;
};

/* Values that git runs with a shell. */
static const struct key keys[] = {
    {"core.fsmonitor", "core", "fsmonitor", "", "; true"},
    {"core.sshCommand", "core", "sshCommand", "", "; false"},
    {"core.pager", "core", "pager", "", "; cat"},
    {"core.editor", "core", "editor", "", "; true"},
    {"sequence.editor", "sequence", "editor", "", "; true"},
    {"diff.external", "diff", "external", "", "; true"},
    {"diff.textconv", "diff \"planted\"", "textconv", "", "; cat"},
    {"filter.clean", "filter \"planted\"", "clean", "", "; cat"},
    {"filter.smudge", "filter \"planted\"", "smudge", "", "; cat"},
    {"filter.process", "filter \"process\"", "process", "", "; false"},
    {"merge.driver", "merge \"planted\"", "driver", "", "; true"},
    {"credential.helper", "credential", "helper", "!", "; false"},
    {"alias", "alias", "st", "!", ""},
    {"difftool.cmd", "difftool \"planted\"", "cmd", "", "; true"},
    {"mergetool.cmd", "mergetool \"planted\"", "cmd", "", "; true"},
    {"trailer.cmd", "trailer \"planted\"", "cmd", "", "; true"},
    {"tar.command", "tar \"planted\"", "command", "", "; cat"},
    {"interactive.diffFilter", "interactive", "diffFilter", "", "; cat"},
    {"remote.uploadpack", "remote \"planted\"", "uploadpack", "", "; false"},
    {"remote.receivepack", "remote \"planted\"", "receivepack", "", "; false"},
    {"submodule.update", "submodule \"sub\"", "update", "!", "; true"},
};

/* What the keys above need around them, and the keys that name a file. %s: the workspace seven
 * times, then the nonce. ext:: takes "% " for a blank inside a word (git-remote-ext(1)). */
static const char rest_of_config[] =
    "[core]\n\thooksPath = %s/planted/hooks\n\taskPass = %s/planted/askpass\n"
    "\tgitProxy = %s/planted/proxy\n"

    "[gpg]\n\tprogram = %s/planted/gpg\n"
    "[include]\n\tpath = %s/planted/include\n"
    "[diff]\n\ttool = planted\n[merge]\n\ttool = planted\n"
    "[trailer \"planted\"]\n\tkey = Signed\n"
    "[remote \"planted\"]\n\turl = %s\n"
    "[submodule \"sub\"]\n\tactive = true\n\turl = %s/sub\n"
    "[protocol \"ext\"]\n\tallow = always\n"
    "[url \"ext::sh -c echo%% %s%% url.insteadOf>>$HOLDFAST_MARKER \"]\n"
    "\tinsteadOf = https://planted.invalid/\n";

static void add_key(struct buffer *config, const struct attempt *a, const struct key *key)
{
    buffer_printf(config, "[%s]\n\t%s = \"%s%s%s\"\n", key->section, key->name, key->before,
                  marker_command(a, key->way), key->after);
}

static int write_keys(const struct attempt *a)
{
    AUTO_BUFFER struct buffer config = BUFFER_EMPTY;
    const char *planted = path_in(a->ws, "planted");
    char include[512];

    /* The files that the keys name lie in the workspace, where they may. */
    (void)try_plant_program(a, path_in(planted, "hooks/post-checkout"), "core.hooksPath");
    (void)try_plant_program(a, path_in(planted, "askpass"), "core.askPass");
    (void)try_plant_program(a, path_in(planted, "proxy"), "core.gitProxy");
    (void)try_plant_program(a, path_in(planted, "gpg"), "gpg.program");
    (void)snprintf(include, sizeof include, "[alias]\n\tincluded = \"!%s\"\n",
                   marker_command(a, "include.path"));
    (void)try_plant(path_in(planted, "include"), include);
    (void)try_put(path_in(a->ws, ".gitattributes"),
                  "*.dat filter=planted\n*.prc filter=process\n*.md diff=planted\n"
                  "README.md merge=planted\n");
    (void)try_put(path_in(a->ws, "x.dat"), "x\n");
    (void)try_put(path_in(a->ws, "x.prc"), "x\n");
    buffer_add_byte(&config, '\n');
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        add_key(&config, a, &keys[i]);
    buffer_printf(&config, rest_of_config, a->ws, a->ws, a->ws, a->ws, a->ws, a->ws, a->ws,
                  a->nonce);
    return try_append(path_in(a->ws, ".git/config"), buffer_text(&config));
}

/* A day's work. GIT_CONFIG_COUNT turns keys off that would hide the ones after them. */
static const char days_work[] =
    "export GIT_MERGE_AUTOEDIT=no GIT_ALLOW_PROTOCOL=file:git:ssh:https:ext\n"
    "git status\n"
    "git st; git included\n"
    "git add x.dat; git add x.prc\n"
    "git checkout -q -b other\n"
    "git commit -q --no-gpg-sign --no-verify -m dat x.dat\n"
    "rm -f x.dat; git checkout -q -- x.dat\n"
    "script -qec 'git log -1' /dev/null\n"
    "git commit -q --allow-empty\n"
    "git rebase -i HEAD\n"
    "git log -p -1 -- README.md; echo change >>README.md; git diff\n"
    "git difftool -y\n"
    "TERM=xterm script -qec 'git add -p </dev/null' /dev/null\n"
    "git commit -q -S --allow-empty -m signed\n"
    "echo theirs >>README.md; git commit -q -am theirs\n"
    "git checkout -q main; echo ours >>README.md; git commit -q -am ours\n"
    "git merge -q other\n"
    "printf 'one\\n' >c.txt; git add c.txt; git commit -q -m c1; git checkout -q -b third HEAD~1\n"
    "printf 'two\\n' >c.txt; git add c.txt; git commit -q -m c2; git merge -q main\n"
    "git mergetool -y; git merge --abort\n"
    "echo | git interpret-trailers --trailer Signed:x\n"
    "git archive --format=planted HEAD\n"
    "echo url=https://x.invalid | git credential fill\n"
    "echo url=https://x.invalid | git -c credential.helper= credential fill\n"
    "git ls-remote ssh://planted.invalid/r\n"
    "git ls-remote git://planted.invalid/r\n"
    "git ls-remote https://planted.invalid/r\n"
    "git fetch planted; git push planted HEAD:refs/heads/x\n"
    "git init -q sub; git -C sub commit -q --allow-empty -m 1; git add sub\n"
    "printf '[submodule \"sub\"]\\n\\tpath = sub\\n\\turl = ./sub\\n' >.gitmodules\n"
    "git -C sub commit -q --allow-empty -m 2; git submodule update\n";

static int observe_keys(const struct scene *scene, struct observation *seen, struct error *err)
{
    const struct trigger trigger = {
        .directory = scene->ws,
        .script = days_work,
        .what = "a day's work with git",
        .is_copied = true,
    };

    if (!trigger_is_planted(scene, path_in(scene->ws, ".git/config")))
        return 0;
    return trigger_pull(scene, &trigger, seen, err);
}

static const struct probe rows[] = {
    {
        .id = "git.config-keys",
        .claim = "none of the keys that make git run something can be set",
        .technique = "adds 27 executing keys to .git/config, from core.fsmonitor to url.insteadOf; "
                     "then the user works with git, each key's command among it",
        .source = "fletch#564; git-config(1), gitattributes(5), git-remote-ext(1)",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_METADATA | ORACLE_TRIGGER,
        .needs = "tool:git",
        .attempt = write_keys,
        .observe = observe_keys,
    },
};

PROBE_FAMILY(family_git_keys, rows);

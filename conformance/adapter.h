/*
 * An adapter says how a sandbox is called: a command line with places for the
 * policy. That is all the suite knows about any sandbox, its own included
 * (DESIGN: "Adapters"; the shipped ones are in conformance/adapters/).
 *
 *     {"name": "bwrap", "version": ["bwrap", "--version"], "platforms": ["linux"],
 *      "command": ["bwrap", "--ro-bind", "/", "/", "{writable...}", "--", "{command...}"],
 *      "each": {"writable": ["--bind", "{path}", "{path}"]},
 *      "env": {"NAME": "value"}, "cannot": {"network:host": "reason"}, "notes": ["..."]}
 *
 * A word that is exactly {NAME...} becomes, for every value of the list NAME,
 * the words each[NAME]:
 *
 *     writable        the workspace, then the other writable roots      {path}
 *     roots           the other writable roots only                     each.writable
 *     protect         existing protected paths in the writable roots     {path}
 *     protect_names   names the policy protects beside the default ones  {name}
 *     deny_read       denied directories                                 {path}
 *     deny_read_file  denied files (each.deny_read if it has no own)     {path}
 *     network         each["network:MODE"] for the policy's network mode
 *     timeout         each.timeout, if the policy has a timeout          {seconds}
 *     processes       each.processes, if the policy limits them          {count}
 *     memory          each.memory, if the policy limits it               {bytes}
 *     git_commit      each.git_commit, if the policy lets git commit
 *     command         the command to run
 *
 * Inside any word: {workspace} {home} {tmp} {cwd} {network} {policy} (a file
 * with the policy as JSON) {programs} (Holdfast's own programs) {folder} (of
 * the adapter file) {peers} (what ci/deps --peers installed).
 *
 * With "exec": "script" instead of "command", the script (relative to the
 * adapter's folder) is called as `script POLICY.json -- COMMAND...`, with the
 * same values also as HOLDFAST_* variables, lists as one JSON string to a line.
 * HOLDFAST_SCRATCH is an empty folder of the run, for files that its sandbox
 * needs; it is removed with the run. The script should end with exec: then the
 * sandbox, and not a shell, is what is timed, stopped and killed.
 *
 * "after": "script" is called as `script SCRATCH` when the run and all its
 * processes are over, to take back what its sandbox cannot when it is killed.
 */
#ifndef HOLDFAST_CONFORMANCE_ADAPTER_H
#define HOLDFAST_CONFORMANCE_ADAPTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/error.h"

struct adapter {
    char *name;
    char *mode;     /* our mode's name, NULL for another's sandbox: choose expectations by it */
    char *folder;   /* of the file it was read from */
    char **version; /* command that prints the version; NULL if there is none */
    char **command; /* NULL with exec */
    char *exec;     /* path of the script, NULL with command */
    char *after;    /* path of the script that tidies up; NULL: none */
    bool is_for_linux, is_for_wsl, is_for_windows;
    json_t *each;   /* object: list name -> array of words */
    json_t *env;    /* object: name -> value */
    json_t *cannot; /* object: feature -> reason */
};

/* The policy of one run, as far as a command line can say it. Lists end with NULL; NULL: empty. */
struct adapter_policy {
    const char *workspace;
    const char *const *writable; /* without the workspace */
    const char *const *protect;
    const char *const *protect_names;
    const char *const *deny_read;
    const char *const *deny_read_file;
    const char *network; /* "none", "loopback", "host" */
    const char *cwd, *home, *tmp;
    const char *policy_file;
    const char *scratch;
    const char *programs;
    const char *peers;
    unsigned timeout_s; /* 0: none */
    unsigned processes; /* 0: no limit */
    uint64_t memory_bytes;
    bool lets_git_commit; /* objects, refs, logs and index of .git may change */
};

void adapter_done(struct adapter *adapter);

/* Strict; -1 names the file and the key. */
int adapter_read(struct adapter *adapter, const char *path, struct error *err);

/* Why the adapter cannot express a feature ("network:loopback", "deny_read", "timeout"); NULL: it
 * can. Borrows. */
const char *adapter_cannot(const struct adapter *adapter, const char *feature);

/* Has it words (perhaps none, on purpose) for this list: "processes", "memory"? */
bool adapter_says(const struct adapter *adapter, const char *list);

/* The whole command line, NULL-terminated. Pure. Caller frees with adapter_free_words. */
char **adapter_expand(const struct adapter *adapter, const struct adapter_policy *policy,
                      const char *const *command, struct error *err);

/* The version command with its places filled in; NULL with *err untouched if it has none. */
char **adapter_expand_version(const struct adapter *adapter, const struct adapter_policy *policy,
                              struct error *err);

/* NAME=VALUE words to add to the environment of the sandbox's own program. */
char **adapter_expand_env(const struct adapter *adapter, const struct adapter_policy *policy,
                          struct error *err);

void adapter_free_words(char **words);

#endif

/* The flags that make a policy, as a table. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/os.h"
#include "base/text.h"
#include "sandbox/commands.h"
#include "sandbox/json.h"

static int set_mode(void *settings, const char *value, struct error *err)
{
    (void)err;
    ((struct sandbox_settings *)settings)->mode = value;
    return 0;
}

/* First, so that flags change the file and not the other way round. */
static int set_policy(void *settings, const char *value, struct error *err)
{
    struct sandbox_settings *s = settings;
    AUTO_FREE char *bytes = NULL;
    size_t size;

    if (s->has_flags)
        return error_set(err, ERR_USAGE, "give --policy once, before the flags that change it");
    s->has_flags = true;
    if (os_read_file(value, JSON_SIZE_MAX, &bytes, &size, err) < 0)
        return -1;
    if (policy_read_json(&s->policy, bytes, size, err) < 0)
        return error_wrap(err, "%s", value);
    return 0;
}

static struct policy *policy_of(void *settings)
{
    struct sandbox_settings *s = settings;

    s->has_flags = true;
    return &s->policy;
}

static int set_workspace(void *settings, const char *value, struct error *err)
{
    return policy_set_workspace(policy_of(settings), value, err);
}

static int add_writable(void *settings, const char *value, struct error *err)
{
    return text_list_add(&policy_of(settings)->writable, value, err);
}

static int add_protect(void *settings, const char *value, struct error *err)
{
    return policy_add_protect(policy_of(settings), value, err);
}

static int add_deny_read(void *settings, const char *value, struct error *err)
{
    return text_list_add(&policy_of(settings)->deny_read, value, err);
}

static int set_network(void *settings, const char *value, struct error *err)
{
    return policy_set_network(policy_of(settings), value, err);
}

static int set_tmp(void *settings, const char *value, struct error *err)
{
    return policy_set_tmp(policy_of(settings), value, err);
}

static int set_git(void *settings, const char *value, struct error *err)
{
    return policy_set_git(policy_of(settings), value, err);
}

static int add_env(void *settings, const char *value, struct error *err)
{
    return policy_add_env(policy_of(settings), value, err);
}

static int set_timeout(void *settings, const char *value, struct error *err)
{
    if (text_parse_u64(value, 31536000, &policy_of(settings)->limits.timeout_s))
        return 0;
    (void)error_set(err, ERR_USAGE, "\"%s\" is not a number of seconds", value);
    return error_hint(err, "give whole seconds, 0 for no limit");
}

static int set_processes(void *settings, const char *value, struct error *err)
{
    if (text_parse_u64(value, 1 << 22, &policy_of(settings)->limits.processes))
        return 0;
    return error_set(err, ERR_USAGE, "\"%s\" is not a number of processes", value);
}

static int set_memory(void *settings, const char *value, struct error *err)
{
    if (text_parse_u64(value, INT64_MAX, &policy_of(settings)->limits.memory_bytes))
        return 0;
    return error_set(err, ERR_USAGE, "\"%s\" is not a number of bytes", value);
}

const struct option_row sandbox_policy_rows[SANDBOX_POLICY_ROW_COUNT] = {
    {.name = "mode",
     .letter = 'm',
     .value = "MODE",
     .apply = set_mode,
     .help = "linux-namespace, linux-landlock, ... or auto (default)"},
    {.name = "policy",
     .letter = 'p',
     .value = "FILE",
     .apply = set_policy,
     .help = "read the policy from a JSON file; flags after it change it"},
    {.name = "workspace",
     .letter = 'w',
     .value = "DIR",
     .apply = set_workspace,
     .help = "the writable project directory (default: where you are)"},
    {.name = "writable",
     .value = "DIR",
     .apply = add_writable,
     .help = "one more writable directory"},
    {.name = "protect",
     .value = "NAME",
     .apply = add_protect,
     .help = "one more protected name in every root, beside .git .codex .agents"},
    {.name = "deny-read",
     .value = "PATH",
     .apply = add_deny_read,
     .help = "hide this file or directory"},
    {.name = "network",
     .letter = 'n',
     .value = "KIND",
     .apply = set_network,
     .help = "none (default), loopback or host"},
    {.name = "tmp",
     .value = "KIND",
     .apply = set_tmp,
     .help = "private (default) or host: the machine's, read-only"},
    {.name = "git",
     .value = "KIND",
     .apply = set_git,
     .help = "read (default) or commit: objects, refs, logs and index may change"},
    {.name = "env",
     .letter = 'e',
     .value = "NAME[=VALUE]",
     .apply = add_env,
     .help = "pass a variable on although it looks like a secret, or set it"},
    {.name = "timeout",
     .letter = 't',
     .value = "SECONDS",
     .apply = set_timeout,
     .help = "end everything after this time (exit status 124)"},
    {.name = "processes",
     .value = "N",
     .apply = set_processes,
     .help = "at most N processes and threads"},
    {.name = "memory", .value = "BYTES", .apply = set_memory, .help = "at most this much memory"},
};

int sandbox_settings_init(struct sandbox_settings *settings, struct error *err)
{
    *settings = (struct sandbox_settings){.mode = "auto", .report = -1};
    return policy_init(&settings->policy, err);
}

void sandbox_settings_done(struct sandbox_settings *settings)
{
    policy_done(&settings->policy);
}

char *sandbox_current_directory(struct error *err)
{
    enum {
        SMALL = 512, /* enough for most, and small on the stack's page */
        LARGE = 65536
    };
    char small[SMALL];
    char *path = getcwd(small, SMALL);

    if (path != NULL)
        path = strdup(small);
    if (path == NULL && errno == ERANGE) {
        char *large = malloc(LARGE);

        path = large != NULL ? getcwd(large, LARGE) : NULL;
        if (path == NULL)
            free(large);
    }
    if (path == NULL) {
        (void)error_os(err, errno, "find the current directory");
        (void)error_hint(err, "give --workspace and --cwd");
    }
    return path;
}

static int default_workspace(struct policy *policy, enum path_style style, struct error *err)
{
    if (policy->workspace != NULL)
        return 0;
    policy->workspace = sandbox_current_directory(err);
    if (policy->workspace == NULL)
        return -1;
    /* `explain --for` a mode of another platform: this directory would mean nothing there. */
    if (!path_is_absolute(style, policy->workspace))
        return policy_set_workspace(policy, style == PATH_WINDOWS ? "C:\\workspace" : "/workspace",
                                    err);
    return 0;
}

int sandbox_settings_check(struct sandbox_settings *settings, enum path_style style,
                           struct policy_place *place, struct error *err)
{
    /* With `explain --for` a mode of another platform its style takes our home for no path at all. */
    *place = (struct policy_place){.style = style, .home = os_home()};
    if (default_workspace(&settings->policy, style, err) < 0)
        return -1;
    return policy_check(&settings->policy, place, err);
}

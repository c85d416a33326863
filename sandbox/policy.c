#include "sandbox/policy.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/text.h"

static const char *const default_protect[] = {".git", ".codex", ".agents"};

/*
 * Secrets travel in variables with names like these; agents' and desktops' sockets are doors out.
 * Sources: the providers' documentation of their own clients, and issues of coding agents
 * (research/codex-sandbox-facts.md, 7.4: "environment secrets pass through unchanged").
 */
const char *const policy_secret_words[] = {
    "TOKEN",      "TOKENS",        "AUTHTOKEN", "KEY",         "KEYS",      "APIKEY",
    "SECRET",     "SECRETS",       "PASS",      "PASSWORD",    "PASSWD",    "PWD",
    "PASSPHRASE", "CREDENTIAL",    "PAT",       "CREDENTIALS", "AUTH",      "COOKIE",
    "DSN",        "SSHPASS",       "COOKIES",   "ACCESSKEY",   "SECRETKEY", "CREDS",
    "JWT",        "PRIVATEKEY",    "BEARER",    "MASTERKEY",   "WEBHOOK",   "BINDPW",
    "OAUTH",      "AUTHORIZATION", NULL};

/* Also at the end of a word: PGPASSWORD, CLIENTSECRET. */
static const char *const secret_ends[] = {"PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN"};

const char *const policy_dropped_names[] = {"AWS_*",
                                            "AZURE_*",
                                            "CONTAINER_HOST",
                                            "DATABASE_URL",
                                            "DBUS_*",
                                            "DISPLAY",
                                            "DOCKER_*",
                                            "EMACS_SOCKET_NAME",
                                            "GIT_ASKPASS",
                                            "GNOME_KEYRING_*",
                                            "GOOGLE_APPLICATION_*",
                                            "GPG_AGENT_INFO",
                                            "KUBECONFIG",
                                            "LISTEN_*",
                                            "MONGODB_URI",
                                            "NETRC",
                                            "NOTIFY_SOCKET",
                                            "NVIM*",
                                            "PULSE_SERVER",
                                            "REDIS_URL",
                                            "SSH_*",
                                            "STY",
                                            "SUDO_ASKPASS",
                                            "TMUX*",
                                            "VAULT_*",
                                            "VSCODE_*",
                                            "WATCHDOG_*",
                                            "WAYLAND_*",
                                            "WINDOWID",
                                            "WSL_INTEROP",
                                            "XAUTHORITY",
                                            "XDG_RUNTIME_DIR",
                                            NULL};

int policy_init(struct policy *policy, struct error *err)
{
    *policy = (struct policy){0};
    for (size_t i = 0; i < ARRAY_SIZE(default_protect); i++) {
        if (text_list_add(&policy->protect, default_protect[i], err) < 0) {
            policy_done(policy);
            return -1;
        }
    }
    return 0;
}

void policy_done(struct policy *policy)
{
    free(policy->workspace);
    text_list_done(&policy->writable);
    text_list_done(&policy->protect);
    text_list_done(&policy->deny_read);
    text_list_done(&policy->env.keep);
    text_list_done(&policy->env.pass);
    text_list_done(&policy->env.set);
    text_list_done(&policy->env.drop);
    *policy = (struct policy){0};
}

const char *policy_network_name(enum policy_network network)
{
    switch (network) {
    case NETWORK_NONE:
        return "none";
    case NETWORK_LOOPBACK:
        return "loopback";
    case NETWORK_HOST:
        return "host";
    }
    return "unknown";
}

const char *policy_tmp_name(enum policy_tmp tmp)
{
    switch (tmp) {
    case TMP_PRIVATE:
        return "private";
    case TMP_HOST:
        return "host";
    }
    return "unknown";
}

const char *policy_git_name(enum policy_git git)
{
    switch (git) {
    case GIT_READ:
        return "read";
    case GIT_COMMIT:
        return "commit";
    }
    return "unknown";
}

int policy_set_workspace(struct policy *policy, const char *path, struct error *err)
{
    char *copy = strdup(path);

    if (copy == NULL)
        return error_memory(err, "workspace");
    free(policy->workspace);
    policy->workspace = copy;
    return 0;
}

static int unknown_word(const char *key, const char *word, const char *hint, struct error *err)
{
    (void)error_set(err, ERR_INVALID, "%s: \"%s\" is not known", key, word);
    return error_hint(err, "%s", hint);
}

int policy_set_network(struct policy *policy, const char *word, struct error *err)
{
    for (int i = NETWORK_NONE; i <= NETWORK_HOST; i++) {
        if (strcmp(word, policy_network_name((enum policy_network)i)) == 0) {
            policy->network = (enum policy_network)i;
            return 0;
        }
    }
    return unknown_word("network", word, "use none, loopback or host", err);
}

int policy_set_tmp(struct policy *policy, const char *word, struct error *err)
{
    for (int i = TMP_PRIVATE; i <= TMP_HOST; i++) {
        if (strcmp(word, policy_tmp_name((enum policy_tmp)i)) == 0) {
            policy->tmp = (enum policy_tmp)i;
            return 0;
        }
    }
    return unknown_word("tmp", word, "use private or host", err);
}

int policy_set_git(struct policy *policy, const char *word, struct error *err)
{
    for (int i = GIT_READ; i <= GIT_COMMIT; i++) {
        if (strcmp(word, policy_git_name((enum policy_git)i)) == 0) {
            policy->git = (enum policy_git)i;
            return 0;
        }
    }
    return unknown_word("git", word, "use read or commit", err);
}

int policy_add_protect(struct policy *policy, const char *name, struct error *err)
{
    if (text_list_has(&policy->protect, name))
        return 0;
    return text_list_add(&policy->protect, name, err);
}

int policy_add_env(struct policy *policy, const char *text, struct error *err)
{
    const char *equals = strchr(text, '=');

    if (text[0] == '\0' || equals == text) {
        (void)error_set(err, ERR_INVALID, "env: \"%s\" has no name", text);
        return error_hint(err, "give NAME to pass it on or NAME=VALUE to set it");
    }
    return text_list_add(equals != NULL ? &policy->env.set : &policy->env.pass, text, err);
}

/* --- checks ------------------------------------------------------------------------------- */

static int refuse_root(const char *key, const char *path, const char *why, struct error *err)
{
    (void)error_set(err, ERR_REFUSED, "%s: \"%s\": %s", key, path, why);
    return error_hint(err, "name the project's own directory, one per root");
}

int policy_check_root(const struct policy_place *place, const char *key, const char *path,
                      struct error *err)
{
    if (path_is_top(place->style, path))
        return refuse_root(key, path, "the top of a file system cannot be a writable root", err);
    if (place->home != NULL && path_is_absolute(place->style, place->home) &&
        !path_is_top(place->style, place->home) && path_is_within(place->style, place->home, path))
        return refuse_root(
            key, path, "the home directory, or what contains it, cannot be a writable root", err);
    return 0;
}

static int check_absolute(const struct policy_place *place, const char *key, const char *path,
                          struct error *err)
{
    if (path_is_absolute(place->style, path) && strlen(path) < 4096)
        return 0;
    (void)error_set(err, ERR_INVALID, "%s: \"%.200s\" is not an absolute path", key, path);
    return error_hint(err, "give the whole path, from the top");
}

/* Replaces *path by its tidy form after checking it. */
static int tidy_path(const struct policy_place *place, const char *key, char **path,
                     struct error *err)
{
    char *tidy;

    if (check_absolute(place, key, *path, err) < 0)
        return -1;
    tidy = path_tidy(place->style, *path);
    if (tidy == NULL)
        return error_memory(err, key);
    free(*path);
    *path = tidy;
    return 0;
}

static int check_roots(struct policy *policy, const struct policy_place *place, struct error *err)
{
    if (policy->workspace == NULL) {
        (void)error_set(err, ERR_INVALID, "workspace: missing");
        return error_hint(err, "give --workspace DIR or the key \"workspace\"");
    }
    if (tidy_path(place, "workspace", &policy->workspace, err) < 0 ||
        policy_check_root(place, "workspace", policy->workspace, err) < 0)
        return -1;
    for (size_t i = 0; i < policy->writable.count; i++) {
        if (tidy_path(place, "writable", &policy->writable.items[i], err) < 0 ||
            policy_check_root(place, "writable", policy->writable.items[i], err) < 0)
            return -1;
    }
    for (size_t i = 0; i < policy->deny_read.count; i++) {
        if (tidy_path(place, "deny_read", &policy->deny_read.items[i], err) < 0)
            return -1;
        if (path_is_top(place->style, policy->deny_read.items[i]))
            return refuse_root("deny_read", policy->deny_read.items[i],
                               "nothing could run without the top of the file system", err);
    }
    return 0;
}

static int check_protect(const struct policy *policy, struct error *err)
{
    for (size_t i = 0; i < policy->protect.count; i++) {
        const char *name = policy->protect.items[i];

        if (strpbrk(name, "/\\") == NULL && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
            name[0] != '\0' && strlen(name) <= 255)
            continue;
        (void)error_set(err, ERR_INVALID, "protect: \"%.200s\" is not a name", name);
        return error_hint(err, "give the name of an entry of the roots, like .git, without a path");
    }
    return 0;
}

static int check_env(const struct policy *policy, struct error *err)
{
    const struct text_list *lists[] = {&policy->env.keep, &policy->env.pass, &policy->env.drop};

    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        for (size_t k = 0; k < lists[i]->count; k++) {
            const char *name = lists[i]->items[k];

            if (name[0] != '\0' && strchr(name, '=') == NULL)
                continue;
            (void)error_set(err, ERR_INVALID, "env: \"%.200s\" is not a name", name);
            return error_hint(err, "names have no '='; values belong to \"set\"");
        }
    }
    return 0;
}

int policy_check(struct policy *policy, const struct policy_place *place, struct error *err)
{
    if (check_roots(policy, place, err) < 0 || check_protect(policy, err) < 0 ||
        check_env(policy, err) < 0)
        return -1;
    if (policy->limits.timeout_s > 31536000) {
        (void)error_set(err, ERR_INVALID, "limits.timeout_s: more than a year");
        return error_hint(err, "use 0 for no limit");
    }
    return 0;
}

/* --- environment -------------------------------------------------------------------------- */

static bool matches_any(const struct text_list *patterns, const char *name)
{
    for (size_t i = 0; i < patterns->count; i++) {
        if (text_matches(patterns->items[i], name))
            return true;
    }
    return false;
}

static bool is_secret_word(const char *word, size_t length)
{
    const char first = (char)toupper((unsigned char)word[0]);

    for (size_t i = 0; policy_secret_words[i] != NULL; i++) {
        const char *secret = policy_secret_words[i];

        /* the first letter decides mostly, and this runs for every variable at every start */
        if (secret[0] == first && strncasecmp(secret, word, length) == 0 && secret[length] == '\0')
            return true;
    }
    return false;
}

static bool has_secret_end(const char *word, size_t length)
{
    for (size_t i = 0; i < ARRAY_SIZE(secret_ends); i++) {
        const size_t size = strlen(secret_ends[i]);

        if (length > size && strncasecmp(word + length - size, secret_ends[i], size) == 0)
            return true;
    }
    return false;
}

/* PWD and OLDPWD are directories; MYSQL_PWD is a password. */
static bool has_secret_word(const char *name)
{
    if (strcmp(name, "PWD") == 0)
        return false;
    for (;;) {
        size_t length = strcspn(name, "_");

        if (length > 0 && (is_secret_word(name, length) || has_secret_end(name, length)))
            return true;
        if (name[length] == '\0')
            return false;
        name += length + 1;
    }
}

static bool is_dropped_name(const char *name)
{
    for (size_t i = 0; policy_dropped_names[i] != NULL; i++) {
        if (policy_dropped_names[i][0] == name[0] && text_matches(policy_dropped_names[i], name))
            return true;
    }
    return false;
}

bool policy_env_keeps(const struct policy_env *env, const char *name)
{
    if (matches_any(&env->drop, name))
        return false;
    if (text_list_has(&env->pass, name) || text_list_has(&env->keep, name))
        return true;
    if (env->keep.count > 0 && !matches_any(&env->keep, name))
        return false;
    return !has_secret_word(name) && !is_dropped_name(name);
}

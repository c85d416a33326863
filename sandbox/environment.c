#include "sandbox/environment.h"

#include <stdlib.h>
#include <string.h>

enum {
    NAME_MAX_SIZE = 256
};

static bool is_set_by(const struct policy_env *env, const char *name, size_t length)
{
    for (size_t i = 0; i < env->set.count; i++) {
        if (strncmp(env->set.items[i], name, length) == 0 && env->set.items[i][length] == '=')
            return true;
    }
    return false;
}

static bool leads_to_tmp(const char *name)
{
    return strcmp(name, "TMPDIR") == 0 || strcmp(name, "TMP") == 0 || strcmp(name, "TEMP") == 0;
}

/* scheme://user:password@host, as in proxies and data bases; a user alone is no secret. */
static bool has_password(const char *value)
{
    for (const char *at = strstr(value, "://"); at != NULL; at = strstr(at, "://")) {
        at += 3;
        at += strcspn(at, ":/@?#");
        if (*at == ':' && at[1] != '@' && at[1 + strcspn(at + 1, "/@?#")] == '@')
            return true;
    }
    return false;
}

/* Told by the policy to pass on: by name, not by a pattern. */
static bool is_named(const struct policy *policy, const char *name)
{
    return text_list_has(&policy->env.pass, name) || text_list_has(&policy->env.keep, name);
}

static bool is_kept(const struct policy *policy, const char *variable)
{
    size_t length = strcspn(variable, "=");
    char name[NAME_MAX_SIZE];

    if (variable[length] != '=' || length == 0 || length >= sizeof name)
        return false; /* not a variable, or a name nobody would give one */
    memcpy(name, variable, length);
    name[length] = '\0';
    if (is_set_by(&policy->env, name, length) || strcmp(name, "HOLDFAST_SANDBOX") == 0)
        return false;
    if (policy->tmp == TMP_PRIVATE && leads_to_tmp(name) && !is_named(policy, name))
        return false;
    if (has_password(variable + length + 1) && !is_named(policy, name))
        return false;
    return policy_env_keeps(&policy->env, name);
}

char **environment_build(const struct policy *policy, char *const *from, const char *mode_text,
                         struct error *err)
{
    size_t count = 0;
    size_t used = 0;
    char **to;

    while (from[count] != NULL)
        count++;
    to = malloc((count + policy->env.set.count + 2) * sizeof *to);
    if (to == NULL) {
        (void)error_memory(err, "environment");
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        if (is_kept(policy, from[i]))
            to[used++] = from[i];
    }
    for (size_t i = 0; i < policy->env.set.count; i++) {
        /* which sandbox this is, is ours to say */
        if (strncmp(policy->env.set.items[i], "HOLDFAST_SANDBOX=", 17) != 0)
            to[used++] = policy->env.set.items[i];
    }
    to[used++] = (char *)(uintptr_t)mode_text;
    to[used] = NULL;
    return to;
}

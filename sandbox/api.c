/* The part of the library that is the same on every platform: policies, and the command line that a
 * launcher is started with. */
#include "sandbox/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "sandbox/sandbox.h"

const char *api_launcher_path;

void sandbox_set_launcher(const char *path)
{
    api_launcher_path = path;
}

/* --- policies ------------------------------------------------------------------------------------ */

struct sandbox_policy *sandbox_policy_new(struct error *err)
{
    struct sandbox_policy *policy = calloc(1, sizeof *policy);

    if (policy == NULL) {
        (void)error_memory(err, "policy");
        return NULL;
    }
    if (policy_init(&policy->policy, err) < 0) {
        free(policy);
        return NULL;
    }
    return policy;
}

void sandbox_policy_free(struct sandbox_policy *policy)
{
    if (policy == NULL)
        return;
    api_ready_free(policy->ready);
    policy_done(&policy->policy);
    free(policy->mode);
    free(policy);
}

struct sandbox_policy *sandbox_policy_read(const char *json, size_t size, struct error *err)
{
    struct sandbox_policy *policy = sandbox_policy_new(err);

    if (policy != NULL && policy_read_json(&policy->policy, json, size, err) < 0) {
        sandbox_policy_free(policy);
        return NULL;
    }
    return policy;
}

static int set_number(uint64_t *number, const char *key, const char *value, struct error *err)
{
    if (text_parse_u64(value, INT64_MAX, number))
        return 0;
    return error_set(err, ERR_INVALID, "%s: \"%s\" is not a number", key, value);
}

static int set_mode(struct sandbox_policy *policy, const char *value, struct error *err)
{
    char *copy = strdup(value);

    if (copy == NULL)
        return error_memory(err, "mode");
    free(policy->mode);
    policy->mode = copy;
    return 0;
}

int sandbox_policy_set(struct sandbox_policy *policy, const char *key, const char *value,
                       struct error *err)
{
    struct policy *p = &policy->policy;

    api_ready_drop(policy->ready);
    if (strcmp(key, "workspace") == 0)
        return policy_set_workspace(p, value, err);
    if (strcmp(key, "writable") == 0)
        return text_list_add(&p->writable, value, err);
    if (strcmp(key, "protect") == 0)
        return policy_add_protect(p, value, err);
    if (strcmp(key, "deny_read") == 0)
        return text_list_add(&p->deny_read, value, err);
    if (strcmp(key, "network") == 0)
        return policy_set_network(p, value, err);
    if (strcmp(key, "tmp") == 0)
        return policy_set_tmp(p, value, err);
    if (strcmp(key, "git") == 0)
        return policy_set_git(p, value, err);
    if (strcmp(key, "env") == 0)
        return policy_add_env(p, value, err);
    if (strcmp(key, "timeout_s") == 0)
        return set_number(&p->limits.timeout_s, key, value, err);
    if (strcmp(key, "processes") == 0)
        return set_number(&p->limits.processes, key, value, err);
    if (strcmp(key, "memory_bytes") == 0)
        return set_number(&p->limits.memory_bytes, key, value, err);
    if (strcmp(key, "mode") == 0)
        return set_mode(policy, value, err);
    (void)error_set(err, ERR_INVALID, "unknown key \"%s\"", key);
    return error_hint(err, "see sandbox/sandbox.h");
}

/* --- the launcher's command line ------------------------------------------------------------------- */

static void add_option(struct text_list *line, const char *name, const char *value,
                       struct error *err, bool *has_failed)
{
    if (text_list_add(line, name, err) < 0 || text_list_add(line, value, err) < 0)
        *has_failed = true;
}

static void add_number(struct text_list *line, const char *name, uint64_t value, struct error *err,
                       bool *has_failed)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    if (value > 0)
        add_option(line, name, text, err, has_failed);
}

static void add_list(struct text_list *line, const char *name, const struct text_list *list,
                     struct error *err, bool *has_failed)
{
    for (size_t i = 0; i < list->count; i++)
        add_option(line, name, list->items[i], err, has_failed);
}

int api_build_line(const struct sandbox_policy *policy, const char *subcommand,
                   struct text_list *line, struct error *err)
{
    const struct policy *p = &policy->policy;
    bool has_failed = false;

    if (p->workspace == NULL) {
        (void)error_set(err, ERR_INVALID, "workspace: missing");
        return error_hint(err, "sandbox_policy_set(policy, \"workspace\", ...)");
    }
    if (text_list_take(line, api_find_launcher(err), err) < 0 ||
        text_list_add(line, subcommand, err) < 0)
        return -1;
    add_option(line, "--mode", policy->mode != NULL ? policy->mode : "auto", err, &has_failed);
    add_option(line, "--workspace", p->workspace, err, &has_failed);
    add_list(line, "--writable", &p->writable, err, &has_failed);
    add_list(line, "--protect", &p->protect, err, &has_failed);
    add_list(line, "--deny-read", &p->deny_read, err, &has_failed);
    add_option(line, "--network", policy_network_name(p->network), err, &has_failed);
    add_option(line, "--tmp", policy_tmp_name(p->tmp), err, &has_failed);
    add_option(line, "--git", policy_git_name(p->git), err, &has_failed);
    add_list(line, "--env", &p->env.pass, err, &has_failed);
    add_list(line, "--env", &p->env.set, err, &has_failed);
    add_number(line, "--timeout", p->limits.timeout_s, err, &has_failed);
    add_number(line, "--processes", p->limits.processes, err, &has_failed);
    add_number(line, "--memory", p->limits.memory_bytes, err, &has_failed);
    return has_failed ? -1 : 0;
}

int api_check_expressible(const struct policy *policy, struct error *err)
{
    if (policy->env.keep.count == 0 && policy->env.drop.count == 0)
        return 0;
    return error_set(err, ERR_UNSUPPORTED, "env.keep and env.drop are not known to sandbox_spawn");
}

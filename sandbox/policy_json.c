/* The JSON form of a policy: one table row per key. Unknown keys are refused. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "sandbox/json.h"
#include "sandbox/policy.h"

struct key_row {
    const char *key;
    enum json_type type;
    int (*apply)(struct policy *policy, const struct json_value *value, struct error *err);
};

static int wrong_type(const char *key, const struct json_value *value, const char *wanted,
                      struct error *err)
{
    (void)error_set(err, ERR_INVALID, "line %u: %s: a %s was given", value->line, key,
                    json_type_name(value->type));
    return error_hint(err, "%s must be %s", key, wanted);
}

/* Applies every member of object by its row of the table. */
static int apply_rows(struct policy *policy, const char *parent, const struct json_value *object,
                      const struct key_row *rows, struct error *err)
{
    for (const struct json_value *member = object->first; member != NULL; member = member->next) {
        const struct key_row *row = rows;

        while (row->key != NULL && strcmp(row->key, member->key) != 0)
            row++;
        if (row->key == NULL) {
            (void)error_set(err, ERR_INVALID, "line %u: unknown key \"%s%s\"", member->line, parent,
                            member->key);
            return error_hint(err, "remove it; holdfast-sandbox(1) lists the keys of a policy");
        }
        if (member->type != row->type)
            return wrong_type(member->key, member, json_type_name(row->type), err);
        if (row->apply(policy, member, err) < 0)
            return error_wrap(err, "line %u", member->line);
    }
    return 0;
}

/* --- lists -------------------------------------------------------------------------------- */

static int read_list(struct text_list *list, const struct json_value *array, struct error *err)
{
    for (const struct json_value *item = array->first; item != NULL; item = item->next) {
        if (item->type != JSON_STRING)
            return wrong_type(array->key, item, "a list of strings", err);
        if (text_list_add(list, item->text, err) < 0)
            return -1;
    }
    return 0;
}

static int apply_workspace(struct policy *policy, const struct json_value *value, struct error *err)
{
    return policy_set_workspace(policy, value->text, err);
}

static int apply_writable(struct policy *policy, const struct json_value *value, struct error *err)
{
    return read_list(&policy->writable, value, err);
}

static int apply_protect(struct policy *policy, const struct json_value *value, struct error *err)
{
    text_list_done(&policy->protect); /* the key replaces the default names */
    for (const struct json_value *item = value->first; item != NULL; item = item->next) {
        if (item->type != JSON_STRING)
            return wrong_type(value->key, item, "a list of strings", err);
        if (policy_add_protect(policy, item->text, err) < 0)
            return -1;
    }
    return 0;
}

static int apply_deny_read(struct policy *policy, const struct json_value *value, struct error *err)
{
    return read_list(&policy->deny_read, value, err);
}

static int apply_network(struct policy *policy, const struct json_value *value, struct error *err)
{
    return policy_set_network(policy, value->text, err);
}

static int apply_tmp(struct policy *policy, const struct json_value *value, struct error *err)
{
    return policy_set_tmp(policy, value->text, err);
}

static int apply_git(struct policy *policy, const struct json_value *value, struct error *err)
{
    return policy_set_git(policy, value->text, err);
}

/* --- env ---------------------------------------------------------------------------------- */

static int apply_keep(struct policy *policy, const struct json_value *value, struct error *err)
{
    return read_list(&policy->env.keep, value, err);
}

static int apply_pass(struct policy *policy, const struct json_value *value, struct error *err)
{
    return read_list(&policy->env.pass, value, err);
}

static int apply_drop(struct policy *policy, const struct json_value *value, struct error *err)
{
    return read_list(&policy->env.drop, value, err);
}

static int apply_set(struct policy *policy, const struct json_value *value, struct error *err)
{
    for (const struct json_value *item = value->first; item != NULL; item = item->next) {
        AUTO_FREE char *text = NULL;
        size_t size;

        if (item->type != JSON_STRING)
            return wrong_type("env.set", item, "an object of strings", err);
        if (item->key[0] == '\0' || strchr(item->key, '=') != NULL) {
            (void)error_set(err, ERR_INVALID, "env.set: \"%s\" is not a name", item->key);
            return error_hint(err, "a variable's name has no '=' and is not empty");
        }
        size = strlen(item->key) + strlen(item->text) + 2;
        text = malloc(size);
        if (text == NULL)
            return error_memory(err, "env.set");
        (void)snprintf(text, size, "%s=%s", item->key, item->text);
        if (text_list_take(&policy->env.set, TAKE(text), err) < 0)
            return -1;
    }
    return 0;
}

static const struct key_row env_rows[] = {{"keep", JSON_ARRAY, apply_keep},
                                          {"pass", JSON_ARRAY, apply_pass},
                                          {"set", JSON_OBJECT, apply_set},
                                          {"drop", JSON_ARRAY, apply_drop},
                                          {NULL, JSON_NULL, NULL}};

static int apply_env(struct policy *policy, const struct json_value *value, struct error *err)
{
    return apply_rows(policy, "env.", value, env_rows, err);
}

/* --- limits ------------------------------------------------------------------------------- */

static int read_limit(uint64_t *limit, const struct json_value *value, struct error *err)
{
    if (!value->is_whole || value->whole > INT64_MAX) {
        (void)error_set(err, ERR_INVALID, "limits.%s: %s is not a whole number", value->key,
                        value->text);
        return error_hint(err, "give a whole number, 0 for no limit");
    }
    *limit = value->whole;
    return 0;
}

static int apply_timeout(struct policy *policy, const struct json_value *value, struct error *err)
{
    return read_limit(&policy->limits.timeout_s, value, err);
}

static int apply_processes(struct policy *policy, const struct json_value *value, struct error *err)
{
    return read_limit(&policy->limits.processes, value, err);
}

static int apply_memory(struct policy *policy, const struct json_value *value, struct error *err)
{
    return read_limit(&policy->limits.memory_bytes, value, err);
}

static int apply_file(struct policy *policy, const struct json_value *value, struct error *err)
{
    return read_limit(&policy->limits.file_bytes, value, err);
}

static int apply_tmp_bytes(struct policy *policy, const struct json_value *value, struct error *err)
{
    return read_limit(&policy->limits.tmp_bytes, value, err);
}

static const struct key_row limit_rows[] = {
    {"timeout_s", JSON_NUMBER, apply_timeout},   {"processes", JSON_NUMBER, apply_processes},
    {"memory_bytes", JSON_NUMBER, apply_memory}, {"file_bytes", JSON_NUMBER, apply_file},
    {"tmp_bytes", JSON_NUMBER, apply_tmp_bytes}, {NULL, JSON_NULL, NULL}};

static int apply_limits(struct policy *policy, const struct json_value *value, struct error *err)
{
    return apply_rows(policy, "limits.", value, limit_rows, err);
}

/* --- the whole ---------------------------------------------------------------------------- */

static const struct key_row rows[] = {{"workspace", JSON_STRING, apply_workspace},
                                      {"writable", JSON_ARRAY, apply_writable},
                                      {"protect", JSON_ARRAY, apply_protect},
                                      {"deny_read", JSON_ARRAY, apply_deny_read},
                                      {"network", JSON_STRING, apply_network},
                                      {"tmp", JSON_STRING, apply_tmp},
                                      {"git", JSON_STRING, apply_git},
                                      {"env", JSON_OBJECT, apply_env},
                                      {"limits", JSON_OBJECT, apply_limits},
                                      {NULL, JSON_NULL, NULL}};

int policy_read_json(struct policy *policy, const char *bytes, size_t size, struct error *err)
{
    struct json_value *value = json_read(bytes, size, err);
    int result;

    if (value == NULL)
        return -1;
    if (value->type != JSON_OBJECT)
        result = wrong_type("policy", value, "an object", err);
    else
        result = apply_rows(policy, "", value, rows, err);
    json_free(value);
    return result;
}

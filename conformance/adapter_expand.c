/* Fills the places of an adapter's command line. Pure: policy and adapter in, words out. */
#include "conformance/adapter.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buffer.h"
#include "results/document.h"

struct words {
    char **items;
    size_t count;
};

/* Takes the text; NULL text is lack of memory. */
static int add_word(struct words *words, char *text, struct error *err)
{
    char **grown = realloc(words->items, (words->count + 2) * sizeof *grown);

    if (grown == NULL || text == NULL) {
        free(text);
        words->items = grown != NULL ? grown : words->items;
        return error_memory(err, "command line");
    }
    grown[words->count++] = text;
    grown[words->count] = NULL;
    words->items = grown;
    return 0;
}

struct place {
    const char *name;
    const char *value;
};

/* The places that may stand inside any word; the last rows are those of the list being expanded. */
static size_t list_places(struct place *places, const struct adapter *adapter,
                          const struct adapter_policy *policy, const char *value)
{
    const struct place all[] = {
        {"workspace", policy->workspace},
        {"home", policy->home},
        {"tmp", policy->tmp},
        {"cwd", policy->cwd},
        {"network", policy->network},
        {"policy", policy->policy_file},
        {"programs", policy->programs},
        {"folder", adapter->folder},
        {"peers", policy->peers},
        {"path", value},
        {"name", value},
        {"seconds", value},
        {"count", value},
        {"bytes", value},
    };

    memcpy(places, all, sizeof all);
    return ARRAY_SIZE(all);
}

/* One word with its {places} replaced; a brace that is no place stays as it is. */
static char *fill(const struct adapter *adapter, const struct adapter_policy *policy,
                  const char *word, const char *value, struct error *err)
{
    struct place places[16];
    size_t count = list_places(places, adapter, policy, value);
    AUTO_BUFFER struct buffer out = BUFFER_EMPTY;

    while (*word != '\0') {
        bool is_filled = false;

        for (size_t i = 0; *word == '{' && i < count; i++) {
            size_t length = strlen(places[i].name);

            if (strncmp(word + 1, places[i].name, length) != 0 || word[length + 1] != '}')
                continue;
            if (places[i].value == NULL) {
                (void)error_set(err, ERR_INVALID, "{%s}: has no value here", places[i].name);
                return NULL;
            }
            buffer_add_text(&out, places[i].value);
            word += length + 2;
            is_filled = true;
            break;
        }
        if (!is_filled)
            buffer_add_byte(&out, *word++);
    }
    if (buffer_failed(&out)) {
        (void)error_memory(err, "command line");
        return NULL;
    }
    return buffer_take(&out);
}

static int add_filled(struct words *words, const struct adapter *adapter,
                      const struct adapter_policy *policy, const char *word, const char *value,
                      struct error *err)
{
    char *text = fill(adapter, policy, word, value, err);

    return text != NULL ? add_word(words, text, err) : -1;
}

/* The words each[key] for one value. A list without such words cannot be said: nothing is added,
 * and the adapter's "cannot" says why. */
static int add_each(struct words *words, const struct adapter *adapter,
                    const struct adapter_policy *policy, const char *key, const char *value,
                    struct error *err)
{
    const json_t *pattern = json_object_get(adapter->each, key);

    for (size_t i = 0; i < json_array_size(pattern); i++) {
        const char *word = json_string_value(json_array_get(pattern, i));

        if (add_filled(words, adapter, policy, word, value, err) < 0)
            return error_wrap(err, "each.%s", key);
    }
    return 0;
}

static int add_list(struct words *words, const struct adapter *adapter,
                    const struct adapter_policy *policy, const char *key, const char *const *values,
                    struct error *err)
{
    for (size_t i = 0; values != NULL && values[i] != NULL; i++) {
        if (add_each(words, adapter, policy, key, values[i], err) < 0)
            return -1;
    }
    return 0;
}

static int add_writable(struct words *words, const struct adapter *adapter,
                        const struct adapter_policy *policy, struct error *err)
{
    if (add_each(words, adapter, policy, "writable", policy->workspace, err) < 0)
        return -1;
    return add_list(words, adapter, policy, "writable", policy->writable, err);
}

static int add_network(struct words *words, const struct adapter *adapter,
                       const struct adapter_policy *policy, struct error *err)
{
    char key[64];

    (void)snprintf(key, sizeof key, "network:%s", policy->network);
    return add_each(words, adapter, policy, key, policy->network, err);
}

/* each[key] for a number that the policy may leave out. */
static int add_limit(struct words *words, const struct adapter *adapter,
                     const struct adapter_policy *policy, const char *key, uint64_t number,
                     struct error *err)
{
    char text[24];

    if (number == 0)
        return 0;
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    return add_each(words, adapter, policy, key, text, err);
}

static int add_command(struct words *words, const char *const *command, struct error *err)
{
    for (size_t i = 0; command[i] != NULL; i++) {
        if (add_word(words, strdup(command[i]), err) < 0)
            return -1;
    }
    return 0;
}

/* 1: the word was a list and is done; 0: it is not one; -1: error. */
static int add_if_list(struct words *words, const struct adapter *adapter,
                       const struct adapter_policy *policy, const char *word,
                       const char *const *command, struct error *err)
{
    const char *file_key =
        json_object_get(adapter->each, "deny_read_file") != NULL ? "deny_read_file" : "deny_read";
    int result;

    if (strcmp(word, "{writable...}") == 0)
        result = add_writable(words, adapter, policy, err);
    else if (strcmp(word, "{roots...}") == 0)
        result = add_list(words, adapter, policy, "writable", policy->writable, err);
    else if (strcmp(word, "{protect...}") == 0)
        result = add_list(words, adapter, policy, "protect", policy->protect, err);
    else if (strcmp(word, "{protect_names...}") == 0)
        result = add_list(words, adapter, policy, "protect_names", policy->protect_names, err);
    else if (strcmp(word, "{deny_read...}") == 0)
        result = add_list(words, adapter, policy, "deny_read", policy->deny_read, err) < 0
                     ? -1
                     : add_list(words, adapter, policy, file_key, policy->deny_read_file, err);
    else if (strcmp(word, "{network...}") == 0)
        result = add_network(words, adapter, policy, err);
    else if (strcmp(word, "{timeout...}") == 0)
        result = add_limit(words, adapter, policy, "timeout", policy->timeout_s, err);
    else if (strcmp(word, "{processes...}") == 0)
        result = add_limit(words, adapter, policy, "processes", policy->processes, err);
    else if (strcmp(word, "{memory...}") == 0)
        result = add_limit(words, adapter, policy, "memory", policy->memory_bytes, err);
    else if (strcmp(word, "{git_commit...}") == 0)
        result = add_limit(words, adapter, policy, "git_commit", policy->lets_git_commit, err);
    else if (strcmp(word, "{command...}") == 0)
        result = add_command(words, command, err);
    else
        return 0;
    return result < 0 ? -1 : 1;
}

static char **finish(struct words *words, int result, const struct adapter *adapter,
                     struct error *err)
{
    if (result == 0)
        return words->items;
    adapter_free_words(words->items);
    (void)error_wrap(err, "adapter %s", adapter->name);
    return NULL;
}

static int expand_all(struct words *words, const struct adapter *adapter,
                      const struct adapter_policy *policy, char *const *pattern,
                      const char *const *command, struct error *err)
{
    for (size_t i = 0; pattern[i] != NULL; i++) {
        int is_list = add_if_list(words, adapter, policy, pattern[i], command, err);

        if (is_list < 0)
            return -1;
        if (is_list == 0 && add_filled(words, adapter, policy, pattern[i], NULL, err) < 0)
            return -1;
    }
    return 0;
}

static int expand_exec(struct words *words, const struct adapter *adapter,
                       const struct adapter_policy *policy, const char *const *command,
                       struct error *err)
{
    if (add_word(words, strdup(adapter->exec), err) < 0 ||
        add_word(words, strdup(policy->policy_file), err) < 0 ||
        add_word(words, strdup("--"), err) < 0)
        return -1;
    return add_command(words, command, err);
}

char **adapter_expand(const struct adapter *adapter, const struct adapter_policy *policy,
                      const char *const *command, struct error *err)
{
    struct words words = {0};
    int result = adapter->exec != NULL
                     ? expand_exec(&words, adapter, policy, command, err)
                     : expand_all(&words, adapter, policy, adapter->command, command, err);

    return finish(&words, result, adapter, err);
}

char **adapter_expand_version(const struct adapter *adapter, const struct adapter_policy *policy,
                              struct error *err)
{
    static const char *const nothing[] = {NULL};
    struct words words = {0};

    if (adapter->version == NULL)
        return NULL;
    return finish(&words, expand_all(&words, adapter, policy, adapter->version, nothing, err),
                  adapter, err);
}

static int add_pair(struct words *words, const char *name, const char *value, struct error *err)
{
    AUTO_BUFFER struct buffer pair = BUFFER_EMPTY;

    buffer_printf(&pair, "%s=%s", name, value != NULL ? value : "");
    return add_word(words, buffer_take(&pair), err);
}

static int add_line(struct buffer *lines, const char *value)
{
    AUTO_JSON json_t *text = document_text(value);
    AUTO_FREE char *quoted = text != NULL ? json_dumps(text, JSON_ENCODE_ANY) : NULL;

    if (quoted == NULL)
        return -1;
    buffer_printf(lines, "%s\n", quoted);
    return 0;
}

/* One JSON string to a line: a path may hold quotes and newlines. */
static int add_lines(struct words *words, const char *name, const char *first,
                     const char *const *values, struct error *err)
{
    AUTO_BUFFER struct buffer lines = BUFFER_EMPTY;
    int result = first != NULL ? add_line(&lines, first) : 0;

    for (size_t i = 0; values != NULL && values[i] != NULL && result == 0; i++)
        result = add_line(&lines, values[i]);
    if (result < 0 || buffer_failed(&lines))
        return error_memory(err, name);
    return add_pair(words, name, buffer_text(&lines), err);
}

/* What a script needs without having to parse JSON. */
static int add_script_env(struct words *words, const struct adapter_policy *policy,
                          struct error *err)
{
    if (add_pair(words, "HOLDFAST_WORKSPACE", policy->workspace, err) < 0 ||
        add_lines(words, "HOLDFAST_WRITABLE", policy->workspace, policy->writable, err) < 0 ||
        add_lines(words, "HOLDFAST_PROTECT", NULL, policy->protect, err) < 0 ||
        add_lines(words, "HOLDFAST_DENY_READ", NULL, policy->deny_read, err) < 0 ||
        add_lines(words, "HOLDFAST_DENY_READ_FILES", NULL, policy->deny_read_file, err) < 0 ||
        add_pair(words, "HOLDFAST_NETWORK", policy->network, err) < 0 ||
        add_pair(words, "HOLDFAST_CWD", policy->cwd, err) < 0 ||
        add_pair(words, "HOLDFAST_HOME", policy->home, err) < 0 ||
        add_pair(words, "HOLDFAST_TMP", policy->tmp, err) < 0 ||
        add_pair(words, "HOLDFAST_SCRATCH", policy->scratch, err) < 0)
        return -1;
    return add_pair(words, "HOLDFAST_PEERS", policy->peers, err);
}

static int expand_env(struct words *words, const struct adapter *adapter,
                      const struct adapter_policy *policy, struct error *err)
{
    const char *name;
    json_t *value;

    json_object_foreach(adapter->env, name, value)
    {
        AUTO_FREE char *text = fill(adapter, policy, json_string_value(value), NULL, err);

        if (text == NULL || add_pair(words, name, text, err) < 0)
            return error_wrap(err, "env.%s", name);
    }
    return adapter->exec != NULL ? add_script_env(words, policy, err) : 0;
}

char **adapter_expand_env(const struct adapter *adapter, const struct adapter_policy *policy,
                          struct error *err)
{
    struct words words = {0};

    words.items = calloc(1, sizeof *words.items);
    if (words.items == NULL) {
        (void)error_memory(err, "environment");
        return NULL;
    }
    return finish(&words, expand_env(&words, adapter, policy, err), adapter, err);
}

/* Reads adapter files. Their expansion is in adapter_expand.c. */
#include "conformance/adapter.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/os.h"
#include "results/document.h"

void adapter_free_words(char **words)
{
    for (size_t i = 0; words != NULL && words[i] != NULL; i++)
        free(words[i]);
    free(words);
}

void adapter_done(struct adapter *adapter)
{
    if (adapter == NULL)
        return;
    free(adapter->name);
    free(adapter->mode);
    free(adapter->folder);
    free(adapter->exec);
    free(adapter->after);
    adapter_free_words(adapter->version);
    adapter_free_words(adapter->command);
    json_decref(adapter->each);
    json_decref(adapter->env);
    json_decref(adapter->cannot);
    memset(adapter, 0, sizeof *adapter);
}

static int check_words(const json_t *array, const char *key, struct error *err)
{
    if (!json_is_array(array))
        return error_set(err, ERR_CORRUPT, "%s: not a list of words", key);
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (!json_is_string(json_array_get(array, i)))
            return error_set(err, ERR_CORRUPT, "%s[%zu]: not a word", key, i);
    }
    return 0;
}

/* A list of words; absent: *words stays NULL. */
static int read_words(const json_t *root, const char *key, char ***words, struct error *err)
{
    const json_t *array = json_object_get(root, key);
    size_t count = json_array_size(array);
    char **made;

    if (array == NULL)
        return 0;
    if (check_words(array, key, err) < 0)
        return -1;
    if (count == 0)
        return error_set(err, ERR_CORRUPT, "%s: empty", key);
    made = calloc(count + 1, sizeof *made);
    for (size_t i = 0; made != NULL && i < count; i++) {
        made[i] = strdup(json_string_value(json_array_get(array, i)));
        if (made[i] == NULL) {
            adapter_free_words(made);
            made = NULL;
        }
    }
    if (made == NULL)
        return error_memory(err, key);
    *words = made;
    return 0;
}

/* An object whose values are words, or lists of words; absent: an empty one. */
static int read_map(const json_t *root, const char *key, bool holds_lists, json_t **map,
                    struct error *err)
{
    json_t *object = json_object_get(root, key);
    const char *name;
    json_t *value;

    if (object == NULL) {
        *map = json_object();
        return *map != NULL ? 0 : error_memory(err, key);
    }
    if (!json_is_object(object))
        return error_set(err, ERR_CORRUPT, "%s: not an object", key);
    json_object_foreach(object, name, value)
    {
        if (holds_lists && check_words(value, name, err) < 0)
            return error_wrap(err, "%s", key);
        if (!holds_lists && !json_is_string(value))
            return error_set(err, ERR_CORRUPT, "%s.%s: not a word", key, name);
    }
    *map = json_incref(object);
    return 0;
}

static int read_platforms(struct adapter *adapter, const json_t *root, struct error *err)
{
    const json_t *array = NULL;

    if (document_get_array(root, "platforms", &array, err) < 0)
        return -1;
    for (size_t i = 0; i < json_array_size(array); i++) {
        const char *name = json_string_value(json_array_get(array, i));

        if (name != NULL && strcmp(name, "linux") == 0)
            adapter->is_for_linux = true;
        else if (name != NULL && strcmp(name, "wsl") == 0)
            adapter->is_for_wsl = true;
        else if (name != NULL && strcmp(name, "windows") == 0)
            adapter->is_for_windows = true;
        else
            return error_set(err, ERR_CORRUPT, "platforms[%zu]: not linux, wsl or windows", i);
    }
    return 0;
}

/* The path of a script, relative to the adapter's folder; *path is NULL where there is none. */
static int read_script(const struct adapter *adapter, const json_t *root, const char *key,
                       char **path, struct error *err)
{
    AUTO_FREE char *script = NULL;
    size_t size;

    if (document_get_text(root, key, false, &script, err) < 0)
        return -1;
    if (script == NULL || script[0] == '/') {
        *path = TAKE(script);
        return 0;
    }
    size = strlen(adapter->folder) + strlen(script) + 2;
    *path = malloc(size);
    if (*path == NULL)
        return error_memory(err, key);
    (void)snprintf(*path, size, "%s/%s", adapter->folder, script);
    return 0;
}

static int read_scripts(struct adapter *adapter, const json_t *root, struct error *err)
{
    if (read_script(adapter, root, "exec", &adapter->exec, err) < 0 ||
        read_script(adapter, root, "after", &adapter->after, err) < 0)
        return -1;
    if ((adapter->exec == NULL) == (adapter->command == NULL))
        return error_set(err, ERR_CORRUPT, "either \"command\" or \"exec\" is needed, not both");
    return 0;
}

/* The command line must end in the command, or nothing would be judged. */
static int check_command(const struct adapter *adapter, struct error *err)
{
    if (adapter->command == NULL)
        return 0;
    for (size_t i = 0; adapter->command[i] != NULL; i++) {
        if (strcmp(adapter->command[i], "{command...}") == 0)
            return 0;
    }
    if (strcmp(adapter->name, "deny-all") == 0)
        return 0; /* the one that runs nothing, on purpose */
    return error_set(err, ERR_CORRUPT, "command: has no {command...}");
}

static int read_adapter(struct adapter *adapter, const json_t *root, struct error *err)
{
    static const char *const keys[] = {
        "name",  "mode", "version", "platforms", "command", "exec",
        "after", "each", "env",     "cannot",    "notes",   NULL,
    };
    json_t *notes = json_object_get(root, "notes");

    if (document_only_keys(root, keys, err) < 0 ||
        document_get_text(root, "name", true, &adapter->name, err) < 0 ||
        document_get_text(root, "mode", false, &adapter->mode, err) < 0 ||
        read_platforms(adapter, root, err) < 0 ||
        read_words(root, "version", &adapter->version, err) < 0 ||
        read_words(root, "command", &adapter->command, err) < 0 ||
        read_scripts(adapter, root, err) < 0 ||
        read_map(root, "each", true, &adapter->each, err) < 0 ||
        read_map(root, "env", false, &adapter->env, err) < 0 ||
        read_map(root, "cannot", false, &adapter->cannot, err) < 0)
        return -1;
    if (notes != NULL && check_words(notes, "notes", err) < 0)
        return -1;
    return check_command(adapter, err);
}

/* Absolute, because the sandbox is started elsewhere. */
static char *folder_of(const char *path, struct error *err)
{
    const char *slash = strrchr(path, '/');
    AUTO_FREE char *folder =
        slash == NULL ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));

    if (folder == NULL) {
        (void)error_memory(err, path);
        return NULL;
    }
    return os_absolute_path(folder, err);
}

int adapter_read(struct adapter *adapter, const char *path, struct error *err)
{
    AUTO_JSON json_t *root = document_read(path, err);
    struct adapter made = {0};

    if (root == NULL)
        return error_hint(err, "an adapter is a JSON file; see conformance/adapters/bwrap.json");
    made.folder = folder_of(path, err);
    if (made.folder == NULL)
        return -1;
    if (read_adapter(&made, root, err) < 0) {
        adapter_done(&made);
        return error_wrap(err, "%s", path);
    }
    *adapter = made;
    return 0;
}

bool adapter_says(const struct adapter *adapter, const char *list)
{
    return json_object_get(adapter->each, list) != NULL;
}

const char *adapter_cannot(const struct adapter *adapter, const char *feature)
{
    return json_string_value(json_object_get(adapter->cannot, feature));
}

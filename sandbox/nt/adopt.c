/* The environment of a command that runs in another account. */
#include "sandbox/nt/envblock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buffer.h"
#include "base/text.h"

/* "User profile environment variables" and what the logon itself sets. */
static const char *const personal[] = {
    "USERPROFILE", "APPDATA",    "LOCALAPPDATA",
    "HOMEDRIVE",   "HOMEPATH",   "HOMESHARE",
    "USERNAME",    "USERDOMAIN", "USERDOMAIN_ROAMINGPROFILE",
    "LOGONSERVER", "ONEDRIVE",
};

static void drop(struct text_list *variables, const char *name)
{
    size_t length = strlen(name);
    size_t kept = 0;

    for (size_t i = 0; i < variables->count; i++) {
        if (strncasecmp(variables->items[i], name, length) == 0 &&
            variables->items[i][length] == '=')
            free(variables->items[i]);
        else
            variables->items[kept++] = variables->items[i];
    }
    variables->count = kept;
}

static bool has(const struct text_list *variables, const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < variables->count; i++) {
        if (strncasecmp(variables->items[i], name, length) == 0 &&
            variables->items[i][length] == '=')
            return true;
    }
    return false;
}

static int put(struct text_list *variables, const char *name, const char *value, struct error *err)
{
    AUTO_BUFFER struct buffer text = BUFFER_EMPTY;
    char *line;

    buffer_printf(&text, "%s=%s", name, value);
    line = buffer_take(&text);
    return text_list_take(variables, line, err);
}

static int adopt_one(struct text_list *variables, const char *name, const char *value,
                     struct error *err)
{
    drop(variables, name);
    return value != NULL ? put(variables, name, value, err) : 0;
}

int nt_env_adopt(struct text_list *variables, char *const *own, struct error *err)
{
    if (has(variables, "HOME") &&
        adopt_one(variables, "HOME", nt_env_get(own, "USERPROFILE"), err) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(personal); i++) {
        if (adopt_one(variables, personal[i], nt_env_get(own, personal[i]), err) < 0)
            return -1;
    }
    return 0;
}

static const char *value_of(const struct text_list *variables, const char *name)
{
    size_t length = strlen(name);

    for (size_t i = variables->count; i > 0; i--) {
        const char *line = variables->items[i - 1];

        if (strncasecmp(line, name, length) == 0 && line[length] == '=')
            return line + length + 1;
    }
    return NULL;
}

static int put_numbered(struct text_list *variables, const char *name, uint64_t number,
                        const char *value, struct error *err)
{
    char full[64];

    (void)snprintf(full, sizeof full, "%s%llu", name, (unsigned long long)number);
    return adopt_one(variables, full, value, err);
}

int nt_env_trust_git(struct text_list *variables, const char *directory, struct error *err)
{
    const char *now = value_of(variables, "GIT_CONFIG_COUNT");
    AUTO_FREE char *path = text_copy(directory, strlen(directory));
    uint64_t count = 0;
    char next[32];

    if (path == NULL)
        return error_memory(err, "environment");
    if (now != NULL && !text_parse_u64(now, 10000, &count))
        return 0; /* git will complain of it in its own words */
    for (char *at = path; *at != '\0'; at++)
        *at = *at == '\\' ? '/' : *at;
    (void)snprintf(next, sizeof next, "%llu", (unsigned long long)count + 1);
    if (put_numbered(variables, "GIT_CONFIG_KEY_", count, "safe.directory", err) < 0 ||
        put_numbered(variables, "GIT_CONFIG_VALUE_", count, path, err) < 0)
        return -1;
    return adopt_one(variables, "GIT_CONFIG_COUNT", next, err);
}

/* The environment of a command that runs in another account. */
#include "sandbox/nt/envblock.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buffer.h"

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

/* In place of connect.c in the stand-in runner: what the stand-in's filters would answer. */
#include "sandbox/windows/connect.h"

#include <string.h>

#include "sandbox/windows/standin/store.h"
#include "sandbox/windows_rules.h"

/* Is there a block for connections of this family? Of the offline account for all, of the local one
 * for others than the machine itself. */
static bool is_blocked(bool is_v6)
{
    const char *layer = is_v6 ? "block connect6 weight=10" : "block connect4 weight=10";
    const char *account = getenv("USERNAME");
    bool is_local = account != NULL && strcmp(account, "HoldfastLocal") == 0;

    for (size_t i = 0; i < WINDOWS_RULES_MAX; i++) {
        char guid[WINDOWS_GUID_TEXT];
        AUTO_FREE char *text = NULL;
        struct error ignored;

        windows_rule_guid(i, guid);
        if (store_get(STORE_FILTER, guid, &text, &ignored) == 0 && text != NULL &&
            strncmp(text, layer, strlen(layer)) == 0 &&
            (strstr(text, " loopback=never") != NULL) == is_local)
            return true;
    }
    return false;
}

int win_connect_try(const char *host, unsigned port)
{
    (void)port;
    return is_blocked(strchr(host, ':') != NULL) ? WIN_CONNECT_BLOCKED : 0;
}

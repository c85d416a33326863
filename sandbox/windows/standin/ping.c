/* In place of ping.c in the stand-in set-up: a machine that answers, unless a test says that Windows
 * names nobody for its network stack: then the rule for whoever is left silences it. */
#include "sandbox/windows/ping.h"

#include <string.h>

#include "sandbox/windows/standin/store.h"
#include "sandbox/windows_rules.h"

bool win_ping_self(bool is_v6)
{
    const char *layer = is_v6 ? "block accept6 weight=1" : "block accept4 weight=1";

    for (size_t i = 0; store_is(STORE_STACK, "account", "none") && i < WINDOWS_RULES_MAX; i++) {
        char guid[WINDOWS_GUID_TEXT];
        AUTO_FREE char *text = NULL;
        struct error ignored;

        windows_rule_guid(i, guid);
        if (store_get(STORE_FILTER, guid, &text, &ignored) == 0 && text != NULL &&
            strcmp(text, layer) == 0)
            return false;
    }
    return true;
}

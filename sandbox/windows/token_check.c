/* Reading a token back: CreateRestrictedToken's success alone shows nothing, under Wine it always is. */
#include "sandbox/windows/token.h"

#include <stdlib.h>
#include <string.h>

#include "sandbox/plan.h"

static int refuse(const char *what, struct error *err)
{
    (void)error_set(err, ERR_UNSUPPORTED, "token: Windows made it %s", what);
    return error_hint(err, "under Wine no sandbox is possible: it accepts and ignores this");
}

static int check_restricting(const struct nt_token *facts, const struct nt_spawn *spawn,
                             const struct nt_sid *logon, struct error *err)
{
    for (size_t i = 0; i < spawn->restrict_to.count; i++) {
        const char *word = spawn->restrict_to.items[i];
        struct nt_sid sid = {0};

        if (strcmp(word, "logon") == 0 && logon != NULL)
            sid = *logon;
        else if (nt_sid_parse(word, &sid, err) < 0)
            return -1;
        if (!nt_token_has(facts, &sid, NT_FOR_RESTRICTED))
            return refuse("without a restricting SID that was asked for", err);
    }
    return 0;
}

static int check_disabled(const struct nt_token *facts, const struct nt_spawn *spawn,
                          struct error *err)
{
    for (size_t i = 0; i < spawn->disable.count; i++) {
        bool any_logon = strcmp(spawn->disable.items[i], "logon") == 0;
        struct nt_sid wanted = {0};

        if (!any_logon && nt_sid_parse(spawn->disable.items[i], &wanted, err) < 0)
            return -1;
        for (size_t k = 0; k < facts->group_count; k++) {
            const struct nt_group *group = &facts->groups[k];

            if ((any_logon ? nt_sid_is_logon(&group->sid) : nt_sid_equal(&group->sid, &wanted)) &&
                (group->attributes & NT_GROUP_DENY_ONLY) == 0)
                return refuse("with a group that was to be disabled", err);
        }
    }
    return 0;
}

static int check_privileges(HANDLE token, struct error *err)
{
    AUTO_FREE TOKEN_PRIVILEGES *held = win_token_query(token, TokenPrivileges, err);
    LUID change_notify;

    if (held == NULL)
        return -1;
    if (!LookupPrivilegeValueW(NULL, SE_CHANGE_NOTIFY_NAME, &change_notify))
        return win_fail_last(err, "LookupPrivilegeValue", "SeChangeNotifyPrivilege");
    for (DWORD i = 0; i < held->PrivilegeCount; i++) {
        if (memcmp(&held->Privileges[i].Luid, &change_notify, sizeof change_notify) != 0)
            return refuse("with a privilege that was to be taken away", err);
    }
    return 0;
}

int win_token_check(HANDLE token, const struct nt_spawn *spawn, const struct nt_sid *logon,
                    struct error *err)
{
    AUTO_TOKEN struct nt_token facts = NT_TOKEN_EMPTY;

    if (win_token_read(token, &facts, err) < 0 ||
        check_restricting(&facts, spawn, logon, err) < 0 || check_disabled(&facts, spawn, err) < 0)
        return -1;
    if ((spawn->token_flags & PLAN_TOKEN_LUA) != 0 &&
        (nt_token_has(&facts, &NT_ADMINISTRATORS, NT_FOR_ALLOW) ||
         facts.integrity > NT_INTEGRITY_MEDIUM))
        return refuse("an administrator's", err);
    return (spawn->token_flags & PLAN_TOKEN_NO_PRIVILEGES) != 0 ? check_privileges(token, err) : 0;
}

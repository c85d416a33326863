#include "sandbox/nt/token.h"

#include <stdlib.h>
#include <string.h>

void nt_token_done(struct nt_token *token)
{
    if (token == NULL)
        return;
    free(token->groups);
    free(token->restricting);
    nt_acl_done(&token->default_dacl);
    *token = NT_TOKEN_EMPTY;
}

int nt_token_add_group(struct nt_token *token, const struct nt_sid *sid, uint32_t attributes,
                       struct error *err)
{
    struct nt_group *groups = realloc(token->groups, (token->group_count + 1) * sizeof *groups);

    if (groups == NULL)
        return error_memory(err, "token group");
    groups[token->group_count++] = (struct nt_group){*sid, attributes};
    token->groups = groups;
    return 0;
}

int nt_token_add_restricting(struct nt_token *token, const struct nt_sid *sid, struct error *err)
{
    struct nt_sid *list =
        realloc(token->restricting, (token->restricting_count + 1) * sizeof *list);

    if (list == NULL)
        return error_memory(err, "restricting SID");
    list[token->restricting_count++] = *sid;
    token->restricting = list;
    token->is_restricted = true;
    return 0;
}

static int copy_lists(struct nt_token *to, const struct nt_token *from, struct error *err)
{
    for (size_t i = 0; i < from->group_count; i++) {
        const struct nt_group *group = &from->groups[i];

        if (nt_token_add_group(to, &group->sid, group->attributes, err) < 0)
            return -1;
    }
    for (size_t i = 0; i < from->restricting_count; i++) {
        if (nt_token_add_restricting(to, &from->restricting[i], err) < 0)
            return -1;
    }
    return nt_acl_copy(&to->default_dacl, &from->default_dacl, err);
}

int nt_token_copy(struct nt_token *to, const struct nt_token *from, struct error *err)
{
    AUTO_TOKEN struct nt_token copy = *from;

    copy.groups = NULL;
    copy.group_count = 0;
    copy.restricting = NULL;
    copy.restricting_count = 0;
    copy.default_dacl = NT_ACL_EMPTY;
    if (copy_lists(&copy, from, err) < 0)
        return -1;
    nt_token_done(to);
    *to = copy;
    copy = NT_TOKEN_EMPTY;
    return 0;
}

void nt_token_disable(struct nt_token *token, const struct nt_sid *sid)
{
    if (nt_sid_equal(&token->user, sid))
        token->is_user_deny_only = true;
    for (size_t i = 0; i < token->group_count; i++) {
        struct nt_group *group = &token->groups[i];

        if (!nt_sid_equal(&group->sid, sid))
            continue;
        group->attributes &= ~(NT_GROUP_ENABLED | NT_GROUP_DEFAULT | NT_GROUP_MANDATORY);
        group->attributes |= NT_GROUP_DENY_ONLY;
    }
}

static bool group_counts(const struct nt_group *group, enum nt_membership membership)
{
    if ((group->attributes & NT_GROUP_DENY_ONLY) != 0)
        return membership == NT_FOR_DENY;
    return (group->attributes & NT_GROUP_ENABLED) != 0;
}

bool nt_token_has(const struct nt_token *token, const struct nt_sid *sid,
                  enum nt_membership membership)
{
    if (membership == NT_FOR_RESTRICTED) {
        for (size_t i = 0; i < token->restricting_count; i++) {
            if (nt_sid_equal(&token->restricting[i], sid))
                return true;
        }
        return false;
    }
    if (nt_sid_equal(&token->user, sid))
        return !token->is_user_deny_only || membership == NT_FOR_DENY;
    for (size_t i = 0; i < token->group_count; i++) {
        if (nt_sid_equal(&token->groups[i].sid, sid) && group_counts(&token->groups[i], membership))
            return true;
    }
    return false;
}

#include "sandbox/windows/token.h"

#include <stdlib.h>
#include <string.h>

#include "sandbox/plan.h"

/* Missing in MinGW-w64's winnt.h in some versions. */
#ifndef WRITE_RESTRICTED
#define WRITE_RESTRICTED 0x8
#endif
#ifndef LUA_TOKEN
#define LUA_TOKEN 0x4
#endif

HANDLE win_token_own(struct error *err)
{
    HANDLE token = NULL;

    if (OpenProcessToken(GetCurrentProcess(),
                         TOKEN_DUPLICATE | TOKEN_QUERY | TOKEN_ASSIGN_PRIMARY |
                             TOKEN_ADJUST_DEFAULT | TOKEN_ADJUST_SESSIONID |
                             TOKEN_ADJUST_PRIVILEGES,
                         &token))
        return token;
    (void)win_fail_last(err, "OpenProcessToken", "");
    return NULL;
}

void *win_token_query(HANDLE token, TOKEN_INFORMATION_CLASS what, struct error *err)
{
    DWORD size = 0;
    void *bytes;

    (void)GetTokenInformation(token, what, NULL, 0, &size);
    bytes = malloc(size > 0 ? size : 1);
    if (bytes == NULL) {
        (void)error_memory(err, "token");
        return NULL;
    }
    if (size > 0 && GetTokenInformation(token, what, bytes, size, &size))
        return bytes;
    (void)win_fail_last(err, "GetTokenInformation", "");
    free(bytes);
    return NULL;
}

bool win_token_is_elevated(HANDLE token)
{
    TOKEN_ELEVATION elevation = {0};
    DWORD size = 0;

    return GetTokenInformation(token, TokenElevation, &elevation, sizeof elevation, &size) &&
           elevation.TokenIsElevated != 0;
}

static int read_groups(HANDLE token, struct nt_token *out, struct error *err)
{
    AUTO_FREE TOKEN_GROUPS *groups = win_token_query(token, TokenGroups, err);

    for (DWORD i = 0; groups != NULL && i < groups->GroupCount; i++) {
        struct nt_sid sid;

        if (win_read_sid(groups->Groups[i].Sid, &sid, err) < 0 ||
            nt_token_add_group(out, &sid, groups->Groups[i].Attributes, err) < 0)
            return -1;
    }
    return groups != NULL ? 0 : -1;
}

static int read_restricting(HANDLE token, struct nt_token *out, struct error *err)
{
    struct error ignored;
    AUTO_FREE TOKEN_GROUPS *groups = win_token_query(token, TokenRestrictedSids, &ignored);

    for (DWORD i = 0; groups != NULL && i < groups->GroupCount; i++) {
        struct nt_sid sid;

        if (win_read_sid(groups->Groups[i].Sid, &sid, err) < 0 ||
            nt_token_add_restricting(out, &sid, err) < 0)
            return -1;
    }
    return 0;
}

static int read_integrity(HANDLE token, struct nt_token *out, struct error *err)
{
    AUTO_FREE TOKEN_MANDATORY_LABEL *label = win_token_query(token, TokenIntegrityLevel, err);
    struct nt_sid sid;

    if (label == NULL || win_read_sid(label->Label.Sid, &sid, err) < 0)
        return -1;
    (void)nt_sid_is_integrity(&sid, &out->integrity);
    return 0;
}

int win_token_read(HANDLE token, struct nt_token *out, struct error *err)
{
    AUTO_TOKEN struct nt_token found = NT_TOKEN_EMPTY;
    AUTO_FREE TOKEN_USER *user = win_token_query(token, TokenUser, err);
    AUTO_FREE TOKEN_PRIMARY_GROUP *group =
        user != NULL ? win_token_query(token, TokenPrimaryGroup, err) : NULL;

    if (group == NULL || win_read_sid(user->User.Sid, &found.user, err) < 0 ||
        win_read_sid(group->PrimaryGroup, &found.primary_group, err) < 0 ||
        read_groups(token, &found, err) < 0 || read_restricting(token, &found, err) < 0 ||
        read_integrity(token, &found, err) < 0)
        return error_wrap(err, "token");
    found.is_user_deny_only = (user->User.Attributes & SE_GROUP_USE_FOR_DENY_ONLY) != 0;
    found.privileges = NT_PRIVILEGE_CHANGE_NOTIFY;
    *out = found;
    found = NT_TOKEN_EMPTY;
    return 0;
}

static bool find_logon(const struct nt_token *token, struct nt_sid *logon)
{
    for (size_t i = 0; i < token->group_count; i++) {
        if ((token->groups[i].attributes & NT_GROUP_LOGON_ID) == NT_GROUP_LOGON_ID &&
            nt_sid_is_logon(&token->groups[i].sid)) {
            *logon = token->groups[i].sid;
            return true;
        }
    }
    return false;
}

int win_token_logon(HANDLE token, struct nt_sid *logon, struct error *err)
{
    AUTO_TOKEN struct nt_token facts = NT_TOKEN_EMPTY;
    AUTO_TOKEN struct nt_token linked_facts = NT_TOKEN_EMPTY;
    TOKEN_LINKED_TOKEN linked = {0};
    DWORD size = 0;
    int result;

    if (win_token_read(token, &facts, err) < 0)
        return -1;
    if (find_logon(&facts, logon))
        return 0;
    if (!GetTokenInformation(token, TokenLinkedToken, &linked, sizeof linked, &size))
        return error_set(err, ERR_NOT_FOUND, "token: no logon session among its groups");
    result = win_token_read(linked.LinkedToken, &linked_facts, err);
    (void)CloseHandle(linked.LinkedToken);
    if (result < 0)
        return -1;
    return find_logon(&linked_facts, logon)
               ? 0
               : error_set(err, ERR_NOT_FOUND, "token: no logon session among its groups");
}

/* The lists for CreateRestrictedToken ------------------------------------------------------------- */

struct sid_list {
    SID_AND_ATTRIBUTES *items;
    struct win_sid *storage;
    DWORD count;
};

static void sid_list_done(struct sid_list *list)
{
    free(list->items);
    free(list->storage);
}

static int sid_list_init(struct sid_list *list, size_t room, struct error *err)
{
    *list = (struct sid_list){.items = calloc(room + 1, sizeof *list->items),
                              .storage = calloc(room + 1, sizeof *list->storage)};
    if (list->items != NULL && list->storage != NULL)
        return 0;
    sid_list_done(list);
    return error_memory(err, "token");
}

static void sid_list_add(struct sid_list *list, const struct nt_sid *sid)
{
    list->items[list->count].Sid = win_sid(sid, &list->storage[list->count]);
    list->count++;
}

static int add_words(struct sid_list *list, const struct text_list *words,
                     const struct nt_sid *logon, struct error *err)
{
    for (size_t i = 0; i < words->count; i++) {
        struct nt_sid sid;

        if (strcmp(words->items[i], "logon") == 0) {
            if (logon == NULL)
                return error_set(err, ERR_INVALID, "token: there is no logon session");
            sid = *logon;
        } else if (nt_sid_parse(words->items[i], &sid, err) < 0) {
            return -1;
        }
        sid_list_add(list, &sid);
    }
    return 0;
}

/* "logon" to be disabled means every logon session in the token: the secondary logon service adds the
 * caller's. A SID that is not in the token cannot be disabled and need not be. */
static int add_disabled(struct sid_list *list, const struct text_list *words,
                        const struct nt_token *facts, struct error *err)
{
    for (size_t i = 0; i < words->count; i++) {
        bool any_logon = strcmp(words->items[i], "logon") == 0;
        struct nt_sid wanted = {0};

        if (!any_logon && nt_sid_parse(words->items[i], &wanted, err) < 0)
            return -1;
        for (size_t k = 0; k < facts->group_count; k++) {
            const struct nt_sid *sid = &facts->groups[k].sid;

            if (any_logon ? nt_sid_is_logon(sid) : nt_sid_equal(sid, &wanted))
                sid_list_add(list, sid);
        }
    }
    return 0;
}

/* The result ---------------------------------------------------------------------------------------- */

static int set_default_dacl(HANDLE token, const struct nt_spawn *spawn, const struct nt_sid *logon,
                            struct error *err)
{
    AUTO_SD struct nt_sd sd = NT_SD_EMPTY;
    AUTO_BUFFER struct buffer text = BUFFER_EMPTY;
    AUTO_FREE uint8_t *bytes = NULL;
    TOKEN_DEFAULT_DACL dacl;
    char sid[NT_SID_TEXT_MAX];

    if (logon != NULL)
        nt_sid_format(logon, sid);
    buffer_add_text(&text, "D:");
    for (size_t i = 0; i < spawn->default_aces.count; i++) {
        const char *ace = spawn->default_aces.items[i];
        const char *word = strstr(ace, ";logon)");

        if (word != NULL && logon == NULL)
            return error_set(err, ERR_INVALID, "token: there is no logon session");
        if (word != NULL)
            buffer_printf(&text, "%.*s%s)", (int)(word - ace + 1), ace, sid);
        else
            buffer_add_text(&text, ace);
    }
    if (buffer_failed(&text))
        return error_memory(err, "token");
    if (nt_sddl_parse(text.data, NULL, &sd, err) < 0)
        return -1;
    bytes = malloc(nt_acl_size(&sd.dacl));
    if (bytes == NULL)
        return error_memory(err, "token");
    if (nt_acl_write(&sd.dacl, bytes, err) < 0)
        return -1;
    dacl.DefaultDacl = (PACL)(void *)bytes;
    if (!SetTokenInformation(token, TokenDefaultDacl, &dacl, sizeof dacl))
        return win_fail_last(err, "SetTokenInformation", "TokenDefaultDacl");
    return 0;
}

/* An administrator's token without the group is still one of high integrity: it could read what the
 * user's elevated programs have in memory. Lowering needs no privilege. */
static int lower_integrity(HANDLE token, struct error *err)
{
    AUTO_TOKEN struct nt_token facts = NT_TOKEN_EMPTY;
    const struct nt_sid medium = NT_SID(16, NT_INTEGRITY_MEDIUM);
    struct win_sid storage;
    TOKEN_MANDATORY_LABEL label = {.Label.Sid = win_sid(&medium, &storage),
                                   .Label.Attributes = SE_GROUP_INTEGRITY};

    if (win_token_read(token, &facts, err) < 0)
        return -1;
    if (facts.integrity <= NT_INTEGRITY_MEDIUM)
        return 0;
    if (!SetTokenInformation(token, TokenIntegrityLevel, &label,
                             (DWORD)(sizeof label + GetLengthSid(label.Label.Sid))))
        return win_fail_last(err, "SetTokenInformation", "TokenIntegrityLevel");
    return 0;
}

static HANDLE make_token(HANDLE from, const struct nt_spawn *spawn, const struct sid_list *disabled,
                         const struct sid_list *restricting, struct error *err)
{
    HANDLE token = NULL;
    DWORD flags = 0;

    flags |= (spawn->token_flags & PLAN_TOKEN_NO_PRIVILEGES) != 0 ? DISABLE_MAX_PRIVILEGE : 0;
    flags |= (spawn->token_flags & PLAN_TOKEN_LUA) != 0 ? LUA_TOKEN : 0;
    flags |= (spawn->token_flags & PLAN_TOKEN_WRITE_RESTRICTED) != 0 ? WRITE_RESTRICTED : 0;
    if (CreateRestrictedToken(from, flags, disabled->count, disabled->items, 0, NULL,
                              restricting->count, restricting->items, &token))
        return token;
    (void)win_fail_last(err, "CreateRestrictedToken", "");
    return NULL;
}

static HANDLE restrict_with(HANDLE from, const struct nt_spawn *spawn, const struct nt_sid *logon,
                            const struct sid_list *disabled, const struct sid_list *restricting,
                            struct error *err)
{
    AUTO_HANDLE HANDLE token = make_token(from, spawn, disabled, restricting, err);

    if (token == NULL)
        return NULL;
    if ((spawn->token_flags & PLAN_TOKEN_LUA) != 0 && lower_integrity(token, err) < 0)
        return NULL;
    if (!win_may_pretend() && win_token_check(token, spawn, logon, err) < 0)
        return NULL;
    if (set_default_dacl(token, spawn, logon, err) < 0)
        return NULL;
    return win_take(&token);
}

HANDLE win_token_restrict(HANDLE from, const struct nt_spawn *spawn, const struct nt_sid *logon,
                          struct error *err)
{
    AUTO_TOKEN struct nt_token facts = NT_TOKEN_EMPTY;
    struct sid_list disabled;
    struct sid_list restricting;
    HANDLE token = NULL;

    if (win_token_read(from, &facts, err) < 0 ||
        sid_list_init(&disabled, facts.group_count * (spawn->disable.count + 1), err) < 0)
        return NULL;
    if (sid_list_init(&restricting, spawn->restrict_to.count, err) == 0) {
        if (add_disabled(&disabled, &spawn->disable, &facts, err) == 0 &&
            add_words(&restricting, &spawn->restrict_to, logon, err) == 0)
            token = restrict_with(from, spawn, logon, &disabled, &restricting, err);
        sid_list_done(&restricting);
    }
    sid_list_done(&disabled);
    return token;
}

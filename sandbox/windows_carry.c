/* From the steps of a Windows plan to what carries them out: wishes for trees, a token. Pure. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "sandbox/windows_plans.h"

/* "(A;;GA;;;logon)" with a SID in place of the word; "D:" in front, so that it can be read. */
static char *fill_in(const char *text, const struct nt_sid *logon, struct error *err)
{
    AUTO_BUFFER struct buffer out = BUFFER_EMPTY;
    const char *word = strstr(text, ";logon)");
    char sid[NT_SID_TEXT_MAX];
    char *filled;

    buffer_add_text(&out, strncmp(text, "D:", 2) == 0 ? "" : "D:");
    if (word == NULL) {
        buffer_add_text(&out, text);
    } else if (logon == NULL) {
        (void)error_set(err, ERR_INVALID, "plan: %s, and there is no logon session", text);
        return NULL;
    } else {
        nt_sid_format(logon, sid);
        buffer_add(&out, text, (size_t)(word - text) + 1);
        buffer_add_text(&out, sid);
        buffer_add_text(&out, word + strlen(";logon"));
    }
    filled = buffer_take(&out);
    if (filled == NULL)
        (void)error_memory(err, "plan");
    return filled;
}

static struct nt_wish *wish_for_path(struct nt_wishes *wishes, const char *path, struct error *err)
{
    struct nt_wish *items;

    for (size_t i = 0; i < wishes->count; i++) {
        if (path_is_within(PATH_WINDOWS, path, wishes->items[i].path) &&
            path_is_within(PATH_WINDOWS, wishes->items[i].path, path))
            return &wishes->items[i];
    }
    items = realloc(wishes->items, (wishes->count + 1) * sizeof *items);
    if (items == NULL) {
        (void)error_memory(err, "plan");
        return NULL;
    }
    wishes->items = items;
    items[wishes->count] = (struct nt_wish){.path = path, .aces = NT_ACL_EMPTY};
    return &items[wishes->count++];
}

/* Denies in front of allows, whatever the order of the steps. */
static int add_entry(struct nt_acl *aces, const struct nt_ace *ace, struct error *err)
{
    size_t at = aces->count;

    if (ace->type == NT_ACE_DENY) {
        at = 0;
        while (at < aces->count && aces->aces[at].type == NT_ACE_DENY)
            at++;
    }
    for (size_t i = 0; i < aces->count; i++) {
        if (nt_ace_equal(&aces->aces[i], ace))
            return 0;
    }
    return nt_acl_insert(aces, at, ace, err);
}

static int add_wish(const struct step *step, struct nt_wishes *wishes, struct error *err)
{
    AUTO_FREE char *text = fill_in(step->text, NULL, err);
    AUTO_SD struct nt_sd sd = NT_SD_EMPTY;
    struct nt_wish *wish = text != NULL ? wish_for_path(wishes, step->path, err) : NULL;

    if (wish == NULL || nt_sddl_parse(text, NULL, &sd, err) < 0)
        return -1;
    wish->is_protected = wish->is_protected || (step->bits & PLAN_ACE_PROTECTS) != 0;
    return add_entry(&wish->aces, &sd.dacl.aces[0], err);
}

int windows_plan_wishes(const struct plan *plan, enum windows_when when, const struct nt_ours *ours,
                        struct nt_wishes *wishes, struct error *err)
{
    struct nt_wishes found = {.ours = *ours};

    for (size_t i = 0; i < plan->step_count; i++) {
        const struct step *step = &plan->steps[i];

        if (step->kind != STEP_ACE ||
            ((step->bits & PLAN_ACE_LATER) != 0) != (when == WINDOWS_LATER))
            continue;
        if (add_wish(step, &found, err) < 0) {
            nt_wishes_done(&found);
            return -1;
        }
    }
    *wishes = found;
    return 0;
}

/* The token ------------------------------------------------------------------------------------ */

static int token_sid(const struct step *step, const struct nt_sid *logon, struct nt_sid *sid,
                     struct error *err)
{
    if (strcmp(step->text, "logon") != 0)
        return nt_sid_parse(step->text, sid, err);
    if (logon == NULL)
        return error_set(err, ERR_INVALID, "plan: the token names a logon session; there is none");
    *sid = *logon;
    return 0;
}

static void disable(struct nt_token *token, const struct step *step, const struct nt_sid *sid)
{
    if (strcmp(step->text, "logon") != 0) {
        nt_token_disable(token, sid);
        return;
    }
    for (size_t i = 0; i < token->group_count; i++) {
        struct nt_sid group = token->groups[i].sid;

        if (nt_sid_is_logon(&group))
            nt_token_disable(token, &group);
    }
}

static int apply_token_step(const struct step *step, const struct nt_sid *logon,
                            struct nt_token *token, struct error *err)
{
    AUTO_FREE char *text = NULL;
    AUTO_SD struct nt_sd sd = NT_SD_EMPTY;
    struct nt_sid sid = {0};

    switch (step->kind) {
    case STEP_TOKEN:
        if ((step->bits & PLAN_TOKEN_LUA) != 0)
            nt_token_disable(token, &NT_ADMINISTRATORS);
        if ((step->bits & PLAN_TOKEN_NO_PRIVILEGES) != 0)
            token->privileges &= NT_PRIVILEGE_CHANGE_NOTIFY;
        token->is_write_restricted = (step->bits & PLAN_TOKEN_WRITE_RESTRICTED) != 0;
        token->is_restricted = token->is_restricted || token->is_write_restricted;
        return 0;
    case STEP_TOKEN_DISABLE:
        if (strcmp(step->text, "logon") != 0 && nt_sid_parse(step->text, &sid, err) < 0)
            return -1;
        disable(token, step, &sid);
        return 0;
    case STEP_TOKEN_RESTRICT:
        if (token_sid(step, logon, &sid, err) < 0)
            return -1;
        return nt_token_add_restricting(token, &sid, err);
    case STEP_TOKEN_DEFAULT_ACE:
        text = fill_in(step->text, logon, err);
        if (text == NULL || nt_sddl_parse(text, NULL, &sd, err) < 0)
            return -1;
        return nt_acl_add(&token->default_dacl, &sd.dacl.aces[0], err);
    default:
        return 0;
    }
}

int windows_plan_token(const struct plan *plan, const struct nt_token *base,
                       const struct nt_sid *logon, struct nt_token *token, struct error *err)
{
    AUTO_TOKEN struct nt_token made = NT_TOKEN_EMPTY;

    if (nt_token_copy(&made, base, err) < 0)
        return -1;
    nt_acl_done(&made.default_dacl);
    for (size_t i = 0; i < plan->step_count; i++) {
        if (apply_token_step(&plan->steps[i], logon, &made, err) < 0)
            return -1;
    }
    *token = made;
    made = NT_TOKEN_EMPTY;
    return 0;
}

struct nt_sid *windows_our_sids(const struct windows_facts *facts, size_t *count, struct error *err)
{
    struct nt_sid *sids = malloc((facts->root_count + 2) * sizeof *sids);
    size_t used = 0;

    if (sids == NULL) {
        (void)error_memory(err, "SIDs");
        return NULL;
    }
    sids[used++] = facts->marker;
    if (facts->is_set_up)
        sids[used++] = facts->group;
    for (size_t i = 0; i < facts->root_count; i++)
        sids[used++] = facts->roots[i].sid;
    *count = used;
    return sids;
}

/* Is a token what was asked for? On tokens that Wine makes as Windows does: groups are disabled by both,
 * restricting SIDs and privileges only by Windows. */
#include "base/test.h"

#include "sandbox/windows/token.h"

#include <string.h>

#include "base/auto.h"
#include "sandbox/plan.h"

static HANDLE own_token(void)
{
    struct error err = {0};
    HANDLE own = win_token_own(&err);

    cr_assert(own != NULL, "%s", err.message);
    return own;
}

static int check(HANDLE token, const struct nt_spawn *spawn, struct error *err)
{
    *err = (struct error){0};
    return win_token_check(token, spawn, NULL, err);
}

Test(win_token, one_without_the_restricting_sid_is_refused)
{
    AUTO_HANDLE HANDLE own = own_token();
    struct nt_spawn spawn = {.closed = 0};
    struct error err;

    cr_assert_eq(check(own, &spawn, &err), 0, "nothing was asked for: %s", err.message);
    cr_assert_eq(text_list_add(&spawn.restrict_to, "S-1-5-21-1-2-3-4", &err), 0);
    cr_assert_eq(check(own, &spawn, &err), -1);
    cr_assert_eq(err.code, ERR_UNSUPPORTED);
    cr_assert(strstr(err.message, "restricting") != NULL, "%s", err.message);
    nt_spawn_done(&spawn);
}

Test(win_token, one_with_a_group_that_was_to_be_disabled_is_refused)
{
    AUTO_HANDLE HANDLE own = own_token();
    AUTO_HANDLE HANDLE made = NULL;
    struct win_sid storage;
    SID_AND_ATTRIBUTES group = {.Sid = win_sid(&NT_AUTHENTICATED_USERS, &storage)};
    struct nt_spawn spawn = {.closed = 0};
    struct error err;
    char sid[NT_SID_TEXT_MAX];

    nt_sid_format(&NT_AUTHENTICATED_USERS, sid);
    cr_assert_eq(text_list_add(&spawn.disable, sid, &err), 0);
    cr_assert_eq(check(own, &spawn, &err), -1, "the token has it enabled");
    cr_assert(strstr(err.message, "disabled") != NULL, "%s", err.message);
    cr_assert(CreateRestrictedToken(own, 0, 1, &group, 0, NULL, 0, NULL, &made));
    cr_assert_eq(check(made, &spawn, &err), 0, "%s", err.message);
    nt_spawn_done(&spawn);
}

Test(win_token, one_with_privileges_is_refused)
{
    AUTO_HANDLE HANDLE own = own_token();
    const struct nt_spawn spawn = {.token_flags = PLAN_TOKEN_NO_PRIVILEGES};
    struct error err;

    cr_assert_eq(check(own, &spawn, &err), -1, "every user has one besides SeChangeNotify");
    cr_assert(strstr(err.message, "privilege") != NULL, "%s", err.message);
}

Test(win_token, an_administrators_one_is_refused)
{
    AUTO_HANDLE HANDLE own = own_token();
    AUTO_TOKEN struct nt_token facts = NT_TOKEN_EMPTY;
    const struct nt_spawn spawn = {.token_flags = PLAN_TOKEN_LUA};
    struct error err = {0};
    bool is_one;

    cr_assert_eq(win_token_read(own, &facts, &err), 0, "%s", err.message);
    is_one = nt_token_has(&facts, &NT_ADMINISTRATORS, NT_FOR_ALLOW) ||
             facts.integrity > NT_INTEGRITY_MEDIUM;
    cr_assert_eq(check(own, &spawn, &err), is_one ? -1 : 0, "%s", err.message);
}

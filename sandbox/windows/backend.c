/* Probing and planning: look, change nothing. */
#include "sandbox/windows/backend.h"

#include "sandbox/windows/facts.h"
#include "sandbox/windows/setup.h"
#include "sandbox/windows/token.h"
#include "sandbox/windows_plans.h"

/* The list of SIDs without the lock: it is replaced as a whole, so it is old or new, never torn. */
static int read_known_sids(struct windows_sids *sids, struct error *err)
{
    AUTO_FREE char *folder = win_state_user_folder(err);
    struct win_state state = {.folder = folder};

    return folder != NULL ? win_state_read_sids(&state, sids, err) : -1;
}

typedef int (*planner)(const struct policy *policy, const struct windows_facts *facts,
                       enum windows_variant variant, struct plan *plan, struct error *err);

static int plan_with(planner make, enum windows_variant variant, const struct policy *policy,
                     struct plan *plan, struct error *err)
{
    struct windows_sids sids = {0};
    struct windows_facts facts;
    int result;

    if (read_known_sids(&sids, err) < 0)
        return -1;
    result = win_facts_collect(policy, &sids, &facts, err);
    windows_sids_done(&sids);
    if (result < 0)
        return -1;
    result = make(policy, &facts, variant, plan, err);
    windows_facts_done(&facts);
    return result;
}

int windows_plan_unelevated(const struct policy *policy, const struct policy_place *place,
                            struct plan *plan, struct error *err)
{
    (void)place;
    return plan_with(windows_unelevated_plan, WINDOWS_DEFAULT, policy, plan, err);
}

int windows_plan_unelevated_published(const struct policy *policy, const struct policy_place *place,
                                      struct plan *plan, struct error *err)
{
    (void)place;
    return plan_with(windows_unelevated_plan, WINDOWS_AS_PUBLISHED, policy, plan, err);
}

int windows_plan_elevated(const struct policy *policy, const struct policy_place *place,
                          struct plan *plan, struct error *err)
{
    (void)place;
    return plan_with(windows_elevated_plan, WINDOWS_DEFAULT, policy, plan, err);
}

int windows_plan_elevated_published(const struct policy *policy, const struct policy_place *place,
                                    struct plan *plan, struct error *err)
{
    (void)place;
    return plan_with(windows_elevated_plan, WINDOWS_AS_PUBLISHED, policy, plan, err);
}

/* Wine accepts every call and enforces none: a sandbox there would be a lie. */
static int refuse_wine(struct error *err)
{
    if (!win_is_wine() || win_may_pretend())
        return 0;
    (void)error_set(err, ERR_UNSUPPORTED, "this is Wine, which enforces nothing of a token");
    return error_hint(err, "run on Windows");
}

/* The token is made and read back; what it cannot tell, the conformance suite does. */
int windows_unelevated_probe(struct error *err)
{
    AUTO_HANDLE HANDLE own = NULL;
    AUTO_HANDLE HANDLE made = NULL;
    struct nt_spawn spawn = {.token_flags = PLAN_TOKEN_LUA | PLAN_TOKEN_NO_PRIVILEGES |
                                            PLAN_TOKEN_WRITE_RESTRICTED};
    struct nt_sid logon;

    if (refuse_wine(err) < 0)
        return -1;
    own = win_token_own(err);
    if (own == NULL || win_token_logon(own, &logon, err) < 0)
        return -1;
    if (text_list_add(&spawn.restrict_to, "logon", err) == 0 &&
        text_list_add(&spawn.default_aces, "(A;;GA;;;logon)", err) == 0)
        made = win_token_restrict(own, &spawn, &logon, err);
    nt_spawn_done(&spawn);
    return made != NULL ? 0 : -1;
}

/* "CreateProcessWithLogonW": it takes the caller's logon SID, and LocalSystem has none. */
static int refuse_system(struct error *err)
{
    AUTO_HANDLE HANDLE own = win_token_own(err);
    AUTO_TOKEN struct nt_token facts = NT_TOKEN_EMPTY;

    if (own == NULL || win_token_read(own, &facts, err) < 0)
        return -1;
    if (!nt_sid_equal(&facts.user, &NT_SYSTEM))
        return 0;
    (void)error_set(err, ERR_UNSUPPORTED,
                    "windows-elevated cannot be used by LocalSystem: the secondary logon service "
                    "refuses it");
    return error_hint(err, "let the service run as an ordinary account");
}

int windows_elevated_probe(struct error *err)
{
    struct windows_facts facts = {.is_set_up = false};

    if (refuse_wine(err) < 0 || refuse_system(err) < 0)
        return -1;
    win_setup_read(&facts);
    if (facts.is_set_up)
        return 0;
    (void)error_set(err, ERR_UNSUPPORTED, "windows-elevated is not set up on this machine");
    return error_hint(err, "run holdfast-sandbox setup once, as an administrator");
}

/* Plans of the Windows modes for people who are not at a Windows machine. Pure. */
#include "sandbox/windows_plans.h"

int windows_unelevated_explain(const struct policy *policy, enum windows_variant variant,
                               struct plan *plan, struct error *err)
{
    struct windows_facts facts;
    int result;

    if (windows_facts_assume(&facts, policy, err) < 0)
        return -1;
    result = windows_unelevated_plan(policy, &facts, variant, plan, err);
    windows_facts_done(&facts);
    return result;
}

int windows_elevated_explain(const struct policy *policy, enum windows_variant variant,
                             struct plan *plan, struct error *err)
{
    struct windows_facts facts;
    struct windows_setup setup = {.variant = variant, .facts = &facts};
    int result;

    if (windows_facts_assume(&facts, policy, err) < 0)
        return -1;
    result = windows_setup_plan(&setup, plan, err);
    if (result == 0 && windows_elevated_plan(policy, &facts, variant, plan, err) < 0) {
        plan_done(plan);
        result = -1;
    }
    windows_facts_done(&facts);
    return result;
}

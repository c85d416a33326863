/* Which mechanism keeps a limit: a control group where there is one, else what each process has. */
#include <string.h>

#include "base/test.h"
#include "sandbox/filter.h"
#include "sandbox/linux_plans.h"

struct scene {
    struct policy policy;
    struct facts facts;
    struct plan plan;
    struct error err;
};

static void set_scene(struct scene *s, uint32_t uid, const char *cgroup)
{
    memset(s, 0, sizeof *s);
    cr_assert_eq(policy_init(&s->policy, &s->err), 0);
    cr_assert_eq(policy_set_workspace(&s->policy, "/p", &s->err), 0);
    cr_assert_eq(facts_assume(&s->facts, &s->policy, &s->err), 0);
    s->facts.uid = uid;
    s->facts.cgroup.path = cgroup != NULL ? strdup(cgroup) : NULL;
}

static void strike(struct scene *s)
{
    plan_done(&s->plan);
    facts_done(&s->facts);
    policy_done(&s->policy);
}

/* The step of this kind and text; NULL: none. */
static const struct step *find(const struct scene *s, enum step_kind kind, const char *text)
{
    for (size_t i = 0; i < s->plan.step_count; i++) {
        const struct step *step = &s->plan.steps[i];

        if (step->kind == kind && (text == NULL || strcmp(step->text, text) == 0))
            return step;
    }
    return NULL;
}

static bool counts_in_supervisor(const struct scene *s)
{
    for (size_t i = 0; i < s->plan.step_count; i++) {
        if (s->plan.steps[i].kind == STEP_FILTER && s->plan.steps[i].bits == FILTER_NOTIFY_FORK)
            return true;
    }
    return false;
}

static void make(struct scene *s)
{
    cr_assert_eq(namespace_plan(&s->policy, &s->facts, &s->plan, &s->err), 0, "%s", s->err.message);
}

Test(cgroup_plan, takes_the_place_of_what_a_process_has)
{
    struct scene s;

    set_scene(&s, 0, "/sys/fs/cgroup/d");
    s.facts.cgroup.to_enable = PLAN_CGROUP_PIDS;
    s.policy.limits.processes = 7;
    s.policy.limits.memory_bytes = 4096;
    make(&s);
    cr_assert_str_eq(find(&s, STEP_CGROUP, NULL)->path, "/sys/fs/cgroup/d");
    cr_assert_eq(find(&s, STEP_CGROUP, NULL)->bits, PLAN_CGROUP_PIDS);
    cr_assert_eq(find(&s, STEP_CGROUP_LIMIT, "pids.max")->bits, 7);
    cr_assert_eq(find(&s, STEP_CGROUP_LIMIT, "memory.max")->bits, 4096);
    cr_assert_eq(find(&s, STEP_CGROUP_LIMIT, "memory.swap.max")->bits, 0);
    cr_assert_eq(find(&s, STEP_CGROUP_LIMIT, "memory.oom.group")->bits, 1);
    cr_assert_null(find(&s, STEP_LIMIT, "processes"));
    cr_assert_null(find(&s, STEP_LIMIT, "memory_bytes"));
    cr_assert_not(counts_in_supervisor(&s), "one who counts is enough");
    strike(&s);
}

Test(cgroup_plan, leaves_the_limits_to_processes_without_a_group)
{
    struct scene s;

    for (uint32_t uid = 0; uid <= 1000; uid += 1000) {
        set_scene(&s, uid, NULL);
        s.facts.cgroup.why_not = "made up";
        s.policy.limits.processes = 7;
        s.policy.limits.memory_bytes = 4096;
        make(&s);
        cr_assert_null(find(&s, STEP_CGROUP, NULL));
        cr_assert_null(find(&s, STEP_CGROUP_LIMIT, NULL));
        cr_assert_str_eq(s.plan.gaps[0].id, "no-cgroup");
        cr_assert_str_eq(s.plan.gaps[0].reason, "made up", "it says why there is none");
        cr_assert_eq(find(&s, STEP_LIMIT, "processes")->bits, 7);
        cr_assert_eq(find(&s, STEP_LIMIT, "memory_bytes")->bits, 4096);
        cr_assert_eq(counts_in_supervisor(&s), uid == 0);
        strike(&s);
    }
}

Test(cgroup_plan, touches_no_group_without_such_a_limit)
{
    struct scene s;

    set_scene(&s, 1000, "/sys/fs/cgroup/d");
    s.policy.limits.timeout_s = 1;
    s.policy.limits.file_bytes = 1;
    make(&s);
    cr_assert_null(find(&s, STEP_CGROUP, NULL));
    cr_assert_null(find(&s, STEP_CGROUP_LIMIT, NULL));
    strike(&s);
}

Test(cgroup_plan, sets_only_what_the_policy_limits)
{
    struct scene s;

    set_scene(&s, 1000, "/sys/fs/cgroup/d");
    s.policy.limits.processes = 3;
    make(&s);
    cr_assert_not_null(find(&s, STEP_CGROUP_LIMIT, "pids.max"));
    cr_assert_null(find(&s, STEP_CGROUP_LIMIT, "memory.max"));
    strike(&s);
}

Test(cgroup_plan, lets_landlock_keep_limits_that_it_refuses_otherwise)
{
    struct scene s;

    set_scene(&s, 1000, NULL);
    s.policy.limits.processes = 3;
    cr_assert_eq(landlock_plan(&s.policy, &s.facts, &s.plan, &s.err), -1);
    cr_assert_eq(s.err.code, ERR_UNSUPPORTED);
    cr_assert(strstr(s.err.hint, "cgroup v2") != NULL, "%s", s.err.hint);
    strike(&s);
    set_scene(&s, 1000, "/sys/fs/cgroup/d");
    s.policy.limits.processes = 3;
    cr_assert_eq(landlock_plan(&s.policy, &s.facts, &s.plan, &s.err), 0, "%s", s.err.message);
    cr_assert_eq(find(&s, STEP_CGROUP_LIMIT, "pids.max")->bits, 3);
    strike(&s);
}

Test(cgroup_plan, needs_no_notification_to_limit_root)
{
    struct scene s;

    set_scene(&s, 0, "/sys/fs/cgroup/d");
    s.facts.has_notify = false;
    s.facts.has_absent_names = false;
    s.policy.limits.processes = 3;
    make(&s);
    strike(&s);
    set_scene(&s, 0, NULL);
    s.facts.has_notify = false;
    s.facts.has_absent_names = false;
    s.policy.limits.processes = 3;
    cr_assert_eq(namespace_plan(&s.policy, &s.facts, &s.plan, &s.err), -1);
    strike(&s);
}

/* The plans of both Linux modes against the steps they must have. */
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

static void set_scene(struct scene *scene, const char *workspace)
{
    memset(scene, 0, sizeof *scene);
    cr_assert_eq(policy_init(&scene->policy, &scene->err), 0);
    cr_assert_eq(policy_set_workspace(&scene->policy, workspace, &scene->err), 0);
    cr_assert_eq(facts_assume(&scene->facts, &scene->policy, &scene->err), 0);
}

static void strike(struct scene *scene)
{
    plan_done(&scene->plan);
    facts_done(&scene->facts);
    policy_done(&scene->policy);
}

static void make_namespace(struct scene *scene)
{
    cr_assert_eq(namespace_plan(&scene->policy, &scene->facts, &scene->plan, &scene->err), 0, "%s",
                 scene->err.message);
}

static void make_landlock(struct scene *scene)
{
    cr_assert_eq(landlock_plan(&scene->policy, &scene->facts, &scene->plan, &scene->err), 0, "%s",
                 scene->err.message);
}

/* Index of the step, or -1. path NULL: any. */
static int index_of(const struct plan *plan, enum step_kind kind, const char *path)
{
    for (size_t i = 0; i < plan->step_count; i++) {
        const struct step *step = &plan->steps[i];

        if (step->kind == kind &&
            (path == NULL || (step->path != NULL && strcmp(step->path, path) == 0)))
            return (int)i;
    }
    return -1;
}

static uint32_t groups_of(const struct plan *plan)
{
    uint32_t groups = 0;

    for (size_t i = 0; i < plan->step_count; i++) {
        if (plan->steps[i].kind == STEP_FILTER)
            groups |= (uint32_t)plan->steps[i].bits;
    }
    return groups;
}

static bool has_gap(const struct plan *plan, const char *id)
{
    for (size_t i = 0; i < plan->gap_count; i++) {
        if (strcmp(plan->gaps[i].id, id) == 0)
            return true;
    }
    return false;
}

Test(namespace_plan, keeps_the_way_to_what_is_protected_further_down)
{
    struct scene s;
    bool is_named = false;

    set_scene(&s, "/home/u/p");
    s.facts.has_absent_names = false;
    cr_assert_eq(text_list_add(&s.facts.protect, "/home/u/p/.git", &s.err), 0);
    make_namespace(&s);
    cr_assert_eq(groups_of(&s.plan) & FILTER_NOTIFY_CREATE, 0, "directly in the root: a mount");
    plan_done(&s.plan);
    cr_assert_eq(text_list_add(&s.facts.protect, "/home/u/p/lib/m/.git", &s.err), 0);
    make_namespace(&s);
    cr_assert_neq(groups_of(&s.plan) & FILTER_NOTIFY_CREATE, 0);
    for (size_t i = 0; i < s.plan.step_count; i++) {
        if (s.plan.steps[i].kind == STEP_GUARD_NAME)
            is_named |= strcmp(s.plan.steps[i].text, "lib/m/.git") == 0;
    }
    cr_assert(is_named);
    strike(&s);
}

Test(namespace_plan, puts_roots_back_after_everything_became_read_only)
{
    struct scene s;

    set_scene(&s, "/home/u/p");
    cr_assert_eq(text_list_add(&s.facts.protect, "/home/u/p/.git", &s.err), 0);
    make_namespace(&s);
    cr_assert(index_of(&s.plan, STEP_READ_ONLY_ROOT, "/") <
              index_of(&s.plan, STEP_WRITABLE, "/home/u/p"));
    cr_assert(index_of(&s.plan, STEP_PRIVATE_TMP, "/tmp") <
                  index_of(&s.plan, STEP_WRITABLE, "/home/u/p"),
              "or a root below /tmp would be covered");
    cr_assert(index_of(&s.plan, STEP_WRITABLE, "/home/u/p") <
              index_of(&s.plan, STEP_PROTECT, "/home/u/p/.git"));
    cr_assert_eq(s.plan.steps[0].kind, STEP_NAMESPACES);
    strike(&s);
}

Test(namespace_plan, hides_inside_roots_after_them_and_outside_before)
{
    struct scene s;

    set_scene(&s, "/home/u/p");
    cr_assert_eq(facts_add_hidden(&s.facts, "/home/u/p/secret", true, &s.err), 0);
    cr_assert_eq(facts_add_hidden(&s.facts, "/home/u", true, &s.err), 0);
    cr_assert_eq(facts_add_hidden(&s.facts, "/etc/key", false, &s.err), 0);
    make_namespace(&s);
    cr_assert(index_of(&s.plan, STEP_WRITABLE, NULL) <
              index_of(&s.plan, STEP_HIDE, "/home/u/p/secret"));
    cr_assert(index_of(&s.plan, STEP_HIDE, "/home/u") < index_of(&s.plan, STEP_WRITABLE, NULL));
    cr_assert_eq(s.plan.steps[index_of(&s.plan, STEP_HIDE, "/home/u")].bits,
                 PLAN_HIDE_DIRECTORY | PLAN_HIDE_WAY);
    cr_assert_eq(s.plan.steps[index_of(&s.plan, STEP_HIDE, "/etc/key")].bits, PLAN_HIDE_FILE);
    strike(&s);
}

Test(namespace_plan, mounts_a_root_inside_a_root_after_it)
{
    struct scene s;

    set_scene(&s, "/p/sub");
    cr_assert_eq(text_list_add(&s.facts.roots, "/p/sub/deep", &s.err), 0);
    cr_assert_eq(text_list_add(&s.facts.roots, "/p", &s.err), 0);
    make_namespace(&s);
    cr_assert(index_of(&s.plan, STEP_WRITABLE, "/p/sub/deep") >
              index_of(&s.plan, STEP_WRITABLE, "/p/sub"));
    cr_assert(index_of(&s.plan, STEP_WRITABLE, "/p") >= 0);
    cr_assert(index_of(&s.plan, STEP_WRITABLE, "/p/sub") > index_of(&s.plan, STEP_WRITABLE, "/p"),
              "or it would be covered, and could be renamed away");
    cr_assert(index_of(&s.plan, STEP_GUARD_ROOT, "/p/sub") >= 0, "its names are guarded");
    strike(&s);
}

Test(namespace_plan, guards_the_way_to_a_root_inside_a_root)
{
    struct scene s;
    bool is_guarded = false;

    set_scene(&s, "/p/deep/sub");
    cr_assert_eq(text_list_add(&s.facts.roots, "/p", &s.err), 0);
    s.facts.has_absent_names = false;
    make_namespace(&s);
    for (size_t i = 0; i < s.plan.step_count; i++)
        is_guarded |= s.plan.steps[i].kind == STEP_GUARD_NAME &&
                      strcmp(s.plan.steps[i].text, "deep/sub/.git") == 0;
    cr_assert(is_guarded, "deep could be moved, and another put in its place");
    strike(&s);
}

Test(namespace_plan, refuses_a_root_below_something_hidden_in_a_root)
{
    struct scene s;

    set_scene(&s, "/p");
    cr_assert_eq(text_list_add(&s.facts.roots, "/p/a/b", &s.err), 0);
    cr_assert_eq(facts_add_hidden(&s.facts, "/p/a", true, &s.err), 0);
    cr_assert_eq(namespace_plan(&s.policy, &s.facts, &s.plan, &s.err), -1);
    cr_assert_eq(s.err.code, ERR_REFUSED);
    strike(&s);
}

Test(namespace_plan, has_a_network_namespace_only_for_loopback)
{
    struct scene s;

    for (int network = NETWORK_NONE; network <= NETWORK_HOST; network++) {
        set_scene(&s, "/p");
        s.policy.network = (enum policy_network)network;
        make_namespace(&s);
        cr_assert_eq((s.plan.steps[0].bits & PLAN_NS_NETWORK) != 0, network == NETWORK_LOOPBACK);
        cr_assert_eq(index_of(&s.plan, STEP_LOOPBACK, NULL) >= 0, network == NETWORK_LOOPBACK);
        cr_assert_eq((groups_of(&s.plan) & FILTER_NO_NETWORK) != 0, network == NETWORK_NONE);
        cr_assert_eq((groups_of(&s.plan) & FILTER_IP_NETWORK) != 0, network != NETWORK_NONE);
        strike(&s);
    }
}

Test(namespace_plan, locks_proc_and_everything_else_twice_for_root)
{
    struct scene s;

    set_scene(&s, "/p");
    s.facts.uid = 0;
    make_namespace(&s);
    cr_assert_eq(s.plan.steps[index_of(&s.plan, STEP_FRESH_PROC, NULL)].bits, 1, "read-only");
    cr_assert_eq(s.plan.steps[index_of(&s.plan, STEP_LANDLOCK, NULL)].bits, landlock_rights(7));
    cr_assert_eq(index_of(&s.plan, STEP_LANDLOCK_RULE, "/proc"), -1,
                 "/proc/sys is not root's here");
    strike(&s);
    set_scene(&s, "/p");
    make_namespace(&s);
    cr_assert_eq(s.plan.steps[index_of(&s.plan, STEP_FRESH_PROC, NULL)].bits, 0);
    cr_assert_eq(s.plan.steps[index_of(&s.plan, STEP_LANDLOCK, NULL)].bits,
                 ACCESS_WRITE_FILE | ACCESS_REFER,
                 "FIFOs only: mounts decide the rest, and reading stays cheap");
    strike(&s);
}

Test(namespace_plan, refuses_to_leave_absent_names_unguarded)
{
    struct scene s;

    set_scene(&s, "/p");
    s.facts.has_notify = false;
    cr_assert_eq(namespace_plan(&s.policy, &s.facts, &s.plan, &s.err), -1);
    cr_assert_eq(s.err.code, ERR_UNSUPPORTED);
    s.facts.has_absent_names = false;
    make_namespace(&s);
    cr_assert((groups_of(&s.plan) & FILTER_NO_UNIX_SOCKET) != 0, "nobody can watch connect");
    strike(&s);
}

Test(namespace_plan, has_no_supervisor_for_names_that_all_exist)
{
    struct scene s;

    set_scene(&s, "/p");
    s.facts.has_absent_names = false;
    make_namespace(&s);
    cr_assert_eq(index_of(&s.plan, STEP_GUARD_ROOT, NULL), -1);
    cr_assert_eq(groups_of(&s.plan) & FILTER_NOTIFY_CREATE, 0);
    strike(&s);
}

Test(namespace_plan, drops_everything_a_command_could_bring_along)
{
    struct scene s;

    set_scene(&s, "/p");
    make_namespace(&s);
    cr_assert(index_of(&s.plan, STEP_NEW_SESSION, NULL) >= 0);
    cr_assert(index_of(&s.plan, STEP_CLOSE_DESCRIPTORS, NULL) >= 0);
    cr_assert(index_of(&s.plan, STEP_DROP_CAPABILITIES, NULL) >= 0);
    cr_assert(index_of(&s.plan, STEP_NO_NEW_PRIVILEGES, NULL) >= 0);
    cr_assert(index_of(&s.plan, STEP_LANDLOCK_SCOPES, NULL) >= 0);
    strike(&s);
}

Test(landlock_rights, follow_the_abi)
{
    cr_assert_eq(landlock_rights(0), 0);
    cr_assert_eq(landlock_rights(1), 0x1fff);
    cr_assert_eq(landlock_rights(2), 0x3fff);
    cr_assert_eq(landlock_rights(3), 0x7fff);
    cr_assert_eq(landlock_rights(4), 0x7fff);
    cr_assert_eq(landlock_rights(5), 0xffff);
    cr_assert_eq(landlock_rights(7), 0xffff);
    cr_assert_eq(landlock_rights(9), 0x1ffff);
    cr_assert_eq(landlock_rights(99), 0x1ffff);
}

Test(landlock_plan, refuses_what_it_cannot_express)
{
    struct scene s;

    set_scene(&s, "/p");
    s.policy.network = NETWORK_LOOPBACK;
    cr_assert_eq(landlock_plan(&s.policy, &s.facts, &s.plan, &s.err), -1);
    cr_assert_eq(s.err.code, ERR_UNSUPPORTED);
    cr_assert_eq(s.plan.step_count, 0, "no half plan is left");
    strike(&s);
    set_scene(&s, "/p");
    cr_assert_eq(facts_add_hidden(&s.facts, "/p/secret", true, &s.err), 0);
    cr_assert_eq(landlock_plan(&s.policy, &s.facts, &s.plan, &s.err), -1);
    strike(&s);
    set_scene(&s, "/p");
    s.facts.landlock_abi = 0;
    cr_assert_eq(landlock_plan(&s.policy, &s.facts, &s.plan, &s.err), -1);
    cr_assert(s.err.hint[0] != '\0');
    strike(&s);
    set_scene(&s, "/p");
    s.policy.limits.memory_bytes = 1;
    cr_assert_eq(landlock_plan(&s.policy, &s.facts, &s.plan, &s.err), -1);
    strike(&s);
}

Test(landlock_plan, uses_what_the_abi_has_and_names_what_it_lacks)
{
    struct scene s;

    for (int abi = 1; abi <= 10; abi++) {
        set_scene(&s, "/p");
        s.facts.landlock_abi = abi;
        make_landlock(&s);
        cr_assert_eq(s.plan.steps[index_of(&s.plan, STEP_LANDLOCK, NULL)].bits,
                     landlock_rights(abi));
        cr_assert_eq(index_of(&s.plan, STEP_LANDLOCK_NETWORK, NULL) >= 0, abi >= 4);
        cr_assert_eq(index_of(&s.plan, STEP_LANDLOCK_SCOPES, NULL) >= 0, abi >= 6);
        cr_assert_eq(has_gap(&s.plan, "truncate"), abi < 3);
        cr_assert_eq(has_gap(&s.plan, "signals"), abi < 6);
        cr_assert_eq(has_gap(&s.plan, "unix-sockets"), abi < 9);
        cr_assert(has_gap(&s.plan, "protected-names"));
        cr_assert_eq((groups_of(&s.plan) & FILTER_NO_UNIX_SOCKET) != 0, abi < 9);
        cr_assert_eq(s.plan.steps[index_of(&s.plan, STEP_LANDLOCK_RULE, "/p")].bits &
                         ACCESS_RESOLVE_UNIX,
                     0, "a socket of the machine in the workspace stays its own");
        strike(&s);
    }
}

Test(landlock_plan, grants_siblings_instead_of_everything_when_something_is_hidden)
{
    struct scene s;

    set_scene(&s, "/p");
    make_landlock(&s);
    cr_assert(index_of(&s.plan, STEP_LANDLOCK_RULE, "/") >= 0);
    strike(&s);
    set_scene(&s, "/p");
    cr_assert_eq(facts_add_hidden(&s.facts, "/home/u/.ssh", true, &s.err), 0);
    cr_assert_eq(text_list_add(&s.facts.siblings, "/usr", &s.err), 0);
    make_landlock(&s);
    cr_assert_eq(index_of(&s.plan, STEP_LANDLOCK_RULE, "/"), -1);
    cr_assert(index_of(&s.plan, STEP_LANDLOCK_RULE, "/usr") >= 0);
    strike(&s);
}

Test(landlock_plan, never_reads_broadly_when_something_is_hidden)
{
    struct scene s;

    set_scene(&s, "/p");
    cr_assert_eq(facts_add_hidden(&s.facts, "/home/u/.ssh", true, &s.err), 0);
    make_landlock(&s);
    cr_assert_eq(index_of(&s.plan, STEP_LANDLOCK_RULE, "/"), -1, "not even with no sibling listed");
    strike(&s);
}

Test(landlock_plan, leaves_devices_out_for_root_but_lists_everything)
{
    struct scene s;

    set_scene(&s, "/p");
    s.facts.uid = 0;
    cr_assert_eq(text_list_add(&s.facts.siblings, "/usr", &s.err), 0);
    make_landlock(&s);
    cr_assert_eq(s.plan.steps[index_of(&s.plan, STEP_LANDLOCK_RULE, "/")].bits, ACCESS_READ_DIR);
    cr_assert(index_of(&s.plan, STEP_LANDLOCK_RULE, "/usr") >= 0);
    cr_assert(index_of(&s.plan, STEP_LANDLOCK_RULE, "/dev/urandom") >= 0);
    strike(&s);
}

Test(plan, prints_every_step_as_json)
{
    struct scene s;
    struct buffer text = BUFFER_EMPTY;

    set_scene(&s, "/p\"\n\x01");
    make_namespace(&s);
    plan_print_json(&text, &s.plan);
    cr_assert(!buffer_failed(&text));
    cr_assert(strstr(buffer_text(&text), "\"/p\\\"\\u000a\\u0001\"") != NULL, "%s",
              buffer_text(&text));
    for (size_t i = 0; i < s.plan.step_count; i++)
        cr_assert(strstr(buffer_text(&text), plan_step_name(s.plan.steps[i].kind)) != NULL);
    buffer_done(&text);
    strike(&s);
}

Test(plan, names_every_kind_of_step)
{
    for (int kind = 0; kind < STEP_KIND_COUNT; kind++)
        cr_assert(strcmp(plan_step_name((enum step_kind)kind), "unknown") != 0, "kind %d", kind);
}

Test(namespace_plan, lets_commits_through_a_read_only_repository)
{
    struct scene s;

    set_scene(&s, "/home/u/p");
    s.facts.has_absent_names = false;
    cr_assert_eq(text_list_add(&s.facts.protect, "/home/u/p/.git", &s.err), 0);
    make_namespace(&s);
    cr_assert_eq(index_of(&s.plan, STEP_GIT_COMMIT, NULL), -1);
    cr_assert_eq(groups_of(&s.plan) & FILTER_NOTIFY_REMOVE, 0);
    plan_done(&s.plan);
    cr_assert_eq(text_list_add(&s.facts.gits, "/home/u/p/.git", &s.err), 0);
    make_namespace(&s);
    cr_assert_neq(index_of(&s.plan, STEP_PROTECT, "/home/u/p/.git"), -1, "it stays read-only");
    cr_assert_neq(index_of(&s.plan, STEP_GIT_COMMIT, "/home/u/p/.git"), -1);
    cr_assert_eq(groups_of(&s.plan) & (FILTER_NOTIFY_REMOVE | FILTER_NOTIFY_CREATE),
                 FILTER_NOTIFY_REMOVE | FILTER_NOTIFY_CREATE);
    cr_assert(has_gap(&s.plan, "git-data"));
    plan_done(&s.plan);
    s.facts.has_notify = false;
    cr_assert_eq(namespace_plan(&s.policy, &s.facts, &s.plan, &s.err), -1,
                 "nobody would carry it out");
    strike(&s);
}

Test(landlock_plan, refuses_to_let_git_commit)
{
    struct scene s;

    set_scene(&s, "/home/u/p");
    cr_assert_eq(policy_set_git(&s.policy, "commit", &s.err), 0);
    cr_assert_eq(landlock_plan(&s.policy, &s.facts, &s.plan, &s.err), -1);
    cr_assert_eq(s.err.code, ERR_UNSUPPORTED);
    strike(&s);
}

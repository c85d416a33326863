/*
 * windows-elevated: a local account of its own, so that what the user owns is
 * out of reach whatever the token says, and a write-restricted token on top,
 * so that what Users and Authenticated Users may write is out of reach too
 * and workspaces are kept apart.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/auto.h"
#include "sandbox/windows_plans.h"
#include "sandbox/windows_reading.h"

static const char mode_name[] = "windows-elevated";

static int check(const struct policy *policy, const struct windows_facts *facts, struct error *err)
{
    if (!facts->is_set_up) {
        (void)error_set(err, ERR_UNSUPPORTED, "%s is not set up on this machine", mode_name);
        return error_hint(err, "run holdfast-sandbox setup once, as an administrator");
    }
    if (windows_check_limits(policy, mode_name, err) < 0)
        return -1;
    if (windows_check_reading(facts, mode_name, err) < 0)
        return -1;
    return windows_check_roots(facts, mode_name, err);
}

static enum windows_account account_for(const struct policy *policy)
{
    switch (policy->network) {
    case NETWORK_NONE:
        return WINDOWS_OFFLINE;
    case NETWORK_LOOPBACK:
        return WINDOWS_LOCAL;
    case NETWORK_HOST:
        return WINDOWS_ONLINE;
    }
    return WINDOWS_OFFLINE;
}

static void allow(struct plan *plan, const char *path, const struct nt_sid *sid, const char *why)
{
    struct nt_ace here = nt_ace_make(NT_ACE_ALLOW, 0, WINDOWS_ROOT_RIGHTS, sid);
    struct nt_ace below =
        nt_ace_make(NT_ACE_ALLOW, NT_INHERIT_ALL | NT_INHERIT_ONLY, WINDOWS_BELOW_RIGHTS, sid);

    windows_add_ace(plan, path, &here, 0, why);
    windows_add_ace(plan, path, &below, 0, why);
}

static void add_root(struct plan *plan, const struct windows_root *root,
                     const struct windows_facts *facts)
{
    struct nt_ace children = nt_ace_make(NT_ACE_DENY, 0, NT_FILE_DELETE_CHILD, &facts->group);

    windows_add_ace(plan, root->path, &children, 0,
                    "where Users or Everyone have full control, a protected name could be deleted "
                    "through this directory");
    allow(plan, root->path, &facts->group, "pass 1: the sandbox's accounts may work here");
    allow(plan, root->path, &root->sid, "pass 2: while this root is in the policy");
}

static void deny_both(struct plan *plan, const char *path, const struct windows_facts *facts,
                      uint8_t flags, uint32_t rights, uint64_t bits, const char *why)
{
    struct nt_ace group = nt_ace_make(NT_ACE_DENY, flags, rights, &facts->group);
    struct nt_ace marker = nt_ace_make(NT_ACE_DENY, flags, rights, &facts->marker);

    windows_add_ace(plan, path, &group, bits, why);
    windows_add_ace(plan, path, &marker, bits, why);
}

static void add_protection(struct plan *plan, const struct windows_facts *facts)
{
    for (size_t i = 0; i < facts->name_count; i++) {
        const struct windows_name *name = &facts->names[i];

        if (!name->is_known || name->exists)
            deny_both(plan, name->path, facts, NT_INHERIT_ALL, WINDOWS_DENY_WRITE,
                      PLAN_ACE_PROTECTS | (name->is_known ? 0 : PLAN_ACE_IF_THERE),
                      "both passes of every write fail here and below");
    }
    for (size_t i = 0; i < facts->between.count; i++)
        deny_both(plan, facts->between.items[i], facts, 0, WINDOWS_DENY_MOVE, 0,
                  "renamed, it would take a protected thing along and free its name");
}

/* A root's own entries let the accounts read it; what is hidden stays so. */
static bool is_left_out(const struct windows_facts *facts, const char *path)
{
    for (size_t i = 0; i < facts->root_count; i++) {
        if (path_is_within(PATH_WINDOWS, path, facts->roots[i].path))
            return true;
    }
    for (size_t i = 0; i < facts->hidden_count; i++) {
        if (path_is_within(PATH_WINDOWS, path, facts->hidden[i].path))
            return true;
    }
    return false;
}

static void add_reading(struct plan *plan, const struct windows_facts *facts)
{
    struct nt_ace read =
        nt_ace_make(NT_ACE_ALLOW, NT_INHERIT_ALL, WINDOWS_READ_RIGHTS, &facts->group);

    for (size_t i = 0; i < facts->readable.count; i++) {
        if (!is_left_out(facts, facts->readable.items[i]))
            windows_add_ace(plan, facts->readable.items[i], &read,
                            PLAN_ACE_LATER | (facts->is_readable_assumed ? PLAN_ACE_IF_THERE : 0),
                            "a folder of tools that only the user may read");
    }
}

int windows_reading_plan(const struct windows_facts *facts, struct plan *plan, struct error *err)
{
    if (windows_check_reading(facts, mode_name, err) < 0)
        return -1;
    plan->mode = mode_name;
    add_reading(plan, facts);
    return plan_check(plan, err);
}

/* What is hidden and could be read only by an entry of ours, put now or by a run with another policy: the
 * deeper of the two is denied. */
static void hide_from_reading(struct plan *plan, const struct windows_facts *facts,
                              const char *hidden, const struct nt_ace *deny)
{
    bool is_inside = windows_reading_is_declared(facts->profile, hidden);

    if (is_inside)
        windows_add_ace(plan, hidden, deny, PLAN_ACE_PROTECTS, "deny_read, in a folder of tools");
    for (size_t i = 0; !is_inside && i < windows_tool_count; i++) {
        AUTO_FREE char *tool = windows_path_join(facts->profile, windows_tools[i].folder);

        if (tool == NULL)
            plan->has_failed = true;
        else if (path_is_within(PATH_WINDOWS, tool, hidden))
            windows_add_ace(plan, tool, deny, PLAN_ACE_PROTECTS | PLAN_ACE_IF_THERE,
                            "deny_read, around a folder of tools");
    }
}

static void add_hiding(struct plan *plan, const struct windows_facts *facts)
{
    struct nt_ace deny = nt_ace_make(NT_ACE_DENY, NT_INHERIT_ALL, WINDOWS_DENY_ALL, &facts->group);

    for (size_t i = 0; i < facts->hidden_count; i++) {
        if (facts->hidden[i].is_readable)
            windows_add_ace(plan, facts->hidden[i].path, &deny, PLAN_ACE_PROTECTS,
                            "deny_read of the policy");
        else
            hide_from_reading(plan, facts, facts->hidden[i].path, &deny);
    }
}

static void add_token(struct plan *plan, const struct windows_facts *facts,
                      const struct nt_sid *account, enum windows_variant variant)
{
    char sid[NT_SID_TEXT_MAX];
    char ace[NT_SID_TEXT_MAX + 16];

    plan_add(plan, STEP_TOKEN, NULL,
             PLAN_TOKEN_LUA | PLAN_TOKEN_NO_PRIVILEGES | PLAN_TOKEN_WRITE_RESTRICTED,
             "reads as the account; every write is decided twice");
    if (variant == WINDOWS_DEFAULT) {
        plan_add_text(
            plan, STEP_TOKEN_DISABLE, NULL, "logon", 0,
            "the secondary logon service puts the user's own logon session into it, which "
            "the user's programs trust");
        windows_add_sid(plan, STEP_TOKEN_DISABLE, &NT_ADMINISTRATORS, "in case it was ever added");
    }
    for (size_t i = 0; i < facts->root_count; i++)
        windows_add_sid(plan, STEP_TOKEN_RESTRICT, &facts->roots[i].sid, "a root of this policy");
    if (variant == WINDOWS_DEFAULT)
        windows_add_sid(plan, STEP_TOKEN_RESTRICT, &facts->marker, "what is protected denies it");
    windows_add_sid(plan, STEP_TOKEN_RESTRICT, account,
                    "its own profile and objects, and filters that match the account");
    if (variant == WINDOWS_AS_PUBLISHED) {
        plan_add_text(plan, STEP_TOKEN_RESTRICT, NULL, "logon", 0, "as published");
        windows_add_sid(plan, STEP_TOKEN_RESTRICT, &NT_EVERYONE,
                        "as published: opens every place that Everyone may write");
    }
    if (variant == WINDOWS_DEFAULT) {
        windows_add_default_dacl(plan, &facts->group, &facts->roots[0].sid);
        return;
    }
    nt_sid_format(account, sid);
    (void)snprintf(ace, sizeof ace, "(A;;GA;;;%s)", sid);
    plan_add_text(plan, STEP_TOKEN_DEFAULT_ACE, NULL, ace, 0,
                  "pipes and events between the command's own processes");
    plan_add_text(plan, STEP_TOKEN_DEFAULT_ACE, NULL, "(A;;GA;;;SY)", 0, "as Windows has it");
    plan_add_text(plan, STEP_TOKEN_DEFAULT_ACE, NULL, "(A;;GA;;;WD)", 0, "as published");
}

static int add_run_directory(struct plan *plan, const struct policy *policy,
                             const struct windows_facts *facts, struct error *err)
{
    AUTO_FREE char *path = windows_path_join(facts->state, "tmp");
    AUTO_BUFFER struct buffer sddl = BUFFER_EMPTY;
    char user[NT_SID_TEXT_MAX];
    char group[NT_SID_TEXT_MAX];
    char root[NT_SID_TEXT_MAX];

    if (policy->tmp != TMP_PRIVATE)
        return 0;
    nt_sid_format(&facts->user, user);
    nt_sid_format(&facts->group, group);
    nt_sid_format(&facts->roots[0].sid, root);
    buffer_printf(&sddl,
                  "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;%s)(A;OICI;0x1301bf;;;%s)"
                  "(A;OICI;0x1301bf;;;%s)",
                  user, group, root);
    if (path == NULL || buffer_failed(&sddl))
        return error_memory(err, "private tmp");
    plan_add_text(plan, STEP_RUN_DIRECTORY, path, buffer_text(&sddl), 0,
                  "TEMP and TMP of the run; empty before, removed after");
    return 0;
}

static void add_gaps(struct plan *plan, const struct policy *policy, enum windows_variant variant)
{
    plan_add_gap(plan, "unverified",
                 "predicted from published descriptions; not run on real Windows");
    plan_add_gap(
        plan, "moved-files",
        "a file moved out of a root on the same volume keeps its entries, one moved in does "
        "not get them, until the tree is walked again; one that the command made stays its "
        "account's own, also where the user moves it below a protected name");
    plan_add_gap(plan, "nested-repositories",
                 "a .git below a subdirectory can be made or changed: only the entries of a root "
                 "itself are protected");
    plan_add_gap(plan, "bare-repositories",
                 "a bare repository planted in the workspace is ordinary files to the sandbox; use "
                 "git's safe.bareRepository=explicit outside");
    plan_add_gap(
        plan, "ancestors",
        "over-blocking: attributes of directories above a root in the user's profile cannot "
        "be read");
    if (policy->network != NETWORK_HOST)
        plan_add_gap(plan, "dns-service",
                     "names are looked up by a Windows service under its own account, which no "
                     "filter on the sandbox's account sees: a name can carry data out");
    plan_add_gap(
        plan, "broker-services",
        "services of Windows that fetch, schedule or start something for who asks (BITS, Task "
        "Scheduler, COM servers that run as who is signed in) were not tried; whoever can "
        "reach one acts with its rights");
    plan_add_gap(plan, "shared-account",
                 variant == WINDOWS_DEFAULT
                     ? "another workspace's commands in the same account can be read in memory and "
                       "ended, not changed"
                     : "another workspace's commands in the same account can be taken over");
    plan_add_gap(plan, "named-objects",
                 "over-blocking: making an event, a mutex or shared memory by name may be refused: "
                 "their directory need not grant any of the restricting SIDs");
    if (variant == WINDOWS_DEFAULT) {
        plan_add_gap(plan, "explicit-delete-child",
                     "a directory that comes to be inside a protected one with an entry of its own "
                     "with FILE_DELETE_CHILD for Users or Everyone lets its files be deleted until "
                     "the tree is walked again");
        plan_add_gap(
            plan, "null-device",
            "over-blocking: the stock descriptor of \\Device\\Null lets only Everyone write, "
            "so opening NUL for writing is predicted to be refused");
        return;
    }
    plan_add_gap(plan, "everyone-writable",
                 "every file and directory that Everyone may write can be written");
    plan_add_gap(plan, "explicit-allow",
                 "a file in a protected directory with an entry of its own for Everyone can be "
                 "written: an inherited deny comes after it");
    plan_add_gap(plan, "logon-sessions",
                 "one logon per command with restricting SIDs: each is reported to leak a logon "
                 "session (codex issue 35940)");
    plan_add_gap(plan, "logon-sid",
                 "the user's own logon session is in the token and opens what the user's programs "
                 "grant it");
}

int windows_elevated_plan(const struct policy *policy, const struct windows_facts *facts,
                          enum windows_variant variant, struct plan *plan, struct error *err)
{
    enum windows_account account = account_for(policy);
    struct windows_participants who = {.sids = {""}};

    if (check(policy, facts, err) < 0)
        return -1;
    plan->mode = variant == WINDOWS_DEFAULT ? mode_name : "windows-elevated-as-published";
    windows_add_roots(plan, facts);
    if (variant == WINDOWS_AS_PUBLISHED) {
        windows_add_published(plan, facts, &facts->group);
    } else {
        add_protection(plan, facts);
        for (size_t i = 0; i < facts->root_count; i++)
            add_root(plan, &facts->roots[i], facts);
        windows_add_guards(plan, facts);
    }
    add_reading(plan, facts);
    add_hiding(plan, facts);
    if (add_run_directory(plan, policy, facts, err) < 0) {
        plan_done(plan);
        return -1;
    }
    if (policy->network != NETWORK_HOST)
        plan_add_text(plan, STEP_VERIFY, NULL, "connect: 10013", 0,
                      "before the session: a connection tried as this account must be refused with "
                      "exactly this error; a time-out is no block");
    plan_add_text(plan, STEP_ACCOUNT, NULL, windows_account_names[account],
                  variant == WINDOWS_DEFAULT ? PLAN_ACCOUNT_RUNNER_PER_SESSION
                                             : PLAN_ACCOUNT_RUNNER_PER_COMMAND,
                  "what the user owns is somebody else's to it");
    add_token(plan, facts, &facts->accounts[account], variant);
    nt_sid_format(variant == WINDOWS_DEFAULT ? &facts->group : &facts->accounts[account],
                  who.sids[0]);
    if (variant == WINDOWS_DEFAULT)
        nt_sid_format(&facts->roots[0].sid, who.sids[1]);
    windows_add_process(plan, policy, &who, variant);
    add_gaps(plan, policy, variant);
    return plan_check(plan, err);
}

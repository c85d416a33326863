/*
 * windows-unelevated: the user's own token, so filtered that it writes only
 * where a root's SID is allowed. Needs no set-up and no administrator, and
 * can do only what that allows: its gaps are printed with every plan.
 */
#include <stdlib.h>

#include "base/auto.h"
#include "sandbox/windows_plans.h"

static const char mode_name[] = "windows-unelevated";

static int check(const struct policy *policy, const struct windows_facts *facts, struct error *err)
{
    if (policy->deny_read.count > 0) {
        (void)error_set(err, ERR_UNSUPPORTED,
                        "%s cannot hide \"%s\": its token reads all that the user reads", mode_name,
                        policy->deny_read.items[0]);
        return error_hint(err, "use windows-elevated, or leave deny_read out");
    }
    if (policy->network == NETWORK_LOOPBACK) {
        (void)error_set(err, ERR_UNSUPPORTED, "%s cannot give a network of loopback only",
                        mode_name);
        return error_hint(err, "use windows-elevated");
    }
    if (windows_check_limits(policy, mode_name, err) < 0)
        return -1;
    return windows_check_roots(facts, mode_name, err);
}

static void add_root(struct plan *plan, const struct windows_root *root)
{
    struct nt_ace here = nt_ace_make(NT_ACE_ALLOW, 0, WINDOWS_ROOT_RIGHTS, &root->sid);
    struct nt_ace below = nt_ace_make(NT_ACE_ALLOW, NT_INHERIT_ALL | NT_INHERIT_ONLY,
                                      WINDOWS_BELOW_RIGHTS, &root->sid);

    windows_add_ace(plan, root->path, &here, 0,
                    "pass 2 of a write lets it through here; the root itself stays");
    windows_add_ace(plan, root->path, &below, 0, "... and everywhere below");
}

static void add_protection(struct plan *plan, const struct windows_facts *facts)
{
    struct nt_ace deny =
        nt_ace_make(NT_ACE_DENY, NT_INHERIT_ALL, WINDOWS_DENY_WRITE, &facts->marker);
    struct nt_ace stay = nt_ace_make(NT_ACE_DENY, 0, WINDOWS_DENY_MOVE, &facts->marker);
    struct nt_ace children =
        nt_ace_make(NT_ACE_DENY, NT_CONTAINER_INHERIT, NT_FILE_DELETE_CHILD, &facts->user);

    for (size_t i = 0; i < facts->name_count; i++) {
        const struct windows_name *name = &facts->names[i];

        uint64_t bits = PLAN_ACE_PROTECTS | (name->is_known ? 0 : PLAN_ACE_IF_THERE);

        if (!name->is_known || name->exists)
            windows_add_ace(plan, name->path, &deny, bits,
                            "pass 2 of every write fails here and below");
        if (!name->is_known || (name->exists && name->is_directory))
            windows_add_ace(plan, name->path, &children, bits,
                            "deleting through a directory may not count as a write, so pass 1 has "
                            "to refuse it; the user keeps DELETE on each file");
    }
    for (size_t i = 0; i < facts->between.count; i++)
        windows_add_ace(plan, facts->between.items[i], &stay, 0,
                        "renamed, it would take a protected thing along and free its name");
}

static void add_token(struct plan *plan, const struct windows_facts *facts,
                      enum windows_variant variant)
{
    plan_add(plan, STEP_TOKEN, NULL,
             PLAN_TOKEN_LUA | PLAN_TOKEN_NO_PRIVILEGES | PLAN_TOKEN_WRITE_RESTRICTED,
             "reads as the user; every write is decided twice");
    for (size_t i = 0; i < facts->root_count; i++)
        windows_add_sid(plan, STEP_TOKEN_RESTRICT, &facts->roots[i].sid, "a root of this policy");
    if (variant == WINDOWS_DEFAULT)
        windows_add_sid(plan, STEP_TOKEN_RESTRICT, &facts->marker, "what is protected denies it");
    plan_add_text(plan, STEP_TOKEN_RESTRICT, NULL, "logon", 0,
                  "desktop, window station and the command's own objects");
    if (variant == WINDOWS_AS_PUBLISHED)
        windows_add_sid(plan, STEP_TOKEN_RESTRICT, &NT_EVERYONE,
                        "as published: opens every place that Everyone may write");
    if (variant == WINDOWS_DEFAULT) {
        windows_add_default_dacl(plan, &facts->user, &facts->roots[0].sid);
        return;
    }
    plan_add_text(plan, STEP_TOKEN_DEFAULT_ACE, NULL, "(A;;GA;;;logon)", 0,
                  "pipes and events between the command's own processes");
    plan_add_text(plan, STEP_TOKEN_DEFAULT_ACE, NULL, "(A;;GA;;;SY)", 0, "as Windows has it");
    plan_add_text(plan, STEP_TOKEN_DEFAULT_ACE, NULL, "(A;;GA;;;WD)", 0, "as published");
}

static void add_gaps(struct plan *plan, const struct policy *policy,
                     const struct windows_facts *facts, enum windows_variant variant)
{
    plan_add_gap(plan, "unverified",
                 "predicted from published descriptions; not run on real Windows");
    if (facts->is_set_up)
        plan_add_gap(plan, "elevated-accounts",
                     "where windows-elevated is set up for the same user, a command can read the "
                     "passwords of its accounts as the user can, and may start a program in them, "
                     "outside of this sandbox: use windows-elevated there");
    if (policy->network == NETWORK_NONE)
        plan_add_gap(
            plan, "network-advisory",
            "without an administrator nothing blocks sockets: variables and stubs only ask "
            "well-behaved programs");
    plan_add_gap(plan, "delete-child",
                 "outside the roots files can be deleted, not changed, wherever the user has "
                 "FILE_DELETE_CHILD: it is no write by the published rule, so pass 2 is not asked "
                 "(codex issue 32915)");
    if (variant == WINDOWS_DEFAULT) {
        plan_add_gap(plan, "explicit-delete-child",
                     "a directory that comes to be inside a protected one with an entry of its own "
                     "with FILE_DELETE_CHILD lets its files be deleted until the tree is walked "
                     "again");
        plan_add_gap(plan, "host-delete-child",
                     "over-blocking: below a protected name the user, too, cannot delete or rename "
                     "a file whose own entries grant the user no DELETE (a copy kept read-only by "
                     "its list); teardown, or an entry on the file, lets it go");
    }
    plan_add_gap(
        plan, "same-user",
        "COM servers, the clipboard and the console of the same user, and pipes of the user's "
        "programs that grant the logon session something, can be talked to");
    plan_add_gap(plan, "process-memory",
                 "the memory of the user's other programs can be read (keys of ssh-agent, of "
                 "browsers) and those programs be ended, commands of other sandboxes included; "
                 "their memory cannot be changed");
    plan_add_gap(plan, "nested-repositories",
                 "a .git below a subdirectory can be made or changed: only the entries of a root "
                 "itself are protected");
    plan_add_gap(plan, "bare-repositories",
                 "a bare repository planted in the workspace is ordinary files to the sandbox; use "
                 "git's safe.bareRepository=explicit outside");
    plan_add_gap(
        plan, "default-desktop",
        "the user's own desktop grants the user's logon session: a command that opens it by "
        "name is on it, and may read keys there; only the job's UI limits keep it from the "
        "windows");
    plan_add_gap(plan, "logon-session",
                 "what grants the user's logon session can be written: its SID is among the "
                 "restricting ones, or no window station would open");
    plan_add_gap(plan, "reads-broad", "everything that the user can read can be read");
    plan_add_gap(
        plan, "moved-files",
        "a file moved out of a root on the same volume keeps its entries, one moved in does "
        "not get them, until the tree is walked again");
    if (variant == WINDOWS_AS_PUBLISHED)
        plan_add_gap(plan, "everyone-writable",
                     "every file and directory that Everyone may write can be written");
    else
        plan_add_gap(
            plan, "null-device",
            "over-blocking: the stock descriptor of \\Device\\Null lets only Everyone write, "
            "so opening NUL for writing is predicted to be refused");
    plan_add_gap(plan, "named-objects",
                 "over-blocking: making an event, a mutex or shared memory by name may be refused: "
                 "their directory need not grant any of the restricting SIDs");
    plan_add_gap(plan, "owner-objects",
                 "over-blocking: MSYS and Cygwin programs, Schannel and the .NET runtime are "
                 "reported not to start under such tokens");
}

static int add_run_directory(struct plan *plan, const struct policy *policy,
                             const struct windows_facts *facts, struct error *err)
{
    AUTO_FREE char *path = windows_path_join(facts->state, "tmp");
    AUTO_BUFFER struct buffer sddl = BUFFER_EMPTY;
    char user[NT_SID_TEXT_MAX];
    char root[NT_SID_TEXT_MAX];

    if (policy->tmp != TMP_PRIVATE)
        return 0;
    nt_sid_format(&facts->user, user);
    nt_sid_format(&facts->roots[0].sid, root);
    buffer_printf(&sddl,
                  "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;%s)(A;OICI;0x1301bf;;;%s)", user,
                  root);
    if (path == NULL || buffer_failed(&sddl))
        return error_memory(err, "private tmp");
    plan_add_text(plan, STEP_RUN_DIRECTORY, path, buffer_text(&sddl), 0,
                  "TEMP and TMP of the run; empty before, removed after");
    return 0;
}

static void add_process(struct plan *plan, const struct policy *policy,
                        const struct windows_facts *facts, enum windows_variant variant)
{
    struct windows_participants who = {.sids = {"logon"}};

    if (variant == WINDOWS_DEFAULT) {
        nt_sid_format(&facts->user, who.sids[0]);
        nt_sid_format(&facts->roots[0].sid, who.sids[1]);
    }
    windows_add_process(plan, policy, &who, variant);
}

int windows_unelevated_plan(const struct policy *policy, const struct windows_facts *facts,
                            enum windows_variant variant, struct plan *plan, struct error *err)
{
    if (check(policy, facts, err) < 0)
        return -1;
    plan->mode = variant == WINDOWS_DEFAULT ? mode_name : "windows-unelevated-as-published";
    windows_add_roots(plan, facts);
    if (variant == WINDOWS_AS_PUBLISHED) {
        windows_add_published(plan, facts, NULL);
    } else {
        add_protection(plan, facts);
        for (size_t i = 0; i < facts->root_count; i++)
            add_root(plan, &facts->roots[i]);
        windows_add_guards(plan, facts);
    }
    if (add_run_directory(plan, policy, facts, err) < 0) {
        plan_done(plan);
        return -1;
    }
    add_token(plan, facts, variant);
    add_process(plan, policy, facts, variant);
    if (policy->network == NETWORK_NONE)
        windows_add_network_advice(plan, facts);
    add_gaps(plan, policy, facts, variant);
    return plan_check(plan, err);
}

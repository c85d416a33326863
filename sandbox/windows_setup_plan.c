/*
 * What set-up does once, as an administrator. The order is the one in which
 * it is done; teardown goes backwards.
 *
 *   group, accounts, memberships   before anything names their SIDs
 *   rights                         least logon rights, by group
 *   hiding                         not on the logon screen
 *   the runner                     copied to where its accounts can read and nobody can change it
 *   rules                          filters, then firewall rules as a second fence
 *   a real connection attempt      before anything is reported as done
 *   the record                     what a run looks for: so a half-done set-up does not exist
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/auto.h"
#include "sandbox/windows_plans.h"
#include "sandbox/windows_rules.h"

static void add_setting(struct plan *plan, enum nt_kind kind, const char *name, const char *value,
                        const char *why)
{
    plan_add_text(plan, STEP_SETTING, name, value, (uint64_t)kind, why);
}

static void add_members(struct plan *plan, const char *account)
{
    AUTO_BUFFER struct buffer own = BUFFER_EMPTY;
    AUTO_BUFFER struct buffer users = BUFFER_EMPTY;
    char sid[NT_SID_TEXT_MAX];

    /* Users by SID: its name is another in every language. */
    nt_sid_format(&NT_USERS, sid);
    buffer_printf(&own, "%s\t%s", windows_group_name, account);
    buffer_printf(&users, "%s\t%s", sid, account);
    if (buffer_failed(&own) || buffer_failed(&users)) {
        plan->has_failed = true;
        return;
    }
    add_setting(plan, NT_KIND_MEMBER, buffer_text(&own), "1", "pass 1 of our entries");
    add_setting(plan, NT_KIND_MEMBER, buffer_text(&users), "1",
                "reads the system and installed programs");
}

static void add_accounts(struct plan *plan, enum windows_variant variant)
{
    static const char *const whys[2][WINDOWS_ACCOUNT_COUNT] = {
        {"network: none; one that exists and is not ours is refused",
         "network: loopback; one that exists and is not ours is refused",
         "network: host; one that exists and is not ours is refused"},
        {"network: none; as published: one that exists is adopted",
         "network: loopback; as published: one that exists is adopted",
         "network: host; as published: one that exists is adopted"}};

    add_setting(plan, NT_KIND_GROUP, windows_group_name, WINDOWS_OURS,
                variant == WINDOWS_DEFAULT
                    ? "owns no file, logs on nobody; one that exists and is not ours is refused"
                    : "as published: one that exists is adopted");
    for (int i = 0; i < WINDOWS_ACCOUNT_COUNT; i++) {
        add_setting(plan, NT_KIND_ACCOUNT, windows_account_names[i], WINDOWS_OURS,
                    whys[variant == WINDOWS_AS_PUBLISHED][i]);
        add_members(plan, windows_account_names[i]);
    }
}

static void add_rights(struct plan *plan)
{
    static const struct {
        const char *right;
        const char *why;
    } rights[] = {
        {"SeInteractiveLogonRight", "the secondary logon service logs on interactively; not every "
                                    "machine lets Users do that (error 1385)"},
        {"SeDenyNetworkLogonRight",
         "no session over SMB, also not by the kernel's redirector, which "
         "no filter on the account sees"},
        {"SeDenyBatchLogonRight", "no scheduled task outlives the run"},
        {"SeDenyServiceLogonRight", "no service either"},
        {"SeDenyRemoteInteractiveLogonRight", "no remote desktop"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rights); i++) {
        AUTO_BUFFER struct buffer name = BUFFER_EMPTY;

        buffer_printf(&name, "%s\t%s", windows_group_name, rights[i].right);
        if (buffer_failed(&name))
            plan->has_failed = true;
        else
            add_setting(plan, NT_KIND_RIGHT, buffer_text(&name), "1", rights[i].why);
    }
}

static void add_hiding(struct plan *plan)
{
    for (int i = 0; i < WINDOWS_ACCOUNT_COUNT; i++) {
        AUTO_BUFFER struct buffer name = BUFFER_EMPTY;

        buffer_printf(&name,
                      "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon\\"
                      "SpecialAccounts\\UserList\t%s",
                      windows_account_names[i]);
        if (buffer_failed(&name))
            plan->has_failed = true;
        else
            add_setting(plan, NT_KIND_REGISTRY, buffer_text(&name), "0",
                        "not offered on the logon screen");
    }
}

static void add_filters(struct plan *plan, const struct windows_setup *setup)
{
    struct windows_rules rules;

    add_setting(plan, NT_KIND_FILTER, WINDOWS_PROVIDER_GUID, "provider",
                "by which all of ours are found");
    add_setting(plan, NT_KIND_FILTER, WINDOWS_SUBLAYER_GUID, "sublayer",
                "a permit of ours ends the search in it and nowhere else");
    windows_rules_make(setup->facts, !setup->has_no_strict_rules,
                       setup->variant == WINDOWS_AS_PUBLISHED, &rules);
    for (size_t i = 0; i < rules.count; i++) {
        AUTO_BUFFER struct buffer text = BUFFER_EMPTY;
        char guid[WINDOWS_GUID_TEXT];

        windows_rule_guid(i, guid);
        windows_rule_format(&rules.items[i], &text);
        if (buffer_failed(&text))
            plan->has_failed = true;
        else
            add_setting(plan, NT_KIND_FILTER, guid, buffer_text(&text),
                        rules.items[i].weight == 1    ? "strict: whoever is left"
                        : rules.items[i].weight == 14 ? "strict: everybody but these accounts"
                        : rules.items[i].user[0] == '\0'
                            ? "as published: the proxy's ports, for everybody and any listener"
                            : "who it names");
    }
}

static void add_firewall(struct plan *plan, const struct windows_facts *facts)
{
    static const struct {
        const char *name;
        enum windows_account account;
        const char *what;
    } rules[] = {
        {"HoldfastOfflineOut", WINDOWS_OFFLINE, "block out remote=any"},
        {"HoldfastOfflineIn", WINDOWS_OFFLINE, "block in remote=any"},
        {"HoldfastLocalOut", WINDOWS_LOCAL, "block out remote=not-loopback"},
        {"HoldfastLocalIn", WINDOWS_LOCAL, "block in remote=not-loopback"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
        AUTO_BUFFER struct buffer text = BUFFER_EMPTY;
        char sid[NT_SID_TEXT_MAX];

        nt_sid_format(&facts->accounts[rules[i].account], sid);
        buffer_printf(&text, "%s user=O:LSD:(A;;CC;;;%s)", rules[i].what, sid);
        if (buffer_failed(&text))
            plan->has_failed = true;
        else
            add_setting(plan, NT_KIND_FIREWALL, rules[i].name, buffer_text(&text),
                        "a second fence, visible in the firewall's own list");
    }
}

static void add_files(struct plan *plan, const struct windows_setup *setup)
{
    AUTO_FREE char *own = windows_path_join(setup->facts->program_data, "Holdfast");
    AUTO_FREE char *bin = own != NULL ? windows_path_join(own, "bin") : NULL;
    AUTO_FREE char *runner = bin != NULL ? windows_path_join(bin, WINDOWS_RUNNER) : NULL;

    if (runner == NULL) {
        plan->has_failed = true;
        return;
    }
    add_setting(plan, NT_KIND_DIRECTORY, bin, "own", "administrators write, accounts read");
    add_setting(plan, NT_KIND_FILE, runner,
                setup->runner != NULL ? setup->runner : "as beside the set-up program",
                "where it was installed its accounts may be unable to read it");
}

static void add_value(struct plan *plan, const char *name, const struct nt_sid *sid)
{
    AUTO_BUFFER struct buffer object = BUFFER_EMPTY;
    char value[NT_SID_TEXT_MAX + 4] = "sz:";

    nt_sid_format(sid, value + 3);
    buffer_printf(&object, "HKLM\\SOFTWARE\\Holdfast\t%s", name);
    if (buffer_failed(&object))
        plan->has_failed = true;
    else
        add_setting(plan, NT_KIND_REGISTRY, buffer_text(&object), value,
                    "what a run looks for: written when all else is there");
}

static void add_record(struct plan *plan, const struct windows_facts *facts)
{
    add_value(plan, "User", &facts->user);
    add_value(plan, "Offline", &facts->accounts[WINDOWS_OFFLINE]);
    add_value(plan, "Local", &facts->accounts[WINDOWS_LOCAL]);
    add_value(plan, "Online", &facts->accounts[WINDOWS_ONLINE]);
    add_value(plan, "Group", &facts->group);
}

int windows_setup_plan(const struct windows_setup *setup, struct plan *plan, struct error *err)
{
    plan->mode =
        setup->variant == WINDOWS_DEFAULT ? "windows-elevated" : "windows-elevated-as-published";
    add_accounts(plan, setup->variant);
    if (setup->variant == WINDOWS_DEFAULT)
        add_rights(plan);
    add_hiding(plan);
    add_files(plan, setup);
    add_filters(plan, setup);
    add_firewall(plan, setup->facts);
    plan_add_text(
        plan, STEP_VERIFY, NULL, "connect: 10013", 0,
        "as the offline account, to a listener of ours: anything but this error undoes the "
        "set-up, a time-out too");
    plan_add_text(
        plan, STEP_VERIFY, NULL, "connect: 0", 0,
        "as the administrator who sets up: a strict rule that caught the wrong ones undoes "
        "the set-up");
    add_record(plan, setup->facts);
    return plan_check(plan, err);
}

struct nt_setting *windows_plan_settings(const struct plan *plan, enum windows_variant variant,
                                         size_t *count, struct error *err)
{
    struct nt_setting *settings = calloc(plan->step_count + 1, sizeof *settings);
    size_t used = 0;

    if (settings == NULL) {
        (void)error_memory(err, "settings");
        return NULL;
    }
    for (size_t i = 0; i < plan->step_count; i++) {
        const struct step *step = &plan->steps[i];
        enum nt_kind kind = (enum nt_kind)step->bits;

        if (step->kind != STEP_SETTING)
            continue;
        settings[used++] = (struct nt_setting){
            .kind = kind,
            .name = step->path,
            .value = step->text,
            .must_be_ours =
                variant == WINDOWS_DEFAULT && (kind == NT_KIND_GROUP || kind == NT_KIND_ACCOUNT),
        };
    }
    *count = used;
    return settings;
}

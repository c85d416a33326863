/*
 * In four goes, because each needs what the one before made:
 *
 *   groups, accounts, rights, hiding, runner      names only
 *   filters, firewall                             the accounts' SIDs
 *   (try them)                                    connections as the accounts
 *   record, commit                                only if all of it worked
 *
 * One transaction of the journal: cut off or failed anywhere, all of it is
 * undone.
 */
#include "sandbox/windows/win.h"

#include <lm.h>

#include <stdio.h>
#include <string.h>

#include "sandbox/windows/place.h"
#include "sandbox/windows/settings.h"
#include "sandbox/windows/setup.h"
#include "sandbox/windows/setup_steps.h"
#include "sandbox/windows/setup_verify.h"
#include "sandbox/windows/state.h"
#include "sandbox/windows_plans.h"
#include "sandbox/windows_rules.h"

enum {
    LOCK_MS = 60000
};

struct install {
    const struct nt_setup_payload *request;
    struct buffer *said;
    struct windows_facts facts;
    struct win_state state;
    struct nt_change_report report;
    size_t journal_count; /* before we began */
    char *runner;
};

/* Before anything is touched ----------------------------------------------------------------------- */

/* A domain controller has no accounts of its own: they would be the whole domain's. */
static int refuse_domain_controller(struct error *err)
{
    SERVER_INFO_101 *info = NULL;
    NET_API_STATUS status = NetServerGetInfo(NULL, 101, (BYTE **)&info);
    bool is_controller;

    if (status != NERR_Success)
        return 0; /* without the server service it is none */
    is_controller = (info->sv101_type & (SV_TYPE_DOMAIN_CTRL | SV_TYPE_DOMAIN_BAKCTRL)) != 0;
    (void)NetApiBufferFree(info);
    if (!is_controller)
        return 0;
    (void)error_set(err, ERR_UNSUPPORTED, "this is a domain controller: it has no local accounts");
    return error_hint(err, "use --mode windows-unelevated here, or another machine");
}

static int refuse_wine(struct error *err)
{
    if (!win_is_wine() || win_may_pretend())
        return 0;
    (void)error_set(err, ERR_UNSUPPORTED, "this is Wine: accounts and filters are only pretended");
    return error_hint(err, "run on Windows");
}

/* Same name and comment as ours, and not in our journal: not ours, whoever made it. */
static int refuse_foreign(const struct install *install, enum nt_kind kind, const char *name,
                          struct error *err)
{
    AUTO_FREE char *value = NULL;
    int result = kind == NT_KIND_GROUP ? win_group_get(name, &value, err)
                                       : win_account_get(name, &value, err);

    if (result < 0)
        return -1;
    if (value == NULL ||
        nt_journal_made(&install->state.journal, install->state.journal.committed, kind, name))
        return 0;
    (void)error_set(err, ERR_REFUSED, "%s %s exists and this machine's journal does not know it",
                    nt_kind_name(kind), name);
    return error_hint(err, "rename or remove it; it will not be taken over");
}

static int refuse_all_foreign(const struct install *install, struct error *err)
{
    if (install->request->is_published)
        return 0; /* that design adopts them */
    if (refuse_foreign(install, NT_KIND_GROUP, windows_group_name, err) < 0)
        return -1;
    for (int i = 0; i < WINDOWS_ACCOUNT_COUNT; i++) {
        if (refuse_foreign(install, NT_KIND_ACCOUNT, windows_account_names[i], err) < 0)
            return -1;
    }
    return 0;
}

/* Folder and state ----------------------------------------------------------------------------------- */

int win_setup_open_state(struct win_state *state, const struct nt_sid *user, struct error *err)
{
    AUTO_FREE char *folder = win_state_machine_folder(err);
    char sid[NT_SID_TEXT_MAX];
    char sddl[NT_SID_TEXT_MAX + 96];

    if (folder == NULL)
        return -1;
    nt_sid_format(user, sid);
    (void)snprintf(sddl, sizeof sddl, "O:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FR;;;%s)",
                   sid);
    if (win_own_directory(folder, sddl, err) < 0)
        return -1;
    return win_state_open(state, folder, NULL, win_setup_settings, LOCK_MS, err);
}

/* The goes --------------------------------------------------------------------------------------------- */

enum go {
    GO_NAMES,
    GO_RULES,
    GO_RECORD,
};

static bool is_record(const struct nt_setting *setting)
{
    return setting->kind == NT_KIND_REGISTRY && strstr(setting->name, "\\Holdfast\t") != NULL;
}

static bool belongs(const struct nt_setting *setting, enum go go)
{
    switch (go) {
    case GO_NAMES:
        return setting->kind != NT_KIND_FILTER && setting->kind != NT_KIND_FIREWALL &&
               !is_record(setting);
    case GO_RULES:
        return !is_record(setting);
    case GO_RECORD:
        return true;
    }
    return false;
}

static int apply(struct install *install, enum go go, struct error *err)
{
    const struct windows_setup setup = {
        .variant = install->request->is_published ? WINDOWS_AS_PUBLISHED : WINDOWS_DEFAULT,
        .facts = &install->facts,
        .has_no_strict_rules = install->request->has_no_strict_rules,
        .runner = install->runner,
    };
    struct plan plan = PLAN_EMPTY;
    struct nt_changes changes = {.goes_on = go != GO_RECORD};
    AUTO_FREE struct nt_setting *settings = NULL;
    size_t count = 0;
    int result = -1;

    if (windows_setup_plan(&setup, &plan, err) < 0)
        return -1;
    settings = windows_plan_settings(&plan, setup.variant, &count, err);
    if (settings != NULL) {
        for (size_t i = 0; i < count; i++) {
            if (belongs(&settings[i], go))
                settings[changes.setting_count++] = settings[i];
        }
        changes.settings = settings;
        result = nt_apply(&install->state.machine.machine, &changes,
                          install->journal_count + install->report.records, &install->report, err);
    }
    plan_done(&plan);
    return result;
}

/* Filters of an earlier set-up that had more of them: with strict rules, or as published. */
static int remove_other_filters(struct install *install, struct error *err)
{
    char names[WINDOWS_RULES_MAX][WINDOWS_GUID_TEXT];
    struct nt_setting settings[WINDOWS_RULES_MAX] = {{.value = NULL}};
    struct nt_changes changes = {.settings = settings, .goes_on = true};
    struct windows_rules rules;

    windows_rules_make(&install->facts, !install->request->has_no_strict_rules,
                       install->request->is_published, &rules);
    for (size_t i = rules.count; i < WINDOWS_RULES_MAX; i++) {
        windows_rule_guid(i, names[i]);
        settings[changes.setting_count++] =
            (struct nt_setting){.kind = NT_KIND_FILTER, .name = names[i]};
    }
    return nt_apply(&install->state.machine.machine, &changes,
                    install->journal_count + install->report.records, &install->report, err);
}

static int read_sids(struct install *install, struct error *err)
{
    if (win_account_sid(windows_group_name, &install->facts.group, err) < 0)
        return -1;
    for (int i = 0; i < WINDOWS_ACCOUNT_COUNT; i++) {
        if (win_account_sid(windows_account_names[i], &install->facts.accounts[i], err) < 0)
            return -1;
    }
    return 0;
}

/* A password that cannot be read any more is replaced: nobody needs the old one. */
static int renew_lost_secrets(struct install *install, struct error *err)
{
    for (int i = 0; i < WINDOWS_ACCOUNT_COUNT; i++) {
        struct error ignored;
        wchar_t *secret = win_secret_read(windows_account_names[i], &ignored);
        bool is_lost = secret == NULL;

        win_secret_free(secret);
        if (!is_lost)
            continue;
        if (win_account_renew(windows_account_names[i], err) < 0)
            return -1;
        buffer_printf(install->said, "new password for %s\n", windows_account_names[i]);
    }
    return 0;
}

/* What another user may read, because set-up was run for that one before, is put into a new file. */
static int give_secrets(const struct nt_sid *user, struct error *err)
{
    for (int i = 0; i < WINDOWS_ACCOUNT_COUNT; i++) {
        const char *account = windows_account_names[i];
        int is_for = win_secret_is_for(account, user, err);
        wchar_t *secret = is_for == 0 ? win_secret_read(account, err) : NULL;
        int result = is_for > 0 ? 0 : -1;

        if (secret != NULL)
            result = win_secret_write(account, secret, user, err);
        win_secret_free(secret);
        if (result < 0)
            return -1;
    }
    return 0;
}

static int install_all(struct install *install, struct error *err)
{
    const struct win_answers before = win_setup_ask();

    if (apply(install, GO_NAMES, err) < 0)
        return error_wrap(err, "accounts");
    if (read_sids(install, err) < 0 || renew_lost_secrets(install, err) < 0)
        return error_wrap(err, "accounts");
    if (apply(install, GO_RULES, err) < 0 || remove_other_filters(install, err) < 0)
        return error_wrap(err, "rules");
    if (win_setup_verify(&before, install->said, err) < 0)
        return error_wrap(err, "verify");
    if (give_secrets(&install->facts.user, err) < 0)
        return error_wrap(err, "passwords");
    if (apply(install, GO_RECORD, err) < 0)
        return error_wrap(err, "record");
    return 0;
}

/* Everything of this attempt goes back; what came from an earlier one stays. */
static void roll_back(struct install *install)
{
    struct nt_ours nobody = {.sids = NULL};
    struct nt_change_report undone = {.goes_on = false};
    struct error failure;

    if (win_state_reload(&install->state, &failure) < 0 ||
        win_state_recover(&install->state, &nobody, &undone, &failure) < 0) {
        buffer_printf(install->said, "not undone: %s\nrun holdfast-sandbox-setup recover\n",
                      failure.message);
    } else {
        buffer_printf(install->said, "%zu changes undone\n", undone.changed);
    }
    nt_change_report_done(&undone);
}

static int install_with_state(struct install *install, struct error *err)
{
    struct nt_ours nobody = {.sids = NULL};
    struct nt_change_report undone = {.goes_on = false};
    int result = win_state_recover(&install->state, &nobody, &undone, err);

    nt_change_report_done(&undone);
    if (result < 0 || refuse_all_foreign(install, err) < 0)
        return -1;
    install->journal_count = install->state.journal.count;
    result = install_all(install, err);
    if (result < 0)
        roll_back(install);
    else
        buffer_printf(install->said, "set up; %zu settings changed\n", install->report.changed);
    if (result == 0)
        win_firewall_doubt(install->said);
    return result;
}

int win_setup_install(const struct nt_setup_payload *request, struct buffer *report,
                      struct error *err)
{
    struct install install = {.request = request, .said = report};
    int result = -1;

    if (refuse_wine(err) < 0 || refuse_domain_controller(err) < 0 ||
        nt_sid_parse(request->user, &install.facts.user, err) < 0)
        return -1;
    win_setup_settings_for(&install.facts.user);
    install.facts.program_data = win_setup_program_data(err);
    install.runner =
        install.facts.program_data != NULL ? win_file_value(WINDOWS_RUNNER, err) : NULL;
    if (install.runner != NULL &&
        win_setup_open_state(&install.state, &install.facts.user, err) == 0) {
        result = install_with_state(&install, err);
        win_state_close(&install.state);
    }
    nt_change_report_done(&install.report);
    windows_facts_done(&install.facts);
    free(install.runner);
    return result;
}

#include "base/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "sandbox/nt/access.h"
#include "sandbox/nt/tree_machine.h"
#include "sandbox/windows_model_test.h"
#include "sandbox/windows_rules.h"

static int plan_root(const char *path, enum model_mode mode, struct error *err)
{
    static const struct nt_sid sid = NT_SID(0, 1, 2, 3, 4);
    struct windows_facts facts = {.is_set_up = true};
    struct policy policy;
    struct plan plan = PLAN_EMPTY;
    int result;

    cr_assert_eq(windows_facts_stock(&facts, err), 0);
    cr_assert_eq(text_list_add(&facts.other_profiles, "D:\\Profiles\\bob", err), 0);
    cr_assert_eq(windows_facts_add_root(&facts, path, &sid, err), 0);
    cr_assert_eq(policy_init(&policy, err), 0);
    result = (mode == MODEL_ELEVATED ? windows_elevated_plan : windows_unelevated_plan)(
        &policy, &facts, WINDOWS_DEFAULT, &plan, err);
    plan_done(&plan);
    policy_done(&policy);
    windows_facts_done(&facts);
    return result;
}

Test(windows_plan, places_that_must_stay_as_they_are_are_refused_as_roots)
{
    static const char *const refused[] = {
        "C:\\",
        "D:\\",
        "\\\\server\\share",
        "C:\\Users",
        "C:\\Users\\u",
        "c:\\users\\U",
        "C:\\Users\\other",
        "C:\\Windows",
        "C:\\Windows\\Temp",
        "C:\\Program Files",
        "C:\\Program Files\\App",
        "C:\\Program Files (x86)\\App",
        "C:\\ProgramData",
        "C:\\Users\\u\\.ssh",
        "C:\\Users\\u\\.ssh\\keys",
        "C:\\Users\\u\\AppData",
        "C:\\Users\\u\\AppData\\Local\\Holdfast",
        "C:\\Users\\u\\AppData\\Local\\Holdfast\\tmp",
        "C:\\proj:stream",
        "\\\\.\\PhysicalDrive0",
        "\\\\.\\C:\\work",
        "\\\\?\\C:\\work",
        "C:\\Users\\u\\..\\u",
        "C:\\work\\..",
        "C:\\Users\\u.",
        "C:\\Users\\u ",
        "C:\\Users\\u\\.ssh.",
        "C:\\Users\\u\\x\\.SSH \\y",
        "C:\\x\\.SSH\\y",
        "C:\\Users\\u\\NTUSER.DAT",
        "D:\\copy\\ntuser.dat.LOG1",
        "C:\\Users\\u\\AppData\\Local\\Microsoft\\Windows\\UsrClass.dat",
        "C:\\Windows\\System32\\config",
        "C:\\Documents and Settings\\u",
        "D:\\System Volume Information",
        "C:\\$Recycle.Bin\\x",
        "D:\\Profiles\\bob",
        "d:\\profiles",
        "C:/Users/u",
        "C:\\Users/u",
        "C:\\x/.ssh/y",
        "C:work",
        "C:",
        "work",
        "\\Users\\u",
        "/Users/u",
        "\\\\?\\C:\\Users\\u",
        "//?/C:/work",
        "//./C:/work",
        "//127.0.0.1/c$/Users/u",
        "\\/server/share/x",
        "\\??\\C:\\work",
        "\\\\?\\Volume{00000000-0000-0000-0000-000000000000}\\work",
        "\\\\?\\GLOBALROOT\\Device\\HarddiskVolume1\\work",
        "C:\\work::$INDEX_ALLOCATION",
        "C:\\work:$I30:$INDEX_ALLOCATION",
        "C:\\Users\\u\\.ssh::$INDEX_ALLOCATION",
        "C:\\x\\.ssh \\y",
        "C:\\x\\ntuser.dat. .",
    };

    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        for (int mode = MODEL_UNELEVATED; mode <= MODEL_ELEVATED; mode++) {
            struct error err = {0};

            cr_assert_eq(plan_root(refused[i], (enum model_mode)mode, &err), -1, "%s", refused[i]);
            cr_assert_eq(err.code, ERR_REFUSED, "%s: %s", refused[i], err.message);
            cr_assert(err.hint[0] != '\0');
        }
    }
}

Test(windows_plan, shares_are_refused_by_their_spelling_too)
{
    static const char *const shares[] = {"\\\\server\\share\\proj", "\\\\localhost\\C$\\Users\\u",
                                         "\\\\?\\UNC\\server\\share\\proj"};

    for (size_t i = 0; i < ARRAY_SIZE(shares); i++) {
        struct error err = {0};

        cr_assert_eq(plan_root(shares[i], MODEL_ELEVATED, &err), -1, "%s", shares[i]);
        cr_assert_eq(err.code, ERR_UNSUPPORTED, "%s: %s", shares[i], err.message);
    }
}

Test(windows_plan, ordinary_project_directories_are_roots)
{
    static const char *const roots[] = {"C:\\Users\\u\\proj",
                                        "D:\\work\\x",
                                        "C:\\src",
                                        "C:\\Users\\u\\Documents\\a b\\.sshx",
                                        "C:\\ProgramData\\ci\\job",
                                        "D:\\Profiles\\bob\\proj",
                                        "D:\\Profiles2",
                                        "C:\\Windowsill"};

    for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
        struct error err = {0};

        cr_assert_eq(plan_root(roots[i], MODEL_UNELEVATED, &err), 0, "%s: %s", roots[i],
                     err.message);
    }
}

enum wrong {
    WRONG_REMOTE,
    WRONG_NO_ACLS,
    WRONG_OPEN,
    WRONG_DENY_READ,
    WRONG_LOOPBACK,
    WRONG_TMP_LIMIT,
    WRONG_GIT,

    WRONG_COUNT
};

Test(windows_plan, what_a_mode_cannot_give_is_refused_with_words)
{
    for (int wrong = 0; wrong < WRONG_COUNT; wrong++) {
        struct model model;
        struct plan plan = PLAN_EMPTY;
        struct error err = {0};

        model_open(&model, MODEL_UNELEVATED, WINDOWS_DEFAULT, false);
        model.facts.roots[0].is_remote = wrong == WRONG_REMOTE;
        model.facts.roots[0].has_no_acls = wrong == WRONG_NO_ACLS;
        model.facts.roots[0].is_open = wrong == WRONG_OPEN;
        if (wrong == WRONG_DENY_READ)
            cr_assert_eq(text_list_add(&model.policy.deny_read, "C:\\x", &err), 0);
        if (wrong == WRONG_LOOPBACK)
            model.policy.network = NETWORK_LOOPBACK;
        model.policy.limits.tmp_bytes = wrong == WRONG_TMP_LIMIT ? 1 : 0;
        model.policy.git = wrong == WRONG_GIT ? GIT_COMMIT : GIT_READ;
        cr_assert_eq(
            windows_unelevated_plan(&model.policy, &model.facts, WINDOWS_DEFAULT, &plan, &err), -1,
            "case %d", wrong);
        cr_assert(err.message[0] != '\0' && err.hint[0] != '\0', "case %d", wrong);
        cr_assert_eq(plan.step_count, 0u);
        model_close(&model);
    }
}

Test(windows_plan, elevated_without_setup_is_refused)
{
    struct model model;
    struct plan plan = PLAN_EMPTY;
    struct error err = {0};

    model_open(&model, MODEL_UNELEVATED, WINDOWS_DEFAULT, false);
    cr_assert_eq(windows_elevated_plan(&model.policy, &model.facts, WINDOWS_DEFAULT, &plan, &err),
                 -1);
    cr_assert_eq(err.code, ERR_UNSUPPORTED);
    cr_assert_not_null(strstr(err.hint, "setup"));
    model_close(&model);
}

Test(windows_plan, hiding_ssh_is_refused_where_it_would_break_it_and_free_where_it_is_hidden)
{
    for (int readable = 0; readable < 2; readable++) {
        struct model model;
        struct plan plan = PLAN_EMPTY;
        struct error err = {0};

        model_open(&model, MODEL_ELEVATED, WINDOWS_DEFAULT, false);
        cr_assert_eq(
            windows_facts_add_hidden(&model.facts, "C:\\Users\\u\\.ssh", readable == 1, &err), 0);
        cr_assert_eq(
            windows_elevated_plan(&model.policy, &model.facts, WINDOWS_DEFAULT, &plan, &err),
            readable == 1 ? -1 : 0, "%s", err.message);
        for (size_t i = 0; i < plan.step_count; i++)
            cr_assert(plan.steps[i].kind != STEP_ACE || strstr(plan.steps[i].path, ".ssh") == NULL);
        plan_done(&plan);
        model_close(&model);
    }
}

/* Nothing outside a root is touched, and nothing that breaks by it: whatever a .git file names. */
Test(windows_plan, protected_names_lie_in_a_root_and_are_no_keys_or_hives)
{
    static const char *const refused[] = {
        "C:\\Users\\u",
        "C:\\other\\.git",
        "C:\\Users\\u\\proj\\.ssh",
        "C:\\Users\\u\\proj\\.ssh\\x",
        "C:\\Users\\u\\project2\\.git",
        "C:\\Users\\u\\proj\\..\\x",
    };

    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        for (int mode = MODEL_UNELEVATED; mode <= MODEL_ELEVATED; mode++) {
            struct windows_name name = {(char *)refused[i], true, true, true};
            struct model model;
            struct plan plan = PLAN_EMPTY;
            struct error err = {0};

            model_open(&model, (enum model_mode)mode, WINDOWS_DEFAULT, false);
            cr_assert_eq(windows_facts_add_name(&model.facts, &name, &err), 0);
            cr_assert_eq((mode == MODEL_ELEVATED ? windows_elevated_plan : windows_unelevated_plan)(
                             &model.policy, &model.facts, WINDOWS_DEFAULT, &plan, &err),
                         -1, "%s", refused[i]);
            cr_assert_eq(err.code, ERR_REFUSED, "%s: %s", refused[i], err.message);
            model_close(&model);
        }
    }
}

Test(windows_plan, reading_entries_stay_off_profiles_drives_and_system_folders)
{
    static const char *const places[] = {"C:\\",        "C:\\Users",   "C:\\Users\\u",
                                         "C:\\Windows", "C:\\x\\.ssh", "C:\\x\\NTUSER.DAT"};

    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        for (int hides = 0; hides < 2; hides++) {
            struct model model;
            struct plan plan = PLAN_EMPTY;
            struct error err = {0};
            bool is_fine =
                !hides && strcmp(places[i], "C:\\Windows") == 0; /* reading it is usual */

            model_open(&model, MODEL_ELEVATED, WINDOWS_DEFAULT, false);
            if (hides)
                cr_assert_eq(windows_facts_add_hidden(&model.facts, places[i], true, &err), 0);
            else
                cr_assert_eq(text_list_add(&model.facts.readable, places[i], &err), 0);
            cr_assert_eq(
                windows_elevated_plan(&model.policy, &model.facts, WINDOWS_DEFAULT, &plan, &err),
                is_fine ? 0 : -1, "%s", places[i]);
            cr_assert(is_fine || err.code == ERR_REFUSED, "%s: %s", places[i], err.message);
            plan_done(&plan);
            model_close(&model);
        }
    }
}

/* Where nobody can look, a name that only the machine can read is not guessed at. */
Test(windows_plan, short_names_are_refused_where_nobody_can_look)
{
    static const struct {
        const char *path;
        bool is_fine;
    } rows[] = {{"C:\\PROGRA~1\\x", false},
                {"C:\\Users\\u\\SSH~1", false},
                {"C:\\x\\LONGNA~12.TXT", false},
                {"C:\\x~y\\proj~", true},
                {"C:\\a~1b", true}};

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct windows_facts facts;
        struct policy policy;
        struct error err = {0};

        cr_assert_eq(policy_init(&policy, &err), 0);
        cr_assert_eq(policy_set_workspace(&policy, rows[i].path, &err), 0);
        cr_assert_eq(windows_facts_assume(&facts, &policy, &err), rows[i].is_fine ? 0 : -1, "%s",
                     rows[i].path);
        cr_assert(rows[i].is_fine || err.code == ERR_REFUSED);
        windows_facts_done(&facts);
        policy_done(&policy);
    }
}

/* Every mode with all that adds a gap: none is dropped, and no plan is refused for having too many. */
Test(windows_plan, there_is_room_for_every_gap)
{
    for (int mode = MODEL_UNELEVATED; mode <= MODEL_ELEVATED; mode++) {
        for (int variant = WINDOWS_DEFAULT; variant <= WINDOWS_AS_PUBLISHED; variant++) {
            struct model model;
            struct error err = {0};

            model_open(&model, (enum model_mode)mode, WINDOWS_DEFAULT, false);
            model.facts.is_set_up = true;
            model.policy.network = NETWORK_NONE;
            cr_assert_eq(
                (mode == MODEL_ELEVATED ? windows_elevated_plan : windows_unelevated_plan)(
                    &model.policy, &model.facts, (enum windows_variant)variant, &model.plan, &err),
                0, "mode %d: %s", mode, err.message);
            cr_assert(model.plan.gap_count < ARRAY_SIZE(model.plan.gaps), "mode %d: %zu gaps", mode,
                      model.plan.gap_count);
            model_close(&model);
        }
    }
}

static const struct step *find_text(const struct plan *plan, enum step_kind kind, const char *text)
{
    for (size_t i = 0; i < plan->step_count; i++) {
        if (plan->steps[i].kind == kind && plan->steps[i].text != NULL &&
            strstr(plan->steps[i].text, text) != NULL)
            return &plan->steps[i];
    }
    return NULL;
}

Test(windows_plan, everyone_is_in_the_published_list_only)
{
    for (int mode = MODEL_UNELEVATED; mode <= MODEL_ELEVATED; mode++) {
        for (int variant = WINDOWS_DEFAULT; variant <= WINDOWS_AS_PUBLISHED; variant++) {
            struct model model;

            model_open(&model, (enum model_mode)mode, WINDOWS_DEFAULT, false);
            model_apply(&model, (enum model_mode)mode, (enum windows_variant)variant);
            cr_assert_eq(find_text(&model.plan, STEP_TOKEN_RESTRICT, "S-1-1-0") != NULL,
                         variant == WINDOWS_AS_PUBLISHED);
            cr_assert_eq(nt_token_has(&model.command, &NT_EVERYONE, NT_FOR_RESTRICTED),
                         variant == WINDOWS_AS_PUBLISHED);
            model_close(&model);
        }
    }
}

Test(windows_plan, account_follows_the_network)
{
    static const struct {
        enum policy_network network;
        const char *account;
    } rows[] = {{NETWORK_NONE, "HoldfastOffline"},
                {NETWORK_LOOPBACK, "HoldfastLocal"},
                {NETWORK_HOST, "HoldfastOnline"}};

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct model model;
        struct error err = {0};

        model_open(&model, MODEL_ELEVATED, WINDOWS_DEFAULT, false);
        model.policy.network = rows[i].network;
        cr_assert_eq(
            windows_elevated_plan(&model.policy, &model.facts, WINDOWS_DEFAULT, &model.plan, &err),
            0);
        cr_assert_not_null(find_text(&model.plan, STEP_ACCOUNT, rows[i].account));
        cr_assert_eq(plan_find(&model.plan, STEP_VERIFY) != NULL, rows[i].network != NETWORK_HOST);
        model_close(&model);
    }
}

Test(windows_plan, every_plan_says_that_it_is_unverified_and_prints)
{
    for (int mode = MODEL_UNELEVATED; mode <= MODEL_ELEVATED; mode++) {
        struct policy policy;
        struct windows_facts facts;
        struct plan plan = PLAN_EMPTY;
        struct error err = {0};
        AUTO_BUFFER struct buffer text = BUFFER_EMPTY;

        cr_assert_eq(policy_init(&policy, &err), 0);
        cr_assert_eq(policy_set_workspace(&policy, "C:\\work\\proj", &err), 0);
        cr_assert_eq(windows_facts_assume(&facts, &policy, &err), 0);
        cr_assert_eq((mode == MODEL_ELEVATED ? windows_elevated_plan : windows_unelevated_plan)(
                         &policy, &facts, WINDOWS_DEFAULT, &plan, &err),
                     0, "%s", err.message);
        cr_assert_str_eq(plan.gaps[0].id, "unverified");
        plan_print_json(&text, &plan);
        cr_assert_not_null(strstr(buffer_text(&text), "\"what\": \"protects,if-there\""));
        cr_assert_not_null(strstr(buffer_text(&text), "C:\\\\work\\\\proj\\\\.git"));
        plan_done(&plan);
        windows_facts_done(&facts);
        policy_done(&policy);
    }
}

/* Also what nothing allows today is denied; nothing that reading needs is. */
Test(windows_plan, masks_hold_what_they_say)
{
    uint32_t changes =
        (nt_write_bits(&NT_FILE_MAPPING) & ~NT_SYSTEM_SECURITY) | NT_FILE_DELETE_CHILD;
    uint32_t reading = NT_FILE_GENERIC_READ | NT_FILE_GENERIC_EXECUTE;

    cr_assert_eq((uint32_t)WINDOWS_DENY_WRITE, changes);
    cr_assert_eq(WINDOWS_DENY_WRITE & reading, 0u);
    cr_assert_eq(WINDOWS_DENY_MOVE & reading, 0u);
    cr_assert_eq(WINDOWS_DENY_ALL & (NT_READ_CONTROL | NT_SYNCHRONIZE), 0u);
    cr_assert_eq((uint32_t)WINDOWS_BELOW_RIGHTS, NT_FILE_GENERIC_READ | NT_FILE_GENERIC_WRITE |
                                                     NT_FILE_GENERIC_EXECUTE | NT_DELETE);
    cr_assert_eq((uint32_t)WINDOWS_ROOT_RIGHTS, WINDOWS_BELOW_RIGHTS & ~NT_DELETE);
}

/* Set-up ------------------------------------------------------------------------------------------ */

struct setup_scene {
    struct model model;
    struct plan plan;
    struct nt_setting *settings;
    struct nt_changes changes;
};

static void open_setup(struct setup_scene *s, enum windows_variant variant)
{
    struct windows_setup setup = {.variant = variant, .facts = &s->model.facts};
    struct error err = {0};

    *s = (struct setup_scene){0};
    model_open(&s->model, MODEL_ELEVATED, WINDOWS_DEFAULT, false);
    cr_assert_eq(windows_setup_plan(&setup, &s->plan, &err), 0, "%s", err.message);
    s->settings = windows_plan_settings(&s->plan, variant, &s->changes.setting_count, &err);
    cr_assert_not_null(s->settings);
    s->changes.settings = s->settings;
}

static void close_setup(struct setup_scene *s)
{
    free(s->settings);
    plan_done(&s->plan);
    model_close(&s->model);
}

Test(windows_setup, accounts_come_before_what_names_them_and_all_is_undone)
{
    struct setup_scene s;
    struct nt_change_report report = {0};
    struct nt_journal journal = {0};
    struct nt_ours ours = {0};
    struct error err = {0};
    AUTO_FREE char *before = NULL;
    AUTO_FREE char *after = NULL;

    open_setup(&s, WINDOWS_DEFAULT);
    cr_assert_eq(s.settings[0].kind, NT_KIND_GROUP);
    cr_assert_eq(s.settings[1].kind, NT_KIND_ACCOUNT);
    before = nt_tree_machine_dump(&s.model.machine, &err);
    cr_assert_eq(nt_apply(&s.model.machine.machine, &s.changes, 0, &report, &err), 0, "%s",
                 err.message);
    cr_assert_eq(report.changed, s.changes.setting_count);
    cr_assert_eq(nt_apply_needed(&s.model.machine.machine, &s.changes, &err), 0,
                 "a second set-up changes nothing");
    cr_assert_eq(nt_journal_read((const uint8_t *)s.model.machine.journal.data,
                                 s.model.machine.journal.size, &journal, &err),
                 0);
    cr_assert_eq(nt_undo(&s.model.machine.machine, &journal, 0, &ours, &report, &err), 0);
    after = nt_tree_machine_dump(&s.model.machine, &err);
    cr_assert_str_eq(after, before);
    nt_journal_done(&journal);
    nt_change_report_done(&report);
    close_setup(&s);
}

Test(windows_setup, an_account_that_exists_is_not_taken_over)
{
    for (int variant = WINDOWS_DEFAULT; variant <= WINDOWS_AS_PUBLISHED; variant++) {
        struct setup_scene s;
        struct nt_change_report report = {0};
        struct error err = {0};
        AUTO_FREE char *kept = NULL;

        open_setup(&s, (enum windows_variant)variant);
        cr_assert_eq(s.model.machine.machine.ops->set(&s.model.machine.machine, NT_KIND_ACCOUNT,
                                                      "HoldfastOffline", "somebody", &err),
                     0);
        cr_assert_eq(nt_apply(&s.model.machine.machine, &s.changes, 0, &report, &err),
                     variant == WINDOWS_DEFAULT ? -1 : 0);
        cr_assert_eq(s.model.machine.machine.ops->get(&s.model.machine.machine, NT_KIND_ACCOUNT,
                                                      "HoldfastOffline", &kept, &err),
                     0);
        cr_assert_eq(strcmp(kept, "somebody") == 0, variant == WINDOWS_DEFAULT,
                     "the published design adopts it");
        nt_change_report_done(&report);
        close_setup(&s);
    }
}

/* Power fails at every step of a set-up: the machine is then as before, or set up. */
Test(windows_setup, cut_anywhere_it_is_undone)
{
    size_t effects = 0;

    for (size_t cut = 0; cut == 0 || cut < effects; cut++) {
        struct setup_scene s;
        struct nt_change_report report = {0};
        struct nt_journal journal = {0};
        struct nt_ours ours = {0};
        struct error err = {0};
        AUTO_FREE char *before = NULL;
        AUTO_FREE char *after = NULL;

        open_setup(&s, WINDOWS_DEFAULT);
        effects = 2 * s.changes.setting_count + 1;
        before = nt_tree_machine_dump(&s.model.machine, &err);
        s.model.machine.effects_left = cut;
        cr_assert_eq(nt_apply(&s.model.machine.machine, &s.changes, 0, &report, &err), -1);
        s.model.machine.effects_left = SIZE_MAX;
        cr_assert_eq(nt_journal_read((const uint8_t *)s.model.machine.journal.data,
                                     s.model.machine.journal.size, &journal, &err),
                     0);
        cr_assert_eq(
            nt_undo(&s.model.machine.machine, &journal, journal.committed, &ours, &report, &err),
            0);
        after = nt_tree_machine_dump(&s.model.machine, &err);
        cr_assert_str_eq(after, before, "cut after %zu", cut);
        nt_journal_done(&journal);
        nt_change_report_done(&report);
        close_setup(&s);
    }
}

/* The accounts' SIDs are known only when the accounts are there: set-up applies in two goes. */
Test(windows_setup, two_goes_are_one_transaction)
{
    struct setup_scene s;
    struct nt_changes first;
    struct nt_change_report report = {0};
    struct nt_journal journal = {0};
    struct nt_machine *machine = &s.model.machine.machine;
    struct error err = {0};

    open_setup(&s, WINDOWS_DEFAULT);
    first = s.changes;
    first.setting_count = 10;
    first.goes_on = true;
    cr_assert_eq(nt_apply(machine, &first, 0, &report, &err), 0, "%s", err.message);
    cr_assert_eq(report.records, 10u);
    cr_assert_eq(nt_journal_read((const uint8_t *)s.model.machine.journal.data,
                                 s.model.machine.journal.size, &journal, &err),
                 0);
    cr_assert_eq(journal.committed, 0u, "cut off here, all of it is undone");
    nt_journal_done(&journal);
    cr_assert_eq(nt_apply(machine, &s.changes, report.records, &report, &err), 0, "%s",
                 err.message);
    cr_assert_eq(nt_journal_read((const uint8_t *)s.model.machine.journal.data,
                                 s.model.machine.journal.size, &journal, &err),
                 0, "%s", err.message);
    cr_assert_eq(journal.committed, s.changes.setting_count + 1);
    cr_assert(nt_journal_made(&journal, journal.committed, NT_KIND_ACCOUNT, "HoldfastOffline"));
    cr_assert(!nt_journal_made(&journal, journal.committed, NT_KIND_ACCOUNT, "Somebody"));
    cr_assert(!nt_journal_made(&journal, 1, NT_KIND_ACCOUNT, "HoldfastOffline"), "only the group");
    nt_journal_done(&journal);
    nt_change_report_done(&report);
    close_setup(&s);
}

/* Somebody opens a filter, the next set-up closes it again: teardown does not bring theirs back. */
Test(windows_setup, what_was_altered_between_two_setups_goes_too)
{
    struct setup_scene s;
    struct nt_change_report report = {0};
    struct nt_journal journal = {0};
    struct nt_ours ours = {0};
    struct nt_machine *machine = &s.model.machine.machine;
    struct error err = {0};
    AUTO_FREE char *before = NULL;
    AUTO_FREE char *after = NULL;
    char guid[WINDOWS_GUID_TEXT];

    open_setup(&s, WINDOWS_DEFAULT);
    before = nt_tree_machine_dump(&s.model.machine, &err);
    windows_rule_guid(0, guid);
    cr_assert_eq(nt_apply(machine, &s.changes, 0, &report, &err), 0, "%s", err.message);
    cr_assert_eq(machine->ops->set(machine, NT_KIND_FILTER, guid, "permit", &err), 0);
    cr_assert_eq(nt_apply(machine, &s.changes, report.records, &report, &err), 0, "%s",
                 err.message);
    cr_assert_eq(nt_journal_read((const uint8_t *)s.model.machine.journal.data,
                                 s.model.machine.journal.size, &journal, &err),
                 0);
    cr_assert_eq(nt_undo(machine, &journal, 0, &ours, &report, &err), 0);
    after = nt_tree_machine_dump(&s.model.machine, &err);
    cr_assert_str_eq(after, before);
    cr_assert_eq(report.left.count, 0u);
    nt_journal_done(&journal);
    nt_change_report_done(&report);
    close_setup(&s);
}

static struct nt_machine_ops stubborn_ops;
static int (*real_set)(struct nt_machine *machine, enum nt_kind kind, const char *name,
                       const char *value, struct error *err);

static int stubborn_set(struct nt_machine *machine, enum nt_kind kind, const char *name,
                        const char *value, struct error *err)
{
    if (kind == NT_KIND_ACCOUNT && value == NULL && strcmp(name, "HoldfastLocal") == 0)
        return error_set(err, ERR_OS, "its profile is in use");
    return real_set(machine, kind, name, value, err);
}

Test(windows_setup, teardown_goes_on_past_what_cannot_be_undone_and_says_so)
{
    for (int goes_on = 0; goes_on < 2; goes_on++) {
        struct setup_scene s;
        struct nt_change_report report = {0};
        struct nt_change_report undone = {.goes_on = goes_on == 1};
        struct nt_journal journal = {0};
        struct nt_ours ours = {0};
        struct nt_machine *machine = &s.model.machine.machine;
        struct error err = {0};
        AUTO_FREE char *after = NULL;

        open_setup(&s, WINDOWS_DEFAULT);
        cr_assert_eq(nt_apply(machine, &s.changes, 0, &report, &err), 0, "%s", err.message);
        cr_assert_eq(nt_journal_read((const uint8_t *)s.model.machine.journal.data,
                                     s.model.machine.journal.size, &journal, &err),
                     0);
        stubborn_ops = *machine->ops;
        real_set = machine->ops->set;
        stubborn_ops.set = stubborn_set;
        machine->ops = &stubborn_ops;
        cr_assert_eq(nt_undo(machine, &journal, 0, &ours, &undone, &err), goes_on - 1);
        after = nt_tree_machine_dump(&s.model.machine, &err);
        if (goes_on == 1) {
            cr_assert_eq(undone.failed, 1u);
            cr_assert_eq(undone.left.count, 1u);
            cr_assert_not_null(strstr(undone.left.items[0], "in use"), "%s", undone.left.items[0]);
            cr_assert_null(strstr(after, "HoldfastOffline"), "what could be undone is");
            cr_assert_not_null(strstr(after, "HoldfastLocal"));
        }
        nt_journal_done(&journal);
        nt_change_report_done(&report);
        nt_change_report_done(&undone);
        close_setup(&s);
    }
}

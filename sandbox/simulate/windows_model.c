#include "sandbox/simulate/windows_model.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

static void must(struct model *model, int result, const struct error *err)
{
    if (result == 0 || model->has_failed)
        return;
    model->has_failed = true;
    model->failure = *err;
}

static void add_group(struct model *model, struct nt_token *token, const struct nt_sid *sid,
                      uint32_t attributes)
{
    struct error err = {0};

    must(model, nt_token_add_group(token, sid, attributes, &err), &err);
}

/* An ordinary interactive logon. */
static void make_token(struct model *model, struct nt_token *token, const struct nt_sid *user,
                       const struct nt_sid *logon)
{
    *token = NT_TOKEN_EMPTY;
    token->user = *user;
    token->primary_group = NT_USERS;
    token->privileges = NT_PRIVILEGE_CHANGE_NOTIFY;
    add_group(model, token, &NT_EVERYONE, NT_GROUP_USUAL);
    add_group(model, token, &NT_USERS, NT_GROUP_USUAL);
    add_group(model, token, &NT_INTERACTIVE, NT_GROUP_USUAL);
    add_group(model, token, &NT_AUTHENTICATED_USERS, NT_GROUP_USUAL);
    add_group(model, token, &NT_LOCAL, NT_GROUP_USUAL);
    add_group(model, token, logon, NT_GROUP_USUAL | NT_GROUP_LOGON_ID);
}

void windows_model_add(struct model *model, const char *path, bool is_directory, const char *sddl)
{
    struct error err = {0};

    if (nt_tree_add(model->tree, path, is_directory, &model->user, sddl, &err) == NULL)
        must(model, -1, &err);
}

struct nt_entry *windows_model_find(struct model *model, const char *path)
{
    return nt_tree_find(model->tree, path);
}

/* Descriptors as icacls shows them on a stock Windows 11; widely printed. */
#define STOCK_ROOT                                                        \
    "O:SYG:SYD:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)(A;OICI;0x1200a9;;;BU)" \
    "(A;OICIIO;SDGXGWGR;;;AU)(A;;0x4;;;AU)"
#define STOCK_WINDOWS "O:SYG:SYD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)"
#define STOCK_PROGRAM_DATA                                                                  \
    "O:SYG:SYD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICIIO;GA;;;CO)(A;OICI;0x1200a9;;;BU)" \
    "(A;CI;0x116;;;BU)"
#define STOCK_USERS \
    "O:SYG:SYD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)(A;OICI;0x1200a9;;;WD)"
#define STOCK_PROFILE "O:BAG:SYD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;" MODEL_USER ")"
#define STOCK_PUBLIC                                                  \
    "O:SYG:SYD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICIIO;GA;;;CO)" \
    "(A;OICI;0x1301bf;;;IU)(A;OICI;0x1301bf;;;SU)(A;OICI;0x1301bf;;;S-1-5-3)"

static void build_system(struct model *model)
{
    windows_model_add(model, "Windows", true, STOCK_WINDOWS);
    windows_model_add(model, "Windows\\System32", true, NULL);
    windows_model_add(model, "Windows\\System32\\cmd.exe", false, NULL);
    windows_model_add(model, "ProgramData", true, STOCK_PROGRAM_DATA);
    windows_model_add(model, "ProgramData\\app", true, NULL);
    windows_model_add(model, "Users", true, STOCK_USERS);
    windows_model_add(model, "Users\\Public", true, STOCK_PUBLIC);
    windows_model_add(model, "Users\\Public\\file", false, NULL);
    windows_model_add(
        model, "Users\\other", true,
        "O:BAG:SYD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;S-1-5-21-1-2-3-1002)");
    windows_model_add(model, "drop", true, "O:BAG:SYD:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;WD)");
    windows_model_add(model, "drop\\file", false, NULL);
    windows_model_add(model, "open", true, "O:BAG:SYD:NO_ACCESS_CONTROL");
}

static void build_user(struct model *model)
{
    windows_model_add(model, "Users\\u", true, STOCK_PROFILE);
    windows_model_add(model, "Users\\u\\.ssh", true, NULL);
    windows_model_add(model, "Users\\u\\.ssh\\id", false, NULL);
    windows_model_add(model, "Users\\u\\notes.txt", false, NULL);
    windows_model_add(model, "Users\\u\\proj", true, NULL);
    windows_model_add(model, "Users\\u\\proj\\.git", true, NULL);
    windows_model_add(model, "Users\\u\\proj\\.git\\config", false, NULL);
    windows_model_add(model, "Users\\u\\proj\\.git\\hooks", true, NULL);
    windows_model_add(model, "Users\\u\\proj\\.git\\hooks\\pre-commit", false,
                      "O:" MODEL_USER "G:BUD:AI(A;;FA;;;WD)(A;ID;FA;;;SY)(A;ID;FA;;;" MODEL_USER
                      ")");
    windows_model_add(model, "Users\\u\\proj\\src", true, NULL);
    windows_model_add(model, "Users\\u\\proj\\src\\main.c", false, NULL);
    windows_model_add(model, "src", true, NULL);
    windows_model_add(model, "src\\second", true, NULL);
    windows_model_add(model, "src\\second\\.codex", true, NULL);
    windows_model_add(model, "src\\second\\.codex\\config.toml", false, NULL);
    windows_model_add(model, "src\\second\\file", false, NULL);
    windows_model_add(model, "src\\third", true, NULL);
    windows_model_add(model, "src\\third\\file", false, NULL);
}

static void look_for_names(struct model *model, const char *root)
{
    struct error err = {0};

    for (size_t i = 0; i < model->policy.protect.count; i++) {
        AUTO_FREE char *path = windows_path_join(root, model->policy.protect.items[i]);
        const struct nt_entry *entry = windows_model_find(model, path + strlen("C:\\"));
        struct windows_name name = {.path = path,
                                    .is_known = true,
                                    .exists = entry != NULL,
                                    .is_directory = entry != NULL && entry->object->is_directory};

        must(model, windows_facts_add_name(&model->facts, &name, &err), &err);
    }
}

static void make_facts(struct model *model, enum model_mode mode, bool has_second_root)
{
    static const struct nt_sid first = NT_SID(0, 11, 11, 11, 1);
    static const struct nt_sid second = NT_SID(0, 11, 11, 11, 2);
    struct error err = {0};

    model->facts = (struct windows_facts){
        .user = model->user.user,
        .marker = NT_SID(0, 22, 22, 22, 22),
        .group = NT_SID(5, 21, 1, 2, 3, 1010),
        .accounts = {NT_SID(5, 21, 1, 2, 3, 1011), NT_SID(5, 21, 1, 2, 3, 1012),
                     NT_SID(5, 21, 1, 2, 3, 1013)},
        .is_set_up = mode == MODEL_ELEVATED,
    };
    must(model, windows_facts_stock(&model->facts, &err), &err);
    must(model, windows_facts_add_root(&model->facts, "C:\\Users\\u\\proj", &first, &err), &err);
    look_for_names(model, "C:\\Users\\u\\proj");
    if (!has_second_root)
        return;
    must(model, windows_facts_add_root(&model->facts, "C:\\src\\second", &second, &err), &err);
    look_for_names(model, "C:\\src\\second");
}

void windows_model_open(struct model *model, enum model_mode mode, enum windows_variant variant,
                        bool has_second_root)
{
    static const struct nt_sid user = NT_SID(5, 21, 1, 2, 3, 1001);
    static const struct nt_sid other = NT_SID(5, 21, 1, 2, 3, 1002);
    struct error err = {0};

    *model = (struct model){.logon = NT_SID(5, 5, 0, 7001), .account_logon = NT_SID(5, 5, 0, 7002)};
    (void)variant;
    make_token(model, &model->user, &user, &model->logon);
    make_token(model, &model->other, &other, &model->account_logon);
    make_token(model, &model->administrator, &other, &model->account_logon);
    add_group(model, &model->administrator, &NT_ADMINISTRATORS, NT_GROUP_USUAL);
    model->tree = nt_tree_new(STOCK_ROOT, &err);
    must(model, model->tree != NULL ? 0 : -1, &err);
    if (model->has_failed)
        return;
    build_system(model);
    build_user(model);
    nt_tree_machine_init(&model->machine, model->tree);
    must(model, policy_init(&model->policy, &err), &err);
    must(model, policy_set_workspace(&model->policy, "C:\\Users\\u\\proj", &err), &err);
    make_facts(model, mode, has_second_root);
}

void windows_model_close(struct model *model)
{
    plan_done(&model->plan);
    policy_done(&model->policy);
    windows_facts_done(&model->facts);
    nt_tree_machine_done(&model->machine);
    nt_tree_free(model->tree);
    nt_token_done(&model->user);
    nt_token_done(&model->other);
    nt_token_done(&model->administrator);
    nt_token_done(&model->command);
    free(model->sids);
}

static void carry_out(struct model *model)
{
    struct nt_changes changes = {0};
    struct nt_change_report report = {0};
    struct nt_ours ours;
    struct error err = {0};

    model->sids = windows_our_sids(&model->facts, &model->sid_count, &err);
    must(model, model->sids != NULL ? 0 : -1, &err);
    if (model->has_failed)
        return;
    ours = (struct nt_ours){
        .sids = model->sids, .count = model->sid_count, .user = &model->facts.user};
    must(model, windows_plan_wishes(&model->plan, WINDOWS_NOW, &ours, &changes.wishes, &err), &err);
    must(model, nt_apply(&model->machine.machine, &changes, 0, &report, &err), &err);
    nt_change_report_done(&report);
    nt_wishes_done(&changes.wishes);
}

static void guard(struct model *model)
{
    struct error err = {0};

    for (size_t i = 0; i < model->plan.step_count; i++) {
        const struct step *step = &model->plan.steps[i];
        struct nt_entry *entry;

        if (step->kind == STEP_TAKE_NAME)
            windows_model_add(model, step->path + 3, false,
                              "O:" MODEL_USER "G:BUD:P(A;;FA;;;" MODEL_USER ")");
        if (step->kind != STEP_HOLD_NAME && step->kind != STEP_TAKE_NAME)
            continue;
        entry = windows_model_find(model, step->path + 3);
        if (entry == NULL)
            must(model, error_set(&err, ERR_NOT_FOUND, "%s: nothing to hold", step->path), &err);
        else
            entry->object->held++;
    }
}

void windows_model_apply(struct model *model, enum model_mode mode, enum windows_variant variant)
{
    struct nt_token base = NT_TOKEN_EMPTY;
    struct error err = {0};

    must(model,
         (mode == MODEL_ELEVATED ? windows_elevated_plan : windows_unelevated_plan)(
             &model->policy, &model->facts, variant, &model->plan, &err),
         &err);
    carry_out(model);
    guard(model);
    if (mode == MODEL_UNELEVATED) {
        must(model,
             windows_plan_token(&model->plan, &model->user, &model->logon, &model->command, &err),
             &err);
        return;
    }
    make_token(model, &base, &model->facts.accounts[WINDOWS_OFFLINE], &model->account_logon);
    add_group(model, &base, &model->facts.group, NT_GROUP_USUAL);
    /* Secondary logon puts the caller's logon SID into the new token (windows-peers.md, 1.2). */
    add_group(model, &base, &model->logon, NT_GROUP_USUAL | NT_GROUP_LOGON_ID);
    must(model,
         windows_plan_token(&model->plan, &base, &model->account_logon, &model->command, &err),
         &err);
    nt_token_done(&base);
}

struct nt_actor windows_model_command(const struct model *model, uint32_t extra)
{
    return (struct nt_actor){.token = &model->command, .extra_write_bits = extra};
}

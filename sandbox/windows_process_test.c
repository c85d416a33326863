/* Who can reach into which process: the plans' default DACLs, the runner's, and the pipes between our
 * programs, by the access model. */
#include "base/test.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "sandbox/nt/access.h"
#include "sandbox/nt/own.h"
#include "sandbox/windows_model_test.h"

/* "Process Security and Access Rights". Ending a process is no write: it is among generic execute. */
enum {
    TERMINATE = 0x1,
    CREATE_A_THREAD = 0x2,
    VM_READ = 0x10,
    VM_WRITE = 0x20,
    DUP_HANDLE = 0x40,
};

static const struct nt_mapping process_mapping = {
    .read = 0x20410, .write = 0x20bea, .execute = 0x121001, .all = 0x1fffff};

static const uint32_t changing[] = {CREATE_A_THREAD, VM_WRITE,
                                    DUP_HANDLE,      0x8, /* VM_OPERATION */
                                    0x200,                /* SET_INFORMATION */
                                    NT_WRITE_DAC,    NT_WRITE_OWNER};

static bool may(const struct nt_token *token, const struct nt_sd *sd, uint32_t mask)
{
    const struct nt_access_check check = {
        .sd = sd, .token = token, .desired = mask, .mapping = &process_mapping};

    return nt_access_check(&check).is_allowed;
}

static bool has_gap(const struct plan *plan, const char *id)
{
    for (size_t i = 0; i < plan->gap_count; i++) {
        if (strcmp(plan->gaps[i].id, id) == 0)
            return true;
    }
    return false;
}

/* A process that this token's owner made without saying who may what with it. */
static void describe(const struct nt_token *token, struct nt_sd *sd)
{
    AUTO_BUFFER struct buffer text = BUFFER_EMPTY;
    char owner[NT_SID_TEXT_MAX];
    struct error err = {0};

    nt_sid_format(&token->user, owner);
    buffer_printf(&text, "O:%sG:BUD:", owner);
    cr_assert_eq(nt_sddl_parse(text.data, NULL, sd, &err), 0, "%s", err.message);
    for (size_t i = 0; i < token->default_dacl.count; i++) {
        struct nt_ace ace = token->default_dacl.aces[i];

        ace.mask = nt_map_generic(ace.mask, &process_mapping);
        cr_assert_eq(nt_acl_add(&sd->dacl, &ace, &err), 0);
    }
}

/* A second sandbox of the same user, in another workspace. */
static void open_pair(struct model pair[2], enum model_mode mode, enum windows_variant variant)
{
    for (size_t i = 0; i < 2; i++) {
        model_open(&pair[i], mode, variant, false);
        pair[i].facts.roots[0].sid.sub[3] += 100 * (uint32_t)i;
        model_apply(&pair[i], mode, variant);
    }
}

static size_t count_changes(const struct nt_token *token, const struct nt_sd *sd)
{
    size_t allowed = 0;

    for (size_t i = 0; i < ARRAY_SIZE(changing); i++)
        allowed += may(token, sd, changing[i]) ? 1 : 0;
    return allowed;
}

Test(windows_process, commands_of_two_workspaces_cannot_change_each_others_processes)
{
    for (int mode = MODEL_UNELEVATED; mode <= MODEL_ELEVATED; mode++) {
        struct model pair[2];
        AUTO_SD struct nt_sd sd = NT_SD_EMPTY;

        open_pair(pair, (enum model_mode)mode, WINDOWS_DEFAULT);
        describe(&pair[0].command, &sd);
        cr_assert_eq(count_changes(&pair[0].command, &sd), ARRAY_SIZE(changing), "its own, %d",
                     mode);
        cr_assert_eq(count_changes(&pair[1].command, &sd), 0, "another workspace's, %d", mode);
        cr_assert(may(&pair[1].command, &sd, VM_READ | TERMINATE), "which the gaps say");
        cr_assert(has_gap(&pair[1].plan, mode == MODEL_ELEVATED ? "shared-account" : "same-user"));
        for (size_t i = 0; i < 2; i++)
            model_close(&pair[i]);
    }
}

/* "Desktop Security and Access Rights": making windows, hooks, journals, and writing. */
Test(windows_process, commands_of_two_workspaces_do_not_share_a_desktop)
{
    static const struct nt_mapping desktop_mapping = {
        .read = 0x20041, .write = 0x200be, .execute = 0x20100, .all = 0xf01ff};
    static const uint32_t rights[] = {0x2, 0x4, 0x8, 0x10, 0x20, 0x80};

    for (int mode = MODEL_UNELEVATED; mode <= MODEL_ELEVATED; mode++) {
        struct model pair[2];
        AUTO_SD struct nt_sd sd = NT_SD_EMPTY;
        AUTO_BUFFER struct buffer sddl = BUFFER_EMPTY;
        struct error err = {0};

        open_pair(pair, (enum model_mode)mode, WINDOWS_DEFAULT);
        buffer_printf(&sddl, "O:" MODEL_USER "G:BU%s",
                      plan_find(&pair[0].plan, STEP_DESKTOP)->text);
        cr_assert_eq(nt_sddl_parse(sddl.data, NULL, &sd, &err), 0, "%s", err.message);
        for (size_t i = 0; i < ARRAY_SIZE(rights); i++) {
            struct nt_access_check check = {.sd = &sd,
                                            .token = &pair[0].command,
                                            .desired = rights[i],
                                            .mapping = &desktop_mapping};

            cr_assert(nt_access_check(&check).is_allowed, "its own, %d, %zu", mode, i);
            check.token = &pair[1].command;
            cr_assert(!nt_access_check(&check).is_allowed, "another's, %d, %zu", mode, i);
        }
        for (size_t i = 0; i < 2; i++)
            model_close(&pair[i]);
    }
}

Test(windows_process, as_published_they_can)
{
    for (int mode = MODEL_UNELEVATED; mode <= MODEL_ELEVATED; mode++) {
        struct model pair[2];
        AUTO_SD struct nt_sd sd = NT_SD_EMPTY;

        open_pair(pair, (enum model_mode)mode, WINDOWS_AS_PUBLISHED);
        describe(&pair[0].command, &sd);
        cr_assert_eq(count_changes(&pair[1].command, &sd), ARRAY_SIZE(changing), "%d", mode);
        for (size_t i = 0; i < 2; i++)
            model_close(&pair[i]);
    }
}

/* What Windows puts on the processes of who is signed in: the user and the system everything, the
 * logon session 0x121411 (read, and the execution that ends). */
Test(windows_process, the_users_own_programs_are_read_and_ended_where_the_gap_says_so)
{
    for (int mode = MODEL_UNELEVATED; mode <= MODEL_ELEVATED; mode++) {
        struct model model;
        AUTO_SD struct nt_sd sd = NT_SD_EMPTY;
        char sddl[512];
        char logon[NT_SID_TEXT_MAX];
        struct error err = {0};

        model_open(&model, (enum model_mode)mode, WINDOWS_DEFAULT, false);
        model_apply(&model, (enum model_mode)mode, WINDOWS_DEFAULT);
        nt_sid_format(&model.logon, logon);
        (void)snprintf(sddl, sizeof sddl,
                       "O:" MODEL_USER "G:BUD:(A;;0x1fffff;;;" MODEL_USER
                       ")(A;;0x1fffff;;;SY)(A;;0x121411;;;%s)",
                       logon);
        cr_assert_eq(nt_sddl_parse(sddl, NULL, &sd, &err), 0, "%s", err.message);
        cr_assert_eq(may(&model.command, &sd, VM_READ), mode == MODEL_UNELEVATED);
        cr_assert_eq(count_changes(&model.command, &sd), 0);
        cr_assert_eq(may(&model.command, &sd, TERMINATE), mode == MODEL_UNELEVATED);
        cr_assert_eq(has_gap(&model.plan, "process-memory"), mode == MODEL_UNELEVATED);
        model_close(&model);
    }
}

/* What harden.c puts on the runner, and on what Windows makes for it: the console's host. */
Test(windows_process, a_command_reaches_neither_the_runner_nor_its_console_host)
{
    struct model model;
    AUTO_SD struct nt_sd runner = NT_SD_EMPTY;
    AUTO_SD struct nt_sd host = NT_SD_EMPTY;
    char account[NT_SID_TEXT_MAX];
    char group[NT_SID_TEXT_MAX];
    char sddl[512];
    struct error err = {0};

    model_open(&model, MODEL_ELEVATED, WINDOWS_DEFAULT, false);
    model_apply(&model, MODEL_ELEVATED, WINDOWS_DEFAULT);
    nt_sid_format(&model.command.user, account);
    nt_sid_format(&model.facts.group, group);
    (void)snprintf(sddl, sizeof sddl, "O:%sG:BU" NT_OWN_EYES_ONLY, account);
    cr_assert_eq(nt_sddl_parse(sddl, NULL, &runner, &err), 0, "%s", err.message);
    (void)snprintf(sddl, sizeof sddl, "O:%sG:BU" NT_RUNNERS_OWN, account, group);
    cr_assert_eq(nt_sddl_parse(sddl, NULL, &host, &err), 0, "%s", err.message);
    for (size_t i = 0; i < host.dacl.count; i++)
        host.dacl.aces[i].mask = nt_map_generic(host.dacl.aces[i].mask, &process_mapping);
    cr_assert_eq(count_changes(&model.command, &runner), 0);
    cr_assert(!may(&model.command, &runner, VM_READ));
    cr_assert_eq(count_changes(&model.command, &host), 0);
    model_close(&model);
}

/* Pipes: a client asks for what is granted, and nobody but the maker gets an instance of its own. */
Test(windows_process, the_runner_can_open_the_brokers_pipe_but_not_serve_it)
{
    static const uint32_t rights[] = {NT_PIPE_BOTH_WAYS, NT_PIPE_WRITE};
    struct nt_token account = NT_TOKEN_EMPTY;
    const uint32_t create_instance = 0x4;

    account.user = (struct nt_sid)NT_SID(5, 21, 1, 2, 3, 1011);
    for (size_t i = 0; i < ARRAY_SIZE(rights); i++) {
        AUTO_SD struct nt_sd sd = NT_SD_EMPTY;
        struct nt_access_check check = {.sd = &sd, .token = &account, .mapping = &NT_FILE_MAPPING};
        struct error err = {0};
        char sddl[96];

        (void)snprintf(sddl, sizeof sddl, "O:SYG:SYD:P(A;;0x%x;;;S-1-5-21-1-2-3-1011)", rights[i]);
        cr_assert_eq(nt_sddl_parse(sddl, NULL, &sd, &err), 0, "%s", err.message);
        check.desired = rights[i];
        cr_assert(nt_access_check(&check).is_allowed);
        check.desired = create_instance;
        cr_assert(!nt_access_check(&check).is_allowed);
        check.desired = NT_GENERIC_WRITE;
        cr_assert(!nt_access_check(&check).is_allowed, "which asks for an instance, too");
    }
}

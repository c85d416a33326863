/*
 * A pretended stock Windows machine for the tests and the predictions of the
 * Windows plans. Failure is sticky, as in base/buffer.h: a caller looks at
 * has_failed once, and failure then says what it was.
 */
#ifndef HOLDFAST_SANDBOX_SIMULATE_WINDOWS_MODEL_H
#define HOLDFAST_SANDBOX_SIMULATE_WINDOWS_MODEL_H

#include "sandbox/nt/tree_machine.h"
#include "sandbox/windows_plans.h"

#define MODEL_USER "S-1-5-21-1-2-3-1001"

enum model_mode {
    MODEL_UNELEVATED,
    MODEL_ELEVATED
};

/*
 *   C:\                       stock
 *     Windows, Program Files, ProgramData, Users\Public, Users\other
 *     Users\u                 profile: user, SYSTEM, Administrators
 *       .ssh\id, notes.txt, proj (workspace: .git, src, a file of the user's own)
 *     src\second              Authenticated Users: Modify, as below any new folder of C:\
 *     drop                    Everyone: full control
 */
struct model {
    struct nt_tree *tree;
    struct nt_tree_machine machine;
    struct windows_facts facts;
    struct policy policy;
    struct plan plan;
    struct nt_sid logon;                        /* of the user */
    struct nt_sid account_logon;                /* of the sandbox's account */
    struct nt_token user, other, administrator; /* on the host */
    struct nt_token command;                    /* in the sandbox */
    struct nt_sid *sids;                        /* ours */
    size_t sid_count;
    bool has_failed;
    struct error failure;
};

/* Builds the machine with proj as workspace and src\second as a second root, if asked for. */
void windows_model_open(struct model *model, enum model_mode mode, enum windows_variant variant,
                        bool has_second_root);
void windows_model_close(struct model *model);

/* Plans, carries the plan's entries out, holds and takes names, makes the command's token. */
void windows_model_apply(struct model *model, enum model_mode mode, enum windows_variant variant);

void windows_model_add(struct model *model, const char *path, bool is_directory, const char *sddl);
struct nt_entry *windows_model_find(struct model *model, const char *path);

/* The attacker. extra: see struct nt_access_check. */
struct nt_actor windows_model_command(const struct model *model, uint32_t extra);

#endif

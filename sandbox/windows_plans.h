/*
 * The plans of the Windows modes. Pure: built and tested on every platform.
 *
 * windows-unelevated                          windows-elevated
 *
 *   holdfast-sandbox.exe (the user)             holdfast-sandbox.exe (the user)
 *     command: the user's own token, filtered     holdfast-sandbox-runner.exe (a local account)
 *       LUA, no privileges, WRITE_RESTRICTED        command: the account's token, filtered
 *       to [roots, marker, logon]                     WRITE_RESTRICTED to [roots, marker, account]
 *
 * What may be written is decided twice ([MS-DTYP] 2.5.3.2; sandbox/nt/access.h):
 *
 *                    pass 1: user or account       pass 2: restricting SIDs
 *   root             the user / our group           A  the root's own synthetic SID
 *   protected name   the user / D our group         D  the marker
 *   anything else    as everywhere                  nobody allows: refused
 *
 * A root's SID is in the token only while that root is in the policy, so what one workspace left
 * behind means nothing to another. Nothing here has run on real Windows: every claim is a prediction
 * until the Windows leg has confirmed it.
 */
#ifndef HOLDFAST_SANDBOX_WINDOWS_PLANS_H
#define HOLDFAST_SANDBOX_WINDOWS_PLANS_H

#include "sandbox/nt/change.h"
#include "sandbox/nt/token.h"
#include "sandbox/plan.h"
#include "sandbox/policy.h"
#include "sandbox/windows_facts.h"

enum windows_variant {
    WINDOWS_DEFAULT,
    /* The design that others published (research/codex-sandbox-facts.md, 1 and 2), holes included,
     * so that prediction and report can show the difference. */
    WINDOWS_AS_PUBLISHED,
};

/* ERR_UNSUPPORTED or ERR_REFUSED with a hint when the mode cannot give what the policy asks and it is
 * not a documented gap. *plan must be empty; on failure it is empty again. */
int windows_unelevated_plan(const struct policy *policy, const struct windows_facts *facts,
                            enum windows_variant variant, struct plan *plan, struct error *err);
int windows_elevated_plan(const struct policy *policy, const struct windows_facts *facts,
                          enum windows_variant variant, struct plan *plan, struct error *err);

/* The same for `explain` on any platform: facts are assumed; elevated includes the set-up. */
int windows_unelevated_explain(const struct policy *policy, enum windows_variant variant,
                               struct plan *plan, struct error *err);
int windows_elevated_explain(const struct policy *policy, enum windows_variant variant,
                             struct plan *plan, struct error *err);

/* Only the entries that may be put in the background, for who does that. */
int windows_reading_plan(const struct windows_facts *facts, struct plan *plan, struct error *err);

/* What set-up does once, as an administrator: group, accounts, rights, rules, own folders. */
struct windows_setup {
    enum windows_variant variant;
    const struct windows_facts *facts;
    bool has_no_strict_rules; /* leave out the rules that also catch weakened tokens */
    const char *runner;       /* size and checksum of the runner; NULL: not known here */
};
int windows_setup_plan(const struct windows_setup *setup, struct plan *plan, struct error *err);

/* What a step is made of ----------------------------------------------------------------------- */

extern const char *const windows_account_names[WINDOWS_ACCOUNT_COUNT];
extern const char windows_group_name[];
#define WINDOWS_RUNNER "holdfast-sandbox-runner.exe"
#define WINDOWS_OURS   "Made by holdfast-sandbox setup; removed by holdfast-sandbox teardown."

/* Rights of the entries. No FILE_DELETE_CHILD in any allow: it would let a directory's entry undo a
 * child's protection. No READ_CONTROL or SYNCHRONIZE in a deny: they are part of reading. */
enum {
    WINDOWS_ROOT_RIGHTS = 0x1201bf,  /* read, write, execute; the root itself cannot be deleted */
    WINDOWS_BELOW_RIGHTS = 0x1301bf, /* ... what is below it can */
    WINDOWS_READ_RIGHTS = 0x1200a9,
    WINDOWS_DENY_WRITE = 0x0d0156, /* every right that changes, FILE_DELETE_CHILD included */
    WINDOWS_DENY_ALL = 0x0d01ff,   /* ... and reading the content and attributes */
    WINDOWS_DENY_MOVE = 0x0d0040,  /* delete, rename, unprotect this object or its children */
};

/* From a plan to what carries it out ------------------------------------------------------------ */

enum windows_when {
    WINDOWS_NOW,   /* what the command must not start without */
    WINDOWS_LATER, /* what may be done in the background (windows_reading.h) */
};

/* The wishes of the STEP_ACE of now or later, one per object. Paths are borrowed from the plan. Free
 * with nt_wishes_done. ours is borrowed. */
int windows_plan_wishes(const struct plan *plan, enum windows_when when, const struct nt_ours *ours,
                        struct nt_wishes *wishes, struct error *err);

/* The settings of all STEP_SETTING. Names and values are borrowed from the plan. Caller frees. */
struct nt_setting *windows_plan_settings(const struct plan *plan, enum windows_variant variant,
                                         size_t *count, struct error *err);

/* The token that the steps make of this one. logon: the SID of the logon session the command runs
 * in; NULL: none. *token must be empty. */
int windows_plan_token(const struct plan *plan, const struct nt_token *base,
                       const struct nt_sid *logon, struct nt_token *token, struct error *err);

/* Every SID of the facts that is ours alone. Caller frees. */
struct nt_sid *windows_our_sids(const struct windows_facts *facts, size_t *count,
                                struct error *err);

/* Shared by the plans (windows_plan.c) ---------------------------------------------------------- */

void windows_add_ace(struct plan *plan, const char *path, const struct nt_ace *ace, uint64_t bits,
                     const char *why);
/* The entries of the published design: the root's SID, and the group if there is one, may write; at a
 * protected name that SID is denied, with all of generic write, reads included. */
void windows_add_published(struct plan *plan, const struct windows_facts *facts,
                           const struct nt_sid *group);
/* The roots with their SIDs. */
void windows_add_roots(struct plan *plan, const struct windows_facts *facts);
/* Every refusal that has to do with where the roots are. mode is for the message. */
int windows_check_roots(const struct windows_facts *facts, const char *mode, struct error *err);
/* The same for what is to be readable or hidden (elevated). */
int windows_check_reading(const struct windows_facts *facts, const char *mode, struct error *err);
int windows_check_limits(const struct policy *policy, const char *mode, struct error *err);
/* Who may use the desktop besides its maker: SIDs or "logon"; "": none. Two of them as for
 * windows_add_default_dacl, so that another workspace's commands may not. */
struct windows_participants {
    char sids[2][NT_SID_TEXT_MAX];
};
/* Job, desktop, handles, limits: what both modes do to the command's own process. */
void windows_add_process(struct plan *plan, const struct policy *policy,
                         const struct windows_participants *who, enum windows_variant variant);
/* Who may change the objects that the command makes without saying: first must be among the groups of
 * its token and not in the second list, root is in the second list only. */
void windows_add_default_dacl(struct plan *plan, const struct nt_sid *first,
                              const struct nt_sid *root);
/* Names that are held or taken for the run. */
void windows_add_guards(struct plan *plan, const struct windows_facts *facts);
/* Variables that ask well-behaved programs to leave the network alone; stubs for those that do not
 * ask. Advisory, each. */
void windows_add_network_advice(struct plan *plan, const struct windows_facts *facts);
/* "S-1-5-..." of a token step. */
void windows_add_sid(struct plan *plan, enum step_kind kind, const struct nt_sid *sid,
                     const char *why);

#endif

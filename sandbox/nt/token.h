/*
 * An access token as data: who a process is, and what it has given up. Made
 * by hand in tests and plans, or copied from a real token by the Win32 layer.
 *
 * Source: "Access Tokens" and "Restricted Tokens" of the Win32 documentation.
 */
#ifndef HOLDFAST_SANDBOX_NT_TOKEN_H
#define HOLDFAST_SANDBOX_NT_TOKEN_H

#include "sandbox/nt/acl.h"

/* Attributes of a group (SE_GROUP_*). */
#define NT_GROUP_MANDATORY 0x00000001u
#define NT_GROUP_DEFAULT   0x00000002u
#define NT_GROUP_ENABLED   0x00000004u
#define NT_GROUP_OWNER     0x00000008u
#define NT_GROUP_DENY_ONLY 0x00000010u
#define NT_GROUP_INTEGRITY 0x00000020u
#define NT_GROUP_LOGON_ID  0xc0000000u
#define NT_GROUP_USUAL     (NT_GROUP_MANDATORY | NT_GROUP_DEFAULT | NT_GROUP_ENABLED)

/* The privileges that the access check or a plan looks at. */
enum nt_privilege {
    NT_PRIVILEGE_SECURITY = 1 << 0,       /* SeSecurityPrivilege: SACLs */
    NT_PRIVILEGE_TAKE_OWNERSHIP = 1 << 1, /* grants WRITE_OWNER */
    NT_PRIVILEGE_RELABEL = 1 << 2,        /* grants WRITE_OWNER, also against the label */
    NT_PRIVILEGE_CHANGE_NOTIFY = 1 << 3,  /* skips the traverse check on every parent */
    NT_PRIVILEGE_RESTORE = 1 << 4,        /* any owner, any write, when asked for by intent */
    NT_PRIVILEGE_BACKUP = 1 << 5,         /* any read, when asked for by intent */
};

struct nt_group {
    struct nt_sid sid;
    uint32_t attributes;
};

struct nt_token {
    struct nt_sid user;
    bool is_user_deny_only;
    struct nt_group *groups; /* owned */
    size_t group_count;
    struct nt_sid *restricting; /* owned; the second list */
    size_t restricting_count;
    bool is_restricted;       /* there is a second list, even if it is empty */
    bool is_write_restricted; /* it is asked for writes only */
    bool allows_write_up;     /* TOKEN_MANDATORY_POLICY_NO_WRITE_UP is off */
    uint32_t privileges;      /* enabled ones, enum nt_privilege */
    uint32_t integrity;       /* enum nt_integrity or between */
    struct nt_sid primary_group;
    struct nt_acl default_dacl; /* owned */
};

#define NT_TOKEN_EMPTY \
    ((struct nt_token){.integrity = NT_INTEGRITY_MEDIUM, .default_dacl = NT_ACL_EMPTY})
#define AUTO_TOKEN __attribute__((cleanup(nt_token_done)))

void nt_token_done(struct nt_token *token);
int nt_token_copy(struct nt_token *to, const struct nt_token *from, struct error *err);
int nt_token_add_group(struct nt_token *token, const struct nt_sid *sid, uint32_t attributes,
                       struct error *err);
/* Also makes the token restricted. */
int nt_token_add_restricting(struct nt_token *token, const struct nt_sid *sid, struct error *err);
/* CreateRestrictedToken's SidsToDisable: the user or every group with this SID, if it is there. */
void nt_token_disable(struct nt_token *token, const struct nt_sid *sid);

enum nt_membership {
    NT_FOR_ALLOW,      /* enabled SIDs: allow ACEs and ownership */
    NT_FOR_DENY,       /* enabled and deny-only SIDs */
    NT_FOR_RESTRICTED, /* the second list, for both kinds of ACE */
};

bool nt_token_has(const struct nt_token *token, const struct nt_sid *sid,
                  enum nt_membership membership);

#endif

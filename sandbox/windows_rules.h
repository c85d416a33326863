/*
 * The network rules of windows-elevated: which account may do what, in the
 * terms of the Windows Filtering Platform. Pure; the Win32 layer turns each
 * rule into a filter of a provider and sublayer of our own.
 *
 *   weight 15  permit  the local account, loopback                    connect, accept
 *          14  permit  everybody who has no blocked account's SID,    connect, accept, bind
 *                      not even a deny-only one (strict rules)
 *          10  block   the offline account; the local one unless      connect, accept, bind
 *                      loopback
 *           1  block   whoever is left (strict rules)                 connect, accept, bind
 *
 * A filter's user condition is an access check of the connecting token against a descriptor that
 * grants FWP_ACTRL_MATCH_FILTER ("Access Right Identifiers" of the WFP documentation). A process may
 * weaken its own token so that no grant matches any more: its user SID deny-only, restricting SIDs
 * that leave it out, anonymous impersonation. So the strict rules ask the other way round: a deny
 * entry also matches a deny-only SID, and who is not let through by weight 14 is blocked by weight 1.
 * A permit of ours only ends the search in our sublayer: it allows nothing that other sublayers or
 * the firewall block.
 */
#ifndef HOLDFAST_SANDBOX_WINDOWS_RULES_H
#define HOLDFAST_SANDBOX_WINDOWS_RULES_H

#include "base/buffer.h"
#include "sandbox/nt/token.h"
#include "sandbox/windows_facts.h"

enum windows_layer {
    WINDOWS_CONNECT_V4, /* FWPM_LAYER_ALE_AUTH_CONNECT_V4 */
    WINDOWS_CONNECT_V6,
    WINDOWS_ACCEPT_V4, /* FWPM_LAYER_ALE_AUTH_RECV_ACCEPT_V4 */
    WINDOWS_ACCEPT_V6,
    WINDOWS_BIND_V4, /* FWPM_LAYER_ALE_RESOURCE_ASSIGNMENT_V4: bind, raw sockets */
    WINDOWS_BIND_V6,

    WINDOWS_LAYER_COUNT
};

enum windows_loopback {
    WINDOWS_ANY_ADDRESS,
    WINDOWS_LOOPBACK_ONLY,
    WINDOWS_LOOPBACK_NEVER,
};

struct windows_rule {
    enum windows_layer layer;
    bool is_permit;
    unsigned weight; /* 0 .. 15 */
    enum windows_loopback loopback;
    unsigned protocol; /* IP protocol; 0: any */
    unsigned port;     /* remote; 0: any */
    char user[512];    /* SDDL; "": anybody */
};

enum {
    WINDOWS_RULES_MAX = 48,
    WINDOWS_FWP_MATCH = 1, /* FWP_ACTRL_MATCH_FILTER */
    WINDOWS_PROXY_FIRST = 60080,
    WINDOWS_PROXY_LAST = 60089, /* as published; the default has no such ports */
};

/* Over TCP. */
struct windows_connection {
    bool is_loopback;
    unsigned port; /* remote; 0: one that no rule names */
};

struct windows_rules {
    struct windows_rule items[WINDOWS_RULES_MAX];
    size_t count;
};

/* is_published: only what others published, see windows_plans.h. */
void windows_rules_make(const struct windows_facts *facts, bool has_strict, bool is_published,
                        struct windows_rules *rules);

/* One line, and back: what the journal and the plan keep. */
void windows_rule_format(const struct windows_rule *rule, struct buffer *out);
int windows_rule_parse(const char *text, struct windows_rule *rule, struct error *err);

/* "{8a3f6c10-52d4-4b0e-9c57-0000000000NN}", the filter's key. */
enum {
    WINDOWS_GUID_TEXT = 39
};
#define WINDOWS_PROVIDER_GUID "{8a3f6c10-52d4-4b0e-9c57-0000000f0001}"
#define WINDOWS_SUBLAYER_GUID "{8a3f6c10-52d4-4b0e-9c57-0000000f0002}"
void windows_rule_guid(size_t index, char text[WINDOWS_GUID_TEXT]);

/* What our sublayer decides for a token: the heaviest rule that matches. match_is_write: whether a
 * write-restricted token's second pass is about the match right, which nobody has published. */
bool windows_rules_block(const struct windows_rules *rules, const struct nt_token *token,
                         enum windows_layer layer, const struct windows_connection *to,
                         bool match_is_write);

#endif

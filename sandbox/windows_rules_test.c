/* What the network rules decide for tokens of every kind, weakened ones included. Predictions. */
#include "base/test.h"

#include <string.h>

#include "base/auto.h"
#include "base/buffer.h"
#include "sandbox/windows_rules.h"

static const struct windows_facts facts = {.accounts = {NT_SID(5, 21, 1, 2, 3, 1011),
                                                        NT_SID(5, 21, 1, 2, 3, 1012),
                                                        NT_SID(5, 21, 1, 2, 3, 1013)}};
static const struct nt_sid person = NT_SID(5, 21, 1, 2, 3, 1001);
static const struct nt_sid local_service = NT_SID(5, 19);
static const struct nt_sid anonymous = NT_SID(5, 7);

static void open_token(struct nt_token *token, const struct nt_sid *user, bool is_ordinary)
{
    struct error err = {0};

    *token = NT_TOKEN_EMPTY;
    token->user = *user;
    if (!is_ordinary)
        return;
    cr_assert_eq(nt_token_add_group(token, &NT_EVERYONE, NT_GROUP_USUAL, &err), 0);
    cr_assert_eq(nt_token_add_group(token, &NT_AUTHENTICATED_USERS, NT_GROUP_USUAL, &err), 0);
    cr_assert_eq(nt_token_add_group(token, &NT_USERS, NT_GROUP_USUAL, &err), 0);
}

static const struct windows_connection here = {.is_loopback = true};
static const struct windows_connection away = {.is_loopback = false};

static void restrict_to(struct nt_token *token, const struct nt_sid *sid, bool writes_only)
{
    struct error err = {0};

    cr_assert_eq(nt_token_add_restricting(token, sid, &err), 0);
    token->is_write_restricted = writes_only;
}

/* Everywhere, under both readings of the match right. */
static void expect(bool has_strict, struct nt_token *token, bool is_loopback, bool blocked,
                   const char *who)
{
    struct windows_rules rules;

    windows_rules_make(&facts, has_strict, false, &rules);
    for (int layer = 0; layer < WINDOWS_LAYER_COUNT; layer++) {
        for (int is_write = 0; is_write < 2; is_write++)
            cr_assert_eq(windows_rules_block(&rules, token, (enum windows_layer)layer,
                                             is_loopback ? &here : &away, is_write == 1),
                         blocked, "%s, layer %d, match is %s", who, layer,
                         is_write ? "write" : "read");
    }
    nt_token_done(token);
}

Test(windows_rules, everybody_else_is_left_alone)
{
    static const struct nt_sid *const people[] = {&person, &NT_SYSTEM, &local_service,
                                                  &facts.accounts[WINDOWS_ONLINE]};

    for (size_t i = 0; i < ARRAY_SIZE(people); i++) {
        for (int strict = 0; strict < 2; strict++) {
            struct nt_token token;

            open_token(&token, people[i], true);
            expect(strict == 1, &token, false, false, "somebody");
        }
    }
}

Test(windows_rules, restricted_tokens_of_others_are_left_alone)
{
    struct nt_token service;
    struct nt_token unelevated;

    /* A restricted service: Everyone is in its list (SERVICE_SID_TYPE_RESTRICTED). */
    open_token(&service, &local_service, true);
    restrict_to(&service, &NT_EVERYONE, true);
    expect(true, &service, false, false, "a restricted service");
    /* Our own unelevated mode: its list holds nobody that a filter speaks of. */
    open_token(&unelevated, &person, true);
    restrict_to(&unelevated, &(struct nt_sid)NT_SID(0, 1, 2, 3, 4), true);
    {
        struct windows_rules rules;

        windows_rules_make(&facts, true, false, &rules);
        cr_assert(!windows_rules_block(&rules, &unelevated, WINDOWS_CONNECT_V4, &away, false));
        cr_assert(windows_rules_block(&rules, &unelevated, WINDOWS_CONNECT_V4, &away, true),
                  "a known risk of the strict rules, if matching were a write");
        nt_token_done(&unelevated);
    }
}

Test(windows_rules, offline_account_is_blocked_everywhere)
{
    for (int strict = 0; strict < 2; strict++) {
        for (int loopback = 0; loopback < 2; loopback++) {
            struct nt_token token;

            open_token(&token, &facts.accounts[WINDOWS_OFFLINE], true);
            expect(strict == 1, &token, loopback == 1, true, "offline");
        }
    }
}

Test(windows_rules, local_account_has_loopback_and_nothing_else)
{
    for (int strict = 0; strict < 2; strict++) {
        struct windows_rules rules;
        struct nt_token token;

        open_token(&token, &facts.accounts[WINDOWS_LOCAL], true);
        windows_rules_make(&facts, strict == 1, false, &rules);
        for (int layer = 0; layer < WINDOWS_BIND_V4; layer++) {
            cr_assert(!windows_rules_block(&rules, &token, (enum windows_layer)layer, &here, true));
            cr_assert(windows_rules_block(&rules, &token, (enum windows_layer)layer, &away, true));
        }
        nt_token_done(&token);
    }
}

/* What others published: nothing at accept and bind, a few ports at connect, and the proxy's ports for
 * everybody, whoever listens there. */
Test(windows_rules, the_published_rules_block_a_few_ports_and_permit_the_proxys_to_all)
{
    static const struct {
        unsigned port;
        bool published, ours;
    } ports[] = {{53, true, true},
                 {445, true, true},
                 {0, false, true},
                 {WINDOWS_PROXY_FIRST, false, true},
                 {WINDOWS_PROXY_LAST, false, true}};
    struct windows_rules published;
    struct windows_rules ours;
    struct nt_token token;

    open_token(&token, &facts.accounts[WINDOWS_OFFLINE], true);
    windows_rules_make(&facts, true, true, &published);
    windows_rules_make(&facts, true, false, &ours);
    for (int layer = 0; layer < WINDOWS_LAYER_COUNT; layer++) {
        for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
            struct windows_connection to = {true, ports[i].port};

            cr_assert_eq(
                windows_rules_block(&published, &token, (enum windows_layer)layer, &to, true),
                ports[i].published && layer <= WINDOWS_CONNECT_V6, "layer %d, port %u", layer,
                ports[i].port);
            cr_assert_eq(windows_rules_block(&ours, &token, (enum windows_layer)layer, &to, true),
                         ports[i].ours, "layer %d, port %u", layer, ports[i].port);
        }
    }
    for (size_t i = 0; i < ours.count; i++)
        cr_assert(!ours.items[i].is_permit || ours.items[i].user[0] != '\0',
                  "no permit without a user condition");
    nt_token_done(&token);
}

/* The four ways out of a filter that grants by account SID (research/windows-peers.md, 8). */
Test(windows_rules, a_weakened_token_does_not_leave_the_strict_rules)
{
    for (int strict = 0; strict < 2; strict++) {
        struct nt_token token;
        bool blocked = strict == 1;

        open_token(&token, &facts.accounts[WINDOWS_OFFLINE], true);
        nt_token_disable(&token, &facts.accounts[WINDOWS_OFFLINE]);
        expect(blocked, &token, false, blocked, "its user SID deny-only");

        open_token(&token, &facts.accounts[WINDOWS_OFFLINE], true);
        restrict_to(&token, &NT_EVERYONE, false);
        expect(blocked, &token, false, blocked, "restricting SIDs without the account");

        open_token(&token, &facts.accounts[WINDOWS_OFFLINE], true);
        nt_token_disable(&token, &facts.accounts[WINDOWS_OFFLINE]);
        nt_token_disable(&token, &NT_EVERYONE);
        nt_token_disable(&token, &NT_USERS);
        nt_token_disable(&token, &NT_AUTHENTICATED_USERS);
        expect(blocked, &token, false, blocked, "every SID deny-only");

        open_token(&token, &anonymous, false);
        expect(blocked, &token, false, blocked, "anonymous");
    }
}

Test(windows_rules, text_comes_back_as_the_same_rule)
{
    for (int kind = 0; kind < 3; kind++) {
        struct windows_rules rules;

        windows_rules_make(&facts, kind == 1, kind == 2, &rules);
        cr_assert(rules.count > 0 && rules.count <= WINDOWS_RULES_MAX);
        for (size_t i = 0; i < rules.count; i++) {
            AUTO_BUFFER struct buffer text = BUFFER_EMPTY;
            AUTO_BUFFER struct buffer again = BUFFER_EMPTY;
            struct windows_rule rule;
            struct error err = {0};

            windows_rule_format(&rules.items[i], &text);
            cr_assert_eq(windows_rule_parse(buffer_text(&text), &rule, &err), 0, "%s", err.message);
            windows_rule_format(&rule, &again);
            cr_assert_str_eq(buffer_text(&again), buffer_text(&text));
            cr_assert(rules.items[i].user[0] == '\0' ||
                          strlen(rules.items[i].user) + 1 < sizeof rules.items[i].user,
                      "not cut");
        }
    }
}

Test(windows_rules, bad_text_is_refused_and_keys_differ)
{
    static const char *const bad[] = {"",
                                      "block",
                                      "block connect9",
                                      "block connect4 weight=16",
                                      "block connect4 port=65536",
                                      "eat connect4"};
    char a[WINDOWS_GUID_TEXT];
    char b[WINDOWS_GUID_TEXT];

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct windows_rule rule;
        struct error err = {0};

        cr_assert_eq(windows_rule_parse(bad[i], &rule, &err), -1, "%s", bad[i]);
    }
    windows_rule_guid(1, a);
    windows_rule_guid(2, b);
    cr_assert_str_eq(a, "{8a3f6c10-52d4-4b0e-9c57-000000000001}");
    cr_assert_neq(strcmp(a, b), 0);
}

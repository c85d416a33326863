#include "sandbox/windows_rules.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "sandbox/nt/access.h"

static const char *const layer_names[WINDOWS_LAYER_COUNT] = {"connect4", "connect6", "accept4",
                                                             "accept6",  "bind4",    "bind6"};

static bool is_bind(enum windows_layer layer)
{
    return layer == WINDOWS_BIND_V4 || layer == WINDOWS_BIND_V6;
}

static struct windows_rule *add(struct windows_rules *rules, enum windows_layer layer,
                                bool is_permit, unsigned weight)
{
    struct windows_rule *rule = &rules->items[rules->count++];

    *rule = (struct windows_rule){.layer = layer, .is_permit = is_permit, .weight = weight};
    return rule;
}

/* A descriptor needs an owner and a group, or the check itself fails. */
static void let_match(struct windows_rule *rule, const struct nt_sid *sid)
{
    char text[NT_SID_TEXT_MAX];

    nt_sid_format(sid, text);
    /* Application packages too: a child in an AppContainer still has the account's SID. */
    (void)snprintf(rule->user, sizeof rule->user,
                   "O:LSG:LSD:(A;;0x1;;;%s)(A;;0x1;;;AC)(A;;0x1;;;S-1-15-2-2)", text);
}

/* Everybody but tokens that hold one of these SIDs in any form. Anonymous is not in the list. */
static void match_others(struct windows_rule *rule, const struct nt_sid *const *barred,
                         size_t count)
{
    size_t used = (size_t)snprintf(rule->user, sizeof rule->user, "O:LSG:LSD:");
    static const char others[] = "(A;;0x1;;;WD)(A;;0x1;;;AU)(A;;0x1;;;BU)(A;;0x1;;;BA)(A;;0x1;;;SY)"
                                 "(A;;0x1;;;LS)(A;;0x1;;;NS)(A;;0x1;;;RC)(A;;0x1;;;AC)"
                                 "(A;;0x1;;;S-1-15-2-2)";

    for (size_t i = 0; i < count; i++) {
        char text[NT_SID_TEXT_MAX];

        nt_sid_format(barred[i], text);
        used +=
            (size_t)snprintf(rule->user + used, sizeof rule->user - used, "(D;;0x1;;;%s)", text);
    }
    (void)snprintf(rule->user + used, sizeof rule->user - used, "%s", others);
}

static void add_strict(struct windows_rules *rules, const struct windows_facts *facts,
                       enum windows_layer layer)
{
    const struct nt_sid *barred[] = {&facts->accounts[WINDOWS_OFFLINE],
                                     &facts->accounts[WINDOWS_LOCAL]};

    match_others(add(rules, layer, true, 14), barred, is_bind(layer) ? 1 : 2);
    (void)add(rules, layer, false, 1);
}

static void add_local(struct windows_rules *rules, const struct windows_facts *facts,
                      enum windows_layer layer)
{
    struct windows_rule *permit;
    struct windows_rule *block;

    if (is_bind(layer))
        return; /* a local address may be taken: whom it serves is decided at accept */
    permit = add(rules, layer, true, 15);
    permit->loopback = WINDOWS_LOOPBACK_ONLY;
    let_match(permit, &facts->accounts[WINDOWS_LOCAL]);
    block = add(rules, layer, false, 10);
    block->loopback = WINDOWS_LOOPBACK_NEVER;
    let_match(block, &facts->accounts[WINDOWS_LOCAL]);
}

/* Ports of a proxy on this machine, open to every account and whoever listens there (windows-peers, 1.3). */
static void add_published_proxy(struct windows_rules *rules, enum windows_layer layer)
{
    for (unsigned port = WINDOWS_PROXY_FIRST; port <= WINDOWS_PROXY_LAST; port++) {
        struct windows_rule *rule = add(rules, layer, true, 9);

        rule->loopback = WINDOWS_LOOPBACK_ONLY;
        rule->port = port;
    }
}

/* Name lookup and file sharing only; the rest is left to the firewall (codex-sandbox-facts, 2.5). */
static void add_published(struct windows_rules *rules, const struct windows_facts *facts)
{
    static const unsigned ports[] = {53, 853, 445, 139};
    static const enum windows_layer layers[] = {WINDOWS_CONNECT_V4, WINDOWS_CONNECT_V6};

    for (size_t l = 0; l < ARRAY_SIZE(layers); l++) {
        struct windows_rule *icmp = add(rules, layers[l], false, 8);

        icmp->protocol = layers[l] == WINDOWS_CONNECT_V4 ? 1 : 58;
        let_match(icmp, &facts->accounts[WINDOWS_OFFLINE]);
        for (size_t p = 0; p < ARRAY_SIZE(ports); p++) {
            struct windows_rule *rule = add(rules, layers[l], false, 8);

            rule->port = ports[p];
            let_match(rule, &facts->accounts[WINDOWS_OFFLINE]);
        }
        add_published_proxy(rules, layers[l]);
    }
}

void windows_rules_make(const struct windows_facts *facts, bool has_strict, bool is_published,
                        struct windows_rules *rules)
{
    rules->count = 0;
    if (is_published) {
        add_published(rules, facts);
        return;
    }
    for (int layer = 0; layer < WINDOWS_LAYER_COUNT; layer++) {
        let_match(add(rules, (enum windows_layer)layer, false, 10),
                  &facts->accounts[WINDOWS_OFFLINE]);
        add_local(rules, facts, (enum windows_layer)layer);
        if (has_strict)
            add_strict(rules, facts, (enum windows_layer)layer);
    }
}

void windows_rule_guid(size_t index, char text[WINDOWS_GUID_TEXT])
{
    (void)snprintf(text, WINDOWS_GUID_TEXT, "{8a3f6c10-52d4-4b0e-9c57-%012zx}",
                   index & 0xffffffffffff);
}

/* Text ------------------------------------------------------------------------------------------- */

void windows_rule_format(const struct windows_rule *rule, struct buffer *out)
{
    buffer_printf(out, "%s %s weight=%u", rule->is_permit ? "permit" : "block",
                  layer_names[rule->layer], rule->weight);
    if (rule->loopback != WINDOWS_ANY_ADDRESS)
        buffer_printf(out, " loopback=%s",
                      rule->loopback == WINDOWS_LOOPBACK_ONLY ? "only" : "never");
    if (rule->protocol != 0)
        buffer_printf(out, " protocol=%u", rule->protocol);
    if (rule->port != 0)
        buffer_printf(out, " port=%u", rule->port);
    if (rule->user[0] != '\0')
        buffer_printf(out, " user=%s", rule->user);
}

static bool read_number(const char *text, unsigned max, unsigned *value)
{
    uint64_t number;

    if (!text_parse_u64(text, max, &number))
        return false;
    *value = (unsigned)number;
    return true;
}

static bool read_field(const char *word, struct windows_rule *rule)
{
    if (strncmp(word, "weight=", 7) == 0)
        return read_number(word + 7, 15, &rule->weight);
    if (strncmp(word, "protocol=", 9) == 0)
        return read_number(word + 9, 255, &rule->protocol);
    if (strncmp(word, "port=", 5) == 0)
        return read_number(word + 5, 65535, &rule->port);
    if (strncmp(word, "user=", 5) == 0 && strlen(word + 5) < sizeof rule->user) {
        (void)snprintf(rule->user, sizeof rule->user, "%s", word + 5);
        return true;
    }
    if (strcmp(word, "loopback=only") == 0 || strcmp(word, "loopback=never") == 0) {
        rule->loopback = word[9] == 'o' ? WINDOWS_LOOPBACK_ONLY : WINDOWS_LOOPBACK_NEVER;
        return true;
    }
    if (strcmp(word, "permit") == 0 || strcmp(word, "block") == 0) {
        rule->is_permit = word[0] == 'p';
        return true;
    }
    for (int layer = 0; layer < WINDOWS_LAYER_COUNT; layer++) {
        if (strcmp(word, layer_names[layer]) == 0) {
            rule->layer = (enum windows_layer)layer;
            return true;
        }
    }
    return false;
}

int windows_rule_parse(const char *text, struct windows_rule *rule, struct error *err)
{
    AUTO_FREE char *copy = strdup(text);
    struct windows_rule found = {.layer = WINDOWS_LAYER_COUNT};
    char *rest = copy;

    if (copy == NULL)
        return error_memory(err, "rule");
    while (rest != NULL) {
        char *word = rest;

        rest = strchr(word, ' ');
        if (rest != NULL)
            *rest++ = '\0';
        if (!read_field(word, &found))
            return error_set(err, ERR_INVALID, "rule: \"%s\" is not known", word);
    }
    if (found.layer == WINDOWS_LAYER_COUNT)
        return error_set(err, ERR_INVALID, "rule: \"%s\" has no layer", text);
    *rule = found;
    return 0;
}

/* What they decide ------------------------------------------------------------------------------- */

static bool matches(const struct windows_rule *rule, const struct nt_token *token,
                    const struct windows_connection *to, bool match_is_write)
{
    const struct nt_mapping as_write = {0, WINDOWS_FWP_MATCH, 0, WINDOWS_FWP_MATCH};
    const struct nt_mapping as_read = {WINDOWS_FWP_MATCH, 0, 0, WINDOWS_FWP_MATCH};
    AUTO_SD struct nt_sd sd = NT_SD_EMPTY;
    struct nt_access_check check = {.sd = &sd,
                                    .token = token,
                                    .desired = WINDOWS_FWP_MATCH,
                                    .mapping = match_is_write ? &as_write : &as_read};
    struct error err;

    if (rule->loopback != WINDOWS_ANY_ADDRESS &&
        (rule->loopback == WINDOWS_LOOPBACK_ONLY) != to->is_loopback)
        return false;
    if (rule->protocol != 0 || (rule->port != 0 && rule->port != to->port))
        return false; /* asked for TCP */
    if (rule->user[0] == '\0')
        return true;
    return nt_sddl_parse(rule->user, NULL, &sd, &err) == 0 && nt_access_check(&check).is_allowed;
}

bool windows_rules_block(const struct windows_rules *rules, const struct nt_token *token,
                         enum windows_layer layer, const struct windows_connection *to,
                         bool match_is_write)
{
    const struct windows_rule *heaviest = NULL;

    for (size_t i = 0; i < rules->count; i++) {
        const struct windows_rule *rule = &rules->items[i];

        if (rule->layer == layer && (heaviest == NULL || rule->weight > heaviest->weight) &&
            matches(rule, token, to, match_is_write))
            heaviest = rule;
    }
    return heaviest != NULL && !heaviest->is_permit;
}

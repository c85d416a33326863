/*
 * Rules of the Windows firewall: a second fence, which people can see in its
 * own list. What is proved is the filters' work (filters.c); nothing is
 * proved of these.
 */
#define COBJMACROS
#include "sandbox/windows/settings.h"

#include <ole2.h>

#include <initguid.h>
#include <netfw.h>

#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum {
    ANY_PROTOCOL = 256 /* NET_FW_IP_PROTOCOL_ANY, which MinGW-w64 lacks in some versions */
};

/* "block out remote=any user=SDDL" in parts. */
struct wish {
    bool is_out;
    bool spares_loopback;
    const char *user;
};

static int read_wish(const char *value, struct wish *wish, struct error *err)
{
    const char *user = strstr(value, " user=");

    if (strncmp(value, "block ", 6) != 0 || user == NULL)
        return error_set(err, ERR_INVALID, "firewall: \"%s\" is no rule", value);
    *wish = (struct wish){.is_out = strncmp(value + 6, "out ", 4) == 0,
                          .spares_loopback = strstr(value, " remote=not-loopback") != NULL,
                          .user = user + 6};
    return 0;
}

/* The firewall takes no "all but": every address around 127.0.0.0/8 and ::1. */
static const wchar_t not_loopback[] = L"0.0.0.0-126.255.255.255,128.0.0.0-255.255.255.255,::,"
                                      L"::2-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";

static int fail_com(HRESULT result, const char *call, const char *object, struct error *err)
{
    (void)error_set(err, ERR_OS, "%s %s: 0x%08lx", call, object, (unsigned long)result);
    return error_hint(err,
                      "the firewall's service (mpssvc) must run; holdfast-sandbox doctor looks");
}

static HRESULT open_policy(INetFwPolicy2 **policy)
{
    HRESULT result = CoInitializeEx(NULL, COINIT_APARTMENTTHREADED);

    if (FAILED(result) && result != RPC_E_CHANGED_MODE)
        return result;
    return CoCreateInstance(&CLSID_NetFwPolicy2, NULL, CLSCTX_INPROC_SERVER, &IID_INetFwPolicy2,
                            (void **)policy);
}

static INetFwRules *open_rules(struct error *err)
{
    INetFwPolicy2 *policy = NULL;
    INetFwRules *rules = NULL;
    HRESULT result = open_policy(&policy);

    if (SUCCEEDED(result)) {
        result = INetFwPolicy2_get_Rules(policy, &rules);
        (void)INetFwPolicy2_Release(policy);
    }
    if (SUCCEEDED(result) && rules != NULL)
        return rules;
    (void)fail_com(result, "NetFwPolicy2", "", err);
    return NULL;
}

static BSTR to_bstr(const char *text, struct error *err)
{
    AUTO_FREE wchar_t *wide = win_wide(text, err);
    BSTR bstr = wide != NULL ? SysAllocString(wide) : NULL;

    if (wide != NULL && bstr == NULL)
        (void)error_memory(err, "firewall");
    return bstr;
}

/* Reading -------------------------------------------------------------------------------------------- */

static bool is_same_user(INetFwRule3 *rule, const char *sddl)
{
    AUTO_SD struct nt_sd wanted = NT_SD_EMPTY;
    AUTO_SD struct nt_sd found = NT_SD_EMPTY;
    struct error ignored;
    BSTR list = NULL;
    AUTO_FREE char *text = NULL;

    if (FAILED(INetFwRule3_get_LocalUserAuthorizedList(rule, &list)) || list == NULL)
        return false;
    text = win_narrow(list, &ignored);
    SysFreeString(list);
    return text != NULL && nt_sddl_parse(text, NULL, &found, &ignored) == 0 &&
           nt_sddl_parse(sddl, NULL, &wanted, &ignored) == 0 &&
           nt_acl_equal(&found.dacl, &wanted.dacl);
}

/* All addresses, or all but some; of any protocol, any program. A list of addresses comes back spelt in
 * another way. */
static bool has_same_scope(INetFwRule3 *rule, const struct wish *wish)
{
    BSTR remote = NULL;
    BSTR program = NULL;
    long protocol = 0;
    bool is_same = SUCCEEDED(INetFwRule3_get_RemoteAddresses(rule, &remote)) && remote != NULL &&
                   (wcscmp(remote, L"*") == 0) == !wish->spares_loopback &&
                   SUCCEEDED(INetFwRule3_get_Protocol(rule, &protocol)) &&
                   protocol == ANY_PROTOCOL &&
                   SUCCEEDED(INetFwRule3_get_ApplicationName(rule, &program)) &&
                   (program == NULL || program[0] == L'\0');

    SysFreeString(remote);
    SysFreeString(program);
    return is_same;
}

/* What we wrote into the description, if the rule still does that. */
static int text_of(INetFwRule3 *rule, char **value, struct error *err)
{
    BSTR description = NULL;
    VARIANT_BOOL is_enabled = VARIANT_FALSE;
    NET_FW_ACTION action = NET_FW_ACTION_ALLOW;
    NET_FW_RULE_DIRECTION direction = NET_FW_RULE_DIR_IN;
    long profiles = 0;
    AUTO_FREE char *text = NULL;
    struct wish wish = {.user = NULL};

    if (SUCCEEDED(INetFwRule3_get_Description(rule, &description)) && description != NULL) {
        text = win_narrow(description, err);
        SysFreeString(description);
    }
    if (text != NULL && read_wish(text, &wish, err) == 0 &&
        SUCCEEDED(INetFwRule3_get_Enabled(rule, &is_enabled)) && is_enabled != VARIANT_FALSE &&
        SUCCEEDED(INetFwRule3_get_Action(rule, &action)) && action == NET_FW_ACTION_BLOCK &&
        SUCCEEDED(INetFwRule3_get_Direction(rule, &direction)) &&
        (direction == NET_FW_RULE_DIR_OUT) == wish.is_out &&
        SUCCEEDED(INetFwRule3_get_Profiles(rule, &profiles)) && profiles == NET_FW_PROFILE2_ALL &&
        is_same_user(rule, wish.user) && has_same_scope(rule, &wish))
        *value = TAKE(text);
    else
        *value = text_copy("altered", 7);
    return *value != NULL ? 0 : error_memory(err, "firewall");
}

int win_firewall_get(const char *name, char **value, struct error *err)
{
    INetFwRules *rules = open_rules(err);
    INetFwRule *rule = NULL;
    INetFwRule3 *rule3 = NULL;
    BSTR key = rules != NULL ? to_bstr(name, err) : NULL;
    HRESULT found;
    int result = -1;

    *value = NULL;
    if (key != NULL) {
        found = INetFwRules_Item(rules, key, &rule);
        if (found == HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND)) {
            result = 0;
        } else if (SUCCEEDED(found) && rule != NULL) {
            found = INetFwRule_QueryInterface(rule, &IID_INetFwRule3, (void **)&rule3);
            result = SUCCEEDED(found) ? text_of(rule3, value, err)
                                      : fail_com(found, "INetFwRule3", name, err);
            if (rule3 != NULL)
                (void)INetFwRule3_Release(rule3);
            (void)INetFwRule_Release(rule);
        } else {
            result = fail_com(found, "INetFwRules.Item", name, err);
        }
    }
    SysFreeString(key);
    if (rules != NULL)
        (void)INetFwRules_Release(rules);
    return result;
}

void win_firewall_doubt(struct buffer *said)
{
    INetFwPolicy2 *policy = NULL;
    NET_FW_MODIFY_STATE state = NET_FW_MODIFY_STATE_OK;
    HRESULT result = open_policy(&policy);

    if (SUCCEEDED(result)) {
        result = INetFwPolicy2_get_LocalPolicyModifyState(policy, &state);
        (void)INetFwPolicy2_Release(policy);
    }
    if (FAILED(result))
        buffer_printf(said, "firewall: 0x%08lx; only the filters are known to hold\n",
                      (unsigned long)result);
    else if (state != NET_FW_MODIFY_STATE_OK)
        buffer_printf(said,
                      "firewall: a group policy overrides this machine's own rules, ours too; "
                      "the filters do not depend on them\n");
}

/* Writing -------------------------------------------------------------------------------------------- */

static HRESULT fill(INetFwRule3 *rule, BSTR name, BSTR text, BSTR user, BSTR remote, bool is_out)
{
    HRESULT result = INetFwRule3_put_Name(rule, name);

    if (SUCCEEDED(result))
        result = INetFwRule3_put_Description(rule, text);
    if (SUCCEEDED(result))
        result = INetFwRule3_put_Direction(rule, is_out ? NET_FW_RULE_DIR_OUT : NET_FW_RULE_DIR_IN);
    if (SUCCEEDED(result))
        result = INetFwRule3_put_Action(rule, NET_FW_ACTION_BLOCK);
    if (SUCCEEDED(result))
        result = INetFwRule3_put_Profiles(rule, NET_FW_PROFILE2_ALL);
    if (SUCCEEDED(result))
        result = INetFwRule3_put_RemoteAddresses(rule, remote);
    if (SUCCEEDED(result))
        result = INetFwRule3_put_LocalUserAuthorizedList(rule, user);
    if (SUCCEEDED(result))
        result = INetFwRule3_put_Enabled(rule, VARIANT_TRUE);
    return result;
}

static int add_rule(INetFwRules *rules, const char *name, const char *value, struct error *err)
{
    struct wish wish = {.user = NULL};
    INetFwRule3 *rule = NULL;
    BSTR key = NULL;
    BSTR text = NULL;
    BSTR user = NULL;
    BSTR remote = NULL;
    HRESULT result;

    if (read_wish(value, &wish, err) < 0)
        return -1;
    key = to_bstr(name, err);
    text = to_bstr(value, err);
    user = to_bstr(wish.user, err);
    remote = SysAllocString(wish.spares_loopback ? not_loopback : L"*");
    result = key == NULL || text == NULL || user == NULL || remote == NULL
                 ? E_OUTOFMEMORY
                 : CoCreateInstance(&CLSID_NetFwRule, NULL, CLSCTX_INPROC_SERVER, &IID_INetFwRule3,
                                    (void **)&rule);
    if (SUCCEEDED(result)) {
        result = fill(rule, key, text, user, remote, wish.is_out);
        if (SUCCEEDED(result))
            result = INetFwRules_Add(rules, (INetFwRule *)rule);
        (void)INetFwRule3_Release(rule);
    }
    SysFreeString(key);
    SysFreeString(text);
    SysFreeString(user);
    SysFreeString(remote);
    return SUCCEEDED(result) ? 0 : fail_com(result, "INetFwRules.Add", name, err);
}

int win_firewall_set(const char *name, const char *value, struct error *err)
{
    INetFwRules *rules = open_rules(err);
    BSTR key = rules != NULL ? to_bstr(name, err) : NULL;
    HRESULT removed;
    int result = -1;

    if (key != NULL) {
        removed = INetFwRules_Remove(rules, key); /* an altered one is replaced */
        result = FAILED(removed) && removed != HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND)
                     ? fail_com(removed, "INetFwRules.Remove", name, err)
                     : 0;
    }
    if (result == 0 && value != NULL)
        result = add_rule(rules, name, value, err);
    SysFreeString(key);
    if (rules != NULL)
        (void)INetFwRules_Release(rules);
    return result;
}

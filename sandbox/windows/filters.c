/*
 * Filters, provider and sublayer of the Windows Filtering Platform, all
 * persistent: they are there before the first process of an account is.
 *
 * MinGW-w64 declares the functions and not the GUIDs. Those below are from
 * "Management Filtering Layer Identifiers" and "Filtering Condition
 * Identifiers" of the WFP documentation, values as in the SDK's fwpmu.h.
 */
#include "sandbox/windows/settings.h"

#include <fwpmu.h>
#include <objbase.h>

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "sandbox/windows_rules.h"

static const GUID layers[WINDOWS_LAYER_COUNT] = {
    /* FWPM_LAYER_ALE_AUTH_CONNECT_V4, _V6 */
    {0xc38d57d1, 0x05a7, 0x4c33, {0x90, 0x4f, 0x7f, 0xbc, 0xee, 0xe6, 0x0e, 0x82}},
    {0x4a72393b, 0x319f, 0x44bc, {0x84, 0xc3, 0xba, 0x54, 0xdc, 0xb3, 0xb6, 0xb4}},
    /* FWPM_LAYER_ALE_AUTH_RECV_ACCEPT_V4, _V6 */
    {0xe1cd9fe7, 0xf4b5, 0x4273, {0x96, 0xc0, 0x59, 0x2e, 0x48, 0x7b, 0x86, 0x50}},
    {0xa3b42c97, 0x9f04, 0x4672, {0xb8, 0x7e, 0xce, 0xe9, 0xc4, 0x83, 0x25, 0x7f}},
    /* FWPM_LAYER_ALE_RESOURCE_ASSIGNMENT_V4, _V6 */
    {0x1247d66d, 0x0b60, 0x4a15, {0x8d, 0x44, 0x71, 0x55, 0xd0, 0xf5, 0x3a, 0x0c}},
    {0x55a650e1, 0x5f0a, 0x4eca, {0xa6, 0x53, 0x88, 0xf5, 0x3b, 0x26, 0xaa, 0x8c}},
};

/* FWPM_CONDITION_... */
static const GUID condition_user = {
    0xaf043a0a, 0xb34d, 0x4f86, {0x97, 0x9c, 0xc9, 0x03, 0x71, 0xaf, 0x6e, 0x66}};
static const GUID condition_flags = {
    0x632ce23b, 0x5167, 0x435c, {0x86, 0xd7, 0xe9, 0x03, 0x68, 0x4a, 0xa8, 0x0c}};
static const GUID condition_protocol = {
    0x3971ef2b, 0x623e, 0x4f9a, {0x8c, 0xb1, 0x6e, 0x79, 0xb8, 0x06, 0xb9, 0xa7}};
static const GUID condition_remote_port = {
    0xc35a604d, 0xd22b, 0x4e1a, {0x91, 0xb4, 0x68, 0xf6, 0x74, 0xee, 0x67, 0x4b}};

enum {
    PERSISTENT = 1, /* FWPM_FILTER_FLAG_, FWPM_PROVIDER_FLAG_, FWPM_SUBLAYER_FLAG_PERSISTENT */
    CLEAR_ACTION_RIGHT = 8, /* FWPM_FILTER_FLAG_: nobody after us may turn a block into a permit */
    IS_LOOPBACK = 1,        /* FWP_CONDITION_FLAG_IS_LOOPBACK */
    SUBLAYER_WEIGHT = 0x8000,
};

#define NO_FILTER   0x80320003u /* FWP_E_FILTER_NOT_FOUND */
#define NO_PROVIDER 0x80320005u
#define NO_SUBLAYER 0x80320007u

static wchar_t shown_name[] = L"Holdfast sandbox";

/* One for all calls: it is an RPC connection. Closed when the process ends. */
static HANDLE open_engine(struct error *err)
{
    static HANDLE engine;
    DWORD status;

    if (engine != NULL)
        return engine;
    status = FwpmEngineOpen0(NULL, RPC_C_AUTHN_WINNT, NULL, NULL, &engine);
    if (status != ERROR_SUCCESS) {
        engine = NULL;
        (void)win_fail(err, status, "FwpmEngineOpen", "");
    }
    return engine;
}

static int read_guid(const char *text, GUID *guid, struct error *err)
{
    AUTO_FREE wchar_t *wide = win_wide(text, err);

    if (wide == NULL)
        return -1;
    return SUCCEEDED(IIDFromString(wide, guid))
               ? 0
               : error_set(err, ERR_INVALID, "\"%s\" is no GUID", text);
}

static GUID guid_of(const char *text)
{
    GUID guid = {0};
    struct error never;

    (void)read_guid(text, &guid, &never); /* a constant of ours */
    return guid;
}

/* Building ------------------------------------------------------------------------------------------- */

struct built {
    FWPM_FILTER0 filter;
    FWPM_FILTER_CONDITION0 conditions[4];
    FWP_BYTE_BLOB user;
    void *user_bytes; /* owned */
    GUID provider;
};

static FWPM_FILTER_CONDITION0 *add_condition(struct built *built, const GUID *field,
                                             FWP_MATCH_TYPE match, FWP_DATA_TYPE type)
{
    FWPM_FILTER_CONDITION0 *condition = &built->conditions[built->filter.numFilterConditions++];

    condition->fieldKey = *field;
    condition->matchType = match;
    condition->conditionValue.type = type;
    return condition;
}

static int add_user(struct built *built, const char *sddl, struct error *err)
{
    AUTO_SD struct nt_sd sd = NT_SD_EMPTY;

    if (nt_sddl_parse(sddl, NULL, &sd, err) < 0)
        return -1;
    built->user_bytes = malloc(nt_sd_size(&sd));
    if (built->user_bytes == NULL)
        return error_memory(err, "filter");
    if (nt_sd_write(&sd, built->user_bytes, err) < 0)
        return -1;
    built->user = (FWP_BYTE_BLOB){(UINT32)nt_sd_size(&sd), built->user_bytes};
    add_condition(built, &condition_user, FWP_MATCH_EQUAL, FWP_SECURITY_DESCRIPTOR_TYPE)
        ->conditionValue.sd = &built->user;
    return 0;
}

static int build(const char *guid, const char *text, struct built *built, struct error *err)
{
    struct windows_rule rule;

    *built = (struct built){.provider = guid_of(WINDOWS_PROVIDER_GUID)};
    if (windows_rule_parse(text, &rule, err) < 0 ||
        read_guid(guid, &built->filter.filterKey, err) < 0)
        return -1;
    built->filter.displayData.name = shown_name;
    built->filter.flags = PERSISTENT | (rule.is_permit ? 0 : CLEAR_ACTION_RIGHT);
    built->filter.providerKey = &built->provider;
    built->filter.providerData = (FWP_BYTE_BLOB){(UINT32)strlen(text), (UINT8 *)(uintptr_t)text};
    built->filter.layerKey = layers[rule.layer];
    built->filter.subLayerKey = guid_of(WINDOWS_SUBLAYER_GUID);
    built->filter.weight.type = FWP_UINT8;
    built->filter.weight.uint8 = (UINT8)rule.weight;
    built->filter.action.type = rule.is_permit ? FWP_ACTION_PERMIT : FWP_ACTION_BLOCK;
    built->filter.filterCondition = built->conditions;
    if (rule.user[0] != '\0' && add_user(built, rule.user, err) < 0)
        return -1;
    if (rule.loopback != WINDOWS_ANY_ADDRESS)
        add_condition(built, &condition_flags,
                      rule.loopback == WINDOWS_LOOPBACK_ONLY ? FWP_MATCH_FLAGS_ALL_SET
                                                             : FWP_MATCH_FLAGS_NONE_SET,
                      FWP_UINT32)
            ->conditionValue.uint32 = IS_LOOPBACK;
    if (rule.protocol != 0)
        add_condition(built, &condition_protocol, FWP_MATCH_EQUAL, FWP_UINT8)
            ->conditionValue.uint8 = (UINT8)rule.protocol;
    if (rule.port != 0)
        add_condition(built, &condition_remote_port, FWP_MATCH_EQUAL, FWP_UINT16)
            ->conditionValue.uint16 = (UINT16)rule.port;
    return 0;
}

/* Is it still what we made? ------------------------------------------------------------------------ */

static bool is_same_user(const FWP_BYTE_BLOB *a, const FWP_BYTE_BLOB *b)
{
    AUTO_SD struct nt_sd x = NT_SD_EMPTY;
    AUTO_SD struct nt_sd y = NT_SD_EMPTY;
    struct error ignored;

    return nt_sd_read(a->data, a->size, &x, &ignored) == 0 &&
           nt_sd_read(b->data, b->size, &y, &ignored) == 0 && nt_acl_equal(&x.dacl, &y.dacl) &&
           nt_sd_is_open(&x) == nt_sd_is_open(&y);
}

static bool is_same_condition(const FWPM_FILTER_CONDITION0 *a, const FWPM_FILTER_CONDITION0 *b)
{
    if (memcmp(&a->fieldKey, &b->fieldKey, sizeof a->fieldKey) != 0 ||
        a->matchType != b->matchType || a->conditionValue.type != b->conditionValue.type)
        return false;
    switch (a->conditionValue.type) {
    case FWP_UINT8:
        return a->conditionValue.uint8 == b->conditionValue.uint8;
    case FWP_UINT16:
        return a->conditionValue.uint16 == b->conditionValue.uint16;
    case FWP_UINT32:
        return a->conditionValue.uint32 == b->conditionValue.uint32;
    case FWP_SECURITY_DESCRIPTOR_TYPE:
        return is_same_user(a->conditionValue.sd, b->conditionValue.sd);
    default:
        return false;
    }
}

static bool has_condition(const FWPM_FILTER0 *filter, const FWPM_FILTER_CONDITION0 *wanted)
{
    for (UINT32 i = 0; i < filter->numFilterConditions; i++) {
        if (is_same_condition(&filter->filterCondition[i], wanted))
            return true;
    }
    return false;
}

static bool is_same_filter(const FWPM_FILTER0 *found, const FWPM_FILTER0 *wanted)
{
    const UINT32 flags = PERSISTENT | CLEAR_ACTION_RIGHT;

    if (found->numFilterConditions != wanted->numFilterConditions ||
        memcmp(&found->layerKey, &wanted->layerKey, sizeof found->layerKey) != 0 ||
        memcmp(&found->subLayerKey, &wanted->subLayerKey, sizeof found->subLayerKey) != 0 ||
        found->action.type != wanted->action.type || found->weight.type != wanted->weight.type ||
        found->weight.uint8 != wanted->weight.uint8 ||
        (found->flags & flags) != (wanted->flags & flags))
        return false;
    for (UINT32 i = 0; i < wanted->numFilterConditions; i++) {
        if (!has_condition(found, &wanted->filterCondition[i]))
            return false;
    }
    return true;
}

/* The text that we put there, if all of the filter is what the text says. */
static int text_of(const char *name, const FWPM_FILTER0 *found, char **value, struct error *err)
{
    AUTO_FREE char *text =
        text_copy((const char *)found->providerData.data, found->providerData.size);
    struct built built = {0};
    struct error ignored;
    bool is_ours;

    if (text == NULL)
        return error_memory(err, "filter");
    is_ours = text_is_utf8(text, strlen(text)) && build(name, text, &built, &ignored) == 0 &&
              is_same_filter(found, &built.filter);
    free(built.user_bytes);
    *value = is_ours ? TAKE(text) : text_copy("altered", 7);
    return *value != NULL ? 0 : error_memory(err, "filter");
}

/* Get and set -------------------------------------------------------------------------------------- */

static int found_word(DWORD status, DWORD missing, void *object, const char *word, char **value,
                      struct error *err)
{
    if (status == missing)
        return 0;
    if (status != ERROR_SUCCESS)
        return win_fail(err, status, "Fwpm...GetByKey", word);
    FwpmFreeMemory0(&object);
    *value = text_copy(word, strlen(word));
    return *value != NULL ? 0 : error_memory(err, word);
}

int win_filter_get(const char *name, char **value, struct error *err)
{
    HANDLE engine = open_engine(err);
    FWPM_FILTER0 *filter = NULL;
    FWPM_PROVIDER0 *provider = NULL;
    FWPM_SUBLAYER0 *sublayer = NULL;
    GUID key;
    DWORD status;
    int result;

    *value = NULL;
    if (engine == NULL || read_guid(name, &key, err) < 0)
        return -1;
    if (strcmp(name, WINDOWS_PROVIDER_GUID) == 0) {
        status = FwpmProviderGetByKey0(engine, &key, &provider);
        return found_word(status, NO_PROVIDER, provider, "provider", value, err);
    }
    if (strcmp(name, WINDOWS_SUBLAYER_GUID) == 0) {
        status = FwpmSubLayerGetByKey0(engine, &key, &sublayer);
        return found_word(status, NO_SUBLAYER, sublayer, "sublayer", value, err);
    }
    status = FwpmFilterGetByKey0(engine, &key, &filter);
    if (status == NO_FILTER)
        return 0;
    if (status != ERROR_SUCCESS)
        return win_fail(err, status, "FwpmFilterGetByKey", name);
    result = text_of(name, filter, value, err);
    FwpmFreeMemory0((void **)&filter);
    return result;
}

static DWORD add_provider(HANDLE engine, const GUID *key)
{
    FWPM_PROVIDER0 provider = {
        .providerKey = *key, .displayData.name = shown_name, .flags = PERSISTENT};

    return FwpmProviderAdd0(engine, &provider, NULL);
}

static DWORD add_sublayer(HANDLE engine, const GUID *key)
{
    GUID provider = guid_of(WINDOWS_PROVIDER_GUID);
    FWPM_SUBLAYER0 sublayer = {.subLayerKey = *key,
                               .displayData.name = shown_name,
                               .flags = PERSISTENT,
                               .providerKey = &provider,
                               .weight = SUBLAYER_WEIGHT};

    return FwpmSubLayerAdd0(engine, &sublayer, NULL);
}

/* In one transaction, because an altered one is replaced: there is no moment without it. */
static int put_filter(HANDLE engine, const char *name, const char *value, struct error *err)
{
    struct built built;
    DWORD status = 0;
    int result = build(name, value, &built, err);

    if (result == 0) {
        status = FwpmTransactionBegin0(engine, 0);
        if (status == ERROR_SUCCESS) {
            status = FwpmFilterDeleteByKey0(engine, &built.filter.filterKey);
            status = status == NO_FILTER ? ERROR_SUCCESS : status;
            if (status == ERROR_SUCCESS)
                status = FwpmFilterAdd0(engine, &built.filter, NULL, NULL);
            if (status == ERROR_SUCCESS)
                status = FwpmTransactionCommit0(engine);
            else
                (void)FwpmTransactionAbort0(engine);
        }
        if (status != ERROR_SUCCESS)
            result = win_fail(err, status, "FwpmFilterAdd", name);
    }
    free(built.user_bytes);
    return result;
}

static int remove_object(HANDLE engine, const char *name, const GUID *key, struct error *err)
{
    DWORD status;

    if (strcmp(name, WINDOWS_PROVIDER_GUID) == 0)
        status = FwpmProviderDeleteByKey0(engine, key);
    else if (strcmp(name, WINDOWS_SUBLAYER_GUID) == 0)
        status = FwpmSubLayerDeleteByKey0(engine, key);
    else
        status = FwpmFilterDeleteByKey0(engine, key);
    return status == ERROR_SUCCESS ? 0 : win_fail(err, status, "Fwpm...DeleteByKey", name);
}

int win_filter_set(const char *name, const char *value, struct error *err)
{
    HANDLE engine = open_engine(err);
    DWORD status;
    GUID key;

    if (engine == NULL || read_guid(name, &key, err) < 0)
        return -1;
    if (value == NULL)
        return remove_object(engine, name, &key, err);
    if (strcmp(value, "provider") == 0)
        status = add_provider(engine, &key);
    else if (strcmp(value, "sublayer") == 0)
        status = add_sublayer(engine, &key);
    else
        return put_filter(engine, name, value, err);
    return status == ERROR_SUCCESS ? 0 : win_fail(err, status, "Fwpm...Add", value);
}

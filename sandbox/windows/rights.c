/* Account rights, by the local security authority. */
#include "sandbox/windows/settings.h"

#include <ntsecapi.h>

#include <string.h>

#include "base/text.h"

static int fail_lsa(NTSTATUS status, const char *call, const char *object, struct error *err)
{
    return win_fail(err, LsaNtStatusToWinError(status), call, object);
}

static LSA_HANDLE open_policy(struct error *err)
{
    LSA_OBJECT_ATTRIBUTES attributes = {0};
    LSA_HANDLE policy = NULL;
    NTSTATUS status = LsaOpenPolicy(
        NULL, &attributes,
        POLICY_LOOKUP_NAMES | POLICY_CREATE_ACCOUNT | POLICY_VIEW_LOCAL_INFORMATION, &policy);

    if (status >= 0)
        return policy;
    (void)fail_lsa(status, "LsaOpenPolicy", "", err);
    return NULL;
}

struct right {
    struct win_sid storage;
    PSID sid;
    wchar_t *text;
    LSA_UNICODE_STRING name;
};

static int find_right(const char *name, struct right *right, struct error *err)
{
    char group[512];
    const char *word;
    struct nt_sid sid;

    if (win_split(name, group, &word, err) < 0 || win_account_sid(group, &sid, err) < 0)
        return -1;
    right->sid = win_sid(&sid, &right->storage);
    right->text = win_wide(word, err);
    if (right->text == NULL)
        return -1;
    right->name.Buffer = right->text;
    right->name.Length = (USHORT)(wcslen(right->text) * sizeof(wchar_t));
    right->name.MaximumLength = (USHORT)(right->name.Length + sizeof(wchar_t));
    return 0;
}

static bool is_same(const LSA_UNICODE_STRING *a, const LSA_UNICODE_STRING *b)
{
    return a->Length == b->Length && memcmp(a->Buffer, b->Buffer, a->Length) == 0;
}

static int has_right(LSA_HANDLE policy, const struct right *right, bool *found, struct error *err)
{
    LSA_UNICODE_STRING *rights = NULL;
    ULONG count = 0;
    NTSTATUS status = LsaEnumerateAccountRights(policy, right->sid, &rights, &count);

    *found = false;
    if (LsaNtStatusToWinError(status) == ERROR_FILE_NOT_FOUND)
        return 0; /* it has none at all */
    if (status < 0)
        return fail_lsa(status, "LsaEnumerateAccountRights", "", err);
    for (ULONG i = 0; i < count; i++)
        *found = *found || is_same(&rights[i], &right->name);
    (void)LsaFreeMemory(rights);
    return 0;
}

int win_right_get(const char *name, char **value, struct error *err)
{
    struct right right;
    LSA_HANDLE policy;
    bool found = false;
    int result;

    *value = NULL;
    if (find_right(name, &right, err) < 0)
        return err->os_code == ERROR_NONE_MAPPED ? 0 : -1; /* no group, no right */
    policy = open_policy(err);
    result = policy != NULL ? has_right(policy, &right, &found, err) : -1;
    if (policy != NULL)
        (void)LsaClose(policy);
    free(right.text);
    if (result < 0 || !found)
        return result;
    *value = text_copy("1", 1);
    return *value != NULL ? 0 : error_memory(err, name);
}

int win_right_set(const char *name, const char *value, struct error *err)
{
    struct right right;
    LSA_HANDLE policy;
    NTSTATUS status = 0;

    if (find_right(name, &right, err) < 0)
        return -1;
    policy = open_policy(err);
    if (policy != NULL) {
        status = value != NULL ? LsaAddAccountRights(policy, right.sid, &right.name, 1)
                               : LsaRemoveAccountRights(policy, right.sid, FALSE, &right.name, 1);
        (void)LsaClose(policy);
    }
    free(right.text);
    if (policy == NULL)
        return -1;
    return status >= 0
               ? 0
               : fail_lsa(status, value != NULL ? "LsaAddAccountRights" : "LsaRemoveAccountRights",
                          name, err);
}

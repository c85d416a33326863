/* Local group and accounts. By SID wherever a name of Windows' own is meant: it is another in every
 * language. */
#include "sandbox/windows/settings.h"

#include <lm.h>
#include <userenv.h>

#include <stdio.h>
#include <string.h>

#include "base/os.h"
#include "base/text.h"
#include "sandbox/windows/setup.h"
#include "sandbox/windows_password.h"
#include "sandbox/windows_plans.h"

enum {
    PROFILE_WAIT_MS = 20000,
    PROFILE_POLL_MS = 250,
};

static int copy_text(const wchar_t *from, char **value, struct error *err)
{
    *value = win_narrow(from != NULL ? from : L"", err);
    return *value != NULL ? 0 : -1;
}

/* Group ---------------------------------------------------------------------------------------------- */

int win_group_get(const char *name, char **value, struct error *err)
{
    AUTO_FREE wchar_t *wide = win_wide(name, err);
    LOCALGROUP_INFO_1 *info = NULL;
    NET_API_STATUS status;
    int result;

    *value = NULL;
    if (wide == NULL)
        return -1;
    status = NetLocalGroupGetInfo(NULL, wide, 1, (BYTE **)&info);
    if (status == NERR_GroupNotFound || status == ERROR_NO_SUCH_ALIAS)
        return 0;
    if (status != NERR_Success)
        return win_fail(err, status, "NetLocalGroupGetInfo", name);
    result = copy_text(info->lgrpi1_comment, value, err);
    (void)NetApiBufferFree(info);
    return result;
}

/* One that was there before us: only its comment is changed, and given back. */
static int comment_group(const wchar_t *name, wchar_t *comment, const char *shown,
                         struct error *err)
{
    LOCALGROUP_INFO_1002 info = {.lgrpi1002_comment = comment};
    NET_API_STATUS status = NetLocalGroupSetInfo(NULL, name, 1002, (BYTE *)&info, NULL);

    return status == NERR_Success ? 0 : win_fail(err, status, "NetLocalGroupSetInfo", shown);
}

int win_group_set(const char *name, const char *value, struct error *err)
{
    AUTO_FREE wchar_t *wide = win_wide(name, err);
    AUTO_FREE wchar_t *comment = wide != NULL && value != NULL ? win_wide(value, err) : NULL;
    LOCALGROUP_INFO_1 info = {.lgrpi1_name = wide, .lgrpi1_comment = comment};
    NET_API_STATUS status;

    if (wide == NULL || (value != NULL && comment == NULL))
        return -1;
    if (value == NULL) {
        status = NetLocalGroupDel(NULL, wide);
        return status == NERR_Success ? 0 : win_fail(err, status, "NetLocalGroupDel", name);
    }
    status = NetLocalGroupAdd(NULL, 1, (BYTE *)&info, NULL);
    if (status == NERR_GroupExists || status == ERROR_ALIAS_EXISTS)
        return comment_group(wide, comment, name, err);
    return status == NERR_Success ? 0 : win_fail(err, status, "NetLocalGroupAdd", name);
}

/* Account -------------------------------------------------------------------------------------------- */

int win_account_get(const char *name, char **value, struct error *err)
{
    AUTO_FREE wchar_t *wide = win_wide(name, err);
    USER_INFO_1 *info = NULL;
    NET_API_STATUS status;
    int result;

    *value = NULL;
    if (wide == NULL)
        return -1;
    status = NetUserGetInfo(NULL, wide, 1, (BYTE **)&info);
    if (status == NERR_UserNotFound)
        return 0;
    if (status != NERR_Success)
        return win_fail(err, status, "NetUserGetInfo", name);
    result = copy_text(info->usri1_comment, value, err);
    (void)NetApiBufferFree(info);
    return result;
}

static int make_password(char password[WINDOWS_PASSWORD_LENGTH + 1], struct error *err)
{
    uint8_t random[WINDOWS_PASSWORD_RANDOM];

    do {
        if (os_random(random, sizeof random, err) < 0)
            return -1;
    } while (!windows_password(random, password));
    SecureZeroMemory(random, sizeof random);
    return 0;
}

/* Password policies may be stricter than Windows' own rule, at random. */
typedef NET_API_STATUS (*password_use)(const wchar_t *name, wchar_t *password);

static int with_password(const char *name, const char *call, password_use use, struct error *err)
{
    enum {
        TRIES = 20
    };
    AUTO_FREE wchar_t *wide = win_wide(name, err);
    NET_API_STATUS status = NERR_PasswordTooShort;

    for (int i = 0; wide != NULL && i < TRIES && status == NERR_PasswordTooShort; i++) {
        char password[WINDOWS_PASSWORD_LENGTH + 1];
        wchar_t *secret = make_password(password, err) == 0 ? win_wide(password, err) : NULL;
        int kept = 0;

        SecureZeroMemory(password, sizeof password);
        if (secret == NULL)
            return -1;
        status = use(wide, secret);
        if (status == NERR_Success)
            kept = win_secret_write(name, secret, win_setup_user(), err);
        win_secret_free(secret);
        if (status == NERR_Success)
            return kept;
    }
    return wide != NULL ? win_fail(err, status, call, name) : -1;
}

static wchar_t *account_comment; /* for add_user */

static NET_API_STATUS add_user(const wchar_t *name, wchar_t *password)
{
    USER_INFO_1 info = {
        .usri1_name = (wchar_t *)(uintptr_t)name,
        .usri1_password = password,
        .usri1_priv = USER_PRIV_USER,
        .usri1_comment = account_comment,
        .usri1_flags =
            UF_SCRIPT | UF_NORMAL_ACCOUNT | UF_DONT_EXPIRE_PASSWD | UF_PASSWD_CANT_CHANGE,
    };

    return NetUserAdd(NULL, 1, (BYTE *)&info, NULL);
}

static NET_API_STATUS change_password(const wchar_t *name, wchar_t *password)
{
    USER_INFO_1003 info = {.usri1003_password = password};

    return NetUserSetInfo(NULL, name, 1003, (BYTE *)&info, NULL);
}

int win_account_renew(const char *name, struct error *err)
{
    return with_password(name, "NetUserSetInfo", change_password, err);
}

/* The secondary logon service unloads a profile a moment after the last process that used it. */
static bool delete_profile(const wchar_t *sid)
{
    for (unsigned waited = 0;; waited += PROFILE_POLL_MS) {
        DWORD code;

        if (DeleteProfileW(sid, NULL, NULL))
            return true;
        code = GetLastError();
        if (code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND)
            return true; /* nobody has logged on yet */
        if (waited >= PROFILE_WAIT_MS) {
            SetLastError(code);
            return false;
        }
        Sleep(PROFILE_POLL_MS);
    }
}

/* The profile first: who it belongs to is looked up by the account. */
static int remove_profile(const char *name, struct error *err)
{
    char text[NT_SID_TEXT_MAX];
    AUTO_FREE wchar_t *wide = NULL;
    struct nt_sid sid;

    if (win_account_sid(name, &sid, err) < 0)
        return -1;
    nt_sid_format(&sid, text);
    wide = win_wide(text, err);
    if (wide == NULL)
        return -1;
    if (delete_profile(wide))
        return 0;
    (void)win_fail_last(err, "DeleteProfile", name);
    return error_hint(err, "end what still runs in that account, or restart, and run it again");
}

static int remove_account(const char *name, struct error *err)
{
    AUTO_FREE wchar_t *wide = win_wide(name, err);
    NET_API_STATUS status;

    if (wide == NULL || remove_profile(name, err) < 0)
        return -1;
    status = NetUserDel(NULL, wide);
    if (status != NERR_Success)
        return win_fail(err, status, "NetUserDel", name);
    return win_secret_remove(name, err);
}

static int comment_account(const char *name, wchar_t *comment, struct error *err)
{
    AUTO_FREE wchar_t *wide = win_wide(name, err);
    USER_INFO_1007 info = {.usri1007_comment = comment};
    NET_API_STATUS status;

    if (wide == NULL)
        return -1;
    status = NetUserSetInfo(NULL, wide, 1007, (BYTE *)&info, NULL);
    return status == NERR_Success ? 0 : win_fail(err, status, "NetUserSetInfo", name);
}

/* As published an account that exists is taken over, by a new password; whoever used it is locked out.
 * The default design never comes here (nt_setting.must_be_ours). */
static int adopt_account(const char *name, wchar_t *comment, struct error *err)
{
    return win_account_renew(name, err) < 0 ? -1 : comment_account(name, comment, err);
}

/* What can be given back of one that was taken over: the password it had is gone. */
static int give_back_account(const char *name, wchar_t *comment, struct error *err)
{
    if (comment_account(name, comment, err) < 0 || win_secret_remove(name, err) < 0)
        return -1;
    (void)error_set(err, ERR_UNSUPPORTED,
                    "%s was there before and was taken over: the password "
                    "that it had then is gone",
                    name);
    return error_hint(err, "give it a new one, or remove it");
}

int win_account_set(const char *name, const char *value, struct error *err)
{
    AUTO_FREE wchar_t *comment = NULL;
    AUTO_FREE char *now = NULL;
    bool is_there;
    int result;

    if (value == NULL)
        return remove_account(name, err);
    comment = win_account_get(name, &now, err) == 0 ? win_wide(value, err) : NULL;
    if (comment == NULL)
        return -1;
    is_there = now != NULL;
    if (is_there && strcmp(now, WINDOWS_OURS) == 0)
        return give_back_account(name, comment, err);
    if (is_there)
        return adopt_account(name, comment, err);
    account_comment = comment;
    result = with_password(name, "NetUserAdd", add_user, err);
    account_comment = NULL;
    return result;
}

/* "COMPUTER\name": a domain may have an account of that name, too. */
int win_account_sid(const char *name, struct nt_sid *sid, struct error *err)
{
    wchar_t computer[MAX_COMPUTERNAME_LENGTH + 1];
    wchar_t full[MAX_COMPUTERNAME_LENGTH + 300];
    wchar_t domain[300];
    uint8_t bytes[SECURITY_MAX_SID_SIZE];
    DWORD size = sizeof bytes;
    DWORD computer_size = MAX_COMPUTERNAME_LENGTH + 1;
    DWORD domain_size = 300;
    SID_NAME_USE use;
    AUTO_FREE wchar_t *wide = win_wide(name, err);

    if (wide == NULL)
        return -1;
    if (!GetComputerNameW(computer, &computer_size))
        return win_fail_last(err, "GetComputerName", "");
    if (swprintf(full, ARRAY_SIZE(full), L"%ls\\%ls", computer, wide) < 0)
        return error_set(err, ERR_INVALID, "%s: too long a name", name);
    if (!LookupAccountNameW(NULL, full, bytes, &size, domain, &domain_size, &use))
        return win_fail_last(err, "LookupAccountName", name);
    return win_read_sid(bytes, sid, err);
}

/* Membership ------------------------------------------------------------------------------------------- */

/* What the machine calls a well-known group; a name of ours stays. Caller frees. */
static wchar_t *group_name(const char *group, struct error *err)
{
    wchar_t *name;
    wchar_t domain[256];
    DWORD size = 256;
    DWORD domain_size = 256;
    struct win_sid storage;
    struct nt_sid sid;
    SID_NAME_USE use;

    if (strncmp(group, "S-1-", 4) != 0)
        return win_wide(group, err);
    if (nt_sid_parse(group, &sid, err) < 0)
        return NULL;
    name = calloc(size, sizeof *name);
    if (name == NULL)
        (void)error_memory(err, group);
    else if (!LookupAccountSidW(NULL, win_sid(&sid, &storage), name, &size, domain, &domain_size,
                                &use)) {
        (void)win_fail_last(err, "LookupAccountSid", group);
        free(name);
        name = NULL;
    }
    return name;
}

struct member {
    wchar_t *group;
    struct nt_sid sid;
};

static int find_member(const char *name, struct member *member, struct error *err)
{
    char group[512];
    const char *account;

    if (win_split(name, group, &account, err) < 0 ||
        win_account_sid(account, &member->sid, err) < 0)
        return -1;
    member->group = group_name(group, err);
    return member->group != NULL ? 0 : -1;
}

static int has_member(const struct member *member, bool *found, struct error *err)
{
    LOCALGROUP_MEMBERS_INFO_0 *info = NULL;
    DWORD count = 0;
    DWORD total = 0;
    NET_API_STATUS status = NetLocalGroupGetMembers(NULL, member->group, 0, (BYTE **)&info,
                                                    MAX_PREFERRED_LENGTH, &count, &total, NULL);

    *found = false;
    if (status != NERR_Success)
        return win_fail(err, status, "NetLocalGroupGetMembers", "");
    for (DWORD i = 0; i < count; i++) {
        struct nt_sid sid;
        struct error ignored;

        *found = *found || (win_read_sid(info[i].lgrmi0_sid, &sid, &ignored) == 0 &&
                            nt_sid_equal(&sid, &member->sid));
    }
    (void)NetApiBufferFree(info);
    return 0;
}

int win_member_get(const char *name, char **value, struct error *err)
{
    struct member member = {0};
    bool found = false;
    int result;

    *value = NULL;
    if (find_member(name, &member, err) < 0)
        return err->os_code == ERROR_NONE_MAPPED ? 0 : -1; /* no account, no membership */
    result = has_member(&member, &found, err);
    free(member.group);
    if (result < 0 || !found)
        return result;
    *value = text_copy("1", 1);
    return *value != NULL ? 0 : error_memory(err, name);
}

int win_member_set(const char *name, const char *value, struct error *err)
{
    struct member member = {0};
    struct win_sid storage;
    LOCALGROUP_MEMBERS_INFO_0 info;
    NET_API_STATUS status;

    if (find_member(name, &member, err) < 0)
        return -1;
    info.lgrmi0_sid = win_sid(&member.sid, &storage);
    status = value != NULL ? NetLocalGroupAddMembers(NULL, member.group, 0, (BYTE *)&info, 1)
                           : NetLocalGroupDelMembers(NULL, member.group, 0, (BYTE *)&info, 1);
    free(member.group);
    if (status == NERR_Success)
        return 0;
    return win_fail(err, status,
                    value != NULL ? "NetLocalGroupAddMembers" : "NetLocalGroupDelMembers", name);
}

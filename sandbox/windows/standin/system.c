/* In place of accounts.c, rights.c, filters.c and firewall.c. */
#include <stdio.h>
#include <string.h>

#include "base/os.h"
#include "sandbox/windows/settings.h"
#include "sandbox/windows/setup.h"
#include "sandbox/windows/standin/store.h"
#include "sandbox/windows_password.h"
#include "sandbox/windows_plans.h"

int win_group_get(const char *name, char **value, struct error *err)
{
    return store_get(STORE_GROUP, name, value, err);
}

int win_group_set(const char *name, const char *value, struct error *err)
{
    return store_set(STORE_GROUP, name, value, err);
}

int win_account_get(const char *name, char **value, struct error *err)
{
    return store_get(STORE_ACCOUNT, name, value, err);
}

int win_account_renew(const char *name, struct error *err)
{
    uint8_t random[WINDOWS_PASSWORD_RANDOM];
    char password[WINDOWS_PASSWORD_LENGTH + 1];
    AUTO_FREE wchar_t *wide = NULL;

    do {
        if (os_random(random, sizeof random, err) < 0)
            return -1;
    } while (!windows_password(random, password));
    wide = win_wide(password, err);
    if (wide == NULL || store_set(STORE_PASSWORD, name, password, err) < 0)
        return -1;
    return win_secret_write(name, wide, win_setup_user(), err);
}

int win_account_set(const char *name, const char *value, struct error *err)
{
    if (store_set(STORE_ACCOUNT, name, value, err) < 0)
        return -1;
    if (value != NULL)
        return win_account_renew(name, err);
    return store_set(STORE_PASSWORD, name, NULL, err) < 0 ? -1 : win_secret_remove(name, err);
}

/* A SID each, the same every time. */
int win_account_sid(const char *name, struct nt_sid *sid, struct error *err)
{
    AUTO_FREE char *found = NULL;
    uint32_t number = 1000;
    bool is_group = strcmp(name, windows_group_name) == 0;

    if (store_get(is_group ? STORE_GROUP : STORE_ACCOUNT, name, &found, err) < 0)
        return -1;
    if (found == NULL)
        return win_fail(err, ERROR_NONE_MAPPED, "LookupAccountName", name);
    for (int i = 0; !is_group && i < WINDOWS_ACCOUNT_COUNT; i++)
        number += strcmp(windows_account_names[i], name) == 0 ? (uint32_t)i + 1 : 0;
    *sid = (struct nt_sid)NT_SID(5, 21, 77, 77, 77, number);
    return 0;
}

int win_member_get(const char *name, char **value, struct error *err)
{
    return store_get(STORE_MEMBER, name, value, err);
}

int win_member_set(const char *name, const char *value, struct error *err)
{
    return store_set(STORE_MEMBER, name, value, err);
}

int win_right_get(const char *name, char **value, struct error *err)
{
    return store_get(STORE_RIGHT, name, value, err);
}

int win_right_set(const char *name, const char *value, struct error *err)
{
    return store_set(STORE_RIGHT, name, value, err);
}

int win_filter_get(const char *name, char **value, struct error *err)
{
    return store_get(STORE_FILTER, name, value, err);
}

int win_filter_set(const char *name, const char *value, struct error *err)
{
    return store_set(STORE_FILTER, name, value, err);
}

int win_firewall_get(const char *name, char **value, struct error *err)
{
    return store_get(STORE_RULE, name, value, err);
}

int win_firewall_set(const char *name, const char *value, struct error *err)
{
    return store_set(STORE_RULE, name, value, err);
}

void win_firewall_doubt(struct buffer *said)
{
    (void)said;
}

#include "sandbox/windows/settings.h"

#include <stdio.h>
#include <string.h>

const struct win_setting win_setup_settings[] = {
    {NT_KIND_GROUP, win_group_get, win_group_set},
    {NT_KIND_ACCOUNT, win_account_get, win_account_set},
    {NT_KIND_MEMBER, win_member_get, win_member_set},
    {NT_KIND_RIGHT, win_right_get, win_right_set},
    {NT_KIND_REGISTRY, win_registry_get, win_registry_set},
    {NT_KIND_FILTER, win_filter_get, win_filter_set},
    {NT_KIND_FIREWALL, win_firewall_get, win_firewall_set},
    {NT_KIND_FILE, win_file_get, win_file_set},
    {NT_KIND_DIRECTORY, win_directory_get, win_directory_set},
    {.get = NULL},
};

static struct nt_sid user;

void win_setup_settings_for(const struct nt_sid *sid)
{
    user = *sid;
}

const struct nt_sid *win_setup_user(void)
{
    return &user;
}

int win_split(const char *name, char left[512], const char **right, struct error *err)
{
    const char *tab = strchr(name, '\t');

    if (tab == NULL || tab - name >= 512)
        return error_set(err, ERR_INVALID, "setting \"%.80s\": not two parts", name);
    (void)snprintf(left, 512, "%.*s", (int)(tab - name), name);
    *right = tab + 1;
    return 0;
}

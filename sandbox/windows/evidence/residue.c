/* What a set-up left on the machine: what its plan names, and what Windows makes of it besides. */
#include "sandbox/windows/evidence/evidence.h"

#include <ntsecapi.h>
#include <userenv.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/windows/settings.h"
#include "sandbox/windows/setup.h"
#include "sandbox/windows/setup_verify.h"
#include "sandbox/windows_plans.h"

static int add_line(struct text_list *found, struct error *err, const char *what,
                    const char *detail)
{
    AUTO_BUFFER struct buffer line = BUFFER_EMPTY;

    buffer_printf(&line, "%s: %s", what, detail);
    return text_list_take(found, buffer_take(&line), err);
}

/* SIDs of accounts that are gone ----------------------------------------------------------------------- */

/* An account or group of a machine or domain that has no name any more. */
static bool is_orphan(PSID sid)
{
    const SID_IDENTIFIER_AUTHORITY *authority = GetSidIdentifierAuthority(sid);
    wchar_t name[256];
    wchar_t domain[256];
    DWORD name_size = ARRAY_SIZE(name);
    DWORD domain_size = ARRAY_SIZE(domain);
    SID_NAME_USE use;

    return authority->Value[5] == 5 && *GetSidSubAuthorityCount(sid) == 5 &&
           *GetSidSubAuthority(sid, 0) == 21 &&
           !LookupAccountSidW(NULL, sid, name, &name_size, domain, &domain_size, &use) &&
           GetLastError() == ERROR_NONE_MAPPED;
}

static int add_orphan(struct text_list *found, const char *what, PSID sid, struct error *err)
{
    char text[NT_SID_TEXT_MAX];
    struct nt_sid read;

    if (!is_orphan(sid))
        return 0;
    if (win_read_sid(sid, &read, err) < 0)
        return -1;
    nt_sid_format(&read, text);
    return add_line(found, err, what, text);
}

static int find_orphans_with(LSA_HANDLE policy, const wchar_t *right, struct text_list *found,
                             struct error *err)
{
    LSA_UNICODE_STRING name = {.Buffer = (wchar_t *)(uintptr_t)right,
                               .Length = (USHORT)(wcslen(right) * sizeof *right),
                               .MaximumLength = (USHORT)((wcslen(right) + 1) * sizeof *right)};
    LSA_ENUMERATION_INFORMATION *holders = NULL;
    AUTO_FREE char *narrow = win_narrow(right, err);
    ULONG count = 0;
    int result = narrow != NULL ? 0 : -1;

    /* An error here mostly says that nobody has it. */
    if (result == 0 &&
        LsaEnumerateAccountsWithUserRight(policy, &name, (void **)&holders, &count) >= 0) {
        for (ULONG i = 0; result == 0 && i < count; i++)
            result = add_orphan(found, narrow, holders[i].Sid, err);
        (void)LsaFreeMemory(holders);
    }
    return result;
}

static int find_rights(struct text_list *found, struct error *err)
{
    static const wchar_t *const rights[] = {L"SeDenyNetworkLogonRight", L"SeDenyBatchLogonRight",
                                            L"SeDenyServiceLogonRight",
                                            L"SeDenyRemoteInteractiveLogonRight"};
    LSA_OBJECT_ATTRIBUTES attributes = {0};
    LSA_HANDLE policy = NULL;
    NTSTATUS status = LsaOpenPolicy(NULL, &attributes,
                                    POLICY_LOOKUP_NAMES | POLICY_VIEW_LOCAL_INFORMATION, &policy);
    int result = 0;

    if (status < 0)
        return add_line(found, err, "rights", "cannot be looked at");
    for (size_t i = 0; result == 0 && i < ARRAY_SIZE(rights); i++)
        result = find_orphans_with(policy, rights[i], found, err);
    (void)LsaClose(policy);
    return result;
}

static int find_station(struct text_list *found, struct error *err)
{
    SECURITY_INFORMATION what = DACL_SECURITY_INFORMATION;
    _Alignas(8) uint8_t bytes[4096];
    AUTO_SD struct nt_sd sd = NT_SD_EMPTY;
    DWORD size = sizeof bytes;

    if (!GetUserObjectSecurity(GetProcessWindowStation(), &what, bytes, size, &size) ||
        nt_sd_read(bytes, size, &sd, err) < 0)
        return add_line(found, err, "window station", "cannot be looked at");
    for (size_t i = 0; i < sd.dacl.count; i++) {
        struct win_sid storage;

        if (!sd.dacl.aces[i].is_opaque &&
            add_orphan(found, "window station", win_sid(&sd.dacl.aces[i].sid, &storage), err) < 0)
            return -1;
    }
    return 0;
}

/* Profiles ----------------------------------------------------------------------------------------------- */

/* "C:\Users\HoldfastOffline", and ".MACHINE", ".000" behind it where the name was taken. */
static int find_profiles(struct text_list *found, struct error *err)
{
    wchar_t folder[MAX_PATH];
    wchar_t pattern[MAX_PATH + 16];
    DWORD size = MAX_PATH;
    WIN32_FIND_DATAW entry;
    HANDLE search;
    int result = 0;

    if (!GetProfilesDirectoryW(folder, &size))
        return win_fail_last(err, "GetProfilesDirectory", "");
    (void)swprintf(pattern, ARRAY_SIZE(pattern), L"%ls\\Holdfast*", folder);
    search = FindFirstFileW(pattern, &entry);
    if (search == INVALID_HANDLE_VALUE)
        return 0;
    do {
        AUTO_FREE char *name = win_narrow(entry.cFileName, err);

        result = name == NULL ? -1 : 0;
        for (int i = 0; result == 0 && i < WINDOWS_ACCOUNT_COUNT; i++) {
            size_t length = strlen(windows_account_names[i]);

            if (_strnicmp(name, windows_account_names[i], length) == 0 &&
                (name[length] == '\0' || name[length] == '.'))
                result = add_line(found, err, "profile", name);
        }
    } while (result == 0 && FindNextFileW(search, &entry));
    (void)FindClose(search);
    return result;
}

/* The plan's settings ------------------------------------------------------------------------------------ */

/* By name and GUID only: the accounts whose SIDs stood in the values are gone. */
static int look_for(const struct step *step, struct text_list *found, struct error *err)
{
    AUTO_FREE char *value = NULL;
    AUTO_BUFFER struct buffer line = BUFFER_EMPTY;
    struct error why = {0};
    const struct win_setting *setting = win_setup_settings;

    while (setting->get != NULL && (uint64_t)setting->kind != step->bits)
        setting++;
    if (setting->get == NULL)
        return 0;
    if (setting->get(step->path, &value, &why) < 0)
        buffer_printf(&line, "%s %s: cannot be looked at: %s",
                      nt_kind_name((enum nt_kind)step->bits), step->path, why.message);
    else if (value != NULL)
        buffer_printf(&line, "%s %s", nt_kind_name((enum nt_kind)step->bits), step->path);
    else
        return 0;
    return text_list_take(found, buffer_take(&line), err);
}

int evidence_find_residue(struct text_list *found, struct error *err)
{
    struct windows_facts facts = {.program_data = win_setup_program_data(err)};
    struct windows_setup setup = {.facts = &facts};
    struct plan plan = PLAN_EMPTY;
    int result = -1;

    if (facts.program_data != NULL)
        result = windows_setup_plan(&setup, &plan, err);
    for (size_t i = 0; result == 0 && i < plan.step_count; i++) {
        if (plan.steps[i].kind == STEP_SETTING)
            result = look_for(&plan.steps[i], found, err);
    }
    plan_done(&plan);
    windows_facts_done(&facts);
    if (result < 0 || find_profiles(found, err) < 0 || find_rights(found, err) < 0)
        return -1;
    return find_station(found, err);
}

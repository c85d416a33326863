/*
 * Where the system's folders and the users' profiles are. Roots are compared
 * with these, so they are spelt as roots are: a profile behind a junction
 * (C:\Users moved to another volume), or listed in another case, would not be
 * told to be one.
 */
#include "sandbox/windows/facts.h"

#include <shlobj.h>

#include <stdlib.h>

#define PROFILE_LIST L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\ProfileList"

/* Takes path; gives it back where nothing better is known. */
static char *settle(char *path)
{
    struct error ignored;
    char *final = path != NULL ? win_final_path(path, &ignored) : NULL;

    if (final == NULL)
        return path;
    free(path);
    return final;
}

static char *folder(const GUID *id, struct error *err)
{
    wchar_t *wide = NULL;
    HRESULT result = SHGetKnownFolderPath(id, KF_FLAG_DONT_VERIFY, NULL, &wide);
    char *path;

    if (FAILED(result)) {
        (void)error_set(err, ERR_OS, "SHGetKnownFolderPath: 0x%08lx", (unsigned long)result);
        return NULL;
    }
    path = win_narrow(wide, err);
    CoTaskMemFree(wide);
    return settle(path);
}

/* One account's entry. REG_SZ alone stands for REG_EXPAND_SZ, expanded, too (RegGetValue). */
static int add_profile(HKEY list, const wchar_t *name, struct windows_facts *facts,
                       struct error *err)
{
    wchar_t wide[4096];
    DWORD size = sizeof wide;
    LSTATUS status =
        RegGetValueW(list, name, L"ProfileImagePath", RRF_RT_REG_SZ, NULL, wide, &size);
    AUTO_FREE char *path = NULL;

    if (status == ERROR_FILE_NOT_FOUND || status == ERROR_UNSUPPORTED_TYPE)
        return 0;
    if (status != ERROR_SUCCESS)
        return win_fail(err, (DWORD)status, "RegGetValue", "ProfileImagePath");
    path = settle(win_narrow(wide, err));
    return path != NULL ? text_list_add(&facts->other_profiles, path, err) : -1;
}

/* Profiles may lie anywhere; this is the list that Windows itself goes by. */
static int collect_profiles(struct windows_facts *facts, struct error *err)
{
    HKEY list = NULL;
    LSTATUS status =
        RegOpenKeyExW(HKEY_LOCAL_MACHINE, PROFILE_LIST, 0, KEY_READ | KEY_WOW64_64KEY, &list);
    int result = 0;

    if (status == ERROR_FILE_NOT_FOUND)
        return 0;
    if (status != ERROR_SUCCESS)
        return win_fail(err, (DWORD)status, "RegOpenKeyEx", "ProfileList");
    for (DWORD i = 0; result == 0; i++) {
        wchar_t name[256];
        DWORD length = ARRAY_SIZE(name);

        status = RegEnumKeyExW(list, i, name, &length, NULL, NULL, NULL, NULL);
        if (status == ERROR_NO_MORE_ITEMS)
            break;
        result = status == ERROR_SUCCESS
                     ? add_profile(list, name, facts, err)
                     : win_fail(err, (DWORD)status, "RegEnumKeyEx", "ProfileList");
    }
    (void)RegCloseKey(list);
    return result;
}

int win_facts_folders(struct windows_facts *facts, struct error *err)
{
    struct error ignored;

    facts->profile = folder(&FOLDERID_Profile, err);
    facts->profiles = facts->profile != NULL ? folder(&FOLDERID_UserProfiles, err) : NULL;
    facts->system = facts->profiles != NULL ? folder(&FOLDERID_Windows, err) : NULL;
    facts->programs = facts->system != NULL ? folder(&FOLDERID_ProgramFiles, err) : NULL;
    facts->program_data = facts->programs != NULL ? folder(&FOLDERID_ProgramData, err) : NULL;
    facts->state = facts->program_data != NULL ? settle(win_state_user_folder(err)) : NULL;
    facts->programs_x86 = folder(&FOLDERID_ProgramFilesX86, &ignored); /* not on every Windows */
    return facts->state != NULL ? collect_profiles(facts, err) : -1;
}

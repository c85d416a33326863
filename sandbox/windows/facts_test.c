/* What is found on a machine, as far as Wine has it: spelling, the list of profiles. */
#include "base/test.h"

#include "sandbox/windows/facts.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/os.h"
#include "sandbox/windows/place.h"

/* A workspace whose entries are spelt otherwise in the policy than on the disk. */
static void make_workspace(char *path, size_t size)
{
    char below[400];
    char temp[260];
    struct error err = {0};

    cr_assert(GetTempPathA(sizeof temp, temp) > 0);
    (void)snprintf(path, size, "%sHoldfast-Facts-%lu", temp, GetCurrentProcessId());
    (void)snprintf(below, sizeof below, "%s\\.Git", path);
    cr_assert_eq(os_make_directories(below, &err), 0, "%s", err.message);
    (void)snprintf(below, sizeof below, "%s\\.codex", path);
    cr_assert_eq(os_replace_file(below, "gitdir: SUB/dir.GIT\n", 20, &err), 0, "%s", err.message);
    (void)snprintf(below, sizeof below, "%s\\Sub\\Dir.git", path);
    cr_assert_eq(os_make_directories(below, &err), 0, "%s", err.message);
}

static const struct windows_name *find_name(const struct windows_facts *facts, const char *end)
{
    for (size_t i = 0; i < facts->name_count; i++) {
        const char *path = facts->names[i].path;

        if (strlen(path) > strlen(end) && strcmp(path + strlen(path) - strlen(end), end) == 0)
            return &facts->names[i];
    }
    return NULL;
}

Test(win_facts, protected_names_are_spelt_as_their_directories_list_them)
{
    struct windows_sids sids = {0};
    struct windows_facts facts;
    struct policy policy;
    struct error err = {0};
    char path[360];

    make_workspace(path, sizeof path);
    cr_assert_eq(policy_init(&policy, &err), 0);
    cr_assert_eq(policy_set_workspace(&policy, path, &err), 0, "%s", err.message);
    cr_assert_eq(win_facts_collect(&policy, &sids, &facts, &err), 0, "%s", err.message);
    cr_assert_not_null(find_name(&facts, "\\.Git"), "as listed, not as the policy has it");
    cr_assert_null(find_name(&facts, "\\.git"));
    cr_assert_not_null(find_name(&facts, "\\.agents"), "one that is missing, as the policy has it");
    cr_assert_not_null(find_name(&facts, "\\Sub\\Dir.git"), "what a .git file names");
    cr_assert_eq(facts.between.count, 1u);
    cr_assert_not_null(strstr(facts.between.items[0], "\\Sub"), "%s", facts.between.items[0]);
    windows_facts_done(&facts);
    policy_done(&policy);
    cr_assert_eq(win_remove_tree(path, &err), 0, "%s", err.message);
}

/* The list is Windows' own; Wine keeps none, so one entry is made and taken away. */
Test(win_facts, profiles_are_found_where_the_machine_lists_them)
{
    static const wchar_t list[] = L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\ProfileList";
    static const wchar_t name[] = L"S-1-5-21-1-2-3-holdfast-test";
    static const wchar_t path[] = L"%SystemDrive%\\WINDOWS\\System32";
    struct windows_facts facts = {0};
    struct error err = {0};
    HKEY key;
    HKEY entry;

    cr_assert(win_is_wine(), "it writes to the registry");
    cr_assert_eq(RegCreateKeyExW(HKEY_LOCAL_MACHINE, list, 0, NULL, 0,
                                 KEY_ALL_ACCESS | KEY_WOW64_64KEY, NULL, &key, NULL),
                 ERROR_SUCCESS);
    cr_assert_eq(RegCreateKeyExW(key, name, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &entry, NULL),
                 ERROR_SUCCESS);
    cr_assert_eq(RegSetValueExW(entry, L"ProfileImagePath", 0, REG_EXPAND_SZ, (const BYTE *)path,
                                sizeof path),
                 ERROR_SUCCESS);
    cr_assert_eq(win_facts_folders(&facts, &err), 0, "%s", err.message);
    (void)RegCloseKey(entry);
    cr_assert_eq(RegDeleteKeyW(key, name), ERROR_SUCCESS);
    (void)RegCloseKey(key);
    cr_assert(text_list_has(&facts.other_profiles, "C:\\windows\\system32"),
              "expanded, in the case of the disk: %s",
              facts.other_profiles.count > 0 ? facts.other_profiles.items[0] : "none");
    windows_facts_done(&facts);
}

Test(win_facts, a_path_is_found_in_the_case_of_the_disk)
{
    struct error err = {0};
    AUTO_FREE char *found = win_final_path("c:\\WINDOWS\\SYSTEM32", &err);

    cr_assert_not_null(found, "%s", err.message);
    cr_assert_str_eq(found, "C:\\windows\\system32");
    cr_assert_null(win_final_path("C:\\not there", &err));
}

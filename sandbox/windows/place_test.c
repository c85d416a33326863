/* Folders, registry values and error words, on what Wine does as Windows does. */
#include "base/test.h"

#include "sandbox/windows/place.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/buffer.h"
#include "base/os.h"
#include "sandbox/windows/machine.h"
#include "sandbox/windows/program.h"
#include "sandbox/windows/settings.h"

static char *scratch(const char *name)
{
    static char path[512];
    char temp[260];

    cr_assert(GetTempPathA(sizeof temp, temp) > 0);
    (void)snprintf(path, sizeof path, "%sholdfast-%s-%lu", temp, name, GetCurrentProcessId());
    return path;
}

Test(win_place, a_tree_is_removed_with_read_only_files_and_all)
{
    char below[600];
    char file[700];
    struct error err = {0};
    char *top = scratch("tree");

    (void)snprintf(below, sizeof below, "%s\\a\\b", top);
    cr_assert_eq(os_make_directories(below, &err), 0, "%s", err.message);
    (void)snprintf(file, sizeof file, "%s\\read-only", below);
    cr_assert_eq(os_replace_file(file, "x", 1, &err), 0, "%s", err.message);
    cr_assert(SetFileAttributesA(file, FILE_ATTRIBUTE_READONLY));
    cr_assert_eq(win_remove_tree(top, &err), 0, "%s", err.message);
    cr_assert_eq(GetFileAttributesA(top), INVALID_FILE_ATTRIBUTES);
    cr_assert_eq(win_remove_tree(top, &err), 0, "what is not there is removed");
}

Test(win_place, a_file_that_we_append_to_can_be_read)
{
    struct error err = {0};
    char *path = scratch("open");
    AUTO_HANDLE HANDLE writer = NULL;
    AUTO_FREE char *bytes = NULL;
    size_t size = 0;
    DWORD put;

    writer = CreateFileA(path, FILE_APPEND_DATA | SYNCHRONIZE,
                         FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_ALWAYS,
                         FILE_FLAG_DELETE_ON_CLOSE | FILE_ATTRIBUTE_NORMAL, NULL);
    cr_assert(writer != INVALID_HANDLE_VALUE);
    cr_assert(WriteFile(writer, "abc", 3, &put, NULL));
    cr_assert_eq(os_read_file(path, 100, &bytes, &size, &err), 0, "%s", err.message);
    cr_assert_eq(size, 3u);
}

Test(win_registry, a_value_is_put_read_and_taken_away_with_its_empty_keys)
{
    static const char number[] = "HKLM\\SOFTWARE\\HoldfastTest\\Below\tNumber";
    static const char text[] = "HKLM\\SOFTWARE\\HoldfastTest\\Below\tText";
    AUTO_FREE char *found = NULL;
    AUTO_FREE char *text_found = NULL;
    AUTO_FREE char *gone = NULL;
    struct error err = {0};
    HKEY key;

    cr_assert_eq(win_registry_get(number, &gone, &err), 0, "%s", err.message);
    cr_assert_null(gone);
    cr_assert_eq(win_registry_set(number, "4294967295", &err), 0, "%s", err.message);
    cr_assert_eq(win_registry_set(text, "sz:S-1-5-21-1", &err), 0, "%s", err.message);
    cr_assert_eq(win_registry_get(number, &found, &err), 0);
    cr_assert_str_eq(found, "4294967295");
    cr_assert_eq(win_registry_get(text, &text_found, &err), 0);
    cr_assert_str_eq(text_found, "sz:S-1-5-21-1");
    cr_assert_eq(win_registry_set(number, "no number", &err), -1);
    cr_assert_eq(win_registry_set("HKCU\\X\tY", "1", &err), -1, "only below HKLM");
    cr_assert_eq(win_registry_set(number, NULL, &err), 0);
    cr_assert_eq(win_registry_set(text, NULL, &err), 0);
    cr_assert_eq(RegOpenKeyExW(HKEY_LOCAL_MACHINE, L"SOFTWARE\\HoldfastTest", 0, KEY_READ, &key),
                 ERROR_FILE_NOT_FOUND);
}

Test(win_program, a_name_is_looked_up_in_absolute_entries_of_path_only)
{
    char path[] = "PATH=.;relative;C:\\windows\\system32";
    char extensions[] = "PATHEXT=.EXE";
    char *env[] = {path, extensions, NULL};
    struct error err = {0};
    AUTO_FREE char *found = win_find_program("cmd", env, "C:\\", &err);

    cr_assert_not_null(found, "%s", err.message);
    cr_assert_eq(_stricmp(found, "C:\\windows\\system32\\cmd.exe"), 0, "%s", found);
    cr_assert_null(win_find_program("no-such-program", env, "C:\\", &err));
    cr_assert_eq(err.code, ERR_NOT_FOUND);
    cr_assert(!win_is_alias(found));
}

Test(win_errors, say_call_object_code_and_remedy)
{
    struct error err = {0};

    cr_assert_eq(win_fail(&err, 1326, "CreateProcessWithLogon", "HoldfastOffline"), -1);
    cr_assert_not_null(strstr(err.message, "CreateProcessWithLogon HoldfastOffline: "));
    cr_assert_not_null(strstr(err.message, "(1326)"));
    cr_assert_not_null(strstr(err.hint, "setup again"));
    cr_assert_eq(err.os_code, 1326);
}

/* Longer than MAX_PATH, in a language that is not ours: made, looked at, listed, removed. How Windows
 * spells such a path (GetFinalPathNameByHandle) is beyond Wine, which gives up at MAX_PATH. */
Test(win_place, long_paths_with_foreign_names_are_ordinary_paths)
{
    const char top[] = "C:\\holdfast-long-path-test";
    const char name[] = "Ordner f\xc3\xbcr \xe6\x96\x87\xe4\xbb\xb6";
    struct win_machine machine;
    struct text_list names = {0};
    struct error err = {0};
    AUTO_BUFFER struct buffer path = BUFFER_EMPTY;
    AUTO_SD struct nt_sd sd = NT_SD_EMPTY;
    struct nt_file_facts facts;
    void *node = NULL;

    win_machine_init(&machine, NULL, NULL);
    buffer_add_text(&path, top);
    while (path.size < 400)
        buffer_printf(&path, "\\%s", name);
    cr_assert_eq(os_make_directories(buffer_text(&path), &err), 0, "%s", err.message);
    path.data[path.size - sizeof name] = '\0'; /* its parent */
    cr_assert_eq(machine.machine.ops->open_path(&machine.machine, path.data, &node, &err), 0, "%s",
                 err.message);
    cr_assert_eq(machine.machine.ops->look(&machine.machine, node, &facts, &sd, &err), 0);
    cr_assert_eq(machine.machine.ops->list(&machine.machine, node, &names, &err), 0);
    machine.machine.ops->close(&machine.machine, node);
    cr_assert(facts.is_directory && names.count == 1);
    cr_assert_str_eq(names.items[0], name);
    text_list_done(&names);
    cr_assert_eq(win_remove_tree(top, &err), 0, "%s", err.message);
    cr_assert_eq(GetFileAttributesA(top), INVALID_FILE_ATTRIBUTES);
}

#include "sandbox/windows/place.h"

#include <stdio.h>
#include <string.h>

#include "sandbox/windows/machine.h"

static int make(const char *path, const char *sddl, bool *was_there, struct error *err)
{
    AUTO_FREE wchar_t *wide = win_long_path(path, err);
    AUTO_FREE void *descriptor = wide != NULL ? win_descriptor(sddl, err) : NULL;
    SECURITY_ATTRIBUTES attributes = {.nLength = sizeof attributes,
                                      .lpSecurityDescriptor = descriptor};

    if (descriptor == NULL)
        return -1;
    *was_there = false;
    if (CreateDirectoryW(wide, &attributes))
        return 0;
    *was_there = GetLastError() == ERROR_ALREADY_EXISTS;
    return *was_there ? 0 : win_fail_last(err, "CreateDirectory", path);
}

static bool is_ours(const struct nt_sd *sd)
{
    return win_may_pretend() || (sd->has_owner && (nt_sid_equal(&sd->owner, &NT_ADMINISTRATORS) ||
                                                   nt_sid_equal(&sd->owner, &NT_SYSTEM)));
}

static int take_over(struct nt_machine *machine, void *node, const char *path, const char *sddl,
                     struct error *err)
{
    AUTO_SD struct nt_sd now = NT_SD_EMPTY;
    AUTO_SD struct nt_sd wanted = NT_SD_EMPTY;
    struct nt_file_facts facts;

    if (machine->ops->look(machine, node, &facts, &now, err) < 0 ||
        nt_sddl_parse(sddl, NULL, &wanted, err) < 0)
        return -1;
    if (!facts.is_directory || facts.is_reparse || !is_ours(&now)) {
        (void)error_set(err, ERR_REFUSED, "%s was made by somebody else", path);
        return error_hint(err, "look at it, remove it, and run setup again");
    }
    return machine->ops->put_dacl(machine, node, &wanted, err);
}

int win_own_directory(const char *path, const char *sddl, struct error *err)
{
    struct win_machine machine;
    void *node = NULL;
    bool was_there = false;
    int result;

    if (make(path, sddl, &was_there, err) < 0)
        return -1;
    if (!was_there)
        return 0;
    win_machine_init(&machine, NULL, NULL);
    if (machine.machine.ops->open_path(&machine.machine, path, &node, err) < 0)
        return -1;
    result = take_over(&machine.machine, node, path, sddl, err);
    machine.machine.ops->close(&machine.machine, node);
    return result;
}

/* Removing ------------------------------------------------------------------------------------------- */

static void remove_below(const wchar_t *path, unsigned depth);

static void remove_entry(const wchar_t *directory, const WIN32_FIND_DATAW *found, unsigned depth)
{
    AUTO_FREE wchar_t *path = calloc(32768, sizeof *path);

    if (path == NULL || wcscmp(found->cFileName, L".") == 0 ||
        wcscmp(found->cFileName, L"..") == 0 ||
        swprintf(path, 32768, L"%ls\\%ls", directory, found->cFileName) < 0)
        return;
    (void)SetFileAttributesW(path, FILE_ATTRIBUTE_NORMAL);
    if ((found->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) == 0)
        (void)DeleteFileW(path);
    else if ((found->dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0)
        (void)RemoveDirectoryW(path); /* the link, not what it leads to */
    else
        remove_below(path, depth + 1);
}

static void remove_below(const wchar_t *path, unsigned depth)
{
    AUTO_FREE wchar_t *pattern = calloc(32768, sizeof *pattern);
    WIN32_FIND_DATAW found;
    HANDLE search;

    if (pattern == NULL || depth > 100 || swprintf(pattern, 32768, L"%ls\\*", path) < 0)
        return;
    search = FindFirstFileW(pattern, &found);
    if (search != INVALID_HANDLE_VALUE) {
        do
            remove_entry(path, &found, depth);
        while (FindNextFileW(search, &found));
        (void)FindClose(search);
    }
    (void)RemoveDirectoryW(path);
}

int win_remove_tree(const char *path, struct error *err)
{
    AUTO_FREE wchar_t *wide = win_long_path(path, err);

    if (wide == NULL)
        return -1;
    remove_below(wide, 0);
    if (RemoveDirectoryW(wide) || GetLastError() == ERROR_FILE_NOT_FOUND ||
        GetLastError() == ERROR_PATH_NOT_FOUND)
        return 0;
    return win_fail_last(err, "RemoveDirectory", path);
}

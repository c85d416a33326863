#include "sandbox/windows/facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "base/text.h"
#include "sandbox/gitfile.h"
#include "sandbox/nt/access.h"
#include "sandbox/windows/setup.h"
#include "sandbox/windows/token.h"
#include "sandbox/windows_reading.h"

/* Paths -------------------------------------------------------------------------------------------- */

static HANDLE open_to_look(const char *path, DWORD access, bool follows, struct error *err)
{
    AUTO_FREE wchar_t *wide = win_long_path(path, err);
    HANDLE handle;

    if (wide == NULL)
        return NULL;
    handle = CreateFileW(
        wide, access | FILE_READ_ATTRIBUTES | SYNCHRONIZE,
        FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
        FILE_FLAG_BACKUP_SEMANTICS | (follows ? 0 : FILE_FLAG_OPEN_REPARSE_POINT), NULL);
    if (handle != INVALID_HANDLE_VALUE)
        return handle;
    (void)win_fail_last(err, "CreateFile", path);
    return NULL;
}

static char *final_path(HANDLE handle, bool *is_remote, struct error *err)
{
    AUTO_FREE wchar_t *wide = calloc(32768, sizeof *wide);
    DWORD length;
    AUTO_FREE char *path = NULL;

    if (wide == NULL) {
        (void)error_memory(err, "path");
        return NULL;
    }
    length = GetFinalPathNameByHandleW(handle, wide, 32768, FILE_NAME_NORMALIZED);
    if (length == 0 || length >= 32768) {
        (void)win_fail_last(err, "GetFinalPathNameByHandle", "");
        return NULL;
    }
    path = win_narrow(wide, err);
    if (path == NULL)
        return NULL;
    *is_remote = strncmp(path, "\\\\?\\UNC\\", 8) == 0;
    if (*is_remote || strncmp(path, "\\\\?\\", 4) != 0)
        return TAKE(path);
    return text_copy(path + 4, strlen(path + 4));
}

char *win_final_path(const char *path, struct error *err)
{
    AUTO_HANDLE HANDLE handle = open_to_look(path, 0, true, err);
    bool is_remote = false;
    AUTO_FREE char *final = handle != NULL ? final_path(handle, &is_remote, err) : NULL;

    if (final != NULL && is_remote) {
        (void)error_set(err, ERR_UNSUPPORTED, "%s: on a share", path);
        return NULL;
    }
    return TAKE(final);
}

static bool keeps_acls(HANDLE handle)
{
    DWORD flags = 0;

    return GetVolumeInformationByHandleW(handle, NULL, 0, NULL, NULL, &flags, NULL, 0) &&
           (flags & FILE_PERSISTENT_ACLS) != 0;
}

static int describe(HANDLE handle, char **identity, struct windows_root *root, struct error *err)
{
    BY_HANDLE_FILE_INFORMATION info;
    char text[64];

    if (!GetFileInformationByHandle(handle, &info))
        return win_fail_last(err, "GetFileInformationByHandle", "");
    (void)snprintf(text, sizeof text, "%lx:%lx%08lx", (unsigned long)info.dwVolumeSerialNumber,
                   (unsigned long)info.nFileIndexHigh, (unsigned long)info.nFileIndexLow);
    *identity = text_copy(text, strlen(text));
    if (*identity == NULL)
        return error_memory(err, "identity");
    if ((info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) == 0)
        return error_set(err, ERR_INVALID, "not a directory");
    root->has_no_acls = !keeps_acls(handle);
    return 0;
}

static bool has_null_dacl(const char *path)
{
    struct nt_file_facts facts;
    AUTO_SD struct nt_sd sd = NT_SD_EMPTY;
    struct error ignored;

    return win_look_at(path, &facts, &sd, &ignored) == 0 && nt_sd_is_open(&sd);
}

int win_resolve(const char *path, char **resolved, char **identity, struct windows_root *root,
                struct error *err)
{
    AUTO_HANDLE HANDLE handle = open_to_look(path, 0, true, err);
    AUTO_FREE char *final = NULL;
    AUTO_FREE char *id = NULL;

    if (handle == NULL)
        return -1;
    final = final_path(handle, &root->is_remote, err);
    if (final == NULL || describe(handle, &id, root, err) < 0)
        return error_wrap(err, "%s", path);
    root->is_open = !root->is_remote && has_null_dacl(final);
    *resolved = TAKE(final);
    *identity = TAKE(id);
    return 0;
}

/* Who the accounts are is not important: what an ordinary account of the machine may do is. */
bool win_accounts_may_read(const char *path)
{
    struct nt_file_facts facts;
    AUTO_SD struct nt_sd sd = NT_SD_EMPTY;
    AUTO_TOKEN struct nt_token token = NT_TOKEN_EMPTY;
    struct nt_access_check check = {.sd = &sd,
                                    .token = &token,
                                    .desired = NT_FILE_READ_DATA | NT_FILE_EXECUTE,
                                    .mapping = &NT_FILE_MAPPING};
    struct nt_access access;
    struct error ignored;

    token.user = (struct nt_sid)NT_SID(0, 0);
    if (nt_token_add_group(&token, &NT_EVERYONE, NT_GROUP_USUAL, &ignored) < 0 ||
        nt_token_add_group(&token, &NT_USERS, NT_GROUP_USUAL, &ignored) < 0 ||
        nt_token_add_group(&token, &NT_AUTHENTICATED_USERS, NT_GROUP_USUAL, &ignored) < 0 ||
        nt_token_add_group(&token, &NT_INTERACTIVE, NT_GROUP_USUAL, &ignored) < 0 ||
        win_look_at(path, &facts, &sd, &ignored) < 0)
        return true; /* not known: assume the worse */
    access = nt_access_check(&check);
    return access.is_allowed || access.has_unmodelled;
}

/* Roots and names ------------------------------------------------------------------------------------- */

static int choose_sid(const struct windows_sids *sids, const char *path, const char *identity,
                      struct nt_sid *sid, struct error *err)
{
    const struct windows_known_root *known = windows_sids_find(sids, path, identity);
    uint8_t random[WINDOWS_SID_RANDOM];

    if (known != NULL) {
        *sid = known->sid;
        return 0;
    }
    if (os_random(random, sizeof random, err) < 0)
        return -1;
    *sid = windows_sid_from_random(random);
    return 0;
}

static int add_root(struct windows_facts *facts, const struct windows_sids *sids, const char *path,
                    struct error *err)
{
    struct windows_root found = {0};
    AUTO_FREE char *resolved = NULL;
    AUTO_FREE char *identity = NULL;
    struct nt_sid sid;

    if (win_resolve(path, &resolved, &identity, &found, err) < 0 ||
        choose_sid(sids, resolved, identity, &sid, err) < 0 ||
        windows_facts_add_root(facts, resolved, &sid, err) < 0)
        return -1;
    found.path = facts->roots[facts->root_count - 1].path;
    found.sid = sid;
    facts->roots[facts->root_count - 1] = found;
    return 0;
}

static int look_at_name(const char *path, struct windows_name *name, struct error *err)
{
    AUTO_FREE wchar_t *wide = win_long_path(path, err);
    DWORD attributes;

    if (wide == NULL)
        return -1;
    attributes = GetFileAttributesW(wide);
    *name = (struct windows_name){.path = (char *)(uintptr_t)path, .is_known = true};
    if (attributes == INVALID_FILE_ATTRIBUTES) {
        DWORD code = GetLastError();

        if (code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND)
            return 0;
        /* Taken by another run of ours: as good as missing, the handle will be shared. */
        if (code == ERROR_SHARING_VIOLATION)
            return 0;
        return win_fail(err, code, "GetFileAttributes", path);
    }
    /* Hidden, temporary and empty: another run has taken it. */
    name->exists = (attributes & (FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_TEMPORARY)) !=
                   (FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_TEMPORARY);
    name->is_directory = (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
    return 0;
}

/* The directories from above a protected thing up to its root: renamed, they would free its name. */
static int add_between(struct windows_facts *facts, const char *path, const char *root,
                       struct error *err)
{
    AUTO_FREE char *at = text_copy(path, strlen(path));

    if (at == NULL)
        return error_memory(err, "paths");
    for (char *end = strrchr(at, '\\'); end != NULL; end = strrchr(at, '\\')) {
        *end = '\0';
        if (strlen(at) <= strlen(root))
            return 0;
        if (!text_list_has(&facts->between, at) && text_list_add(&facts->between, at, err) < 0)
            return -1;
    }
    return 0;
}

/* A git directory that a .git file leads to is protected where it lies in a root: where it really is,
 * whatever links and short names the file writes. */
static int add_git_directory(struct windows_facts *facts, const char *written, struct error *err)
{
    struct error ignored;
    AUTO_FREE char *final = win_final_path(written, &ignored);
    const char *path = final != NULL ? final : written;
    struct windows_name name;

    for (size_t i = 0; i < facts->root_count; i++) {
        if (!path_is_within(PATH_WINDOWS, path, facts->roots[i].path))
            continue;
        if (look_at_name(path, &name, err) < 0 || windows_facts_add_name(facts, &name, err) < 0)
            return -1;
        return add_between(facts, path, facts->roots[i].path, err);
    }
    return 0;
}

/* "dir\name", or name itself if it is absolute; tidied. Caller frees. */
static char *path_from(const char *directory, const char *name, struct error *err)
{
    AUTO_FREE char *joined = path_is_absolute(PATH_WINDOWS, name)
                                 ? text_copy(name, strlen(name))
                                 : windows_path_join(directory, name);

    if (joined == NULL) {
        (void)error_memory(err, "git directory");
        return NULL;
    }
    return os_absolute_path(joined, err);
}

/* gitrepository-layout(5): a .git file names the git directory, whose commondir names another. */
static int follow_git_file(struct windows_facts *facts, const char *root, const char *file,
                           struct error *err)
{
    enum {
        POINTER_MAX = 8192
    };
    AUTO_FREE char *bytes = NULL;
    AUTO_FREE char *common_file = NULL;
    AUTO_FREE char *common_bytes = NULL;
    AUTO_FREE char *git = NULL;
    AUTO_FREE char *common = NULL;
    char target[POINTER_MAX];
    struct error ignored;
    size_t size;

    if (os_read_file(file, POINTER_MAX, &bytes, &size, &ignored) < 0 ||
        !gitfile_parse_pointer(bytes, target, sizeof target))
        return 0; /* no git file, whatever else it is */
    git = path_from(root, target, err);
    if (git == NULL || add_git_directory(facts, git, err) < 0)
        return -1;
    common_file = windows_path_join(git, "commondir");
    if (common_file == NULL ||
        os_read_file(common_file, POINTER_MAX, &common_bytes, &size, &ignored) < 0 ||
        !gitfile_parse_line(common_bytes, target, sizeof target))
        return 0;
    common = path_from(git, target, err);
    return common != NULL ? add_git_directory(facts, common, err) : -1;
}

/* The entry as its directory lists it: the long name, in its own case. What walks the tree knows it by no
 * other. Nothing is followed. */
static int spell_as_listed(const char *root, char **path, struct error *err)
{
    AUTO_FREE wchar_t *wide = win_long_path(*path, err);
    AUTO_FREE char *name = NULL;
    WIN32_FIND_DATAW found;
    HANDLE search;
    char *spelt;

    if (wide == NULL)
        return -1;
    search = FindFirstFileW(wide, &found);
    if (search == INVALID_HANDLE_VALUE)
        return win_fail_last(err, "FindFirstFile", *path);
    (void)FindClose(search);
    name = win_narrow(found.cFileName, err);
    spelt = name != NULL ? windows_path_join(root, name) : NULL;
    if (spelt == NULL)
        return name != NULL ? error_memory(err, "protected names") : -1;
    free(*path);
    *path = spelt;
    return 0;
}

static int add_names(struct windows_facts *facts, const struct policy *policy, const char *root,
                     struct error *err)
{
    for (size_t i = 0; i < policy->protect.count; i++) {
        AUTO_FREE char *path = windows_path_join(root, policy->protect.items[i]);
        struct windows_name name;

        if (path == NULL)
            return error_memory(err, "protected names");
        if (look_at_name(path, &name, err) < 0 ||
            (name.exists && spell_as_listed(root, &path, err) < 0))
            return -1;
        name.path = path;
        if (windows_facts_add_name(facts, &name, err) < 0)
            return -1;
        if (name.exists && !name.is_directory && follow_git_file(facts, root, path, err) < 0)
            return -1;
    }
    return 0;
}

static int collect_roots(const struct policy *policy, const struct windows_sids *sids,
                         struct windows_facts *facts, struct error *err)
{
    if (add_root(facts, sids, policy->workspace, err) < 0)
        return error_wrap(err, "workspace");
    for (size_t i = 0; i < policy->writable.count; i++) {
        if (add_root(facts, sids, policy->writable.items[i], err) < 0)
            return error_wrap(err, "writable");
    }
    for (size_t i = 0; i < facts->root_count; i++) {
        if (add_names(facts, policy, facts->roots[i].path, err) < 0)
            return error_wrap(err, "protect");
    }
    return 0;
}

static int collect_hidden(const struct policy *policy, struct windows_facts *facts,
                          struct error *err)
{
    for (size_t i = 0; i < policy->deny_read.count; i++) {
        struct windows_root ignored_root = {0};
        AUTO_FREE char *resolved = NULL;
        AUTO_FREE char *identity = NULL;
        struct error ignored;
        const char *path = policy->deny_read.items[i];

        if (win_resolve(path, &resolved, &identity, &ignored_root, &ignored) == 0)
            path = resolved;
        if (windows_facts_add_hidden(facts, path, win_accounts_may_read(path), err) < 0)
            return -1;
    }
    return 0;
}

static int collect_people(const struct windows_sids *sids, struct windows_facts *facts,
                          struct error *err)
{
    AUTO_HANDLE HANDLE token = win_token_own(err);
    AUTO_TOKEN struct nt_token own = NT_TOKEN_EMPTY;
    uint8_t random[WINDOWS_SID_RANDOM];

    if (token == NULL || win_token_read(token, &own, err) < 0)
        return -1;
    facts->user = own.user;
    facts->marker = sids->marker;
    if (!sids->has_marker) {
        if (os_random(random, sizeof random, err) < 0)
            return -1;
        facts->marker = windows_sid_from_random(random);
    }
    win_setup_read(facts);
    return 0;
}

/* Those of the list that PATH leads to, that are there, and that an ordinary account cannot read. */
static int collect_tools(struct windows_facts *facts, struct error *err)
{
    const wchar_t *path_variable = _wgetenv(L"PATH");
    AUTO_FREE char *narrow = win_narrow(path_variable != NULL ? path_variable : L"", err);
    struct text_list found = {0};
    int result;

    if (narrow == NULL)
        return -1;
    result = windows_reading_candidates(facts->profile, narrow, &found, err);
    for (size_t i = 0; result == 0 && i < found.count; i++) {
        struct windows_root ignored_root = {0};
        AUTO_FREE char *resolved = NULL;
        AUTO_FREE char *identity = NULL;
        struct error ignored;

        /* One that is a link leads somewhere that the list does not name. */
        if (win_resolve(found.items[i], &resolved, &identity, &ignored_root, &ignored) == 0 &&
            path_is_within(PATH_WINDOWS, found.items[i], resolved) &&
            path_is_within(PATH_WINDOWS, resolved, found.items[i]) && !ignored_root.has_no_acls &&
            !ignored_root.is_open && !win_accounts_may_read(resolved))
            result = text_list_add(&facts->readable, resolved, err);
    }
    text_list_done(&found);
    return result;
}

int win_facts_reading(struct windows_facts *facts, struct error *err)
{
    *facts = (struct windows_facts){.is_set_up = false};
    win_setup_read(facts);
    if (!facts->is_set_up) {
        (void)error_set(err, ERR_UNSUPPORTED, "windows-elevated is not set up on this machine");
        return error_hint(err, "run holdfast-sandbox setup once, as an administrator");
    }
    if (win_facts_folders(facts, err) == 0 && collect_tools(facts, err) == 0)
        return 0;
    windows_facts_done(facts);
    return -1;
}

int win_facts_collect(const struct policy *policy, const struct windows_sids *sids,
                      struct windows_facts *facts, struct error *err)
{
    *facts = (struct windows_facts){.is_set_up = false};
    if (win_facts_folders(facts, err) == 0 && collect_people(sids, facts, err) == 0 &&
        collect_roots(policy, sids, facts, err) == 0 && collect_hidden(policy, facts, err) == 0 &&
        (!facts->is_set_up || collect_tools(facts, err) == 0))
        return 0;
    windows_facts_done(facts);
    return -1;
}

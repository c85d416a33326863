#include "bench/acl/acl_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/auto.h"

enum {
    FILES_PER_FOLDER = 100
};

int acl_fail(struct error *err, DWORD code, const char *call, const wchar_t *path)
{
    char narrow[400];

    if (WideCharToMultiByte(CP_UTF8, 0, path, -1, narrow, sizeof narrow, NULL, NULL) == 0)
        (void)strcpy(narrow, "(a path)");
    (void)error_set(err, ERR_OS, "%s %s: error %lu", call, narrow, code);
    err->os_code = (int)code;
    return -1;
}

int acl_join(wchar_t *path, const wchar_t *directory, const wchar_t *name, struct error *err)
{
    if (wcslen(directory) + wcslen(name) + 2 > ACL_PATH_MAX)
        return error_set(err, ERR_INVALID, "a path is too long");
    (void)_snwprintf(path, ACL_PATH_MAX, L"%ls\\%ls", directory, name);
    return 0;
}

HANDLE acl_open(const wchar_t *path, DWORD access, struct error *err)
{
    HANDLE handle =
        CreateFileW(path, access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                    OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);

    if (handle == INVALID_HANDLE_VALUE)
        (void)acl_fail(err, GetLastError(), "CreateFile", path);
    return handle;
}

/* ---- planting ---- */

static int make_directory(const wchar_t *path, struct error *err)
{
    return CreateDirectoryW(path, NULL) ? 0
                                        : acl_fail(err, GetLastError(), "CreateDirectory", path);
}

static int make_file(const wchar_t *path, struct error *err)
{
    HANDLE handle = CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_NEW, 0, NULL);

    if (handle == INVALID_HANDLE_VALUE)
        return acl_fail(err, GetLastError(), "CreateFile", path);
    (void)CloseHandle(handle);
    return 0;
}

static int plant_root(const wchar_t *root, unsigned files, struct error *err)
{
    wchar_t folder[ACL_PATH_MAX];
    wchar_t path[ACL_PATH_MAX];
    wchar_t name[32];

    if (make_directory(root, err) < 0)
        return -1;
    for (unsigned i = 0; i < files; i++) {
        if (i % FILES_PER_FOLDER == 0) {
            (void)_snwprintf(name, 32, L"d%u", i / FILES_PER_FOLDER);
            if (acl_join(folder, root, name, err) < 0 || make_directory(folder, err) < 0)
                return -1;
        }
        (void)_snwprintf(name, 32, L"f%u", i);
        if (acl_join(path, folder, name, err) < 0 || make_file(path, err) < 0)
            return -1;
    }
    return 0;
}

int acl_tree_plant(const wchar_t *tree, unsigned roots, unsigned files, struct error *err)
{
    wchar_t root[ACL_PATH_MAX];
    wchar_t name[32];

    if (make_directory(tree, err) < 0)
        return -1;
    for (unsigned i = 0; i < roots; i++) {
        (void)_snwprintf(name, 32, L"r%u", i);
        if (acl_join(root, tree, name, err) < 0 ||
            plant_root(root, files / roots + (i < files % roots), err) < 0)
            return -1;
    }
    return acl_join(root, tree, L"spare", err) < 0 ? -1 : plant_root(root, files / roots, err);
}

/* ---- walking ---- */

static bool is_dots(const wchar_t *name)
{
    return wcscmp(name, L".") == 0 || wcscmp(name, L"..") == 0;
}

static int walk_below(const wchar_t *directory, acl_visit *visit, void *context, struct error *err)
{
    wchar_t *pattern = malloc(2 * ACL_PATH_MAX * sizeof *pattern);
    wchar_t *path = pattern != NULL ? pattern + ACL_PATH_MAX : NULL;
    WIN32_FIND_DATAW found;
    HANDLE search = INVALID_HANDLE_VALUE;
    int failed = pattern == NULL ? error_memory(err, "a path") : 0;

    if (failed == 0)
        failed = acl_join(pattern, directory, L"*", err);
    if (failed == 0)
        search = FindFirstFileW(pattern, &found);
    if (failed == 0 && search == INVALID_HANDLE_VALUE)
        failed = acl_fail(err, GetLastError(), "FindFirstFile", directory);
    while (failed == 0) {
        bool is_directory = (found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0 &&
                            (found.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) == 0;

        if (!is_dots(found.cFileName)) {
            failed = acl_join(path, directory, found.cFileName, err);
            if (failed == 0)
                failed = visit(context, path, is_directory, err);
            if (failed == 0 && is_directory)
                failed = walk_below(path, visit, context, err);
        }
        if (failed == 0 && !FindNextFileW(search, &found)) {
            DWORD code = GetLastError();

            if (code != ERROR_NO_MORE_FILES)
                failed = acl_fail(err, code, "FindNextFile", directory);
            break;
        }
    }
    if (search != INVALID_HANDLE_VALUE)
        (void)FindClose(search);
    free(pattern);
    return failed;
}

int acl_tree_walk(const wchar_t *directory, acl_visit *visit, void *context, struct error *err)
{
    return visit(context, directory, true, err) < 0 ? -1
                                                    : walk_below(directory, visit, context, err);
}

/* ---- removing ---- */

static int remove_file(void *context, const wchar_t *path, bool is_directory, struct error *err)
{
    (void)context;
    (void)err;
    if (!is_directory) {
        (void)SetFileAttributesW(path, FILE_ATTRIBUTE_NORMAL);
        (void)DeleteFileW(path);
    }
    return 0;
}

/* Deepest first: a directory goes once those below it have gone. */
static int remove_directories(void *context, const wchar_t *path, bool is_directory,
                              struct error *err)
{
    (void)err;
    if (is_directory && RemoveDirectoryW(path))
        *(bool *)context = true;
    return 0;
}

bool acl_tree_remove(const wchar_t *tree)
{
    struct error ignored;
    bool has_gone = true;

    (void)acl_tree_walk(tree, remove_file, NULL, &ignored);
    while (has_gone) {
        has_gone = false;
        (void)acl_tree_walk(tree, remove_directories, &has_gone, &ignored);
        if (GetFileAttributesW(tree) == INVALID_FILE_ATTRIBUTES)
            return true;
    }
    return false;
}

/* ---- snapshots ---- */

/* FNV-1a: told apart are a few thousand objects of one's own, not an adversary's. */
static uint64_t hash(uint64_t state, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;

    for (size_t i = 0; i < size; i++)
        state = (state ^ at[i]) * 0x100000001b3u;
    return state;
}

static const uint64_t hash_start = 0xcbf29ce484222325u;

static int read_descriptor(const wchar_t *path, uint64_t *found, struct error *err)
{
    HANDLE handle = acl_open(path, READ_CONTROL, err);
    DWORD needed = 0;
    AUTO_FREE void *bytes = NULL;
    BOOL is_read;

    if (handle == INVALID_HANDLE_VALUE)
        return -1;
    (void)GetKernelObjectSecurity(handle, DACL_SECURITY_INFORMATION, NULL, 0, &needed);
    bytes = malloc(needed > 0 ? needed : 1);
    is_read = bytes != NULL &&
              GetKernelObjectSecurity(handle, DACL_SECURITY_INFORMATION, bytes, needed, &needed);
    if (!is_read)
        (void)acl_fail(err, GetLastError(), "GetKernelObjectSecurity", path);
    (void)CloseHandle(handle);
    if (!is_read)
        return -1;
    *found = hash(hash_start, bytes, needed);
    return 0;
}

static int add_entry(void *context, const wchar_t *path, bool is_directory, struct error *err)
{
    struct acl_snapshot *snapshot = context;
    struct acl_snapshot_entry entry = {.path = hash(hash_start, path, wcslen(path) * sizeof *path)};

    (void)is_directory;
    if (read_descriptor(path, &entry.descriptor, err) < 0)
        return -1;
    if (snapshot->count == snapshot->capacity) {
        size_t capacity = snapshot->capacity > 0 ? 2 * snapshot->capacity : 1024;
        struct acl_snapshot_entry *grown =
            realloc(snapshot->entries, capacity * sizeof *snapshot->entries);

        if (grown == NULL)
            return error_memory(err, "a snapshot");
        snapshot->entries = grown;
        snapshot->capacity = capacity;
    }
    snapshot->entries[snapshot->count++] = entry;
    return 0;
}

static int by_path(const void *a, const void *b)
{
    const struct acl_snapshot_entry *left = a;
    const struct acl_snapshot_entry *right = b;

    return left->path < right->path ? -1 : left->path > right->path;
}

int acl_snapshot_take(struct acl_snapshot *snapshot, const wchar_t *tree, struct error *err)
{
    *snapshot = (struct acl_snapshot){0};
    if (acl_tree_walk(tree, add_entry, snapshot, err) < 0)
        return -1;
    qsort(snapshot->entries, snapshot->count, sizeof *snapshot->entries, by_path);
    return 0;
}

void acl_snapshot_done(struct acl_snapshot *snapshot)
{
    free(snapshot->entries);
    *snapshot = (struct acl_snapshot){0};
}

int64_t acl_snapshot_compare(const struct acl_snapshot *before, const struct acl_snapshot *after)
{
    int64_t changed = 0;
    size_t a = 0;
    size_t b = 0;

    while (a < before->count || b < after->count) {
        int order = a == before->count  ? 1
                    : b == after->count ? -1
                                        : by_path(&before->entries[a], &after->entries[b]);

        changed += order != 0 || before->entries[a].descriptor != after->entries[b].descriptor;
        a += order <= 0;
        b += order >= 0;
    }
    return changed;
}

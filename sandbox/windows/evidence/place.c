#include "sandbox/windows/evidence/evidence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "base/text.h"
#include "sandbox/windows/machine.h"
#include "sandbox/windows/place.h"
#include "sandbox/windows/token.h"
#include "sandbox/windows_facts.h"

static const struct {
    const char *path;
    const char *sddl; /* NULL: as inherited */
} directories[] = {
    {"ws", NULL},
    {"ws\\sub", NULL},
    {"ws\\.git", NULL},
    {"ws\\.git\\hooks", NULL},
    {"ws\\.git\\own", "D:(A;OICI;FA;;;WD)"}, /* stands before what it inherits */
    {"outside", NULL},
};

static const struct {
    const char *path;
    const char *content;
} files[] = {
    {"ws\\file.txt", "file"},
    {"ws\\sub\\file.txt", "file"},
    {"ws\\.git\\HEAD", "ref: refs/heads/main\n"},
    {"ws\\.git\\config", "[core]\n"},
    {"ws\\.git\\hooks\\pre-commit", "exit 0\n"},
    {"ws\\.git\\own\\file.txt", "file"},
    {"outside\\file.txt", "file"},
    {"outside\\secret.txt", "holdfast-secret-7141"},
    {"everyone\\file.txt", "file"},
    {"authenticated\\file.txt", "file"},
};

/* Names that a case may make; they go before the next one. */
static const char *const traces[] = {
    "ws\\new",       "ws\\moved",          "ws\\link",
    "ws\\.codex",    "ws\\.git\\new",      "ws\\.git\\hooks\\new",
    "ws\\git",       "outside\\new",       "outside\\moved",
    "everyone\\new", "authenticated\\new", "ws\\late",
};

char *evidence_path(const struct evidence_place *place, const char *pattern)
{
    return pattern[0] == '%' ? windows_path_join(place->root, pattern + 1)
                             : text_copy(pattern, strlen(pattern));
}

static int make_directory(const char *path, const char *sddl, struct error *err)
{
    AUTO_FREE wchar_t *wide = win_long_path(path, err);
    AUTO_FREE void *descriptor = wide != NULL && sddl != NULL ? win_descriptor(sddl, err) : NULL;
    SECURITY_ATTRIBUTES attributes = {.nLength = sizeof attributes,
                                      .lpSecurityDescriptor = descriptor};

    if (wide == NULL || (sddl != NULL && descriptor == NULL))
        return -1;
    if (CreateDirectoryW(wide, sddl != NULL ? &attributes : NULL) ||
        GetLastError() == ERROR_ALREADY_EXISTS)
        return 0;
    return win_fail_last(err, "CreateDirectory", path);
}

static int make_special(const struct evidence_place *place, const char *name, const char *entry,
                        struct error *err)
{
    AUTO_FREE char *path = windows_path_join(place->root, name);
    char sddl[256];

    (void)snprintf(sddl, sizeof sddl, "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)%s", entry);
    return path != NULL ? make_directory(path, sddl, err) : error_memory(err, name);
}

static int put_file(const char *path, const char *content, struct error *err)
{
    AUTO_FREE char *now = NULL;
    AUTO_FREE wchar_t *wide = win_long_path(path, err);
    struct error ignored;
    HANDLE file;
    size_t size = 0;
    DWORD put = 0;
    BOOL worked;

    if (wide == NULL)
        return -1;
    if (os_read_file(path, 4096, &now, &size, &ignored) == 0 && strcmp(now, content) == 0)
        return 0;
    /* Into the file that is there, so that its descriptor stays. */
    file = CreateFileW(wide, GENERIC_WRITE, FILE_SHARE_READ, NULL, OPEN_ALWAYS, 0, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return win_fail_last(err, "CreateFile", path);
    worked = SetEndOfFile(file) && WriteFile(file, content, (DWORD)strlen(content), &put, NULL);
    (void)CloseHandle(file);
    return worked ? 0 : win_fail_last(err, "WriteFile", path);
}

/* Back from where a case may have moved it. */
static void move_back(const struct evidence_place *place, const char *from, const char *to)
{
    struct error ignored;
    AUTO_FREE char *source = windows_path_join(place->root, from);
    AUTO_FREE char *target = windows_path_join(place->root, to);
    AUTO_FREE wchar_t *wide = source != NULL ? win_long_path(source, &ignored) : NULL;
    AUTO_FREE wchar_t *wide_to = target != NULL ? win_long_path(target, &ignored) : NULL;

    if (wide != NULL && wide_to != NULL)
        (void)MoveFileExW(wide, wide_to, 0);
}

int evidence_place_restore(const struct evidence_place *place, struct error *err)
{
    move_back(place, "ws\\git", "ws\\.git");
    for (size_t i = 0; i < ARRAY_SIZE(traces); i++) {
        AUTO_FREE char *path = windows_path_join(place->root, traces[i]);
        AUTO_FREE wchar_t *wide = path != NULL ? win_long_path(path, err) : NULL;

        if (wide == NULL)
            return -1;
        if (!DeleteFileW(wide))
            (void)RemoveDirectoryW(wide);
        if (GetFileAttributesW(wide) != INVALID_FILE_ATTRIBUTES)
            return error_set(err, ERR_OS, "%s: cannot be removed", path);
    }
    for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
        AUTO_FREE char *path = windows_path_join(place->root, directories[i].path);

        if (path == NULL || make_directory(path, directories[i].sddl, err) < 0)
            return -1;
    }
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        AUTO_FREE char *path = windows_path_join(place->root, files[i].path);

        if (path == NULL || put_file(path, files[i].content, err) < 0)
            return -1;
    }
    return 0;
}

/* Descriptors ------------------------------------------------------------------------------------------ */

char *evidence_sddl(const char *path, struct error *err)
{
    struct nt_file_facts facts;
    AUTO_SD struct nt_sd sd = NT_SD_EMPTY;

    return win_look_at(path, &facts, &sd, err) < 0 ? NULL : nt_sddl_format(&sd, err);
}

/* Every fixed thing of the place, itself first. */
static int each_fixed(const struct evidence_place *place, size_t index, char **path)
{
    const char *name;

    if (index == 0) {
        *path = text_copy(place->root, strlen(place->root));
        return *path != NULL;
    }
    index--;
    if (index >= ARRAY_SIZE(directories) + ARRAY_SIZE(files))
        return 0;
    name = index < ARRAY_SIZE(directories) ? directories[index].path
                                           : files[index - ARRAY_SIZE(directories)].path;
    *path = windows_path_join(place->root, name);
    return *path != NULL;
}

int evidence_place_snapshot(const struct evidence_place *place, struct text_list *lines,
                            struct error *err)
{
    for (size_t i = 0;; i++) {
        AUTO_BUFFER struct buffer line = BUFFER_EMPTY;
        AUTO_FREE char *path = NULL;
        AUTO_FREE char *sddl = NULL;

        if (!each_fixed(place, i, &path))
            return 0;
        sddl = evidence_sddl(path, err);
        if (sddl == NULL)
            return error_wrap(err, "%s", path);
        buffer_printf(&line, "%s\t%s", path, sddl);
        if (text_list_take(lines, buffer_take(&line), err) < 0)
            return -1;
    }
}

int evidence_place_compare(const struct evidence_place *place, struct text_list *changed,
                           struct error *err)
{
    struct text_list now = {0};
    int result = evidence_place_snapshot(place, &now, err);

    for (size_t i = 0; result == 0 && i < now.count && i < place->snapshots.count; i++) {
        if (strcmp(now.items[i], place->snapshots.items[i]) != 0)
            result = text_list_add(changed, now.items[i], err);
    }
    text_list_done(&now);
    return result;
}

/* Making and removing --------------------------------------------------------------------------------- */

static int copy_ourselves(struct evidence_place *place, struct error *err)
{
    AUTO_FREE char *self = os_self_path(err);
    AUTO_FREE wchar_t *from = self != NULL ? win_wide(self, err) : NULL;
    AUTO_FREE wchar_t *to = NULL;

    place->program = windows_path_join(place->root, "ws\\evidence.exe");
    to = place->program != NULL && from != NULL ? win_wide(place->program, err) : NULL;
    if (to == NULL)
        return -1;
    return CopyFileW(from, to, TRUE) ? 0 : win_fail_last(err, "CopyFile", place->program);
}

int evidence_place_make(struct evidence_place *place, struct error *err)
{
    AUTO_HANDLE HANDLE own = win_token_own(err);
    AUTO_TOKEN struct nt_token token = NT_TOKEN_EMPTY;
    char path[64];
    char user[NT_SID_TEXT_MAX];
    char sddl[NT_SID_TEXT_MAX + 96];

    *place = (struct evidence_place){.root = NULL};
    if (own == NULL || win_token_read(own, &token, err) < 0)
        return -1;
    (void)snprintf(path, sizeof path, "C:\\holdfast-evidence-%lu",
                   (unsigned long)GetCurrentProcessId());
    nt_sid_format(&token.user, user);
    (void)snprintf(sddl, sizeof sddl, "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;%s)", user);
    place->root = text_copy(path, strlen(path));
    if (place->root == NULL || make_directory(path, sddl, err) < 0 ||
        make_special(place, "everyone", "(A;OICI;FA;;;WD)", err) < 0 ||
        make_special(place, "authenticated", "(A;OICI;0x1301bf;;;AU)", err) < 0 ||
        evidence_place_restore(place, err) < 0 || copy_ourselves(place, err) < 0)
        return error_wrap(err, "fixture");
    return evidence_place_snapshot(place, &place->snapshots, err);
}

void evidence_place_remove(struct evidence_place *place)
{
    struct error ignored;

    if (place->root != NULL)
        (void)win_remove_tree(place->root, &ignored);
    text_list_done(&place->snapshots);
    free(place->program);
    free(place->root);
    *place = (struct evidence_place){.root = NULL};
}

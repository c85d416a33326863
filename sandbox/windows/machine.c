/*
 * Files are opened without following a link and children relative to their
 * parent's handle, so that nobody can put a junction in the way between a
 * look and a write.
 */
#include "sandbox/windows/machine.h"

#include <winternl.h>

#include <stdlib.h>
#include <string.h>

#include "sandbox/nt/utf16.h"

enum {
    LOOK = READ_CONTROL | FILE_READ_ATTRIBUTES | SYNCHRONIZE,
    SHARE_ALL = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
};

/* winternl.h of MinGW-w64 has no name for these (ntifs.h). */
#define OPEN_REPARSE_POINT 0x00200000
#define OPEN_FOR_BACKUP    0x00004000
#define SYNCHRONOUS        0x00000020

struct node {
    HANDLE handle;
};

static int keep_node(HANDLE handle, void **node, struct error *err)
{
    struct node *kept = malloc(sizeof *kept);

    if (kept == NULL) {
        (void)CloseHandle(handle);
        return error_memory(err, "file");
    }
    kept->handle = handle;
    *node = kept;
    return 0;
}

static HANDLE handle_of(void *node)
{
    return ((struct node *)node)->handle;
}

/* With the right to change the DACL if there is one, else only to look. */
static int open_path(struct nt_machine *machine, const char *path, void **node, struct error *err)
{
    AUTO_FREE wchar_t *wide = win_long_path(path, err);
    const DWORD flags = FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT;
    HANDLE handle;

    (void)machine;
    if (wide == NULL)
        return -1;
    handle = CreateFileW(wide, LOOK | FILE_LIST_DIRECTORY | WRITE_DAC, SHARE_ALL, NULL,
                         OPEN_EXISTING, flags, NULL);
    if (handle == INVALID_HANDLE_VALUE && GetLastError() == ERROR_ACCESS_DENIED)
        handle = CreateFileW(wide, LOOK, SHARE_ALL, NULL, OPEN_EXISTING, flags, NULL);
    if (handle == INVALID_HANDLE_VALUE)
        return win_fail_last(err, "CreateFile", path);
    return keep_node(handle, node, err);
}

static NTSTATUS open_relative(HANDLE parent, wchar_t *name, ACCESS_MASK access, HANDLE *handle)
{
    UNICODE_STRING text = {.Buffer = name,
                           .Length = (USHORT)(wcslen(name) * sizeof *name),
                           .MaximumLength = (USHORT)(wcslen(name) * sizeof *name)};
    OBJECT_ATTRIBUTES attributes = {.Length = sizeof attributes,
                                    .RootDirectory = parent,
                                    .ObjectName = &text,
                                    .Attributes = OBJ_CASE_INSENSITIVE};
    IO_STATUS_BLOCK io;

    return NtCreateFile(handle, access, &attributes, &io, NULL, 0, SHARE_ALL, FILE_OPEN,
                        OPEN_REPARSE_POINT | OPEN_FOR_BACKUP | SYNCHRONOUS, NULL, 0);
}

static int open_child(struct nt_machine *machine, void *parent, const char *name, void **node,
                      struct error *err)
{
    AUTO_FREE wchar_t *wide = win_wide(name, err);
    const NTSTATUS denied = (NTSTATUS)0xc0000022;
    HANDLE handle = NULL;
    NTSTATUS status;

    (void)machine;
    if (wide == NULL)
        return -1;
    status =
        open_relative(handle_of(parent), wide, LOOK | FILE_LIST_DIRECTORY | WRITE_DAC, &handle);
    if (status == denied)
        status = open_relative(handle_of(parent), wide, LOOK, &handle);
    if (status < 0)
        return win_fail(err, RtlNtStatusToDosError(status), "NtCreateFile", name);
    return keep_node(handle, node, err);
}

static void close_node(struct nt_machine *machine, void *node)
{
    (void)machine;
    (void)CloseHandle(handle_of(node));
    free(node);
}

static int add_names(const uint8_t *bytes, struct text_list *names, struct error *err)
{
    for (;;) {
        const FILE_ID_BOTH_DIR_INFO *entry = (const FILE_ID_BOTH_DIR_INFO *)(const void *)bytes;
        AUTO_FREE char *name = nt_utf8_listed((const uint16_t *)entry->FileName,
                                              entry->FileNameLength / sizeof(wchar_t), err);

        if (name == NULL)
            return error_wrap(err, "a file name");
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
            text_list_add(names, name, err) < 0)
            return -1;
        if (entry->NextEntryOffset == 0)
            return 0;
        bytes += entry->NextEntryOffset;
    }
}

static int list(struct nt_machine *machine, void *node, struct text_list *names, struct error *err)
{
    enum {
        ROOM = 64 << 10
    };
    AUTO_FREE uint8_t *bytes = malloc(ROOM);
    FILE_INFO_BY_HANDLE_CLASS class = FileIdBothDirectoryRestartInfo;

    (void)machine;
    if (bytes == NULL)
        return error_memory(err, "directory");
    while (GetFileInformationByHandleEx(handle_of(node), class, bytes, ROOM)) {
        class = FileIdBothDirectoryInfo;
        if (add_names(bytes, names, err) < 0)
            return -1;
    }
    if (GetLastError() != ERROR_NO_MORE_FILES)
        return win_fail_last(err, "GetFileInformationByHandleEx", "directory");
    return 0;
}

static int read_descriptor(HANDLE handle, struct nt_sd *sd, struct error *err)
{
    const SECURITY_INFORMATION what =
        OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;
    DWORD size = 0;
    AUTO_FREE uint8_t *bytes = NULL;

    (void)GetKernelObjectSecurity(handle, what, NULL, 0, &size);
    if (GetLastError() != ERROR_INSUFFICIENT_BUFFER)
        return win_fail_last(err, "GetKernelObjectSecurity", "");
    bytes = malloc(size);
    if (bytes == NULL)
        return error_memory(err, "descriptor");
    if (!GetKernelObjectSecurity(handle, what, bytes, size, &size))
        return win_fail_last(err, "GetKernelObjectSecurity", "");
    return nt_sd_read(bytes, size, sd, err);
}

static int look(struct nt_machine *machine, void *node, struct nt_file_facts *facts,
                struct nt_sd *sd, struct error *err)
{
    BY_HANDLE_FILE_INFORMATION info;

    (void)machine;
    if (!GetFileInformationByHandle(handle_of(node), &info))
        return win_fail_last(err, "GetFileInformationByHandle", "");
    *facts = (struct nt_file_facts){
        .is_directory = (info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0,
        .is_reparse = (info.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0,
        .links = info.nNumberOfLinks,
    };
    return read_descriptor(handle_of(node), sd, err);
}

/* Only this object: SetKernelObjectSecurity hands nothing down. AUTO_INHERIT_REQ keeps the
 * AUTO_INHERITED bit, which would fall off otherwise ("SECURITY_DESCRIPTOR_CONTROL"). */
static int put_dacl(struct nt_machine *machine, void *node, const struct nt_sd *sd,
                    struct error *err)
{
    struct nt_sd only = *sd; /* borrows the list */
    AUTO_FREE uint8_t *bytes = NULL;
    SECURITY_INFORMATION what = DACL_SECURITY_INFORMATION;

    (void)machine;
    only.has_owner = false;
    only.has_group = false;
    only.has_sacl = false;
    only.control &= NT_SD_DACL_PROTECTED | NT_SD_DACL_AUTO_INHERITED;
    if ((only.control & NT_SD_DACL_AUTO_INHERITED) != 0)
        only.control |= NT_SD_DACL_INHERIT_REQUIRED;
    what |= (sd->control & NT_SD_DACL_PROTECTED) != 0 ? PROTECTED_DACL_SECURITY_INFORMATION
                                                      : UNPROTECTED_DACL_SECURITY_INFORMATION;
    bytes = malloc(nt_sd_size(&only));
    if (bytes == NULL)
        return error_memory(err, "descriptor");
    if (nt_sd_write(&only, bytes, err) < 0)
        return -1;
    if (!SetKernelObjectSecurity(handle_of(node), what, bytes))
        return win_fail_last(err, "SetKernelObjectSecurity", "");
    return 0;
}

/* Settings and the journal ----------------------------------------------------------------------- */

static struct win_machine *own(struct nt_machine *machine)
{
    return machine->own;
}

static const struct win_setting *find_setting(struct nt_machine *machine, enum nt_kind kind)
{
    const struct win_setting *at = own(machine)->settings;

    while (at != NULL && at->get != NULL && at->kind != kind)
        at++;
    return at != NULL && at->get != NULL ? at : NULL;
}

static int no_setting(enum nt_kind kind, struct error *err)
{
    (void)error_set(err, ERR_UNSUPPORTED, "this program does not change a %s", nt_kind_name(kind));
    return error_hint(err, "run holdfast-sandbox-setup as an administrator");
}

static int get(struct nt_machine *machine, enum nt_kind kind, const char *name, char **value,
               struct error *err)
{
    const struct win_setting *setting = find_setting(machine, kind);

    *value = NULL;
    return setting != NULL ? setting->get(name, value, err) : no_setting(kind, err);
}

static int set(struct nt_machine *machine, enum nt_kind kind, const char *name, const char *value,
               struct error *err)
{
    const struct win_setting *setting = find_setting(machine, kind);

    return setting != NULL ? setting->set(name, value, err) : no_setting(kind, err);
}

static int append(struct nt_machine *machine, const void *bytes, size_t size, struct error *err)
{
    HANDLE journal = own(machine)->journal;
    DWORD put = 0;

    if (journal == NULL)
        return error_set(err, ERR_REFUSED, "no journal is open, so nothing may be changed");
    if (!WriteFile(journal, bytes, (DWORD)size, &put, NULL) || put != size)
        return win_fail_last(err, "WriteFile", "journal");
    return FlushFileBuffers(journal) ? 0 : win_fail_last(err, "FlushFileBuffers", "journal");
}

static const struct nt_machine_ops ops = {open_path,  open_child, list, look,  put_dacl,
                                          close_node, get,        set,  append};

void win_machine_init(struct win_machine *machine, HANDLE journal,
                      const struct win_setting *settings)
{
    *machine = (struct win_machine){.journal = journal, .settings = settings};
    machine->machine =
        (struct nt_machine){.ops = &ops, .own = machine, .forgets_entries = win_may_pretend()};
}

int win_look_at(const char *path, struct nt_file_facts *facts, struct nt_sd *sd, struct error *err)
{
    struct win_machine looker;
    void *node = NULL;
    int result;

    win_machine_init(&looker, NULL, NULL);
    if (looker.machine.ops->open_path(&looker.machine, path, &node, err) < 0)
        return -1;
    result = looker.machine.ops->look(&looker.machine, node, facts, sd, err);
    looker.machine.ops->close(&looker.machine, node);
    return result;
}

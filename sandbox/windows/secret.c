/*
 * Passwords of the accounts: a file each, in a folder that only the system,
 * administrators and the user who set up may read; inside, what DPAPI made of
 * it for this machine. DPAPI for the machine is no boundary between accounts
 * (any of them may ask it to decrypt): the file's descriptor is. It keeps the
 * password out of backups and other systems that read the disk. The entropy
 * ties a file to its account, so that none can be put in another's place.
 */
#include "sandbox/windows/setup.h"

#include <wincrypt.h>

#include <stdio.h>
#include <string.h>

#include "base/os.h"
#include "sandbox/windows/machine.h"
#include "sandbox/windows/place.h"
#include "sandbox/windows/state.h"
#include "sandbox/windows_facts.h"

enum {
    SECRET_MAX = 4096
};

static char *secret_path(const char *account, struct error *err)
{
    AUTO_FREE char *folder = win_state_machine_folder(err);
    AUTO_FREE char *secrets = folder != NULL ? windows_path_join(folder, "secrets") : NULL;
    char *path = secrets != NULL ? windows_path_join(secrets, account) : NULL;

    if (path == NULL)
        (void)error_memory(err, "secret");
    return path;
}

static DATA_BLOB entropy_of(const char *account, char *storage, size_t size)
{
    (void)snprintf(storage, size, "holdfast-secret-1 %s", account);
    return (DATA_BLOB){.cbData = (DWORD)strlen(storage), .pbData = (BYTE *)storage};
}

void win_secret_free(wchar_t *secret)
{
    if (secret == NULL)
        return;
    SecureZeroMemory(secret, wcslen(secret) * sizeof *secret);
    free(secret);
}

/* What DPAPI gave must be text that ends. */
static wchar_t *take_plain(const DATA_BLOB *plain, struct error *err)
{
    size_t units = plain->cbData / sizeof(wchar_t);
    wchar_t *secret;

    if (plain->cbData % sizeof(wchar_t) != 0 || units < 2 ||
        ((const wchar_t *)(const void *)plain->pbData)[units - 1] != L'\0') {
        (void)error_set(err, ERR_CORRUPT, "secret: not what was written");
        return NULL;
    }
    secret = malloc(plain->cbData);
    if (secret == NULL)
        (void)error_memory(err, "secret");
    else
        memcpy(secret, plain->pbData, plain->cbData);
    return secret;
}

wchar_t *win_secret_read(const char *account, struct error *err)
{
    AUTO_FREE char *path = secret_path(account, err);
    AUTO_FREE char *bytes = NULL;
    char storage[160];
    DATA_BLOB entropy = entropy_of(account, storage, sizeof storage);
    DATA_BLOB kept = {0};
    DATA_BLOB plain = {0};
    size_t size = 0;
    wchar_t *secret = NULL;

    if (path == NULL)
        return NULL;
    if (os_read_file(path, SECRET_MAX, &bytes, &size, err) < 0) {
        (void)error_hint(err,
                         "only who ran setup may use it; else run holdfast-sandbox setup again");
        return NULL;
    }
    kept.cbData = (DWORD)size;
    kept.pbData = (BYTE *)bytes;
    if (!CryptUnprotectData(&kept, NULL, &entropy, NULL, NULL, CRYPTPROTECT_UI_FORBIDDEN, &plain)) {
        (void)win_fail_last(err, "CryptUnprotectData", account);
        (void)error_hint(err, "run holdfast-sandbox setup again, as an administrator");
        return NULL;
    }
    secret = take_plain(&plain, err);
    SecureZeroMemory(plain.pbData, plain.cbData);
    (void)LocalFree(plain.pbData);
    return secret;
}

/* The folder, whose entries the file inherits. */
static int make_secrets(const char *path, const struct nt_sid *user, struct error *err)
{
    AUTO_FREE char *folder = _strdup(path);
    char sid[NT_SID_TEXT_MAX];
    char sddl[NT_SID_TEXT_MAX + 96];
    char *end = folder != NULL ? strrchr(folder, '\\') : NULL;

    if (end == NULL)
        return error_memory(err, "secret");
    *end = '\0';
    nt_sid_format(user, sid);
    (void)snprintf(sddl, sizeof sddl, "O:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FR;;;%s)",
                   sid);
    return win_own_directory(folder, sddl, err);
}

int win_secret_write(const char *account, const wchar_t *password, const struct nt_sid *user,
                     struct error *err)
{
    AUTO_FREE char *path = secret_path(account, err);
    char storage[160];
    DATA_BLOB entropy = entropy_of(account, storage, sizeof storage);
    DATA_BLOB plain = {.cbData = (DWORD)((wcslen(password) + 1) * sizeof *password),
                       .pbData = (BYTE *)(uintptr_t)password};
    DATA_BLOB kept = {0};
    int result;

    if (path == NULL || make_secrets(path, user, err) < 0)
        return -1;
    if (!CryptProtectData(&plain, L"Holdfast", &entropy, NULL, NULL,
                          CRYPTPROTECT_UI_FORBIDDEN | CRYPTPROTECT_LOCAL_MACHINE, &kept))
        return win_fail_last(err, "CryptProtectData", account);
    result = os_replace_file(path, kept.pbData, kept.cbData, err);
    (void)LocalFree(kept.pbData);
    return result;
}

bool win_secret_names_only(const struct nt_acl *acl, const struct nt_sid *user)
{
    bool has_user = false;

    for (size_t i = 0; i < acl->count; i++) {
        const struct nt_ace *ace = &acl->aces[i];
        bool is_user = nt_sid_equal(&ace->sid, user);

        if (ace->is_opaque || (!is_user && !nt_sid_equal(&ace->sid, &NT_SYSTEM) &&
                               !nt_sid_equal(&ace->sid, &NT_ADMINISTRATORS)))
            return false;
        has_user = has_user || is_user;
    }
    return has_user;
}

int win_secret_is_for(const char *account, const struct nt_sid *user, struct error *err)
{
    AUTO_FREE char *path = secret_path(account, err);
    struct nt_file_facts facts;
    AUTO_SD struct nt_sd sd = NT_SD_EMPTY;

    if (path == NULL || win_look_at(path, &facts, &sd, err) < 0)
        return -1;
    return !nt_sd_is_open(&sd) && win_secret_names_only(&sd.dacl, user) ? 1 : 0;
}

int win_secret_remove(const char *account, struct error *err)
{
    AUTO_FREE char *path = secret_path(account, err);
    AUTO_FREE wchar_t *wide = path != NULL ? win_long_path(path, err) : NULL;

    if (wide == NULL)
        return -1;
    if (DeleteFileW(wide) || GetLastError() == ERROR_FILE_NOT_FOUND ||
        GetLastError() == ERROR_PATH_NOT_FOUND)
        return 0;
    return win_fail_last(err, "DeleteFile", path);
}

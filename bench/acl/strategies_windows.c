#include "bench/acl/acl_bench.h"

#include <aclapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/auto.h"

enum {
    SANDBOX_MS = 120000
};

static DWORD wish_of(const struct acl_job *job, unsigned root)
{
    return root < job->changed ? FILE_GENERIC_READ
                               : FILE_GENERIC_READ | FILE_GENERIC_WRITE | DELETE;
}

/* A list with our entry (rights 0: without it) in place of that of `old`. The caller calls LocalFree. */
static int with_entry(const struct acl_job *job, PACL old, DWORD rights, bool is_directory,
                      PACL *made, struct error *err)
{
    EXPLICIT_ACCESS_W entry = {
        .grfAccessPermissions = rights,
        .grfAccessMode = rights != 0 ? SET_ACCESS : REVOKE_ACCESS,
        .grfInheritance = is_directory ? SUB_CONTAINERS_AND_OBJECTS_INHERIT : NO_INHERITANCE,
    };
    DWORD code;

    BuildTrusteeWithSidW(&entry.Trustee, job->sid);
    code = SetEntriesInAclW(1, &entry, old, made);
    return code == ERROR_SUCCESS ? 0 : acl_fail(err, code, "SetEntriesInAcl", job->tree);
}

static bool is_same(const ACL *a, const ACL *b)
{
    return a != NULL && b != NULL && a->AclSize == b->AclSize && memcmp(a, b, a->AclSize) == 0;
}

/* ---- one object, nothing else ---- */

static int put_dacl(HANDLE handle, const wchar_t *path, PACL dacl, struct error *err)
{
    SECURITY_DESCRIPTOR descriptor;

    /* What was inherited stays known as inherited. */
    static const SECURITY_DESCRIPTOR_CONTROL inherits =
        SE_DACL_AUTO_INHERIT_REQ | SE_DACL_AUTO_INHERITED;

    if (!InitializeSecurityDescriptor(&descriptor, SECURITY_DESCRIPTOR_REVISION) ||
        !SetSecurityDescriptorDacl(&descriptor, TRUE, dacl, FALSE) ||
        !SetSecurityDescriptorControl(&descriptor, inherits, inherits) ||
        !SetKernelObjectSecurity(handle, DACL_SECURITY_INFORMATION, &descriptor))
        return acl_fail(err, GetLastError(), "SetKernelObjectSecurity", path);
    return 0;
}

/* Brings one object to its wish; is_lazy: only if it does not have it. */
static int bring(struct acl_job *job, const wchar_t *path, DWORD rights, bool is_directory,
                 bool is_lazy, struct error *err)
{
    HANDLE handle = acl_open(path, READ_CONTROL | WRITE_DAC, err);
    PSECURITY_DESCRIPTOR descriptor = NULL;
    PACL old = NULL;
    PACL made = NULL;
    DWORD code;
    int failed = -1;

    if (handle == INVALID_HANDLE_VALUE)
        return -1;
    code = GetSecurityInfo(handle, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL, &old,
                           NULL, &descriptor);
    job->looked++;
    if (code != ERROR_SUCCESS)
        (void)acl_fail(err, code, "GetSecurityInfo", path);
    else
        failed = with_entry(job, old, rights, is_directory, &made, err);
    if (failed == 0 && !(is_lazy && is_same(old, made))) {
        job->asked++;
        failed = put_dacl(handle, path, made, err);
    }
    (void)LocalFree(made);
    (void)LocalFree(descriptor);
    (void)CloseHandle(handle);
    return failed;
}

/* ---- all roots ---- */

static int root_path(const struct acl_job *job, unsigned root, wchar_t *path, struct error *err)
{
    wchar_t name[32];

    (void)_snwprintf(name, 32, L"r%u", root);
    return acl_join(path, job->tree, name, err);
}

typedef int root_function(struct acl_job *job, const wchar_t *path, DWORD rights,
                          struct error *err);

static int each_root(struct acl_job *job, root_function *function, bool is_undo, struct error *err)
{
    for (unsigned root = 0; root < job->roots; root++) {
        wchar_t path[ACL_PATH_MAX];

        if (root_path(job, root, path, err) < 0 ||
            function(job, path, is_undo ? 0 : wish_of(job, root), err) < 0)
            return -1;
    }
    return 0;
}

/* ---- propagate ---- */

static int propagate(struct acl_job *job, const wchar_t *path, DWORD rights, struct error *err)
{
    PSECURITY_DESCRIPTOR descriptor = NULL;
    PACL old = NULL;
    PACL made = NULL;
    wchar_t name[ACL_PATH_MAX];
    DWORD code;
    int failed;

    (void)wcscpy(name, path); /* the function wants to be able to write it */
    code = GetNamedSecurityInfoW(name, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL, &old,
                                 NULL, &descriptor);
    job->looked++;
    if (code != ERROR_SUCCESS)
        return acl_fail(err, code, "GetNamedSecurityInfo", path);
    failed = with_entry(job, old, rights, true, &made, err);
    if (failed == 0) {
        job->asked++;
        code = SetNamedSecurityInfoW(name, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL,
                                     made, NULL);
        if (code != ERROR_SUCCESS)
            failed = acl_fail(err, code, "SetNamedSecurityInfo", path);
    }
    (void)LocalFree(made);
    (void)LocalFree(descriptor);
    return failed;
}

static int apply_propagate(struct acl_job *job, struct error *err)
{
    return each_root(job, propagate, false, err);
}

static int undo_propagate(struct acl_job *job, struct error *err)
{
    return each_root(job, propagate, true, err);
}

/* ---- walk, compare ---- */

struct wish {
    struct acl_job *job;
    DWORD rights;
    bool is_lazy;
};

static int bring_visited(void *context, const wchar_t *path, bool is_directory, struct error *err)
{
    const struct wish *wish = context;

    return bring(wish->job, path, wish->rights, is_directory, wish->is_lazy, err);
}

static int walk(struct acl_job *job, const wchar_t *path, DWORD rights, struct error *err)
{
    struct wish wish = {job, rights, false};

    return acl_tree_walk(path, bring_visited, &wish, err);
}

static int walk_lazily(struct acl_job *job, const wchar_t *path, DWORD rights, struct error *err)
{
    struct wish wish = {job, rights, true};

    return acl_tree_walk(path, bring_visited, &wish, err);
}

static int apply_walk(struct acl_job *job, struct error *err)
{
    return each_root(job, walk, false, err);
}

static int undo_walk(struct acl_job *job, struct error *err)
{
    return each_root(job, walk, true, err);
}

static int apply_compare(struct acl_job *job, struct error *err)
{
    return each_root(job, walk_lazily, false, err);
}

static int undo_compare(struct acl_job *job, struct error *err)
{
    return each_root(job, walk_lazily, true, err);
}

/* ---- root ---- */

static int bring_root(struct acl_job *job, const wchar_t *path, DWORD rights, struct error *err)
{
    return bring(job, path, rights, true, true, err);
}

static int apply_root(struct acl_job *job, struct error *err)
{
    return each_root(job, bring_root, false, err);
}

static int undo_root(struct acl_job *job, struct error *err)
{
    return each_root(job, bring_root, true, err);
}

/* ---- holdfast ---- */

static void put_json_path(FILE *file, const wchar_t *path)
{
    char narrow[3 * ACL_PATH_MAX];

    (void)WideCharToMultiByte(CP_UTF8, 0, path, -1, narrow, sizeof narrow, NULL, NULL);
    (void)fputc('"', file);
    for (const char *at = narrow; *at != '\0'; at++) {
        if (*at == '\\' || *at == '"')
            (void)fputc('\\', file);
        (void)fputc(*at, file);
    }
    (void)fputc('"', file);
}

/* A thousand roots do not fit into a command line. */
static int write_policy(const struct acl_job *job, struct error *err)
{
    FILE *file = _wfopen(job->policy, L"wb");
    wchar_t path[ACL_PATH_MAX];
    int failed = 0;

    if (file == NULL)
        return acl_fail(err, GetLastError(), "write", job->policy);
    (void)fprintf(file, "{\"network\": \"host\", \"writable\": [");
    for (unsigned root = 1; root < job->roots && failed == 0; root++) {
        bool is_spare = job->changed > 0 && root + 1 == job->roots;

        failed =
            is_spare ? acl_join(path, job->tree, L"spare", err) : root_path(job, root, path, err);
        (void)fputs(root > 1 ? ", " : "", file);
        put_json_path(file, path);
    }
    if (failed == 0)
        failed = job->changed > 0 && job->roots == 1 ? acl_join(path, job->tree, L"spare", err)
                                                     : root_path(job, 0, path, err);
    (void)fputs("], \"workspace\": ", file);
    put_json_path(file, path);
    (void)fputs("}\n", file);
    if (fclose(file) != 0 && failed == 0)
        failed = acl_fail(err, GetLastError(), "write", job->policy);
    return failed;
}

static int run_sandbox(const struct acl_job *job, const wchar_t *arguments, struct error *err)
{
    STARTUPINFOW startup = {.cb = sizeof startup};
    PROCESS_INFORMATION process;
    wchar_t line[4 * ACL_PATH_MAX];
    DWORD status = 0;

    (void)_snwprintf(line, 4 * ACL_PATH_MAX - 1, L"\"%ls\" %ls", job->sandbox, arguments);
    line[4 * ACL_PATH_MAX - 1] = L'\0';
    if (!SetEnvironmentVariableW(L"HOLDFAST_STATE", job->state) ||
        !CreateProcessW(job->sandbox, line, NULL, NULL, FALSE, CREATE_NO_WINDOW, NULL, NULL,
                        &startup, &process))
        return acl_fail(err, GetLastError(), "start", job->sandbox);
    if (WaitForSingleObject(process.hProcess, SANDBOX_MS) != WAIT_OBJECT_0)
        (void)TerminateProcess(process.hProcess, 124);
    (void)WaitForSingleObject(process.hProcess, INFINITE);
    (void)GetExitCodeProcess(process.hProcess, &status);
    (void)CloseHandle(process.hThread);
    (void)CloseHandle(process.hProcess);
    return status == 0 ? 0
                       : error_set(err, ERR_INVALID, "holdfast-sandbox ended with status %lu",
                                   (unsigned long)status);
}

static int apply_holdfast(struct acl_job *job, struct error *err)
{
    wchar_t arguments[2 * ACL_PATH_MAX];

    if (write_policy(job, err) < 0)
        return -1;
    (void)_snwprintf(arguments, 2 * ACL_PATH_MAX,
                     L"run --mode windows-unelevated --policy \"%ls\" -- cmd /c exit 0",
                     job->policy);
    return run_sandbox(job, arguments, err);
}

static int undo_holdfast(struct acl_job *job, struct error *err)
{
    return run_sandbox(job, L"teardown", err);
}

const struct acl_strategy *const acl_strategies[] = {
    &(const struct acl_strategy){"propagate", "SetNamedSecurityInfo on each root", apply_propagate,
                                 undo_propagate},
    &(const struct acl_strategy){"walk", "every object written, whatever it has", apply_walk,
                                 undo_walk},
    &(const struct acl_strategy){"compare", "every object read, written if it differs",
                                 apply_compare, undo_compare},
    &(const struct acl_strategy){"root", "the roots alone, if they differ", apply_root, undo_root},
    NULL,
};

const struct acl_strategy acl_holdfast = {"holdfast", "holdfast-sandbox, windows-unelevated",
                                          apply_holdfast, undo_holdfast};

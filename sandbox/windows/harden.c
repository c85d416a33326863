#include "sandbox/windows/harden.h"

#include <tlhelp32.h>

#include <stdio.h>

#include "sandbox/nt/own.h"
#include "sandbox/windows/setup.h"

static int close_object(HANDLE object, PSECURITY_DESCRIPTOR descriptor, const char *what,
                        struct error *err)
{
    if (!SetKernelObjectSecurity(
            object, DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION, descriptor))
        return win_fail_last(err, "SetKernelObjectSecurity", what);
    return 0;
}

static int close_thread(DWORD id, PSECURITY_DESCRIPTOR descriptor, struct error *err)
{
    AUTO_HANDLE HANDLE thread = OpenThread(WRITE_DAC, FALSE, id);

    if (thread == NULL && GetLastError() == ERROR_INVALID_PARAMETER)
        return 0; /* it has ended since */
    if (thread == NULL)
        return win_fail_last(err, "OpenThread", "own thread");
    return close_object(thread, descriptor, "own thread", err);
}

/* Besides the main thread the loader may have left some of its pool. */
static int close_threads(PSECURITY_DESCRIPTOR descriptor, struct error *err)
{
    AUTO_HANDLE HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    THREADENTRY32 entry = {.dwSize = sizeof entry};

    if (all == INVALID_HANDLE_VALUE || !Thread32First(all, &entry))
        return win_fail_last(err, "CreateToolhelp32Snapshot", "");
    do {
        if (entry.th32OwnerProcessID == GetCurrentProcessId() &&
            close_thread(entry.th32ThreadID, descriptor, err) < 0)
            return -1;
    } while (Thread32Next(all, &entry));
    return GetLastError() == ERROR_NO_MORE_FILES ? 0 : win_fail_last(err, "Thread32Next", "");
}

/* What is made from now on, the host of a pseudoconsole above all: it runs with the account's own token
 * beside the command. */
static int close_later(struct error *err)
{
    struct windows_facts facts = {.is_set_up = false};
    AUTO_SD struct nt_sd sd = NT_SD_EMPTY;
    AUTO_FREE uint8_t *bytes = NULL;
    AUTO_HANDLE HANDLE token = NULL;
    TOKEN_DEFAULT_DACL dacl;
    char group[NT_SID_TEXT_MAX];
    char sddl[NT_SID_TEXT_MAX + 64];

    win_setup_read(&facts);
    if (!facts.is_set_up)
        return error_set(err, ERR_NOT_FOUND, "the sandbox is not set up on this machine");
    nt_sid_format(&facts.group, group);
    (void)snprintf(sddl, sizeof sddl, NT_RUNNERS_OWN, group);
    if (nt_sddl_parse(sddl, NULL, &sd, err) < 0)
        return -1;
    bytes = malloc(nt_acl_size(&sd.dacl));
    if (bytes == NULL)
        return error_memory(err, "default DACL");
    if (nt_acl_write(&sd.dacl, bytes, err) < 0)
        return -1;
    dacl.DefaultDacl = (PACL)(void *)bytes;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_DEFAULT, &token) ||
        !SetTokenInformation(token, TokenDefaultDacl, &dacl, sizeof dacl))
        return win_fail_last(err, "SetTokenInformation", "own default DACL");
    return 0;
}

int win_harden_process(struct error *err)
{
    AUTO_FREE void *descriptor = win_descriptor(NT_OWN_EYES_ONLY, err);

    if (descriptor == NULL ||
        close_object(GetCurrentProcess(), descriptor, "own process", err) < 0 ||
        close_threads(descriptor, err) < 0 || close_later(err) < 0)
        return error_wrap(err, "harden");
    return 0;
}

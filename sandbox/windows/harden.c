#include "sandbox/windows/harden.h"

#include <tlhelp32.h>

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

int win_harden_process(struct error *err)
{
    AUTO_FREE void *descriptor = win_descriptor(WIN_OWN_EYES_ONLY, err);

    if (descriptor == NULL ||
        close_object(GetCurrentProcess(), descriptor, "own process", err) < 0 ||
        close_threads(descriptor, err) < 0)
        return error_wrap(err, "harden");
    return 0;
}

/*
 * What every file of this folder needs: Windows' headers once, errors that
 * name call, object, code and remedy, text at the border, owned handles.
 *
 * This folder is thin on purpose: what can be decided without Windows is
 * decided in sandbox/nt and sandbox/windows_*_plan.c, and tested there. What
 * is here is compiled with MinGW-w64 and tried under Wine as far as Wine is
 * truthful; on real Windows it is unverified.
 */
#ifndef HOLDFAST_WINDOWS_WIN_H
#define HOLDFAST_WINDOWS_WIN_H

#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#include <winsock2.h>
#include <windows.h>

#include <stdbool.h>
#include <stdint.h>
#include <wchar.h>

#include "base/auto.h"
#include "base/error.h"
#include "sandbox/nt/sd.h"

/* Fills *err with ERR_OS: "CreateFile C:\x: access denied (5)", and a remedy where one is known. */
int win_fail(struct error *err, DWORD code, const char *call, const char *object);
/* The same with GetLastError(). */
int win_fail_last(struct error *err, const char *call, const char *object);

/* Text at the border. Caller frees; NULL: err is full. */
wchar_t *win_wide(const char *text, struct error *err);
char *win_narrow(const wchar_t *text, struct error *err);
char *win_narrow_counted(const wchar_t *text, size_t units, struct error *err);
/* "\\?\C:\..." for paths that may be longer than MAX_PATH. */
wchar_t *win_long_path(const char *path, struct error *err);

/* A SID of ours as Windows wants it: the binary form is the same. */
struct win_sid {
    uint8_t bytes[NT_SID_BYTES_MAX];
};
PSID win_sid(const struct nt_sid *sid, struct win_sid *storage);
int win_read_sid(PSID sid, struct nt_sid *out, struct error *err);

/* A self-relative descriptor from SDDL of ours. Caller frees; NULL: err is full. */
PSECURITY_DESCRIPTOR win_descriptor(const char *sddl, struct error *err);

/* A thread that no other process of the same account can open: "Thread Security and Access Rights".
 * NULL: err is full. */
HANDLE win_thread_start(LPTHREAD_START_ROUTINE run, void *argument, struct error *err);

/* True inside Wine, which accepts every call of a sandbox and enforces none. */
bool win_is_wine(void);

/* May enforcement be left out? False in every program that is shipped: pretend.c. */
bool win_may_pretend(void);

static inline void win_close(HANDLE *handle)
{
    if (*handle != NULL && *handle != INVALID_HANDLE_VALUE)
        (void)CloseHandle(*handle);
}

static inline HANDLE win_take(HANDLE *handle)
{
    HANDLE taken = *handle;

    *handle = NULL;
    return taken;
}

static inline void win_local_free(void *slot)
{
    if (*(HLOCAL *)slot != NULL)
        (void)LocalFree(*(HLOCAL *)slot);
}

#define AUTO_HANDLE __attribute__((cleanup(win_close)))
#define AUTO_LOCAL  __attribute__((cleanup(win_local_free)))

/* Seconds as milliseconds to wait; 0 stays 0, and never for ever by wrapping round. */
static inline DWORD win_ms(uint32_t seconds)
{
    return seconds < (INFINITE - 1) / 1000 ? (DWORD)(seconds * 1000) : INFINITE - 1;
}

/* A function of a system DLL that not every Windows (or Wine) has; NULL: not there. */
#define WIN_FUNCTION(type, module, name) \
    ((type)(uintptr_t)GetProcAddress(GetModuleHandleW(module), name))

#endif

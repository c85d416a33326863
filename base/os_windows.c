/* Compiled with MinGW-w64; unverified on real Windows until the Windows leg has run it. */
#include "base/os.h"

#include <windows.h>
#include <bcrypt.h>
#include <io.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

uint64_t os_now_ns(void)
{
    LARGE_INTEGER frequency;
    LARGE_INTEGER count;

    /* Both cannot fail since Windows XP. Split so that the product does not overflow. */
    (void)QueryPerformanceFrequency(&frequency);
    (void)QueryPerformanceCounter(&count);
    return (uint64_t)(count.QuadPart / frequency.QuadPart) * 1000000000u +
           (uint64_t)(count.QuadPart % frequency.QuadPart) * 1000000000u /
               (uint64_t)frequency.QuadPart;
}

int os_random(void *bytes, size_t size, struct error *err)
{
    NTSTATUS status;

    if (size > 0x7fffffff)
        return error_set(err, ERR_INVALID, "%zu random bytes at once", size);
    status = BCryptGenRandom(NULL, bytes, (ULONG)size, BCRYPT_USE_SYSTEM_PREFERRED_RNG);
    if (status != 0)
        return error_set(err, ERR_OS, "BCryptGenRandom: 0x%08lx", (unsigned long)status);
    return 0;
}

static int os_failed(struct error *err, const char *call, const char *object)
{
    DWORD code = GetLastError();

    (void)error_set(err, ERR_OS, "%s %s: Windows error %lu", call, object, (unsigned long)code);
    err->os_code = (int)code;
    return -1;
}

/* Beyond MAX_PATH Windows wants a prefix ("Maximum Path Length Limitation"). */
static bool is_long_path(const char *text)
{
    return strlen(text) >= MAX_PATH - 12 && text[1] == ':' && text[2] == '\\' &&
           strchr(text, '/') == NULL;
}

static wchar_t *wide(const char *text, struct error *err)
{
    int size = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, NULL, 0);
    size_t prefix = is_long_path(text) ? 4 : 0;
    wchar_t *out;

    if (size <= 0) {
        (void)os_failed(err, "MultiByteToWideChar", text);
        return NULL;
    }
    out = malloc(((size_t)size + prefix) * sizeof *out);
    if (out == NULL) {
        (void)error_memory(err, text);
        return NULL;
    }
    memcpy(out, L"\\\\?\\", prefix * sizeof *out);
    (void)MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, out + prefix, size);
    return out;
}

static char *narrow(const wchar_t *text, struct error *err)
{
    int size = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);
    char *out = size > 0 ? malloc((size_t)size) : NULL;

    if (out == NULL) {
        (void)error_memory(err, "a path");
        return NULL;
    }
    (void)WideCharToMultiByte(CP_UTF8, 0, text, -1, out, size, NULL, NULL);
    return out;
}

char *os_self_path(struct error *err)
{
    wchar_t path[32768];
    DWORD length = GetModuleFileNameW(NULL, path, 32768);

    if (length == 0 || length >= 32768) {
        (void)os_failed(err, "GetModuleFileName", "");
        return NULL;
    }
    return narrow(path, err);
}

char *os_absolute_path(const char *path, struct error *err)
{
    AUTO_FREE wchar_t *name = wide(path, err);
    wchar_t full[32768];
    DWORD length;

    if (name == NULL)
        return NULL;
    length = GetFullPathNameW(name, 32768, full, NULL);
    if (length == 0 || length >= 32768) {
        (void)os_failed(err, "GetFullPathName", path);
        return NULL;
    }
    return narrow(full, err);
}

const char *os_home(void)
{
    return getenv("USERPROFILE");
}

bool os_is_terminal(int fd)
{
    return _isatty(fd) != 0;
}

int os_terminal_columns(int fd)
{
    CONSOLE_SCREEN_BUFFER_INFO info;
    intptr_t handle = _get_osfhandle(fd);

    if (!GetConsoleScreenBufferInfo((HANDLE)handle, &info))
        return 80;
    return info.srWindow.Right - info.srWindow.Left + 1;
}

int os_cpu_count(void)
{
    DWORD count = GetActiveProcessorCount(ALL_PROCESSOR_GROUPS);

    return count > 0 ? (int)count : 1;
}

static int write_and_flush(HANDLE file, const char *bytes, size_t size, const char *path,
                           struct error *err)
{
    while (size > 0) {
        DWORD chunk = size > 0x40000000 ? 0x40000000 : (DWORD)size;
        DWORD put = 0;

        if (!WriteFile(file, bytes, chunk, &put, NULL))
            return os_failed(err, "WriteFile", path);
        bytes += put;
        size -= put;
    }
    return FlushFileBuffers(file) ? 0 : os_failed(err, "FlushFileBuffers", path);
}

static int write_new_file(const wchar_t *name, const void *bytes, size_t size, const char *path,
                          struct error *err)
{
    HANDLE file = CreateFileW(name, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS,
                              FILE_ATTRIBUTE_NORMAL | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    int result;

    if (file == INVALID_HANDLE_VALUE)
        return os_failed(err, "CreateFile", path);
    result = write_and_flush(file, bytes, size, path, err);
    (void)CloseHandle(file);
    return result;
}

int os_replace_file(const char *path, const void *bytes, size_t size, struct error *err)
{
    AUTO_FREE char *temporary = malloc(strlen(path) + 32);
    AUTO_FREE wchar_t *from = NULL;
    AUTO_FREE wchar_t *to = wide(path, err);

    if (to == NULL)
        return -1;
    if (temporary == NULL)
        return error_memory(err, path);
    (void)snprintf(temporary, strlen(path) + 32, "%s.%lu.new", path,
                   (unsigned long)GetCurrentProcessId());
    from = wide(temporary, err);
    if (from == NULL || write_new_file(from, bytes, size, temporary, err) < 0)
        return -1;
    if (!MoveFileExW(from, to, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH)) {
        (void)os_failed(err, "MoveFileEx", path);
        (void)DeleteFileW(from);
        return -1;
    }
    return 0;
}

static char *read_handle(HANDLE file, size_t max, size_t *size, const char *path, struct error *err)
{
    LARGE_INTEGER length;
    DWORD got = 0;
    AUTO_FREE char *bytes = NULL;

    if (GetFileType(file) != FILE_TYPE_DISK || !GetFileSizeEx(file, &length)) {
        (void)error_set(err, ERR_INVALID, "%s: not a regular file", path);
        return NULL;
    }
    if (length.QuadPart < 0 || (uint64_t)length.QuadPart > max || length.QuadPart > 0x7fffffff) {
        (void)error_set(err, ERR_INVALID, "%s: larger than %zu bytes", path, max);
        return NULL;
    }
    bytes = malloc((size_t)length.QuadPart + 1);
    if (bytes == NULL) {
        (void)error_memory(err, path);
        return NULL;
    }
    if (!ReadFile(file, bytes, (DWORD)length.QuadPart, &got, NULL)) {
        (void)os_failed(err, "ReadFile", path);
        return NULL;
    }
    bytes[got] = '\0';
    *size = got;
    return TAKE(bytes);
}

int os_read_file(const char *path, size_t max, char **bytes, size_t *size, struct error *err)
{
    AUTO_FREE wchar_t *name = wide(path, err);
    HANDLE file;
    char *content;

    if (name == NULL)
        return -1;
    /* Whoever has it open for writing, ourselves included, goes on writing. */
    file = CreateFileW(name, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                       NULL, OPEN_EXISTING, FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return os_failed(err, "CreateFile", path);
    content = read_handle(file, max, size, path, err);
    (void)CloseHandle(file);
    if (content == NULL)
        return -1;
    *bytes = content;
    return 0;
}

static int make_directory(const char *path, struct error *err)
{
    AUTO_FREE wchar_t *name = wide(path, err);

    if (name == NULL)
        return -1;
    if (!CreateDirectoryW(name, NULL) && GetLastError() != ERROR_ALREADY_EXISTS &&
        GetLastError() != ERROR_ACCESS_DENIED)
        return os_failed(err, "CreateDirectory", path);
    return 0;
}

int os_make_directories(const char *path, struct error *err)
{
    AUTO_FREE char *partial = strdup(path);

    if (partial == NULL)
        return error_memory(err, path);
    for (char *at = partial + 1; *partial != '\0'; at++) {
        char kept = *at;

        if (kept != '/' && kept != '\\' && kept != '\0')
            continue;
        *at = '\0';
        if (at[-1] != ':' && make_directory(partial, err) < 0)
            return -1;
        if (kept == '\0')
            break;
        *at = kept;
    }
    return 0;
}

/* Sources: winerror.h for the names; research/codex-sandbox-facts.md, 5, for where they were met. */
#include "sandbox/windows_hints.h"

#include <stddef.h>

#include "base/auto.h"

static const struct {
    uint32_t code;
    const char *name;
    const char *hint; /* at most 115 bytes, so that it fits an error */
} rows[] = {
    {2, "FILE_NOT_FOUND", "give the whole path, or check PATH"},
    {3, "PATH_NOT_FOUND", "a directory on the way does not exist"},
    {5, "ACCESS_DENIED",
     "a Store (MSIX) program cannot start under such a token: name a real .exe; else check the "
     "ACL"},
    {32, "SHARING_VIOLATION", "another program has it open; close that and try again"},
    {50, "NOT_SUPPORTED", "the volume or the Windows version cannot do this"},
    {87, "INVALID_PARAMETER",
     "inside another sandbox, or on a volume without ACLs, this cannot work"},
    {193, "BAD_EXE_FORMAT", "this is no Windows program"},
    {267, "DIRECTORY", "mapped drives do not exist for another account: give the real path"},
    {740, "ELEVATION_REQUIRED",
     "this program asks for an administrator; a sandboxed command cannot be one"},
    {1060, "SERVICE_DOES_NOT_EXIST",
     "the secondary logon service is missing on this Windows edition"},
    {1168, "NOT_FOUND", "the account's profile list is damaged: run holdfast-sandbox setup again"},
    {1307, "INVALID_OWNER", "the volume does not let this account own files"},
    {1312, "NO_SUCH_LOGON_SESSION", "the logon session is gone: sign in again, then retry"},
    {1314, "PRIVILEGE_NOT_HELD",
     "needs an administrator, or the secondary logon service (seclogon)"},
    {1326, "LOGON_FAILURE",
     "the sandbox account's password changed: run holdfast-sandbox setup again"},
    {1327, "ACCOUNT_RESTRICTION",
     "a policy restricts the sandbox account (hours, empty passwords)"},
    {1330, "PASSWORD_EXPIRED", "run holdfast-sandbox setup again"},
    {1332, "NONE_MAPPED",
     "the account is not known yet: retry; on a domain controller it cannot be"},
    {1344, "ALLOTTED_SPACE_EXCEEDED", "too many roots for one token: use fewer writable roots"},
    {1385, "LOGON_TYPE_NOT_GRANTED",
     "a policy forbids local logon: allow \"Log on locally\" for the group HoldfastSandbox"},
    {1450, "NO_SYSTEM_RESOURCES", "too many logon sessions: sign out or restart"},
    {1907, "PASSWORD_MUST_CHANGE", "run holdfast-sandbox setup again"},
    {1909, "ACCOUNT_LOCKED_OUT", "unlock the sandbox account, or wait; then run setup again"},
    {1920, "CANT_ACCESS_FILE",
     "an app-execution alias is no program file: name the real .exe it stands for"},
    {2202, "BAD_USERNAME", "the account name is not allowed on this machine"},
    {2245, "PASSWORD_TOO_SHORT", "the password policy refused twenty random passwords: look at it"},
};

const char *windows_hint(uint32_t code)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (rows[i].code == code)
            return rows[i].hint;
    }
    return NULL;
}

const char *windows_error_name(uint32_t code)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (rows[i].code == code)
            return rows[i].name;
    }
    return NULL;
}

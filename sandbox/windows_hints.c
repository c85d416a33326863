/* Sources: winerror.h and lmerr.h for the names; research/codex-sandbox-facts.md, 5, for where they were
 * met. */
#include "sandbox/windows_hints.h"

#include <string.h>

#include "base/auto.h"
#include "sandbox/sandbox.h"

const struct windows_error windows_errors[] = {
    {2, "FILE_NOT_FOUND", "the program or file is not there for the account that looks",
     "give the whole path, or check PATH"},
    {3, "PATH_NOT_FOUND", "a directory on the way is not there, or not for this account",
     "a directory on the way does not exist"},
    {5, "ACCESS_DENIED",
     "a Store (MSIX) program or app-execution alias was started under a restricted token, or an "
     "access control list leaves the account out",
     "a Store (MSIX) program cannot start under such a token: name a real .exe; else check the "
     "ACL"},
    {32, "SHARING_VIOLATION", "a file is open elsewhere and not shared",
     "another program has it open; close that and try again"},
    {50, "NOT_SUPPORTED", "the volume, the share or this Windows lacks the function",
     "the volume or the Windows version cannot do this"},
    {87, "INVALID_PARAMETER",
     "the token is restricted already (a sandbox in a sandbox), or the volume keeps no access "
     "control lists",
     "inside another sandbox, or on a volume without ACLs, this cannot work"},
    {193, "BAD_EXE_FORMAT", "the file is no program for this machine",
     "this is no Windows program"},
    {206, "FILENAME_EXCED_RANGE", "the command line or a path is longer than Windows takes",
     "shorten the command line, or put arguments into a file"},
    {216, "EXE_MACHINE_TYPE_MISMATCH", "the program is for another processor",
     "use a build for this processor"},
    {225, "VIRUS_INFECTED", "the virus scanner stopped the program",
     "ask whoever manages the virus scanner"},
    {267, "DIRECTORY",
     "the working directory is on a mapped drive, which belongs to one logon, or is no directory",
     "mapped drives do not exist for another account: give the real path"},
    {740, "ELEVATION_REQUIRED",
     "the program asks for an administrator: by its manifest, or because its name looks like an "
     "installer's",
     "this program asks for an administrator; a sandboxed command cannot be one"},
    {1058, "SERVICE_DISABLED",
     "the secondary logon service (seclogon) or the filtering engine (BFE) is switched off",
     "allow the service to start: sc config seclogon start= demand"},
    {1060, "SERVICE_DOES_NOT_EXIST", "a service that is needed was removed from this Windows",
     "use an edition of Windows that has it, or --mode windows-unelevated"},
    {1168, "NOT_FOUND", "the list of profiles names the account's profile wrongly",
     "the account's profile list is damaged: run holdfast-sandbox setup again"},
    {1260, "ACCESS_DISABLED_BY_POLICY", "AppLocker or a software restriction policy forbids it",
     "ask whoever manages this machine to allow the program"},
    {1307, "INVALID_OWNER", "the account may not own objects on that volume",
     "the volume does not let this account own files"},
    {1312, "NO_SUCH_LOGON_SESSION",
     "the logon session that the process belongs to has ended, or its stored credentials are stale",
     "the logon session is gone: sign in again, then retry"},
    {1314, "PRIVILEGE_NOT_HELD",
     "the caller lacks a right that only administrators and services have: a token that is not "
     "derived from one's own needs it",
     "needs an administrator, or the secondary logon service (seclogon)"},
    {1326, "LOGON_FAILURE",
     "the kept password is not the account's: somebody changed it, or set-up was cut off",
     "the sandbox account's password changed: run holdfast-sandbox setup again"},
    {1327, "ACCOUNT_RESTRICTION", "a policy forbids this logon: hours, computers, empty passwords",
     "a policy restricts the sandbox account (hours, empty passwords)"},
    {1330, "PASSWORD_EXPIRED", "a password policy has overruled \"never expires\"",
     "run holdfast-sandbox setup again"},
    {1331, "ACCOUNT_DISABLED", "somebody switched the sandbox's account off",
     "run holdfast-sandbox setup again"},
    {1332, "NONE_MAPPED", "a name has no SID here (yet)",
     "the account is not known yet: retry; on a domain controller it cannot be"},
    {1344, "ALLOTTED_SPACE_EXCEEDED", "the token's lists are full",
     "too many roots for one token: use fewer writable roots"},
    {1379, "ALIAS_EXISTS", "a local group of that name exists",
     "rename or remove the group; it will not be taken over"},
    {1385, "LOGON_TYPE_NOT_GRANTED",
     "the account may not log on locally: domain controllers and some group policies take that "
     "right from Users",
     "a policy forbids local logon: allow \"Log on locally\" for the group HoldfastSandbox"},
    {1450, "NO_SYSTEM_RESOURCES", "the kernel has run out of something, mostly logon sessions",
     "too many logon sessions: sign out or restart"},
    {1907, "PASSWORD_MUST_CHANGE",
     "the password is marked to be changed; seen now and then when many logons start at once",
     "run holdfast-sandbox setup again"},
    {1909, "ACCOUNT_LOCKED_OUT", "too many logons with a wrong password, by whomever",
     "unlock the sandbox account, or wait; then run setup again"},
    {1920, "CANT_ACCESS_FILE",
     "the file is an app-execution alias: a link that only the Store's service can follow",
     "an app-execution alias is no program file: name the real .exe it stands for"},
    {2202, "BAD_USERNAME", "the machine's rules for account names forbid ours",
     "the account name is not allowed on this machine"},
    {2224, "USER_EXISTS", "a local account of that name exists",
     "rename or remove the account; it will not be taken over"},
    {2245, "PASSWORD_TOO_SHORT", "a password policy wants something else than 40 random characters",
     "the password policy refused twenty random passwords: look at it"},
};
const size_t windows_error_count = ARRAY_SIZE(windows_errors);

const struct windows_error *windows_error_find(uint32_t code)
{
    for (size_t i = 0; i < ARRAY_SIZE(windows_errors); i++) {
        if (windows_errors[i].code == code)
            return &windows_errors[i];
    }
    return NULL;
}

const char *windows_hint(uint32_t code)
{
    const struct windows_error *row = windows_error_find(code);

    return row != NULL ? row->hint : NULL;
}

const char *windows_error_name(uint32_t code)
{
    const struct windows_error *row = windows_error_find(code);

    return row != NULL ? row->name : NULL;
}

bool windows_error_passes(uint32_t code)
{
    /* RPC to the secondary logon service that is just starting; 1907 of codex issue 43518. */
    return code == 1722 || code == 1726 || code == 1907;
}

/* What CreateProcess says when the program itself is the trouble. */
static bool is_about_program(uint32_t code)
{
    static const uint32_t codes[] = {5, 193, 206, 216, 225, 740, 1260, 1920};

    for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
        if (codes[i] == code)
            return true;
    }
    return false;
}

int windows_status_of(const struct error *err)
{
    if (err->code == ERR_NOT_FOUND)
        return SANDBOX_EXIT_NOT_FOUND;
    if (strncmp(err->message, "CreateProcess", 13) == 0 && is_about_program((uint32_t)err->os_code))
        return SANDBOX_EXIT_NOT_EXECUTABLE;
    return SANDBOX_EXIT_REFUSED;
}

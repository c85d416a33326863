/* Rows of area fs that act on Windows and WSL only: other names, other rights, other links. */
#include "conformance/probe.h"

static const char runs_on_windows[] = "acts on Windows only; the Windows leg runs it";
static const char runs_on_wsl[] = "acts in WSL 2 under Windows only; the WSL leg runs it";

static const struct probe rows[] = {
    {
        .id = "fs.open-by-fileid",
        .claim = "a file outside cannot be opened by its number",
        .technique = "OpenFileById and volume paths with the file id of an outside file",
        .source = "OpenFileById (Microsoft documentation)",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_WINDOWS,
        .oracles = ORACLE_CANARY,
        .not_implemented = runs_on_windows,
    },
    {
        .id = "fs.junction-write",
        .claim = "a junction made in the workspace leads to no write outside",
        .technique =
            "mklink /J in the workspace to an outside directory, then writes and creates below it",
        .source = "codex#31468; Forshaw",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_WINDOWS,
        .oracles = ORACLE_CANARY,
        .not_implemented = runs_on_windows,
    },
    {
        .id = "fs.mountpoint-swap",
        .claim = "set-up that walks a tree cannot be led out of it",
        .technique = "a directory is exchanged with a mount-point reparse while the set-up helper "
                     "walks and stamps ACLs",
        .source = "codex#31468; CVE-2026-34078 analogue",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_WINDOWS,
        .oracles = ORACLE_CUSTOM,
        .not_implemented = runs_on_windows,
    },
    {
        .id = "fs.objmgr-symlink",
        .claim = "links in the object manager redirect nothing of the set-up helper's",
        .technique = "an object symlink in \\RPC Control and a junction in the way of a file "
                     "operation of the elevated helper",
        .source = "Forshaw, symboliclink-testing-tools",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_WINDOWS,
        .oracles = ORACLE_CANARY,
        .not_implemented = runs_on_windows,
    },
    {
        .id = "fs.device-path",
        .claim = "no other spelling of an outside path opens it",
        .technique = "\\\\?\\, \\\\.\\, \\??\\, GLOBALROOT, volume GUIDs, admin shares and "
                     "\\\\?\\UNC\\ spellings of a canary",
        .source = "Naming Files, Paths, and Namespaces (Microsoft documentation)",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_WINDOWS,
        .oracles = ORACLE_CANARY,
        .not_implemented = runs_on_windows,
    },
    {
        .id = "fs.ads-outside",
        .claim = "no stream can be added to an outside file or directory",
        .technique = "writes file:stream on an outside file and on an outside directory",
        .source = "File Streams (Microsoft documentation)",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_WINDOWS,
        .oracles = ORACLE_CANARY,
        .not_implemented = runs_on_windows,
    },
    {
        .id = "fs.eas-attrs",
        .claim = "attributes of an outside file stay as they are",
        .technique = "sets extended attributes, hidden, read-only and system flags, times, "
                     "encryption and compression",
        .source = "codex audit.rs WRITE_EA mask",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_WINDOWS,
        .oracles = ORACLE_CANARY,
        .not_implemented = runs_on_windows,
    },
    {
        .id = "fs.write-dac",
        .claim = "security descriptors outside, and of protected names inside, stay as they are",
        .technique = "changes DACL, owner and integrity label; an owner has WRITE_DAC without "
                     "being granted it",
        .source = "OWNER RIGHTS, S-1-3-4 (Microsoft documentation)",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_WINDOWS,
        .oracles = ORACLE_CUSTOM,
        .not_implemented = runs_on_windows,
    },
    {
        .id = "fs.authusers-writable",
        .claim = "a directory that every signed-in user may write is outside like any other",
        .technique = "writes directories that grant Authenticated Users or BUILTIN\\Users, such as "
                     "the root of a data drive",
        .source = "codex#18558",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_WINDOWS,
        .oracles = ORACLE_CANARY,
        .not_implemented = runs_on_windows,
    },
    {
        .id = "fs.logon-sid-writable",
        .claim = "an object that grants the logon session is outside like any other",
        .technique = "writes a directory whose DACL grants the logon SID",
        .source = "lich#381",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_WINDOWS,
        .oracles = ORACLE_CANARY,
        .not_implemented = runs_on_windows,
    },
    {
        .id = "fs.case-path",
        .claim = "no spelling of a root leads beside it",
        .technique =
            "case variants with .., trailing dots and blanks, 8.3 names and Unicode case of a root",
        .source = "CVE-2025-59944",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_WINDOWS,
        .oracles = ORACLE_CANARY,
        .not_implemented = runs_on_windows,
    },
    {
        .id = "fs.fuse-drvfs-case",
        .claim = "a case-insensitive mount does not escape a case-sensitive rule",
        .technique = "case variants of a path on /mnt/c",
        .source = "CVE-2025-59944 class",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_WSL,
        .oracles = ORACLE_CANARY,
        .not_implemented = runs_on_wsl,
    },
    {
        .id = "fs.restore-priv",
        .claim = "backup, restore and take-ownership privileges open nothing",
        .technique = "opens with FILE_FLAG_BACKUP_SEMANTICS after enabling the privileges",
        .source = "Privilege Constants (Microsoft documentation)",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_WINDOWS,
        .oracles = ORACLE_CANARY,
        .not_implemented = runs_on_windows,
    },
    {
        .id = "fs.recycle-shadow",
        .claim = "the recycle bin and shadow copies are outside",
        .technique = "writes \\$Recycle.Bin and reads shadow copy paths",
        .source = "own",
        .severity = SEVERITY_LOW,
        .platforms = PLATFORM_WINDOWS,
        .oracles = ORACLE_CANARY,
        .not_implemented = runs_on_windows,
    },
    {
        .id = "fs.txf-usn",
        .claim = "transactions and the USN journal cannot be controlled",
        .technique = "TxF calls and USN journal control codes",
        .source = "Chromium mitigations test",
        .severity = SEVERITY_LOW,
        .platforms = PLATFORM_WINDOWS,
        .oracles = ORACLE_CUSTOM,
        .not_implemented = runs_on_windows,
    },
};

PROBE_FAMILY(family_fs_nt, rows);

/* Rows of areas read and persist that act on Windows and WSL only. */
#include "conformance/probe.h"

static const char runs_on_windows[] = "acts on Windows only; the Windows leg runs it";
static const char runs_on_wsl[] = "acts in WSL 2 under Windows only; the WSL leg runs it";

static const struct probe rows[] = {
    {
        .id = "read.win-process-memory",
        .claim = "memory of the agent cannot be read",
        .technique = "OpenProcess(PROCESS_VM_READ) and ReadProcessMemory of the agent and its "
                     "environment block",
        .source = "lich#381 ceiling",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_WINDOWS,
        .oracles = ORACLE_LEAK,
        .not_implemented = runs_on_windows,
    },
    {
        .id = "read.win-minidump",
        .claim = "no dump of the agent can be made",
        .technique = "MiniDumpWriteDump and comsvcs.dll of the victim",
        .source = "MiniDumpWriteDump (Microsoft documentation)",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_WINDOWS,
        .oracles = ORACLE_LEAK,
        .not_implemented = runs_on_windows,
    },
    {
        .id = "read.dpapi",
        .claim = "what the user sealed cannot be opened",
        .technique = "CryptUnprotectData of a blob that the user sealed",
        .source = "CryptUnprotectData (Microsoft documentation)",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_WINDOWS,
        .oracles = ORACLE_LEAK,
        .not_implemented = runs_on_windows,
    },
    {
        .id = "read.credman",
        .claim = "the user's stored credentials cannot be listed",
        .technique = "CredEnumerate and the vault interface, for a planted credential",
        .source = "CredEnumerate (Microsoft documentation)",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_WINDOWS,
        .oracles = ORACLE_LEAK,
        .not_implemented = runs_on_windows,
    },
    {
        .id = "read.wsl-windows-home",
        .claim = "denied files of the Windows profile cannot be read from WSL",
        .technique = "reads a planted secret below /mnt/c/Users",
        .source = "own",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_WSL,
        .oracles = ORACLE_LEAK,
        .not_implemented = runs_on_wsl,
    },
    {
        .id = "persist.run-keys",
        .claim = "no registry value that starts programs can be set",
        .technique = "writes Run, RunOnce, Winlogon, policy, logon script and environment values",
        .source = "own",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_WINDOWS,
        .oracles = ORACLE_CUSTOM,
        .not_implemented = runs_on_windows,
    },
    {
        .id = "persist.startup-folder",
        .claim = "nothing is added to the Startup folder, the Start menu or the desktop",
        .technique = "creates and edits links in those folders",
        .source = "codex#23912",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_WINDOWS,
        .oracles = ORACLE_CANARY,
        .not_implemented = runs_on_windows,
    },
    {
        .id = "persist.tasks-services",
        .claim = "no task, service or other thing that starts later can be registered",
        .technique = "scheduled tasks, services, WMI subscriptions, BITS jobs, AppInit, print "
                     "monitors, screen savers, file associations and COM classes",
        .source = "own",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_WINDOWS,
        .oracles = ORACLE_CUSTOM,
        .not_implemented = runs_on_windows,
    },
    {
        .id = "persist.wsl-conf",
        .claim = "what WSL starts at boot cannot be set",
        .technique = "writes the boot command of /etc/wsl.conf, .wslconfig and the default user",
        .source = "wsl.conf (Microsoft documentation)",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_WSL,
        .oracles = ORACLE_CANARY,
        .not_implemented = runs_on_wsl,
    },
};

PROBE_FAMILY(family_user_nt, rows);

/* Rows of area setup that act on Windows only: what ACLs, accounts and rules leave behind. */
#include "conformance/probe.h"

static const char runs_on_windows[] = "acts on Windows only; the Windows leg runs it";

static const struct probe rows[] = {
    {
        .id = "setup.ssh-perms",
        .claim = "ssh still accepts its keys and configuration after set-up",
        .technique =
            "compares the security of ~/.ssh and asks ssh -G and ssh-keygen -y for the planted key",
        .source = "codex#12226, #31468, #31605",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_WINDOWS,
        .oracles = ORACLE_CUSTOM,
        .not_implemented = runs_on_windows,
    },
    {
        .id = "setup.deny-ace-left",
        .claim = "the user's own git works after the run",
        .technique =
            "looks for deny ACEs on .git, .codex and .agents and runs git pull as the user",
        .source = "codex#18918, #21304",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_WINDOWS,
        .oracles = ORACLE_CUSTOM,
        .not_implemented = runs_on_windows,
    },
    {
        .id = "setup.stale-sids",
        .claim = "many runs do not fill ACLs with identifiers that nobody knows",
        .technique = "30 runs; counts ACEs and identifiers without a name, also after teardown",
        .source = "codex#46178",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_WINDOWS,
        .oracles = ORACLE_CUSTOM,
        .not_implemented = runs_on_windows,
    },
    {
        .id = "setup.stale-sid-grants",
        .claim = "the identifier of a former workspace gives nothing now",
        .technique =
            "a second session with an identifier of the first writes the first's workspace",
        .source = "codex PR 21479",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_WINDOWS,
        .oracles = ORACLE_CANARY,
        .not_implemented = runs_on_windows,
    },
    {
        .id = "setup.read-acl-sweep",
        .claim = "set-up does not open the user's profile to the sandbox's group",
        .technique = "compares security descriptors across the profile before and after set-up",
        .source = "codex#31605, #12835",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_WINDOWS,
        .oracles = ORACLE_CUSTOM,
        .not_implemented = runs_on_windows,
    },
    {
        .id = "setup.everyone-deny",
        .claim = "set-up adds no denial outside the workspace",
        .technique = "compares security descriptors of directories that everybody may write",
        .source = "codex#14006, #7022",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_WINDOWS,
        .oracles = ORACLE_CUSTOM,
        .not_implemented = runs_on_windows,
    },
    {
        .id = "setup.firewall-left",
        .claim = "no firewall or filter rule stays, and none of others is touched",
        .technique = "compares WFP filters, firewall rules and loopback exemptions around set-up "
                     "and teardown",
        .source = "nub#433",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_WINDOWS,
        .oracles = ORACLE_CUSTOM,
        .not_implemented = runs_on_windows,
    },
    {
        .id = "setup.accounts-left",
        .claim = "no account, group, profile or logon right stays after teardown",
        .technique = "compares local accounts, groups, profiles, rights and the hidden-user list",
        .source = "codex hide_users.rs",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_WINDOWS,
        .oracles = ORACLE_CUSTOM,
        .not_implemented = runs_on_windows,
    },
    {
        .id = "setup.idempotent-acl",
        .claim = "ACLs stay in order, inheritance and owners stay as they were",
        .technique = "sets the policy twice on a tree of 100 000 files; compares order, "
                     "inheritance and time",
        .source = "codex#31605",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_WINDOWS,
        .oracles = ORACLE_CUSTOM,
        .not_implemented = runs_on_windows,
    },
    {
        .id = "setup.helper-left",
        .claim = "no set-up helper stays or spins",
        .technique = "looks for helpers and their processor time after the run",
        .source = "codex#32194",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_WINDOWS,
        .oracles = ORACLE_PROCESS,
        .not_implemented = runs_on_windows,
    },
};

PROBE_FAMILY(family_setup_nt, rows);

/* Rows of area git that act on Windows only: what NTFS takes for .git. */
#include "conformance/probe.h"

static const char runs_on_windows[] = "acts on Windows only; the Windows leg runs it";

static const struct probe rows[] = {
    {
        .id = "git.case-variant",
        .claim = "no other case of .git is made where case does not matter",
        .technique = "creates .GIT, .Git and .giT; then the user runs git status",
        .source = "CVE-2014-9390",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_WSL | PLATFORM_WINDOWS,
        .oracles = ORACLE_TRIGGER,
        .not_implemented = runs_on_windows,
    },
    {
        .id = "git.case-sensitive-dir",
        .claim = "a directory cannot be made case-sensitive to hold a second .git",
        .technique = "sets the case-sensitive flag of the workspace, then makes .git and .GIT",
        .source = "Per-directory case sensitivity (Microsoft documentation)",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_WINDOWS,
        .oracles = ORACLE_METADATA,
        .not_implemented = runs_on_windows,
    },
    {
        .id = "git.shortname",
        .claim = "the short name of .git is protected like the name",
        .technique =
            "writes GIT~1\\config and GI7EBA~1, and creates the short name before .git exists",
        .source = "CVE-2019-1352; git e7cb0b4455",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_WINDOWS,
        .oracles = ORACLE_METADATA,
        .not_implemented = runs_on_windows,
    },
    {
        .id = "git.trailing",
        .claim = "names that Windows takes for .git are protected like the name",
        .technique = "writes \".git.\", \".git \", .git::$INDEX_ALLOCATION and .git:x:$DATA",
        .source = "CVE-2019-1352; git 1d1d69bc52",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_WINDOWS,
        .oracles = ORACLE_METADATA,
        .not_implemented = runs_on_windows,
    },
    {
        .id = "git.ads-on-gitdir",
        .claim = "no stream can be added to .git",
        .technique = "writes an alternate stream of the .git directory",
        .source = "File Streams (Microsoft documentation)",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_WINDOWS,
        .oracles = ORACLE_METADATA,
        .not_implemented = runs_on_windows,
    },
    {
        .id = "git.safe-directory",
        .claim = "the user's git still trusts his workspace after a run",
        .technique = "files of another owner in the workspace, then git status; the global "
                     "safe.directory is compared",
        .source = "codex inject_git_safe_directory",
        .severity = SEVERITY_MEDIUM,
        .platforms = PLATFORM_WINDOWS,
        .oracles = ORACLE_TRIGGER,
        .not_implemented = runs_on_windows,
    },
};

PROBE_FAMILY(family_git_nt, rows);

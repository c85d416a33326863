/* Rows of area fs: writing to files outside the roots, through the path and through descriptors. */
#include "conformance/probe.h"
#include "conformance/probes/tools.h"

static int write_direct(const struct attempt *a)
{
    return try_write(path_in(a->outside, "canary.txt"), a->nonce);
}

static const struct probe rows[] = {
    {
        .id = "fs.write-direct",
        .claim = "a file outside the roots cannot be opened for writing",
        .technique = "open(O_WRONLY) of an existing canary outside every root",
        .source = "open(2); own; the codex Linux sandbox suite has this one",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY,
        .attempt = write_direct,
    },
};

PROBE_FAMILY(family_fs_write, rows);

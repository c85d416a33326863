#!/bin/sh
# sandbox-runtime.sh POLICY.json -- COMMAND...   Anthropic's sandbox-runtime with the same policy.
set -eu
shift 2
srt=$HOLDFAST_PEERS/node_modules/.bin/srt
[ -x "$srt" ] || {
    echo "sandbox-runtime.sh: not installed; run ci/deps --peers" >&2
    exit 125
}
own=$(mktemp -d "$HOLDFAST_SCRATCH/XXXX") # a case may start the sandbox several times
settings=$own/settings.json
CLAUDE_CODE_TMPDIR=$own/tmp # srt's own variable for a private place of temporary files
TMPDIR=$own                 # its sockets: in /tmp they stay when it is killed
export CLAUDE_CODE_TMPDIR TMPDIR
mkdir "$CLAUDE_CODE_TMPDIR"

# Lists come as one JSON string to a line.
list() {
    printf '%s' "$1" | paste -sd, -
}
printf '{"network":{"allowedDomains":[],"deniedDomains":[]},"filesystem":{"denyRead":[%s],"allowWrite":[%s,"%s"],"denyWrite":[%s]}}\n' \
    "$(list "$HOLDFAST_DENY_READ$HOLDFAST_DENY_READ_FILES")" "$(list "$HOLDFAST_WRITABLE")" \
    "$CLAUDE_CODE_TMPDIR" "$(list "$HOLDFAST_PROTECT")" >"$settings"
cd "$HOLDFAST_CWD"
unset HOLDFAST_WORKSPACE HOLDFAST_WRITABLE HOLDFAST_PROTECT HOLDFAST_DENY_READ \
    HOLDFAST_DENY_READ_FILES HOLDFAST_NETWORK HOLDFAST_CWD HOLDFAST_HOME HOLDFAST_TMP HOLDFAST_PEERS \
    HOLDFAST_SCRATCH
exec "$srt" --settings "$settings" -- "$@"

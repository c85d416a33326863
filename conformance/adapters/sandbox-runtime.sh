#!/bin/sh
# sandbox-runtime.sh POLICY.json -- COMMAND...   Anthropic's sandbox-runtime with the same policy.
set -eu
shift 2
srt=$HOLDFAST_PEERS/node_modules/.bin/srt
[ -x "$srt" ] || {
    echo "sandbox-runtime.sh: not installed; run ci/deps --peers" >&2
    exit 125
}
settings=$(mktemp /var/tmp/holdfast-srt-XXXXXXXX)
trap 'rm -f "$settings"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# one path to a line -> "a","b"; fixture paths hold no quotes or backslashes
list() {
    printf '%s' "$1" | sed 's/.*/"&"/' | paste -sd, -
}
printf '{"network":{"allowedDomains":[],"deniedDomains":[]},"filesystem":{"denyRead":[%s],"allowWrite":[%s],"denyWrite":[%s]}}\n' \
    "$(list "$HOLDFAST_DENY_READ$HOLDFAST_DENY_READ_FILES")" "$(list "$HOLDFAST_WRITABLE")" \
    "$(list "$HOLDFAST_PROTECT")" >"$settings"
cd "$HOLDFAST_CWD"
unset HOLDFAST_WORKSPACE HOLDFAST_WRITABLE HOLDFAST_PROTECT HOLDFAST_DENY_READ \
    HOLDFAST_DENY_READ_FILES HOLDFAST_NETWORK HOLDFAST_CWD HOLDFAST_HOME HOLDFAST_TMP HOLDFAST_PEERS
"$srt" --settings "$settings" -- "$@"

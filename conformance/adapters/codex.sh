#!/bin/sh
# codex.sh POLICY.json -- COMMAND...   OpenAI Codex's own sandbox with the same policy.
# Its policy is read from config.toml in CODEX_HOME, which is made new for each run: it may not lie
# below /tmp (Codex makes its helper alias there and would not find it inside).
set -eu
shift 2
codex=$HOLDFAST_PEERS/node_modules/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex
[ -x "$codex" ] || {
    echo "codex.sh: not installed; run ci/deps --peers" >&2
    exit 125
}
CODEX_HOME=$(mktemp -d /var/tmp/holdfast-codex-XXXXXXXX)
export CODEX_HOME
trap 'rm -rf "$CODEX_HOME"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
{
    echo 'default_permissions = "holdfast"'
    echo '[permissions.holdfast]'
    echo 'extends = ":workspace"'
    if [ "$HOLDFAST_NETWORK" = host ]; then
        echo '[permissions.holdfast.network]'
        echo 'enabled = true'
    fi
    echo '[permissions.holdfast.filesystem]'
    printf '%s' "$HOLDFAST_WRITABLE" | while IFS= read -r path; do
        [ "$path" = "$HOLDFAST_WORKSPACE" ] || printf '"%s" = "write"\n' "$path"
    done
    printf '%s%s' "$HOLDFAST_DENY_READ" "$HOLDFAST_DENY_READ_FILES" | while IFS= read -r path; do
        printf '"%s" = "none"\n' "$path"
    done
    echo '":slash_tmp" = "read"'
    echo '":tmpdir" = "read"'
} >"$CODEX_HOME/config.toml"
cwd=$HOLDFAST_CWD
workspace=$HOLDFAST_WORKSPACE
unset HOLDFAST_WORKSPACE HOLDFAST_WRITABLE HOLDFAST_PROTECT HOLDFAST_DENY_READ \
    HOLDFAST_DENY_READ_FILES HOLDFAST_NETWORK HOLDFAST_CWD HOLDFAST_HOME HOLDFAST_TMP HOLDFAST_PEERS
# -C names the workspace; a command that starts elsewhere changes there itself.
if [ "$cwd" = "$workspace" ]; then
    "$codex" sandbox -P holdfast -C "$workspace" -- "$@"
else
    "$codex" sandbox -P holdfast -C "$workspace" -- /bin/sh -c 'cd "$0" && exec "$@"' "$cwd" "$@"
fi

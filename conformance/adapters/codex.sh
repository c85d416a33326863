#!/bin/sh
# codex.sh POLICY.json -- COMMAND...   OpenAI Codex's own sandbox with the same policy.
# Its policy is read from config.toml in CODEX_HOME, made new for each run. Below /tmp it would not find
# inside the alias of its helper that it makes there.
set -eu
shift 2
codex=$HOLDFAST_PEERS/node_modules/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex
[ -x "$codex" ] || {
    echo "codex.sh: not installed; run ci/deps --peers" >&2
    exit 125
}
own=$(mktemp -d "$HOLDFAST_SCRATCH/XXXX") # a case may start the sandbox several times
CODEX_HOME=$own/codex
TMPDIR=$own/tmp
export CODEX_HOME TMPDIR
mkdir "$CODEX_HOME" "$TMPDIR"
# Lists come as one JSON string to a line, which is a TOML string, too.
{
    echo 'default_permissions = "holdfast"'
    echo '[permissions.holdfast]'
    echo 'extends = ":workspace"'
    if [ "$HOLDFAST_NETWORK" = host ]; then
        echo '[permissions.holdfast.network]'
        echo 'enabled = true'
    fi
    echo '[permissions.holdfast.filesystem]'
    printf '%s' "$HOLDFAST_WRITABLE" | sed -e 1d -e 's/$/ = "write"/' # without the workspace
    printf '%s%s' "$HOLDFAST_DENY_READ" "$HOLDFAST_DENY_READ_FILES" | sed 's/$/ = "none"/'
    echo '":slash_tmp" = "read"'
    echo '":tmpdir" = "write"'
} >"$CODEX_HOME/config.toml"
cwd=$HOLDFAST_CWD
workspace=$HOLDFAST_WORKSPACE
unset HOLDFAST_WORKSPACE HOLDFAST_WRITABLE HOLDFAST_PROTECT HOLDFAST_DENY_READ \
    HOLDFAST_DENY_READ_FILES HOLDFAST_NETWORK HOLDFAST_CWD HOLDFAST_HOME HOLDFAST_TMP HOLDFAST_PEERS \
    HOLDFAST_SCRATCH
# -C names the workspace; a command that starts elsewhere changes there itself.
[ "$cwd" = "$workspace" ] || set -- /bin/sh -c 'cd "$0" && exec "$@"' "$cwd" "$@"
exec "$codex" sandbox -P holdfast -C "$workspace" -- "$@"

#!/usr/bin/env bash
# usage: readme-example.sh BUILD_DIR SOURCE_DIR
# The program in the README, as a reader would take it: installed library, pkg-config, one cc; and that
# it does what the text above it says.
set -u
build=$1
source=$2
work=$(mktemp -d /var/tmp/holdfast-example-XXXXXX)
trap 'rm -rf "$work"' EXIT
failures=0
fail() {
    echo "readme-example: $*" >&2
    failures=$((failures + 1))
}

if grep -q 'HOLDFAST_SANITIZE:BOOL=ON' "$build/CMakeCache.txt"; then
    echo "readme-example: skipped: a sanitized library needs more than its pkg-config file says"
    exit 77
fi
sed -n '/^```c$/,/^```$/p' "$source/README.md" | sed '1d;$d' >"$work/agent.c"
[ -s "$work/agent.c" ] || fail "there is no program in the README"
cmake --install "$build" --prefix "$work/usr" >"$work/log" 2>&1 || fail "cmake --install: $(tail -n 3 "$work/log")"
library=$(find "$work/usr" -name holdfast-sandbox.pc)
# --define-prefix: it was configured for another place
flags=$(PKG_CONFIG_PATH=$(dirname "$library") pkg-config --define-prefix --cflags --libs holdfast-sandbox) ||
    fail "pkg-config does not know it"
# shellcheck disable=SC2086 # words
cc -std=c17 -D_GNU_SOURCE -Wall -Wextra -Werror -o "$work/usr/bin/agent" "$work/agent.c" $flags || fail "does not compile"
mkdir "$work/project"

agent() {
    "$work/usr/bin/agent" "$work/project" "$@"
}
if ! agent true >"$work/out" 2>&1; then
    if "$build/bin/holdfast-sandbox" run --workspace "$work/project" -- true >/dev/null 2>&1; then
        fail "agent true: $(cat "$work/out")"
    else
        echo "readme-example: skipped: no mode works here"
        exit 77
    fi
fi
[ "$(agent echo hello)" = hello ] || fail "does not show what the command said"
agent sh -c 'echo x >made; exit 7' >/dev/null
[ $? = 7 ] || fail "does not end as the command did"
[ -e "$work/project/made" ] || fail "the workspace is not writable"
agent sh -c "echo x >$work/outside" >/dev/null 2>&1 && fail "the command could write outside"
[ -e "$work/outside" ] && fail "there is a file outside"
agent nonesuch >"$work/out" 2>&1
[ $? = 127 ] || fail "a command that is not there: not 127"
grep -q 'nonesuch' "$work/out" || fail "does not say which command was not there: $(cat "$work/out")"
[ $failures = 0 ]

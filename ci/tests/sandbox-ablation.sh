#!/usr/bin/env bash
# usage: ci/tests/sandbox-ablation.sh BUILD_DIR SOURCE_DIR
# What each step of linux-namespace is good for: an attempt that the whole plan stops and the plan
# without that step does not. A row of `locked` has another step behind it; there the
# attempt must be stopped either way.
set -u
build=$(cd "$1" && pwd)
ablation=$build/test/holdfast-ablation
sandbox=$build/bin/holdfast-sandbox
if ! "$sandbox" modes --json | grep -q '"name": "linux-namespace", "platform": "linux", "works": true'; then
    echo "linux-namespace does not work here"
    exit 77
fi
tree=$(mktemp -d /var/tmp/holdfast-ablation.XXXXXX)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree"/{ws,home,outside,secret}
echo x >"$tree/secret/file"
mkfifo "$tree/outside/fifo"
(cd "$tree/ws" && git init -q .)
failures=0 rows=0

attempt() { # STEPS COMMAND...: its status without those steps ("" for none)
    local steps=$1 options=()
    shift
    for step in $steps; do options+=(--without "$step"); done
    (cd "$tree/ws" && HOME=$tree/home exec "$ablation" "${options[@]}" run --mode linux-namespace \
        --deny-read "$tree/secret" "${extra[@]}" -- "$@") >/dev/null 2>&1 7>"$tree/outside/leak"
}
row() { # STEPS COMMAND...: stopped by the plan, not without the steps
    rows=$((rows + 1))
    if attempt "" "${@:2}"; then
        echo "FAILED: with the whole plan this is not stopped: ${*:2}"
        failures=$((failures + 1))
    elif ! attempt "$1" "${@:2}"; then
        echo "FAILED: without $1 this is stopped all the same: ${*:2}"
        failures=$((failures + 1))
    fi
}
locked() { # STEP COMMAND...: a second lock
    rows=$((rows + 1))
    if attempt "$1" "${@:2}"; then
        echo "FAILED: without $1 nothing else stops: ${*:2}"
        failures=$((failures + 1))
    fi
}
extra=()
py() { printf '%s' "import socket, os, ctypes, fcntl; c = ctypes.CDLL(None); $1"; }
extra=()

# The step that is looked at, and what else must be away for it to be the last lock.
row "read-only-root landlock" touch "$tree/outside/made"
row "protect=$tree/ws/.git" touch .git/made
row "hide" cat "$tree/secret/file"
row "private-tmp=/tmp" sh -c 'ls -A /tmp | grep -q .'
row "guard-name filter=notify-create" mkdir .codex
row "guard-root filter=notify-create" mkdir .agents
row "landlock" timeout 2 python3 -c "$(py "os.open('$tree/outside/fifo', os.O_RDWR)")"
row "close-descriptors filter=notify-create filter=notify-connect" sh -c 'echo x >&7'
row "filter=no-network landlock-network" python3 -c "$(py 'socket.socket(socket.AF_INET)')"
row "filter=no-unix-datagram" python3 -c "$(py 'socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)')"
row "filter=keyrings" python3 -c "$(py 'assert c.syscall(250, 0, -3, 1) >= 0')"
row "filter=io-uring" python3 -c "$(py 'p = ctypes.create_string_buffer(120); assert c.syscall(425, 1, p) >= 0')"
row "filter=inspection" python3 -c "$(py 'assert c.syscall(323, 1) >= 0')"
row "filter=setuid-bits" sh -c 'touch s && chmod u+s s'
row "filter=namespaces" unshare -U true
row "new-session" sh -c '[ "$(cut -d" " -f6 /proc/self/stat)" = 0 ]'
row "drop-capabilities no-new-privileges" sh -c '! grep -q "CapEff:.*0000000000000000" /proc/self/status'
row "limit=core_bytes" sh -c '[ "$(ulimit -c)" != 0 ] || ulimit -c 1'
locked "filter=mounts" mount -t tmpfs none "$tree/ws"
locked "filter=kernel" python3 -c "$(py 'assert c.syscall(170, b"x", 1) == 0')"
locked "filter=terminal" python3 -c "$(py 'fcntl.ioctl(0, 0x5412, b"x")')"
locked "landlock-network" python3 -c "$(py 'socket.socket(socket.AF_INET)')"
locked "no-new-privileges" sh -c 'grep -q "CapEff:.*1" /proc/self/status'

echo "$rows rows, $failures failed"
[ $failures = 0 ]
